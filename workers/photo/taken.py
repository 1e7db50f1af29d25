"""When a photo was taken: which of the times in it counts, and what tells the zone.

See docs/decisions/0005-photo-metadata.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.assets.models import CapturedAtSource
from portal.photos.models import PhotoClock
from workers.photo import xmp
from workers.photo.instants import is_possible, is_unset, parse_instant, zone_by_satellites
from workers.photo.sources import Sources
from workers.photo.texts import clean

_DATE_LENGTH = len("2019-06-04")
_QUOTED_LENGTH_MAX = 40


@dataclass(frozen=True)
class Taken:
    """`clock` is None when no time in the photo can be when it was taken."""

    clock: PhotoClock | None = None
    source: CapturedAtSource | None = None
    notes: tuple[str, ...] = ()


def taken(sources: Sources, *, now: datetime) -> Taken:
    times: list[tuple[datetime, CapturedAtSource]] = []
    notes: dict[str, None] = {}
    for text, source in _times(sources):
        instant = parse_instant(text)
        if instant is None or not is_possible(instant, now=now):
            quoted = text[:_QUOTED_LENGTH_MAX]
            notes[f"The time {quoted!r} in the photo cannot be when it was taken."] = None
        else:
            times.append((instant, source))
    if not times:
        return Taken(notes=tuple(notes))
    shown = times[0][0].replace(tzinfo=None)
    offset, source = _offset(times, sources.exif.gps_at)
    seconds = None if offset is None else round(offset.total_seconds())
    return Taken(PhotoClock(shown, seconds), source, tuple(notes))


def _times(sources: Sources) -> Iterator[tuple[str, CapturedAtSource]]:
    """In the order in which they count; a date alone, or none, is no time."""
    exif, iptc, of_xmp = sources.exif, sources.iptc, sources.xmp
    for text, source in (
        (exif.taken_at, CapturedAtSource.EXIF_OFFSET),
        (of_xmp.text(xmp.TAKEN_AT), CapturedAtSource.XMP),
        (of_xmp.text(xmp.CREATED_AT), CapturedAtSource.XMP),
        (iptc.created_at, CapturedAtSource.IPTC),
        (exif.digitized_at, CapturedAtSource.EXIF_OFFSET),
    ):
        cleaned = clean(text) if text else None
        if cleaned and len(cleaned) > _DATE_LENGTH and not is_unset(cleaned):
            yield cleaned, source


def _offset(
    times: list[tuple[datetime, CapturedAtSource]], gps_at: str | None
) -> tuple[timedelta | None, CapturedAtSource]:
    """What the time itself says, then the satellites, then the same time written elsewhere."""
    found, source = times[0]
    if found.tzinfo is not None:
        return found.utcoffset(), source
    utc = parse_instant(gps_at) if gps_at else None
    if utc is not None and (offset := zone_by_satellites(found, utc)) is not None:
        return offset, CapturedAtSource.GPS
    for other, its_source in times[1:]:
        is_same = other.replace(tzinfo=None, microsecond=0) == found.replace(microsecond=0)
        if is_same and other.tzinfo is not None:
            return other.utcoffset(), its_source
    return None, CapturedAtSource.EVENT_ZONE
