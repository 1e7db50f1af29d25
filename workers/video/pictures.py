"""The filters between a recording's picture and each rung: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from workers.video.argv import Node
from workers.video.colours import BT709, matrix_of, scaled, scaled_to_bt709, tags
from workers.video.delays import is_beyond_filling
from workers.video.ladder import Rung, is_rate_capped, kept_rate
from workers.video.plan import ChunkPlan
from workers.video.probe import VideoStream
from workers.video.rhythm import Rhythm

PRESET = "veryfast"
CRF = 23


def by_the_clock(opened: Node, video: VideoStream) -> Node:
    """The picture with its own times, whatever they are; it begins at zero."""
    picture = _progressive(opened[str(video.index)], video)
    if video.frame_rate is not None and is_rate_capped(video):
        picture = picture.filter("fps", _ratio(kept_rate(video.frame_rate)))
    picture = picture.filter("setpts", "PTS-STARTPTS")
    if not video.delay_seconds or is_beyond_filling(video.delay_seconds):
        return picture
    # Playlists know no late start: the first frame stands until the picture begins.
    return picture.filter("tpad", start_mode="clone", start_duration=round(video.delay_seconds, 3))


def by_number(opened: Node, video: VideoStream, plan: ChunkPlan) -> Node:
    """The plan's frames, of equal duration; the first one is held when the picture begins late."""
    rhythm = plan.rhythm
    picture = _progressive(opened[str(video.index)], video)
    if rhythm.step > 1:
        picture = picture.filter("framestep", rhythm.step)
    if plan.first_frame == 0 and rhythm.held_frames:
        picture = picture.filter("tpad", start_mode="clone", start=rhythm.held_frames)
    numbered = picture.filter("settb", _ratio(rhythm.frame_seconds)).filter("setpts", "N")
    # The last chunk is not cut: a frame too many must be noticed.
    return numbered if plan.is_last else numbered.filter("trim", end_frame=plan.frame_count)


def cascade(
    picture: Node, video: VideoStream, rungs: Sequence[Rung], *, keeps_colours: bool = False
) -> list[tuple[Rung, Node]]:
    """Every rung from one decode: each is scaled from the one above."""
    made: list[tuple[Rung, Node]] = []
    for place, rung in enumerate(rungs):
        sized = (
            _first(picture, video, rung, keeps_colours=keeps_colours)
            if place == 0
            else picture.filter("scale", rung.width, rung.height, flags="bicubic")
        )
        finished = sized.filter("setsar", 1).filter("format", "yuv420p")
        if rung is rungs[-1]:
            made.append((rung, finished))
        else:
            copies = finished.split()
            made.append((rung, copies[0]))
            picture = copies[1]
    return made


def encoding(
    rung: Rung, video: VideoStream, *, threads: int | None, keeps_colours: bool = False
) -> dict[str, object]:
    """The encoder's options. With one thread it makes the same bytes every time."""
    options: dict[str, object] = {
        "c:v": "libx264",
        "preset": PRESET,
        "crf": CRF,
        "maxrate": rung.bitrate_bps_max,
        "bufsize": 2 * rung.bitrate_bps_max,
        "profile:v": "high",
        # Key frames where they are asked for and nowhere else: players switch rungs there.
        "sc_threshold": 0,
        # Captions within the picture become transcripts; playlists say that there are none in it.
        "a53cc": 0,
        "flags:v": "+bitexact",
        **tags(matrix_of(video) if keeps_colours else BT709),
    }
    return options if threads is None else {**options, "threads:v": threads}


def key_frames_every(frames: int) -> Mapping[str, object]:
    return {"g": frames, "keyint_min": frames}


def key_frames_by_the_clock(seconds: int) -> Mapping[str, object]:
    return {"force_key_frames": f"expr:gte(t,n_forced*{seconds:d})"}


def key_frames_at(frames: Sequence[int], rhythm: Rhythm) -> Mapping[str, object]:
    """At exactly these frames: ffmpeg rounds each time to the nearest one."""
    times = [float(frame * rhythm.frame_seconds) for frame in frames if frame > 0]
    forced = {"force_key_frames": ",".join(f"{time:.6f}" for time in times)} if times else {}
    return {"g": max(frames, default=0) + NEVER, "keyint_min": 1, **forced}


NEVER = 100_000
"""Frames that no group reaches by itself."""


def _progressive(picture: Node, video: VideoStream) -> Node:
    """One whole picture for each two fields, of those frames that have any."""
    return (
        picture.filter("bwdif", mode="send_frame", deint="interlaced")
        if video.is_interlaced
        else picture
    )


def _first(picture: Node, video: VideoStream, rung: Rung, *, keeps_colours: bool) -> Node:
    if keeps_colours:
        own = matrix_of(video)
        return scaled(picture, rung.width, rung.height, source=video, matrix=own)
    return scaled_to_bt709(picture, video, rung.width, rung.height)


def _ratio(value: Fraction) -> str:
    return f"{value.numerator:d}/{value.denominator:d}"
