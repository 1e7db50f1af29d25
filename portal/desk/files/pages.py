"""Taking the files of a form without script, and the way back with what became of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.accounts.models import Account
from portal.desk.files.report import PARAMETER, FormReport, Refused, pack
from portal.errors import PortalError, TooSlow
from portal.events import service as events_service
from portal.runtime import Runtime
from portal.uploads import service as uploads_service
from portal.uploads.models import UploadState
from portal.visibility import Viewer
from portal.web.body_spool import drain
from portal.web.file_forms import SentFile, read_files
from portal.web.forms import csrf_token
from portal.web.presentation import format_size
from portal.web.store_threads import run_in_store_thread
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import account_of

_THE_REST = "…"
"""Where a report says why it ends: the names of what was not read are not known."""


async def take_files(request: Request) -> Response:
    """Who is refused is read to the end, so that it hears why."""
    report = FormReport()
    try:
        async for so_far in _reports(request):
            report = so_far
    except PortalError as error:
        if not isinstance(error, TooSlow):
            await drain(request)
        if report.is_empty:
            raise
        report = _refused(report, _THE_REST, str(error))
    return _back(request, request.path_params["slug"], report)


async def _reports(request: Request) -> AsyncIterator[FormReport]:
    """The report after each file. Raises as `read_files`, NotSignedIn or NotFound."""
    account, settings = account_of(request), runtime_of(request).settings
    slug = request.path_params["slug"]
    event_id = await in_transaction(request, _event_id, slug, viewer=account.viewer)
    report = FormReport()
    async for sent in read_files(
        request,
        folder=settings.scratch_path,
        file_bytes_max=settings.upload_form_bytes_max,
        free_bytes_min=settings.disk_free_bytes_min,
    ):
        report = await run_in_store_thread(
            _taken, runtime_of(request), report, sent, account, event_id
        )
        yield report


def _event_id(connection: Connection, slug: str, *, viewer: Viewer) -> str:
    return events_service.get_event(connection, slug, viewer=viewer).id


def _taken(
    runtime: Runtime, report: FormReport, sent: SentFile, account: Account, event_id: str
) -> FormReport:
    """The report with one more file: what concerns this one alone does not hinder the others."""
    if sent.body is None:
        limit = format_size(runtime.settings.upload_form_bytes_max, language="en")
        fault = (
            f"{sent.filename} is larger than the {limit} that this form takes. "
            "Switch JavaScript on to send it."
        )
        return _refused(report, sent.filename, fault)
    try:
        upload = uploads_service.take_file(
            runtime,
            sent.body,
            event_id=event_id,
            account_id=account.id,
            filename=sent.filename,
        )
    except PortalError as error:
        return _refused(report, sent.filename, str(error))
    if upload.state is UploadState.DUPLICATE:
        return replace(report, known=(*report.known, upload.filename))
    return replace(report, taken=(*report.taken, upload.filename))


def _refused(report: FormReport, filename: str, sentence: str) -> FormReport:
    return replace(report, refused=(*report.refused, Refused(filename, sentence)))


def _back(request: Request, slug: str, report: FormReport) -> Response:
    query = urlencode({PARAMETER: pack(report, secret=csrf_token(request))})
    return RedirectResponse(f"/desk/events/{slug}?{query}#sent", status_code=303)


routes = [Route("/desk/events/{slug}/files", take_files, methods=["POST"])]
