"""What the playlists of one presentation must have alike (RFC 8216, 6.2.4)."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist
from tests.hls_lint.presentation import Presentation

SAME_SECONDS = 0.000_002
"""Durations are written with six digits."""


def check_across(found: Presentation) -> Iterator[Fault]:
    yield from _check_targets(found)
    yield from _check_rungs(found)
    yield from _check_lengths(found)
    yield from _check_dates(found)
    for playlist in found.having("variant", "audio", "iframes").values():
        if playlist.map_address is None:
            yield Fault("map", "3.3", playlist.address, "fragmented MP4 needs an EXT-X-MAP")
    for playlist in found.having("iframes").values():
        if not playlist.is_iframes:
            yield Fault("iframes", "4.3.4.3", playlist.address, "it has more than key frames")


def _check_targets(found: Presentation) -> Iterator[Fault]:
    targets = {p.target for p in found.having("variant", "audio").values()}
    if len(targets) > 1:
        detail = f"playlists have the target durations {sorted(map(str, targets))}"
        yield Fault("same-target", "6.2.4", found.master.address, detail)
    for playlist in found.having("subtitles", "iframes").values():
        if playlist.target not in targets and playlist.kind != "VOD":
            detail = "only what never changes may have another target duration"
            yield Fault("same-target", "6.2.4", playlist.address, detail)


def _check_rungs(found: Presentation) -> Iterator[Fault]:
    """Segments of every rung begin together, so that a switch needs no search."""
    variants = list(found.having("variant").values())
    if not variants:
        return
    first = variants[0]
    for other in variants[1:]:
        if not _plays_alike(first, other):
            detail = "its segments do not begin when those of the first variant do"
            yield Fault("aligned", "6.2.4", other.address, detail)
        elif first.sequence != other.sequence:
            yield Fault("aligned", "6.2.4", other.address, "it counts its segments differently")
    for iframes in found.having("iframes").values():
        if abs(iframes.seconds - first.seconds) > SAME_SECONDS * 1000:
            detail = "its key frames do not cover what its variant plays"
            yield Fault("iframes", "4.3.3.6", iframes.address, detail)


def _plays_alike(one: MediaPlaylist, other: MediaPlaylist) -> bool:
    pairs = zip(one.parts, other.parts, strict=False)
    return len(one.parts) == len(other.parts) and all(
        abs(a.seconds - b.seconds) <= SAME_SECONDS for a, b in pairs
    )


def _check_lengths(found: Presentation) -> Iterator[Fault]:
    """What one has and another lacks is at an end, and no longer than a target duration."""
    variants = found.having("variant").values()
    longest = max((playlist.seconds for playlist in variants), default=0.0)
    leeway = max((playlist.target or 0 for playlist in variants), default=0)
    for playlist in found.having("audio", "subtitles").values():
        if abs(playlist.seconds - longest) > leeway:
            detail = f"it plays {playlist.seconds:.3f} s, the picture {longest:.3f} s"
            yield Fault("length", "6.2.4", playlist.address, detail)


def _check_dates(found: Presentation) -> Iterator[Fault]:
    dates = {playlist.starts_at for playlist in found.playlists.values()}
    if len(dates) > 1:
        detail = "playlists do not tell the same date of their beginning"
        yield Fault("date", "6.2.4", found.master.address, detail)
