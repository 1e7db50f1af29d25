"""What `portal doctor` asks of a store beyond storing: is it private, can browsers use it, do the
clocks agree.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from portal.ids import new_id
from portal.settings import Settings
from portal.storage import keys
from portal.storage.interface import StorageFault
from portal.storage.s3.bucket import allows_portal, cors_rules, portal_origin
from portal.storage.s3.client import open_client
from portal.storage.s3.errors import error_status
from portal.storage.s3.objects import Objects
from portal.storage.s3.retrying import retried

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CLOCK_SECONDS_MAX = 60.0
"""Stores refuse requests that are dated 15 minutes wrong; long before, signed addresses fail."""


def faults_of(settings: Settings) -> list[StorageFault]:
    """What is wrong with a store that works. Raises StorageDenied or StorageUnavailable."""
    client = open_client(settings)
    found = (
        _clock_fault(client, settings),
        _openness_fault(client, settings),
        _cors_fault(client, settings),
    )
    return [fault for fault in found if fault is not None]


def clock_fault(skew_seconds: float) -> StorageFault | None:
    """`skew_seconds` is how far the store's clock is ahead of ours."""
    if abs(skew_seconds) <= CLOCK_SECONDS_MAX:
        return None
    direction = "ahead of" if skew_seconds > 0 else "behind"
    return StorageFault(
        f"The store's clock is {abs(skew_seconds):,.0f} s {direction} this machine's, so that "
        "signed addresses work too late or not at all.",
        "Set both clocks by NTP.",
    )


def _clock_fault(client: S3Client, settings: Settings) -> StorageFault | None:
    request = partial(client.list_objects_v2, Bucket=settings.s3_bucket, MaxKeys=1)
    answer = retried(request, f"bucket {settings.s3_bucket}")
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if said is None:
        return None
    return clock_fault(parsedate_to_datetime(said).timestamp() - time.time())


def _openness_fault(client: S3Client, settings: Settings) -> StorageFault | None:
    """A request without a signature must be refused, for an object that is there."""
    objects, key = Objects(client, bucket=settings.s3_bucket), keys.doctor_probe(new_id())
    stranger = open_client(settings, is_anonymous=True)
    objects.put(key, b"", media_type="text/plain")
    try:
        is_refused = retried(partial(_is_refused, stranger, settings.s3_bucket, key), "probe")
    finally:
        objects.delete(key)
    if is_refused:
        return None
    return StorageFault(
        f"Anybody can read the bucket {settings.s3_bucket}, drafts included.",
        "Take the bucket's public policy and access list away.",
    )


def _cors_fault(client: S3Client, settings: Settings) -> StorageFault | None:
    rules = cors_rules(client, settings.s3_bucket)
    if any(allows_portal(rule, settings) for rule in rules):
        return None
    return StorageFault(
        f"The bucket {settings.s3_bucket} has no CORS rule that lets pages of "
        f"{portal_origin(settings)} upload and play.",
        "Run `portal migrate`, or let GET, HEAD and PUT in and expose ETag at the store.",
    )


def _is_refused(client: S3Client, bucket: str, key: str) -> bool:
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_status(error) in {400, 401, 403, 404}:
            return True
        raise
    return False
