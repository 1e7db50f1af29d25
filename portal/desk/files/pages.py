"""Taking the files of a form without script, and the way back with what became of each."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from portal.accounts.models import Account
from portal.desk.files.report import PARAMETER, FormReport, Refused, pack
from portal.errors import PortalError
from portal.events import service as events_service
from portal.runtime import Runtime
from portal.uploads import service as uploads_service
from portal.uploads.models import UploadState
from portal.visibility import Viewer
from portal.web.file_forms import SentFile, read_files
from portal.web.forms import csrf_token
from portal.web.store_threads import run_in_store_thread
from portal.web.transactions import in_transaction, runtime_of
from portal.web.viewers import account_of


async def take_files(request: Request) -> Response:
    account, runtime = account_of(request), runtime_of(request)
    slug = request.path_params["slug"]
    event_id = await in_transaction(request, _event_id, slug, viewer=account.viewer)
    bytes_max = runtime.settings.upload_form_bytes_max
    report = FormReport()
    async for sent in read_files(
        request, folder=runtime.settings.scratch_path, file_bytes_max=bytes_max
    ):
        report = await run_in_store_thread(_taken, runtime, report, sent, account, event_id)
    return _back(request, slug, report)


def _event_id(connection: Connection, slug: str, *, viewer: Viewer) -> str:
    return events_service.get_event(connection, slug, viewer=viewer).id


def _taken(
    runtime: Runtime, report: FormReport, sent: SentFile, account: Account, event_id: str
) -> FormReport:
    """The report with one more file: what concerns this one alone does not hinder the others."""
    if sent.body is None:
        limit = runtime.settings.upload_form_bytes_max
        fault = (
            f"{sent.filename} is larger than the {limit:,} bytes that this form takes. "
            "Switch JavaScript on to send it."
        )
        return _refused(report, sent, fault)
    try:
        upload = uploads_service.take_file(
            runtime,
            sent.body,
            event_id=event_id,
            account_id=account.id,
            filename=sent.filename,
        )
    except PortalError as error:
        return _refused(report, sent, str(error))
    if upload.state is UploadState.DUPLICATE:
        return replace(report, known=(*report.known, upload.filename))
    return replace(report, taken=(*report.taken, upload.filename))


def _refused(report: FormReport, sent: SentFile, sentence: str) -> FormReport:
    return replace(report, refused=(*report.refused, Refused(sent.filename, sentence)))


def _back(request: Request, slug: str, report: FormReport) -> Response:
    query = urlencode({PARAMETER: pack(report, secret=csrf_token(request))})
    return RedirectResponse(f"/desk/events/{slug}?{query}#sent", status_code=303)


routes = [Route("/desk/events/{slug}/files", take_files, methods=["POST"])]
