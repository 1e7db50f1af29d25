"""The store's own requests for single objects, each tried again as long as that makes sense.

Any name is taken here, also of what is no object of the portal's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from portal.errors import ObjectMissing, StorageCorrupt, StorageUnavailable
from portal.storage.s3.downloads import Version
from portal.storage.s3.errors import NAMELESS, error_code
from portal.storage.s3.retrying import retried

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef


@dataclass(frozen=True)
class Listed:
    key: str
    size_bytes: int
    stored_at: datetime


class Objects:
    def __init__(self, client: S3Client, *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        request = partial(
            self._client.put_object,
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentType=media_type,
            ChecksumSHA256=checksum,
        )
        answer = retried(request, f"object {key}")
        if answer.get("ChecksumSHA256") != checksum:  # the store has compared nothing
            self._require_size(key, len(content))

    def version(self, key: str) -> Version:
        """Raises ObjectMissing."""
        return retried(partial(self._ask_version, key), f"object {key}")

    def read(self, key: str, *, byte_range: str | None = None) -> bytes:
        """Nothing from beyond the end. Raises ObjectMissing."""
        return retried(partial(self._read, key, byte_range), f"object {key}")

    def delete(self, key: str) -> None:
        request = partial(self._client.delete_object, Bucket=self._bucket, Key=key)
        try:
            retried(request, f"object {key}")
        except ObjectMissing:
            return  # most stores say that it went well

    def _ask_version(self, key: str) -> Version:
        try:
            found = self._head(key)
        except ClientError as error:
            if error_code(error) not in NAMELESS:
                raise
            self._ask_for_the_reason(key)
            found = self._head(key)  # it is there after all: it came between the two requests
        checksum = found.get("ChecksumSHA256")
        is_of_parts = checksum is not None and "-" in checksum
        return Version(
            key=key,
            etag=found["ETag"],
            size_bytes=found["ContentLength"],
            checksum=None if is_of_parts else checksum,
            parts_checksum=checksum if is_of_parts else None,
        )

    def _require_size(self, key: str, size_bytes: int) -> None:
        found = self.version(key).size_bytes
        if found != size_bytes:
            raise StorageCorrupt(
                f"The store keeps {found:,} bytes of the object {key}, which has {size_bytes:,}."
            )

    def _head(self, key: str) -> HeadObjectOutputTypeDef:
        return self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")

    def _ask_for_the_reason(self, key: str) -> None:
        """Raises ClientError with the code that an answer to HEAD has no room for."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key, Range="bytes=0-0")
        answer["Body"].close()

    def _read(self, key: str, byte_range: str | None) -> bytes:
        if byte_range is None:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
            return answer["Body"].read()
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=byte_range)
        except ClientError as error:
            if error_code(error) == "InvalidRange":
                return b""
            raise
        return answer["Body"].read()

    # Last, because from here on `list` names this method within the class.
    def list(self, prefix: str) -> Iterator[Listed]:
        """Every object whose key starts with `prefix`, in key order."""
        what = f"list of {prefix or 'all objects'}"
        after = ""
        while True:
            request = partial(
                self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, StartAfter=after
            )
            page = retried(request, what)
            before = after
            for found in page.get("Contents", []):
                yield Listed(found["Key"], found["Size"], found["LastModified"])
                after = found["Key"]
            if not page.get("IsTruncated"):
                return
            if after <= before:  # a faulty server would keep us here for ever
                raise StorageUnavailable(f"The store does not come to the end of its {what}.")
