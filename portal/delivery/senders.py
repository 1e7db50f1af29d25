"""Who sends an object's bytes: the portal, the store itself, or the nginx in front of us."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portal.delivery.answers import bytes_answer
from portal.delivery.asked import nothing_here
from portal.delivery.conditions import is_known
from portal.delivery.handover import accelerated, redirected
from portal.delivery.sources import Source
from portal.errors import ObjectMissing
from portal.runtime import Runtime
from portal.settings import Settings
from portal.storage.interface import ObjectStore
from portal.web.transactions import runtime_of


class Sender(StrEnum):
    PORTAL = "portal"
    REDIRECT = "redirect"
    NGINX = "nginx"


def sender_of(settings: Settings) -> Sender:
    if settings.delivery != "auto":
        return Sender(settings.delivery)
    return Sender.PORTAL if settings.is_local_storage else Sender.REDIRECT


async def stored_answer(request: Request, source: Source) -> Response:
    """To a request that may see `source`. Raises NotFound when its bytes are gone."""
    try:
        return await _answer(request, source)
    except ObjectMissing as error:
        raise nothing_here() from error


async def _answer(request: Request, source: Source) -> Response:
    """Raises ObjectMissing."""
    runtime = runtime_of(request)
    sender = sender_of(runtime.settings)
    if not source.is_listed:
        source = await _found(source, store=runtime.store)
    if sender is Sender.REDIRECT and runtime.addresses is not None:
        # Conditions are for answers that would be 2xx: RFC 9110, 13.2.1.
        return redirected(source, method=request.method, addresses=runtime.addresses)
    if is_known(request.headers, etag=source.etag):
        return Response(status_code=304, headers=source.answer_headers)
    if sender is Sender.NGINX:
        return _accelerated(request, source, runtime=runtime)
    return await bytes_answer(request, source, store=runtime.store)


def _accelerated(request: Request, source: Source, *, runtime: Runtime) -> Response:
    return accelerated(
        source, method=request.method, asked=request.headers, addresses=runtime.inner_addresses
    )


async def _found(source: Source, *, store: ObjectStore) -> Source:
    """`source` with its size. Raises ObjectMissing."""
    info = await run_in_threadpool(store.head, source.key)
    return replace(source, size_bytes=info.size_bytes)
