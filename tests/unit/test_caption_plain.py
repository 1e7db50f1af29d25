"""Plain text with times, and SubViewer."""

from __future__ import annotations

import pytest

from portal.errors import InvalidInput
from portal.transcripts.formats import CaptionFormat, read_captions
from portal.transcripts.models import Cue


def read(text: str) -> list[Cue]:
    return list(read_captions(text.encode(), filename="scrum.txt").cues)


def test_names_and_words_after_times() -> None:
    text = "Press scrum, 4 June\n\n00:00:01 Anna: Good morning.\n"
    text += "00:00:03 Gerhard Jarosch: Thank you.\n"
    found = read_captions(text.encode(), filename="scrum.txt")
    assert found.format is CaptionFormat.PLAIN
    assert found.cues == (
        Cue(1.0, 3.0, "Good morning.", "Anna"),
        Cue(3.0, 7.0, "Thank you.", "Gerhard Jarosch"),
    )


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("[00:00:05] so", 5.0),
        ("[0:05] so", 5.0),
        ("(01:00:05) so", 3605.0),
        ("[00:00:05.250] so", 5.25),
        ("00:00:05,5 - so", 5.5),
        ("00:00:05 | so", 5.0),
        ("[00:00:05 - 00:00:09] so", 5.0),
        ("0:00:05\nso", 5.0),
        ("  00:00:05\tso", 5.0),
    ],
)
def test_times_in_every_shape(line: str, start: float) -> None:
    first, last = read(f"{line}\n\n[02:00:00] end\n")
    assert (first.start_seconds, first.text) == (start, "so")
    assert last.text == "end"


@pytest.mark.parametrize(
    ("words", "speaker"),
    [
        ("Anna: yes", "Anna"),
        ("ANNA: yes", "ANNA"),
        ("Анна Ярош: так", "Анна Ярош"),
        ("Speaker 1: yes", "Speaker 1"),
        ("Note: yes", None),
        ("Увага: так", None),
        ("we said: yes", None),
        ("A long sentence that ends in this: yes", None),
    ],
)
def test_who_speaks(words: str, speaker: str | None) -> None:
    assert read(f"[0:01] {words}\n[0:05] end\n")[0].speaker == speaker


def test_a_cue_ends_with_the_next_or_when_its_words_are_said() -> None:
    long = "word " * 100
    cues = read(f"[0:00] {long}\n[0:10] short\n[5:00] {long}\n")
    assert [(cue.start_seconds, cue.end_seconds) for cue in cues] == [
        (0, 10),
        (10, 14),
        (300, pytest.approx(300 + 49.9)),
    ]


def test_times_that_go_back_are_put_in_order() -> None:
    assert [cue.text for cue in read("[0:09] b\n[0:01] a\n[0:12] c\n")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text", ["10:30 Opening\n11:00 Coffee\n", "At [0:05] she said\nno\n", "[0:05] alone\n"]
)
def test_what_is_no_transcript(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^scrum\.txt holds no captions"):
        read(text)


def test_subviewer() -> None:
    text = "0:00:01.000,0:00:02.500\nGood[br]morning\n\n"
    text += "0:00:03.000,0:00:04.000\n>> ANNA: Yes\nand no\n"
    found = read_captions(text.encode(), filename="scrum.sbv")
    assert found.format is CaptionFormat.SBV
    assert found.cues == (
        Cue(1.0, 2.5, "Good\nmorning"),
        Cue(3.0, 4.0, "Yes\nand no", "ANNA"),
    )
