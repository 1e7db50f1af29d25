"""What is written as WebVTT reads back the same, and no bytes at all break the reader."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.errors import InvalidInput
from portal.transcripts.formats import read_captions, write_srt, write_vtt
from portal.transcripts.formats.runs import is_styled_text
from portal.transcripts.models import Cue

HEAD = "00:00:01,000 --> 00:00:02,000\n"
TIMINGS = ("00:00:01,5 --> 00:00:03", "00:02.000 --> 00:01.000", "99:99 -> 0:0", "-->", "1")
BLOCKS = ("WEBVTT", "NOTE", "STYLE", "\n", "\n\n", "\r", "\t", "\u2028", "\ufeff", " ", "Я", "x")
MARKUP = ("<b>", "</b>", "<v Anna>", "<v >", "ANNA:", "- BORIS: ", "{\\an8}", "<", ">", "&")
STYLES = (
    "<i>",
    "</i>",
    "<c.yellow.x>",
    "</c>",
    "<lang ru>",
    "</lang>",
    "<ruby>",
    "<rt>",
    "</ruby>",
)
OTHERS = ("<u>", "</v>", "{\\i1}", '<font color="red">', "</font>", "- no", "<script>", "<br>")
ENTITIES = ("&lt;", "&amp;", "&gt;", "&#10;", "&nbsp;")
PIECES = st.sampled_from((*TIMINGS, *BLOCKS, *MARKUP, *STYLES, *OTHERS, *ENTITIES))
CAPTIONS = st.lists(PIECES, max_size=40).map("".join)


@given(st.one_of(CAPTIONS, st.text(max_size=200)), st.booleans())
@example("<v A>\nB: x", False)
@example("&lt;b&gt; --&gt; &amp;amp;", True)
def test_what_was_read_is_written_and_read_the_same(text: str, is_vtt: bool) -> None:
    data = (("WEBVTT\n\n" if is_vtt else "") + HEAD + text).encode("utf-8", errors="replace")
    try:
        first = read_captions(data, filename="a.vtt")
    except InvalidInput:
        return
    again = read_captions(write_vtt(first.cues).encode(), filename="a.vtt")
    assert again.cues == first.cues
    assert again.notes == ()


ALLOWED = re.compile(
    r"</?(?:b|i|u|c|lang|ruby|rt)>|<c(?:\.[a-z_]+)+>|<lang [A-Za-z0-9-]+>|<v [^<>]+>"
)


@given(CAPTIONS, st.booleans())
def test_nothing_is_written_but_tags_of_the_allow_list(text: str, is_vtt: bool) -> None:
    try:
        read = read_captions(
            (("WEBVTT\n\n" if is_vtt else "") + HEAD + text).encode(), filename="a"
        )
    except InvalidInput:
        return
    written = write_vtt(read.cues)
    assert "<" not in ALLOWED.sub("", written)
    for cue in read.cues:
        assert cue.styled is None or unescape(ALLOWED.sub("", cue.styled)) == cue.text
        assert cue.styled is None or is_styled_text(cue.styled, cue.text)


@given(CAPTIONS)
def test_subrip_reads_back_with_its_times_and_lines(text: str) -> None:
    try:
        first = read_captions((HEAD + text).encode(), filename="a.srt")
    except InvalidInput:
        return
    again = read_captions(write_srt(first.cues).encode(), filename="a.srt")
    spans = {(cue.start_seconds, cue.end_seconds) for cue in first.cues}
    assert {(cue.start_seconds, cue.end_seconds) for cue in again.cues} == spans


def test_subrip_has_speakers_before_their_words_and_the_tags_that_players_know() -> None:
    cues = [
        Cue(3725.004, 3726.5, "a < b\n\n1", "Anna", styled="<i><c.red>a &lt; b</c></i>\n\n1"),
        Cue(3727, 3728, "<script> --> &amp;"),
    ]
    assert write_srt(cues) == (
        "1\n01:02:05,004 --> 01:02:06,500\nAnna: <i>a < b</i>\n1\n\n"
        "2\n01:02:07,000 --> 01:02:08,000\n<\u2060script> --\u2060> &amp;\n"
    )


@given(st.one_of(st.binary(max_size=300), CAPTIONS.map(str.encode)))
@example(b"\xff\xfe\x00")
@example(b"\xfe\xff\xd8")
@example(b"\xff\xfe\x00\x00\x00")
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        read = read_captions(data, filename="a.srt")
    except InvalidInput:
        return
    for cue in read.cues:
        assert 0 <= cue.start_seconds < cue.end_seconds
        assert cue.text.strip()
        assert "\0" not in cue.text + (cue.speaker or "")


def test_every_kind_of_markup_is_escaped() -> None:
    cue = Cue(3725.004, 3726.5, "<script>&\n\n-->\n<b>x</b>", "<i>\nA & B")
    assert write_vtt([cue]) == (
        "WEBVTT\n\n01:02:05.004 --> 01:02:06.500\n"
        "<v &lt;i&gt; A &amp; B>&lt;script&gt;&amp;\n--&gt;\n&lt;b&gt;x&lt;/b&gt;\n"
    )


@pytest.mark.parametrize("count", [0, 1, 3])
def test_cues_are_kept_apart(count: int) -> None:
    cues = [Cue(float(i), i + 1.0, f"{i}") for i in range(count)]
    assert write_vtt(cues).count("\n\n") == count
    assert write_vtt(cues).startswith("WEBVTT\n")
