"""The step "captions": caption files become transcripts in the right language."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from portal.assets.models import Asset, Kind, Original, Outcome, Step
from portal.db import tables
from portal.errors import LimitExceeded, MediaRefused
from portal.events import service as events
from portal.ids import new_id
from portal.people import service as people
from portal.runtime import Runtime
from portal.storage import keys
from portal.transcripts import service as transcripts
from portal.transcripts.models import Transcript, TranscriptStatus
from portal.visibility import INSTALLATION
from workers.captions.step import captions
from workers.run import StepResult, StepRun
from workers.sandbox import Sandbox, detect_level

pytestmark = pytest.mark.postgres

ONE_SECOND = {"probe_seconds_max": 1}
SRT = "1\n00:00:01,000 --> 00:00:02,000\nПриветствую вас, дамы и господа\n"


def take(runtime: Runtime, path: Path, *, language: str | None = None) -> StepRun:
    """An asset of a caption file in an event whose default language is Belarusian."""
    asset_id = new_id()
    with runtime.engine.begin() as connection:
        event = events.ensure_event(connection, "scrum")
        connection.execute(update(tables.events).values(default_language="be"))
        connection.execute(
            insert(tables.assets).values(
                id=asset_id,
                event_id=event.id,
                kind=Kind.CAPTIONS,
                filename=path.name,
                language=language,
            )
        )
    key = keys.original(asset_id)
    stored = runtime.store.put_file(key, path, media_type="application/x-subrip")
    asset = Asset(
        id=asset_id,
        event_id=event.id,
        kind=Kind.CAPTIONS,
        filename=path.name,
        title={},
        caption={},
        language=language,
        programme_item_id=None,
        captured_at=None,
        duration_seconds=None,
        width=None,
        height=None,
        created_at=datetime.now(UTC),
        original=Original(key, stored.size_bytes, "application/x-subrip", None, None),
    )
    scratch = runtime.settings.data_path / f"scratch-{asset_id}"
    scratch.mkdir()
    return StepRun(
        runtime=runtime,
        sandbox=Sandbox(detect_level()),
        asset=asset,
        step=Step.CAPTIONS,
        attempt=1,
        scratch=scratch,
        stop=threading.Event(),
        report_progress=lambda _: None,
        publish_early=lambda _: None,
        check_room=lambda: None,
    )


def published(run: StepRun, result: StepResult) -> Transcript:
    assert result.apply is not None
    with run.runtime.engine.begin() as connection:
        result.apply(connection)
        (transcript,) = transcripts.transcripts_of(connection, run.asset.id, viewer=INSTALLATION)
    return transcript


def test_the_captions_of_mediaelement(runtime: Runtime, samples: Path) -> None:
    run = take(runtime, samples / "video/mediaelement.srt")
    result = captions(run)
    assert (result.outcome, result.notes, result.renditions) == (Outcome.DONE, (), ())
    transcript = published(run, result)
    assert len(transcript.cues) == 15
    assert transcript.status is TranscriptStatus.SUPPLIED
    assert next(c for c in transcript.cues if "browser vendors" in c.text).start_seconds == 4


@pytest.mark.parametrize(
    ("filename", "said", "language"),
    [("a.ru.srt", None, "ru"), ("a.ru.srt", "en", "en"), ("a.srt", None, "be")],
)
def test_the_language_is_what_was_said_else_the_name_else_the_event(
    runtime: Runtime, tmp_path: Path, filename: str, said: str | None, language: str
) -> None:
    (tmp_path / filename).write_text(SRT)
    run = take(runtime, tmp_path / filename, language=said)
    assert published(run, captions(run)).language == language


def test_windows_1251_is_read_and_noted(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "a.ru.srt").write_bytes(SRT.encode("cp1251"))
    run = take(runtime, tmp_path / "a.ru.srt")
    result = captions(run)
    assert result.notes == ("The text is not in UTF-8; it was read as windows-1251.",)
    assert published(run, result).cues[0].text == "Приветствую вас, дамы и господа"


def test_a_suffix_that_is_no_language_is_noted(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "cut.xx.srt").write_text(SRT)
    run = take(runtime, tmp_path / "cut.xx.srt")
    assert captions(run).notes == ()
    recording = {"id": new_id(), "kind": Kind.VIDEO, "filename": "cut.mp4"}
    with runtime.engine.begin() as connection:
        connection.execute(insert(tables.assets).values(event_id=run.asset.event_id, **recording))
    assert captions(run).notes == (
        "“xx” in its name is no language that is known, so it stands alone.",
    )


def test_two_recordings_of_one_name_are_noted(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "scrum.en.srt").write_text(SRT)
    run = take(runtime, tmp_path / "scrum.en.srt")
    with runtime.engine.begin() as connection:
        for ending in ("mp4", "mov"):
            recording = {"id": new_id(), "kind": Kind.VIDEO, "filename": f"Scrum.{ending}"}
            row = {"event_id": run.asset.event_id, "created_at": text("clock_timestamp()")}
            connection.execute(insert(tables.assets).values(**row, **recording))
    assert captions(run).notes == (
        "It is shown with Scrum.mp4; Scrum.mov, named alike, came later.",
    )


TTML = """<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="ru"><body>
<p begin="1s" end="2s">Доброе утро</p></body></tt>"""


@pytest.mark.parametrize(
    ("filename", "language", "notes"),
    [
        (
            "talk.ttml",
            "ru",
            ("Its language, ru, is what the file says of itself; its name has none.",),
        ),
        ("talk.en.ttml", "en", ()),
    ],
)
def test_a_file_without_a_language_in_its_name_may_say_it(
    runtime: Runtime, tmp_path: Path, filename: str, language: str, notes: tuple[str, ...]
) -> None:
    (tmp_path / filename).write_text(TTML)
    run = take(runtime, tmp_path / filename)
    result = captions(run)
    assert result.notes == notes
    assert published(run, result).language == language


def test_people_of_the_event_are_known_as_speakers(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("00:01 --> 00:02\nЯрош: Так\nNote: no name\n")
    run = take(runtime, tmp_path / "a.srt")
    with runtime.engine.begin() as connection:
        person = people.ensure_person(connection, "Gerhard Jarosch", variants=["Ярош"])
        events.add_person(connection, run.asset.event_id, person.id)
    (cue,) = published(run, captions(run)).cues
    assert (cue.speaker, cue.text) == ("Ярош", "Так\nNote: no name")


def test_a_second_run_replaces_the_first(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "a.ru.srt").write_text(SRT)
    run = take(runtime, tmp_path / "a.ru.srt")
    first, second = (published(run, captions(run)) for _ in range(2))
    assert first.cues == second.cues


def test_a_file_that_takes_too_long_ends_its_reader(runtime: Runtime, tmp_path: Path) -> None:
    paragraph = '<p begin="1.5s" end="2.5s">a<br/>b</p>'
    (tmp_path / "a.ttml").write_text(f"<tt><body>{paragraph * 99_000}</body></tt>")
    run = take(runtime, tmp_path / "a.ttml")
    hurried = replace(runtime, settings=runtime.settings.model_copy(update=ONE_SECOND))
    with pytest.raises(LimitExceeded, match=r"^a\.ttml takes more time or memory to read than "):
        captions(replace(run, runtime=hurried))


def test_what_holds_no_captions_is_refused_with_its_name(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("Dear editor,")
    with pytest.raises(MediaRefused, match=r"^a\.srt holds no captions: "):
        captions(take(runtime, tmp_path / "a.srt"))
    (tmp_path / "b.srt").write_bytes(bytes(11 * 1024**2))
    with pytest.raises(MediaRefused, match=r"^b\.srt is larger than 10 MB"):
        captions(take(runtime, tmp_path / "b.srt"))
