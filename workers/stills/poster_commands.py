"""The ffmpeg commands of a poster, and where in the recording it is looked for: pure."""

from __future__ import annotations

import ffmpeg

from workers.stills.jpeg import as_jpeg_colours, jpeg_options
from workers.video.argv import Node, Source, compile_command, open_source
from workers.video.colours import scaled_to_bt709
from workers.video.probe import VideoStream

WIDTH_MAX = 1280
WINDOW_SECONDS = 5
CANDIDATES_PER_SECOND = 3
RATIOS = (0.1, 0.25, 0.4, 0.6, 0.8, 0.03)
"""Where a typical picture is looked for, one place after the other while those found are dull."""


def poster_places(duration_seconds: float | None, *, begins_seconds: float) -> tuple[float, ...]:
    """The seconds to look at, in order; the beginning is last: a damaged file may hold no more."""
    whole = duration_seconds or 0.0
    places = [max(begins_seconds, ratio * whole) for ratio in RATIOS]
    return tuple(dict.fromkeys(round(place, 3) for place in [*places, max(0, begins_seconds - 1)]))


def typical_frame_command(
    source: Source, video: VideoStream, *, at_seconds: float, file: str, luma: str
) -> list[str]:
    """The most typical frame of a few seconds: hardly ever a black one or one of a fade."""
    opened = open_source(source, ss=round(at_seconds, 3), t=WINDOW_SECONDS)
    candidates = _upright(opened, video).filter("fps", CANDIDATES_PER_SECOND)
    typical = candidates.filter("thumbnail", WINDOW_SECONDS * CANDIDATES_PER_SECOND)
    return _compiled(source, typical, video, file=file, luma=luma)


def exact_frame_command(
    source: Source, video: VideoStream, *, at_seconds: float, file: str, luma: str
) -> list[str]:
    """The frame that is shown at that second."""
    opened = open_source(source, ss=round(at_seconds, 3), t=WINDOW_SECONDS)
    return _compiled(source, _upright(opened, video), video, file=file, luma=luma)


def poster_size(video: VideoStream) -> tuple[int, int]:
    """Both even, never enlarged."""
    width = min(video.width, WIDTH_MAX)
    return width, max(2, round(video.height * width / video.width / 2) * 2)


def _upright(opened: Node, video: VideoStream) -> Node:
    """One whole picture for each two fields; ffmpeg turns it by itself."""
    picture = opened[str(video.index)]
    if not video.is_interlaced:
        return picture
    return picture.filter("bwdif", mode="send_frame", deint="interlaced")


def _compiled(
    source: Source, picture: Node, video: VideoStream, *, file: str, luma: str
) -> list[str]:
    sized = scaled_to_bt709(picture, video, *poster_size(video)).filter("setsar", 1)
    measured = as_jpeg_colours(sized).filter("signalstats").filter("metadata", "print", file=luma)
    output = ffmpeg.output(measured, file, **{"frames:v": 1, "update": 1}, **jpeg_options())
    return compile_command(source.ffmpeg, [output])
