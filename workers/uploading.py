"""The job that puts an acknowledged upload together."""

from __future__ import annotations

from portal.errors import Conflict, ObjectMissing
from portal.runtime import Runtime
from portal.uploads import service


def finish_upload(runtime: Runtime, upload_id: str) -> None:
    """Parts that do not make the file fail the asset for good; storage errors are tried again."""
    try:
        service.finish(runtime, upload_id)
    except (Conflict, ObjectMissing) as error:
        service.give_up(runtime, upload_id, str(error))
