"""Finds secrets within texts: those of the settings by their values, others by their looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from portal.settings import Settings

REDACTED = "[redacted]"
SECRET_LENGTH_MIN = 6
"""Shorter ones are words of every day: hiding them would garble the log and protect nothing."""

_BY_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), REDACTED),  # user and password of an address
    (  # parameters of signed addresses, ours and those of stores; parts of an Authorization header
        re.compile(
            r"\b((?:x-amz-)?(?:signature|credential|security-token)|token)=[^&\s\"',;]+",
            re.IGNORECASE,
        ),
        rf"\1={REDACTED}",
    ),
    (re.compile(r"\b(Bearer) +[\w.~+/=-]{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"(?<=/setup/)[\w-]{16,}"), REDACTED),
    (re.compile(r"\bpp_[\w-]{16,}"), REDACTED),  # the mark of our API tokens
    (re.compile(r"((?:__Host-)?portal(?:-form)?=)[\w.-]{16,}"), rf"\1{REDACTED}"),  # our cookies
)


@dataclass(frozen=True)
class Hidden:
    """What never appears in a text that we write."""

    values: re.Pattern[str] | None

    def cut_from(self, text: str) -> str:
        if self.values is not None:
            text = self.values.sub(REDACTED, text)
        for pattern, replacement in _BY_LOOKS:
            text = pattern.sub(replacement, text)
        return text


def hidden_in(settings: Settings) -> Hidden:
    """The secrets of an installation. They are hidden where they stand as a word of their own."""
    secrets = sorted({s for s in _secrets(settings) if len(s) >= SECRET_LENGTH_MIN}, key=len)
    if not secrets:
        return Hidden(None)
    words = "|".join(re.escape(secret) for secret in reversed(secrets))
    return Hidden(re.compile(rf"(?<!\w)(?:{words})(?!\w)"))


def _secrets(settings: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        secret = value.get_secret_value()
        yield from _passwords(secret) if name == "database_url" else [secret]


def _passwords(database_url: str) -> Iterator[str]:
    """As written and as meant; the rest of the address helps whoever reads the log."""
    try:
        parts = urlsplit(database_url)
    except ValueError:  # no address at all
        yield database_url
        return
    written = parts.password or ""
    yield from (written, unquote(written), *parse_qs(parts.query).get("password", []))
