"""Names of segments, as they are when every chunk was made by its first try."""

from __future__ import annotations

from portal.assets.made_files import segment_name


def segment_files(count: int) -> tuple[str, ...]:
    return tuple(segment_name(number) for number in range(1, count + 1))
