"""Caption files as they are found in the world become cues."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from portal.errors import InvalidInput, TooLarge
from portal.transcripts.formats import CaptionFormat, read_captions
from portal.transcripts.formats.blocks import TAGS_MAX
from portal.transcripts.formats.cues import CUES_MAX, LATEST_MS, TEXT_LENGTH_MAX
from portal.transcripts.formats.read import CAPTION_BYTES_MAX, LINES_MAX
from portal.transcripts.models import Cue

SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n00:00:03,000 --> 00:00:04,000\nworld\n"
HELLO_WORLD = (Cue(1.0, 2.5, "Hello"), Cue(3.0, 4.0, "world"))


def cues_of(text: str | bytes) -> Sequence[Cue]:
    data = text.encode() if isinstance(text, str) else text
    return read_captions(data, filename="scrum.srt").cues


def notes_of(text: str) -> Sequence[str]:
    return read_captions(text.encode(), filename="scrum.srt").notes


def one(timing: str) -> Cue:
    (cue,) = cues_of(f"{timing}\nHello\n")
    return cue


def test_a_file_as_it_should_be() -> None:
    read = read_captions(SRT.encode(), filename="scrum.srt")
    assert read.cues == HELLO_WORLD
    assert read.notes == ()
    assert read.format is CaptionFormat.SRT


def test_the_captions_of_mediaelement(samples: Path) -> None:
    read = read_captions((samples / "video/mediaelement.srt").read_bytes(), filename="m.srt")
    assert len(read.cues) == 15
    assert read.notes == ()
    assert read.cues[0].start_seconds == 0.1
    assert read.cues[0].text.startswith("HTML5 <video> and <audio> was supposed")
    spoken = next(cue for cue in read.cues if "browser vendors" in cue.text)
    assert (spoken.start_seconds, spoken.end_seconds) == (4.0, 7.0)
    assert read.cues[3].text == 'This means <video src="myfile.mp4" /> doesn\'t work ...'
    assert read.cues[14].text == "Hope you like it.\nCome follow me at twitter.com/johndyer"


@pytest.mark.parametrize(
    ("timing", "start", "end"),
    [
        ("00:00:00,1 --> 00:00:04", 0.1, 4.0),
        ("00:00:00,05 --> 00:00:00,5", 0.05, 0.5),
        ("00:00:01.250 --> 00:00:02.500", 1.25, 2.5),
        ("01:02:03,004 --> 01:02:04,005", 3723.004, 3724.005),
        ("0:00:01 --> 0:00:02", 1.0, 2.0),
        ("00:01 --> 00:02.5", 1.0, 2.5),
        ("75:00 --> 76:00", 4500.0, 4560.0),
        ("100:00:00,000 --> 100:00:01,000", 360000.0, 360001.0),
        ("00:00:01,000-->00:00:02,000", 1.0, 2.0),
        ("00: 00: 01, 000 -> 00: 00: 02, 000", 1.0, 2.0),
        ("00:00:01,000 – > 00:00:02,000", 1.0, 2.0),
        ("  00:00:01,000 --> 00:00:02,000 X1:40 X2:600 Y1:20 Y2:50", 1.0, 2.0),
        ("00:00:01.000 --> 00:00:02.000 align:start position:0%", 1.0, 2.0),
        ("00:00:01.123456 --> 00:00:02.9996", 1.123, 3.0),
    ],
)
def test_times_in_every_shape(timing: str, start: float, end: float) -> None:
    assert (one(timing).start_seconds, one(timing).end_seconds) == (start, end)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first_number", [0, 1, None])
def test_line_ends_and_numbers(line_end: str, first_number: int | None) -> None:
    lines: list[str] = []
    for index, timing in enumerate(("00:00:01,0 --> 00:00:02,5", "00:00:03,0 --> 00:00:04,0")):
        if first_number is not None:
            lines.append(str(index + first_number))
        lines += [timing, ("Hello", "world")[index], ""]
    assert tuple(cues_of(line_end.join(lines))) == HELLO_WORLD


def test_no_blank_lines_between_cues() -> None:
    assert tuple(cues_of(SRT.replace("\n\n", "\n"))) == HELLO_WORLD


def test_a_number_that_is_said_stays() -> None:
    text = "1\n00:00:01,0 --> 00:00:02,5\nin the year\n1986\n\n2\n00:00:03 --> 00:00:04\nso"
    assert cues_of(text)[0].text == "in the year\n1986"


def test_blank_lines_inside_a_cue() -> None:
    text = SRT.replace("Hello\n", "Hello\n\n \nthere\n")
    assert cues_of(text)[0].text == "Hello\nthere"


def test_cues_out_of_order_are_sorted_and_that_is_said() -> None:
    text = "00:00:03 --> 00:00:04\nworld\n\n00:00:01 --> 00:00:02.5\nHello\n"
    assert tuple(cues_of(text)) == HELLO_WORLD
    assert notes_of(text) == ("1 cue moved into the order of time (line 4).",)


def test_overlapping_cues_are_kept() -> None:
    text = "00:01 --> 00:05\nHello\n\n00:02 --> 00:03\nworld\n"
    assert tuple(cues_of(text)) == (Cue(1.0, 5.0, "Hello"), Cue(2.0, 3.0, "world"))
    assert notes_of(text) == ()


@pytest.mark.parametrize(
    ("wrong", "following", "end"), [("00:01", "00:09", 3.0), ("00:00", "00:02", 2.0)]
)
def test_a_cue_without_a_duration_is_given_one(wrong: str, following: str, end: float) -> None:
    text = f"00:01 --> {wrong}\nHello\n\n{following} --> 00:10\nworld\n"
    assert cues_of(text)[0] == Cue(1.0, end, "Hello")
    assert notes_of(text) == ("1 cue given an end after the start (line 1).",)


def test_a_time_that_cannot_be_read_costs_its_own_cue_only() -> None:
    text = f"{SRT}\n3\n00:00:05:12 --> 00:00:06:00\nlost\n\n4\n00:00:07 --> 00:00:08\nkept\n"
    assert tuple(cues_of(text)) == (*HELLO_WORLD, Cue(7.0, 8.0, "kept"))
    assert notes_of(text) == ("1 cue left out for a time that cannot be read (line 10).",)


def test_a_cue_without_text_is_left_out() -> None:
    text = f"{SRT}\n3\n00:00:05 --> 00:00:06\n<i> </i>\n"
    assert tuple(cues_of(text)) == HELLO_WORLD
    assert notes_of(text) == ("1 cue left out for want of text (line 10).",)


@pytest.mark.parametrize(
    ("form", "head", "foot"),
    [
        ("{n}\n00:{m}:{s} --> 99:00:00\n{n}\n\n", "", ""),
        ("00:{m}:{s}.000 --> 99:00:00.000\n{n}\n\n", "WEBVTT\n\n", ""),
        ("0:{m}:{s}.000,99:00:00.000\n{n}\n\n", "", ""),
        ("[00:{m}:{s}] {n}\n", "", ""),
        ("<p begin='00:{m}:{s}' end='99:00:00'>{n}</p>", "<tt><body>", "</body></tt>"),
    ],
)
def test_more_cues_than_a_day_of_speech(form: str, head: str, foot: str) -> None:
    stamps = [(f"{i // 60 % 60:02d}", f"{i % 60:02d}", i) for i in range(20_000)]
    text = head + "".join(form.format(m=m, s=s, n=n) for m, s, n in stamps) + foot
    cues = cues_of(text)
    assert len(cues) == 20_000
    assert {cue.text for cue in cues} == {str(n) for n in range(20_000)}


@pytest.mark.parametrize(
    ("timing", "cue", "note"),
    [
        (
            "-00:00:01,000 --> 00:00:02,000",
            Cue(0.0, 2.0, "Hello"),
            "1 cue cut where the recording begins (line 1).",
        ),
        (
            "−00:00:03,000 --> -00:00:02,000",
            None,
            "1 cue left out for ending before the recording begins (line 1).",
        ),
    ],
)
def test_nothing_is_shown_before_the_recording_begins(
    timing: str, cue: Cue | None, note: str
) -> None:
    text = f"{timing}\nHello\n\n00:00:03,000 --> 00:00:04,000\nworld\n"
    assert list(cues_of(text)) == [one for one in (cue, HELLO_WORLD[1]) if one is not None]
    assert notes_of(text) == (note,)


def test_several_faults_of_a_kind_are_counted_and_the_first_is_placed() -> None:
    text = f"{SRT}\n3\n00:00:05:12 --> 00:00:06:00\na\n\n4\n00:00:06:12 --> 00:00:07:00\nb\n"
    assert notes_of(text) == (
        "2 cues left out for a time that cannot be read (the first in line 10).",
    )


def test_a_file_of_nothing_but_faults_says_which() -> None:
    reason = r"2 cues left out for a time .* \(the first in line 1\)"
    with pytest.raises(InvalidInput, match=rf"^a\.srt holds no captions: .* {reason}\.$"):
        read_captions(b"00:00:05:12 --> 00:00:06:00\nx\n00:01 -->\ny\n", filename="a.srt")


def test_a_head_may_say_the_language() -> None:
    text = WEBVTT.replace("Kind: captions", "Kind: captions\nLanguage: be")
    assert read_captions(text.encode(), filename="a.vtt").language == "be"
    assert read_captions(WEBVTT.encode(), filename="a.vtt").language is None


WEBVTT = """WEBVTT - of the scrum
Kind: captions

STYLE
::cue { color: yellow }

REGION
id:fred

NOTE a comment
over two lines

NOTE

1 not a number
00:01.000 --> 00:02.500 region:fred
Hello

00:00:03.000 --> 00:00:04.000
world

NOTE the end

of all
"""


def test_webvtt_without_its_comments_and_styles() -> None:
    read = read_captions(WEBVTT.encode(), filename="named.srt")
    assert read.cues == HELLO_WORLD
    assert read.format is CaptionFormat.VTT


def test_webvtt_with_a_byte_order_mark_and_blank_lines_inside_a_cue() -> None:
    text = "\ufeff" + WEBVTT.replace("Hello\n", "Hello\n\nthere\n").replace("\n", "\r\n")
    assert cues_of(text)[0].text == "Hello\nthere"
    assert cues_of(text)[1:] == HELLO_WORLD[1:]


RUSSIAN = "1\r\n00:00:01,000 --> 00:00:02,000\r\nПриветствую вас, дамы и господа!\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_needs_no_guess(encoding: str) -> None:
    read = read_captions(RUSSIAN.encode(encoding), filename="scrum.srt")
    assert read.cues == (Cue(1.0, 2.0, "Приветствую вас, дамы и господа!"),)
    assert read.notes == ()


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1251", "windows-1251"), ("koi8-r", "KOI8-R"), ("cp866", "IBM866")]
)
@pytest.mark.parametrize("text", [RUSSIAN, RUSSIAN.upper(), RUSSIAN.replace("дамы", "ladies")])
def test_cyrillic_encodings_are_told_apart(text: str, encoding: str, name: str) -> None:
    read = read_captions(text.encode(encoding), filename="scrum.srt")
    assert [cue.text for cue in read.cues] == [text.split("\r\n")[2]]
    assert read.notes == (f"The text is not in UTF-8; it was read as {name}.",)


def test_belarusian_in_windows_1251() -> None:
    text = "00:01 --> 00:02\nДобры дзень, шаноўныя спадары!"
    assert cues_of(text.encode("cp1251"))[0].text == "Добры дзень, шаноўныя спадары!"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Ça va, à bientôt au café", "cp1252"),
        ("Zażółć gęślą jaźń, proszę państwa, dzień dobry wszystkim", "cp1250"),
    ],
)
def test_western_encodings(text: str, encoding: str) -> None:
    assert cues_of(f"00:01 --> 00:02\n{text}".encode(encoding))[0].text == text


def test_a_damaged_place_does_not_spoil_the_rest() -> None:
    data = RUSSIAN.encode().replace("дамы".encode(), b"\xd0\xd0", 1)
    read = read_captions(data, filename="scrum.srt")
    assert read.cues[0].text == "Приветствую вас, \ufffd\ufffd и господа!"
    assert read.notes == ("The text is UTF-8 with 2 damaged places.",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"\0" * 5000, "is empty"),
        (b"WEBVTT\n\n", "holds no captions"),
        (b"just a letter to the editor", "holds no captions"),
        (b"00:01 --> 00:02\n\n", "holds no captions"),
        (b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "holds no captions"),
        (b"[Script Info]\nTitle: x\n", "format SubStation Alpha"),
        (b'<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml">', "damaged in line 2"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<rss version="2.0"/>', "root element is <rss>"),
        (b"{100}{200}Hello", "format MicroDVD"),
    ],
)
def test_what_holds_no_captions_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^scrum\.srt .*{reason}.*\.$"):
        read_captions(data, filename="scrum.srt")


def test_limits_of_bytes_and_cues() -> None:
    with pytest.raises(TooLarge, match=r"^scrum\.srt is larger than 10 MB"):
        read_captions(bytes(CAPTION_BYTES_MAX + 1), filename="scrum.srt")
    cue = "0:1 --> 0:2\nx\n"
    with pytest.raises(
        InvalidInput, match=r"^scrum\.srt was refused: .* more than 100,000 cues\.$"
    ):
        cues_of(cue * (CUES_MAX + 1))


@pytest.mark.parametrize("head", ["", "WEBVTT\n\n"])
def test_limits_of_lines_and_tags(head: str) -> None:
    with pytest.raises(TooLarge, match=r"^scrum\.srt has more than 1,000,000 lines"):
        cues_of(f"{head}0:1 --> 0:2\nx" + "\n" * (LINES_MAX + 1))
    reason = r"^scrum\.srt was refused: it has more than 500,000 tags\.$"
    with pytest.raises(InvalidInput, match=reason):
        cues_of(f"{head}0:1 --> 0:2\nx" + "<b>" * (TAGS_MAX + 1))


def test_no_recording_lasts_a_year() -> None:
    day = "9999:59:59.000 --> 9999:59:59.500\nHello"
    text = f"0:1 --> 9999:999:59\nworld\n\n{day}\n\n9999:999:59 --> 9999:999:59\nlost\n"
    assert tuple(cues_of(text)) == (
        Cue(1.0, LATEST_MS / 1000, "world"),
        Cue(35_999_999.0, 35_999_999.5, "Hello"),
    )
    assert notes_of(text) == ("1 cue left out for a time that cannot be read (line 7).",)


def test_a_cue_of_endless_length_is_cut() -> None:
    text = "00:01 --> 00:02\n" + "word " * TEXT_LENGTH_MAX
    assert len(cues_of(text)[0].text) <= TEXT_LENGTH_MAX
    assert notes_of(text) == ("1 cue cut after 10,000 characters (line 1).",)


def test_times_never_go_backwards_in_what_is_read() -> None:
    text = "00:05 --> 00:01\na\n\n00:02 --> 00:02\nb\n\n00:02 --> 00:09\nc\n"
    starts = [cue.start_seconds for cue in cues_of(text)]
    assert all(earlier <= later for earlier, later in itertools.pairwise(starts))
    assert all(cue.end_seconds > cue.start_seconds for cue in cues_of(text))
