"""The store's own multipart requests, each tried again as long as that makes sense."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from portal.errors import Conflict, ObjectMissing, StorageUnavailable
from portal.storage.interface import ObjectInfo, StoredPart
from portal.storage.s3.objects import Objects
from portal.storage.s3.retrying import retried

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES_MIN = 5 * 1024**2
"""What stores take at least, for any part but the last."""
_ABORT_TRIES_MAX = 4


class Multipart:
    """Uploads in one bucket, by the ids that the store gives them."""

    def __init__(self, client: S3Client, *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._objects = Objects(client, bucket=bucket)

    def create(self, key: str, *, media_type: str) -> str:
        """The new upload's id. A reply that gets lost leaves an upload that nobody knows."""
        request = partial(
            self._client.create_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            ContentType=media_type,
            ChecksumAlgorithm="SHA256",  # so that parts are listed with their digests
        )
        return retried(request, f"object {key}")["UploadId"]

    def put(self, key: str, vendor_id: str, number: int, content: bytes) -> StoredPart:
        """Raises ObjectMissing."""
        digest = hashlib.sha256(content)
        request = partial(
            self._client.upload_part,
            Bucket=self._bucket,
            Key=key,
            UploadId=vendor_id,
            PartNumber=number,
            Body=content,
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
        )
        answer = retried(request, f"upload of {key}")
        sha256 = digest.hexdigest() if "ChecksumSHA256" in answer else None
        return StoredPart(number, len(content), answer["ETag"].strip('"'), sha256)

    def parts(self, key: str, vendor_id: str) -> Sequence[StoredPart]:
        """By number. Raises ObjectMissing."""
        return retried(partial(self._all_parts, key, vendor_id), f"upload of {key}")

    def finish(self, key: str, vendor_id: str, parts: Sequence[StoredPart]) -> None:
        """Raises ObjectMissing (perhaps it was finished before), Conflict."""
        request = partial(
            self._client.complete_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            UploadId=vendor_id,
            MultipartUpload={"Parts": [_named(part) for part in parts]},
        )
        retried(request, f"upload of {key}")

    def require_made(self, key: str, parts: Sequence[StoredPart]) -> ObjectInfo:
        """The object. Raises ObjectMissing, or Conflict when it is not made of these parts."""
        found = self._objects.version(key)
        checksums = {found.parts_checksum, _joint_checksum(parts)} - {None}
        if found.size_bytes != sum(part.size_bytes for part in parts) or len(checksums) > 1:
            raise Conflict(f"The object {key} is complete and has other parts than those named.")
        return ObjectInfo(key=key, size_bytes=found.size_bytes)

    def abort(self, key: str, vendor_id: str) -> None:
        """Until the store knows no part of it: one that was on its way may come in after."""
        request = partial(
            self._client.abort_multipart_upload,
            Bucket=self._bucket,
            Key=key,
            UploadId=vendor_id,
        )
        try:
            for _ in range(_ABORT_TRIES_MAX):
                retried(request, f"upload of {key}")
                self.parts(key, vendor_id)
        except ObjectMissing:
            return
        raise StorageUnavailable(f"The store keeps the upload of {key} although it was aborted.")

    def _all_parts(self, key: str, vendor_id: str) -> Sequence[StoredPart]:
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=key, UploadId=vendor_id
        )
        return [
            StoredPart(
                number=part["PartNumber"],
                size_bytes=part["Size"],
                etag=part["ETag"].strip('"'),
                sha256=_hexadecimal(part.get("ChecksumSHA256")),
            )
            for page in pages
            for part in page.get("Parts", [])
        ]


def _joint_checksum(parts: Sequence[StoredPart]) -> str | None:
    """What the store says of the checksums of all parts, None if it keeps none."""
    digests = [part.sha256 for part in sorted(parts, key=lambda part: part.number)]
    if None in digests:
        return None
    joined = b"".join(bytes.fromhex(digest) for digest in digests if digest is not None)
    return f"{base64.b64encode(hashlib.sha256(joined).digest()).decode()}-{len(parts)}"


def _named(part: StoredPart) -> CompletedPartTypeDef:
    named: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": f'"{part.etag}"'}
    if part.sha256 is not None:
        named["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(part.sha256)).decode()
    return named


def _hexadecimal(checksum: str | None) -> str | None:
    return None if checksum is None else base64.b64decode(checksum).hex()
