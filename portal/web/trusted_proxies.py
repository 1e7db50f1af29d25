"""Middleware: believes what a trusted proxy says of its client's address and scheme.

Anybody can send these headers; they count only when the peer's own address is in
PORTAL_TRUSTED_PROXIES, which is empty unless the administrator names one.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.settings import Settings

Address = IPv4Address | IPv6Address
SCHEMES = frozenset({"http", "https"})


class TrustedProxies:
    """Replaces `client` and `scheme` of the scope, so that nobody else needs to know of proxies."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.networks = [ip_network(given, strict=False) for given in settings.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.networks:
            peer = address_of(str((scope.get("client") or ("",))[0]))
            if peer is not None and self._is_trusted(peer):
                headers = Headers(scope=scope)
                client = self._client(_listed(headers, "x-forwarded-for"), peer=peer)
                scope["client"] = (str(client), 0)
                scope["scheme"] = _scheme(headers) or scope["scheme"]
        await self.app(scope, receive, send)

    def _client(self, named: Sequence[str], *, peer: Address) -> Address:
        """The last address in the chain that no trusted proxy has.

        Read from the right: each proxy adds whom it saw; what is left of that is hearsay.
        """
        client = peer
        for name in reversed(named):
            address = address_of(name)
            if address is None:
                break
            client = address
            if not self._is_trusted(address):
                break
        return client

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def address_of(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; None for all else."""
    name = text.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        address = ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _scheme(headers: Headers) -> str | None:
    """What the nearest proxy says; a proxy that adds none leaves the connection's own."""
    named = _listed(headers, "x-forwarded-proto")
    return named[-1].lower() if named and named[-1].lower() in SCHEMES else None


def _listed(headers: Headers, name: str) -> list[str]:
    return [part.strip() for value in headers.getlist(name) for part in value.split(",")]
