"""The address without a language: on to the home page in the reader's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.web.addresses import page_path
from portal.web.i18n import language_of


async def enter(request: Request) -> Response:
    return RedirectResponse(
        page_path(language_of(request)),
        status_code=302,
        headers={"Vary": "Accept-Language, Cookie"},
    )


routes = [Route("/", enter)]
