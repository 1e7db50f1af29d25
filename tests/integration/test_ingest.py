"""Files of this machine into a real database and a real store; workers are not needed here."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from portal.assets import service as assets_service
from portal.assets.models import Asset, Outcome, Step
from portal.db import tables
from portal.errors import DatabaseUnavailable, Interrupted
from portal.events import service as events_service
from portal.events.manifest_values import BODY_LENGTH_MAX, LINE_LENGTH_MAX, TEXT_LENGTH_MAX
from portal.events.models import Event
from portal.ingest.folders import plan_paths
from portal.ingest.plan import PlannedFile
from portal.ingest.sender import Sender, Sent
from portal.ingest.service import carry_out
from portal.ingest.waiting import look_at
from portal.people.service import NAME_LENGTH_MAX
from portal.runtime import Runtime
from portal.uploads import service as uploads_service
from portal.visibility import INSTALLATION

pytestmark = pytest.mark.postgres

CAPTIONS = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHistory belongs to those who find it.\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100)


@pytest.fixture
def event(runtime: Runtime) -> Event:
    with runtime.engine.begin() as connection:
        return events_service.ensure_event(connection, "real")


@pytest.fixture
def sender(runtime: Runtime, event: Event) -> Sender:
    return Sender(runtime, event.id, (), threading.Event())


def a_file(folder: Path, name: str = "talk.en.vtt", content: bytes = CAPTIONS) -> PlannedFile:
    (folder / name).write_bytes(content)
    return PlannedFile(path=folder / name, name=name)


def send(sender: Sender, file: PlannedFile) -> Sent:
    return sender.send(file, lambda _share: None)


def asset_of(runtime: Runtime, sent: Sent) -> Asset:
    (asset,) = look_at(runtime, [sent.asset_id or ""])
    return asset


def assets(sender: Sender) -> list[Asset]:
    with sender.runtime.engine.connect() as connection:
        return assets_service.list_assets(connection, viewer=INSTALLATION, event_id=sender.event_id)


def upload_states(runtime: Runtime) -> list[str]:
    with runtime.engine.connect() as connection:
        return list(connection.scalars(select(tables.uploads.c.state)))


def carry(runtime: Runtime, *paths: Path, event_slug: str | None = None) -> list[Sent]:
    sent: list[Sent] = []
    for plan in plan_paths(paths, event_slug=event_slug):
        sent += carry_out(
            runtime, plan, on_progress=lambda _file, _share: None, on_sent=lambda _sent: None
        )
    return sent


def test_a_file_comes_in_with_its_digest(runtime: Runtime, sender: Sender, tmp_path: Path) -> None:
    sent = send(sender, a_file(tmp_path))

    asset = asset_of(runtime, sent)
    assert (sent.was_in, sent.refusal) == (False, None)
    assert asset.filename == "talk.en.vtt"
    assert asset.original is not None
    assert asset.original.declared_sha256 == hashlib.sha256(CAPTIONS).hexdigest()
    assert asset.original.size_bytes == len(CAPTIONS)


def test_a_file_of_many_parts_is_stored_as_it_is(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    content = CAPTIONS + os.urandom(2 * runtime.settings.upload_part_bytes)
    sent = send(sender, a_file(tmp_path, "talk.flac", b"fLaC" + content))

    with runtime.engine.connect() as connection:
        upload_id = connection.scalars(select(tables.uploads.c.id)).one()
    uploads_service.finish(runtime, upload_id)
    original = asset_of(runtime, sent).original
    assert original is not None
    assert runtime.store.read(original.key) == b"fLaC" + content


def test_progress_never_runs_backwards_and_ends_at_the_end(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    shares: list[float] = []
    sender.send(a_file(tmp_path, "a.flac", b"fLaC" + bytes(3 * 1024**2)), shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_file_that_is_in_is_not_sent_again(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    first = send(sender, a_file(tmp_path))
    again = send(sender, a_file(tmp_path, "other name.vtt"))

    assert again.was_in
    assert again.asset_id == first.asset_id
    assert len(assets(sender)) == 1
    assert len(upload_states(runtime)) == 1


def test_equal_files_sent_at_the_same_time_are_one_asset(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    for number in range(6):
        a_file(tmp_path, f"{number}.vtt")

    sent = carry(runtime, tmp_path, event_slug="real")

    assert len({each.asset_id for each in sent}) == 1
    assert sorted(each.was_in for each in sent) == [False, True, True, True, True, True]
    assert len(assets(sender)) == 1


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("empty.mp4", b"", "empty"),
        ("notes.txt", b"just words", "of which only captions are taken"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:1,\nhttp://example.org/1.ts\n", "playlist"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_name_and_the_cause(
    sender: Sender, tmp_path: Path, name: str, content: bytes, cause: str
) -> None:
    sent = send(sender, a_file(tmp_path, name, content))

    assert sent.asset_id is None
    assert sent.refusal is not None
    assert name in sent.refusal
    assert cause in sent.refusal
    assert assets(sender) == []


def test_what_is_no_file_is_refused_and_not_waited_for(sender: Sender, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")

    sent = send(sender, PlannedFile(tmp_path / "pipe.mp4", "pipe.mp4"))

    assert sent.refusal == "pipe.mp4 is no file."


def test_a_file_that_vanished_is_refused(sender: Sender, tmp_path: Path) -> None:
    sent = send(sender, PlannedFile(tmp_path / "gone.mp4", "gone.mp4"))

    assert sent.refusal == "gone.mp4 cannot be read: No such file or directory."


def _append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def _cut(path: Path) -> None:
    os.truncate(path, 10)


def _alter_unseen(path: Path) -> None:
    """Other bytes of the same number, and the old time: only the digest can tell."""
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "at_share"),
    [(_append, 0.1), (_append, 0.5), (_cut, 0.1), (_cut, 0.5), (_alter_unseen, 0.5)],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    sender: Sender, tmp_path: Path, change: Callable[[Path], None], at_share: float
) -> None:
    file = a_file(tmp_path, "a.flac", b"fLaC" + bytes(3 * 1024**2))
    changes = [change]

    def change_once(share: float) -> None:
        if share >= at_share and changes:
            changes.pop()(file.path)

    sent = sender.send(file, change_once)

    assert sent.refusal == "a.flac changed while it was being read; send it again."
    assert assets(sender) == []
    assert set(upload_states(sender.runtime)) <= {"aborted"}


def test_a_wrong_checksum_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    a_file(tmp_path)
    (tmp_path / "event.yaml").write_text(
        f"slug: real\ntitle: Real\nfiles: {{talk.en.vtt: {{sha256: {'0' * 64}}}}}\n"
    )

    (sent,) = carry(runtime, tmp_path)

    assert sent.refusal is not None
    assert sent.refusal.startswith("talk.en.vtt is not the file that event.yaml describes")
    assert upload_states(runtime) == []


def test_an_interrupted_run_leaves_nothing_that_a_repetition_would_double(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    file = a_file(tmp_path, "a.flac", b"fLaC" + bytes(3 * 1024**2))

    with pytest.raises(Interrupted):
        sender.send(file, lambda share: sender.stop.set() if share >= 0.5 else None)
    assert assets(sender) == []

    sender.stop.clear()
    assert send(sender, file).refusal is None
    assert len(assets(sender)) == 1
    assert sorted(upload_states(runtime)) == ["aborted", "completing"]


def test_a_name_that_is_not_utf_8_comes_in(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.vtt"))
    path.write_bytes(CAPTIONS)

    sent = send(sender, PlannedFile(path, path.name))

    assert asset_of(runtime, sent).filename == "caf\N{REPLACEMENT CHARACTER}.vtt"


def test_a_step_that_failed_is_tried_again_when_the_file_comes_again(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    file = a_file(tmp_path)
    sent = send(sender, file)
    _store(runtime)
    _fail(runtime, sent, Step.CAPTIONS)

    again = send(sender, file)

    assert again.asset_id == sent.asset_id
    steps = {record.name: record.outcome for record in asset_of(runtime, sent).steps}
    assert steps[Step.CAPTIONS] is None


def test_an_asset_whose_original_was_lost_makes_room(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    file = a_file(tmp_path)
    lost = send(sender, file)
    _fail(runtime, lost, Step.VERIFY)

    again = send(sender, file)

    assert not again.was_in
    assert again.asset_id != lost.asset_id
    digest = hashlib.sha256(file.path.read_bytes()).hexdigest()
    with runtime.engine.begin() as connection:
        assets_service.record_verified(connection, again.asset_id or "", sha256=digest)
    assert [asset.id for asset in assets(sender)] == [again.asset_id]


DESCRIBED = """\
slug: scrum
title: {en: Scrum}
people: [{name: Gerhard Jarosch, variants: [Ярош]}]
programme: [{title: Opening}, {title: Scrum, recordings: [talk.flac]}]
publish: PUBLISH
files:
  talk.flac: {title: {en: The scrum}, language: en, people: [Ярош]}
"""


def _described(folder: Path, *, publish: str = "now") -> Path:
    (folder / "event.yaml").write_text(DESCRIBED.replace("PUBLISH", publish), encoding="utf-8")
    a_file(folder, "talk.flac", b"fLaC" + bytes(100))
    return folder


def test_a_described_folder_becomes_an_event_with_its_files(
    runtime: Runtime, tmp_path: Path
) -> None:
    (sent,) = carry(runtime, _described(tmp_path))

    asset = asset_of(runtime, sent)
    with runtime.engine.connect() as connection:
        event = events_service.get_event(connection, "scrum", viewer=INSTALLATION)
    assert event.state == "public"
    assert asset.event_id == event.id
    assert asset.title == {"en": "The scrum"}
    assert asset.language == "en"
    assert asset.programme_item_id == event.programme[1].id
    assert asset.people_ids == (event.people[0].person.id,)


def test_the_longest_that_event_yaml_may_say_is_kept(runtime: Runtime, tmp_path: Path) -> None:
    wide = "\N{MATHEMATICAL BOLD CAPITAL A}"  # four bytes, and letters differ: no compression
    name = "".join(chr(ord(wide) + number) for number in range(NAME_LENGTH_MAX))
    line, text, body = wide * LINE_LENGTH_MAX, wide * TEXT_LENGTH_MAX, wide * BODY_LENGTH_MAX
    a_file(tmp_path, "talk.flac", b"fLaC" + bytes(100))
    (tmp_path / "event.yaml").write_text(
        f"slug: scrum\ntitle: {line}\nsummary: {text}\nbody: {body}\nplace: {line}\n"
        f"credit: {line}\ncontact: {{name: {line}, email: {line}, phone: {line}}}\n"
        f"starts_at: 1900-01-01T00:00:00+14:00\nends_at: 2200-12-31T23:59:59-12:00\n"
        f"topics: [{line}]\npublish: 2200-12-31T23:59:59-12:00\n"
        f"people: [{{name: {name}, variants: [{name[::-1]}], role: {line}}}]\n"
        f"programme: [{{title: {line}}}]\n"
        f"files: {{talk.flac: {{title: {line}, caption: {text}, people: [{name}]}}}}\n"
    )

    (sent,) = carry(runtime, tmp_path)

    assert sent.refusal is None
    assert asset_of(runtime, sent).caption == {"en": text}
    event = _event(runtime)
    assert event.body == {"en": body}
    assert event.people[0].person.all_names == (name, name[::-1])
    assert event.starts_at == datetime(1899, 12, 31, 10, tzinfo=UTC)


def test_repeating_replaces_what_is_said_of_a_file(runtime: Runtime, tmp_path: Path) -> None:
    (first,) = carry(runtime, _described(tmp_path))
    corrected = (tmp_path / "event.yaml").read_text().replace("The scrum", "The press scrum")
    (tmp_path / "event.yaml").write_text(corrected)

    (again,) = carry(runtime, tmp_path)

    assert again.asset_id == first.asset_id
    assert asset_of(runtime, again).title == {"en": "The press scrum"}
    assert asset_of(runtime, again).language == "en"


def test_what_is_said_of_a_file_stays_when_it_comes_again_without_a_word(
    runtime: Runtime, tmp_path: Path
) -> None:
    carry(runtime, _described(tmp_path))

    (again,) = carry(runtime, tmp_path / "talk.flac", event_slug="scrum")

    assert again.was_in
    assert asset_of(runtime, again).title == {"en": "The scrum"}


def test_repeating_moves_no_release(runtime: Runtime, tmp_path: Path) -> None:
    carry(runtime, _described(tmp_path))
    first = _event(runtime).released_at

    carry(runtime, tmp_path)

    assert _event(runtime).released_at == first


def test_repeating_lifts_no_withdrawal(runtime: Runtime, tmp_path: Path) -> None:
    carry(runtime, _described(tmp_path))
    with runtime.engine.begin() as connection:
        events_service.withdraw(connection, "scrum")

    carry(runtime, tmp_path)

    assert _event(runtime).state == "withdrawn"


def _carry_while(runtime: Runtime, folder: Path, decide: Callable[[Connection], Event]) -> None:
    """Bring the folder in; `decide` is what an editor does while files are on their way."""

    def on_sent(_sent: Sent) -> None:
        with runtime.engine.begin() as connection:
            decide(connection)

    for plan in plan_paths([folder], event_slug=None):
        carry_out(runtime, plan, on_progress=lambda _file, _share: None, on_sent=on_sent)


def test_an_embargo_that_is_set_while_files_are_sent_is_kept(
    runtime: Runtime, tmp_path: Path
) -> None:
    release = datetime(2099, 1, 1, tzinfo=UTC)

    _carry_while(
        runtime,
        _described(tmp_path),
        lambda connection: events_service.publish(connection, "scrum", at=release),
    )

    assert _event(runtime).released_at == release
    assert _event(runtime).state == "scheduled"


def test_an_event_that_is_withdrawn_while_files_are_sent_stays_so(
    runtime: Runtime, tmp_path: Path
) -> None:
    _carry_while(
        runtime,
        _described(tmp_path),
        lambda connection: events_service.withdraw(connection, "scrum"),
    )

    assert _event(runtime).released_at is None
    assert _event(runtime).withdrawn_at is not None


def test_an_embargo_is_kept_and_a_draft_stays_one(runtime: Runtime, tmp_path: Path) -> None:
    carry(runtime, _described(tmp_path, publish="draft"))
    assert _event(runtime).state == "draft"

    carry(runtime, _described(tmp_path, publish="2099-06-04T14:00:00+03:00"))
    assert _event(runtime).state == "scheduled"
    assert _event(runtime).released_at == datetime(2099, 6, 4, 11, tzinfo=UTC)


def test_a_database_that_goes_away_is_told_in_a_sentence(
    runtime: Runtime, sender: Sender, tmp_path: Path
) -> None:
    def gone(*_arguments: object) -> None:
        raise DatabaseUnavailable("The database cannot be reached: it has gone.")

    sent = sender.send(a_file(tmp_path), gone)

    assert sent.refusal == "The database cannot be reached: it has gone."


def _event(runtime: Runtime) -> Event:
    with runtime.engine.connect() as connection:
        return events_service.get_event(connection, "scrum", viewer=INSTALLATION)


def _store(runtime: Runtime) -> None:
    with runtime.engine.connect() as connection:
        upload_id = connection.scalars(select(tables.uploads.c.id)).one()
    uploads_service.finish(runtime, upload_id)


def _fail(runtime: Runtime, sent: Sent, step: Step) -> None:
    with runtime.engine.begin() as connection:
        attempt = assets_service.begin_attempt(connection, sent.asset_id or "", step)
        assert attempt is not None
        assets_service.finish_attempt(
            connection, attempt, outcome=Outcome.FAILED, detail="ffmpeg is missing."
        )
