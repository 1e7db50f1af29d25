"""From the paths that a user names to plans: folders are walked, event.yaml files are read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from portal.errors import InvalidInput
from portal.events.manifest import MANIFEST_NAME, Manifest, ManifestError, read_manifest
from portal.events.marked_yaml import TEXT_BYTES_MAX, Fault
from portal.ingest.plan import (
    Plan,
    PlannedFile,
    is_left_out,
    nested_manifests,
    plan_described_event,
    sending_order,
)
from portal.slugs import is_slug


def plan_paths(paths: Sequence[Path], *, event_slug: str | None) -> list[Plan]:
    """One plan per event; nothing is written.

    Raises InvalidInput when the paths and `event_slug` do not fit together, ManifestError when an
    event.yaml is faulty.
    """
    if event_slug is not None and not is_slug(event_slug):
        raise InvalidInput(
            f"{event_slug!r} cannot be an event's address: use small Latin letters, digits and "
            "single hyphens, such as press-scrum-2019."
        )
    described: list[Plan] = []
    loose: list[PlannedFile] = []
    for path in map(_folder_of_manifest, paths):
        if (path / MANIFEST_NAME).is_file():
            described.append(_described(path, event_slug=event_slug))
        else:
            loose += _loose(path)
    plans = [*described, *([_named(event_slug, loose)] if loose else [])]
    if not any(plan.files or plan.manifest for plan in plans):
        raise InvalidInput("There is no file to bring in: the folder is empty.")
    return plans


def list_files(folder: Path) -> list[str]:
    """Paths of all files under `folder`, from it, with "/"; links to folders are not followed."""
    return sorted(_walk(folder))


def _walk(folder: Path) -> Iterator[str]:
    for parent, _folders, names in os.walk(folder, onerror=_refuse):
        for name in names:
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _refuse(error: OSError) -> None:
    raise InvalidInput(f"The folder {error.filename} cannot be read: {error.strerror}.") from error


def _folder_of_manifest(path: Path) -> Path:
    return path.parent if path.name == MANIFEST_NAME else path


def _described(folder: Path, *, event_slug: str | None) -> Plan:
    names = _material(folder)
    manifest = _read(folder / MANIFEST_NAME, names)
    if event_slug is not None and event_slug != manifest.event.slug:
        raise InvalidInput(
            f"{folder / MANIFEST_NAME} describes the event {manifest.event.slug!r}, but --event "
            f"says {event_slug!r}; leave --event out."
        )
    return plan_described_event(folder, names, manifest)


def _read(path: Path, names: Sequence[str]) -> Manifest:
    try:
        with path.open("rb") as stream:
            text = _decoded(stream.read(TEXT_BYTES_MAX + 1))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    return read_manifest(text, present=names)


def _decoded(data: bytes) -> str:
    if len(data) > TEXT_BYTES_MAX:
        return data.decode(errors="replace")  # cut somewhere; its reader says that it is too long
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ManifestError([Fault(line, "this is not UTF-8 text")]) from error


def _loose(path: Path) -> list[PlannedFile]:
    if not path.is_dir():
        return [PlannedFile(path=path, name=path.name)]
    return [PlannedFile(path=path / name, name=name) for name in _material(path)]


def _material(folder: Path) -> list[str]:
    names = list_files(folder)
    if nested := nested_manifests(names):
        raise InvalidInput(
            f"{folder / nested[0]} describes an event of its own; name its folder instead: "
            f"{(folder / nested[0]).parent}"
        )
    return [name for name in names if not is_left_out(name)]


def _named(event_slug: str | None, files: Sequence[PlannedFile]) -> Plan:
    if event_slug is None:
        raise InvalidInput(
            "Say which event the files belong to, with --event SLUG, or describe the event in a "
            f"file {MANIFEST_NAME} beside them."
        )
    unique = {file.path.resolve(): file for file in files}
    by_name: dict[str, list[PlannedFile]] = {}
    for file in unique.values():
        by_name.setdefault(file.name, []).append(file)
    ordered = [file for name in sending_order(by_name) for file in by_name[name]]
    return Plan(slug=event_slug, files=tuple(ordered))
