"""Our cookies: the session's, the one that anonymous forms are tied to, and the page language.

Under https or on this very machine they are `__Host-` cookies, which no other host can plant.
On a plain-http address of a local network a browser would drop such a cookie, so a plain name is
used there; a plain name is never read where the strict one works.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from portal.web.addresses import is_https
from portal.web.trusted_hosts import host_name

SESSION = "portal"
FORM = "portal-form"
LANGUAGE = "portal-language"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts that browsers trust without TLS (https://w3c.github.io/webappsec-secure-contexts/)."""


def read_cookie(request: HTTPConnection, name: str) -> str | None:
    return request.cookies.get(_full_name(request, name)) or None


def set_cookie(
    response: Response, request: HTTPConnection, *, name: str, value: str, days: int | None = None
) -> None:
    """Without `days` it ends with the browser's session."""
    response.set_cookie(
        _full_name(request, name),
        value,
        max_age=None if days is None else days * 24 * 3600,
        path="/",
        secure=_is_strict(request),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, request: HTTPConnection, *, name: str) -> None:
    response.delete_cookie(
        _full_name(request, name),
        path="/",
        secure=_is_strict(request),
        httponly=True,
        samesite="lax",
    )


def _full_name(request: HTTPConnection, name: str) -> str:
    return f"__Host-{name}" if _is_strict(request) else name


def _is_strict(request: HTTPConnection) -> bool:
    return is_https(request) or host_name(request.scope) in LOOPBACK
