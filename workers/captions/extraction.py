"""The argv that takes the packets of chosen tracks out of a recording without decoding them.

ffmpeg writes the bytes of a track into one file and the times and sizes of its packets into
another (its muxer `framecrc`); no decoder ever sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.captions.packets import Track
from workers.video.argv import Node, Source, compile_command, open_source


def packets_command(source: Source, tracks: Sequence[Track]) -> list[str]:
    """Write the packets of all `tracks` by one reading of the file."""
    opened = open_source(source)
    outputs = [output for track in tracks for output in _outputs(opened, track)]
    program, *words = compile_command(source.ffmpeg, outputs)
    # TTML and WebVTT in MP4 are nothing that ffmpeg has a name for.
    return [program, "-copy_unknown", *words]


def _outputs(opened: Node, track: Track) -> Iterator[Node]:
    options: dict[str, object] = {"c": "copy"}
    if track.bitstream_filters is not None:
        options["bsf"] = track.bitstream_filters
    stream = opened[str(track.index)]
    yield stream.output(track.bytes_name, f="data", **options)
    yield stream.output(track.listing_name, f="framecrc", **options)
