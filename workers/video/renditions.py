"""Stores what ffmpeg wrote and describes it as renditions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.assets.made_files import (
    INIT,
    JPEG_TYPE,
    PLAYLIST_TYPE,
    hls_files,
    media_type_of,
    segment_names,
)
from portal.assets.models import Rendition, RenditionKind
from portal.storage import keys
from workers.hls.codecs import codecs_of
from workers.outputs import (
    Stored,
    open_output,
    output_folder,
    read_output,
    require_whole_jpeg,
    store_output,
)
from workers.run import StepRun
from workers.video.boxes import require_whole_init, require_whole_segment
from workers.video.commands import PLAYLIST
from workers.video.playlist import PLAYLIST_BYTES_MAX, segment_seconds

INIT_BYTES_MAX = 1024**2
"""Two tracks need 1.5 kB."""


@dataclass(frozen=True)
class Shape:
    """What a rendition is, apart from its bytes."""

    kind: RenditionKind
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    language: str | None = None


@dataclass(frozen=True)
class _Checked:
    """An HLS rendition in the scratch folder, whole in all its parts."""

    segment_seconds: tuple[float, ...]
    codecs: str

    @property
    def files(self) -> tuple[str, ...]:
        """The initialisation segment, then the others in order."""
        return hls_files(segment_names(len(self.segment_seconds)))


def store_hls(run: StepRun, name: str, shape: Shape) -> Rendition | None:
    """Move the HLS rendition in the scratch folder `name` to the store; None when there is none.

    Raises ToolFailed when any part of it is not whole.
    """
    with output_folder(run.scratch / name) as folder:
        checked = _checked(folder)
        if checked is None:
            return None
        stored = {file: _moved(run, name, file, folder=folder) for file in checked.files}
    seconds = checked.segment_seconds
    sizes_bytes = [stored[file].size_bytes for file in checked.files[1:]]
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=shape.kind,
        key=f"{keys.attempt_prefix(run.asset.id, run.step, run.attempt)}{name}/",
        media_type=PLAYLIST_TYPE,
        size_bytes=sum(file.size_bytes for file in stored.values()),
        sha256=listing_sha256({file: part.sha256 for file, part in stored.items()}),
        width=shape.width,
        height=shape.height,
        frame_rate=shape.frame_rate,
        bandwidth_bps=peak_bandwidth_bps(sizes_bytes, seconds),
        average_bandwidth_bps=round(8 * sum(sizes_bytes) / sum(seconds)),
        codecs=checked.codecs,
        language=shape.language,
        segment_files=checked.files[1:],
        segment_seconds=seconds,
    )


def _checked(folder: int) -> _Checked | None:
    if not os.listdir(folder):
        return None  # not one frame or sample was decoded
    playlist = read_output(PLAYLIST, within=folder, bytes_max=PLAYLIST_BYTES_MAX)
    seconds = segment_seconds(playlist.decode(errors="replace"))
    if not seconds:
        return None
    with open_output(INIT, within=folder) as stream:
        require_whole_init(stream, name=INIT)
    codecs = codecs_of(read_output(INIT, within=folder, bytes_max=INIT_BYTES_MAX))
    checked = _Checked(seconds, codecs)
    for segment in checked.files[1:]:
        with open_output(segment, within=folder) as stream:
            require_whole_segment(stream, name=segment)
    return checked


def _moved(run: StepRun, name: str, file: str, *, folder: int) -> Stored:
    with open_output(file, within=folder) as stream:
        stored = store_output(run, stream, f"{name}/{file}", media_type=media_type_of(file))
    # At once, so that a long recording never lies on the disk twice.
    os.unlink(file, dir_fd=folder)
    return stored


def store_image(run: StepRun, name: str, *, width: int, height: int) -> Rendition:
    """Store the JPEG `name` of the scratch folder."""
    with output_folder(run.scratch) as folder, open_output(name, within=folder) as stream:
        require_whole_jpeg(stream, name=name)
        stored = store_output(run, stream, name, media_type=JPEG_TYPE)
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=stored.key,
        media_type=JPEG_TYPE,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=width,
        height=height,
    )


def listing_sha256(sha256_by_name: Mapping[str, str]) -> str:
    """The SHA-256 of the lines "name sha256" of all files, by name."""
    lines = (f"{name} {sha256}\n" for name, sha256 in sorted(sha256_by_name.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def peak_bandwidth_bps(sizes_bytes: Sequence[int], seconds: Sequence[float]) -> int:
    """The largest bit rate of a segment, never below the average.

    A short last segment does not count by itself: RFC 8216, 4.3.4.2 takes the peak over
    stretches of at least half a target duration.
    """
    pairs = zip(sizes_bytes, seconds, strict=True)
    long_enough = [(size, duration) for size, duration in pairs if duration >= max(seconds) / 2]
    rates = [size / duration for size, duration in long_enough]
    return round(8 * max(*rates, sum(sizes_bytes) / sum(seconds)))
