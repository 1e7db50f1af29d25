"""Where a recording keeps CEA-608: in user data of its picture (ATSC A/53), or in a track."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workers.captions.cea608 import Pair
from workers.captions.packets import Packet

USER_DATA_FILTERS: Mapping[str, str] = {
    "h264": "h264_mp4toannexb,filter_units=pass_types=6",
    "hevc": "hevc_mp4toannexb,filter_units=pass_types=39",
    "mpeg2video": "filter_units=pass_types=178",
}
"""By codec: ffmpeg's bitstream filters that keep nothing of the picture but user data."""

_A53 = b"GA94\x03"
_HAS_CAPTIONS, _COUNT = 0x40, 0x1F
_VALID, _TYPE = 0x04, 0x03
_PADDING = (0x80, 0x80)


def pairs_of_picture(packets: Iterable[Packet]) -> list[Pair]:
    """In the order in which the frames are shown, whatever the order in which they are coded."""
    found = [pair for packet in packets for pair in _pairs(packet)]
    found.sort(key=lambda pair: pair.at_ms)
    return found


def pairs_of_track(packets: Iterable[Packet]) -> Iterator[Pair]:
    """Of a closed-caption track (`c608`): atoms `cdat` and `cdt2` with pairs for the frames."""
    for packet in packets:
        offset = 0
        while offset + 8 <= len(packet.data):
            size = int.from_bytes(packet.data[offset : offset + 4])
            kind = packet.data[offset + 4 : offset + 8]
            content = packet.data[offset + 8 : offset + size]
            yield from _spread(packet, content, number=2 if kind == b"cdt2" else 1)
            offset += max(size, 8)


def _pairs(packet: Packet) -> Iterator[Pair]:
    # Nothing in it looks like a start code, so that no byte was put in to prevent that.
    data = packet.data
    place = data.find(_A53)
    while place >= 0:
        head = place + len(_A53)
        flags = data[head] if head < len(data) else 0
        count = flags & _COUNT if flags & _HAS_CAPTIONS else 0
        triplets = data[head + 2 : head + 2 + 3 * count]
        for marker, first, second in zip(*(triplets[n::3] for n in range(3)), strict=False):
            # Types 2 and 3 are CEA-708, of which 608 is the copy that everybody sends.
            if marker & _VALID and marker & _TYPE < 2 and (first, second) != _PADDING:
                yield Pair(packet.start_ms, (marker & _TYPE) + 1, first, second)
        place = data.find(_A53, head)


def _spread(packet: Packet, content: bytes, *, number: int) -> Iterator[Pair]:
    count = len(content) // 2
    for index in range(count):
        at_ms = packet.start_ms + packet.duration_ms * index // count
        first, second = content[2 * index : 2 * index + 2]
        if (first, second) != _PADDING:
            yield Pair(at_ms, number, first, second)
