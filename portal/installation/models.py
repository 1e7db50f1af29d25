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


def shared_folders(settings: Settings) -> tuple[SharedFolder, ...]:
    """Those that another machine could miss.

    With an embedded database there is no other machine: its folder is the installation.
    """
    if settings.is_embedded_database:
        return ()
    objects = SharedFolder(
        name="objects",
        path=settings.data_path / "objects",
        holds="the stored files",
        instead=variable_name("s3_endpoint_url"),
    )
    search = SharedFolder(
        name="search",
        path=settings.data_path / "search",
        holds="the search index",
        instead=variable_name("meili_url"),
    )
    return (
        *((objects,) if settings.is_local_storage else ()),
        *((search,) if settings.is_embedded_search else ()),
    )
