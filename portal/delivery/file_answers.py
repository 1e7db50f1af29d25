"""`/media/{asset}/…`: single files, what was made of an asset and what came in."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from portal.assets.made_files import UNKNOWN_TYPE
from portal.delivery import repository
from portal.delivery.asked import FILE, asset_id_of, nothing_here, part_of
from portal.delivery.filenames import attachment, download_name
from portal.delivery.repository import StoredFile
from portal.delivery.senders import stored_answer
from portal.delivery.sources import ASK_AGAIN, FOR_MINUTES, Source
from portal.delivery.urls import DOWNLOAD
from portal.languages import in_language
from portal.web.transactions import in_one_statement
from portal.web.viewers import viewer_of

OFFERED_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/vtt",
        "application/json",
        "video/mp4",
        "audio/mp4",
    }
)
"""Nothing that runs on our address, whatever a row may say."""
ORIGINAL_POLICY = "sandbox; default-src 'none'"
"""Foreign bytes, whatever they claim to be, run nothing on our address."""


async def send_file(request: Request) -> Response:
    """Shown in place, or with `?download=1` kept under a name that tells what it is."""
    name = part_of(request, "name", FILE)
    file = await in_one_statement(
        request, repository.find_file, asset_id_of(request), name, viewer=viewer_of(request)
    )
    if file is None:
        raise nothing_here()
    is_download = request.query_params.get(DOWNLOAD) == "1"
    return await stored_answer(
        request,
        Source(
            key=file.key,
            etag=f'"{file.sha256}"',
            media_type=file.media_type if file.media_type in OFFERED_TYPES else UNKNOWN_TYPE,
            is_public=file.is_public,
            caching=FOR_MINUTES,
            size_bytes=file.size_bytes,
            headers=_kept_as(file, name) if is_download else {},
        ),
    )


def _kept_as(file: StoredFile, name: str) -> Mapping[str, str]:
    title = in_language(file.title, file.languages)
    return {"Content-Disposition": attachment(download_name(title, file.filename, name))}


async def send_original(request: Request) -> Response:
    """For the desk only: an original may hold places and names that renditions leave out."""
    viewer = viewer_of(request)
    if not viewer.sees_everything:
        raise nothing_here()
    original = await in_one_statement(
        request, repository.find_original, asset_id_of(request), viewer=viewer
    )
    if original is None:
        raise nothing_here()
    return await stored_answer(
        request,
        Source(
            key=original.key,
            etag=f'"{original.sha256 or original.key}"',
            media_type=UNKNOWN_TYPE,
            is_public=False,
            caching=ASK_AGAIN,
            size_bytes=original.size_bytes,
            headers={
                "Content-Disposition": attachment(original.filename),
                "Content-Security-Policy": ORIGINAL_POLICY,
            },
        ),
    )
