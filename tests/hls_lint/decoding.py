"""What only ffmpeg can tell of a presentation: whether its bytes are what its playlists say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist, Part
from tests.hls_lint.multivariant import Attributes, Variant
from tests.hls_lint.presentation import Presentation

AVC_PROFILES: Mapping[str, str] = {
    "Constrained Baseline": "42",
    "Baseline": "42",
    "Main": "4d",
    "High": "64",
}
AAC_LC = "mp4a.40.2"
RATE_LEEWAY = 0.01
"""Times are told to the microsecond at best, and to the millisecond at worst."""
START_LEEWAY = 0.1
"""How far what plays may lie from where its playlist puts it: a few frames of sound."""


@dataclass(frozen=True)
class Packet:
    """Times are seconds; `stream` is the number of its track. Not every packet tells its length."""

    stream: int
    shown_at: float
    decoded_at: float
    seconds: float
    is_key: bool


def check_bytes(found: Presentation, scratch: Path) -> Iterator[Fault]:
    """Every fault that shows when segments are probed and decoded; `scratch` takes their files."""
    for playlist in found.having("variant", "audio").values():
        yield from _check_segments(found, playlist, scratch)
        yield from _check_decodes(found, playlist, scratch)
    for playlist in found.having("iframes").values():
        yield from _check_pictures(found, playlist, scratch)
    for variant in found.master.variants:
        yield from _check_said(found, variant, scratch)


def joined(found: Presentation, playlist: MediaPlaylist, scratch: Path, *parts: Part) -> Path:
    """A file that holds these parts of a playlist, or all, behind its initialisation segment."""
    path = scratch / "joined.mp4"
    with path.open("wb") as stream:
        stream.write(found.files.get(playlist.map_address or "", b""))
        for part in parts or playlist.parts:
            stream.write(found.bytes_of(part))
    return path


def packets(path: Path) -> list[Packet]:
    rows = probed(path, "-show_packets", "-show_entries", _PACKET)["packets"]
    return [
        Packet(
            stream=row["stream_index"],
            shown_at=float(row["pts_time"]),
            decoded_at=float(row["dts_time"]),
            seconds=float(row.get("duration_time", 0)),
            is_key="K" in row["flags"],
        )
        for row in rows
    ]


_PACKET = "packet=stream_index,pts_time,dts_time,duration_time,flags"


def probed(path: Path, *options: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", *options, "-of", "json", str(path)]
    done = subprocess.run(command, check=True, timeout=120, capture_output=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def frames_in(path: Path) -> int:
    """How many pictures there are to be seen."""
    answer = probed(path, "-count_frames", "-select_streams", "v:0", "-show_entries", _FRAMES)
    return int(answer["streams"][0].get("nb_read_frames", 0))


_FRAMES = "stream=nb_read_frames"


def _check_segments(found: Presentation, playlist: MediaPlaylist, scratch: Path) -> Iterator[Fault]:
    starts = accumulate((part.seconds for part in playlist.parts), initial=0.0)
    for part, start in zip(playlist.parts, starts, strict=False):
        segment = packets(joined(found, playlist, scratch, part))
        first = [packet for packet in segment if packet.stream == 0]
        if not first or not first[0].is_key:
            yield Fault("independent", "4.3.5.1", part.address, "it begins with no key frame")
            continue
        longest = max(packet.seconds for packet in first) or part.seconds
        seconds = first[-1].decoded_at - first[0].decoded_at + (first[-1].seconds or longest)
        if abs(seconds - part.seconds) > longest:
            detail = f"it plays {seconds:.3f} s, and its EXTINF says {part.seconds:.3f}"
            yield Fault("extinf-bytes", "4.3.2.1", part.address, detail)
        if abs(min(packet.shown_at for packet in first) - start) > START_LEEWAY:
            detail = f"it begins at {first[0].shown_at:.3f} s, and should at {start:.3f}"
            yield Fault("timestamps", "6.2.4", part.address, detail)


def _check_decodes(found: Presentation, playlist: MediaPlaylist, scratch: Path) -> Iterator[Fault]:
    path = joined(found, playlist, scratch)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-threads", "1", "-i", str(path)]
    done = subprocess.run(
        [*command, "-map", "0", "-f", "null", "-"], timeout=300, capture_output=True, check=False
    )
    if done.returncode or done.stderr:
        detail = f"ffmpeg cannot decode it: {done.stderr.decode(errors='replace')[-300:]}"
        yield Fault("decoding", "3", playlist.address, detail)
    tracks: dict[int, list[Packet]] = {}
    for packet in packets(path):
        tracks.setdefault(packet.stream, []).append(packet)
    for track in tracks.values():
        if any(later.decoded_at <= earlier.decoded_at for earlier, later in pairwise(track)):
            yield Fault("timestamps", "3", playlist.address, "its decode times do not rise")


def _check_pictures(found: Presentation, playlist: MediaPlaylist, scratch: Path) -> Iterator[Fault]:
    for part in playlist.parts:
        count = frames_in(joined(found, playlist, scratch, part))
        if count != 1:
            detail = f"{part.length} bytes of it are {count} pictures instead of one"
            yield Fault("iframe-bytes", "4.3.3.6", part.address, detail)


def _check_said(found: Presentation, variant: Variant, scratch: Path) -> Iterator[Fault]:
    playlist = found.playlists.get(variant.address)
    if playlist is None:
        return
    streams = _streams(found, playlist, scratch)
    group = found.master.group("AUDIO", variant.attributes.get("AUDIO"))
    for media in group:
        sound = found.playlists.get(found.master.media_address(media) or "")
        if sound is not None:
            heard = _streams(found, sound, scratch)
            streams += heard
            yield from _check_channels(sound, media, heard)
    real = list(dict.fromkeys(map(_codec, streams)))
    told = [*map(_unconstrained, variant.attributes.get("CODECS", "").split(","))]
    if sorted(real) != sorted(told):
        detail = f"CODECS are {', '.join(real)}, and not {', '.join(told)}"
        yield Fault("codecs", "4.3.4.2", variant.address, detail)
    for picture in (stream for stream in streams if stream["codec_type"] == "video"):
        yield from _check_picture(variant, picture)
        yield from _check_rate(variant, packets(joined(found, playlist, scratch)))


def _check_channels(
    playlist: MediaPlaylist, media: Attributes, heard: Sequence[Mapping[str, Any]]
) -> Iterator[Fault]:
    """The first parameter of CHANNELS is their number."""
    told = media.get("CHANNELS", "").split("/")[0]
    for stream in heard:
        if f"{stream['channels']}" != told:
            detail = f"it has {stream['channels']} channels, and says {told or 'nothing'}"
            yield Fault("channels", "4.3.4.1", playlist.address, detail)


def _check_picture(variant: Variant, picture: Mapping[str, Any]) -> Iterator[Fault]:
    size = f"{picture['width']}x{picture['height']}"
    if variant.attributes.get("RESOLUTION") != size:
        yield Fault("resolution", "4.3.4.2", variant.address, f"its picture is {size}")


def _check_rate(variant: Variant, found: list[Packet]) -> Iterator[Fault]:
    """FRAME-RATE is the largest there is; of a constant one that is the average, too."""
    times = sorted(packet.shown_at for packet in found if packet.stream == 0)
    waits = [later - earlier for earlier, later in pairwise(times)]
    if not waits:
        return
    if not min(waits):
        yield Fault("timestamps", "3", variant.address, "two of its pictures are shown at once")
        return
    told = float(variant.attributes.get("FRAME-RATE", 0))
    average, fastest = len(waits) / sum(waits), 1 / min(waits)
    if not average * (1 - RATE_LEEWAY) <= told <= fastest * (1 + RATE_LEEWAY):
        detail = f"it has {average:.3f} to {fastest:.3f} frames a second, and says {told:.3f}"
        yield Fault("frame-rate", "4.3.4.2", variant.address, detail)


def _streams(found: Presentation, playlist: MediaPlaylist, scratch: Path) -> list[dict[str, Any]]:
    streams: list[dict[str, Any]] = probed(joined(found, playlist, scratch), "-show_streams")[
        "streams"
    ]
    return streams


def _codec(stream: Mapping[str, Any]) -> str:
    """As RFC 6381 writes it; of AVC without the flags of constraints, which probes do not tell."""
    if stream["codec_name"] == "aac" and stream["profile"] == "LC":
        return AAC_LC
    profile = AVC_PROFILES.get(stream.get("profile", ""), "??")
    return f"avc1.{profile}00{int(stream['level']):02x}"


def _unconstrained(codec: str) -> str:
    return f"{codec[:7]}00{codec[9:]}" if codec.startswith("avc1.") else codec
