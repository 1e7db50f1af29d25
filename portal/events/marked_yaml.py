"""YAML whose values know the line they stand on, read without ever raising on the first fault.

Each reader returns what it can and notes the rest in a list of faults, so that a person who
writes the file sees everything that is wrong with it at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
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

TEXT_BYTES_MAX = 1024**2
DEPTH_MAX = 12
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

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, MappingNode)

    def fault(self, sentence: str) -> None:
        """Note that `sentence` is true of this value: "has no title"."""
        self.faults.append(Fault(self.line, f"{self.name} {sentence}".lstrip()))

    def text(self) -> str | None:
        """A scalar as it is written, so that `2019` and `no` need no quotes in a title."""
        if not isinstance(self.node, ScalarNode):
            self.fault("must be a text")
            return None
        text = str(self.node.value).strip()
        if not text:
            self.fault("is empty")
        return text or None

    def items(self) -> list[Value]:
        if not isinstance(self.node, SequenceNode):
            self.fault("must be a list, written [a, b] or with a hyphen before each entry")
            return []
        return [
            Value(node, f"{self.name}[{number}]", _line(node), self.faults)
            for number, node in enumerate(self.node.value, start=1)
        ]

    def texts(self) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        values = [self] if isinstance(self.node, ScalarNode) else self.items()
        return tuple(text for value in values if (text := value.text()) is not None)

    def entries(self) -> Mapping[str, Value]:
        """A mapping whose keys the writer chose; keys without a value are left out."""
        if not isinstance(self.node, MappingNode):
            self.fault("must be a list of `key: value` pairs")
            return {}
        entries: dict[str, Value] = {}
        for key, node in self.node.value:
            self._add(entries, key, node)
        return {name: value for name, value in entries.items() if value.node.tag != NULL}

    def fields(self, known: Collection[str]) -> Mapping[str, Value]:
        """A mapping with keys that we define; others are faults."""
        entries = self.entries()
        for name, value in entries.items():
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                value.fault(f"is not a known key; {hint}")
        return {name: value for name, value in entries.items() if name in known}

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
            self.fault(f"is no time: {text!r}; write one like 2019-06-04T10:00:00+03:00")
            return None
        if instant.tzinfo is None and zone is None:
            self.fault(f"has no offset such as +03:00: {text!r} (or give a time_zone)")
            return None
        return instant if instant.tzinfo else instant.replace(tzinfo=zone)

    def _add(self, entries: dict[str, Value], key: Node, node: Node) -> None:
        place = f"a key of {self.name}" if self.name else "a key"
        name = Value(key, place, _line(key), self.faults).text()
        if name is None:
            return
        value = Value(node, f"{self.name}.{name}".lstrip("."), _line(key), self.faults)
        if name in entries:
            value.fault("is written twice")
        entries.setdefault(name, value)


def read_yaml(text: str, faults: Faults) -> Value | None:
    """The one mapping that `text` holds; None, with faults noted, when there is none."""
    if len(text.encode()) > TEXT_BYTES_MAX:
        faults.append(Fault(1, f"the file is larger than {TEXT_BYTES_MAX // 1024**2} MB"))
        return None
    try:
        _check_shape(yaml.parse(text, Loader=yaml.SafeLoader), faults)
        node = None if faults else yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        faults.append(_syntax_fault(error))
        return None
    if isinstance(node, MappingNode):
        return Value(node, "", 1, faults)
    if not faults:
        faults.append(Fault(1, "the file must be a list of `key: value` pairs"))
    return None


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


def _syntax_fault(error: yaml.YAMLError) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark):
        return Fault(mark.line + 1, f"this is not YAML: {error.problem}")
    return Fault(1, f"this is not YAML: {str(error).splitlines()[0]}")
