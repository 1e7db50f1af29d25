"""Words and values as strings that the server keeps apart exactly as we do. Pure.

The server compares filter values without case and after taking letters apart, and it cuts long
ones: й would be и, "Anna" would be "anna". Codes hold `a-z0-9:~-` alone and are short, so nothing
of that applies to them, and nothing that a user wrote can end a quoted value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

from portal.search.text import latin_key, stem

_PLAIN_WORD = re.compile(r"[a-z0-9]{1,32}")
_PLAIN_VALUE = re.compile(r"[a-z0-9-]{1,100}")
_DIGEST_BYTES = 8
"""Of some 10 million different words and pairs, two meet with a chance of one in a million."""
_HEX_BYTES_MAX = 100
"""Longer values are slugs that nobody has: no need to read them back."""


@lru_cache(maxsize=65_536)
def written(word: str) -> str:
    """Stands for the word as it is written."""
    return f"w:{word if _PLAIN_WORD.fullmatch(word) else _digest(word)}"


@lru_cache(maxsize=65_536)
def heard(word: str) -> str:
    """Equal for words that match one another in any form.

    As written implies equal stems, and a key is made of the stem: so the key alone tells, or the
    stem of a word that is too short for a key.
    """
    form = latin_key(word) or f"~{stem(word)}"
    return f"k:{form if _PLAIN_WORD.fullmatch(form) else _digest(form)}"


@lru_cache(maxsize=65_536)
def pair(first: str, second: str) -> str:
    """Stands for one word written right after another."""
    return f"p:{_digest(f'{first} {second}')}"


def value(text: str) -> str:
    """Stands for a value that is filtered and counted by, such as a slug."""
    if _PLAIN_VALUE.fullmatch(text):
        return f"v:{text}"
    encoded = text.encode("utf-8", "surrogatepass")
    return f"x:{encoded.hex()}" if len(encoded) <= _HEX_BYTES_MAX else f"h:{_digest(text)}"


def read_value(code: str) -> str:
    """What `value` was given; a code without way back stands for itself."""
    kind, _, rest = code.partition(":")
    match kind:
        case "v":
            return rest
        case "x":
            return bytes.fromhex(rest).decode("utf-8", "surrogatepass")
    return code


def identity(document_id: str) -> str:
    """A document's key: the server allows neither colons nor letters beyond ASCII in it."""
    return blake2b(document_id.encode(), digest_size=16).hexdigest()


def _digest(text: str) -> str:
    return (
        f"~{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=_DIGEST_BYTES).hexdigest()}"
    )
