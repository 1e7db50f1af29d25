"""The page of one asset: a recording with its transcript, a photo, or captions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from portal.assets import service
from portal.assets.details import (
    CaptionsPage,
    RecordingPage,
    captions_page,
    recording_page,
)
from portal.assets.models import Kind
from portal.assets.photo_details import PhotoPage, photo_page
from portal.assets.subject import Subject
from portal.events import service as events_service
from portal.people import service as people_service
from portal.recordings import service as recordings_service
from portal.transcripts import service as transcripts_service
from portal.transcripts.models import Transcript
from portal.transcripts.views import (
    LANGUAGE_PARAMETER,
    TranscriptView,
    choose,
    one_per_language,
    transcript_view,
)
from portal.visibility import Viewer
from portal.web.i18n import language_of
from portal.web.localized import localized
from portal.web.templating import render
from portal.web.transactions import in_transaction
from portal.web.viewers import viewer_of

TEMPLATES = {
    RecordingPage: "recording.html",
    PhotoPage: "photo.html",
    CaptionsPage: "captions.html",
}


@dataclass(frozen=True)
class Wishes:
    """What the address asks for: a second, and the language of the transcript."""

    at_seconds: float | None
    transcript_language: str | None


async def show_asset(request: Request) -> Response:
    query = request.query_params
    page = await in_transaction(
        request,
        _page,
        request.path_params["asset_id"],
        Wishes(_seconds(query.get("t")), query.get(LANGUAGE_PARAMETER)),
        viewer=viewer_of(request),
        language=language_of(request),
    )
    return render(request, TEMPLATES[type(page)], page=page)


def _page(
    connection: Connection, asset_id: str, wishes: Wishes, *, viewer: Viewer, language: str
) -> RecordingPage | PhotoPage | CaptionsPage:
    subject = _subject(connection, asset_id, viewer=viewer, language=language)
    if subject.asset.kind is Kind.PHOTO:
        return photo_page(subject)
    transcripts = one_per_language(
        transcripts_service.transcripts_of(connection, asset_id, viewer=viewer)
    )
    transcript = _transcript(subject, transcripts, wishes)
    if subject.asset.kind.is_recording:
        return recording_page(
            subject, transcripts, transcript=transcript, start_seconds=wishes.at_seconds
        )
    recordings = [found.asset_id for found in transcripts if found.asset_id != asset_id]
    return captions_page(subject, transcript=transcript, recording_id=next(iter(recordings), None))


def _subject(connection: Connection, asset_id: str, *, viewer: Viewer, language: str) -> Subject:
    asset = service.get_asset(connection, asset_id, viewer=viewer)
    return Subject(
        asset=asset,
        state=service.state_of(asset),
        detail=service.detail_of(asset),
        event=events_service.get_event_by_id(connection, asset.event_id, viewer=viewer),
        people=people_service.people_by_ids(connection, asset.people_ids),
        language=language,
        recording=recordings_service.recording_of(connection, asset_id),
        is_editor=viewer.sees_everything,
    )


def _transcript(
    subject: Subject, transcripts: Sequence[Transcript], wishes: Wishes
) -> TranscriptView | None:
    chosen = choose(
        transcripts,
        asked=wishes.transcript_language,
        language=subject.language,
        spoken=subject.asset.language,
    )
    if chosen is None:
        return None
    return transcript_view(
        chosen, transcripts, language=subject.language, at_seconds=wishes.at_seconds
    )


def _seconds(given: str | None) -> float | None:
    """The second in an address; nonsense is no wish rather than a fault."""
    try:
        seconds = float(given or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


routes = localized("assets/{asset_id}", show_asset)
