"""Assets on a real database: who sees them, what their steps add up to, and fencing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from portal.assets import service
from portal.assets.models import (
    Asset,
    AssetState,
    Kind,
    Original,
    Outcome,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
    StepState,
)
from portal.assets.pipeline import PIPELINE
from portal.assets.service import Attempt
from portal.db import tables
from portal.errors import Conflict, NotFound, Superseded
from portal.events import service as events_service
from portal.ids import new_id
from portal.jobs import Task
from portal.people import service as people_service
from portal.storage import keys
from portal.visibility import INSTALLATION, Role, Viewer
from tests.stored_files import forget_jobs, sha256, tasks_of

pytestmark = pytest.mark.postgres

START = datetime(2019, 6, 4, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
EDITOR = Viewer(role=Role.EDITOR)


@pytest.fixture
def event_id(connection: Connection) -> str:
    events_service.ensure_event(connection, "scrum")
    return events_service.publish(connection, "scrum").id


def add(connection: Connection, event_id: str, name: str = "a.mp4", **columns: object) -> str:
    """An asset whose bytes have arrived; its kind is VIDEO unless said otherwise."""
    asset_id = new_id()
    values = {
        "kind": Kind.VIDEO,
        "title": {},
        "caption": {},
        "language": None,
        "programme_item_id": None,
        "person_ids": (),
        **columns,
    }
    original = Original(keys.original(asset_id), 10, "video/mp4", None, sha256(name.encode()))
    service.add_asset(
        connection,
        asset_id=asset_id,
        event_id=event_id,
        filename=name,
        original=original,
        **values,  # type: ignore[arg-type]  # the defaults, each of its own type
    )
    return asset_id


def asset(connection: Connection, asset_id: str) -> Asset:
    return service.get_asset(connection, asset_id, viewer=INSTALLATION)


def begin(connection: Connection, asset_id: str, step: Step) -> Attempt:
    attempt = service.begin_attempt(connection, asset_id, step)
    assert attempt is not None
    return attempt


def end(
    connection: Connection,
    asset_id: str,
    step: Step,
    outcome: Outcome = Outcome.DONE,
    *,
    detail: str | None = None,
    notes: tuple[str, ...] = (),
) -> None:
    attempt = begin(connection, asset_id, step)
    service.finish_attempt(connection, attempt, outcome=outcome, detail=detail, notes=notes)


def verify(connection: Connection, asset_id: str) -> None:
    service.record_verified(connection, asset_id, sha256=sha256(asset_id.encode()))


def rendition(attempt: Attempt, name: str, kind: RenditionKind = RenditionKind.VIDEO) -> Rendition:
    return Rendition(
        name=name,
        step=attempt.step,
        attempt=attempt.number,
        kind=kind,
        key=keys.result(attempt.asset.id, attempt.step, attempt.number, name) + "/",
        media_type="video/mp4",
        size_bytes=1,
        sha256=sha256(b""),
        width=640,
        height=360,
        segment_files=("00001.m4s", "00002.m4s"),
        segment_seconds=(4.0, 1.5),
    )


def shown(connection: Connection, asset_id: str) -> list[tuple[str, int]]:
    return [(r.name, r.attempt) for r in asset(connection, asset_id).renditions]


# --- who sees what ---------------------------------------------------------------------------

OFFSETS = st.none() | st.sampled_from([-1, 0, 1])


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    released=OFFSETS,
    withdrawn=OFFSETS,
    is_verified=st.booleans(),
    is_removed=st.booleans(),
    role=st.sampled_from(Role),
)
def test_the_public_sees_verified_assets_of_public_events(
    connection: Connection,
    *,
    released: int | None,
    withdrawn: int | None,
    is_verified: bool,
    is_removed: bool,
    role: Role,
) -> None:
    """Offsets are microseconds from Postgres' now(), which stands still in a transaction."""
    now: datetime = connection.scalars(select(func.now())).one()

    def at(offset: int | None) -> datetime | None:
        return None if offset is None else now + timedelta(microseconds=offset)

    viewer = Viewer(role=role)
    with connection.begin_nested() as savepoint:
        event_id = new_id()
        connection.execute(
            insert(tables.events).values(
                id=event_id, slug="e", released_at=at(released), withdrawn_at=at(withdrawn)
            )
        )
        asset_id = add(connection, event_id)
        if is_verified:
            verify(connection, asset_id)
        if is_removed:
            service.remove_asset(connection, asset_id)
        listed = [a.id for a in service.list_assets(connection, viewer=viewer)]
        try:
            found = [service.get_asset(connection, asset_id, viewer=viewer).id]
        except NotFound:
            found = []
        savepoint.rollback()

    is_public = released in {-1, 0} and withdrawn not in {-1, 0}
    is_seen = not is_removed and (role is not Role.ANONYMOUS or (is_public and is_verified))
    assert listed == found == ([asset_id] if is_seen else [])


@pytest.mark.parametrize("asset_id", ["", "nothing", "a" * 26, "a\0b"])
def test_what_is_not_there_is_said_to_be_missing(connection: Connection, asset_id: str) -> None:
    with pytest.raises(NotFound, match="no such recording, photo or caption file"):
        service.get_asset(connection, asset_id, viewer=INSTALLATION)


def test_assets_are_listed_in_the_order_of_capture(connection: Connection, event_id: str) -> None:
    for name, hours in (("c.mp4", 1), ("a.mp4", 3), ("b.mp4", 2)):
        asset_id = add(connection, event_id, name)
        service.record_probe(
            connection,
            asset_id,
            kind=Kind.VIDEO,
            duration_seconds=1,
            width=None,
            height=None,
            captured_at=START + hours * HOUR,
        )
    names = [a.filename for a in service.list_assets(connection, viewer=EDITOR)]
    assert names == ["c.mp4", "b.mp4", "a.mp4"]
    assert len(service.list_assets(connection, viewer=EDITOR, limit=2)) == 2


def test_assets_are_chosen_by_event_person_and_kind(connection: Connection, event_id: str) -> None:
    other_id = events_service.ensure_event(connection, "other").id
    person = people_service.ensure_person(connection, "Anna")
    photo_id = add(connection, event_id, "a.jpg", kind=Kind.PHOTO, person_ids=(person.id,))
    video_id = add(connection, event_id, "a.mp4")
    other_photo_id = add(connection, other_id, "b.jpg", kind=Kind.PHOTO)

    def ids(**choice: object) -> set[str]:
        found = service.list_assets(connection, viewer=EDITOR, **choice)  # type: ignore[arg-type]  # any of them
        return {each.id for each in found}

    assert ids() == {photo_id, video_id, other_photo_id}
    assert ids(event_id=event_id) == {photo_id, video_id}
    assert ids(person_id=person.id) == {photo_id}
    assert ids(kinds=(Kind.PHOTO,)) == {photo_id, other_photo_id}
    assert ids(kinds=(Kind.PHOTO,), event_id=other_id) == {other_photo_id}
    assert ids(kinds=(Kind.AUDIO,)) == set()


# --- what is known ---------------------------------------------------------------------------


def test_a_probe_corrects_kind_and_size(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    service.record_probe(
        connection,
        asset_id,
        kind=Kind.AUDIO,
        duration_seconds=12.5,
        width=None,
        height=None,
        captured_at=START,
    )
    found = asset(connection, asset_id)
    assert (found.kind, found.duration_seconds, found.captured_at) == (Kind.AUDIO, 12.5, START)


def test_a_photo_says_who_made_it(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id, "a.jpg", kind=Kind.PHOTO)
    first = PhotoMetadata(caption="Подход", creator="A", keywords=("scrum", "press"))
    for metadata in (first, PhotoMetadata(caption="Scrum", keywords=("press",))):
        service.record_photo(connection, asset_id, metadata, width=4, height=3, captured_at=START)
        found = asset(connection, asset_id)
        assert (found.photo, found.width, found.height) == (metadata, 4, 3)


def test_a_second_copy_of_bytes_is_a_conflict(connection: Connection, event_id: str) -> None:
    first_id, second_id = add(connection, event_id, "a.mp4"), add(connection, event_id, "b.mp4")
    service.record_verified(connection, first_id, sha256=sha256(b"x"))
    service.record_verified(connection, first_id, sha256=sha256(b"x"))
    with pytest.raises(Conflict, match=rf"b\.mp4 is in this event already, as asset {first_id}"):
        service.record_verified(connection, second_id, sha256=sha256(b"x"))


def test_adding_an_asset_again_changes_nothing(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    before = asset(connection, asset_id)
    assert before.original is not None
    service.add_asset(
        connection,
        asset_id=asset_id,
        event_id=event_id,
        kind=Kind.PHOTO,
        filename="other",
        original=before.original,
        title={},
        caption={},
        language=None,
        programme_item_id=None,
        person_ids=(),
    )
    assert asset(connection, asset_id) == before


def test_removing_hides_an_asset_and_frees_its_bytes(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    digest = sha256(b"a.mp4")
    assert service.find_by_sha256(connection, event_id, digest) is not None
    forget_jobs(connection)

    service.remove_asset(connection, asset_id)

    assert service.list_assets(connection, viewer=INSTALLATION) == []
    assert service.find_by_sha256(connection, event_id, digest) is None
    assert tasks_of(connection, asset_id) == [Task.REMOVE_OBJECTS]
    assert tasks_of(connection, event_id) == [Task.INDEX_EVENT]
    with pytest.raises(NotFound):
        service.remove_asset(connection, asset_id)
    with pytest.raises(NotFound):
        service.retry_step(connection, asset_id, Step.PROBE)


# --- steps and what they add up to -----------------------------------------------------------


def test_a_video_goes_through_its_steps(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)

    def queued() -> set[Task]:
        found = set(tasks_of(connection, asset_id))
        forget_jobs(connection)
        return found

    def state() -> AssetState:
        return service.state_of(asset(connection, asset_id))

    service.queue_next_steps(connection, asset_id)
    assert (queued(), state()) == ({Task.VERIFY, Task.PROBE}, AssetState.PROCESSING)
    end(connection, asset_id, Step.PROBE)
    at_once = {Task.VERIFY, Task.PREVIEW, Task.POSTER, Task.SUBTITLES}
    assert queued() == {*at_once, Task.TRANSCODE, Task.SOUND}
    end(connection, asset_id, Step.SOUND)
    assert queued() == {*at_once, Task.TRANSCODE}
    end(connection, asset_id, Step.TRANSCODE)
    assert queued() == {*at_once, Task.STORYBOARD, Task.DOWNLOAD}
    for step in (Step.PREVIEW, Step.POSTER, Step.STORYBOARD, Step.DOWNLOAD, Step.VERIFY):
        end(connection, asset_id, step)
    forget_jobs(connection)
    end(connection, asset_id, Step.SUBTITLES, Outcome.FAILED)
    assert (queued(), state()) == ({Task.INDEX_ASSET}, AssetState.PROCESSING)
    service.retry_failed(connection, asset_id)
    assert queued() == {Task.SUBTITLES}
    end(connection, asset_id, Step.SUBTITLES)
    assert (queued(), state()) == ({Task.INDEX_ASSET}, AssetState.PROCESSING)
    end(connection, asset_id, Step.INDEX)
    assert (queued(), state()) == (set(), AssetState.READY)


def test_nothing_follows_a_failed_step(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    end(connection, asset_id, Step.PROBE, Outcome.FAILED, detail="It is no video.")
    assert tasks_of(connection, asset_id) == [Task.VERIFY]
    found = asset(connection, asset_id)
    assert service.state_of(found) is AssetState.FAILED
    assert service.detail_of(found) == "It is no video."


@pytest.mark.parametrize("order", [(Step.VERIFY, Step.PROBE), (Step.PROBE, Step.VERIFY)])
def test_the_first_failure_in_the_order_of_steps_is_told(
    connection: Connection, event_id: str, order: tuple[Step, ...]
) -> None:
    asset_id = add(connection, event_id)
    for step in order:
        end(connection, asset_id, step, Outcome.FAILED, detail=f"{step} failed.", notes=(step,))
    found = asset(connection, asset_id)
    assert service.detail_of(found) == "verify failed."
    assert service.notes_of(found) == ("verify", "probe")


def test_a_failure_is_told_before_what_is_only_partial(
    connection: Connection, event_id: str
) -> None:
    asset_id = add(connection, event_id)
    end(connection, asset_id, Step.PROBE)
    end(connection, asset_id, Step.TRANSCODE, Outcome.PARTIAL, detail="It ends early.")
    assert service.detail_of(asset(connection, asset_id)) == "It ends early."
    end(connection, asset_id, Step.POSTER, Outcome.FAILED, detail="No frame.")
    assert service.detail_of(asset(connection, asset_id)) == "No frame."


def test_retrying_a_step_runs_those_after_it_again(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    for step in PIPELINE[Kind.VIDEO]:
        end(connection, asset_id, step, detail="old", notes=("old",))
    forget_jobs(connection)

    service.retry_step(connection, asset_id, Step.TRANSCODE)

    assert tasks_of(connection, asset_id) == [Task.TRANSCODE]
    records = {record.name: record for record in asset(connection, asset_id).steps}
    waiting = {name for name, record in records.items() if record.state is StepState.WAITING}
    assert waiting == {Step.TRANSCODE, Step.STORYBOARD, Step.DOWNLOAD, Step.INDEX}
    assert {(records[name].detail, records[name].notes) for name in waiting} == {(None, ())}
    assert begin(connection, asset_id, Step.TRANSCODE).number == 3
    assert begin(connection, asset_id, Step.INDEX).tries == 1


def test_retrying_a_step_supersedes_those_after_it_that_run(
    connection: Connection, event_id: str
) -> None:
    asset_id = add(connection, event_id)
    end(connection, asset_id, Step.PROBE)
    running = begin(connection, asset_id, Step.TRANSCODE)
    service.retry_step(connection, asset_id, Step.PROBE)
    with pytest.raises(Superseded):
        service.finish_attempt(connection, running, outcome=Outcome.DONE)


def test_a_step_that_has_begun_gets_no_second_job(connection: Connection, event_id: str) -> None:
    """Its own job runs, or waits for its next try: a second one would shorten the pause."""
    asset_id = add(connection, event_id)
    begin(connection, asset_id, Step.PROBE)
    forget_jobs(connection)
    service.queue_next_steps(connection, asset_id)
    assert tasks_of(connection, asset_id) == [Task.VERIFY]


def test_only_steps_of_its_kind_can_be_retried(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id, "a.jpg", kind=Kind.PHOTO)
    with pytest.raises(Conflict, match=r"a\.jpg .*transcode"):
        service.retry_step(connection, asset_id, Step.TRANSCODE)


def describe(connection: Connection, asset_id: str, **said: object) -> list[Task]:
    """The tasks that are queued for the asset by what is said of it anew."""
    forget_jobs(connection)
    values = {
        "title": {},
        "caption": {},
        "language": None,
        "programme_item_id": None,
        "person_ids": (),
        **said,
    }
    service.describe_asset(connection, asset(connection, asset_id), **values)  # type: ignore[arg-type]  # as in `add`
    return tasks_of(connection, asset_id)


def test_a_photo_whose_files_say_what_editors_changed_is_made_again(
    connection: Connection, event_id: str
) -> None:
    asset_id = add(connection, event_id, "a.jpg", kind=Kind.PHOTO)
    end(connection, asset_id, Step.VERIFY)
    assert describe(connection, asset_id, caption={"en": "Read later"}) == []
    running = begin(connection, asset_id, Step.PHOTO)
    assert describe(connection, asset_id, caption={"en": "The chair"}) == [Task.PHOTO]
    with pytest.raises(Superseded):
        service.finish_attempt(connection, running, outcome=Outcome.DONE)
    end(connection, asset_id, Step.PHOTO)
    person = people_service.ensure_person(connection, "Gerhard Jarosch").id
    named = {"caption": {"en": "The chair"}, "person_ids": (person,)}
    assert describe(connection, asset_id, **named) == [Task.PHOTO]
    end(connection, asset_id, Step.PHOTO)
    assert describe(connection, asset_id, **named, title={"en": "Title"}) == []


def test_a_recording_is_not_made_again_for_a_caption(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    for step in PIPELINE[Kind.VIDEO]:
        end(connection, asset_id, step)
    assert describe(connection, asset_id, caption={"en": "The chair"}) == []


def test_the_downloads_of_a_recording_are_made_again_for_a_title(
    connection: Connection, event_id: str
) -> None:
    asset_id = add(connection, event_id)
    for step in PIPELINE[Kind.VIDEO]:
        end(connection, asset_id, step)
    title = {"en": "Questions"}
    assert describe(connection, asset_id, title=title) == [Task.DOWNLOAD]
    end(connection, asset_id, Step.DOWNLOAD)
    assert describe(connection, asset_id, title=title) == []
    service.repeat_downloads(connection, event_id)
    assert tasks_of(connection, asset_id) == [Task.DOWNLOAD]


# --- attempts and fencing --------------------------------------------------------------------


def test_attempts_and_tries_count_up(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    counted = [begin(connection, asset_id, Step.PROBE) for _ in range(3)]
    assert [(a.number, a.tries) for a in counted] == [(1, 1), (2, 2), (3, 3)]
    service.give_back_try(connection, counted[-1])
    assert begin(connection, asset_id, Step.PROBE).tries == 3


def test_an_ended_step_and_a_removed_asset_begin_no_attempt(
    connection: Connection, event_id: str
) -> None:
    asset_id = add(connection, event_id)
    end(connection, asset_id, Step.PROBE)
    assert service.begin_attempt(connection, asset_id, Step.PROBE) is None
    service.remove_asset(connection, asset_id)
    assert service.begin_attempt(connection, asset_id, Step.VERIFY) is None


Act = Callable[[Connection, Attempt], None]
ACTS: dict[str, Act] = {
    "show": lambda c, a: service.publish_renditions(c, a, [rendition(a, "360p")]),
    "show early": lambda c, a: service.publish_early(c, a, [rendition(a, "preview")]),
    "end": lambda c, a: service.finish_attempt(c, a, outcome=Outcome.DONE),
    "fail": lambda c, a: service.finish_attempt(c, a, outcome=Outcome.FAILED, detail="old"),
    "hold": service.hold_attempt,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_an_older_attempt_may_do_nothing_any_more(
    connection: Connection, event_id: str, act: Act
) -> None:
    asset_id = add(connection, event_id)
    old = begin(connection, asset_id, Step.TRANSCODE)
    new = begin(connection, asset_id, Step.TRANSCODE)
    service.publish_renditions(connection, new, [rendition(new, "720p")])
    before = asset(connection, asset_id)

    with pytest.raises(Superseded, match="Attempt 1 at transcode"):
        act(connection, old)
    with pytest.raises(Superseded):
        service.record_progress(connection, old, 0.9)
    service.try_again(connection, old, detail="old", delay_seconds=0)

    assert asset(connection, asset_id) == before
    act(connection, new)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_an_attempt_at_a_removed_asset_may_do_nothing_any_more(
    connection: Connection, event_id: str, act: Act
) -> None:
    asset_id = add(connection, event_id)
    attempt = begin(connection, asset_id, Step.TRANSCODE)
    service.remove_asset(connection, asset_id)
    with pytest.raises(Superseded):
        act(connection, attempt)


def test_results_replace_those_of_the_same_step_only(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    poster = begin(connection, asset_id, Step.POSTER)
    service.publish_renditions(
        connection, poster, [rendition(poster, "poster.jpg", RenditionKind.IMAGE)]
    )
    transcode = begin(connection, asset_id, Step.TRANSCODE)
    preview = rendition(transcode, "preview", RenditionKind.PREVIEW)
    service.publish_early(connection, transcode, [preview])
    assert set(shown(connection, asset_id)) == {("poster.jpg", 1), ("preview", 1)}

    rungs = [rendition(transcode, "360p"), rendition(transcode, "240p")]
    service.publish_renditions(connection, transcode, rungs)

    assert set(shown(connection, asset_id)) == {("poster.jpg", 1), ("360p", 1), ("240p", 1)}
    assert asset(connection, asset_id).rendition("360p") == rungs[0]
    assert asset(connection, asset_id).rendition("preview") is None


def test_a_preview_never_replaces_a_whole_result(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    first = begin(connection, asset_id, Step.TRANSCODE)
    service.publish_renditions(connection, first, [rendition(first, "360p")])
    second = begin(connection, asset_id, Step.TRANSCODE)
    preview = rendition(second, "preview", RenditionKind.PREVIEW)
    service.publish_early(connection, second, [preview])
    assert shown(connection, asset_id) == [("360p", 1)]


def test_progress_is_that_of_the_newest_attempt(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    attempt = begin(connection, asset_id, Step.TRANSCODE)
    service.record_progress(connection, attempt, 0.4)
    (record,) = asset(connection, asset_id).steps
    assert (record.state, record.progress) == (StepState.RUNNING, 0.4)

    service.try_again(connection, attempt, detail="It broke off.", delay_seconds=60)
    (record,) = asset(connection, asset_id).steps
    assert (record.state, record.progress) == (StepState.WAITING, None)
    assert record.detail == "It broke off."

    begin(connection, asset_id, Step.TRANSCODE)
    assert asset(connection, asset_id).steps[0].progress is None
    end(connection, asset_id, Step.TRANSCODE)
    assert asset(connection, asset_id).steps[0].detail is None


def test_what_is_shown_is_known_by_its_keys(connection: Connection, event_id: str) -> None:
    asset_id = add(connection, event_id)
    attempt = begin(connection, asset_id, Step.TRANSCODE)
    service.publish_renditions(connection, attempt, [rendition(attempt, "360p")])
    prefix = f"assets/{asset_id}/"
    assert service.shown_keys(connection, asset_id) == {
        f"{prefix}original",
        f"{prefix}transcode/1/360p/init.mp4",
        f"{prefix}transcode/1/360p/00001.m4s",
        f"{prefix}transcode/1/360p/00002.m4s",
    }
    service.remove_asset(connection, asset_id)
    assert service.shown_keys(connection, asset_id) == set()
