"""Uploads: a file on its way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from portal.assets.models import Kind
from portal.languages import LocalizedText
from portal.storage.part_layout import PartLayout


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
class FileOffer:
    """What someone wants to send. `head` are its first bytes, `account_id` is None for the CLI.

    `last_modified_ms` helps to tell the same file, chosen again, from another of its name.
    """

    event_id: str
    filename: str
    size_bytes: int
    head: bytes
    account_id: str | None = None
    last_modified_ms: int | None = None
    declared_sha256: str | None = None
    description: FileDescription = field(default_factory=FileDescription)


@dataclass(frozen=True)
class Upload:
    """`asset_id` is the id that the asset has once the upload is complete.

    `part_key` signs the addresses of its parts; `fingerprint` is that of the offer it came from.
    `begun_at` is known of what was read.
    """

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
    part_key: bytes = field(repr=False)
    account_id: str | None = None
    fingerprint: str | None = None
    begun_at: datetime | None = field(default=None, compare=False)

    @cached_property
    def layout(self) -> PartLayout:
        return PartLayout(size_bytes=self.size_bytes, part_bytes=self.part_bytes)

    @property
    def part_count(self) -> int:
        return self.layout.part_count


@dataclass(frozen=True)
class OpenUploads:
    """Those that were begun last, and how many more there are."""

    uploads: tuple[Upload, ...]
    more: int
