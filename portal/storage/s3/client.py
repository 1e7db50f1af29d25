"""The boto3 client, with every choice that matters made here."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from portal.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

for _name in ("boto3", "botocore", "s3transfer", "urllib3"):
    # What they say of a request at level debug can be used to sign others.
    logging.getLogger(_name).setLevel(logging.WARNING)

CONNECT_SECONDS_MAX = 5
READ_SECONDS_MAX = 60
"""Without a byte for so long. Making one object of many parts may take a store that long."""
CONNECTIONS_MAX = 32


def open_client(settings: Settings, *, is_anonymous: bool = False) -> S3Client:
    """A client that may be shared by threads; it connects at its first request.

    An anonymous one signs nothing, to see what the store lets anybody do.
    """
    access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
    if settings.s3_endpoint_url is None or access_key is None or secret_key is None:
        raise ValueError("these settings name no store")
    # An AWS_PROFILE in the environment, meant for other programs, must neither hinder nor help.
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    core.register_component("data_loader", _descriptions())
    session = boto3.session.Session(
        botocore_session=core,
        aws_access_key_id=access_key.get_secret_value(),
        aws_secret_access_key=secret_key.get_secret_value(),
        region_name=settings.s3_region,
    )
    return session.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        config=_config(UNSIGNED if is_anonymous else "s3v4"),
    )


@cache
def _descriptions() -> Loader:
    """boto3's descriptions of the service: reading them takes most of the time of opening."""
    return create_loader()


def _config(signature_version: object) -> Config:
    return Config(
        signature_version=cast("str", signature_version),  # its stubs do not know UNSIGNED
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_SECONDS_MAX,
        read_timeout=READ_SECONDS_MAX,
        max_pool_connections=CONNECTIONS_MAX,
        retries={"mode": "standard", "total_max_attempts": 1},  # see retrying.py
        # https://github.com/boto/boto3/issues/4398: its own checksums break other stores than AWS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
