"""The application: its commands, what they import, and how failures are told."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from portal.cli.failures import FAILED, WRONG_USAGE, UsageError, tell, tell_unexpected
from portal.cli.main import COMMANDS, build_app, main
from portal.errors import NotFound, SettingsError

runner = CliRunner()


def test_help_lists_every_command() -> None:
    result = runner.invoke(build_app(["--help"]), ["--help"])

    assert result.exit_code == 0
    assert all(f"  {name} " in result.output for name in COMMANDS)


def test_help_imports_no_command() -> None:
    for name in COMMANDS:
        sys.modules.pop(f"portal.cli.{name}", None)

    build_app(["--help"])

    assert not [name for name in COMMANDS if f"portal.cli.{name}" in sys.modules]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str) -> None:
    result = runner.invoke(build_app([name, "--help"]), [name, "--help"])

    assert result.exit_code == 0
    assert f"Usage: portal {name}" in result.output.replace("root", "portal")


def test_wrong_usage_ends_with_2() -> None:
    assert runner.invoke(build_app(["nope"]), ["nope"]).exit_code == WRONG_USAGE
    assert runner.invoke(build_app(["search"]), ["search"]).exit_code == WRONG_USAGE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("There is no event."), FAILED),
        (SettingsError("PORTAL_X is not a setting."), WRONG_USAGE),
        (UsageError("Say which event."), WRONG_USAGE),
    ],
)
def test_errors_are_told_as_their_sentence(
    error: NotFound | SettingsError | UsageError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(error) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{error}\n")


def test_a_mistake_of_ours_is_written_down_and_not_thrown_at_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path))

    code = tell_unexpected(KeyError("secret place"))

    told = capsys.readouterr().err
    assert code == FAILED
    assert "Traceback" not in told
    assert str(tmp_path / "failures.log") in told
    assert "secret place" in (tmp_path / "failures.log").read_text()


def test_debugging_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_LOG_LEVEL", "debug")
    tell_unexpected(ValueError("x"))

    assert "ValueError: x" in capsys.readouterr().err


@pytest.fixture
def restored_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("restored_signals")
def test_settings_that_are_wrong_end_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_NONSENSE", "1")
    monkeypatch.setattr(sys, "argv", ["portal", "config"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == WRONG_USAGE
    assert "PORTAL_NONSENSE is not a setting" in capsys.readouterr().err
