"""WebVTT: the format that is served, and one of those that are read.

https://www.w3.org/TR/webvtt1/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import groupby

from portal.transcripts.formats.blocks import scan
from portal.transcripts.formats.cues import Parsed, collect
from portal.transcripts.formats.runs import escaped
from portal.transcripts.formats.speakers import NOBODY
from portal.transcripts.formats.times import is_timing, vtt_time
from portal.transcripts.models import Cue

_SIGNATURE = re.compile(r"WEBVTT(?:[ \t\n]|$)")
_LANGUAGE = re.compile(r"^Language:\s*(\S+)\s*$", re.MULTILINE | re.IGNORECASE)
_HEAD_LENGTH = 1000
_NOT_CUES = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


def looks_like_vtt(text: str) -> bool:
    return _SIGNATURE.match(text) is not None


def parse_vtt(text: str, *, names: Set[str] = NOBODY) -> Parsed:
    """Cues of a WebVTT text with line ends "\\n"; comments, styles and regions are left out.

    Raises InvalidInput when there are too many.
    """
    lines = list(_cue_lines(text.split("\n")))
    texts = scan(lines, is_identifier=_begins_block, with_overrides=False, names=names)
    return replace(collect(texts), language=_language(text))


def _language(text: str) -> str | None:
    """What its head says of its language, as the files of video platforms do."""
    found = _LANGUAGE.search(text[:_HEAD_LENGTH].split("\n\n", maxsplit=1)[0])
    return found[1] if found else None


def write_vtt(cues: Iterable[Cue]) -> str:
    """The WebVTT file of `cues`, each text escaped and each speaker as a voice."""
    blocks = ["WEBVTT\n", *(_block(cue) for cue in cues)]
    return "\n".join(blocks)


def _cue_lines(lines: Sequence[str]) -> Iterator[str]:
    """The lines of cues, blank ones for all others. A block without a time belongs to the cue
    before it, if there is one: captions made from SubRip by changing the first line have blank
    lines inside their cues.
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
        yield from block if within_cues else [""] * len(block)


def _begins_block(lines: Sequence[str], index: int) -> bool:
    return bool(lines[index].strip()) and (index == 0 or not lines[index - 1].strip())


def _block(cue: Cue) -> str:
    start, end = (round(seconds * 1000) for seconds in (cue.start_seconds, cue.end_seconds))
    # A blank line would end the cue; the arrow cannot occur once ">" is escaped.
    words = escaped(cue.text) if cue.styled is None else cue.styled
    text = "\n".join(line for line in words.split("\n") if line.strip())
    voice = f"<v {escaped(' '.join(cue.speaker.split()))}>" if cue.speaker else ""
    return f"{vtt_time(start)} --> {vtt_time(end)}\n{voice}{text}\n"
