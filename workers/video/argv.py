"""How every ffmpeg command begins: what it may open, what it says, what it never writes.

Pure; ffmpeg-python builds the graphs and never runs them. Outputs have relative names: the
sandbox stands in the output folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

Node = Any
"""A node of an ffmpeg-python graph; that package has no types."""

NO_METADATA = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact"}
"""Places and names in recordings are not ours to publish."""


@dataclass(frozen=True)
class Source:
    """The file that is read, and with which program and bound on its picture."""

    ffmpeg: str
    path: Path
    pixels_max: int


def open_source(source: Source, **options: object) -> Node:
    """The file as an input; `options` are ffmpeg's for inputs, such as `ss` and `t`."""
    return ffmpeg.input(
        f"file:{source.path}",
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_pixels=source.pixels_max,
        **options,
    )


def compile_command(
    program: str, outputs: Sequence[Node], *, log_level: str = "error"
) -> list[str]:
    """The argv that makes all `outputs` in one run."""
    # A file that is mostly damaged gives what it still holds; how much that is, is measured after.
    words = [program, "-nostdin", "-hide_banner", "-v", log_level, "-max_error_rate", "1"]
    words += ["-progress", "pipe:1", "-nostats", "-y"]
    merged = ffmpeg.merge_outputs(*outputs) if len(outputs) > 1 else outputs[0]
    return [str(argument) for argument in ffmpeg.compile(merged, cmd=words)]
