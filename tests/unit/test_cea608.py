"""CEA-608: what stood on the screen, from when until when."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.cea608_media import Caption, Codes, pop_on, roll_up, user_data
from workers.captions.cea608 import SHOWN_MS_MAX, Pair, Shown, decode
from workers.captions.packets import Packet
from workers.captions.picture_captions import pairs_of_picture, pairs_of_track

FRAME_MS = 40


def pairs(*codes: Codes, field: int = 1, start_ms: int = 0) -> list[Pair]:
    """One pair for each frame."""
    return [
        Pair(start_ms + number * FRAME_MS, field, first, second)
        for number, (first, second) in enumerate(codes)
    ]


def frames(sent: dict[int, list[Codes]]) -> list[Pair]:
    return [
        Pair(frame * FRAME_MS, 1, first, second)
        for frame, codes in sorted(sent.items())
        for first, second in codes
    ]


def texts(found: Sequence[Pair], channel: str = "CC1") -> list[str]:
    return [shown.text for shown in decode(found).get(channel, ())]


RESUME, SHOW, CLEAR = (0x14, 0x20), (0x14, 0x2F), (0x14, 0x2C)
PAINT, BACK, DELETE = (0x14, 0x29), (0x14, 0x21), (0x14, 0x24)


def letters(text: str) -> list[Codes]:
    codes = [ord(letter) for letter in text] + [0] * (len(text) % 2)
    return list(zip(codes[::2], codes[1::2], strict=True))


def test_a_caption_is_shown_when_it_is_switched_to() -> None:
    sent = frames(dict(pop_on([Caption(2, 4, "Good morning,\nladies"), Caption(5, 7, "Yes")])))
    assert decode(sent) == {
        "CC1": (Shown(2000, 4000, "Good morning,\nladies"), Shown(5000, 7000, "Yes"))
    }


def test_lines_that_roll_up_are_told_once() -> None:
    sent = frames(dict(roll_up([(1, "one"), (3, "two"), (5, "three")])))
    assert texts(sent) == ["one", "two", "three"]


def test_codes_are_sent_twice_and_count_once() -> None:
    sent = pairs(PAINT, PAINT, *letters("abcd"), BACK, BACK, *letters("x"), CLEAR, CLEAR)
    assert texts(sent) == ["abcx"]


def test_a_text_that_nobody_erases_ends() -> None:
    sent = pairs(PAINT, *letters("abcd"))
    assert decode(sent)["CC1"] == (Shown(FRAME_MS, FRAME_MS + SHOWN_MS_MAX, "abcd"),)
    assert decode(sent, recording_ms=5000)["CC1"] == (Shown(FRAME_MS, 5000, "abcd"),)


def test_characters_beyond_ascii() -> None:
    special, extended = (0x11, 0x37), (0x12, 0x21)
    sent = pairs(PAINT, *letters("*E"), extended, (0x41, 0), special, CLEAR)
    assert texts(sent) == ["áÉA♪"]


def test_places_on_the_screen() -> None:
    row_1, row_3_indented, tab = (0x11, 0x40), (0x12, 0x54), (0x17, 0x22)
    sent = pairs(PAINT, row_3_indented, tab, *letters("low"), row_1, *letters("high"), CLEAR)
    assert texts(sent) == ["high\nlow"]


def test_channels_and_fields_are_kept_apart() -> None:
    second = [(first | 8, code) for first, code in (PAINT,)]
    sent = [
        *pairs(PAINT, *letters("one"), *second, *letters("two"), PAINT, *letters("!!")),
        *pairs((0x15, 0x29), *letters("three"), field=2),
    ]
    found = decode(sorted(sent, key=lambda pair: pair.at_ms))
    assert {name: shown[0].text for name, shown in found.items()} == {
        "CC1": "one!!",
        "CC2": "two",
        "CC3": "three",
    }


def test_other_data_in_field_2_is_no_text() -> None:
    programme_name = [(0x01, 0x03), *letters("News"), (0x0F, 0x1D)]
    sent = pairs(*programme_name, (0x15, 0x29), *letters("words"), field=2)
    assert texts(sent, "CC3") == ["words"]


def test_the_text_service_is_left_out() -> None:
    assert decode(pairs((0x14, 0x2A), *letters("stocks"))) == {}


def test_pairs_come_in_the_order_in_which_frames_are_shown() -> None:
    codes = letters("abcdef")
    coded = [(0, 0), (120, 1), (40, 2)]  # an I, a P and a B frame
    packets = [
        Packet(at_ms, 40, b"\0\0\1\6\4\x40\xb5\0\x31" + user_data([codes[number]]))
        for at_ms, number in coded
    ]
    found = pairs_of_picture(packets)
    shown = [bytes((pair.first & 0x7F, pair.second & 0x7F)) for pair in found]
    assert (shown, [pair.at_ms for pair in found]) == ([b"ab", b"ef", b"cd"], [0, 40, 120])


def test_a_track_of_closed_captions() -> None:
    atom = (12).to_bytes(4) + b"cdat" + bytes((0x94, 0x29, 0x61, 0x62))
    other = (10).to_bytes(4) + b"cdt2" + bytes((0x15, 0x29))
    found = list(pairs_of_track([Packet(1000, 80, atom + other)]))
    assert [(pair.at_ms, pair.field) for pair in found] == [(1000, 1), (1040, 1), (1000, 2)]


PAIRS = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.integers(0, 255), st.integers(0, 255)), max_size=200
)


@given(PAIRS)
def test_any_pairs_become_texts_in_order(codes: list[tuple[int, int, int]]) -> None:
    sent = [Pair(40 * n, *code) for n, code in enumerate(codes)]
    for shown in decode(sent).values():
        assert all(one.text and 0 <= one.start_ms <= one.end_ms for one in shown)
        assert [one.start_ms for one in shown] == sorted(one.start_ms for one in shown)


@given(st.binary(max_size=200))
def test_any_bytes_are_searched_for_user_data(data: bytes) -> None:
    packet = Packet(0, 40, b"GA94\x03" + data)
    pairs_of_picture([packet])
    list(pairs_of_track([packet, Packet(0, 40, data)]))
