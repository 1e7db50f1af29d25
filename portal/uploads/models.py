"""Uploads: a file on its way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from portal.assets.models import Kind
from portal.languages import LocalizedText


class UploadState(StrEnum):
    OPEN = "open"
    COMPLETING = "completing"  # acknowledged: the asset exists, its object is being put together
    FINISHED = "finished"
    DUPLICATE = "duplicate"  # the same bytes were in already; nothing new was kept
    ABORTED = "aborted"


@dataclass(frozen=True)
class FileDescription:
    """What an editor says of a file."""

    title: LocalizedText = field(default_factory=dict)
    caption: LocalizedText = field(default_factory=dict)
    language: str | None = None
    people: tuple[str, ...] = ()
    programme_item_id: str | None = None


@dataclass(frozen=True)
class Upload:
    """`asset_id` is the id that the asset has once the upload is complete."""

    id: str
    event_id: str
    asset_id: str
    kind: Kind
    filename: str
    media_type: str
    key: str
    storage_upload_id: str
    size_bytes: int
    part_bytes: int
    declared_sha256: str | None
    state: UploadState
    description: FileDescription

    @property
    def part_count(self) -> int:
        return max(1, -(-self.size_bytes // self.part_bytes))
