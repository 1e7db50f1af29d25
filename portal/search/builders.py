"""Rows in, documents out. Pure.

Only what is meant for the public goes in: no contact, no file name. A document of an asset whose
original is not verified yet is the desk's alone, whatever its event says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from portal.assets.models import Kind, PhotoMetadata
from portal.languages import LocalizedText, in_language
from portal.people.models import Person
from portal.search.documents import Document, DocumentKind, TimedText, Version
from portal.search.passages import cut_passages
from portal.search.sources import AssetSource, EventSource, TranscriptSource
from portal.search.text import words


def event_documents(event: EventSource) -> Iterator[Document]:
    """One for each language that the event has texts in."""
    yield from _as_versions(_event_documents(event))


def _event_documents(event: EventSource) -> Iterator[Document]:
    for language in _languages(event.title, event.summary, event.body, default=event):
        yield replace(
            _blank(event),
            id=f"event:{event.id}:{language}",
            kind=DocumentKind.EVENT,
            language=language,
            title=in_language(event.title, (language, event.default_language)),
            text=_lines(
                event.summary.get(language),
                plain_text(event.body.get(language, "")),
                *(
                    in_language(text, (language, event.default_language))
                    for text in (event.place, *event.topics, *event.delegations, *event.programme)
                ),
            ),
            names=_all_names(part.person for part in event.people),
            people=_slugs(part.person for part in event.people),
        )


def person_documents(event: EventSource) -> Iterator[Document]:
    """One for each appearance, so that a person is found as soon as one event shows them."""
    for part in event.people:
        yield replace(
            _blank(event),
            id=f"person:{event.id}:{part.person.id}",
            kind=DocumentKind.PERSON,
            person_slug=part.person.slug,
            title=part.person.name,
            text=in_language(part.role, (event.default_language,)),
            names=_distinct([*part.person.variants, *part.role.values()]),
            versions=tuple(
                Version(language, part.person.name, role)
                for language, role in sorted(part.role.items())
                if role
            ),
        )


def asset_documents(event: EventSource, asset: AssetSource) -> Iterator[Document]:
    if asset.kind.is_recording:
        yield from _as_versions(_recording_documents(event, asset))
    elif asset.kind is Kind.PHOTO:
        yield from _as_versions(_photo_documents(event, asset))
    for source in asset.transcripts:
        yield from passage_documents(event, asset, source)


def passage_documents(
    event: EventSource, asset: AssetSource, source: TranscriptSource
) -> Iterator[Document]:
    """Of one transcript that is shown on `asset`; they belong to the asset it came from."""
    transcript = source.transcript
    present = [*asset.people, *(part.person for part in event.people)]
    for number, passage in enumerate(cut_passages(transcript.cues)):
        cues = tuple(_with_known_speaker(cue, present) for cue in passage.cues)
        speakers = _distinct(cue.speaker for cue in cues if cue.speaker)
        speaking = [person for person in present if person.name in speakers]
        people = [*asset.people, *speaking]
        blank = _blank_of(asset, event)
        yield replace(
            blank,
            id=f"passage:{transcript.id}:{number}",
            owner_id=transcript.source_asset_id,
            kind=DocumentKind.PASSAGE,
            language=transcript.language,
            title=in_language(asset.title, (transcript.language, event.default_language)),
            text=passage.text,
            names=_distinct([*event.title.values(), *speakers, *_all_names(people)]),
            people=_slugs(people),
            cues=cues,
            released_at=blank.released_at if source.is_verified else None,
        )


def _recording_documents(event: EventSource, asset: AssetSource) -> Iterator[Document]:
    """One for each language of its texts; untitled, it bears the title of its event."""
    titles = asset.title or event.title
    for language in _languages(titles, asset.caption, default=event):
        preferences = (language, event.default_language)
        yield replace(
            _blank_of(asset, event),
            id=f"recording:{asset.id}:{language}",
            kind=DocumentKind.RECORDING,
            language=language,
            title=in_language(titles, preferences),
            text=asset.caption.get(language, ""),
            names=_distinct(
                [
                    in_language(event.title, preferences),
                    in_language(asset.programme_title or {}, preferences),
                    *_all_names(asset.people),
                ]
            ),
            people=_slugs(asset.people),
        )


def _photo_documents(event: EventSource, asset: AssetSource) -> Iterator[Document]:
    """One for each language of its texts; a photo of which nothing is known has none."""
    photo = asset.photo or PhotoMetadata()
    facts = (photo.headline, photo.creator, photo.credit, photo.city, photo.country)
    people = (*photo.people_shown, *_all_names(asset.people))
    names = _distinct([*filter(None, facts), *photo.keywords, *people])
    for language in _languages(asset.title, asset.caption or photo.captions, default=event):
        preferences = (language, event.default_language)
        title = in_language(asset.title, preferences) or photo.headline or ""
        text = _photo_caption(asset.caption, photo, preferences)
        if title or text or names:
            yield replace(
                _blank_of(asset, event),
                id=f"photo:{asset.id}:{language}",
                kind=DocumentKind.PHOTO,
                language=language,
                title=title,
                text=text,
                names=names,
                people=_slugs(asset.people),
            )


def _photo_caption(
    of_editors: LocalizedText, photo: PhotoMetadata, preferences: Sequence[str]
) -> str:
    """As the page shows it: the editors' before the photo's own."""
    if of_editors:
        return in_language(of_editors, preferences)
    own = next((photo.captions[code] for code in preferences if code in photo.captions), None)
    return own or photo.caption or in_language(photo.captions, preferences)


def _as_versions(documents: Iterable[Document]) -> Iterator[Document]:
    """Each knows what the others show, so that it can be shown in the language of its reader."""
    every = [(Version(found.language or "", found.title, found.text), found) for found in documents]
    for own, document in every:
        yield replace(document, versions=tuple(other for other, _ in every if other is not own))


def plain_text(markdown: str) -> str:
    """The words of a Markdown text, a line for each block."""
    return "\n".join(
        "".join(_inline_text(child) for child in token.children or ())
        for token in _markdown().parse(markdown)
        if token.type == "inline"
    )


def _inline_text(token: Token) -> str:
    if token.type == "html_inline":
        return ""
    breaks = {"softbreak": " ", "hardbreak": "\n"}
    return breaks.get(token.type, token.content)


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _blank(event: EventSource) -> Document:
    """What all documents of an event have in common."""
    return Document(
        id="",
        owner_id=event.id,
        kind=DocumentKind.EVENT,
        event_id=event.id,
        event_slug=event.slug,
        asset_id=None,
        person_slug=None,
        language=None,
        title="",
        text="",
        happened_at=event.starts_at,
        released_at=event.released_at,
        withdrawn_at=event.withdrawn_at,
    )


def _blank_of(asset: AssetSource, event: EventSource) -> Document:
    return replace(
        _blank(event),
        owner_id=asset.id,
        asset_id=asset.id,
        happened_at=asset.happened_at or event.starts_at,
        released_at=event.released_at if asset.is_verified else None,
    )


def _languages(*texts: LocalizedText, default: EventSource) -> tuple[str, ...]:
    found = _distinct(language for text in texts for language in sorted(text) if text[language])
    return found or (default.default_language,)


def _with_known_speaker(cue: TimedText, people: Iterable[Person]) -> TimedText:
    """A speaker who goes by any name of a known person gets that person's name."""
    if cue.speaker is None:
        return cue
    spoken_name = _folded(cue.speaker)
    for person in people:
        if spoken_name in {_folded(name) for name in person.all_names}:
            return replace(cue, speaker=person.name)
    return cue


def _folded(name: str) -> tuple[str, ...]:
    return tuple(word.folded for word in words(name))


def _all_names(people: Iterable[Person]) -> tuple[str, ...]:
    return _distinct(name for person in people for name in person.all_names)


def _slugs(people: Iterable[Person]) -> tuple[str, ...]:
    return _distinct(person.slug for person in people)


def _lines(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
