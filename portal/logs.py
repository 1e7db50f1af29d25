"""Structured logs on standard error: ours and those of the libraries, in one form."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from portal.settings import Settings

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|cookie|credential"
    r"|(api|access|private|stream|meili|session)_?key|database_url",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")

GRANIAN_LOG_CONFIG: Mapping[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {},
    "formatters": {},
    "loggers": {
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
    },
}
"""For Granian's `log_dictconfig`: its records go to our handler instead of its own."""

POOL_LOGGER = "portal.db.engine._Pool"
"""SQLAlchemy names the logger of a pool by its class, which is ours here."""
LIBRARY_LOGGERS = ("alembic", "sqlalchemy", POOL_LOGGER, "procrastinate", "psycopg")
"""Their notices and tracebacks tell of their own workings; ours say what was done for whom."""


def configure_logging(settings: Settings) -> None:
    """Send the records of structlog and of the standard library to standard error."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_for_libraries(level), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                *_rendering(is_json=_wants_json(settings)),
            ],
        )
    )
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    if level > logging.DEBUG:
        for name in LIBRARY_LOGGERS:
            logging.getLogger(name).setLevel(max(level, logging.WARNING))


def bound(**fields: object) -> AbstractContextManager[None]:
    """Put `fields` (request_id, job_id, task) on every record while the context lasts.

    They follow into threads that are started by `run_in_threadpool`.
    """
    return structlog.contextvars.bound_contextvars(**fields)


def redact(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Hide what is named like a secret, at any depth, and passwords within addresses."""
    return {name: _redacted(name, value) for name, value in record.items()}


def without_traceback(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Of a library's error, keep its kind and not the way to it, which is the library's own."""
    if f"{record['_record'].name}.".startswith(tuple(f"{name}." for name in LIBRARY_LOGGERS)):
        record.pop("stack_info", None)
        if kind := (record.pop("exc_info", None) or (None,))[0]:
            record["error"] = kind.__name__
    return record


def _redacted(name: str, value: object) -> object:
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, Mapping):
        return {inner: _redacted(str(inner), part) for inner, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", part) for part in value]
    if isinstance(value, str):
        return _URL_PASSWORD.sub(REDACTED, value)
    return value


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _for_libraries(level: int) -> list[Processor]:
    return [without_traceback] if level > logging.DEBUG else []


def _rendering(*, is_json: bool) -> list[Processor]:
    if is_json:
        return [
            structlog.processors.format_exc_info,
            redact,  # again: a traceback quotes messages
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ]
    # Not the default formatter of tracebacks: that one prints local variables, secrets too.
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [renderer]


def _wants_json(settings: Settings) -> bool:
    if settings.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.log_format == "json"
