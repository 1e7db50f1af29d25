"""Who may sign in, and how: accounts, sessions, API tokens and the first administrator."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import Connection

from portal.accounts import attempts, passwords, repository, tokens
from portal.accounts.models import Account, ApiToken, Session
from portal.errors import Conflict, InvalidInput, NotFound
from portal.ids import new_id
from portal.visibility import Role

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
SESSION_AGE_MAX = timedelta(days=30)
"""However much it is used, a sign-in ends then (ASVS 7.3.2)."""
NOTE_USE_EVERY = timedelta(minutes=1)
"""A session's use is written down at most this often: reads must not each become a write."""
SETUP_LINK_LIFE = timedelta(hours=24)
ACCOUNT_ROLES = (Role.ADMINISTRATOR, Role.EDITOR)


# --- accounts --------------------------------------------------------------------------------


def create_account(
    connection: Connection, email: str, *, name: str, role: Role, password: str | None = None
) -> Account:
    """Raises InvalidInput, or Conflict when the address is taken.

    Without a password the account acts through API tokens only.
    """
    address = _checked_email(email)
    _check_identity(name, role)
    if password is not None:
        passwords.check(password, email=address)
    account = repository.insert_account(
        connection,
        account_id=new_id(),
        email=address,
        name=name.strip(),
        role=role,
        password_hash=None if password is None else passwords.hashed(password),
    )
    if account is None:
        raise Conflict(f"There already is an account with the e-mail address {address}.")
    return account


def get_account(connection: Connection, email: str) -> Account:
    """Raises NotFound."""
    account = repository.find_account(connection, _normal(email))
    if account is None:
        raise NotFound(f"There is no account with the e-mail address {_normal(email)}.")
    return account


def list_accounts(connection: Connection) -> list[Account]:
    return repository.list_accounts(connection)


def disable_account(connection: Connection, account_id: str) -> None:
    """From now on neither password, session nor token of this account opens anything."""
    repository.disable_account(connection, account_id)
    repository.delete_sessions_of(connection, account_id)
    repository.revoke_tokens_of(connection, account_id)


def set_password(connection: Connection, account: Account, *, password: str) -> None:
    """Raises InvalidInput. Ends every session: whoever knew the old password is out."""
    passwords.check(password, email=account.email)
    repository.set_password_hash(connection, account.id, passwords.hashed(password))
    repository.delete_sessions_of(connection, account.id)


def authenticate(
    connection: Connection, email: str, password: str, *, address: str
) -> Account | None:
    """The account that this password opens, or None; `address` is the client's network address.

    Raises TooManyRequests. A wrong password is None and no exception, because the transaction
    must commit: the attempt is counted in it.
    """
    email = _normal(email)
    attempts.count(connection, email=email, address=address)
    credentials = repository.find_credentials(connection, email)
    password_hash = credentials.password_hash if credentials else None
    if not passwords.matches(password, password_hash) or credentials is None:
        return None
    attempts.forgive(connection, email=email, address=address)
    if password_hash and passwords.needs_new_hash(password_hash):
        repository.set_password_hash(connection, credentials.account.id, passwords.hashed(password))
    return credentials.account


# --- sessions --------------------------------------------------------------------------------


def open_session(
    connection: Connection, account: Account, *, hours: int, replaces: str | None = None
) -> str:
    """A new secret for the session cookie; the one that it `replaces` stops working.

    A sign-in always gets a new secret, so one planted before it is worth nothing.
    """
    if replaces:
        close_session(connection, replaces)
    repository.delete_expired_sessions(connection)
    secret = tokens.new_secret()
    repository.insert_session(
        connection,
        token_hash=tokens.hash_secret(secret),
        account_id=account.id,
        life=timedelta(hours=hours),
    )
    return secret


def find_session(connection: Connection, secret: str, *, hours: int) -> Session | None:
    """The open session of this secret, its use noted; None when it has ended."""
    token_hash = tokens.hash_secret(secret)
    session = repository.find_session(
        connection, token_hash, age_max=SESSION_AGE_MAX, stale_after=NOTE_USE_EVERY
    )
    if session and session.is_stale:
        repository.touch_session(connection, token_hash, life=timedelta(hours=hours))
    return session


def is_session_open(connection: Connection, secret: str) -> bool:
    """Whether this sign-in has not ended; asking is no use of it and does not prolong it."""
    session = repository.find_session(
        connection,
        tokens.hash_secret(secret),
        age_max=SESSION_AGE_MAX,
        stale_after=NOTE_USE_EVERY,
    )
    return session is not None


def close_session(connection: Connection, secret: str) -> None:
    repository.delete_session(connection, tokens.hash_secret(secret))


# --- API tokens ------------------------------------------------------------------------------


def create_token(connection: Connection, account: Account, *, label: str) -> tuple[ApiToken, str]:
    """The token and its secret, which nobody can read again. Raises InvalidInput."""
    if not account.is_active:
        raise InvalidInput(f"The account {account.email} is disabled and can have no token.")
    if not label.strip():
        fault = "A token needs a label that says what it is for."
        raise InvalidInput(fault, fields={"label": fault})
    secret = tokens.new_api_secret()
    token = repository.insert_token(
        connection,
        token_id=new_id(),
        token_hash=tokens.hash_secret(secret),
        account_id=account.id,
        label=label.strip(),
    )
    return token, secret


def list_tokens(connection: Connection, account: Account) -> list[ApiToken]:
    return repository.list_tokens(connection, account.id)


def revoke_token(connection: Connection, token_id: str) -> None:
    """Raises NotFound."""
    if not repository.revoke_token(connection, token_id):
        raise NotFound(f"There is no API token {token_id}.")


def find_token_account(connection: Connection, secret: str) -> Account | None:
    """The account for which this bearer secret speaks, its use noted."""
    token_hash = tokens.hash_secret(secret)
    found = repository.find_token_account(connection, token_hash, stale_after=NOTE_USE_EVERY)
    if found and found.is_stale:
        repository.touch_token(connection, token_hash)
    return found.account if found else None


# --- the first administrator -----------------------------------------------------------------


def ensure_setup_link(connection: Connection) -> str | None:
    """The secret of a new one-time link when no administrator exists; earlier ones are void.

    Its page is `setup_path(secret)`.
    """
    if repository.has_active_administrator(connection):
        repository.delete_setup_links(connection)
        return None
    secret = tokens.new_secret()
    repository.replace_setup_link(connection, tokens.hash_secret(secret), life=SETUP_LINK_LIFE)
    return secret


def setup_path(secret: str) -> str:
    return f"/setup/{secret}"


def check_setup_link(connection: Connection, secret: str) -> None:
    """Raises NotFound when the link is unknown, used or too old."""
    if not repository.is_setup_link_open(connection, tokens.hash_secret(secret)):
        raise _link_is_void()


def redeem_setup_link(
    connection: Connection, secret: str, *, email: str, name: str, password: str
) -> Account:
    """Create the administrator and spend the link. Raises NotFound, InvalidInput or Conflict."""
    if not repository.use_setup_link(connection, tokens.hash_secret(secret)):
        raise _link_is_void()
    _check_all(email=email, name=name, password=password)
    return create_account(connection, email, name=name, role=Role.ADMINISTRATOR, password=password)


def _link_is_void() -> NotFound:
    return NotFound(
        "This set-up link is not valid any more. Start the portal again to get a new one."
    )


def _normal(email: str) -> str:
    return email.strip().lower()


def _checked_email(email: str) -> str:
    address = _normal(email)
    if not EMAIL.fullmatch(address):
        fault = "The e-mail address must look like name@example.org."
        raise InvalidInput(fault, fields={"email": fault})
    return address


def _check_all(*, email: str, name: str, password: str) -> None:
    """Raises InvalidInput with every fault, so that a form is not refused one by one."""
    faults: dict[str, str] = {}
    for check in (
        lambda: _checked_email(email),
        lambda: _check_identity(name, Role.ADMINISTRATOR),
        lambda: passwords.check(password, email=_normal(email)),
    ):
        try:
            check()
        except InvalidInput as error:
            faults |= error.fields
    if faults:
        raise InvalidInput(" ".join(faults.values()), fields=faults)


def _check_identity(name: str, role: Role) -> None:
    if not name.strip():
        fault = "The name must not be empty."
        raise InvalidInput(fault, fields={"name": fault})
    if role not in ACCOUNT_ROLES:
        fault = "An account is an administrator or an editor."
        raise InvalidInput(fault, fields={"role": fault})
