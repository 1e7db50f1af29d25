"""Answers that the portal sends itself: text, and stored bytes whole or in part."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from portal.delivery.conditions import ByteRange, is_known, requested_range
from portal.delivery.sources import ASK_AGAIN, Source, caching_header, sharing_headers
from portal.errors import StorageCorrupt
from portal.storage.interface import ObjectStore

CHUNK_BYTES = 1024**2
"""Read and sent in one go; Starlette's FileResponse takes 64 KB and is many times slower."""


def text_answer(
    request: Request, text: str, *, media_type: str, is_public: bool, caching: str = ASK_AGAIN
) -> Response:
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": caching_header(caching, is_public=is_public),
        **sharing_headers(is_public=is_public),
    }
    if is_known(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    # Not `media_type=`: Starlette would add a charset, which HLS types do not have.
    headers["Content-Type"] = media_type
    return Response(body, headers=headers)


async def bytes_answer(request: Request, source: Source, *, store: ObjectStore) -> Response:
    """The object, or the part of it that is asked for. Raises ObjectMissing."""
    is_whole = request.method != "HEAD" and "range" not in request.headers
    if source.size_bytes is None and is_whole:
        return await _unmeasured_answer(source, store)
    size_bytes = await _size_bytes(source, store)
    whole = ByteRange(0, size_bytes)
    if request.method == "HEAD":  # ranges are defined for GET alone: RFC 9110, 14.2
        return Response(headers=_described(source, whole))
    part = requested_range(request.headers, size_bytes=size_bytes, etag=source.etag)
    if part is None:
        return await _part_answer(store, source, whole)
    content_range = part.content_range(size_bytes)
    if not part.length:
        return _not_satisfiable(
            size_bytes, {**source.answer_headers, "Content-Range": content_range}
        )
    return await _part_answer(store, source, part, content_range=content_range)


async def _unmeasured_answer(source: Source, store: ObjectStore) -> Response:
    """All of an object whose size nobody knows: a short first read has told it."""
    first = await run_in_threadpool(store.read, source.key, start=0, length=CHUNK_BYTES)
    if len(first) < CHUNK_BYTES:
        return Response(first, headers=_described(source, ByteRange(0, len(first))))
    whole = ByteRange(0, await _size_bytes(source, store))
    chunks = _chunks(store, source.key, whole, first)
    return StreamingResponse(chunks, headers=_described(source, whole))


async def _part_answer(
    store: ObjectStore, source: Source, part: ByteRange, *, content_range: str | None = None
) -> Response:
    headers = _described(source, part)
    if content_range:
        headers["Content-Range"] = content_range
    status_code = 206 if content_range else 200
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


async def _size_bytes(source: Source, store: ObjectStore) -> int:
    if source.size_bytes is not None:
        return source.size_bytes
    return (await run_in_threadpool(store.head, source.key)).size_bytes


def _described(source: Source, part: ByteRange) -> dict[str, str]:
    described = {"Content-Type": source.media_type, "Content-Length": str(part.length)}
    return {**source.answer_headers, **described}


def _not_satisfiable(size_bytes: int, headers: Mapping[str, str]) -> Response:
    detail = f"There is nothing in this range: the file has {size_bytes} bytes."
    return JSONResponse(
        {"error": "range_not_satisfiable", "detail": detail},
        status_code=416,
        headers={**headers, "Cache-Control": "no-store"},
    )
