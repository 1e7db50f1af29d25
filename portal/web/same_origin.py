"""Middleware and form tokens against forged requests (CSRF): two independent walls.

Every unsafe request must come from our own pages, as its browser says; and every HTML form must
carry a token tied to its sender's cookie, which `portal.web.forms.read_form` checks.
A bearer token is sent by programs on purpose and never by a browser on its own: exempt.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.errors import Forbidden
from portal.web.transactions import runtime_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})
"""`none` is the person's own doing, such as a reload."""


class SameOrigin:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            request = HTTPConnection(scope)
            if not request.state.is_bearer and not _is_from_us(request):
                raise Forbidden("This request was refused because it came from another site.")
        await self.app(scope, receive, send)


def _is_from_us(request: HTTPConnection) -> bool:
    """By Sec-Fetch-Site, else by Origin; without both only for someone who is not signed in.

    Browsers leave Sec-Fetch-Site out on plain-http addresses, but every browser sends Origin
    with an unsafe request (https://fetch.spec.whatwg.org/#origin-header).
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in OWN_SITES
    origin = request.headers.get("origin")
    if origin is not None:
        return _is_own(origin, request)
    return request.state.account is None


def _is_own(origin: str, request: HTTPConnection) -> bool:
    base = urlsplit(runtime_of(request).settings.base_url or "").netloc
    own = {request.headers["host"].lower(), base.lower()} - {""}
    return urlsplit(origin).netloc.lower() in own


def form_token(cookie: str) -> str:
    """What a form must carry when its sender has this cookie; it tells nothing of the cookie."""
    return hmac.new(cookie.encode(), b"form token", hashlib.sha256).hexdigest()
