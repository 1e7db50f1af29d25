"""The JSON Schema of an asset, as the API's document tells it; `as_json` makes such assets."""

from __future__ import annotations

from portal.assets.models import AssetState, CapturedAtSource, Kind, StepState
from portal.transcripts.models import TranscriptOrigin, TranscriptStatus
from portal.web.openapi import Schema

_TEXT: Schema = {"type": ["string", "null"]}
_NUMBER: Schema = {"type": ["number", "null"]}
_INTEGER: Schema = {"type": ["integer", "null"]}
URL_SCHEMA: Schema = {**_TEXT, "format": "uri"}
_STEP: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "state": {"enum": [state.value for state in StepState]},
        "detail": {**_TEXT, "description": "What is missing or wrong; for editors, else null."},
        "notes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What was odd in the file; for editors, else empty.",
        },
    },
}
_RENDITION: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "width": _INTEGER,
        "height": _INTEGER,
        "bandwidth_bps": _INTEGER,
        "codecs": _TEXT,
    },
}
_SPOKEN: Schema = {
    "language": {**_TEXT, "description": "As the file writes it."},
    "label": {**_TEXT, "description": "What the file calls it: floor, interpretation."},
}
_SOUND_TRACK: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        **_SPOKEN,
        "codecs": _TEXT,
        "bandwidth_bps": _INTEGER,
    },
}
_DOWNLOAD: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "kind": {"enum": ["video", "audio", "photo"]},
        "url": URL_SCHEMA,
        "size_bytes": {"type": "integer"},
        "media_type": {"type": "string"},
        "width": _INTEGER,
        "height": _INTEGER,
        **_SPOKEN,
    },
}
_LOUDNESS: Schema = {
    "type": ["object", "null"],
    "description": "By EBU R 128, of the first sound track; null: none, silent, or not measured.",
    "properties": {
        "integrated_lufs": {"type": "number"},
        "range_lu": _NUMBER,
        "true_peak_dbtp": _NUMBER,
    },
}
_FACTS: Schema = {
    "type": ["object", "null"],
    "description": "What its file says of a recording; never where it was made.",
    "properties": {
        "container": _TEXT,
        "timecode": _TEXT,
        "is_captured_zone_known": {"type": "boolean"},
        "video": {"type": ["object", "null"]},
        "audio": {"type": "array", "items": {"type": "object"}},
        "captions": {"type": "array", "items": {"type": "object"}},
        "chapters": {"type": "array", "items": {"type": "object"}},
    },
}
_TRANSCRIPT: Schema = {
    "type": "object",
    "properties": {
        "language": {"type": "string"},
        "status": {"enum": [status.value for status in TranscriptStatus]},
        "origin": {
            "enum": [origin.value for origin in TranscriptOrigin],
            "description": "A caption file of its own, or captions within the recording.",
        },
        "url": {**URL_SCHEMA, "description": "A WebVTT file."},
    },
}
_PERSON: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "slug": {**_TEXT, "description": "Null: only the photo itself names them."},
        "page_url": URL_SCHEMA,
    },
}
_PHOTO_TEXTS = (
    "caption",
    "headline",
    "creator",
    "credit",
    "source",
    "copyright",
    "city",
    "country",
    "camera",
    "lens",
    "exposure",
    "original_filename",
    "placeholder",
)
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_PHOTO: Schema = {
    "type": ["object", "null"],
    "description": "What a photo says of itself.",
    "properties": {
        **dict.fromkeys(_PHOTO_TEXTS, _TEXT),
        "captions": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "By language, where the photo names it.",
        },
        "keywords": _TEXTS,
        "people_shown": {**_TEXTS, "description": "Names, as the photo writes them."},
        "orientation": {**_INTEGER, "description": "Of the original, as EXIF counts, 1 to 8."},
        "captured_at_source": {
            "enum": [*(source.value for source in CapturedAtSource), None],
            "description": "What told in which zone its clock was.",
        },
    },
}
ASSET_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": [kind.value for kind in Kind]},
        "event": {"type": "string", "description": "The event's slug."},
        "title": {"type": "string"},
        "caption": {
            "type": "string",
            "description": "The editors', else the photo's own, in the language asked for.",
        },
        "captions": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "By language: the editors', or else the photo's own.",
        },
        "credit": {"type": "string", "description": "As it is printed: author / credit."},
        "people": {"type": "array", "items": _PERSON},
        "filename": {**_TEXT, "description": "For editors, else null."},
        "state": {"enum": [state.value for state in AssetState]},
        "steps": {"type": "array", "items": _STEP},
        "duration_seconds": {**_NUMBER, "description": "How long it plays."},
        "declared_seconds": {
            **_NUMBER,
            "description": "What its file says, where it plays for less; else null.",
        },
        "width": _INTEGER,
        "height": _INTEGER,
        "captured_at": {**_TEXT, "format": "date-time"},
        "size_bytes": {**_INTEGER, "description": "Of the original."},
        "sha256": {**_TEXT, "description": "Of the original; null until it is verified."},
        "hls_url": {**URL_SCHEMA, "description": "Null while nothing plays."},
        "poster_url": URL_SCHEMA,
        "storyboard_url": {**URL_SCHEMA, "description": "WebVTT that names pictures on sheets."},
        "waveform_url": {**URL_SCHEMA, "description": "JSON with the peaks of the sound."},
        "renditions": {"type": "array", "items": _RENDITION},
        "sound_tracks": {"type": "array", "items": _SOUND_TRACK},
        "downloads": {"type": "array", "items": _DOWNLOAD},
        "transcripts": {"type": "array", "items": _TRANSCRIPT},
        "loudness": _LOUDNESS,
        "facts": _FACTS,
        "photo": _PHOTO,
        "page_url": URL_SCHEMA,
    },
}
