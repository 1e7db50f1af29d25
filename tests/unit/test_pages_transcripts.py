from __future__ import annotations

from dataclasses import replace

import pytest

from portal.transcripts.views import choose, one_per_language, transcript_view
from tests.unit.press_archive import NASTY, TRANSCRIPTS

ENGLISH, RUSSIAN = TRANSCRIPTS


@pytest.mark.parametrize(
    ("asked", "language", "spoken", "chosen"),
    [
        ("ru", "en", "en", RUSSIAN),
        ("xx", "en", "ru", ENGLISH),
        (None, "be", "ru", RUSSIAN),
        (None, "be", None, ENGLISH),
    ],
)
def test_which_transcript_is_shown(
    asked: str | None, language: str, spoken: str | None, chosen: object
) -> None:
    assert choose(TRANSCRIPTS, asked=asked, language=language, spoken=spoken) is chosen


def test_a_second_transcript_in_a_language_is_not_shown() -> None:
    assert one_per_language([ENGLISH, RUSSIAN, replace(ENGLISH, id="second")]) == TRANSCRIPTS


def test_without_transcripts_none_is_shown() -> None:
    assert choose([], asked="ru", language="en", spoken="en") is None


def test_lines_lead_to_their_seconds_and_name_each_speaker_once() -> None:
    view = transcript_view(ENGLISH, TRANSCRIPTS, language="ru", at_seconds=None)

    assert [line.path for line in view.lines] == [
        "?captions=en&t=1.000#now",
        "?captions=en&t=3.500#now",
        "?captions=en&t=7.000#now",
    ]
    assert [line.speaker for line in view.lines] == ["Gerhard Jarosch", "", "Journalist"]
    assert view.lines[1].text == NASTY


@pytest.mark.parametrize(
    ("at_seconds", "current"),
    [(None, []), (0.5, []), (1.0, [0]), (3.4, [0]), (3.5, [1]), (500.0, [2])],
)
def test_the_line_at_a_second_is_current(at_seconds: float | None, current: list[int]) -> None:
    view = transcript_view(ENGLISH, TRANSCRIPTS, language="en", at_seconds=at_seconds)
    assert [number for number, line in enumerate(view.lines) if line.is_current] == current


def test_another_language_keeps_the_second() -> None:
    view = transcript_view(ENGLISH, TRANSCRIPTS, language="en", at_seconds=3.5)
    assert [(choice.name, choice.path, choice.is_current) for choice in view.choices] == [
        ("English", "?captions=en&t=3.500", True),
        ("Russian", "?captions=ru&t=3.500", False),
    ]
