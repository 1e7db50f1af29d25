"""Sends one file of this machine in by the upload protocol: begin, parts, complete."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Asset
from portal.errors import (
    InsufficientStorage,
    Interrupted,
    InvalidInput,
    PortalError,
    StorageError,
)
from portal.ingest.plan import PlannedFile
from portal.people import service as people_service
from portal.runtime import Runtime
from portal.storage.interface import StoredPart
from portal.uploads import service as uploads_service
from portal.uploads.models import FileDescription, FileOffer, Upload, UploadState

READ_BYTES = 1024**2
HEAD_BYTES = 64 * 1024
"""What the type of a file is told by."""
READ_SHARE = 0.5
"""The part of the progress in which a file is read for its SHA-256; then it is sent."""

ReportProgress = Callable[[float], None]


@dataclass(frozen=True)
class Sent:
    """What became of a file: an asset, new or in already, or a sentence why there is none."""

    file: PlannedFile
    asset_id: str | None = None
    was_in: bool = False
    refusal: str | None = None


@dataclass(frozen=True)
class Sender:
    """`programme_item_ids` by position. Once `stop` is set, what is under way is given up."""

    runtime: Runtime
    event_id: str
    programme_item_ids: tuple[str, ...]
    stop: threading.Event

    def send(self, file: PlannedFile, report_progress: ReportProgress) -> Sent:
        """Never raises for what concerns this file alone: the others go on."""
        try:
            return self._send(file, report_progress)
        except Interrupted:
            raise
        except (InsufficientStorage, StorageError) as error:  # they speak of keys, not of files
            return Sent(file, refusal=f"{file.name} did not come in. {error}")
        except PortalError as error:
            return Sent(file, refusal=str(error))
        except OSError as error:
            return Sent(file, refusal=f"{file.name} cannot be read: {error.strerror}.")

    def _send(self, file: PlannedFile, report_progress: ReportProgress) -> Sent:
        with _opened(file) as source:
            sha256 = self._digest(source, report_progress)
            _check_declared(file, sha256)
            if (known_id := self._known(file, sha256)) is not None:
                return Sent(file, asset_id=known_id, was_in=True)
            upload = self._begin(source, sha256)
            with self._aborted_on_failure(upload):
                parts = self._put_parts(source, upload, sha256, report_progress)
                upload = uploads_service.complete(self.runtime, upload.id, parts=parts)
        return Sent(
            file,
            asset_id=upload.asset_id,
            was_in=upload.state is UploadState.DUPLICATE,
        )

    def _digest(self, source: _Source, report_progress: ReportProgress) -> str:
        digest = hashlib.sha256()
        for chunk in source.chunks(READ_BYTES):
            self._check_stop()
            digest.update(chunk)
            report_progress(READ_SHARE * source.share_read)
        source.check_unchanged()
        return digest.hexdigest()

    def _known(self, file: PlannedFile, sha256: str) -> str | None:
        """The asset that has these bytes, described anew; what failed of it is tried again.

        One whose original got lost or damaged on the way in is not among them: it makes room
        as soon as this file has been verified.
        """
        with self.runtime.engine.begin() as connection:
            known = assets_service.find_by_sha256(connection, self.event_id, sha256)
            if known is None:
                return None
            assets_service.retry_failed(connection, known.id)
            if file.is_described:
                self._describe(connection, known, self._description(file))
            return known.id

    def _describe(self, connection: Connection, asset: Asset, description: FileDescription) -> None:
        people = [people_service.ensure_person(connection, name) for name in description.people]
        assets_service.describe_asset(
            connection,
            asset,
            title=description.title,
            caption=description.caption,
            language=description.language,
            programme_item_id=description.programme_item_id,
            person_ids=[person.id for person in people],
        )

    def _begin(self, source: _Source, sha256: str) -> Upload:
        offer = FileOffer(
            event_id=self.event_id,
            filename=_readable_name(source.file.path),
            size_bytes=source.size_bytes,
            head=source.head(),
            declared_sha256=sha256,
            description=self._description(source.file),
        )
        return uploads_service.begin(self.runtime, offer)

    def _description(self, file: PlannedFile) -> FileDescription:
        position = file.programme_position
        return FileDescription(
            title=file.entry.title,
            caption=file.entry.caption,
            language=file.entry.language,
            people=file.entry.people,
            programme_item_id=None if position is None else self.programme_item_ids[position],
        )

    def _put_parts(
        self, source: _Source, upload: Upload, sha256: str, report_progress: ReportProgress
    ) -> list[StoredPart]:
        """Raises InvalidInput when the bytes are not those of the first reading."""
        digest = hashlib.sha256()
        parts = []
        for number, chunk in enumerate(source.chunks(upload.part_bytes), start=1):
            self._check_stop()
            digest.update(chunk)
            parts.append(uploads_service.put_part(self.runtime, upload, number, BytesIO(chunk)))
            report_progress(READ_SHARE + (1 - READ_SHARE) * source.share_read)
        source.check_unchanged()
        if digest.hexdigest() != sha256:
            raise _changed(source.file)
        return parts

    @contextmanager
    def _aborted_on_failure(self, upload: Upload) -> Iterator[None]:
        try:
            yield
        except (PortalError, OSError):
            self._abort(upload)
            raise

    def _abort(self, upload: Upload) -> None:
        try:
            uploads_service.abort(self.runtime, upload.id)
        except PortalError:
            return  # the sweep finds it later; the first failure is what the user must hear of

    def _check_stop(self) -> None:
        if self.stop.is_set():
            raise Interrupted("The transfer was interrupted; repeat the command to go on.")


class _Source:
    """An open file and what it was when it was opened."""

    def __init__(self, file: PlannedFile, stream: BinaryIO) -> None:
        self.file = file
        self._stream = stream
        self._before = os.fstat(stream.fileno())
        self._read_bytes = 0

    @property
    def size_bytes(self) -> int:
        return self._before.st_size

    @property
    def share_read(self) -> float:
        return min(1.0, self._read_bytes / max(1, self.size_bytes))

    def head(self) -> bytes:
        self._stream.seek(0)
        return self._stream.read(HEAD_BYTES)

    def chunks(self, size_bytes: int) -> Iterator[bytes]:
        """The file from its beginning. Raises InvalidInput as soon as it has grown."""
        self._stream.seek(0)
        self._read_bytes = 0
        while chunk := self._stream.read(size_bytes):
            self._read_bytes += len(chunk)
            if self._read_bytes > self.size_bytes:
                raise _changed(self.file)
            yield chunk

    def check_unchanged(self) -> None:
        """Raises InvalidInput when the file is not what it was when it was opened."""
        now = os.fstat(self._stream.fileno())
        is_same = (now.st_size, now.st_mtime_ns) == (self._before.st_size, self._before.st_mtime_ns)
        if not is_same or self._read_bytes != self.size_bytes:
            raise _changed(self.file)


@contextmanager
def _opened(file: PlannedFile) -> Iterator[_Source]:
    with _open_regular(file.path, name=file.name) as stream:
        yield _Source(file, stream)


def _open_regular(path: Path, *, name: str) -> BinaryIO:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
        raise InvalidInput(f"{name} is no file.")
    return path.open("rb")


def _readable_name(path: Path) -> str:
    """A file system takes any bytes as a name, a database only text."""
    return os.fsencode(path.name).decode(errors="replace")


def _check_declared(file: PlannedFile, sha256: str) -> None:
    declared = file.entry.sha256
    if declared is not None and declared != sha256:
        raise InvalidInput(
            f"{file.name} is not the file that event.yaml describes: its SHA-256 is {sha256}, "
            f"not {declared}."
        )


def _changed(file: PlannedFile) -> InvalidInput:
    return InvalidInput(f"{file.name} changed while it was being read; send it again.")
