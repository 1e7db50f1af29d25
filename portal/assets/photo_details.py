"""What the page of a photo tells."""

from __future__ import annotations

from dataclasses import dataclass

from portal.assets.models import Asset, PhotoMetadata
from portal.assets.renditions import downloads_of
from portal.assets.subject import EventLink, Link, Pairs, Subject, file_facts, measures
from portal.assets.views import (
    Download,
    Notice,
    Picture,
    asset_caption,
    asset_captions,
    asset_path,
    asset_title,
    credit_of,
    large_picture,
    taken_in_zone,
)
from portal.delivery.filenames import download_name
from portal.delivery.urls import download_path
from portal.people import service as people
from portal.web.addresses import phrase_path
from portal.web.i18n import msg
from portal.web.presentation import (
    Fact,
    Text,
    facts_in,
    format_size,
    language_name,
    plain_text,
)


@dataclass(frozen=True)
class CaptionView:
    language_name: str
    words: Text


@dataclass(frozen=True)
class PhotoPage:
    """`captions` are those in other languages than the heading's."""

    path: str
    heading: Text
    captions: tuple[CaptionView, ...]
    credit: str
    event: EventLink
    notice: Notice | None
    picture: Picture | None
    people: tuple[Link, ...]
    keywords: tuple[Link, ...]
    facts: tuple[Fact, ...]
    technical: tuple[Fact, ...]
    downloads: tuple[Download, ...]


def photo_page(subject: Subject) -> PhotoPage:
    asset, event, language = subject.asset, subject.event, subject.language
    heading = asset_caption(asset, language=language, event=event) or asset_title(
        asset, language=language, event=event
    )
    return PhotoPage(
        path=asset_path(asset, language=language),
        heading=heading,
        captions=_other_captions(subject, heading),
        credit=credit_of(asset, event=event),
        event=subject.event_link,
        notice=subject.notice,
        picture=large_picture(asset, alt=str(heading)),
        people=subject.people_links,
        keywords=_keywords(asset, language),
        facts=facts_in(language, _photo_facts(subject)),
        technical=facts_in(language, file_facts(subject)),
        downloads=_downloads(asset, language=language),
    )


def _photo_facts(subject: Subject) -> Pairs:
    photo = subject.asset.photo or PhotoMetadata()
    own = subject.asset.language
    headline = photo.headline and plain_text(photo.headline, language=subject.language, spoken=own)
    return [
        (msg("Headline"), headline if photo.headline != photo.caption else None),
        (
            msg("Taken"),
            taken_in_zone(subject.asset, language=subject.language, event=subject.event),
        ),
        (msg("Place"), ", ".join(filter(None, (photo.city, photo.country)))),
        (msg("People shown"), ", ".join(_unlinked_names(subject, photo))),
        (msg("Photographer"), photo.creator),
        (msg("Credit"), photo.credit or subject.event.credit),
        (msg("Source"), photo.source),
        (msg("Copyright"), photo.copyright),
        (msg("Camera"), photo.camera),
        (msg("Lens"), photo.lens),
        (msg("Exposure"), photo.exposure),
        (msg("Picture"), measures(subject.asset.width, subject.asset.height)),
    ]


def _unlinked_names(subject: Subject, photo: PhotoMetadata) -> list[str]:
    """Whom the photo names, without those who have a page of their own here."""
    return people.names_beside(subject.people, photo.people_shown)


def _other_captions(subject: Subject, heading: Text) -> tuple[CaptionView, ...]:
    asset, language = subject.asset, subject.language
    texts = asset_captions(asset)
    return tuple(
        CaptionView(
            language_name(code, language=language),
            Text(words, code, is_foreign=code != language),
        )
        for code, words in sorted(texts.items())
        if words and code != heading.language and words != heading.words
    )


def _keywords(asset: Asset, language: str) -> tuple[Link, ...]:
    words = asset.photo.keywords if asset.photo else ()
    return tuple(Link(phrase_path(language, word), word) for word in words)


def _downloads(asset: Asset, *, language: str) -> tuple[Download, ...]:
    return tuple(
        Download(
            path=download_path(asset.id, size.name),
            filename=download_name("", asset.filename, size.name),
            name=measures(size.width, size.height) or "",
            size=format_size(size.size_bytes, language=language),
        )
        for size in downloads_of(asset)
    )
