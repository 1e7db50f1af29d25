"""Middleware: finds out who is asking, by bearer token or session cookie.

Sets `request.state.viewer` (never missing), `.account` (None for the public) and `.is_bearer`.
"""

from __future__ import annotations

from typing import cast

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.accounts import service as accounts
from portal.accounts.models import Account
from portal.errors import NotSignedIn
from portal.visibility import PUBLIC, Viewer
from portal.web import cookies
from portal.web.transactions import in_transaction, runtime_of

OPEN_PATHS = ("/static/", "/healthz", "/readyz")
"""The same for everybody, and needed when the database is away: nobody is looked up there."""


class Viewers:
    """Also keeps what a signed-in person sees out of every cache, unless the handler decided."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bearer = None
        account = None
        state = scope.setdefault("state", {})
        state.update(viewer=PUBLIC, account=None, is_bearer=False)
        if not scope["path"].startswith(OPEN_PATHS):
            request = HTTPConnection(scope)
            bearer = _bearer_of(request)
            account = await _account_of(request, bearer)
        if account:
            state.update(viewer=account.viewer, account=account, is_bearer=bearer is not None)

        async def send_with_cache_rule(message: Message) -> None:
            if message["type"] == "http.response.start":
                rule = "private, no-store" if account else "no-cache"
                MutableHeaders(scope=message).setdefault("Cache-Control", rule)
            await send(message)

        await self.app(scope, receive, send_with_cache_rule)


def viewer_of(request: HTTPConnection) -> Viewer:
    return cast("Viewer", request.state.viewer)


def account_of(request: HTTPConnection) -> Account:
    """Whoever is signed in. Raises NotSignedIn."""
    account = cast("Account | None", request.state.account)
    if account is None:
        raise NotSignedIn("Please sign in.")
    return account


async def is_still_signed_in(request: HTTPConnection) -> bool:
    """Whether what let this request in would do so again; for answers that take hours."""
    bearer = _bearer_of(request)
    if bearer is not None:
        account = await in_transaction(request, accounts.find_token_account, bearer)
        return account is not None
    secret = cookies.read_cookie(request, cookies.SESSION)
    return secret is not None and await in_transaction(request, accounts.is_session_open, secret)


async def _account_of(request: HTTPConnection, bearer: str | None) -> Account | None:
    if bearer is not None:
        account = await in_transaction(request, accounts.find_token_account, bearer)
        if account is None:
            raise NotSignedIn("This API token is not valid, or it was revoked.")
        return account
    secret = cookies.read_cookie(request, cookies.SESSION)
    if secret is None:
        return None
    hours = runtime_of(request).settings.session_hours
    session = await in_transaction(request, accounts.find_session, secret, hours=hours)
    return session.account if session else None


def _bearer_of(request: HTTPConnection) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None
