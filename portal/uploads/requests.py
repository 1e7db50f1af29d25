"""What programs and pages ask of uploads, out of JSON: checked once, with a sentence per field."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from portal.errors import InvalidInput
from portal.events.manifest_values import is_language
from portal.storage.part_layout import is_digest
from portal.uploads.sniff import SNIFF_BYTES

T = TypeVar("T")

TITLE_LENGTH_MAX = 500
SIZE_BYTES_MAX = 2**53
"""Beyond it numbers in browsers are not exact."""
_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class BeginRequest:
    event_slug: str
    filename: str
    size_bytes: int
    head: bytes
    last_modified_ms: int | None
    title: str
    language: str | None


def read_begin(body: object) -> BeginRequest:
    """Raises InvalidInput with every fault."""
    fields = _Fields(body)
    request = BeginRequest(
        event_slug=fields.text("event"),
        filename=fields.text("filename"),
        size_bytes=fields.number("size_bytes"),
        head=fields.head("head"),
        last_modified_ms=fields.number_if_given("last_modified_ms"),
        title=fields.text_if_given("title", length_max=TITLE_LENGTH_MAX),
        language=fields.language("language"),
    )
    fields.check("This upload cannot begin.")
    return request


def read_digest(body: object) -> str:
    """`{"sha256": …}`. Raises InvalidInput."""
    fields = _Fields(body)
    sha256 = fields.digest("sha256", is_needed=True)
    fields.check("The part's SHA-256 is wrong.")
    return sha256 or ""


def read_digest_if_given(body: object) -> str | None:
    """`{"sha256": …}` or `{}`. Raises InvalidInput."""
    fields = _Fields(body)
    sha256 = fields.digest("sha256", is_needed=False)
    fields.check("The file's SHA-256 is wrong.")
    return sha256


class _Fields:
    """The fields of a JSON object; faults are gathered, so that all are told at once."""

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise InvalidInput("The request must hold a JSON object.")
        self._values: Mapping[str, object] = body
        self._faults: dict[str, str] = {}

    def check(self, sentence: str) -> None:
        if self._faults:
            said = " ".join(f"{name}: {fault}" for name, fault in self._faults.items())
            raise InvalidInput(f"{sentence} {said}", fields=self._faults)

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if isinstance(value, str) and value:
            return value
        return self._fault(name, "This text is missing.", default="")

    def text_if_given(self, name: str, *, length_max: int) -> str:
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str) and len(value) <= length_max and not _UNSTORABLE.search(value):
            return value.strip()
        return self._fault(name, f"Write a text of one line, at most {length_max} letters.", "")

    def number(self, name: str) -> int:
        value = self.number_if_given(name)
        return value if value is not None else self._fault(name, "This number is missing.", 0)

    def number_if_given(self, name: str) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < SIZE_BYTES_MAX:
            return value
        return self._fault(name, "Write a whole number, not below zero.", 0)

    def head(self, name: str) -> bytes:
        """At most the bytes by which types are told."""
        value = self._values.get(name)
        try:
            head = base64.b64decode(value, validate=True) if isinstance(value, str) else None
        except (binascii.Error, ValueError):
            head = None
        if head is not None and len(head) <= SNIFF_BYTES:
            return head
        fault = f"Send the file's first bytes, at most {SNIFF_BYTES}, in base64."
        return self._fault(name, fault, b"")

    def language(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and is_language(value):
            return value
        return self._fault(name, "Write a language's code, like en, ru or be.", None)

    def digest(self, name: str, *, is_needed: bool) -> str | None:
        value = self._values.get(name)
        if value is None and not is_needed:
            return None
        if isinstance(value, str) and is_digest(value):
            return value
        return self._fault(name, "Write 64 hexadecimal digits in small letters.", None)

    def _fault(self, name: str, sentence: str, default: T) -> T:
        self._faults.setdefault(name, sentence)
        return default
