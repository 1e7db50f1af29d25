"""Whether sound ended before its time: ffmpeg ends well on a file that was cut off. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from workers.sound.tracks import SoundTrack
from workers.video.damage import clock, is_short
from workers.video.delays import is_beyond_filling
from workers.video.probe import AudioStream, Probe


def sound_damage(probe: Probe, made_seconds: Mapping[SoundTrack, float]) -> str | None:
    """ "its sound ends after 00:12 of 00:30", or None when all is there.

    `made_seconds` is what was made of each track that could be decoded.
    """
    if not made_seconds:
        return "its sound cannot be decoded"
    for track, made in made_seconds.items():
        expected = _expected_seconds(probe, track.stream)
        if expected is not None and is_short(made, expected):
            return f"{_subject(probe, track)} after {clock(made)} of {clock(expected)}"
    return None


def _expected_seconds(probe: Probe, stream: AudioStream) -> float | None:
    """What the file promises of a track; nothing, when it was put at another place."""
    whole = probe.stated_duration_seconds
    if whole is None or is_beyond_filling(stream.delay_seconds):
        return None
    if stream.duration_seconds is not None:
        # A track may hold more than the container's edit list shows.
        return min(stream.delay_seconds + stream.duration_seconds, whole)
    return None if probe.video else whole


def _subject(probe: Probe, track: SoundTrack) -> str:
    if track.number > 1:
        return f"sound track {track.number} ends"
    return "its sound ends" if probe.video else "ends"
