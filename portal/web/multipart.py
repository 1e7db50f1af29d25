"""The pieces of a multipart/form-data body, as they come: no file is gathered here.

https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from portal.errors import InvalidInput


@dataclass(frozen=True)
class FieldBegins:
    """`filename` is None for a field of text."""

    name: str
    filename: str | None


@dataclass(frozen=True)
class FieldData:
    data: bytes


@dataclass(frozen=True)
class FieldEnds:
    pass


Piece = FieldBegins | FieldData | FieldEnds


class Multipart:
    """Feed it the body; it answers with the pieces that this completed."""

    def __init__(self, content_type: str) -> None:
        """Raises InvalidInput when the content type is another one."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _unreadable()
        self._pieces: list[Piece] = []
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._is_over = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_header_field": self._name_header,
                    "on_header_value": self._value_header,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_end": self._finish,
                },
            )
        except FormParserError as error:
            raise _unreadable() from error

    def feed(self, chunk: bytes) -> Sequence[Piece]:
        """Raises InvalidInput."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _unreadable() from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> None:
        """Raises InvalidInput when the body ended too early."""
        if not self._is_over:
            raise _unreadable()

    def _begin(self) -> None:
        self._disposition = b""

    def _name_header(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _value_header(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _unreadable()
        filename = options.get(b"filename")
        self._pieces.append(
            FieldBegins(
                name=options[b"name"].decode(errors="replace"),
                filename=None if filename is None else filename.decode(errors="replace"),
            )
        )

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(FieldData(data[start:end]))

    def _end(self) -> None:
        self._pieces.append(FieldEnds())

    def _finish(self) -> None:
        self._is_over = True


def _unreadable() -> InvalidInput:
    return InvalidInput("This form cannot be read: it is damaged or of another kind.")
