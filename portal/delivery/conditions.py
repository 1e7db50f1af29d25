"""What a request says of the bytes it wants: ranges and entity tags; pure.

https://www.rfc-editor.org/rfc/rfc9110#section-13 and #section-14
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True)
class ByteRange:
    """From `start` on, `length` bytes; none when the object ends before the range begins."""

    start: int
    length: int

    def content_range(self, size_bytes: int) -> str:
        if not self.length:
            return f"bytes */{size_bytes}"
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


def requested_range(headers: Mapping[str, str], *, size_bytes: int, etag: str) -> ByteRange | None:
    """The part that is asked for; None for all of it.

    A header that is malformed, or that lists several ranges, is ignored, as a server may
    (RFC 9110, 14.2): assembling many small parts is work that only attackers ask for.
    """
    found = _SINGLE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or not _is_still(headers.get("if-range"), etag):
        return None
    first, last = found.groups()
    if first:
        return _from(int(first), int(last) if last else None, size_bytes)
    return _last(int(last), size_bytes) if last else None


def forwarded_range(headers: Mapping[str, str], *, etag: str) -> str:
    """The one range that is asked for, as whoever sends the bytes is to be asked; "" for all."""
    found = _SINGLE_RANGE.fullmatch(headers.get("range", ""))
    if found is None or not _is_still(headers.get("if-range"), etag):
        return ""
    first, last = found.groups()
    if not (first or last) or (first and last and int(last) < int(first)):
        return ""  # malformed
    return f"bytes={first}-{last}"


def is_known(headers: Mapping[str, str], *, etag: str) -> bool:
    """Whether the asker has these very bytes already (If-None-Match, weak comparison)."""
    known = headers.get("if-none-match", "")
    return known.strip() == "*" or etag in _ENTITY_TAG.findall(known)


def _from(first: int, last: int | None, size_bytes: int) -> ByteRange | None:
    if last is not None and last < first:
        return None  # malformed
    end = size_bytes if last is None else min(last + 1, size_bytes)
    return ByteRange(first, max(end - first, 0))


def _last(count: int, size_bytes: int) -> ByteRange:
    length = min(count, size_bytes)
    return ByteRange(size_bytes - length, length)


def _is_still(if_range: str | None, etag: str) -> bool:
    """A date never matches: we send no Last-Modified that it could come from."""
    return if_range is None or if_range.strip() == etag
