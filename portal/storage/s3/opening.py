"""The views of one bucket, as settings name it."""

from __future__ import annotations

from dataclasses import dataclass

from portal.settings import Settings
from portal.storage.s3.addresses import S3Addresses
from portal.storage.s3.client import open_client
from portal.storage.s3.signing import Signer
from portal.storage.s3.store import S3Store
from portal.storage.s3.uploads import S3Uploads
from portal.storage.shared_copies import COPIES, SharedCopies


@dataclass(frozen=True)
class S3Views:
    """`inner_addresses` are those by which machines beside the store reach it."""

    store: S3Store
    uploads: S3Uploads
    addresses: S3Addresses
    inner_addresses: S3Addresses


def open_store(settings: Settings) -> S3Views:
    """They share one client; nothing is asked of the store yet."""
    client, bucket = open_client(settings), settings.s3_bucket
    copies = SharedCopies(settings.scratch_path / COPIES)
    return S3Views(
        store=S3Store(client, bucket=bucket, copies=copies),
        uploads=S3Uploads(client, bucket=bucket),
        addresses=open_addresses(settings, url=settings.s3_public_url or settings.s3_endpoint_url),
        inner_addresses=open_addresses(settings, url=settings.s3_endpoint_url),
    )


def open_addresses(settings: Settings, *, url: str | None) -> S3Addresses:
    access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
    if url is None or access_key is None or secret_key is None:
        raise ValueError("these settings name no store")
    signer = Signer(
        access_key.get_secret_value(), secret_key.get_secret_value(), settings.s3_region
    )
    return S3Addresses(signer, public_url=url, bucket=settings.s3_bucket)
