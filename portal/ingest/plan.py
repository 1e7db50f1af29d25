"""What a folder holds and in which order it is sent: pure, no file is touched here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from portal.events.manifest import MANIFEST_NAME, FileEntry, Manifest

CAPTION_ENDINGS = frozenset({".dfxp", ".sbv", ".srt", ".ttml", ".txt", ".vtt", ".xml"})
PHOTO_ENDINGS = frozenset(
    {
        *(".avif", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
        *(".arw", ".cr2", ".dng", ".nef", ".nrw", ".pef"),
    }
)
LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found"})
"""Names, in small letters, that operating systems and storage boxes leave in folders."""

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class PlannedFile:
    """A file to send. `name` is how the user knows it; `programme_position` counts from 0."""

    path: Path
    name: str
    entry: FileEntry = field(default_factory=FileEntry)
    programme_position: int | None = None

    @property
    def is_described(self) -> bool:
        """Whether event.yaml says anything of it."""
        return self.programme_position is not None or self.entry != FileEntry()


@dataclass(frozen=True)
class Plan:
    """The files of one event. Without a manifest the event is only named."""

    slug: str
    files: tuple[PlannedFile, ...]
    manifest: Manifest | None = None


def plan_described_event(folder: Path, names: Iterable[str], manifest: Manifest) -> Plan:
    """The plan of a folder with an event.yaml; `names` are paths from the folder, with "/"."""
    positions = {
        recording: position
        for position, item in enumerate(manifest.event.programme)
        for recording in item.recordings
    }
    files = tuple(
        PlannedFile(
            path=folder / name,
            name=name,
            entry=manifest.files.get(name, FileEntry()),
            programme_position=positions.get(name),
        )
        for name in sending_order(names)
    )
    return Plan(slug=manifest.event.slug, files=files, manifest=manifest)


def sending_order(names: Iterable[str]) -> list[str]:
    """Recordings first, because they take longest; captions next, so that they pair at once."""
    return sorted(names, key=lambda name: (_rank(name), _natural(name)))


def is_left_out(name: str) -> bool:
    """Whether a file found in a folder is none of the editor's material."""
    parts = PurePosixPath(name).parts
    return (
        any(part.startswith(".") or part.casefold() in LEFT_BY_SYSTEMS for part in parts)
        or parts[-1] == MANIFEST_NAME
        or parts[-1].casefold().split(".")[0] == "readme"
    )


def nested_manifests(names: Sequence[str]) -> list[str]:
    """Descriptions of other events inside a folder."""
    return [name for name in names if name.endswith(f"/{MANIFEST_NAME}")]


def _rank(name: str) -> int:
    ending = PurePosixPath(name).suffix.casefold()
    if ending in CAPTION_ENDINGS:
        return 1
    return 2 if ending in PHOTO_ENDINGS else 0


def _natural(name: str) -> list[tuple[int, int, str]]:
    """ "photo 9" before "photo 10"."""
    parts = _DIGITS.split(name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
