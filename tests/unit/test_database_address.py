"""The address of the database in the form of libpq."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL

from portal.db.engine import conninfo_of

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@given(folder=TEXTS, password=TEXTS)
def test_no_character_of_a_path_or_password_is_lost(folder: str, password: str) -> None:
    url = URL.create(
        "postgresql+psycopg",
        username="press",
        password=password,
        database="portal",
        query={"host": f"/home/{folder}/socket"},
    )
    assert conninfo_to_dict(conninfo_of(url)) == {
        "user": "press",
        "password": password,
        "dbname": "portal",
        "host": f"/home/{folder}/socket",
    }


def test_an_outside_server_is_named_as_it_was() -> None:
    url = URL.create(
        "postgresql+psycopg", "me", "s", "db.example.org", 5433, "p", {"sslmode": "require"}
    )
    assert conninfo_to_dict(conninfo_of(url)) == {
        "user": "me",
        "password": "s",
        "host": "db.example.org",
        "port": "5433",
        "dbname": "p",
        "sslmode": "require",
    }
