"""event.yaml: a whole event beside its media, described in one file by an editor."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portal.errors import InvalidInput
from portal.events.manifest_values import (
    BODY_LENGTH_MAX,
    LINE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    check_language,
    check_people,
    is_language,
    owners_of_names,
    read_contact,
    read_language,
    read_name,
    read_names,
    read_sha256,
    read_slug,
    read_text,
    read_zone,
)
from portal.events.marked_yaml import Fault, Faults, Value, quoted, read_yaml
from portal.events.models import EventDescription, PersonEntry, ProgrammeEntry
from portal.languages import PAGE_LANGUAGES, LocalizedText

MANIFEST_NAME = "event.yaml"

EVENT_KEYS = (
    *("slug", "title", "summary", "body", "starts_at", "ends_at", "time_zone"),
    *("default_language", "place", "credit", "contact", "topics", "people", "delegations"),
    *("programme", "publish", "files"),
)
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
        self._zone = read_zone(self._fields.get("time_zone"))
        self._language = read_language(self._fields.get("default_language")) or PAGE_LANGUAGES[0]

    def manifest(self) -> Manifest:
        fields = self._fields
        people = self._people()
        starts_at, ends_at = self._span(fields)
        event = EventDescription(
            slug=self._slug(),
            title=self._required_title(self._root, fields),
            default_language=self._language,
            time_zone=self._zone.key if self._zone else "UTC",
            summary=self._texts(fields.get("summary"), length_max=TEXT_LENGTH_MAX),
            body=self._texts(fields.get("body"), length_max=BODY_LENGTH_MAX),
            place=self._texts(fields.get("place")),
            starts_at=starts_at,
            ends_at=ends_at,
            credit=read_text(fields.get("credit")),
            contact=read_contact(fields.get("contact")),
            topics=tuple(map(self._texts, self._list("topics"))),
            delegations=tuple(map(self._texts, self._list("delegations"))),
            people=people,
            programme=tuple(map(self._programme_entry, self._list("programme"))),
        )
        return Manifest(event=event, publish=self._publish(), files=self._files(people))

    def _slug(self) -> str:
        if "slug" in self._fields:
            return read_slug(self._fields["slug"])
        self._root.fault("slug is missing: it is the event's address, like press-scrum-2019")
        return ""

    def _publish(self) -> Publish:
        value = self._fields.get("publish")
        if value is None:
            return Release.DRAFT
        if (text := value.text()) in set(Release):
            return Release(text)
        if text and not text[:1].isdigit():
            value.fault(f"must be draft, now or a time, not {quoted(text)}")
            return Release.DRAFT
        return (text and value.instant(self._zone)) or Release.DRAFT

    def _list(self, name: str) -> list[Value]:
        value = self._fields.get(name)
        return [] if value is None else value.items()

    def _texts(self, value: Value | None, *, length_max: int = LINE_LENGTH_MAX) -> LocalizedText:
        """A text per language; a plain text is in the event's default language."""
        if value is None:
            return {}
        if not value.is_mapping:
            text = value.text(length_max=length_max)
            return {} if text is None else {self._language: text}
        entries = value.entries()
        if all(entry.is_absent and is_language(name) for name, entry in entries.items()):
            return {}
        texts = ((name, _text(entry, name, length_max)) for name, entry in entries.items())
        return {language: text for language, text in texts if text is not None}

    def _required_title(self, owner: Value, fields: Mapping[str, Value]) -> LocalizedText:
        if "title" not in fields:
            owner.fault("title is missing")
            return {}
        fault_count = len(self._faults)
        texts = self._texts(fields["title"])
        if not texts and len(self._faults) == fault_count:
            fields["title"].fault("is empty")
        return texts

    def _span(self, fields: Mapping[str, Value]) -> tuple[datetime | None, datetime | None]:
        starts_at = fields["starts_at"].instant(self._zone) if "starts_at" in fields else None
        ends_at = fields["ends_at"].instant(self._zone) if "ends_at" in fields else None
        if starts_at and ends_at and ends_at < starts_at:
            fields["ends_at"].fault("is before starts_at")
        return starts_at, ends_at

    def _people(self) -> tuple[PersonEntry, ...]:
        values = self._list("people")
        people = tuple(map(self._person, values))
        check_people(values, people)
        return people

    def _person(self, value: Value) -> PersonEntry:
        if not value.is_mapping:
            return PersonEntry(name=read_name(value), role={})
        fields = value.fields(PERSON_KEYS)
        if "name" not in fields:
            value.fault("has no name")
        return PersonEntry(
            name=read_name(fields.get("name")),
            role=self._texts(fields.get("role")),
            variants=read_names(fields.get("variants")),
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
        entries = {} if value is None else value.entries()
        for name, entry in entries.items():
            self._check_present(entry, name)
            if entry.is_absent:
                entry.fault(f"says nothing of the file{entry.comma_hint}")
        owners = owners_of_names(people)
        return {
            name: self._file(entry, owners)
            for name, entry in entries.items()
            if not entry.is_absent
        }

    def _file(self, value: Value, owners: Mapping[str, tuple[str, ...]]) -> FileEntry:
        fields = value.fields(FILE_KEYS)
        names = read_names(fields.get("people"))
        for name in names:
            _check_owner(fields["people"], name, owners.get(name, ()))
        return FileEntry(
            title=self._texts(fields.get("title")),
            caption=self._texts(fields.get("caption"), length_max=TEXT_LENGTH_MAX),
            language=read_language(fields.get("language")),
            people=tuple(dict.fromkeys(owners.get(name, (name,))[0] for name in names)),
            sha256=read_sha256(fields.get("sha256")),
        )

    def _check_present(self, value: Value, name: str) -> None:
        if name not in self._present:
            value.fault(f"names the file {quoted(name)}, which is not in the folder")


def _text(value: Value, language: str, length_max: int) -> str | None:
    """The text in one of several languages; where others have one, none may be left empty."""
    if not value.is_absent:
        text = value.text(length_max=length_max)
        return text if check_language(value, language) else None
    state = "is empty" if is_language(language) else "is no language"
    value.fault(f"{state}{value.comma_hint}")
    return None


def _check_owner(value: Value, name: str, owners: Sequence[str]) -> None:
    """Exactly one person of the event must be meant."""
    if not owners:
        value.fault(f"names {name!r}, who is not in the event's people")
    elif len(owners) > 1:
        value.fault(f"names {name!r}, who may be {' or '.join(owners)}; write the whole name")
