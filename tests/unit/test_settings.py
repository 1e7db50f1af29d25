"""Settings come from the environment; everything wrong is said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from portal.errors import SettingsError
from portal.settings import Settings, load_settings, variable_name


def test_without_any_variable_the_defaults_stand() -> None:
    assert load_settings({}) == Settings()
    assert load_settings({}).is_embedded_database


def test_each_value_is_read_by_its_name(tmp_path: Path) -> None:
    found = load_settings(
        {
            "PORTAL_DATA_DIR": str(tmp_path),
            "PORTAL_WORKER_PROCESSES": "5",
            "PORTAL_REQUIRE_SANDBOX": "true",
            "PORTAL_ALLOWED_HOSTS": "press.example.org, www.example.org,",
            "PORTAL_BASE_URL": "https://press.example.org/",
        }
    )
    assert found.data_path == tmp_path
    assert found.worker_processes == 5
    assert found.require_sandbox is True
    assert found.allowed_hosts == ("press.example.org", "www.example.org")
    assert found.base_url == "https://press.example.org"


def test_everything_wrong_is_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(
            {
                "PORTAL_COLOUR": "blue",
                "PORTAL_LOG_LEVEL": "loud",
                "PORTAL_WORKER_PROCESSES": "many",
                "PORTAL_BASE_URL": "press.example.org",
                "PORTAL_DATABASE_URL_FILE": str(tmp_path / "missing"),
            }
        )
    first, *lines = str(caught.value).splitlines()
    assert first == "These settings are wrong:"
    assert sorted(line.split()[0].rstrip(":") for line in lines) == [
        "PORTAL_BASE_URL",
        "PORTAL_COLOUR",
        "PORTAL_DATABASE_URL_FILE",
        "PORTAL_LOG_LEVEL",
        "PORTAL_WORKER_PROCESSES",
    ]
    assert "https://press.example.org" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LOG_LEVEL", "loud", "must be one of debug, info, warning, error"),
        ("LOG_FORMAT", "", "must be one of auto, json, text"),
        ("SESSION_HOURS", "many", "must be a whole number, in digits"),
        ("SESSION_HOURS", "1.5", "must be a whole number, in digits"),
        ("SESSION_HOURS", "0", "must be at least 1"),
        ("SESSION_HOURS", "9" * 5000, "is too large a number"),
        ("REQUIRE_SANDBOX", "perhaps", "must be true or false"),
        ("BASE_URL", "press.example.org", "must look like https://press.example.org"),
        (
            "TRUSTED_PROXIES",
            "::1, proxy",
            "holds 'proxy', which is no address or network like 10.0.0.0/8",
        ),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"PORTAL_{name}": value})
    assert str(caught.value).splitlines()[1:] == [f"  PORTAL_{name} {sentence}"]


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "database-url"
    secret.write_text("postgresql://me:hunter2@db/portal\n")
    found = load_settings({"PORTAL_DATABASE_URL_FILE": str(secret)})
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == "postgresql://me:hunter2@db/portal"
    assert not found.is_embedded_database


def test_a_list_in_a_file_is_a_list_too(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("a.example, b.example\n")
    found = load_settings({"PORTAL_ALLOWED_HOSTS_FILE": str(hosts)})
    assert found.allowed_hosts == ("a.example", "b.example")


def test_a_value_given_twice_is_wrong(tmp_path: Path) -> None:
    level = tmp_path / "level"
    level.write_text("debug")
    with pytest.raises(SettingsError, match="both set"):
        load_settings({"PORTAL_LOG_LEVEL": "info", "PORTAL_LOG_LEVEL_FILE": str(level)})


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    level = tmp_path / "level"
    level.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="PORTAL_LOG_LEVEL_FILE"):
        load_settings({"PORTAL_LOG_LEVEL_FILE": str(level)})


def test_a_secret_never_shows(tmp_path: Path) -> None:
    found = load_settings({"PORTAL_DATABASE_URL": "postgresql://me:hunter2@db/portal"})
    assert "hunter2" not in repr(found)
    assert "hunter2" not in found.model_dump_json()


def test_what_belongs_to_others_is_left_alone() -> None:
    others = {"PORTAL_TEST_KEEP": "1", "PORTAL_SAMPLES": "/x", "PORTALS": "2", "PATH": "/bin"}
    assert load_settings(others) == Settings()


@given(st.from_regex(r"PORTAL_[A-Z_]{1,20}", fullmatch=True))
def test_an_unknown_name_is_refused_whatever_it_is(name: str) -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    if name.removesuffix("_FILE") in known or name.startswith(("PORTAL_TEST_", "PORTAL_SAMPLES")):
        return
    with pytest.raises(SettingsError, match=f"{name} is not a setting"):
        load_settings({name: "x"})


def test_every_setting_explains_itself_and_can_be_read_by_its_name() -> None:
    for field, info in Settings.model_fields.items():
        assert info.description, field
        assert info.description.endswith("."), field
        assert variable_name(field) == f"PORTAL_{field.upper()}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        setattr(Settings(), "log_level", "debug")  # noqa: B010 - mypy refuses the plain form


def test_a_store_without_its_keys_is_refused() -> None:
    with pytest.raises(SettingsError, match="PORTAL_S3_ACCESS_KEY"):
        load_settings({"PORTAL_S3_ENDPOINT_URL": "http://127.0.0.1:7070"})


def test_a_redirect_to_no_store_is_refused() -> None:
    with pytest.raises(SettingsError, match="PORTAL_S3_ENDPOINT_URL"):
        load_settings({"PORTAL_DELIVERY": "redirect"})


def test_a_public_address_of_no_store_is_refused() -> None:
    with pytest.raises(SettingsError, match="PORTAL_S3_PUBLIC_URL needs PORTAL_S3_ENDPOINT_URL"):
        load_settings({"PORTAL_S3_PUBLIC_URL": "https://media.example.org"})


def test_an_unknown_kind_of_upload_is_told_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="some of video, audio, photo, captions"):
        load_settings({"PORTAL_UPLOAD_KINDS": "video,tape"})


@pytest.mark.parametrize("name", ["press-draft-two", "Press", "press_two", "press*", ""])
def test_an_index_whose_name_looks_like_a_draft_or_a_pattern_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_MEILI_INDEX"):
        load_settings({"PORTAL_MEILI_INDEX": name})
    assert load_settings({"PORTAL_MEILI_INDEX": "press-2"}).meili_index == "press-2"


@pytest.mark.parametrize("url", ["mysql://press@db/portal", "db.example.org", "postgresql:press"])
def test_a_database_that_is_no_postgres_is_refused_in_words(url: str) -> None:
    with pytest.raises(SettingsError, match=r"PORTAL_DATABASE_URL must look like postgresql://"):
        load_settings({"PORTAL_DATABASE_URL": url})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_is_known_by_its_schemes(scheme: str) -> None:
    assert load_settings({"PORTAL_DATABASE_URL": f"{scheme}://press@db/portal"}).database_url
