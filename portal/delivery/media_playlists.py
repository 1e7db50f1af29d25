"""The playlists of one rendition: its segments, its key frames; and of its captions. Pure.

https://www.rfc-editor.org/rfc/rfc8216#section-4.3.3
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from portal.assets.made_files import INIT
from portal.assets.models import Rendition, RenditionKind
from portal.delivery.captions import segment_durations
from portal.delivery.hls_syntax import (
    as_text,
    attribute_line,
    date_line,
    duration_line,
    head,
    quoted,
    target_seconds,
)
from portal.delivery.urls import captions_segment_reference, segment_folder

END = "#EXT-X-ENDLIST"


def media_playlist(
    rendition: Rendition, *, target: int, is_growing: bool, starts_at: datetime | None
) -> str:
    """The segments of one rendition. `starts_at`: when it was recorded.

    One that is growing has no end: players ask for it again (RFC 8216, 6.3.4). What may grow
    stays an event when it has ended: of what it said nothing changes (RFC 8216, 6.2.1).
    """
    may_grow = rendition.kind is RenditionKind.PREVIEW
    lines = [*_head(target, may_grow=may_grow), _map(rendition), *_dated(starts_at)]
    for address, seconds in _segments(rendition):
        lines += [duration_line(seconds), address]
    return as_text(lines if is_growing else [*lines, END])


def keyframe_playlist(rendition: Rendition, *, starts_at: datetime | None) -> str:
    """The first picture of every segment, for whoever winds (RFC 8216, 4.3.3.6)."""
    target = target_seconds(rendition.segment_seconds or ())
    lines = [*_head(target), "#EXT-X-I-FRAMES-ONLY", _map(rendition), *_dated(starts_at)]
    sizes_bytes = rendition.keyframe_bytes or ()
    for (address, seconds), size_bytes in zip(_segments(rendition), sizes_bytes, strict=True):
        lines += [duration_line(seconds), f"#EXT-X-BYTERANGE:{size_bytes}@0", address]
    return as_text([*lines, END])


def captions_playlist(language: str, *, seconds: float, starts_at: datetime | None) -> str:
    """The captions of a recording that plays so long."""
    durations = segment_durations(seconds)
    lines = [*_head(target_seconds(durations)), *_dated(starts_at)]
    for number, duration in enumerate(durations, start=1):
        lines += [duration_line(duration), captions_segment_reference(language, number)]
    return as_text([*lines, END])


def has_keyframes(rendition: Rendition) -> bool:
    """Whether its key frames can be found: those of some recordings nobody has measured."""
    return bool(rendition.keyframe_bytes) and len(rendition.keyframe_bytes or ()) == len(
        rendition.segment_files or ()
    )


def _head(target: int, *, may_grow: bool = False) -> list[str]:
    return [
        *head(),
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if may_grow else 'VOD'}",
    ]


def _map(rendition: Rendition) -> str:
    return attribute_line("EXT-X-MAP", {"URI": quoted(_folder(rendition) + INIT)})


def _dated(starts_at: datetime | None) -> list[str]:
    """For the first segment; players count on from there."""
    return [date_line(starts_at)] if starts_at else []


def _segments(rendition: Rendition) -> Iterator[tuple[str, float]]:
    """Address and length of each."""
    folder = _folder(rendition)
    addresses = [folder + filename for filename in rendition.segment_files or ()]
    return zip(addresses, rendition.segment_seconds or (), strict=True)


def _folder(rendition: Rendition) -> str:
    return segment_folder(rendition.step, rendition.attempt, rendition.name)
