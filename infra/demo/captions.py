"""Writes captions that match the speech to the millisecond, as WebVTT or SubRip."""

from __future__ import annotations

from collections.abc import Sequence

from infra.demo.screenplay import LABEL
from infra.demo.speech import SpokenLine


def vtt(lines: Sequence[SpokenLine], language: str) -> str:
    """https://www.w3.org/TR/webvtt1/ — the speaker is a voice span."""
    cues = (
        f"{_clock(spoken.start_seconds, '.')} --> {_clock(spoken.end_seconds, '.')}\n"
        f"<v {spoken.line.speaker.name}>{spoken.line.texts[language]}</v>\n"
        for spoken in lines
    )
    return "\n".join([f"WEBVTT\n\nNOTE {LABEL}\n", *cues])


def srt(lines: Sequence[SpokenLine], language: str) -> str:
    """SubRip has no speakers; a voice span is what most programs understand."""
    cues = (
        f"{number}\n"
        f"{_clock(spoken.start_seconds, ',')} --> {_clock(spoken.end_seconds, ',')}\n"
        f"<v {spoken.line.speaker.name}>{spoken.line.texts[language]}\n"
        for number, spoken in enumerate(lines, start=1)
    )
    return "\n".join(cues)


WRITERS = {"vtt": vtt, "srt": srt}


def _clock(seconds: float, decimal_sign: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{decimal_sign}{milliseconds:03}"
