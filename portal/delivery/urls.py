"""The addresses of delivered bytes, in one place; paths only, without scheme and host."""

from __future__ import annotations

from urllib.parse import quote

MEDIA = "/media"
MASTER = "master.m3u8"


def hls_path(asset_id: str) -> str:
    """The address that a player is given, the same while the ladder is still being made."""
    return f"{MEDIA}/{asset_id}/hls/{MASTER}"


def playlist_path(asset_id: str, name: str) -> str:
    """The media playlist of one HLS rendition."""
    return f"{MEDIA}/{asset_id}/hls/{playlist_reference(name)}"


def segment_path(asset_id: str, step: str, attempt: int, name: str, filename: str) -> str:
    """One file of one HLS rendition."""
    return f"{MEDIA}/{asset_id}/hls/{segment_reference(step, attempt, name, filename)}"


def playlist_reference(name: str) -> str:
    """A media playlist as the master, which lies beside it, names it."""
    return f"{_part(name)}.m3u8"


def segment_reference(step: str, attempt: int, name: str, filename: str) -> str:
    """A segment as its playlist names it; with step and attempt, so that its bytes never change."""
    return f"{_part(step)}/{attempt}/{_part(name)}/{_part(filename)}"


def rendition_path(asset_id: str, name: str) -> str:
    """A poster or a photo size."""
    return f"{MEDIA}/{asset_id}/{_part(name)}"


def captions_path(asset_id: str, language: str) -> str:
    """The captions shown on an asset in one language, as WebVTT."""
    return f"{MEDIA}/{asset_id}/captions/{_part(language)}.vtt"


def original_path(asset_id: str) -> str:
    """The bytes as they came in; for the desk only."""
    return f"{MEDIA}/{asset_id}/original"


def _part(name: str) -> str:
    return quote(name, safe="")
