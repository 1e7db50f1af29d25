"""Middleware: the headers that tell a browser what our pages may do. Handlers can set their own."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.settings import Settings

SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


DESK_PATH = "/desk/"


def content_security_policy(settings: Settings, *, is_desk: bool) -> str:
    """What a page may load and do.

    Its media come from the store where delivery redirects there, and the desk's uploads go there;
    nobody else is told where the store is.
    """
    store = _store_origin(settings)
    media = f" {store}" if store and _redirects(settings) else ""
    calls = f" {store}" if store and is_desk else media
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            # media-chrome writes <style> into its shadow roots: muxinc/media-chrome#898. Styles
            # can load nothing from elsewhere, because images and fonts are limited too.
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data:{media}",
            "font-src 'self'",
            f"media-src 'self' blob:{media}",
            f"connect-src 'self'{calls}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.policies = {
            is_desk: content_security_policy(settings, is_desk=is_desk) for is_desk in (True, False)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = self.policies[scope["path"].startswith(DESK_PATH)]
                headers.setdefault("Content-Security-Policy", policy)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _redirects(settings: Settings) -> bool:
    return settings.delivery in {"auto", "redirect"}


def _store_origin(settings: Settings) -> str | None:
    """Scheme and host only: a path would not hold for a redirect (CSP 3, 6.7.2.8)."""
    address = settings.s3_public_url or settings.s3_endpoint_url
    if address is None:
        return None
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
