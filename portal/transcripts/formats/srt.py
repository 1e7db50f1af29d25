"""SubRip, as it is found: numbers from 0 or none at all, times in every shape."""

from __future__ import annotations

from collections.abc import Sequence

from portal.transcripts.formats.cues import Parsed, collect, scan
from portal.transcripts.formats.times import find_timing


def parse_srt(text: str) -> Parsed:
    """Cues of a SubRip text with line ends "\\n"; none when it has no timing line.

    Raises InvalidInput when there are too many.
    """
    return collect(scan(text.split("\n"), is_identifier=_is_number), with_overrides=True)


def looks_like_srt(text: str) -> bool:
    """Whether some line of `text` (or of its beginning) is a timing."""
    return any(find_timing(line) is not None for line in text.split("\n"))


def _is_number(lines: Sequence[str], index: int) -> bool:
    number = lines[index].strip()
    return number.isascii() and number.isdigit()
