"""The whole ffmpeg commands, word by word: a change here is a change of what users get."""

from __future__ import annotations

import shlex
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from workers.video.argv import Source
from workers.video.commands import (
    ladder_command,
    poster_command,
    poster_size,
    preview_command,
)
from workers.video.delays import DELAY_SECONDS_MAX, delay_notes
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST
from workers.video.ladder import Rung
from workers.video.probe import AudioStream, Probe, VideoStream

SOURCE = Source(ffmpeg="ffmpeg", path=Path("/store/-a 'b'.mp4"), pixels_max=1000)
RUNGS = (Rung("720p", 1280, 720, 3_000_000), Rung("360p", 640, 360, 1_000_000))

PROGRAM = "ffmpeg -nostdin -hide_banner -v error -max_error_rate 1 -progress pipe:1 -nostats -y"
OPENED = (
    f"-codec_whitelist {CODEC_WHITELIST} -format_whitelist {FORMAT_WHITELIST}"
    " -max_pixels 1000 -protocol_whitelist file,pipe"
)
INPUT = """-i "file:/store/-a 'b'.mp4" """
KEYFRAMES = "-force_key_frames 'expr:gte(t,n_forced*2)' -fps_mode:v vfr"
STRIPPED = "-map_chapters -1 -map_metadata -1"
SOUND = "aresample=48000:async=1:first_pts=0[s{0}];[s{0}]aformat=channel_layouts=stereo"


def video(index: int = 0, rate: Fraction | None = Fraction(25)) -> VideoStream:
    return VideoStream(
        index=index,
        codec="h264",
        width=1280,
        height=720,
        rotation_degrees=0,
        pixel_format="yuv420p",
        average_frame_rate=rate,
        nominal_frame_rate=rate,
        duration_seconds=None,
        is_default=True,
    )


def audio(channels: int = 2) -> AudioStream:
    return AudioStream(
        index=1,
        codec="aac",
        channels=channels,
        language=None,
        duration_seconds=None,
        is_default=True,
    )


def recording(*, video: VideoStream | None, audio: AudioStream | None) -> Probe:
    return Probe(
        container="mov",
        duration_seconds=30,
        captured_at=None,
        video_streams=(video,) if video else (),
        audio_streams=(audio,) if audio else (),
    )


def hls(folder: str, codec_options: str, *, seconds: int = 4) -> list[tuple[str, str]]:
    """The options of one output: in the order of their names, as ffmpeg-python writes them."""
    options = (
        f"-f hls -avoid_negative_ts disabled {codec_options} -fflags +bitexact"
        f" -hls_flags independent_segments -hls_fmp4_init_filename init.mp4"
        f" -hls_playlist_type vod -hls_segment_filename {folder}/%05d.m4s"
        f" -hls_segment_type fmp4 -hls_time {seconds} {STRIPPED} -start_number 1"
    )
    return sorted(_pairs(options))


def test_the_ladder_is_made_from_a_single_decode() -> None:
    argv = ladder_command(SOURCE, recording(video=video(), audio=audio()), RUNGS)
    head, outputs = _split(argv)
    graph = (
        "[0:0]scale=1280:720:flags=bicubic[s0];[s0]setsar=1[s1];[s1]format=yuv420p[s2];"
        "[s2]split=2[s3][s4];"
        "[s4]scale=640:360:flags=bicubic[s5];[s5]setsar=1[s6];[s6]format=yuv420p[s7];"
        f"[0:1]{SOUND.format(8)}[s9]"
    )
    assert head == [*shlex.split(f"{PROGRAM} {OPENED} {INPUT} -filter_complex"), graph]
    x264 = "-c:v libx264 -crf 23 -flags:v +bitexact -preset veryfast -profile:v high"
    x264 += f" {KEYFRAMES} -sc_threshold 0"
    assert outputs == {
        "720p/index.m3u8": ("[s3]", hls("720p", f"{x264} -maxrate 3000000 -bufsize 6000000")),
        "360p/index.m3u8": ("[s7]", hls("360p", f"{x264} -maxrate 1000000 -bufsize 2000000")),
        "audio/index.m3u8": ("[s9]", hls("audio", "-c:a aac -b:a 128000 -flags:a +bitexact")),
    }


def test_the_preview_holds_picture_and_sound_of_the_first_seconds() -> None:
    argv = preview_command(SOURCE, recording(video=video(), audio=audio()), RUNGS[1])
    text = shlex.join(argv)
    assert "-t 8 -i" in text
    assert "-map '[s2]' -map '[s4]'" in text
    assert "-hls_time 2 " in text
    assert text.endswith("preview/index.m3u8")


def test_a_recording_without_sound_gets_no_sound() -> None:
    text = shlex.join(ladder_command(SOURCE, recording(video=video(), audio=None), RUNGS))
    assert "audio/" not in text
    assert "aac" not in text.split("-filter_complex")[1]


def test_a_recording_without_picture_gets_the_sound_only() -> None:
    argv = ladder_command(SOURCE, recording(video=None, audio=audio()), ())
    head, outputs = _split(argv)
    assert head[-1] == f"[0:1]{SOUND.format(0)}[s1]"
    assert list(outputs) == ["audio/index.m3u8"]


@pytest.mark.parametrize(
    ("channels", "ends_with"), [(1, "stereo"), (6, "stereo"), (16, "c0<c0|c1<c1")]
)
def test_any_number_of_channels_becomes_stereo(channels: int, ends_with: str) -> None:
    argv = ladder_command(SOURCE, recording(video=None, audio=audio(channels)), ())
    graph = argv[argv.index("-filter_complex") + 1]
    assert graph.removesuffix("[s1]").endswith(ends_with)


@pytest.mark.parametrize(
    ("rate", "is_capped"), [(Fraction(120), True), (Fraction(60), False), (None, False)]
)
def test_only_rates_above_sixty_are_changed(rate: Fraction | None, is_capped: bool) -> None:
    argv = ladder_command(SOURCE, recording(video=video(rate=rate), audio=None), RUNGS)
    assert ("[0:0]fps=60" in shlex.join(argv)) is is_capped


def test_the_first_frame_is_held_until_a_late_picture_begins() -> None:
    late = replace(video(), delay_seconds=1.5)
    argv = ladder_command(SOURCE, recording(video=late, audio=audio()), RUNGS)
    held = "[0:0]setpts=PTS-STARTPTS[s0];[s0]tpad=start_duration=1.5:start_mode=clone[s1]"
    assert held in shlex.join(argv)


@pytest.mark.parametrize("delay_seconds", [301, 25 * 3600, 1e9])
def test_a_delay_that_would_take_hours_to_fill_is_left_out(delay_seconds: float) -> None:
    found = recording(
        video=replace(video(), delay_seconds=delay_seconds),
        audio=replace(audio(), delay_seconds=delay_seconds),
    )
    for argv in (ladder_command(SOURCE, found, RUNGS), preview_command(SOURCE, found, RUNGS[1])):
        graph = argv[argv.index("-filter_complex") + 1]
        assert "[0:0]setpts=PTS-STARTPTS" in graph
        assert "[0:1]asetpts=PTS-STARTPTS" in graph
        assert "tpad" not in graph
    assert len(delay_notes(found)) == 2


def test_a_delay_that_is_filled_is_no_news() -> None:
    late = replace(video(), delay_seconds=DELAY_SECONDS_MAX)
    found = recording(video=late, audio=audio())
    assert "tpad" in shlex.join(ladder_command(SOURCE, found, RUNGS))
    assert delay_notes(found) == ()


def test_streams_are_named_by_their_index() -> None:
    argv = ladder_command(SOURCE, recording(video=video(index=3), audio=None), RUNGS)
    assert "[0:3]scale" in shlex.join(argv)


def test_the_poster_is_the_typical_frame_of_a_few_seconds() -> None:
    graph = "[0:0]fps=3[s0];[s0]thumbnail=15[s1];[s1]scale=1280:720[s2];[s2]setsar=1[s3]"
    expected = (
        f"{PROGRAM} {OPENED} -ss 3.5 -t 5 {INPUT} -filter_complex '{graph}' -map '[s3]' -f image2"
        f" -fflags +bitexact -flags +bitexact -frames:v 1 {STRIPPED} -pix_fmt yuvj420p"
        " -q:v 3 -update 1 poster.jpg"
    )
    assert poster_command(SOURCE, video(), at_seconds=3.5) == shlex.split(expected)


def test_the_poster_is_never_enlarged() -> None:
    assert poster_size(video()) == (1280, 720)


def _split(argv: list[str]) -> tuple[list[str], dict[str, tuple[str, list[tuple[str, str]]]]]:
    """Everything before the first output, then {output: (mapped node, its options by name)}."""
    start = argv.index("-map")
    outputs: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    rest = argv[start:]
    while rest:
        end = next(i for i, word in enumerate(rest) if word.endswith("/index.m3u8"))
        outputs[rest[end]] = (rest[1], sorted(_pairs(shlex.join(rest[2:end]))))
        rest = rest[end + 1 :]
    return argv[:start], outputs


def _pairs(options: str) -> list[tuple[str, str]]:
    words = shlex.split(options)
    return list(zip(words[::2], words[1::2], strict=True))
