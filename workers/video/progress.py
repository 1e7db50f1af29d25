"""Reads the lines of ffmpeg's `-progress`: how much of a recording is done."""

from __future__ import annotations

from collections.abc import Callable


def progress_fraction(line: str, *, duration_seconds: float) -> float | None:
    """0 to 1 for a line that tells the time reached, None for any other line."""
    name, _, value = line.partition("=")
    if name.strip() != "out_time_us" or not value.strip().lstrip("-").isdigit():
        return None
    return min(1.0, max(0.0, int(value) / 1_000_000 / duration_seconds))


def line_reporter(
    report: Callable[[float], None], *, duration_seconds: float | None
) -> Callable[[str], None]:
    """What the sandbox calls with each line; silent when the duration is not known."""

    def on_line(line: str) -> None:
        if duration_seconds is None:
            return
        fraction = progress_fraction(line, duration_seconds=duration_seconds)
        if fraction is not None:
            report(fraction)

    return on_line
