"""`/media/…`: playlists, segments, images, captions and originals, each to who may see it.

What is missing, hidden or wrongly named answers alike: 404, with the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.assets.made_files import PLAYLIST_TYPE, UNKNOWN_TYPE, media_type_of
from portal.assets.models import RenditionKind
from portal.delivery import repository
from portal.delivery.answers import text_answer
from portal.delivery.playlists import (
    master_playlist,
    media_playlist,
    playable,
)
from portal.delivery.senders import stored_answer
from portal.delivery.sources import ASK_AGAIN, FOR_MINUTES, Source
from portal.delivery.urls import MASTER, MEDIA
from portal.errors import NotFound, ObjectMissing
from portal.ids import is_id
from portal.storage import keys
from portal.transcripts import service as transcripts
from portal.transcripts.formats import write_vtt
from portal.transcripts.models import Transcript
from portal.visibility import Viewer
from portal.web.transactions import in_one_statement, in_transaction
from portal.web.viewers import viewer_of

CAPTIONS_TYPE = "text/vtt; charset=utf-8"
IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})

RENDITION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
IMAGE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\.[a-z0-9]{1,4}")
SEGMENT = re.compile(r"init\.mp4|[0-9]{5,9}(?:-[1-9][0-9]{0,3})?\.m4s")
STEP = re.compile(r"preview|transcode|sound")
ATTEMPT = re.compile(r"[1-9][0-9]{0,8}")

ORIGINAL_POLICY = "sandbox; default-src 'none'"
"""Foreign bytes, whatever they claim to be, run nothing on our address."""


async def show_master(request: Request) -> Response:
    ladder = await _ladder(request)
    offered = playable(ladder.renditions)
    if not offered:
        raise _nothing_here()
    return _playlist(request, ladder, master_playlist(offered))


async def show_playlist(request: Request) -> Response:
    ladder = await _ladder(request)
    name = request.path_params["name"]
    rendition = next((r for r in ladder.renditions if r.name == name and r.segment_seconds), None)
    if rendition is None:
        raise _nothing_here()
    is_growing = rendition.kind is RenditionKind.PREVIEW and not ladder.is_complete
    return _playlist(request, ladder, media_playlist(rendition, is_growing=is_growing))


async def send_segment(request: Request) -> Response:
    """Of any attempt, as long as its bytes are there.

    A new attempt takes over the playlists; who plays the old one's can go on.
    """
    asset_id = _asset_id(request)
    step, attempt = _part(request, "step", STEP), int(_part(request, "attempt", ATTEMPT))
    name, filename = _part(request, "name", RENDITION), _part(request, "filename", SEGMENT)
    segment = await in_one_statement(
        request,
        repository.find_segment,
        asset_id,
        name,
        step=step,
        attempt=attempt,
        filename=filename,
        viewer=viewer_of(request),
    )
    if segment is None:
        raise _nothing_here()
    key = keys.result(asset_id, step, attempt, f"{name}/{filename}")
    return await _stored(
        request,
        Source(
            key=key,
            etag=f'"{key}"',
            media_type=media_type_of(filename),
            is_public=segment.is_public,
            caching=FOR_MINUTES,
            is_listed=segment.is_listed,
        ),
    )


async def send_image(request: Request) -> Response:
    name = _part(request, "name", IMAGE)
    image = await in_one_statement(
        request, repository.find_image, _asset_id(request), name, viewer=viewer_of(request)
    )
    if image is None:
        raise _nothing_here()
    return await _stored(
        request,
        Source(
            key=image.key,
            etag=f'"{image.sha256}"',
            media_type=image.media_type if image.media_type in IMAGE_TYPES else UNKNOWN_TYPE,
            is_public=image.is_public,
            caching=FOR_MINUTES,
            size_bytes=image.size_bytes,
        ),
    )


async def show_captions(request: Request) -> Response:
    is_public, transcript = await in_transaction(
        request,
        _find_captions,
        _asset_id(request),
        request.path_params["language"],
        viewer=viewer_of(request),
    )
    text = write_vtt(transcript.cues)
    return text_answer(request, text, media_type=CAPTIONS_TYPE, is_public=is_public)


async def send_original(request: Request) -> Response:
    """For the desk only: an original may hold places and names that renditions leave out."""
    viewer = viewer_of(request)
    if not viewer.sees_everything:
        raise _nothing_here()
    original = await in_one_statement(
        request, repository.find_original, _asset_id(request), viewer=viewer
    )
    if original is None:
        raise _nothing_here()
    return await _stored(
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


def attachment(filename: str) -> str:
    """Old programs read the plain name, all others the exact one (RFC 6266, 4.3 and RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def _ladder(request: Request) -> repository.Ladder:
    ladder = await in_one_statement(
        request, repository.find_ladder, _asset_id(request), viewer=viewer_of(request)
    )
    if ladder is None:
        raise _nothing_here()
    return ladder


def _playlist(request: Request, ladder: repository.Ladder, text: str) -> Response:
    return text_answer(request, text, media_type=PLAYLIST_TYPE, is_public=ladder.is_public)


def _find_captions(
    connection: Connection, asset_id: str, language: str, *, viewer: Viewer
) -> tuple[bool, Transcript]:
    """(whether it is public, the transcript). Raises NotFound."""
    is_public = repository.find_public_flag(connection, asset_id, viewer=viewer)
    if is_public is None:
        raise _nothing_here()
    for transcript in transcripts.transcripts_of(connection, asset_id, viewer=viewer):
        if transcript.language == language:
            return is_public, transcript
    raise _nothing_here()


async def _stored(request: Request, source: Source) -> Response:
    try:
        return await stored_answer(request, source)
    except ObjectMissing as error:
        raise _nothing_here() from error


def _asset_id(request: Request) -> str:
    asset_id: str = request.path_params["asset_id"]
    if not is_id(asset_id):
        raise _nothing_here()
    return asset_id


def _part(request: Request, name: str, pattern: re.Pattern[str]) -> str:
    value: str = request.path_params[name]
    if not pattern.fullmatch(value):
        raise _nothing_here()
    return value


def _nothing_here() -> NotFound:
    return NotFound("There is no such file, or it is not public (yet).")


_ASSET = f"{MEDIA}/{{asset_id}}"

routes: Sequence[Route] = [
    Route(f"{_ASSET}/hls/{MASTER}", show_master),
    Route(f"{_ASSET}/hls/{{name}}.m3u8", show_playlist),
    Route(f"{_ASSET}/hls/{{step}}/{{attempt}}/{{name}}/{{filename}}", send_segment),
    Route(f"{_ASSET}/captions/{{language}}.vtt", show_captions),
    Route(f"{_ASSET}/original", send_original),
    Route(f"{_ASSET}/{{name}}", send_image),
]
