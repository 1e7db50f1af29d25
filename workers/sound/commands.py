"""The ffmpeg command of the sound: every track from one reading of the recording. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import ffmpeg

from workers.sound.filters import encoding, measured, stereo
from workers.sound.tracks import SoundTrack
from workers.video.argv import NO_METADATA, Node, Source, compile_command, open_source

FRAGMENT_SECONDS = 0.5
"""Segments are made of whole fragments, so their borders are met this exactly."""
MEASURED_NUMBER = 1
"""Of the track whose loudness and waveform are shown."""
LOG_LEVEL = "info"
"""Where `ebur128` tells what it has measured."""


def sound_command(source: Source, tracks: Sequence[SoundTrack]) -> list[str]:
    """Each track becomes a fragmented MP4 of its own; the first one is measured on the way."""
    opened = open_source(source)
    outputs = [_output(opened, track) for track in tracks]
    return compile_command(source.ffmpeg, outputs, log_level=LOG_LEVEL)


def _output(opened: Node, track: SoundTrack) -> Node:
    sound = stereo(opened, track.stream)
    if track.number == MEASURED_NUMBER:
        sound = measured(sound)
    fragmented = {
        # The index is written once the first samples are known: only then can its edit list
        # leave out the encoder's first samples, which are no sound.
        "movflags": "+empty_moov+default_base_moof+delay_moov",
        "frag_duration": round(FRAGMENT_SECONDS * 1_000_000),
        "avoid_negative_ts": "disabled",
    }
    return ffmpeg.output(sound, track.file, f="mp4", **encoding(), **NO_METADATA, **fragmented)
