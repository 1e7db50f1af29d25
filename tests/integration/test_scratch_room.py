"""The room for files under work: reserved across processes, on real small disks, given back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from portal.assets.models import Step, StepState
from portal.errors import InsufficientStorage, ScratchBusy, ScratchTooSmall
from portal.jobs import Lane, Task
from portal.runtime import Runtime
from tests.small_disks import small_disk
from tests.stored_files import MP4, make_event, queued_jobs, record_of, store
from workers.lanes import RETRIES
from workers.needs import Needs
from workers.pacing import ROOM_EVERY_SECONDS
from workers.run import StepResult, StepRun
from workers.runner import StepRunner
from workers.sandbox import Level, Sandbox
from workers.scratch import Scratch

MEBIBYTE = 1024**2
HOLDER = """
import sys
from pathlib import Path
from workers.needs import Needs
from workers.scratch import Scratch
root, limit, own, used = Path(sys.argv[1]), *map(int, sys.argv[2:])
with Scratch(root, bytes_max=limit, free_bytes_min=0).reserved(Needs(own)) as room:
    (room.files / "segment").write_bytes(bytes(used))
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    with small_disk("100m") as folder:
        yield folder / "scratch"


def scratch_at(root: Path, *, limit: int = 1024, minimum: int = 0) -> Scratch:
    return Scratch(root, bytes_max=limit * MEBIBYTE, free_bytes_min=minimum * MEBIBYTE)


@contextmanager
def another_process(
    root: Path, *, own: int, used: int = 0, limit: int = 1024
) -> Iterator[subprocess.Popen[str]]:
    """Holds a reservation of `own` MiB, of which it has written `used`, until told to end."""
    sizes = [str(size * MEBIBYTE) for size in (limit, own, used)]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.communicate("\n")


def fill(folder: Path) -> None:
    """Until the disk takes not one byte more."""
    with (folder / "filler").open("wb", 0) as file, suppress(OSError):
        while True:
            file.write(bytes(MEBIBYTE))


def may_begin(scratch: Scratch, own: int, **copies: int) -> bool:
    needs = Needs(own * MEBIBYTE, {key: size * MEBIBYTE for key, size in copies.items()})
    try:
        with scratch.reserved(needs):
            return True
    except ScratchBusy:
        return False


def test_two_processes_keep_to_one_limit(tmp_path: Path) -> None:
    scratch = scratch_at(tmp_path, limit=100)
    with another_process(tmp_path, own=60, limit=100):
        assert may_begin(scratch, 40)
        assert not may_begin(scratch, 41)
    assert may_begin(scratch, 100)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_share_a_disk_by_what_they_have_not_written_yet(disk: Path) -> None:
    scratch = scratch_at(disk, minimum=10)
    with another_process(disk, own=60, used=20):
        assert may_begin(scratch, 29)
        assert not may_begin(scratch, 31)
    assert may_begin(scratch, 89)


def test_a_killed_process_holds_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    scratch = scratch_at(tmp_path, limit=100)
    with another_process(tmp_path, own=100, used=5, limit=100) as process:
        assert not may_begin(scratch, 1)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(list(tmp_path.iterdir())) == 1
        assert may_begin(scratch, 100)
    assert list(tmp_path.iterdir()) == []


def test_the_living_are_not_disturbed_when_the_dead_are_tidied_away(tmp_path: Path) -> None:
    scratch = scratch_at(tmp_path)
    with (
        another_process(tmp_path, own=1) as killed,
        scratch.reserved(Needs(MEBIBYTE)) as room,
    ):
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        scratch.delete_abandoned()
        assert list(tmp_path.iterdir()) == [room.folder]
        assert room.files.is_dir()


def test_copies_of_one_object_are_reserved_once(tmp_path: Path) -> None:
    scratch = scratch_at(tmp_path, limit=100)
    with scratch.reserved(Needs(10 * MEBIBYTE, {"original": 50 * MEBIBYTE})):
        assert may_begin(scratch, 40, original=50)
        assert not may_begin(scratch, 41, original=50)
        assert not may_begin(scratch, 0, other=50)


def test_what_can_never_fit_names_the_setting(disk: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(ScratchTooSmall, match=r"PORTAL_SCRATCH_BYTES_MAX allows 100\.0 MiB"),
        scratch_at(tmp_path, limit=100).reserved(Needs(101 * MEBIBYTE)),
    ):
        pass
    with (
        pytest.raises(ScratchTooSmall, match=r"70\.0 MiB at most, .*PORTAL_DISK_FREE_BYTES_MIN"),
        scratch_at(disk, minimum=30).reserved(Needs(71 * MEBIBYTE)),
    ):
        pass


def test_a_disk_that_is_full_of_other_things_is_blamed(disk: Path) -> None:
    disk.mkdir()
    (disk.parent / "other").write_bytes(bytes(80 * MEBIBYTE))
    with (
        pytest.raises(InsufficientStorage, match=r"no room for the 30\.0 MiB"),
        scratch_at(disk).reserved(Needs(30 * MEBIBYTE)),
    ):
        pass
    with scratch_at(disk, minimum=50).reserved(Needs()):
        pass  # what writes nothing may go on


def test_a_disk_without_a_single_byte_is_no_unexpected_fault(disk: Path) -> None:
    disk.mkdir()
    fill(disk.parent)
    with (
        pytest.raises(InsufficientStorage, match=r"scratch folder .* is full"),
        scratch_at(disk).reserved(Needs()),
    ):
        pass


def test_what_is_reserved_outlives_a_full_disk(disk: Path) -> None:
    scratch = scratch_at(disk)
    with scratch.reserved(Needs(own_bytes=0, copies={"original": 0})) as room:
        fill(disk.parent)
        with pytest.raises(InsufficientStorage, match=r"scratch folder .* is full"):
            scratch.grow(room.folder, used_bytes=0)
        assert scratch.noted(room.folder) == Needs(0, {"original": 0})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"own_bytes": null, "copies": {}}'])
def test_an_unreadable_ledger_is_taken_for_all_the_room(tmp_path: Path, text: str) -> None:
    scratch = scratch_at(tmp_path, limit=100)
    with scratch.reserved(Needs(MEBIBYTE)) as room:
        (room.folder / "reserved").write_text(text)
        assert may_begin(scratch, 0)
        assert not may_begin(scratch, 1)
        room.check()
    assert may_begin(scratch, 100)


def test_what_needs_no_room_waits_for_none(tmp_path: Path) -> None:
    """Nor does it add up what the others have written."""
    with another_process(tmp_path, own=60):
        lowered = scratch_at(tmp_path, limit=50)
        assert may_begin(lowered, 0)
        assert not may_begin(lowered, 1)


def test_who_waits_is_told_whether_for_the_limit_or_for_the_disk(disk: Path) -> None:
    with another_process(disk, own=60):
        with (
            pytest.raises(ScratchBusy, match=r"PORTAL_SCRATCH_BYTES_MAX is 70\.0 MiB"),
            scratch_at(disk, limit=70).reserved(Needs(20 * MEBIBYTE)),
        ):
            pass
        with (
            pytest.raises(ScratchBusy, match=r"needs 41\.0 MiB .*FREE_BYTES_MIN") as told,
            scratch_at(disk).reserved(Needs(41 * MEBIBYTE)),
        ):
            pass
    assert "PORTAL_SCRATCH_BYTES_MAX" not in str(told.value)


def test_who_outgrows_a_reservation_gets_more_while_there_is_more(tmp_path: Path) -> None:
    scratch = scratch_at(tmp_path, limit=100)
    with scratch.reserved(Needs(10 * MEBIBYTE)) as room:
        (room.files / "segments").mkdir()
        (room.files / "segments" / "1").write_bytes(bytes(40 * MEBIBYTE))
        room.check()
        assert may_begin(scratch, 50)
        assert not may_begin(scratch, 51)
        (room.files / "segments" / "2").write_bytes(bytes(45 * MEBIBYTE))
        with pytest.raises(InsufficientStorage, match=r"85\.\d MiB .* PORTAL_SCRATCH_BYTES_MAX"):
            room.check()


def test_who_outgrows_a_reservation_does_not_take_what_others_were_promised(disk: Path) -> None:
    scratch = scratch_at(disk)
    with another_process(disk, own=60), scratch.reserved(Needs(10 * MEBIBYTE)) as room:
        (room.files / "segment").write_bytes(bytes(36 * MEBIBYTE))
        with pytest.raises(InsufficientStorage, match="no room"):
            room.check()


@pytest.mark.postgres
class TestSteps:
    """What the runner makes of it."""

    def test_a_step_waits_for_room_without_using_up_a_try(self, runtime: Runtime) -> None:
        asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)
        run = runner(limited(runtime, limit=20), succeed)
        with another_process(runtime.settings.scratch_path, own=10):
            run.run(Step.TRANSCODE, asset_id)
            run.run(Step.TRANSCODE, asset_id)

        record = record_of(runtime, asset_id, Step.TRANSCODE)
        assert (record.state, record.tries) == (StepState.WAITING, 0)
        assert "PORTAL_SCRATCH_BYTES_MAX is 20.0 MiB" in str(record.detail)
        with runtime.engine.connect() as connection:
            (job,) = [j for j in queued_jobs(connection) if j.task is Task.TRANSCODE]
        assert (job.subject_id, job.has_pause) == (asset_id, True)

        run.run(Step.TRANSCODE, asset_id)
        record = record_of(runtime, asset_id, Step.TRANSCODE)
        assert (record.state, record.tries, record.detail) == (StepState.DONE, 1, None)

    def test_a_step_that_does_not_fit_on_one_machine_waits_for_another(
        self, runtime: Runtime
    ) -> None:
        asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)
        runner(limited(runtime, limit=10), succeed).run(Step.TRANSCODE, asset_id)
        record = record_of(runtime, asset_id, Step.TRANSCODE)
        assert (record.state, record.tries) == (StepState.WAITING, 1)
        assert "PORTAL_SCRATCH_BYTES_MAX allows 10.0 MiB" in str(record.detail)

        runner(limited(runtime, limit=20), succeed).run(Step.TRANSCODE, asset_id)
        assert record_of(runtime, asset_id, Step.TRANSCODE).state is StepState.DONE

    def test_a_step_that_fits_on_no_machine_fails_and_says_why(self, runtime: Runtime) -> None:
        asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)
        for _try in range(RETRIES[Lane.MEDIA].tries_max):
            runner(limited(runtime, limit=10), succeed).run(Step.TRANSCODE, asset_id)
        record = record_of(runtime, asset_id, Step.TRANSCODE)
        assert record.state is StepState.FAILED
        assert "PORTAL_SCRATCH_BYTES_MAX allows 10.0 MiB" in str(record.detail)

    def test_a_handler_is_told_that_it_outgrew_its_room(self, runtime: Runtime) -> None:
        asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)
        seen: list[int] = []

        def handle(run: StepRun) -> StepResult:
            (run.scratch / "segment").write_bytes(bytes(15 * MEBIBYTE))
            run.check_room()
            seen.append(15)
            (run.scratch / "segment").write_bytes(bytes(19 * MEBIBYTE))
            run.check_room()
            return StepResult()

        run = runner(limited(runtime, limit=20), handle, room_every_seconds=0)
        run.run(Step.TRANSCODE, asset_id)
        record = record_of(runtime, asset_id, Step.TRANSCODE)
        assert seen == [15]
        assert (record.state, record.tries) == (StepState.WAITING, 1)
        assert "more than was to be expected" in str(record.detail)
        assert list(runtime.settings.scratch_path.iterdir()) == []

    def test_a_handler_that_asks_often_is_seldom_looked_at(self, runtime: Runtime) -> None:
        asset_id = store(runtime, make_event(runtime), "scrum.mp4", MP4)

        def handle(run: StepRun) -> StepResult:
            (run.scratch / "segment").write_bytes(bytes(19 * MEBIBYTE))
            run.check_room()
            return StepResult()

        run = runner(limited(runtime, limit=20), handle, room_every_seconds=3600)
        run.run(Step.TRANSCODE, asset_id)
        assert record_of(runtime, asset_id, Step.TRANSCODE).state is StepState.DONE


def limited(runtime: Runtime, *, limit: int) -> Runtime:
    update = {"scratch_bytes_max": limit * MEBIBYTE}
    return replace(runtime, settings=runtime.settings.model_copy(update=update))


def runner(
    runtime: Runtime,
    handler: Callable[[StepRun], StepResult],
    *,
    room_every_seconds: float = ROOM_EVERY_SECONDS,
) -> StepRunner:
    return StepRunner(
        runtime,
        Sandbox(Level.PLAIN),
        dict.fromkeys(Step, handler),
        room_every_seconds=room_every_seconds,
    )


def succeed(_run: StepRun) -> StepResult:
    return StepResult()
