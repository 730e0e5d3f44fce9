"""The OpenAPI document: what the library cannot know of keys, refusals and problem details."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import OpenAPISchema

from songhe.kit.api.operations import Operation

ABOUT = """The JSON API of Songhe (松鹤) for other systems of a county.

A key opens what its account's roles open, no more: names and fields that are not open to the
account are masked or null here as on the pages, what lies outside of its regions and grants is
404, and reads of persons are in the audit, by the key. Sign in with `Authorization: Bearer`.
`Accept-Language: en` asks for English words, Chinese is what comes otherwise. Values are in the
canonical UCUM unit of their code. Unknown parameters and fields are refused, not ignored."""
PROBLEM = "application/problem+json"
_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "Why it was refused (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string", "description": "A sentence in the asked language."},
        "code": {"type": "string", "description": "Stable, for programs: people.no_such_person."},
        "request_id": {"type": "string", "description": "Names the request in log and audit."},
        "field": {"type": "string", "description": "The value that is to blame, if one is."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
            },
        },
    },
    "required": ["type", "status", "title", "code", "request_id"],
}
_STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503)
_REFERENCE = {"$ref": "#/components/schemas/Problem"}


class Document(OpenAPISchema):
    """The library's document; two shapes of one name are a fault, not the last one's shape."""

    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        for name, shape in definitions.items():
            if self.schemas.setdefault(name, shape) != shape:
                raise ValueError(f"two shapes of the API are called {name}")


def completed(raw: Mapping[str, Any], declared: Mapping[str, Operation]) -> dict[str, Any]:
    """Return the document with keys, refusals by status, and nothing that varies by install."""
    document = dict(raw)
    document.pop("servers", None)
    components = dict(document["components"])
    components["schemas"] = dict(sorted({**components["schemas"], "Problem": _PROBLEM}.items()))
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "songhe_…"}
    }
    components["responses"] = {
        _name(status): {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"schema": _REFERENCE}},
        }
        for status in _STATUSES
    }
    document["components"] = components
    document["paths"] = dict(sorted(document["paths"].items()))
    for methods in document["paths"].values():
        for details in methods.values():
            _complete(details, declared[details["operationId"]])
    return document


def _complete(details: dict[str, Any], operation: Operation) -> None:
    for parameter in details["parameters"]:
        parameter["schema"] = _asked(parameter["schema"])
    if operation.action is not None:
        details["security"] = [{"key": []}]
        details["x-songhe-action"] = operation.action
    told = {str(status): answer for status, answer in details["responses"].items()}
    for status in _refusals(details, operation):
        told[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    details["responses"] = dict(sorted(told.items()))


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _refusals(details: Mapping[str, Any], operation: Operation) -> set[int]:
    found = {400, 405, 413, 429, 503, *operation.refuses}
    found |= {422}  # a parameter that is not known
    if operation.action is not None:
        found |= {401, 403}
    if "requestBody" in details:
        found |= {415}
    if "{" in operation.route:
        found |= {404}
    return found


def _asked(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema without null, which no address can say."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "default")}
    if "default" in schema and schema["default"] is not None:
        kept["default"] = schema["default"]
    choices = [one for one in kept.pop("anyOf", ()) if one.get("type") != "null"]
    return kept | (choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {})
