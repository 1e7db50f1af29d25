"""A media playlist (RFC 8216, 4.3.2 and 4.3.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin

from tests.hls_lint.faults import Fault
from tests.hls_lint.syntax import DECIMAL, INTEGER, Line, Reader

_RANGE = re.compile(r"([0-9]+)(?:@([0-9]+))?")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
OF_MASTERS = ("EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF")
BEFORE_SEGMENTS = (
    "EXT-X-TARGETDURATION",
    "EXT-X-MEDIA-SEQUENCE",
    "EXT-X-PLAYLIST-TYPE",
    "EXT-X-I-FRAMES-ONLY",
    "EXT-X-INDEPENDENT-SEGMENTS",
    "EXT-X-VERSION",
)


@dataclass(frozen=True)
class Part:
    """A segment; of it `length` bytes from `start` on, or all."""

    address: str
    seconds: float
    start: int = 0
    length: int | None = None


@dataclass
class MediaPlaylist:
    """Addresses are absolute. `tags` counts what stands in it."""

    address: str
    version: int = 1
    target: int | None = None
    sequence: int = 0
    kind: str | None = None
    is_ended: bool = False
    map_address: str | None = None
    starts_at: datetime | None = None
    parts: list[Part] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)

    @property
    def is_iframes(self) -> bool:
        return "EXT-X-I-FRAMES-ONLY" in self.tags

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)


@dataclass
class _Next:
    """What is said of the segment to come."""

    seconds: float | None = None
    start: int = 0
    length: int | None = None


def read_media(address: str, text: str, faults: list[Fault]) -> MediaPlaylist:
    reader, found, following = Reader(address, faults), MediaPlaylist(address), _Next()
    for line in reader.lines(text):
        if not line.tag:
            _read_address(reader, found, line, following)
            following = _Next()
            continue
        _check_place(reader, found, line)
        found.tags[line.tag] = found.tags.get(line.tag, 0) + 1
        if line.tag == "EXTINF":
            following.seconds = _seconds(reader, line)
        elif line.tag == "EXT-X-BYTERANGE":
            following.length, following.start = _range(reader, line)
        elif line.tag in OF_MASTERS:
            reader.fault("mixed", "4.1", f"{line.tag} belongs into a multivariant playlist")
        elif line.tag in _READERS:
            _READERS[line.tag](reader, found, line)
        else:
            reader.fault("unknown-tag", "4.3", f"nobody knows {line.tag}")
    return found


def _check_place(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    if found.is_ended:
        reader.fault("order", "4.3.3.4", f"{line.tag} stands after the end")
    if line.tag in BEFORE_SEGMENTS and found.parts:
        reader.fault("order", "4.3.3", f"{line.tag} stands after the first segment")
    if line.tag in (*BEFORE_SEGMENTS, "EXT-X-ENDLIST") and line.tag in found.tags:
        reader.fault("repeated", "4.3", f"{line.tag} stands twice")


def _read_address(reader: Reader, found: MediaPlaylist, line: Line, following: _Next) -> None:
    if following.seconds is None:
        reader.fault("extinf", "4.3.2.1", f"no EXTINF tells how long line {line.number} plays")
    if found.is_ended:
        reader.fault("order", "4.3.3.4", f"line {line.number} stands after the end")
    address = urljoin(found.address, line.value)
    part = Part(address, following.seconds or 0.0, following.start, following.length)
    found.parts.append(part)


def _seconds(reader: Reader, line: Line) -> float:
    duration, comma, _title = line.value.partition(",")
    if not comma or not DECIMAL.fullmatch(duration):
        reader.fault("extinf", "4.3.2.1", f"line {line.number} is no duration with its comma")
        return 0.0
    return float(duration)


def _range(reader: Reader, line: Line) -> tuple[int, int]:
    match = _RANGE.fullmatch(line.value)
    if match is None or match[2] is None:
        reader.fault("byterange", "4.3.2.2", f"line {line.number} is no range of a first segment")
        return 0, 0
    return int(match[1]), int(match[2])


def _integer(reader: Reader, line: Line) -> int:
    if not INTEGER.fullmatch(line.value):
        reader.fault("integer", "4.2", f"{line.tag} is no whole number")
        return 0
    return int(line.value)


def _version(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    found.version = _integer(reader, line)


def _target(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    found.target = _integer(reader, line)


def _sequence(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    found.sequence = _integer(reader, line)


def _kind(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    if line.value not in {"EVENT", "VOD"}:
        reader.fault("playlist-type", "4.3.3.5", f"{line.value} is no type of playlist")
    found.kind = line.value


def _end(_reader: Reader, found: MediaPlaylist, _line: Line) -> None:
    found.is_ended = True


def _map(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    uri = reader.attributes(line).get("URI")
    if uri is None:
        reader.fault("map", "4.3.2.5", "EXT-X-MAP has no URI")
    elif found.parts:
        reader.fault("map", "4.3.2.5", "EXT-X-MAP stands after a segment that needs it")
    found.map_address = urljoin(found.address, uri) if uri else None


def _date(reader: Reader, found: MediaPlaylist, line: Line) -> None:
    if not _DATE.fullmatch(line.value):
        reader.fault("date", "4.3.2.6", f"{line.value} is no instant with zone and milliseconds")
    elif not found.parts:
        found.starts_at = datetime.fromisoformat(line.value)


def _nothing(_reader: Reader, _found: MediaPlaylist, _line: Line) -> None:
    """That it is there is all that it says."""


_READERS: Mapping[str, Callable[[Reader, MediaPlaylist, Line], None]] = {
    "EXT-X-VERSION": _version,
    "EXT-X-TARGETDURATION": _target,
    "EXT-X-MEDIA-SEQUENCE": _sequence,
    "EXT-X-PLAYLIST-TYPE": _kind,
    "EXT-X-ENDLIST": _end,
    "EXT-X-MAP": _map,
    "EXT-X-PROGRAM-DATE-TIME": _date,
    "EXT-X-INDEPENDENT-SEGMENTS": _nothing,
    "EXT-X-I-FRAMES-ONLY": _nothing,
    "EXT-X-DISCONTINUITY": _nothing,
}
