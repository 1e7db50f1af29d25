"""An archive to search: rows written as the features write them, and committed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from portal.db import tables
from portal.ids import new_id
from portal.runtime import Runtime
from portal.search import service
from portal.search.documents import Document, DocumentKind
from portal.search.models import SearchRequest, SearchResults
from portal.visibility import PUBLIC, Viewer

HOUR = timedelta(hours=1)
MEDIAELEMENT = (
    (0.1, 4, "HTML5 <video> and <audio> was supposed to be awesome, powerful, and fun."),
    (4, 7, "But browser vendors couldn't agree on a codec"),
    (7, 10, "and older browsers don't support <video> at all."),
    (10, 12, 'This means <video src="myfile.mp4" /> doesn\'t work ...'),
    (12, 14, "until now."),
)


class Archive:
    """Each verb is a transaction of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        with runtime.engine.begin() as connection:
            self.now: datetime = connection.scalars(select(func.now())).one()

    def add(self, table: Any, **values: object) -> None:
        with self.runtime.engine.begin() as connection:
            connection.execute(insert(table).values(**values))

    def change(self, table: Any, id: str, **values: object) -> None:  # noqa: A002
        with self.runtime.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == id).values(**values))

    def event(self, slug: str, *, released: bool = True, **values: object) -> str:
        event_id = new_id()
        released_at = self.now - HOUR if released else None
        row = {"title": {"en": slug}, "released_at": released_at, **values}
        self.add(tables.events, id=event_id, slug=slug, **row)
        return event_id

    def asset(self, event_id: str, kind: str, *, verified: bool = True, **values: object) -> str:
        (asset_id,) = self.assets(event_id, kind, count=1, verified=verified, **values)
        return asset_id

    def assets(
        self, event_id: str, kind: str, *, count: int, verified: bool = True, **values: object
    ) -> list[str]:
        """That are alike, in one transaction."""
        ids = [new_id() for _ in range(count)]
        asset = {"event_id": event_id, "kind": kind, "filename": "draft.bin", **values}
        original = {
            "event_id": event_id,
            "size_bytes": 1,
            "media_type": "application/octet-stream",
            "verified_at": self.now if verified else None,
        }
        originals = [{"asset_id": each, "key": f"originals/{each}", **original} for each in ids]
        with self.runtime.engine.begin() as connection:
            connection.execute(insert(tables.assets), [{"id": each, **asset} for each in ids])
            connection.execute(insert(tables.originals), originals)
        return ids

    def captions(
        self,
        event_id: str,
        lines: tuple[tuple[float, float, str], ...],
        *,
        verified: bool = True,
        **values: object,
    ) -> str:
        asset_id = self.asset(event_id, "captions", verified=verified)
        self.transcript(asset_id, lines, **values)
        return asset_id

    def embedded(self, video_id: str, lines: tuple[tuple[float, float, str], ...]) -> None:
        self.transcript(video_id, lines, origin="embedded", recording_id=video_id)

    def transcript(
        self, asset_id: str, lines: tuple[tuple[float, float, str], ...], **values: object
    ) -> None:
        transcript_id = new_id()
        row = {"origin": "file", "language": "en", "status": "supplied", **values}
        self.add(tables.transcripts, id=transcript_id, source_asset_id=asset_id, **row)
        for position, (start, end, text) in enumerate(lines):
            self.add(
                tables.cues,
                transcript_id=transcript_id,
                position=position,
                start_seconds=start,
                end_seconds=end,
                text=text,
            )

    def photo_documents(
        self, event_id: str, slug: str, *, count: int, title: str
    ) -> list[Document]:
        """Of photos that are in Postgres; the documents themselves are for the caller to index."""
        return [
            Document(
                id=f"photo:{asset_id}",
                owner_id=asset_id,
                kind=DocumentKind.PHOTO,
                event_id=event_id,
                event_slug=slug,
                asset_id=asset_id,
                person_slug=None,
                language="en",
                title=title,
                text="",
                released_at=self.now - HOUR,
            )
            for asset_id in self.assets(event_id, "photo", count=count)
        ]

    def person(self, name: str, slug: str, *variants: str) -> str:
        person_id = new_id()
        self.add(tables.people, id=person_id, name=name, slug=slug)
        for variant in variants:
            self.add(tables.person_variants, person_id=person_id, variant=variant)
        return person_id

    def search(self, query: str, *, viewer: Viewer = PUBLIC, **options: Any) -> SearchResults:
        request = SearchRequest(query=query, **options)
        with self.runtime.engine.begin() as connection:
            return service.search(connection, self.runtime.search, request, viewer=viewer)

    def rebuild(self) -> int:
        with self.runtime.engine.begin() as connection:
            return service.rebuild_index(connection, self.runtime.search)
