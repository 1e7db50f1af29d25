"""`/media/…/hls/`: playlists of picture and sound, rendered from rows, and their segments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.assets.made_files import PLAYLIST_TYPE, media_type_of
from portal.assets.models import Rendition, RenditionKind
from portal.delivery import repository
from portal.delivery.answers import text_answer
from portal.delivery.asked import (
    ATTEMPT,
    RENDITION,
    SEGMENT,
    STEP,
    asset_id_of,
    nothing_here,
    part_of,
)
from portal.delivery.media_playlists import has_keyframes, keyframe_playlist, media_playlist
from portal.delivery.multivariant import multivariant_playlist
from portal.delivery.offers import Offer, offered
from portal.delivery.senders import stored_answer
from portal.delivery.sources import FOR_MINUTES, Source
from portal.storage import keys
from portal.transcripts import service as transcripts
from portal.visibility import Viewer
from portal.web.transactions import in_one_statement, in_transaction
from portal.web.viewers import viewer_of


async def show_master(request: Request) -> Response:
    ladder, languages = await find_master(request)
    offer = offer_of(ladder)
    if not offer.playlists:
        raise nothing_here()
    return playlist_answer(request, ladder, multivariant_playlist(offer, captions=languages))


async def show_playlist(request: Request) -> Response:
    ladder = await _find_ladder(request)
    rendition, offer = _rendition(request, ladder), offer_of(ladder)
    is_preview = rendition.kind is RenditionKind.PREVIEW
    if is_preview and rendition != offer.preview:
        raise nothing_here()  # the ladder has taken its place: players ask for the master again
    text = media_playlist(
        rendition,
        target=max(offer.target_seconds, Offer(preview=rendition).target_seconds),
        is_growing=is_preview and bool(ladder.open_steps),
        starts_at=ladder.captured_at,
    )
    return playlist_answer(request, ladder, text)


async def show_keyframes(request: Request) -> Response:
    ladder = await _find_ladder(request)
    rendition = _rendition(request, ladder)
    if rendition.kind is not RenditionKind.VIDEO or not has_keyframes(rendition):
        raise nothing_here()
    text = keyframe_playlist(rendition, starts_at=ladder.captured_at)
    return playlist_answer(request, ladder, text)


async def send_segment(request: Request) -> Response:
    """Of any attempt, as long as its bytes are there.

    A new attempt takes over the playlists; who plays the old one's can go on.
    """
    asset_id = asset_id_of(request)
    step, attempt = part_of(request, "step", STEP), int(part_of(request, "attempt", ATTEMPT))
    name, filename = part_of(request, "name", RENDITION), part_of(request, "filename", SEGMENT)
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
        raise nothing_here()
    key = keys.result(asset_id, step, attempt, f"{name}/{filename}")
    return await stored_answer(
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


async def find_master(request: Request) -> tuple[repository.Ladder, Sequence[str]]:
    """The ladder and the languages of the captions. Raises NotFound."""
    return await in_transaction(
        request, _find_master, asset_id_of(request), viewer=viewer_of(request)
    )


def offer_of(ladder: repository.Ladder) -> Offer:
    return offered(ladder.renditions, open_steps=ladder.open_steps)


async def _find_ladder(request: Request) -> repository.Ladder:
    """Raises NotFound."""
    ladder = await in_one_statement(
        request, repository.find_ladder, asset_id_of(request), viewer=viewer_of(request)
    )
    if ladder is None:
        raise nothing_here()
    return ladder


def playlist_answer(request: Request, ladder: repository.Ladder, text: str) -> Response:
    return text_answer(request, text, media_type=PLAYLIST_TYPE, is_public=ladder.is_public)


def _find_master(
    connection: Connection, asset_id: str, *, viewer: Viewer
) -> tuple[repository.Ladder, Sequence[str]]:
    ladder = repository.find_ladder(connection, asset_id, viewer=viewer)
    if ladder is None:
        raise nothing_here()
    shown = transcripts.transcripts_of(connection, asset_id, viewer=viewer, with_cues=False)
    return ladder, list(dict.fromkeys(transcript.language for transcript in shown))


def _rendition(request: Request, ladder: repository.Ladder) -> Rendition:
    """The HLS rendition that is asked for. Raises NotFound."""
    name = part_of(request, "name", RENDITION)
    found = (r for r in ladder.renditions if r.name == name and r.segment_seconds)
    rendition = next(found, None)
    if rendition is None:
        raise nothing_here()
    return rendition
