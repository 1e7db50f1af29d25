"""The least that a server can do with a part: hash the body and write it to its place in a file.

granian --interface asgi tests.bench.bare_receiver:receive, with BARE_RECEIVER_FILE in the
environment; the path of a request is the part's offset.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

_file = os.open(os.environ["BARE_RECEIVER_FILE"], os.O_RDWR | os.O_CREAT)


async def receive(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    offset = int(scope["path"].strip("/") or 0)
    digest = hashlib.sha256()
    is_over = False
    while not is_over:
        message = await receive()
        chunk = message.get("body", b"")
        digest.update(chunk)
        os.pwrite(_file, chunk, offset)
        offset += len(chunk)
        is_over = not message.get("more_body")
    headers = [(b"etag", digest.hexdigest().encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
