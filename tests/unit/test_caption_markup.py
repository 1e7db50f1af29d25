"""Markup in captions becomes plain text; only what is markup is taken for it."""

from __future__ import annotations

import pytest

from portal.transcripts.formats.markup import read_markup
from portal.transcripts.formats.speakers import Speech


def plain(raw: str) -> str:
    (speech,) = read_markup(raw, with_overrides=True)
    assert speech.speaker is None
    return speech.text


def voices(raw: str) -> list[tuple[str | None, str]]:
    speeches = read_markup(raw, with_overrides=False)
    return [(speech.speaker, speech.text) for speech in speeches]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<b>bold</b> <I>italic</I> <u>under</u>", "bold italic under"),
        ("<c.yellow.bg_blue>colour</c>", "colour"),
        ('<font color="#ff0000" face=Arial>red</font>', "red"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢kan"),
        ("<lang ru>да</lang>", "да"),
        ("one<00:00:01.500> two <00:02.000>three", "one two three"),
        ("line<br>break<BR/>here", "line\nbreak\nhere"),
        (r"{\an8}{\i1}above", "above"),
        ('<a href="javascript:alert(1)" onclick=x>link</a>', "link"),
        ("&lt;video&gt; &amp; &quot;sound&quot;", '<video> & "sound"'),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&#1071;&#x44F;&nbsp;x", "Яя\xa0x"),
        ("&#0;&#xD800;&#13;x&#10;&#10;y", "��\nx\ny"),
        ("AT&T, R&D, a &copy b & c", "AT&T, R&D, a &copy b & c"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<3 and <- and <bold> and <vendor x>", "<3 and <- and <bold> and <vendor x>"),
        ("a\x00b\x07c\x1bd\u2028e\tf", "a b c d e f"),
        ("  two   spaces  \n\n  and lines ", "two spaces\nand lines"),
        ("10:30: the session begins", "10:30: the session begins"),
        ("Note: not in capitals", "Note: not in capitals"),
        ("HTTP://example.org", "HTTP://example.org"),
    ],
)
def test_what_is_shown(raw: str, text: str) -> None:
    assert plain(raw) == text


@pytest.mark.parametrize(
    "raw", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<<b>script>"]
)
def test_tags_that_captions_do_not_have_are_text_like_any_other(raw: str) -> None:
    assert plain(raw) == raw.replace("<b>", "")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<v Gerhard Jarosch>Good morning</v>", [("Gerhard Jarosch", "Good morning")]),
        ("<v.loud.first Mary &amp; Ann>Yes", [("Mary & Ann", "Yes")]),
        ("<v Anna>Yes.</v>\n<v Boris>No.", [("Anna", "Yes."), ("Boris", "No.")]),
        ("before <v Anna>after", [(None, "before"), ("Anna", "after")]),
        ("<v >unnamed", [(None, "unnamed")]),
        ("ЯРОШ: Доброе утро", [("ЯРОШ", "Доброе утро")]),
        ("MR. O'NEIL (IAP): Yes", [("MR. O'NEIL (IAP)", "Yes")]),
        ("- ANNA: Yes\n- BORIS: No\nnever", [("ANNA", "Yes"), ("BORIS", "No\nnever")]),
        (">> MODERATOR:\nNext question", [("MODERATOR", "Next question")]),
        ("so\nBORIS: No", [(None, "so"), ("BORIS", "No")]),
        ("<b>ANNA:</b> Yes", [("ANNA", "Yes")]),
        ("<v Anna>NATO: an alliance", [("Anna", "NATO: an alliance")]),
        ("A" * 41 + ": too long for a name", [(None, "A" * 41 + ": too long for a name")]),
    ],
)
def test_who_speaks(raw: str, expected: list[tuple[str | None, str]]) -> None:
    assert voices(raw) == expected


def test_a_speaker_is_no_longer_than_a_name() -> None:
    assert read_markup(f"<v {'x' * 5000}>Yes", with_overrides=False) == (Speech("x" * 100, "Yes"),)


def test_nothing_is_left_of_tags_alone() -> None:
    assert read_markup("<b></b>\n <i> </i>", with_overrides=False) == ()


@pytest.mark.parametrize(
    ("raw", "styled"),
    [
        ("<b>bold</b> and <I>more</I>", "<b>bold</b> and <i>more</i>"),
        ("<b>a\nb</b>", "<b>a\nb</b>"),
        ("<i>a</i>\nb", "<i>a</i>\nb"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("<b>never closed & so on", "<b>never closed &amp; so on</b>"),
        ("<b onclick=x>a</b>", "<b>a</b>"),
        ("<c.yellow.bg_blue.secret>a</c>", "<c.yellow.bg_blue>a</c>"),
        ("<c.secret>a</c>", None),
        ('<font color="Yellow" face=x>a</font>', "<c.yellow>a</c>"),
        ("<lang pt-BR>a</lang>", "<lang pt-BR>a</lang>"),
        ('<lang "x>a</lang>', None),
        ("<ruby>漢<rt>kan</ruby> x", "<ruby>漢<rt>kan</rt></ruby> x"),
        ("<rt>a</rt>", None),
        (r"{\i1}a{\i0} b{\an8}", "<i>a</i> b"),
        ("<em>a</em> <strong>b</strong>", "<i>a</i> <b>b</b>"),
        ("<s>a</s> <a href=x>b</a>", None),
        ("<b> </b>a", None),
        ("<i>a &lt;script&gt;</i>", "<i>a &lt;script&gt;</i>"),
        ("<i>" * 100 + "a", "<i>a</i>"),
    ],
)
def test_marks_of_the_allow_list_are_kept_beside_the_text(raw: str, styled: str | None) -> None:
    (speech,) = read_markup(raw, with_overrides=True)
    assert speech.styled == styled


NAMES = frozenset({"gerhard jarosch", "jarosch", "ярош"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Gerhard Jarosch: Yes", [("Gerhard Jarosch", "Yes")]),
        ("- Ярош: Так\n- Нет", [("Ярош", "Так"), (None, "- Нет")]),
        ("Note: this\nJarosch: that", [(None, "Note: this"), ("Jarosch", "that")]),
        ("NOTE: this", [(None, "NOTE: this")]),
        ("УВАГА: гэта", [(None, "УВАГА: гэта")]),
        ("Somebody: else", [(None, "Somebody: else")]),
        ("- Yes\n- No", [(None, "- Yes\n- No")]),
        ("<v Anna>Yes</v> (laughter)", [("Anna", "Yes"), (None, "(laughter)")]),
    ],
)
def test_people_who_are_known_need_no_capitals(
    raw: str, expected: list[tuple[str | None, str]]
) -> None:
    found = read_markup(raw, with_overrides=False, names=NAMES)
    assert [(speech.speaker, speech.text) for speech in found] == expected
