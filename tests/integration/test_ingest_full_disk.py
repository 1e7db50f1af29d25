"""Files that come in while the disk fills up: named, given up cleanly, taken when there is room."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.assets import service as assets_service
from portal.db import tables
from portal.events import service as events_service
from portal.ingest.folders import plan_paths
from portal.ingest.plan import PlannedFile
from portal.ingest.sender import Sender, Sent
from portal.ingest.service import carry_out
from portal.runtime import Runtime
from portal.storage.local import LocalStore, LocalUploads
from portal.uploads import service as uploads_service
from portal.visibility import INSTALLATION
from tests.small_disks import small_disk

pytestmark = pytest.mark.postgres

CAPTIONS = b"WEBVTT\n\n00:01.000 --> 00:02.000\nWords.\n"
MEBIBYTE = 1024**2
FILLER = "filler"


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk("40m") as folder:
        yield folder


@pytest.fixture
def sender(runtime: Runtime, disk: Path) -> Sender:
    """Its objects are on the small disk, all of which uploads may take."""
    objects = disk / "objects"
    on_disk = replace(
        runtime, store=LocalStore(objects), uploads=LocalUploads(objects, free_bytes_min=0)
    )
    with runtime.engine.begin() as connection:
        event = events_service.ensure_event(connection, "real")
    return Sender(on_disk, event.id, (), threading.Event())


def a_file(folder: Path, name: str, content: bytes) -> PlannedFile:
    (folder / name).write_bytes(content)
    return PlannedFile(path=folder / name, name=name)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / FILLER).open("wb", buffering=0) as stream:
        while stream.write(bytes(64 * 1024)):
            pass


def upload_states(runtime: Runtime) -> list[str]:
    with runtime.engine.connect() as connection:
        return sorted(connection.scalars(select(tables.uploads.c.state)))


def filenames(sender: Sender) -> set[str]:
    with sender.runtime.engine.connect() as connection:
        found = assets_service.list_assets(
            connection, viewer=INSTALLATION, event_id=sender.event_id
        )
    return {asset.filename for asset in found}


def test_a_disk_that_fills_up_in_mid_upload(sender: Sender, disk: Path, tmp_path: Path) -> None:
    before = a_file(tmp_path, "before.vtt", CAPTIONS)
    large = a_file(tmp_path, "large.flac", b"fLaC" + bytes(20 * MEBIBYTE))
    assert sender.send(before, lambda _share: None).refusal is None

    def fill_midway(share: float) -> None:
        if share > 0.5 and not (disk / FILLER).exists():
            fill(disk)

    sent = sender.send(large, fill_midway)

    assert sent.asset_id is None
    assert sent.refusal is not None
    assert sent.refusal.startswith("large.flac did not come in. The disk is full")
    assert filenames(sender) == {"before.vtt"}
    assert upload_states(sender.runtime) == ["aborted", "completing"]
    assert len(list((disk / "objects" / ".uploads").iterdir())) == 1

    (disk / FILLER).unlink()
    assert sender.send(large, lambda _share: None).refusal is None
    _finish_all(sender.runtime)
    assert filenames(sender) == {"before.vtt", "large.flac"}
    assert {info.size_bytes for info in sender.runtime.store.list("")} == {
        before.path.stat().st_size,
        large.path.stat().st_size,
    }


def test_a_file_larger_than_the_disk_is_refused_before_a_byte_is_sent(
    sender: Sender, tmp_path: Path
) -> None:
    sent = sender.send(
        a_file(tmp_path, "large.flac", b"fLaC" + bytes(60 * MEBIBYTE)), lambda _share: None
    )

    assert sent.refusal is not None
    assert sent.refusal.startswith("large.flac did not come in. The disk has no room for 62,914,56")
    assert upload_states(sender.runtime) == []


def test_no_file_harms_another_on_a_disk_that_uploads_must_leave_free(
    runtime: Runtime, tmp_path: Path
) -> None:
    folder = tmp_path / "material"
    folder.mkdir()
    a_file(folder, "first.vtt", CAPTIONS)
    (first,) = _carry(runtime, folder)
    a_file(folder, "second.vtt", CAPTIONS + b"\n")
    a_file(folder, "notes.txt", b"words")
    objects = runtime.settings.data_path / "objects"
    full = replace(runtime, uploads=LocalUploads(objects, free_bytes_min=2**60))

    by_name = {sent.file.name: sent for sent in _carry(full, folder)}

    assert by_name["first.vtt"].asset_id == first.asset_id
    assert "must stay free" in str(by_name["second.vtt"].refusal)
    assert str(by_name["second.vtt"].refusal).startswith("second.vtt did not come in.")
    assert "only captions are taken" in str(by_name["notes.txt"].refusal)
    again = {sent.file.name: sent for sent in _carry(runtime, folder)}
    assert again["second.vtt"].refusal is None


def test_a_source_on_a_bad_disk_is_named(sender: Sender, tmp_path: Path) -> None:
    file = a_file(tmp_path, "a.flac", b"fLaC")

    def fail(_share: float) -> None:
        raise OSError(errno.EIO, "Input/output error")

    assert sender.send(file, fail).refusal == "a.flac cannot be read: Input/output error."


def _carry(runtime: Runtime, folder: Path) -> list[Sent]:
    (plan,) = plan_paths([folder], event_slug="real")
    return carry_out(
        runtime, plan, on_progress=lambda _file, _share: None, on_sent=lambda _sent: None
    )


def _finish_all(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        upload_ids = list(
            connection.scalars(
                select(tables.uploads.c.id).where(tables.uploads.c.state == "completing")
            )
        )
    for upload_id in upload_ids:
        uploads_service.finish(runtime, upload_id)
