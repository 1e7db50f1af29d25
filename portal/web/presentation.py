"""What templates are given: texts that know their language, instants that know their wording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel import Locale, UnknownLocaleError, units
from babel.core import get_global
from markupsafe import Markup

from portal.languages import PAGE_LANGUAGES, LocalizedText
from portal.web import formatting
from portal.web.formatting import LOCALE_NAMES
from portal.web.i18n import gettext

SIZE_UNITS = ("byte", "kilobyte", "megabyte", "gigabyte", "terabyte")


@dataclass(frozen=True)
class Text:
    """`{{ text }}` in a template says which language it is in, when that is not the page's."""

    words: str
    language: str
    is_foreign: bool = False

    def __str__(self) -> str:
        return self.words

    def __bool__(self) -> bool:
        return bool(self.words)

    def __html__(self) -> str:
        if not self.is_foreign:
            return Markup.escape(self.words)
        return Markup('<span lang="{}">{}</span>').format(self.language, self.words)


@dataclass(frozen=True)
class Moment:
    """`{{ moment }}` is a <time> element."""

    iso: str
    words: str

    def __str__(self) -> str:
        return self.words

    def __html__(self) -> str:
        return Markup('<time datetime="{}">{}</time>').format(self.iso, self.words)


@dataclass(frozen=True)
class Fact:
    """A line of a list of names and values."""

    name: str
    value: object


def facts_in(language: str, pairs: Iterable[tuple[str, object]]) -> tuple[Fact, ...]:
    """Those that have a value; names are translated here."""
    return tuple(Fact(gettext(language, name), value) for name, value in pairs if value)


def text_in(texts: LocalizedText, *, language: str, fallbacks: Sequence[str] = ()) -> Text:
    """The text for a reader of `language`, else in the first language that has one."""
    for candidate in (language, *fallbacks, *PAGE_LANGUAGES, *texts):
        if texts.get(candidate):
            return Text(texts[candidate], candidate, is_foreign=candidate != language)
    return Text("", language)


def plain_text(words: str, *, language: str, spoken: str | None) -> Text:
    """A text whose language is known from elsewhere, or not at all."""
    return Text(words, spoken or language, is_foreign=spoken not in {None, language})


def instant(at: datetime, *, language: str, time_zone: str) -> Moment:
    """Day and time, on the clocks of that zone."""
    words = formatting.format_instant(at, language=language, time_zone=time_zone)
    return Moment(at.isoformat(), words)


def day_range(
    starts_at: datetime, ends_at: datetime | None, *, language: str, time_zone: str
) -> Moment:
    words = formatting.format_day_range(starts_at, ends_at, language=language, time_zone=time_zone)
    return Moment(starts_at.isoformat(), words)


def clock_range(starts_at: datetime, ends_at: datetime | None, *, time_zone: str) -> Moment:
    """`10:00–10:45`"""
    words = formatting.format_time(starts_at, time_zone=time_zone)
    if ends_at:
        words += f"–{formatting.format_time(ends_at, time_zone=time_zone)}"
    return Moment(starts_at.isoformat(), words)


def language_name(code: str, *, language: str | None = None, in_sentence: bool = False) -> str:
    """`Russian` to an English reader, `Русский` to its own; the code when nobody knows it.

    Containers write "rus" where a tag is "ru" (RFC 5646, 2.2.1). Inside a sentence it has a capital
    only where its readers write one.
    """
    try:
        locale = Locale.parse(get_global("language_aliases").get(code, code), sep="-")
    except (UnknownLocaleError, ValueError):
        return code
    name = locale.get_display_name(LOCALE_NAMES[language] if language else locale) or code
    return name if in_sentence else name[:1].upper() + name[1:]


def format_size(size_bytes: int, *, language: str) -> str:
    """`3.2 MB`, in thousands."""
    value, unit = float(size_bytes), 0
    while value >= 1000 and unit < len(SIZE_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    rounded = round(value, 1 if value < 10 and unit else 0)
    # Short English bytes have no plural, long Belarusian ones have no right one.
    is_long = unit == 0 and language != "be"
    return units.format_unit(
        rounded,
        f"digital-{SIZE_UNITS[unit]}",
        length="long" if is_long else "short",
        locale=LOCALE_NAMES[language],
    )
