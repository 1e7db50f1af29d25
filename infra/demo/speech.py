"""Speaks a scene: one sound file, and when each line is heard in it."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

from infra.demo.programs import run
from infra.demo.screenplay import Line, Scene

SAMPLE_RATE_HZ = 22_050
"""What espeak-ng gives: mono, 16 bit."""
LEAD_IN_SECONDS = 1.0
PAUSE_SECONDS = 0.45
WORDS_PER_MINUTE = 150
VOICES = {"en": "en-gb", "ru": "ru", "be": "be"}


@dataclass(frozen=True)
class SpokenLine:
    line: Line
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class Speech:
    sound: Path
    lines: tuple[SpokenLine, ...]
    duration_seconds: float


def speak(scene: Scene, *, into: Path) -> Speech:
    """Speak every line of `scene` into a WAV file in the folder `into`."""
    sound = into / f"{scene.stem}.wav"
    spoken: list[SpokenLine] = []
    samples = bytearray(_silence(LEAD_IN_SECONDS))
    for number, line in enumerate(scene.lines):
        start = _seconds(samples)
        samples += _samples_of(line, scratch=into / f"{scene.stem}-{number}.wav")
        spoken.append(SpokenLine(line, start, _seconds(samples)))
        samples += _silence(PAUSE_SECONDS)
    samples += _silence(LEAD_IN_SECONDS)
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples)
    return Speech(sound, tuple(spoken), _seconds(samples))


def _samples_of(line: Line, *, scratch: Path) -> bytes:
    voice, pitch, speed = VOICES[line.language], str(line.speaker.pitch), str(WORDS_PER_MINUTE)
    run(
        ["espeak-ng", "-v", voice, "-p", pitch, "-s", speed, "-w", str(scratch), "--stdin"],
        stdin=line.spoken,
    )
    with wave.open(str(scratch), "rb") as file:
        return file.readframes(file.getnframes())


def _silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLE_RATE_HZ))


def _seconds(samples: bytes | bytearray) -> float:
    return len(samples) / (2 * SAMPLE_RATE_HZ)
