"""Colours: what a recording's are, and the filters that make them those of BT.709. Pure.

Standard dynamic range, limited range and BT.709 are what every player shows alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from workers.video.argv import Node
from workers.video.probe import HDR_TRANSFERS, Colour, VideoStream

HIGH_DEFINITION_LINES = 720
"""From this height on, a picture that names no matrix is taken for BT.709, as players do."""
BT709, BT601 = "bt709", "smpte170m"
HDR_PEAK_NITS = 100
WIDE_PRIMARIES = frozenset({"bt2020", "smpte431", "smpte432"})
_SWSCALE_MATRICES: Mapping[str, str] = {
    "bt709": "bt709",
    "smpte170m": "smpte170m",
    "bt470bg": "bt470",
    "bt470m": "bt470",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
_ZSCALE_PRIMARIES = frozenset(
    {"bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020", "smpte431", "smpte432"}
)
_ZSCALE_TRANSFERS = frozenset(
    {"bt709", "smpte170m", "smpte240m", "iec61966-2-1", "bt2020-10", "bt2020-12", *HDR_TRANSFERS}
)
_ZSCALE_MATRICES = frozenset({"bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020nc", "ictcp"})


def matrix_of(video: VideoStream) -> str:
    """The stated matrix, else the one that players suppose for a picture of that size."""
    if video.colour.matrix in _SWSCALE_MATRICES:
        return str(video.colour.matrix)
    lines = min(video.coded_width, video.coded_height)
    return BT709 if lines >= HIGH_DEFINITION_LINES else BT601


def tags(matrix: str) -> dict[str, object]:
    """The encoder's options that write down what the colours are."""
    return {
        "color_primaries": matrix,
        "color_trc": matrix,
        "colorspace": matrix,
        "color_range": "tv",
    }


def scaled_to_bt709(picture: Node, video: VideoStream, width: int, height: int) -> Node:
    """The picture in another size, its colours converted on the way."""
    if video.colour.hdr is not None or video.colour.primaries in WIDE_PRIMARIES:
        return _mapped(picture, video.colour, width, height)
    return scaled(picture, width, height, source=video, matrix=BT709)


def scaled(picture: Node, width: int, height: int, *, source: VideoStream, matrix: str) -> Node:
    """The picture in another size and in limited range, with that matrix."""
    converted = {
        "in_color_matrix": _SWSCALE_MATRICES[matrix_of(source)],
        "out_color_matrix": _SWSCALE_MATRICES[matrix],
        "in_range": "pc" if source.colour.is_full_range else "tv",
        "out_range": "tv",
    }
    return picture.filter("scale", width, height, flags="bicubic", **converted)


def _mapped(picture: Node, colour: Colour, width: int, height: int) -> Node:
    """Through linear light; first in the smaller size, for it is slow.

    https://trac.ffmpeg.org/wiki/colorspace
    """
    linear = (
        _said_outright(picture, colour)
        .filter("zscale", w=width, h=height, f="bicubic", t="linear", npl=HDR_PEAK_NITS)
        .filter("format", "gbrpf32le")
    )
    narrow = linear.filter("zscale", p=BT709)
    if colour.hdr is not None:
        narrow = narrow.filter("tonemap", "hable", desat=0)
    return narrow.filter("zscale", t=BT709, m=BT709, r="tv", d="error_diffusion")


def _said_outright(picture: Node, colour: Colour) -> Node:
    """What the recording leaves open is named: `zscale` ends on a picture that does not say all."""
    return picture.filter(
        "setparams",
        color_primaries=_one_of(_ZSCALE_PRIMARIES, colour.primaries, otherwise="bt2020"),
        color_trc=_one_of(_ZSCALE_TRANSFERS, colour.transfer, otherwise=BT709),
        colorspace=_one_of(_ZSCALE_MATRICES, colour.matrix, otherwise="bt2020nc"),
        range="pc" if colour.is_full_range else "tv",
    )


def _one_of(known: frozenset[str], stated: str | None, *, otherwise: str) -> str:
    return stated if stated in known else otherwise
