"""Steps whose work is divided into chunks, each with a job of its own (`portal.recordings`)."""

from __future__ import annotations

from sqlalchemy import Connection

from portal.assets import steps_repository
from portal.assets.models import Step
from portal.assets.reading import get_asset
from portal.assets.steps import STEP_TASKS, Attempt, hold_attempt
from portal.errors import Conflict
from portal.jobs import Job, defer
from portal.visibility import INSTALLATION


def divide_attempt(connection: Connection, attempt: Attempt) -> None:
    """From here on the attempt goes on as chunks, and is ended by the last of them.

    Raises Superseded, or Conflict when the step must not be divided.
    """
    hold_attempt(connection, attempt)
    if not attempt.may_divide:
        raise Conflict(f"{attempt.step} of {attempt.asset.filename} cannot be made in chunks.")
    steps_repository.divide(connection, attempt.asset.id, attempt.step, attempt.number)


def find_divided_attempt(
    connection: Connection, asset_id: str, step: Step, number: int
) -> Attempt | None:
    """The attempt, held until the transaction ends; None when it has ended or is not wanted."""
    if steps_repository.lock_asset(connection, asset_id) is None:
        return None
    found = steps_repository.divided_attempt(connection, asset_id, step, number)
    if found is None:
        return None
    return Attempt(get_asset(connection, asset_id, viewer=INSTALLATION), step, number, found.tries)


def begin_again_whole(connection: Connection, attempt: Attempt, *, detail: str) -> None:
    """Chunks of it cannot be made: the step runs again in one piece. `detail` says why.

    The divided attempt costs no try; its chunks are superseded. Raises Superseded.
    """
    hold_attempt(connection, attempt)
    asset_id, step = attempt.asset.id, attempt.step
    steps_repository.forbid_division(connection, asset_id, step, attempt.number, detail=detail)
    defer(connection, Job(STEP_TASKS[step], asset_id))
