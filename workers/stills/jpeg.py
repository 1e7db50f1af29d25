"""How ffmpeg writes JPEG files that show the colours of a BT.709 picture: pure."""

from __future__ import annotations

from workers.video.argv import NO_METADATA, Node

QUALITY = 3
"""ffmpeg's scale: 2 is the best, 31 the worst."""


def as_jpeg_colours(picture: Node) -> Node:
    """JFIF knows one matrix, that of BT.601, and the full range."""
    converted = {"in_color_matrix": "bt709", "out_color_matrix": "smpte170m"}
    ranges = {"in_range": "tv", "out_range": "pc"}
    return picture.filter("scale", **converted, **ranges).filter("format", "yuvj420p")


def jpeg_options(*, quality: int = QUALITY) -> dict[str, object]:
    return {"f": "image2", "q:v": quality, "flags": "+bitexact", **NO_METADATA}
