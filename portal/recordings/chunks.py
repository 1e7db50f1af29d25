"""How a step is split into chunks, how they begin and end, and when all are made.

Whoever writes holds the asset first, as with steps: of two chunks that end at once, one is last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Step
from portal.assets.service import Attempt
from portal.errors import Superseded
from portal.jobs import Job, Task, defer
from portal.recordings import chunks_repository
from portal.recordings.models import ChunkTry

DIVISIBLE_STEP: Final = Step.TRANSCODE
"""The only step that is ever split."""


def split(connection: Connection, attempt: Attempt, plans: Sequence[Mapping[str, object]]) -> None:
    """The attempt goes on as chunks; each is queued as a job of its own.

    Raises Superseded, Conflict when it must not be split, or ValueError.
    """
    if attempt.step is not DIVISIBLE_STEP or not plans:
        raise ValueError(f"{attempt.step} cannot be split into {len(plans)} chunks")
    assets_service.divide_attempt(connection, attempt)
    chunks_repository.forget(connection, attempt.asset.id)  # those of earlier attempts
    ids = chunks_repository.add(connection, attempt.asset.id, attempt.number, plans)
    for number, chunk_id in enumerate(ids, start=1):
        # The first of every recording before the second of any: none waits for a whole long one.
        defer(connection, Job(Task.CHUNK, chunk_id, priority=-number))


def due_jobs(connection: Connection, asset_id: str) -> list[Job]:
    """The jobs of the chunks that are yet to be made, whether queued, running or missed."""
    unmade = chunks_repository.unmade(connection, asset_id, DIVISIBLE_STEP)
    return [Job(Task.CHUNK, chunk_id) for chunk_id in unmade]


def begin_chunk(connection: Connection, chunk_id: str) -> ChunkTry | None:
    """Start a try at a chunk; None when it is made, or its attempt has ended or is superseded."""
    place = chunks_repository.place_of(connection, chunk_id)
    if place is None:
        return None
    attempt = assets_service.find_divided_attempt(
        connection, place.asset_id, DIVISIBLE_STEP, place.attempt
    )
    if attempt is None:
        return None
    begun = chunks_repository.begin(connection, chunk_id)
    if begun is None:
        return None
    return ChunkTry(
        id=chunk_id,
        attempt=attempt,
        number=place.number,
        count=place.count,
        tries=begun.tries,
        costly_tries=begun.tries - begun.free_tries,
        plan=begun.plan,
    )


def record_chunk_progress(connection: Connection, chunk_try: ChunkTry, progress: float) -> None:
    """`progress` runs from 0 to 1; the step's is made of those of its chunks.

    Raises Superseded.
    """
    _hold(connection, chunk_try)
    attempt = chunk_try.attempt
    mean = chunks_repository.mean_progress(
        connection, attempt.asset.id, attempt.number, chunk_id=chunk_try.id, progress=progress
    )
    assets_service.record_progress(connection, attempt, mean)
    chunks_repository.set_progress(connection, chunk_try.id, chunk_try.tries, progress=progress)


def finish_chunk(
    connection: Connection, chunk_try: ChunkTry, result: Mapping[str, object]
) -> Sequence[Mapping[str, object]] | None:
    """The chunk is made. When it was the last, the results of all in order, else None.

    Raises Superseded.
    """
    _hold(connection, chunk_try)
    chunks_repository.set_result(connection, chunk_try.id, chunk_try.tries, result)
    attempt = chunk_try.attempt
    return chunks_repository.results(connection, attempt.asset.id, attempt.number)


def try_chunk_again(
    connection: Connection, chunk_try: ChunkTry, *, is_free: bool, delay_seconds: float = 0
) -> None:
    """The try has come to nothing: queue the next one. A free one costs none.

    Raises Superseded.
    """
    _hold(connection, chunk_try)
    chunks_repository.wait_again(connection, chunk_try.id, chunk_try.tries, is_free=is_free)
    defer(connection, Job(Task.CHUNK, chunk_try.id), delay_seconds=delay_seconds)


def give_up_chunks(connection: Connection, chunk_try: ChunkTry, *, detail: str) -> None:
    """The chunk cannot be made or joined: the step is run again in one piece.

    Raises Superseded.
    """
    _hold(connection, chunk_try)
    assets_service.begin_again_whole(connection, chunk_try.attempt, detail=detail)


def is_made_by(connection: Connection, chunk_try: ChunkTry) -> bool:
    """Whether what the chunk consists of was stored by this try."""
    return chunks_repository.is_made_by(connection, chunk_try.id, chunk_try.tries)


def _hold(connection: Connection, chunk_try: ChunkTry) -> None:
    assets_service.hold_attempt(connection, chunk_try.attempt)
    if not chunks_repository.is_own(connection, chunk_try.id, chunk_try.tries):
        raise Superseded(
            f"Try {chunk_try.tries} at chunk {chunk_try.number} of {chunk_try.attempt.asset.id} "
            "is no longer wanted."
        )
