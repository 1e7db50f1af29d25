"""The mark of a bucket: a small object that tells it from every other one.

Its name is outside of our key grammar, so that no list of objects has it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from portal.settings import Settings
from portal.storage.s3.client import open_client
from portal.storage.s3.errors import error_code
from portal.storage.s3.objects import Objects
from portal.storage.s3.retrying import retried

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEY = ".installation"
_MISSING = frozenset({"NoSuchKey", "NoSuchBucket"})


def read_mark(settings: Settings) -> str | None:
    """None without a mark, and without a bucket. Raises StorageDenied or StorageUnavailable."""
    request = partial(_read, open_client(settings), settings.s3_bucket)
    return retried(request, f"mark of the bucket {settings.s3_bucket}")


def write_mark(settings: Settings, mark: str) -> None:
    """Raises StorageDenied or StorageUnavailable."""
    objects = Objects(open_client(settings), bucket=settings.s3_bucket)
    objects.put(KEY, f"{mark}\n".encode(), media_type="text/plain")


def _read(client: S3Client, bucket: str) -> str | None:
    try:
        content = client.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    except ClientError as error:
        if error_code(error) in _MISSING:
            return None
        raise
    return content.decode(errors="replace").strip() or None
