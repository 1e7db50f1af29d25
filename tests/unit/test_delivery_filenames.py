"""Names of saved files: readable, and harmless wherever they are saved."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.delivery.filenames import attachment, download_name

EXACT = re.compile(r"filename\*=UTF-8''([A-Za-z0-9%._~-]+)$")


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("Press scrum", "video.mp4", "Press scrum.mp4"),
        ("Подход к прессе", "sound.m4a", "Подход к прессе.m4a"),
        ("Press scrum", "poster.jpg", "Press scrum, poster.jpg"),
        ("Гашение марки", "photo-1600.jpg", "Гашение марки 1600.jpg"),
        ("Press scrum", "sound-2.m4a", "Press scrum 2.m4a"),
        ("", "video.mp4", "IMG 5195.mp4"),
        ("", "photo-2560.jpg", "IMG 5195 2560.jpg"),
        (" .. ", "poster.jpg", "IMG 5195, poster.jpg"),
        ("../../etc/passwd", "video.mp4", "etc passwd.mp4"),
        ('A/B: "what?"\n', "video.mp4", "A B what.mp4"),
        ("photo\u202egpj.exe", "photo-320.jpg", "photo gpj.exe 320.jpg"),
        (" .hidden. ", "video.mp4", "hidden.mp4"),
        ("x" * 300, "video.mp4", f"{'x' * 80}.mp4"),
    ],
)
def test_a_download_is_named_after_its_title(title: str, name: str, expected: str) -> None:
    assert download_name(title, "IMG:5195.JPG", name) == expected


@pytest.mark.parametrize("filename", ["", ".jpg", "...", "\u202e"])
def test_what_has_no_name_at_all_is_named_by_what_it_is(filename: str) -> None:
    assert download_name("", filename, "video.mp4") in {"video.mp4", "jpg.mp4"}


@given(st.text(), st.text())
def test_any_title_makes_a_name_that_every_disk_takes(title: str, filename: str) -> None:
    name = download_name(title, filename, "photo-1600.jpg")
    assert len(name.encode("utf-8", "surrogatepass")) <= 255 + 100
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f]', name)
    assert name.endswith("1600.jpg")
    assert not name.startswith((".", " "))


def test_old_programs_read_a_plain_name_and_all_others_the_exact_one() -> None:
    header = attachment("Ярош 1.mp4")
    assert header.startswith('attachment; filename="____ 1.mp4"; ')
    match = EXACT.search(header)
    assert match
    assert unquote(match[1]) == "Ярош 1.mp4"
