"""Blocks of metadata are found in every container, also where programs put them oddly."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.photo_blocks import (
    XMP_EXTENSION_SEGMENT,
    XMP_SEGMENT,
    app1,
    app13,
    box,
    dataset,
    exif_block,
    heif,
    jpeg,
    jpeg_with,
    packet,
    png,
    resource,
    tiff_file,
    webp,
)
from workers.photo.blocks.find import find_blocks, opened
from workers.photo.blocks.models import BLOCK_BYTES_MAX, DAMAGED, TOO_LARGE, Blocks

EXIF = exif_block({0x010F: "Canon"})
IPTC = dataset(90, b"Minsk")
XMP = packet("<dc:creator>One</dc:creator>")


def test_jpeg() -> None:
    assert find_blocks(jpeg_with(EXIF, IPTC, XMP)) == Blocks(exif=EXIF, iptc=IPTC, xmp=XMP)


def test_jpeg_with_the_rest_of_its_packet_in_parts_and_out_of_order() -> None:
    rest = packet("<dc:subject>" + "x" * 1000 + "</dc:subject>")
    name = "0123456789ABCDEF0123456789ABCDEF"

    def part(start: int, end: int) -> tuple[int, bytes]:
        numbers = len(rest).to_bytes(4) + start.to_bytes(4)
        return app1(XMP_EXTENSION_SEGMENT + name.encode() + numbers + rest[start:end])

    whole = jpeg(app1(XMP_SEGMENT + XMP), part(400, len(rest)), part(0, 400))
    assert find_blocks(whole).xmp_extensions == {name: rest}
    lacking = jpeg(app1(XMP_SEGMENT + XMP), part(0, 300), part(400, len(rest)))
    assert find_blocks(lacking).xmp_extensions == {name: b""}


def test_jpeg_with_photoshops_resources_over_two_segments() -> None:
    resources = resource(0x03ED, b"odd") + resource(0x0404, IPTC) + resource(0x0425, b"d" * 16)
    found = find_blocks(jpeg(app13(resources[:30]), app1(b"other"), app13(resources[30:])))
    assert (found.iptc, found.iptc_digest) == (IPTC, b"d" * 16)


def test_jpeg_with_bytes_that_fill_up() -> None:
    data = jpeg_with(EXIF)
    assert find_blocks(data[:2] + b"\xff\xff\xff" + data[2:]).exif == EXIF


def test_what_comes_after_the_picture_began_is_not_metadata() -> None:
    data = jpeg() + jpeg_with(EXIF)[2:]
    assert find_blocks(data) == Blocks()


@pytest.mark.parametrize("end", [3, 10, 30])
def test_a_jpeg_that_ends_in_its_head_is_noted(end: int) -> None:
    assert find_blocks(jpeg_with(EXIF)[:end]).notes == (DAMAGED,)


def test_garbage_between_segments_is_noted() -> None:
    found = find_blocks(jpeg_with(EXIF)[:-4] + b"garbage")
    assert (found.exif, found.notes) == (EXIF, (DAMAGED,))


def test_png() -> None:
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
    assert find_blocks(png((b"eXIf", EXIF), (b"iTXt", text))) == Blocks(exif=EXIF, xmp=XMP)


def test_png_with_a_compressed_packet() -> None:
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)
    assert find_blocks(png((b"iTXt", text))).xmp == XMP


def test_a_packet_that_unpacks_without_end_is_cut() -> None:
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(10 * BLOCK_BYTES_MAX))
    assert len(find_blocks(png((b"iTXt", text))).xmp) == BLOCK_BYTES_MAX


def test_png_with_the_texts_of_older_programs() -> None:
    def profile(name: str, block: bytes) -> bytes:
        text = f"\n{name}\n{len(block):8}\n{block.hex()}\n"
        return f"Raw profile type {name}".encode() + b"\0\0" + zlib.compress(text.encode())

    found = find_blocks(
        png(
            (b"zTXt", profile("exif", b"Exif\0\0" + EXIF)),
            (b"zTXt", profile("iptc", resource(0x0404, IPTC))),
            (b"zTXt", profile("APP1", XMP_SEGMENT + XMP)),
        )
    )
    assert found == Blocks(exif=EXIF, iptc=IPTC, xmp=XMP)


@pytest.mark.parametrize("mark", [b"", b"Exif\0\0"])
def test_webp(mark: bytes) -> None:
    data = webp((b"VP8X", bytes(10)), (b"EXIF", mark + EXIF), (b"XMP ", XMP))
    assert find_blocks(data) == Blocks(exif=EXIF, xmp=XMP)


@pytest.mark.parametrize("in_meta", [False, True])
def test_heif(*, in_meta: bool) -> None:
    assert find_blocks(heif(EXIF, XMP, in_meta=in_meta)) == Blocks(exif=EXIF, xmp=XMP)


def test_heif_whose_boxes_contradict_themselves_is_noted() -> None:
    data = box(b"ftyp", b"heic") + (2**31).to_bytes(4) + b"meta"
    assert find_blocks(data) == Blocks(notes=(DAMAGED,))


def test_boxes_that_are_not_wanted_are_not_copied() -> None:
    large = 32 * 1024**2
    photo = heif(EXIF, XMP)
    start = int.from_bytes(photo[:4])
    assert photo[4:8] == b"ftyp"
    data = photo[:start] + box(b"free", bytes(large)) + photo[start:]
    tracemalloc.start()
    try:
        find_blocks(data)
        assert tracemalloc.get_traced_memory()[1] < large // 8
    finally:
        tracemalloc.stop()


def test_places_without_end_are_refused() -> None:
    """A table of 60,000 items with 60,000 parts each, in which a part has no bytes."""
    entry = struct.pack(">HHHH", 1, 0, 0, 60_000)
    table = b"\1\0\0\0\0\0" + (60_000).to_bytes(2) + entry * 60_000
    item = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0")
    listed = box(b"iinf", bytes(4) + (1).to_bytes(2) + item)
    meta = box(b"meta", bytes(4) + listed + box(b"iloc", table))
    assert find_blocks(box(b"ftyp", b"heic") + meta) == Blocks(notes=(DAMAGED,))


def test_texts_that_unpack_without_end_are_unpacked_once() -> None:
    bomb = b"Raw profile type exif\0\0" + zlib.compress(bytes(BLOCK_BYTES_MAX))
    assert find_blocks(png(*[(b"zTXt", bomb)] * 15_000)).exif == b""


def test_segments_without_end_are_noted() -> None:
    found = find_blocks(jpeg(app1(b"Exif\0\0" + EXIF), *[app13(bytes(60_000))] * 300))
    assert (found.exif, found.notes) == (EXIF, (TOO_LARGE,))


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff(order: str) -> None:
    data = tiff_file({700: (1, XMP), 33723: (7, IPTC), 34377: (7, b"")}, order=order)
    assert find_blocks(data) == Blocks(exif=data, iptc=IPTC, xmp=XMP)


def test_tiff_with_iptc_declared_as_numbers_and_turned_over() -> None:
    padded = IPTC.ljust(-(-len(IPTC) // 4) * 4, b"\0")
    turned = b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
    assert find_blocks(tiff_file({33723: (4, padded)})).iptc == padded
    assert find_blocks(tiff_file({33723: (4, turned)})).iptc == padded


def test_tiff_with_iptc_among_photoshops_resources() -> None:
    assert find_blocks(tiff_file({34377: (7, resource(0x0404, IPTC))})).iptc == IPTC


def test_a_block_that_is_too_large_is_noted() -> None:
    huge = webp((b"XMP ", b" " * (BLOCK_BYTES_MAX + 1)))
    assert find_blocks(huge) == Blocks(notes=(TOO_LARGE,))


@pytest.mark.parametrize("data", [b"", b"x", b"\xff\xd8\xff", b"GIF89a" + bytes(100)])
def test_what_is_no_photo_has_no_metadata(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    with opened(tmp_path / "file") as mapped:
        found = find_blocks(mapped)
    assert (found.exif, found.iptc, found.xmp) == (b"", b"", b"")


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_what_libraries_write(suffix: str) -> None:
    from pillow_heif import register_heif_opener  # noqa: PLC0415 - only this test writes HEIC

    register_heif_opener()
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    file = BytesIO()
    more: dict[str, object] = {"xmp": XMP}
    if suffix == "TIFF":
        more = {"tiffinfo": {700: XMP, 271: "Canon"}}
    elif suffix == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more = {"pnginfo": info}
    Image.new("RGB", (64, 64)).save(file, suffix, exif=exif, **more)
    found = find_blocks(file.getvalue())
    assert found.xmp == XMP
    assert b"Canon" in bytes(found.exif)
