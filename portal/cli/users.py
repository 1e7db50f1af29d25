"""portal users: accounts of the press office and their API tokens."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from portal.accounts import service
from portal.accounts.models import Account
from portal.cli.failures import UsageError
from portal.cli.installation import opened
from portal.cli.output import say, say_json, say_table
from portal.visibility import Role

PASSWORD_LENGTH_MAX = 4096

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The account's e-mail address.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.command("create")(create)
    group.command("list")(list_all)
    group.command("disable")(disable)
    group.command("token")(token)
    app.add_typer(group, name="users", help="Create, list and disable accounts; make API tokens.")


def create(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Whose account it is. Default: the address.")] = "",
    role: Annotated[str, typer.Option(help="editor or administrator.")] = "editor",
    password_stdin: PasswordStdin = False,
) -> None:
    """Create an account; its password is asked for."""
    checked = checked_role(role)
    password = _read_password() if password_stdin else _ask_password()
    with opened() as runtime, runtime.engine.begin() as connection:
        account = service.create_account(
            connection, email, name=name or email, role=checked, password=password
        )
    say(f"Created the {account.role} {account.email}.")


def list_all(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False
) -> None:
    """List all accounts."""
    with opened() as runtime, runtime.engine.connect() as connection:
        accounts = service.list_accounts(connection)
    if as_json:
        for account in accounts:
            say_json(account_json(account))
        return
    rows = [(a.email, a.role, "active" if a.is_active else "disabled", a.name) for a in accounts]
    say_table(("e-mail", "role", "state", "name"), rows)


def disable(email: Email) -> None:
    """Close an account: its password, sessions and tokens open nothing any more."""
    with opened() as runtime, runtime.engine.begin() as connection:
        account = service.get_account(connection, email)
        service.disable_account(connection, account.id)
    say(f"The account {account.email} is disabled.")


def token(
    email: Email,
    *,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
) -> None:
    """Make an API token for an account; it is shown this once, alone on standard output."""
    with opened() as runtime, runtime.engine.begin() as connection:
        account = service.get_account(connection, email)
        _token, secret = service.create_token(connection, account, label=label)
    say(secret)


def checked_role(role: str) -> Role:
    """Raises UsageError."""
    if role not in service.ACCOUNT_ROLES:
        raise UsageError(f"--role is editor or administrator, not {role!r}.")
    return Role(role)


def account_json(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "role": account.role,
        "created_at": account.created_at.isoformat(),
        "disabled_at": account.disabled_at.isoformat() if account.disabled_at else None,
    }


def _read_password() -> str:
    return sys.stdin.readline(PASSWORD_LENGTH_MAX).rstrip("\r\n")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for a password on: use --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
