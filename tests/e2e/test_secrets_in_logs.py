"""Nothing secret is written by real processes at the level debug, at work and while all fails."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from sqlalchemy import URL, make_url

from portal.settings import Settings
from tests.e2e.processes import PROJECT, Installation, free_port, wait_until
from tests.stored_files import FLAC, JPEG, sha256
from tests.versitygw import ACCESS_KEY, SECRET_KEY, running_gateway

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

DATABASE_PASSWORD = "canary+db/password"
MEILI_KEY = "canary-meili-key"
PASSWORD = "canary-account-password-7"
EMAIL = "chief@press.example"
FORM_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
SETUP_LINK = re.compile(r"/setup/([\w-]+)")


@dataclass
class Run:
    """A portal whose every part asks for a secret, and the secrets that came up meanwhile."""

    installation: Installation
    port: int
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Its standard error goes where the others' output goes."""
        with (self.installation.folder.parent / "commands.log").open("a") as log:
            return subprocess.run(
                [sys.executable, "-m", "portal.cli.main", *arguments],
                cwd=PROJECT,
                env=self.installation.environment(),
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=120,
                check=False,
            )

    def started(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self.installation.started("serve", "--port", str(self.port), "--workers", "1")

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=5).is_success
        except httpx2.TransportError:
            return False

    def log(self) -> str:
        return self.installation.logs()


@pytest.fixture
def run(tmp_path: Path, database_url: str, settings: Settings) -> Run:
    """Storage works at first; search is away all the time."""
    url = make_url(database_url).set(password=DATABASE_PASSWORD)
    with ExitStack() as end:
        with running_gateway(tmp_path / "gateway") as gateway:
            run = _installed(tmp_path, url, gateway.settings(settings))
            serve = end.enter_context(run.started())
            wait_until(run.answers, serve)
            _work(run, tmp_path)
        _fail(run, tmp_path, url)
    return run


def _installed(folder: Path, database: URL, store: Settings) -> Run:
    written = database.render_as_string(hide_password=False)
    variables = {
        "PORTAL_DATABASE_URL": written,
        "PORTAL_S3_ENDPOINT_URL": str(store.s3_endpoint_url),
        "PORTAL_S3_BUCKET": store.s3_bucket,
        "PORTAL_S3_ACCESS_KEY": ACCESS_KEY,
        "PORTAL_S3_SECRET_KEY": SECRET_KEY,
        "PORTAL_MEILI_URL": f"http://127.0.0.1:{free_port()}",
        "PORTAL_MEILI_KEY": MEILI_KEY,
        "PORTAL_LOG_LEVEL": "debug",
    }
    run = Run(Installation(folder / "data", variables), free_port())
    run.secrets = {
        "database password": DATABASE_PASSWORD,
        "database password as written": urlsplit(written).password or "",
        "storage key": SECRET_KEY,
        "search key": MEILI_KEY,
        "account password": PASSWORD,
    }
    return run


@dataclass
class Browser:
    """Keeps cookies that are for https only, as browsers do for the very machine."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> str:
        answer = httpx2.get(self.url + path, headers=self._headers(), timeout=60)
        self._remember(answer)
        return answer.text

    def post(self, path: str, **fields: str) -> None:
        """A form that was shown there before."""
        found = FORM_TOKEN.search(self.get(path))
        assert found is not None
        fields = {"csrf_token": found[1], **fields}
        answer = httpx2.post(self.url + path, data=fields, headers=self._headers(), timeout=60)
        assert answer.status_code == 303, answer.text
        self._remember(answer)

    def cookie(self, name: str) -> str:
        return self.cookies[f"__Host-{name}"]

    def _headers(self) -> dict[str, str]:
        told = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": told, "Origin": self.url}

    def _remember(self, answer: httpx2.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')


def _work(run: Run, folder: Path) -> None:
    browser = Browser(run.url)
    _set_up(run, browser)
    browser.cookies.clear()
    browser.get("/login")
    run.secrets["form cookie"] = browser.cookie("portal-form")
    browser.post("/login", email=EMAIL, password=PASSWORD)
    run.secrets["second session"] = browser.cookie("portal")
    browser.get("/desk/")
    _use_the_api(run)
    material = folder / "photo.jpg"
    material.write_bytes(JPEG)
    run.command("ingest", str(material), "--event", "scrum", "--json")


def _set_up(run: Run, browser: Browser) -> None:
    wait_until(lambda: SETUP_LINK.search(run.log()) is not None)
    found = SETUP_LINK.search(run.log())
    assert found is not None
    run.secrets["set-up link"] = found[1]
    browser.post(f"/setup/{found[1]}", email=EMAIL, name="Chief", password=PASSWORD)
    run.secrets["session"] = browser.cookie("portal")
    run.secrets["password hash"] = _password_hash(run.installation.variables)


def _use_the_api(run: Run) -> None:
    """A part is sent to an address that is signed, and to one that is forged."""
    secret = run.command("users", "token", EMAIL).stdout.strip()
    run.secrets["API token"] = secret
    run.command("events", "create", "scrum", "--title", "Scrum")
    headers = {"Authorization": f"Bearer {secret}"}
    with httpx2.Client(base_url=run.url, timeout=60, headers=headers) as program:
        offer = {
            "event": "scrum",
            "filename": "a.flac",
            "size_bytes": len(FLAC),
            "head": "ZkxhQw==",
        }
        upload = program.post("/api/v1/uploads", json=offer).json()
        path = f"/api/v1/uploads/{upload['id']}"
        signed = program.post(f"{path}/parts/1/sign", json={"sha256": sha256(FLAC)}).json()
        query = urlsplit(signed["url"]).query
        run.secrets["signature"] = re.split("[Ss]ignature=", query)[1].split("&")[0]
        assert httpx2.put(signed["url"], content=FLAC, headers=signed["headers"]).is_success
        forged = signed["url"].replace("ignature=", "ignature=0")
        assert httpx2.put(forged, content=FLAC, headers=signed["headers"]).status_code == 403
        assert program.post(f"{path}/complete", json={}).status_code == 202


def _fail(run: Run, folder: Path, database: URL) -> None:
    """The store is gone, then the database too, under everything that is at work."""
    material = folder / "late.jpg"
    material.write_bytes(JPEG + b"late")
    run.command("ingest", str(material), "--event", "scrum")
    httpx2.get(f"{run.url}/readyz", timeout=60)
    run.command("doctor")
    _drop(database)
    httpx2.get(f"{run.url}/readyz", timeout=60)
    httpx2.get(f"{run.url}/en/", timeout=60)
    run.command("assets", "list")
    wait_until(lambda: "worker ended" in run.log())


def _password_hash(variables: Mapping[str, str]) -> str:
    """What a logged row would tell."""
    url = make_url(variables["PORTAL_DATABASE_URL"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        row = connection.execute("SELECT password_hash FROM accounts").fetchone()
    assert row is not None
    return str(row[0])


def _drop(url: URL) -> None:
    server = url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(
        server.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(f"DROP DATABASE {url.database} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {url.database}".encode())  # for its owner to drop


def test_no_secret_is_written(run: Run) -> None:
    written = run.log()
    assert '"debug"' in written
    assert "Traceback" in written or '"error"' in written
    link = run.secrets.pop("set-up link")
    lines = [line for line in written.splitlines() if link in line]
    assert lines == [f"  {run.url}/setup/{link}"], "it is shown once, to who started the portal"
    found = {
        name: _around(written, secret) for name, secret in run.secrets.items() if secret in written
    }
    assert found == {}


def _around(text: str, secret: str) -> str:
    at = text.index(secret)
    return text[max(0, at - 300) : at + len(secret) + 50]
