"""Cameras' clocks on a real database: corrected for photos that are there and for those to come."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update
from typer.testing import CliRunner

from portal.assets import service as assets
from portal.assets.models import Asset, Kind, Outcome, PhotoMetadata, Step, StepRecord
from portal.cli.main import build_app
from portal.db import tables
from portal.errors import InvalidInput, NotFound
from portal.events import service as events
from portal.events.models import EventDescription, PersonEntry
from portal.ids import new_id
from portal.jobs import Task
from portal.photos import service
from portal.photos.models import Camera, PhotoClock, SeenCamera
from portal.settings import Settings
from portal.visibility import INSTALLATION
from tests.transactions import wait_until_blocked

pytestmark = pytest.mark.postgres

SLUG = "press-scrum"
SHOWN = datetime.fromisoformat("2019-06-04T10:15")
FIRST, SECOND = SeenCamera("a" * 64, "NIKON Z 9"), SeenCamera("b" * 64, "NIKON Z 9")


@pytest.fixture
def event_id(connection: Connection) -> str:
    return save_event(connection)


def save_event(connection: Connection, *, time_zone: str = "Europe/Minsk") -> str:
    person = PersonEntry("Gerhard Jarosch", {}, ("Ярош Герхард",))
    description = EventDescription(SLUG, {"en": "Scrum"}, time_zone=time_zone, people=(person,))
    return events.save_event(connection, description).id


def photo(connection: Connection, event_id: str, filename: str = "a.jpg") -> Asset:
    asset_id = new_id()
    connection.execute(
        insert(tables.assets).values(
            id=asset_id, event_id=event_id, kind=Kind.PHOTO, filename=filename
        )
    )
    return assets.get_asset(connection, asset_id, viewer=INSTALLATION)


def record(
    connection: Connection,
    asset: Asset,
    *,
    clock: PhotoClock | None = PhotoClock(SHOWN),  # noqa: B008 - frozen
    camera: SeenCamera | None = FIRST,
    metadata: PhotoMetadata = PhotoMetadata(),  # noqa: B008 - frozen
) -> None:
    service.record_photo(
        connection, asset, metadata, width=400, height=300, clock=clock, camera=camera
    )


def recorded(connection: Connection, event_id: str, **of_photo: Any) -> Asset:
    asset = photo(connection, event_id, filename=of_photo.pop("filename", "a.jpg"))
    record(connection, asset, **of_photo)
    return asset


def taken_at(connection: Connection, asset: Asset) -> datetime | None:
    return assets.get_asset(connection, asset.id, viewer=INSTALLATION).captured_at


def utc(hour: int, minute: int = 15) -> datetime:
    return datetime(2019, 6, 4, hour, minute, tzinfo=UTC)


def test_a_photo_is_dated_by_its_own_zone_or_by_the_events(
    connection: Connection, event_id: str
) -> None:
    assert taken_at(connection, recorded(connection, event_id)) == utc(7)
    with_offset = recorded(connection, event_id, clock=PhotoClock(SHOWN, 0))
    assert taken_at(connection, with_offset) == utc(10)
    assert taken_at(connection, recorded(connection, event_id, clock=None)) is None


def test_a_corrected_clock_dates_photos_there_and_to_come(
    connection: Connection, event_id: str
) -> None:
    before = recorded(connection, event_id)
    other = recorded(connection, event_id, camera=SECOND)
    unknown = recorded(connection, event_id, camera=None)
    assert service.shift_clock(connection, event_id, 1, seconds=3600) == Camera(
        number=1, name="NIKON Z 9", shift_seconds=3600, photo_count=1, first_filename="a.jpg"
    )
    after = recorded(connection, event_id)
    assert [taken_at(connection, each) for each in (before, after)] == [utc(8), utc(8)]
    assert [taken_at(connection, each) for each in (other, unknown)] == [utc(7), utc(7)]


def test_a_correction_counts_from_what_was_read(connection: Connection, event_id: str) -> None:
    asset = recorded(connection, event_id)
    for seconds, hour in ((3600, 8), (3600, 8), (-7200, 5), (0, 7)):
        service.shift_clock(connection, event_id, 1, seconds=seconds)
        assert taken_at(connection, asset) == utc(hour)


def test_a_photo_that_is_read_again_keeps_the_correction(
    connection: Connection, event_id: str
) -> None:
    asset = recorded(connection, event_id)
    service.shift_clock(connection, event_id, 1, seconds=3600)
    record(connection, asset)
    assert taken_at(connection, asset) == utc(8)
    record(connection, asset, clock=None)
    assert taken_at(connection, asset) is None
    assert [camera.photo_count for camera in service.list_cameras(connection, event_id)] == [0]


@pytest.mark.parametrize("offset", [None, 0, 5 * 3600])
def test_a_photo_of_a_clock_tells_the_correction(
    connection: Connection, event_id: str, offset: int | None
) -> None:
    asset = recorded(connection, event_id, clock=PhotoClock(SHOWN, offset))
    camera = service.shift_clock_by_photo(connection, asset, shows=utc(9, 0))
    assert camera.shift_seconds != 0
    assert taken_at(connection, asset) == utc(9, 0)


def test_what_cannot_be_corrected_is_said(connection: Connection, event_id: str) -> None:
    with pytest.raises(NotFound, match=r"The event has no camera 1\."):
        service.shift_clock(connection, event_id, 1, seconds=60)
    with pytest.raises(InvalidInput, match="sixty years"):
        service.shift_clock(connection, event_id, 1, seconds=10**10)
    undated = recorded(connection, event_id, clock=None)
    with pytest.raises(InvalidInput, match=r"a\.jpg does not say when it was taken\."):
        service.shift_clock_by_photo(connection, undated, shows=utc(9))
    nameless = recorded(connection, event_id, camera=None)
    with pytest.raises(InvalidInput, match=r"a\.jpg does not say which camera took it\."):
        service.shift_clock_by_photo(connection, nameless, shows=utc(9))


def test_the_event_is_indexed_again(connection: Connection, event_id: str) -> None:
    recorded(connection, event_id)
    queued = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task"
    connection.execute(text("DELETE FROM procrastinate_jobs"))
    service.shift_clock(connection, event_id, 1, seconds=3600)
    assert connection.scalar(text(queued), {"task": Task.INDEX_EVENT}) == 1


def made(connection: Connection, asset: Asset) -> Asset:
    """Its step has ended, at its first attempt."""
    connection.execute(text("DELETE FROM procrastinate_jobs"))
    connection.execute(
        insert(tables.steps).values(
            [
                {"asset_id": asset.id, "name": name, "attempt": 1, "tries": 1, "outcome": "done"}
                for name in (Step.VERIFY, Step.PHOTO, Step.INDEX)
            ]
        )
    )
    return asset


def photos_queued(connection: Connection) -> set[str]:
    """The ids of the photos whose sizes are made again."""
    queued = text("SELECT args->>'subject_id' FROM procrastinate_jobs WHERE task_name = :task")
    return set(connection.scalars(queued, {"task": Task.PHOTO}))


def test_the_public_files_of_corrected_photos_are_made_again(
    connection: Connection, event_id: str
) -> None:
    corrected = made(connection, recorded(connection, event_id))
    other = made(connection, recorded(connection, event_id, camera=SECOND))
    removed = made(connection, recorded(connection, event_id))
    assets.remove_asset(connection, removed.id)
    service.shift_clock(connection, event_id, 1, seconds=3600)
    assert photos_queued(connection) == {corrected.id}
    (record, *_) = _records(connection, corrected, Step.PHOTO)
    assert (record.outcome, record.attempt) == (None, 2)
    assert [r.outcome for r in _records(connection, other, Step.PHOTO)] == [Outcome.DONE]


def _records(connection: Connection, asset: Asset, step: Step) -> list[StepRecord]:
    found = assets.get_asset(connection, asset.id, viewer=INSTALLATION)
    return [record for record in found.steps if record.name is step]


def test_files_that_would_say_the_same_are_left_alone(
    connection: Connection, event_id: str
) -> None:
    recorded(connection, event_id)
    service.shift_clock(connection, event_id, 1, seconds=3600)
    made(connection, recorded(connection, event_id))
    service.shift_clock(connection, event_id, 1, seconds=3600)
    assert photos_queued(connection) == set()


def test_another_time_zone_makes_the_files_again_that_it_dates_anew(
    connection: Connection, event_id: str
) -> None:
    zoneless = made(connection, recorded(connection, event_id))
    made(connection, recorded(connection, event_id, clock=PhotoClock(SHOWN, 0)))
    save_event(connection, time_zone="Europe/Lisbon")
    assert photos_queued(connection) == {zoneless.id}


def test_another_time_zone_of_the_event_dates_its_photos_anew(
    connection: Connection, event_id: str
) -> None:
    zoneless = recorded(connection, event_id)
    with_offset = recorded(connection, event_id, clock=PhotoClock(SHOWN, 0))
    save_event(connection, time_zone="Europe/Lisbon")
    assert taken_at(connection, zoneless) == utc(9)
    assert taken_at(connection, with_offset) == utc(10)


def test_cameras_are_numbered_in_each_event_and_known_in_one_only(
    connection: Connection, event_id: str
) -> None:
    other_id = events.ensure_event(connection, "other").id
    for of_event in (event_id, other_id):
        recorded(connection, of_event, filename="b.jpg")
        recorded(connection, of_event, camera=SECOND)
        recorded(connection, of_event, clock=PhotoClock(SHOWN - timedelta(days=1)))
    service.shift_clock(connection, event_id, 1, seconds=3600)
    assert service.list_cameras(connection, other_id) == [
        Camera(1, "NIKON Z 9", 0, photo_count=2, first_filename="a.jpg"),
        Camera(2, "NIKON Z 9", 0, photo_count=1, first_filename="a.jpg"),
    ]
    fingerprints = list(connection.scalars(select(tables.camera_clocks.c.fingerprint)))
    assert len(set(fingerprints)) == 4
    assert not {FIRST.fingerprint, SECOND.fingerprint} & set(fingerprints)


def test_a_removed_photo_is_counted_no_more(connection: Connection, event_id: str) -> None:
    asset = recorded(connection, event_id)
    connection.execute(
        update(tables.assets).where(tables.assets.c.id == asset.id).values(removed_at=SHOWN)
    )
    assert service.list_cameras(connection, event_id) == [
        Camera(1, "NIKON Z 9", 0, photo_count=0, first_filename=None)
    ]


def test_the_first_photo_is_told_of_those_that_are_left(
    connection: Connection, event_id: str
) -> None:
    earliest = recorded(connection, event_id, clock=PhotoClock(SHOWN - timedelta(hours=1)))
    recorded(connection, event_id, filename="b.jpg")
    assets.remove_asset(connection, earliest.id)
    (camera,) = service.list_cameras(connection, event_id)
    assert (camera.photo_count, camera.first_filename) == (1, "b.jpg")


def test_two_new_cameras_at_once_get_two_numbers(engine: Engine) -> None:
    with engine.begin() as connection:
        event_id = save_event(connection)

    def record_in_its_own_transaction() -> None:
        with engine.begin() as connection:
            recorded(connection, event_id, camera=SECOND)

    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            recorded(connection, event_id)
            second = pool.submit(record_in_its_own_transaction)
            wait_until_blocked(engine, second)
        second.result()
    with engine.begin() as connection:
        cameras = service.list_cameras(connection, event_id)
    assert [(camera.number, camera.photo_count) for camera in cameras] == [(1, 1), (2, 1)]


def test_a_photo_that_comes_while_its_camera_is_corrected_is_corrected(engine: Engine) -> None:
    with engine.begin() as connection:
        event_id = save_event(connection)
        recorded(connection, event_id)

    def record_in_its_own_transaction() -> Asset:
        with engine.begin() as connection:
            return recorded(connection, event_id)

    with ThreadPoolExecutor() as pool:
        with engine.begin() as connection:
            service.shift_clock(connection, event_id, 1, seconds=3600)
            late = pool.submit(record_in_its_own_transaction)
            wait_until_blocked(engine, late)
        asset = late.result()
    with engine.begin() as connection:
        assert taken_at(connection, asset) == utc(8)


@pytest.mark.parametrize("name", ["Gerhard Jarosch", "Jarosch, Gerhard", "ЯРОШ ГЕРХАРД"])
def test_people_of_the_event_are_known_by_any_of_their_names(
    connection: Connection, event_id: str, name: str
) -> None:
    metadata = PhotoMetadata(people_shown=(name, "Somebody Else"))
    asset = recorded(connection, event_id, metadata=metadata)
    found = assets.get_asset(connection, asset.id, viewer=INSTALLATION)
    (jarosch,) = events.get_event(connection, SLUG, viewer=INSTALLATION).people
    assert found.people_ids == (jarosch.person.id,)
    assert found.photo == metadata


def test_all_that_a_photo_says_comes_back(connection: Connection, event_id: str) -> None:
    said = {name: "text" for name, value in asdict(PhotoMetadata()).items() if value is None}
    metadata = PhotoMetadata(
        **{**said, "orientation": 6, "captured_at_source": "gps"},  # type: ignore[arg-type]
        captions={"ru": "Подпись"},
        keywords=("a", "b"),
        people_shown=("c",),
    )
    asset = recorded(connection, event_id, metadata=metadata)
    assert assets.get_asset(connection, asset.id, viewer=INSTALLATION).photo == metadata


# The command


@pytest.fixture
def portal(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("PORTAL_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("PORTAL_DATABASE_URL", database_url)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(build_app(arguments), arguments)
        return result.exit_code, result.stdout if result.exit_code == 0 else str(result.exception)

    return run


def test_the_command_lists_and_corrects(
    engine: Engine, portal: Callable[..., tuple[int, str]]
) -> None:
    with engine.begin() as connection:
        event_id = save_event(connection)
        asset = recorded(connection, event_id)
        recorded(connection, event_id, camera=SECOND)

    def listed(*arguments: str) -> Sequence[tuple[int, int]]:
        code, output = portal("photos", "clock", SLUG, *arguments, "--json")
        assert code == 0, output
        lines = [json.loads(line) for line in output.splitlines()]
        return [(line["camera"], line["shift_seconds"]) for line in lines]

    assert listed() == [(1, 0), (2, 0)]
    assert listed("2", "--shift", "-00:02:00") == [(2, -120)]
    assert listed("--photo", asset.id, "--shows", "2019-06-04T11:15:00") == [(1, 3600)]
    assert listed() == [(1, 3600), (2, -120)]
    assert portal("photos", "clock", SLUG) == (
        0,
        "1\tNIKON Z 9\t1\ta.jpg\t+01:00:00\n2\tNIKON Z 9\t1\ta.jpg\t-00:02:00\n",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--shift", "1:00"], "Say which camera"),
        (["1", "--shift", "an hour"], "'an hour' is no shift"),
        (["1", "--shows", "2019-06-04T11:15:00"], "go together"),
        (["--photo", "x", "--shows", "2019-06-04T11:15:00"], "There is no photo 'x'"),
        (["1", "--shift", "1:00", "--photo", "x"], "Give either"),
        (["7", "--shift", "1:00"], "The event has no camera 7"),
    ],
)
def test_the_command_refuses(
    engine: Engine,
    portal: Callable[..., tuple[int, str]],
    arguments: Sequence[str],
    sentence: str,
) -> None:
    with engine.begin() as connection:
        recorded(connection, save_event(connection))
    code, told = portal("photos", "clock", SLUG, *arguments)
    assert code != 0
    assert sentence in told
