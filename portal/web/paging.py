"""Lists that come in pages: numbers in the address, and the address of what follows."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from portal.errors import InvalidInput
from portal.web.addresses import absolute

OFFSET_MAX = 1_000_000


def number_parameter(
    parameters: QueryParams, name: str, *, default: int, least: int = 0, most: int
) -> int:
    """Raises InvalidInput."""
    given = parameters.get(name) or str(default)
    is_number = given.isascii() and given.isdigit() and len(given) < 10
    if is_number and least <= int(given) <= most:
        return int(given)
    sentence = f"Write a number from {least} to {most}."
    raise InvalidInput(f"The {name} is wrong.", fields={name: sentence})


def address_from(request: Request, offset: int) -> str:
    """Of the same list, from `offset` on; absolute."""
    parameters = request.query_params.multi_items()
    kept = [(name, value) for name, value in parameters if name != "offset"]
    query = urlencode([*kept, ("offset", str(offset))])
    return absolute(request, f"{request.scope['path']}?{query}")
