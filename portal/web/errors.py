"""Every error becomes one answer here: JSON for programs, a page for people, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

import structlog
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.errors import (
    DatabaseUnavailable,
    InvalidInput,
    NotSignedIn,
    PortalError,
    SearchUnavailable,
    StorageError,
    TooManyRequests,
)
from portal.web.i18n import gettext, language_of, msg
from portal.web.request_log import loggable_path
from portal.web.templating import render

RETRY_AFTER_SECONDS = 10
"""What a caller is told when a part of us is away for a moment."""
PROGRAM_PATHS = ("/api/", "/media/")

TITLES = {
    400: msg("This request cannot be answered"),
    401: msg("Please sign in"),
    403: msg("You may not do this"),
    404: msg("There is nothing here"),
    405: msg("This address works in another way"),
    409: msg("Things have changed meanwhile"),
    413: msg("This is too large"),
    415: msg("This type of file is not taken"),
    429: msg("Too many attempts"),
    500: msg("Something went wrong on our side"),
    503: msg("The portal is not available at the moment"),
    507: msg("There is not enough space"),
}
NOTHING_HERE = msg("The page does not exist, or it is not public (yet).")
OUR_FAULT = msg("The error is noted. If it stays, please tell the press office this number.")
AWAY = msg("A part of the portal does not answer. Please try again in a moment.")
"""What is shown of our own parts' faults: the rest is for the log and `portal doctor`."""
UNSTORABLE = msg("The request holds a text or a number that cannot be stored.")
NO_SUCH_ADDRESS = msg("There is nothing at this address.")
WENT_WRONG = "Something went wrong on our side; the error is noted."


@dataclass(frozen=True)
class Fault:
    """An error as it is shown. `fields` maps a form field to a sentence about it."""

    status: int
    code: str
    detail: str
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Errors:
    """Middleware for what is raised outside of a route: in other middleware, or unexpectedly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = scope["type"] != "http"

        async def noting_send(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        except Exception as error:
            if is_started:
                # The status is out already; only a broken connection tells that the rest is not.
                raise
            response = answer(Request(scope, receive), error)
            await response(scope, receive, send)


async def handle(request: Request, error: Exception) -> Response:
    """Starlette's handler for what a route raises."""
    return answer(request, error)


def answer(request: Request, error: Exception) -> Response:
    fault = fault_of(error)
    _log(request, error, fault)
    response = _response(request, fault)
    response.headers.update(fault.headers)
    # What is missing now may be released in a second.
    response.headers["Cache-Control"] = "no-store"
    response.headers.add_vary_header("Accept")
    return response


def fault_of(error: Exception) -> Fault:
    match error:
        case DatabaseUnavailable() | SearchUnavailable() | StorageError():
            is_passing = error.status == HTTPStatus.SERVICE_UNAVAILABLE
            detail = AWAY if is_passing else WENT_WRONG
            return Fault(error.status, error.code, detail, headers=_headers_of(error))
        case PortalError():
            return Fault(
                status=error.status,
                code=error.code,
                detail=str(error),
                fields=error.fields if isinstance(error, InvalidInput) else {},
                headers=_headers_of(error),
            )
        case HTTPException():
            return _starlette_fault(error)
        case DataError():
            return Fault(400, InvalidInput.code, UNSTORABLE)
        case ClientDisconnect():
            return Fault(400, "disconnected", "The connection ended before the request did.")
    return Fault(500, PortalError.code, WENT_WRONG)


def wants_json(request: Request) -> bool:
    """Programs' paths, and whoever asks for JSON rather than for a page."""
    accept = request.headers.get("accept", "")
    is_for_programs = request.scope["path"].startswith(PROGRAM_PATHS)
    return is_for_programs or ("application/json" in accept and "text/html" not in accept)


def _headers_of(error: PortalError) -> Mapping[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after_seconds)}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": 'Bearer realm="Press Portal"'}
    return {}


def _starlette_fault(error: HTTPException) -> Fault:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Fault(404, "not_found", NO_SUCH_ADDRESS, headers=headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"This address takes {headers.get('Allow', 'another method')} only."
        return Fault(405, "method_not_allowed", detail, headers=headers)
    code = HTTPStatus(error.status_code).name.lower()
    return Fault(error.status_code, code, f"{error.detail.rstrip('.')}.", headers=headers)


def _response(request: Request, fault: Fault) -> Response:
    if wants_json(request):
        body: dict[str, object] = {"error": fault.code, "detail": fault.detail}
        if fault.fields:
            body["fields"] = dict(fault.fields)
        return JSONResponse(body, status_code=fault.status)
    if not hasattr(request.state, "viewer"):
        # Refused before the host was trusted: no page, for a page repeats the host in its links.
        return PlainTextResponse(fault.detail, status_code=fault.status)
    if fault.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        return RedirectResponse(f"/login?next={_quoted_path(request)}", status_code=303)
    return _page(request, fault)


def _page(request: Request, fault: Fault) -> Response:
    """For people; a missing page and a hidden one look the same, whatever was raised."""
    language = language_of(request)
    detail = fault.detail
    if fault.status == HTTPStatus.NOT_FOUND:
        detail = NOTHING_HERE
    elif fault.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = OUR_FAULT
    return render(
        request,
        "error.html",
        status_code=fault.status,
        title=gettext(language, TITLES.get(fault.status, TITLES[400])),
        detail=gettext(language, detail),
        fields=fault.fields,
        request_id=getattr(request.state, "request_id", ""),
    )


def _quoted_path(request: Request) -> str:
    path = request.scope["path"]
    query = request.scope["query_string"].decode("latin-1")
    return quote(f"{path}?{query}" if query else path, safe="")


def _log(request: Request, error: Exception, fault: Fault) -> None:
    if fault.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    structlog.get_logger().error(
        "http.error",
        path=loggable_path(request.scope["path"]),
        error=fault.code,
        detail=str(error),
        exc_info=error,
    )
