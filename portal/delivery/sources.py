"""An object that is to be sent, and what its answer says to browsers and caches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FOR_MINUTES = "public, max-age=300"
"""How long a withdrawal may take to reach the caches: no public byte is kept unasked for longer."""
ASK_AGAIN = "no-cache"
NEVER = "private, no-store"


@dataclass(frozen=True)
class Source:
    """An object to send. `caching` holds for what is public; all else is kept by nobody.

    `is_listed`: the database says that its bytes are there, so that nobody needs to look.
    """

    key: str
    etag: str
    media_type: str
    is_public: bool
    caching: str
    size_bytes: int | None = None
    is_listed: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache_control(self) -> str:
        return caching_header(self.caching, is_public=self.is_public)

    @property
    def answer_headers(self) -> Mapping[str, str]:
        """What every answer about these bytes carries, whoever sends them."""
        return {
            "ETag": self.etag,
            "Accept-Ranges": "bytes",
            **sharing_headers(is_public=self.is_public),
            "Cache-Control": self.cache_control,
            **self.headers,
        }


def caching_header(caching: str, *, is_public: bool) -> str:
    return caching if is_public else NEVER


def sharing_headers(*, is_public: bool) -> Mapping[str, str]:
    """Public material may be shown by any site; the rest is for our own pages."""
    return {
        "Cross-Origin-Resource-Policy": "cross-origin" if is_public else "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
