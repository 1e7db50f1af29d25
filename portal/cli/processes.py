"""The processes of an installation, as children for the supervisor."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.logs import GRANIAN_LOG_CONFIG
from portal.settings import Settings, child_environment, variable_name
from portal.supervisor import ChildSpec

WEB_APPLICATION = "portal.web.server:app_from_environment"
WEB_STOP_SECONDS_MAX = 8
"""How long running answers may take once the web is asked to stop."""


def worker_process(
    settings: Settings,
    *,
    encodes: int,
    name: str = "worker",
    lanes: str = "",
    is_quiet: bool = False,
) -> ChildSpec:
    """A worker for all lanes, or for those named with commas, that runs so many encodes at once.

    A quiet one logs errors only.
    """
    chosen = ("--lanes", lanes) if lanes else ()
    environment = child_environment(settings)
    environment[variable_name("encodes_max")] = str(encodes)
    if is_quiet:
        environment[variable_name("log_level")] = "error"
    return ChildSpec(name=name, argv=(sys.executable, "-m", "workers", *chosen), env=environment)


@contextmanager
def web_process(settings: Settings, *, host: str, port: int) -> Iterator[ChildSpec]:
    """The web server; usable while the context lasts."""
    with TemporaryDirectory(prefix="portal-web-") as folder:
        log_config = Path(folder) / "logging.json"
        log_config.write_text(json.dumps(GRANIAN_LOG_CONFIG))
        argv = (
            *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory"),
            *("--host", host, "--port", str(port), "--http", "auto", "--no-ws"),
            *("--workers-kill-timeout", str(WEB_STOP_SECONDS_MAX)),
            *("--log-config", str(log_config), WEB_APPLICATION),
        )
        yield ChildSpec(name="web", argv=argv, env=child_environment(settings))
