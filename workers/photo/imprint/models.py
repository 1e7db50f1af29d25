"""What is written into a photo that is handed out, and nothing besides it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from portal.assets.models import PhotoMetadata
from portal.languages import LocalizedText, in_language
from portal.people import service as people
from portal.people.models import Person
from workers.photo.texts import CAPTION_LENGTH_MAX, LANGUAGES_MAX, PEOPLE_MAX, clean


@dataclass(frozen=True)
class Imprint:
    """`caption` is for those who ask for no language; `captions` by language, when it is known.

    `taken_at` has its offset.
    """

    caption: str | None = None
    captions: LocalizedText = field(default_factory=dict)
    headline: str | None = None
    creator: str | None = None
    credit: str | None = None
    source: str | None = None
    copyright: str | None = None
    keywords: tuple[str, ...] = ()
    people_shown: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    taken_at: datetime | None = None

    def shortened(self, *, length_max: int, entries_max: int) -> Imprint:
        """With no text longer and no list of more entries than that."""
        return replace(
            self,
            caption=_cut(self.caption, length_max),
            captions={language: text[:length_max] for language, text in self.captions.items()},
            headline=_cut(self.headline, length_max),
            creator=_cut(self.creator, length_max),
            credit=_cut(self.credit, length_max),
            source=_cut(self.source, length_max),
            copyright=_cut(self.copyright, length_max),
            keywords=_cut_all(self.keywords[:entries_max], length_max),
            people_shown=_cut_all(self.people_shown[:entries_max], length_max),
            city=_cut(self.city, length_max),
            country=_cut(self.country, length_max),
        )


def imprint_of(
    photo: PhotoMetadata,
    *,
    taken_at: datetime | None,
    editors_caption: LocalizedText,
    editors_people: Sequence[Person],
    default_language: str,
    event_credit: str | None,
) -> Imprint:
    """What the editors say of a photo comes before what it says of itself."""
    captions = _captions(editors_caption) or _captions(photo.captions)
    own = None if _captions(editors_caption) else photo.caption
    return Imprint(
        caption=own or in_language(captions, [default_language]) or None,
        captions=captions,
        headline=photo.headline,
        creator=photo.creator,
        credit=photo.credit or clean(event_credit or ""),
        source=photo.source,
        copyright=photo.copyright,
        keywords=photo.keywords,
        people_shown=_everybody(editors_people, photo.people_shown),
        city=photo.city,
        country=photo.country,
        taken_at=taken_at,
    )


def _captions(texts: LocalizedText) -> LocalizedText:
    cleaned = {lang: clean(text, length_max=CAPTION_LENGTH_MAX) for lang, text in texts.items()}
    found = ((language, text) for language, text in cleaned.items() if text)
    return dict(islice(found, LANGUAGES_MAX))


def _everybody(linked: Sequence[Person], written: Sequence[str]) -> tuple[str, ...]:
    """Whom the editors name, and after them whom else the photo does."""
    names = (*(person.name for person in linked), *people.names_beside(linked, written))
    return tuple(filter(None, map(clean, names)))[:PEOPLE_MAX]


def _cut_all(texts: Iterable[str], length_max: int) -> tuple[str, ...]:
    return tuple(text[:length_max] for text in texts)


def _cut(text: str | None, length_max: int) -> str | None:
    return text and text[:length_max]
