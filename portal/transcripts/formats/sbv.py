"""SubViewer (.sbv), as video platforms give it out: `0:00:01.000,0:00:04.074` above the text."""

from __future__ import annotations

import re
from collections.abc import Set

from portal.transcripts.formats.cues import Parsed
from portal.transcripts.formats.speakers import NOBODY
from portal.transcripts.formats.srt import parse_srt

_TIME = r"(?:[0-9]{1,3}:)?[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,3})?"
_TIMING = re.compile(rf"^[ \t]*({_TIME})[ \t]*,[ \t]*({_TIME})[ \t]*$", re.MULTILINE)
_LINE_BREAK = re.compile(r"\[br\]", re.IGNORECASE)


def looks_like_sbv(text: str) -> bool:
    return _TIMING.search(text) is not None


def parse_sbv(text: str, *, names: Set[str] = NOBODY) -> Parsed:
    """Raises InvalidInput when there are too many cues."""
    # But for the mark between the times it is SubRip without numbers.
    return parse_srt(_LINE_BREAK.sub("<br>", _TIMING.sub(r"\1 --> \2", text)), names=names)
