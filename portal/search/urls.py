"""Where a hit leads to. Pure."""

from __future__ import annotations

from urllib.parse import quote

from portal.search.documents import DocumentKind
from portal.search.models import SearchHit


def hit_path(hit: SearchHit, *, language: str) -> str:
    """The page of the hit, at its second: `/en/assets/…?t=4`."""
    if hit.kind is DocumentKind.PERSON and hit.person_slug:
        return f"/{language}/people/{quote(hit.person_slug, safe='')}"
    if hit.asset_id is None:
        return f"/{language}/events/{quote(hit.event_slug, safe='')}"
    path = f"/{language}/assets/{hit.asset_id}"
    return path if hit.start_seconds is None else f"{path}?t={_seconds(hit.start_seconds)}"


def _seconds(seconds: float) -> str:
    """To the millisecond, without zeros that say nothing."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
