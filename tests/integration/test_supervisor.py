"""Real children: they are started again, ended in order, and do not outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.supervisor import (
    BACKOFF_SECONDS_MAX,
    BACKOFF_SECONDS_MIN,
    ChildSpec,
    CommandError,
    Supervisor,
    backoff_seconds,
    run_command,
)

PROJECT = Path(__file__).parent.parent.parent
WAIT_SECONDS_MAX = 30.0

CHILD = """
import os, pathlib, signal, sys, threading
from portal.supervisor import watch_lifeline
notes = pathlib.Path(sys.argv[1])
def note(word):
    with notes.open("a") as stream: stream.write(f"{word} {os.getpid()}\\n")
stop = threading.Event()
def gone(): note("parent-gone"); os._exit(0)
signal.signal(signal.SIGTERM, lambda *_: (note("terminated"), sys.exit(0)))
watch_lifeline(gone)
note("started")
while True: stop.wait(0.05)
"""
STUBBORN = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with pathlib.Path(sys.argv[1]).open("a") as stream: stream.write(f"started {os.getpid()}\\n")
while True: time.sleep(1)
"""
WITH_GRANDCHILD = """
import os, pathlib, subprocess, sys
inner = subprocess.Popen(["sleep", "600"])
with pathlib.Path(sys.argv[1]).open("a") as stream: stream.write(f"grandchild {inner.pid}\\n")
with pathlib.Path(sys.argv[1]).open("a") as stream: stream.write(f"started {os.getpid()}\\n")
inner.wait()
"""
SUPERVISING = """
import sys
from portal.supervisor import ChildSpec, Supervisor
child = ChildSpec(name="child", argv=[sys.executable, "-c", sys.argv[1], sys.argv[2]])
Supervisor([child], grace_seconds=10).run()
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.touch()
    return path


def test_a_command_gives_what_it_wrote() -> None:
    assert run_command(["sh", "-c", "echo out; echo err >&2"], timeout_seconds=10) == "out\nerr\n"


def test_a_failed_command_says_what_it_wrote_last() -> None:
    with pytest.raises(CommandError, match=r"(?s)sh ended with code 3: .*the reason") as caught:
        run_command(["sh", "-c", "seq 5000; echo the reason; exit 3"], timeout_seconds=10)
    assert len(caught.value.output_tail) <= 2000


def test_a_command_that_cannot_be_started_says_so() -> None:
    with pytest.raises(CommandError, match="nowhere cannot be started"):
        run_command(["/nowhere"], timeout_seconds=10)


def test_a_command_that_does_not_end_is_ended() -> None:
    with pytest.raises(CommandError, match="did not end"):
        run_command(["sleep", "600"], timeout_seconds=0.2)


def test_a_command_may_leave_a_process_behind_that_holds_its_output() -> None:
    written = run_command(["sh", "-c", "sleep 600 & echo $!"], timeout_seconds=10)
    os.kill(int(written), signal.SIGKILL)


def test_a_command_gets_the_environment_it_is_given() -> None:
    written = run_command(["/bin/sh", "-c", "echo $WORD"], env={"WORD": "x"}, timeout_seconds=10)
    assert written == "x\n"


def test_the_delay_grows_and_ends() -> None:
    delays = [backoff_seconds(falls) for falls in range(1, 100)]
    assert delays[0] == BACKOFF_SECONDS_MIN
    assert delays[-1] == BACKOFF_SECONDS_MAX
    assert delays == sorted(delays)


def test_a_child_that_dies_is_started_again(notes: Path) -> None:
    with _supervised(_spec(CHILD, notes)):
        first = _await_note(notes, "started", 1)
        os.kill(first, signal.SIGKILL)
        second = _await_note(notes, "started", 2)
        assert first != second


def test_what_a_dead_child_started_dies_with_it(notes: Path) -> None:
    with _supervised(_spec(WITH_GRANDCHILD, notes)):
        os.kill(_await_note(notes, "started", 1), signal.SIGKILL)
        grandchild = _await_note(notes, "grandchild", 1)
        _await_note(notes, "started", 2)
        _await(lambda: not _is_alive(grandchild))


def test_children_are_asked_to_end_and_waited_for(notes: Path) -> None:
    with _supervised(_spec(CHILD, notes), _spec(CHILD, notes)):
        _await_note(notes, "started", 2)
    assert len(_pids(notes, "terminated")) == 2
    assert not any(_is_alive(pid) for pid in _pids(notes, "started"))


def test_a_child_that_ignores_the_request_is_killed(notes: Path) -> None:
    with _supervised(_spec(STUBBORN, notes), grace_seconds=0.2):
        pid = _await_note(notes, "started", 1)
    assert not _is_alive(pid)


def test_a_child_that_cannot_be_started_hinders_no_other(notes: Path) -> None:
    with _supervised(ChildSpec(name="broken", argv=["/nowhere"]), _spec(CHILD, notes)):
        _await_note(notes, "started", 1)


def test_children_see_that_a_killed_parent_is_gone(notes: Path) -> None:
    with _supervising_process(notes) as parent:
        child = _await_note(notes, "started", 1)
        parent.kill()
        parent.wait()
        assert _await_note(notes, "parent-gone", 1) == child
        _await(lambda: not _is_alive(child))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_parent_ends_all_in_order(notes: Path, number: signal.Signals) -> None:
    with _supervising_process(notes) as parent:
        child = _await_note(notes, "started", 1)
        parent.send_signal(number)
        assert parent.wait(WAIT_SECONDS_MAX) == 0
        assert _pids(notes, "terminated") == [child]


def test_a_child_has_a_process_group_of_its_own(notes: Path) -> None:
    """Ctrl+C in a terminal goes to the terminal's group: the parent alone decides."""
    with _supervised(_spec(CHILD, notes)):
        child = _await_note(notes, "started", 1)
        assert os.getpgid(child) == child


def _spec(code: str, notes: Path) -> ChildSpec:
    return ChildSpec(
        name="child",
        argv=[sys.executable, "-c", code, str(notes)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


@contextmanager
def _supervised(*specs: ChildSpec, grace_seconds: float = 10.0) -> Iterator[None]:
    supervisor = Supervisor(specs, grace_seconds=grace_seconds)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        yield
    finally:
        supervisor.request_stop()
        thread.join()


@contextmanager
def _supervising_process(notes: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, CHILD, str(notes)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _pids(notes: Path, word: str) -> list[int]:
    lines = [line.split() for line in notes.read_text().splitlines()]
    return [int(line[1]) for line in lines if line[0] == word]


def _await_note(notes: Path, word: str, count: int) -> int:
    """Wait for the `count`-th note of `word`, and return the process that wrote it."""
    _await(lambda: len(_pids(notes, word)) >= count)
    return _pids(notes, word)[count - 1]


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    """A zombie that its new parent has not collected yet counts as dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
