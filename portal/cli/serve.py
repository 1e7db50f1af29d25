"""portal serve: the whole portal by one command."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Annotated

import typer

from portal.accounts import service as accounts_service
from portal.cli.failures import UsageError
from portal.cli.installation import opened, read_settings
from portal.cli.output import say
from portal.cli.processes import web_process, worker_process
from portal.db.watch import kept_running
from portal.encodes import encodes_at_once, shares
from portal.errors import Conflict, StorageError
from portal.installation.service import set_up_store
from portal.metrics import service as metrics_service
from portal.runtime import Runtime
from portal.settings import Settings
from portal.supervisor import ChildSpec, Supervisor

GRACE_SECONDS = 15.0
"""How long the children may take to end in good order."""
PORT_WAIT_SECONDS_MAX = 5.0
"""After a `kill -9` the web server of before gives its port back within this time."""
POLL_SECONDS = 0.2
ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Worker processes. Default: PORTAL_WORKER_PROCESSES.")
    ] = None,
) -> None:
    """Serve the portal: database, web and workers, all in one. Ctrl+C ends it."""
    settings = read_settings(quiet=False)
    count = settings.worker_processes if workers is None else workers
    check_port(host, port)
    with (
        opened(settings) as runtime,
        metrics_service.served(runtime) as told_settings,
        kept_running(settings),
        web_process(told_settings, host=host, port=port) as web,
    ):
        _make_store_ready(runtime)
        _greet(runtime, host=host, port=port)
        children = [web, *_workers(told_settings, count)]
        supervisor = Supervisor(children, grace_seconds=GRACE_SECONDS)
        _tell_when_ready(lambda: answers_ready(settings, host=host, port=port))
        supervisor.run()
    say("The portal has ended.")


def _workers(settings: Settings, count: int) -> list[ChildSpec]:
    """They share the encodes that the machine bears."""
    return [
        worker_process(settings, name=f"worker-{number}", encodes=encodes)
        for number, encodes in enumerate(shares(encodes_at_once(settings), processes=count), 1)
    ]


def _make_store_ready(runtime: Runtime) -> None:
    """A store that is away now may come later: /readyz and `portal doctor` tell what is wrong.

    Raises Conflict when it is another one than this installation's.
    """
    try:
        set_up_store(runtime)
    except StorageError as error:
        say(f"The store is not ready: {error}")


def check_port(host: str, port: int) -> None:
    """Raises Conflict when the port stays taken, UsageError when `host` is none of ours."""
    deadline = time.monotonic() + PORT_WAIT_SECONDS_MAX
    while (fault := _binding_fault(host, port)) is not None:
        if time.monotonic() > deadline:
            raise Conflict(
                f"Port {port} on {host} is taken ({fault}): another portal or program listens "
                f"there. Choose another one with --port, such as --port {port + 1}."
            )
        time.sleep(POLL_SECONDS)


def public_address(settings: Settings, *, host: str, port: int) -> str:
    """Where a browser finds the portal."""
    return settings.base_url or f"http://{_bracketed(_reachable(host))}:{port}"


def answers_ready(settings: Settings, *, host: str, port: int) -> bool:
    """Whether the web answers and all that it works with does."""
    named = settings.allowed_hosts[0] if settings.allowed_hosts else host
    with closing(HTTPConnection(_reachable(host), port, timeout=5)) as connection:
        try:
            connection.request("GET", "/readyz", headers={"Host": f"{named}:{port}"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def _greet(runtime: Runtime, *, host: str, port: int) -> None:
    address = public_address(runtime.settings, host=host, port=port)
    say(f"Press Portal starts at {address}/")
    with runtime.engine.begin() as connection:
        secret = accounts_service.ensure_setup_link(connection)
    if secret is not None:
        say("There is no administrator yet. Create one, within a day and once only, at")
        say(f"  {address}{accounts_service.setup_path(secret)}")


def _tell_when_ready(is_ready: Callable[[], bool]) -> None:
    def wait() -> None:
        while not is_ready():
            time.sleep(POLL_SECONDS)
        say("ready")

    threading.Thread(target=wait, name="readiness", daemon=True).start()


def _binding_fault(host: str, port: int) -> str | None:
    """Why nothing can listen there now; None when it can."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise UsageError(f"--host {host} is no address: {error.strerror}.") from error
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except PermissionError as error:
            raise UsageError(
                f"Port {port} is for administrators only: {error.strerror}."
            ) from error
        except OSError as error:
            return error.strerror or "in use"
    return None


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ANYWHERE else host


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
