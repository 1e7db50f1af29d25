"""What a downloaded file says of itself: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.assets.models import Asset
from portal.events.models import Event
from portal.languages import in_language
from workers.video.raw_values import text


@dataclass(frozen=True)
class FileTexts:
    """Empty where there is nothing to say."""

    title: str = ""
    event_title: str = ""
    credit: str = ""

    @property
    def tags(self) -> Mapping[str, str]:
        """By ffmpeg's names of tags."""
        return {name: words for name, words in self._named() if words}

    def _named(self) -> tuple[tuple[str, str], ...]:
        # The credit may be that of photographers: it names nobody who is heard, so no artist.
        return ("title", self.title), ("album", self.event_title), ("copyright", self.credit)


def file_texts(asset: Asset, event: Event) -> FileTexts:
    """In the event's own language: the file has one title."""
    languages = [event.default_language]
    return FileTexts(
        title=text(in_language(asset.title, languages)) or "",
        event_title=text(in_language(event.title, languages)) or "",
        credit=text(event.credit) or "",
    )
