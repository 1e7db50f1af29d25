"""The limits on sign-in attempts.

Strict is the one on an account from a network address: guessing is stopped, and nobody can lock
an editor out from elsewhere. The limits on an address alone and on an account alone only bound
guessing by many names or from many places, and are too high to be reached by accident.

All are counted whether the account exists or not, and only as hashes: the table tells nobody
who tried to sign in. Windows are fixed quarters of an hour by Postgres' clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection

from portal.accounts import repository, tokens
from portal.errors import TooManyRequests

PAIR_ATTEMPTS_MAX = 10
ADDRESS_ATTEMPTS_MAX = 100
ACCOUNT_ATTEMPTS_MAX = 200
WINDOW = timedelta(minutes=15)
IPV6_PREFIX_BITS = 64
"""What one subscriber usually gets; counting single addresses would let one guess for ever."""


def count(connection: Connection, *, email: str, address: str) -> None:
    """Note an attempt before it is known how it ends. Raises TooManyRequests.

    Counting first, and taking back what succeeded, leaves no gap for attempts in parallel. The
    error takes the transaction back with it: an attempt that is refused counts nowhere.
    """
    for bucket, attempts_max in _limits(email, address).items():
        attempt_count, seconds_left = repository.count_attempt(connection, bucket, window=WINDOW)
        if attempt_count > attempts_max:
            raise TooManyRequests(
                "There were too many attempts to sign in. Please wait a few minutes.",
                retry_after_seconds=max(1, seconds_left),
            )


def forgive(connection: Connection, *, email: str, address: str) -> None:
    """Take back one attempt, because it succeeded; others' attempts still count."""
    for bucket in _limits(email, address):
        repository.forgive_attempt(connection, bucket, window=WINDOW)
    repository.delete_old_attempts(connection)


def _limits(email: str, address: str) -> Mapping[str, int]:
    """Buckets always in this order, so that parallel attempts cannot lock each other out."""
    network = _network_of(address)
    return {
        tokens.hash_secret(f"address {network}"): ADDRESS_ATTEMPTS_MAX,
        tokens.hash_secret(f"account {email}"): ACCOUNT_ATTEMPTS_MAX,
        tokens.hash_secret(f"account {email} address {network}"): PAIR_ATTEMPTS_MAX,
    }


def _network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return address
