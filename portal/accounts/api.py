"""JSON about the account that asks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.web.openapi import Operation
from portal.web.viewers import account_of


async def show_me(request: Request) -> Response:
    account = account_of(request)
    return JSONResponse(
        {
            "id": account.id,
            "email": account.email,
            "name": account.name,
            "role": account.role.value,
        }
    )


routes = [Route("/api/v1/me", show_me)]

operations = [
    Operation(
        method="GET",
        path="/api/v1/me",
        summary="The account that is signed in",
        answer={
            "type": "object",
            "required": ["id", "email", "name", "role"],
            "properties": {
                "id": {"type": "string"},
                "email": {"type": "string", "format": "email"},
                "name": {"type": "string"},
                "role": {"enum": ["administrator", "editor"]},
            },
        },
        errors=(401,),
        needs_account=True,
    )
]
