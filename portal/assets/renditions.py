"""What was made of an asset, by what it is for: pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portal.assets.made_files import JPEG_TYPE
from portal.assets.models import Asset, Kind, Rendition, RenditionKind

POSTER = "poster.jpg"
STORYBOARD = "storyboard.vtt"
WAVEFORM = "waveform.json"
WAVEFORM_PICTURE = "waveform.png"
VIDEO_DOWNLOAD = "video.mp4"
SOUND_DOWNLOAD = "sound.m4a"
"""That of the first sound track; the others have a number, too."""
SOUND_CHANNELS = 2
"""Of every sound track that is made, whatever its original has."""
PLAYABLE = frozenset({RenditionKind.PREVIEW, RenditionKind.VIDEO, RenditionKind.AUDIO})
_SOUND_DOWNLOAD_NAME = re.compile(r"sound(-\d+)?\.m4a")
_DIGITS = re.compile(r"\d+")


def is_playable(asset: Asset) -> bool:
    return any(rendition.kind in PLAYABLE for rendition in asset.renditions)


def photo_sizes(asset: Asset, *, media_type: str = JPEG_TYPE) -> list[Rendition]:
    """Its web sizes of one type, the smallest first."""
    images = [
        rendition
        for rendition in asset.renditions
        if rendition.kind is RenditionKind.IMAGE and rendition.media_type == media_type
    ]
    return sorted(images, key=lambda rendition: rendition.width or 0)


def sound_tracks(asset: Asset) -> list[Rendition]:
    """The one that is heard unasked first, the others in the order of the file."""
    found = [r for r in asset.renditions if r.kind is RenditionKind.AUDIO]
    return sorted(found, key=lambda track: _number_in(track.name))


def sound_download_name(place: int) -> str:
    """`sound.m4a`, `sound-2.m4a` and so on, by the place of the sound track; the first is 1."""
    return SOUND_DOWNLOAD if place == 1 else f"sound-{place}.m4a"


def sound_downloads(asset: Asset) -> list[Rendition]:
    """A file for each sound track, in the order of these."""
    found = [r for r in asset.renditions if _SOUND_DOWNLOAD_NAME.fullmatch(r.name)]
    return sorted(found, key=lambda file: _number_in(file.name))


def downloads_of(asset: Asset) -> Sequence[Rendition]:
    """The files that everybody may take away: of a photo the largest first, else the video."""
    if asset.kind is Kind.PHOTO:
        return photo_sizes(asset)[::-1]
    video = asset.rendition(VIDEO_DOWNLOAD)
    return [*([video] if video else []), *sound_downloads(asset)]


def _number_in(name: str) -> int:
    """`sound-12` and `sound-12.m4a` -> 12"""
    digits = _DIGITS.search(name.partition(".")[0])
    return int(digits[0]) if digits else 0
