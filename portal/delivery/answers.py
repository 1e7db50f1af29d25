"""Answers that carry text or stored bytes: conditions, ranges, and who may keep a copy."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from portal.delivery.conditions import ByteRange, is_known, requested_range
from portal.errors import StorageCorrupt
from portal.storage.interface import ObjectStore
from portal.web.transactions import runtime_of

CHUNK_BYTES = 1024**2
"""Read and sent in one go; Starlette's FileResponse takes 64 KB and is many times slower."""

FOR_MINUTES = "public, max-age=300"
"""How long a withdrawal may take to reach the caches: no public byte is kept unasked for longer."""
ASK_AGAIN = "no-cache"
NEVER = "private, no-store"


@dataclass(frozen=True)
class Source:
    """An object to send. `caching` holds for what is public; all else is kept by nobody."""

    key: str
    etag: str
    media_type: str
    is_public: bool
    caching: str
    size_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


async def stored_answer(request: Request, source: Source) -> Response:
    """The object, or the part of it that is asked for. Raises ObjectMissing."""
    headers = {
        **_keeping(source.etag, caching=source.caching, is_public=source.is_public),
        "Accept-Ranges": "bytes",
        **source.headers,
    }
    store = runtime_of(request).store
    size_bytes = source.size_bytes
    if size_bytes is None:
        # Before any 304: "*" matches only what is there (RFC 9110, 13.1.2).
        size_bytes = (await run_in_threadpool(store.head, source.key)).size_bytes
    if is_known(request.headers, etag=source.etag):
        return Response(status_code=304, headers=headers)
    whole = ByteRange(0, size_bytes)
    if request.method == "HEAD":  # ranges are defined for GET alone: RFC 9110, 14.2
        return _head(whole, source.media_type, headers)
    part = requested_range(request.headers, size_bytes=size_bytes, etag=source.etag)
    if part is None:
        return await _bytes_answer(store, source, whole, status_code=200, headers=headers)
    headers["Content-Range"] = part.content_range(size_bytes)
    if not part.length:
        return _not_satisfiable(size_bytes, headers)
    return await _bytes_answer(store, source, part, status_code=206, headers=headers)


def text_answer(
    request: Request, text: str, *, media_type: str, is_public: bool, caching: str = ASK_AGAIN
) -> Response:
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = _keeping(etag, caching=caching, is_public=is_public)
    if is_known(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    # Not `media_type=`: Starlette would add a charset, which HLS types do not have.
    headers["Content-Type"] = media_type
    return Response(body, headers=headers)


async def _bytes_answer(
    store: ObjectStore,
    source: Source,
    part: ByteRange,
    *,
    status_code: int,
    headers: Mapping[str, str],
) -> Response:
    headers = {**headers, "Content-Type": source.media_type, "Content-Length": str(part.length)}
    first = await _read(store, source.key, part.start, min(part.length, CHUNK_BYTES))
    if len(first) == part.length:
        return Response(first, status_code=status_code, headers=headers)
    chunks = _chunks(store, source.key, part, first)
    return StreamingResponse(chunks, status_code=status_code, headers=headers)


async def _chunks(
    store: ObjectStore, key: str, part: ByteRange, first: bytes
) -> AsyncIterator[bytes]:
    """`first`, which was read before the status went out, and the rest of `part`."""
    yield first
    position, end = part.start + len(first), part.start + part.length
    while position < end:
        chunk = await _read(store, key, position, min(CHUNK_BYTES, end - position))
        position += len(chunk)
        yield chunk


async def _read(store: ObjectStore, key: str, start: int, length: int) -> bytes:
    """Exactly `length` bytes. Raises StorageCorrupt when the object ends before."""
    found = await run_in_threadpool(store.read, key, start=start, length=length)
    if len(found) != length:
        raise StorageCorrupt(f"The object {key} is shorter than what was stored.")
    return found


def _head(whole: ByteRange, media_type: str, headers: Mapping[str, str]) -> Response:
    described = {"Content-Type": media_type, "Content-Length": str(whole.length)}
    return Response(headers={**headers, **described})


def _not_satisfiable(size_bytes: int, headers: Mapping[str, str]) -> Response:
    detail = f"There is nothing in this range: the file has {size_bytes} bytes."
    return JSONResponse(
        {"error": "range_not_satisfiable", "detail": detail},
        status_code=416,
        headers={**headers, "Cache-Control": "no-store"},
    )


def _keeping(etag: str, *, caching: str, is_public: bool) -> dict[str, str]:
    """Public material may be shown by any site; the rest is for our own pages and no cache."""
    return {
        "ETag": etag,
        "Cache-Control": caching if is_public else NEVER,
        "Cross-Origin-Resource-Policy": "cross-origin" if is_public else "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
