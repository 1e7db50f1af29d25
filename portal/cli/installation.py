"""The installation that a command acts on, as its administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from portal.installation.service import require_sound
from portal.logs import configure_logging
from portal.runtime import Runtime, open_runtime
from portal.settings import Settings, load_settings

PAGE_LANGUAGE = "en"
"""The language of pages that commands point to."""


def read_settings(*, quiet: bool = True) -> Settings:
    """The settings, with logs set up by them. Quiet commands log from warnings on.

    Raises SettingsError.
    """
    settings = load_settings()
    is_chatty = settings.log_level == "info"
    level = "warning" if quiet and is_chatty else settings.log_level
    configure_logging(settings.model_copy(update={"log_level": level}))
    return settings


def make_data_folder(settings: Settings) -> None:
    """Make it, if it is missing, for this account alone; one that is there stays as it is."""
    with suppress(OSError):  # whatever is first to need the folder says why it cannot be made
        settings.data_path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Runtime]:
    """Everything that the settings name, open; an embedded database is started and migrated.

    Raises SettingsError, DatabaseUnavailable, StorageUnavailable, or Conflict when an outside
    database is not at the revision of this version, or knows another data folder.
    """
    settings = settings or read_settings()
    make_data_folder(settings)
    with open_runtime(settings) as runtime:
        require_sound(runtime)
        yield runtime


def address_of(settings: Settings, path: str) -> str:
    """An absolute address when the installation knows its own, else the path."""
    return (settings.base_url or "") + path


def asset_page(settings: Settings, asset_id: str) -> str:
    return address_of(settings, f"/{PAGE_LANGUAGE}/assets/{asset_id}")


def event_page(settings: Settings, slug: str) -> str:
    return address_of(settings, f"/{PAGE_LANGUAGE}/events/{slug}")
