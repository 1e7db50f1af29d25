"""Lines, tags and attribute lists of a playlist (RFC 8216, 4.1 and 4.2), read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.hls_lint.faults import Fault

INTEGER = re.compile(r"0|[1-9][0-9]{0,19}")
DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?")
RESOLUTION = re.compile(r"[1-9][0-9]*x[1-9][0-9]*")
ENUMERATED = re.compile(r'[^",\s]+')
QUOTED = re.compile(r'"[^"\r\n]*"')
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]*)(?:,(?=[A-Z0-9-])|$)')
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")

ATTRIBUTE_TYPES: Mapping[str, re.Pattern[str]] = {
    "AUDIO": QUOTED,
    "AUTOSELECT": ENUMERATED,
    "AVERAGE-BANDWIDTH": INTEGER,
    "BANDWIDTH": INTEGER,
    "CHANNELS": QUOTED,
    "CHARACTERISTICS": QUOTED,
    "CLOSED-CAPTIONS": re.compile(r'NONE|"[^"\r\n]*"'),
    "CODECS": QUOTED,
    "DEFAULT": ENUMERATED,
    "FORCED": ENUMERATED,
    "FRAME-RATE": DECIMAL,
    "GROUP-ID": QUOTED,
    "LANGUAGE": QUOTED,
    "NAME": QUOTED,
    "RESOLUTION": RESOLUTION,
    "SUBTITLES": QUOTED,
    "TYPE": ENUMERATED,
    "URI": QUOTED,
}


@dataclass(frozen=True)
class Line:
    """A tag with what follows its colon, or an address (`tag` is "")."""

    number: int
    tag: str
    value: str


@dataclass
class Reader:
    """Reads one playlist and keeps what is wrong with it."""

    place: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, rule: str, section: str, detail: str) -> None:
        self.faults.append(Fault(rule, section, self.place, detail))

    def lines(self, text: str) -> Iterator[Line]:
        """Comments and empty lines are left out."""
        if text.startswith("\ufeff"):
            self.fault("encoding", "4.1", "it begins with a byte order mark")
        if _CONTROL.search(text):
            self.fault("encoding", "4.1", "it holds a control character")
        rows = text.replace("\r\n", "\n").split("\n")
        if rows[0] != "#EXTM3U":
            self.fault("header", "4.3.1.1", "its first line is not #EXTM3U")
        if rows[-1]:
            self.fault("line-end", "4.1", "its last line does not end")
        for number, row in enumerate(rows[1:], start=2):
            if row.startswith("#EXT"):
                name, _, value = row[1:].partition(":")
                yield Line(number, name, value)
            elif row and not row.startswith("#"):
                if row != row.strip():
                    self.fault("whitespace", "4.1", f"line {number} has white space around it")
                yield Line(number, "", row)

    def attributes(self, line: Line) -> dict[str, str]:
        """{name: value without quotes}."""
        found: dict[str, str] = {}
        position = 0
        while position < len(line.value):
            match = _ATTRIBUTE.match(line.value, position)
            if match is None:
                self.fault("attributes", "4.2", f"line {line.number} is no list of attributes")
                return found
            self._check_attribute(line, *match.groups(), seen=found)
            found[match[1]] = match[2].strip('"')
            position = match.end()
        return found

    def _check_attribute(self, line: Line, name: str, value: str, *, seen: dict[str, str]) -> None:
        where = f"line {line.number}: {name}"
        if name in seen:
            self.fault("attributes", "4.2", f"{where} stands twice")
        pattern = ATTRIBUTE_TYPES.get(name)
        if pattern is None:
            self.fault("attributes", "4.2", f"{where} is an attribute that nobody knows")
        elif not pattern.fullmatch(value):
            self.fault("attributes", "4.2", f"{where} cannot be {value}")
