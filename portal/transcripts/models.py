"""Cues and transcripts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TranscriptStatus(StrEnum):
    SUPPLIED = "supplied"  # came as a caption file
    MACHINE = "machine"
    EDITED = "edited"
    VERIFIED = "verified"


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
    cues: tuple[Cue, ...] = ()
