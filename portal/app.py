"""The web application: lists of routes, middleware and handlers, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from portal.accounts import api as accounts_api
from portal.accounts import pages as accounts_pages
from portal.assets import api as assets_api
from portal.assets import pages as assets_pages
from portal.delivery import routes as delivery
from portal.desk import pages as desk_pages
from portal.desk.assets import pages as desk_assets_pages
from portal.desk.clocks import pages as desk_clocks_pages
from portal.desk.files import pages as desk_files_pages
from portal.errors import PortalError
from portal.events import api as events_api
from portal.events import pages as events_pages
from portal.people import pages as people_pages
from portal.progress import api as progress_api
from portal.runtime import Runtime
from portal.search import api as search_api
from portal.search import pages as search_pages
from portal.uploads import api as uploads_api
from portal.web import entrance, errors, health
from portal.web.body_limit import BodyLimit
from portal.web.openapi import Operation, openapi_route
from portal.web.request_log import RequestLog
from portal.web.request_metrics import RequestMetrics
from portal.web.same_origin import SameOrigin
from portal.web.security_headers import SecurityHeaders
from portal.web.static_files import BuiltFiles
from portal.web.transactions import RuntimeState
from portal.web.trusted_hosts import TrustedHosts
from portal.web.trusted_proxies import TrustedProxies
from portal.web.viewers import Viewers

APIS = (events_api, assets_api, search_api, accounts_api, uploads_api, progress_api)
"""Modules with `routes` and `operations`."""

PAGES = (
    events_pages,
    assets_pages,
    people_pages,
    search_pages,
    desk_pages,
    desk_assets_pages,
    desk_clocks_pages,
    desk_files_pages,
    delivery,
    accounts_pages,
    health,
    entrance,
)
"""Modules with `routes`."""

OPERATIONS: list[Operation] = [operation for api in APIS for operation in api.operations]

ROUTES: list[BaseRoute] = [
    *(route for api in APIS for route in api.routes),
    *(route for pages in PAGES for route in pages.routes),
    openapi_route(OPERATIONS),
    Mount("/static", BuiltFiles(), name="static"),
]


def create_app(runtime: Runtime) -> Starlette:
    """The application over an open runtime; outermost middleware first."""
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(RuntimeState, runtime=runtime),
            Middleware(TrustedProxies, settings=runtime.settings),
            Middleware(RequestLog),
            Middleware(RequestMetrics, routes=ROUTES),
            Middleware(SecurityHeaders, settings=runtime.settings),
            Middleware(errors.Errors),
            Middleware(TrustedHosts, settings=runtime.settings),
            Middleware(BodyLimit),
            Middleware(Viewers),
            Middleware(SameOrigin),
        ],
        exception_handlers={PortalError: errors.handle, HTTPException: errors.handle},
        lifespan=size_threads,
    )
    app.state.runtime = runtime
    return app


@asynccontextmanager
async def size_threads(app: Starlette) -> AsyncIterator[None]:
    """As many threads as there are database connections: more would only wait for one."""
    runtime: Runtime = app.state.runtime
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = runtime.settings.database_pool_size
    yield
