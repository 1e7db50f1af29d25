"""Reads the packets of a track that ffmpeg took out of a recording: see extraction.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_TIME_BASE = re.compile(r"#tb 0: ([0-9]{1,10})/([0-9]{1,10})\s*")
_PACKET = re.compile(r"0,\s*-?[0-9]+,\s*(-?[0-9]{1,19}),\s*(-?[0-9]{1,19}),\s*([0-9]{1,10}),.*\s*")
_NO_TIME = -(2**63)


@dataclass(frozen=True)
class Track:
    """A stream of the recording, and what is done to its packets before they are written."""

    index: int
    bitstream_filters: str | None = None

    @property
    def bytes_name(self) -> str:
        return f"track-{self.index}.bytes"

    @property
    def listing_name(self) -> str:
        return f"track-{self.index}.list"


@dataclass(frozen=True, slots=True)
class Packet:
    """Times count from the beginning of the recording; a duration of 0 is an unknown one."""

    start_ms: int
    duration_ms: int
    data: bytes


def read_packets(folder: Path, track: Track) -> Iterator[Packet]:
    """What was written of `track`, packet by packet, in the order of the file."""
    with (
        (folder / track.listing_name).open(encoding="ascii", errors="replace") as listing,
        (folder / track.bytes_name).open("rb") as stream,
    ):
        unit_ms, following = Fraction(1), 0
        for line in listing:
            if (base := _TIME_BASE.fullmatch(line)) is not None and int(base[2]):
                unit_ms = Fraction(int(base[1]) * 1000, int(base[2]))
            elif (found := _PACKET.fullmatch(line)) is not None:
                start, duration, size = (int(number) for number in found.groups())
                start = following if start == _NO_TIME else start
                following = start + max(0, duration)
                data = stream.read(size)
                yield Packet(round(start * unit_ms), max(0, round(duration * unit_ms)), data)
