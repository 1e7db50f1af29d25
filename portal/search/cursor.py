"""Opaque marks of a place in a list of hits. Pure."""

from __future__ import annotations

import base64
import binascii

from portal.errors import InvalidInput

PREFIX = b"hit:"


def write_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(PREFIX + str(offset).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int:
    """The offset in `cursor`; 0 without one. Raises InvalidInput."""
    if not cursor:
        return 0
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused() from error
    digits = plain.removeprefix(PREFIX)
    if digits == plain or not digits.isdigit() or len(digits) > 6:
        raise _refused()
    return int(digits)


def _refused() -> InvalidInput:
    sentence = "This cursor did not come from an earlier answer; search again without it."
    return InvalidInput(sentence, fields={"cursor": sentence})
