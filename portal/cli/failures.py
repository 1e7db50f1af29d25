"""What a user is told when a command fails: one clear sentence, never a traceback."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

from portal.cli.output import warn
from portal.errors import PortalError, SettingsError
from portal.redaction import hidden_in
from portal.settings import load_settings

FAILED = 1
WRONG_USAGE = 2


class UsageError(PortalError):
    """What the user asked for cannot be done as it was asked."""

    code = "wrong_usage"


def tell(error: PortalError) -> int:
    """Say what went wrong; the exit code."""
    warn(str(error))
    return WRONG_USAGE if isinstance(error, SettingsError | UsageError) else FAILED


def tell_unexpected(error: Exception) -> int:
    """Say that the fault is ours, and where it is written down; the exit code."""
    name = type(error).__name__
    warn(f"The portal made a mistake of its own ({name}). {_written_down(error)}")
    return FAILED


def _written_down(error: Exception) -> str:
    details = "".join(traceback.format_exception(error))
    try:
        settings = load_settings()
        details = hidden_in(settings).cut_from(details)
        if settings.log_level == "debug":
            return f"\n{details}"
        path = settings.data_path / "failures.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat()}\n{details}\n")
    except (OSError, SettingsError):
        return "PORTAL_LOG_LEVEL=debug shows the details."
    return f"The details are in {path}."
