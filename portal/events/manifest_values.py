"""Single values of an event.yaml, held to the rules that services and database have for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import localedata

from portal.events.marked_yaml import Value, quoted
from portal.events.models import Contact, PersonEntry
from portal.people.service import NAME_LENGTH_MAX
from portal.slugs import is_slug

LINE_LENGTH_MAX = 300
"""Titles, places, roles, credits, topics."""
TEXT_LENGTH_MAX = 5000
"""Summaries and captions."""
BODY_LENGTH_MAX = 200_000

CONTACT_KEYS = ("name", "email", "phone")
LANGUAGE_PATTERN = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")


def read_text(value: Value | None, *, length_max: int = LINE_LENGTH_MAX) -> str | None:
    return None if value is None else value.text(length_max=length_max)


def read_slug(value: Value) -> str:
    slug = value.text() or ""
    if slug and not is_slug(slug):
        value.fault(
            f"{quoted(slug)} is no address: use small Latin letters, digits and single hyphens"
        )
    return slug


def read_zone(value: Value | None) -> ZoneInfo | None:
    name = read_text(value)
    if value is None or name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        value.fault(f"is no time zone: {quoted(name)}; write one like Europe/Minsk")
        return ZoneInfo("UTC")  # so that times without offset are no second fault


def read_language(value: Value | None) -> str | None:
    language = read_text(value)
    if value is None or language is None or not check_language(value, language):
        return None
    return language


def check_language(value: Value, language: str) -> bool:
    if is_language(language):
        return True
    value.fault(f"is no language: {quoted(language)}; write a code like en, ru or be")
    return False


def is_language(code: str) -> bool:
    return LANGUAGE_PATTERN.fullmatch(code) is not None and localedata.exists(
        code.replace("-", "_")
    )


def read_sha256(value: Value | None) -> str | None:
    digest = (read_text(value) or "").lower()
    if value is not None and digest and not SHA256_PATTERN.fullmatch(digest):
        value.fault("is no SHA-256: it must have 64 hexadecimal digits")
    return digest or None


def read_contact(value: Value | None) -> Contact | None:
    if value is None:
        return None
    fields = value.fields(CONTACT_KEYS)
    return Contact(**{name: read_text(entry) for name, entry in fields.items()})


def read_name(value: Value | None) -> str:
    """A person's name as people are known by; "" when there is none."""
    return " ".join((read_text(value, length_max=NAME_LENGTH_MAX) or "").split())


def read_names(value: Value | None) -> tuple[str, ...]:
    """Names without a second mention."""
    if value is None:
        return ()
    names = value.texts(length_max=NAME_LENGTH_MAX)
    return tuple(dict.fromkeys(" ".join(name.split()) for name in names))


def check_people(values: Sequence[Value], people: Sequence[PersonEntry]) -> None:
    """A name must say who is meant: nobody stands twice, nor under a variant of another."""
    names = {person.name for person in people}
    told: set[str] = set()
    for value, person in zip(values, people, strict=True):
        if person.name and person.name in told:
            value.fault(f"names {person.name!r}, who is named above already")
        told.add(person.name)
        for variant in person.variants:
            if variant in names - {person.name}:
                value.fault(f"has the variant {variant!r}, which is the name of somebody else")


def owners_of_names(people: Sequence[PersonEntry]) -> Mapping[str, tuple[str, ...]]:
    """{name or variant: names of the people whom it may mean}."""
    owners: dict[str, dict[str, None]] = {}
    for person in people:
        for name in (person.name, *person.variants):
            owners.setdefault(name, {})[person.name] = None
    return {name: tuple(names) for name, names in owners.items()}
