"""People of the press office who sign in, their sessions and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.visibility import Role, Viewer


@dataclass(frozen=True)
class Account:
    """`email` is lower case. A disabled account keeps its row: history still names it."""

    id: str
    email: str
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def viewer(self) -> Viewer:
        return Viewer(role=self.role, account_id=self.id)


@dataclass(frozen=True)
class Credentials:
    """An account with the hash of its password; None means that no password opens it."""

    account: Account
    password_hash: str | None


@dataclass(frozen=True)
class Session:
    """A sign-in that is open now. `is_stale` when its use was noted a while ago."""

    account: Account
    is_stale: bool


@dataclass(frozen=True)
class ApiToken:
    """A bearer token, without its secret: that is shown once, when it is made."""

    id: str
    account_id: str
    label: str
    created_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
