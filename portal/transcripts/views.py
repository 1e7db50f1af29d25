"""Transcripts as pages show them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from portal.transcripts.models import Cue, Transcript, TranscriptOrigin, TranscriptStatus
from portal.web.formatting import format_clock
from portal.web.i18n import gettext, msg
from portal.web.presentation import language_name

LANGUAGE_PARAMETER = "captions"
STATUSES = {
    TranscriptStatus.SUPPLIED: msg("Supplied with the recording"),
    TranscriptStatus.MACHINE: msg("Made by machine, not checked"),
    TranscriptStatus.EDITED: msg("Edited"),
    TranscriptStatus.VERIFIED: msg("Checked by the press office"),
}
EMBEDDED = msg("From within the recording")


@dataclass(frozen=True)
class LanguageChoice:
    code: str
    name: str
    path: str
    is_current: bool


@dataclass(frozen=True)
class Line:
    """A link to its second. `speaker` is "" while the same person goes on."""

    path: str
    start_seconds: str
    clock: str
    speaker: str
    text: str
    is_current: bool


@dataclass(frozen=True)
class TranscriptView:
    language: str
    status: str
    choices: tuple[LanguageChoice, ...]
    lines: tuple[Line, ...]

    @property
    def opening(self) -> str:
        """The first words, for those who list the page elsewhere."""
        return " ".join(line.text for line in self.lines[:5]).replace("\n", " ")


def choose(
    transcripts: Sequence[Transcript], *, asked: str | None, language: str, spoken: str | None
) -> Transcript | None:
    """The one asked for, else in the page's language, else as spoken, else the first."""
    by_language = {transcript.language: transcript for transcript in transcripts}
    wishes = (asked, language, spoken, *by_language)
    return next((by_language[wish] for wish in wishes if wish in by_language), None)


def one_per_language(transcripts: Sequence[Transcript]) -> list[Transcript]:
    """The first of each language: an address names a transcript by its language."""
    first: dict[str, Transcript] = {}
    for transcript in transcripts:
        first.setdefault(transcript.language, transcript)
    return list(first.values())


def transcript_view(
    chosen: Transcript,
    all_transcripts: Sequence[Transcript],
    *,
    language: str,
    at_seconds: float | None,
) -> TranscriptView:
    return TranscriptView(
        language=chosen.language,
        status=gettext(language, _status(chosen)),
        choices=tuple(
            LanguageChoice(
                code=transcript.language,
                name=language_name(transcript.language, language=language),
                path=_path(transcript.language, at_seconds),
                is_current=transcript.language == chosen.language,
            )
            for transcript in all_transcripts
        ),
        lines=_lines(chosen, at_seconds),
    )


def _status(transcript: Transcript) -> str:
    is_as_it_came = transcript.status is TranscriptStatus.SUPPLIED
    is_embedded = transcript.origin is TranscriptOrigin.EMBEDDED
    return EMBEDDED if is_as_it_came and is_embedded else STATUSES[transcript.status]


def _lines(transcript: Transcript, at_seconds: float | None) -> tuple[Line, ...]:
    cues = transcript.cues
    starts = [cue.start_seconds for cue in cues]
    current = -1 if at_seconds is None else bisect_right(starts, at_seconds) - 1
    return tuple(
        _line(
            cue,
            previous=cues[position - 1] if position else None,
            language=transcript.language,
            is_current=position == current,
        )
        for position, cue in enumerate(cues)
    )


def _line(cue: Cue, *, previous: Cue | None, language: str, is_current: bool) -> Line:
    is_new_speaker = previous is None or previous.speaker != cue.speaker
    return Line(
        path=_path(language, cue.start_seconds) + "#now",
        start_seconds=f"{cue.start_seconds:.3f}",
        clock=format_clock(cue.start_seconds),
        speaker=(cue.speaker or "") if is_new_speaker else "",
        text=cue.text,
        is_current=is_current,
    )


def _path(language: str, seconds: float | None) -> str:
    """Relative: another second, or another language, of the page that one is on."""
    query = {LANGUAGE_PARAMETER: language}
    if seconds is not None:
        query["t"] = f"{seconds:.3f}"
    return f"?{urlencode(query)}"
