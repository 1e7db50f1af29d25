"""Transcripts on a real database: replacing them, and showing them where they belong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from sqlalchemy import Engine

from portal.assets import service as assets_service
from portal.events import service as events_service
from portal.events.models import Event
from portal.jobs import Task
from portal.runtime import Runtime
from portal.transcripts import service
from portal.transcripts.models import Cue, TranscriptStatus
from portal.visibility import INSTALLATION, PUBLIC, Viewer
from tests.stored_files import CAPTIONS, FLAC, forget_jobs, make_event, queued_jobs, store
from tests.transactions import wait_until_blocked

pytestmark = pytest.mark.postgres

CUES = (
    Cue(0.1, 4.0, "HTML5 was supposed to be awesome."),
    Cue(4.0, 7.0, "But browser vendors\ncouldn't agree.", speaker="Anna"),
)


@pytest.fixture
def event(runtime: Runtime) -> Event:
    return make_event(runtime)


def captions(runtime: Runtime, event: Event, filename: str, *, language: str = "en") -> str:
    """Store a caption file and save its transcript, as its step does."""
    asset_id = store(runtime, event, filename, CAPTIONS + filename.encode())
    save(runtime, asset_id, language=language)
    return asset_id


def save(
    runtime: Runtime, asset_id: str, *, language: str = "en", cues: tuple[Cue, ...] = CUES
) -> None:
    with runtime.engine.begin() as connection:
        service.save_transcript(
            connection, asset_id, language=language, status=TranscriptStatus.SUPPLIED, cues=cues
        )


def recording(runtime: Runtime, event: Event, filename: str) -> str:
    """Store a recording and pair, as the runner does when its probe has ended."""
    asset_id = store(runtime, event, filename, FLAC + filename.encode())
    pair(runtime.engine, event.id)
    return asset_id


def pair(engine: Engine, event_id: str) -> None:
    with engine.begin() as connection:
        service.pair_transcripts(connection, event_id)


def shown_on(runtime: Runtime, asset_id: str) -> list[tuple[str, str]]:
    """(source asset, language) of each transcript shown on an asset."""
    with runtime.engine.connect() as connection:
        shown = service.transcripts_of(connection, asset_id, viewer=INSTALLATION, with_cues=False)
    return [(transcript.source_asset_id, transcript.language) for transcript in shown]


def home_of(runtime: Runtime, captions_id: str) -> str:
    """Where the transcript of a caption file is shown, as its own page says."""
    with runtime.engine.connect() as connection:
        (transcript,) = service.transcripts_of(
            connection, captions_id, viewer=INSTALLATION, with_cues=False
        )
    return transcript.asset_id


def event_jobs(runtime: Runtime) -> list[Task]:
    with runtime.engine.begin() as connection:
        found = [job.task for job in queued_jobs(connection)]
        forget_jobs(connection)
    return [task for task in found if task is Task.INDEX_EVENT]


def test_cues_come_back_as_they_were(runtime: Runtime, event: Event) -> None:
    asset_id = captions(runtime, event, "talk.en.vtt")
    with runtime.engine.connect() as connection:
        (transcript,) = service.transcripts_of(connection, asset_id, viewer=INSTALLATION)
        (bare,) = service.transcripts_of(connection, asset_id, viewer=INSTALLATION, with_cues=False)

    assert transcript.cues == CUES
    assert (transcript.language, transcript.status) == ("en", TranscriptStatus.SUPPLIED)
    assert (bare.id, bare.cues) == (transcript.id, ())


def test_saving_again_replaces_cues_and_language(runtime: Runtime, event: Event) -> None:
    asset_id = captions(runtime, event, "talk.vtt")
    save(runtime, asset_id, language="ru", cues=CUES[1:])
    with runtime.engine.connect() as connection:
        (transcript,) = service.transcripts_of(connection, asset_id, viewer=INSTALLATION)
    assert (transcript.language, transcript.cues) == ("ru", CUES[1:])
    save(runtime, asset_id, cues=())
    with runtime.engine.connect() as connection:
        assert service.transcripts_of(connection, asset_id, viewer=INSTALLATION)[0].cues == ()


@pytest.mark.parametrize("order", list(permutations(["recording", "en", "ru"])))
def test_captions_find_their_recording_whichever_came_first(
    runtime: Runtime, event: Event, order: tuple[str, ...]
) -> None:
    ids = {
        name: recording(runtime, event, "Scrum.flac")
        if name == "recording"
        else captions(runtime, event, f"scrum.{name}.vtt", language=name)
        for name in order
    }

    assert shown_on(runtime, ids["recording"]) == [(ids["en"], "en"), (ids["ru"], "ru")]
    assert {home_of(runtime, ids[name]) for name in ("en", "ru")} == {ids["recording"]}


def test_captions_that_belong_to_nothing_stand_alone(runtime: Runtime, event: Event) -> None:
    recording_id = recording(runtime, event, "scrum.flac")
    captions_id = captions(runtime, event, "talk.en.vtt")

    assert shown_on(runtime, recording_id) == []
    assert home_of(runtime, captions_id) == captions_id


def test_captions_of_another_event_do_not_pair(runtime: Runtime, event: Event) -> None:
    recording_id = recording(runtime, event, "scrum.flac")
    captions(runtime, make_event(runtime, "other"), "scrum.en.vtt")
    assert shown_on(runtime, recording_id) == []


def test_of_two_recordings_of_one_name_the_older_has_the_captions(
    runtime: Runtime, event: Event
) -> None:
    older, newer = (recording(runtime, event, name) for name in ("scrum.flac", "scrum.mp3"))
    captions(runtime, event, "scrum.en.vtt")
    assert (len(shown_on(runtime, older)), len(shown_on(runtime, newer))) == (1, 0)


def test_removed_captions_vanish(runtime: Runtime, event: Event) -> None:
    recording_id = recording(runtime, event, "scrum.flac")
    captions_id = captions(runtime, event, "scrum.en.vtt")
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, captions_id)
    assert shown_on(runtime, recording_id) == []
    assert shown_on(runtime, captions_id) == []


def test_captions_of_a_removed_recording_stand_alone(runtime: Runtime, event: Event) -> None:
    recording_id = recording(runtime, event, "scrum.flac")
    captions_id = captions(runtime, event, "scrum.en.vtt")
    with runtime.engine.begin() as connection:
        assets_service.remove_asset(connection, recording_id)
    assert home_of(runtime, captions_id) == captions_id

    again_id = recording(runtime, event, "scrum.flac")
    assert home_of(runtime, captions_id) == again_id


def test_the_event_is_indexed_anew_only_when_something_changed(
    runtime: Runtime, event: Event
) -> None:
    captions_id = captions(runtime, event, "scrum.en.vtt")
    assert event_jobs(runtime) == [Task.INDEX_EVENT]
    recording(runtime, event, "scrum.flac")
    assert event_jobs(runtime) == [Task.INDEX_EVENT]
    pair(runtime.engine, event.id)
    assert event_jobs(runtime) == []
    save(runtime, captions_id, cues=CUES[:1])
    assert event_jobs(runtime) == [Task.INDEX_EVENT]


def test_captions_and_recording_that_are_ready_at_the_same_moment_meet(
    runtime: Runtime, event: Event
) -> None:
    captions_id = store(runtime, event, "scrum.en.vtt", CAPTIONS)
    with ThreadPoolExecutor(1) as pool, runtime.engine.connect() as connection:
        service.save_transcript(
            connection, captions_id, language="en", status=TranscriptStatus.SUPPLIED, cues=CUES
        )
        recording_id = store(runtime, event, "scrum.flac", FLAC)  # came in meanwhile, unseen
        probed = pool.submit(pair, runtime.engine, event.id)
        wait_until_blocked(runtime.engine, probed)
        connection.commit()
        probed.result(timeout=30)
    assert home_of(runtime, captions_id) == recording_id


def test_the_public_reads_no_captions_that_arrived_damaged(runtime: Runtime, event: Event) -> None:
    """Their cues may be read before, and although, the checksum of their file is found wrong."""
    recording_id = recording(runtime, event, "talk.mp4")
    captions_id = captions(runtime, event, "talk.en.vtt")
    with runtime.engine.begin() as connection:
        events_service.publish(connection, event.slug)

    def seen_by(viewer: Viewer) -> int:
        with runtime.engine.connect() as connection:
            return len(service.transcripts_of(connection, recording_id, viewer=viewer))

    assert (seen_by(PUBLIC), seen_by(INSTALLATION)) == (0, 1)
    with runtime.engine.begin() as connection:
        assets_service.record_verified(connection, captions_id, sha256="a" * 64)
    assert (seen_by(PUBLIC), seen_by(INSTALLATION)) == (1, 1)
