"""Captions as WebVTT, whole and as segments of HLS, and as SubRip: written for every request."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.delivery import repository
from portal.delivery.answers import text_answer
from portal.delivery.asked import CAPTIONS_NUMBER, asset_id_of, nothing_here, part_of
from portal.delivery.captions import Window, segment_text, window
from portal.delivery.hls_answers import find_master, offer_of, playlist_answer
from portal.delivery.media_playlists import captions_playlist
from portal.transcripts import service as transcripts
from portal.transcripts.formats import write_srt, write_vtt
from portal.transcripts.models import Cue, Transcript
from portal.visibility import Viewer
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of

Writer = Callable[[Sequence[Cue]], str]
CAPTIONS_TYPE = "text/vtt; charset=utf-8"
SUBRIP_TYPE = "application/x-subrip; charset=utf-8"


async def show_captions(request: Request) -> Response:
    is_public, text = await _write(request, write_vtt)
    return text_answer(request, text, media_type=CAPTIONS_TYPE, is_public=is_public)


async def show_captions_as_subrip(request: Request) -> Response:
    is_public, text = await _write(request, write_srt)
    return text_answer(request, text, media_type=SUBRIP_TYPE, is_public=is_public)


async def show_captions_playlist(request: Request) -> Response:
    ladder, languages = await find_master(request)
    offer, language = offer_of(ladder), request.path_params["language"]
    if language not in languages or not offer.is_whole:
        raise nothing_here()
    text = captions_playlist(language, seconds=offer.seconds, starts_at=ladder.captured_at)
    return playlist_answer(request, ladder, text)


async def show_captions_segment(request: Request) -> Response:
    number = int(part_of(request, "number", CAPTIONS_NUMBER))
    is_public, text = await _write(request, segment_text, within=window(number))
    return text_answer(request, text, media_type=CAPTIONS_TYPE, is_public=is_public)


async def _write(
    request: Request, writer: Writer, *, within: Window | None = None
) -> tuple[bool, str]:
    """(whether they are public, the captions in the language that is asked for)."""
    return await in_transaction(
        request,
        _written,
        asset_id_of(request),
        request.path_params["language"],
        writer=writer,
        within=within,
        viewer=viewer_of(request),
    )


def _written(
    connection: Connection,
    asset_id: str,
    language: str,
    *,
    writer: Writer,
    within: Window | None,
    viewer: Viewer,
) -> tuple[bool, str]:
    """Raises NotFound."""
    is_public = repository.find_public_flag(connection, asset_id, viewer=viewer)
    if is_public is None:
        raise nothing_here()
    shown = transcripts.transcripts_of(connection, asset_id, viewer=viewer, with_cues=False)
    transcript = next((t for t in shown if t.language == language), None)
    if transcript is None:
        raise nothing_here()
    return is_public, writer(_cues(connection, transcript, within))


def _cues(connection: Connection, transcript: Transcript, within: Window | None) -> Sequence[Cue]:
    end_seconds = within.end_seconds if within else math.inf
    start_seconds = within.start_seconds if within else -math.inf
    return transcripts.cues_between(
        connection, transcript, start_seconds=start_seconds, end_seconds=end_seconds
    )
