"""A real S3 server for tests: versitygw over a folder of its own, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from portal.ids import new_id
from portal.settings import Settings
from portal.storage.s3.bucket import set_up_bucket
from tests.e2e.processes import free_port, wait_until

PROJECT = Path(__file__).parent.parent
ACCESS_KEY, SECRET_KEY = "portal-test-access", "portal-test-secret"
HEALTH = "/health"


@dataclass(frozen=True)
class VersityGateway:
    """`folder` holds a folder per bucket, and in it a file per object."""

    url: str
    folder: Path

    def settings(self, base: Settings, *, url: str | None = None) -> Settings:
        """`base` with a bucket of its own, set up; by `url`, where a proxy stands before it."""
        ours = base.model_copy(
            update={
                "s3_endpoint_url": self.url,
                "s3_bucket": f"test-{new_id()}",
                "s3_access_key": SecretStr(ACCESS_KEY),
                "s3_secret_key": SecretStr(SECRET_KEY),
            }
        )
        set_up_bucket(ours)
        return ours if url is None else ours.model_copy(update={"s3_endpoint_url": url})


@contextmanager
def running_gateway(folder: Path, *, port: int | None = None) -> Iterator[VersityGateway]:
    """Serve `folder` until the end; the same folder and port again are the same server."""
    program = _installed()
    buckets = folder / "buckets"
    buckets.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port or free_port()}"
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            _argv(program, urlsplit(url).netloc, buckets),
            env={"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _answers(url), process)
        yield VersityGateway(url=url, folder=buckets)
    finally:
        process.kill()
        process.wait()


def _argv(program: Path, address: str, buckets: Path) -> list[str]:
    options = ["--quiet", "--keep-alive", "--health", HEALTH, "--port", address]
    return [str(program), *options, "posix", str(buckets)]


def _installed() -> Path:
    """Where `infra/bin/setup test` put it; where CI promises it, its absence is a failure."""
    program = PROJECT / ".tools" / "bin" / "versitygw"
    if program.is_file():
        return program
    found = shutil.which("versitygw")
    if found is not None:
        return Path(found)
    reason = "the S3 server versitygw is not installed; `infra/bin/setup test` does that"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _answers(url: str) -> bool:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", HEALTH)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
