"""Pictures of every sort come out upright, in sRGB, small enough, and with nothing but pixels."""

from __future__ import annotations

import io
import statistics
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageFile, ImageOps, PngImagePlugin
from PIL.Image import Transpose

from workers.photo.models import ENDINGS, Size, size_name
from workers.photo.picture import Picture, UndecodableError, load_picture
from workers.photo.sizes import wanted_sides, write_sizes

RED, GREEN, BLUE = (200, 30, 40), (20, 180, 60), (30, 50, 190)
SAVE_ROTATED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def flag(width: int = 120, height: int = 80) -> Image.Image:
    """Red in the top left corner, blue in the bottom right, green elsewhere."""
    image = Image.new("RGB", (width, height), GREEN)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    return image


def load(path: Path, *, side: int = 1600, pixels_max: int = 1_000_000) -> Picture:
    return load_picture(path, side=side, pixels_max=pixels_max)


def is_like(pixel: object, colour: tuple[int, ...], *, tolerance: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


def assert_is_flag(image: Image.Image) -> None:
    width, height = image.size
    assert image.mode == "RGB"
    assert is_like(image.getpixel((width // 8, height // 8)), RED)
    assert is_like(image.getpixel((width * 7 // 8, height * 7 // 8)), BLUE)
    assert is_like(image.getpixel((width * 7 // 8, height // 8)), GREEN)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_every_orientation_of_every_format_is_turned_upright(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    stored = flag()
    if orientation in SAVE_ROTATED:
        stored = stored.transpose(SAVE_ROTATED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"flag.{suffix}"
    stored.save(path, exif=exif, quality=95)
    picture = load(path)
    assert (picture.width, picture.height) == picture.pixels.size == (120, 80)
    assert_is_flag(picture.pixels)
    assert not picture.is_cut


def test_heic_is_turned_by_its_own_transformations_only(tmp_path: Path) -> None:
    """Its EXIF orientation tells what was done already (ISO/IEC 23008-12, A.2.1)."""
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    flag().save(tmp_path / "a.heic", exif=exif, quality=95)
    assert_is_flag(load(tmp_path / "a.heic").pixels)


def test_a_large_jpeg_is_decoded_small_but_measured_whole(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    flag(900, 600).transpose(Transpose.ROTATE_90).save(tmp_path / "a.jpg", exif=exif)
    picture = load(tmp_path / "a.jpg", side=300)
    assert (picture.width, picture.height) == (900, 600)
    assert picture.pixels.size == (300, 200)
    assert_is_flag(picture.pixels)


def _palette_with_transparency(path: Path) -> None:
    image = flag().quantize(8)
    image.info["transparency"] = image.getpixel((119, 0))
    image.save(path, transparency=image.info["transparency"])


def _with_alpha(path: Path) -> None:
    image = flag().convert("RGBA")
    image.paste((0, 0, 0, 0), (60, 0, 120, 40))
    image.save(path)


@pytest.mark.parametrize("make", [_palette_with_transparency, _with_alpha])
def test_transparent_places_are_white(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.png")
    pixels = load(tmp_path / "a.png").pixels
    assert pixels.mode == "RGB"
    assert is_like(pixels.getpixel((110, 5)), (255, 255, 255))
    assert is_like(pixels.getpixel((5, 5)), RED)


def test_cmyk_becomes_the_colours_it_shows(tmp_path: Path) -> None:
    flag().convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert_is_flag(load(tmp_path / "a.jpg").pixels)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    Image.new("I;16", (10, 10), 32768).save(tmp_path / f"a.{suffix}")
    assert is_like(load(tmp_path / f"a.{suffix}").pixels.getpixel((5, 5)), (127, 127, 127))


def test_floating_point_grey(tmp_path: Path) -> None:
    image = Image.new("F", (10, 10), 0.25)
    image.paste(0.75, (5, 0, 10, 10))
    image.save(tmp_path / "a.tif")
    pixels = load(tmp_path / "a.tif").pixels
    assert is_like(pixels.getpixel((0, 0)), (0, 0, 0))
    assert is_like(pixels.getpixel((9, 9)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "LAB"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    source = Image.new("RGB", (40, 20), "white")
    if mode == "LAB":
        profile = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(source, *profile, outputMode="LAB")
        assert image is not None
    else:
        image = source.convert(mode)
    image.save(tmp_path / "a.tif")
    assert is_like(load(tmp_path / "a.tif").pixels.getpixel((3, 3)), (255, 255, 255))


def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    """A profile whose red and green are exchanged turns the flag's colours round."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert profile.count(b"rXYZ") == profile.count(b"gXYZ") == 1
    at_red, at_green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[at_red : at_red + 4], profile[at_green : at_green + 4] = b"gXYZ", b"rXYZ"
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=bytes(profile))
    picture = load(tmp_path / "a.png")
    assert is_like(picture.pixels.getpixel((5, 5)), (0, 255, 0))
    assert picture.notes == ()


def test_a_broken_colour_profile_is_a_note(tmp_path: Path) -> None:
    flag().save(tmp_path / "a.png", icc_profile=b"no profile at all")
    picture = load(tmp_path / "a.png")
    assert_is_flag(picture.pixels)
    assert picture.notes == ("The colour profile cannot be used; colours may differ.",)


def test_the_first_of_several_frames_is_shown(tmp_path: Path) -> None:
    flag().save(
        tmp_path / "a.webp", save_all=True, append_images=[ImageOps.invert(flag())], lossless=True
    )
    assert_is_flag(load(tmp_path / "a.webp").pixels)


def noisy(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


def test_what_is_left_of_a_cut_jpeg_is_shown(tmp_path: Path) -> None:
    noisy(200, 200).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    picture = load(tmp_path / "cut.jpg")
    assert picture.is_cut
    assert picture.pixels.size == (200, 200)
    assert picture.pixels.crop((0, 0, 200, 50)).tobytes() == (
        load(tmp_path / "whole.jpg").pixels.crop((0, 0, 200, 50)).tobytes()
    )
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"II*\0" * 9,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64),
        b"RIFF\x20\0\0\0WEBPVP8 " + bytes(20),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a\x01\0\x01\0\0\0\0;",
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(UndecodableError, match=r"^is .*decoded\.$"):
        load(tmp_path / "a")


def png_bomb(side: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [1001, 1200, 16_000])
def test_a_picture_with_too_many_pixels_is_refused_unread(tmp_path: Path, side: int) -> None:
    (tmp_path / "a.png").write_bytes(png_bomb(side))
    with pytest.raises(UndecodableError, match=r"more than 1,000,000 pixels"):
        load(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("longest", "sides"),
    [
        (1, [320]),
        (320, [320]),
        (321, [320, 800]),
        (800, [320, 800]),
        (801, [320, 800, 1600]),
        (1601, [320, 800, 1600, 2560]),
        (9000, [320, 800, 1600, 2560]),
    ],
)
def test_which_sizes_are_made(longest: int, sides: list[int]) -> None:
    assert wanted_sides(longest) == sides


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2000, 1000), {2560: (2000, 1000), 1600: (1600, 800), 800: (800, 400), 320: (320, 160)}),
        ((1600, 1000), {1600: (1600, 1000), 800: (800, 500), 320: (320, 200)}),
        ((500, 700), {800: (500, 700), 320: (229, 320)}),
        ((60, 30), {320: (60, 30)}),
        ((1600, 1), {1600: (1600, 1), 800: (800, 1), 320: (320, 1)}),
    ],
)
def test_sizes_are_never_enlarged(
    tmp_path: Path, size: tuple[int, int], expected: dict[int, tuple[int, int]]
) -> None:
    sizes = write_sizes(flag(*size), tmp_path)
    assert sizes == [
        Size(size_name(side, ending), *expected[side]) for side in expected for ending in ENDINGS
    ]
    for made in sizes:
        with Image.open(tmp_path / made.name) as image:
            assert image.format == {"jpg": "JPEG", "webp": "WEBP"}[made.name.rpartition(".")[2]]
            assert (image.mode, image.size) == ("RGB", (made.width, made.height))


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_size_is_as_good_as_one_made_straight_from_the_whole(
    tmp_path: Path, ending: str
) -> None:
    photo = scene(2560, 1700)
    write_sizes(photo, tmp_path)
    for side in (800, 320):
        straight = photo.resize(
            (side, round(side * 1700 / 2560)), Image.Resampling.LANCZOS, reducing_gap=None
        )
        with Image.open(tmp_path / size_name(side, ending)) as made:
            assert similarity(made, straight) > 0.98


def scene(width: int, height: int) -> Image.Image:
    """Soft shades with detail in them, as photos have."""
    small = Image.effect_noise((width // 40, height // 40), 120)
    soft = small.resize((width, height), Image.Resampling.BICUBIC)
    return Image.merge("RGB", (soft, ImageOps.invert(soft), ImageOps.mirror(soft)))


def similarity(one: Image.Image, other: Image.Image, *, window: int = 8) -> float:
    """The mean structural similarity (SSIM) of their brightness, window by window."""
    pairs = zip(tiles(one, window), tiles(other, window), strict=True)
    return statistics.fmean(_alike(a, b) for a, b in pairs)


def tiles(image: Image.Image, side: int) -> Iterator[list[int]]:
    grey = image.convert("L")
    for top in range(0, grey.height - side, side):
        for left in range(0, grey.width - side, side):
            yield list(grey.crop((left, top, left + side, top + side)).tobytes())


def _alike(a: list[int], b: list[int]) -> float:
    mean_a, mean_b = statistics.fmean(a), statistics.fmean(b)
    spread_a, spread_b = statistics.pvariance(a, mean_a), statistics.pvariance(b, mean_b)
    both = statistics.fmean(x * y for x, y in zip(a, b, strict=True)) - mean_a * mean_b
    means, spreads = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (
        (2 * mean_a * mean_b + means)
        * (2 * both + spreads)
        / ((mean_a**2 + mean_b**2 + means) * (spread_a + spread_b + spreads))
    )


def test_sizes_hold_nothing_but_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET"
    exif.get_ifd(0x8825)[1] = "N"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    flag(400, 300).save(tmp_path / "a.png", exif=exif, pnginfo=text)
    flag(400, 300).save(
        tmp_path / "a.jpg", exif=exif, comment=b"SECRET", xmp=b"<SECRET/>", dpi=(301, 301)
    )
    for source in ("a.png", "a.jpg"):
        pixels = load(tmp_path / source).pixels
        for size in write_sizes(pixels, tmp_path):
            data = (tmp_path / size.name).read_bytes()
            assert b"SECRET" not in data
            if size.name.endswith("webp"):
                assert data[12:16] == b"VP8 "
                assert len(data) == 20 + int.from_bytes(data[16:20], "little")
            else:
                assert segments(data) <= {0xE0, 0xDB, 0xC0, 0xC4}


def segments(jpeg: bytes) -> set[int]:
    """The markers before the first scan."""
    file, markers = io.BytesIO(jpeg[2:]), set[int]()
    while (marker := file.read(2)[1]) != 0xDA:
        markers.add(marker)
        file.seek(int.from_bytes(file.read(2)) - 2, io.SEEK_CUR)
    return markers
