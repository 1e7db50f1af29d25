"""Reads a photo in the sandbox and believes the answer only as far as it was checked."""

from __future__ import annotations

import threading
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from portal.assets.blurhash import is_blurhash
from portal.errors import LimitExceeded, MediaRefused, ToolFailed
from portal.settings import Settings
from workers.photo.models import ENDINGS, SIDES, PhotoReading, size_name
from workers.photo.texts import CAPTION_LENGTH_MAX, KEYWORDS_MAX, clean
from workers.sandbox import Limits, Sandbox, python_command, python_libraries

ANSWER_BYTES_MAX = 512 * 1024
OUTPUT_BYTES_MAX = 64 * 1024**2
_COMMAND = python_command("workers.photo.child")
_READING = TypeAdapter(PhotoReading | dict[str, str])
_NAMES = frozenset(size_name(side, ending) for side in SIDES for ending in ENDINGS)


def read_photo(
    sandbox: Sandbox,
    photo: Path,
    *,
    filename: str,
    output: Path,
    settings: Settings,
    stop: threading.Event,
) -> PhotoReading:
    """Read `photo`; its sizes are then files in `output`.

    Raises MediaRefused with a sentence about `filename`, and what the sandbox raises.
    """
    try:
        completed = sandbox.run(
            [*_COMMAND, str(photo.absolute()), f"{settings.pixels_max:d}"],
            inputs=[photo],
            output=output,
            libraries=python_libraries(),
            limits=_limits(settings),
            stop=stop,
        )
    except LimitExceeded as error:
        raise LimitExceeded(
            f"{filename} takes more time or memory to decode than a photo may: {error}"
        ) from error
    return checked_answer(completed.stdout, filename=filename, output=output)


def _limits(settings: Settings) -> Limits:
    return Limits(
        wall_seconds=settings.probe_seconds_max,
        cpu_seconds=settings.probe_seconds_max,
        memory_bytes=settings.sandbox_memory_bytes,
        file_bytes=OUTPUT_BYTES_MAX,
    )


def checked_answer(answer: bytes, *, filename: str, output: Path) -> PhotoReading:
    """What the child says, if it makes sense: its decoders may have been taken over."""
    try:
        reading = _READING.validate_json(answer[: ANSWER_BYTES_MAX + 1])
    except ValidationError as error:
        raise ToolFailed(f"The reader of {filename} gave an answer without sense.") from error
    if isinstance(reading, dict):
        sentence = clean(reading.get("refused", "")) or "cannot be read."
        raise MediaRefused(f"{filename} {sentence}")
    if not _makes_sense(reading, output):
        raise ToolFailed(f"The reader of {filename} gave an answer without sense.")
    return reading


def _makes_sense(reading: PhotoReading, output: Path) -> bool:
    names = [size.name for size in reading.sizes]
    return (
        _is_clean(asdict(reading))
        and is_blurhash(reading.metadata.placeholder or "")
        and reading.metadata.orientation in {None, *range(1, 9)}
        and reading.width > 0
        and reading.height > 0
        and bool(names)
        and len(set(names)) == len(names)
        and _NAMES.issuperset(names)
        and all(0 < length <= SIDES[-1] for s in reading.sizes for length in (s.width, s.height))
        and all(_is_plain_file(output / name) for name in names)
    )


def _is_clean(value: object) -> bool:
    """Whether each text in it is as our readers leave them: printable and not without end."""
    match value:
        case str():
            return clean(value, length_max=CAPTION_LENGTH_MAX) == value
        case dict():
            return _is_clean([*value.keys(), *value.values()])
        case list() | tuple():
            return len(value) <= KEYWORDS_MAX and all(map(_is_clean, value))
    return True


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
