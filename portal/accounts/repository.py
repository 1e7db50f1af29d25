"""All SQL on accounts, sessions, API tokens, set-up links and sign-in attempts.

Every comparison of instants is made by Postgres' clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import DateTime

from portal.accounts.models import Account, ApiToken, Credentials, Session
from portal.db.tables import accounts, api_tokens, login_attempts, sessions, setup_links
from portal.visibility import Role

ACCOUNT_COLUMNS = (
    accounts.c.id,
    accounts.c.email,
    accounts.c.name,
    accounts.c.role,
    accounts.c.created_at,
    accounts.c.disabled_at,
)
ACTIVE = accounts.c.disabled_at.is_(None)
WINDOW_ORIGIN = literal("2000-01-01T00:00:00+00:00").cast(DateTime(timezone=True))
ATTEMPTS_KEPT = timedelta(days=1)


# --- accounts --------------------------------------------------------------------------------


def insert_account(
    connection: Connection,
    *,
    account_id: str,
    email: str,
    name: str,
    role: Role,
    password_hash: str | None,
) -> Account | None:
    """None when the e-mail address is taken."""
    row = connection.execute(
        insert(accounts)
        .values(id=account_id, email=email, name=name, role=role, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(*ACCOUNT_COLUMNS)
    ).one_or_none()
    return None if row is None else _account(row)


def find_account(connection: Connection, email: str) -> Account | None:
    row = connection.execute(
        select(*ACCOUNT_COLUMNS).where(accounts.c.email == email)
    ).one_or_none()
    return None if row is None else _account(row)


def find_credentials(connection: Connection, email: str) -> Credentials | None:
    row = connection.execute(
        select(*ACCOUNT_COLUMNS, accounts.c.password_hash).where(accounts.c.email == email, ACTIVE)
    ).one_or_none()
    return None if row is None else Credentials(_account(row), row.password_hash)


def list_accounts(connection: Connection) -> list[Account]:
    rows = connection.execute(select(*ACCOUNT_COLUMNS).order_by(accounts.c.email))
    return [_account(row) for row in rows]


def has_active_administrator(connection: Connection) -> bool:
    found = select(accounts.c.id).where(ACTIVE, accounts.c.role == Role.ADMINISTRATOR)
    return connection.execute(select(found.exists())).scalar_one()


def set_password_hash(connection: Connection, account_id: str, password_hash: str) -> None:
    connection.execute(
        update(accounts).where(accounts.c.id == account_id).values(password_hash=password_hash)
    )


def disable_account(connection: Connection, account_id: str) -> None:
    """Repeating it changes nothing."""
    connection.execute(
        update(accounts).where(accounts.c.id == account_id, ACTIVE).values(disabled_at=func.now())
    )


# --- sessions --------------------------------------------------------------------------------


def insert_session(
    connection: Connection, *, token_hash: str, account_id: str, life: timedelta
) -> None:
    connection.execute(
        insert(sessions).values(
            token_hash=token_hash, account_id=account_id, expires_at=func.now() + life
        )
    )


def find_session(
    connection: Connection, token_hash: str, *, age_max: timedelta, stale_after: timedelta
) -> Session | None:
    row = connection.execute(
        select(*ACCOUNT_COLUMNS, (sessions.c.used_at < func.now() - stale_after).label("is_stale"))
        .join_from(sessions, accounts)
        .where(
            sessions.c.token_hash == token_hash,
            sessions.c.expires_at > func.now(),
            sessions.c.created_at > func.now() - age_max,
            ACTIVE,
        )
    ).one_or_none()
    return None if row is None else Session(_account(row), row.is_stale)


def touch_session(connection: Connection, token_hash: str, *, life: timedelta) -> None:
    connection.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash)
        .values(used_at=func.now(), expires_at=func.now() + life)
    )


def delete_session(connection: Connection, token_hash: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def delete_sessions_of(connection: Connection, account_id: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.account_id == account_id))


def delete_expired_sessions(connection: Connection) -> None:
    connection.execute(delete(sessions).where(sessions.c.expires_at <= func.now()))


# --- API tokens ------------------------------------------------------------------------------


def insert_token(
    connection: Connection, *, token_id: str, token_hash: str, account_id: str, label: str
) -> ApiToken:
    row = connection.execute(
        insert(api_tokens)
        .values(id=token_id, token_hash=token_hash, account_id=account_id, label=label)
        .returning(api_tokens)
    ).one()
    return _token(row)


def list_tokens(connection: Connection, account_id: str) -> list[ApiToken]:
    rows = connection.execute(
        select(api_tokens)
        .where(api_tokens.c.account_id == account_id)
        .order_by(api_tokens.c.created_at)
    )
    return [_token(row) for row in rows]


def find_token_account(
    connection: Connection, token_hash: str, *, stale_after: timedelta
) -> Session | None:
    unused = or_(
        api_tokens.c.used_at.is_(None), api_tokens.c.used_at < func.now() - stale_after
    ).label("is_stale")
    row = connection.execute(
        select(*ACCOUNT_COLUMNS, unused)
        .join_from(api_tokens, accounts)
        .where(api_tokens.c.token_hash == token_hash, api_tokens.c.revoked_at.is_(None), ACTIVE)
    ).one_or_none()
    return None if row is None else Session(_account(row), row.is_stale)


def touch_token(connection: Connection, token_hash: str) -> None:
    connection.execute(
        update(api_tokens).where(api_tokens.c.token_hash == token_hash).values(used_at=func.now())
    )


def revoke_token(connection: Connection, token_id: str) -> bool:
    """False when there is no such token; repeating it changes nothing."""
    return _revoke(connection, api_tokens.c.id == token_id)


def revoke_tokens_of(connection: Connection, account_id: str) -> None:
    _revoke(connection, api_tokens.c.account_id == account_id)


def _revoke(connection: Connection, condition: ColumnElement[bool]) -> bool:
    revoked = connection.execute(
        update(api_tokens)
        .where(condition)
        .values(revoked_at=func.coalesce(api_tokens.c.revoked_at, func.now()))
    )
    return revoked.rowcount > 0


# --- set-up links ----------------------------------------------------------------------------


def replace_setup_link(connection: Connection, token_hash: str, *, life: timedelta) -> None:
    delete_setup_links(connection)
    connection.execute(
        insert(setup_links).values(token_hash=token_hash, expires_at=func.now() + life)
    )


def delete_setup_links(connection: Connection) -> None:
    connection.execute(delete(setup_links))


def is_setup_link_open(connection: Connection, token_hash: str) -> bool:
    found = select(setup_links.c.token_hash).where(_open_link(token_hash))
    return connection.execute(select(found.exists())).scalar_one()


def use_setup_link(connection: Connection, token_hash: str) -> bool:
    """Spend the link; False when it is unknown, used or too old. Two at once: one wins."""
    spent = connection.execute(update(setup_links).where(_open_link(token_hash)).values(used=True))
    return spent.rowcount == 1


def _open_link(token_hash: str) -> ColumnElement[bool]:
    return and_(
        setup_links.c.token_hash == token_hash,
        setup_links.c.used.is_(False),
        setup_links.c.expires_at > func.now(),
    )


# --- sign-in attempts ------------------------------------------------------------------------


def count_attempt(connection: Connection, bucket: str, *, window: timedelta) -> tuple[int, int]:
    """Add one; returns how many there are in the window, and the seconds until it ends."""
    ends_in = login_attempts.c.window_started_at + window - func.now()
    row = connection.execute(
        insert(login_attempts)
        .values(bucket=bucket, window_started_at=_window_start(window), count=1)
        .on_conflict_do_update(
            index_elements=["bucket", "window_started_at"],
            set_={"count": login_attempts.c["count"] + 1},
        )
        .returning(
            login_attempts.c["count"].label("attempts"),
            func.ceil(extract("epoch", ends_in)).label("seconds"),
        )
    ).one()
    return row.attempts, int(row.seconds)


def forgive_attempt(connection: Connection, bucket: str, *, window: timedelta) -> None:
    connection.execute(
        update(login_attempts)
        .where(
            login_attempts.c.bucket == bucket,
            login_attempts.c.window_started_at == _window_start(window),
        )
        .values(count=login_attempts.c["count"] - 1)
    )


def delete_old_attempts(connection: Connection) -> None:
    connection.execute(
        delete(login_attempts).where(
            login_attempts.c.window_started_at < func.now() - ATTEMPTS_KEPT
        )
    )


def _window_start(window: timedelta) -> ColumnElement[datetime]:
    return func.date_bin(window, func.now(), WINDOW_ORIGIN, type_=DateTime(timezone=True))


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )


def _token(row: Row[*tuple[Any, ...]]) -> ApiToken:
    return ApiToken(
        id=row.id,
        account_id=row.account_id,
        label=row.label,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
