"""The web edge as a browser, a program and an attacker see it, on a real database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from httpx2 import Response as Answer
from sqlalchemy import Connection, Engine, func, select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from portal import errors
from portal.accounts import service
from portal.accounts.models import Account
from portal.app import create_app
from portal.db.engine import build_engine
from portal.db.tables import sessions
from portal.runtime import Runtime
from portal.visibility import Role
from portal.web.body_limit import BODY_BYTES_MAX, allow_body
from portal.web.forms import read_form
from portal.web.static_files import BuiltFiles
from portal.web.transactions import in_transaction
from portal.web.trusted_hosts import ANY_ADDRESS
from portal.web.viewers import viewer_of

EMAIL = "olga@example.org"
PASSWORD = "correct horse battery"
HOST = "https://localhost"
FORM_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


# --- handlers that stand for those of features -------------------------------------------------


async def show_viewer(request: Request) -> Response:
    return JSONResponse({"role": viewer_of(request).role, "is_bearer": request.state.is_bearer})


async def take_body(request: Request) -> Response:
    return JSONResponse({"size_bytes": len(await request.body())})


async def take_large_body(request: Request) -> Response:
    allow_body(request, bytes_max=3 * BODY_BYTES_MAX)
    return await take_body(request)


async def take_form(request: Request) -> Response:
    form = await read_form(request)
    return PlainTextResponse(str(form.get("word")))


async def fail(request: Request) -> Response:
    raise FAILURES[request.path_params["kind"]]


async def fail_late(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        raise RuntimeError("torn off")

    return StreamingResponse(chunks())


FAILURES: dict[str, Exception] = {
    "invalid": errors.InvalidInput("The day is wrong.", fields={"day": "There is no 31 June."}),
    "large": errors.TooLarge("The file is larger than 5 bytes."),
    "unsigned": errors.NotSignedIn("Please sign in."),
    "forbidden": errors.Forbidden("Only an administrator may do this."),
    "missing": errors.NotFound("There is no event “x”."),
    "conflict": errors.Conflict("The event was changed by somebody else."),
    "often": errors.TooManyRequests("Too often.", retry_after_seconds=42),
    "full": errors.InsufficientStorage("The disk is nearly full."),
    "database": errors.DatabaseUnavailable("The database cannot be reached: refused."),
    "corrupt": errors.StorageCorrupt("The object differs by an inner detail."),
    "denied": errors.StorageDenied("The store refuses an inner detail."),
    "away": errors.StorageUnavailable("The store cannot be reached: inner detail."),
    "unexpected": RuntimeError("password=hunter2 in an internal message"),
}
STATUS_CODES = {
    "invalid": (400, "invalid_input"),
    "large": (413, "too_large"),
    "unsigned": (401, "not_signed_in"),
    "forbidden": (403, "forbidden"),
    "missing": (404, "not_found"),
    "conflict": (409, "conflict"),
    "often": (429, "too_many_requests"),
    "full": (507, "insufficient_storage"),
    "database": (503, "database_unavailable"),
    "corrupt": (500, "storage_corrupt"),
    "denied": (500, "storage_denied"),
    "away": (503, "storage_unavailable"),
    "unexpected": (500, "internal"),
}
EXTRA_ROUTES = [
    Route("/api/v1/test/viewer", show_viewer, methods=["GET", "POST"]),
    Route("/api/v1/test/body", take_body, methods=["POST"]),
    Route("/api/v1/test/large-body", take_large_body, methods=["POST"]),
    Route("/api/v1/test/fail/{kind}", fail),
    Route("/{language}/test/fail/{kind}", fail),
    Route("/test/fail-late", fail_late),
    Route("/test/form", take_form, methods=["POST"]),
]


@pytest.fixture
def editor(engine: Engine) -> Account:
    with engine.begin() as connection:
        return service.create_account(
            connection, EMAIL, name="Olga", role=Role.EDITOR, password=PASSWORD
        )


@pytest.fixture
def client(runtime: Runtime) -> Iterator[TestClient]:
    with client_of(runtime) as client:
        yield client


def client_of(runtime: Runtime, *, base_url: str = HOST) -> TestClient:
    app = create_app(runtime)
    app.router.routes.extend(EXTRA_ROUTES)
    return TestClient(app, base_url=base_url, follow_redirects=False)


def assert_error(answer: Answer, status: int, code: str) -> None:
    """The one shape of an error for programs."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error"] == code
    assert body["detail"].endswith(".")
    assert set(body) <= {"error", "detail", "fields"}
    assert "Traceback" not in answer.text


def form_token(page: Answer) -> str:
    found = FORM_TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def sign_in(
    client: TestClient, *, password: str = PASSWORD, target: str = "", **headers: str
) -> Answer:
    token = form_token(client.get("/login"))
    return client.post(
        "/login",
        data={"email": EMAIL, "password": password, "next": target, "csrf_token": token},
        headers=headers,
    )


def role_of(client: TestClient, **headers: str) -> str:
    answer = client.get("/api/v1/test/viewer", headers=headers)
    return str(answer.json()["role"])


# --- signing in and out ------------------------------------------------------------------------


def test_signing_in_and_out(client: TestClient, editor: Account, engine: Engine) -> None:
    assert role_of(client) == "anonymous"
    assert_error(client.get("/api/v1/me"), 401, "not_signed_in")

    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/")
    me = client.get("/api/v1/me")
    assert me.json() == {"id": editor.id, "email": EMAIL, "name": "Olga", "role": "editor"}
    assert me.headers["cache-control"] == "private, no-store"

    token = form_token(client.get("/en/test/fail/missing"))
    answer = client.post("/logout", data={"csrf_token": token}, headers={"origin": HOST})
    assert answer.status_code == 303
    assert role_of(client) == "anonymous"
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar_one() == 0


def test_the_old_cookie_is_worth_nothing_after_signing_out(
    client: TestClient, editor: Account
) -> None:
    sign_in(client)
    stolen = client.cookies["__Host-portal"]
    token = form_token(client.get("/en/test/fail/missing"))
    client.post("/logout", data={"csrf_token": token}, headers={"origin": HOST})
    client.cookies.clear()
    client.cookies.set("__Host-portal", stolen)
    assert role_of(client) == "anonymous"


def test_a_sign_in_makes_a_new_session_and_ends_the_old_one(
    client: TestClient, editor: Account
) -> None:
    sign_in(client)
    first = client.cookies["__Host-portal"]
    token = form_token(client.get("/en/test/fail/missing"))
    data = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
    client.post("/login", data=data, headers={"origin": HOST})
    second = client.cookies["__Host-portal"]
    assert second != first
    assert role_of(client) == "editor"
    client.cookies.clear()
    client.cookies.set("__Host-portal", first)
    assert role_of(client) == "anonymous"


def test_a_wrong_password_says_so_in_the_page_and_keeps_the_address(
    client: TestClient, editor: Account
) -> None:
    answer = sign_in(client, password="wrong password")
    assert answer.status_code == 400
    assert "The e-mail address or the password is wrong." in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert "wrong password" not in answer.text
    assert role_of(client) == "anonymous"


def test_too_many_attempts_are_refused_with_the_time_to_wait(
    client: TestClient, editor: Account
) -> None:
    for _ in range(10):
        assert sign_in(client, password="wrong password").status_code == 400
    answer = sign_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "too many attempts" in answer.text
    assert role_of(client) == "anonymous"


def test_behind_a_trusted_proxy_each_client_has_attempts_and_cookies_of_its_own(
    runtime: Runtime, editor: Account
) -> None:
    settings = runtime.settings.model_copy(
        update={"trusted_proxies": ("127.0.0.1",), "allowed_hosts": ("press.example.org",)}
    )
    app = create_app(replace(runtime, settings=settings))
    one = {"x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https"}
    with TestClient(
        app, base_url="http://press.example.org", client=("127.0.0.1", 1), follow_redirects=False
    ) as client:
        page = client.get("/login", headers=one)
        assert page.headers["set-cookie"].startswith("__Host-portal-form=")
        cookie = page.headers["set-cookie"].partition(";")[0]
        data = {"email": EMAIL, "password": "wrong password", "csrf_token": form_token(page)}
        headers = {**one, "cookie": cookie}
        for status in [*[400] * 10, 429]:
            answer = client.post("/login", data=data, headers=headers)
            assert answer.status_code == status
        headers["x-forwarded-for"] = "198.51.100.1, 198.51.100.2"
        right = client.post("/login", data={**data, "password": PASSWORD}, headers=headers)
        assert right.status_code == 303
        assert session_cookie(right).startswith("__Host-portal=")


def test_disabling_an_account_ends_its_session(
    client: TestClient, editor: Account, engine: Engine
) -> None:
    sign_in(client)
    assert role_of(client) == "editor"
    with engine.begin() as connection:
        service.disable_account(connection, editor.id)
    assert role_of(client) == "anonymous"


def test_an_expired_session_is_nobody(client: TestClient, editor: Account, engine: Engine) -> None:
    sign_in(client)
    with engine.begin() as connection:
        connection.execute(update(sessions).values(expires_at=func.now()))
    assert role_of(client) == "anonymous"


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "/\t/e.test"]
)
def test_a_foreign_next_is_refused(client: TestClient, editor: Account, target: str) -> None:
    page = client.get("/login", params={"next": target})
    assert 'name="next" value="/en/"' in page.text
    assert sign_in(client, target=target).headers["location"] == "/en/"


def test_a_page_for_editors_leads_through_the_sign_in_and_back(
    client: TestClient, editor: Account
) -> None:
    answer = client.get("/en/test/fail/unsigned?tab=2", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fen%2Ftest%2Ffail%2Funsigned%3Ftab%3D2"
    page = client.get(answer.headers["location"])
    assert 'name="next" value="/en/test/fail/unsigned?tab=2"' in page.text
    target = "/en/test/fail/unsigned?tab=2"
    assert sign_in(client, target=target).headers["location"] == target
    assert client.get("/login", params={"next": target}).headers["location"] == target


def test_the_sign_in_page_speaks_the_readers_language(client: TestClient) -> None:
    assert "Войти" in client.get("/login", headers={"accept-language": "ru"}).text
    assert "Увайсці" in client.get("/login?lang=be").text
    assert "Увайсці" in client.get("/login").text, "the choice is remembered"


# --- cookies -----------------------------------------------------------------------------------


def session_cookie(answer: Answer) -> str:
    return next(
        c for c in answer.headers.get_list("set-cookie") if "portal=" in c and "Max-Age=0" not in c
    )


@pytest.mark.parametrize("base_url", ["https://localhost", "https://press.example.org"])
def test_cookies_are_strict_under_https(runtime: Runtime, editor: Account, base_url: str) -> None:
    settings = runtime.settings.model_copy(
        update={"allowed_hosts": ("localhost", "press.example.org")}
    )
    with client_of(replace(runtime, settings=settings), base_url=base_url) as client:
        cookie = session_cookie(sign_in(client))
    assert cookie.startswith("__Host-portal=")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_cookies_are_strict_on_this_machine_without_https(runtime: Runtime) -> None:
    with client_of(runtime, base_url="http://127.0.0.1:8000") as client:
        cookie = client.get("/login").headers["set-cookie"]
    assert cookie.startswith("__Host-portal-form=")
    assert "Secure" in cookie


def test_cookies_are_strict_behind_a_proxy_that_the_base_url_names(runtime: Runtime) -> None:
    settings = runtime.settings.model_copy(update={"base_url": "https://press.example.org"})
    with client_of(replace(runtime, settings=settings)) as client:
        answer = client.get("http://127.0.0.1:8000/login", headers={"host": "press.example.org"})
    assert answer.headers["set-cookie"].startswith("__Host-portal-form=")


def test_signing_in_works_on_a_plain_http_address(runtime: Runtime, editor: Account) -> None:
    settings = runtime.settings.model_copy(update={"allowed_hosts": ("192.168.1.5",)})
    with client_of(
        replace(runtime, settings=settings), base_url="http://192.168.1.5:8000"
    ) as client:
        cookie = session_cookie(sign_in(client, origin="http://192.168.1.5:8000"))
        assert role_of(client) == "editor"
    assert cookie.startswith("portal=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_plain_cookie_is_not_read_where_the_strict_one_works(
    client: TestClient, editor: Account
) -> None:
    sign_in(client)
    secret = client.cookies["__Host-portal"]
    client.cookies.clear()
    client.cookies.set("portal", secret)
    assert role_of(client) == "anonymous"


# --- forged requests ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": HOST},
        {"origin": "https://evil.test"},
        {"origin": "https://localhost.evil.test"},
        {"origin": "https://localhost:8443"},
        {"origin": "null"},
        {},
    ],
)
def test_an_unsafe_request_that_is_not_from_our_pages_is_refused(
    client: TestClient, editor: Account, headers: dict[str, str]
) -> None:
    sign_in(client)
    token = form_token(client.get("/en/test/fail/missing"))
    answer = client.post("/api/v1/test/viewer", headers=headers)
    assert_error(answer, 403, "forbidden")
    answer = client.post("/logout", data={"csrf_token": token}, headers=headers)
    assert answer.status_code == 403
    assert role_of(client) == "editor"


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": HOST}])
def test_an_unsafe_request_from_our_pages_is_taken(
    client: TestClient, editor: Account, headers: dict[str, str]
) -> None:
    sign_in(client)
    assert client.post("/api/v1/test/viewer", headers=headers).json()["role"] == "editor"


def test_a_form_needs_the_token_of_its_senders_cookie(
    client: TestClient, editor: Account, runtime: Runtime
) -> None:
    sign_in(client)
    with client_of(runtime) as other:
        foreign = form_token(other.get("/login"))
    own = form_token(client.get("/en/test/fail/missing"))
    for given in ({}, {"csrf_token": ""}, {"csrf_token": foreign}, {"csrf_token": "ü"}):
        answer = client.post("/test/form", data={"word": "x", **given}, headers={"origin": HOST})
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    answer = client.post(
        "/test/form", data={"word": "x", "csrf_token": own}, headers={"origin": HOST}
    )
    assert (answer.status_code, answer.text) == (200, "x")


def test_a_form_of_the_other_encoding_needs_the_token_too(
    client: TestClient, editor: Account
) -> None:
    sign_in(client)
    own = form_token(client.get("/en/test/fail/missing"))
    parts = {"word": (None, "x")}
    refused = client.post("/test/form", files=parts, headers={"origin": HOST})
    assert refused.status_code == 403
    parts["csrf_token"] = (None, own)
    assert client.post("/test/form", files=parts, headers={"origin": HOST}).text == "x"


def test_a_form_holds_no_files(client: TestClient) -> None:
    answer = client.post("/test/form", files={"file": ("a.txt", b"abc")})
    assert answer.status_code == 400


def test_nobody_can_be_signed_in_by_another_site(client: TestClient, editor: Account) -> None:
    data = {"email": EMAIL, "password": PASSWORD}
    assert client.post("/login", data=data).status_code == 403
    token = form_token(client.get("/login"))
    answer = client.post(
        "/login", data={**data, "csrf_token": token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert role_of(client) == "anonymous"


def test_forms_are_read_with_their_token_only() -> None:
    """Nobody reads a form behind the back of `read_form`."""
    portal = Path(__file__).parents[2] / "portal"
    readers = {
        path.relative_to(portal).as_posix()
        for path in portal.rglob("*.py")
        if re.search(r"request\.form\(", path.read_text())
    }
    assert readers == {"web/forms.py"}


# --- bearer tokens -----------------------------------------------------------------------------


def test_a_bearer_token_speaks_for_its_account_from_anywhere(
    client: TestClient, editor: Account, engine: Engine
) -> None:
    with engine.begin() as connection:
        token, secret = service.create_token(connection, editor, label="feed")
    headers = {"authorization": f"Bearer {secret}", "sec-fetch-site": "cross-site"}
    answer = client.post("/api/v1/test/viewer", headers=headers)
    assert answer.json() == {"role": "editor", "is_bearer": True}
    with engine.begin() as connection:
        service.revoke_token(connection, token.id)
    answer = client.post("/api/v1/test/viewer", headers=headers)
    assert_error(answer, 401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Bearer pp_nonsense", "Bearer ", "bearer x y", "Bearer ü"])
def test_a_bad_bearer_token_is_an_error_and_not_the_public(
    client: TestClient, editor: Account, value: str
) -> None:
    sign_in(client)
    answer = client.get("/api/v1/me", headers={b"authorization": value.encode()})
    assert_error(answer, 401, "not_signed_in")


# --- the set-up link ---------------------------------------------------------------------------


def test_the_set_up_link_makes_the_administrator_and_signs_in(
    client: TestClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        secret = service.ensure_setup_link(connection) or ""
    path = service.setup_path(secret)
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    data = {"email": "a@example.org", "name": "Admin", "csrf_token": form_token(page)}
    refused = client.post(path, data={**data, "password": "short"})
    assert refused.status_code == 400
    assert "at least 12 characters" in refused.text
    answer = client.post(path, data={**data, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/?welcome")
    assert role_of(client) == "administrator"
    assert "Your account is ready" in client.get("/desk/?welcome").text
    assert "Your account is ready" not in client.get("/desk/").text
    assert client.get(path).status_code == 404
    assert client.get("/setup/guess").status_code == 404


def test_the_set_up_form_tells_all_its_faults_at_once(client: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        path = service.setup_path(service.ensure_setup_link(connection) or "")
    token = form_token(client.get(path))
    data = {"email": "nobody", "name": " ", "password": "short", "csrf_token": token}
    refused = client.post(f"{path}?lang=ru", data=data)
    assert refused.status_code == 400
    for sentence in ("должен иметь вид", "Имя не должно быть пустым", "не менее 12 символов"):
        assert sentence in refused.text
    assert client.get(path).status_code == 200


# --- hosts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.test", "localhost.evil.test", "localhost:80@evil.test", "localhost/x?", "", "[::2]"],
)
def test_a_foreign_host_is_refused_and_not_repeated(client: TestClient, host: str) -> None:
    for path in ("/login", "/api/v1/me", "/", "/static/x"):
        answer = client.get(path, headers={"host": host, "accept": "text/html"})
        assert answer.status_code == 400
        assert "PORTAL_ALLOWED_HOSTS" in answer.text
        assert "evil.test" not in answer.text
        assert "location" not in answer.headers
    assert_error(client.get("/api/v1/me", headers={"host": host}), 400, "invalid_input")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"])
def test_known_hosts_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("listens_on", "host", "status"),
    [
        ("192.168.1.5", "192.168.1.5:8000", 200),
        ("192.168.1.5", "192.168.1.6:8000", 400),
        (ANY_ADDRESS[0], "192.168.1.5:8000", 200),
        (ANY_ADDRESS[1], "[fe80::1]:8000", 200),
        (ANY_ADDRESS[0], "rebound.evil.test", 400),
    ],
)
def test_the_address_that_the_server_listens_on_is_known(
    client: TestClient, listens_on: str, host: str, status: int
) -> None:
    base_url = f"http://[{listens_on}]" if ":" in listens_on else f"http://{listens_on}"
    answer = client.get(f"{base_url}/healthz", headers={"host": host})
    assert answer.status_code == status


def test_addresses_in_json_are_absolute(client: TestClient, runtime: Runtime) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": "https://localhost"}]
    settings = runtime.settings.model_copy(update={"base_url": "https://press.example.org"})
    with client_of(replace(runtime, settings=settings)) as other:
        document = other.get("/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": "https://press.example.org"}]


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FAILURES)
def test_every_error_has_one_shape_for_programs(client: TestClient, kind: str) -> None:
    answer = client.get(f"/api/v1/test/fail/{kind}")
    assert_error(answer, *STATUS_CODES[kind])
    assert "hunter2" not in answer.text
    assert ("fields" in answer.json()) == (kind == "invalid")
    if kind in {"often", "database"}:
        assert answer.headers["retry-after"] == ("42" if kind == "often" else "10")


@pytest.mark.parametrize("kind", [kind for kind in FAILURES if kind != "unsigned"])
@pytest.mark.parametrize("language", ["en", "ru", "be"])
def test_every_error_has_a_page_for_people(client: TestClient, kind: str, language: str) -> None:
    answer = client.get(f"/{language}/test/fail/{kind}", headers={"accept": "text/html,*/*"})
    assert answer.status_code == STATUS_CODES[kind][0]
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-language"] == language
    assert answer.headers["x-request-id"] in answer.text
    assert "Traceback" not in answer.text
    assert "hunter2" not in answer.text


def test_a_missing_page_and_a_hidden_one_look_the_same(client: TestClient) -> None:
    missing = client.get("/en/nothing/of/the/kind")
    hidden = client.get("/en/test/fail/missing")
    assert missing.status_code == hidden.status_code == 404

    def without_id_and_path(answer: Answer) -> str:
        page = answer.text.replace(answer.headers["x-request-id"], "")
        return page.replace("/nothing/of/the/kind", "").replace("/test/fail/missing", "")

    assert without_id_and_path(missing) == without_id_and_path(hidden)


def test_starlettes_own_errors_have_our_shape(client: TestClient) -> None:
    assert_error(client.get("/api/v1/nothing"), 404, "not_found")
    answer = client.post("/api/v1/me")
    assert_error(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]
    answer = client.get("/nothing", headers={"accept": "application/json"})
    assert_error(answer, 404, "not_found")


def test_an_unexpected_error_is_logged_with_the_id_that_is_shown(client: TestClient) -> None:
    with capture_logs() as lines:
        answer = client.get("/en/test/fail/unexpected")
    line = next(line for line in lines if line["event"] == "http.error")
    assert isinstance(line["exc_info"], RuntimeError)
    assert answer.headers["x-request-id"] in answer.text


def test_an_answer_that_breaks_off_is_not_made_to_look_whole(client: TestClient) -> None:
    with pytest.raises(RuntimeError, match="torn off"):
        client.get("/test/fail-late")


# --- limits, headers, health -------------------------------------------------------------------


def chunks(size_bytes: int) -> Iterator[bytes]:
    for _ in range(size_bytes // 65536 + 1):
        yield b"x" * 65536


def test_a_body_is_limited_whether_its_length_is_declared_or_not(client: TestClient) -> None:
    small = client.post("/api/v1/test/body", content=b"x" * BODY_BYTES_MAX)
    assert small.json() == {"size_bytes": BODY_BYTES_MAX}
    declared = client.post("/api/v1/test/body", content=b"x" * (BODY_BYTES_MAX + 1))
    assert_error(declared, 413, "too_large")
    undeclared = client.post("/api/v1/test/body", content=chunks(BODY_BYTES_MAX))
    assert_error(undeclared, 413, "too_large")


def test_an_upload_route_may_take_more(client: TestClient) -> None:
    taken = client.post("/api/v1/test/large-body", content=b"x" * 2 * BODY_BYTES_MAX)
    assert taken.json() == {"size_bytes": 2 * BODY_BYTES_MAX}
    refused = client.post("/api/v1/test/large-body", content=chunks(3 * BODY_BYTES_MAX))
    assert_error(refused, 413, "too_large")


@pytest.mark.parametrize(
    "path", ["/login", "/en/nothing", "/api/v1/me", "/healthz", "/en/test/fail/unexpected"]
)
def test_security_headers_are_on_every_answer(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["media-src"] == "'self' blob:"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert {"referrer-policy", "permissions-policy", "x-request-id"} <= set(headers)


def test_the_address_without_a_language_leads_to_the_readers_own(client: TestClient) -> None:
    answer = client.get("/", headers={"accept-language": "be-BY,ru;q=0.5"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/be/")
    assert "Accept-Language" in answer.headers["vary"]


def test_health_tells_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"] == {"database": "ok", "storage": "ok", "search": "ok"}


def test_a_lost_database_makes_the_portal_alive_but_not_ready(
    runtime: Runtime, database_url: str
) -> None:
    nowhere = build_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", pool_size=1)
    with client_of(replace(runtime, engine=nowhere)) as client:
        client.cookies.set("__Host-portal", "some-session")
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["parts"] == {"database": "away", "storage": "ok", "search": "ok"}
        assert_error(client.get("/api/v1/me"), 503, "database_unavailable")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "A part of the portal does not answer."), ("ru", "Часть портала не отвечает.")],
)
def test_readers_learn_nothing_of_a_lost_database_but_that(
    runtime: Runtime, language: str, sentence: str
) -> None:
    nowhere = build_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", pool_size=1)
    with client_of(replace(runtime, engine=nowhere)) as client, capture_logs() as lines:
        page = client.get(f"/{language}/", headers={"accept": "text/html"})
        program = client.get("/api/v1/search?q=word", headers={"accept": "application/json"})
        ready = client.get("/readyz")
        again = client.get("/readyz")
    assert page.status_code == program.status_code == ready.status_code == 503
    assert sentence in page.text
    assert page.headers["x-request-id"] in page.text
    for answer in (page, program, ready, again):
        assert not re.search("127.0.0.1|cannot be reached|PORTAL_", answer.text)
    told = [line for line in lines if "cannot be reached" in line.get("reason", "")]
    assert len(told) == 1
    assert any("cannot be reached" in line.get("detail", "") for line in lines)


@pytest.mark.parametrize("kind", ["denied", "corrupt", "away"])
@pytest.mark.parametrize("path", ["/api/v1/test", "/en/test"])
def test_the_stores_faults_are_for_the_log(client: TestClient, kind: str, path: str) -> None:
    answer = client.get(f"{path}/fail/{kind}", headers={"accept": "text/html"})
    assert answer.status_code in {500, 503}
    assert "inner detail" not in answer.text


def test_a_storage_that_is_not_mounted_makes_the_portal_not_ready(runtime: Runtime) -> None:
    objects = runtime.settings.data_path / "objects"
    objects.rename(objects.with_name("volume"))
    objects.mkdir()
    with client_of(runtime) as client:
        ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["parts"]["storage"] == "away"


def test_built_files_are_kept_for_ever_by_their_hashed_name_only(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"portal.css": "portal.1a2b.css"}')
    (tmp_path / "portal.1a2b.css").write_text("a {}")
    (tmp_path / "plain.css").write_text("b {}")
    client = TestClient(BuiltFiles(tmp_path))
    hashed = client.get("/portal.1a2b.css")
    plain = client.get("/plain.css")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"


def test_a_folder_that_is_not_built_holds_nothing(tmp_path: Path) -> None:
    app = Mount("/static", BuiltFiles(tmp_path / "dist"))
    client = TestClient(Starlette(routes=[app]))
    assert client.get("/static/portal.css").status_code == 404


# --- transactions and logs ---------------------------------------------------------------------


async def make_account_and_fail(request: Request) -> Response:
    await in_transaction(request, create_then_fail)
    return PlainTextResponse("never")


def create_then_fail(connection: Connection) -> None:
    service.create_account(connection, "half@example.org", name="Half", role=Role.EDITOR)
    raise errors.Conflict("This came too late.")


def test_a_transaction_that_fails_leaves_nothing(runtime: Runtime, engine: Engine) -> None:
    app = create_app(runtime)
    app.router.routes.append(Route("/api/v1/test/half", make_account_and_fail, methods=["POST"]))
    with TestClient(app, base_url=HOST) as client:
        assert_error(client.post("/api/v1/test/half"), 409, "conflict")
    with engine.connect() as connection:
        assert service.list_accounts(connection) == []


def test_secrets_stay_out_of_the_log(client: TestClient, editor: Account, engine: Engine) -> None:
    with engine.begin() as connection:
        _, bearer = service.create_token(connection, editor, label="feed")
        setup = service.ensure_setup_link(connection) or ""
    with capture_logs() as lines:
        client.get(service.setup_path(setup))
        client.get("/api/v1/me", headers={"authorization": f"Bearer {bearer}"})
        client.get("/en/nothing?q=confidential-name")
        sign_in(client, password="a wrong password")
        sign_in(client)
        client.get("/en/test/fail/database")
    text = repr(lines)
    assert [line for line in lines if line["event"] == "http.request"]
    assert "/login" in text
    for secret in (setup, bearer, PASSWORD, "a wrong password", "confidential-name"):
        assert secret not in text
    assert client.cookies["__Host-portal"] not in text


def test_the_desk_keeps_the_language_that_was_chosen(client: TestClient, editor: Account) -> None:
    sign_in(client)
    assert '<html lang="en">' in client.get("/desk/").text
    assert '<html lang="ru">' in client.get("/desk/?lang=ru").text
    assert '<html lang="ru">' in client.get("/desk/").text
    assert 'href="/desk/?lang=be"' in client.get("/be/").text
