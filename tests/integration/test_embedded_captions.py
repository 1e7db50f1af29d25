"""Captions within recordings, made by the real ffmpeg, become transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import update

from portal.assets.models import Kind, Outcome, Step
from portal.db import tables
from portal.events.models import Event
from portal.runtime import Runtime
from portal.transcripts import service as transcripts
from portal.transcripts.models import Cue, Transcript, TranscriptOrigin, TranscriptStatus
from portal.visibility import INSTALLATION
from tests.cea608_media import Caption, make_captioned_clip, make_captioned_mpeg2, pop_on, roll_up
from tests.media import make_clip, run_ffmpeg, truncate
from tests.step_runs import Bench
from tests.stored_files import MP4, make_event, store
from workers.captions.embedded import subtitles
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level

pytestmark = pytest.mark.postgres

ENGLISH = """1
00:00:01,000 --> 00:00:02,500
<i>Good</i> morning

2
00:00:03,000 --> 00:00:04,000
ANNA: Thank you
"""
RUSSIAN = "1\n00:00:01,000 --> 00:00:02,500\nДоброе утро\n"
WEBVTT = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Анна Ярош>Добры <b>дзень</b>, сябры & госці\n"


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


@pytest.fixture
def bench(runtime: Runtime, tmp_path: Path) -> Bench:
    return Bench(runtime=runtime, sandbox=Sandbox(detect_level()), folder=tmp_path)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture without captions, as long as those of the tests."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    fast = ("-preset", "ultrafast")
    return make_clip(path, seconds=5, size="128x72", rate="5", sound=False, options=fast)


@pytest.fixture(scope="module")
def two_languages(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("languages") / "talk.mkv"
    return with_tracks(clip, path, ("srt", "eng", ENGLISH), ("srt", "rus", RUSSIAN))


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """{name: a recording with captions in its picture}, one of each container."""
    folder = tmp_path_factory.mktemp("captioned")
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3")
    options = {"talk.mp4": coded, "talk.ts": coded, "talk.mkv": ("-c:v", "copy")}
    sent = pop_on(CAPTIONS)
    made = {
        name: make_captioned_clip(folder / name, sent, options=how) for name, how in options.items()
    }
    return {**made, "talk.mpg": make_captioned_mpeg2(folder / "talk.mpg", sent)}


def recording(bench: Bench, event: Event, source: Path, *, kind: Kind = Kind.VIDEO) -> StepRun:
    """A run of the step on a recording that the database knows."""
    run = bench.run_of(source, Step.SUBTITLES, kind=kind)
    with bench.runtime.engine.begin() as connection:
        connection.execute(
            tables.assets.insert().values(
                id=run.asset.id, event_id=event.id, kind=kind, filename=source.name
            )
        )
    object.__setattr__(run.asset, "event_id", event.id)
    return run


def publish(run: StepRun, result: StepResult) -> Mapping[str, Transcript]:
    """{language: transcript} once the result is applied, as the runner does."""
    assert result.outcome is Outcome.DONE
    with run.runtime.engine.begin() as connection:
        if result.apply is not None:
            result.apply(connection)
        shown = transcripts.transcripts_of(connection, run.asset.id, viewer=INSTALLATION)
    return {transcript.language: transcript for transcript in shown}


def with_tracks(
    clip: Path, path: Path, *texts: tuple[str, str, str], codecs: tuple[str, ...] = ()
) -> Path:
    """The clip with a caption track of each (ending, language, text)."""
    inputs: list[str] = []
    options = ["-map", "0"]
    for number, (ending, language, text) in enumerate(texts):
        source = path.with_name(f"{path.stem}-{number}.{ending}")
        source.write_text(text)
        inputs += ["-i", str(source)]
        options += ["-map", str(number + 1), f"-metadata:s:s:{number}", f"language={language}"]
        options += [f"-c:s:{number}", codecs[number] if codecs else "copy"]
    run_ffmpeg("-i", str(clip), *inputs, *options, "-c:v", "copy", str(path))
    return path


def test_three_kinds_of_tracks_in_matroska(
    bench: Bench, event: Event, clip: Path, tmp_path: Path
) -> None:
    source = with_tracks(
        clip,
        tmp_path / "talk.mkv",
        ("srt", "eng", ENGLISH),
        ("vtt", "bel", WEBVTT),
        ("srt", "rus", RUSSIAN),
        codecs=("copy", "copy", "ass"),
    )
    run = recording(bench, event, source)
    result = subtitles(run)
    shown = publish(run, result)

    assert result.notes == ()
    assert {t.origin for t in shown.values()} == {TranscriptOrigin.EMBEDDED}
    assert {t.status for t in shown.values()} == {TranscriptStatus.SUPPLIED}
    assert shown["en"].cues == (
        Cue(1.0, 2.5, "Good morning", styled="<i>Good</i> morning"),
        Cue(3.0, 4.0, "Thank you", "ANNA"),
    )
    assert shown["be"].cues == (
        Cue(
            *(1.0, 2.5, "Добры дзень, сябры & госці", "Анна Ярош"),
            styled="Добры <b>дзень</b>, сябры &amp; госці",
        ),
    )
    assert shown["ru"].cues == (Cue(1.0, 2.5, "Доброе утро"),)


def test_two_languages_in_mp4(bench: Bench, event: Event, clip: Path, tmp_path: Path) -> None:
    source = with_tracks(
        clip,
        tmp_path / "talk.mp4",
        ("srt", "eng", ENGLISH),
        ("srt", "rus", RUSSIAN),
        codecs=("mov_text", "mov_text"),
    )
    run = recording(bench, event, source)
    shown = publish(run, subtitles(run))
    assert [cue.styled for cue in shown["en"].cues] == ["<i>Good</i> morning", None]
    assert shown["ru"].cues == (Cue(1.0, 2.5, "Доброе утро"),)


def test_ttml_in_mp4(bench: Bench, event: Event, clip: Path, tmp_path: Path) -> None:
    source = with_tracks(clip, tmp_path / "talk.mp4", ("srt", "eng", ENGLISH), codecs=("ttml",))
    run = recording(bench, event, source)
    result = subtitles(run)
    assert result.notes == ()
    first, second = publish(run, result)["en"].cues
    assert (first.start_seconds, first.end_seconds, first.text) == (1.0, 2.5, "Good morning")
    assert (second.speaker, second.text) == ("ANNA", "Thank you")


def test_webvtt_in_mp4(bench: Bench, event: Event, clip: Path, tmp_path: Path) -> None:
    """ffmpeg cannot write it, so the samples of another kind of text are written over."""
    words = "x" * 60
    text = f"1\n00:00:01,000 --> 00:00:02,500\n{words}\n"
    source = with_tracks(clip, tmp_path / "talk.mp4", ("srt", "rus", text), codecs=("mov_text",))
    payload = "<v Ярош>Доброе <i>утро</i>".encode().ljust(2 + len(words) - 16)
    sample = (2 + len(words)).to_bytes(4) + b"vttc" + (8 + len(payload)).to_bytes(4) + b"payl"
    original = len(words).to_bytes(2) + words.encode()
    assert source.read_bytes().count(original) == 1
    data = source.read_bytes().replace(original, sample + payload).replace(b"tx3g", b"wvtt")
    source.write_bytes(data)

    run = recording(bench, event, source)
    assert publish(run, subtitles(run))["ru"].cues == (
        Cue(1.0, 2.5, "Доброе утро", "Ярош", styled="Доброе <i>утро</i>"),
    )


def test_captions_of_a_sound_recording(bench: Bench, event: Event, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(RUSSIAN)
    sound = make_clip(tmp_path / "a.flac", picture=False)
    source = tmp_path / "b.mka"
    inputs = ("-i", str(sound), "-i", str(tmp_path / "a.srt"))
    run_ffmpeg(*inputs, "-map", "0", "-map", "1", "-c", "copy", str(source))
    run = recording(bench, event, source, kind=Kind.AUDIO)
    # The track names no language, so it is in the one of the event.
    assert publish(run, subtitles(run))["en"].cues == (Cue(1.0, 2.5, "Доброе утро"),)


CAPTIONS = (
    Caption(1.4, 2.2, "Good morning, ladies\nand gentlemen"),
    Caption(2.8, 3.6, "ANNA: Thank you"),
)
AS_CUES = (
    Cue(1.4, 2.2, "Good morning, ladies\nand gentlemen"),
    Cue(2.8, 3.6, "Thank you", "ANNA"),
)


@pytest.mark.parametrize("name", ["talk.mp4", "talk.ts", "talk.mkv", "talk.mpg"])
def test_captions_in_the_picture(
    bench: Bench, event: Event, captioned: Mapping[str, Path], name: str
) -> None:
    run = recording(bench, event, captioned[name])
    result = subtitles(run)
    assert result.notes == ()
    (transcript,) = publish(run, result).values()
    assert transcript.language == "en"
    assert [(cue.text, cue.speaker) for cue in transcript.cues] == [
        (cue.text, cue.speaker) for cue in AS_CUES
    ]
    for cue, wanted in zip(transcript.cues, AS_CUES, strict=True):
        assert cue.start_seconds == pytest.approx(wanted.start_seconds, abs=0.05)
        assert cue.end_seconds == pytest.approx(wanted.end_seconds, abs=0.05)


def test_lines_of_a_live_broadcast_are_told_once(
    bench: Bench, event: Event, tmp_path: Path
) -> None:
    sent = roll_up([(0.4, "the first line"), (1.6, "the second"), (2.8, "the third")])
    source = make_captioned_clip(tmp_path / "live.mp4", sent)
    run = recording(bench, event, source)
    (transcript,) = publish(run, subtitles(run)).values()
    assert [cue.text for cue in transcript.cues] == ["the first line", "the second", "the third"]
    starts = [cue.start_seconds for cue in transcript.cues]
    assert starts == pytest.approx([0.4, 1.6, 2.8], abs=0.3)


def test_a_track_outdoes_the_picture(
    bench: Bench, event: Event, captioned: Mapping[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "a.srt").write_text(RUSSIAN)
    source = tmp_path / "talk.mkv"
    inputs = ("-i", str(captioned["talk.mp4"]), "-i", str(tmp_path / "a.srt"))
    run_ffmpeg(*inputs, "-c", "copy", str(source))
    run = recording(bench, event, source)
    result = subtitles(run)
    assert result.notes == (
        "Captions in the picture are left out: captions in track 1 are in the same language.",
    )
    (transcript,) = publish(run, result).values()
    assert transcript.cues == (Cue(1.0, 2.5, "Доброе утро"),)


def test_of_two_tracks_in_one_language_the_fuller_is_taken(
    bench: Bench, event: Event, clip: Path, tmp_path: Path
) -> None:
    forced = "1\n00:00:01,000 --> 00:00:02,000\nA sign\n"
    texts = (("srt", "eng", ENGLISH), ("srt", "en", forced))
    run = recording(bench, event, with_tracks(clip, tmp_path / "talk.mkv", *texts))
    result = subtitles(run)
    assert result.notes == (
        "Captions in track 2 are left out: captions in track 1 are in the same language.",
    )
    assert [cue.text for cue in publish(run, result)["en"].cues] == ["Good morning", "Thank you"]


def test_a_track_that_cannot_be_read_is_noted_and_costs_no_other(
    bench: Bench, event: Event, clip: Path, tmp_path: Path
) -> None:
    texts = (("srt", "eng", ENGLISH), ("srt", "rus", RUSSIAN))
    source = with_tracks(clip, tmp_path / "talk.mp4", *texts, codecs=("ttml", "mov_text"))
    damaged = source.read_bytes().replace(b"</body>", b"</boby>")
    source.write_bytes(damaged)
    run = recording(bench, event, source)
    result = subtitles(run)
    (note,) = result.notes
    assert note.startswith("Captions in track 1 were left out: its XML is damaged in line ")
    assert list(publish(run, result)) == ["ru"]


def test_a_recording_without_captions(bench: Bench, event: Event, samples: Path) -> None:
    run = recording(bench, event, samples / "video/car-detection.mp4")
    result = subtitles(run)
    assert result.notes == ()
    assert publish(run, result) == {}


def test_an_empty_track_is_noted(bench: Bench, event: Event, clip: Path, tmp_path: Path) -> None:
    blank = "1\n00:00:01,000 --> 00:00:02,000\n<b></b>\n"
    source = with_tracks(
        clip, tmp_path / "talk.mkv", ("srt", "eng", blank), ("srt", "rus", RUSSIAN)
    )
    run = recording(bench, event, source)
    result = subtitles(run)
    assert result.notes == ("Captions in track 1 are empty.",)
    assert list(publish(run, result)) == ["ru"]


def test_captions_that_are_pictures_are_noted(
    bench: Bench, event: Event, tmp_path: Path, two_languages: Path
) -> None:
    head, sign, rest = two_languages.read_bytes().partition(b"S_TEXT/UTF8")
    source = tmp_path / "talk.mkv"
    source.write_bytes(head + b"S_HDMV/PGS".ljust(len(sign), b"\0") + rest)
    run = recording(bench, event, source)
    result = subtitles(run)
    assert result.notes == (
        "Captions in track 1 are of the kind hdmv_pgs_subtitle, which is not read.",
    )
    assert list(publish(run, result)) == ["ru"]


def test_what_a_person_edited_is_kept(bench: Bench, event: Event, two_languages: Path) -> None:
    run = recording(bench, event, two_languages)
    before = publish(run, subtitles(run))
    with bench.runtime.engine.begin() as connection:
        edited = tables.transcripts.c.id == before["en"].id
        connection.execute(update(tables.transcripts).where(edited).values(status="edited"))
        cue = tables.cues.c.transcript_id == before["en"].id
        connection.execute(update(tables.cues).where(cue).values(text="Corrected"))
    after = publish(run, subtitles(run))
    assert {cue.text for cue in after["en"].cues} == {"Corrected"}
    assert after["ru"].cues == before["ru"].cues


@pytest.mark.parametrize("name", ["talk.mp4", "talk.mkv", "talk.ts"])
def test_a_damaged_picture_with_captions_is_no_failure(
    bench: Bench, event: Event, captioned: Mapping[str, Path], tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    data = bytearray(captioned[name].read_bytes())
    for place in range(len(data) // 3, len(data) // 2, 97):
        data[place] ^= 0xFF
    source.write_bytes(data)
    run = recording(bench, event, source)
    publish(run, subtitles(run))


def test_a_recording_that_was_cut_off_keeps_what_is_there(
    bench: Bench, event: Event, captioned: Mapping[str, Path], tmp_path: Path
) -> None:
    source = tmp_path / "talk.ts"
    source.write_bytes(captioned["talk.ts"].read_bytes())
    run = recording(bench, event, truncate(source, ratio=0.7))
    (transcript,) = publish(run, subtitles(run)).values()
    assert transcript.cues[0].text == AS_CUES[0].text


@pytest.mark.parametrize("is_file_first", [True, False])
def test_a_caption_file_outdoes_what_is_embedded(
    bench: Bench, event: Event, two_languages: Path, is_file_first: bool
) -> None:
    run = recording(bench, event, two_languages)
    if not is_file_first:
        publish(run, subtitles(run))
    captions_id = store(
        bench.runtime, event, "talk.en.vtt", b"WEBVTT\n\n0:01 --> 0:02\nFrom a file\n"
    )
    with bench.runtime.engine.begin() as connection:
        transcripts.save_transcript(
            connection,
            captions_id,
            language="en",
            status=TranscriptStatus.SUPPLIED,
            cues=[Cue(1, 2, "From a file")],
        )
    shown = publish(run, subtitles(run))
    assert [cue.text for cue in shown["en"].cues] == ["From a file"]
    assert shown["ru"].origin is TranscriptOrigin.EMBEDDED


def test_an_older_recording_of_the_same_name_is_noted(
    bench: Bench, event: Event, tmp_path: Path
) -> None:
    store(bench.runtime, event, "Talk.mp4", MP4)
    run = recording(bench, event, make_clip(tmp_path / "talk.mkv", seconds=1))
    assert subtitles(run).notes == (
        "Captions named like this recording are shown with Talk.mp4, which came first.",
    )
