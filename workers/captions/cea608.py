"""CEA-608, the captions within the picture of broadcasts: pairs of bytes -> timed texts. Pure.

https://www.govinfo.gov/content/pkg/CFR-2010-title47-vol1/pdf/CFR-2010-title47-vol1-sec15-119.pdf
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from workers.captions.cea608_characters import basic, extended, special

SHOWN_MS_MAX = 16_000
"""Receivers erase what has stood so long."""
COLUMNS = 32
_ROWS: Mapping[int, tuple[int, int]] = dict(
    enumerate(((11, 11), (1, 2), (3, 4), (12, 13), (14, 15), (5, 6), (7, 8), (9, 10)), start=0x10)
)
"""Of the first byte of a preamble: the rows it may mean; a bit of the second chooses."""
_MISCELLANEOUS = frozenset({0x14, 0x15})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bytes of field 1 or 2, as the picture at that time carries them."""

    at_ms: int
    field: int
    first: int
    second: int


@dataclass(frozen=True)
class Shown:
    """A text that stood on the screen."""

    start_ms: int
    end_ms: int
    text: str


class _Mode(Enum):
    POP_ON = auto()  # written unseen, then shown at once
    ROLL_UP = auto()  # line by line, as live captions are
    PAINT_ON = auto()  # shown as it is written
    TEXT = auto()  # a service of its own, no captions


_CHOSEN = {0x20: _Mode.POP_ON, 0x2A: _Mode.TEXT, 0x2B: _Mode.TEXT}
_ENTERED = {
    **dict.fromkeys((0x25, 0x26, 0x27), _Mode.ROLL_UP),
    0x29: _Mode.PAINT_ON,
}
_CARRIAGE_RETURN = 0x2D


def decode(
    pairs: Iterable[Pair], *, recording_ms: int | None = None
) -> Mapping[str, tuple[Shown, ...]]:
    """{"CC1": …} of the channels in which something was shown; `pairs` in the order of time.

    `recording_ms`: when the recording ends, and with it what nobody erased.
    """
    fields = {1: _Field(), 2: _Field()}
    last_ms = 0
    for pair in pairs:
        last_ms = pair.at_ms
        fields[pair.field].take(pair.at_ms, pair.first & 0x7F, pair.second & 0x7F)
    channels = [channel for number in fields for channel in fields[number].channels]
    shown_ms = last_ms + SHOWN_MS_MAX
    for channel in channels:
        channel.erase(shown_ms if recording_ms is None else max(last_ms, recording_ms))
    named = {f"CC{number}": tuple(c.shown) for number, c in enumerate(channels, start=1)}
    return {name: shown for name, shown in named.items() if shown}


class _Screen:
    """Rows of characters and the place at which the next one is written."""

    def __init__(self) -> None:
        self.rows: dict[int, list[str]] = {}
        self.row = 15
        self.column = 0

    def write(self, character: str) -> None:
        row = self.rows.setdefault(self.row, [" "] * COLUMNS)
        row[min(self.column, COLUMNS - 1)] = character
        self.column = min(self.column + 1, COLUMNS)

    def back(self) -> None:
        self.column = max(0, self.column - 1)
        if self.row in self.rows:
            self.rows[self.row][self.column] = " "

    def erase_to_end(self) -> None:
        if self.row in self.rows:
            self.rows[self.row][self.column :] = [" "] * (COLUMNS - self.column)

    @property
    def text(self) -> str:
        lines = (" ".join("".join(self.rows[row]).split()) for row in sorted(self.rows))
        return "\n".join(line for line in lines if line)


@dataclass
class _Channel:
    shown: list[Shown] = field(default_factory=list)
    mode: _Mode = _Mode.POP_ON
    screen: _Screen = field(default_factory=_Screen)
    hidden: _Screen = field(default_factory=_Screen)
    started_ms: int | None = None

    def write(self, at_ms: int, character: str) -> None:
        if self.mode is _Mode.TEXT:
            return
        if self.mode is not _Mode.POP_ON and self.started_ms is None:
            self.started_ms = at_ms
        self._written.write(character)

    def move(self, row: int, column: int) -> None:
        if self.mode is not _Mode.ROLL_UP:  # there, rows only say where on the screen it rolls
            self._written.row = row
        self._written.column = column

    def move_right(self, columns: int) -> None:
        self._written.column = min(COLUMNS, self._written.column + columns)

    def erase(self, at_ms: int) -> None:
        """What stands on the screen has been shown until now."""
        text = self.screen.text
        if text and self.started_ms is not None:
            end_ms = min(at_ms, self.started_ms + SHOWN_MS_MAX)
            self.shown.append(Shown(self.started_ms, end_ms, text))
        self.screen, self.started_ms = _Screen(), None

    def control(self, at_ms: int, code: int) -> None:
        if code in _ENTERED:
            self._enter(at_ms, _ENTERED[code])
        elif code in _CHOSEN:
            self.mode = _CHOSEN[code]
        elif code == _CARRIAGE_RETURN:
            self._end_line(at_ms)
        else:
            self._edit(at_ms, code)

    def _edit(self, at_ms: int, code: int) -> None:
        match code:
            case 0x21:
                self._written.back()
            case 0x24:
                self._written.erase_to_end()
            case 0x2C:
                self.erase(at_ms)
            case 0x2E:
                self.hidden = _Screen()
            case 0x2F:
                self._show_hidden(at_ms)

    def _end_line(self, at_ms: int) -> None:
        # Each line is told once, not again with every line that follows it.
        if self.mode is _Mode.ROLL_UP:
            self.erase(at_ms)

    def _enter(self, at_ms: int, mode: _Mode) -> None:
        if self.mode is not mode:
            self.erase(at_ms)
        self.mode = mode

    def _show_hidden(self, at_ms: int) -> None:
        self.erase(at_ms)
        self.mode = _Mode.POP_ON
        self.screen, self.hidden = self.hidden, _Screen()
        self.started_ms = at_ms

    @property
    def _written(self) -> _Screen:
        return self.hidden if self.mode is _Mode.POP_ON else self.screen


@dataclass
class _Field:
    """One of the two streams of pairs; each carries two channels, and field 2 other data, too."""

    channels: Sequence[_Channel] = field(default_factory=lambda: (_Channel(), _Channel()))
    current: int = 0
    last_control: tuple[int, int] | None = None
    is_other_data: bool = False

    def take(self, at_ms: int, first: int, second: int) -> None:
        if 0x10 <= first < 0x20:
            self._take_control(at_ms, first, second)
        elif 0 < first < 0x10:
            self.is_other_data = first != 0x0F
        elif not self.is_other_data:
            self.last_control = None if first else self.last_control
            for code in (first, second):
                if character := basic(code):
                    self.channels[self.current].write(at_ms, character)

    def _take_control(self, at_ms: int, first: int, second: int) -> None:
        self.is_other_data = False
        if self.last_control == (first, second):  # all are sent twice, to be safe
            self.last_control = None
            return
        self.last_control = (first, second)
        self.current = first >> 3 & 1
        channel, kind = self.channels[self.current], first & 0x17
        if second >= 0x40:
            channel.move(_ROWS[kind][second >> 5 & 1], _indent(second))
        elif kind == 0x11 and second >= 0x30:
            channel.write(at_ms, special(second))
        elif kind == 0x11 and second >= 0x20:
            channel.write(at_ms, " ")  # a change of colour or slant takes a place of its own
        elif kind in {0x12, 0x13} and second >= 0x20:
            channel.control(at_ms, 0x21)
            channel.write(at_ms, extended(kind, second))
        elif kind in _MISCELLANEOUS:
            channel.control(at_ms, second)
        elif kind == 0x17 and 0x21 <= second <= 0x23:
            channel.move_right(second - 0x20)


def _indent(second: int) -> int:
    position = second & 0x1F
    return (position - 0x10) // 2 * 4 if position >= 0x10 else 0
