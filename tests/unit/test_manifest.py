"""event.yaml: what is read, and that every fault is found with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.events.manifest import FileEntry, ManifestError, Release, read_manifest
from portal.events.marked_yaml import TEXT_BYTES_MAX, Fault
from portal.events.models import Contact, PersonEntry

MINSK = timezone(timedelta(hours=3))
FULL = """\
slug: press-scrum-2019
title: {en: Press scrum, ru: Пресс-подход}
summary: {en: Twelve minutes}
body:
  en: |
    **Bold** words
starts_at: 2019-06-04T10:00:00+03:00
ends_at: 2019-06-04T11:00:00
time_zone: Europe/Minsk
default_language: ru
place: Минск
credit: Photo by A. Kavalets
contact: {name: Desk, email: desk@example.org, phone: +375 17 000}
topics: [{en: Mail, ru: Почта}, Марки]
people:
  - {name: Gerhard Jarosch, role: {en: President}, variants: [Yarosch, Ярош]}
  - Anna Lindqvist
delegations: [{en: Latvia, ru: Латвия}]
programme:
  - title: {en: Press scrum}
    starts_at: 2019-06-04T10:00:00+03:00
    recordings: [scrum.mp4]
publish: 2019-06-04T14:00:00+03:00
files:
  scrum.mp4: {title: {en: Scrum}, language: en}
  "2019-06-04 - 120_.jpg": {caption: {en: At work}, people: [Ярош]}
"""
PRESENT = ("scrum.mp4", "2019-06-04 - 120_.jpg")


def faults_of(text: str, *, present: tuple[str, ...] = ()) -> list[Fault]:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text, present=present)
    return list(caught.value.faults)


def only_fault(text: str) -> Fault:
    (fault,) = faults_of("slug: a\ntitle: T\n" + text)
    return fault


def test_reads_texts_times_and_people() -> None:
    event = read_manifest(FULL, present=PRESENT).event

    assert event.title == {"en": "Press scrum", "ru": "Пресс-подход"}
    assert event.body == {"en": "**Bold** words"}
    assert event.starts_at == datetime(2019, 6, 4, 10, tzinfo=MINSK)
    assert event.contact == Contact("Desk", "desk@example.org", "+375 17 000")
    assert event.delegations == ({"en": "Latvia", "ru": "Латвия"},)
    assert event.people == (
        PersonEntry("Gerhard Jarosch", {"en": "President"}, ("Yarosch", "Ярош")),
        PersonEntry("Anna Lindqvist", {}),
    )
    assert event.programme[0].recordings == ("scrum.mp4",)


def test_a_plain_text_is_in_the_default_language() -> None:
    event = read_manifest(FULL, present=PRESENT).event

    assert event.place == {"ru": "Минск"}
    assert event.topics[1] == {"ru": "Марки"}


def test_a_time_without_offset_is_in_the_time_zone_wherever_that_stands() -> None:
    event = read_manifest(FULL, present=PRESENT).event

    assert event.ends_at == datetime(2019, 6, 4, 8, tzinfo=UTC)


def test_files_are_described_and_their_people_named_by_the_name_in_the_list() -> None:
    files = read_manifest(FULL, present=PRESENT).files

    assert files["scrum.mp4"] == FileEntry(title={"en": "Scrum"}, language="en")
    assert files["2019-06-04 - 120_.jpg"].people == ("Gerhard Jarosch",)


@pytest.mark.parametrize(
    ("line", "publish"),
    [
        ("", Release.DRAFT),
        ("publish: draft", Release.DRAFT),
        ("publish: now", Release.NOW),
        ("publish: 2019-06-04T14:00:00+03:00", datetime(2019, 6, 4, 11, tzinfo=UTC)),
    ],
)
def test_publish(line: str, publish: Release | datetime) -> None:
    assert read_manifest(f"slug: a\ntitle: T\n{line}\n", present=()).publish == publish


def test_words_that_yaml_takes_for_numbers_and_truth_values_stay_texts() -> None:
    manifest = read_manifest("slug: '2019'\ntitle: {en: 2019, no: no}\n", present=())

    assert manifest.event.title == {"en": "2019", "no": "no"}


def test_keys_without_a_value_are_as_good_as_absent() -> None:
    event = read_manifest("slug: a\ntitle: T\nsummary:\nends_at: ~\n", present=()).event

    assert (event.summary, event.ends_at) == ({}, None)


def test_every_fault_is_listed_with_its_line() -> None:
    text = """\
slug: Bad Slug
titel: {en: x}
starts_at: yesterday
time_zone: Europe/Minks
people: [{name: A, rol: x}]
programme:
  - title: {xx: P}
    recordings: [gone.mp4]
publish: later
files:
  gone.jpg: {people: [B], sha256: abc}
"""
    faults = faults_of(text)

    assert [(fault.line, fault.sentence) for fault in faults] == [
        (1, "slug 'Bad Slug' is no address: use small Latin letters, digits and single hyphens"),
        (1, "title is missing"),
        (2, "titel is not a known key; did you mean title?"),
        (3, "starts_at is no time: 'yesterday'; write one like 2019-06-04T10:00:00+03:00"),
        (4, "time_zone is no time zone: 'Europe/Minks'; write one like Europe/Minsk"),
        (5, "people[1].rol is not a known key; did you mean role?"),
        (7, "programme[1].title.xx is no language: 'xx'; write a code like en, ru or be"),
        (8, "programme[1].recordings names the file 'gone.mp4', which is not in the folder"),
        (9, "publish must be draft, now or a time, not 'later'"),
        (11, "files.gone.jpg names the file 'gone.jpg', which is not in the folder"),
        (11, "files.gone.jpg.people names 'B', who is not in the event's people"),
        (11, "files.gone.jpg.sha256 is no SHA-256: it must have 64 hexadecimal digits"),
    ]


def test_the_message_names_lines() -> None:
    with pytest.raises(ManifestError, match=r"(?m)^  line 3: starts_at has no offset"):
        read_manifest("slug: a\ntitle: T\nstarts_at: 2019-06-04T10:00:00\n", present=())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("starts_at: 2019-06-04", "starts_at is no time"),
        ("starts_at: 2019-13-04T10:00:00Z", "starts_at is no time"),
        ("starts_at: [1]", "starts_at must be a text"),
        (
            "starts_at: 2019-06-04T10:00:00Z\nends_at: 2019-06-04T09:00:00Z",
            "ends_at is before starts_at",
        ),
        ("default_language: English", "default_language is no language"),
        ("topics: mail", "topics must be a list"),
        ("summary: {en: [a]}", "summary.en must be a text"),
        ("contact: me", "contact must be a list of `key: value` pairs"),
        ("people: [{role: x}]", "people[1] has no name"),
        ("time_zone: ../../etc/passwd", "time_zone is no time zone"),
        ("time_zone: Europe", "time_zone is no time zone"),
        ("credit: a\ncredit: b", "credit is written twice"),
        ("files: [a.jpg]", "files must be a list of `key: value` pairs"),
        ("credit: &x a\nplace: *x", "aliases"),
        ("topics: " + "[" * 50 + "]" * 50, "more than 12 levels"),
        ("credit: 'a", "this is not YAML"),
        ("? [a]\n: b", "a key must be a text"),
    ],
)
def test_faults(text: str, sentence: str) -> None:
    assert sentence in only_fault(text).sentence


def test_syntax_faults_stand_on_their_line() -> None:
    assert only_fault("\tcredit: a").line == 3


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b"])
def test_a_file_without_keys_is_a_fault(text: str) -> None:
    assert "`key: value`" in faults_of(text)[0].sentence


def test_large_files_are_refused_unread() -> None:
    assert "larger than 1 MB" in faults_of("a" * (TEXT_BYTES_MAX + 1))[0].sentence


def test_an_endless_nesting_costs_nothing() -> None:
    assert "levels" in faults_of("a: " + "[" * (TEXT_BYTES_MAX - 10))[0].sentence


def test_a_tag_makes_no_object() -> None:
    assert "must be a text" in only_fault("credit: !!python/object/apply:os.getcwd []").sentence


@given(st.text(alphabet="slugtie:{}[]-,'\"\n \t&*!|>#?x1é", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    described = "slug: a\ntitle: T\n" + text
    try:
        slug = read_manifest(described, present=()).event.slug
    except ManifestError:
        slug = "a"
    assert slug == "a"
