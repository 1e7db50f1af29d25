"""What is no recording is refused with a sentence that names the file and the cause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from portal.assets.models import Outcome, Step
from portal.errors import MediaRefused
from portal.runtime import Runtime
from tests.media import make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench
from workers.sandbox import Sandbox, detect_level
from workers.stills.poster import poster
from workers.video.probe_step import probe
from workers.video.transcode import transcode

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def test_a_recording_without_its_index_is_refused(bench: Bench, tmp_path: Path) -> None:
    source = truncate(make_clip(tmp_path / "clip.mp4", seconds=2), ratio=0.6)
    for handler in (probe, transcode, poster):
        with pytest.raises(MediaRefused, match=r"clip\.mp4 .*its index"):
            handler(bench.run_of(source, Step.PROBE))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("#EXTM3U\n#EXTINF:1,\nfile://{other}\n", "playlist.mp4"),
        ("ffconcat version 1.0\nfile '{other}'\n", "concat.mp4"),
        ("<?xml version='1.0'?><MPD><BaseURL>{other}</BaseURL></MPD>", "dash.mp4"),
    ],
)
def test_a_text_playlist_is_refused(bench: Bench, tmp_path: Path, text: str, name: str) -> None:
    source = tmp_path / name
    source.write_text(text.format(other=make_clip(tmp_path / "other.mp4", seconds=1)))
    for handler in (probe, transcode, poster):
        with pytest.raises(MediaRefused, match=f"{name} is a text playlist, not a recording"):
            handler(bench.run_of(source, Step.PROBE))


@pytest.mark.parametrize(
    "content", [bytes(4000), b"\x89PNG\r\n\x1a\n" + bytes(500), b"hello " * 99]
)
def test_what_is_no_recording_is_refused(bench: Bench, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "clip.mov"
    source.write_bytes(content)
    with pytest.raises(MediaRefused, match=r"clip\.mov"):
        probe(bench.run_of(source, Step.PROBE))


def test_a_container_without_picture_and_sound_is_refused(bench: Bench, tmp_path: Path) -> None:
    captions = tmp_path / "captions.srt"
    captions.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    run_ffmpeg("-i", str(captions), "-c:s", "mov_text", str(tmp_path / "clip.mp4"))
    with pytest.raises(MediaRefused, match="neither picture nor sound"):
        probe(bench.run_of(tmp_path / "clip.mp4", Step.PROBE))


@pytest.mark.parametrize("has_sound", [False, True])
def test_a_picture_that_is_too_large_is_refused(
    bench: Bench, *, tmp_path: Path, has_sound: bool
) -> None:
    """PNG in QuickTime hides its size from the container: only ffprobe's warning tells."""
    source = tmp_path / "clip.mov"
    make_clip(source, seconds=1, size="640x360", rate="2", sound=has_sound, options=("-c:v", "png"))
    settings = bench.runtime.settings.model_copy(update={"pixels_max": 320 * 180})
    small = replace(bench, runtime=replace(bench.runtime, settings=settings))
    with pytest.raises(MediaRefused, match=r"clip\.mov has a picture that is too large\."):
        probe(small.run_of(source, Step.PROBE))


def test_a_picture_that_nobody_knows_is_missed(bench: Bench, tmp_path: Path) -> None:
    """Its sound is taken; that it had a picture is said."""
    source = make_clip(
        tmp_path / "clip.mov", seconds=1, options=("-c:v", "prores", "-profile:v", "0")
    )
    source.write_bytes(source.read_bytes().replace(b"apco", b"q?!x"))
    result = probe(bench.run_of(source, Step.PROBE))
    assert (result.outcome, result.detail) == (Outcome.PARTIAL, "its picture cannot be decoded")


def test_a_rare_codec_is_refused_by_name(bench: Bench, tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "clip.mkv", seconds=1, options=("-c:v", "magicyuv", "-pix_fmt", "yuv420p")
    )
    with pytest.raises(MediaRefused, match="coded with magicyuv"):
        probe(bench.run_of(source, Step.PROBE))
