"""Every error that the portal raises on purpose, with the HTTP status it is shown with.

PortalError                     500
├── InvalidInput                400   something that a user sent is wrong; may name fields
│   ├── UnsupportedMedia        415   a file that we do not take, or not what its name says
│   ├── TooLarge                413
│   └── TooSlow                 408   the bytes of a request stopped coming
├── NotSignedIn                 401
├── Forbidden                   403
├── NotFound                    404   also what exists but may not be seen
├── Conflict                    409   the request no longer fits the state of things
├── TooManyRequests             429
├── InsufficientStorage         507   the disk minimum would be crossed
├── SettingsError               500   the installation is set up wrongly (exit code 2)
├── DatabaseUnavailable         503
├── SearchUnavailable           503   away, busy or refusing; the index may be well
│   └── IndexUnusable           503   it answers, and the index must be made anew
├── StorageError                500
│   ├── ObjectMissing           404
│   ├── StorageDenied           500   never shown as "missing"
│   ├── StorageUnavailable      503   worth another try
│   └── StorageCorrupt          500   bytes differ from what was stored
└── ProcessingError             500   raised by workers
    ├── MediaRefused            415   this file can never be processed; the sentence says why
    ├── ToolMissing             500   ffmpeg or another program is not installed
    ├── ToolFailed              500   a program ended badly; worth another try
    ├── LimitExceeded           500   time, memory or size limit of the sandbox
    ├── NotSplittable           500   chunks of it cannot be made or joined: it is made in one piece
    ├── ScratchTooSmall         507   its files under work can never fit on this worker's disk
    ├── ScratchBusy             503   others hold the room for files under work; costs no try
    ├── Interrupted             503   the worker was asked to stop; costs no try
    └── Superseded              409   a newer attempt owns the step; this one's work is void
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class PortalError(Exception):
    """Base of all; `str(error)` is a full sentence that may be shown to a user."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"


class InvalidInput(PortalError):
    """`fields` maps a field's name to a sentence about it."""

    status = 400
    code = "invalid_input"

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.fields = dict(fields or {})


class UnsupportedMedia(InvalidInput):
    status = 415
    code = "unsupported_media"


class TooLarge(InvalidInput):
    status = 413
    code = "too_large"


class TooSlow(InvalidInput):
    status = 408
    code = "too_slow"


class NotSignedIn(PortalError):
    status = 401
    code = "not_signed_in"


class Forbidden(PortalError):
    status = 403
    code = "forbidden"


class NotFound(PortalError):
    status = 404
    code = "not_found"


class Conflict(PortalError):
    status = 409
    code = "conflict"


class TooManyRequests(PortalError):
    """`retry_after_seconds` is when the next try may succeed."""

    status = 429
    code = "too_many_requests"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class InsufficientStorage(PortalError):
    status = 507
    code = "insufficient_storage"


class SettingsError(PortalError):
    """Lists everything that is wrong, one line each."""

    code = "settings"


class DatabaseUnavailable(PortalError):
    status = 503
    code = "database_unavailable"


class SearchUnavailable(PortalError):
    status = 503
    code = "search_unavailable"


class IndexUnusable(SearchUnavailable):
    """Damaged, or laid out by another version: only a rebuild mends that."""


class StorageError(PortalError):
    code = "storage"


class ObjectMissing(StorageError):
    status = 404
    code = "object_missing"


class StorageDenied(StorageError):
    code = "storage_denied"


class StorageUnavailable(StorageError):
    status = 503
    code = "storage_unavailable"


class StorageCorrupt(StorageError):
    code = "storage_corrupt"


class ProcessingError(PortalError):
    code = "processing"


class MediaRefused(ProcessingError):
    status = 415
    code = "media_refused"


class ToolMissing(ProcessingError):
    code = "tool_missing"


class ToolFailed(ProcessingError):
    """`stderr_tail` is the end of what the program said, without paths."""

    code = "tool_failed"

    def __init__(self, detail: str, *, exit_code: int | None = None, stderr_tail: str = "") -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class LimitExceeded(ProcessingError):
    code = "limit_exceeded"


class NotSplittable(ProcessingError):
    """A chunk of a recording cannot be made alone, or the chunks do not fit one another."""

    code = "not_splittable"


class ScratchTooSmall(ProcessingError):
    status = 507
    code = "scratch_too_small"


class ScratchBusy(ProcessingError):
    status = 503
    code = "scratch_busy"


class Interrupted(ProcessingError):
    status = 503
    code = "interrupted"


class Superseded(ProcessingError):
    status = 409
    code = "superseded"
