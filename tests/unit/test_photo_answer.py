"""What the sandboxed reader of a photo answers is believed only when it makes sense."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from portal.errors import MediaRefused, ToolFailed
from workers.photo.models import PhotoReading
from workers.photo.reading import checked_answer

PLACEHOLDER = "00Bf$I"


def answer(**changes: object) -> bytes:
    whole: Mapping[str, object] = {
        "metadata": {"placeholder": PLACEHOLDER},
        "clock": None,
        "camera": None,
        "width": 400,
        "height": 300,
        "is_cut": False,
        "notes": [],
        "sizes": [{"name": "photo-320.jpg", "width": 320, "height": 240}],
    }
    return json.dumps(dict(whole) | changes).encode()


def check(data: bytes, output: Path) -> PhotoReading:
    return checked_answer(data, filename="a.jpg", output=output)


def size(name: str = "photo-320.jpg", width: int = 320) -> Mapping[str, object]:
    return {"name": name, "width": width, "height": 240}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}" * 1_000_000,
        answer(width=0),
        answer(width="wide"),
        answer(clock="yesterday"),
        answer(clock={"shown": "2019-06-04T10:15:00+03:00"}),
        answer(clock={"shown": "2019-06-04T10:15:00", "offset_seconds": 10**9}),
        answer(metadata={"placeholder": PLACEHOLDER, "orientation": 2**40}),
        answer(sizes=[]),
        answer(sizes=[size("../photo-320.jpg")]),
        answer(sizes=[size("photo-800.jpg")]),
        answer(sizes=[size(width=100_000)]),
        answer(sizes=[size(), size()]),
        answer(metadata={"caption": "nul \0", "placeholder": PLACEHOLDER}),
        answer(metadata={"keywords": ["nul \0"], "placeholder": PLACEHOLDER}),
        answer(metadata={"captions": {"en\0": "nul"}, "placeholder": PLACEHOLDER}),
        answer(metadata={"creator": "x" * 10_001, "placeholder": PLACEHOLDER}),
        answer(metadata={"keywords": ["x"] * 201, "placeholder": PLACEHOLDER}),
        answer(notes=["bell \a"]),
        answer(metadata={}),
        answer(metadata={"placeholder": "url(https://example.org)"}),
    ],
)
def test_an_answer_without_sense_is_not_believed(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "photo-320.jpg").touch()
    assert check(answer(), tmp_path).width == 400
    with pytest.raises(ToolFailed, match=r"^The reader of a\.jpg gave an answer without sense\.$"):
        check(data, tmp_path)


def test_a_text_that_only_looks_like_a_fault_is_believed(tmp_path: Path) -> None:
    (tmp_path / "photo-320.jpg").touch()
    caption = r"C:\u0000 <b>& more</b>"
    data = answer(metadata={"caption": caption, "placeholder": PLACEHOLDER})
    assert check(data, tmp_path).metadata.caption == caption


def test_a_link_out_of_the_output_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch()
    (tmp_path / "photo-320.jpg").symlink_to(secret)
    with pytest.raises(ToolFailed):
        check(answer(), tmp_path)


def test_a_pipe_in_place_of_a_size_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo-320.jpg")
    with pytest.raises(ToolFailed):
        check(answer(), tmp_path)


def test_a_refusal_becomes_a_sentence_about_the_file(tmp_path: Path) -> None:
    with pytest.raises(MediaRefused, match=r"^a\.jpg is no picture\.$"):
        check(b'{"refused": "is no picture."}', tmp_path)
    with pytest.raises(MediaRefused, match=r"^a\.jpg is no picture\.$"):
        check(json.dumps({"refused": "is no\0 picture.\0"}).encode(), tmp_path)
    with pytest.raises(MediaRefused, match=r"^a\.jpg cannot be read\.$"):
        check(b"{}", tmp_path)
