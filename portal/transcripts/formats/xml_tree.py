"""Foreign XML as a small tree, with bounds: no DOCTYPE and so no entities, no endless depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from portal.errors import InvalidInput

DEPTH_MAX = 100
ELEMENTS_MAX = 400_000
_SEPARATOR = " "


@dataclass(slots=True)
class Element:
    """`name` and the names of `attributes` are local ones, without their namespaces."""

    name: str
    attributes: Mapping[str, str]
    line: int
    children: list[Element | str] = field(default_factory=list)

    @property
    def elements(self) -> Iterator[Element]:
        return (child for child in self.children if isinstance(child, Element))

    def descendants(self) -> Iterator[Element]:
        """In the order of the document, the element itself first."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(list(element.elements)))

    @property
    def text(self) -> str:
        """All text below the element."""
        pieces = (c for e in self.descendants() for c in e.children if isinstance(c, str))
        return " ".join("".join(pieces).split())


def read_xml(text: str) -> Element:
    """The root element. Raises InvalidInput with a sentence that names the line and the cause."""
    builder = _Builder()
    try:
        builder.parser.Parse(text, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise InvalidInput(f"its XML is damaged in line {error.lineno}: {reason}.") from error
    except ValueError as error:  # half a character of a damaged UTF-16 text
        raise InvalidInput("its XML holds characters that there are not.") from error
    if builder.root is None:
        raise InvalidInput("its XML has no content.")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._path: list[Element] = []
        self._count = 0
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text

    def _refuse_doctype(self, *_: object) -> None:
        # Entities, which grow or reach for other files, are declared in a DOCTYPE.
        line = self.parser.CurrentLineNumber
        raise InvalidInput(f"its XML has a DOCTYPE in line {line}, which captions do not need.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self._count += 1
        if self._count > ELEMENTS_MAX:
            raise InvalidInput(f"its XML has more than {ELEMENTS_MAX:,} elements.")
        if len(self._path) == DEPTH_MAX:
            raise InvalidInput(f"its XML is nested more than {DEPTH_MAX} deep in line {line}.")
        named = {_local(key): value for key, value in attributes.items()}
        element = Element(_local(name), named, line)
        if self._path:
            self._path[-1].children.append(element)
        else:
            self.root = element
        self._path.append(element)

    def _end(self, _: str) -> None:
        self._path.pop()

    def _add_text(self, text: str) -> None:
        self._path[-1].children.append(text)


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]
