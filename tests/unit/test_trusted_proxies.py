"""Whose word counts for where a request comes from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from portal.errors import SettingsError
from portal.settings import Settings, load_settings
from portal.web.trusted_proxies import TrustedProxies, address_of

PROXIES = ("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48")


def seen(
    peer: str, *, proxies: tuple[str, ...] = PROXIES, **headers: str | list[str]
) -> tuple[str, str]:
    """(client address, scheme) as the application sees them."""
    found: dict[str, Any] = {}

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        found.update(scope)

    sent = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 4711) if peer else None,
        "headers": Headers(raw=sent).raw,
    }
    run = TrustedProxies(app, settings=Settings(trusted_proxies=proxies))(scope, _none, _none)
    with pytest.raises(StopIteration):
        run.send(None)  # a coroutine that never waits
    return (found["client"] or ("",))[0], found["scheme"]


async def _none(*_: Any) -> Any:
    return None


@pytest.mark.parametrize("peer", ["192.0.2.9", "128.0.0.1", "testclient", "", "2001:db8:2::1"])
def test_nobody_else_is_believed(peer: str) -> None:
    said = seen(peer, x_forwarded_for="198.51.100.1", x_forwarded_proto="https")
    assert said == (peer, "http")


def test_without_the_setting_nobody_is_believed() -> None:
    said = seen("127.0.0.1", proxies=(), x_forwarded_for="198.51.100.1", x_forwarded_proto="https")
    assert said == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:1::5", "2001:db8:7::1", "2001:db8:7::1"),
        ("127.0.0.1", "198.51.100.1:443", "198.51.100.1"),
        ("127.0.0.1", "[2001:db8:7::1]:443", "2001:db8:7::1"),
        ("127.0.0.1", "198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.66, 198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("127.0.0.1", "10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("127.0.0.1", "198.51.100.1, unknown, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(peer: str, named: str, client: str) -> None:
    assert seen(peer, x_forwarded_for=named)[0] == client


def test_several_header_lines_are_one_list() -> None:
    assert seen("127.0.0.1", x_forwarded_for=["192.0.2.66", "198.51.100.1"])[0] == "198.51.100.1"


@pytest.mark.parametrize(
    ("named", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("javascript", "http")],
)
def test_the_scheme_is_what_the_nearest_proxy_says(named: str, scheme: str) -> None:
    assert seen("127.0.0.1", x_forwarded_proto=named)[1] == scheme


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_what_a_client_writes_before_the_proxy_changes_nothing(forged: str) -> None:
    assert seen("127.0.0.1", x_forwarded_for=f"{forged}, 198.51.100.1")[0] == "198.51.100.1"


@given(st.ip_addresses())
def test_any_address_is_read(address: Any) -> None:
    assert address_of(str(address)) == (getattr(address, "ipv4_mapped", None) or address)


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match=r"PORTAL_TRUSTED_PROXIES .*'proxy\.local'"):
        load_settings({"PORTAL_TRUSTED_PROXIES": "127.0.0.1, proxy.local"})
    found = load_settings({"PORTAL_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"})
    assert found.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
