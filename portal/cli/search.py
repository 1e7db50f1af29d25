"""portal search: find what was said, shown and written, to the second."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from portal.cli.installation import PAGE_LANGUAGE, address_of, opened, read_settings
from portal.cli.output import out, printable, say, say_json
from portal.delivery.urls import rendition_path
from portal.languages import PAGE_LANGUAGES
from portal.search import service
from portal.search.models import LIMIT_MAX, SearchHit, SearchRequest, SearchResults
from portal.search.urls import hit_path
from portal.settings import Settings
from portal.visibility import INSTALLATION


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help='Words, or a "phrase" in quotes.')],
    *,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="How many hits to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the API's.")] = False,
) -> None:
    """Search everything, drafts included; hits name the second at which the words are spoken."""
    settings = read_settings()
    with opened(settings) as runtime, runtime.engine.connect() as connection:
        request = SearchRequest(query=query, limit=limit)
        results = service.search(connection, runtime.search, request, viewer=INSTALLATION)
    if as_json:
        say_json(results_json(results, settings))
        return
    for hit in results.hits:
        _show(hit, settings)
    say(_summary(results))


def results_json(results: SearchResults, settings: Settings) -> dict[str, object]:
    """The shape of `GET /api/v1/search`."""
    return {
        "query": results.query,
        "total": results.total,
        "hits": [hit_json(hit, settings) for hit in results.hits],
        "facets": {name: dict(counts) for name, counts in results.facets.items()},
        "partial": results.partial,
        "took_ms": results.took_ms,
        "cursor": results.next_cursor,
    }


def hit_json(hit: SearchHit, settings: Settings) -> dict[str, object]:
    poster = None
    if hit.asset_id is not None and hit.poster is not None:
        poster = address_of(settings, rendition_path(hit.asset_id, hit.poster))
    return {
        "kind": hit.kind,
        "event": hit.event_slug,
        "asset_id": hit.asset_id,
        "title": hit.title,
        "start_seconds": hit.start_seconds,
        "end_seconds": hit.end_seconds,
        "person": hit.person_slug or hit.person_name,
        "language": hit.language,
        "text": hit.text,
        "highlights": hit.highlights,
        "page_url": _page(hit, settings),
        "poster_url": poster,
    }


def clock(seconds: float) -> str:
    """HH:MM:SS.mmm"""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _show(hit: SearchHit, settings: Settings) -> None:
    place = "" if hit.start_seconds is None else f" at {clock(hit.start_seconds)}"
    speaker = f", {hit.person_name}" if hit.person_name not in {None, hit.title} else ""
    say(f"{hit.kind} · {hit.title}{place}{speaker}")
    text = Text(printable(hit.text))  # as many code points as before: the ranges still fit
    for start, end in hit.highlights:
        text.stylize("bold", start, end)
    if hit.text:
        out.print(Text("  ") + text)
    say(f"  {_page(hit, settings)}\n")


def _summary(results: SearchResults) -> str:
    if results.partial:
        return f"{results.total} found, but the search index is away or behind: portal doctor."
    return f"{results.total} found." if results.total else "Nothing found."


def _page(hit: SearchHit, settings: Settings) -> str:
    language = hit.language if hit.language in PAGE_LANGUAGES else PAGE_LANGUAGE
    return address_of(settings, hit_path(hit, language=language))
