"""Assets, their originals, steps and renditions, as the rest of the portal sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portal.languages import LocalizedText


class Kind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"
    PHOTO = "photo"
    CAPTIONS = "captions"

    @property
    def is_recording(self) -> bool:
        return self in {Kind.VIDEO, Kind.AUDIO}


class Step(StrEnum):
    """Stages of an asset's processing; which follows which is in `pipeline`."""

    VERIFY = "verify"
    PROBE = "probe"
    PREVIEW = "preview"
    TRANSCODE = "transcode"
    SOUND = "sound"
    POSTER = "poster"
    SUBTITLES = "subtitles"
    STORYBOARD = "storyboard"
    DOWNLOAD = "download"
    PHOTO = "photo"
    CAPTIONS = "captions"
    INDEX = "index"


class Division(StrEnum):
    """Whether a step's work is divided among jobs of their own, once that is known."""

    CHUNKS = "chunks"  # its newest attempt is; the step's own job is done
    WHOLE = "whole"  # it cannot be


class Outcome(StrEnum):
    """How a step ended. PARTIAL: usable, but something is missing; the detail says what."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class StepState(StrEnum):
    """What a reader is told of a step; derived, never stored."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class AssetState(StrEnum):
    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    PARTIAL = "partial"
    FAILED = "failed"


class RenditionKind(StrEnum):
    PREVIEW = "preview"  # the small rung's first seconds, playable while the rest is made
    VIDEO = "video"  # HLS, one rung, no sound
    AUDIO = "audio"  # HLS, one sound track
    IMAGE = "image"  # one file: poster or photo size
    FILE = "file"  # one file that is read or downloaded: MP4, M4A, storyboard, waveform


@dataclass(frozen=True)
class Original:
    """The bytes as they came in, kept unchanged; `sha256` is None until verified."""

    key: str
    size_bytes: int
    media_type: str
    sha256: str | None
    declared_sha256: str | None


@dataclass(frozen=True)
class StepRecord:
    """A row of `steps`: what is known of one step of one asset."""

    name: Step
    attempt: int
    tries: int
    progress: float | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    detail: str | None
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> StepState:
        if self.outcome is not None:
            return StepState(self.outcome)
        return StepState.WAITING if self.started_at is None else StepState.RUNNING


@dataclass(frozen=True)
class Rendition:
    """What was made of an asset.

    `key` is the object's key, or, when `segment_files` is set, the prefix of an fMP4 HLS
    rendition: `init.mp4`, then those files, which play for `segment_seconds`. `keyframe_bytes`:
    how much of each holds its first picture, for playlists of I-frames.
    `sha256` covers the object, or the listing "name sha256\\n" of all files under the prefix.
    `label` tells sound tracks of one language apart.
    """

    name: str
    step: Step
    attempt: int
    kind: RenditionKind
    key: str
    media_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    bandwidth_bps: int | None = None
    average_bandwidth_bps: int | None = None
    codecs: str | None = None
    language: str | None = None
    label: str | None = None
    segment_files: tuple[str, ...] | None = None
    segment_seconds: tuple[float, ...] | None = None
    keyframe_bytes: tuple[int, ...] | None = None


class CapturedAtSource(StrEnum):
    """What told in which zone a photo's clock was; `portal/photos/` corrects the clock itself."""

    EXIF_OFFSET = "exif_offset"
    GPS = "gps"  # the time of the satellites beside that of the camera
    XMP = "xmp"
    IPTC = "iptc"
    EVENT_ZONE = "event_zone"  # the photo says nothing


@dataclass(frozen=True)
class PhotoMetadata:
    """What a photo says of itself; never a place more exact than a city, never who owns the camera.

    `caption` is in the language that the photo names as its default, or names not at all;
    `captions` are those of which it names the language. `orientation` is that of EXIF, 1 to 8.
    `placeholder`: a blurred stand-in, to be shown until a size is there.
    """

    caption: str | None = None
    captions: LocalizedText = field(default_factory=dict)
    headline: str | None = None
    creator: str | None = None
    credit: str | None = None
    source: str | None = None
    copyright: str | None = None
    keywords: tuple[str, ...] = ()
    people_shown: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None
    orientation: int | None = None
    original_filename: str | None = None
    captured_at_source: CapturedAtSource | None = None
    placeholder: str | None = None


@dataclass(frozen=True)
class Asset:
    """One thing that was put in. Times are seconds, sizes pixels, instants with offset."""

    id: str
    event_id: str
    kind: Kind
    filename: str
    title: LocalizedText
    caption: LocalizedText
    language: str | None
    programme_item_id: str | None
    captured_at: datetime | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    created_at: datetime
    original: Original | None
    steps: tuple[StepRecord, ...] = ()
    renditions: tuple[Rendition, ...] = ()
    photo: PhotoMetadata | None = None
    people_ids: tuple[str, ...] = field(default=())

    def rendition(self, name: str) -> Rendition | None:
        return next((r for r in self.renditions if r.name == name), None)
