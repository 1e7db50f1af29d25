"""Search results as the page shows them: hits on the rail of time, facets as links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from portal.delivery.urls import rendition_path
from portal.search.documents import DocumentKind
from portal.search.models import SearchHit, SearchResults
from portal.search.urls import hit_path
from portal.transcripts.views import LANGUAGE_PARAMETER
from portal.web.addresses import page_path
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import (
    Moment,
    Text,
    day_range,
    language_name,
    plain_text,
    text_in,
)

FACET_VALUES_MAX = 8
FACET_NAMES = {
    "kind": msg("Kind"),
    "language": msg("Language"),
    "event": msg("Event"),
    "person": msg("Person"),
}
KIND_NAMES = {
    DocumentKind.PASSAGE: msg("Spoken words"),
    DocumentKind.RECORDING: msg("Recordings"),
    DocumentKind.PHOTO: msg("Photos"),
    DocumentKind.EVENT: msg("Events"),
    DocumentKind.PERSON: msg("People"),
}
HIT_NAMES = {
    DocumentKind.PASSAGE: msg("Spoken"),
    DocumentKind.RECORDING: msg("Recording"),
    DocumentKind.PHOTO: msg("Photo"),
    DocumentKind.EVENT: msg("Event"),
    DocumentKind.PERSON: msg("Person"),
}
CURRENT_LINE = "now"
"""The id that a transcript gives to its line at the second asked for."""

Parameters = Mapping[str, str]
"""Of the address: q and the filters, each once."""


@dataclass(frozen=True)
class Labels:
    """What slugs are called; a slug without a name is shown as it is."""

    events: Mapping[str, Text]
    people: Mapping[str, str]


@dataclass(frozen=True)
class Hit:
    """`words` hold the marks; `clock` is "" for what has no second."""

    path: str
    kind: str
    kind_name: str
    clock: str
    words: Markup
    words_language: str
    title: Text
    speaker: str
    speaker_path: str
    event: Text
    event_path: str
    day: Moment | None
    picture: str


@dataclass(frozen=True)
class FacetValue:
    name: Text
    count: str
    path: str
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True)
class Chosen:
    """A filter in force; `path` leads to the page without it."""

    name: Text
    path: str


@dataclass(frozen=True)
class SearchPage:
    query: str
    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    chosen: tuple[Chosen, ...]
    hidden: tuple[tuple[str, str], ...]
    is_catching_up: bool
    is_away: bool
    is_grid: bool
    more_path: str
    fault: str = ""


def search_page(
    results: SearchResults, parameters: Parameters, *, labels: Labels, language: str
) -> SearchPage:
    return SearchPage(
        query=results.query,
        total=results.shown_counts.total,
        hits=tuple(hit_view(hit, language=language) for hit in results.hits),
        facets=tuple(_facets(results, parameters, labels, language)),
        chosen=tuple(_chosen(parameters, labels, language)),
        hidden=_hidden(parameters),
        is_catching_up=results.partial,
        is_away=results.is_away,
        is_grid=parameters.get("kind") == DocumentKind.PHOTO,
        more_path=_path(language, {**parameters, "cursor": results.next_cursor})
        if results.next_cursor
        else "",
    )


def refused_page(query: str, fault: str) -> SearchPage:
    """When the address holds something that cannot be searched for."""
    return SearchPage(query, 0, (), (), (), (), False, False, False, "", fault=fault)


def hit_view(hit: SearchHit, *, language: str) -> Hit:
    spoken = hit.language or language
    title = plain_text(hit.title, language=language, spoken=hit.language)
    is_moment = hit.start_seconds is not None
    return Hit(
        path=_hit_path(hit, language=language),
        kind=hit.kind,
        kind_name=gettext(language, HIT_NAMES[hit.kind]),
        clock=format_clock(hit.start_seconds) if hit.start_seconds is not None else "",
        words=marked(hit.text, hit.highlights),
        words_language=spoken,
        title=title,
        speaker=(hit.person_name or "") if is_moment else "",
        speaker_path=page_path(language, "people", hit.person_slug) if hit.person_slug else "",
        event=text_in(hit.event_title, language=language),
        event_path=page_path(language, "events", hit.event_slug),
        day=day_range(hit.happened_at, None, language=language, time_zone=hit.time_zone)
        if hit.happened_at
        else None,
        picture=rendition_path(hit.asset_id, hit.poster) if hit.asset_id and hit.poster else "",
    )


def marked(text: str, highlights: Sequence[tuple[int, int]]) -> Markup:
    """The text with its highlights in <mark>, everything escaped."""
    parts: list[Markup] = []
    position = 0
    for start, end in sorted(highlights):
        if start < position:
            continue
        parts += [Markup.escape(text[position:start])]
        parts += [Markup("<mark>{}</mark>").format(text[start:end])]
        position = end
    parts += [Markup.escape(text[position:])]
    return Markup("").join(parts)


def _hit_path(hit: SearchHit, *, language: str) -> str:
    """At the line of the transcript, in the language in which the words were found."""
    path = hit_path(hit, language=language)
    if hit.start_seconds is None:
        return path
    if hit.language not in {None, language}:
        path = f"{path}&{urlencode({LANGUAGE_PARAMETER: hit.language})}"
    return f"{path}#{CURRENT_LINE}"


def _facets(
    results: SearchResults, parameters: Parameters, labels: Labels, language: str
) -> Iterator[Facet]:
    """Those that leave a choice."""
    for facet, name in FACET_NAMES.items():
        counts = results.shown_counts.facets.get(facet, {})
        if not counts or (len(counts) == 1 and facet not in parameters):
            continue
        yield Facet(
            name=gettext(language, name),
            values=tuple(
                FacetValue(
                    name=_value_name(facet, value, labels, language),
                    count=str(counts[value]),
                    path=_path(language, {**parameters, facet: value}),
                    is_chosen=parameters.get(facet) == value,
                )
                for value in top_values(counts)
            ),
        )


def top_values(counts: Mapping[str, int]) -> list[str]:
    """The most frequent values, the greatest first."""
    return sorted(counts, key=lambda value: (-counts[value], value))[:FACET_VALUES_MAX]


def _chosen(parameters: Parameters, labels: Labels, language: str) -> Iterator[Chosen]:
    for facet in FACET_NAMES:
        if value := parameters.get(facet):
            rest = {name: given for name, given in parameters.items() if name != facet}
            yield Chosen(_value_name(facet, value, labels, language), _path(language, rest))


def _value_name(facet: str, value: str, labels: Labels, language: str) -> Text:
    match facet:
        case "kind" if value in set(DocumentKind):
            return Text(gettext(language, KIND_NAMES[DocumentKind(value)]), language)
        case "language":
            return Text(language_name(value, language=language), language)
        case "event":
            return labels.events.get(value, Text(value, language))
        case "person":
            return Text(labels.people.get(value, value), language)
    return Text(value, language)


def _hidden(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """Filters that stay when other words are searched for."""
    return tuple((name, value) for name, value in parameters.items() if name != "q")


def _path(language: str, parameters: Parameters) -> str:
    return f"{page_path(language, 'search')}?{urlencode(parameters)}"
