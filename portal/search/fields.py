"""Which words of a document are searched, and as what; the same for every engine. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.search.documents import Document, DocumentKind
from portal.search.text import Word, words

BREAK = "¶"
"""Stands between parts, so that no phrase reaches from one into the next; never a word."""


@dataclass(frozen=True)
class Field:
    """One field in its three forms, space-separated. Only `words` keeps order and breaks."""

    words: str
    stems: str
    keys: str


def own_parts(document: Document) -> Sequence[str]:
    """What a hit needs at least one word of: for a passage, what is spoken in it."""
    if document.kind is DocumentKind.PASSAGE:
        return [document.text]
    return [document.title, *document.names, document.text]


def about_parts(document: Document) -> Sequence[str]:
    """What may complete a match and counts for more: title and names."""
    return [document.title, *document.names]


def own_field(document: Document) -> Field:
    return _field(own_parts(document))


def about_field(document: Document) -> Field:
    return _field(about_parts(document))


def _field(parts: Iterable[str]) -> Field:
    runs = [run for part in parts if (run := list(words(part)))]
    every = [word for run in runs for word in run]
    return Field(
        words=f" {BREAK} ".join(_joined(run) for run in runs),
        stems=" ".join(word.stem for word in every),
        keys=" ".join(key for word in every if (key := word.key)),
    )


def _joined(run: Iterable[Word]) -> str:
    return " ".join(word.folded for word in run)
