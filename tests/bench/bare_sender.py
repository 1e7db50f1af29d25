"""The least that a server can do with a segment: send it from memory, asking nobody.

granian --interface asgi tests.bench.bare_sender:send_segment, with BARE_SENDER_FILE in the
environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_body = Path(os.environ["BARE_SENDER_FILE"]).read_bytes()
_headers = [(b"content-length", str(len(_body)).encode()), (b"content-type", b"video/mp4")]


async def send_segment(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": _headers})
    await send({"type": "http.response.body", "body": _body})
