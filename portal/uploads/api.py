"""Uploads as JSON: begin, send parts to addresses signed for them, complete; resume any day."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.accounts.models import Account
from portal.errors import Forbidden, InvalidInput, NotFound, PortalError, TooSlow
from portal.events import service as events
from portal.storage.interface import SignedRequest, StoredPart
from portal.uploads import part_addresses, service
from portal.uploads.described import operations
from portal.uploads.models import FileDescription, FileOffer, Upload
from portal.uploads.part_addresses import PartAddress
from portal.uploads.paths import (
    COMPLETE_PATH,
    PART_PATH,
    SIGN_PATH,
    UPLOAD_PATH,
    UPLOADS_PATH,
    part_path,
)
from portal.uploads.requests import BeginRequest, read_begin, read_digest, read_digest_if_given
from portal.uploads.views import upload_json
from portal.visibility import Viewer
from portal.web.addresses import absolute, is_https, page_path
from portal.web.body_spool import drain, spooled_body
from portal.web.i18n import language_of
from portal.web.store_threads import run_in_store_thread
from portal.web.transactions import in_one_statement, in_transaction, runtime_of
from portal.web.viewers import account_of

__all__ = ["operations", "routes"]


async def begin(request: Request) -> Response:
    account = account_of(request)
    wanted = read_begin(await _json(request))
    runtime = runtime_of(request)
    offer = await in_transaction(request, _offer, wanted, account)
    begun = await run_in_store_thread(service.begin_or_resume, runtime, offer)
    body = upload_json(
        begun.upload,
        event_slug=wanted.event_slug,
        page_url=_page_url(request, begun.upload),
        parts=begun.parts,
    )
    return JSONResponse(body, status_code=201 if begun.is_new else 200)


async def list_uploads(request: Request) -> Response:
    account = account_of(request)
    found, more = await in_transaction(request, _list, account, request.query_params.get("event"))
    return JSONResponse(
        {
            "uploads": [
                upload_json(upload, event_slug=slug, page_url=_page_url(request, upload))
                for upload, slug in found
            ],
            "more": more,
        }
    )


async def show_upload(request: Request) -> Response:
    upload = await _own_upload(request)
    parts = await run_in_store_thread(service.stored_parts, runtime_of(request), upload)
    slug = await in_transaction(request, _slug_of, upload, viewer=account_of(request).viewer)
    page_url = _page_url(request, upload)
    return JSONResponse(upload_json(upload, event_slug=slug, page_url=page_url, parts=parts))


async def sign_part(request: Request) -> Response:
    number = request.path_params["number"]
    account_of(request)
    sha256 = read_digest(await _json(request))

    upload = await in_transaction(request, _find_for_part, request)
    upload.layout.expected_bytes(number)
    signed = _signed(request, upload, number, sha256=sha256)
    return JSONResponse({"method": "PUT", "url": signed.url, "headers": dict(signed.headers)})


async def put_part(request: Request) -> Response:
    """No session is needed: whoever has the address was given it for exactly these bytes."""
    try:
        part = await _stored_part(request)
    except TooSlow:
        raise
    except PortalError:
        await drain(request)
        raise
    return Response(headers={"ETag": f'"{part.etag}"'})


async def _stored_part(request: Request) -> StoredPart:
    runtime = runtime_of(request)
    settings = runtime.settings
    upload, address = await in_one_statement(request, _addressed, request)
    async with spooled_body(
        request,
        bytes_max=upload.layout.expected_bytes(address.number),
        folder=settings.scratch_path,
        free_bytes_min=settings.disk_free_bytes_min,
    ) as body:
        return await run_in_store_thread(
            service.put_part,
            runtime,
            upload,
            address.number,
            body,
            expected_sha256=address.sha256,
        )


async def complete(request: Request) -> Response:
    upload = await _own_upload(request)
    sha256 = read_digest_if_given(await _json(request, default={}))
    completed = await run_in_store_thread(
        service.complete_stored, runtime_of(request), upload, declared_sha256=sha256
    )
    body = {
        "asset_id": completed.asset_id,
        "state": completed.state,
        "page_url": _page_url(request, completed),
    }
    return JSONResponse(body, status_code=202)


async def abort(request: Request) -> Response:
    upload = await _own_upload(request)
    await run_in_store_thread(service.abort, runtime_of(request), upload.id)
    return Response(status_code=204)


# --- in a transaction ------------------------------------------------------------------------


def _offer(connection: Connection, wanted: BeginRequest, account: Account) -> FileOffer:
    """Raises NotFound."""
    event = events.get_event(connection, wanted.event_slug, viewer=account.viewer)
    language = wanted.language or event.default_language
    return FileOffer(
        event_id=event.id,
        filename=wanted.filename,
        size_bytes=wanted.size_bytes,
        head=wanted.head,
        account_id=account.id,
        last_modified_ms=wanted.last_modified_ms,
        description=FileDescription(
            title={language: wanted.title} if wanted.title else {}, language=wanted.language
        ),
    )


def _list(
    connection: Connection, account: Account, slug: str | None
) -> tuple[list[tuple[Upload, str]], int]:
    """Each with its event's slug, and how many more there are. Raises NotFound."""
    viewer = account.viewer
    event_id = None if slug is None else events.get_event(connection, slug, viewer=viewer).id
    found = service.list_own_uploads(connection, account_id=account.id, event_id=event_id)
    event_ids = list({upload.event_id for upload in found.uploads})
    named = events.events_by_ids(connection, event_ids, viewer=viewer)
    slugs = {event.id: event.slug for event in named}
    seen = [upload for upload in found.uploads if upload.event_id in slugs]
    return [(upload, slugs[upload.event_id]) for upload in seen], found.more


def _slug_of(connection: Connection, upload: Upload, *, viewer: Viewer) -> str:
    return events.get_event_by_id(connection, upload.event_id, viewer=viewer).slug


def _find_own(connection: Connection, request: Request) -> Upload:
    """Raises NotFound."""
    viewer = account_of(request).viewer
    return service.get_own_upload(connection, request.path_params["id"], viewer=viewer)


def _find_for_part(connection: Connection, request: Request) -> Upload:
    """Raises NotFound, or Conflict after the upload's end."""
    upload = _find_own(connection, request)
    service.check_open(upload)
    if runtime_of(request).addresses is not None:  # the store will not tell us of the part
        service.note_arrival(connection, upload)
    return upload


def _addressed(connection: Connection, request: Request) -> tuple[Upload, PartAddress]:
    """What a signed address is good for.

    Raises Forbidden, Conflict after the upload's end, or InvalidInput when the size is wrong.
    """
    upload_id, number = request.path_params["id"], request.path_params["number"]
    try:
        upload = service.get_upload(connection, upload_id)
    except NotFound:
        raise _forged() from None  # an address that we signed is of an upload that there is
    address = part_addresses.read_address(
        request.query_params,
        upload_id=upload.id,
        number=number,
        key=upload.part_key,
        now=time.time(),
    )
    if address is None:
        raise _forged()
    service.check_open(upload)
    _check_declared(request, number, upload.layout.expected_bytes(number))
    return upload, address


# --- requests and answers --------------------------------------------------------------------


async def _own_upload(request: Request) -> Upload:
    account_of(request)
    return await in_transaction(request, _find_own, request)


async def _json(request: Request, *, default: object = None) -> object:
    """Raises InvalidInput."""
    body = await request.body()
    if not body:
        return default
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request is no JSON.") from error


def _check_declared(request: Request, number: int, size_bytes: int) -> None:
    """What says beforehand that it does not fit need not be sent. Raises InvalidInput."""
    declared = request.headers.get("content-length")
    if declared is not None and declared != str(size_bytes):
        raise InvalidInput(f"Part {number} must have exactly {size_bytes:,} bytes.")


def _forged() -> Forbidden:
    return Forbidden("This address of a part was changed or has expired; ask for another one.")


def _signed(request: Request, upload: Upload, number: int, *, sha256: str) -> SignedRequest:
    """To the store itself where that is possible, else to the portal."""
    addresses = runtime_of(request).addresses
    if addresses is not None:
        return addresses.part_request(upload.key, upload.storage_upload_id, number, sha256=sha256)
    expires_at = int(time.time()) + part_addresses.LIFE_SECONDS
    address = PartAddress(upload.id, number, sha256, expires_at)
    query = part_addresses.signed_query(address, key=upload.part_key)
    return SignedRequest(f"{_own_origin(request)}{part_path(upload.id, number)}?{query}", {})


def _own_origin(request: Request) -> str:
    """The very origin that the page is on: a browser sends bytes to no other one of ours."""
    scheme = "https" if is_https(request) else "http"
    return f"{scheme}://{request.headers['host']}"


def _page_url(request: Request, upload: Upload) -> str:
    return absolute(request, page_path(language_of(request), "assets", upload.asset_id))


routes: Sequence[Route] = [
    Route(UPLOADS_PATH, begin, methods=["POST"]),
    Route(UPLOADS_PATH, list_uploads, methods=["GET"]),
    Route(UPLOAD_PATH, show_upload, methods=["GET"]),
    Route(UPLOAD_PATH, abort, methods=["DELETE"]),
    Route(SIGN_PATH, sign_part, methods=["POST"]),
    Route(PART_PATH, put_part, methods=["PUT"]),
    Route(COMPLETE_PATH, complete, methods=["POST"]),
]
