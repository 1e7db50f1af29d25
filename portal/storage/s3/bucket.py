"""The bucket: made when it is not there, private, open to the portal's pages in browsers (CORS)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import structlog
from botocore.exceptions import ClientError

from portal.errors import StorageError
from portal.settings import Settings
from portal.storage.s3 import mark
from portal.storage.s3.addresses import CHECKSUM_HEADER
from portal.storage.s3.client import open_client
from portal.storage.s3.errors import error_code
from portal.storage.s3.retrying import retried

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import BucketLocationConstraintType
    from types_boto3_s3.type_defs import CORSRuleOutputTypeDef, CORSRuleTypeDef

RULE_ID = "press-portal"
METHODS = ("GET", "HEAD", "PUT")
REQUEST_HEADERS = ("content-type", "range", CHECKSUM_HEADER)
EXPOSED_HEADERS = ("Accept-Ranges", "Content-Length", "Content-Range", "ETag")
"""Without ETag a browser cannot tell what it has sent; players want to know ranges."""
RULE_SECONDS = 3600
_OURS = frozenset({"BucketAlreadyOwnedByYou"})
_AWS_FIRST_REGION = "us-east-1"

_log = structlog.get_logger(__name__)


def set_up_bucket(settings: Settings) -> None:
    """Make the bucket unless it is there, and let browsers on the portal's pages use it.

    Any number of processes may do so at once. Raises StorageDenied or StorageUnavailable. A
    store that knows no CORS, or an account that may not set it, is no hindrance here: somebody
    may have set it elsewhere, and `portal doctor` tells.
    """
    client = open_client(settings)
    what = f"bucket {settings.s3_bucket}"
    if not retried(partial(_is_there, client, settings.s3_bucket), what):
        retried(partial(_create, client, settings), what)
    try:
        allow_browsers(client, settings)
    except StorageError as error:
        _log.warning("browsers may not use the bucket yet", reason=str(error))


def holds_anything(settings: Settings) -> bool:
    """Also what is no object of the portal's, but for a bucket's mark.

    Raises StorageDenied or StorageUnavailable.
    """
    client = open_client(settings)
    request = partial(_holds_anything, client, settings.s3_bucket)
    return retried(request, f"bucket {settings.s3_bucket}")


def allow_browsers(client: S3Client, settings: Settings) -> None:
    """Put our rule beside those of others, in place of one of ours for another address.

    Nothing is put where others' rules suffice: that the operator set it up may be all we may do.
    """
    rules = cors_rules(client, settings.s3_bucket)
    kept = [rule for rule in rules if rule.get("ID") != RULE_ID]
    ours = [rule["AllowedOrigins"] for rule in rules if rule.get("ID") == RULE_ID]
    is_current = ours in ([], [[portal_origin(settings)]])
    if is_current and any(allows_portal(rule, settings) for rule in rules):
        return
    request = partial(
        client.put_bucket_cors,
        Bucket=settings.s3_bucket,
        CORSConfiguration={"CORSRules": [*kept, our_rule(settings)]},
    )
    retried(request, f"CORS rules of the bucket {settings.s3_bucket}")


def cors_rules(client: S3Client, bucket: str) -> Sequence[CORSRuleOutputTypeDef]:
    return retried(partial(_ask_cors_rules, client, bucket), f"CORS rules of the bucket {bucket}")


def our_rule(settings: Settings) -> CORSRuleTypeDef:
    return {
        "ID": RULE_ID,
        "AllowedOrigins": [portal_origin(settings)],
        "AllowedMethods": list(METHODS),
        "AllowedHeaders": list(REQUEST_HEADERS),
        "ExposeHeaders": list(EXPOSED_HEADERS),
        "MaxAgeSeconds": RULE_SECONDS,
    }


def allows_portal(rule: CORSRuleOutputTypeDef, settings: Settings) -> bool:
    """Whether it allows all that the portal's pages need."""
    origins = set(rule["AllowedOrigins"])
    headers = {name.lower() for name in rule.get("AllowedHeaders", [])}
    exposed = {name.lower() for name in rule.get("ExposeHeaders", [])}
    return (
        not origins.isdisjoint({"*", portal_origin(settings)})
        and set(METHODS) <= set(rule["AllowedMethods"])
        and ("*" in headers or headers >= set(REQUEST_HEADERS))
        and ("*" in exposed or "etag" in exposed)
    )


def portal_origin(settings: Settings) -> str:
    """`https://press.example.org`, or any while no public address is set: what a browser gets
    there needs a signed address, whatever page it is on.
    """
    if settings.base_url is None:
        return "*"
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_there(client: S3Client, bucket: str) -> bool:
    try:
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError as error:
        if error_code(error) == "NoSuchBucket":
            return False
        raise
    return True


def _holds_anything(client: S3Client, bucket: str) -> bool:
    try:
        found = client.list_objects_v2(Bucket=bucket, MaxKeys=2).get("Contents", [])
    except ClientError as error:
        if error_code(error) == "NoSuchBucket":
            return False
        raise
    return any(listed["Key"] != mark.KEY for listed in found)


def _create(client: S3Client, settings: Settings) -> None:
    region = settings.s3_region
    try:
        if region == _AWS_FIRST_REGION:  # AWS refuses this one as a constraint
            client.create_bucket(Bucket=settings.s3_bucket)
        else:
            # The stubs know Amazon's regions only; a store of one's own may have any.
            place = cast("BucketLocationConstraintType", region)
            client.create_bucket(
                Bucket=settings.s3_bucket, CreateBucketConfiguration={"LocationConstraint": place}
            )
    except ClientError as error:
        if error_code(error) not in _OURS:
            raise


def _ask_cors_rules(client: S3Client, bucket: str) -> Sequence[CORSRuleOutputTypeDef]:
    try:
        return client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error_code(error) == "NoSuchCORSConfiguration":
            return []
        raise
