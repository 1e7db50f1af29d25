"""Rules of accounts, sessions, tokens and attempts on a real database, by its own clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, Table, func, select, update

from portal.accounts import attempts, passwords, service, tokens
from portal.accounts.models import Account
from portal.db.tables import accounts, api_tokens, login_attempts, sessions, setup_links
from portal.errors import Conflict, InvalidInput, NotFound, TooManyRequests
from portal.visibility import Role

PASSWORD = "correct horse battery"
ADDRESS = "192.0.2.7"


@pytest.fixture
def editor(connection: Connection) -> Account:
    return service.create_account(
        connection, "Olga@Example.org", name="Olga", role=Role.EDITOR, password=PASSWORD
    )


def sign_in(
    connection: Connection,
    password: str,
    *,
    email: str = "olga@example.org",
    address: str = ADDRESS,
) -> Account | None:
    return service.authenticate(connection, email, password, address=address)


def shift(connection: Connection, table: Table, *columns: str, by: timedelta) -> None:
    """Let the database believe that these instants lie elsewhere."""
    connection.execute(update(table).values({name: table.c[name] + by for name in columns}))


# --- accounts --------------------------------------------------------------------------------


def test_an_account_keeps_its_address_in_lower_case_and_no_password(
    connection: Connection, editor: Account
) -> None:
    assert editor.email == "olga@example.org"
    assert editor.viewer.sees_everything
    stored = connection.execute(select(accounts.c.password_hash)).scalar_one()
    assert stored.startswith("$argon2id$")
    assert service.get_account(connection, " OLGA@example.org") == editor


def test_an_address_is_taken_once(connection: Connection, editor: Account) -> None:
    with pytest.raises(Conflict, match=r"olga@example\.org"):
        service.create_account(connection, "OLGA@example.org", name="O", role=Role.EDITOR)


@pytest.mark.parametrize("email", ["", "olga", "a@b c", "@example.org", "olga@", "a@b@c"])
def test_a_bad_address_is_refused(connection: Connection, email: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        service.create_account(connection, email, name="Olga", role=Role.EDITOR)
    assert set(refusal.value.fields) == {"email"}


@pytest.mark.parametrize(
    "password", ["short", "11character", "olga@example.org", "OLGA@Example.org", "x" * 1025]
)
def test_a_bad_password_is_refused(connection: Connection, password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        service.create_account(
            connection, "olga@example.org", name="Olga", role=Role.EDITOR, password=password
        )
    assert set(refusal.value.fields) == {"password"}


def test_nobody_is_created_as_a_member_of_the_public(connection: Connection) -> None:
    with pytest.raises(InvalidInput):
        service.create_account(connection, "a@example.org", name="A", role=Role.ANONYMOUS)


# --- passwords and attempts ------------------------------------------------------------------


def test_the_right_password_opens_and_others_do_not(
    connection: Connection, editor: Account
) -> None:
    assert sign_in(connection, PASSWORD) == editor
    assert sign_in(connection, PASSWORD + "x") is None
    assert sign_in(connection, "") is None
    assert sign_in(connection, PASSWORD, email="nobody@example.org") is None


def test_an_account_without_a_password_cannot_sign_in(connection: Connection) -> None:
    service.create_account(connection, "robot@example.org", name="Robot", role=Role.EDITOR)
    assert sign_in(connection, "", email="robot@example.org") is None


def test_an_unknown_account_costs_the_same_work(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str | None] = []
    real = passwords.matches

    def noting(password: str, password_hash: str | None) -> bool:
        compared.append(password_hash)
        return real(password, password_hash)

    monkeypatch.setattr(passwords, "matches", noting)
    assert sign_in(connection, PASSWORD, email="nobody@example.org") is None
    assert compared == [None]


def test_a_hash_with_old_parameters_is_renewed_by_a_sign_in(
    connection: Connection, editor: Account
) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    connection.execute(update(accounts).values(password_hash=old))
    assert sign_in(connection, PASSWORD) == editor
    renewed = connection.execute(select(accounts.c.password_hash)).scalar_one()
    assert renewed != old
    assert not passwords.needs_new_hash(renewed)
    assert sign_in(connection, PASSWORD) == editor


def fail_by(connection: Connection, count: int, *, email: str, address: str) -> None:
    """So many attempts that were wrong; comparing passwords is left out, it takes time."""
    for _ in range(count):
        attempts.count(connection, email=email, address=address)


def test_guessing_at_an_account_ends(connection: Connection, editor: Account) -> None:
    for _ in range(attempts.PAIR_ATTEMPTS_MAX):
        assert sign_in(connection, "wrong password") is None
    with pytest.raises(TooManyRequests) as refusal:
        sign_in(connection, PASSWORD)
    assert 0 < refusal.value.retry_after_seconds <= 15 * 60


def test_nobody_is_locked_out_by_another_address_or_for_another_account(
    connection: Connection, editor: Account
) -> None:
    fail_by(connection, attempts.PAIR_ATTEMPTS_MAX, email=editor.email, address="198.51.100.1")
    fail_by(connection, attempts.PAIR_ATTEMPTS_MAX, email="guess@example.org", address=ADDRESS)
    assert sign_in(connection, PASSWORD) == editor


def test_attempts_on_one_account_from_everywhere_end(
    connection: Connection, editor: Account
) -> None:
    for number in range(attempts.ACCOUNT_ATTEMPTS_MAX):
        fail_by(connection, 1, email=editor.email, address=f"198.51.100.{number}")
    with pytest.raises(TooManyRequests):
        sign_in(connection, PASSWORD)


def test_attempts_from_one_address_end_whatever_the_account(
    connection: Connection, editor: Account
) -> None:
    for number in range(attempts.ADDRESS_ATTEMPTS_MAX):
        fail_by(connection, 1, email=f"guess{number}@example.org", address=ADDRESS)
    with pytest.raises(TooManyRequests), connection.begin_nested():
        sign_in(connection, PASSWORD)
    assert sign_in(connection, PASSWORD, address="198.51.100.1") == editor


def test_one_ipv6_network_is_one_address(connection: Connection) -> None:
    for number in range(attempts.PAIR_ATTEMPTS_MAX):
        fail_by(connection, 1, email="x@example.org", address=f"2001:db8::{number}:1")
    with pytest.raises(TooManyRequests), connection.begin_nested():
        fail_by(connection, 1, email="x@example.org", address="2001:db8::ffff")
    fail_by(connection, 1, email="x@example.org", address="2001:db8:0:1::1")


def test_success_is_not_counted_and_does_not_excuse_failures(
    connection: Connection, editor: Account
) -> None:
    for _ in range(attempts.PAIR_ATTEMPTS_MAX + 1):
        assert sign_in(connection, PASSWORD) == editor
    for _ in range(attempts.PAIR_ATTEMPTS_MAX - 1):
        assert sign_in(connection, "wrong password") is None
    assert sign_in(connection, PASSWORD) == editor
    assert sign_in(connection, "wrong password") is None
    with pytest.raises(TooManyRequests):
        sign_in(connection, PASSWORD)


def test_attempts_are_forgotten_after_their_window(connection: Connection, editor: Account) -> None:
    for _ in range(attempts.PAIR_ATTEMPTS_MAX):
        sign_in(connection, "wrong password")
    shift(connection, login_attempts, "window_started_at", by=-attempts.WINDOW)
    assert sign_in(connection, PASSWORD) == editor


def test_the_table_of_attempts_names_nobody(connection: Connection) -> None:
    sign_in(connection, "x", email="nobody@example.org")
    buckets = connection.execute(select(login_attempts.c.bucket)).scalars().all()
    assert len(buckets) == 3
    assert all("nobody" not in bucket and ADDRESS not in bucket for bucket in buckets)


# --- sessions --------------------------------------------------------------------------------


def test_a_session_is_found_by_its_secret_which_is_not_stored(
    connection: Connection, editor: Account
) -> None:
    secret = service.open_session(connection, editor, hours=12)
    found = service.find_session(connection, secret, hours=12)
    assert found is not None
    assert found.account == editor
    assert len(secret) >= 43  # 256 bits
    stored = connection.execute(select(sessions.c.token_hash)).scalar_one()
    assert stored == tokens.hash_secret(secret)
    assert service.find_session(connection, stored, hours=12) is None


def test_a_session_ends_when_it_is_closed_or_replaced(
    connection: Connection, editor: Account
) -> None:
    first = service.open_session(connection, editor, hours=12)
    second = service.open_session(connection, editor, hours=12, replaces=first)
    assert service.find_session(connection, first, hours=12) is None
    assert service.find_session(connection, second, hours=12)
    service.close_session(connection, second)
    assert service.find_session(connection, second, hours=12) is None


def test_a_session_ends_without_use(connection: Connection, editor: Account) -> None:
    secret = service.open_session(connection, editor, hours=12)
    shift(connection, sessions, "used_at", "expires_at", by=-timedelta(hours=11, minutes=59))
    assert service.find_session(connection, secret, hours=12), "use prolongs it"
    shift(connection, sessions, "used_at", "expires_at", by=-timedelta(hours=11, minutes=59))
    assert service.find_session(connection, secret, hours=12)
    shift(connection, sessions, "used_at", "expires_at", by=-timedelta(hours=12, minutes=1))
    assert service.find_session(connection, secret, hours=12) is None


def test_a_session_ends_after_thirty_days_of_use(connection: Connection, editor: Account) -> None:
    secret = service.open_session(connection, editor, hours=12)
    shift(connection, sessions, "created_at", by=-service.SESSION_AGE_MAX)
    assert service.find_session(connection, secret, hours=12) is None


def test_use_is_noted_at_most_once_a_minute(connection: Connection, editor: Account) -> None:
    secret = service.open_session(connection, editor, hours=12)
    shift(connection, sessions, "used_at", by=-timedelta(seconds=50))
    before = connection.execute(select(sessions.c.used_at)).scalar_one()
    service.find_session(connection, secret, hours=12)
    assert connection.execute(select(sessions.c.used_at)).scalar_one() == before
    shift(connection, sessions, "used_at", by=-timedelta(seconds=20))
    service.find_session(connection, secret, hours=12)
    assert connection.execute(select(sessions.c.used_at == func.now())).scalar_one()


def test_disabling_an_account_ends_everything_at_once(
    connection: Connection, editor: Account
) -> None:
    session = service.open_session(connection, editor, hours=12)
    _, bearer = service.create_token(connection, editor, label="feed")
    service.disable_account(connection, editor.id)
    assert service.find_session(connection, session, hours=12) is None
    assert service.find_token_account(connection, bearer) is None
    assert sign_in(connection, PASSWORD) is None
    with pytest.raises(InvalidInput, match="disabled"):
        service.create_token(
            connection, service.get_account(connection, editor.email), label="again"
        )


def test_a_new_password_ends_sessions(connection: Connection, editor: Account) -> None:
    session = service.open_session(connection, editor, hours=12)
    service.set_password(connection, editor, password="another long password")
    assert service.find_session(connection, session, hours=12) is None
    assert sign_in(connection, PASSWORD) is None
    assert sign_in(connection, "another long password") == editor


# --- API tokens ------------------------------------------------------------------------------


def test_a_token_speaks_for_its_account_until_it_is_revoked(
    connection: Connection, editor: Account
) -> None:
    token, secret = service.create_token(connection, editor, label=" newsroom ")
    assert secret.startswith("pp_")
    assert token.label == "newsroom"
    assert connection.execute(select(api_tokens.c.token_hash)).scalar_one() != secret
    assert service.find_token_account(connection, secret) == editor
    assert service.list_tokens(connection, editor)[0].used_at is not None
    service.revoke_token(connection, token.id)
    assert service.find_token_account(connection, secret) is None
    assert service.list_tokens(connection, editor)[0].revoked_at is not None


def test_a_token_needs_a_label_and_an_id_that_exists(
    connection: Connection, editor: Account
) -> None:
    with pytest.raises(InvalidInput):
        service.create_token(connection, editor, label=" ")
    with pytest.raises(NotFound):
        service.revoke_token(connection, "nothing")


# --- the first administrator -----------------------------------------------------------------


def redeem(connection: Connection, secret: str, *, password: str = PASSWORD) -> Account:
    return service.redeem_setup_link(
        connection, secret, email="admin@example.org", name="Admin", password=password
    )


def test_the_set_up_link_works_once(connection: Connection) -> None:
    secret = service.ensure_setup_link(connection)
    assert secret is not None
    service.check_setup_link(connection, secret)
    assert redeem(connection, secret).role is Role.ADMINISTRATOR
    with pytest.raises(NotFound):
        service.check_setup_link(connection, secret)
    with pytest.raises(NotFound):
        redeem(connection, secret)
    assert service.ensure_setup_link(connection) is None


def test_a_fault_in_the_form_does_not_spend_the_link(connection: Connection) -> None:
    secret = service.ensure_setup_link(connection) or ""
    with pytest.raises(InvalidInput), connection.begin_nested():
        redeem(connection, secret, password="short")
    assert redeem(connection, secret).email == "admin@example.org"


def test_a_new_start_makes_the_earlier_link_void(connection: Connection) -> None:
    first = service.ensure_setup_link(connection) or ""
    second = service.ensure_setup_link(connection) or ""
    with pytest.raises(NotFound):
        redeem(connection, first)
    assert redeem(connection, second)


def test_the_set_up_link_ends_after_a_day(connection: Connection) -> None:
    secret = service.ensure_setup_link(connection) or ""
    shift(connection, setup_links, "expires_at", by=-service.SETUP_LINK_LIFE)
    with pytest.raises(NotFound):
        redeem(connection, secret)


def test_an_editor_is_no_administrator_and_a_disabled_one_neither(
    connection: Connection, editor: Account
) -> None:
    secret = service.ensure_setup_link(connection)
    assert secret
    administrator = redeem(connection, secret)
    service.disable_account(connection, administrator.id)
    assert service.ensure_setup_link(connection)
