"""One translation of the store's errors, by code and HTTP status together.

A status alone misleads: versitygw says 404 to an unknown access key, and every store says 404 to
a missing bucket. To HEAD there is no code, only the status (`NAMELESS`): ask again by GET.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException
from typing import cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is no OSError
    ConnectTimeoutError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from portal.errors import (
    Conflict,
    ObjectMissing,
    PortalError,
    StorageCorrupt,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)

VENDOR_ERRORS = (ClientError, BotoCoreError, ResponseParserError, HTTPException)
NAMELESS = frozenset({"403", "404"})

_REFUSED_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
_CLASHES = frozenset({"ObjectParentIsFile", "ExistingObjectIsDirectory"})
"""A key below another one. versitygw, which keeps objects as files, also says so when somebody
deletes the last object of a folder at that moment, so it is worth another try."""
_PASSING = frozenset(
    {"SlowDown", "Throttling", "RequestTimeout", "InternalError", "ServiceUnavailable"}
)
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_PASSING_CLASSES = (
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
    HTTPException,
)
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})

_UNKNOWN_KEY = "The store does not know the access key: see PORTAL_S3_ACCESS_KEY."
_DENIALS: Mapping[str, str] = {
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "XAdminUserNotFound": _UNKNOWN_KEY,  # versitygw, with status 404
    "SignatureDoesNotMatch": "The store refuses the signature: see PORTAL_S3_SECRET_KEY, or "
    "whether a proxy before the store changes the host or the path.",
    "RequestTimeTooSkewed": "The clocks of this machine and of the store differ by more than the "
    "store allows, mostly 15 minutes: set both by NTP.",
    "AuthorizationHeaderMalformed": "The store wants another region: see PORTAL_S3_REGION.",
    "PermanentRedirect": "The bucket is in another region or at another address: see "
    "PORTAL_S3_REGION and PORTAL_S3_ENDPOINT_URL.",
}

_NO_STORE = (
    "What answers says that there is nothing, but not in the words of an S3 store: see "
    "PORTAL_S3_ENDPOINT_URL. It was about the {what}."
)
_NO_BUCKET = (
    "The store answers, but the bucket that PORTAL_S3_BUCKET names is not there; "
    "`portal migrate` makes it."
)
_NO_BUCKET_NAME = (
    "The store does not take the name that PORTAL_S3_BUCKET gives to the bucket: 3 to 63 small "
    "letters, digits, hyphens and dots, with a letter or a digit at both ends."
)
_NO_OBJECT = (ObjectMissing, "There is no {what}.")
_CLASH = (StorageDenied, "The key of the {what} clashes with that of another object.")
_SENTENCES: Mapping[str, tuple[type[PortalError], str]] = {
    "NoSuchKey": _NO_OBJECT,
    "NoSuchUpload": _NO_OBJECT,
    "404": (StorageUnavailable, _NO_STORE),
    "NoSuchBucket": (StorageUnavailable, _NO_BUCKET),
    "InvalidBucketName": (StorageDenied, _NO_BUCKET_NAME),
    **dict.fromkeys(_CLASHES, _CLASH),
    "PreconditionFailed": (StorageUnavailable, "The {what} was replaced while it was read."),
    **dict.fromkeys(
        _DAMAGED, (StorageCorrupt, "The {what} arrives at the store damaged, again and again.")
    ),
}


def error_code(error: Exception) -> str:
    """The store's own code, the status as text for an answer without one, "" for no answer."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_status(error: Exception) -> int:
    """The HTTP status; 0 for what is no answer at all."""
    if not isinstance(error, ClientError):
        return 0
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def failed_part(error: Exception) -> int | None:
    """The part that the store names in its complaint, if it does."""
    if not isinstance(error, ClientError):
        return None
    number = cast("Mapping[str, str]", error.response.get("Error", {})).get("PartNumber", "")
    return int(number) if number.isdecimal() else None


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed in a moment: no answer, half of one, or "later"."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code in _REFUSED_PARTS:  # also within an answer that began with 200
            return False
        return error_status(error) in _PASSING_STATUSES or code in _PASSING | _DAMAGED | _CLASHES
    return isinstance(error, _PASSING_CLASSES) and not isinstance(error, SSLError)


def translated(error: Exception, what: str) -> PortalError:
    """`what` names the object in the sentence. Nothing of the store's own text is repeated:
    it holds signatures.
    """
    if isinstance(error, ClientError):
        return _translated_answer(error, what)
    if isinstance(error, FlexibleChecksumError):
        return StorageCorrupt(f"The bytes of the {what} are not those stored.")
    return StorageUnavailable(
        f"The store cannot be reached: {_reason(error)}. See that it runs and that "
        f"PORTAL_S3_ENDPOINT_URL is right."
    )


def _translated_answer(error: ClientError, what: str) -> PortalError:
    code, status = error_code(error), error_status(error)
    if code in _DENIALS:
        return StorageDenied(_DENIALS[code])
    if code in _SENTENCES:
        kind, sentence = _SENTENCES[code]
        return kind(sentence.format(what=what))
    if code in _REFUSED_PARTS:
        return _refused_part(error, what)
    return _by_status(code, status, what)


def _refused_part(error: ClientError, what: str) -> Conflict:
    if error_code(error) == "EntityTooSmall":
        return Conflict(f"The store refuses the {what}: a part but the last one is too small.")
    named = failed_part(error)
    part = "A part" if named is None else f"Part {named}"
    return Conflict(f"{part} of the {what} is not the one that was named.")


def _by_status(code: str, status: int, what: str) -> PortalError:
    said = f"HTTP {status}, {code}" if code and code != str(status) else f"HTTP {status}"
    if status == 507 or code in _FULL:
        return StorageUnavailable(f"The store is full; the {what} was not stored ({said}).")
    if status in _PASSING_STATUSES or code in _PASSING:
        return StorageUnavailable(f"The store is not able to answer now ({said}): the {what}.")
    if status in {401, 403}:
        return StorageDenied(f"The store does not let the portal touch the {what} ({said}).")
    if status >= 500:
        return StorageUnavailable(f"The store failed ({said}): the {what}.")
    return StorageError(f"The store refused a request about the {what} ({said}).")


def _reason(error: Exception) -> str:
    """In words of ours: the error's own may hold an address with its signature."""
    match error:
        case SSLError():
            return "TLS fails, perhaps by its certificate"
        case ConnectTimeoutError() | ReadTimeoutError():
            return "it does not answer in time"
        case ConnectionError():
            return "nothing takes the connection"
        case ResponseParserError():
            return "what answers there is no S3 store, or only half an answer came"
        case HTTPClientError() | IncompleteReadError() | HTTPException():
            return "the connection breaks off"
        case _:
            return f"the request could not be made ({type(error).__name__})"
