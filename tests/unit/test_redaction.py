"""What looks like a secret, or is one of this installation's, is cut from every text."""

from __future__ import annotations

import pytest

from portal.redaction import REDACTED, hidden_in
from portal.settings import Settings

HIDDEN = hidden_in(
    Settings.model_validate(
        {
            "database_url": "postgresql+psycopg://portal:p%40ssw0rd@db.example/portal",
            "s3_endpoint_url": "https://s3.example.org",
            "s3_access_key": "AKIACANARY",
            "s3_secret_key": "wJalr/XUtn+EMI",
            "meili_key": "master.key*",
        }
    )
)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("no pg_hba entry (password p@ssw0rd)", "p@ssw0rd"),
        ("connecting to postgresql://portal:p%40ssw0rd@db.example/portal", "p%40ssw0rd"),
        ("Credential AKIACANARY is unknown", "AKIACANARY"),
        ("{'key': 'wJalr/XUtn+EMI'}", "wJalr/XUtn+EMI"),
        ("the key master.key* is not valid", "master.key*"),
        ("GET /b/k?X-Amz-Expires=60&X-Amz-Signature=0123abc&x-id=Get", "0123abc"),
        ("?X-Amz-Credential=XYZ%2F20261124%2Fus-east-1%2Fs3", "XYZ"),
        ("PUT /api/v1/uploads/a/parts/3?expires=9&signature=cafe01 HTTP/1.1", "cafe01"),
        ("AWS4-HMAC-SHA256 Credential=XYZ/2026, SignedHeaders=host, Signature=beef", "beef"),
        ("AWS4-HMAC-SHA256 Credential=XYZ/2026, SignedHeaders=host, Signature=beef", "XYZ"),
        ("Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        ("open http://127.0.0.1:8000/setup/Zm9vYmFyYmF6cXV4cXV1eA now", "Zm9vYmFyYmF6"),
        ("token pp_Zm9vYmFyYmF6cXV4cXV1eA", "Zm9vYmFyYmF6"),
        ("Cookie: __Host-portal=Zm9vYmFyYmF6cXV4; portal-language=be", "Zm9vYmFyYmF6"),
        ("https://me:hunter2@mirror.example/x", "hunter2"),
    ],
)
def test_secrets_are_cut_out(text: str, secret: str) -> None:
    cut = HIDDEN.cut_from(text)
    assert secret not in cut
    assert REDACTED in cut


@pytest.mark.parametrize(
    "text",
    [
        "GET /en/events/scrum?lang=en",
        "assets/abcdefghijklmnopqrstuvwxyz/original",
        "portal-language=be",
        "the portal started at http://127.0.0.1:8000/ by press-portal",
        "5 tokens; signature: none; AKIACANARYBIRD",
        "",
    ],
)
def test_the_rest_stays(text: str) -> None:
    assert HIDDEN.cut_from(text) == text


def test_secrets_that_are_words_of_every_day_do_not_garble_the_log() -> None:
    hidden = hidden_in(Settings.model_validate({"database_url": "postgresql://a:a@localhost/a"}))
    assert hidden.cut_from("a file was taken") == "a file was taken"


def test_a_password_in_the_query_is_one_too() -> None:
    url = "postgresql:///portal?host=/run/postgresql&password=swordfish"
    hidden = hidden_in(Settings.model_validate({"database_url": url}))
    assert "swordfish" not in hidden.cut_from(f"cannot open {url}")


def test_an_address_that_is_none_is_hidden_whole() -> None:
    url = "postgresql://[broken:swordfish"
    hidden = hidden_in(Settings.model_validate({"database_url": url}))
    assert "swordfish" not in hidden.cut_from(f"cannot open {url}")
