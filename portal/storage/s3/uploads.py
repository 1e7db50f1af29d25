"""Uploads in parts to a bucket; browsers send their parts to the store itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from portal.errors import Conflict, InvalidInput, ObjectMissing
from portal.storage.interface import MultipartUploads, ObjectInfo, OpenUpload, StoredPart
from portal.storage.keys import checked_key
from portal.storage.part_layout import PARTS_MAX, PartLayout, require_digest, require_same
from portal.storage.s3.multipart import PART_BYTES_MIN, Multipart
from portal.storage.s3.objects import Objects
from portal.storage.s3.retrying import retried
from portal.storage.s3.upload_ids import MARKS, UploadId, mark_of, parse_mark, parse_upload_id

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MARK_AGE_MIN = timedelta(hours=1)
"""A mark without an upload is that of one that began a moment ago, or it has been forgotten."""


class S3Uploads(MultipartUploads):
    """Finished uploads become objects of an `S3Store` over the same bucket."""

    def __init__(self, client: S3Client, *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._multipart = Multipart(client, bucket=bucket)
        self._objects = Objects(client, bucket=bucket)

    def begin(self, key: str, *, size_bytes: int, part_bytes: int, media_type: str) -> str:
        checked_key(key)
        layout = PartLayout(size_bytes=size_bytes, part_bytes=part_bytes)
        _require_possible(layout)
        vendor_id = self._multipart.create(key, media_type=media_type)
        upload_id = UploadId(layout=layout, vendor_id=vendor_id)
        self._objects.put(mark_of(key, upload_id), b"", media_type="text/plain")
        return str(upload_id)

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        body: BinaryIO,
        *,
        expected_sha256: str | None = None,
    ) -> StoredPart:
        upload = parse_upload_id(upload_id)
        content = _read_part(body, number, expected_bytes=upload.layout.expected_bytes(number))
        require_digest(number, hashlib.sha256(content).hexdigest(), expected_sha256)
        return self._multipart.put(checked_key(key), upload.vendor_id, number, content)

    def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        return self._multipart.parts(checked_key(key), parse_upload_id(upload_id).vendor_id)

    def complete(self, key: str, upload_id: str, parts: Sequence[StoredPart]) -> ObjectInfo:
        upload = parse_upload_id(upload_id)
        try:
            stored = self._multipart.parts(checked_key(key), upload.vendor_id)
            _require_whole(upload.layout, stored, parts)
            self._multipart.finish(key, upload.vendor_id, stored)
        except ObjectMissing:
            pass  # it was completed by an earlier call, perhaps one whose answer got lost
        info = self._multipart.require_made(key, parts)
        self._objects.delete(mark_of(key, upload))
        return info

    def abort(self, key: str, upload_id: str) -> None:
        try:
            upload = parse_upload_id(upload_id)
        except ObjectMissing:
            return
        self._multipart.abort(checked_key(key), upload.vendor_id)
        self._objects.delete(mark_of(key, upload))

    def list_open(self) -> Iterator[OpenUpload]:
        """One without a mark, such as a file that a worker is storing, has a layout of nothing;
        it can be aborted like any other.
        """
        found = retried(self._vendor_uploads, "list of uploads")
        marks = {(key, upload.vendor_id): upload for key, upload in self._marks(found)}
        for key, vendor_id, begun_at in found:
            unknown = UploadId(PartLayout(size_bytes=0, part_bytes=1), vendor_id)
            upload_id = marks.get((key, vendor_id), unknown)
            yield OpenUpload(key, str(upload_id), begun_at)

    def _vendor_uploads(self) -> Sequence[tuple[str, str, datetime]]:
        """(key, the store's id, begin) of each."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
        return [
            (upload["Key"], upload["UploadId"], upload["Initiated"])
            for page in pages
            for upload in page.get("Uploads", [])
        ]

    def _marks(
        self, open_uploads: Sequence[tuple[str, str, datetime]]
    ) -> Iterator[tuple[str, UploadId]]:
        """All marks; one whose upload has long been gone is deleted instead."""
        known = {(key, vendor_id) for key, vendor_id, _ in open_uploads}
        oldest = datetime.now(UTC) - MARK_AGE_MIN
        for found in self._objects.list(MARKS):
            mark = parse_mark(found.key)
            if mark is None:
                continue
            if (mark[0], mark[1].vendor_id) in known:
                yield mark
            elif found.stored_at < oldest:
                self._objects.delete(found.key)


def _require_possible(layout: PartLayout) -> None:
    if layout.size_bytes < 1 or layout.part_bytes < 1:
        raise InvalidInput("An upload and its parts must hold at least one byte.")
    if layout.part_count > PARTS_MAX:
        raise InvalidInput(
            f"An upload has at most {PARTS_MAX:,} parts; {layout.size_bytes:,} bytes in parts of "
            f"{layout.part_bytes:,} have more."
        )
    if layout.part_count > 1 and layout.part_bytes < PART_BYTES_MIN:
        raise InvalidInput(f"A part must have at least {PART_BYTES_MIN:,} bytes.")


def _require_whole(
    layout: PartLayout, stored: Sequence[StoredPart], named: Sequence[StoredPart]
) -> None:
    """Browsers send parts past us, so sizes are looked at here. Raises Conflict."""
    for part in stored:
        if part.number > layout.part_count:
            raise Conflict(f"Part {part.number} does not belong to the upload.")
        if part.size_bytes != layout.expected_bytes(part.number):
            raise Conflict(f"Part {part.number} has {part.size_bytes:,} bytes, which is wrong.")
    require_same(layout, {part.number: part for part in stored}, named)


def _read_part(body: BinaryIO, number: int, *, expected_bytes: int) -> bytes:
    """A stream may give less at a time than it is asked for."""
    chunks: list[bytes] = []
    left = expected_bytes
    while left and (chunk := body.read(left)):
        chunks.append(chunk)
        left -= len(chunk)
    if left or body.read(1):
        raise InvalidInput(f"Part {number} must have exactly {expected_bytes:,} bytes.")
    return b"".join(chunks)
