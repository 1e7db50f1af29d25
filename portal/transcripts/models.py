"""Cues and transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class TranscriptStatus(StrEnum):
    SUPPLIED = "supplied"  # as it came
    MACHINE = "machine"
    EDITED = "edited"
    VERIFIED = "verified"

    @property
    def is_of_people(self) -> bool:
        """Whether somebody worked on it here: no step may replace that."""
        return self in {TranscriptStatus.EDITED, TranscriptStatus.VERIFIED}


class TranscriptOrigin(StrEnum):
    FILE = "file"  # a caption file
    EMBEDDED = "embedded"  # captions within the recording


@dataclass(frozen=True)
class Cue:
    """One timed line. `text` is plain: no markup, entities resolved, lines joined by "\\n".

    `styled` is the same text as WebVTT writes it, with tags of the allow-list, if it has any.
    """

    start_seconds: float
    end_seconds: float
    text: str
    speaker: str | None = None
    styled: str | None = None


@dataclass(frozen=True)
class Transcript:
    """`asset_id` is where it is shown: the paired recording, else the captions asset itself."""

    id: str
    asset_id: str
    source_asset_id: str
    language: str
    status: TranscriptStatus
    origin: TranscriptOrigin = TranscriptOrigin.FILE
    cues: tuple[Cue, ...] = ()


def without_outdone(transcripts: Sequence[Transcript]) -> list[Transcript]:
    """Those of one asset without the embedded ones in a language that a caption file is in.

    Who sends captions beside a recording has better ones than those within it.
    """
    in_files = {one.language for one in transcripts if one.origin is TranscriptOrigin.FILE}
    return [
        one
        for one in transcripts
        if one.origin is TranscriptOrigin.FILE or one.language not in in_files
    ]
