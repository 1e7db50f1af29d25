"""`/api/v1/openapi.json`, assembled from what each api module says of its own endpoints.

An api module exports `routes` and, beside them, `operations`: one `Operation` per method and path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal.web.addresses import origin

Schema = Mapping[str, object]
"""A JSON Schema, as OpenAPI 3.1 has it."""

API_VERSION = "1"
DOCUMENT_PATH = "/api/v1/openapi.json"
PATH_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
ERROR_SENTENCES = {
    400: "Something in the request is wrong.",
    401: "Nobody is signed in.",
    403: "The account may not do this.",
    404: "There is no such thing, or it is not public.",
    408: "The bytes stopped coming; send them again.",
    409: "The request does not fit the state of things.",
    413: "Too large.",
    415: "A type of file that is not taken.",
    429: "Too many requests.",
    503: "A part of the portal is away for a moment.",
    507: "Not enough disk space.",
}
ERROR_SCHEMA: Schema = {
    "type": "object",
    "required": ["error", "detail"],
    "properties": {
        "error": {"type": "string", "description": "A code for programs."},
        "detail": {"type": "string", "description": "A sentence for people."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A sentence for each field that is wrong.",
        },
    },
}


@dataclass(frozen=True)
class Parameter:
    """A query parameter, or more words on a path parameter when `location` is "path"."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    location: str = "query"
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one path. `path` is written as in its route; `answer` is a JSON Schema."""

    method: str
    path: str
    summary: str
    answer: Schema | None
    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    status: int = 200
    errors: Sequence[int] = ()
    needs_account: bool = False


def openapi_route(operations: Sequence[Operation]) -> Route:
    """The endpoint that tells of `operations`, and of itself."""

    async def show_document(request: Request) -> Response:
        return JSONResponse(document([*operations, DOCUMENT_OPERATION], server=origin(request)))

    return Route(DOCUMENT_PATH, show_document)


DOCUMENT_OPERATION = Operation(
    method="GET",
    path=DOCUMENT_PATH,
    summary="This description, as OpenAPI 3.1",
    answer={"type": "object"},
)


def document(operations: Sequence[Operation], *, server: str) -> Mapping[str, object]:
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        methods = paths.setdefault(plain_path(operation.path), {})
        methods[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Press Portal", "version": API_VERSION},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR_SCHEMA},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def plain_path(path: str) -> str:
    """`/assets/{id:str}` -> `/assets/{id}`"""
    return PATH_PARAMETER.sub(r"{\1}", path)


def _describe(operation: Operation) -> Mapping[str, object]:
    described: dict[str, object] = {
        "summary": operation.summary,
        "parameters": [_parameter(p) for p in _all_parameters(operation)],
        "responses": {
            str(operation.status): _answer(operation.answer),
            **{str(status): _error(status) for status in operation.errors},
        },
        "security": [{"bearer": []}] if operation.needs_account else [{}, {"bearer": []}],
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    return described


def _all_parameters(operation: Operation) -> Sequence[Parameter]:
    named = {parameter.name for parameter in operation.parameters}
    unnamed = [name for name in PATH_PARAMETER.findall(operation.path) if name not in named]
    return [*(Parameter(name, "", location="path") for name in unnamed), *operation.parameters]


def _parameter(parameter: Parameter) -> Mapping[str, object]:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.description,
        "required": parameter.required or parameter.location == "path",
        "schema": parameter.schema,
    }


def _answer(schema: Schema | None) -> Mapping[str, object]:
    if schema is None:
        return {"description": "Done; there is no content."}
    return {"description": "Done.", "content": _json(schema)}


def _error(status: int) -> Mapping[str, object]:
    return {
        "description": ERROR_SENTENCES[status],
        "content": _json({"$ref": "#/components/schemas/Error"}),
    }


def _json(schema: Schema) -> Mapping[str, object]:
    return {"application/json": {"schema": schema}}
