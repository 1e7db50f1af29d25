"""Events on a real database: texts, programme, release by Postgres' own clock, re-indexing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, insert, select, update

from portal.db import tables
from portal.errors import InvalidInput, NotFound
from portal.events import service
from portal.events.models import (
    Contact,
    Event,
    EventDescription,
    PersonEntry,
    ProgrammeEntry,
)
from portal.ids import new_id
from portal.jobs import Task
from portal.people import service as people_service
from portal.visibility import INSTALLATION, PUBLIC, Role, Viewer
from tests.stored_files import forget_jobs, tasks_of

pytestmark = pytest.mark.postgres

START = datetime(2019, 6, 4, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = EventDescription(
    slug="press-scrum-2019",
    title={"en": "Press scrum", "ru": "Подход к прессе"},
    default_language="ru",
    time_zone="Europe/Minsk",
    summary={"en": "In short"},
    body={"en": "At length"},
    place={"en": "Minsk"},
    starts_at=START,
    ends_at=START + HOUR,
    credit="Photo by A",
    contact=Contact(name="Desk", email="desk@example.org"),
    topics=({"en": "Trade"}, {"en": "Borders"}),
    delegations=({"en": "Latvia"},),
    people=(PersonEntry("Gerhard Jarosch", {"en": "Chair"}, ("Yarosch", "Ярош")),),
    programme=(
        ProgrammeEntry({"en": "Opening"}, START, START + HOUR / 2),
        ProgrammeEntry({"en": "Scrum"}),
    ),
)
EDITOR = Viewer(role=Role.EDITOR)


def seen_by(connection: Connection, viewer: Viewer) -> list[str]:
    return [event.slug for event in service.list_events(connection, viewer=viewer)]


def now_of(connection: Connection) -> datetime:
    """The instant at which this transaction began: Postgres' clock stands still within it."""
    return connection.scalars(select(func.now())).one()


def test_an_event_is_kept_as_it_was_described(connection: Connection) -> None:
    event = service.save_event(connection, WHOLE)

    assert (event.title, event.summary, event.body) == (WHOLE.title, WHOLE.summary, WHOLE.body)
    assert (event.place, event.credit, event.contact) == (WHOLE.place, WHOLE.credit, WHOLE.contact)
    assert (event.default_language, event.time_zone) == ("ru", "Europe/Minsk")
    assert (event.starts_at, event.ends_at) == (START, START + HOUR)
    assert event.topics == WHOLE.topics
    assert event.delegations == WHOLE.delegations
    assert [item.title for item in event.programme] == [{"en": "Opening"}, {"en": "Scrum"}]
    assert [(p.person.name, p.role) for p in event.people] == [("Gerhard Jarosch", {"en": "Chair"})]
    assert event.people[0].person.variants == ("Yarosch", "Ярош")
    assert event.state == "draft"


def test_saving_again_replaces_everything_but_the_release(connection: Connection) -> None:
    before = service.save_event(connection, WHOLE)
    service.publish(connection, WHOLE.slug)

    after = service.save_event(connection, EventDescription(WHOLE.slug, {"en": "Plain"}))

    assert (after.id, after.title, after.summary) == (before.id, {"en": "Plain"}, {})
    assert (after.programme, after.topics, after.delegations, after.people) == ((), (), (), ())
    assert (after.contact, after.credit, after.starts_at) == (None, None, None)
    assert after.state == "public"


def test_programme_items_keep_their_ids_by_position(connection: Connection) -> None:
    first, second = service.save_event(connection, WHOLE).programme
    longer = (
        ProgrammeEntry({"en": "Opening ceremony"}),
        ProgrammeEntry({"en": "Scrum"}),
        ProgrammeEntry({"en": "Farewell"}),
    )

    grown = service.save_event(connection, replace(WHOLE, programme=longer)).programme
    shrunk = service.save_event(connection, replace(WHOLE, programme=longer[:1])).programme

    assert [item.id for item in grown[:2]] == [first.id, second.id]
    assert grown[2].id not in {first.id, second.id}
    assert [(item.id, item.title) for item in shrunk] == [(first.id, {"en": "Opening ceremony"})]


def test_an_asset_outlives_its_programme_item(connection: Connection) -> None:
    event = service.save_event(connection, WHOLE)
    asset_id = new_id()
    connection.execute(
        insert(tables.assets).values(
            id=asset_id,
            event_id=event.id,
            kind="photo",
            filename="a.jpg",
            programme_item_id=event.programme[1].id,
        )
    )

    service.save_event(connection, replace(WHOLE, programme=WHOLE.programme[:1]))

    query = select(tables.assets.c.programme_item_id).where(tables.assets.c.id == asset_id)
    assert connection.scalars(query).one() is None


def test_topics_and_people_come_back_in_the_order_given(connection: Connection) -> None:
    names = ("Zoe", "Anna", "Мария")
    described = replace(
        WHOLE,
        people=tuple(PersonEntry(name, {}) for name in names),
        topics=({"en": "b"}, {"en": "a"}, {"en": "c"}),
    )

    event = service.save_event(connection, described)

    assert [entry.person.name for entry in event.people] == list(names)
    assert [topic["en"] for topic in event.topics] == ["b", "a", "c"]


def test_a_missing_event_becomes_a_draft_once(connection: Connection) -> None:
    made = service.ensure_event(connection, "new-event")

    assert (made.title, made.state) == ({"en": "new-event"}, "draft")
    assert service.ensure_event(connection, "new-event").id == made.id


def test_ensuring_an_event_leaves_a_known_one_alone(connection: Connection) -> None:
    saved = service.save_event(connection, WHOLE)
    assert service.ensure_event(connection, WHOLE.slug) == saved


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["", "Press", "../etc"])
def test_a_bad_address_is_refused_by_name(connection: Connection, slug: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be an event's address") as caught:
        service.save_event(connection, replace(WHOLE, slug=slug))
    assert set(caught.value.fields) == {"slug"}
    with pytest.raises(InvalidInput, match="cannot be an event's address"):
        service.ensure_event(connection, slug)


@pytest.mark.parametrize("zone", ["", "Minsk", "Europe", "../etc/passwd", "x" * 4000])
def test_an_unknown_time_zone_is_refused_by_name(connection: Connection, zone: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone") as caught:
        service.save_event(connection, replace(WHOLE, time_zone=zone))
    assert set(caught.value.fields) == {"time_zone"}


@pytest.mark.parametrize("title", [{}, {"en": ""}])
def test_an_event_without_a_title_is_refused(connection: Connection, title: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="needs a title"):
        service.save_event(connection, replace(WHOLE, title=title))


def test_an_end_before_the_start_is_refused(connection: Connection) -> None:
    with pytest.raises(InvalidInput, match="ends before it starts") as caught:
        service.save_event(connection, replace(WHOLE, ends_at=START - timedelta(seconds=1)))
    assert set(caught.value.fields) == {"ends_at"}
    assert service.save_event(connection, replace(WHOLE, ends_at=START)).ends_at == START


def test_the_same_person_twice_is_refused_by_name(connection: Connection) -> None:
    twice = (PersonEntry("Anna", {"en": "Chair"}), PersonEntry(" Anna ", {"en": "Speaker"}))
    with pytest.raises(InvalidInput, match="Anna is named twice"):
        service.save_event(connection, replace(WHOLE, people=twice))


# --- release and withdrawal ------------------------------------------------------------------


def test_an_event_goes_public_and_back(connection: Connection) -> None:
    service.save_event(connection, WHOLE)
    assert (seen_by(connection, PUBLIC), seen_by(connection, EDITOR)) == ([], [WHOLE.slug])

    assert service.publish(connection, WHOLE.slug).state == "public"
    assert seen_by(connection, PUBLIC) == [WHOLE.slug]

    assert service.withdraw(connection, WHOLE.slug).state == "withdrawn"
    assert (seen_by(connection, PUBLIC), seen_by(connection, EDITOR)) == ([], [WHOLE.slug])

    assert service.publish(connection, WHOLE.slug).state == "public"
    assert seen_by(connection, PUBLIC) == [WHOLE.slug]


def test_a_release_needs_nothing_but_the_clock(engine: Engine) -> None:
    with engine.begin() as connection:
        service.save_event(connection, WHOLE)
        to_come = now_of(connection) + HOUR
        assert service.publish(connection, WHOLE.slug, at=to_come).state == "scheduled"
        assert seen_by(connection, PUBLIC) == []
    with engine.begin() as connection:  # an hour passes, as far as this event can tell
        connection.execute(update(tables.events).values(released_at=tables.events.c.created_at))
        forget_jobs(connection)
    with engine.begin() as connection:
        assert service.get_event(connection, WHOLE.slug, viewer=PUBLIC).state == "public"


def test_what_may_not_be_seen_does_not_exist(connection: Connection) -> None:
    event = service.save_event(connection, WHOLE)
    with pytest.raises(NotFound, match="There is no event"):
        service.get_event(connection, WHOLE.slug, viewer=PUBLIC)
    with pytest.raises(NotFound, match="There is no event"):
        service.get_event_by_id(connection, event.id, viewer=PUBLIC)
    with pytest.raises(NotFound, match="There is no event"):
        service.get_event(connection, "no-such-event", viewer=INSTALLATION)


@pytest.mark.parametrize("change", [service.publish, service.withdraw])
def test_a_missing_event_cannot_be_released(
    connection: Connection, change: Callable[[Connection, str], Event]
) -> None:
    with pytest.raises(NotFound, match="no-such-event"):
        change(connection, "no-such-event")


OFFSETS = st.none() | st.sampled_from([-1, 0, 1]) | st.integers(-(10**12), 10**12)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(released=0, withdrawn=None, role=Role.ANONYMOUS)
@example(released=0, withdrawn=0, role=Role.ANONYMOUS)
@example(released=-1, withdrawn=1, role=Role.ANONYMOUS)
@given(released=OFFSETS, withdrawn=OFFSETS, role=st.sampled_from(Role))
def test_the_predicate_and_the_state_agree_at_every_instant(
    connection: Connection, *, released: int | None, withdrawn: int | None, role: Role
) -> None:
    """Offsets are microseconds from Postgres' now(), which stands still in a transaction."""
    now = now_of(connection)

    def at(offset: int | None) -> datetime | None:
        return None if offset is None else now + timedelta(microseconds=offset)

    with connection.begin_nested() as savepoint:
        connection.execute(
            insert(tables.events).values(
                id=new_id(), slug="e", released_at=at(released), withdrawn_at=at(withdrawn)
            )
        )
        (state,) = [e.state for e in service.list_events(connection, viewer=INSTALLATION)]
        seen = bool(service.list_events(connection, viewer=Viewer(role=role)))
        savepoint.rollback()

    is_released = released is not None and released <= 0
    is_withdrawn = withdrawn is not None and withdrawn <= 0
    is_public = is_released and not is_withdrawn
    assert seen is (is_public or role is not Role.ANONYMOUS)
    assert (state == "public") is is_public
    assert (state == "draft") is (released is None and not is_withdrawn)
    assert (state == "withdrawn") is is_withdrawn


def test_a_draft_is_released_only_while_nobody_decided_otherwise(connection: Connection) -> None:
    """An ingest that ends hours after it began must not undo what an editor did meanwhile."""
    later = START + timedelta(days=36500)
    for slug in ("draft", "scheduled", "hidden"):
        service.ensure_event(connection, slug)
    service.publish(connection, "scheduled", at=later)
    service.withdraw(connection, "hidden")

    states = {
        slug: service.release_draft(connection, slug).state
        for slug in ("draft", "scheduled", "hidden")
    }

    assert states == {"draft": "public", "scheduled": "scheduled", "hidden": "withdrawn"}
    assert service.get_event(connection, "scheduled", viewer=INSTALLATION).released_at == later
    with pytest.raises(NotFound, match="no-such-event"):
        service.release_draft(connection, "no-such-event")


def test_newest_events_come_first_page_by_page(connection: Connection) -> None:
    for day in (1, 3, 2):
        starts_at = START + timedelta(days=day)
        service.save_event(
            connection, EventDescription(f"day-{day}", {"en": "t"}, starts_at=starts_at)
        )

    def page(offset: int) -> list[str]:
        events = service.list_events(connection, viewer=INSTALLATION, limit=2, offset=offset)
        return [event.slug for event in events]

    assert (page(0), page(2), page(4)) == (["day-3", "day-2"], ["day-1"], [])


def test_appearances_are_those_that_may_be_seen(connection: Connection) -> None:
    for day, slug in enumerate(("first", "second", "hidden")):
        described = replace(WHOLE, slug=slug, starts_at=START + day * 24 * HOUR, ends_at=None)
        service.save_event(connection, described)
    service.publish(connection, "first")
    service.publish(connection, "second")
    person = people_service.get_person(connection, "gerhard-jarosch")

    seen = service.list_appearances(connection, person.id, viewer=PUBLIC)
    known = service.list_appearances(connection, person.id, viewer=EDITOR)

    assert [event.slug for event in seen] == ["second", "first"]
    assert [event.slug for event in known] == ["hidden", "second", "first"]


# --- the index follows -----------------------------------------------------------------------

Change = Callable[[Connection], object]
CHANGES: dict[str, Change] = {
    "save": lambda c: service.save_event(c, replace(WHOLE, title={"en": "Other"})),
    "publish": lambda c: service.publish(c, WHOLE.slug),
    "withdraw": lambda c: service.withdraw(c, WHOLE.slug),
    "add person": lambda c: service.add_person(
        c,
        service.get_event(c, WHOLE.slug, viewer=INSTALLATION).id,
        people_service.ensure_person(c, "Someone Else").id,
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_and_its_indexing_commit_together(engine: Engine, change: Change) -> None:
    with engine.begin() as connection:
        event = service.save_event(connection, WHOLE)
        forget_jobs(connection)

    with engine.connect() as connection:
        change(connection)
        assert tasks_of(connection, event.id) == [Task.INDEX_EVENT]
        connection.rollback()
        assert tasks_of(connection, event.id) == []
        assert service.get_event(connection, WHOLE.slug, viewer=INSTALLATION) == event

    with engine.begin() as connection:
        change(connection)
    with engine.connect() as connection:
        assert tasks_of(connection, event.id) == [Task.INDEX_EVENT]
        assert service.get_event(connection, WHOLE.slug, viewer=INSTALLATION) != event


def test_a_draft_made_in_passing_is_indexed_once(connection: Connection) -> None:
    event = service.ensure_event(connection, "new-event")
    assert tasks_of(connection, event.id) == [Task.INDEX_EVENT]
    forget_jobs(connection)
    service.ensure_event(connection, "new-event")
    assert tasks_of(connection, event.id) == []


def test_many_changes_need_one_indexing(connection: Connection) -> None:
    event = service.save_event(connection, WHOLE)
    service.publish(connection, WHOLE.slug)
    service.withdraw(connection, WHOLE.slug)
    assert tasks_of(connection, event.id) == [Task.INDEX_EVENT]
