"""Whether all of a file has arrived, and which parts are missing: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from portal.errors import Conflict
from portal.storage.interface import StoredPart
from portal.uploads.models import Upload

RUNS_NAMED_MAX = 20
"""A sentence with more of them would not be read."""


def check_complete(upload: Upload, parts: Sequence[StoredPart]) -> None:
    """Raises Conflict, which names what is missing."""
    numbers = [part.number for part in parts]
    expected = range(1, upload.part_count + 1)
    if missing := sorted(set(expected) - set(numbers)):
        raise Conflict(
            f"{upload.filename} is not all there: of {upload.part_count} parts are missing: "
            f"{in_words(missing)}."
        )
    if sorted(numbers) != list(expected):
        raise Conflict(
            f"{upload.filename} has {upload.part_count} parts; these were named: "
            f"{in_words(sorted(numbers))}."
        )
    sent_bytes = sum(part.size_bytes for part in parts)
    if sent_bytes != upload.size_bytes:
        raise Conflict(f"{upload.filename} has {upload.size_bytes} bytes; {sent_bytes} were sent.")


def in_words(numbers: Iterable[int]) -> str:
    """[1, 2, 3, 5] -> "1–3, 5"; `numbers` rise."""
    runs = list(_runs(numbers))
    words = [str(first) if first == last else f"{first}–{last}" for first, last in runs]
    more = len(words) - RUNS_NAMED_MAX
    return ", ".join(words[:RUNS_NAMED_MAX]) + (f" and {more} more places" if more > 0 else "")


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each row of numbers without a gap."""
    first = last = None
    for number in numbers:
        if first is not None and last is not None and number != last + 1:
            yield first, last
            first = number
        first = number if first is None else first
        last = number
    if first is not None and last is not None:
        yield first, last
