"""Secrets handed out to clients: random, opaque, and kept by us only as a hash."""

from __future__ import annotations

import hashlib
import secrets

API_TOKEN_PREFIX = "pp_"  # noqa: S105  (a public mark that lets secret scanners find leaked tokens)
SECRET_BYTES = 32


def new_secret() -> str:
    """256 random bits, safe in URLs, cookies and headers."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_api_secret() -> str:
    return API_TOKEN_PREFIX + new_secret()


def hash_secret(secret: str) -> str:
    """Plain SHA-256 is enough: unlike a password, a secret of 256 bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
