"""Has captions read in the sandbox and believes the answer only as far as it was checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from portal.errors import LimitExceeded, MediaRefused, ToolFailed
from portal.settings import Settings
from portal.transcripts.formats import CaptionFile
from portal.transcripts.formats.cues import CUES_MAX, LATEST_MS, MENDED_SECONDS, TEXT_LENGTH_MAX
from portal.transcripts.formats.runs import is_printable, is_styled_text
from portal.transcripts.formats.speakers import SPEAKER_LENGTH_MAX
from portal.transcripts.models import Cue
from workers.captions.models import FileAsked, TrackAsked, TrackRead
from workers.captions.packets import Track
from workers.run import StepRun
from workers.sandbox import Limits, python_command, python_libraries

MEMORY_BYTES_MAX = 1024**3
WALL_SECONDS_PER_CPU_SECOND = 5
"""Nobody waits for captions as for a picture, and encodes may run beside them."""
NOTES_MAX = 100
SENTENCE_LENGTH_MAX = 2000
_LATEST_SECONDS = LATEST_MS / 1000 + MENDED_SECONDS
_Read = TypeVar("_Read", CaptionFile, TrackRead)
_COMMAND = python_command("workers.captions.child")
_FILE = TypeAdapter(CaptionFile | dict[str, str])
_TRACK = TypeAdapter(TrackRead | dict[str, str])


def read_file(run: StepRun, asked: FileAsked) -> CaptionFile:
    """Raises MediaRefused with the reader's sentence, and what the sandbox raises."""
    try:
        answer = _answer(run, "file", asked, inputs=[Path(asked.path)])
    except LimitExceeded as error:
        raise LimitExceeded(
            f"{asked.filename} takes more time or memory to read than captions may: {error}"
        ) from error
    return checked_file(answer, name=asked.filename)


def read_track(run: StepRun, asked: TrackAsked) -> TrackRead:
    """Raises MediaRefused with the reader's sentence, and what the sandbox raises."""
    track, folder = Track(asked.index), Path(asked.folder)
    inputs = [folder / track.bytes_name, folder / track.listing_name]
    return checked_track(_answer(run, "track", asked, inputs=inputs), name=f"track {asked.index}")


def checked_file(answer: bytes, *, name: str) -> CaptionFile:
    """What the child says, if it makes sense: its XML parser may have been taken over."""
    read = _validated(_FILE, answer, name=name)
    if not read.cues or not _make_sense(read.cues, read.notes):
        raise _nonsense(name)
    return read


def checked_track(answer: bytes, *, name: str) -> TrackRead:
    """The same of a track, which may be empty."""
    read = _validated(_TRACK, answer, name=name)
    if not _make_sense(read.parsed.cues, (*read.parsed.notes, *read.channels_left_out)):
        raise _nonsense(name)
    return read


def _answer(
    run: StepRun, kind: str, asked: FileAsked | TrackAsked, *, inputs: Sequence[Path]
) -> bytes:
    request = run.scratch / "asked.json"
    request.write_text(json.dumps(vars(asked)), encoding="utf-8")
    completed = run.sandbox.run(
        [*_COMMAND, kind, str(request.absolute())],
        inputs=[*inputs, request],
        libraries=python_libraries(),
        limits=_limits(run.runtime.settings),
        stop=run.stop,
    )
    return completed.stdout


def _limits(settings: Settings) -> Limits:
    return Limits(
        wall_seconds=settings.probe_seconds_max * WALL_SECONDS_PER_CPU_SECOND,
        cpu_seconds=settings.probe_seconds_max,
        memory_bytes=min(settings.sandbox_memory_bytes, MEMORY_BYTES_MAX),
        file_bytes=0,
    )


def _validated(adapter: TypeAdapter[_Read | dict[str, str]], answer: bytes, *, name: str) -> _Read:
    try:
        read = adapter.validate_json(answer)
    except ValidationError as error:
        raise _nonsense(name) from error
    if isinstance(read, dict):
        reason = read.get("refused", "")
        raise MediaRefused(reason) if reason and _is_sentence(reason) else _nonsense(name)
    return read


def _make_sense(cues: Sequence[Cue], sentences: Sequence[str]) -> bool:
    return (
        len(cues) <= CUES_MAX
        and all(map(_is_cue, cues))
        and all(one.start_seconds <= next_.start_seconds for one, next_ in pairwise(cues))
        and len(sentences) <= NOTES_MAX
        and all(map(_is_sentence, sentences))
    )


def _is_cue(cue: Cue) -> bool:
    speaker = "nobody" if cue.speaker is None else cue.speaker
    return (
        0 <= cue.start_seconds < cue.end_seconds <= _LATEST_SECONDS
        and 0 < len(cue.text) <= TEXT_LENGTH_MAX
        and is_printable(cue.text)
        and 0 < len(speaker) <= SPEAKER_LENGTH_MAX
        and is_printable(speaker)
        and (cue.styled is None or is_styled_text(cue.styled, cue.text))
    )


def _is_sentence(text: str) -> bool:
    return len(text) <= SENTENCE_LENGTH_MAX and is_printable(text)


def _nonsense(name: str) -> ToolFailed:
    return ToolFailed(f"The reader of captions gave an answer without sense about {name}.")
