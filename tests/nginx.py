"""Debian's nginx for tests, with the configuration of infra/nginx, as whoever runs the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.e2e.processes import free_port, wait_until

INFRA = Path(__file__).parent.parent / "infra" / "nginx"
TEMPLATE = INFRA / "portal.conf.template"
NOBODY = "http://127.0.0.1:9"
MAIN = """
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log error.log notice;
{user}
events {{ worker_connections 512; }}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include portal.conf;
}}
"""


@dataclass(frozen=True)
class Nginx:
    """`folder` holds its configuration, its logs and its cache."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> str:
        return (self.folder / name).read_text()


@contextmanager
def running_nginx(
    folder: Path,
    *,
    portal_port: int,
    objects: Path | None = None,
    store: str = NOBODY,
    bucket: str = "press-portal",
    caches_media: bool = False,
    tls: Mapping[str, str] | None = None,
    front: str = "192.0.2.0/24",
    workers: int = 1,
) -> Iterator[Nginx]:
    """In front of the portal on `portal_port`; `tls` are further files for the server, `front` is
    who may stand before it.
    """
    port = free_port()
    for name in ("cache", "tls"):
        (folder / name).mkdir(parents=True)
    for name, content in (tls or {}).items():
        (folder / "tls" / name).write_text(content)
    values = {
        "NGINX_LISTEN": f"127.0.0.1:{port}",
        "NGINX_TLS": f"{folder}/tls",
        "NGINX_FRONT": front,
        "NGINX_PORTAL": f"127.0.0.1:{portal_port}",
        "NGINX_OBJECTS": str(objects or folder / "objects"),
        "NGINX_STORE": store,
        "NGINX_BUCKET": bucket,
        "NGINX_CACHE": f"{folder}/cache",
        "NGINX_MEDIA_CACHE": "portal_media" if caches_media else "off",
        "NGINX_ACCESS_LOG": f"{folder}/access.log",
        "NGINX_ERROR_LOG": f"{folder}/error.log",
    }
    (folder / "portal.conf").write_text(filled(TEMPLATE.read_text(), values))
    # As root, the workers must keep root's right to the tests' folders, as they keep the portal's.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(user=user, workers=workers))
    process = subprocess.Popen([_installed(), "-p", folder, "-c", folder / "nginx.conf"])
    try:
        wait_until(lambda: _answers(port), process)
        yield Nginx(port=port, folder=folder)
    finally:
        process.terminate()
        process.wait()


def filled(template: str, values: Mapping[str, str]) -> str:
    """As envsubst fills it, but a name without a value is an error."""
    return re.sub(r"\$\{(NGINX_[A-Z_]+)\}", lambda found: values[found[1]], template)


def _installed() -> str:
    """Where CI promises it, its absence is a failure."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is not None:
        return program
    reason = "nginx is not installed; `infra/bin/setup test` does that"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status > 0
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
