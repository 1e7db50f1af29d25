"""What nginx does with everything but media, before a portal that only notes what it is asked."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from portal.settings import Settings
from portal.web.file_forms import FILES_MAX, TEXT_BYTES_MAX
from tests.e2e.processes import free_port
from tests.nginx import INFRA, Nginx, running_nginx

TEXT = b"#EXTM3U\n" + b"#EXTINF:4.000000,\nsegment.m4s\n" * 200
SILENT_SECONDS_MAX = 10.0
LOST = "/-/store/press-portal/lost"


class Portal(ThreadingHTTPServer):
    """Stands in for the portal; `requests` are the heads it was sent, as (path, headers)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.port = self.server_port
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.first_bytes = threading.Event()
        self.may_end = threading.Event()
        self.handed_to = ""


class Answering(BaseHTTPRequestHandler):
    server: Portal
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers.items())))
        if self.path.startswith(("/press-portal/lost", "/media/-/")):
            self.send_error(404)
        elif self.server.handed_to:
            self._hand_over()
        elif self.path.endswith("/progress"):
            self._stream()
        elif self.path.startswith("/static/"):
            self._answer(TEXT, "text/css", "public, max-age=31536000, immutable")
        elif self.path.endswith(".m3u8"):
            self._answer(TEXT, "application/vnd.apple.mpegurl", "no-cache")
        else:
            self._answer(b"binary " * 200, "application/octet-stream", "no-cache")

    def do_PUT(self) -> None:
        self.server.requests.append((self.path, dict(self.headers.items())))
        left = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read1(left))
            self.server.first_bytes.set()
        self._answer(b"", "text/plain", "no-store")

    def do_POST(self) -> None:
        self.do_PUT()

    def _answer(self, body: bytes, media_type: str, caching: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Cache-Control", caching)
        self.send_header("ETag", '"text"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hand_over(self) -> None:
        self.send_response(200)
        self.send_header("X-Accel-Redirect", self.server.handed_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"event: asset\ndata: {}\n\n")
        self.server.may_end.wait(SILENT_SECONDS_MAX)
        self.close_connection = True


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        thread = threading.Thread(target=portal.serve_forever)
        thread.start()
        yield portal
        portal.may_end.set()
        portal.shutdown()
        thread.join()


@pytest.fixture
def nginx(portal: Portal, tmp_path: Path) -> Iterator[Nginx]:
    with running_nginx(tmp_path / "nginx", portal_port=portal.port) as nginx:
        portal.requests.clear()
        yield nginx


@contextmanager
def asked(nginx: Nginx, path: str, **headers: str) -> Iterator[HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", nginx.port, timeout=SILENT_SECONDS_MAX / 2)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", path, headers=named)
        yield connection.getresponse()
    finally:
        connection.close()


def start_sending(nginx: Nginx, head: str) -> socket.socket:
    """A request of which only the head and a first byte have been sent."""
    client = socket.create_connection(("127.0.0.1", nginx.port), timeout=SILENT_SECONDS_MAX)
    client.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + b"a")
    return client


# --- headers ---------------------------------------------------------------------------------


def test_the_portal_learns_who_asks_and_for_which_host(nginx: Nginx, portal: Portal) -> None:
    with asked(
        nginx, "/en/", host="press.example.org:8443", x_forwarded_for="203.0.113.9"
    ) as answer:
        assert answer.status == 200
    _, headers = portal.requests[-1]
    assert headers["Host"] == "press.example.org:8443"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


def test_only_a_proxy_in_front_is_believed(portal: Portal, tmp_path: Path) -> None:
    with running_nginx(tmp_path, portal_port=portal.port, front="127.0.0.0/8") as nginx:
        forwarded = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https"}
        with asked(nginx, "/en/", **forwarded):
            _, headers = portal.requests[-1]
    assert headers["X-Forwarded-For"] == "203.0.113.9"
    assert headers["X-Forwarded-Proto"] == "https"


def test_no_query_is_logged(nginx: Nginx) -> None:
    with asked(nginx, "/en/search?q=secret-name") as answer:
        answer.read()
    with asked(nginx, "/en/"):
        pass
    log = nginx.log("access.log")
    assert "/en/search" in log
    assert "secret-name" not in log


def test_a_setup_link_is_not_logged(nginx: Nginx) -> None:
    for path in ("/setup/secret-word", "/en/"):
        with asked(nginx, path) as answer:
            answer.read()
    log = nginx.log("access.log")
    assert "/setup/-" in log
    assert "secret-word" not in log


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/v1/uploads/abc/parts/3?expires=1&signature=secret-word"),
        ("PUT", "/press-portal/assets/a/original?X-Amz-Signature=secret-word"),
        ("DELETE", "/press-portal/assets/a/original?X-Amz-Signature=secret-word"),
        ("GET", "/media/a/poster.jpg"),
    ],
)
def test_no_signature_gets_into_the_error_log(
    portal: Portal, tmp_path: Path, method: str, path: str
) -> None:
    """Where the portal or the store is away, and where nginx itself refuses."""
    portal.handed_to = "/-/store/press-portal/assets/a?X-Amz-Signature=secret-word"
    is_handed = path.startswith("/media/")
    port = portal.port if is_handed else free_port()
    with running_nginx(tmp_path, portal_port=port) as nginx:
        for size_bytes in (1, 10**9):
            head = f"{method} {path} HTTP/1.1\nHost: localhost\nContent-Length: {size_bytes}"
            with start_sending(nginx, head) as client:
                assert int(client.recv(12).split()[1]) >= 400
    assert "secret-word" not in nginx.log("error.log")
    assert path.partition("?")[0] in nginx.log("access.log")
    assert "secret-word" not in nginx.log("access.log")


def test_a_signature_of_the_store_does_not_come_back_to_the_portal(
    portal: Portal, tmp_path: Path
) -> None:
    portal.handed_to = f"{LOST}?X-Amz-Signature=secret-word"
    url = f"http://127.0.0.1:{portal.port}"
    with (
        running_nginx(tmp_path, portal_port=portal.port, store=url) as nginx,
        asked(nginx, "/media/a/poster.jpg"),
    ):
        asked_for = [path for path, _ in portal.requests]
    assert asked_for[-2:] == [
        "/press-portal/lost?X-Amz-Signature=secret-word",
        "/media/-/nothing",
    ]


def test_what_goes_wrong_elsewhere_is_in_the_error_log(tmp_path: Path) -> None:
    with (
        running_nginx(tmp_path, portal_port=free_port()) as nginx,
        asked(nginx, "/en/") as answer,
    ):
        assert answer.status == 502
    assert "Connection refused" in nginx.log("error.log")
    assert '"portal_status":"502"' in nginx.log("access.log")


# --- text ------------------------------------------------------------------------------------


def test_text_is_compressed_and_media_are_not(nginx: Nginx) -> None:
    with asked(nginx, "/media/a/hls/master.m3u8", accept_encoding="gzip") as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["etag"] == 'W/"text"'
        assert gzip.decompress(answer.read()) == TEXT
    with asked(nginx, "/media/a/poster.jpg", accept_encoding="gzip") as answer:
        assert answer.headers["content-encoding"] is None


def test_built_files_are_asked_for_once(nginx: Nginx, portal: Portal) -> None:
    for _ in range(3):
        with asked(nginx, "/static/portal.1f2e3d.css") as answer:
            assert answer.read() == TEXT
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(portal.requests) == 1


# --- what must not wait ----------------------------------------------------------------------


def test_an_event_arrives_while_the_stream_goes_on(nginx: Nginx, portal: Portal) -> None:
    with asked(nginx, "/api/v1/events/opening/progress") as answer:
        assert answer.readline() == b"event: asset\n"
        assert not portal.may_end.is_set()


@pytest.mark.parametrize(
    "line",
    [
        "PUT /api/v1/uploads/abc/parts/3?expires=1&signature=2 HTTP/1.1",
        "POST /desk/events/opening/files HTTP/1.1",
        "PUT /press-portal/assets/a/original?X-Amz-Signature=1 HTTP/1.1",
    ],
)
def test_an_upload_goes_on_while_it_comes_in(portal: Portal, tmp_path: Path, line: str) -> None:
    url = f"http://127.0.0.1:{portal.port}"
    with running_nginx(tmp_path, portal_port=portal.port, store=url) as nginx:
        size_bytes = 300 * 1024**2
        head = f"{line}\nHost: localhost\nContent-Length: {size_bytes}"
        with start_sending(nginx, head):
            assert portal.first_bytes.wait(SILENT_SECONDS_MAX)


def test_a_form_may_be_as_large_as_the_portal_takes_it(nginx: Nginx, portal: Portal) -> None:
    size_bytes = FILES_MAX * Settings().upload_form_bytes_max + TEXT_BYTES_MAX
    head = (
        f"POST /desk/events/opening/files HTTP/1.1\nHost: localhost\nContent-Length: {size_bytes}"
    )
    with start_sending(nginx, head):
        assert portal.first_bytes.wait(SILENT_SECONDS_MAX)


def test_nothing_else_takes_large_bodies(nginx: Nginx, portal: Portal) -> None:
    size_bytes = 3 * 1024**2
    head = f"POST /login HTTP/1.1\nHost: localhost\nContent-Length: {size_bytes}"
    with start_sending(nginx, head) as client:
        assert client.recv(12) == b"HTTP/1.1 413"
    assert portal.requests == []


# --- https -----------------------------------------------------------------------------------


def test_https_speaks_http2_and_plain_http_leads_there(portal: Portal, tmp_path: Path) -> None:
    port = free_port()
    certificate, key = make_certificate(tmp_path)
    shipped = (INFRA / "tls" / "https.conf").read_text()
    ours = shipped.replace("listen [::]:443 ssl http2;", "").replace("listen [::]:80;", "")
    for theirs, test in {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/letsencrypt/live/press.example.org/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/press.example.org/privkey.pem": str(key),
    }.items():
        assert theirs in ours
        ours = ours.replace(theirs, test)
    with running_nginx(
        tmp_path / "nginx", portal_port=portal.port, tls={"https.conf": ours}
    ) as nginx:
        with asked(nginx, "/en/search?q=stamp", host="press.example.org") as answer:
            assert answer.status == 301
            assert answer.headers["location"] == "https://press.example.org/en/search?q=stamp"
            assert "strict-transport-security" not in answer.headers
        with asked(nginx, "/en/", host="press.example.com.elsewhere.example") as answer:
            assert answer.headers["location"] == "https://press.example.org/en/"
        with asked(nginx, "/.well-known/acme-challenge/token") as answer:
            assert answer.status == 404
        context = trusting(certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with (
            socket.create_connection(("127.0.0.1", port), timeout=SILENT_SECONDS_MAX) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            assert secure.selected_alpn_protocol() == "h2"
        with closing(HTTPSConnection("localhost", port, context=trusting(certificate))) as secure:
            secure.request("GET", "/en/")
            told = secure.getresponse().headers["strict-transport-security"]
            assert told == "max-age=31536000"


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(["openssl", "req", *kind, *subject, *files], check=True, capture_output=True)
    return certificate, key
