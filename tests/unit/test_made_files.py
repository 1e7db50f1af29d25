"""Names of segments: no try at a chunk writes where another one does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.assets.made_files import same_segment, segment_name, stored_files

NUMBERS = st.integers(1, 200_000)
TRIES = st.integers(1, 40)


@given(number=NUMBERS, one=TRIES, other=TRIES)
def test_a_segment_is_found_as_another_try_names_it(number: int, one: int, other: int) -> None:
    folder = "assets/x/transcode/3/720p/"
    key = folder + segment_name(number, tries=one)
    assert same_segment(key, tries=other) == folder + segment_name(number, tries=other)
    assert (same_segment(key, tries=other) == key) == (one == other)


@given(number=NUMBERS, other=NUMBERS, tries=TRIES, other_tries=TRIES)
def test_names_differ(number: int, other: int, tries: int, other_tries: int) -> None:
    same = segment_name(number, tries=tries) == segment_name(other, tries=other_tries)
    assert same == ((number, tries) == (other, other_tries))


def test_what_is_no_segment_is_of_no_try() -> None:
    for key in ("720p/init.mp4", "poster.jpg", "720p/1.m4s", "720p/00001-x.m4s", "00001.m4s/x"):
        assert same_segment(key, tries=1) is None


def test_a_rendition_is_one_object_or_a_folder_of_them() -> None:
    assert stored_files("poster.jpg", None) == ("poster.jpg",)
    assert stored_files("720p/", ("00001.m4s", "00002-3.m4s")) == (
        "720p/init.mp4",
        "720p/00001.m4s",
        "720p/00002-3.m4s",
    )
