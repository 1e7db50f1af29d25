"""An asset as programs get it; `described` holds the schema of this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from portal.assets.durations import declared_seconds, playing_seconds
from portal.assets.models import Asset, Kind, Rendition, RenditionKind, Step, StepRecord
from portal.assets.reading import state_of
from portal.assets.renditions import (
    POSTER,
    STORYBOARD,
    WAVEFORM,
    downloads_of,
    is_playable,
    photo_sizes,
    sound_tracks,
)
from portal.assets.views import (
    asset_caption,
    asset_captions,
    asset_path,
    asset_title,
    credit_of,
)
from portal.delivery.urls import captions_path, download_path, hls_path, rendition_path
from portal.events.models import Event
from portal.languages import language_tag
from portal.people import service as people_service
from portal.people.models import Person
from portal.recordings.models import Recording
from portal.transcripts.models import Transcript
from portal.web.addresses import page_path

STEPS = tuple(Step)
SHOWN = frozenset({RenditionKind.VIDEO, RenditionKind.AUDIO, RenditionKind.IMAGE})
FACTS: Mapping[str, Sequence[str]] = {
    "container": (),
    "timecode": (),
    "is_captured_zone_known": (),
    "video": (
        "codec",
        "profile",
        "width",
        "height",
        "rotation_degrees",
        "frame_rate",
        "is_rate_variable",
        "is_interlaced",
        "pixel_format",
        "bit_depth",
        "hdr",
        "has_alpha",
        "has_closed_captions",
        "bit_rate_bps",
    ),
    "audio": ("codec", "channels", "layout", "sample_rate", "language", "title", "is_default"),
    "captions": ("codec", "language", "title"),
    "chapters": ("start_seconds", "end_seconds", "title"),
}
"""What is told of a recording's file. Only this: whatever a probe learns to find, where a recording
was made and with which very camera stays with us.
"""

Address = Callable[[str], str]
"""A path as an absolute address."""


@dataclass(frozen=True)
class Described:
    """An asset with what stands in other tables."""

    asset: Asset
    event: Event
    transcripts: Sequence[Transcript]
    recording: Recording | None
    people: Sequence[Person] = ()


def asset_json(
    described: Described, *, language: str, is_editor: bool, address: Address
) -> Mapping[str, object]:
    asset, event = described.asset, described.event
    return {
        "id": asset.id,
        "kind": asset.kind,
        "event": event.slug,
        "title": str(asset_title(asset, language=language, event=event)),
        **_said(described, language, address),
        "filename": asset.filename if is_editor else None,
        "state": state_of(asset),
        "steps": _steps(asset, is_editor=is_editor),
        "duration_seconds": playing_seconds(asset),
        "declared_seconds": declared_seconds(asset),
        "width": asset.width,
        "height": asset.height,
        "captured_at": asset.captured_at.isoformat() if asset.captured_at else None,
        "size_bytes": asset.original.size_bytes if asset.original else None,
        "sha256": asset.original.sha256 if asset.original else None,
        **_shown(described, address),
        "photo": _photo(asset, is_editor=is_editor),
        "page_url": address(asset_path(asset, language=language)),
    }


def _said(described: Described, language: str, address: Address) -> Mapping[str, object]:
    """What the page and the public files say, too: the editors' words before the photo's own."""
    asset, event = described.asset, described.event
    return {
        "caption": str(asset_caption(asset, language=language, event=event)),
        "captions": dict(asset_captions(asset)),
        "credit": credit_of(asset, event=event),
        "people": [
            *(_person(person, language, address) for person in described.people),
            *({"name": name, "slug": None, "page_url": None} for name in _others(described)),
        ],
    }


def _person(person: Person, language: str, address: Address) -> Mapping[str, object]:
    page_url = address(page_path(language, "people", person.slug))
    return {"name": person.name, "slug": person.slug, "page_url": page_url}


def _others(described: Described) -> Sequence[str]:
    """Whom only the photo itself names."""
    photo = described.asset.photo
    return people_service.names_beside(described.people, photo.people_shown) if photo else ()


def _shown(described: Described, address: Address) -> Mapping[str, object]:
    """What can be played, looked at, read and taken away."""
    asset, recording = described.asset, described.recording
    return {
        "hls_url": address(hls_path(asset.id)) if is_playable(asset) else None,
        "poster_url": _poster_url(asset, address),
        "storyboard_url": _url(asset, STORYBOARD, address),
        "waveform_url": _url(asset, WAVEFORM, address),
        "renditions": [_rendition(r) for r in asset.renditions if r.kind in SHOWN],
        "sound_tracks": [_sound_track(track) for track in sound_tracks(asset)],
        "downloads": [_download(asset, file, address) for file in downloads_of(asset)],
        "transcripts": [
            {
                "language": transcript.language,
                "status": transcript.status,
                "origin": transcript.origin,
                "url": address(captions_path(asset.id, transcript.language)),
            }
            for transcript in described.transcripts
        ],
        "loudness": _loudness(recording) if recording else None,
        "facts": shown_facts(recording.facts) if recording else None,
    }


def shown_facts(facts: Mapping[str, object]) -> Mapping[str, object] | None:
    """None when nothing is known yet."""
    chosen = {name: _chosen(facts[name], keys) for name, keys in FACTS.items() if name in facts}
    return chosen or None


def _chosen(value: object, keys: Sequence[str]) -> object:
    if isinstance(value, Mapping):
        return {key: value[key] for key in keys if key in value}
    if isinstance(value, list):
        return [_chosen(item, keys) for item in value if isinstance(item, Mapping)]
    return value if not keys else None


def _steps(asset: Asset, *, is_editor: bool) -> Sequence[Mapping[str, object]]:
    return [
        {
            "name": record.name,
            "state": record.state,
            "detail": record.detail if is_editor else None,
            "notes": list(record.notes) if is_editor else [],
        }
        for record in sorted(asset.steps, key=_place)
    ]


def _place(record: StepRecord) -> int:
    return STEPS.index(record.name)


def _rendition(rendition: Rendition) -> Mapping[str, object]:
    return {
        "name": rendition.name,
        "width": rendition.width,
        "height": rendition.height,
        "bandwidth_bps": rendition.bandwidth_bps,
        "codecs": rendition.codecs,
    }


def _sound_track(track: Rendition) -> Mapping[str, object]:
    return {
        "name": track.name,
        "language": language_tag(track.language),
        "label": track.label,
        "codecs": track.codecs,
        "bandwidth_bps": track.bandwidth_bps,
    }


def _download(asset: Asset, file: Rendition, address: Address) -> Mapping[str, object]:
    return {
        "name": file.name,
        "kind": "photo" if asset.kind is Kind.PHOTO else file.media_type.partition("/")[0],
        "url": address(download_path(asset.id, file.name)),
        "size_bytes": file.size_bytes,
        "media_type": file.media_type,
        "width": file.width,
        "height": file.height,
        "language": language_tag(file.language),
        "label": file.label,
    }


def _loudness(recording: Recording) -> Mapping[str, object] | None:
    if recording.loudness_lufs is None:
        return None
    return {
        "integrated_lufs": recording.loudness_lufs,
        "range_lu": recording.loudness_range_lu,
        "true_peak_dbtp": recording.true_peak_dbtp,
    }


def _photo(asset: Asset, *, is_editor: bool) -> Mapping[str, object] | None:
    """The name that a file had in its camera may hold more than it should tell."""
    if asset.photo is None:
        return None
    told = asdict(asset.photo)
    return told if is_editor else {**told, "original_filename": None}


def _poster_url(asset: Asset, address: Address) -> str | None:
    """A recording's poster, a photo's smallest size."""
    if asset.kind is not Kind.PHOTO:
        return _url(asset, POSTER, address)
    image = next(iter(photo_sizes(asset)), None)
    return address(rendition_path(asset.id, image.name)) if image else None


def _url(asset: Asset, name: str, address: Address) -> str | None:
    return address(rendition_path(asset.id, name)) if asset.rendition(name) else None
