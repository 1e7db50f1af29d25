"""Three sources that say the same thing differently -> what we say of the photo.

XMP comes before IPTC-IIM and EXIF: it is Unicode, not cut to a length, and what editing programs
write today; IPTC-IIM is what agencies write; EXIF is what cameras fill in by themselves. The time
comes the other way round: EXIF's is the camera's own. See docs/decisions/0005-photo-metadata.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from portal.assets.models import PhotoMetadata
from workers.photo.exif import Exif
from workers.photo.instants import is_possible, is_unset, parse_instant
from workers.photo.iptc import Iptc
from workers.photo.texts import CAPTION_LENGTH_MAX, KEYWORDS_MAX, TEXT_LENGTH_MAX, clean
from workers.photo.xmp import Xmp

_WRITTEN_BY_CAMERAS = frozenset({"olympus digital camera", "samsung", "dcim", "default"})
"""Image descriptions that describe nothing."""


@dataclass(frozen=True)
class Sources:
    exif: Exif
    iptc: Iptc
    xmp: Xmp


@dataclass(frozen=True)
class Merged:
    """`captured_at` is naive when the photo names no zone."""

    metadata: PhotoMetadata
    captured_at: datetime | None
    notes: tuple[str, ...]


def merge(sources: Sources, *, now: datetime) -> Merged:
    exif, iptc, xmp = sources.exif, sources.iptc, sources.xmp
    captured_at, notes = _captured_at(sources, now=now)
    metadata = PhotoMetadata(
        caption=_first(
            xmp.description, iptc.caption, _described(exif), length_max=CAPTION_LENGTH_MAX
        ),
        headline=_first(xmp.headline, iptc.headline),
        creator=_first(_joined(xmp.creators), _joined(iptc.by_lines), exif.artist),
        credit=_first(xmp.credit, iptc.credit),
        copyright=_first(xmp.rights, iptc.copyright, exif.copyright),
        keywords=_keywords(xmp.subjects) or _keywords(iptc.keywords),
        city=_first(xmp.city, iptc.city),
        country=_first(xmp.country, iptc.country),
        camera=_camera(exif),
        lens=_first(exif.lens),
        exposure=_exposure(exif),
    )
    return Merged(metadata, captured_at, (*exif.notes, *iptc.notes, *xmp.notes, *notes))


def _first(*texts: str | None, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    cleaned = (clean(text, length_max=length_max) for text in texts if text)
    return next((text for text in cleaned if text), None)


def _joined(texts: Iterable[str]) -> str | None:
    return ", ".join(filter(None, map(clean, texts))) or None


def _keywords(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(clean, texts))))[:KEYWORDS_MAX]


def _described(exif: Exif) -> str | None:
    text = (exif.description or "").strip()
    return None if text.lower() in _WRITTEN_BY_CAMERAS else text


def _camera(exif: Exif) -> str | None:
    """Maker and model, without saying "NIKON" twice."""
    make, model = clean(exif.make or ""), clean(exif.model or "")
    if make is None or model is None:
        return model or make
    brand = make.split()[0].lower()
    return model if model.lower().startswith(brand) else f"{make} {model}"


def _exposure(exif: Exif) -> str | None:
    parts = (
        _exposure_time(exif.exposure_seconds),
        exif.f_number and f"f/{_short(exif.f_number)}",
        exif.iso and f"ISO {exif.iso}",
        exif.focal_millimetres and f"{_short(exif.focal_millimetres)} mm",
    )
    return " · ".join(part for part in parts if part) or None


def _exposure_time(seconds: Fraction | None) -> str | None:
    if seconds is None:
        return None
    return f"1/{round(1 / seconds)} s" if seconds < Fraction(3, 10) else f"{_short(seconds)} s"


def _short(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _captured_at(sources: Sources, *, now: datetime) -> tuple[datetime | None, tuple[str, ...]]:
    notes: list[str] = []
    found: datetime | None = None
    for text in _times(sources):
        instant = parse_instant(text)
        if instant is None or not is_possible(instant, now=now):
            notes.append(f"The time {text[:40]!r} in the photo cannot be when it was taken.")
        elif found is None:
            found = instant
        elif _gives_zone(instant, to=found):
            found = found.replace(tzinfo=instant.tzinfo)
    return found, tuple(dict.fromkeys(notes))


def _times(sources: Sources) -> Iterator[str]:
    exif, iptc, xmp = sources.exif, sources.iptc, sources.xmp
    times = (exif.taken_at, xmp.taken_at, xmp.created_at, iptc.created_at, exif.digitized_at)
    for text in times:
        cleaned = clean(text) if text else None
        is_date_alone = cleaned is not None and len(cleaned) <= len("2019-06-04")
        if cleaned and not is_unset(cleaned) and not is_date_alone:
            yield cleaned


def _gives_zone(instant: datetime, *, to: datetime) -> bool:
    """Whether it is the same time on the clock, and only this one names the zone."""
    if to.tzinfo is not None or instant.tzinfo is None:
        return False
    return instant.replace(tzinfo=None, microsecond=0) == to.replace(microsecond=0)
