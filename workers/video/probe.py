"""What ffprobe says of a recording, as a frozen `Probe`; `probe_reading` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

HDR_TRANSFERS: Mapping[str, str] = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
RATES_DIFFER_RATIO = Fraction(1, 1000)
"""Average and nominal rate of a constant recording differ by less."""
STREAM_CONTAINERS = frozenset({"mpegts", "mpeg"})
SUBTITLE_TEXT_CODECS = frozenset({"subrip", "srt", "mov_text", "webvtt", "ass", "ssa", "text"})
"""Those that hold text; others are pictures of it."""


@dataclass(frozen=True)
class Colour:
    """ffmpeg's names; None where the file does not say."""

    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    value_range: str | None = None

    @property
    def hdr(self) -> str | None:
        """ "PQ" or "HLG"."""
        return HDR_TRANSFERS.get(self.transfer or "")

    @property
    def is_full_range(self) -> bool:
        return self.value_range == "pc"


@dataclass(frozen=True)
class VideoStream:
    """`width` and `height` are those of the upright picture with square pixels, both even.

    `coded_width` and `coded_height` are those that the decoder gives.
    """

    index: int
    codec: str
    width: int
    height: int
    rotation_degrees: int
    pixel_format: str | None
    average_frame_rate: Fraction | None
    nominal_frame_rate: Fraction | None
    duration_seconds: float | None
    is_default: bool
    delay_seconds: float = 0.0
    """How long after the beginning of the recording the picture begins."""
    coded_width: int = 0
    coded_height: int = 0
    sample_aspect: Fraction = Fraction(1)
    profile: str | None = None
    bit_depth: int = 8
    has_alpha: bool = False
    colour: Colour = field(default_factory=Colour)
    field_order: str | None = None
    bit_rate_bps: int | None = None
    has_closed_captions: bool = False
    is_mirrored: bool = False
    time_base: Fraction = Fraction(1, 90_000)

    @property
    def frame_rate(self) -> Fraction | None:
        return self.average_frame_rate or self.nominal_frame_rate

    @property
    def is_interlaced(self) -> bool:
        return self.field_order in {"tt", "bb", "tb", "bt"}

    @property
    def is_rate_variable(self) -> bool:
        """Whether its two rates contradict each other; a packet scan knows better."""
        average, nominal = self.average_frame_rate, self.nominal_frame_rate
        if average is None or nominal is None:
            return True
        return abs(average - nominal) > RATES_DIFFER_RATIO * nominal


@dataclass(frozen=True)
class AudioStream:
    index: int
    codec: str
    channels: int
    language: str | None
    duration_seconds: float | None
    is_default: bool
    delay_seconds: float = 0.0
    layout: str | None = None
    title: str | None = None
    sample_rate: int = 0


@dataclass(frozen=True)
class CaptionStream:
    """A track of captions or subtitles within the recording."""

    index: int
    codec: str
    language: str | None
    title: str | None
    is_default: bool

    @property
    def is_text(self) -> bool:
        return self.codec in SUBTITLE_TEXT_CODECS


@dataclass(frozen=True)
class Chapter:
    start_seconds: float
    end_seconds: float
    title: str | None


@dataclass(frozen=True)
class Probe:
    """A recording: its container's duration, its streams, when it was made."""

    container: str
    duration_seconds: float | None
    captured_at: datetime | None
    video_streams: tuple[VideoStream, ...]
    audio_streams: tuple[AudioStream, ...]
    is_duration_estimated: bool = False
    """Whether durations are only guessed, from the bit rate or a stream's first and last clock."""
    caption_streams: tuple[CaptionStream, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    is_captured_zone_known: bool = False
    """Whether `captured_at` has the offset of the place, not just UTC."""
    timecode: str | None = None
    has_location: bool = False
    """A fact for tests and logs: where it was recorded is never told to anyone."""
    start_seconds: float = 0.0
    has_unreadable_picture: bool = False
    """Whether there is a picture of which not even codec and size could be learned."""

    @property
    def is_stream(self) -> bool:
        """Whether it is a transport or program stream: without an index, its clock may jump."""
        return self.container in STREAM_CONTAINERS

    @property
    def stated_duration_seconds(self) -> float | None:
        return None if self.is_duration_estimated else self.duration_seconds

    @property
    def video(self) -> VideoStream | None:
        """The picture that is shown: the default one, else the largest."""
        return max(
            self.video_streams, key=lambda s: (s.is_default, s.width * s.height), default=None
        )

    @property
    def audio(self) -> AudioStream | None:
        """The sound that is heard: the default one, else the first."""
        return max(self.audio_streams, key=lambda s: s.is_default, default=None)
