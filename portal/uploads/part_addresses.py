"""Addresses by which a part may be sent to the portal itself, without a session: pure.

Whoever holds one may send exactly these bytes as exactly this part until it expires. The key is
the upload's own and stands in its row, so that addresses end with the upload.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from portal.storage.part_layout import is_digest

KEY_BYTES = 32
LIFE_SECONDS = 15 * 60
"""For beginning to send; a part that is under way may take longer."""

_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class PartAddress:
    """What the address of a part says; `expires_at` in seconds since 1970."""

    upload_id: str
    number: int
    sha256: str
    expires_at: int


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def signed_query(address: PartAddress, *, key: bytes) -> str:
    """What follows the "?"."""
    return urlencode(
        {
            "sha256": address.sha256,
            "expires": address.expires_at,
            "signature": _signature(address, key),
        }
    )


def read_address(
    parameters: Mapping[str, str], *, upload_id: str, number: int, key: bytes, now: float
) -> PartAddress | None:
    """The address that these parameters sign; None when it is forged or has expired."""
    sha256, expires = parameters.get("sha256", ""), parameters.get("expires", "")
    if not is_digest(sha256) or not _SECONDS.fullmatch(expires):
        return None
    address = PartAddress(upload_id, number, sha256, int(expires))
    signature = parameters.get("signature", "").encode()
    is_ours = hmac.compare_digest(signature, _signature(address, key).encode())
    return address if is_ours and now <= address.expires_at else None


def _signature(address: PartAddress, key: bytes) -> str:
    words = f"{address.upload_id} {address.number} {address.sha256} {address.expires_at}"
    return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()
