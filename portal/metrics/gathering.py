"""How the numbers of several processes meet: each answers on a socket, one asks them all.

Sockets and no files in memory: writing to those ends a process when the disk is full, and those of
dead processes would pile up.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from portal.metrics.observing import OF_THIS_PROCESS
from portal.settings import Settings

ANSWER_SECONDS_MAX = 1.0
READ_BYTES = 64 * 1024
_SUFFIX = ".socket"


@contextmanager
def answering(settings: Settings, *, role: str) -> Iterator[None]:
    """Tell this process's numbers to whoever asks, while the context lasts; `role` names its kind.

    Where no command that started us serves metrics, nobody asks.
    """
    folder = settings.metrics_folder
    if folder is None:
        yield
        return
    name = f"{role}.{os.getpid()}{_SUFFIX}"
    with closing(_socket()) as listener, _within(folder) as place:
        with suppress(FileNotFoundError):  # of a process of this number that was killed
            (folder / name).unlink()
        listener.bind(f"{place}/{name}")
        listener.listen()
        threading.Thread(target=_answer, args=(listener,), name="metrics", daemon=True).start()
        try:
            yield
        finally:
            (folder / name).unlink(missing_ok=True)


class Gathering(Collector):
    """The numbers of all processes that answer, each told apart by `process`: "worker-2"."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = _Names()

    def collect(self) -> Iterable[Metric]:
        found = sorted(self._folder.glob(f"*{_SUFFIX}"))
        names = self._names.given_to([path.name for path in found])
        families: dict[str, Metric] = {}
        for path in found:
            for told in _ask(path):
                family = families.setdefault(
                    told.name, Metric(told.name, told.documentation, told.kind)
                )
                for name, labels, value in told.samples:
                    family.add_sample(name, {**labels, "process": names[path.name]}, value)
        return families.values()


@dataclass(frozen=True)
class Told:
    """A family of numbers as one process tells it."""

    name: str
    documentation: str
    kind: str
    samples: Sequence[tuple[str, Mapping[str, str], float]]


class _Names:
    """Small numbers for processes, so that a successor takes over its predecessor's name."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def given_to(self, sockets: Sequence[str]) -> Mapping[str, str]:
        self._names = {s: name for s, name in self._names.items() if s in sockets}
        for socket_name in sockets:
            if socket_name not in self._names:
                self._names[socket_name] = self._free(socket_name.split(".")[0])
        return self._names

    def _free(self, role: str) -> str:
        taken = set(self._names.values())
        numbers = range(1, len(taken) + 2)
        return next(name for n in numbers if (name := f"{role}-{n}") not in taken)


def _answer(listener: socket.socket) -> None:
    while True:
        try:
            asker, _address = listener.accept()
        except OSError:  # closed: the process ends
            return
        with asker, suppress(OSError):
            asker.settimeout(ANSWER_SECONDS_MAX)
            asker.sendall(_told().encode())


def _told() -> str:
    return json.dumps(
        [
            [family.name, family.documentation, family.type, _samples(family)]
            for family in OF_THIS_PROCESS.collect()
        ]
    )


def _samples(family: Metric) -> list[tuple[str, Mapping[str, str], float]]:
    """Without when each was created, which says nothing that we use."""
    return [
        (sample.name, sample.labels, sample.value)
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def _ask(path: Path) -> list[Told]:
    """Nothing of a process that has ended, or that hangs."""
    try:
        return [Told(*family) for family in json.loads(_read(path))]
    except (ConnectionRefusedError, FileNotFoundError):
        path.unlink(missing_ok=True)
    except (OSError, ValueError):
        pass  # it hangs, or ended in the middle of its answer
    return []


def _read(path: Path) -> bytes:
    with closing(_socket()) as asker, _within(path.parent) as place:
        asker.settimeout(ANSWER_SECONDS_MAX)
        asker.connect(f"{place}/{path.name}")
        parts = []
        while part := asker.recv(READ_BYTES):
            parts.append(part)
    return b"".join(parts)


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


@contextmanager
def _within(folder: Path) -> Iterator[str]:
    """A short name for `folder`: the path of a socket has 107 characters at most (unix(7))."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
