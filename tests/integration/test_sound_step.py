"""The step "sound" with real ffmpeg: every track, at the right time, and what is measured of it."""

from __future__ import annotations

import json
import math
import re
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from portal.assets import service as assets
from portal.assets.models import Kind, Outcome, Rendition, RenditionKind, Step
from portal.errors import Interrupted, MediaRefused, ToolFailed
from portal.recordings import service as recordings
from portal.runtime import Runtime
from tests.media import ffprobe, make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench, decode_all
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level
from workers.sound.step import sound

pytestmark = pytest.mark.media


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime, Sandbox(detect_level()), tmp_path)


def made_of(bench: Bench, source: Path, *, kind: Kind = Kind.VIDEO) -> StepResult:
    return sound(bench.run_of(source, Step.SOUND, kind=kind))


def tracks(result: StepResult) -> list[Rendition]:
    return [made for made in result.renditions if made.kind is RenditionKind.AUDIO]


def seconds(rendition: Rendition) -> float:
    return sum(rendition.segment_seconds or ())


def tone(path: Path, *expressions: str, seconds: float = 2, options: tuple[str, ...] = ()) -> Path:
    """A WAV with one channel for each expression of the time `t`."""
    source = f"aevalsrc=exprs='{'|'.join(expressions)}':s=48000:d={seconds}"
    run_ffmpeg("-f", "lavfi", "-i", source, "-c:a", "pcm_f32le", *options, str(path))
    return path


def heard(bench: Bench, rendition: Rendition) -> tuple[list[float], list[float]]:
    """The samples of both sides from time 0 on, as a player gives them out."""
    playlist = bench.download([rendition]).parent / rendition.name / "index.m3u8"
    by_time = ("-af", "aresample=async=1:first_pts=0", "-f", "f32le", "-ac", "2", "-")
    command = ["ffmpeg", "-v", "error", "-copyts", "-i", str(playlist), *by_time]
    data = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    samples = struct.unpack(f"<{len(data) // 4}f", data)
    return list(samples[::2]), list(samples[1::2])


def level_db(samples: list[float]) -> float:
    """The power of what is heard; -inf for silence."""
    power = sum(sample * sample for sample in samples) / max(1, len(samples))
    return 10 * math.log10(power) if power > 1e-9 else -math.inf


def test_every_track_is_offered_with_its_language_and_title(bench: Bench, tmp_path: Path) -> None:
    picture = make_clip(tmp_path / "picture.mp4", seconds=9, sound=False)
    low, high = (f"sine=frequency={hertz}:duration=9" for hertz in (300, 900))
    source = tmp_path / "clip.mkv"
    run_ffmpeg(
        *("-i", str(picture), "-f", "lavfi", "-i", low, "-f", "lavfi", "-i", high),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "flac"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:0", "title=interpretation"),
        *("-metadata:s:a:1", "language=rus", "-metadata:s:a:1", "title= floor\n "),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", str(source)),
    )
    result = made_of(bench, source)
    assert result.outcome is Outcome.DONE
    assert [(t.name, t.language, t.label) for t in tracks(result)] == [
        ("sound-1", "rus", "floor"),
        ("sound-2", "eng", "interpretation"),
    ]
    for track in tracks(result):
        assert track.codecs == "mp4a.40.2"
        assert seconds(track) == pytest.approx(9, abs=0.03)
        assert list(track.segment_seconds or ()) == pytest.approx([4, 4, 1], abs=0.55)
        decode_all(bench.download([track]))
    assert _pitch_hertz(heard(bench, tracks(result)[0])[0]) == pytest.approx(900, abs=5)
    assert _pitch_hertz(heard(bench, tracks(result)[1])[0]) == pytest.approx(300, abs=5)


def test_what_a_player_hears_begins_when_it_should(bench: Bench, tmp_path: Path) -> None:
    """The encoder's first samples are left out, and a late start is silence."""
    beep = "if(between(t,0.5,0.6),0.8*sin(2*PI*1000*t),0)"
    tone(tmp_path / "beep.wav", beep, beep, seconds=2)
    picture = make_clip(tmp_path / "picture.mp4", seconds=4, sound=False)
    source = tmp_path / "clip.mov"
    late = ("-itsoffset", "1.25", "-i", str(tmp_path / "beep.wav"))
    run_ffmpeg("-i", str(picture), *late, "-c:v", "copy", "-c:a", "pcm_s16le", str(source))
    [track] = tracks(made_of(bench, source))
    left, right = heard(bench, track)
    for samples in (left, right):
        begins = next(place for place, sample in enumerate(samples) if abs(sample) > 0.2)
        assert begins / 48_000 == pytest.approx(1.75, abs=0.003)
    start = ffprobe(bench.download([track]).parent / "sound-1" / "index.m3u8", "stream=start_time")
    assert float(start[0]) == pytest.approx(-1024 / 48_000, abs=1e-5)


def test_a_gap_is_filled(bench: Bench, tmp_path: Path) -> None:
    steady = "0.5*sin(2*PI*440*t)"
    tone(tmp_path / "steady.wav", steady, seconds=6)
    source = tmp_path / "clip.mka"
    drop = "aselect='not(between(t,2,4))'"
    run_ffmpeg("-i", str(tmp_path / "steady.wav"), "-af", drop, "-c:a", "flac", str(source))
    [track] = tracks(made_of(bench, source, kind=Kind.AUDIO))
    left, _ = heard(bench, track)
    assert seconds(track) == pytest.approx(6, abs=0.05)
    assert level_db(left[int(2.2 * 48_000) : int(3.8 * 48_000)]) == -math.inf
    assert level_db(left[int(4.5 * 48_000) : int(5.5 * 48_000)]) > -13


SINE = "0.5*sin(2*PI*997*t)"
SINE_DB = 20 * math.log10(0.5) - 3.01


def test_one_channel_is_heard_on_both_sides(bench: Bench, tmp_path: Path) -> None:
    [track] = tracks(made_of(bench, tone(tmp_path / "mono.wav", SINE), kind=Kind.AUDIO))
    left, right = heard(bench, track)
    assert level_db(left) == pytest.approx(SINE_DB - 3, abs=0.3)  # as loud as one loudspeaker
    assert level_db(right) == pytest.approx(level_db(left), abs=0.1)


def test_what_is_on_the_left_stays_on_the_left(bench: Bench, tmp_path: Path) -> None:
    [track] = tracks(made_of(bench, tone(tmp_path / "left.wav", SINE, "0"), kind=Kind.AUDIO))
    left, right = heard(bench, track)
    assert level_db(left) == pytest.approx(SINE_DB, abs=0.3)
    assert level_db(right) == -math.inf


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize(
    ("channel", "left", "right"),
    [
        (0, SINE_DB, -math.inf),
        (2, SINE_DB - 3, SINE_DB - 3),  # the middle
        (3, -math.inf, -math.inf),  # the lowest tones are for a loudspeaker of their own
        (4, SINE_DB - 3, -math.inf),
    ],
)
def test_surround_is_mixed_without_loss_of_level(
    bench: Bench, *, tmp_path: Path, codec: str, channel: int, left: float, right: float
) -> None:
    channels = [SINE if number == channel else "0" for number in range(6)]
    source = f"aevalsrc=exprs='{'|'.join(channels)}':c=5.1:s=48000:d=2"
    path = tmp_path / "surround.wav"
    run_ffmpeg("-f", "lavfi", "-i", source, "-c:a", codec, str(path))
    [track] = tracks(made_of(bench, path, kind=Kind.AUDIO))
    found = heard(bench, track)
    assert level_db(found[0]) == pytest.approx(left, abs=0.4)
    assert level_db(found[1]) == pytest.approx(right, abs=0.4)


def test_loud_surround_is_held_below_full_scale_and_in_time(bench: Bench, tmp_path: Path) -> None:
    loud = "if(gte(t,0.5),0.95*sin(2*PI*500*t),0)"
    path = tmp_path / "surround.wav"
    source = f"aevalsrc=exprs='{'|'.join([loud] * 6)}':c=5.1:s=48000:d=2"
    run_ffmpeg("-f", "lavfi", "-i", source, "-c:a", "pcm_f32le", str(path))
    [track] = tracks(made_of(bench, path, kind=Kind.AUDIO))
    left, _ = heard(bench, track)
    assert max(map(abs, left[30_000:])) <= 1.0
    begins = next(place for place, sample in enumerate(left) if abs(sample) > 0.2)
    assert begins / 48_000 == pytest.approx(0.5, abs=0.004)


@pytest.mark.parametrize("channels", [3, 4, 7, 8, 12])
def test_any_number_of_channels_becomes_stereo(bench: Bench, tmp_path: Path, channels: int) -> None:
    path = tone(tmp_path / "many.wav", *["0.1*sin(2*PI*440*t)"] * channels)
    [track] = tracks(made_of(bench, path, kind=Kind.AUDIO))
    left, right = heard(bench, track)
    assert min(level_db(left), level_db(right)) > -30


@pytest.mark.parametrize(
    ("levels_db", "range_lu"),
    [((-23,), 0), ((-36, -23, -23, -36), 13)],
    ids=["one level", "pauses that do not count"],
)
def test_the_loudness_of_a_known_tone(
    bench: Bench,
    *,
    tmp_path: Path,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
    levels_db: Sequence[int],
    range_lu: float,
) -> None:
    """EBU Tech 3341, cases 1 and 3, shorter: a stereo sine of 1000 Hz, 10 s at each level."""
    steps = "".join(f"if(lt(t,{10 * n}),{10 ** (db / 20)}," for n, db in enumerate(levels_db, 1))
    sine = f"{steps}0{')' * len(levels_db)}*sin(2*PI*1000*t)"
    source = tone(tmp_path / "tone.wav", sine, sine, seconds=10 * len(levels_db))
    measured = _recorded_loudness(bench, source, connection, monkeypatch)
    assert measured["loudness_lufs"] == pytest.approx(-23, abs=0.101)  # told in tenths
    assert measured["loudness_range_lu"] == pytest.approx(range_lu, abs=1)
    assert measured["true_peak_dbtp"] == pytest.approx(-23, abs=0.5)


def test_silence_has_no_loudness_and_a_flat_waveform(
    bench: Bench, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tone(tmp_path / "silence.wav", "0", seconds=3)
    measured = _recorded_loudness(bench, source, connection, monkeypatch)
    assert measured == dict.fromkeys(("loudness_lufs", "loudness_range_lu", "true_peak_dbtp"), None)
    assert set(_waveform(bench, made_of(bench, source, kind=Kind.AUDIO))) == {0}


def test_the_waveform_is_as_tall_as_the_sound_is_loud(bench: Bench, tmp_path: Path) -> None:
    rising = "if(lt(t,1),0,if(lt(t,2),0.25,0.5))*sin(2*PI*997*t)"
    result = made_of(bench, tone(tmp_path / "tone.wav", rising, "0", seconds=3), kind=Kind.AUDIO)
    peaks = _waveform(bench, result)
    assert len(peaks) == 30
    assert set(peaks[:10]) == {0}
    assert peaks[11:20] == [pytest.approx(64, abs=1)] * 9
    assert peaks[21:30] == [pytest.approx(128, abs=1)] * 9
    kinds = {made.name: (made.kind, made.media_type) for made in result.renditions}
    assert kinds["waveform.json"] == (RenditionKind.FILE, "application/json")
    assert kinds["waveform.png"] == (RenditionKind.IMAGE, "image/png")


def test_the_waveform_of_a_recording_is_the_same_every_time(bench: Bench, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.mp4", seconds=2)
    digests = [
        {made.name: made.sha256 for made in made_of(bench, source).renditions} for _ in range(2)
    ]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {"sound-1", "waveform.json", "waveform.png"}


def test_a_recording_without_sound_is_given_none(bench: Bench, tmp_path: Path) -> None:
    result = made_of(bench, make_clip(tmp_path / "clip.mp4", seconds=1, sound=False))
    assert result == StepResult()


@pytest.mark.parametrize("name", ["clip.wav", "clip.mp3", "clip.m4a", "clip.flac", "clip.ogg"])
def test_recordings_of_sound_alone(bench: Bench, tmp_path: Path, name: str) -> None:
    result = made_of(bench, make_clip(tmp_path / name, seconds=5, picture=False), kind=Kind.AUDIO)
    assert result.outcome is Outcome.DONE
    [track] = tracks(result)
    assert seconds(track) == pytest.approx(5, abs=0.1)
    decode_all(bench.download([track]))


def test_a_cover_is_no_picture(bench: Bench, tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "color=red:s=200x200", "-frames:v", "1", f"{tmp_path}/c.png")
    make_clip(tmp_path / "plain.mp3", seconds=3, picture=False)
    source = tmp_path / "clip.mp3"
    cover = ("-i", str(tmp_path / "c.png"), "-map", "0", "-map", "1", "-c", "copy")
    run_ffmpeg("-i", str(tmp_path / "plain.mp3"), *cover, "-id3v2_version", "3", str(source))
    [track] = tracks(made_of(bench, source, kind=Kind.AUDIO))
    assert seconds(track) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", ["clip.wav", "clip.mp3", "clip.flac"])
def test_sound_that_was_cut_off_is_partial(bench: Bench, tmp_path: Path, name: str) -> None:
    whole = make_clip(tmp_path / name, seconds=20, picture=False)
    result = made_of(bench, truncate(whole, ratio=0.4), kind=Kind.AUDIO)
    assert result.outcome is Outcome.PARTIAL
    assert re.fullmatch(r"ends after 00:0[678] of 00:20", result.detail or "")


def test_sound_of_a_recording_that_was_cut_off_is_partial(bench: Bench, tmp_path: Path) -> None:
    fast_start = ("-movflags", "+faststart", "-g", "25")
    source = truncate(make_clip(tmp_path / "clip.mp4", seconds=12, options=fast_start), ratio=0.5)
    result = made_of(bench, source)
    assert result.outcome is Outcome.PARTIAL
    assert result.detail is not None
    assert result.detail.startswith("its sound ends after 00:0")
    assert result.detail.endswith(" of 00:12")
    decode_all(bench.download(tracks(result)))


def test_sound_that_is_shorter_than_the_picture_is_whole(bench: Bench, tmp_path: Path) -> None:
    picture = make_clip(tmp_path / "picture.mp4", seconds=9, sound=False)
    voice = make_clip(tmp_path / "voice.m4a", seconds=3, picture=False)
    run_ffmpeg("-i", str(picture), "-i", str(voice), "-c", "copy", str(tmp_path / "clip.mp4"))
    result = made_of(bench, tmp_path / "clip.mp4")
    assert (result.outcome, result.detail) == (Outcome.DONE, None)
    assert seconds(tracks(result)[0]) == pytest.approx(3, abs=0.1)


def test_a_track_that_cannot_be_decoded_costs_no_other(bench: Bench, tmp_path: Path) -> None:
    good = make_clip(tmp_path / "good.m4a", seconds=3, picture=False)
    source = tmp_path / "clip.mp4"
    run_ffmpeg(
        "-i", str(good), "-i", str(good), "-map", "0", "-map", "1", "-c", "copy", str(source)
    )
    _destroy_track(source, number=2)
    result = made_of(bench, source, kind=Kind.AUDIO)
    assert [track.name for track in tracks(result)] == ["sound-1"]
    assert result.notes == ("Sound track 2 (aac) holds nothing that can be decoded.",)


def test_nothing_that_can_be_decoded_is_said(bench: Bench, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.m4a", seconds=3, picture=False)
    _destroy_track(source, number=1)
    with pytest.raises(MediaRefused, match=r"clip\.m4a"):
        made_of(bench, source, kind=Kind.AUDIO)


def test_a_picture_keeps_what_plays_when_its_sound_is_rubbish(bench: Bench, tmp_path: Path) -> None:
    """ffmpeg cannot even say how many channels it has, and gives up."""
    source = make_clip(tmp_path / "clip.ts", seconds=3, options=("-c:a", "mp2"))
    _empty_packets(source, pid=0x101)
    result = made_of(bench, source)
    assert (result.outcome, result.detail) == (Outcome.PARTIAL, "its sound cannot be decoded")
    assert result.renditions == ()
    assert [note.split(" (")[0] for note in result.notes] == ["Sound track 1"]


@pytest.mark.parametrize(("track_count", "expected_runs"), [(1, 1), (2, 2)])
def test_what_fails_is_not_run_again_for_nothing(
    bench: Bench, *, tmp_path: Path, track_count: int, expected_runs: int
) -> None:
    """All tracks together, then the first of them alone; a single one only once."""
    voice = make_clip(tmp_path / "voice.m4a", seconds=1, picture=False)
    source = tmp_path / "clip.mp4"
    run_ffmpeg("-i", str(voice), *["-map", "0"] * track_count, "-c", "copy", str(source))
    run = _run_with_ffmpeg(bench, source, script="echo >> runs; exit 1", folder=tmp_path)
    with pytest.raises(ToolFailed):
        sound(run)
    assert len((run.scratch / "runs").read_text().splitlines()) == expected_runs


def test_no_more_tracks_than_a_press_conference_has(bench: Bench, tmp_path: Path) -> None:
    voice = make_clip(tmp_path / "voice.m4a", seconds=1, picture=False)
    source = tmp_path / "clip.mp4"
    run_ffmpeg("-i", str(voice), *["-map", "0"] * 20, "-c", "copy", str(source))
    result = made_of(bench, source, kind=Kind.AUDIO)
    assert len(tracks(result)) == 16
    assert result.notes == ("It has 20 sound tracks; the first 16 are offered.",)


def test_a_sound_without_a_stated_duration_is_measured(
    bench: Bench, tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    monkeypatch.setattr(recordings, "record_loudness", lambda *_, **__: None)
    monkeypatch.setattr(assets, "record_duration", lambda *subject: found.append(subject[-1]))
    bare = ("-q:a", "4", "-write_xing", "0")
    source = make_clip(tmp_path / "clip.mp3", seconds=7, picture=False, options=bare)
    result = made_of(bench, source, kind=Kind.AUDIO)
    assert result.apply is not None
    result.apply(connection)
    assert found == [pytest.approx(7, abs=0.1)]


def test_nothing_of_the_makers_metadata_is_kept(bench: Bench, tmp_path: Path) -> None:
    tags = ("-metadata", "title=SECRET", "-metadata", "location=+53.9+27.5/")
    source = make_clip(tmp_path / "clip.mp4", seconds=2, options=tags)
    assert b"SECRET" in source.read_bytes()
    for made in made_of(bench, source).renditions:
        for info in bench.runtime.store.list(made.key):
            stored = bench.runtime.store.read(info.key)
            assert b"SECRET" not in stored
            assert b"+53.9" not in stored
            assert b"Lavf" not in stored


def test_a_stop_ends_it(bench: Bench, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "clip.wav", seconds=60, picture=False)
    run = bench.run_of(source, Step.SOUND, kind=Kind.AUDIO)
    stopping = replace(run, report_progress=lambda _fraction: bench.stop.set())
    with pytest.raises(Interrupted):
        sound(stopping)


@pytest.mark.parametrize("left", ["mkfifo peaks.txt", "ln -s /etc/passwd peaks.txt", "true"])
def test_what_a_captured_decoder_leaves_is_not_followed(
    bench: Bench, tmp_path: Path, left: str
) -> None:
    source = make_clip(tmp_path / "clip.wav", seconds=1, picture=False)
    script = f'ffmpeg "$@" || exit 1\nrm peaks.txt\n{left}'
    with pytest.raises(ToolFailed, match=r"peaks\.txt"):
        sound(_run_with_ffmpeg(bench, source, script=script, folder=tmp_path))


def test_progress_rises(bench: Bench, tmp_path: Path) -> None:
    made_of(bench, make_clip(tmp_path / "clip.wav", seconds=40, picture=False), kind=Kind.AUDIO)
    assert bench.seen.progress
    assert all(earlier <= later for earlier, later in pairwise(bench.seen.progress))


def _run_with_ffmpeg(bench: Bench, source: Path, *, script: str, folder: Path) -> StepRun:
    """A run whose ffmpeg is the shell script."""
    ffmpeg = folder / "ffmpeg"
    ffmpeg.write_text(f"#!/bin/sh\n{script}\n")
    ffmpeg.chmod(0o755)
    run = bench.run_of(source, Step.SOUND)
    settings = run.runtime.settings.model_copy(update={"ffmpeg_path": str(ffmpeg)})
    return replace(run, runtime=replace(run.runtime, settings=settings))


def _recorded_loudness(
    bench: Bench, source: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> dict[str, object]:
    recorded: dict[str, object] = {}
    monkeypatch.setattr(
        recordings, "record_loudness", lambda *_subject, **found: recorded.update(found)
    )
    result = made_of(bench, source, kind=Kind.AUDIO)
    assert recorded == {}  # nothing is written before the runner publishes the result
    assert result.apply is not None
    result.apply(connection)
    return recorded


def _waveform(bench: Bench, result: StepResult) -> list[int]:
    made = next(r for r in result.renditions if r.name == "waveform.json")
    read = json.loads(bench.runtime.store.read(made.key))
    assert (read["version"], read["seconds_per_point"]) == (1, 0.1)
    peaks: list[int] = read["peaks"]
    return peaks


def _pitch_hertz(samples: list[float]) -> float:
    rises = sum(earlier < 0 <= later for earlier, later in pairwise(samples))
    return rises * 48_000 / len(samples)


def _destroy_track(path: Path, *, number: int) -> None:
    """Overwrite every packet of one track with what is no sound."""
    packets = ffprobe(path, "packet=pos,size", "-select_streams", f"a:{number - 1}")
    with path.open("r+b") as stream:
        for size, position in (row.split(",")[:2] for row in packets):
            stream.seek(int(position))
            stream.write(b"\xff" * int(size))


def _empty_packets(path: Path, *, pid: int) -> None:
    """Overwrite what an MPEG transport stream carries of one track, not the heads around it."""
    data = bytearray(path.read_bytes())
    for start in range(0, len(data), 188):
        is_wanted = int.from_bytes(data[start + 1 : start + 3]) & 0x1FFF == pid
        has_head = bool(data[start + 1] & 0x40)  # the first packet of a frame
        if is_wanted and not data[start + 3] & 0x20:
            data[start + (18 if has_head else 4) : start + 188] = bytes(170 if has_head else 184)
        elif is_wanted:
            after = start + 5 + data[start + 4] + (14 if has_head else 0)
            data[after : start + 188] = bytes(max(0, start + 188 - after))
    path.write_bytes(data)
