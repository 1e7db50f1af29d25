"""Reading HTML forms: with limits, and never without the token against forged requests."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import cast

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from portal.errors import Forbidden, InvalidInput
from portal.web import cookies
from portal.web.i18n import msg
from portal.web.same_origin import form_token

TOKEN_FIELD = "csrf_token"  # noqa: S105  (the name of a field)
FIELDS_MAX = 200
FILES_MAX = 0
"""Files come by the upload protocol, or by `portal.web.file_forms`; both have their own limits."""
UNSTORABLE_CHARACTER = re.compile("[\x00\ud800-\udfff]")
UNSTORABLE = msg("This holds a character that cannot be stored.")
COOKIE_BYTES = 16
_NEW_COOKIE = "new_form_cookie"


async def read_form(request: Request) -> FormData:
    """The form of a POST, all of it text that can be stored.

    Raises InvalidInput, and Forbidden when the token is missing or another's.
    """
    try:
        form = await request.form(max_fields=FIELDS_MAX, max_files=FILES_MAX)
    except UnicodeError as error:  # the sender names a charset that its bytes are not in
        raise InvalidInput("The text of this form cannot be read.") from error
    _check_texts(form)
    check_token(request, form.get(TOKEN_FIELD))
    return form


def check_token(request: HTTPConnection, given: object) -> None:
    """Raises Forbidden when the token is missing or another's."""
    cookie = _cookie_of(request)
    if not isinstance(given, str) or cookie is None or not _fits(given, cookie):
        raise Forbidden(
            "This form was refused because it is too old or came from another site. "
            "Please load the page again and repeat."
        )


def _check_texts(form: FormData) -> None:
    items = form.multi_items()
    if all(is_storable(name) and is_storable(value) for name, value in items):
        return
    faults = {
        name: UNSTORABLE for name, value in items if is_storable(name) and not is_storable(value)
    }
    raise InvalidInput("The form holds characters that cannot be stored.", fields=faults)


def is_storable(value: object) -> bool:
    """Postgres takes no NUL; half of a surrogate pair is no character and has no UTF-8."""
    return isinstance(value, str) and not UNSTORABLE_CHARACTER.search(value)


def text_field(form: FormData, name: str) -> str:
    """The text of a field, without spaces around it; "" when it is missing or a file."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def csrf_token(request: HTTPConnection) -> str:
    """The token for a form on the page under way; ties it to a new cookie if there is none."""
    cookie = _cookie_of(request) or getattr(request.state, _NEW_COOKIE, None)
    if cookie is None:
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        setattr(request.state, _NEW_COOKIE, cookie)
    return form_token(cast("str", cookie))


def csrf_field(request: HTTPConnection) -> Markup:
    """The hidden field that every form with method="post" holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        TOKEN_FIELD, csrf_token(request)
    )


def set_form_cookie(response: Response, request: HTTPConnection) -> None:
    """Send the cookie along if a form on this page is tied to a new one."""
    cookie = getattr(request.state, _NEW_COOKIE, None)
    if cookie:
        cookies.set_cookie(response, request, name=cookies.FORM, value=cookie)


def _cookie_of(request: HTTPConnection) -> str | None:
    """The session's cookie for someone signed in, else the one made for forms."""
    name = cookies.SESSION if request.state.account else cookies.FORM
    return cookies.read_cookie(request, name)


def _fits(given: str, cookie: str) -> bool:
    return hmac.compare_digest(given.encode(), form_token(cookie).encode())
