"""The boto3 client, with every choice that matters made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from portal.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS_MAX = 5
READ_SECONDS_MAX = 60
TRIES_MAX = 6
CONNECTIONS_MAX = 32


def open_client(settings: Settings) -> S3Client:
    """A client that may be shared by threads; it connects at its first request."""
    access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
    if settings.s3_endpoint_url is None or access_key is None or secret_key is None:
        raise ValueError("these settings name no store")
    session = boto3.session.Session(
        aws_access_key_id=access_key.get_secret_value(),
        aws_secret_access_key=secret_key.get_secret_value(),
        region_name=settings.s3_region,
    )
    return session.client("s3", endpoint_url=settings.s3_endpoint_url, config=_config())


def _config() -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_SECONDS_MAX,
        read_timeout=READ_SECONDS_MAX,
        max_pool_connections=CONNECTIONS_MAX,
        retries={"mode": "standard", "total_max_attempts": TRIES_MAX},
        # https://github.com/boto/boto3/issues/4398: its own checksums break other stores than AWS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
