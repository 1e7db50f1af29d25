"""Builds a `StepRun` by hand and plays what it made, as a player would."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from portal.assets.models import Asset, Kind, Original, Rendition, RenditionKind, Step
from portal.ids import new_id
from portal.runtime import Runtime
from portal.storage import keys
from tests.media import ffprobe, run_ffmpeg
from workers.run import StepRun
from workers.sandbox import Sandbox


@dataclass
class Seen:
    """What a handler told while it ran."""

    progress: list[float] = field(default_factory=list)
    early: list[Rendition] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """Where handlers are tried: a real store, a real sandbox."""

    runtime: Runtime
    sandbox: Sandbox
    folder: Path
    seen: Seen = field(default_factory=Seen)
    stop: threading.Event = field(default_factory=threading.Event)

    def run_of(self, source: Path, step: Step, *, kind: Kind = Kind.VIDEO) -> StepRun:
        """A first attempt at `step` of an asset whose original is `source`."""
        asset = _asset(source, kind=kind)
        assert asset.original is not None
        self.runtime.store.put_file(asset.original.key, source, media_type="video/mp4")
        scratch = self.folder / f"scratch-{new_id()}"
        scratch.mkdir()
        return StepRun(
            runtime=self.runtime,
            sandbox=self.sandbox,
            asset=asset,
            step=step,
            attempt=1,
            scratch=scratch,
            stop=self.stop,
            report_progress=self.seen.progress.append,
            publish_early=self.seen.early.extend,
            check_room=lambda: None,
        )

    def download(self, renditions: Sequence[Rendition]) -> Path:
        """Write the HLS renditions and a master playlist to disk; return the master."""
        folder = self.folder / f"played-{new_id()}"
        for rendition in renditions:
            self._download_one(rendition, folder / rendition.name)
        master = folder / "master.m3u8"
        master.write_text(master_playlist(renditions))
        return master

    def _download_one(self, rendition: Rendition, folder: Path) -> None:
        folder.mkdir(parents=True)
        seconds = rendition.segment_seconds or ()
        files = rendition.segment_files or ()
        for name in ("init.mp4", *files):
            (folder / name).write_bytes(self.runtime.store.read(rendition.key + name))
        (folder / "index.m3u8").write_text(media_playlist(seconds, files))


def media_playlist(seconds: Sequence[float], files: Sequence[str]) -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(map(round, seconds))}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", '#EXT-X-MAP:URI="init.mp4"']
    for name, duration in zip(files, seconds, strict=True):
        lines += [f"#EXTINF:{duration:.6f},", name]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def master_playlist(renditions: Sequence[Rendition]) -> str:
    sounds = [r for r in renditions if r.kind is RenditionKind.AUDIO]
    pictures = [r for r in renditions if r.kind is not RenditionKind.AUDIO]
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",URI="{sound.name}/index.m3u8"'
        for sound in sounds
    ]
    for variant in pictures or sounds:
        codecs = ",".join({str(r.codecs) for r in (variant, *sounds)})
        attributes = f'BANDWIDTH={variant.bandwidth_bps},CODECS="{codecs}"'
        group = ',AUDIO="sound"' if sounds else ""
        lines += [f"#EXT-X-STREAM-INF:{attributes}{group}", f"{variant.name}/index.m3u8"]
    return "\n".join([*lines, ""])


def decode_all(master: Path) -> None:
    """Decode every rendition from first to last segment; any complaint is an error."""
    run_ffmpeg("-xerror", "-i", str(master), "-map", "0", "-f", "null", "-")


def frame_times(media: Path, *, only_key_frames: bool = False) -> list[float]:
    """Presentation times of the picture's packets, in order."""
    packets = ffprobe(media, "packet=pts_time,flags", "-select_streams", "v")
    rows = [row.split(",") for row in packets]
    return sorted(float(time) for time, flags in rows if "K" in flags or not only_key_frames)


def _asset(source: Path, *, kind: Kind) -> Asset:
    asset_id = new_id()
    original = Original(
        key=keys.original(asset_id),
        size_bytes=source.stat().st_size,
        media_type="video/mp4",
        sha256=None,
        declared_sha256=None,
    )
    return Asset(
        id=asset_id,
        event_id=new_id(),
        kind=kind,
        filename=source.name,
        title={},
        caption={},
        language=None,
        programme_item_id=None,
        captured_at=None,
        duration_seconds=None,
        width=None,
        height=None,
        created_at=datetime.now(UTC),
        original=original,
    )
