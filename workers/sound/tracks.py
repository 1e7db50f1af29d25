"""Which sound tracks of a recording are offered, and what they are called: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.video.probe import AudioStream, Probe

TRACKS_MAX = 16
"""More languages than any press conference has; a file may claim thousands of tracks."""
LABEL_LENGTH_MAX = 60


@dataclass(frozen=True)
class SoundTrack:
    """`number` counts from 1, the one that is heard unless another is chosen."""

    number: int
    stream: AudioStream
    label: str | None

    @property
    def name(self) -> str:
        """Of its rendition."""
        return f"sound-{self.number:d}"

    @property
    def file(self) -> str:
        """What ffmpeg writes."""
        return f"{self.name}.mp4"


def sound_tracks(probe: Probe) -> tuple[SoundTrack, ...]:
    """The default track first, the others in the order of the file."""
    first = probe.audio
    ordered = sorted(probe.audio_streams, key=lambda stream: stream is not first)
    return tuple(
        SoundTrack(number, stream, label_of(stream.title))
        for number, stream in enumerate(ordered[:TRACKS_MAX], start=1)
    )


def left_out_notes(probe: Probe) -> tuple[str, ...]:
    """A sentence when the recording has more tracks than are offered."""
    count = len(probe.audio_streams)
    if count <= TRACKS_MAX:
        return ()
    return (f"It has {count} sound tracks; the first {TRACKS_MAX} are offered.",)


def undecodable_notes(tracks: Sequence[SoundTrack]) -> tuple[str, ...]:
    """A sentence about each of the tracks of which not one sample could be decoded."""
    return tuple(
        f"Sound track {track.number} ({_called(track)}) holds nothing that can be decoded."
        for track in tracks
    )


def label_of(title: str | None) -> str | None:
    """What the file calls a track, as short as menus need it."""
    return (title or "")[:LABEL_LENGTH_MAX].strip() or None


def _called(track: SoundTrack) -> str:
    return track.label or track.stream.language or track.stream.codec
