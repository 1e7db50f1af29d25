"""Whether a recording ended before its time: ffmpeg ends well on a file that was cut off."""

from __future__ import annotations

from workers.video.delays import has_delay_left_out
from workers.video.probe import AudioStream, Probe, VideoStream

TOLERANCE_SECONDS = 1.0
TOLERANCE_RATIO = 0.02


def damage_sentence(
    probe: Probe, *, video_seconds: float | None, audio_seconds: float | None
) -> str | None:
    """ "ends after 00:12 of 00:30", or None when all is there.

    The durations are what was made of picture and sound, None where there is none. A file that
    states no duration cannot be told from its beginning.
    """
    if probe.stated_duration_seconds is None:
        return None
    made_seconds = max(video_seconds or 0.0, audio_seconds or 0.0)
    checks = [
        ("ends", made_seconds, None if has_delay_left_out(probe) else probe.duration_seconds),
        ("its picture ends", video_seconds, _expected(probe, probe.video)),
        ("its sound ends", audio_seconds, _expected(probe, probe.audio)),
    ]
    for what, made, expected in checks:
        if made is not None and expected is not None and is_short(made, expected):
            return f"{what} after {clock(made)} of {clock(expected)}"
    return None


def clock(seconds: float) -> str:
    """75.9 -> "01:15"; hours only when there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def _expected(probe: Probe, stream: VideoStream | AudioStream | None) -> float | None:
    # A track may hold more than the container's edit list shows.
    if stream is None or stream.duration_seconds is None or probe.duration_seconds is None:
        return None
    return min(stream.duration_seconds, probe.duration_seconds)


def is_short(made_seconds: float, expected_seconds: float) -> bool:
    tolerance = max(TOLERANCE_SECONDS, TOLERANCE_RATIO * expected_seconds)
    return made_seconds < expected_seconds - tolerance
