"""The linter sees when bytes are not what playlists say, in what ffmpeg alone has made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hls_lint import Presentation, fetch_presentation, lint
from tests.hls_lint.decoding import check_bytes, frames_in, joined
from tests.media import make_clip

pytestmark = pytest.mark.media

MASTER = "/master.m3u8"
PICTURE = "/picture.m3u8"
SOUND = "/sound.m3u8"
IFRAMES = "/iframes.m3u8"
FIRST, SECOND = "/picture-0.m4s", "/picture-1.m4s"

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """{address: bytes} of a presentation without a fault, as far as ffmpeg makes one."""
    folder = tmp_path_factory.mktemp("hls")
    options = (*picture(gop=50), *hls(folder, "picture"))
    make_clip(folder / PICTURE[1:], seconds=4, sound=False, options=options)
    make_clip(folder / SOUND[1:], seconds=4, picture=False, options=hls(folder, "sound"))
    files = {f"/{path.name}": path.read_bytes() for path in folder.iterdir()}
    files[IFRAMES] = iframes(files)
    files[MASTER] = master(files)
    return files


def picture(*, gop: int) -> tuple[str, ...]:
    return ("-profile:v", "high", "-level", "3.0", "-g", f"{gop}", "-sc_threshold", "0")


def hls(folder: Path, name: str) -> tuple[str, ...]:
    return (
        *("-f", "hls", "-hls_time", "2", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod"),
        *("-hls_fmp4_init_filename", f"{name}-init.mp4"),
        *("-hls_segment_filename", f"{folder}/{name}-%d.m4s"),
    )


def iframes(files: Files) -> bytes:
    """The playlist that ffmpeg does not write."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-I-FRAMES-ONLY"]
    lines += ['#EXT-X-MAP:URI="picture-init.mp4"']
    for address in (FIRST, SECOND):
        length = first_picture_end(files[address])
        lines += ["#EXTINF:2.000000,", f"#EXT-X-BYTERANGE:{length}@0", address[1:]]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()


def first_picture_end(segment: bytes) -> int:
    """Where the first slice of a key frame ends, counted in NAL units (ISO/IEC 14496-15)."""
    position = segment.index(b"mdat") + 4
    while True:
        length = int.from_bytes(segment[position : position + 4])
        kind = segment[position + 4] & 0x1F
        position += 4 + length
        if kind == 5:
            return position


def master(files: Files) -> bytes:
    rate = 8 * max(len(files[address]) for address in (FIRST, SECOND))
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += ['#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Floor",CHANNELS="1",URI="sound.m3u8"']
    said = f"BANDWIDTH={rate},AVERAGE-BANDWIDTH={rate},RESOLUTION=320x180"
    lines += [f'#EXT-X-STREAM-INF:{said},CODECS="avc1.64001e,mp4a.40.2",FRAME-RATE=25,AUDIO="a"']
    lines += ["picture.m3u8"]
    lines += [f'#EXT-X-I-FRAME-STREAM-INF:{said},CODECS="avc1.64001e",URI="iframes.m3u8"']
    return "\n".join([*lines, ""]).encode()


def presentation(files: Files) -> Presentation:
    return fetch_presentation(MASTER, files.get)


def replaced(address: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    def breaking(files: Files) -> Files:
        assert old in files[address]
        return files | {address: files[address].replace(old, new)}

    return breaking


def exchanged(files: Files) -> Files:
    return files | {FIRST: files[SECOND], SECOND: files[FIRST]}


def shortened(files: Files) -> Files:
    return files | {FIRST: files[FIRST][: len(files[FIRST]) // 2]}


def damaged(files: Files) -> Files:
    content = bytearray(files[SECOND])
    start = len(content) * 3 // 4
    content[start : start + 200] = b"\xff" * 200
    return files | {SECOND: bytes(content)}


def whole_segments(files: Files) -> Files:
    size = len(files[FIRST])
    length = first_picture_end(files[FIRST])
    return replaced(IFRAMES, f":{length}@0".encode(), f":{size}@0".encode())(files)


BREAKS = {
    "codecs": replaced(MASTER, b"avc1.64001e,", b"avc1.64001f,"),
    "resolution": replaced(MASTER, b"320x180", b"640x360"),
    "channels": replaced(MASTER, b'CHANNELS="1"', b'CHANNELS="2"'),
    "frame-rate": replaced(MASTER, b"FRAME-RATE=25", b"FRAME-RATE=50"),
    "iframe-bytes": whole_segments,
    "timestamps": exchanged,
    "decoding": damaged,
    "extinf-bytes": replaced(PICTURE, b"EXTINF:2.0", b"EXTINF:1.5"),
}


def test_what_ffmpeg_makes_is_right(whole: Files, tmp_path: Path) -> None:
    found = presentation(whole)
    assert list(check_bytes(found, tmp_path)) == []
    assert lint(found) == []


@pytest.mark.parametrize("rule", BREAKS)
def test_bytes_that_are_not_what_is_said_of_them_are_found(
    whole: Files, tmp_path: Path, rule: str
) -> None:
    faults = list(check_bytes(presentation(BREAKS[rule](whole)), tmp_path))
    assert rule in {fault.rule for fault in faults}, faults


def test_segments_that_begin_with_any_picture_are_found(whole: Files, tmp_path: Path) -> None:
    options = (*picture(gop=100), *hls(tmp_path, "picture"), "-hls_flags", "split_by_time")
    make_clip(tmp_path / "other.m3u8", seconds=4, sound=False, options=options)
    cut = {f"/{path.name}": path.read_bytes() for path in tmp_path.glob("picture-*")}
    faults = list(check_bytes(presentation(whole | cut), tmp_path))
    assert ("independent", SECOND) in {(fault.rule, fault.place) for fault in faults}, faults


def test_a_segment_that_is_cut_off_is_found(whole: Files, tmp_path: Path) -> None:
    assert list(check_bytes(presentation(shortened(whole)), tmp_path))


def test_pictures_are_counted(whole: Files, tmp_path: Path) -> None:
    found = presentation(whole)
    playlist = found.playlists[PICTURE]
    assert frames_in(joined(found, playlist, tmp_path)) == 100
    assert frames_in(joined(found, playlist, tmp_path, playlist.parts[1])) == 50
