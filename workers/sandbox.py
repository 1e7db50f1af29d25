"""The only module that runs programs on foreign bytes: argv in, result out, nothing else reached.

Three levels of isolation stand behind one call; docs/decisions/0003-sandbox.md says what each
one gives. Limits, process-group kill and death with the parent hold on every level.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from portal.errors import (
    Interrupted,
    LimitExceeded,
    ProcessingError,
    SettingsError,
    ToolFailed,
    ToolMissing,
)
from portal.settings import Settings

STDOUT_BYTES_MAX = 32 * 1024**2
STDERR_TAIL_BYTES = 8 * 1024
LINE_BYTES_MAX = 64 * 1024
PRIVATE_TMP_BYTES = 64 * 1024**2
OPEN_FILES_MAX = 256
POLL_SECONDS = 0.1
"""How late a stop or the wall limit may be noticed."""

ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",  # noqa: S108  # the private /tmp of the sandbox, not the machine's
}
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
"""Where programs and shared libraries live; on merged systems some are symlinks into /usr."""
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
"""Debian's libblas, which ffmpeg loads, is a symlink through /etc/alternatives."""
INSTALL_HINTS: Mapping[str, str] = {
    "ffmpeg": "install it with `apt install ffmpeg` or name it in PORTAL_FFMPEG_PATH",
    "ffprobe": "install it with `apt install ffmpeg` or name it in PORTAL_FFPROBE_PATH",
}
_LIMIT_SIGNS = (
    (re.compile(rb"Cannot allocate memory|MemoryError|bad_alloc|Out of memory"), "memory"),
    (re.compile(rb"received signal 24\b"), "processor time"),  # how ffmpeg reports SIGXCPU
    (re.compile(rb"File too large"), "file size"),
)
_LIMIT_SIGNALS = {signal.SIGXCPU: "processor time", signal.SIGXFSZ: "file size"}
_PATH = re.compile(r"(?:file:)?/[^\s'\":,;()\[\]]+")


class Level(StrEnum):
    """How foreign bytes are kept apart from the rest, strongest first."""

    BUBBLEWRAP = "bubblewrap"  # sees only its inputs; no network, no other process
    UNSHARE = "unshare"  # no network, no other process; files as the worker sees them
    PLAIN = "plain"  # limits only


@dataclass(frozen=True)
class Limits:
    """What one run may use. `memory_bytes` counts private writable memory, not address space."""

    wall_seconds: float
    memory_bytes: int
    cpu_seconds: int | None = None
    file_bytes: int = 64 * 1024**3


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
        program = find_program(argv[0])
        inside = [program, *argv[1:]]
        reads = [path.absolute() for path in (*inputs, *libraries)]
        writes = None if output is None else output.absolute()
        prefix = _isolation(self.level, [Path(program), *reads], writes)
        outside = [*_limit_prefix(limits), *prefix, *inside]
        run = _Run(Path(program).name, limits=limits, stop=stop, on_line=on_line)
        folder = writes if writes is not None and self.level is not Level.BUBBLEWRAP else "/"
        with _process_group(outside, folder=folder) as process:
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


def find_program(name: str) -> str:
    """The absolute path of a program. Raises ToolMissing, saying how to get it."""
    found = shutil.which(name)
    if found is None:
        hint = INSTALL_HINTS.get(Path(name).name, "install it and start the worker again")
        raise ToolMissing(f"The program {Path(name).name} was not found: {hint}.")
    return str(Path(found).absolute())


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


def _limit_prefix(limits: Limits) -> list[str]:
    # RLIMIT_DATA, not RLIMIT_AS: every thread reserves 64 MB of address space for its heap, so on
    # a machine with many cores an honest encode would hit a limit of address space.
    flags = [
        f"--data={limits.memory_bytes:d}",
        f"--fsize={limits.file_bytes:d}",
        f"--nofile={OPEN_FILES_MAX}",
        "--core=0",
    ]
    if limits.cpu_seconds is not None:
        flags.append(f"--cpu={limits.cpu_seconds:d}:{limits.cpu_seconds + 2:d}")
    return [
        *(find_program("setpriv"), "--pdeathsig", "KILL", "--"),
        *(find_program("prlimit"), *flags, "--"),
    ]


def _isolation(level: Level, reads: Sequence[Path], writes: Path | None) -> list[str]:
    match level:
        case Level.BUBBLEWRAP:
            return [find_program("bwrap"), *_bubblewrap_flags(reads, writes), "--"]
        case Level.UNSHARE:
            flags = "--map-root-user --net --ipc --uts --pid --fork --kill-child=KILL"
            return [find_program("unshare"), *flags.split(), "--"]
        case Level.PLAIN:
            return []


def _bubblewrap_flags(reads: Sequence[Path], writes: Path | None) -> list[str]:
    flags = ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    flags += ["--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL"]
    flags += ["--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
    for folder in SYSTEM_FOLDERS:
        flags += _system_folder_flags(Path(folder))
    for file in SYSTEM_FILES:
        flags += ["--ro-bind-try", file, file]
    # No /proc: nothing we run needs it, and containers often forbid mounting a new one.
    flags += ["--dev", "/dev", "--size", str(PRIVATE_TMP_BYTES), "--tmpfs", "/tmp"]  # noqa: S108
    for path in dict.fromkeys(str(path) for path in reads if not _is_system(path)):
        flags += ["--ro-bind", path, path]
    if writes is not None:
        flags += ["--bind", str(writes), str(writes)]
    flags += ["--remount-ro", "/", "--remount-ro", "/dev"]
    return [*flags, "--chdir", str(writes or "/tmp")]  # noqa: S108


def _system_folder_flags(folder: Path) -> list[str]:
    if folder.is_symlink():
        return ["--symlink", str(folder.readlink()), str(folder)]
    return ["--ro-bind-try", str(folder), str(folder)]


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS)


@contextmanager
def _process_group(argv: Sequence[str], *, folder: Path | str) -> Iterator[subprocess.Popen[bytes]]:
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
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


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
