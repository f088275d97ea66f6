"""Validates real responses against the OpenAPI document, strictly: members that a schema does not name are errors."""
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from dev.contract_files.openapi import document

JSON = ("application/json", "application/problem+json")


@cache
def published_document() -> Mapping[str, Any]:
    return document()


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Fixed paths before those with parameters."""
    known = sorted(published_document()["paths"], key=lambda p: (p.count("{"), p))
    return [(re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(p))), p) for p in known]


def path_of(path: str) -> str | None:
    return next((known for pattern, known in _paths() if pattern.fullmatch(path)), None)


def violations(response: httpx.Response) -> list[str]:
    """Differences between a response and its published route: status, media type, content."""
    request = response.request
    path, method = path_of(request.url.path), request.method.lower()
    operation = published_document()["paths"].get(path, {}).get(method)
    if operation is None or response.status_code in (404, 405) or response.status_code == 501:
        return []
    kind = response.headers.get("content-type", "").partition(";")[0]
    published = operation["responses"].get(str(response.status_code)) or operation["responses"].get("default")
    if published is None:
        return [f"{method} {path} responds {response.status_code}, which is not published"]
    if kind not in JSON:
        return []
    if kind not in published.get("content", {}):
        return [f"{method} {path} responds {response.status_code} as {kind}; published: "
                f"{list(published.get('content', {}))}"]
    validator = _validator(f"{method} {path}", _pointer(operation, response.status_code), kind)
    return [f"{method} {path} {response.status_code}: {e.instance_path} {e.message}"
            for e in validator.iter_errors(response.json())]


def _pointer(operation: Mapping[str, Any], status: int) -> str:
    return str(status) if str(status) in operation["responses"] else "default"


@cache
def _validator(operation: str, status: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    method, _, path = operation.partition(" ")
    schema = published_document()["paths"][path][method]["responses"][status]["content"][kind]["schema"]
    return jsonschema_rs.Draft202012Validator(
        {**_strict(schema), "components": _strict(published_document()["components"])}, validate_formats=True)


def _strict(schema: Any) -> Any:
    """The schema without additional properties, unless it declares them."""
    if isinstance(schema, list):
        return [_strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {k: _strict(v) for k, v in schema.items()}
    if isinstance(strict.get("properties"), dict) and strict.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    return strict


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in published_document()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


async def validate_response(response: httpx.Response) -> None:
    """Event hook of the test clients: validates every response."""
    if response.request.url.path == "/v1/live":
        return
    await response.aread()
    found = violations(response)
    assert not found, "\n".join(found[:10])
