"""The multivariant playlist, which tells players what there is to choose from; pure.

https://www.rfc-editor.org/rfc/rfc8216#section-4.3.4 and
https://developer.apple.com/documentation/http-live-streaming/hls-authoring-specification-for-apple-devices
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count

from portal.assets.models import Rendition
from portal.assets.renditions import SOUND_CHANNELS
from portal.delivery.captions import PEAK_BPS
from portal.delivery.hls_syntax import as_text, attribute_line, head, quoted
from portal.delivery.media_playlists import has_keyframes
from portal.delivery.offers import Offer, average_bps, peak_bps
from portal.delivery.urls import captions_reference, keyframes_reference, playlist_reference
from portal.languages import language_tag
from portal.web.presentation import language_name

SOUND_GROUP = "sound"
CAPTIONS_GROUP = "captions"
NAME_LENGTH_MAX = 80

Attributes = Mapping[str, str | None]


def multivariant_playlist(offer: Offer, *, captions: Sequence[str] = ()) -> str:
    """`captions`: the languages that there are captions in."""
    shown = captions if offer.is_whole else ()
    lines = head()
    if _has_sound_group(offer):
        lines += [attribute_line("EXT-X-MEDIA", sound) for sound in _sounds(offer)]
    lines += [attribute_line("EXT-X-MEDIA", attributes) for attributes in _captions(shown)]
    for variant in offer.pictures or offer.playlists[:1]:
        attributes = _variant(variant, offer, has_captions=bool(shown))
        lines += [attribute_line("EXT-X-STREAM-INF", attributes), playlist_reference(variant.name)]
    for picture in filter(has_keyframes, offer.pictures):
        lines.append(attribute_line("EXT-X-I-FRAME-STREAM-INF", _keyframes(picture)))
    return as_text(lines)


def _has_sound_group(offer: Offer) -> bool:
    """A single sound without a picture is a variant, and needs no group."""
    return bool(offer.sounds) and (bool(offer.pictures) or len(offer.sounds) > 1)


def _variant(variant: Rendition, offer: Offer, *, has_captions: bool) -> Attributes:
    """Its rates are those of the largest combination with it (RFC 8216, 4.3.4.2)."""
    heard = offer.sounds if offer.pictures else ()
    seen = (variant,) if offer.pictures else offer.playlists
    captions_bps = PEAK_BPS if has_captions else 0
    return {
        "BANDWIDTH": str(_largest(peak_bps, seen) + _largest(peak_bps, heard) + captions_bps),
        "AVERAGE-BANDWIDTH": str(
            _largest(average_bps, seen) + _largest(average_bps, heard) + captions_bps
        ),
        "CODECS": _codecs([*seen, *heard]),
        "RESOLUTION": _resolution(variant),
        "FRAME-RATE": f"{variant.frame_rate:.3f}" if variant.frame_rate else None,
        "AUDIO": quoted(SOUND_GROUP) if _has_sound_group(offer) else None,
        "SUBTITLES": quoted(CAPTIONS_GROUP) if has_captions else None,
        # Else players offer captions that a camera may have left inside of the picture.
        "CLOSED-CAPTIONS": "NONE",
    }


def _keyframes(picture: Rendition) -> Attributes:
    """Two pictures of a stretch at most are loaded: its rate is that of key frames alone."""
    bits = [8 * size_bytes for size_bytes in picture.keyframe_bytes or ()]
    seconds = picture.segment_seconds or ()
    peak = max(size / duration for size, duration in zip(bits, seconds, strict=True))
    return {
        "BANDWIDTH": str(math.ceil(peak)),
        "AVERAGE-BANDWIDTH": str(round(sum(bits) / sum(seconds))),
        "CODECS": _codecs([picture]),
        "RESOLUTION": _resolution(picture),
        "URI": quoted(keyframes_reference(picture.name)),
    }


def _sounds(offer: Offer) -> Iterator[Attributes]:
    tags = [language_tag(sound.language) for sound in offer.sounds]
    names = _unique(
        _label(sound) or _own_name(language) or sound.name
        for sound, language in zip(offer.sounds, tags, strict=True)
    )
    for index, (sound, language, name) in enumerate(zip(offer.sounds, tags, names, strict=True)):
        # What players choose by the reader's language must be told apart by it.
        is_distinct = language is not None and language not in tags[:index]
        yield {
            "TYPE": "AUDIO",
            "GROUP-ID": quoted(SOUND_GROUP),
            "NAME": quoted(name),
            "LANGUAGE": quoted(language) if language else None,
            "DEFAULT": "NO" if index else "YES",
            "AUTOSELECT": "YES" if is_distinct or not index else "NO",
            "CHANNELS": quoted(f"{SOUND_CHANNELS}"),
            "URI": quoted(playlist_reference(sound.name)),
        }


def _captions(languages: Sequence[str]) -> Iterator[Attributes]:
    """None is shown unasked; who wants captions in general gets those in his language."""
    tags = [language_tag(language) for language in languages]
    names = _unique(
        _own_name(known) or language for known, language in zip(tags, languages, strict=True)
    )
    for index, (language, name) in enumerate(zip(tags, names, strict=True)):
        is_distinct = language is not None and language not in tags[:index]
        yield {
            "TYPE": "SUBTITLES",
            "GROUP-ID": quoted(CAPTIONS_GROUP),
            "NAME": quoted(name),
            "LANGUAGE": quoted(language) if language else None,
            "DEFAULT": "NO",
            "AUTOSELECT": "YES" if is_distinct else "NO",
            "URI": quoted(captions_reference(languages[index])),
        }


def _largest(rate: Callable[[Rendition], int], renditions: Iterable[Rendition]) -> int:
    return max(map(rate, renditions), default=0)


def _codecs(renditions: Sequence[Rendition]) -> str | None:
    """Half a list would promise less than there is; none lets the player look for itself."""
    if not all(rendition.codecs for rendition in renditions):
        return None
    listed = ",".join(rendition.codecs or "" for rendition in renditions)
    return quoted(",".join(dict.fromkeys(listed.split(","))))


def _resolution(rendition: Rendition) -> str | None:
    size = (rendition.width, rendition.height)
    return f"{size[0]}x{size[1]}" if all(size) else None


def _label(sound: Rendition) -> str:
    """ "Floor", "Interpretation: Russian": what the file says of its track, on one line."""
    return " ".join((sound.label or "").replace('"', "”").split())[:NAME_LENGTH_MAX]


def _own_name(language: str | None) -> str | None:
    """`Русский`: whoever needs a language reads its name in it."""
    return language_name(language) if language else None


def _unique(names: Iterable[str]) -> list[str]:
    """Each name once, the others with a number, as a group wants them (RFC 8216, 4.3.4.1.1)."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name} {number}" for number in count(2))
        found.append(next(n for n in chain([name], numbered) if n not in found))
    return found
