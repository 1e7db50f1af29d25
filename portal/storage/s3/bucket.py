"""The bucket: made when it is not there."""

from __future__ import annotations

from portal.settings import Settings
from portal.storage.s3.client import open_client


def set_up_bucket(settings: Settings) -> None:
    """Make the bucket unless it is there. Any number of processes may do so at once."""
    open_client(settings).create_bucket(Bucket=settings.s3_bucket)
