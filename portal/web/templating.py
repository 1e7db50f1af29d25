"""Pages from templates.

Every template gets: `request`, `language`, `viewer`, `account`, `alternates`, what its handler
passes, `_`/`gettext`/`ngettext` and `{% trans %}`, and these helpers: `static_url(name)`,
`page_path(language, …)`, `absolute(path)`, `csrf_field()` for every form with method="post", and
the functions of `portal.web.formatting` with the language filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from portal.languages import PAGE_LANGUAGES, in_language
from portal.visibility import PUBLIC
from portal.web import formatting
from portal.web.addresses import absolute, page_path
from portal.web.forms import csrf_field, set_form_cookie
from portal.web.i18n import language_of, remember_language, translations
from portal.web.static_files import static_url

TEMPLATES = Path(__file__).parent / "templates"


def render(
    request: Request, template: str, /, *, status_code: int = 200, **context: object
) -> HTMLResponse:
    """The page made of `template`, in the language of the request."""
    language = language_of(request)
    page = environment(language).get_template(template)
    body = page.render(**_request_context(request), **context)
    response = HTMLResponse(body, status_code=status_code)
    response.headers["Content-Language"] = language
    if not _has_prefix(request):
        response.headers["Vary"] = "Accept-Language, Cookie"
        remember_language(response, request)
    set_form_cookie(response, request)
    return response


@cache
def environment(language: str) -> Environment:
    """One per language: its translations and formats are part of it."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # added by the extension, which is why the types do not know it
    install = templates.install_gettext_translations  # type: ignore[attr-defined]
    install(translations(language), newstyle=True)
    templates.globals.update(
        language=language,
        languages=PAGE_LANGUAGES,
        static_url=static_url,
        page_path=page_path,
        in_language=in_language,
        **_formats(language),
    )
    return templates


def _formats(language: str) -> Mapping[str, Callable[..., str]]:
    return {
        "format_instant": partial(formatting.format_instant, language=language),
        "format_day": partial(formatting.format_day, language=language),
        "format_day_range": partial(formatting.format_day_range, language=language),
        "format_number": partial(formatting.format_number, language=language),
        "format_time": formatting.format_time,
        "format_clock": formatting.format_clock,
    }


def _request_context(request: Request) -> Mapping[str, object]:
    return {
        "request": request,
        "viewer": getattr(request.state, "viewer", PUBLIC),
        "account": getattr(request.state, "account", None),
        "alternates": {code: _in_other_language(request, code) for code in PAGE_LANGUAGES},
        "absolute": partial(absolute, request),
        "csrf_field": partial(csrf_field, request),
    }


def _in_other_language(request: Request, language: str) -> str:
    """The path of the same page in `language`; always one on this site.

    Two slashes at its start, or a slash and a backslash, would lead a browser to another host.
    """
    path = quote(request.scope["path"].lstrip("/"), safe="/")
    if _has_prefix(request):
        _, _, rest = path.partition("/")
        query = request.url.query
        return f"/{language}/{rest}" + (f"?{query}" if query else "")
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"/{path}?{urlencode([*kept, ('lang', language)])}"


def _has_prefix(request: Request) -> bool:
    return request.scope["path"].lstrip("/").partition("/")[0] in PAGE_LANGUAGES
