"""The only module that runs programs on foreign bytes: argv in, result out, nothing else reached.

Three levels of isolation stand behind one call; docs/decisions/0003-sandbox.md says what each
one gives. Limits, process-group kill and death with the parent hold on every level.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from portal.errors import (
    Interrupted,
    LimitExceeded,
    ProcessingError,
    SettingsError,
    ToolFailed,
)
from portal.settings import Settings
from workers.isolation import ENVIRONMENT, Level, Limits, wrap

__all__ = [
    "Completed",
    "Level",
    "Limits",
    "Sandbox",
    "detect_level",
    "open_sandbox",
    "python_command",
    "python_libraries",
    "scrub",
    "works",
]

STDOUT_BYTES_MAX = 32 * 1024**2
STDERR_TAIL_BYTES = 8 * 1024
LINE_BYTES_MAX = 64 * 1024
POLL_SECONDS = 0.1
"""How late a stop or the wall limit may be noticed."""

_LIMIT_SIGNS = (
    (re.compile(rb"Cannot allocate memory|MemoryError|bad_alloc|Out of memory"), "memory"),
    (re.compile(rb"received signal 24\b"), "processor time"),  # how ffmpeg reports SIGXCPU
    (re.compile(rb"File too large"), "file size"),
)
_LIMIT_SIGNALS = {signal.SIGXCPU: "processor time", signal.SIGXFSZ: "file size"}
_PATH = re.compile(r"(?:file:)?/[^\s'\":,;()\[\]]+")


@dataclass(frozen=True)
class Completed:
    """A run that ended well. `stdout` is empty when its lines went to `on_line`."""

    stdout: bytes
    stderr_tail: str


@dataclass(frozen=True)
class Sandbox:
    level: Level

    def run(
        self,
        argv: Sequence[str],
        *,
        limits: Limits,
        stop: threading.Event,
        inputs: Sequence[Path] = (),
        output: Path | None = None,
        libraries: Sequence[Path] = (),
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run `argv` to its end; it reads `inputs` and `libraries`, writes and stands in `output`.

        All paths keep their names inside. Raises ToolMissing, ToolFailed, LimitExceeded, or
        Interrupted once `stop` is set.
        """
        reads = [path.absolute() for path in (*inputs, *libraries)]
        writes = None if output is None else output.absolute()
        wrapped = wrap(argv, level=self.level, limits=limits, reads=reads, writes=writes)
        run = _Run(Path(argv[0]).name, limits=limits, stop=stop, on_line=on_line)
        group = _process_group(wrapped, folder=writes or Path("/"), niceness=limits.niceness)
        with group as process:
            run.follow(process)
        return run.completed(process.returncode, hidden=[*reads, *([writes] if writes else [])])


def open_sandbox(settings: Settings) -> Sandbox:
    """The strongest sandbox that works here. Raises SettingsError when that is not enough."""
    level = detect_level()
    if settings.require_sandbox and level is Level.PLAIN:
        raise SettingsError(
            "PORTAL_REQUIRE_SANDBOX is set, but neither bubblewrap nor unshare can isolate a "
            "process here: install bubblewrap and allow user namespaces."
        )
    return Sandbox(level)


def detect_level() -> Level:
    """The strongest level that really works: each one is tried, not guessed."""
    return next((level for level in Level if works(level)), Level.PLAIN)


def works(level: Level) -> bool:
    """Whether a harmless program runs at `level`."""
    limits = Limits(wall_seconds=10, memory_bytes=256 * 1024**2, cpu_seconds=5)
    try:
        Sandbox(level).run(["true"], limits=limits, stop=threading.Event())
    except ProcessingError:
        return False
    return True


def python_command(module: str) -> list[str]:
    """An argv that runs one of our modules isolated: no site of the user, no current folder."""
    start = (
        "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
        "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
    )
    return [sys.executable, "-I", "-B", "-c", start, str(_project_root()), module]


def python_libraries() -> tuple[Path, ...]:
    """What `python_command` must read: interpreter, packages and our code, not the data folder."""
    ours = (_project_root() / "portal", _project_root() / "workers")
    return (Path(sys.prefix), Path(sys.base_prefix), *ours)


def _project_root() -> Path:
    return Path(__file__).absolute().parent.parent


@contextmanager
def _process_group(
    argv: Sequence[str], *, folder: Path, niceness: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `argv` as the head of a group of its own; whatever happens, nobody of it survives."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        cwd=folder,
        start_new_session=True,
    )
    try:
        if niceness:
            _be_polite(process.pid, niceness)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _be_polite(pid: int, niceness: int) -> None:
    """Where the kernel shares processors out among sessions, niceness counts within one alone.

    Each run is a session of its own (sched(7), the autogroup feature).
    """
    with suppress(OSError):  # it is not on everywhere, nor may be changed everywhere
        Path(f"/proc/{pid:d}/autogroup").write_text(f"{niceness:d}", encoding="ascii")


@dataclass
class _Run:
    """Follows one process: its output, the clock and the stop event."""

    program: str
    limits: Limits
    stop: threading.Event
    on_line: Callable[[str], None] | None
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    def follow(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.limits.wall_seconds
        with selectors.DefaultSelector() as selector:
            for pipe, take in ((process.stdout, self._take_out), (process.stderr, self._take_err)):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ, take)
            while process.poll() is None:
                self._check(deadline)
                if selector.get_map():
                    self._read_once(selector, timeout_seconds=POLL_SECONDS)
                else:
                    _wait(process, POLL_SECONDS)
            # Descendants that outlive the head of the group could hold the pipes open for ever.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            while selector.get_map() and self._read_once(selector, timeout_seconds=1):
                self._check(deadline)
        if self.on_line is not None and self.stdout:
            self.on_line(_text(self.stdout))

    def completed(self, returncode: int, *, hidden: Sequence[Path]) -> Completed:
        tail = scrub(_text(self.stderr), hidden)
        if returncode == 0:
            return Completed(b"" if self.on_line else bytes(self.stdout), tail)
        if (limit := _limit_hit(returncode, bytes(self.stderr))) is not None:
            raise LimitExceeded(f"{self.program} was ended: it went over its {limit} limit.")
        lines = [line for line in tail.splitlines() if line.strip()]
        said = f": {lines[-1].strip()}" if lines else "."
        raise ToolFailed(
            f"{self.program} ended with code {returncode}{said}",
            exit_code=returncode,
            stderr_tail=tail,
        )

    def _check(self, deadline: float) -> None:
        if self.stop.is_set():
            raise Interrupted(f"{self.program} was ended because the worker is stopping.")
        if time.monotonic() > deadline:
            raise LimitExceeded(
                f"{self.program} was ended: it took longer than {self.limits.wall_seconds:g} s."
            )

    def _read_once(self, selector: selectors.BaseSelector, *, timeout_seconds: float) -> bool:
        ready = selector.select(timeout_seconds)
        for key, _events in ready:
            data = os.read(key.fd, 64 * 1024)
            if not data:
                selector.unregister(key.fileobj)
            key.data(data)
        return bool(ready)

    def _take_err(self, data: bytes) -> None:
        self.stderr += data
        del self.stderr[:-STDERR_TAIL_BYTES]

    def _take_out(self, data: bytes) -> None:
        self.stdout += data
        if self.on_line is not None:
            *lines, rest = self.stdout.split(b"\n")
            self.stdout = rest
            for line in lines:
                self.on_line(_text(line))
        if len(self.stdout) > (LINE_BYTES_MAX if self.on_line else STDOUT_BYTES_MAX):
            raise LimitExceeded(f"{self.program} was ended: it printed too much.")


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def scrub(text: str, hidden: Sequence[Path] = ()) -> str:
    """`text` without paths of this machine: users and logs are not told where files lie."""
    for path in sorted((str(path) for path in hidden), key=len, reverse=True):
        text = text.replace(f"file:{path}", "the file").replace(path, "the file")
    return _PATH.sub("a file", text)


def _limit_hit(returncode: int, stderr: bytes) -> str | None:
    # The wrappers report a child's death by signal N as exit code 128 + N.
    number = -returncode if returncode < 0 else returncode - 128
    for limit_signal, limit in _LIMIT_SIGNALS.items():
        if number == limit_signal:
            return limit
    return next((limit for sign, limit in _LIMIT_SIGNS if sign.search(stderr)), None)


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", errors="replace").rstrip("\r")


if __name__ == "__main__":  # for `portal doctor`, which knows workers by their argv only
    sys.stdout.write(f"{detect_level()}\n")
