"""Stores what ffmpeg wrote and describes it as renditions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from portal.assets.models import Rendition, RenditionKind
from portal.errors import Interrupted, ToolFailed
from portal.storage import keys
from workers.run import StepRun
from workers.video.codecs import codecs_of
from workers.video.commands import INIT, PLAYLIST
from workers.video.playlist import segment_name, segment_seconds

HLS_MEDIA_TYPE = "application/vnd.apple.mpegurl"
INIT_MEDIA_TYPE = "video/mp4"
SEGMENT_MEDIA_TYPE = "video/iso.segment"


@dataclass(frozen=True)
class Stored:
    """A file that is in the store."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Shape:
    """What a rendition is, apart from its bytes."""

    kind: RenditionKind
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    language: str | None = None


def store_hls(run: StepRun, name: str, shape: Shape) -> Rendition | None:
    """Store the HLS rendition in the scratch folder `name`; None when it has no segment."""
    folder = run.scratch / name
    playlist = folder / PLAYLIST
    seconds = segment_seconds(playlist.read_text()) if playlist.exists() else ()
    if not seconds:
        return None
    files = [INIT, *(segment_name(number + 1) for number in range(len(seconds)))]
    stored = {
        file: store_file(
            run,
            folder / file,
            f"{name}/{file}",
            media_type=INIT_MEDIA_TYPE if file == INIT else SEGMENT_MEDIA_TYPE,
        )
        for file in files
    }
    sizes_bytes = [stored[file].size_bytes for file in files[1:]]
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=shape.kind,
        key=f"{keys.attempt_prefix(run.asset.id, run.step, run.attempt)}{name}/",
        media_type=HLS_MEDIA_TYPE,
        size_bytes=sum(file.size_bytes for file in stored.values()),
        sha256=listing_sha256({file: part.sha256 for file, part in stored.items()}),
        width=shape.width,
        height=shape.height,
        frame_rate=shape.frame_rate,
        bandwidth_bps=peak_bandwidth_bps(sizes_bytes, seconds),
        average_bandwidth_bps=round(8 * sum(sizes_bytes) / sum(seconds)),
        codecs=codecs_of((folder / INIT).read_bytes()),
        language=shape.language,
        segment_seconds=seconds,
    )


def store_image(run: StepRun, name: str, *, width: int, height: int) -> Rendition:
    """Store the JPEG `name` of the scratch folder."""
    stored = store_file(run, run.scratch / name, name, media_type="image/jpeg")
    return Rendition(
        name=name,
        step=run.step,
        attempt=run.attempt,
        kind=RenditionKind.IMAGE,
        key=stored.key,
        media_type="image/jpeg",
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        width=width,
        height=height,
    )


def store_file(run: StepRun, source: Path, name: str, *, media_type: str) -> Stored:
    """Store one file under this attempt's own prefix."""
    if run.stop.is_set():
        raise Interrupted("Storing was ended because the worker is stopping.")
    if not source.is_file() or source.is_symlink():
        raise ToolFailed(f"ffmpeg ended well but did not write {source.name}.")
    key = keys.result(run.asset.id, run.step, run.attempt, name)
    with source.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    info = run.runtime.store.put_file(key, source, media_type=media_type)
    return Stored(key=key, size_bytes=info.size_bytes, sha256=sha256)


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
