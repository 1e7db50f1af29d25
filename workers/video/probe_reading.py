"""Asks ffprobe about a recording and reads its JSON; what is beyond reason becomes None."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from portal.errors import ToolFailed
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST
from workers.video.probe import (
    STREAM_CONTAINERS,
    AudioStream,
    CaptionStream,
    Chapter,
    Colour,
    Probe,
    VideoStream,
)
from workers.video.raw_values import (
    Raw,
    count,
    instant,
    language,
    mapping,
    mappings,
    number,
    ratio,
    seconds,
    text,
    word,
)

FRAME_RATE_MAX = 480
"""Rates above are time bases in disguise, such as MPEG-TS's 90000/1."""
SAMPLE_ASPECT_MAX = 4
CHAPTERS_MAX = 1000
FIRST_CAMERA_YEAR = 1990
"""Clocks that were never set say 1904 or 1970."""
_CAPTION_TAGS = frozenset({"stpp", "wvtt"})
"""TTML and WebVTT in MP4, for which ffmpeg has no names."""
_ESTIMATE_SIGN = "Estimating duration from bitrate"
"""Raw AAC, AMR and MP3 without a Xing header: a whole file of 70 s was guessed to have 104 s."""
_PLACE_TAG = re.compile(r"location|gps|geo|\.place\b|\bxyz\b", re.IGNORECASE)
_TIMECODE = re.compile(r"\d{2}:\d{2}:\d{2}[:;.]\d{2,3}")
_PROGRAM = re.compile(r"handler|media|gpac|core", re.IGNORECASE)
_ALPHA = re.compile(r"yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8")
_DEPTH = re.compile(r"(?:p0?|gray|rgba?)(9|10|12|14|16|32|48|64)(?:[lb]e)?$")
_DEPTH_OF_PACKED: Mapping[int, int] = {32: 32, 48: 16, 64: 16}


def probe_command(ffprobe: str, source: Path, *, pixels_max: int) -> list[str]:
    # Warnings, because only one of them tells whether the duration is a guess.
    flags = ["-v", "warning", "-protocol_whitelist", PROTOCOL_WHITELIST]
    flags += ["-format_whitelist", FORMAT_WHITELIST, "-codec_whitelist", CODEC_WHITELIST]
    flags += ["-max_pixels", str(pixels_max), "-of", "json"]
    flags += ["-show_format", "-show_streams", "-show_chapters"]
    return [ffprobe, *flags, "-i", f"file:{source}"]


def read_probe(output: bytes, *, warnings: str, now: datetime) -> Probe:
    """Read ffprobe's JSON and what it warned of. Raises ToolFailed when it is no JSON."""
    try:
        raw = json.loads(output)
    except ValueError as error:
        raise ToolFailed("ffprobe gave an answer that cannot be read.") from error
    if not isinstance(raw, Mapping):
        raise ToolFailed("ffprobe gave an answer of an unknown form.")
    container, streams = mapping(raw, "format"), mappings(raw, "streams")
    start_seconds = number(container.get("start_time")) or 0.0
    pictures = [_video(s, start_seconds) for s in streams if _is_moving(s, "video")]
    captured_at, is_zone_known = _captured_at(mapping(container, "tags"), now=now)
    name = word(container.get("format_name")) or ""
    return Probe(
        container=name,
        duration_seconds=seconds(container.get("duration")),
        captured_at=captured_at,
        video_streams=tuple(picture for picture in pictures if picture is not None),
        audio_streams=tuple(_audio(s, start_seconds) for s in streams if _is_recorded(s, "audio")),
        is_duration_estimated=_ESTIMATE_SIGN in warnings or name in STREAM_CONTAINERS,
        caption_streams=tuple(_captions(s) for s in streams if _is_caption_track(s)),
        chapters=_chapters(raw),
        is_captured_zone_known=is_zone_known,
        timecode=_timecode([container, *streams]),
        has_location=any(_names_place(mapping(part, "tags")) for part in (container, *streams)),
        start_seconds=start_seconds,
        has_unreadable_picture=None in pictures,
    )


def _is_caption_track(stream: Raw) -> bool:
    return _is_recorded(stream, "subtitle") or stream.get("codec_tag_string") in _CAPTION_TAGS


def _is_recorded(stream: Raw, kind: str) -> bool:
    return _is_moving(stream, kind) and word(stream.get("codec_name")) is not None


def _is_moving(stream: Raw, kind: str) -> bool:
    """Pictures of covers, stills and thumbnails are no video."""
    disposition = mapping(stream, "disposition")
    is_still = any(disposition.get(name) for name in ("attached_pic", "timed_thumbnails"))
    return stream.get("codec_type") == kind and not is_still


def _video(stream: Raw, recording_start_seconds: float) -> VideoStream | None:
    codec = word(stream.get("codec_name"))
    width, height = count(stream.get("width")), count(stream.get("height"))
    if codec is None or not width or not height:
        return None
    rotation, aspect = _rotation(stream), _sample_aspect(stream)
    size = _display_size(width, height, aspect, rotation)
    pixel_format = word(stream.get("pix_fmt"))
    return VideoStream(
        index=count(stream.get("index")),
        codec=codec,
        width=size[0],
        height=size[1],
        rotation_degrees=rotation,
        pixel_format=pixel_format,
        average_frame_rate=_frame_rate(stream.get("avg_frame_rate")),
        nominal_frame_rate=_frame_rate(stream.get("r_frame_rate")),
        duration_seconds=_stream_seconds(stream),
        is_default=_is_default(stream),
        delay_seconds=_delay_seconds(stream, recording_start_seconds),
        coded_width=width,
        coded_height=height,
        sample_aspect=aspect,
        profile=word(stream.get("profile")),
        bit_depth=_bit_depth(stream, pixel_format),
        has_alpha=_ALPHA.match(pixel_format or "") is not None,
        colour=_colour(stream),
        field_order=word(stream.get("field_order")),
        bit_rate_bps=count(stream.get("bit_rate")) or None,
        has_closed_captions=bool(count(stream.get("closed_captions"))),
        is_mirrored=_is_mirrored(stream),
        time_base=ratio(stream.get("time_base"), separator="/") or VideoStream.time_base,
    )


def _audio(stream: Raw, recording_start_seconds: float) -> AudioStream:
    tags = mapping(stream, "tags")
    return AudioStream(
        index=count(stream.get("index")),
        codec=str(stream["codec_name"]),
        channels=count(stream.get("channels")),
        language=language(tags.get("language")),
        duration_seconds=_stream_seconds(stream),
        is_default=_is_default(stream),
        delay_seconds=_delay_seconds(stream, recording_start_seconds),
        layout=word(stream.get("channel_layout")),
        title=_title(tags),
        sample_rate=count(stream.get("sample_rate")),
    )


def _captions(stream: Raw) -> CaptionStream:
    tags = mapping(stream, "tags")
    return CaptionStream(
        index=count(stream.get("index")),
        codec=word(stream.get("codec_name")) or str(stream["codec_tag_string"]),
        language=language(tags.get("language")),
        title=_title(tags),
        is_default=_is_default(stream),
    )


def _chapters(raw: Raw) -> tuple[Chapter, ...]:
    found: list[Chapter] = []
    for chapter in mappings(raw, "chapters")[:CHAPTERS_MAX]:
        start, end = number(chapter.get("start_time")), number(chapter.get("end_time"))
        if start is not None and end is not None and 0 <= start <= end:
            found.append(Chapter(start, end, _title(mapping(chapter, "tags"))))
    return tuple(found)


def _title(tags: Raw) -> str | None:
    """What a person called it. Programs write their own names into the handler's."""
    handler = text(tags.get("handler_name"))
    is_given = handler is not None and not _PROGRAM.search(handler)
    return text(tags.get("title")) or text(tags.get("name")) or (handler if is_given else None)


def _is_default(stream: Raw) -> bool:
    return bool(mapping(stream, "disposition").get("default"))


def _stream_seconds(stream: Raw) -> float | None:
    """Matroska keeps a stream's duration in a tag, as "00:00:30.080000000"."""
    found = seconds(stream.get("duration"))
    if found is not None:
        return found
    written = re.fullmatch(
        r"(\d{1,3}):(\d{2}):(\d{2}(?:\.\d{1,9})?)", str(mapping(stream, "tags").get("DURATION"))
    )
    if written is None:
        return None
    return seconds(int(written[1]) * 3600 + int(written[2]) * 60 + float(written[3]))


def _delay_seconds(stream: Raw, recording_start_seconds: float) -> float:
    start_seconds = number(stream.get("start_time")) or 0.0
    return max(0.0, start_seconds - recording_start_seconds)


def _display_size(width: int, height: int, aspect: Fraction, rotation: int) -> tuple[int, int]:
    shown_width = round(width * aspect)
    upright = (height, shown_width) if rotation % 180 else (shown_width, height)
    return _even(upright[0]), _even(upright[1])


def _even(pixels: int) -> int:
    return max(2, pixels // 2 * 2)


def _rotation(stream: Raw) -> int:
    """Clockwise quarter turns that make the picture upright: 0, 90, 180 or 270."""
    for side_data in mappings(stream, "side_data_list"):
        degrees = number(side_data.get("rotation"))
        if degrees is not None:
            return round(-degrees / 90) * 90 % 360
    return 0


def _is_mirrored(stream: Raw) -> bool:
    """Whether the display matrix turns left to right: its determinant is negative."""
    for side_data in mappings(stream, "side_data_list"):
        rows = re.findall(r"-?\d{1,11}", re.sub(r"\d{8}:", "", str(side_data.get("displaymatrix"))))
        if len(rows) == 9:
            a, b, _, c, d, *_ = (int(value) for value in rows)
            return a * d - b * c < 0
    return False


def _sample_aspect(stream: Raw) -> Fraction:
    aspect = ratio(stream.get("sample_aspect_ratio"), separator=":")
    if aspect is None or not Fraction(1, SAMPLE_ASPECT_MAX) <= aspect <= SAMPLE_ASPECT_MAX:
        return Fraction(1)
    return aspect


def _frame_rate(value: object) -> Fraction | None:
    rate = ratio(value, separator="/")
    return rate if rate is not None and rate <= FRAME_RATE_MAX else None


def _bit_depth(stream: Raw, pixel_format: str | None) -> int:
    stated = count(stream.get("bits_per_raw_sample"))
    named = _DEPTH.search(pixel_format or "")
    found = stated or (int(named[1]) if named else 8)
    return found if found <= 16 else _DEPTH_OF_PACKED.get(found, 8)


def _colour(stream: Raw) -> Colour:
    return Colour(
        primaries=word(stream.get("color_primaries")),
        transfer=word(stream.get("color_transfer")),
        matrix=word(stream.get("color_space")),
        value_range=word(stream.get("color_range")),
    )


def _timecode(parts: list[Raw]) -> str | None:
    for part in parts:
        written = str(mapping(part, "tags").get("timecode"))
        if _TIMECODE.fullmatch(written):
            return written
    return None


def _names_place(tags: Raw) -> bool:
    return any(_PLACE_TAG.search(str(name)) for name in tags)


def _captured_at(tags: Raw, *, now: datetime) -> tuple[datetime | None, bool]:
    """When, and whether the offset is that of the place."""
    # Apple's tag keeps the local offset, which the standard one has lost.
    for name in ("com.apple.quicktime.creationdate", "creation_time"):
        moment = instant(tags.get(name))
        if moment is not None and moment.year >= FIRST_CAMERA_YEAR:
            is_past = moment <= now + timedelta(days=1)
            return (moment, name != "creation_time") if is_past else (None, False)
    return None, False
