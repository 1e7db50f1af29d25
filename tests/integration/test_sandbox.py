"""What runs in the sandbox reaches its inputs and its output folder, and ends when it must."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from portal.errors import Interrupted, LimitExceeded, SettingsError, ToolFailed, ToolMissing
from portal.settings import Settings
from workers import sandbox as sandbox_module
from workers.sandbox import (
    Completed,
    Level,
    Limits,
    Sandbox,
    detect_level,
    open_sandbox,
    python_command,
    python_libraries,
    works,
)

MIB = 1024**2
LIMITS = Limits(wall_seconds=60, memory_bytes=512 * MIB)
AUTOGROUP = Path("/proc/self/autogroup")
LEVELS = [level for level in Level if works(level)]


@pytest.fixture(params=LEVELS, ids=str)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return Sandbox(request.param)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder with an awkward name that only its owner may enter."""
    folder = tmp_path / "-мой private folder"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def output(private: Path) -> Path:
    folder = private / "output"
    folder.mkdir()
    return folder


@pytest.fixture
def fifo(output: Path) -> Path:
    """Reading it to its end waits until every process that holds it for writing is dead."""
    path = output / "alive"
    os.mkfifo(path)
    return path


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", code, *arguments]


def run_python(
    sandbox: Sandbox,
    code: str,
    *arguments: str,
    limits: Limits = LIMITS,
    output: Path | None = None,
) -> Completed:
    return sandbox.run(
        python(code, *arguments),
        libraries=python_libraries(),
        limits=limits,
        stop=threading.Event(),
        output=output,
    )


def test_the_strongest_level_that_works_is_found() -> None:
    assert detect_level() is LEVELS[0]


def test_reads_an_input_with_an_awkward_name(sandbox: Sandbox, private: Path) -> None:
    source = private / "-f 'file'; $(id) ё.txt"
    source.write_text("hello")
    done = sandbox.run(
        ["cat", "--", str(source)], inputs=[source], limits=LIMITS, stop=threading.Event()
    )
    assert done.stdout == b"hello"


def test_writes_into_the_output_folder_where_it_stands(sandbox: Sandbox, output: Path) -> None:
    run_python(sandbox, "open('made', 'w').write('x')", output=output)
    assert (output / "made").read_text() == "x"
    assert (output / "made").stat().st_uid == os.getuid()


def test_a_file_that_is_no_input_cannot_be_read(private: Path, output: Path) -> None:
    canary = private / "canary"
    canary.write_text("secret")
    with pytest.raises(ToolFailed, match="No such file"):
        run_python(Sandbox(LEVELS[0]), "open(__import__('sys').argv[1])", str(canary))
    assert LEVELS[0] is Level.BUBBLEWRAP


def test_nothing_outside_the_output_folder_can_be_written(private: Path, output: Path) -> None:
    source = private / "input"
    source.write_text("kept")
    targets = [str(source), str(private / "other"), "/usr/made", "/made", "/dev/made"]
    done = Sandbox(Level.BUBBLEWRAP).run(
        python(_WRITE_ALL, *targets),
        inputs=[source],
        output=output,
        libraries=python_libraries(),
        limits=LIMITS,
        stop=threading.Event(),
    )
    # `other` may lie in the private /tmp, where writing is allowed and leaves nothing behind.
    assert set(done.stdout.decode().splitlines()) <= {str(private / "other")}
    assert source.read_text() == "kept"
    assert sorted(path.name for path in private.iterdir()) == ["input", "output"]


_WRITE_ALL = """
import sys
for target in sys.argv[1:]:
    try:
        open(target, "w").close()
        print(target)
    except OSError:
        pass
"""


@pytest.mark.parametrize("level", [level for level in LEVELS if level is not Level.PLAIN], ids=str)
def test_no_network_not_even_loopback(level: Level) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ToolFailed):
            run_python(
                Sandbox(level), f"import socket; socket.create_connection(('127.0.0.1', {port}))"
            )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_no_environment_of_the_worker_is_seen(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_S3_SECRET_KEY", "canary")
    assert b"canary" not in run_python(sandbox, "import os; print(os.environ)").stdout


def test_standard_input_is_empty(sandbox: Sandbox, stop: threading.Event) -> None:
    assert sandbox.run(["cat"], limits=LIMITS, stop=stop).stdout == b""


def test_a_polite_run_stands_back_for_other_sessions_too() -> None:
    """Where the kernel divides by sessions at all; elsewhere niceness alone does it."""
    polite = replace(LIMITS, niceness=7)
    code = "import os; print(os.nice(0))"
    if AUTOGROUP.exists():
        code += f"\nwhile 'nice 7' not in open('{AUTOGROUP}').read(): pass"
    assert run_python(Sandbox(Level.PLAIN), code, limits=polite).stdout == b"7\n"


def test_the_wall_limit_ends_the_children_of_children_too(
    sandbox: Sandbox, output: Path, fifo: Path
) -> None:
    reader = _Reader(fifo)
    with pytest.raises(LimitExceeded, match=r"took longer than 0\.5 s"):
        sandbox.run(
            ["sh", "-c", "exec 3>alive; (sleep 1000 & sleep 1000) & sleep 1000"],
            output=output,
            limits=Limits(wall_seconds=0.5, memory_bytes=512 * MIB),
            stop=threading.Event(),
        )
    reader.wait_until_all_writers_died()


def test_a_child_left_behind_does_not_hold_the_run_open(sandbox: Sandbox) -> None:
    done = sandbox.run(
        ["sh", "-c", "sleep 1000 & echo done"], limits=LIMITS, stop=threading.Event()
    )
    assert done.stdout == b"done\n"


def test_a_stop_ends_it_at_once(sandbox: Sandbox, stop: threading.Event) -> None:
    lines: list[str] = []

    def stop_at_first(line: str) -> None:
        lines.append(line)
        stop.set()

    with pytest.raises(Interrupted):
        sandbox.run(
            ["sh", "-c", "echo begun; sleep 1000"], limits=LIMITS, stop=stop, on_line=stop_at_first
        )
    assert lines == ["begun"]


def test_an_error_in_the_caller_ends_the_group(
    sandbox: Sandbox, output: Path, fifo: Path, stop: threading.Event
) -> None:
    reader = _Reader(fifo)

    def fail(line: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sandbox.run(
            ["sh", "-c", "exec 3>alive; echo begun; sleep 1000"],
            output=output,
            limits=LIMITS,
            stop=stop,
            on_line=fail,
        )
    reader.wait_until_all_writers_died()


def test_memory_is_limited(sandbox: Sandbox) -> None:
    with pytest.raises(LimitExceeded, match="memory"):
        run_python(
            sandbox,
            "bytearray(800 * 1024**2)",
            limits=Limits(wall_seconds=60, memory_bytes=256 * MIB),
        )


def test_processor_time_is_limited(sandbox: Sandbox) -> None:
    limits = Limits(wall_seconds=60, memory_bytes=512 * MIB, cpu_seconds=1)
    with pytest.raises(LimitExceeded, match="processor time"):
        run_python(sandbox, "while True: pass", limits=limits)


def test_the_size_of_a_file_is_limited(sandbox: Sandbox, output: Path) -> None:
    limits = Limits(wall_seconds=60, memory_bytes=512 * MIB, file_bytes=1000)
    with pytest.raises(LimitExceeded, match="file size"):
        run_python(
            sandbox, "open('made', 'wb', 0).write(bytes(2000)) == 1000; "
            "open('made', 'ab', 0).write(b'1')", limits=limits, output=output,
        )  # fmt: skip
    assert (output / "made").stat().st_size == 1000


def test_endless_output_is_cut_off(
    sandbox: Sandbox, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "STDOUT_BYTES_MAX", 1000)
    with pytest.raises(LimitExceeded, match="printed too much"):
        sandbox.run(["yes"], limits=LIMITS, stop=stop)


def test_lines_arrive_whole_and_in_order(sandbox: Sandbox, stop: threading.Event) -> None:
    lines: list[str] = []
    done = sandbox.run(
        ["printf", "a=1\nb=2\r\nлиния"], limits=LIMITS, stop=stop, on_line=lines.append
    )
    assert lines == ["a=1", "b=2", "линия"]
    assert done.stdout == b""


def test_a_failure_tells_code_and_words_but_no_path(sandbox: Sandbox, private: Path) -> None:
    with pytest.raises(ToolFailed) as caught:
        run_python(sandbox, "import sys; sys.exit('cannot read /etc/secret/place: bad data')")
    assert caught.value.exit_code == 1
    assert caught.value.stderr_tail.strip() == "cannot read a file: bad data"
    assert "/etc" not in str(caught.value)


def test_a_missing_program_is_named_with_the_remedy(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = str(tmp_path / "ffmpeg")
    with pytest.raises(ToolMissing, match="apt install ffmpeg"):
        sandbox.run([missing], limits=LIMITS, stop=threading.Event())


def test_one_of_our_modules_runs_isolated(sandbox: Sandbox, stop: threading.Event) -> None:
    done = sandbox.run(
        python_command("portal.ids"), libraries=python_libraries(), limits=LIMITS, stop=stop
    )
    assert done == Completed(b"", "")


def test_killing_the_parent_ends_the_child(sandbox: Sandbox, output: Path, fifo: Path) -> None:
    reader = _Reader(fifo)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, sandbox.level, str(output)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"begun\n"
        parent.send_signal(signal.SIGKILL)
    reader.wait_until_all_writers_died()


_PARENT = """
import sys, threading
from pathlib import Path
from workers.sandbox import Level, Limits, Sandbox
Sandbox(Level(sys.argv[1])).run(
    ["sh", "-c", "exec 3>alive; echo begun; exec sleep 1000"],
    output=Path(sys.argv[2]),
    limits=Limits(wall_seconds=1000, memory_bytes=2**29),
    stop=threading.Event(),
    on_line=lambda line: print(line, flush=True),
)
"""


def test_plain_is_refused_where_a_sandbox_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "detect_level", lambda: Level.PLAIN)
    assert open_sandbox(Settings()).level is Level.PLAIN
    with pytest.raises(SettingsError, match="bubblewrap"):
        open_sandbox(Settings(require_sandbox=True))


class _Reader:
    """The reading end of a FIFO, opened before anyone writes."""

    def __init__(self, fifo: Path) -> None:
        self._descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    def wait_until_all_writers_died(self) -> None:
        os.set_blocking(self._descriptor, True)
        try:
            assert os.read(self._descriptor, 1) == b""
        finally:
            os.close(self._descriptor)
