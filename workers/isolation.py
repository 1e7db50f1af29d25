"""How a command is wrapped for each level of isolation: pure argv, nothing is run here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from portal.errors import ToolMissing

PRIVATE_TMP = "/tmp"  # noqa: S108  # the sandbox's own, never the machine's
PRIVATE_TMP_BYTES = 64 * 1024**2
OPEN_FILES_MAX = 256
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": PRIVATE_TMP,
}
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
"""Where programs and shared libraries live; on merged systems some are symlinks into /usr."""
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
"""Debian's libblas, which ffmpeg loads, is a symlink through /etc/alternatives."""
INSTALL_HINTS: Mapping[str, str] = {
    "ffmpeg": "install it with `apt install ffmpeg` or name it in PORTAL_FFMPEG_PATH",
    "ffprobe": "install it with `apt install ffmpeg` or name it in PORTAL_FFPROBE_PATH",
}


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
    niceness: int = 0
    file_bytes: int = 64 * 1024**3


def wrap(
    argv: Sequence[str],
    *,
    level: Level,
    limits: Limits,
    reads: Sequence[Path],
    writes: Path | None,
) -> list[str]:
    """`argv` within its limits and its isolation; it dies when the calling thread does.

    Raises ToolMissing when a program that is needed is not installed.
    """
    program = find_program(argv[0])
    isolation = _isolation(level, [Path(program), *reads], writes)
    return [*_limit_prefix(limits), *isolation, program, *argv[1:]]


def find_program(name: str) -> str:
    """The absolute path of a program. Raises ToolMissing, saying how to get it."""
    found = shutil.which(name)
    if found is None:
        hint = INSTALL_HINTS.get(Path(name).name, "install it and start the worker again")
        raise ToolMissing(f"The program {Path(name).name} was not found: {hint}.")
    return str(Path(found).absolute())


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
    polite = [find_program("nice"), "-n", f"{limits.niceness:d}"] if limits.niceness else []
    return [
        *polite,
        *(find_program("setpriv"), "--pdeathsig", "KILL", "--"),
        *(find_program("prlimit"), *flags, "--"),
    ]


# The first process of a PID namespace ignores the signals of limits, so a shell takes that place.
_AS_SECOND_PROCESS = ("/bin/sh", "-c", '"$@"; exit "$?"', "sh")


def _isolation(level: Level, reads: Sequence[Path], writes: Path | None) -> list[str]:
    match level:
        case Level.BUBBLEWRAP:
            return [find_program("bwrap"), *_bubblewrap_flags(reads, writes), "--"]
        case Level.UNSHARE:
            flags = "--map-root-user --net --ipc --uts --pid --fork --kill-child=KILL"
            return [find_program("unshare"), *flags.split(), "--", *_AS_SECOND_PROCESS]
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
    flags += ["--dev", "/dev", "--size", str(PRIVATE_TMP_BYTES), "--tmpfs", PRIVATE_TMP]
    for path in dict.fromkeys(str(path) for path in reads if not _is_system(path)):
        flags += ["--ro-bind", path, path]
    if writes is not None:
        flags += ["--bind", str(writes), str(writes)]
    flags += ["--remount-ro", "/", "--remount-ro", "/dev"]
    return [*flags, "--chdir", str(writes or PRIVATE_TMP)]


def _system_folder_flags(folder: Path) -> list[str]:
    if folder.is_symlink():
        return ["--symlink", str(folder.readlink()), str(folder)]
    return ["--ro-bind-try", str(folder), str(folder)]


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM_FOLDERS)
