"""Middleware: counts requests and times their answers, by route template and never by address."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.languages import PAGE_LANGUAGES
from portal.metrics.observing import count_request

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Any method beyond these, which are as many as a client likes to invent."""
NO_ROUTE = "none"


class RequestMetrics:
    """An answer is timed until it begins: how long a recording plays says nothing of us."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self.templates = _templates(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_at = time.perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"]
                count_request(
                    route=self._template_of(scope),
                    method=method if method in METHODS else OTHER,
                    status_code=message["status"],
                    seconds=time.perf_counter() - started_at,
                )
            await send(message)

        await self.app(scope, receive, send_counted)

    def _template_of(self, scope: Scope) -> str:
        found = self.templates.get(id(scope.get("endpoint")), {})
        return found.get(frozenset(scope.get("path_params", {})), NO_ROUTE)


def _templates(routes: Sequence[BaseRoute]) -> Mapping[int, Mapping[frozenset[str], str]]:
    """{endpoint: {names of its parameters: template}}: a page may have several addresses."""
    found: dict[int, dict[frozenset[str], str]] = {}
    for route in routes:
        if isinstance(route, Route):
            of_endpoint = found.setdefault(id(route.endpoint), {})
            of_endpoint[frozenset(route.param_convertors)] = _in_any_language(route.path)
        elif isinstance(route, Mount):
            found[id(route.app)] = {frozenset(): f"{route.path}/{{path}}"}
    return found


def _in_any_language(path: str) -> str:
    first, slash, rest = path.removeprefix("/").partition("/")
    return f"/{{language}}{slash}{rest}" if first in PAGE_LANGUAGES else path
