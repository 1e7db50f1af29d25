"""How a sound track is heard: two channels at 48 kHz, in time with the picture. Pure."""

from __future__ import annotations

from portal.assets.renditions import SOUND_CHANNELS
from workers.sound.waveform import PEAK_KEY, STRETCH_SECONDS
from workers.video.argv import Node
from workers.video.delays import is_beyond_filling
from workers.video.probe import AudioStream

SAMPLE_RATE = 48_000
BITRATE_BPS = 128_000
LAYOUT_CHANNELS_MAX = 8
"""Up to here ffmpeg knows a layout for every number of channels."""
PEAKS = "peaks.txt"

_GAPLESS = {"async": 1, "first_pts": 0}
"""Gaps are filled and a late start is padded, so that the sound stays with the picture."""
_LIMITER = {"limit": 0.95, "level": 0, "latency": 1}
"""Channels that are added up may go over full scale; `latency` keeps them in time."""


def stereo(opened: Node, audio: AudioStream) -> Node:
    """The track as two channels of an opened recording.

    One channel is heard on both sides. More are mixed by ITU-R BS.775, as floats: ffmpeg makes
    the mix of integers quieter by up to 8 dB instead, and speech with it.
    """
    stream = opened[str(audio.index)]
    if is_beyond_filling(audio.delay_seconds):
        stream = stream.filter("asetpts", "PTS-STARTPTS")
    stream = stream.filter("aresample", SAMPLE_RATE, **_GAPLESS)
    if audio.channels > LAYOUT_CHANNELS_MAX:
        # "<" says the same for one channel; ffmpeg-python would escape "=" once too often.
        return stream.filter("pan", "stereo|c0<c0|c1<c1")
    stream = stream.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    if audio.channels <= SOUND_CHANNELS:
        return stream
    return stream.filter("alimiter", **_LIMITER)


def measured(sound: Node) -> Node:
    """`sound` itself, its loudness told in ffmpeg's log and its peaks in a file."""
    return (
        sound.filter("ebur128", peak="true", framelog="verbose")
        .filter("asetnsamples", n=round(STRETCH_SECONDS * SAMPLE_RATE), pad=0)
        .filter(
            "astats",
            metadata=1,
            reset=1,
            measure_perchannel="none",
            measure_overall="Peak_level",
        )
        .filter("ametadata", mode="print", key=PEAK_KEY, file=PEAKS)
    )


def encoding() -> dict[str, object]:
    """ffmpeg's options for an output that holds such sound."""
    return {"c:a": "aac", "b:a": BITRATE_BPS, "flags:a": "+bitexact"}
