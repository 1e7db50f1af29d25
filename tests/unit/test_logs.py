"""Logs are one line of JSON each, carry what is bound, and hide secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from granian.log import LogLevels
from granian.log import configure_logging as configure_granian_logging

from portal.logs import (
    GRANIAN_LOG_CONFIG,
    LIBRARY_LOGGERS,
    TELLTALE_LOGGERS,
    bound,
    configure_logging,
)
from portal.redaction import REDACTED
from portal.settings import Settings

log = structlog.get_logger("portal.test")


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def _fail(message: str, *, private: str = "") -> None:
    """`private` is only a local variable on the way of the error."""
    raise RuntimeError(message)


def _configure(**changes: object) -> None:
    configure_logging(Settings.model_validate({"log_format": "json", **changes}))


def _records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_record_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    _configure()
    log.info("файл принят\nsecond line", size_bytes=3)
    (record,) = _records(capsys)
    assert record["event"] == "файл принят\nsecond line"
    assert (record["level"], record["size_bytes"]) == ("info", 3)
    assert str(record["timestamp"]).endswith("Z")


def test_bound_fields_are_on_every_record_while_the_context_lasts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _configure()
    with bound(request_id="r1", job_id=7):
        log.info("inside")
        logging.getLogger("procrastinate.worker").warning("theirs %s", "too")
    log.info("outside")
    inside, theirs, outside = _records(capsys)
    assert (inside["request_id"], inside["job_id"]) == ("r1", 7)
    assert (theirs["event"], theirs["request_id"]) == ("theirs too", "r1")
    assert theirs["logger"] == "procrastinate.worker"
    assert "request_id" not in outside


def test_libraries_are_heard_when_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    _configure()
    for name in LIBRARY_LOGGERS:
        logging.getLogger(name).info("how they work")
        logging.getLogger(f"{name}.part").warning("what went wrong")
    assert [record["event"] for record in _records(capsys)] == ["what went wrong"] * len(
        LIBRARY_LOGGERS
    )


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", [*LIBRARY_LOGGERS, "procrastinate.worker"])
def test_tracebacks_of_libraries_are_for_whoever_debugs(
    capsys: pytest.CaptureFixture[str], form: str, name: str
) -> None:
    def told(level: str) -> str:
        _configure(log_level=level, log_format=form)
        try:
            _fail("no answer")
        except RuntimeError:
            logging.getLogger(name).exception("cannot fetch", stack_info=True)
        return capsys.readouterr().err

    quiet = told("info")
    assert "cannot fetch" in quiet
    assert "RuntimeError" in quiet
    assert "Traceback" not in quiet
    assert "Stack" not in quiet
    assert "Traceback" in told("debug")


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "api_token", "authorization", "cookie", "secret_key", "access_key",
     "database_url", "s3_secret", "stream_key"],
)  # fmt: skip
def test_secrets_are_hidden_by_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    _configure()
    log.info("set", **{name: "hunter2"}, nested={name: "hunter2"}, several=[{name: "hunter2"}])
    (record,) = _records(capsys)
    assert record[name] == REDACTED
    assert "hunter2" not in json.dumps(record)


def test_passwords_in_addresses_are_hidden_in_text_and_tracebacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _configure()
    log.info("connecting to postgresql://me:hunter2@db.example/x", key="assets/a/original")
    try:
        _fail("no answer from postgresql://me:hunter2@db.example/x")
    except RuntimeError:
        logging.getLogger("library").exception("failed")
    first, second = _records(capsys)
    assert first["key"] == "assets/a/original"
    assert "db.example" in str(first["event"])
    assert "RuntimeError" in str(second["exception"])
    assert "hunter2" not in json.dumps([first, second])


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_of_the_settings_are_hidden_wherever_they_stand(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    _configure(log_format=form, meili_key="swordfish")
    log.info(
        "the key swordfish", address="http://x/?key=swordfish", several=[RuntimeError("swordfish")]
    )
    try:
        _fail("refused: swordfish")
    except RuntimeError:
        logging.getLogger("library").exception("failed with %s", "swordfish")
    text = capsys.readouterr().err
    assert "refused" in text
    assert "swordfish" not in text


@pytest.mark.parametrize("name", TELLTALE_LOGGERS)
def test_libraries_that_tell_secrets_never_tell_everything(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _configure(log_level="debug")
    logging.getLogger(f"{name}.part").debug("the row, the header, the query")
    logging.getLogger(f"{name}.part").warning("what went wrong")
    assert [record["event"] for record in _records(capsys)] == ["what went wrong"]


def test_local_variables_do_not_reach_the_text_form(capsys: pytest.CaptureFixture[str]) -> None:
    _configure(log_format="text")
    try:
        _fail("plain", private="".join(["hun", "ter2"]))
    except RuntimeError:
        log.exception("failed")
    text = capsys.readouterr().err
    assert "RuntimeError: plain" in text
    assert "hunter2" not in text


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    _configure(log_level="warning")
    log.info("no")
    logging.getLogger("library").info("no")
    log.warning("yes")
    assert [record["event"] for record in _records(capsys)] == ["yes"]


def test_the_web_server_writes_through_us(capsys: pytest.CaptureFixture[str]) -> None:
    _configure()
    configure_granian_logging(LogLevels.info, dict(GRANIAN_LOG_CONFIG))
    logging.getLogger("_granian").warning("started")
    assert [record["event"] for record in _records(capsys)] == ["started"]
