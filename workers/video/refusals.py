"""What ffprobe's and ffmpeg's last words mean for a user."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portal.errors import MediaRefused, ToolFailed


def refusal(error: ToolFailed, *, filename: str) -> MediaRefused | None:
    """The sentence for a file that ffmpeg or ffprobe will never open, None for other failures."""
    said = error.stderr_tail
    if "No space left on device" in said:
        return None
    if match := re.search(r"Codec \(([\w-]+)\) not on whitelist", said):
        codec = match[1]
        return MediaRefused(f"{filename} is coded with {codec}, which is not accepted.")
    for sign, sentence in _REFUSALS.items():
        if sign in said:
            return MediaRefused(sentence.format(filename=filename))
    return None


def is_too_large(log: str) -> bool:
    """Whether ffmpeg has left a picture out because it has more pixels than we take."""
    return _TOO_LARGE in log


def is_container_broken(log: str) -> bool:
    """Whether ffprobe had to look for the next place in a Matroska file that makes sense."""
    return "EBML" in log


_TOO_LARGE = "Picture size"
_DAMAGED = "{filename} cannot be read: it is damaged, or not a recording at all."
_REFUSALS: Mapping[str, str] = {
    "Format not on whitelist": "{filename} is not a kind of recording that is accepted.",
    "moov atom not found": "{filename} cannot be played: its index (the moov atom) is missing. "
    "The file was probably cut off while it was recorded or copied; copy it again.",
    _TOO_LARGE: "{filename} has a picture that is too large.",
    "Invalid data found": _DAMAGED,
    "could not find codec parameters": _DAMAGED,
    "Cannot determine format of input stream": "{filename} holds nothing that can be decoded.",
}
