"""What a file is called on the disk of whoever saves it; pure."""

from __future__ import annotations

import re
from urllib.parse import quote

TITLE_LENGTH_MAX = 80
"""Twice as many bytes in Cyrillic, and a name may have 255."""
_NAMELESS = frozenset({"video", "sound", "photo"})
"""What a file's ending tells already: `sound-2` adds a number alone, and `photo-1600` its width."""
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+')
"""What Windows forbids, and characters that are not seen or turn the direction of others."""


def download_name(title: str, filename: str, name: str) -> str:
    """`Press scrum.mp4` for `video.mp4`, `Press scrum 1600.jpg` for `photo-1600.jpg`.

    Without a title the stem of the original's `filename` stands for it, as on pages.
    """
    stem, _, ending = name.rpartition(".")
    words = _fit(title) or _fit(filename.rpartition(".")[0] or filename)
    what, _, number = stem.partition("-")
    if not words:
        return name
    if what not in _NAMELESS:
        return f"{words}, {stem}.{ending}"
    return f"{' '.join(filter(None, (words, number)))}.{ending}"


def _fit(words: str) -> str:
    return " ".join(_UNFIT.sub(" ", words).split())[:TITLE_LENGTH_MAX].strip(" .")


def attachment(filename: str) -> str:
    """Old programs read the plain name, all others the exact one (RFC 6266, 4.3 and RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
