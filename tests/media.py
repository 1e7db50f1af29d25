"""Small recordings for tests, made on the spot by ffmpeg's own generators."""

from __future__ import annotations

import subprocess
from pathlib import Path

PICTURE = "testsrc2=size={size}:rate={rate}:duration={seconds}"
SOUND = "sine=frequency=440:duration={seconds}"


def make_clip(
    path: Path,
    *,
    seconds: float = 5,
    size: str = "320x180",
    rate: str = "25",
    sound: bool = True,
    picture: bool = True,
    options: tuple[str, ...] = (),
) -> Path:
    """A test card with a tone; `options` are ffmpeg's, for the output."""
    inputs: list[str] = []
    if picture:
        inputs += ["-f", "lavfi", "-i", PICTURE.format(size=size, rate=rate, seconds=seconds)]
    if sound:
        inputs += ["-f", "lavfi", "-i", SOUND.format(seconds=seconds)]
    run_ffmpeg(*inputs, *options, f"file:{path}")
    return path


def truncate(path: Path, *, ratio: float) -> Path:
    """Cut the file off, as a broken copy does."""
    with path.open("r+b") as stream:
        stream.truncate(int(path.stat().st_size * ratio))
    return path


def run_ffmpeg(*arguments: str) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *arguments]
    subprocess.run(command, check=True, timeout=120)


def ffprobe(path: Path, entries: str, *flags: str) -> list[str]:
    """The values of `entries`, one line per stream, packet or frame."""
    command = ["ffprobe", "-v", "error", *flags, "-show_entries", entries]
    done = subprocess.run(
        [*command, "-of", "csv=p=0", str(path)],
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    return [line.rstrip(",") for line in done.stdout.splitlines() if line]
