"""What the sandboxed reader of captions answers is believed only when it makes sense."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from portal.errors import MediaRefused, ToolFailed
from portal.transcripts.formats import CaptionFormat
from portal.transcripts.models import Cue
from workers.captions.reading import checked_file, checked_track

CUE: Mapping[str, object] = {
    "start_seconds": 1.0,
    "end_seconds": 2.0,
    "text": "a < b\nc",
    "speaker": "Anna",
    "styled": "<i>a</i> &lt; <c.yellow.bg_blue><lang pt-BR>b</lang></c>\nc",
}


def answer(*cues: Mapping[str, object], **changes: object) -> bytes:
    whole = {"cues": cues or [CUE], "notes": ["A note."], "format": "ttml", "language": None}
    return json.dumps(whole | changes).encode()


def cue(**changes: object) -> Mapping[str, object]:
    return dict(CUE) | changes


def test_what_makes_sense_is_believed() -> None:
    read = checked_file(answer(CUE, cue(speaker=None, styled=None)), name="a.ttml")
    told = (1.0, 2.0, "a < b\nc")
    styled = str(CUE["styled"])
    assert read.cues == (Cue(*told, "Anna", styled), Cue(*told))
    assert (read.notes, read.format) == (("A note.",), CaptionFormat.TTML)


def test_a_track_may_be_empty() -> None:
    read = checked_track(b'{"parsed": {"cues": []}, "channels_left_out": ["CC2"]}', name="track 1")
    assert (read.parsed.cues, read.channels_left_out) == ((), ("CC2",))


def test_a_refusal_is_told() -> None:
    with pytest.raises(MediaRefused, match=r"^a\.srt is empty\.$"):
        checked_file(b'{"refused": "a.srt is empty."}', name="a.srt")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"refused": ""}',
        b'{"refused": "nul \\u0000"}',
        json.dumps({"refused": "x" * 10_000}).encode(),
        answer(cues=[]),
        answer(format="html"),
        answer(notes=["nul \0"]),
        answer(notes=["x"] * 1000),
        answer(cue(start_seconds=-1)),
        answer(cue(end_seconds=1.0)),
        answer(cue(end_seconds=1e12)),
        answer(cue(start_seconds=float("nan"))),
        answer(cue(end_seconds=float("inf"))),
        answer(cue(start_seconds=1.5), cue()),
        answer(cue(text="", styled=None)),
        answer(cue(text="nul \0", styled=None)),
        answer(cue(text="x" * 20_000, styled=None)),
        answer(cue(speaker="")),
        answer(cue(speaker="x" * 200)),
        answer(cue(speaker="nul \0")),
        answer(cue(text="a", styled="<script>a</script>")),
        answer(cue(text="a", styled="<i onclick=x>a</i>")),
        answer(cue(text="a", styled="<lang x y>a</lang>")),
        answer(cue(text="a", styled="<i>b</i>")),
        answer(cue(text="a --> b", styled="a --> <i>b</i>")),
    ],
)
def test_what_makes_none_is_not(data: bytes) -> None:
    with pytest.raises(ToolFailed, match=r"without sense about a\.srt\.$"):
        checked_file(data, name="a.srt")
