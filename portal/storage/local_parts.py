"""The files of one unfinished upload on a local disk; its folder is named by a descriptor.

info.json   what the upload is to become
data        the object to be, sparse until all parts are in; each is written at its offset
parts       one slot per part: size, SHA-256, checksum of the slot
spare       a part that is sent again, until it is all there
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO

from portal.errors import InvalidInput
from portal.storage.folders import open_file, sync_file
from portal.storage.interface import StoredPart
from portal.storage.part_layout import PartLayout, require_digest

INFO, DATA, PARTS, SPARE = "info.json", "data", "parts", "spare"
CHUNK_BYTES = 1024**2
_CREATE = os.O_RDWR | os.O_CREAT
_SLOT = struct.Struct(">Q32s")
_SLOT_CHECK = struct.Struct(">I")
SLOT_BYTES = _SLOT.size + _SLOT_CHECK.size
_LOCK = struct.Struct("hhqqi4x")
"""The `struct flock` of 64-bit Linux."""


@dataclass(frozen=True)
class UploadInfo(PartLayout):
    key: str


@dataclass(frozen=True)
class UploadFolder:
    """The folder of an upload, open and locked, with what the upload says of itself."""

    descriptor: int
    info: UploadInfo


def write_empty(folder: int, info: UploadInfo) -> None:
    for name, size_bytes in ((DATA, info.size_bytes), (PARTS, info.part_count * SLOT_BYTES)):
        with open_file(name, within=folder, flags=_CREATE) as stream:
            stream.truncate(size_bytes)
            sync_file(stream)
    with open_file(INFO, within=folder, flags=_CREATE) as stream:
        stream.write(json.dumps(asdict(info)).encode())
        sync_file(stream)
    os.fsync(folder)


def read_info(folder: int) -> UploadInfo:
    with open_file(INFO, within=folder) as stream:
        return UploadInfo(**json.load(stream))


def write_part(
    upload: UploadFolder, number: int, body: BinaryIO, *, expected_sha256: str | None
) -> StoredPart:
    with open_file(DATA, within=upload.descriptor, flags=os.O_RDWR) as data:
        data.seek(upload.info.offset(number))
        part = _copy_part(upload.info, number, body, data)
    require_digest(number, part.etag, expected_sha256)
    _write_slot(upload.descriptor, part)
    return part


def replace_part(
    upload: UploadFolder, number: int, body: BinaryIO, *, expected_sha256: str | None
) -> StoredPart:
    """A part sent again first goes elsewhere: broken off, it must not spoil the stored one."""
    with open_file(SPARE, within=upload.descriptor, flags=_CREATE | os.O_TRUNC) as spare:
        part = _copy_part(upload.info, number, body, spare)
        require_digest(number, part.etag, expected_sha256)
        if part != stored_part(upload.descriptor, number):
            _clear_slot(upload.descriptor, number)
            spare.seek(0)
            part = write_part(upload, number, spare, expected_sha256=part.sha256)
        spare.truncate(0)
    return part


def _copy_part(info: UploadInfo, number: int, body: BinaryIO, target: BinaryIO) -> StoredPart:
    """Never writes past the part's own place, however long `body` is."""
    expected_bytes = info.expected_bytes(number)
    digest = hashlib.sha256()
    left = expected_bytes
    while left and (chunk := body.read(min(left, CHUNK_BYTES))):
        digest.update(chunk)
        target.write(chunk)
        left -= len(chunk)
    if left or body.read(1):
        raise InvalidInput(f"Part {number} must have exactly {expected_bytes:,} bytes.")
    sync_file(target)
    return _part(number, expected_bytes, digest.hexdigest())


def _part(number: int, size_bytes: int, sha256: str) -> StoredPart:
    return StoredPart(number=number, size_bytes=size_bytes, etag=sha256, sha256=sha256)


def _write_slot(folder: int, part: StoredPart) -> None:
    content = _SLOT.pack(part.size_bytes, bytes.fromhex(part.etag))
    _store_slot(folder, part.number, content + _SLOT_CHECK.pack(zlib.crc32(content)))


@contextmanager
def held_slot(upload: UploadFolder, number: int) -> Iterator[None]:
    """Alone with one part while others are written beside it.

    The lock belongs to the open file and not to the process, so that threads exclude each other
    too (https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html).
    """
    start = (number - 1) * SLOT_BYTES
    with open_file(PARTS, within=upload.descriptor, flags=os.O_RDWR) as stream:
        lock = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, SLOT_BYTES, 0)
        fcntl.fcntl(stream, fcntl.F_OFD_SETLKW, lock)
        yield


def _clear_slot(folder: int, number: int) -> None:
    _store_slot(folder, number, bytes(SLOT_BYTES))


def _store_slot(folder: int, number: int, slot: bytes) -> None:
    with open_file(PARTS, within=folder, flags=os.O_RDWR) as stream:
        stream.seek((number - 1) * SLOT_BYTES)
        stream.write(slot)
        sync_file(stream)


def stored_part(folder: int, number: int) -> StoredPart | None:
    """None if the part has not arrived."""
    with open_file(PARTS, within=folder) as stream:
        stream.seek((number - 1) * SLOT_BYTES)
        return _part_in(stream.read(SLOT_BYTES), number)


def stored_parts(folder: int) -> Mapping[int, StoredPart]:
    """The parts that have arrived, by number."""
    with open_file(PARTS, within=folder) as stream:
        slots = stream.read()
    count = len(slots) // SLOT_BYTES
    found = (_part_in(slots[n * SLOT_BYTES : (n + 1) * SLOT_BYTES], n + 1) for n in range(count))
    return {part.number: part for part in found if part is not None}


def _part_in(slot: bytes, number: int) -> StoredPart | None:
    """A slot that is empty, or torn by a crash, holds none."""
    content = slot[: _SLOT.size]
    if zlib.crc32(content) != _SLOT_CHECK.unpack_from(slot, _SLOT.size)[0]:
        return None
    size_bytes, digest = _SLOT.unpack(content)
    return _part(number, size_bytes, digest.hex())
