"""Answers that leave the bytes to others, each for one request that was authorised; pure.

`redirected` sends the browser to the store itself; `accelerated` tells the nginx in front of us
which internal place to send from: infra/nginx, and
https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from portal.delivery.conditions import forwarded_range
from portal.delivery.sources import Source, caching_header, sharing_headers
from portal.storage.interface import ADDRESS_SECONDS_MIN, SignedAddresses

REDIRECT_SECONDS: Final = ADDRESS_SECONDS_MIN // 2
"""How long caches may keep a redirect; what they then still hold leads somewhere for as long."""
REDIRECT_CACHING = f"public, max-age={REDIRECT_SECONDS}"
STORE_SAYS = ("Content-Disposition",)
"""Headers of ours, besides type and caching, that a store can be told to answer with."""

SENDER_SAYS = ("Accept-Ranges",)
"""Headers that whoever sends the bytes adds himself."""

OBJECTS = "/-/objects"
STORE = "/-/store"
"""Internal places of infra/nginx: the folder of the objects, and the store by a signed address."""
PLACE_HEADER = "X-Accel-Redirect"
RANGE_HEADER = "X-Media-Range"


def redirected(source: Source, *, method: str, addresses: SignedAddresses) -> Response:
    """To the store. Has no ETag and no conditions: a 304 would revive a redirect that expired."""
    said = {name: value for name, value in source.headers.items() if name in STORE_SAYS}
    said |= {"Content-Type": source.media_type, "Cache-Control": source.cache_control}
    headers = {
        "Location": addresses.object_address(source.key, method=method, answer_headers=said),
        "Cache-Control": caching_header(REDIRECT_CACHING, is_public=source.is_public),
        **sharing_headers(is_public=source.is_public),
    }
    return Response(status_code=302, headers=headers)


def accelerated(
    source: Source,
    *,
    method: str,
    asked: Mapping[str, str],
    addresses: SignedAddresses | None,
) -> Response:
    """To nginx, with all that the answer is to say; `asked` are the request's headers."""
    told = {k: v for k, v in source.answer_headers.items() if k not in SENDER_SAYS}
    headers = {
        **told,
        "Content-Type": source.media_type,
        PLACE_HEADER: _place(source.key, method=method, addresses=addresses),
        RANGE_HEADER: forwarded_range(asked, etag=source.etag),
    }
    return Response(headers=headers)


def _place(key: str, *, method: str, addresses: SignedAddresses | None) -> str:
    if addresses is None:
        return f"{OBJECTS}/{key}"
    address = urlsplit(addresses.object_address(key, method=method))
    return f"{STORE}{address.path}?{address.query}"
