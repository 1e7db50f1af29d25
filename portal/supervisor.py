"""The only starter of our own, trusted processes: short commands, and children kept alive.

A child's standard input is its lifeline: a pipe whose other end only the parent holds. The kernel
closes that end when the parent ends in whatever way, `kill -9` included, and the child sees it.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import IO

import structlog

OUTPUT_TAIL_CHARACTERS = 2000
BACKOFF_SECONDS_MIN = 0.5
BACKOFF_SECONDS_MAX = 10.0
HEALTHY_SECONDS = 30.0
"""A child that lived this long starts again without the delay that earlier falls earned."""
LIFELINE_FD = 0
PRIVATE_UMASK = 0o077
"""For each of our processes: what lies under embargo is read by other users of the machine else."""

_log = structlog.get_logger(__name__)


class CommandError(Exception):
    """A short command ended badly: `reason` says how, `output_tail` is the end of what it wrote.

    For the module that ran it, which knows what that means to the user and says so.
    """

    def __init__(self, program: str, reason: str, *, output_tail: str) -> None:
        super().__init__(f"{program} {reason}: {output_tail or 'it wrote nothing'}")
        self.reason = reason
        self.output_tail = output_tail


def run_command(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    timeout_seconds: float,
) -> str:
    """Run a short command to its end and return what it wrote. Raises CommandError.

    It inherits the file descriptors `pass_fds`, with the locks on them.

    Output goes through a file: a server that the command leaves behind would hold a pipe open
    and make its reader wait for ever.
    """
    program = os.path.basename(argv[0])  # noqa: PTH119 - argv is text, not a path of ours
    with tempfile.TemporaryFile() as output:
        try:
            result = subprocess.run(
                argv,
                env=env,
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_seconds,
                check=False,
            )
        except OSError as error:
            reason = f"cannot be started ({error.strerror})"
            raise CommandError(program, reason, output_tail="") from error
        except subprocess.TimeoutExpired as error:
            reason = f"did not end within {timeout_seconds:g} s"
            raise CommandError(program, reason, output_tail=_tail(output)) from error
        if result.returncode != 0:
            reason = f"ended with code {result.returncode}"
            raise CommandError(program, reason, output_tail=_tail(output))
        output.seek(0)
        return output.read().decode(errors="replace")


def watch_lifeline(
    on_parent_gone: Callable[[], None], *, lifeline_fd: int = LIFELINE_FD
) -> threading.Thread:
    """Call `on_parent_gone` once, in a thread, when the supervisor of this process has ended."""

    def wait_for_end() -> None:
        while os.read(lifeline_fd, 1):
            pass
        on_parent_gone()

    thread = threading.Thread(target=wait_for_end, name="lifeline", daemon=True)
    thread.start()
    return thread


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep alive. Without `env` it inherits ours."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None


def backoff_seconds(falls: int) -> float:
    """The delay before a child starts again after so many falls in a row, from 1."""
    return min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2.0 ** min(falls - 1, 10))


class _Child:
    """One child and its history: `process` is None while it waits to start at `start_at`."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.start_at = 0.0
        self.started_at = 0.0
        self.falls = 0

    def start(self, *, lifeline: int) -> None:
        # A process group of its own: Ctrl+C in a terminal reaches the supervisor alone.
        self.process = subprocess.Popen(
            self.spec.argv, env=self.spec.env, stdin=lifeline, process_group=0
        )
        self.started_at = time.monotonic()
        _log.info("child started", child=self.spec.name, pid=self.process.pid)

    def note_end(self, code: int) -> None:
        now = time.monotonic()
        self.process = None
        self.falls = 1 if now - self.started_at >= HEALTHY_SECONDS else self.falls + 1
        self.start_at = now + backoff_seconds(self.falls)
        delay = round(self.start_at - now, 1)
        _log.warning("child ended", child=self.spec.name, code=code, starts_again_seconds=delay)

    def kill_group(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Starts the children, starts again whichever dies, and ends them all together."""

    def __init__(self, specs: Sequence[ChildSpec], *, grace_seconds: float) -> None:
        self._children = [_Child(spec) for spec in specs]
        self._grace_seconds = grace_seconds
        self._wake_reader, self._wake_writer = os.pipe()
        self._stopping = False

    def request_stop(self) -> None:
        """Make `run` end the children and return; safe in a signal handler and in any thread."""
        self._stopping = True
        os.write(self._wake_writer, b"x")

    def run(self) -> None:
        """Keep the children alive until `request_stop`, SIGTERM or SIGINT."""
        with _stop_signals_call(self.request_stop), _lifeline() as lifeline:
            try:
                while not self._stopping:
                    self._start_due(lifeline)
                    self._wait(until=self._next_start())
                    self._note_ends()
            finally:
                self._end_children()

    def _start_due(self, lifeline: int) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.start_at <= now:
                try:
                    child.start(lifeline=lifeline)
                except OSError as error:
                    _log.error("child cannot start", child=child.spec.name, reason=str(error))
                    child.note_end(-1)

    def _next_start(self) -> float | None:
        return min((c.start_at for c in self._children if c.process is None), default=None)

    def _note_ends(self) -> None:
        for child in self._children:
            if child.process is not None and (code := child.process.poll()) is not None:
                child.kill_group()  # what it started may hold the port that its successor needs
                child.note_end(code)

    def _wait(self, *, until: float | None) -> None:
        """Sleep until a child ends, a stop is requested, or the clock says `until`."""
        timeout = None if until is None else max(0.0, until - time.monotonic())
        with selectors.DefaultSelector() as selector, _process_fds(self._running()) as fds:
            for fd in (self._wake_reader, *fds):
                selector.register(fd, selectors.EVENT_READ)
            selector.select(timeout)

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [child.process for child in self._children if child.process is not None]

    def _end_children(self) -> None:
        deadline = time.monotonic() + self._grace_seconds
        for process in self._running():
            process.terminate()
        for child in self._children:
            if child.process is not None:
                self._end(child, child.process, deadline=deadline)

    def _end(self, child: _Child, process: subprocess.Popen[bytes], *, deadline: float) -> None:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("child killed", child=child.spec.name, grace_seconds=self._grace_seconds)
        # Also after a good end: nothing that the child started may outlive it.
        child.kill_group()
        process.wait()


@contextmanager
def _lifeline() -> Iterator[int]:
    """The readers' end of a pipe whose writers' end closes when this process ends."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)


@contextmanager
def _process_fds(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """A file descriptor per process that becomes readable when it ends (pidfd_open(2))."""
    fds = [os.pidfd_open(process.pid) for process in processes]
    try:
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


@contextmanager
def _stop_signals_call(request_stop: Callable[[], None]) -> Iterator[None]:
    """Send SIGTERM and SIGINT to `request_stop`; only the main thread can."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        request_stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace").strip()[-OUTPUT_TAIL_CHARACTERS:]
