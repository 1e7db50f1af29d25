"""TTML and WebVTT as MP4 holds them: a document, or boxes, in each sample (ISO/IEC 14496-30)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from portal.transcripts.formats.cues import TimedText
from portal.transcripts.formats.markup import read_markup
from portal.transcripts.formats.speakers import Speech
from portal.transcripts.formats.times import Span
from portal.transcripts.formats.ttml import ttml_texts
from workers.captions.packets import Packet
from workers.hls.boxes import boxes, find

Names = frozenset[str]
Speeches = tuple[Speech, ...]


def texts_of_documents(packets: Iterable[Packet], names: Names) -> Iterator[TimedText]:
    """Times in a document are the track's. Raises InvalidInput for one that cannot be read."""
    for packet in packets:
        if not packet.data.strip():
            continue
        for text in ttml_texts(packet.data.decode("utf-8-sig", errors="replace"), names=names):
            span = _within(text.span, packet)
            if span == text.span or span is None or span.start_ms < span.end_ms:
                yield replace(text, span=span, line=None)


def texts_of_boxes(packets: Iterable[Packet], names: Names) -> list[TimedText]:
    """A cue is divided among the samples during which it shows; here it is one again."""
    found: list[TimedText] = []
    since: dict[Speeches, int] = {}
    end_ms = 0
    for packet in packets:
        shown = dict.fromkeys(_cues(packet.data, names))
        ended = [one for one in since if one not in shown or packet.start_ms > end_ms]
        found += (TimedText(Span(since.pop(one), end_ms), one) for one in ended)
        since = {one: since.get(one, packet.start_ms) for one in shown}
        end_ms = packet.start_ms + packet.duration_ms
    found += (TimedText(Span(start_ms, end_ms), one) for one, start_ms in since.items())
    return sorted(found, key=lambda text: text.span.start_ms if text.span else 0)


def _cues(data: bytes, names: Names) -> Iterator[Speeches]:
    for kind, content in boxes(data):
        if kind == "vttc":
            raw = b"".join(find(content, "payl")).decode("utf-8", errors="replace")
            if spoken := read_markup(raw, with_overrides=False, names=names):
                yield spoken


def _within(span: Span | None, packet: Packet) -> Span | None:
    """A document may say more than its sample shows."""
    if span is None or not packet.duration_ms:
        return span
    end_ms = packet.start_ms + packet.duration_ms
    return Span(max(span.start_ms, packet.start_ms), min(span.end_ms, end_ms))
