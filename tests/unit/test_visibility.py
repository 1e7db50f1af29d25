"""The one predicate, as SQL: who is bound by it, and that the clock is the database's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import ColumnElement

from portal.visibility import (
    INSTALLATION,
    PUBLIC,
    Role,
    Viewer,
    asset_visible_to,
    event_visible_to,
)

Predicate = Callable[[Viewer], ColumnElement[bool]]
PREDICATES: tuple[Predicate, ...] = (event_visible_to, asset_visible_to)
OFFICE = (Role.EDITOR, Role.ADMINISTRATOR)


def sql(condition: ColumnElement[bool]) -> str:
    compiled = condition.compile()
    assert compiled.params == {}  # above all no instant of this machine's clock
    return str(compiled)


def test_nobody_is_the_public() -> None:
    assert Viewer() == PUBLIC
    assert PUBLIC.role is Role.ANONYMOUS
    assert PUBLIC.account_id is None
    assert not PUBLIC.sees_everything


def test_the_command_line_is_an_administrator() -> None:
    assert INSTALLATION.role is Role.ADMINISTRATOR


@pytest.mark.parametrize("role", Role)
def test_only_the_press_office_sees_everything(role: Role) -> None:
    assert Viewer(role=role).sees_everything is (role in OFFICE)


@pytest.mark.parametrize("role", Role)
def test_an_account_alone_gives_no_right(role: Role) -> None:
    assert Viewer(role, account_id="someone").sees_everything is Viewer(role).sees_everything


@pytest.mark.parametrize("predicate", PREDICATES)
def test_the_public_is_bound_by_release_and_withdrawal(predicate: Predicate) -> None:
    condition = sql(predicate(PUBLIC))
    assert "events.released_at <= now()" in condition
    assert "events.withdrawn_at IS NULL OR events.withdrawn_at > now()" in condition


def test_the_public_sees_verified_assets_only() -> None:
    condition = sql(asset_visible_to(PUBLIC))
    assert "originals.verified_at IS NOT NULL" in condition
    assert "assets.removed_at IS NULL" in condition


@pytest.mark.parametrize("role", OFFICE)
def test_the_office_is_bound_by_removal_alone(role: Role) -> None:
    assert sql(event_visible_to(Viewer(role=role))) == "true"
    assert sql(asset_visible_to(Viewer(role=role))) == "assets.removed_at IS NULL"
