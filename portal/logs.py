"""Structured logs on standard error: ours and those of the libraries, in one form."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from portal.redaction import REDACTED, Hidden, hidden_in
from portal.settings import Settings

_SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|cookie|credential"
    r"|(api|access|private|stream|meili|session)_?key|database_url",
    re.IGNORECASE,
)

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
TELLTALE_LOGGERS = {
    "sqlalchemy": logging.INFO,  # below: the rows read, hashes of passwords among them
    "botocore": logging.WARNING,  # below: requests with their headers and signatures
    "boto3": logging.WARNING,
    "urllib3": logging.WARNING,  # below: addresses with their queries
}
"""Libraries that tell secrets when they are asked for everything, and so never are."""


def configure_logging(settings: Settings) -> None:
    """Send the records of structlog and of the standard library to standard error."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    redact = partial(_redact, hidden_in(settings))
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
                structlog.processors.format_exc_info,
                redact,
                _renderer(is_json=_wants_json(settings)),
            ],
        )
    )
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name, least in _library_levels(level).items():
        logging.getLogger(name).setLevel(max(level, least))


def bound(**fields: object) -> AbstractContextManager[None]:
    """Put `fields` (request_id, job_id, task) on every record while the context lasts.

    They follow into threads that are started by `run_in_threadpool`.
    """
    return structlog.contextvars.bound_contextvars(**fields)


def _redact(hidden: Hidden, _logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Hide what is named like a secret, at any depth, and secrets within texts."""
    return {name: _redacted(name, value, hidden=hidden) for name, value in record.items()}


def without_traceback(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """Of a library's error, keep its kind and not the way to it, which is the library's own."""
    if f"{record['_record'].name}.".startswith(tuple(f"{name}." for name in LIBRARY_LOGGERS)):
        record.pop("stack_info", None)
        if kind := (record.pop("exc_info", None) or (None,))[0]:
            record["error"] = kind.__name__
    return record


def _redacted(name: str, value: object, *, hidden: Hidden) -> object:
    if _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, Mapping):
        return {k: _redacted(str(k), part, hidden=hidden) for k, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", part, hidden=hidden) for part in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return hidden.cut_from(str(value))


def _library_levels(level: int) -> Mapping[str, int]:
    """The least level that each library's records need, whatever ours is."""
    quiet = {} if level <= logging.DEBUG else dict.fromkeys(LIBRARY_LOGGERS, logging.WARNING)
    return {**TELLTALE_LOGGERS, **quiet}


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


def _renderer(*, is_json: bool) -> Processor:
    if is_json:
        return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    # Not the default formatter of tracebacks: that one prints local variables, secrets too.
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _wants_json(settings: Settings) -> bool:
    if settings.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.log_format == "json"
