"""Pages that exist in every page language, under /en/, /ru/ and /be/."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.languages import PAGE_LANGUAGES

Handler = Callable[[Request], Awaitable[Response]]


def localized(path: str, handler: Handler) -> list[Route]:
    """`localized("events/{slug}", show)` -> routes for /en/events/{slug}, /ru/…, /be/…"""
    return [Route(f"/{language}/{path}", handler) for language in PAGE_LANGUAGES]
