from __future__ import annotations

from starlette.routing import Route

from portal.app import OPERATIONS, ROUTES
from portal.web.openapi import (
    DOCUMENT_OPERATION,
    ERROR_SENTENCES,
    Operation,
    Parameter,
    document,
    plain_path,
)


def test_every_api_route_is_described_and_every_description_has_its_route() -> None:
    served = {
        (method, route.path)
        for route in ROUTES
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(one.method, one.path) for one in [*OPERATIONS, DOCUMENT_OPERATION]}
    assert described == served


def test_no_operation_is_described_twice() -> None:
    keys = [(one.method, plain_path(one.path)) for one in OPERATIONS]
    assert len(keys) == len(set(keys))


def test_errors_that_operations_name_have_a_sentence() -> None:
    assert {status for one in OPERATIONS for status in one.errors} <= ERROR_SENTENCES.keys()


def test_an_operation_is_described_in_openapi_words() -> None:
    operation = Operation(
        method="POST",
        path="/api/v1/things/{id:str}",
        summary="Change a thing",
        answer=None,
        status=204,
        body={"type": "object"},
        parameters=[Parameter("dry", "Only try", schema={"type": "boolean"})],
        errors=(404,),
        needs_account=True,
    )
    described = document([operation], server="https://press.test")
    assert described["openapi"] == "3.1.0"
    assert described["servers"] == [{"url": "https://press.test"}]
    assert described["paths"] == {
        "/api/v1/things/{id}": {
            "post": {
                "summary": "Change a thing",
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "description": "",
                        "required": True,
                        "schema": {"type": "string"},
                    },
                    {
                        "name": "dry",
                        "in": "query",
                        "description": "Only try",
                        "required": False,
                        "schema": {"type": "boolean"},
                    },
                ],
                "responses": {
                    "204": {"description": "Done; there is no content."},
                    "404": {
                        "description": ERROR_SENTENCES[404],
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                        },
                    },
                },
                "security": [{"bearer": []}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
            }
        }
    }
