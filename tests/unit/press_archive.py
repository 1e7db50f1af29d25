"""An event with everything that pages can show, as the services would answer it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal.assets.made_files import media_type_of
from portal.assets.models import (
    Asset,
    AssetState,
    Kind,
    Original,
    Outcome,
    PhotoMetadata,
    Rendition,
    RenditionKind,
    Step,
    StepRecord,
)
from portal.events.models import Contact, Event, ProgrammeItem
from portal.events.views import Material
from portal.people.models import EventPerson, Person
from portal.transcripts.models import Cue, Transcript, TranscriptStatus

MORNING = datetime(2019, 6, 4, 7, 0, tzinfo=UTC)
"""10:00 in Minsk."""
NASTY = "<script>alert(1)</script> & \"quoted\" 'words'"

SPEAKER = Person("p1", "gerhard-jarosch", "Gerhard Jarosch", ("Yarosch", "Ярош"))

EVENT = Event(
    id="event",
    slug="press-scrum-2019",
    default_language="en",
    time_zone="Europe/Minsk",
    title={"en": "Press scrum", "ru": "Подход к прессе"},
    summary={"en": "Questions after the plenary session."},
    body={"en": "# Agreed\n\nOne *form* for all. <b>raw</b>"},
    place={"en": "Minsk"},
    starts_at=MORNING,
    ends_at=MORNING + timedelta(days=2),
    credit="Press Service",
    contact=Contact("Irina Petrova", "press@example.org", "+375 17 000-00-00"),
    released_at=MORNING,
    withdrawn_at=None,
    state="public",
    updated_at=MORNING,
    programme=(
        ProgrammeItem("opening", {"en": "Opening"}, MORNING, MORNING + timedelta(hours=1)),
        ProgrammeItem(
            "scrum", {"en": "Scrum"}, MORNING + timedelta(hours=2), MORNING + timedelta(hours=3)
        ),
    ),
    topics=({"en": "Evidence"},),
    delegations=({"en": "Latvia", "ru": "Латвия"},),
    people=(EventPerson(SPEAKER, {"en": "President"}),),
)


def rendition(name: str, kind: RenditionKind, *, width: int = 0, height: int = 0) -> Rendition:
    return Rendition(
        name=name,
        step=Step.TRANSCODE,
        attempt=1,
        kind=kind,
        key=f"key/{name}",
        media_type=media_type_of(name),
        size_bytes=1234,
        sha256="0" * 64,
        width=width or None,
        height=height or None,
    )


def asset(
    name: str,
    kind: Kind,
    *,
    renditions: tuple[Rendition, ...] = (),
    captured_at: datetime | None = None,
    programme_item_id: str | None = None,
    steps: tuple[StepRecord, ...] = (),
    photo: PhotoMetadata | None = None,
    title: str = "",
    language: str | None = "en",
) -> Asset:
    return Asset(
        id=name,
        event_id=EVENT.id,
        kind=kind,
        filename=f"{name}.bin",
        title={"en": title} if title else {},
        caption={},
        language=language,
        programme_item_id=programme_item_id,
        captured_at=captured_at,
        duration_seconds=3723.4 if kind.is_recording else None,
        width=1280,
        height=720,
        created_at=MORNING,
        original=Original("key", 12_345_678, "video/mp4", "ab" * 32, None),
        steps=steps,
        renditions=renditions,
        photo=photo,
        people_ids=(SPEAKER.id,),
    )


SCRUM = asset(
    "scrum",
    Kind.VIDEO,
    renditions=(
        rendition("360p", RenditionKind.VIDEO, width=640, height=360),
        rendition("audio", RenditionKind.AUDIO),
        rendition("poster.jpg", RenditionKind.IMAGE, width=1280, height=720),
    ),
    programme_item_id="scrum",
    title=NASTY,
)
RADIO = asset("radio", Kind.AUDIO, renditions=(rendition("audio", RenditionKind.AUDIO),))
BROKEN = asset(
    "broken",
    Kind.VIDEO,
    steps=(
        StepRecord(
            Step.PROBE, 1, 1, None, MORNING, MORNING, Outcome.FAILED, "broken.bin is no video."
        ),
    ),
)
PHOTO = asset(
    "photo",
    Kind.PHOTO,
    renditions=tuple(
        rendition(
            f"photo-{width}.{ending}", RenditionKind.IMAGE, width=width, height=width * 2 // 3
        )
        for width in (800, 320, 1600)
        for ending in ("jpg", "webp")
    ),
    captured_at=MORNING + timedelta(hours=2, minutes=5),
    photo=PhotoMetadata(
        caption=NASTY,
        captions={"ru": "Первая отметка"},
        creator="A. Sidorenko",
        source="BelTA",
        keywords=("press",),
        people_shown=("Yarosch", "Olga Karpova"),
        city="Minsk",
        camera="Canon EOS 40D",
        placeholder="LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    ),
    language=None,
)
MINUTES = asset("minutes", Kind.CAPTIONS, language="ru")

ASSETS = (SCRUM, RADIO, BROKEN, PHOTO, MINUTES)
MATERIAL = Material(
    assets=ASSETS,
    states={
        **{found.id: AssetState.READY for found in ASSETS},
        BROKEN.id: AssetState.FAILED,
    },
    spoken={SCRUM.id: ["en", "ru"], MINUTES.id: ["ru"]},
)


def transcript(language: str, *cues: Cue) -> Transcript:
    return Transcript(
        id=f"t-{language}",
        asset_id=SCRUM.id,
        source_asset_id=f"captions-{language}",
        language=language,
        status=TranscriptStatus.SUPPLIED,
        cues=cues,
    )


TRANSCRIPTS = [
    transcript(
        "en",
        Cue(1.0, 3.0, "Good afternoon.", "Gerhard Jarosch"),
        Cue(3.5, 7.0, NASTY, "Gerhard Jarosch"),
        Cue(7.0, 9.0, "When does it start?", "Journalist"),
    ),
    transcript("ru", Cue(1.0, 3.0, "Добрый день.")),
]
