"""What a person typed, taken apart: words, and phrases in quotation marks. Never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.search.text import words

WORDS_MAX = 20
"""Further words are ignored: nobody means them, and each costs every engine time."""
TEXT_MAX = 1000
"""Code points that are looked at."""

_QUOTED = re.compile(r'["“”„‟«»](?P<phrase>[^"“”„‟«»]*)["“”„‟«»]')


@dataclass(frozen=True)
class Query:
    """Folded words. `terms` may match in any form, `phrases` must stand as they are."""

    terms: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.terms and not self.phrases

    @property
    def all_words(self) -> tuple[str, ...]:
        return (*self.terms, *(word for phrase in self.phrases for word in phrase))


def parse_query(text: str) -> Query:
    """`press "browser vendors"` -> terms press, phrase (browser, vendors).

    A quotation mark without a partner is no mark at all.
    """
    terms: list[str] = []
    phrases: list[tuple[str, ...]] = []
    left = WORDS_MAX
    for part, is_phrase in _parts(text[:TEXT_MAX]):
        folded = [word.folded for word in words(part)][:left]
        left -= len(folded)
        if is_phrase and folded:
            phrases.append(tuple(folded))
        elif not is_phrase:
            terms += folded
    return Query(tuple(dict.fromkeys(terms)), tuple(dict.fromkeys(phrases)))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    position = 0
    for quoted in _QUOTED.finditer(text):
        yield text[position : quoted.start()], False
        yield quoted["phrase"], True
        position = quoted.end()
    yield text[position:], False
