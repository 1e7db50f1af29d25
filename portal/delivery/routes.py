"""`/media/…`: playlists, segments, captions, files and originals, each to who may see it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route

from portal.delivery.captions_answers import (
    show_captions,
    show_captions_as_subrip,
    show_captions_playlist,
    show_captions_segment,
)
from portal.delivery.file_answers import send_file, send_original
from portal.delivery.hls_answers import send_segment, show_keyframes, show_master, show_playlist
from portal.delivery.urls import MASTER, MEDIA

_ASSET = f"{MEDIA}/{{asset_id}}"
_HLS = f"{_ASSET}/hls"

routes: Sequence[Route] = [
    Route(f"{_HLS}/{MASTER}", show_master),
    Route(f"{_HLS}/{{name}}.iframes.m3u8", show_keyframes),
    Route(f"{_HLS}/{{name}}.m3u8", show_playlist),
    Route(f"{_HLS}/captions/{{language}}.m3u8", show_captions_playlist),
    Route(f"{_HLS}/captions/{{language}}/{{number}}.vtt", show_captions_segment),
    Route(f"{_HLS}/{{step}}/{{attempt}}/{{name}}/{{filename}}", send_segment),
    Route(f"{_ASSET}/captions/{{language}}.vtt", show_captions),
    Route(f"{_ASSET}/captions/{{language}}.srt", show_captions_as_subrip),
    Route(f"{_ASSET}/original", send_original),
    Route(f"{_ASSET}/{{name}}", send_file),
]
