"""What a file is called on the disk of whoever saves it; pure."""

from __future__ import annotations

import re
from urllib.parse import quote

TITLE_LENGTH_MAX = 80
"""Twice as many bytes in Cyrillic, and a name may have 255."""
_FOREMOST = frozenset({"video", "sound"})
"""Named after the title alone: nobody takes more than one of a recording."""
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+')
"""What Windows forbids, and characters that are not seen or turn the direction of others."""


def download_name(title: str, name: str) -> str:
    """`Press scrum.mp4` for `video.mp4`, `Press scrum, poster.jpg` for `poster.jpg`."""
    stem, _, ending = name.rpartition(".")
    words = " ".join(_UNFIT.sub(" ", title).split())[:TITLE_LENGTH_MAX].strip(" .")
    parts = [words] if words and stem in _FOREMOST else [words, stem]
    return f"{', '.join(filter(None, parts))}.{ending}"


def attachment(filename: str) -> str:
    """Old programs read the plain name, all others the exact one (RFC 6266, 4.3 and RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
