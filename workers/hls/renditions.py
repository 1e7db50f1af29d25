"""Stores the fragmented MP4 that ffmpeg wrote, as the segments of an HLS rendition."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from tempfile import TemporaryFile

from portal.assets.made_files import INIT, media_type_of, segment_name
from portal.assets.models import Rendition, Step
from portal.errors import Interrupted
from portal.storage import keys
from portal.storage.interface import ObjectStore
from workers.hls.codecs import codecs_of
from workers.hls.fragments import FragmentedFile, read_fragmented
from workers.hls.pieces import Piece, Shape, StoredSegment, rendition_of
from workers.hls.segments import Segment, moved_head, segments_of
from workers.outputs import open_output, output_folder
from workers.run import Run

COPY_BYTES = 1024**2
Starts = Callable[[FragmentedFile], Sequence[int]]
"""Which fragments begin a segment; see `segments`."""


@dataclass(frozen=True)
class Place:
    """Where files come from and go to: `scratch` holds what ffmpeg wrote for this attempt."""

    store: ObjectStore
    scratch: Path
    asset_id: str
    step: Step
    attempt: int
    stop: threading.Event


def place_of(run: Run) -> Place:
    """The place of an attempt at a step or at one of its chunks."""
    return Place(
        store=run.runtime.store,
        scratch=run.scratch,
        asset_id=run.asset.id,
        step=run.step,
        attempt=run.attempt,
        stop=run.stop,
    )


@dataclass(frozen=True)
class Numbering:
    """Where a piece stands in its rendition; the first one, or a whole, by default.

    `first_segment` and `first_fragment` count from 1. `later_by` is added to its times, in the
    timescale of its track. `tries` keeps it from writing where an earlier try still may.
    """

    first_segment: int = 1
    first_fragment: int = 1
    later_by: int = 0
    tries: int = 1


WHOLE = Numbering()


def store_hls(place: Place, file: str, shape: Shape, *, starts: Starts) -> Rendition | None:
    """Move the scratch file `file` to the store as a whole rendition; None when it is empty.

    Raises ToolFailed when any part of it is not whole.
    """
    piece = store_piece(place, file, shape.name, starts=starts)
    if piece is None:
        return None
    return rendition_of(
        [piece], shape, asset_id=place.asset_id, step=place.step, attempt=place.attempt
    )


def store_piece(
    place: Place, file: str, name: str, *, starts: Starts, numbering: Numbering = WHOLE
) -> Piece | None:
    """Move the scratch file `file` to the store as a part of the rendition `name`.

    It shrinks as its segments are stored, the last one first: a long recording never lies on
    the disk twice. Raises ToolFailed when any part is not whole.
    """
    with output_folder(place.scratch) as folder, open_output(file, within=folder) as stream:
        found = read_fragmented(stream, name=file)
        if not found.fragments:
            return None
        storing = _Storing(place, name, stream, found, numbering)
        segments = storing.segments(segments_of(found, starts(found)))
        init = storing.init()
        os.unlink(file, dir_fd=folder)
    return Piece(
        codecs=codecs_of(init),
        init_size_bytes=len(init),
        init_sha256=hashlib.sha256(init).hexdigest(),
        sample_count=found.sample_count,
        segments=segments,
    )


@dataclass(frozen=True)
class _Storing:
    """One file on its way into the store."""

    place: Place
    name: str
    stream: BufferedReader
    file: FragmentedFile
    numbering: Numbering

    def init(self) -> bytes:
        """The initialisation segment; the first piece puts it beside the segments."""
        init = self._read(0, self.file.init_bytes)
        if self.numbering.first_segment == 1:
            with TemporaryFile(dir=self.place.scratch) as part:
                part.write(init)
                self._put(part, INIT)
        return init

    def segments(self, segments: Sequence[Segment]) -> tuple[StoredSegment, ...]:
        stored: list[StoredSegment] = []
        first_fragment = self.numbering.first_fragment + len(self.file.fragments)
        for place, segment in reversed(list(enumerate(segments))):
            first_fragment -= len(segment.fragments)
            file = segment_name(self.numbering.first_segment + place, tries=self.numbering.tries)
            stored.append(self._segment(segment, file, first_fragment=first_fragment))
            # By its descriptor: the very file that was read, whatever its name means by now.
            os.truncate(f"/proc/self/fd/{self.stream.fileno():d}", segment.fragments[0].offset)
        return tuple(reversed(stored))

    def _segment(self, segment: Segment, file: str, *, first_fragment: int) -> StoredSegment:
        with TemporaryFile(dir=self.place.scratch) as part:
            for number, fragment in enumerate(segment.fragments, start=first_fragment):
                head = self._read(fragment.offset, fragment.head_bytes)
                later_by = self.numbering.later_by
                part.write(moved_head(head, sequence_number=number, later_by=later_by))
                _copy(self.stream, part, fragment.size_bytes - fragment.head_bytes)
            sha256 = self._put(part, file)
        return StoredSegment(
            file=file,
            seconds=float(segment.seconds),
            size_bytes=segment.size_bytes,
            sha256=sha256,
            keyframe_bytes=segment.first_sample_bytes,
        )

    def _put(self, part: BufferedRandom, file: str) -> str:
        """Store what was written to `part`; its SHA-256."""
        if self.place.stop.is_set():
            raise Interrupted("Storing was ended because the worker is stopping.")
        part.flush()
        part.seek(0)
        sha256 = hashlib.file_digest(part, "sha256").hexdigest()
        place = self.place
        key = keys.result(place.asset_id, place.step, place.attempt, f"{self.name}/{file}")
        unnamed = Path(f"/proc/self/fd/{part.fileno():d}")
        place.store.put_file(key, unnamed, media_type=media_type_of(file))
        return sha256

    def _read(self, offset: int, length: int) -> bytes:
        self.stream.seek(offset)
        return self.stream.read(length)


def _copy(source: BufferedReader, target: BufferedRandom, length: int) -> None:
    while length > 0 and (data := source.read(min(length, COPY_BYTES))):
        target.write(data)
        length -= len(data)
