"""Middleware: no request body is larger than the handler expects.

Starlette's own limit answers in a shape of its own; this one raises ours.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import TooLarge

BODY_BYTES_MAX = 1024 * 1024
_LIMIT = "body_bytes_max"


class BodyLimit:
    """Counts what is really read; a declared length is only the quicker way to a refusal."""

    def __init__(self, app: ASGIApp, *, bytes_max: int = BODY_BYTES_MAX) -> None:
        self.app = app
        self.bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state[_LIMIT] = self.bytes_max
        declared_bytes = _declared_bytes(scope)
        received_bytes = 0

        async def limited_receive() -> Message:
            nonlocal received_bytes
            _check(declared_bytes, bytes_max=state[_LIMIT])
            message = await receive()
            received_bytes += len(message.get("body", b""))
            _check(received_bytes, bytes_max=state[_LIMIT])
            return message

        await self.app(scope, limited_receive, send)


def allow_body(request: Request, *, bytes_max: int) -> None:
    """Let this request's body be larger; for a handler to call before it reads (uploads)."""
    request.scope["state"][_LIMIT] = bytes_max


def _check(size_bytes: int, *, bytes_max: int) -> None:
    if size_bytes > bytes_max:
        raise TooLarge(f"The request is larger than the {bytes_max} bytes that are taken here.")


def _declared_bytes(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0
