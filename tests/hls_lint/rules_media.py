"""What a media playlist must say by itself (RFC 8216, 4.3.2, 4.3.3 and 7)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist


def check_media(playlist: MediaPlaylist) -> Iterator[Fault]:
    yield from _check_target(playlist)
    yield from _check_version(playlist)
    yield from _check_kind(playlist)
    if not playlist.parts:
        yield _fault(playlist, "segments", "4.3.2", "it has no segment")
    for part in playlist.parts:
        if part.seconds <= 0:
            yield _fault(playlist, "extinf", "4.3.2.1", f"{part.address} plays for no time")
        if (part.length is not None) is not playlist.is_iframes:
            detail = "ranges are for playlists of key frames, and all of these need them"
            yield _fault(playlist, "byterange", "4.3.3.6", detail)
    if "EXT-X-DISCONTINUITY" in playlist.tags:
        yield _fault(playlist, "discontinuity", "4.3.2.3", "one encoding has no discontinuity")
    names = [(part.address, part.start) for part in playlist.parts]
    if len(set(names)) < len(names):
        yield _fault(playlist, "segments", "4.3.2", "a segment stands in it twice")


def _fault(playlist: MediaPlaylist, rule: str, section: str, detail: str) -> Fault:
    return Fault(rule, section, playlist.address, detail)


def _check_target(playlist: MediaPlaylist) -> Iterator[Fault]:
    if playlist.target is None:
        yield _fault(playlist, "target", "4.3.3.1", "it has no EXT-X-TARGETDURATION")
        return
    for part in playlist.parts:
        if math.floor(part.seconds + 0.5) > playlist.target:
            detail = f"{part.address} plays longer than {playlist.target} s"
            yield _fault(playlist, "target", "4.3.3.1", detail)


def _check_version(playlist: MediaPlaylist) -> Iterator[Fault]:
    needed = 3
    if playlist.is_iframes or any(part.length is not None for part in playlist.parts):
        needed = 4
    if playlist.map_address:
        needed = 5 if playlist.is_iframes else 6
    if playlist.version < needed:
        detail = f"it needs version {needed}, and says {playlist.version}"
        yield _fault(playlist, "version", "7", detail)


def _check_kind(playlist: MediaPlaylist) -> Iterator[Fault]:
    if playlist.kind == "VOD" and not playlist.is_ended:
        yield _fault(playlist, "end", "4.3.3.5", "what never changes must have an end")
    if playlist.kind is None:
        yield _fault(playlist, "playlist-type", "4.3.3.5", "it does not say whether it changes")
