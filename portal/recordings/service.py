"""Rules about recordings: what was measured of them, and which picture stands for them.

Their chunks have a module of their own; all is reached from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Step
from portal.errors import InvalidInput
from portal.recordings import repository
from portal.recordings.chunks import (
    DIVISIBLE_STEP,
    begin_chunk,
    due_jobs,
    finish_chunk,
    give_up_chunks,
    is_made_by,
    record_chunk_progress,
    split,
    try_chunk_again,
)
from portal.recordings.models import Recording
from portal.visibility import INSTALLATION

__all__ = [
    "DIVISIBLE_STEP",
    "begin_chunk",
    "choose_poster",
    "due_jobs",
    "finish_chunk",
    "give_up_chunks",
    "is_made_by",
    "record_chunk_progress",
    "record_facts",
    "record_loudness",
    "recording_of",
    "recordings_of",
    "split",
    "try_chunk_again",
]


def recording_of(connection: Connection, asset_id: str) -> Recording:
    """What is known of it, which may be nothing yet."""
    return recordings_of(connection, [asset_id]).get(asset_id, Recording())


def recordings_of(connection: Connection, asset_ids: Sequence[str]) -> Mapping[str, Recording]:
    """{asset id: what is known of it}, without those of which nothing is."""
    return repository.find(connection, asset_ids)


def record_facts(connection: Connection, asset_id: str, facts: Mapping[str, object]) -> None:
    """Keep what the probe has found, as JSON; it replaces what an earlier one did."""
    repository.record(connection, asset_id, facts=dict(facts))


def record_loudness(
    connection: Connection,
    asset_id: str,
    *,
    loudness_lufs: float | None,
    loudness_range_lu: float | None,
    true_peak_dbtp: float | None,
) -> None:
    """Keep the loudness of the first sound track; None: there is none, or it is silent."""
    repository.record(
        connection,
        asset_id,
        loudness_lufs=loudness_lufs,
        loudness_range_lu=loudness_range_lu,
        true_peak_dbtp=true_peak_dbtp,
    )


def choose_poster(connection: Connection, asset_id: str, seconds: float | None) -> None:
    """Make the poster again of the picture at `seconds`; None leaves the choice to the portal.

    Raises NotFound, Conflict (it has no picture) or InvalidInput.
    """
    asset = assets_service.get_asset(connection, asset_id, viewer=INSTALLATION)
    if seconds is not None and not 0 <= seconds <= (asset.duration_seconds or 0.0):
        raise InvalidInput(
            f"There is no picture at {seconds:.3f} s: {asset.filename} lasts "
            f"{asset.duration_seconds or 0.0:.3f} s."
        )
    # It holds the asset, as whoever ends a step does before it writes here: else they may wait for
    # each other.
    assets_service.retry_step(connection, asset_id, Step.POSTER)
    repository.record(connection, asset_id, poster_at_seconds=seconds)
