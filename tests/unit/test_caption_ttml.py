"""TTML, IMSC, EBU-TT and DFXP become cues; hostile XML a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import InvalidInput
from portal.transcripts.formats import CaptionFile, CaptionFormat, read_captions
from portal.transcripts.formats.runs import is_styled_text
from portal.transcripts.formats.speakers import SPEAKER_LENGTH_MAX
from portal.transcripts.formats.ttml_times import Clock, read_clock
from portal.transcripts.formats.xml_tree import DEPTH_MAX, ELEMENTS_MAX
from portal.transcripts.models import Cue

NAMESPACES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
)


def read(body: str, *, head: str = "", root: str = "") -> CaptionFile:
    text = f"<tt {NAMESPACES} {root}><head>{head}</head><body>{body}</body></tt>"
    return read_captions(text.encode(), filename="scrum.ttml")


def cues_of(body: str, *, head: str = "", root: str = "") -> Sequence[Cue]:
    return read(body, head=head, root=root).cues


def times_of(body: str, *, root: str = "") -> list[tuple[float, float]]:
    return [(cue.start_seconds, cue.end_seconds) for cue in cues_of(body, root=root)]


def test_a_file_as_it_should_be() -> None:
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- from a captioning tool -->
    <tt {NAMESPACES} xml:lang="be">
      <head><layout><region xml:id="low" tts:origin="10% 80%"/></layout></head>
      <body region="low"><div>
        <p begin="00:00:01.000" end="00:00:02.500">Добры   дзень,
           сябры</p>
        <p begin="00:00:03" dur="1s">first<br/>second &amp; last</p>
      </div></body>
    </tt>"""
    read_file = read_captions(text.encode(), filename="scrum.ttml")
    assert read_file.cues == (
        Cue(1.0, 2.5, "Добры дзень, сябры"),
        Cue(3.0, 4.0, "first\nsecond & last"),
    )
    assert (read_file.format, read_file.notes) == (CaptionFormat.TTML, ())
    assert read_file.language == "be"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1251"])
@pytest.mark.parametrize(
    "namespace", ["http://www.w3.org/ns/ttml", "http://www.w3.org/2006/10/ttaf1"]
)
def test_older_namespaces_prefixes_and_encodings(encoding: str, namespace: str) -> None:
    declared = "windows-1251" if encoding == "cp1251" else encoding
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><x:tt xmlns:x="{namespace}">'
        '<x:body><x:p begin="1s" end="2s">Доброе утро, дамы и господа</x:p></x:body></x:tt>'
    )
    found = read_captions(text.encode(encoding), filename="scrum.dfxp")
    assert found.cues == (Cue(1.0, 2.0, "Доброе утро, дамы и господа"),)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("00:01:02", 62.0),
        ("00:01:02.5", 62.5),
        ("00:01:02,5", 62.5),
        ("100:00:00", 360000.0),
        ("00:00:01:15", 1.5),
        ("00:00:01;15", 1.5),
        ("00:00:01:15.1", 1 + 15.5 / 30),
        ("1.5h", 5400.0),
        ("2m", 120.0),
        ("7.25s", 7.25),
        ("1500ms", 1.5),
        ("45f", 1.5),
        ("1000t", 1.0),
        (" 1s ", 1.0),
    ],
)
def test_time_expressions(expression: str, seconds: float) -> None:
    clock = read_clock({"frameRate": "30", "subFrameRate": "2", "tickRate": "1000"})
    found = clock.seconds(expression)
    assert found is not None
    assert float(found) == pytest.approx(seconds)


@pytest.mark.parametrize("expression", ["", "1", "1x", "1:2:3", "00:00", "-1s", "1e9s", "١s"])
def test_what_is_no_time(expression: str) -> None:
    assert Clock().seconds(expression) is None


def test_frames_at_29_97() -> None:
    ntsc = {"frameRate": "30", "frameRateMultiplier": "1000 1001"}
    assert float(read_clock(ntsc).seconds("30f") or 0) == pytest.approx(1.001)
    assert float(read_clock(ntsc).seconds("00:01:00:15") or 0) == pytest.approx(60.5005)
    smpte = {**ntsc, "timeBase": "smpte"}
    assert float(read_clock(smpte).seconds("00:01:00:00") or 0) == pytest.approx(60.06)
    dropping = read_clock({**smpte, "dropMode": "dropNTSC"})
    # The two numbers left out each minute keep the clock right over an hour.
    assert float(dropping.seconds("01:00:00:00") or 0) == pytest.approx(3600, abs=0.01)


def test_ticks_count_frames_where_no_rate_is_given() -> None:
    assert read_clock({"frameRate": "25"}).seconds("50t") == 2
    assert read_clock({}).seconds("50t") == 50


def test_parameters_that_make_no_sense_count_as_absent() -> None:
    nonsense = {"frameRate": "0", "tickRate": "-5", "frameRateMultiplier": "1 0 x"}
    assert read_clock(nonsense) == read_clock({})


@pytest.mark.parametrize(
    ("body", "times"),
    [
        ('<div begin="10s"><p begin="1s" end="2s">a</p></div>', [(11, 12)]),
        ('<div begin="10s" dur="5s"><p begin="1s">a</p></div>', [(11, 15)]),
        ('<div end="5s"><p begin="1s" end="9s">a</p></div>', [(1, 5)]),
        ('<p begin="1s" dur="3s" end="2s">a</p>', [(1, 2)]),
        ('<div timeContainer="seq"><p dur="1s">a</p><p dur="2s">b</p></div>', [(0, 1), (1, 3)]),
        (
            (
                '<div timeContainer="seq" begin="5s"><p begin="1s" dur="1s">a</p>'
                '<p begin="1s" end="3s">b</p></div>'
            ),
            [(6, 7), (8, 10)],
        ),
        (
            (
                '<div timeContainer="seq"><div><p begin="1s" end="2s">a</p></div>'
                '<p dur="1s">b</p></div>'
            ),
            [(1, 2), (2, 3)],
        ),
        (
            (
                '<p begin="1s" end="5s" timeContainer="seq"><span dur="1s">a</span>'
                '<span dur="2s">b</span></p>'
            ),
            [(1, 2), (2, 4)],
        ),
        (
            (
                '<div timeContainer="seq"><div timeContainer="seq"><p dur="1s">a</p>'
                '<p dur="1s">b</p></div><div><p begin="1s" end="2s">c</p></div></div>'
            ),
            [(0, 1), (1, 2), (3, 4)],
        ),
        (
            '<p begin="1s" end="5s"><span begin="0s">a</span> <span begin="2s">b</span></p>',
            [(1, 5), (3, 5)],
        ),
    ],
)
def test_times_within_times(body: str, times: list[tuple[float, float]]) -> None:
    assert times_of(body) == times


@pytest.mark.parametrize(
    ("inner", "styled"),
    [
        ('<span tts:fontStyle="italic">a</span> b', "<i>a</i> b"),
        ('a <span tts:fontWeight="bold">b</span>', "a <b>b</b>"),
        ('<span tts:textDecoration="underline">a</span>', "<u>a</u>"),
        ('<span tts:color="yellow">a</span>b', "<c.yellow>a</c>b"),
        ('<span tts:color="#00FFFFff">a</span>b', "<c.cyan>a</c>b"),
        ('<span style="strong">a</span>', "<b><i>a</i></b>"),
        (
            '<span tts:fontStyle="italic">a<span tts:fontStyle="normal">b</span></span>',
            "<i>a</i>b",
        ),
        (
            (
                '<span tts:ruby="container"><span tts:ruby="base">漢</span>'
                '<span tts:ruby="delimiter">(</span><span tts:ruby="text">kan</span></span>'
            ),
            "<ruby>漢<rt>kan</rt></ruby>",
        ),
        ('<span xml:lang="ru">да</span> yes', "<lang ru>да</lang> yes"),
        ('<span xml:lang="x&gt;y">да</span> yes', None),
        ('<span tts:color="white">a</span>', None),
        ('a<span tts:display="none">hidden</span>b', None),
        ("a<metadata><x>b</x></metadata><set tts:color='red'/>", None),
    ],
)
def test_styles_that_are_kept(inner: str, styled: str | None) -> None:
    head = (
        '<styling><style xml:id="slanted" tts:fontStyle="italic"/>'
        '<style xml:id="strong" style="slanted loop" tts:fontWeight="bold"/>'
        '<style xml:id="loop" style="strong"/></styling>'
    )
    (cue,) = cues_of(f'<p begin="1s" end="2s">{inner}</p>', head=head)
    assert cue.styled == styled


def test_space_is_kept_where_that_is_said() -> None:
    body = '<p begin="1s" end="2s" xml:space="preserve">a\nb</p><p begin="3s" end="4s">a\nb</p>'
    assert [cue.text for cue in cues_of(body)] == ["a\nb", "a b"]


def test_agents_are_speakers() -> None:
    head = (
        '<metadata><ttm:agent xml:id="j" type="person"><ttm:name type="alias">GJ</ttm:name>'
        '<ttm:name type="full">Gerhard Jarosch</ttm:name></ttm:agent>'
        '<ttm:agent xml:id="m"><ttm:name type="full">Moderator</ttm:name></ttm:agent></metadata>'
    )
    body = (
        '<div ttm:agent="j"><p begin="1s" end="2s">Yes</p>'
        '<p begin="3s" end="4s">ANNA: <span ttm:agent="m">No</span></p></div>'
        '<p begin="5s" end="6s">ANNA: Well</p><p begin="7s" end="8s" ttm:agent="x">So</p>'
    )
    assert [(cue.speaker, cue.text) for cue in cues_of(body, head=head)] == [
        ("Gerhard Jarosch", "Yes"),
        ("Gerhard Jarosch", "ANNA:"),
        ("Moderator", "No"),
        ("ANNA", "Well"),
        (None, "So"),
    ]


def test_a_time_that_cannot_be_read_costs_its_own_cue_only() -> None:
    found = read('<p begin="soon" end="2s">a</p>\n<p begin="3s" end="4s">b</p>')
    assert found.cues == (Cue(3.0, 4.0, "b"),)
    assert found.notes == ("1 cue left out for a time that cannot be read (line 1).",)


LAUGHS = (
    '<!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<tt><body><p begin="1s" end="2s">&b;</p></body></tt>'
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "DOCTYPE in line 1"),
        ('<!DOCTYPE tt SYSTEM "file:///etc/passwd"><tt/>', "DOCTYPE in line 1"),
        ('<tt><body>\n<p begin="1s"', "damaged in line 2"),
        ("<tt><body><p>&unknown;</p></body></tt>", "damaged in line 1: undefined entity"),
        ("<tt>" * (DEPTH_MAX + 1), "nested more than 100 deep in line 1"),
        ("<tt>" + "<p/>" * ELEMENTS_MAX + "</tt>", "more than 400,000 elements"),
        ("<tt><body/></tt>", "holds no captions"),
        ("<tt><body><p>words without a time</p></body></tt>", "holds no captions"),
        ("<rss><channel/></rss>", "its root element is <rss>, not <tt>"),
    ],
)
def test_hostile_or_empty_xml_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^scrum\.ttml .*{reason}.*\.$"):
        read_captions(text.encode(), filename="scrum.ttml")


def test_styles_that_refer_to_all_others_are_resolved_once_each() -> None:
    names = [f"s{number}" for number in range(300)]
    everything = " ".join(names)
    styles = "".join(f'<style xml:id="{name}" style="{everything}"/>' for name in names)
    last = '<style xml:id="last" style="s299" tts:fontStyle="italic"/>'
    head = f"<styling>{styles}{last}</styling>"
    (cue,) = cues_of('<p begin="1s" end="2s" style="last">a</p>', head=head)
    assert cue.styled == "<i>a</i>"


def test_the_language_is_that_of_the_root_not_of_what_a_comment_shows() -> None:
    comment = '<!-- <tt xml:lang="ru"> -->'
    assert read(f'{comment}<p begin="1s" end="2s" xml:lang="ru">a</p>').language is None
    assert read(f'{comment}<p begin="1s" end="2s">a</p>', root='xml:lang="be"').language == "be"


def test_white_space_costs_what_any_text_costs() -> None:
    """Read again from each of its places, it would take an hour."""
    assert cues_of(" " * 2_000_000 + '<p begin="1s" end="2s">a</p>') == (Cue(1.0, 2.0, "a"),)


def test_a_declaration_is_one_at_the_beginning_only() -> None:
    text = '<tt><body><p begin="1s" end="2s"><![CDATA[<?xml a?>b]]></p></body></tt>'
    assert read_captions(text.encode(), filename="a.ttml").cues[0].text == "<?xml a?>b"


def test_many_agents_of_one_element_are_named_as_far_as_there_is_room() -> None:
    agent = f'<ttm:agent xml:id="a"><ttm:name>{"n" * 100_000}</ttm:name></ttm:agent>'
    body = f'<p begin="1s" end="2s" ttm:agent="{"a " * 100_000}">words</p>'
    (cue,) = cues_of(body, head=f"<metadata>{agent}</metadata>")
    assert cue.speaker == "n" * SPEAKER_LENGTH_MAX


NAMES = st.sampled_from(["p", "div", "span", "br", "x"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["begin", "end", "dur", "timeContainer", "style", "tts:ruby", "xml:lang"]),
    st.sampled_from(["1s", "00:00:05", "2", "seq", "a", "container", "text", "ru", "-1s", "9e9h"]),
    max_size=3,
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(NAMES)
    attributes = " ".join(f'{key}="{value}"' for key, value in draw(ATTRIBUTES).items())
    children = draw(st.lists(elements(depth + 1), max_size=3)) if depth < 3 else []
    words = draw(st.sampled_from(["", "word", " "]))
    return f"<{name} {attributes}>{words}{''.join(children)}</{name}>"


@given(
    st.lists(elements(), max_size=4),
    st.sampled_from(["", 'ttp:frameRate="25"', 'ttp:tickRate="0"']),
)
def test_any_tree_becomes_cues_in_order_or_a_sentence(parts: list[str], root: str) -> None:
    try:
        cues = cues_of("".join(parts), root=root)
    except InvalidInput:
        return
    assert list(cues) == sorted(cues, key=lambda cue: cue.start_seconds)
    assert all(0 <= cue.start_seconds < cue.end_seconds and cue.text for cue in cues)
    assert all(cue.styled is None or is_styled_text(cue.styled, cue.text) for cue in cues)
