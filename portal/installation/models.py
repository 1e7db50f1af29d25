"""The local folders that every process of an installation must share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portal.settings import Settings, variable_name


@dataclass(frozen=True)
class SharedFolder:
    """`instead` is the setting by which an outside part takes the folder's place."""

    name: str
    path: Path
    holds: str
    instead: str


OBJECTS = "objects"
"""Where the stored files lie: a folder, or a bucket."""


def claimed_folders(settings: Settings) -> tuple[SharedFolder, ...]:
    """Those that the database must know: the objects also when it is an embedded one, for there
    may be another store that holds its files.
    """
    objects = (_objects(settings),) if settings.is_local_storage else ()
    return (*objects, *(f for f in shared_folders(settings) if f.name != OBJECTS))


def shared_folders(settings: Settings) -> tuple[SharedFolder, ...]:
    """Those that another machine could miss.

    With an embedded database there is no other machine: its folder is the installation.
    """
    if settings.is_embedded_database:
        return ()
    search = SharedFolder(
        name="search",
        path=settings.data_path / "search",
        holds="the search index",
        instead=variable_name("meili_url"),
    )
    return (
        *((_objects(settings),) if settings.is_local_storage else ()),
        *((search,) if settings.is_embedded_search else ()),
    )


def _objects(settings: Settings) -> SharedFolder:
    return SharedFolder(
        name=OBJECTS,
        path=settings.data_path / "objects",
        holds="the stored files",
        instead=variable_name("s3_endpoint_url"),
    )
