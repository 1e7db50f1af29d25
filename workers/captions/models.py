"""What the sandboxed reader of captions is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from portal.transcripts.formats.cues import Parsed


@dataclass(frozen=True)
class FileAsked:
    """A caption file; `names` are those of people who may speak in it."""

    path: str
    filename: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class TrackAsked:
    """A track of a recording, the packets of which are in `folder`.

    `codec` is None for the picture, which may have captions in its user data. Of captions that
    nobody erases the end is `recording_ms`.
    """

    folder: str
    index: int
    codec: str | None
    names: tuple[str, ...]
    recording_ms: int | None


@dataclass(frozen=True)
class TrackRead:
    """Of several channels the first is read; the others are in languages that nobody names."""

    parsed: Parsed
    channels_left_out: tuple[str, ...] = ()
