"""Recordings as the probe and the packet scan describe them, for tests of what is decided."""

from __future__ import annotations

from fractions import Fraction

from workers.video.probe import AudioStream, Probe, VideoStream
from workers.video.scan import PacketReader, Scan


def video(
    width: int = 1280, height: int = 720, rate: Fraction | None = Fraction(25), index: int = 0
) -> VideoStream:
    """A plain picture that complies with everything."""
    return VideoStream(
        index=index,
        codec="h264",
        width=width,
        height=height,
        rotation_degrees=0,
        pixel_format="yuv420p",
        average_frame_rate=rate,
        nominal_frame_rate=rate,
        duration_seconds=None,
        is_default=True,
        coded_width=width,
        coded_height=height,
        profile="High",
        field_order="progressive",
    )


def audio(channels: int = 2) -> AudioStream:
    return AudioStream(
        index=1,
        codec="aac",
        channels=channels,
        language=None,
        duration_seconds=None,
        is_default=True,
    )


def recording(
    *streams: VideoStream | AudioStream,
    seconds: float | None = 30,
    container: str = "mov,mp4,m4a,3gp,3g2,mj2",
) -> Probe:
    return Probe(
        container=container,
        duration_seconds=seconds,
        captured_at=None,
        video_streams=tuple(s for s in streams if isinstance(s, VideoStream)),
        audio_streams=tuple(s for s in streams if isinstance(s, AudioStream)),
    )


def scanned(
    frames: int,
    *,
    rate: Fraction = Fraction(25),
    group: int = 250,
    begins: int = 0,
    packet_bytes: int = 1000,
) -> Scan:
    """Of packets that come in the order in which they are shown, each exactly in time."""
    ticks = 1 / rate
    reader = PacketReader(time_base=ticks, rates=(rate,))
    for number in range(frames):
        flags = "K_" if number % group == 0 else "__"
        reader.take(f"{begins + number},{begins + number},1,{packet_bytes},{flags}")
    found = reader.scan()
    assert found is not None
    return found
