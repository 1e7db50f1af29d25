"""Identifiers that cannot be guessed."""

from __future__ import annotations

import base64
import re
import secrets

ID_PATTERN = re.compile(r"[a-z2-7]{26}")


def new_id() -> str:
    """128 random bits as 26 characters of lower-case base32 (safe in URLs, keys and file names)."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def is_id(value: str) -> bool:
    return ID_PATTERN.fullmatch(value) is not None
