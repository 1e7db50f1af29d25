"""Middleware: answers only requests that name a host which this portal is known by.

Everything that builds an address from a request relies on it (CVE-2026-48710 shows what a free
choice of Host does to a Starlette application).
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.errors import InvalidInput
from portal.settings import Settings

HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (compared with, not bound to)


class TrustedHosts:
    """Known are the setting's hosts, the base URL's, and the address that the server listens on.

    A server that listens on every address may be called by any of its numbers as long as no base
    URL is set: DNS rebinding needs a name, so a number cannot be a trick of another site.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.names = frozenset(_known_names(settings))
        self.takes_numbers = settings.base_url is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            name = host_name(scope)
            if name is None or not self._is_known(name, scope):
                raise InvalidInput(
                    "The request names a host that this portal does not answer to. "
                    "Its administrator can add it to PORTAL_ALLOWED_HOSTS."
                )
        await self.app(scope, receive, send)

    def _is_known(self, name: str, scope: Scope) -> bool:
        listens_on = str((scope.get("server") or ("",))[0]).lower()
        if name in self.names or name.strip("[]") == listens_on.strip("[]"):
            return True
        return self.takes_numbers and listens_on in ANY_ADDRESS and _is_number(name)


def host_name(scope: Scope) -> str | None:
    """The host that the request names, lower case and without port; None if it is malformed."""
    named = Headers(scope=scope).getlist("host")
    match = HOST.fullmatch(named[0]) if len(named) == 1 else None
    return match["name"].lower() if match else None


def _known_names(settings: Settings) -> list[str]:
    names = [name.lower() for name in settings.allowed_hosts]
    if settings.base_url:
        # hostname drops the brackets of an IPv6 literal, which a Host header has
        name = (urlsplit(settings.base_url).hostname or "").lower()
        names.append(f"[{name}]" if ":" in name else name)
    return names


def _is_number(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
