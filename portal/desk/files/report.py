"""What became of the files of a form, carried by the address of the page that tells it: pure.

It is signed with what only the sender's session knows: nobody else can make our page say anything.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass, replace

PARAMETER = "sent"
NAME_LENGTH_MAX = 80
SENTENCE_LENGTH_MAX = 300
PACKED_LENGTH_MAX = 6000
"""Common servers take addresses of 8 kB."""
_SIGNATURE_BYTES = 16


@dataclass(frozen=True)
class Refused:
    filename: str
    sentence: str


@dataclass(frozen=True)
class FormReport:
    """`known` were in already; `unnamed` is how many more came in than fit."""

    taken: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    unnamed: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.taken or self.known or self.refused or self.unnamed)


def pack(report: FormReport, *, secret: str) -> str:
    """For an address; refusals are kept to the last."""
    while len(packed := _packed(report, secret)) > PACKED_LENGTH_MAX and _names(report):
        report = _shortened(report)
    return packed


def unpack(packed: str, *, secret: str) -> FormReport | None:
    """None for what this session was not told."""
    try:
        data = base64.urlsafe_b64decode(packed.encode())
    except (binascii.Error, ValueError):
        return None
    signature, content = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(content, secret)):
        return None
    said = json.loads(zlib.decompress(content))
    return FormReport(
        taken=tuple(said["taken"]),
        known=tuple(said["known"]),
        refused=tuple(Refused(name, sentence) for name, sentence in said["refused"]),
        unnamed=said["unnamed"],
    )


def _packed(report: FormReport, secret: str) -> str:
    said = {
        "taken": [_cut(name, NAME_LENGTH_MAX) for name in report.taken],
        "known": [_cut(name, NAME_LENGTH_MAX) for name in report.known],
        "refused": [
            (_cut(one.filename, NAME_LENGTH_MAX), _cut(one.sentence, SENTENCE_LENGTH_MAX))
            for one in report.refused
        ],
        "unnamed": report.unnamed,
    }
    content = zlib.compress(json.dumps(said).encode(), 9)
    return base64.urlsafe_b64encode(_signature(content, secret) + content).decode()


def _names(report: FormReport) -> int:
    return len(report.taken) + len(report.known) + len(report.refused)


def _shortened(report: FormReport) -> FormReport:
    if report.taken:
        return replace(report, taken=report.taken[:-1], unnamed=report.unnamed + 1)
    if report.known:
        return replace(report, known=report.known[:-1], unnamed=report.unnamed + 1)
    return replace(report, refused=report.refused[:-1], unnamed=report.unnamed + 1)


def _cut(text: str, length_max: int) -> str:
    return text if len(text) <= length_max else f"{text[: length_max - 1]}…"


def _signature(content: bytes, secret: str) -> bytes:
    words = b"form report" + content
    return hmac.new(secret.encode(), words, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
