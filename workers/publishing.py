"""Publishing what an attempt has made, and deleting what it has stored for nothing."""

from __future__ import annotations

from sqlalchemy import Connection

from portal.assets import service as assets_service
from portal.assets.models import Step
from portal.assets.service import Attempt
from portal.runtime import Runtime
from portal.storage import keys
from portal.transcripts import service as transcripts_service
from workers.run import StepResult


def publish(connection: Connection, attempt: Attempt, result: StepResult) -> None:
    """Show what was made and end the step, all in the caller's transaction. Raises Superseded."""
    assets_service.publish_renditions(connection, attempt, result.renditions)
    if result.apply is not None:
        result.apply(connection)
    if attempt.step is Step.PROBE:
        transcripts_service.pair_transcripts(connection, attempt.asset.event_id)
    assets_service.finish_attempt(
        connection, attempt, outcome=result.outcome, detail=result.detail, notes=result.notes
    )


def discard(runtime: Runtime, attempt: Attempt) -> None:
    """Delete what the attempt has stored, unless it is shown."""
    prefix = keys.attempt_prefix(attempt.asset.id, attempt.step, attempt.number)
    with runtime.engine.begin() as connection:
        shown = assets_service.shown_keys(connection, attempt.asset.id)
    for found in list(runtime.store.list(prefix)):
        if found.key not in shown:
            runtime.store.delete(found.key)
