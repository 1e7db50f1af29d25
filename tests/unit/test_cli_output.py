"""What commands print can steer no terminal and be read by scripts."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cli.output import printable, say, say_json, say_table, warn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Press scrum, Пресс-подход", "Press scrum, Пресс-подход"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("photo\u202egpj.exe", "photo\ufffdgpj.exe"),
        ("two\nlines", "two\nlines"),
        ("a\tb", "a\ufffdb"),
        ("undecodable \udcff", "undecodable \ufffd"),
    ],
)
def test_what_steers_a_terminal_is_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_replacing_keeps_every_position_and_leaves_no_control_character(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in shown.replace("\n", ""))


def test_answers_and_remarks_go_to_different_streams(capsys: pytest.CaptureFixture[str]) -> None:
    say("answer [bold]as it is[/bold] :smile:")
    warn("remark")

    captured = capsys.readouterr()
    assert captured.out == "answer [bold]as it is[/bold] :smile:\n"
    assert captured.err == "remark\n"


def test_long_sentences_stay_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("word " * 100)

    assert capsys.readouterr().out.count("\n") == 1


def test_a_json_object_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "Ярош\n" * 50, "path": "[red]x", "odd": "\udcff"}

    say_json(value)

    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == value


def test_tables_are_cells_between_tabs_when_nobody_looks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_table(("name", "value"), [("a\tb", None), ("c", 1)])

    assert capsys.readouterr().out == "a\ufffdb\t\nc\t1\n"
