"""The limit on sign-in attempts, per network address and per account.

Both are counted, whether the account exists or not, and only as hashes: the table tells nobody
who tried to sign in. Windows are fixed quarters of an hour by Postgres' clock.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection

from portal.accounts import repository, tokens
from portal.errors import TooManyRequests

ATTEMPTS_MAX = 10
WINDOW = timedelta(minutes=15)
IPV6_PREFIX_BITS = 64
"""What one subscriber usually gets; counting single addresses would let one guess for ever."""


def count(connection: Connection, *, email: str, address: str) -> None:
    """Note an attempt before it is known how it ends. Raises TooManyRequests.

    Counting first, and taking back what succeeded, leaves no gap for attempts in parallel.
    """
    for bucket in _buckets(email, address):
        attempt_count, seconds_left = repository.count_attempt(connection, bucket, window=WINDOW)
        if attempt_count > ATTEMPTS_MAX:
            raise TooManyRequests(
                "There were too many attempts to sign in. Please wait a few minutes.",
                retry_after_seconds=max(1, seconds_left),
            )


def forgive(connection: Connection, *, email: str, address: str) -> None:
    """Take back one attempt, because it succeeded; others' attempts still count."""
    for bucket in _buckets(email, address):
        repository.forgive_attempt(connection, bucket, window=WINDOW)
    repository.delete_old_attempts(connection)


def _buckets(email: str, address: str) -> tuple[str, str]:
    """Always in this order, so that parallel attempts cannot lock each other out."""
    return (
        tokens.hash_secret(f"address {_network_of(address)}"),
        tokens.hash_secret(f"account {email}"),
    )


def _network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return address
