"""What a rule says when it is broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`section` is of RFC 8216; `place` an address; `rule` a short name that tests ask for."""

    rule: str
    section: str
    place: str
    detail: str

    def __str__(self) -> str:
        return f"{self.place}: {self.detail} [{self.rule}, RFC 8216, {self.section}]"
