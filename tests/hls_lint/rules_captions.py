"""Segments of WebVTT (RFC 8216, 3.5; https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.hls_lint.faults import Fault
from tests.hls_lint.media import MediaPlaylist
from tests.hls_lint.presentation import Presentation

_TIME = r"(?:([0-9]{2,}):)?([0-5][0-9]):([0-5][0-9])\.([0-9]{3})"
_TIMING = re.compile(rf"{_TIME} --> {_TIME}(?: [^\n]*)?")
_CLOCK = re.compile(rf"X-TIMESTAMP-MAP=LOCAL:{_TIME},MPEGTS:[0-9]+")


@dataclass(frozen=True)
class Shown:
    """A cue, as far as the rules care."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Stretch:
    """A segment, and when it plays."""

    start: float
    end: float
    cues: tuple[Shown, ...]


def check_captions(found: Presentation) -> Iterator[Fault]:
    for playlist in found.having("subtitles").values():
        faults: list[Fault] = []
        stretches = list(_stretches(found, playlist, faults))
        yield from faults
        yield from _check_borders(playlist, stretches)


def _stretches(
    found: Presentation, playlist: MediaPlaylist, faults: list[Fault]
) -> Iterator[Stretch]:
    start = 0.0
    for part in playlist.parts:
        cues = tuple(_cues(part.address, found.bytes_of(part), faults))
        yield Stretch(start, start + part.seconds, cues)
        start += part.seconds


def _cues(place: str, content: bytes, faults: list[Fault]) -> Iterator[Shown]:
    head, *blocks = re.split(r"\n{2,}", content.decode(errors="replace").strip("\n"))
    signature, *clock = head.split("\n")
    if signature != "WEBVTT":
        faults.append(Fault("webvtt", "3.5", place, "it does not begin with WEBVTT"))
    if not clock or not _CLOCK.fullmatch(clock[0]):
        faults.append(
            Fault("webvtt-clock", "3.5", place, "no X-TIMESTAMP-MAP ties it to the media")
        )
    for block in blocks:
        timing, _, text = block.partition("\n")
        match = _TIMING.fullmatch(timing)
        if match is None or not text:
            faults.append(Fault("webvtt", "3.5", place, f"{timing!r} begins no cue"))
            continue
        shown = Shown(_seconds(match.groups()[:4]), _seconds(match.groups()[4:]), text)
        if shown.end <= shown.start:
            faults.append(Fault("webvtt", "3.5", place, f"{timing} ends before it begins"))
        yield shown


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(group or 0) for group in groups)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _check_borders(playlist: MediaPlaylist, stretches: list[Stretch]) -> Iterator[Fault]:
    """A segment has every cue that shows while it plays, those of its neighbours too."""
    all_cues = {cue for stretch in stretches for cue in stretch.cues}
    for stretch, part in zip(stretches, playlist.parts, strict=True):
        starts = [cue.start for cue in stretch.cues]
        if starts != sorted(starts):
            yield Fault("webvtt", "3.5", part.address, "its cues do not stand in order")
        for cue in all_cues:
            is_shown = cue.start < stretch.end and cue.end > stretch.start
            if is_shown and cue not in stretch.cues:
                detail = f"it lacks a cue that shows from {cue.start:.3f} on"
                yield Fault("webvtt-border", "3.5", part.address, detail)
