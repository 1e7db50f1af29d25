"""The addresses of delivered bytes, in one place; paths only, without scheme and host."""

from __future__ import annotations

from urllib.parse import quote

MEDIA = "/media"
MASTER = "master.m3u8"
DOWNLOAD = "download"


def hls_path(asset_id: str) -> str:
    """The address that a player is given, the same while the ladder is still being made."""
    return f"{MEDIA}/{asset_id}/hls/{MASTER}"


def playlist_path(asset_id: str, name: str) -> str:
    """The media playlist of one HLS rendition."""
    return f"{MEDIA}/{asset_id}/hls/{playlist_reference(name)}"


def keyframes_path(asset_id: str, name: str) -> str:
    """The playlist of one rendition's key frames."""
    return f"{MEDIA}/{asset_id}/hls/{keyframes_reference(name)}"


def captions_playlist_path(asset_id: str, language: str) -> str:
    """The playlist of the captions in one language."""
    return f"{MEDIA}/{asset_id}/hls/{captions_reference(language)}"


def captions_segment_path(asset_id: str, language: str, number: int) -> str:
    """A stretch of the captions in one language."""
    return f"{MEDIA}/{asset_id}/hls/captions/{captions_segment_reference(language, number)}"


def segment_path(asset_id: str, step: str, attempt: int, name: str, filename: str) -> str:
    """One file of one HLS rendition."""
    return f"{MEDIA}/{asset_id}/hls/{segment_reference(step, attempt, name, filename)}"


def playlist_reference(name: str) -> str:
    """A media playlist as the master, which lies beside it, names it."""
    return f"{_part(name)}.m3u8"


def keyframes_reference(name: str) -> str:
    """As the master names it."""
    return f"{_part(name)}.iframes.m3u8"


def captions_reference(language: str) -> str:
    """As the master names it."""
    return f"captions/{_part(language)}.m3u8"


def captions_segment_reference(language: str, number: int) -> str:
    """As the playlist of the captions, which lies beside its folder, names it."""
    return f"{_part(language)}/{number:05d}.vtt"


def segment_reference(step: str, attempt: int, name: str, filename: str) -> str:
    """A segment as its playlist names it; with step and attempt, so that its bytes never change."""
    return segment_folder(step, attempt, name) + _part(filename)


def segment_folder(step: str, attempt: int, name: str) -> str:
    """What all references to the segments of one rendition begin with."""
    return f"{_part(step)}/{attempt}/{_part(name)}/"


def rendition_path(asset_id: str, name: str) -> str:
    """A single file: a poster, a photo size, a waveform."""
    return f"{MEDIA}/{asset_id}/{_part(name)}"


def download_path(asset_id: str, name: str) -> str:
    """A single file, to be saved under a name that tells what it is."""
    return f"{rendition_path(asset_id, name)}?{DOWNLOAD}=1"


def captions_path(asset_id: str, language: str) -> str:
    """The captions shown on an asset in one language, as WebVTT."""
    return f"{MEDIA}/{asset_id}/captions/{_part(language)}.vtt"


def subrip_path(asset_id: str, language: str) -> str:
    """The same as SubRip, for editing programs."""
    return f"{MEDIA}/{asset_id}/captions/{_part(language)}.srt"


def original_path(asset_id: str) -> str:
    """The bytes as they came in; for the desk only."""
    return f"{MEDIA}/{asset_id}/original"


def _part(name: str) -> str:
    return quote(name, safe="")
