"""WebVTT: the format that is served, and one of those that are read.

https://www.w3.org/TR/webvtt1/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from portal.transcripts.formats.cues import Parsed, collect, scan
from portal.transcripts.formats.times import is_timing, vtt_time
from portal.transcripts.models import Cue

_SIGNATURE = re.compile(r"WEBVTT(?:[ \t\n]|$)")
_NOT_CUES = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


def looks_like_vtt(text: str) -> bool:
    return _SIGNATURE.match(text) is not None


def parse_vtt(text: str) -> Parsed:
    """Cues of a WebVTT text with line ends "\\n"; comments, styles and regions are left out.

    Raises InvalidInput when there are too many.
    """
    lines = list(_cue_lines(text.split("\n")))
    return collect(scan(lines, is_identifier=_begins_block), with_overrides=False)


def write_vtt(cues: Iterable[Cue]) -> str:
    """The WebVTT file of `cues`, each text escaped and each speaker as a voice."""
    blocks = ["WEBVTT\n", *(_block(cue) for cue in cues)]
    return "\n".join(blocks)


def _cue_lines(lines: Sequence[str]) -> Iterator[str]:
    """The lines of cues. A block without a time belongs to the cue before it, if there is one:
    captions made from SubRip by changing the first line have blank lines inside their cues.
    """
    within_cues = False
    for is_blank, group in groupby(lines, key=lambda line: not line.strip()):
        block = list(group)
        if is_blank:
            yield from block
            continue
        if any(map(is_timing, block)):
            within_cues = True
        elif _NOT_CUES.match(block[0]):
            within_cues = False
        if within_cues:
            yield from block


def _begins_block(lines: Sequence[str], index: int) -> bool:
    return bool(lines[index].strip()) and (index == 0 or not lines[index - 1].strip())


def _block(cue: Cue) -> str:
    start, end = (round(seconds * 1000) for seconds in (cue.start_seconds, cue.end_seconds))
    # A blank line would end the cue; the arrow cannot occur once ">" is escaped.
    text = "\n".join(line for line in map(_escaped, cue.text.split("\n")) if line.strip())
    voice = f"<v {_escaped(' '.join(cue.speaker.split()))}>" if cue.speaker else ""
    return f"{vtt_time(start)} --> {vtt_time(end)}\n{voice}{text}\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
