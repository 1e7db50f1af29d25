"""Where the API of uploads lives."""

from __future__ import annotations

UPLOADS_PATH = "/api/v1/uploads"
UPLOAD_PATH = "/api/v1/uploads/{id}"
PART_PATH = "/api/v1/uploads/{id}/parts/{number:int}"
SIGN_PATH = "/api/v1/uploads/{id}/parts/{number:int}/sign"
COMPLETE_PATH = "/api/v1/uploads/{id}/complete"


def part_path(upload_id: str, number: int) -> str:
    return f"{UPLOADS_PATH}/{upload_id}/parts/{number}"
