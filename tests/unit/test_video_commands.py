"""The whole ffmpeg commands, word by word: a change here is a change of what users get."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.recordings import audio, recording, scanned, video
from workers.video.argv import Source
from workers.video.commands import chunk_command, copy_command, preview_command, whole_command
from workers.video.delays import DELAY_SECONDS_MAX, delay_notes
from workers.video.formats import CODEC_WHITELIST, FORMAT_WHITELIST
from workers.video.ladder import Rung
from workers.video.plan import ChunkPlan, chunk_plans
from workers.video.probe import Colour, VideoStream

SOURCE = Source(ffmpeg="ffmpeg", path=Path("/store/-a 'b'.mp4"), pixels_max=1000)
RUNGS = (Rung("720p", 1280, 720, 3_000_000), Rung("360p", 640, 360, 1_000_000))

PROGRAM = "ffmpeg -nostdin -hide_banner -v error -max_error_rate 1 -progress pipe:1 -nostats -y"
OPENED = (
    f"-codec_whitelist {CODEC_WHITELIST} -format_whitelist {FORMAT_WHITELIST}"
    " -max_pixels 1000 -protocol_whitelist file,pipe"
)
INPUT = """-i "file:/store/-a 'b'.mp4" """
FRAGMENTED = (
    "-f mp4 -avoid_negative_ts disabled -fflags +bitexact -map_chapters -1 -map_metadata -1"
    " -movflags +frag_keyframe+empty_moov+default_base_moof+delay_moov"
)
X264 = (
    "-a53cc 0 -c:v libx264 -color_primaries bt709 -color_range tv -color_trc bt709"
    " -colorspace bt709 -crf 23 -flags:v +bitexact -preset veryfast -profile:v high -sc_threshold 0"
)
CLOCK = (
    "-enc_time_base:v 1:90000 -force_key_frames 'expr:gte(t,n_forced*2)' -fps_mode:v vfr"
    " -video_track_timescale 90000"
)
FINISH = "[s{0}]setsar=1[s{1}];[s{1}]format=yuv420p[s{2}]"


def own_colours(matrix: str, value_range: str = "tv") -> str:
    return (
        f"flags=bicubic:in_color_matrix={matrix}:in_range={value_range}"
        ":out_color_matrix=bt709:out_range=tv"
    )


def capped(bitrate_bps_max: int) -> str:
    return f"-maxrate {bitrate_bps_max} -bufsize {2 * bitrate_bps_max}"


def chunks(stream: VideoStream, frames: int = 750) -> tuple[ChunkPlan, ...]:
    rate = stream.frame_rate or Fraction(25)
    scan = scanned(frames, rate=rate, group=50)
    found = recording(stream, seconds=float(frames / rate))
    return chunk_plans(found, scan, short_side_max=1080)


def test_a_whole_is_made_from_a_single_decode() -> None:
    head, outputs = split(whole_command(SOURCE, video(), RUNGS))
    graph = (
        f"[0:0]setpts=PTS-STARTPTS[s0];[s0]scale=1280:720:{own_colours('bt709')}[s1];"
        f"{FINISH.format(1, 2, 3)};[s3]split=2[s4][s5];"
        f"[s5]scale=640:360:flags=bicubic[s6];{FINISH.format(6, 7, 8)}"
    )
    assert head == [*shlex.split(f"{PROGRAM} {OPENED} {INPUT} -filter_complex"), graph]
    assert outputs == {
        "720p.mp4": ("[s4]", pairs(f"{FRAGMENTED} {X264} {CLOCK} {capped(3_000_000)}")),
        "360p.mp4": ("[s8]", pairs(f"{FRAGMENTED} {X264} {CLOCK} {capped(1_000_000)}")),
    }


def test_a_short_whole_gets_one_thread_for_each_encoder() -> None:
    _, outputs = split(whole_command(SOURCE, video(), RUNGS, threads=1))
    assert all(("-threads:v", "1") in options for _, options in outputs.values())


def test_a_chunk_is_made_on_one_core_of_counted_frames() -> None:
    oblong = replace(video(rate=Fraction(30000, 1001)), sample_aspect=Fraction(4, 3))
    first, last = chunks(oblong, 900)
    head, outputs = split(chunk_command(SOURCE, oblong, first))
    assert "-ss" not in head
    assert first.frame_count == 480
    assert head[head.index("-t") + 1] == "16.249317"  # up to there, and a quarter of a second
    assert head[head.index("-threads") + 1] == "1"
    counted = "[0:0]settb=1001/30000[s0];[s0]setpts=N[s1];[s1]trim=end_frame=480[s2];[s2]scale"
    assert counted in shlex.join(head)
    rhythm = (
        "-enc_time_base:v 1001:30000 -fps_mode:v passthrough -g 60 -keyint_min 60 -threads:v 1"
        " -video_track_timescale 30000"
    )
    cap = capped(first.rungs[-1].bitrate_bps_max)
    assert outputs["240p.mp4"][1] == pairs(f"{FRAGMENTED} {X264} {rhythm} {cap}")
    head, _ = split(chunk_command(SOURCE, oblong, last))
    assert head[head.index("-ss") + 1] == "15.999317"  # between frames 479 and 480
    assert "-t" not in head
    assert "trim" not in shlex.join(head)


def test_a_late_picture_is_held_in_the_first_chunk_only() -> None:
    scan = scanned(750, begins=5)
    found = recording(replace(video(), profile="High 10"), seconds=30)
    first, last = chunk_plans(found, scan, short_side_max=1080)
    assert found.video is not None
    text = shlex.join(chunk_command(SOURCE, found.video, first))
    assert "[0:0]tpad=start=5:start_mode=clone[s0];[s0]settb=1/25" in text
    assert "tpad" not in shlex.join(chunk_command(SOURCE, found.video, last))


def test_of_too_many_frames_every_second_is_read() -> None:
    fast = video(rate=Fraction(120))
    text = shlex.join(chunk_command(SOURCE, fast, chunks(fast, 3000)[0]))
    assert "[0:0]framestep=2[s0];[s0]settb=1/60" in text
    assert "[0:0]fps=60/1[s0]" in shlex.join(whole_command(SOURCE, fast, RUNGS))


def test_a_copy_decodes_nothing_and_keeps_no_message() -> None:
    copied = chunks(video())[0]
    timescale = copied.rhythm.timescale
    argv = copy_command(SOURCE, video(), copied.rungs[0], timescale=timescale)
    head, outputs = split(argv)
    assert "-filter_complex" not in head
    options = "-bsf:v filter_units=remove_types=6 -c:v copy -video_track_timescale 10000"
    assert outputs == {"720p.mp4": ("0:0", pairs(f"{FRAGMENTED} {options}"))}


def test_rungs_beside_a_copy_share_its_key_frames_and_colours() -> None:
    standard = video(640, 480)
    _, first, _ = chunks(standard)
    argv = chunk_command(SOURCE, standard, first)
    text = shlex.join(argv)
    times = [float(Fraction(frame, 25)) for frame in first.key_frames if frame]
    forced = argv[argv.index("-force_key_frames") + 1]
    assert [float(time) for time in forced.split(",")] == times
    assert "in_color_matrix=smpte170m:in_range=tv:out_color_matrix=smpte170m" in text
    assert "-colorspace smpte170m" in text
    assert "-keyint_min 1 " in text


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        ({}, own_colours("bt709")),
        ({"coded_height": 576}, own_colours("smpte170m")),
        ({"colour": Colour(matrix="bt470bg")}, own_colours("bt470")),
        ({"colour": Colour(matrix="gbr", value_range="pc")}, own_colours("bt709", "pc")),
    ],
)
def test_colours_become_those_of_bt709(changes: Mapping[str, object], scale: str) -> None:
    stream = replace(video(), **changes)  # type: ignore[arg-type]
    assert f"scale=1280:720:{scale}[" in shlex.join(whole_command(SOURCE, stream, RUNGS))


@pytest.mark.parametrize(
    ("colour", "source", "is_mapped"),
    [
        (Colour("bt2020", "smpte2084", "bt2020nc"), "color_trc=smpte2084", True),
        (Colour("bt2020", "arib-std-b67", "bt2020nc"), "color_trc=arib-std-b67", True),
        (Colour(None, "smpte2084", None), "color_primaries=bt2020", True),
        (Colour(None, "smpte2084", "gbr"), "colorspace=bt2020nc", True),
        (Colour("bt2020", "smpte428", None), "color_trc=bt709", False),
        (Colour("bt2020", "bt2020-10", "bt2020nc"), "color_primaries=bt2020", False),
        (Colour("smpte432", "bt709", "bt709"), "color_primaries=smpte432", False),
    ],
)
def test_wide_colours_go_through_linear_light(
    colour: Colour, source: str, *, is_mapped: bool
) -> None:
    text = shlex.join(whole_command(SOURCE, replace(video(), colour=colour), RUNGS))
    assert "zscale=" in text
    assert source in text
    assert "w=1280" in text
    assert ("tonemap=hable:desat=0" in text) is is_mapped


def test_fields_are_made_whole_pictures_before_all_else() -> None:
    interlaced = replace(video(), field_order="tt")
    text = shlex.join(whole_command(SOURCE, interlaced, RUNGS))
    assert "[0:0]bwdif=deint=interlaced:mode=send_frame[s0]" in text


def test_the_first_frame_is_held_until_a_late_picture_begins() -> None:
    late = replace(video(), delay_seconds=1.5)
    held = "[0:0]setpts=PTS-STARTPTS[s0];[s0]tpad=start_duration=1.5:start_mode=clone[s1]"
    assert held in shlex.join(whole_command(SOURCE, late, RUNGS))


@pytest.mark.parametrize("delay_seconds", [301, 25 * 3600, 1e9])
def test_a_delay_that_would_take_hours_to_fill_is_left_out(delay_seconds: float) -> None:
    late = replace(video(), delay_seconds=delay_seconds)
    sound = replace(audio(), delay_seconds=delay_seconds)
    found = recording(late, sound)
    for argv in (
        whole_command(SOURCE, late, RUNGS),
        preview_command(SOURCE, found, RUNGS[1], seconds=8),
    ):
        graph = argv[argv.index("-filter_complex") + 1]
        assert "[0:0]setpts=PTS-STARTPTS" in graph
        assert "tpad" not in graph
    assert len(delay_notes(found)) == 2


def test_a_delay_that_is_filled_is_no_news() -> None:
    late = replace(video(), delay_seconds=DELAY_SECONDS_MAX)
    assert "tpad" in shlex.join(whole_command(SOURCE, late, RUNGS))
    assert delay_notes(recording(late)) == ()


def test_streams_are_named_by_their_index() -> None:
    assert "[0:3]setpts" in shlex.join(whole_command(SOURCE, video(index=3), RUNGS))


def test_the_preview_holds_picture_and_sound_of_the_first_seconds() -> None:
    head, outputs = split(preview_command(SOURCE, recording(video(), audio()), RUNGS[1], seconds=8))
    text = shlex.join(head)
    assert "-t 8 -i" in text
    assert "[0:1]" in text
    [(name, (_, options))] = outputs.items()
    assert name == "preview.mp4"
    assert {"-c:a": "aac", "-c:v": "libx264"}.items() <= dict(options).items()


def test_a_copied_preview_decodes_the_sound_only() -> None:
    found = recording(video(), audio())
    text = shlex.join(preview_command(SOURCE, found, RUNGS[0], seconds=8, is_copied=True))
    assert "-map 0:0 -map" in text
    assert "-c:v copy" in text


def test_a_preview_of_sound_alone_has_no_picture() -> None:
    text = shlex.join(preview_command(SOURCE, recording(audio()), None, seconds=8))
    assert "libx264" not in text
    assert "-frag_duration 500000" in text


def split(argv: list[str]) -> tuple[list[str], dict[str, tuple[str, list[tuple[str, str]]]]]:
    """Everything before the first output, then {output: (first mapped node, options by name)}."""
    start = argv.index("-map")
    outputs: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    rest = argv[start:]
    while rest:
        end = next(i for i, word in enumerate(rest) if word.endswith(".mp4"))
        options = pairs(shlex.join(rest[:end]))
        mapped = rest[1]
        outputs[rest[end]] = (mapped, [pair for pair in options if pair[0] != "-map"])
        rest = rest[end + 1 :]
    return argv[:start], outputs


def pairs(options: str) -> list[tuple[str, str]]:
    words = shlex.split(options)
    return sorted(zip(words[::2], words[1::2], strict=True))
