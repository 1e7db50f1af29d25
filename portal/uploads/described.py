"""The API of uploads in OpenAPI's words."""

from __future__ import annotations

from collections.abc import Sequence

from portal.uploads.models import UploadState
from portal.uploads.paths import COMPLETE_PATH, PART_PATH, SIGN_PATH, UPLOAD_PATH, UPLOADS_PATH
from portal.uploads.sniff import SNIFF_BYTES
from portal.web.openapi import Operation, Parameter

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 1}
_URL = {"type": "string", "format": "uri"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_STATE = {"enum": [state.value for state in UploadState]}
_PART = {
    "type": "object",
    "properties": {
        "number": _COUNT,
        "size_bytes": _COUNT,
        "etag": _TEXT,
        "sha256": {**_DIGEST, "type": ["string", "null"]},
    },
}
_UPLOAD_PROPERTIES = {
    "id": _TEXT,
    "asset_id": {**_TEXT, "description": "The asset to be; of a duplicate, the one there is."},
    "event": {**_TEXT, "description": "The event's slug."},
    "filename": _TEXT,
    "size_bytes": _COUNT,
    "part_bytes": {**_COUNT, "description": "Of every part but the last."},
    "part_count": _COUNT,
    "state": _STATE,
    "page_url": _URL,
}
_UPLOAD = {"type": "object", "properties": _UPLOAD_PROPERTIES}
_UPLOAD_WITH_PARTS = {
    "type": "object",
    "properties": {
        **_UPLOAD_PROPERTIES,
        "parts": {"type": "array", "items": _PART, "description": "Those that have arrived."},
    },
}

operations: Sequence[Operation] = [
    Operation(
        method="POST",
        path=UPLOADS_PATH,
        summary="Begin an upload, or go on with the same file",
        description="201 for a new upload; 200 for the one that this account began of the very "
        "file and did not end: only the parts that are not listed need to be sent.",
        status=201,
        answer=_UPLOAD_WITH_PARTS,
        body={
            "type": "object",
            "required": ["event", "filename", "size_bytes", "head"],
            "properties": {
                "event": {**_TEXT, "description": "The event's slug."},
                "filename": _TEXT,
                "size_bytes": _COUNT,
                "head": {
                    **_TEXT,
                    "contentEncoding": "base64",
                    "description": f"The file's first {SNIFF_BYTES} bytes, or all of them.",
                },
                "last_modified_ms": {"type": "integer", "description": "Since 1970."},
                "title": _TEXT,
                "language": {**_TEXT, "description": "What is spoken, and the title's language."},
            },
        },
        errors=(400, 401, 404, 409, 413, 415, 507),
        needs_account=True,
    ),
    Operation(
        method="GET",
        path=UPLOADS_PATH,
        summary="This account's open uploads, newest first",
        answer={
            "type": "object",
            "properties": {
                "uploads": {"type": "array", "items": _UPLOAD},
                "more": {**_COUNT, "minimum": 0, "description": "How many are not listed."},
            },
        },
        parameters=[Parameter("event", "Of this event alone: its slug.")],
        errors=(401, 404),
        needs_account=True,
    ),
    Operation(
        method="GET",
        path=UPLOAD_PATH,
        summary="An upload with the parts that have arrived",
        answer=_UPLOAD_WITH_PARTS,
        errors=(401, 404),
        needs_account=True,
    ),
    Operation(
        method="DELETE",
        path=UPLOAD_PATH,
        summary="Give an upload up; what was sent is deleted",
        answer=None,
        status=204,
        errors=(401, 404, 409),
        needs_account=True,
    ),
    Operation(
        method="POST",
        path=SIGN_PATH,
        summary="An address to which one part may be sent",
        description="It is good for minutes and for these bytes only; asking again is free.",
        answer={
            "type": "object",
            "properties": {
                "method": {"const": "PUT"},
                "url": _URL,
                "headers": {"type": "object", "additionalProperties": _TEXT},
            },
        },
        body={"type": "object", "required": ["sha256"], "properties": {"sha256": _DIGEST}},
        errors=(400, 401, 404, 409),
        needs_account=True,
    ),
    Operation(
        method="PUT",
        path=PART_PATH,
        summary="Send a part to its signed address",
        description="The raw bytes of the part. The answer has an ETag. An address that was "
        "signed by an S3-compatible store leads there instead and works alike.",
        answer=None,
        parameters=[
            Parameter(name, "As the signed address has it.", required=True)
            for name in ("sha256", "expires", "signature")
        ],
        errors=(400, 403, 408, 409, 413, 507),
    ),
    Operation(
        method="POST",
        path=COMPLETE_PATH,
        summary="Say that all parts are sent",
        description="May be repeated: it gives one asset. The state is “duplicate” when the event "
        "has these bytes already; asset_id is then that asset.",
        status=202,
        answer={
            "type": "object",
            "properties": {"asset_id": _TEXT, "state": _STATE, "page_url": _URL},
        },
        body={
            "type": "object",
            "properties": {"sha256": {**_DIGEST, "description": "Of the whole file, if known."}},
        },
        errors=(400, 401, 404, 409),
        needs_account=True,
    ),
]
