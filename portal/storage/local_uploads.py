"""Uploads in parts on a local disk, each in a folder `.uploads/{upload id}` beside the objects.

Completing one is a rename, so that it takes the same moment for a kilobyte and a terabyte.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from portal.errors import Conflict, InsufficientStorage, InvalidInput, ObjectMissing
from portal.ids import is_id, new_id
from portal.storage.folders import (
    free_bytes,
    make_folder,
    open_folder,
    place_file,
    split_key,
    storage_errors,
)
from portal.storage.interface import MultipartUploads, ObjectInfo, OpenUpload, StoredPart
from portal.storage.local_parts import (
    DATA,
    INFO,
    PARTS,
    SPARE,
    UploadFolder,
    UploadInfo,
    held_slot,
    read_info,
    replace_part,
    stored_part,
    stored_parts,
    write_empty,
    write_part,
)
from portal.storage.part_layout import require_same
from portal.storage.root import set_up_root

UPLOADS = ".uploads"
DRAFT = "draft-"
"""Start of the name of a folder that is just being made."""
ACTIVE_SECONDS_MAX = 24 * 3600.0
"""An upload that got nothing for so long has no claim on free space any more."""


class LocalUploads(MultipartUploads):
    """Finished uploads become the files `root/<key>` of a `LocalStore` over the same root."""

    def __init__(self, root: Path, *, free_bytes_min: int) -> None:
        set_up_root(root)
        self._root = root
        self._free_bytes_min = free_bytes_min

    def begin(self, key: str, *, size_bytes: int, part_bytes: int, media_type: str) -> str:
        del media_type  # a file system keeps none; the database does
        split_key(key)
        if size_bytes < 1 or part_bytes < 1:
            raise InvalidInput("An upload and its parts must hold at least one byte.")
        info = UploadInfo(key=key, size_bytes=size_bytes, part_bytes=part_bytes)
        upload_id = new_id()
        with (
            storage_errors(f"upload of {key}"),
            open_folder(self._root, [UPLOADS], create=True) as uploads,
        ):
            fcntl.flock(uploads, fcntl.LOCK_EX)  # two must not be promised the same space
            self._remove_drafts(uploads)
            self._require_space(uploads, size_bytes)
            self._make(upload_id, info, within=uploads)
        return upload_id

    def _make(self, upload_id: str, info: UploadInfo, *, within: int) -> None:
        """A folder gets its name once it is whole: a crash leaves a draft and never half of one."""
        draft = DRAFT + upload_id
        with ExitStack() as unless_whole:
            unless_whole.callback(self._remove, draft)
            make_folder(draft, within=within)
            with open_folder(self._root, [UPLOADS, draft]) as folder:
                write_empty(folder, info)
            os.rename(draft, upload_id, src_dir_fd=within, dst_dir_fd=within)
            unless_whole.pop_all()
        os.fsync(within)

    def _remove_drafts(self, uploads: int) -> None:
        """Drafts are made under the lock that we hold: those found are of killed processes."""
        for name in os.listdir(uploads):
            if name.startswith(DRAFT):
                self._remove(name)

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        *,
        expected_sha256: str | None = None,
    ) -> StoredPart:
        with self._locked(key, upload_id, is_shared=True) as upload:
            upload.info.expected_bytes(number)
            with held_slot(upload, number):
                if stored_part(upload.descriptor, number) is None:
                    return write_part(upload, number, body, expected_sha256=expected_sha256)
        with self._locked(key, upload_id) as upload:
            return replace_part(upload, number, body, expected_sha256=expected_sha256)

    def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        with self._locked(key, upload_id, is_shared=True) as upload:
            return sorted(stored_parts(upload.descriptor).values(), key=lambda part: part.number)

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart]) -> ObjectInfo:
        size_bytes = sum(part.size_bytes for part in parts)
        try:
            with self._locked(key, upload_id) as upload:
                require_same(upload.info, stored_parts(upload.descriptor), parts)
                place_file(self._root, key, source=DATA, source_folder=upload.descriptor)
        except ObjectMissing:
            self._require_completed(key, size_bytes)  # by an earlier call, perhaps cut short
        self._remove(upload_id)
        return ObjectInfo(key=key, size_bytes=size_bytes)

    def abort(self, key: str, upload_id: str) -> None:
        with suppress(ObjectMissing), self._locked(key, upload_id):
            self._remove(upload_id)

    def list_open(self) -> Iterator[OpenUpload]:
        with storage_errors("folder of uploads"):
            try:
                with open_folder(self._root, [UPLOADS]) as uploads, os.scandir(uploads) as found:
                    names = sorted(entry.name for entry in found if is_id(entry.name))
            except FileNotFoundError:
                return
        for upload_id in names:
            with suppress(FileNotFoundError, NotADirectoryError):
                yield self._described(upload_id)

    def _described(self, upload_id: str) -> OpenUpload:
        with open_folder(self._root, [UPLOADS, upload_id]) as folder:
            info = read_info(folder)
            begun = os.stat(INFO, dir_fd=folder, follow_symlinks=False).st_mtime
        return OpenUpload(info.key, upload_id, datetime.fromtimestamp(begun, UTC))

    @contextmanager
    def _locked(
        self, key: str, upload_id: str, *, is_shared: bool = False
    ) -> Iterator[UploadFolder]:
        """Shared by those who write new parts, each to its own place; alone for everything else,
        so that no part is written into an object that has just been completed.
        """
        if not is_id(upload_id):
            raise ObjectMissing(f"There is no upload {upload_id!r}.")
        with (
            storage_errors(f"upload {upload_id} of {key}"),
            open_folder(self._root, [UPLOADS, upload_id]) as folder,
        ):
            fcntl.flock(folder, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
            info = read_info(folder)
            os.stat(DATA, dir_fd=folder, follow_symlinks=False)
            if info.key != key:
                raise ObjectMissing(f"There is no upload {upload_id} of {key}.")
            yield UploadFolder(descriptor=folder, info=info)

    def _require_space(self, uploads: int, size_bytes: int) -> None:
        promised = sum(self._missing_bytes(upload_id) for upload_id in os.listdir(uploads))
        left = free_bytes(uploads) - promised - size_bytes
        if left < self._free_bytes_min:
            raise InsufficientStorage(
                f"The disk has no room for {size_bytes:,} bytes: "
                f"{self._free_bytes_min:,} bytes must stay free, {max(left, 0):,} would."
            )

    def _missing_bytes(self, upload_id: str) -> int:
        """What an upload that is under way will still take."""
        try:
            with open_folder(self._root, [UPLOADS, upload_id]) as folder:
                found = os.stat(DATA, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        if time.time() - found.st_mtime > ACTIVE_SECONDS_MAX:
            return 0
        return max(0, found.st_size - found.st_blocks * 512)

    def _require_completed(self, key: str, size_bytes: int) -> None:
        folders, name = split_key(key)
        with storage_errors(f"object {key}"), open_folder(self._root, folders) as folder:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if found.st_size != size_bytes:
            raise Conflict(f"The object {key} is complete and has other parts than those named.")

    def _remove(self, name: str) -> None:
        with (
            storage_errors(f"upload {name}"),
            suppress(FileNotFoundError),
            open_folder(self._root, [UPLOADS]) as uploads,
        ):
            with open_folder(self._root, [UPLOADS, name]) as folder:
                for file in (DATA, PARTS, SPARE, INFO):
                    with suppress(FileNotFoundError):
                        os.unlink(file, dir_fd=folder)
            os.rmdir(name, dir_fd=uploads)
            os.fsync(uploads)
