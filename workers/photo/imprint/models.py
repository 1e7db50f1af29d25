"""What is written into a photo that is handed out, and nothing besides it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal.assets.models import PhotoMetadata
from portal.languages import LocalizedText, in_language
from workers.photo.texts import CAPTION_LENGTH_MAX, KEYWORDS_MAX, clean


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
            keywords=self.keywords[:entries_max],
            people_shown=self.people_shown[:entries_max],
        )


def imprint_of(
    photo: PhotoMetadata,
    *,
    taken_at: datetime | None,
    editors_caption: LocalizedText,
    editors_people: Sequence[str],
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
        people_shown=_names(editors_people) or photo.people_shown,
        city=photo.city,
        country=photo.country,
        taken_at=taken_at,
    )


def _captions(texts: LocalizedText) -> LocalizedText:
    cleaned = {lang: clean(text, length_max=CAPTION_LENGTH_MAX) for lang, text in texts.items()}
    return {language: text for language, text in cleaned.items() if text}


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(clean, names)))[:KEYWORDS_MAX]


def _cut(text: str | None, length_max: int) -> str | None:
    return text and text[:length_max]
