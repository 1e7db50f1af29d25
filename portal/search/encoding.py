"""Documents as bytes and back, and the digest by which an index is compared with Postgres. Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from portal.search.documents import Document, DocumentKind, TimedText, Version

_INSTANTS = ("happened_at", "released_at", "withdrawn_at")


def encode(document: Document) -> bytes:
    """Equal documents give equal bytes, whatever zone their instants are written in."""
    row = dict(vars(document))  # dataclasses.asdict copies all that is in it, at ten times the cost
    row["cues"] = [list(vars(cue).values()) for cue in document.cues]
    row["versions"] = [list(vars(version).values()) for version in document.versions]
    for name in _INSTANTS:
        row[name] = _write_instant(row[name])
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def decode(payload: bytes) -> Document:
    """The inverse of `encode`."""
    row: dict[str, Any] = json.loads(payload)
    row["kind"] = DocumentKind(row["kind"])
    row["cues"] = tuple(TimedText(*cue) for cue in row["cues"])
    row["versions"] = tuple(Version(*version) for version in row["versions"])
    for name in ("names", "people"):
        row[name] = tuple(row[name])
    for name in _INSTANTS:
        row[name] = datetime.fromisoformat(row[name]) if row[name] else None
    return Document(**row)


def digest(document: Document) -> str:
    return digest_of(encode(document))


def digest_of(payload: bytes) -> str:
    """Of an encoded document."""
    return hashlib.sha256(payload).hexdigest()


def _write_instant(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
