"""What a recording's file says of itself, in the words of a reader: pure.

Facts are JSON that a worker wrote; whatever is missing or of another shape is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.recordings.models import Recording
from portal.web.formatting import format_clock, format_number, format_tenths
from portal.web.i18n import gettext, msg
from portal.web.presentation import Fact, facts_in, language_name

CODEC_NAMES: Mapping[str, str] = {
    "h264": "H.264",
    "hevc": "H.265",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4",
    "prores": "ProRes",
    "vp8": "VP8",
    "vp9": "VP9",
    "av1": "AV1",
    "aac": "AAC",
    "mp3": "MP3",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "flac": "FLAC",
    "opus": "Opus",
    "vorbis": "Vorbis",
}
LAYOUT_NAMES: Mapping[str, str] = {"mono": msg("mono"), "stereo": msg("stereo")}
INTERLACED = msg("interlaced")
VARIABLE_RATE = msg("variable frame rate")
FRAMES_PER_SECOND = msg("%(rate)s frames/s")
BITS = msg("%(count)s bit")
LOUDNESS = msg("%(loudness)s LUFS, range %(range)s LU, true peak %(peak)s dBTP")
LOUDNESS_ALONE = msg("%(loudness)s LUFS")
NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})
"""What containers write for a language that is none: ISO 639-2."""


@dataclass(frozen=True)
class ChapterLink:
    """`path` is another second of the page that one is on."""

    path: str
    clock: str
    title: str


def technical_facts(recording: Recording, *, language: str) -> tuple[Fact, ...]:
    facts = recording.facts
    video = _mapping(facts.get("video"))
    return facts_in(
        language,
        [
            (msg("Format of the original"), _format(facts, video)),
            (msg("Picture of the original"), _picture(video, language)),
            (msg("Sound of the original"), _sound(facts, language)),
            (msg("Loudness"), loudness_words(recording, language=language)),
            (msg("Timecode"), _text(facts, "timecode")),
        ],
    )


def loudness_words(recording: Recording, *, language: str) -> str:
    """`−23.0 LUFS, range 7.2 LU, true peak −1.3 dBTP`"""
    if recording.loudness_lufs is None:
        return ""
    words = {"loudness": format_tenths(recording.loudness_lufs, language=language)}
    if recording.loudness_range_lu is None or recording.true_peak_dbtp is None:
        return gettext(language, LOUDNESS_ALONE) % words
    return gettext(language, LOUDNESS) % {
        **words,
        "range": format_tenths(recording.loudness_range_lu, language=language),
        "peak": format_tenths(recording.true_peak_dbtp, language=language),
    }


def chapter_links(recording: Recording) -> tuple[ChapterLink, ...]:
    """Those that have a title."""
    found = []
    for chapter in _mappings(recording.facts.get("chapters")):
        title, seconds = _text(chapter, "title"), _number(chapter, "start_seconds")
        if title and seconds is not None and seconds >= 0:
            found.append(ChapterLink(f"?t={seconds:.3f}", format_clock(seconds), title))
    return tuple(found)


def spoken_name(code: str | None, *, language: str) -> str:
    """`Russian` for "ru" or "rus"; "" for what is no language."""
    return language_name(code, language=language) if code and code not in NO_LANGUAGE else ""


def _format(facts: Mapping[str, object], video: Mapping[str, object]) -> str:
    codec = " ".join(filter(None, (_codec(video), _text(video, "profile"))))
    return ", ".join(filter(None, (_text(facts, "container"), codec)))


def _picture(video: Mapping[str, object], language: str) -> str:
    width, height = _number(video, "width"), _number(video, "height")
    depth = _number(video, "bit_depth")
    is_variable = video.get("is_rate_variable") is True
    parts = (
        f"{width:.0f} × {height:.0f}" if width and height else "",
        gettext(language, VARIABLE_RATE) if is_variable else _rate(video, language),
        gettext(language, INTERLACED) if video.get("is_interlaced") is True else "",
        f"HDR ({hdr})" if (hdr := _text(video, "hdr")) else "",
        gettext(language, BITS) % {"count": f"{depth:.0f}"} if depth and depth > 8 else "",
    )
    return ", ".join(filter(None, parts))


def _rate(video: Mapping[str, object], language: str) -> str:
    rate = _number(video, "frame_rate")
    if not rate:
        return ""
    shown = format_number(round(rate, 2), language=language)
    return gettext(language, FRAMES_PER_SECOND) % {"rate": shown}


def _sound(facts: Mapping[str, object], language: str) -> str:
    """Tracks that are alike are told once."""
    tracks = (_track(track, language) for track in _mappings(facts.get("audio")))
    return "; ".join(dict.fromkeys(filter(None, tracks)))


def _track(track: Mapping[str, object], language: str) -> str:
    layout, rate = _text(track, "layout"), _number(track, "sample_rate")
    hertz = f"{format_number(rate / 1000, language=language)} kHz" if rate else ""
    shown = gettext(language, LAYOUT_NAMES[layout]) if layout in LAYOUT_NAMES else layout
    return ", ".join(filter(None, (_codec(track), shown, hertz)))


def _codec(stream: Mapping[str, object]) -> str:
    name = _text(stream, "codec")
    return CODEC_NAMES.get(name, name)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Sequence[Mapping[str, object]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []


def _text(facts: Mapping[str, object], key: str) -> str:
    value = facts.get(key)
    return value if isinstance(value, str) else ""


def _number(facts: Mapping[str, object], key: str) -> float | None:
    value = facts.get(key)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and isinstance(value, int | float) else None
