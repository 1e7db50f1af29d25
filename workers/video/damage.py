"""Whether a recording ended before its time: ffmpeg ends well on a file that was cut off. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from workers.video.delays import is_beyond_filling
from workers.video.gaps import Gap
from workers.video.probe import Probe

TOLERANCE_SECONDS = 1.0
TOLERANCE_RATIO = 0.02


def picture_damage(probe: Probe, made_seconds: float) -> str | None:
    """ "ends after 00:12 of 00:30", or None when all is there.

    A file that states no duration cannot be told from its beginning.
    """
    expected = _expected_seconds(probe)
    if expected is None or not is_short(made_seconds, expected):
        return None
    subject = "its picture ends" if probe.audio_streams else "ends"
    return f"{subject} after {clock(made_seconds)} of {clock(expected)}"


def lost_pictures(*, made: int, expected: int) -> str | None:
    """A sentence when more pictures are missing than a cut at either end explains."""
    lost = expected - made
    if lost <= TOLERANCE_RATIO * expected:
        return None
    return f"{lost:,d} of {expected:,d} pictures could not be decoded"


def missing_pictures(gaps: Sequence[Gap]) -> str | None:
    """ "about 00:02 of its picture are missing after 00:12", or None when there is no gap."""
    if not gaps:
        return None
    seconds = round(sum(gap.seconds for gap in gaps))
    missing = f"about {clock(seconds)} of its picture are missing"
    places = "" if len(gaps) == 1 else f" in {len(gaps):,d} places, first"
    return f"{missing}{places} after {clock(gaps[0].after_seconds)}"


def clock(seconds: float) -> str:
    """75.9 -> "01:15"; hours only when there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def is_short(made_seconds: float, expected_seconds: float) -> bool:
    tolerance = max(TOLERANCE_SECONDS, TOLERANCE_RATIO * expected_seconds)
    return made_seconds < expected_seconds - tolerance


def _expected_seconds(probe: Probe) -> float | None:
    """What the file promises of its picture; nothing, when it was put at another place."""
    video, whole = probe.video, probe.stated_duration_seconds
    if video is None or whole is None or is_beyond_filling(video.delay_seconds):
        return None
    if video.duration_seconds is None:
        return whole
    # A track may hold more than the container's edit list shows.
    return min(video.delay_seconds + video.duration_seconds, whole)
