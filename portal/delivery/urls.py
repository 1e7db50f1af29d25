"""The addresses of delivered bytes, in one place; paths only, without scheme and host."""

from __future__ import annotations

from urllib.parse import quote

MEDIA = "/media"


def hls_path(asset_id: str) -> str:
    """The address that a player is given, the same while the ladder is still being made."""
    return f"{MEDIA}/{asset_id}/hls/master.m3u8"


def playlist_path(asset_id: str, name: str) -> str:
    """The media playlist of one HLS rendition."""
    return f"{MEDIA}/{asset_id}/hls/{_segment(name)}.m3u8"


def segments_path(asset_id: str, attempt: int, name: str) -> str:
    """The folder of one rendition's files.

    It names the attempt, so the bytes behind an address never change.
    """
    return f"{MEDIA}/{asset_id}/hls/{attempt}/{_segment(name)}/"


def rendition_path(asset_id: str, name: str) -> str:
    """A poster or a photo size."""
    return f"{MEDIA}/{asset_id}/{_segment(name)}"


def captions_path(asset_id: str, language: str) -> str:
    """The captions shown on an asset in one language, as WebVTT."""
    return f"{MEDIA}/{asset_id}/captions/{_segment(language)}.vtt"


def original_path(asset_id: str) -> str:
    """The bytes as they came in; for the desk only."""
    return f"{MEDIA}/{asset_id}/original"


def _segment(name: str) -> str:
    return quote(name, safe="")
