"""What codecs put into the packets of caption tracks becomes cues."""

from __future__ import annotations

import pytest

from portal.errors import InvalidInput
from portal.transcripts.models import Cue
from workers.captions.packets import Packet
from workers.captions.track_texts import read_track


def cues_of(codec: str, *packets: bytes) -> list[Cue]:
    """Each packet lasts a second."""
    sent = [Packet(1000 * number, 1000, data) for number, data in enumerate(packets)]
    return list(read_track(codec, sent, names=frozenset()).cues)


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + kind + content


def webvtt(*texts: str) -> bytes:
    return b"".join(box(b"vttc", box(b"payl", text.encode())) for text in texts)


def test_substation_has_names_and_breaks_and_drawings() -> None:
    head = "0,0,Default,{name},0,0,0,,{text}"
    said = head.format(name="Anna\0\x07", text=r"{\i1}Yes{\i0}, and\Nno").encode()
    drawing = head.format(name="", text=r"{\p1}m 0 0 l 100 0{\p0}").encode()
    assert cues_of("ass", said, drawing, b"cut off") == [
        Cue(0, 1, "Yes, and\nno", "Anna", styled="<i>Yes</i>, and\nno")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_timed_text_of_mp4_with_styles(encoding: str) -> None:
    raw = "Да и нет".encode(encoding)
    record = (3).to_bytes(2) + (4).to_bytes(2) + bytes((0, 1, 2, 18)) + b"\xff" * 4
    styles = box(b"styl", (1).to_bytes(2) + record)
    assert cues_of("mov_text", len(raw).to_bytes(2) + raw + styles) == [
        Cue(0, 1, "Да и нет", styled="Да <i>и</i> нет")
    ]


@pytest.mark.parametrize("styles", [b"styl", b"styl\xff\xff", b"styl\xff\xff" + b"\xff" * 24])
def test_damaged_styles_cost_themselves_only(styles: bytes) -> None:
    assert cues_of("mov_text", b"\0\1a" + styles) == [Cue(0, 1, "a")]


def test_a_cue_that_is_divided_among_samples_is_one_again() -> None:
    found = cues_of("wvtt", webvtt("a"), webvtt("a", "<b>b</b>"), box(b"vtte", b""), webvtt("a"))
    assert found == [Cue(0, 2, "a"), Cue(1, 2, "b", styled="<b>b</b>"), Cue(3, 4, "a")]


def test_many_cues_of_one_sample() -> None:
    texts = [str(number) for number in range(20_000)]
    assert len(cues_of("wvtt", *[webvtt(*texts)] * 2)) == 20_000


def test_ttml_says_no_more_than_its_sample_shows() -> None:
    text = '<tt><body><p begin="0s" end="9s">a</p><p begin="5s" end="6s">b</p></body></tt>'
    assert cues_of("stpp", text.encode(), b" ") == [Cue(0, 1, "a")]
    with pytest.raises(InvalidInput, match="DOCTYPE"):
        cues_of("stpp", b"<!DOCTYPE tt><tt/>")
