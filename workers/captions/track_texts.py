"""The texts in a track of captions: what each codec puts into its packets. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from portal.transcripts.formats.cues import Parsed, TimedText, collect
from portal.transcripts.formats.markup import read_markup
from portal.transcripts.formats.runs import Run, lines_of
from portal.transcripts.formats.speakers import Speech, speaker_name, speeches
from portal.transcripts.formats.times import Span
from workers.captions.cea608 import Shown
from workers.captions.mp4_texts import texts_of_boxes, texts_of_documents
from workers.captions.packets import Packet

_ASS_FIELDS = 9
_ASS_NAME, _ASS_TEXT = 3, 8
_ASS_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")
_ASS_BREAKS = (("\\N", "\n"), ("\\n", " "), ("\\h", "\u00a0"))
_UTF16_MARKS = (b"\xfe\xff", b"\xff\xfe")
_STYLE_BYTES = 12
_FACES = ((1, "b"), (2, "i"), (4, "u"))

Names = frozenset[str]
TextReader = Callable[[bytes, Names], tuple[Speech, ...]]
"""(a packet, names of people) -> what is said in it."""


def read_track(codec: str, packets: Iterable[Packet], *, names: Names) -> Parsed:
    """Cues of a track whose codec is in `TEXT_CODECS`.

    Raises InvalidInput when it has too many, or is TTML that cannot be read.
    """
    return collect(TEXT_CODECS[codec](packets, names))


def shown_cues(shown: Iterable[Shown], *, names: Names) -> Parsed:
    """Cues of what stood on the screen. Raises InvalidInput when there are too many."""
    return collect(
        TimedText(Span(one.start_ms, one.end_ms), _spoken([Run(one.text)], names)) for one in shown
    )


def _texts(read: TextReader, packets: Iterable[Packet], names: Names) -> Iterator[TimedText]:
    for packet in packets:
        # Many tracks fill the time between two captions with empty ones.
        if spoken := read(packet.data, names):
            span = Span(packet.start_ms, packet.start_ms + packet.duration_ms)
            yield TimedText(span, spoken)


def _subrip(data: bytes, names: Names) -> tuple[Speech, ...]:
    return read_markup(_text(data), with_overrides=True, names=names)


def _webvtt(data: bytes, names: Names) -> tuple[Speech, ...]:
    return read_markup(_text(data), with_overrides=False, names=names)


def _ass(data: bytes, names: Names) -> tuple[Speech, ...]:
    """`order,layer,style,name,left,right,vertical,effect,text`; the text may have commas."""
    fields = _text(data).split(",", _ASS_FIELDS - 1)
    if len(fields) < _ASS_FIELDS or _ASS_DRAWING.search(fields[_ASS_TEXT]):
        return ()
    text = fields[_ASS_TEXT]
    for sign, meaning in _ASS_BREAKS:
        text = text.replace(sign, meaning)
    found = read_markup(text, with_overrides=True, names=names)
    speaker = speaker_name(fields[_ASS_NAME])
    return tuple(one if one.speaker else replace(one, speaker=speaker) for one in found)


def _mov_text(data: bytes, names: Names) -> tuple[Speech, ...]:
    """A length, the text, and boxes: `styl` says which letters are bold or italic."""
    length = int.from_bytes(data[:2])
    raw, boxes = data[2 : 2 + length], data[2 + length :]
    is_utf16 = raw.startswith(_UTF16_MARKS)
    text = raw.decode("utf-16" if is_utf16 else "utf-8", errors="replace")
    return _spoken(_styled_runs(text, boxes), names)


def _spoken(runs: Iterable[Run], names: Names) -> tuple[Speech, ...]:
    return tuple(one for one in speeches(lines_of(runs), names=names) if one.text)


def _styled_runs(text: str, boxes: bytes) -> Iterator[Run]:
    end = 0
    for first, last, face in sorted(_styles(boxes)):
        if first < end or last > len(text):
            continue
        yield Run(text[end:first])
        yield Run(text[first:last], tuple(mark for bit, mark in _FACES if face & bit))
        end = last
    yield Run(text[end:])


def _styles(boxes: bytes) -> Iterator[tuple[int, int, int]]:
    """(first letter, letter after the last, flags of the face) of each record of `styl`."""
    place = boxes.find(b"styl")
    count = int.from_bytes(boxes[place + 4 : place + 6]) if place >= 0 else 0
    records = boxes[place + 6 : place + 6 + count * _STYLE_BYTES]
    for offset in range(0, len(records) - _STYLE_BYTES + 1, _STYLE_BYTES):
        record = records[offset : offset + _STYLE_BYTES]
        yield int.from_bytes(record[:2]), int.from_bytes(record[2:4]), record[6]


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


TEXT_CODECS: Mapping[str, Callable[[Iterable[Packet], Names], Iterable[TimedText]]] = {
    "subrip": partial(_texts, _subrip),
    "srt": partial(_texts, _subrip),
    "text": partial(_texts, _subrip),
    "webvtt": partial(_texts, _webvtt),
    "ass": partial(_texts, _ass),
    "ssa": partial(_texts, _ass),
    "mov_text": partial(_texts, _mov_text),
    "stpp": texts_of_documents,
    "wvtt": texts_of_boxes,
}
