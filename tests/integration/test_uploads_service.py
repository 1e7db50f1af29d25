"""Uploads into a real database and a real store: refusals, repeats, meetings and crashes."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.assets import service as assets_service
from portal.assets.models import AssetState, Kind, Outcome, Step
from portal.db import tables
from portal.errors import (
    Conflict,
    InsufficientStorage,
    InvalidInput,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from portal.events.models import Event
from portal.ids import new_id
from portal.jobs import Task
from portal.people import service as people_service
from portal.runtime import Runtime
from portal.storage.interface import StoredPart
from portal.storage.local import LocalUploads
from portal.uploads import service
from portal.uploads.models import FileDescription, FileOffer, Upload, UploadState
from portal.visibility import INSTALLATION
from tests.stored_files import (
    CAPTIONS,
    FLAC,
    JPEG,
    acknowledge,
    age,
    asset_of,
    begin_upload,
    complete,
    forget_jobs,
    ids_in,
    keys_of,
    make_event,
    put_parts,
    queued_jobs,
    sha256,
    store,
    tasks_of,
)
from tests.transactions import wait_until_blocked
from workers.uploading import finish_upload

pytestmark = pytest.mark.postgres

PLAYLIST = b"#EXTM3U\n#EXT-X-VERSION:7\n/etc/passwd\n"


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


def with_settings(runtime: Runtime, **changes: object) -> Runtime:
    """Smaller than an installation may set them: big files would only slow tests down."""
    return replace(runtime, settings=runtime.settings.model_copy(update=changes))


def state_of(runtime: Runtime, upload: Upload) -> UploadState:
    with runtime.engine.connect() as connection:
        return service.get_upload(connection, upload.id).state


def asset_ids(runtime: Runtime) -> list[str]:
    with runtime.engine.connect() as connection:
        return ids_in(connection, tables.assets)


def tasks(runtime: Runtime, subject_id: str) -> list[Task]:
    with runtime.engine.connect() as connection:
        return tasks_of(connection, subject_id)


def files_under(runtime: Runtime) -> list[Path]:
    """Every file of the store, unfinished uploads included, without the marks of its set-up."""
    found = runtime.settings.data_path.rglob("*")
    return [path for path in found if path.is_file() and path.stat().st_size > 0]


# --- begin -----------------------------------------------------------------------------------


def test_an_upload_begins_with_what_its_bytes_say(runtime: Runtime, event: Event) -> None:
    upload = begin_upload(runtime, event, "Фото 1.JPG", JPEG)

    assert (upload.kind, upload.media_type) == (Kind.PHOTO, "image/jpeg")
    assert (upload.filename, upload.size_bytes) == ("Фото 1.JPG", len(JPEG))
    assert (upload.state, upload.part_count) == (UploadState.OPEN, 1)
    assert asset_ids(runtime) == []


@pytest.mark.parametrize(
    ("filename", "content", "error", "sentence"),
    [
        ("empty.mp4", b"", InvalidInput, r"empty\.mp4 is empty \(0 bytes\)"),
        ("big.flac", FLAC + bytes(1000), TooLarge, r"big\.flac has 1104 bytes; at most 1000"),
        ("list.mp4", PLAYLIST, UnsupportedMedia, r"list\.mp4"),
        ("tool.mp4", b"\x7fELF" + bytes(60), UnsupportedMedia, r"tool\.mp4"),
        ("photo.flac", JPEG, UnsupportedMedia, r"photo\.flac"),
        ("", FLAC, InvalidInput, "cannot be a file's name"),
        ("a\nb.flac", FLAC, InvalidInput, "cannot be a file's name"),
        ("a" * 256, FLAC, InvalidInput, "cannot be a file's name"),
    ],
)
def test_what_is_not_taken_is_refused_at_once(
    runtime: Runtime,
    event: Event,
    *,
    filename: str,
    content: bytes,
    error: type[InvalidInput],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        begin_upload(with_settings(runtime, upload_bytes_max=1000), event, filename, content)
    assert files_under(runtime) == []


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, sha256(FLAC).upper()])
def test_a_digest_must_look_like_one(runtime: Runtime, event: Event, digest: str) -> None:
    offer = FileOffer(
        event_id=event.id,
        filename="a.flac",
        size_bytes=len(FLAC),
        head=FLAC,
        declared_sha256=digest,
    )
    with pytest.raises(InvalidInput, match=r"SHA-256 given for a\.flac is not 64"):
        service.begin(runtime, offer)


def test_folders_are_no_part_of_a_name(runtime: Runtime, event: Event) -> None:
    assert begin_upload(runtime, event, r"C:\press/..\a.flac", FLAC).filename == "a.flac"


def test_a_full_disk_is_said_before_anything_is_sent(runtime: Runtime, event: Event) -> None:
    objects = runtime.settings.data_path / "objects"
    full = replace(runtime, uploads=LocalUploads(objects, free_bytes_min=2**62))
    with pytest.raises(InsufficientStorage, match="no room"):
        begin_upload(full, event, "a.flac", FLAC)


def test_large_files_get_larger_parts(runtime: Runtime, event: Event) -> None:
    content = FLAC + bytes(20_001 - len(FLAC))
    upload = begin_upload(with_settings(runtime, upload_part_bytes=1), event, "a.flac", content)
    assert (upload.part_bytes, upload.part_count) == (3, 6667)


# --- parts -----------------------------------------------------------------------------------


def test_parts_have_numbers_from_one_to_the_last(runtime: Runtime, event: Event) -> None:
    small = with_settings(runtime, upload_part_bytes=50)
    upload = begin_upload(small, event, "a.flac", FLAC)
    assert upload.part_count == 3
    for number in (-1, 0, 4):
        with pytest.raises(InvalidInput, match=rf"no part {number}: the upload has parts 1 to 3"):
            service.put_part(small, upload, number, io.BytesIO(bytes(50)))


def test_parts_in_any_order_and_again_make_the_file(runtime: Runtime, event: Event) -> None:
    small = with_settings(runtime, upload_part_bytes=50)
    upload = begin_upload(small, event, "a.flac", FLAC)
    pieces = {1: FLAC[:50], 2: FLAC[50:100], 3: FLAC[100:]}
    parts = [
        service.put_part(small, upload, number, io.BytesIO(pieces[number]))
        for number in (3, 1, 3, 2)
    ]

    completed = complete(small, upload, parts[1:])
    service.finish(small, upload.id)

    assert completed.state is UploadState.COMPLETING
    assert small.store.read(upload.key) == FLAC


def test_sending_a_part_is_a_sign_of_life(runtime: Runtime, event: Event) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    with runtime.engine.begin() as connection:
        age(connection, tables.uploads, hours=72)
        assert service.abandoned_uploads(connection, older_than_hours=48) == [upload]

    put_parts(runtime, upload, FLAC)

    with runtime.engine.connect() as connection:
        assert service.abandoned_uploads(connection, older_than_hours=48) == []


# --- complete --------------------------------------------------------------------------------


def test_completing_acknowledges_asset_and_job_together(runtime: Runtime, event: Event) -> None:
    description = FileDescription(
        title={"en": "Scrum"}, caption={"ru": "Подход"}, language="ru", people=("Anna", "Boris")
    )
    upload = begin_upload(runtime, event, "a.flac", FLAC, description=description)
    parts = put_parts(runtime, upload, FLAC)

    with runtime.engine.connect() as connection:
        service.acknowledge(connection, upload.id, parts=parts)
        connection.rollback()  # the reply is lost and the transaction with it
    assert (asset_ids(runtime), tasks(runtime, upload.id)) == ([], [])

    complete(runtime, upload, parts)

    asset = asset_of(runtime, upload.asset_id)
    assert (asset.title, asset.caption, asset.language) == (
        {"en": "Scrum"},
        {"ru": "Подход"},
        "ru",
    )
    assert asset.original is not None
    assert (asset.original.sha256, asset.original.declared_sha256) == (None, sha256(FLAC))
    assert assets_service.state_of(asset) is AssetState.PROCESSING
    assert tasks(runtime, upload.id) == [Task.FINISH_UPLOAD]
    with runtime.engine.connect() as connection:
        pictured = people_service.people_by_ids(connection, asset.people_ids)
        present = people_service.people_of_event(connection, event.id)
    assert [person.name for person in pictured] == ["Anna", "Boris"]
    assert [entry.person for entry in present] == pictured


def test_completing_twice_gives_one_asset_and_one_job(runtime: Runtime, event: Event) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    parts = put_parts(runtime, upload, FLAC)

    first, again = complete(runtime, upload, parts), complete(runtime, upload, parts)

    assert first == again
    assert asset_ids(runtime) == [upload.asset_id]
    assert tasks(runtime, upload.id) == [Task.FINISH_UPLOAD]
    service.finish(runtime, upload.id)
    assert complete(runtime, upload, parts).state is UploadState.FINISHED
    assert asset_ids(runtime) == [upload.asset_id]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda parts: parts[:-1], r"a\.flac is not all there: of 3 parts are missing: 3\."),
        (lambda parts: [*parts, parts[0]], r"has 3 parts; these were named: 1, 1–3\."),
        (lambda parts: [*parts[:2], replace(parts[2], size_bytes=3)], "103 were sent"),
        (lambda parts: parts[:0], r"missing: 1–3\."),
    ],
)
def test_missing_parts_are_a_conflict(
    runtime: Runtime, event: Event, *, change: object, sentence: str
) -> None:
    assert callable(change)
    small = with_settings(runtime, upload_part_bytes=50)
    upload = begin_upload(small, event, "a.flac", FLAC)
    parts = put_parts(small, upload, FLAC)
    with pytest.raises(Conflict, match=sentence):
        complete(small, upload, change(parts))
    assert asset_ids(runtime) == []
    assert complete(small, upload, parts).state is UploadState.COMPLETING


def test_bytes_that_are_in_already_are_not_kept_again(runtime: Runtime, event: Event) -> None:
    first_id = store(runtime, event, "a.flac", FLAC)

    upload = begin_upload(runtime, event, "b.flac", FLAC)
    parts = put_parts(runtime, upload, FLAC)
    twin, again = complete(runtime, upload, parts), complete(runtime, upload, parts)

    assert (twin.state, twin.asset_id) == (UploadState.DUPLICATE, first_id)
    assert again == twin
    assert asset_ids(runtime) == [first_id]
    assert keys_of(runtime) == {f"assets/{first_id}/original"}
    assert [path.name for path in files_under(runtime)] == ["original"]


def test_a_duplicate_of_what_was_removed_must_be_sent_again(runtime: Runtime, event: Event) -> None:
    first_id = store(runtime, event, "a.flac", FLAC)
    upload = begin_upload(runtime, event, "b.flac", FLAC)
    parts = put_parts(runtime, upload, FLAC)
    complete(runtime, upload, parts)
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, first_id)

    with pytest.raises(Conflict, match=r"b\.flac was given up; begin again"):
        complete(runtime, upload, parts)
    assert acknowledge(runtime, event, "b.flac", FLAC).state is UploadState.COMPLETING


def fail_verifying(runtime: Runtime, asset_id: str) -> None:
    with runtime.engine.begin() as connection:
        attempt = assets_service.begin_attempt(connection, asset_id, Step.VERIFY)
        assert attempt is not None
        assets_service.finish_attempt(
            connection, attempt, outcome=Outcome.FAILED, detail="It arrived damaged."
        )


def verify(runtime: Runtime, asset_id: str) -> None:
    with runtime.engine.begin() as connection:
        assets_service.record_verified(connection, asset_id, sha256=sha256(FLAC))


def test_what_was_lost_before_it_was_stored_can_be_sent_again(
    runtime: Runtime, event: Event
) -> None:
    lost = acknowledge(runtime, event, "a.flac", FLAC)
    runtime.uploads.abort(lost.key, lost.storage_upload_id)
    finish_upload(runtime, lost.id)
    assert assets_service.state_of(asset_of(runtime, lost.asset_id)) is AssetState.FAILED

    again = acknowledge(runtime, event, "a.flac", FLAC)
    finish_upload(runtime, again.id)
    verify(runtime, again.asset_id)

    assert runtime.store.read(again.key) == FLAC
    with pytest.raises(NotFound):
        asset_of(runtime, lost.asset_id)


def test_what_arrived_damaged_or_with_a_wrong_digest_can_be_sent_again(
    runtime: Runtime, event: Event
) -> None:
    damaged_id = store(runtime, event, "a.flac", FLAC)
    fail_verifying(runtime, damaged_id)

    again = acknowledge(runtime, event, "a.flac", FLAC)
    assert again.state is UploadState.COMPLETING
    finish_upload(runtime, again.id)
    assert asset_of(runtime, damaged_id)  # nothing makes room before the good bytes are verified
    verify(runtime, again.asset_id)

    assert runtime.store.read(again.key) == FLAC
    with pytest.raises(NotFound):
        asset_of(runtime, damaged_id)
    assert acknowledge(runtime, event, "b.flac", FLAC).asset_id == again.asset_id


def test_bytes_only_said_to_be_there_never_refuse_those_that_are(
    runtime: Runtime, event: Event
) -> None:
    """Who said a wrong digest is found out later; the true file must not have failed by then."""
    liar_id = store(runtime, event, "liar.flac", FLAC)
    true_id = store(runtime, event, "true.flac", FLAC, with_digest=False)
    verify(runtime, true_id)
    fail_verifying(runtime, liar_id)
    assert acknowledge(runtime, event, "again.flac", FLAC).asset_id == true_id


def test_each_event_has_its_own_copy(runtime: Runtime, event: Event) -> None:
    other = make_event(runtime, "other")
    ids = {store(runtime, each, "a.flac", FLAC) for each in (event, other)}
    assert set(asset_ids(runtime)) == ids
    assert len(ids) == 2


@pytest.mark.parametrize("is_kept", [True, False])
def test_equal_bytes_at_the_same_time_make_one_asset(
    runtime: Runtime, event: Event, *, is_kept: bool
) -> None:
    first, second = (begin_upload(runtime, event, name, FLAC) for name in ("a.flac", "b.flac"))
    first_parts, second_parts = (put_parts(runtime, each, FLAC) for each in (first, second))

    with ThreadPoolExecutor(1) as pool, runtime.engine.connect() as connection:
        service.acknowledge(connection, first.id, parts=first_parts)
        other = pool.submit(complete, runtime, second, second_parts)
        wait_until_blocked(runtime.engine, other)
        if is_kept:
            connection.commit()
        else:
            connection.rollback()
        completed = other.result(timeout=30)

    kept = first if is_kept else second
    assert completed.asset_id == kept.asset_id
    assert completed.state is (UploadState.DUPLICATE if is_kept else UploadState.COMPLETING)
    assert asset_ids(runtime) == [kept.asset_id]


def test_files_that_name_the_same_people_never_deadlock(runtime: Runtime, event: Event) -> None:
    """Each holds one person and would wait for the other's, in whatever order they are named."""
    orders = (("Anna", "Boris", "Clara"), ("Clara", "Boris", "Anna"))
    uploads = [
        begin_upload(
            runtime,
            event,
            "a.flac",
            FLAC + people[0].encode(),
            description=FileDescription(people=people),
        )
        for people in orders
    ]
    sent = [
        (upload, put_parts(runtime, upload, FLAC + people[0].encode()))
        for upload, people in zip(uploads, orders, strict=True)
    ]
    with ThreadPoolExecutor(2) as pool, runtime.engine.connect() as middle:
        people_service.ensure_person(middle, "Boris")
        others = [pool.submit(complete, runtime, upload, parts) for upload, parts in sent]
        wait_until_blocked(runtime.engine, *others)
        middle.commit()
        for other in others:
            assert other.result(timeout=30).state is UploadState.COMPLETING


# --- abort -----------------------------------------------------------------------------------


def test_an_aborted_upload_leaves_nothing(runtime: Runtime, event: Event) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    parts = put_parts(runtime, upload, FLAC)
    for _ in range(2):
        service.abort(runtime, upload.id)

    assert files_under(runtime) == []
    assert state_of(runtime, upload) is UploadState.ABORTED
    with pytest.raises(Conflict, match="given up; begin again"):
        complete(runtime, upload, parts)
    with pytest.raises(Conflict, match="takes no parts any more"):
        put_parts(runtime, upload, FLAC)


def test_what_was_acknowledged_cannot_be_aborted(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    with pytest.raises(Conflict, match="is in already; remove the asset"):
        service.abort(runtime, upload.id)
    service.finish(runtime, upload.id)
    assert runtime.store.read(upload.key) == FLAC


def test_an_unknown_upload_is_said_to_be_missing(runtime: Runtime) -> None:
    for change in (service.abort, service.finish, partial(service.complete, parts=[])):
        with pytest.raises(NotFound, match="no such upload"):
            change(runtime, new_id())


# --- finish ----------------------------------------------------------------------------------


def test_finishing_makes_the_object_and_starts_the_pipeline(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    assert keys_of(runtime) == set()

    service.finish(runtime, upload.id)

    assert runtime.store.read(upload.key) == FLAC
    assert state_of(runtime, upload) is UploadState.FINISHED
    assert tasks(runtime, upload.asset_id) == [Task.PROBE, Task.VERIFY]


def test_finishing_again_starts_nothing_anew(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    service.finish(runtime, upload.id)
    with runtime.engine.begin() as connection:
        forget_jobs(connection)

    service.finish(runtime, upload.id)

    with runtime.engine.connect() as connection:
        assert queued_jobs(connection) == []


def test_a_crash_between_object_and_commit_is_made_good(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    parts = runtime.uploads.list_parts(upload.key, upload.storage_upload_id)
    runtime.uploads.complete(upload.key, upload.storage_upload_id, parts)  # and then it dies

    finish_upload(runtime, upload.id)

    assert keys_of(runtime) == {upload.key}
    assert state_of(runtime, upload) is UploadState.FINISHED
    assert tasks(runtime, upload.asset_id) == [Task.PROBE, Task.VERIFY]


def test_two_workers_that_finish_start_one_pipeline(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(finish_upload, runtime, upload.id) for _ in range(2)]:
            done.result(timeout=30)

    assert keys_of(runtime) == {upload.key}
    assert tasks(runtime, upload.asset_id) == [Task.PROBE, Task.VERIFY]
    assert asset_of(runtime, upload.asset_id).steps == ()


def test_parts_that_never_came_fail_the_asset_with_a_sentence(
    runtime: Runtime, event: Event
) -> None:
    upload = begin_upload(runtime, event, "a.flac", FLAC)
    claimed = StoredPart(number=1, size_bytes=len(FLAC), etag="never sent")
    complete(runtime, upload, [claimed])
    with pytest.raises(Conflict):
        service.finish(runtime, upload.id)

    finish_upload(runtime, upload.id)

    asset = asset_of(runtime, upload.asset_id)
    assert assets_service.state_of(asset) is AssetState.FAILED
    assert assets_service.detail_of(asset) == "Part 1 has not arrived."
    assert state_of(runtime, upload) is UploadState.FINISHED
    assert tasks(runtime, upload.asset_id) == []  # there is nothing that a step could work on
    assert files_under(runtime) == []


def test_what_another_worker_stored_meanwhile_is_not_given_up(
    runtime: Runtime, event: Event
) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    service.finish(runtime, upload.id)

    service.give_up(runtime, upload.id, "Part 1 has not arrived.")

    asset = asset_of(runtime, upload.asset_id)
    assert assets_service.state_of(asset) is AssetState.PROCESSING
    assert tasks(runtime, upload.asset_id) == [Task.PROBE, Task.VERIFY]


def test_an_object_lost_on_the_way_fails_the_asset(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    runtime.uploads.abort(upload.key, upload.storage_upload_id)

    finish_upload(runtime, upload.id)

    asset = asset_of(runtime, upload.asset_id)
    assert assets_service.state_of(asset) is AssetState.FAILED
    assert [record.name for record in asset.steps] == [Step.VERIFY]


def test_an_asset_removed_on_the_way_leaves_no_object(runtime: Runtime, event: Event) -> None:
    upload = acknowledge(runtime, event, "a.flac", FLAC)
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, upload.asset_id)
        forget_jobs(connection)  # the deletion ran before there was anything to delete

    finish_upload(runtime, upload.id)

    assert state_of(runtime, upload) is UploadState.FINISHED
    assert tasks(runtime, upload.asset_id) == [Task.REMOVE_OBJECTS]


def test_captions_come_in_as_captions(runtime: Runtime, event: Event) -> None:
    asset_id = store(runtime, event, "talk.en.vtt", CAPTIONS)
    assert asset_of(runtime, asset_id).kind is Kind.CAPTIONS
    assert tasks(runtime, asset_id) == [Task.CAPTIONS, Task.VERIFY]


def test_a_digest_known_only_afterwards_is_compared_as_well(runtime: Runtime, event: Event) -> None:
    first_id = store(runtime, event, "a.flac", FLAC, with_digest=False)
    second_id = store(runtime, event, "b.flac", FLAC, with_digest=False)
    with runtime.engine.begin() as connection:
        assets_service.record_verified(connection, first_id, sha256=sha256(FLAC))
        with pytest.raises(
            Conflict, match=rf"b\.flac is in this event already, as asset {first_id}"
        ):
            assets_service.record_verified(connection, second_id, sha256=sha256(FLAC))
        known = assets_service.find_by_sha256(connection, event.id, sha256(FLAC))
        assert known == assets_service.get_asset(connection, first_id, viewer=INSTALLATION)
        verified = select(tables.originals.c.asset_id).where(
            tables.originals.c.verified_at.is_not(None)
        )
        assert list(connection.scalars(verified)) == [first_id]
