"""Listing a store that misbehaves: every page is looked at once, and none for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from types_boto3_s3 import S3Client

from portal.errors import StorageUnavailable
from portal.storage.s3.objects import Objects


class EndlessStore:
    """Says of each page that there is another one, which is the same."""

    def list_objects_v2(self, **wanted: str) -> Mapping[str, object]:
        del wanted
        return {"IsTruncated": True, "Contents": []}


def test_a_list_without_an_end_is_given_up() -> None:
    objects = Objects(cast("S3Client", EndlessStore()), bucket="bucket")
    with pytest.raises(StorageUnavailable, match="end of its list"):
        list(objects.list("assets/"))
