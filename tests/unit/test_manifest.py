"""event.yaml: what is read, and that every fault is found with its line."""

from __future__ import annotations

from collections.abc import Sequence
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


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (
            "title: {en: Hello, world, ru: Привет}",
            2,
            "title.world is no language; a text with a comma stands in quotes",
        ),
        (
            "title: {en: They said no, no}",
            2,
            "title.no is empty; a text with a comma stands in quotes",
        ),
        (
            "title: {en: T, ru: }",
            2,
            "title.ru is empty; a text with a comma stands in quotes",
        ),
        ("title:\n  en: T\n  ru:", 4, "title.ru is empty"),
        ("title:\n  en: T\n  world:", 4, "title.world is no language"),
        (
            "title: T\npeople: [{name: Smith, John}]",
            3,
            "people[1].John is not a known key; a text with a comma stands in quotes",
        ),
        (
            "title: T\nfiles:\n  a.jpg: {caption: {en: A}, sha256: , rest of it}",
            4,
            "files.a.jpg.rest of it is not a known key; a text with a comma stands in quotes",
        ),
        (
            "title: T\nfiles: {a.jpg: }",
            3,
            "files.a.jpg says nothing of the file; a text with a comma stands in quotes",
        ),
        ("title: T\nfoo:", 3, "foo is not a known key; known are slug"),
    ],
)
def test_what_a_comma_cuts_off_is_a_fault(text: str, line: int, sentence: str) -> None:
    (fault,) = faults_of(f"slug: a\n{text}\n", present=("a.jpg",))

    assert fault.line == line
    assert fault.sentence.startswith(sentence)


def test_a_text_with_a_comma_in_quotes_is_whole() -> None:
    text = 'slug: a\ntitle: {en: "Hello, world", ru: "Привет: мир"}\n'

    assert read_manifest(text, present=()).event.title == {
        "en": "Hello, world",
        "ru": "Привет: мир",
    }


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
        ('credit: "x\\0y"', "credit holds the control character U+0000"),
        ('credit: "x\\ud800"', "credit holds the control character U+D800"),
        ('summary: {en: "a\\eb"}', "summary.en holds the control character U+001B"),
        ('people: [{name: A, variants: ["B\\0"]}]', "variants[1] holds the control character"),
        ('contact: {phone: "1\\x7f"}', "contact.phone holds the control character U+007F"),
        ('"a\\0": 1', "a key holds the control character U+0000"),
        ("credit: a\x07", "holds the control character U+0007"),
        ('credit: "\\U99999999"', "an escape sequence is too large"),
        ('credit: "\\UFFFFFFFF"', "an escape sequence is too large"),
        ("starts_at: 1899-12-31T23:00:00Z", "starts_at is in 1899; years are taken from 1900"),
        ("publish: 2201-01-01T00:00:00Z", "publish is in 2201; years are taken from 1900 to 2200"),
        ("starts_at: 0001-01-01T00:00:00+14:00", "starts_at is in 1"),
        ("people: [Anna, Anna]", "people[2] names 'Anna', who is named above already"),
        ("people: [Anna B, Anna  B]", "people[2] names 'Anna B', who is named above already"),
        (
            "people: [{name: Anna, variants: [Bo]}, Bo]",
            "people[1] has the variant 'Bo', which is the name of somebody else",
        ),
        ("people: [" + "n" * 201 + "]", "people[1] has 201 characters; at most 200 are taken"),
        ("people: [{name: A, variants: [" + "n" * 201 + "]}]", "has 201 characters; at most 200"),
        ("people: [{name: A, role: " + "n" * 301 + "}]", "role has 301 characters; at most 300"),
        ("credit: " + "n" * 301, "credit has 301 characters; at most 300"),
        ("contact: {email: " + "n" * 301 + "}", "contact.email has 301 characters; at most 300"),
        ("topics: [{en: " + "n" * 301 + "}]", "topics[1].en has 301 characters; at most 300"),
        ("delegations: [" + "n" * 301 + "]", "delegations[1] has 301 characters; at most 300"),
        ("programme: [{title: {en: }}]", "programme[1].title is empty"),
        ("summary: " + "n" * 5001, "summary has 5001 characters; at most 5000"),
        ("body: " + "n" * 200_001, "body has 200001 characters; at most 200000"),
    ],
    ids=lambda text: text[:40],
)
def test_faults(text: str, sentence: str) -> None:
    assert sentence in only_fault(text).sentence


@pytest.mark.parametrize("title", ["", "{}", "{en: }", "{en: ~, ru: }", "{en: ''}", "''"])
def test_an_event_needs_a_title(title: str) -> None:
    (fault,) = faults_of(f"slug: a\ntitle: {title}\n")

    assert fault.line in {1, 2}
    assert fault.sentence.startswith("title")
    assert fault.sentence.endswith(("is empty", "is missing"))


def test_a_variant_that_two_people_have_names_neither_of_them() -> None:
    people = "people: [{name: A, variants: [Smith]}, {name: B, variants: [Smith]}]"
    files = "files: {a.jpg: {people: [A]}, b.jpg: {people: [Smith], caption: " + "n" * 5001 + "}}"

    faults = faults_of(f"slug: a\ntitle: T\n{people}\n{files}\n", present=("a.jpg", "b.jpg"))

    assert [fault.sentence for fault in faults] == [
        "files.b.jpg.people names 'Smith', who may be A or B; write the whole name",
        "files.b.jpg.caption has 5001 characters; at most 5000 are taken",
    ]


def test_a_name_is_read_without_the_spaces_that_people_are_not_known_by() -> None:
    text = "slug: a\ntitle: T\npeople: [{name: Anna  B, variants: [A  B, A B]}]\n"
    files = "files: {a.jpg: {people: [Anna   B]}}\n"
    manifest = read_manifest(text + files, present=("a.jpg",))

    assert manifest.event.people == (PersonEntry("Anna B", {}, ("A B",)),)
    assert manifest.files["a.jpg"].people == ("Anna B",)


def test_line_ends_and_tabs_are_no_control_characters() -> None:
    manifest = read_manifest('slug: a\ntitle: T\nbody: "a\\n\\tb"\n', present=())

    assert manifest.event.body == {"en": "a\n\tb"}


@pytest.mark.parametrize(
    "line", ["\tcredit: a", "credit: a\x07", 'credit: "\\U99999999"', 'credit: "\\0"']
)
def test_syntax_faults_stand_on_their_line(line: str) -> None:
    assert only_fault(line).line == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("place: {en: Minsk: the city}", 3, "colon, comma or quote stands in quotes"),
        ("place: {en: A\ncredit: B", 3, "the { that opens here has no }"),
        ("place: {en: A\nsummary: {en: B}", 3, "(noticed in line 4)"),
        ("topics: [a,\n  b\n", 3, "the [ that opens here has no ]"),
        ("credit: Photo: by me", 3, "colon, comma or quote stands in quotes"),
        ('credit: "A" and B\nplace: C', 3, "colon, comma or quote stands in quotes"),
        ("credit: 'a\nplace: b\n", 3, "a quote opens here and does not close"),
        ("credit: a\n\tplace: b\nbody: c", 4, "lines are indented by spaces"),
        ("credit: a\nplace\nbody: b", 4, "a line without `key:`"),
        ('credit: "C:\\dir"', 3, "a backslash is written twice"),
        ("credit: @me", 3, "stands in quotes"),
    ],
)
def test_what_is_no_yaml_is_told_in_words_and_where_it_begins(
    text: str, line: int, words: str
) -> None:
    fault = only_fault(text)

    assert fault.line == line
    assert fault.sentence.startswith("this is not YAML: ")
    assert words in fault.sentence


def test_what_a_fault_repeats_is_cut() -> None:
    assert len(only_fault("time_zone: " + "x" * 300).sentence) < 160


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b"])
def test_a_file_without_keys_is_a_fault(text: str) -> None:
    assert "`key: value`" in faults_of(text)[0].sentence


def test_large_files_are_refused_unread() -> None:
    assert "larger than 1 MB" in faults_of("a" * (TEXT_BYTES_MAX + 1))[0].sentence


def test_an_endless_nesting_costs_nothing() -> None:
    assert "levels" in faults_of("a: " + "[" * (TEXT_BYTES_MAX - 10))[0].sentence


def test_a_tag_makes_no_object() -> None:
    assert "must be a text" in only_fault("credit: !!python/object/apply:os.getcwd []").sentence


PIECES = st.sampled_from(
    [
        *("title", "slug", "people", "programme", "files", "publish", "starts_at", "time_zone"),
        *("name", "variants", "recordings", "contact", "credit", "topics", "en", "ru", "body"),
        *(": ", ":\n  ", "\n", "\n- ", "[", "]", "{", "}", ", ", "'", "|\n  ", "? ", "---", "..."),
        *("&a ", "*a", "!!null ", "!!int ", "!x ", "%YAML 1.1", "~", "2019-06-04T10:00:00Z"),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "Europe/Minsk", "../etc"),
        *('"\\0"', '"\\ud800"', '"\\U00110000"', '"\\xe9"', "\x00", "\x85", "\u2028", "\ufeff"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="slugtie:{}[]-,'\"\n \t&*!|>#?%@`\\0Ux1é", max_size=80),
    st.lists(PIECES, max_size=30).map("".join),
)


@given(TEXTS, st.sampled_from(["", "slug: a\ntitle: T\n"]))
def test_any_text_is_read_or_refused_with_lines(text: str, before: str) -> None:
    described = before + text
    faults: Sequence[Fault] = ()
    try:
        event = read_manifest(described, present=()).event
    except ManifestError as error:
        faults = error.faults
    else:
        assert event.slug
        assert any(event.title.values())
    last = len(described.splitlines()) + 1
    assert all(1 <= fault.line <= last for fault in faults)
