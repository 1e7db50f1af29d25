"""What ffprobe says of a recording, as a frozen `Probe`; nonsense numbers become None."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from portal.errors import ToolFailed
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

FRAME_RATE_MAX = 480
"""Rates above are time bases in disguise, such as MPEG-TS's 90000/1."""
SAMPLE_ASPECT_MAX = 4
DURATION_SECONDS_MAX = 30 * 24 * 3600
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
FIRST_CAMERA_YEAR = 1990
"""Clocks that were never set say 1904 or 1970."""
_ESTIMATE_SIGN = "Estimating duration from bitrate"
"""Raw AAC, AMR and MP3 without a Xing header: a whole file of 70 s was guessed to have 104 s."""

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class VideoStream:
    """`width` and `height` are those of the upright picture with square pixels, both even."""

    index: int
    codec: str
    width: int
    height: int
    rotation_degrees: int
    pixel_format: str | None
    average_frame_rate: Fraction | None
    nominal_frame_rate: Fraction | None
    duration_seconds: float | None
    is_default: bool
    delay_seconds: float = 0.0
    """How long after the beginning of the recording the picture begins."""

    @property
    def frame_rate(self) -> Fraction | None:
        return self.average_frame_rate or self.nominal_frame_rate


@dataclass(frozen=True)
class AudioStream:
    index: int
    codec: str
    channels: int
    language: str | None
    duration_seconds: float | None
    is_default: bool
    delay_seconds: float = 0.0


@dataclass(frozen=True)
class Probe:
    """A recording: its container's duration, its streams, when it was made."""

    container: str
    duration_seconds: float | None
    captured_at: datetime | None
    video_streams: tuple[VideoStream, ...]
    audio_streams: tuple[AudioStream, ...]
    is_duration_estimated: bool = False
    """Whether durations are only guessed from the bit rate: the file states none."""

    @property
    def stated_duration_seconds(self) -> float | None:
        return None if self.is_duration_estimated else self.duration_seconds

    @property
    def video(self) -> VideoStream | None:
        """The picture that is shown: the default one, else the largest."""
        return max(
            self.video_streams, key=lambda s: (s.is_default, s.width * s.height), default=None
        )

    @property
    def audio(self) -> AudioStream | None:
        """The sound that is heard: the default one, else the first."""
        return max(self.audio_streams, key=lambda s: s.is_default, default=None)


def probe_command(ffprobe: str, source: Path, *, pixels_max: int) -> list[str]:
    # Warnings, because only one of them tells whether the duration is a guess.
    flags = ["-v", "warning", "-protocol_whitelist", PROTOCOL_WHITELIST]
    flags += ["-format_whitelist", FORMAT_WHITELIST, "-codec_whitelist", CODEC_WHITELIST]
    flags += ["-max_pixels", str(pixels_max), "-of", "json", "-show_format", "-show_streams"]
    return [ffprobe, *flags, "-i", f"file:{source}"]


def read_probe(output: bytes, *, warnings: str, now: datetime) -> Probe:
    """Read ffprobe's JSON and what it warned of. Raises ToolFailed when it is no JSON."""
    try:
        raw = json.loads(output)
    except ValueError as error:
        raise ToolFailed("ffprobe gave an answer that cannot be read.") from error
    if not isinstance(raw, Mapping):
        raise ToolFailed("ffprobe gave an answer of an unknown form.")
    container, streams = _mapping(raw, "format"), _mappings(raw, "streams")
    start_seconds = _number(container.get("start_time")) or 0.0
    pictures = [_read_video(s, start_seconds) for s in streams if _is_recorded(s, "video")]
    sounds = [_read_audio(s, start_seconds) for s in streams if _is_recorded(s, "audio")]
    return Probe(
        container=str(container.get("format_name", "")),
        duration_seconds=_seconds(container.get("duration")),
        captured_at=_captured_at(_mapping(container, "tags"), now=now),
        video_streams=tuple(picture for picture in pictures if picture is not None),
        audio_streams=tuple(sounds),
        is_duration_estimated=_ESTIMATE_SIGN in warnings,
    )


def _is_recorded(stream: Raw, kind: str) -> bool:
    is_cover = bool(_mapping(stream, "disposition").get("attached_pic"))
    return stream.get("codec_type") == kind and not is_cover and "codec_name" in stream


def _read_video(stream: Raw, recording_start_seconds: float) -> VideoStream | None:
    width, height = _count(stream.get("width")), _count(stream.get("height"))
    if not width or not height:
        return None
    rotation = _rotation(stream)
    size = _display_size(width, height, _sample_aspect(stream), rotation)
    return VideoStream(
        index=_count(stream.get("index")),
        codec=str(stream["codec_name"]),
        width=size[0],
        height=size[1],
        rotation_degrees=rotation,
        pixel_format=_name(stream.get("pix_fmt")),
        average_frame_rate=_frame_rate(stream.get("avg_frame_rate")),
        nominal_frame_rate=_frame_rate(stream.get("r_frame_rate")),
        duration_seconds=_seconds(stream.get("duration")),
        is_default=bool(_mapping(stream, "disposition").get("default")),
        delay_seconds=_delay_seconds(stream, recording_start_seconds),
    )


def _read_audio(stream: Raw, recording_start_seconds: float) -> AudioStream:
    language = str(_mapping(stream, "tags").get("language", ""))
    known = LANGUAGE.fullmatch(language) is not None and language != "und"
    return AudioStream(
        index=_count(stream.get("index")),
        codec=str(stream["codec_name"]),
        channels=_count(stream.get("channels")),
        language=language if known else None,
        duration_seconds=_seconds(stream.get("duration")),
        is_default=bool(_mapping(stream, "disposition").get("default")),
        delay_seconds=_delay_seconds(stream, recording_start_seconds),
    )


def _delay_seconds(stream: Raw, recording_start_seconds: float) -> float:
    start_seconds = _number(stream.get("start_time")) or 0.0
    return max(0.0, start_seconds - recording_start_seconds)


def _display_size(
    width: int, height: int, sample_aspect: Fraction, rotation: int
) -> tuple[int, int]:
    shown_width = round(width * sample_aspect)
    upright = (height, shown_width) if rotation % 180 else (shown_width, height)
    return _even(upright[0]), _even(upright[1])


def _even(pixels: int) -> int:
    return max(2, pixels // 2 * 2)


def _rotation(stream: Raw) -> int:
    """Clockwise quarter turns that make the picture upright: 0, 90, 180 or 270."""
    for side_data in _mappings(stream, "side_data_list"):
        degrees = _number(side_data.get("rotation"))
        if degrees is not None:
            return round(-degrees / 90) * 90 % 360
    return 0


def _sample_aspect(stream: Raw) -> Fraction:
    aspect = _ratio(stream.get("sample_aspect_ratio"), separator=":")
    if aspect is None or not Fraction(1, SAMPLE_ASPECT_MAX) <= aspect <= SAMPLE_ASPECT_MAX:
        return Fraction(1)
    return aspect


def _frame_rate(value: object) -> Fraction | None:
    rate = _ratio(value, separator="/")
    return rate if rate is not None and 0 < rate <= FRAME_RATE_MAX else None


def _ratio(value: object, *, separator: str) -> Fraction | None:
    if not isinstance(value, str) or not re.fullmatch(rf"\d{{1,12}}{separator}\d{{1,12}}", value):
        return None
    numerator, denominator = (int(part) for part in value.split(separator))
    return Fraction(numerator, denominator) if denominator else None


def _captured_at(tags: Raw, *, now: datetime) -> datetime | None:
    # Apple's tag keeps the local offset, which the standard one has lost.
    for name in ("com.apple.quicktime.creationdate", "creation_time"):
        moment = _instant(tags.get(name))
        if moment is not None and moment.year >= FIRST_CAMERA_YEAR:
            return moment if moment <= now + timedelta(days=1) else None
    return None


def _instant(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and 0 < number < DURATION_SECONDS_MAX else None


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _name(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(raw: Raw, key: str) -> Raw:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}


def _mappings(raw: Raw, key: str) -> list[Raw]:
    value = raw.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
