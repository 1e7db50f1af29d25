"""Addresses of our own pages, absolute and local."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import HTTPConnection

from portal.web.transactions import runtime_of

LOCAL_PATH_MAX = 2000


def origin(request: HTTPConnection) -> str:
    """`https://press.example.org`: the base URL, or else the host that the request names.

    The named host is safe to repeat, because `TrustedHosts` let the request in.
    """
    base_url = runtime_of(request).settings.base_url
    return base_url or f"{request.scope['scheme']}://{request.headers['host']}"


def absolute(request: HTTPConnection, path: str) -> str:
    """`path` starts with a slash."""
    return origin(request) + path


def is_https(request: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy that the base URL stands for."""
    if request.scope["scheme"] == "https":
        return True
    base = urlsplit(runtime_of(request).settings.base_url or "")
    return base.scheme == "https" and base.netloc.lower() == request.headers["host"].lower()


def page_path(language: str, *parts: str) -> str:
    """page_path("en", "events", "press-scrum") -> /en/events/press-scrum; no parts: /en/"""
    return f"/{language}/" + "/".join(quote(part, safe="") for part in parts)


def phrase_path(language: str, phrase: str) -> str:
    """The search for these very words."""
    quoted = '"{}"'.format(phrase.replace('"', " "))
    return f"{page_path(language, 'search')}?{urlencode({'q': quoted})}"


def local_path(value: str | None, *, default: str) -> str:
    """`value` if it is a path on this very site, else `default`.

    Browsers read "\\" as "/" and drop tabs and line ends, so that "/\\evil.org" and
    "/<tab>/evil.org" would leave the site (https://url.spec.whatwg.org/#concept-basic-url-parser).
    """
    if not value or len(value) > LOCAL_PATH_MAX or not value.startswith("/"):
        return default
    if value.startswith("//") or "\\" in value or not value.isprintable():
        return default
    return value
