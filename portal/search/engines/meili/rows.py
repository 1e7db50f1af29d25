"""Documents as rows of the server's index, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from portal.search.documents import Document
from portal.search.encoding import decode, digest_of, encode
from portal.search.engines.meili.codes import heard, identity, pair, value, written
from portal.search.fields import about_parts, own_parts
from portal.search.text import words

Row = Mapping[str, Any]

MICROSECOND = 1_000_000
INSTANT_MAX = 2**53 - 1
"""The server keeps numbers as floats, exact to the microsecond until the year 2255; everything
later is one instant, which also stands for "not withdrawn"."""

ROWS_MAX = 5_000
BYTES_MAX = 16_000_000
"""Of one request; the server refuses 100 MB, and works best on a few thousand rows."""


@dataclass(frozen=True)
class Batch:
    """Rows as lines of JSON."""

    lines: bytes
    row_count: int


def row_of(document: Document, *, written_by: str) -> Row:
    """`written_by` names the change that put it there."""
    payload = encode(document)
    row = {
        "key": identity(document.id),
        "document": document.id,
        "owner": value(document.owner_id),
        "written_by": value(written_by),
        "own": sorted(codes_of(own_parts(document))),
        "about": sorted(codes_of(about_parts(document))),
        **{facet: _coded(found) for facet, found in facet_values(document).items()},
        "happened_at": microseconds(document.happened_at),
        "released_at": microseconds(document.released_at),
        "withdrawn_at": INSTANT_MAX
        if document.withdrawn_at is None
        else microseconds(document.withdrawn_at),
        "payload": payload.decode(),
        "digest": digest_of(payload),
    }
    return {name: found for name, found in row.items() if found is not None}


def document_of(row: Row) -> Document:
    return decode(row["payload"].encode())


def facet_values(document: Document) -> Mapping[str, Sequence[str]]:
    """What the document counts for in each facet."""
    people = {*document.people, *filter(None, [document.person_slug])}
    return {
        "kind": [document.kind.value],
        "language": [document.language] if document.language else [],
        "event": [document.event_slug] if document.event_slug else [],
        "person": sorted(people),
    }


def codes_of(parts: Sequence[str]) -> set[str]:
    """Every word in both forms, and every word with the next one of its part."""
    codes: set[str] = set()
    for run in runs_of(parts):
        codes.update(map(written, run), map(heard, run))
        codes.update(pair(first, second) for first, second in pairwise(run))
    return codes


def runs_of(parts: Sequence[str]) -> list[list[str]]:
    """The words of each part, in their normal form."""
    return [[word.folded for word in words(part)] for part in parts]


def microseconds(instant: datetime | None) -> int | None:
    """Whole microseconds since 1970, as exact as Postgres."""
    if instant is None:
        return None
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return min(
        (since.days * 86_400 + since.seconds) * MICROSECOND + since.microseconds, INSTANT_MAX
    )


def batches(rows: Iterable[Row]) -> Iterator[Batch]:
    """Each within both bounds; a row that is larger stands alone."""
    lines: list[bytes] = []
    size_bytes = 0
    for row in rows:
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        if lines and (len(lines) == ROWS_MAX or size_bytes + len(line) > BYTES_MAX):
            yield Batch(b"\n".join(lines), len(lines))
            lines, size_bytes = [], 0
        lines.append(line)
        size_bytes += len(line) + 1
    if lines:
        yield Batch(b"\n".join(lines), len(lines))


def _coded(values: Sequence[str]) -> list[str]:
    return [value(found) for found in values]
