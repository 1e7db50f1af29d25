"""Blurhashes as others write and read them, and what pages make of them."""

from __future__ import annotations

import base64
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portal.assets.blurhash import Colour, decoded, encoded, is_blurhash
from portal.assets.placeholders import HEIGHT, WIDTH, css_image
from workers.photo.placeholder import placeholder_of

PARTS = st.integers(0, 255)
COLOURS = st.tuples(PARTS, PARTS, PARTS)


def shades(width: int, height: int) -> list[list[Colour]]:
    return [[(x * 40, y * 70, 255 - x * 30) for x in range(width)] for y in range(height)]


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [
        (1, 1, "00Bf$I"),
        (4, 3, "L~Bf$IOxSSxewAS9b0n.eXe;fQe;"),
        (3, 4, "T~Bf$IOxSSwAS9b0eXe;fQx{S+b0"),
        (
            9,
            9,
            "|~Bf$IOxSSxeN~xeN~xeSSwAS9b0n.Wsn.Wsn.b0eXe;fQe;fQe;fQe;fQx{S+b0ohWsohWsohb0eXe;fQe;fQe;fQe;fQwAS9b0n.Wsn.Wsn.b0-@OxSSxeN~xeN~xeSSwAS9b0n.Wsn.Wsn.b0eXe;fQe;fQe;fQe;fQ",
        ),
    ],
)
def test_it_is_what_the_reference_writes(across: int, down: int, expected: str) -> None:
    """Made by the package `blurhash` 1.1.5, a port of the reference."""
    assert encoded(shades(5, 3), across=across, down=down) == expected


def test_it_is_what_the_reference_reads() -> None:
    """The example of https://blurha.sh, as the same package decodes it."""
    assert decoded("LEHV6nWB2yk8pyo0adR*.7kCMdnj", width=3, height=2) == [
        [(135, 164, 177), (172, 177, 175), (170, 175, 172)],
        [(120, 148, 162), (150, 128, 125), (150, 135, 125)],
    ]


@given(st.lists(COLOURS, min_size=6, max_size=6), st.integers(1, 9), st.integers(1, 9))
def test_whatever_is_written_is_a_blurhash(colours: list[Colour], across: int, down: int) -> None:
    text = encoded([colours[:3], colours[3:]], across=across, down=down)
    assert is_blurhash(text)
    assert all(
        0 <= part <= 255 for row in decoded(text, width=2, height=2) for c in row for part in c
    )


@given(COLOURS)
def test_the_average_is_kept_exactly(colour: Colour) -> None:
    text = encoded([[colour] * 8] * 8, across=1, down=1)
    assert decoded(text, width=2, height=1) == [[colour, colour]]


@pytest.mark.parametrize(
    "text",
    [
        *("", "L", "LEHV6n", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMdnjj"),
        *('"EHV6nWB2yk8pyo0adR*.7kCMdnj', "~EHV6nWB2yk8pyo0adR*.7kCMdnj", "L" * 10_000),
        "LE~~~~WB2yk8pyo0adR*.7kCMdnj",  # an average of more than 24 bits
    ],
    ids=len,
)
def test_anything_else_is_none_and_shows_nothing(text: str) -> None:
    assert not is_blurhash(text)
    assert css_image(text) == "none"


def test_nothing_is_shown_for_no_placeholder() -> None:
    assert css_image(None) == "none"


@pytest.mark.parametrize(
    ("size", "waves"), [((90, 60), (4, 3)), ((60, 90), (3, 4)), ((1, 1), (4, 3))]
)
def test_a_photo_is_stood_in_for_by_its_own_colours(
    size: tuple[int, int], waves: tuple[int, int]
) -> None:
    photo = Image.new("RGB", size, (30, 50, 190))
    photo.paste((200, 30, 40), (0, 0, size[0] // 2, size[1]))
    value = css_image(placeholder_of(photo))
    found = re.fullmatch(r"url\(data:image/png;base64,([A-Za-z0-9+/=]{1,280})\)", value)
    assert found
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as image:
        assert (image.mode, image.size) == ("RGB", (WIDTH, HEIGHT))
        left, right = image.getpixel((0, 2)), image.getpixel((WIDTH - 1, 2))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert right[2] > right[0]
    assert size == (1, 1) or left[0] > left[2]
    across, down = waves
    assert len(placeholder_of(photo)) == 4 + 2 * across * down
