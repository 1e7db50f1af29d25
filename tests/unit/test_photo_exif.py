"""EXIF is read within limits, and only the fields that are taken reach the library."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO

import exifread
import pytest
from PIL.TiffImagePlugin import IFDRational

from tests.photo_blocks import exif_block, tiff_file
from workers.photo import exif as exif_module
from workers.photo.exif import Exif, read_exif

CAMERA_POINTER = bytes.fromhex("87690004 00000001")
"""The entry that points to the camera's own fields: tag, type, count."""


def test_exif_as_a_camera_writes_it() -> None:
    block = exif_block(
        {
            0x010E: "The scrum",
            0x010F: "Canon",
            0x0110: "Canon EOS R5",
            0x0112: 6,
            0x013B: "A. Photographer",
            0x8298: "Press office",
        },
        {
            0x829A: IFDRational(1, 250),
            0x829D: IFDRational(28, 10),
            0x8827: 400,
            0x9003: "2019:06:04 10:15:00",
            0x9011: "+03:00",
            0x9291: "25",
            0x9004: "2019:06:04 10:15:01",
            0x920A: IFDRational(70),
            0xA430: "The owner",
            0xA431: "012345",
            0xA434: "RF70-200mm",
        },
        {7: (IFDRational(7), IFDRational(15), IFDRational(295, 10)), 0x1D: "2019:06:04"},
    )
    assert read_exif(block) == Exif(
        description="The scrum",
        artist="A. Photographer",
        copyright="Press office",
        make="Canon",
        model="Canon EOS R5",
        serial_number="012345",
        lens="RF70-200mm",
        orientation=6,
        exposure_seconds=Fraction(1, 250),
        f_number=Fraction(14, 5),
        iso=400,
        focal_millimetres=Fraction(70),
        taken_at="2019:06:04 10:15:00.25+03:00",
        digitized_at="2019:06:04 10:15:01",
        gps_at="2019-06-04 07:15:29Z",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "koi8_r", "cp866"])
def test_texts_in_any_encoding(encoding: str) -> None:
    text = "Вопрос журналиста министру"
    written = text.encode(encoding).ljust(60, b"\0")
    block = exif_block({0x010E: b"\xff" * 60, 0x010F: "Canon"}).replace(b"\xff" * 60, written)
    assert read_exif(block) == Exif(description=text, make="Canon")


def test_more_than_sixteen_bits_of_sensitivity() -> None:
    assert read_exif(exif_block({}, {0x8827: 65535, 0x8832: 102_400})).iso == 102_400
    assert read_exif(exif_block({}, {0x8827: 65535})).iso == 65535


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not(orientation: int) -> None:
    assert read_exif(exif_block({0x0112: orientation})).orientation is None


@pytest.mark.parametrize("ratio", [(1, 0), (0, 0), (0, 1)])
def test_a_ratio_that_is_no_number(ratio: tuple[int, int]) -> None:
    block = exif_block({}, {0x829A: IFDRational(3, 7)})
    broken = block.replace(struct.pack(">II", 3, 7), struct.pack(">II", *ratio))
    assert broken != block
    assert read_exif(broken) == Exif()


@pytest.mark.parametrize("kind", [11, 12])
def test_a_floating_number_that_is_none(kind: int) -> None:
    nan = struct.pack("<f" if kind == 11 else "<d", float("nan"))
    camera = struct.pack("<HHHI", 1, 0x829A, kind, 1)
    camera += nan if kind == 11 else struct.pack("<I", 8 + 18 + 4 + 18)
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0) + camera + bytes(4) + nan
    assert read_exif(block).exposure_seconds is None


@pytest.mark.parametrize(
    ("time", "date"),
    [
        ((7, 61, 61), "2019:06:04"),
        ((7, 15), "2019:06:04"),
        ((7, 15, 29), "yesterday"),
        ((7, 15, 29), ""),
    ],
)
def test_a_time_of_satellites_that_is_none(time: tuple[int, ...], date: str) -> None:
    ratios = tuple(IFDRational(number) for number in time)
    block = exif_block({0x010F: "Canon"}, {}, {7: ratios, 0x1D: date})
    found = read_exif(block)
    assert (found.make, found.notes) == ("Canon", ())
    assert found.gps_at is None


def test_the_place_and_the_owner_do_not_reach_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []

    def watched(stream: BytesIO, **_options: object) -> Mapping[str, object]:
        given.append(stream.getvalue())
        return {}

    monkeypatch.setattr(exifread, "process_file", watched)
    place = (IFDRational(53), IFDRational(54), IFDRational(2718, 100))
    note = b"maker note" * 50
    block = exif_block(
        {0x010F: "Canon"}, {0x927C: note, 0xA430: "The owner"}, {2: place, 0x1D: "2019:06:04"}
    )
    assert b"The owner" in block
    read_exif(block)
    assert b"Canon" in given[0]
    assert b"The owner" not in given[0]
    assert b"maker note" not in given[0]
    assert struct.pack(">II", 2718, 100) not in given[0]
    assert len(given[0]) < 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"MM\0*\0\0\0\x08", b"MM\0*\x7f\0\0\0"),  # points out of the block
        (b"MM\0*", b"MX\0*"),
    ],
)
def test_exif_that_cannot_be_read_is_a_note(old: bytes, new: bytes) -> None:
    block = exif_block({0x010F: "Canon"}, {0x9003: "2019:06:04 10:15:00"})
    assert block.count(old) == 1
    assert read_exif(block.replace(old, new)) == Exif(notes=(exif_module.DAMAGED,))


def test_a_lost_part_is_a_note() -> None:
    block = exif_block({0x010F: "Canon"}, {0x9003: "2019:06:04 10:15:00"})
    lost = block.replace(CAMERA_POINTER, CAMERA_POINTER[:-2] + b"\x10\0")
    assert read_exif(lost) == Exif(make="Canon", notes=(exif_module.PARTLY_DAMAGED,))
    wrong_type = block.replace(CAMERA_POINTER, bytes.fromhex("87690002 00000004"))
    assert read_exif(wrong_type) == Exif(make="Canon", notes=(exif_module.PARTLY_DAMAGED,))


def test_exif_that_ends_early_keeps_what_came_before() -> None:
    block = exif_block({0x010F: "Canon"}, {0x9003: "2019:06:04 10:15:00"})
    exif = read_exif(block[: block.index(b"Canon\0") + 6])
    assert (exif.make, exif.taken_at) == ("Canon", None)
    assert exif.notes == (exif_module.PARTLY_DAMAGED,)


def test_a_directory_without_end_costs_no_time() -> None:
    """Each of its 65,535 fields claims to hold 65,535 numbers; the library would read them all."""
    entry = struct.pack("<HHII", 0x829A, 3, 65_535, 8)
    block = b"II*\0" + struct.pack("<IH", 8, 65_535) + entry * 65_535
    assert read_exif(block).notes == (exif_module.DAMAGED,)


def test_a_text_that_is_too_long_is_left_out() -> None:
    block = tiff_file({0x010E: (2, b"x" * 100_000), 0x010F: (2, b"Canon\0")})
    assert read_exif(block) == Exif(make="Canon", notes=(exif_module.PARTLY_DAMAGED,))


def test_what_the_library_raises_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(exifread, "process_file", fail)
    assert read_exif(exif_block({0x010F: "Canon"})) == Exif(notes=(exif_module.DAMAGED,))


def test_no_exif_is_no_fault() -> None:
    assert read_exif(b"") == Exif()
