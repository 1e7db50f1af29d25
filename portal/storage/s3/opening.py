"""The views of one bucket, as settings name it."""

from __future__ import annotations

from portal.settings import Settings
from portal.storage.s3.addresses import S3Addresses
from portal.storage.s3.client import open_client
from portal.storage.s3.signing import Signer
from portal.storage.s3.store import S3Store
from portal.storage.s3.uploads import S3Uploads
from portal.storage.shared_copies import COPIES, SharedCopies


def open_store(settings: Settings) -> tuple[S3Store, S3Uploads, S3Addresses, S3Addresses]:
    """They share one client; nothing is asked of the store yet.

    The last are the addresses by which machines beside the store reach it.
    """
    client, bucket = open_client(settings), settings.s3_bucket
    copies = SharedCopies(settings.scratch_path / COPIES)
    return (
        S3Store(client, bucket=bucket, copies=copies),
        S3Uploads(client, bucket=bucket),
        open_addresses(settings, url=settings.s3_public_url or settings.s3_endpoint_url),
        open_addresses(settings, url=settings.s3_endpoint_url),
    )


def open_addresses(settings: Settings, *, url: str | None) -> S3Addresses:
    access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
    if url is None or access_key is None or secret_key is None:
        raise ValueError("these settings name no store")
    signer = Signer(
        access_key.get_secret_value(), secret_key.get_secret_value(), settings.s3_region
    )
    return S3Addresses(signer, public_url=url, bucket=settings.s3_bucket)
