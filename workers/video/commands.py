"""The ffmpeg commands of pictures, as argv: pure.

Each rung is one fragmented MP4, with a fragment for each key frame; `workers.hls` cuts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import ffmpeg

from workers.sound import filters as sound
from workers.video.argv import NO_METADATA, Node, Source, compile_command, open_source
from workers.video.ladder import Rung
from workers.video.pictures import (
    by_number,
    by_the_clock,
    cascade,
    encoding,
    key_frames_at,
    key_frames_by_the_clock,
    key_frames_every,
)
from workers.video.plan import ChunkPlan
from workers.video.probe import Probe, VideoStream
from workers.video.rhythm import KEY_FRAME_SECONDS

CLOCK_RATE = 90_000
"""Ticks per second of a picture that has no constant rate."""
READ_BEYOND_SECONDS = Fraction(1, 4)
"""Frames are counted off; ffmpeg's own bounds are not exact to the frame."""
PREVIEW = "preview"
SOUND_FRAGMENT_MICROSECONDS = 500_000
"""Of sound alone, which has no key frames to be cut at."""

_FRAGMENTED: Mapping[str, object] = {
    # The index is written once the first pictures are known: only then can its edit list put the
    # first one at zero although others are decoded before it.
    "movflags": "+frag_keyframe+empty_moov+default_base_moof+delay_moov",
    # Else ffmpeg moves all times until none is below zero.
    "avoid_negative_ts": "disabled",
}
_NO_MESSAGES = "filter_units=remove_types=6"
"""Supplemental messages (SEI) may hold anything, places of cameras too."""


def scratch_file(name: str) -> str:
    """Where ffmpeg writes the rendition of that name."""
    return f"{name}.mp4"


def whole_command(
    source: Source, video: VideoStream, rungs: Sequence[Rung], *, threads: int | None = None
) -> list[str]:
    """Every rung from one decode, with the picture's own times; `threads` are each encoder's."""
    picture = by_the_clock(open_source(source), video)
    outputs = [
        _output([node], rung.name, {**encoding(rung, video, threads=threads), **_clock_options()})
        for rung, node in cascade(picture, video, rungs)
    ]
    return compile_command(source.ffmpeg, outputs)


def chunk_command(source: Source, video: VideoStream, plan: ChunkPlan) -> list[str]:
    """Every rung of a chunk from one decode, on one core: chunks run beside each other."""
    opened = open_source(source, **{**_window(plan), "threads": 1})
    picture = by_number(opened, video, plan)
    keeps_colours = plan.is_beside_copy
    outputs = [
        _output(
            [node],
            rung.name,
            {
                **encoding(rung, video, threads=1, keeps_colours=keeps_colours),
                **_rhythm_options(plan),
            },
        )
        for rung, node in cascade(picture, video, plan.rungs, keeps_colours=keeps_colours)
    ]
    return compile_command(source.ffmpeg, outputs)


def copy_command(source: Source, video: VideoStream, rung: Rung, *, timescale: int) -> list[str]:
    """The recording's own picture as the top rung; nothing is decoded."""
    options = {**_copied(), "video_track_timescale": timescale}
    return compile_command(
        source.ffmpeg, [_output([open_source(source)[str(video.index)]], rung.name, options)]
    )


def preview_command(
    source: Source, probe: Probe, rung: Rung | None, *, seconds: int, is_copied: bool = False
) -> list[str]:
    """The first seconds of picture and sound, to be had at once."""
    video = probe.video
    opened = open_source(source, t=seconds)
    streams: list[Node] = []
    options: dict[str, object] = {}
    if video is not None and rung is not None and is_copied:
        streams.append(opened[str(video.index)])
        options |= _copied()
    elif video is not None and rung is not None:
        [(_, picture)] = cascade(by_the_clock(opened, video), video, [rung])
        streams.append(picture)
        options |= {**encoding(rung, video, threads=None), **_clock_options()}
    else:
        options["frag_duration"] = SOUND_FRAGMENT_MICROSECONDS
    if probe.audio is not None:
        streams.append(sound.stereo(opened, probe.audio))
        options |= sound.encoding()
    return compile_command(source.ffmpeg, [_output(streams, PREVIEW, options)])


def _window(plan: ChunkPlan) -> Mapping[str, float]:
    """ffmpeg's options that read from the plan's first frame on, and a little beyond its last.

    It begins in the middle between two frames, so that no rounding can move one.
    """
    rhythm, end_frame = plan.rhythm, plan.first_frame + plan.frame_count
    begin = (
        0 if rhythm.is_read_from_start(plan.first_frame) else rhythm.reading_from(plan.first_frame)
    )
    window = {"ss": round(float(begin), 6)} if begin else {}
    if plan.is_last:
        return window
    length = rhythm.reading_from(end_frame) - begin + READ_BEYOND_SECONDS
    return {**window, "t": round(float(length), 6)}


def _clock_options() -> Mapping[str, object]:
    return {
        **key_frames_by_the_clock(KEY_FRAME_SECONDS),
        # Variable rates stay so; a constant rate would multiply frames where the header lies.
        "fps_mode:v": "vfr",
        "enc_time_base:v": f"1:{CLOCK_RATE:d}",
        "video_track_timescale": CLOCK_RATE,
    }


def _rhythm_options(plan: ChunkPlan) -> Mapping[str, object]:
    rhythm = plan.rhythm
    frame = rhythm.frame_seconds
    key_frames = (
        key_frames_at(plan.key_frames, rhythm)
        if plan.is_beside_copy
        else key_frames_every(rhythm.group_frames)
    )
    return {
        **key_frames,
        "fps_mode:v": "passthrough",
        "enc_time_base:v": f"{frame.numerator:d}:{frame.denominator:d}",
        "video_track_timescale": rhythm.timescale,
    }


def _copied() -> dict[str, object]:
    return {"c:v": "copy", "bsf:v": _NO_MESSAGES}


def _output(streams: Sequence[Node], name: str, options: Mapping[str, object]) -> Node:
    named = {**options, **NO_METADATA, **_FRAGMENTED}
    return ffmpeg.output(*streams, scratch_file(name), f="mp4", **named)
