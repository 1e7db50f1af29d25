"""event.yaml: a whole event beside its media, described in one file by an editor."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import localedata

from portal.errors import InvalidInput
from portal.events.marked_yaml import Fault, Faults, Value, read_yaml
from portal.events.models import Contact, EventDescription, PersonEntry, ProgrammeEntry
from portal.languages import PAGE_LANGUAGES, LocalizedText
from portal.slugs import is_slug

MANIFEST_NAME = "event.yaml"
LANGUAGE_PATTERN = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")

EVENT_KEYS = (
    *("slug", "title", "summary", "body", "starts_at", "ends_at", "time_zone"),
    *("default_language", "place", "credit", "contact", "topics", "people", "delegations"),
    *("programme", "publish", "files"),
)
CONTACT_KEYS = ("name", "email", "phone")
PERSON_KEYS = ("name", "role", "variants")
PROGRAMME_KEYS = ("title", "starts_at", "ends_at", "recordings")
FILE_KEYS = ("title", "caption", "language", "people", "sha256")


class Release(StrEnum):
    DRAFT = "draft"
    NOW = "now"


Publish = Release | datetime
"""When the event is released: an instant, at once, or not yet."""


@dataclass(frozen=True)
class FileEntry:
    """What is said of one file. `people` are names as they stand in the event's `people`."""

    title: LocalizedText = field(default_factory=dict)
    caption: LocalizedText = field(default_factory=dict)
    language: str | None = None
    people: tuple[str, ...] = ()
    sha256: str | None = None


@dataclass(frozen=True)
class Manifest:
    event: EventDescription
    publish: Publish
    files: Mapping[str, FileEntry]


class ManifestError(InvalidInput):
    """Everything that is wrong with an event.yaml."""

    code = "invalid_manifest"

    def __init__(self, faults: Collection[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{MANIFEST_NAME} cannot be used:\n{lines}")


def read_manifest(text: str, *, present: Collection[str]) -> Manifest:
    """Read an event.yaml; `present` are the files beside it, by their paths from its folder.

    Raises ManifestError with every fault that was found.
    """
    faults: Faults = []
    root = read_yaml(text, faults)
    manifest = _Reader(root, present, faults).manifest() if root else None
    if faults or manifest is None:
        raise ManifestError(faults)
    return manifest


class _Reader:
    """Reads the parts that depend on one another: zone before times, people before files."""

    def __init__(self, root: Value, present: Collection[str], faults: Faults) -> None:
        self._root = root
        self._present = frozenset(present)
        self._faults = faults
        self._fields = root.fields(EVENT_KEYS)
        self._zone = self._read_zone()
        self._language = self._read_default_language()

    def manifest(self) -> Manifest:
        fields = self._fields
        people = tuple(map(self._person, self._list("people")))
        starts_at, ends_at = self._span(fields)
        event = EventDescription(
            slug=self._slug(),
            title=self._required_title(self._root, fields),
            default_language=self._language,
            time_zone=self._zone.key if self._zone else "UTC",
            summary=self._texts(fields.get("summary")),
            body=self._texts(fields.get("body")),
            place=self._texts(fields.get("place")),
            starts_at=starts_at,
            ends_at=ends_at,
            credit=_text(fields.get("credit")),
            contact=_contact(fields.get("contact")),
            topics=tuple(map(self._texts, self._list("topics"))),
            delegations=tuple(map(self._texts, self._list("delegations"))),
            people=people,
            programme=tuple(map(self._programme_entry, self._list("programme"))),
        )
        return Manifest(event=event, publish=self._publish(), files=self._files(people))

    def _read_zone(self) -> ZoneInfo | None:
        value = self._fields.get("time_zone")
        name = _text(value)
        if value is None or name is None:
            return None
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
            value.fault(f"is no time zone: {name!r}; write one like Europe/Minsk")
            return ZoneInfo("UTC")  # so that times without offset are no second fault

    def _read_default_language(self) -> str:
        return _language(self._fields.get("default_language")) or PAGE_LANGUAGES[0]

    def _slug(self) -> str:
        value = self._fields.get("slug")
        if value is None:
            self._root.fault("slug is missing: it is the event's address, like press-scrum-2019")
            return ""
        slug = value.text() or ""
        if slug and not is_slug(slug):
            value.fault(
                f"{slug!r} is no address: use small Latin letters, digits and single hyphens"
            )
        return slug

    def _publish(self) -> Publish:
        value = self._fields.get("publish")
        if value is None:
            return Release.DRAFT
        if (text := value.text()) in set(Release):
            return Release(text)
        if text and not text[:1].isdigit():
            value.fault(f"must be draft, now or a time, not {text!r}")
            return Release.DRAFT
        return (text and value.instant(self._zone)) or Release.DRAFT

    def _list(self, name: str) -> list[Value]:
        value = self._fields.get(name)
        return [] if value is None else value.items()

    def _texts(self, value: Value | None) -> LocalizedText:
        """A text per language; a plain text is in the event's default language."""
        if value is None:
            return {}
        if not value.is_mapping:
            text = value.text()
            return {} if text is None else {self._language: text}
        texts = {}
        for language, entry in value.entries().items():
            if _check_language(entry, language) and (text := entry.text()) is not None:
                texts[language] = text
        return texts

    def _required_title(self, owner: Value, fields: Mapping[str, Value]) -> LocalizedText:
        if "title" not in fields:
            owner.fault("title is missing")
        return self._texts(fields.get("title"))

    def _span(self, fields: Mapping[str, Value]) -> tuple[datetime | None, datetime | None]:
        starts_at = fields["starts_at"].instant(self._zone) if "starts_at" in fields else None
        ends_at = fields["ends_at"].instant(self._zone) if "ends_at" in fields else None
        if starts_at and ends_at and ends_at < starts_at:
            fields["ends_at"].fault("is before starts_at")
        return starts_at, ends_at

    def _person(self, value: Value) -> PersonEntry:
        if not value.is_mapping:
            return PersonEntry(name=value.text() or "", role={})
        fields = value.fields(PERSON_KEYS)
        if "name" not in fields:
            value.fault("has no name")
        return PersonEntry(
            name=_text(fields.get("name")) or "",
            role=self._texts(fields.get("role")),
            variants=fields["variants"].texts() if "variants" in fields else (),
        )

    def _programme_entry(self, value: Value) -> ProgrammeEntry:
        fields = value.fields(PROGRAMME_KEYS)
        starts_at, ends_at = self._span(fields)
        recordings = fields.get("recordings")
        names = recordings.texts() if recordings else ()
        for name in names:
            self._check_present(recordings or value, name)
        return ProgrammeEntry(
            title=self._required_title(value, fields),
            starts_at=starts_at,
            ends_at=ends_at,
            recordings=names,
        )

    def _files(self, people: tuple[PersonEntry, ...]) -> Mapping[str, FileEntry]:
        value = self._fields.get("files")
        known = {name: person.name for person in people for name in (person.name, *person.variants)}
        entries = {} if value is None else value.entries()
        for name, entry in entries.items():
            self._check_present(entry, name)
        return {name: self._file(entry, known) for name, entry in entries.items()}

    def _file(self, value: Value, known_people: Mapping[str, str]) -> FileEntry:
        fields = value.fields(FILE_KEYS)
        people = fields["people"].texts() if "people" in fields else ()
        for name in people:
            if name not in known_people:
                fields["people"].fault(f"names {name!r}, who is not in the event's people")
        return FileEntry(
            title=self._texts(fields.get("title")),
            caption=self._texts(fields.get("caption")),
            language=_language(fields.get("language")),
            people=tuple(dict.fromkeys(known_people.get(name, name) for name in people)),
            sha256=_sha256(fields.get("sha256")),
        )

    def _check_present(self, value: Value, name: str) -> None:
        if name not in self._present:
            value.fault(f"names the file {name!r}, which is not in the folder")


def _text(value: Value | None) -> str | None:
    return None if value is None else value.text()


def _contact(value: Value | None) -> Contact | None:
    if value is None:
        return None
    fields = value.fields(CONTACT_KEYS)
    return Contact(**{name: entry.text() for name, entry in fields.items()})


def _language(value: Value | None) -> str | None:
    language = _text(value)
    if value is None or language is None or not _check_language(value, language):
        return None
    return language


def _check_language(value: Value, language: str) -> bool:
    if LANGUAGE_PATTERN.fullmatch(language) and localedata.exists(language.replace("-", "_")):
        return True
    value.fault(f"is no language: {language!r}; write a code like en, ru or be")
    return False


def _sha256(value: Value | None) -> str | None:
    digest = (_text(value) or "").lower()
    if value is not None and digest and not SHA256_PATTERN.fullmatch(digest):
        value.fault("is no SHA-256: it must have 64 hexadecimal digits")
    return digest or None
