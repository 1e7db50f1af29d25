"""Renditions as rows hold them, and the playlists that the portal makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from portal.assets.made_files import hls_files
from portal.assets.models import Rendition, RenditionKind, Step
from portal.delivery.captions import segment_durations, segment_text, window
from portal.delivery.media_playlists import (
    captions_playlist,
    has_keyframes,
    keyframe_playlist,
    media_playlist,
)
from portal.delivery.multivariant import multivariant_playlist
from portal.delivery.offers import Offer
from portal.delivery.urls import (
    captions_playlist_path,
    captions_segment_path,
    hls_path,
    keyframes_path,
    playlist_path,
    segment_path,
)
from portal.transcripts.models import Cue
from tests.segment_names import segment_files

ASSET = "a" * 26
MASTER = hls_path(ASSET)


def rendition(
    name: str,
    kind: RenditionKind,
    *,
    peak_bps: int | None = 800_000,
    average_bps: int | None = 500_000,
    width: int | None = None,
    height: int | None = None,
    codecs: str | None = None,
    language: str | None = None,
    label: str | None = None,
    seconds: Sequence[float] = (4.0, 4.0, 1.5),
    keyframe_bytes: Sequence[int] | None = None,
    attempt: int = 1,
) -> Rendition:
    return Rendition(
        name=name,
        step=Step.TRANSCODE,
        attempt=attempt,
        kind=kind,
        key=f"assets/{ASSET}/transcode/{attempt}/{name}/",
        media_type="application/vnd.apple.mpegurl",
        size_bytes=950_000,
        sha256="0" * 64,
        width=width,
        height=height,
        frame_rate=25.0 if width else None,
        bandwidth_bps=peak_bps,
        average_bandwidth_bps=average_bps,
        codecs=codecs,
        language=language,
        label=label,
        segment_files=segment_files(len(seconds)),
        segment_seconds=tuple(seconds),
        keyframe_bytes=None if keyframe_bytes is None else tuple(keyframe_bytes),
    )


LARGE = rendition(
    "720p",
    RenditionKind.VIDEO,
    peak_bps=2_400_000,
    average_bps=1_600_000,
    width=1280,
    height=720,
    codecs="avc1.64001f",
    keyframe_bytes=(30_000, 20_000, 10_000),
)
SMALL = rendition(
    "360p",
    RenditionKind.VIDEO,
    width=640,
    height=360,
    codecs="avc1.64001e",
    keyframe_bytes=(9_000, 8_000, 7_000),
)
SOUND = rendition(
    "sound-1",
    RenditionKind.AUDIO,
    peak_bps=130_000,
    average_bps=128_000,
    codecs="mp4a.40.2",
    language="rus",
)
PREVIEW = rendition(
    "preview", RenditionKind.PREVIEW, width=640, height=360, codecs="avc1.64001e,mp4a.40.2"
)
POSTER = Rendition(
    name="poster.jpg",
    step=Step.POSTER,
    attempt=1,
    kind=RenditionKind.IMAGE,
    key=f"assets/{ASSET}/poster/1/poster.jpg",
    media_type="image/jpeg",
    size_bytes=10,
    sha256="0" * 64,
)


def rendered(
    offer: Offer,
    *,
    captions: Mapping[str, Sequence[Cue]] | None = None,
    starts_at: datetime | None = None,
) -> dict[str, bytes]:
    """{address: bytes} of a presentation; segments as large as their rates allow."""
    captions = captions or {}
    files = {MASTER: multivariant_playlist(offer, captions=list(captions))}
    for part in offer.playlists:
        files[playlist_path(ASSET, part.name)] = media_playlist(
            part, target=offer.target_seconds, is_growing=False, starts_at=starts_at
        )
        if part.kind is RenditionKind.VIDEO and has_keyframes(part):
            files[keyframes_path(ASSET, part.name)] = keyframe_playlist(part, starts_at=starts_at)
    for language, cues in captions.items():
        files[captions_playlist_path(ASSET, language)] = captions_playlist(
            language, seconds=offer.seconds, starts_at=starts_at
        )
        for number, _ in enumerate(segment_durations(offer.seconds), start=1):
            shown = window(number)
            text = segment_text(
                cue
                for cue in cues
                if cue.start_seconds < shown.end_seconds and cue.end_seconds > shown.start_seconds
            )
            files[captions_segment_path(ASSET, language, number)] = text
    stored = {address: content for part in offer.playlists for address, content in _stored(part)}
    return {address: text.encode() for address, text in files.items()} | stored


def _stored(part: Rendition) -> list[tuple[str, bytes]]:
    rate = part.average_bandwidth_bps or 0
    sizes = [0, *(round(rate / 8 * seconds) for seconds in part.segment_seconds or ())]
    names = hls_files(part.segment_files or ())
    return [
        (
            segment_path(ASSET, part.step, part.attempt, part.name, name),
            bytes(size),
        )
        for name, size in zip(names, sizes, strict=True)
    ]
