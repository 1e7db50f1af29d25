"""What the addresses under `/media/` hold; whatever cannot be one of ours is missing."""

from __future__ import annotations

import re

from starlette.requests import Request

from portal.errors import NotFound
from portal.ids import is_id

RENDITION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
FILE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\.[a-z0-9]{1,4}")
SEGMENT = re.compile(r"init\.mp4|[0-9]{5,9}(?:-[1-9][0-9]{0,3})?\.m4s")
STEP = re.compile(r"preview|transcode|sound")
ATTEMPT = re.compile(r"[1-9][0-9]{0,8}")
CAPTIONS_NUMBER = re.compile(r"(?!0+$)[0-9]{5}")


def asset_id_of(request: Request) -> str:
    """Raises NotFound."""
    asset_id: str = request.path_params["asset_id"]
    if not is_id(asset_id):
        raise nothing_here()
    return asset_id


def part_of(request: Request, name: str, pattern: re.Pattern[str]) -> str:
    """The part of the address called `name`. Raises NotFound unless it looks like one."""
    value: str = request.path_params[name]
    if not pattern.fullmatch(value):
        raise nothing_here()
    return value


def nothing_here() -> NotFound:
    """Missing, hidden and wrongly named answer alike."""
    return NotFound("There is no such file, or it is not public (yet).")
