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


def content_security_policy(settings: Settings) -> str:
    """What pages may load and do; with a store, media come from there and uploads go there."""
    store = _store_origin(settings)
    beside = f" {store}" if store else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            # media-chrome writes <style> into its shadow roots: muxinc/media-chrome#898. Styles
            # can load nothing from elsewhere, because images and fonts are limited too.
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data:{beside}",
            "font-src 'self'",
            f"media-src 'self' blob:{beside}",
            f"connect-src 'self'{beside}",
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
        policy = content_security_policy(settings)
        self.headers = {"Content-Security-Policy": policy, **SECURITY_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _store_origin(settings: Settings) -> str | None:
    """Scheme and host only: a path would not hold for a redirect (CSP 3, 6.7.2.8)."""
    address = settings.s3_public_url or settings.s3_endpoint_url
    if address is None:
        return None
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
