"""The search page."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import InvalidInput, NotFound
from portal.events import service as events_service
from portal.people import service as people_service
from portal.search import service
from portal.search.api import read_request
from portal.search.engines.interface import SearchEngine
from portal.search.models import SearchRequest, SearchResults
from portal.search.views import (
    Labels,
    Parameters,
    SearchPage,
    refused_page,
    search_page,
    top_values,
)
from portal.visibility import Viewer
from portal.web.i18n import language_of
from portal.web.localized import localized
from portal.web.presentation import Text, text_in
from portal.web.templating import render
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import viewer_of

PARAMETERS = ("q", "kind", "language", "event", "person", "from", "to")


async def show_search(request: Request) -> Response:
    language = language_of(request)
    given = request.query_params
    parameters = {name: given[name] for name in PARAMETERS if given.get(name)}
    try:
        page = await in_transaction(
            request,
            _page,
            runtime_of(request).search,
            read_request(given, language=language, page_language=language),
            parameters,
            viewer=viewer_of(request),
            language=language,
        )
    except InvalidInput as error:
        sentence = " ".join([str(error), *error.fields.values()])
        page = refused_page(given.get("q", ""), sentence)
        return render(request, "search.html", status_code=error.status, page=page)
    return render(request, "search.html", page=page)


def _page(
    connection: Connection,
    engine: SearchEngine,
    wanted: SearchRequest,
    parameters: Parameters,
    *,
    viewer: Viewer,
    language: str,
) -> SearchPage:
    results = service.search(connection, engine, wanted, viewer=viewer)
    labels = _labels(connection, results, parameters, viewer=viewer, language=language)
    return search_page(results, parameters, labels=labels, language=language)


def _labels(
    connection: Connection,
    results: SearchResults,
    parameters: Parameters,
    *,
    viewer: Viewer,
    language: str,
) -> Labels:
    """Names for the slugs among the facets; hits know those of their own."""
    events = {hit.event_slug: text_in(hit.event_title, language=language) for hit in results.hits}
    people = {
        hit.person_slug: hit.person_name
        for hit in results.hits
        if hit.person_slug and hit.person_name
    }
    asked = {parameters["event"]} if "event" in parameters else set[str]()
    for slug in (_shown("event", results) | asked) - events.keys():
        if name := _event_name(connection, slug, viewer=viewer, language=language):
            events[slug] = name
    for slug in _shown("person", results) - people.keys():
        if person := _person_name(connection, slug):
            people[slug] = person
    return Labels(events, people)


def _shown(facet: str, results: SearchResults) -> set[str]:
    return set(top_values(results.shown_counts.facets.get(facet, {})))


def _event_name(connection: Connection, slug: str, *, viewer: Viewer, language: str) -> Text | None:
    try:
        event = events_service.get_event(connection, slug, viewer=viewer)
    except NotFound:
        return None
    return text_in(event.title, language=language, fallbacks=[event.default_language])


def _person_name(connection: Connection, slug: str) -> str | None:
    """Only for slugs that visible material brought up: a draft's people are not to be guessed."""
    try:
        return people_service.get_person(connection, slug).name
    except NotFound:
        return None


routes = localized("search", show_search)
