"""Private folders for attempts, and a ledger of the room that the attempts of one machine reserve.

An attempt's folder is locked by flock(2) for as long as its process lives, and its reservation is
a file within: a killed worker's vanishes with its lock, and the next worker deletes the rest.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.disk_use import taken_bytes
from portal.errors import InsufficientStorage, ScratchBusy, ScratchTooSmall
from portal.held_folders import alone_in, is_in_use, open_folder
from portal.settings import Settings, variable_name
from portal.storage.shared_copies import COPIES, SharedCopies
from workers.disk import blaming_full_disk, disk_bytes, free_bytes
from workers.needs import Needs, total_bytes

_PREFIX = "job-"
_FILES = "files"
_LEDGER = "reserved"
GROWTH_RATIO = 1.25
"""An attempt that needs more than it said asks for so much more than it uses."""
_LIMIT = variable_name("scratch_bytes_max")
_DISK_MINIMUM = variable_name("disk_free_bytes_min")


@dataclass(frozen=True)
class Scratch:
    """The scratch folder of a machine: one per data folder, shared by all of its workers."""

    root: Path
    bytes_max: int
    free_bytes_min: int

    @contextmanager
    def reserved(self, needs: Needs) -> Iterator[Reservation]:
        """An empty folder, and room for `needs`; both are given back afterwards.

        Raises ScratchTooSmall, ScratchBusy (others hold the room), or InsufficientStorage.
        """
        with alone_in(self.root):
            folder = self._admitted(needs)
            lock = open_folder(folder)
            fcntl.flock(lock, fcntl.LOCK_EX)  # lasts as long as this process does
        try:
            yield Reservation(self, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)

    def delete_abandoned(self) -> None:
        """Delete what belongs to no living process."""
        with alone_in(self.root):
            self._living()
        self._copies().delete_abandoned()

    def used_bytes(self) -> int:
        """What lies below the folder now."""
        return taken_bytes(self.root)

    def grow(self, folder: Path, *, used_bytes: int) -> None:
        """Give an attempt more room than it has reserved. Raises InsufficientStorage."""
        with alone_in(self.root):
            others = [entry for entry in self._living() if entry.folder != folder]
            needs = self.noted(folder).grown(round(used_bytes * GROWTH_RATIO))
            free = self._free_bytes(others) + used_bytes
            if total_bytes([needs, *(entry.needs for entry in others)]) > self.bytes_max:
                raise InsufficientStorage(
                    f"It takes {_size(used_bytes)} of files under work, more than was to be "
                    f"expected, and {_LIMIT} leaves no more. Raise it if the disk has room."
                )
            if needs.own_bytes > free:
                raise _disk_is_full(needs.own_bytes - used_bytes, free - used_bytes)
            with blaming_full_disk(self.root, free_bytes_min=self.free_bytes_min):
                _write(folder, needs)

    def noted(self, folder: Path) -> Needs:
        """What an attempt has reserved: nothing when its owner is just removing it, and all that
        there is when nobody can tell, so that no other attempt fails over it.
        """
        try:
            noted = json.loads((folder / _LEDGER).read_bytes())
            return Needs(own_bytes=int(noted["own_bytes"]), copies=dict(noted["copies"]))
        except FileNotFoundError:
            return Needs()
        except (ValueError, KeyError, TypeError):
            return Needs(own_bytes=self.bytes_max)

    def _admitted(self, needs: Needs) -> Path:
        """A new folder whose ledger file says `needs`, if there is room."""
        if total_bytes([needs]) > 0:  # else there is nothing to add up, which may take long
            self._refuse_what_never_fits(needs)
            self._refuse_what_has_no_room(needs)
        with blaming_full_disk(self.root, free_bytes_min=self.free_bytes_min):
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.root))
            (folder / _FILES).mkdir(mode=0o700)
            _write(folder, needs)
        return folder

    def _refuse_what_has_no_room(self, needs: Needs) -> None:
        others = self._living()
        if total_bytes([needs, *(entry.needs for entry in others)]) > self.bytes_max:
            raise ScratchBusy(
                "It waits for room: other work uses this machine's scratch space "
                f"({_LIMIT} is {_size(self.bytes_max)})."
            )
        free = max(0, self._free_bytes(others))
        missing = needs.beyond([entry.needs for entry in others])
        if missing > free and others:
            raise ScratchBusy(
                f"It waits for room: it needs {_size(missing)} on the disk with the worker's "
                f"scratch folder, and other work leaves {_size(free)} of it "
                f"({_DISK_MINIMUM} is {_size(self.free_bytes_min)})."
            )
        if missing > free:
            raise _disk_is_full(missing, free)

    def _refuse_what_never_fits(self, needs: Needs) -> None:
        wanted = total_bytes([needs])
        if wanted > self.bytes_max:
            raise ScratchTooSmall(
                f"It needs about {_size(wanted)} for files under work, and {_LIMIT} allows "
                f"{_size(self.bytes_max)}. Raise that setting of the workers."
            )
        usable = disk_bytes(self.root) - self.free_bytes_min
        if wanted > usable:
            raise ScratchTooSmall(
                f"It needs about {_size(wanted)} for files under work, and the disk of the "
                f"worker's data folder offers {_size(max(0, usable))} at most, because "
                f"{_DISK_MINIMUM} is {_size(self.free_bytes_min)}. Use a larger disk."
            )

    def _living(self) -> Sequence[_Entry]:
        """What others hold; what dead processes left is deleted on the way."""
        found = []
        for folder in self.root.glob(f"{_PREFIX}*"):
            if is_in_use(folder):
                found.append(_Entry(folder, self.noted(folder)))
            else:
                shutil.rmtree(folder, ignore_errors=True)
        return found

    def _free_bytes(self, others: Sequence[_Entry]) -> int:
        """What may be written beside what the others have reserved and not written yet."""
        unwritten = sum(
            max(0, entry.needs.own_bytes - taken_bytes(entry.folder)) for entry in others
        )
        copies = self._copies()
        sizes = {key: size for entry in others for key, size in entry.needs.copies.items()}
        unwritten += sum(max(0, size - copies.used_bytes(key)) for key, size in sizes.items())
        return free_bytes(self.root) - self.free_bytes_min - unwritten

    def _copies(self) -> SharedCopies:
        return SharedCopies(self.root / COPIES)


@dataclass(frozen=True)
class Reservation:
    """What an attempt holds: `files` is its folder."""

    scratch: Scratch
    folder: Path

    @property
    def files(self) -> Path:
        return self.folder / _FILES

    def check(self) -> None:
        """See that the attempt keeps to its room, or give it more. Raises InsufficientStorage."""
        used_bytes = taken_bytes(self.files)
        if used_bytes > self.scratch.noted(self.folder).own_bytes:
            self.scratch.grow(self.folder, used_bytes=used_bytes)


@dataclass(frozen=True)
class _Entry:
    """The reservation of a living attempt."""

    folder: Path
    needs: Needs


def open_scratch(settings: Settings) -> Scratch:
    return Scratch(
        root=settings.scratch_path,
        bytes_max=settings.scratch_bytes_max,
        free_bytes_min=settings.disk_free_bytes_min,
    )


def _write(folder: Path, needs: Needs) -> None:
    """Whole or not at all: on a full disk the attempt keeps what it had reserved."""
    draft = folder / f"{_LEDGER}.draft"
    draft.write_text(json.dumps({"own_bytes": needs.own_bytes, "copies": dict(needs.copies)}))
    draft.replace(folder / _LEDGER)


def _disk_is_full(wanted_bytes: int, free: int) -> InsufficientStorage:
    return InsufficientStorage(
        f"The disk with the worker's scratch folder (in PORTAL_DATA_DIR) has no room for the "
        f"{_size(wanted_bytes)} that this needs: {_size(max(0, free))} may be used, because "
        f"{_DISK_MINIMUM} must stay free. Make room."
    )


def _size(size_bytes: int) -> str:
    gibibytes = size_bytes / 1024**3
    return f"{gibibytes:,.1f} GiB" if gibibytes >= 1 else f"{size_bytes / 1024**2:,.1f} MiB"
