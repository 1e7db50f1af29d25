"""The ffmpeg command of a storyboard: key frames onto sheets. Pure."""

from __future__ import annotations

import ffmpeg

from workers.stills.jpeg import as_jpeg_colours, jpeg_options
from workers.stills.storyboard import Storyboard
from workers.video.argv import Source, compile_command, open_source

SHEETS = "storyboard-%02d.jpg"
QUALITY = 6
"""Pictures this small are looked at for a moment."""


def storyboard_command(source: Source, board: Storyboard) -> list[str]:
    """Each picture is the last key frame at or before its time; other frames are not decoded."""
    opened = open_source(source, skip_frame="nokey")
    shown = (
        opened["v:0"]
        .filter("fps", fps=f"1/{board.interval_seconds}", start_time=0, round="up")
        .filter("scale", board.width, board.height)
        .filter("setsar", 1)
        # After the last key frame comes none, however long the recording goes on.
        .filter("tpad", stop=board.count, stop_mode="clone")
        .filter("trim", end_frame=board.count)
    )
    sheets = as_jpeg_colours(shown).filter("tile", f"{board.columns}x{board.rows}")
    options = {"frames:v": len(board.sheets), "start_number": 1, **jpeg_options(quality=QUALITY)}
    return compile_command(source.ffmpeg, [ffmpeg.output(sheets, SHEETS, **options)])
