"""HLS playlists from rendition rows; pure.

https://www.rfc-editor.org/rfc/rfc8216
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from babel.core import get_global

from portal.assets.made_files import INIT
from portal.assets.models import Rendition, RenditionKind
from portal.delivery.urls import playlist_reference, segment_reference

SOUND_GROUP = "sound"
VERSION = 7
"""EXT-X-MAP outside of I-frame playlists needs 6 (RFC 8216, 7); fMP4 players expect 7."""
DECIMALS = 6
UNDETERMINED = "und"
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def playable(renditions: Sequence[Rendition]) -> list[Rendition]:
    """What the master playlist offers: the ladder with its sound, or else the preview.

    The smallest rung comes first: Safari starts with the first one, and a phone in a crowded hall
    must show a picture at once; a better link climbs within a segment.
    """
    ladder = _of_kind(renditions, RenditionKind.VIDEO) + _of_kind(renditions, RenditionKind.AUDIO)
    return ladder or _of_kind(renditions, RenditionKind.PREVIEW)


def master_playlist(renditions: Sequence[Rendition]) -> str:
    """The multivariant playlist over `renditions`, which are those that `playable` gave."""
    sounds = _of_kind(renditions, RenditionKind.AUDIO)
    pictures = [rendition for rendition in renditions if rendition not in sounds]
    sound = sounds[0] if sounds else None
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if pictures and sound:
        lines.append(_tag("EXT-X-MEDIA", _sound_attributes(sound)))
        for picture in pictures:
            lines += _variant(picture, sound=sound)
    else:
        for rendition in pictures or sounds[:1]:
            lines += _variant(rendition, sound=None)
    return _text(lines)


def media_playlist(rendition: Rendition, *, is_growing: bool) -> str:
    """The segments of one rendition.

    One that is growing has no end: players ask for it again (RFC 8216, 6.3.4).
    """
    seconds = [round(duration, DECIMALS) for duration in rendition.segment_seconds or ()]
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{_target_seconds(seconds)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if is_growing else 'VOD'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{_reference(rendition, INIT)}"',
    ]
    for filename, duration in zip(rendition.segment_files or (), seconds, strict=True):
        lines.append(f"#EXTINF:{duration:.{DECIMALS}f},")
        lines.append(_reference(rendition, filename))
    if not is_growing:
        lines.append("#EXT-X-ENDLIST")
    return _text(lines)


def _of_kind(renditions: Sequence[Rendition], kind: RenditionKind) -> list[Rendition]:
    found = [r for r in renditions if r.kind is kind and r.segment_seconds]
    return sorted(found, key=lambda r: (_peak_bps(r), r.name))


def _variant(rendition: Rendition, *, sound: Rendition | None) -> list[str]:
    return [
        _tag("EXT-X-STREAM-INF", _variant_attributes(rendition, sound)),
        playlist_reference(rendition.name),
    ]


def _variant_attributes(rendition: Rendition, sound: Rendition | None) -> Mapping[str, str | None]:
    """A variant's rates are those of its picture and sound together (RFC 8216, 4.3.4.2)."""
    parts = [rendition, sound] if sound else [rendition]
    codecs = [part.codecs for part in parts if part.codecs]
    size = (rendition.width, rendition.height)
    frame_rate = rendition.frame_rate
    return {
        "BANDWIDTH": str(sum(map(_peak_bps, parts))),
        "AVERAGE-BANDWIDTH": str(sum(map(_average_bps, parts))),
        # Half a list would promise less than there is; none lets the player look for itself.
        "CODECS": _quoted(",".join(codecs)) if len(codecs) == len(parts) else None,
        "RESOLUTION": f"{size[0]}x{size[1]}" if all(size) else None,
        "FRAME-RATE": f"{frame_rate:.3f}" if frame_rate else None,
        "AUDIO": _quoted(SOUND_GROUP) if sound else None,
    }


def _sound_attributes(sound: Rendition) -> Mapping[str, str | None]:
    language = _language_tag(sound.language)
    return {
        "TYPE": "AUDIO",
        "GROUP-ID": _quoted(SOUND_GROUP),
        "NAME": _quoted(language or sound.name),
        "LANGUAGE": _quoted(language) if language else None,
        "DEFAULT": "YES",
        "AUTOSELECT": "YES",
        "URI": _quoted(playlist_reference(sound.name)),
    }


def _language_tag(value: str | None) -> str | None:
    """The file said so itself: only what is a language tag is repeated.

    Containers write "rus" where a tag must be "ru" (RFC 5646, 2.2.1).
    """
    if not value or value == UNDETERMINED or not LANGUAGE_TAG.fullmatch(value):
        return None
    shorter: str = get_global("language_aliases").get(value.lower(), value)
    return shorter.replace("_", "-")


def _peak_bps(rendition: Rendition) -> int:
    return rendition.bandwidth_bps or _computed_average_bps(rendition)


def _average_bps(rendition: Rendition) -> int:
    return rendition.average_bandwidth_bps or _computed_average_bps(rendition)


def _computed_average_bps(rendition: Rendition) -> int:
    seconds = sum(rendition.segment_seconds or ())
    return round(8 * rendition.size_bytes / seconds) if seconds else 0


def _target_seconds(seconds: Sequence[float]) -> int:
    """No segment may be longer once rounded to the nearest second (RFC 8216, 4.3.3.1)."""
    return max(1, math.floor(max(seconds, default=0.0) + 0.5))


def _reference(rendition: Rendition, filename: str) -> str:
    return segment_reference(rendition.step, rendition.attempt, rendition.name, filename)


def _tag(name: str, attributes: Mapping[str, str | None]) -> str:
    listed = ",".join(f"{key}={value}" for key, value in attributes.items() if value is not None)
    return f"#{name}:{listed}"


def _quoted(value: str) -> str:
    """A quoted string has no way to hold a quote or a line end (RFC 8216, 4.2)."""
    return '"' + re.sub(r'["\r\n]', "", value) + '"'


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
