"""Three sources that say the same thing differently -> what we say of the photo.

XMP comes before IPTC-IIM and EXIF: it is Unicode, not cut to a length, and what editing programs
write today; IPTC-IIM is what agencies write; EXIF is what cameras fill in by themselves. Only when
IPTC-IIM was changed after the XMP was written does it come first. See
docs/decisions/0005-photo-metadata.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from portal.assets.models import PhotoMetadata
from portal.photos.models import PhotoClock, SeenCamera
from workers.photo import xmp
from workers.photo.blocks.find import opened
from workers.photo.exif import Exif
from workers.photo.exposure import exposure_text
from workers.photo.sources import Sources, read_sources
from workers.photo.taken import taken
from workers.photo.texts import (
    CAPTION_LENGTH_MAX,
    KEYWORDS_MAX,
    LANGUAGES_MAX,
    PEOPLE_MAX,
    TEXT_LENGTH_MAX,
    clean,
)

_WRITTEN_BY_CAMERAS = frozenset({"olympus digital camera", "samsung", "dcim", "default"})
"""Image descriptions that describe nothing."""
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-.*)?")
_CUT_BYTES_MIN = 30
"""The shortest fields of IPTC-IIM have 32 bytes, of which a cut letter may miss some."""


@dataclass(frozen=True)
class Merged:
    """`clock` is None when the photo does not say when it was taken."""

    metadata: PhotoMetadata
    clock: PhotoClock | None
    camera: SeenCamera | None
    notes: tuple[str, ...]


def read_metadata(path: Path, *, now: datetime) -> Merged:
    """All that a file says of itself; never raises on what stands in it."""
    with opened(path) as data:
        return merge(read_sources(data), now=now)


def merge(sources: Sources, *, now: datetime) -> Merged:
    exif, iptc, of_xmp = sources.exif, sources.iptc, sources.xmp
    when = taken(sources, now=now)

    def either(path: xmp.Path, of_iptc: str | None, *others: str | None) -> str | None:
        return _first(*_in_order(sources, of_xmp.text(path), of_iptc), *others)

    metadata = PhotoMetadata(
        caption=_first(
            *_in_order(sources, of_xmp.text(xmp.DESCRIPTION), iptc.caption),
            _described(exif),
            length_max=CAPTION_LENGTH_MAX,
        ),
        captions=_captions(of_xmp.in_languages(xmp.DESCRIPTION)),
        headline=either(xmp.HEADLINE, iptc.headline),
        creator=_first(
            *_in_order(sources, _joined(of_xmp.texts(xmp.CREATORS)), _joined(iptc.by_lines)),
            exif.artist,
        ),
        credit=either(xmp.CREDIT, iptc.credit),
        source=either(xmp.SOURCE, iptc.source),
        copyright=either(xmp.RIGHTS, iptc.copyright, exif.copyright),
        keywords=_keywords(sources),
        people_shown=_distinct(of_xmp.people)[:PEOPLE_MAX],
        city=_first(of_xmp.text(xmp.SHOWN_CITY)) or either(xmp.CITY, iptc.city),
        country=_first(of_xmp.text(xmp.SHOWN_COUNTRY)) or either(xmp.COUNTRY, iptc.country),
        camera=_camera_name(exif),
        lens=_first(exif.lens, of_xmp.text(xmp.LENS)),
        exposure=exposure_text(exif),
        orientation=exif.orientation,
        original_filename=_filename(of_xmp.text(xmp.PRESERVED_FILENAME, xmp.RAW_FILENAME)),
        captured_at_source=when.source,
    )
    return Merged(metadata, when.clock, _camera(exif), (*sources.notes, *when.notes))


def _in_order(
    sources: Sources, of_xmp: str | None, of_iptc: str | None
) -> tuple[str | None, str | None]:
    """The one that counts more first. Cut to the length of its field, IPTC-IIM says nothing new."""
    if not sources.iptc.is_newer_than_xmp or (of_xmp and of_iptc and _is_cut(of_iptc, of_xmp)):
        return of_xmp, of_iptc
    return of_iptc, of_xmp


def _is_cut(text: str, whole: str) -> bool:
    return len(text.encode(errors="replace")) >= _CUT_BYTES_MIN and whole.startswith(text)


def _first(*texts: str | None, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    cleaned = (clean(text, length_max=length_max) for text in texts if text)
    return next((text for text in cleaned if text), None)


def _joined(texts: Iterable[str]) -> str | None:
    return ", ".join(_distinct(texts)) or None


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean, texts))))


def _captions(written: dict[str, str]) -> dict[str, str]:
    """By the language alone, without region and script; what is no language is left out."""
    found: dict[str, str] = {}
    for tag, text in written.items():
        match = _LANGUAGE.fullmatch(tag)
        caption = clean(text, length_max=CAPTION_LENGTH_MAX)
        if match and caption and len(found) < LANGUAGES_MAX:
            found.setdefault(match[1].lower(), caption)
    return found


def _keywords(sources: Sources) -> tuple[str, ...]:
    lists = [sources.xmp.texts(xmp.SUBJECTS), sources.iptc.keywords]
    if sources.iptc.is_newer_than_xmp:
        lists.reverse()
    first, second = map(_distinct, lists)
    return (first or second)[:KEYWORDS_MAX]


def _described(exif: Exif) -> str | None:
    text = (exif.description or "").strip()
    return None if text.lower() in _WRITTEN_BY_CAMERAS else text


def _camera_name(exif: Exif) -> str | None:
    """Maker and model, without saying "NIKON" twice."""
    make, model = clean(exif.make or ""), clean(exif.model or "")
    if make is None or model is None:
        return model or make
    brand = make.split()[0].lower()
    return model if model.lower().startswith(brand) else f"{make} {model}"


def _camera(exif: Exif) -> SeenCamera | None:
    """The serial number goes into the digest only: it would tell whose camera it is."""
    name = _camera_name(exif)
    if name is None:
        return None
    parts = "\0".join((exif.make or "", exif.model or "", exif.serial_number or ""))
    return SeenCamera(sha256(parts.encode(errors="replace")).hexdigest(), name)


def _filename(path: str | None) -> str | None:
    """Without the folders, which tell of somebody's computer."""
    return None if path is None else clean(re.split(r"[/\\]", path)[-1], length_max=255)
