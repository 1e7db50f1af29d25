"""Signing in and out, and the page behind the one-time set-up link."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.accounts import service
from portal.accounts.models import Account
from portal.errors import Conflict, InvalidInput, PortalError, TooManyRequests
from portal.web import cookies
from portal.web.addresses import local_path, page_path
from portal.web.forms import read_form, text_field
from portal.web.i18n import gettext, language_of, msg
from portal.web.templating import render
from portal.web.transactions import in_transaction, runtime_of

WRONG_PASSWORD = msg("The e-mail address or the password is wrong.")
WELCOME_PATH = "/desk/?welcome"


@dataclass(frozen=True)
class _Setup:
    """What the set-up form holds."""

    email: str
    name: str
    password: str


async def show_login(request: Request) -> Response:
    target = _next_path(request, request.query_params.get("next"))
    if request.state.account:
        return RedirectResponse(target, status_code=303)
    return _login_page(request, target=target)


async def sign_in(request: Request) -> Response:
    form = await read_form(request)
    email, password = text_field(form, "email"), str(form.get("password", ""))
    target = _next_path(request, text_field(form, "next"))
    address = request.client.host if request.client else "unknown"
    try:
        account = await in_transaction(
            request, service.authenticate, email, password, address=address
        )
    except TooManyRequests as error:
        return _login_page(request, target=target, email=email, error=error)
    if account is None:
        return _login_page(request, target=target, email=email, error=InvalidInput(WRONG_PASSWORD))
    return await _enter(request, account, target=target)


async def sign_out(request: Request) -> Response:
    await read_form(request)
    secret = cookies.read_cookie(request, cookies.SESSION)
    if secret:
        await in_transaction(request, service.close_session, secret)
    response = RedirectResponse(page_path(language_of(request)), status_code=303)
    cookies.drop_cookie(response, request, name=cookies.SESSION)
    return response


async def show_setup(request: Request) -> Response:
    await in_transaction(request, service.check_setup_link, request.path_params["token"])
    return _setup_page(request, _Setup("", "", ""))


async def set_up(request: Request) -> Response:
    form = await read_form(request)
    given = _Setup(
        email=text_field(form, "email"),
        name=text_field(form, "name"),
        password=str(form.get("password", "")),
    )
    try:
        account = await in_transaction(
            request, _redeem, secret=request.path_params["token"], given=given
        )
    except (InvalidInput, Conflict) as error:
        return _setup_page(request, given, error=error)
    return await _enter(request, account, target=WELCOME_PATH)


def _redeem(connection: Connection, *, secret: str, given: _Setup) -> Account:
    return service.redeem_setup_link(
        connection, secret, email=given.email, name=given.name, password=given.password
    )


async def _enter(request: Request, account: Account, *, target: str) -> Response:
    """Open a session; whatever session the browser had before ends."""
    secret = await in_transaction(
        request,
        service.open_session,
        account,
        hours=runtime_of(request).settings.session_hours,
        replaces=cookies.read_cookie(request, cookies.SESSION),
    )
    response = RedirectResponse(target, status_code=303)
    cookies.set_cookie(response, request, name=cookies.SESSION, value=secret)
    cookies.drop_cookie(response, request, name=cookies.FORM)
    return response


def _login_page(
    request: Request, *, target: str, email: str = "", error: PortalError | None = None
) -> Response:
    return _form_page(request, "login.html", error=error, next=target, email=email)


def _setup_page(request: Request, given: _Setup, *, error: PortalError | None = None) -> Response:
    return _form_page(request, "setup.html", error=error, email=given.email, name=given.name)


def _form_page(
    request: Request, template: str, *, error: PortalError | None, **fields: str
) -> Response:
    fault = _sentences(error, language_of(request)) if error else None
    status_code = error.status if error else 200
    response = render(request, template, status_code=status_code, fault=fault, **fields)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _sentences(error: PortalError, language: str) -> str:
    """All that is wrong, not only the first."""
    faults = error.fields.values() if isinstance(error, InvalidInput) else ()
    return " ".join(gettext(language, sentence) for sentence in faults or [str(error)])


def _next_path(request: Request, value: str | None) -> str:
    return local_path(value, default=page_path(language_of(request)))


routes = [
    Route("/login", show_login),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", sign_out, methods=["POST"]),
    Route("/setup/{token}", show_setup),
    Route("/setup/{token}", set_up, methods=["POST"]),
]
