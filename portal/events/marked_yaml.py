"""YAML whose values know the line they stand on, read without ever raising on the first fault.

Each reader returns what it can and notes the rest in a list of faults, so that a person who
writes the file sees everything that is wrong with it at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portal.events.manifest_syntax import syntax_fault

TEXT_BYTES_MAX = 1024**2
DEPTH_MAX = 12
LENGTH_MAX = 4096
"""Characters of a text of which nothing else is said, such as a file's path."""
QUOTED_LENGTH_MAX = 80
YEARS = range(1900, 2201)
NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and the line it stands on, counted from 1."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


Faults = list[Fault]


@dataclass(frozen=True)
class Value:
    """A value of the file. `name` is its place, such as `programme[2].title`.

    `line` is that of its key, if it has one.
    """

    node: Node
    name: str
    line: int
    faults: Faults
    is_in_braces: bool = False

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, MappingNode)

    @property
    def is_absent(self) -> bool:
        """A key stands there, and nothing behind it."""
        return bool(self.node.tag == NULL)

    @property
    def comma_hint(self) -> str:
        """In `{en: Hello, world}` a comma makes a key `world` of the rest of the text."""
        return "; a text with a comma stands in quotes" if self.is_in_braces else ""

    def fault(self, sentence: str) -> None:
        """Note that `sentence` is true of this value: "has no title"."""
        self.faults.append(Fault(self.line, f"{self.name} {sentence}".lstrip()))

    def text(self, *, length_max: int = LENGTH_MAX) -> str | None:
        """A scalar as it is written, so that `2019` and `no` need no quotes in a title."""
        if not isinstance(self.node, ScalarNode):
            self.fault("must be a text")
            return None
        text = str(self.node.value).strip()
        if (sentence := text_fault(text, length_max=length_max)) is not None:
            self.fault(sentence)
            return None
        return text

    def items(self) -> list[Value]:
        if not isinstance(self.node, SequenceNode):
            self.fault("must be a list, written [a, b] or with a hyphen before each entry")
            return []
        return [
            Value(node, f"{self.name}[{number}]", _line(node), self.faults)
            for number, node in enumerate(self.node.value, start=1)
        ]

    def texts(self, *, length_max: int = LENGTH_MAX) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        values = [self] if isinstance(self.node, ScalarNode) else self.items()
        texts = (value.text(length_max=length_max) for value in values)
        return tuple(text for text in texts if text is not None)

    def entries(self) -> Mapping[str, Value]:
        """A mapping whose keys the writer chose; values may be absent."""
        if not isinstance(self.node, MappingNode):
            self.fault("must be a list of `key: value` pairs")
            return {}
        entries: dict[str, Value] = {}
        for key, node in self.node.value:
            self._add(entries, key, node)
        return entries

    def fields(self, known: Collection[str]) -> Mapping[str, Value]:
        """A mapping with keys that we define; others are faults, absent values are left out."""
        entries = self.entries()
        for name, value in entries.items():
            if name not in known and value.is_absent and value.is_in_braces:
                value.fault(f"is not a known key{value.comma_hint}")
            elif name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                value.fault(f"is not a known key; {hint}")
        return {
            name: value for name, value in entries.items() if name in known and not value.is_absent
        }

    def instant(self, zone: tzinfo | None) -> datetime | None:
        """An ISO 8601 time; one without offset is taken in `zone`, if that is known."""
        text = self.text()
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or len(text) <= len("2019-06-04"):
            self.fault(f"is no time: {quoted(text)}; write one like 2019-06-04T10:00:00+03:00")
            return None
        if instant.year not in YEARS:  # far from the ends of the calendar, where shifts overflow
            self.fault(f"is in {instant.year}; years are taken from {YEARS[0]} to {YEARS[-1]}")
            return None
        if instant.tzinfo is None and zone is None:
            self.fault(f"has no offset such as +03:00: {text!r} (or give a time_zone)")
            return None
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)

    def _add(self, entries: dict[str, Value], key: Node, node: Node) -> None:
        place = f"a key of {self.name}" if self.name else "a key"
        name = Value(key, place, _line(key), self.faults).text()
        if name is None:
            return
        value = Value(
            node,
            f"{self.name}.{name}".lstrip("."),
            _line(key),
            self.faults,
            is_in_braces=isinstance(self.node, MappingNode) and bool(self.node.flow_style),
        )
        if name in entries:
            value.fault("is written twice")
        entries.setdefault(name, value)


def quoted(text: str) -> str:
    """`text` as part of a fault's sentence, cut when it is long."""
    return repr(text if len(text) <= QUOTED_LENGTH_MAX else f"{text[:QUOTED_LENGTH_MAX]}…")


def read_yaml(text: str, faults: Faults) -> Value | None:
    """The one mapping that `text` holds; None, with faults noted, when there is none."""
    if len(text.encode(errors="surrogatepass")) > TEXT_BYTES_MAX:
        faults.append(Fault(1, f"the file is larger than {TEXT_BYTES_MAX // 1024**2} MB"))
        return None
    try:
        _check_shape(_events(text, faults), faults)
        node = None if faults else yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        faults.append(Fault(*syntax_fault(error, text)))
        return None
    if isinstance(node, MappingNode):
        return Value(node, "", 1, faults)
    if not faults:
        faults.append(Fault(1, "the file must be a list of `key: value` pairs"))
    return None


def _events(text: str, faults: Faults) -> Iterator[Event]:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            yield loader.get_event()  # type: ignore[no-untyped-call]  # so in its stub
    except (ValueError, OverflowError):  # what PyYAML makes of "\U99999999"
        sentence = "this is not YAML: a number or an escape sequence is too large"
        faults.append(Fault(loader.line + 1, sentence))
    finally:
        loader.dispose()


def _check_shape(events: Iterable[Event], faults: Faults) -> None:
    """Refuse what could grow when it is read: aliases, and nesting without end."""
    depth = 0
    for event in events:
        if isinstance(event, AliasEvent):
            faults.append(Fault(_line(event), "aliases (*name) are not supported"))
            return
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            depth += 1
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            faults.append(Fault(_line(event), f"more than {DEPTH_MAX} levels inside each other"))
            return


def _line(place: Event | Node) -> int:
    return 1 if place.start_mark is None else int(place.start_mark.line) + 1


def text_fault(text: str, *, length_max: int) -> str | None:
    """What is wrong with a text, which neither page nor database could keep."""
    if not text:
        return "is empty"
    control = next(filter(_is_control, text), None)
    if control is not None:
        return f"holds the control character U+{ord(control):04X}"
    if len(text) > length_max:
        return f"has {len(text)} characters; at most {length_max} are taken"
    return None


def _is_control(character: str) -> bool:
    """Control characters but line ends and tabs, and halves of surrogate pairs."""
    return character not in "\n\t" and unicodedata.category(character) in {"Cc", "Cs"}
