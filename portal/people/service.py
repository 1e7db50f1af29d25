"""Rules about people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from portal.errors import InvalidInput, NotFound
from portal.people import repository
from portal.people.models import EventPerson, Person
from portal.slugs import free_slug, is_slug, slugify
from portal.visibility import Viewer

NAME_LENGTH_MAX = 200


def get_person(connection: Connection, slug: str) -> Person:
    """Raises NotFound."""
    person = repository.find_by_slug(connection, slug) if is_slug(slug) else None
    if person is None:
        raise NotFound(f"There is no person at the address {slug!r}.")
    return person


def ensure_person(connection: Connection, name: str, *, variants: Sequence[str] = ()) -> Person:
    """The person of this name, added when new; variants given are added to those known."""
    name = _plain(name)
    if not name or len(name) > NAME_LENGTH_MAX:
        raise InvalidInput(f"A person's name has 1 to {NAME_LENGTH_MAX} characters.")
    person = repository.find_by_name(connection, name) or _add(connection, name)
    repository.add_variants(connection, person.id, set(variants) - {name} - set(person.variants))
    return repository.by_ids(connection, [person.id])[0]


def ensure_people(connection: Connection, names: Mapping[str, Sequence[str]]) -> dict[str, Person]:
    """`ensure_person` for each of {name: variants}.

    In the order of the names, so that two transactions that add the same people never wait for
    each other.
    """
    return {
        name: ensure_person(connection, name, variants=names[name])
        for name in sorted(names, key=_plain)
    }


def people_of_event(connection: Connection, event_id: str) -> tuple[EventPerson, ...]:
    return tuple(repository.people_of_event(connection, event_id))


def people_by_ids(connection: Connection, ids: Iterable[str]) -> list[Person]:
    return repository.by_ids(connection, ids)


def named(people: Iterable[Person], names: Iterable[str]) -> list[Person]:
    """Those of `people` who go by one of `names`, in any spelling or script that is known."""
    wanted = {_name_key(name) for name in names} - {frozenset()}
    return [person for person in people if wanted & {_name_key(n) for n in person.all_names}]


def names_beside(people: Sequence[Person], names: Iterable[str]) -> list[str]:
    """Those of `names` that none of `people` goes by."""
    return [name for name in names if not named(people, [name])]


def visible_event_ids(connection: Connection, person_id: str, *, viewer: Viewer) -> list[str]:
    """Ids of the events that the person takes part in and the viewer may see, newest first."""
    return repository.visible_event_ids(connection, person_id, viewer=viewer)


def _plain(name: str) -> str:
    return " ".join(name.split())


def _name_key(name: str) -> frozenset[str]:
    """Its words in Latin letters, in no order: a caption may say "Jarosch, Gerhard"."""
    return frozenset(word for word in slugify(name).split("-") if word)


def _add(connection: Connection, name: str) -> Person:
    wanted = slugify(name) or "person"
    while True:  # until no other transaction has just taken the slug
        slug = free_slug(wanted, repository.slugs_like(connection, wanted))
        repository.add(connection, slug=slug, name=name)
        if (person := repository.find_by_name(connection, name)) is not None:
            return person
