"""Whether bit rates are what is said of them (RFC 8216, 4.1 and 4.3.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist
from tests.hls_lint.multivariant import Variant
from tests.hls_lint.presentation import Presentation

AVERAGE_LEEWAY = 1.1
"""Apple wants averages within ten per cent."""


def check_rates(found: Presentation) -> Iterator[Fault]:
    for variant in found.master.variants:
        yield from _check(found, variant, _groups(found, variant))
    for variant in found.master.iframes:
        yield from _check(found, variant, [])


def _check(
    found: Presentation, variant: Variant, groups: Sequence[Sequence[MediaPlaylist]]
) -> Iterator[Fault]:
    playlist = found.playlists.get(variant.address)
    if playlist is None or not playlist.parts:
        return
    groups = [*groups, [playlist]] if not any(playlist in group for group in groups) else groups
    peak = sum(max(_peak_bps(found, other) for other in group) for group in groups)
    said = int(variant.attributes.get("BANDWIDTH", 0))
    if peak > said + 1:
        detail = f"it needs {peak:.0f} bit/s at its peak, and says {said}"
        yield Fault("peak-rate", "4.3.4.2", variant.address, detail)
    average = sum(max(_average_bps(found, other) for other in group) for group in groups)
    said = int(variant.attributes.get("AVERAGE-BANDWIDTH", 0))
    if average > said * AVERAGE_LEEWAY:
        detail = f"it needs {average:.0f} bit/s on average, and says {said}"
        yield Fault("average-rate", "4.3.4.2", variant.address, detail)


def _groups(found: Presentation, variant: Variant) -> list[list[MediaPlaylist]]:
    """The playlists that may play with it, of each kind one at a time."""
    groups = []
    for kind in ("AUDIO", "SUBTITLES"):
        media = found.master.group(kind, variant.attributes.get(kind))
        addresses = {found.master.media_address(attributes) for attributes in media}
        groups.append([p for address, p in found.playlists.items() if address in addresses])
    return [group for group in groups if group]


def _peak_bps(found: Presentation, playlist: MediaPlaylist) -> float:
    """The largest rate of neighbours that play for half to one and a half target durations."""
    target = playlist.target or 1
    sizes = [8 * len(found.bytes_of(part)) for part in playlist.parts]
    seconds = [part.seconds for part in playlist.parts]
    rates = [_average_bps(found, playlist)]
    for first in range(len(sizes)):
        for last in range(first + 1, len(sizes) + 1):
            length = sum(seconds[first:last])
            if length > 1.5 * target:
                break
            if length >= 0.5 * target:
                rates.append(sum(sizes[first:last]) / length)
    return max(rates)


def _average_bps(found: Presentation, playlist: MediaPlaylist) -> float:
    bits = sum(8 * len(found.bytes_of(part)) for part in playlist.parts)
    return bits / playlist.seconds if playlist.seconds else 0.0
