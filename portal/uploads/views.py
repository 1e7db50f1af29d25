"""Uploads as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portal.storage.interface import StoredPart
from portal.uploads.models import Upload


def upload_json(
    upload: Upload,
    *,
    event_slug: str,
    page_url: str,
    parts: Sequence[StoredPart] | None = None,
) -> Mapping[str, object]:
    """Without parts where they were not asked for."""
    described: dict[str, object] = {
        "id": upload.id,
        "asset_id": upload.asset_id,
        "event": event_slug,
        "filename": upload.filename,
        "size_bytes": upload.size_bytes,
        "part_bytes": upload.part_bytes,
        "part_count": upload.part_count,
        "state": upload.state,
        "page_url": page_url,
    }
    if parts is not None:
        described["parts"] = [_part_json(part) for part in parts]
    return described


def _part_json(part: StoredPart) -> Mapping[str, object]:
    return {
        "number": part.number,
        "size_bytes": part.size_bytes,
        "etag": part.etag,
        "sha256": part.sha256,
    }
