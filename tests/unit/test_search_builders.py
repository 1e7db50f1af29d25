"""What becomes a document, by which words it is found, and what stays out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portal.assets.models import Kind, PhotoMetadata
from portal.people.models import EventPerson, Person
from portal.search.builders import (
    asset_documents,
    event_documents,
    person_documents,
    plain_text,
)
from portal.search.documents import Document, DocumentKind, Version
from portal.search.fields import about_field, own_field
from portal.search.sources import AssetSource, EventSource, TranscriptSource
from portal.transcripts.models import Cue, Transcript, TranscriptStatus

RELEASED = datetime(2026, 6, 4, 11, tzinfo=UTC)
STARTED = datetime(2026, 6, 4, 7, tzinfo=UTC)
JAROSCH = Person("p1", "gerhard-jarosch", "Gerhard Jarosch", ("Ярош", "Yarosch"))
EVENT = EventSource(
    id="e1",
    slug="congress",
    default_language="en",
    title={"en": "Congress", "ru": "Конгресс"},
    summary={"en": "Prosecutors meet"},
    body={"en": "# Day one\n\nSee [the **programme**](https://example.org)"},
    place={"en": "Minsk", "ru": "Минск"},
    starts_at=STARTED,
    released_at=RELEASED,
    withdrawn_at=None,
    topics=({"en": "Justice", "ru": "Правосудие"},),
    delegations=({"en": "Latvia"},),
    programme=({"en": "Opening ceremony"},),
    people=(EventPerson(JAROSCH, {"en": "Chairman", "ru": "Председатель"}),),
)
ASSET = AssetSource(
    id="a1",
    kind=Kind.VIDEO,
    title={},
    caption={},
    happened_at=None,
    is_verified=True,
)
SCRUM = TranscriptSource(
    Transcript(
        "t1",
        asset_id="a1",
        source_asset_id="captions1",
        language="ru",
        status=TranscriptStatus.SUPPLIED,
        cues=(Cue(1, 4, "Мы ответим", "ЯРОШ"), Cue(4, 7, "позже", "Somebody")),
    ),
    is_verified=True,
)
PHOTO = replace(ASSET, kind=Kind.PHOTO)


def one(documents: list[Document]) -> Document:
    (document,) = documents
    return document


def by_language(documents: list[Document]) -> dict[str | None, Document]:
    return {document.language: document for document in documents}


def found_by(document: Document) -> set[str]:
    return {*own_field(document).words.split(), *about_field(document).words.split()}


# --- events and people -----------------------------------------------------------------------


def test_an_event_has_a_document_for_each_of_its_languages() -> None:
    documents = by_language(list(event_documents(EVENT)))
    assert documents.keys() == {"en", "ru"}
    assert documents["en"].title == "Congress"
    assert documents["en"].text == (
        "Prosecutors meet\nDay one\nSee the programme\nMinsk\nJustice\nLatvia\nOpening ceremony"
    )
    assert documents["ru"].title == "Конгресс"
    assert documents["ru"].text == "Минск\nПравосудие\nLatvia\nOpening ceremony"
    assert all({"jarosch", "ярош"} <= found_by(found) for found in documents.values())
    assert all(found.people == ("gerhard-jarosch",) for found in documents.values())
    russian = documents["ru"]
    assert documents["en"].versions == (Version("ru", russian.title, russian.text),)


def test_an_event_without_any_text_has_one_document() -> None:
    bare = replace(EVENT, title={}, summary={}, body={})
    assert one(list(event_documents(bare))).language == "en"


def test_a_person_is_found_by_every_name_while_the_event_is_visible() -> None:
    person = one(list(person_documents(EVENT)))
    assert (person.kind, person.person_slug) == (DocumentKind.PERSON, "gerhard-jarosch")
    assert (person.title, person.text) == ("Gerhard Jarosch", "Chairman")
    assert {"ярош", "yarosch", "председатель"} <= found_by(person)
    assert (person.owner_id, person.released_at) == ("e1", RELEASED)
    assert [(shown.language, shown.text) for shown in person.versions] == [
        ("en", "Chairman"),
        ("ru", "Председатель"),
    ]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("", ""),
        ("a *b* `c` <i>d</i>\ne", "a b c d e"),
        ("one\\\ntwo", "one\ntwo"),
        ("- one\n- two", "one\ntwo"),
        ("![alt](x.png) [link](https://example.org)", "alt link"),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_markdown_is_read_as_words(markdown: str, expected: str) -> None:
    assert plain_text(markdown) == expected


# --- recordings and their passages -----------------------------------------------------------


def test_an_untitled_recording_is_found_by_its_event_and_people() -> None:
    asset = replace(ASSET, people=(JAROSCH,), programme_title={"en": "Press scrum"})
    documents = by_language(list(asset_documents(EVENT, asset)))
    assert {language: found.title for language, found in documents.items()} == {
        "en": "Congress",
        "ru": "Конгресс",
    }
    assert {"scrum", "ярош", "congress"} <= found_by(documents["en"])
    assert documents["en"].happened_at == STARTED


def test_a_titled_recording_keeps_its_title_and_time() -> None:
    at = datetime(2026, 6, 4, 9, tzinfo=UTC)
    asset = replace(ASSET, title={"en": "Scrum"}, caption={"en": "Outside"}, happened_at=at)
    recording = one(list(asset_documents(EVENT, asset)))
    assert (recording.title, recording.text, recording.happened_at) == ("Scrum", "Outside", at)
    assert "congress" in found_by(recording)


def test_passages_belong_to_their_captions_and_show_their_recording() -> None:
    asset = replace(ASSET, title={"en": "Scrum"}, transcripts=(SCRUM,))
    passage = one([d for d in asset_documents(EVENT, asset) if d.kind is DocumentKind.PASSAGE])
    assert (passage.owner_id, passage.asset_id, passage.language) == ("captions1", "a1", "ru")
    assert passage.text == "Мы ответим позже"
    assert [cue.speaker for cue in passage.cues] == ["Gerhard Jarosch", "Somebody"]
    assert passage.people == ("gerhard-jarosch",)
    assert own_field(passage).words == "мы ответим позже"
    assert {"scrum", "congress", "конгресс", "yarosch", "somebody"} <= found_by(passage)


def test_captions_that_stand_alone_have_passages_only() -> None:
    asset = replace(ASSET, id="captions1", kind=Kind.CAPTIONS, transcripts=(SCRUM,))
    assert [d.kind for d in asset_documents(EVENT, asset)] == [DocumentKind.PASSAGE]


@pytest.mark.parametrize(
    ("asset_verified", "captions_verified", "expected"),
    [(True, True, RELEASED), (False, True, None), (True, False, None)],
)
def test_what_is_not_verified_is_for_the_desk_alone(
    asset_verified: bool, captions_verified: bool, expected: datetime | None
) -> None:
    transcript = replace(SCRUM, is_verified=captions_verified)
    asset = replace(ASSET, is_verified=asset_verified, transcripts=(transcript,))
    passages = [d for d in asset_documents(EVENT, asset) if d.kind is DocumentKind.PASSAGE]
    assert one(passages).released_at == expected


def test_a_withdrawal_reaches_every_document() -> None:
    event = replace(EVENT, withdrawn_at=RELEASED)
    asset = replace(ASSET, transcripts=(SCRUM,))
    everything = [
        *event_documents(event),
        *person_documents(event),
        *asset_documents(event, asset),
    ]
    assert {document.withdrawn_at for document in everything} == {RELEASED}
    assert len({document.id for document in everything}) == len(everything)


# --- photos ----------------------------------------------------------------------------------


def test_a_photo_is_found_by_what_it_says_of_itself() -> None:
    metadata = PhotoMetadata(
        caption="Handshake",
        headline="Minister arrives",
        creator="Anna Photographer",
        keywords=("arrival", "minister"),
        city="Minsk",
        camera="Canon",
    )
    photo = one(list(asset_documents(EVENT, replace(PHOTO, photo=metadata, people=(JAROSCH,)))))
    assert (photo.title, photo.text) == ("Minister arrives", "Handshake")
    assert {"arrival", "minsk", "anna", "ярош"} <= found_by(photo)
    assert not {"canon", "congress"} & found_by(photo)


def test_the_desk_s_words_go_before_those_in_the_file() -> None:
    described = replace(PHOTO, caption={"ru": "Встреча"}, photo=PhotoMetadata(caption="IMG"))
    photo = one(list(asset_documents(EVENT, described)))
    assert (photo.language, photo.text) == ("ru", "Встреча")


def test_each_language_of_a_photo_knows_the_others() -> None:
    photo = replace(PHOTO, caption={"en": "Meeting", "ru": "Встреча"})
    documents = by_language(list(asset_documents(EVENT, photo)))
    assert documents["en"].versions == (Version("ru", "", "Встреча"),)
    assert documents["ru"].versions == (Version("en", "", "Meeting"),)


def test_a_photo_is_found_in_each_language_that_it_says_it_in_itself() -> None:
    metadata = PhotoMetadata(
        caption="Meeting", captions={"ru": "Встреча"}, people_shown=("Ingrid Berg",)
    )
    photo = one(list(asset_documents(EVENT, replace(PHOTO, photo=metadata))))
    assert (photo.language, photo.text) == ("ru", "Встреча")
    assert {"ingrid", "berg"} <= found_by(photo)
    of_editors = replace(PHOTO, caption={"en": "Talks"}, photo=metadata)
    photo = one(list(asset_documents(EVENT, of_editors)))
    assert (photo.language, photo.text) == ("en", "Talks")


def test_a_photo_of_which_nothing_is_known_is_no_document() -> None:
    assert list(asset_documents(EVENT, replace(PHOTO, photo=PhotoMetadata(camera="Canon")))) == []
