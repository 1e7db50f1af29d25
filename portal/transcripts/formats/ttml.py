"""TTML, its profiles IMSC and EBU-TT, and the older DFXP; regions and animation are left out.

https://www.w3.org/TR/ttml2/, https://www.w3.org/TR/ttml-imsc1.2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain

from portal.transcripts.formats.cues import Parsed, TimedText, collect
from portal.transcripts.formats.runs import Run, lines_of
from portal.transcripts.formats.speakers import (
    NOBODY,
    SPEAKER_LENGTH_MAX,
    Speech,
    speaker_name,
    speech,
    speeches,
)
from portal.transcripts.formats.times import Span
from portal.transcripts.formats.ttml_styles import Attributes, Look, read_styles, styles_of
from portal.transcripts.formats.ttml_times import Clock, read_clock
from portal.transcripts.formats.xml_tree import Element, read_xml

AGENTS_MAX = 8
"""Of one element; a name has no room for more."""
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_NO_ELEMENTS = re.compile(
    r"(?:\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>))*\s*", re.DOTALL
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_CONTENT = frozenset({"body", "div", "p"})
_TIMES = frozenset({"begin", "end", "dur"})
_WHITE = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True)
class _Interval:
    """Seconds of the recording; `end` is None while nothing ends it.

    `is_told` is False where no element has had a time.
    """

    start: Fraction
    end: Fraction | None = None
    is_told: bool = True


@dataclass(frozen=True)
class _Place:
    """What holds for an element by those around it."""

    interval: _Interval
    look: Look = field(default_factory=Look)
    speaker: str | None = None
    keeps_space: bool = False


_Piece = tuple[_Interval, str | None, Run]
"""Words, when they are shown, and who says them."""


def root_of_xml(text: str) -> str | None:
    """The local name of the root element of (the beginning of) an XML text; None for others."""
    begins = _NO_ELEMENTS.match(text)
    root = _ROOT.match(text, begins.end() if begins else 0)
    return root[1] if root else None


def looks_like_ttml(text: str) -> bool:
    return root_of_xml(text) == "tt"


def parse_ttml(text: str, *, names: Set[str] = NOBODY) -> Parsed:
    """Cues of a TTML text. Raises InvalidInput when it cannot be read or has too many."""
    root = _read_root(text)
    return replace(collect(_texts(root, names)), language=root.attributes.get("lang"))


def ttml_texts(text: str, *, names: Set[str]) -> Iterator[TimedText]:
    """What is said in a TTML text, as it stands there. Raises InvalidInput."""
    return _texts(_read_root(text), names)


def _read_root(text: str) -> Element:
    # The text is decoded: an encoding that it declares would be wrong now.
    declaration = _DECLARATION.match(text)
    return read_xml(text[declaration.end() :] if declaration else text)


def _texts(root: Element, names: Set[str]) -> Iterator[TimedText]:
    reader = _Reader(
        clock=read_clock(root.attributes),
        styles=read_styles(root),
        agents=dict(_agents(root)),
        names=names,
    )
    keeps_space = root.attributes.get("space") == "preserve"
    whole = _Place(_Interval(Fraction(), is_told=False), keeps_space=keeps_space)
    bodies = (element for element in root.elements if element.name == "body")
    return chain.from_iterable(reader.texts(body, whole) for body in bodies)


def _agents(root: Element) -> Iterator[tuple[str, str]]:
    """(id, name) of each agent: who speaks, or is played."""
    for agent in root.descendants():
        if agent.name != "agent" or "id" not in agent.attributes:
            continue
        named = [child for child in agent.elements if child.name == "name"]
        named.sort(key=lambda name: name.attributes.get("type") not in {"full", "other"})
        name = next((name.text for name in named if name.text), None)
        if name is not None:
            yield agent.attributes["id"], name[:SPEAKER_LENGTH_MAX]


class _UnreadableTimeError(Exception):
    """An element's time is none."""


@dataclass(frozen=True)
class _Reader:
    clock: Clock
    styles: Mapping[str, Attributes]
    agents: Mapping[str, str]
    names: Set[str]

    def texts(
        self, element: Element, around: _Place, previous_end: Fraction | None = None
    ) -> Iterator[TimedText]:
        """What is said in a body, division or paragraph."""
        try:
            place = self._place(element, around, previous_end)
        except _UnreadableTimeError:
            yield TimedText(None, (), element.line)
            return
        if element.name == "p":
            yield from self._paragraph(element, place)
            return
        children = (child for child in element.elements if child.name in _CONTENT)
        if _is_sequence(element):
            yield from self._sequence(children, place)
            return
        for child in children:
            yield from self.texts(child, place)

    def _sequence(self, children: Iterator[Element], place: _Place) -> Iterator[TimedText]:
        """One after the other: each begins where the one before has ended."""
        ended = place.interval.start
        for child in children:
            found = list(self.texts(child, place, ended))
            yield from found
            ended = self._end_of(child, found, place, ended)

    def _place(self, element: Element, around: _Place, previous_end: Fraction | None) -> _Place:
        styles = styles_of(element, self.styles)
        is_inline = element.name == "span"
        agents = element.attributes.get("agent", "").split()[:AGENTS_MAX]
        speaker = speaker_name(", ".join(self.agents[a] for a in agents if a in self.agents))
        space = element.attributes.get("space")
        return _Place(
            interval=self._interval(element, around.interval, previous_end),
            look=around.look.within(
                styles, language=element.attributes.get("lang") if is_inline else None
            ),
            speaker=speaker or around.speaker,
            keeps_space=around.keeps_space if space is None else space == "preserve",
        )

    def _interval(
        self, element: Element, around: _Interval, previous_end: Fraction | None
    ) -> _Interval:
        """Times count from where the container begins, or where the one before ended."""
        if previous_end is None and _TIMES.isdisjoint(element.attributes):
            return around
        base = around.start if previous_end is None else previous_end
        begin, end, lasts = (self._time(element, name) for name in ("begin", "end", "dur"))
        start = base + (begin or 0)
        ends = [around.end, None if end is None else base + end]
        ends.append(None if lasts is None else start + lasts)
        return _Interval(start, min((e for e in ends if e is not None), default=None))

    def _time(self, element: Element, name: str) -> Fraction | None:
        value = element.attributes.get(name)
        if value is None or value.strip() == "indefinite":
            return None
        seconds = self.clock.seconds(value)
        if seconds is None:
            raise _UnreadableTimeError
        return seconds

    def _paragraph(self, element: Element, place: _Place) -> Iterator[TimedText]:
        """Its words, apart where spans have times or speakers of their own."""
        groups: dict[tuple[_Interval, str | None], list[Run]] = {}
        try:
            for interval, speaker, run in self._pieces(element, place):
                groups.setdefault((interval, speaker), []).append(run)
        except _UnreadableTimeError:
            yield TimedText(None, (), element.line)
            return
        for (interval, speaker), runs in groups.items():
            spoken = self._speeches(speaker, runs)
            if spoken:
                yield TimedText(_span(interval) if interval.is_told else None, spoken, element.line)

    def _speeches(self, speaker: str | None, runs: list[Run]) -> tuple[Speech, ...]:
        lines = lines_of(runs)
        found = speeches(lines, names=self.names) if speaker is None else [speech(speaker, lines)]
        return tuple(one for one in found if one.text)

    def _pieces(self, element: Element, place: _Place) -> Iterator[_Piece]:
        ended = place.interval.start if _is_sequence(element) else None
        for child in element.children:
            if isinstance(child, str):
                if not place.look.is_hidden:
                    yield place.interval, place.speaker, _run(child, place)
            elif child.name == "br":
                yield place.interval, place.speaker, Run("\n", place.look.marks)
            elif child.name == "span":
                inside = self._place(child, place, ended)
                yield from self._pieces(child, inside)
                if ended is not None:
                    ended = inside.interval.end or inside.interval.start

    def _end_of(
        self, child: Element, found: Sequence[TimedText], place: _Place, ended: Fraction
    ) -> Fraction:
        """When a child of a sequence has ended, so that the next can begin."""
        ends_ms = [text.span.end_ms for text in found if text.span is not None]
        last = Fraction(max(ends_ms), 1000) if ends_ms else ended
        if not {"dur", "end"} & child.attributes.keys():
            return last
        try:
            return self._interval(child, place.interval, ended).end or last
        except _UnreadableTimeError:
            return last


def _is_sequence(element: Element) -> bool:
    return element.attributes.get("timeContainer") == "seq"


def _run(text: str, place: _Place) -> Run:
    return Run(text if place.keeps_space else _WHITE.sub(" ", text), place.look.marks)


def _span(interval: _Interval) -> Span:
    end = interval.start if interval.end is None else interval.end
    return Span(round(interval.start * 1000), round(end * 1000))
