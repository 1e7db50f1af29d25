"""Upload ids that carry the layout of the upload, since a store tells nothing of one under way.

Any process can so judge a part by key and id alone. A store lists its own ids only, so an empty
object in `.uploads/` says what we call each; names with a dot in front are no keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.errors import ObjectMissing
from portal.storage.part_layout import PartLayout

MARKS = ".uploads/"
_UPLOAD_ID = re.compile(r"(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9._~+=-]{1,400})")


@dataclass(frozen=True)
class UploadId:
    """`vendor_id` is the store's own."""

    layout: PartLayout
    vendor_id: str

    def __str__(self) -> str:
        return f"{self.layout.size_bytes}.{self.layout.part_bytes}.{self.vendor_id}"


def parse_upload_id(value: str) -> UploadId:
    """Raises ObjectMissing: what we did not name does not exist."""
    found = _UPLOAD_ID.fullmatch(value)
    if found is None or int(found[2]) < 1:
        raise ObjectMissing(f"There is no upload {value[:100]!r}.")
    layout = PartLayout(size_bytes=int(found[1]), part_bytes=int(found[2]))
    return UploadId(layout=layout, vendor_id=found[3])


def mark_of(key: str, upload_id: UploadId) -> str:
    return f"{MARKS}{key}/{upload_id}"


def parse_mark(mark: str) -> tuple[str, UploadId] | None:
    """The key and the id that a mark stands for; None for what is no mark of ours."""
    key, _, upload_id = mark.removeprefix(MARKS).rpartition("/")
    try:
        return key, parse_upload_id(upload_id)
    except ObjectMissing:
        return None
