"""Rules for passwords, and their hashing with Argon2id."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.errors import InvalidInput

LENGTH_MIN = 12
LENGTH_MAX = 1024
"""Longer ones only cost time to hash."""

# The second choice of the OWASP Password Storage Cheat Sheet: 19 MiB fits a small box, where
# the library's default of 64 MiB times eight threads would not.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def check(password: str, *, email: str) -> None:
    """Raises InvalidInput when the password breaks a rule."""
    fault = _fault_of(password, email)
    if fault:
        raise InvalidInput(fault, fields={"password": fault})


def hashed(password: str) -> str:
    return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password fits; takes as long when there is no hash to compare with."""
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password[:LENGTH_MAX])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


def _fault_of(password: str, email: str) -> str | None:
    if len(password) < LENGTH_MIN:
        return f"The password must have at least {LENGTH_MIN} characters."
    if len(password) > LENGTH_MAX:
        return f"The password must have at most {LENGTH_MAX} characters."
    if password.strip().lower() in {email.lower(), email.lower().partition("@")[0]}:
        return "The password must not be the e-mail address."
    return None


@cache
def _nobodys_hash() -> str:
    return hashed("no account has this password")
