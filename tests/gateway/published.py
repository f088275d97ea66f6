"""Real answers held against the published document, strictly: what an answer has must stand in its schema."""
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from dev.contract_files.openapi import document

JSON = ("application/json", "application/problem+json")


@cache
def described() -> Mapping[str, Any]:
    return document()


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Fixed paths before those with a name in their place."""
    known = sorted(described()["paths"], key=lambda p: (p.count("{"), p))
    return [(re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(p))), p) for p in known]


def path_of(path: str) -> str | None:
    return next((known for pattern, known in _paths() if pattern.fullmatch(path)), None)


def faults(answer: httpx.Response) -> list[str]:
    """What is wrong with an answer, if its route is a published one: its status, its kind, its content."""
    request = answer.request
    path, method = path_of(request.url.path), request.method.lower()
    operation = described()["paths"].get(path, {}).get(method)
    if operation is None or answer.status_code in (404, 405) or answer.status_code == 501:
        return []
    kind = answer.headers.get("content-type", "").partition(";")[0]
    told = operation["responses"].get(str(answer.status_code)) or operation["responses"].get("default")
    if told is None:
        return [f"{method} {path} answers {answer.status_code}, which is not published"]
    if kind not in JSON:
        return []
    if kind not in told.get("content", {}):
        return [f"{method} {path} answers {answer.status_code} as {kind}; published is {list(told.get('content', {}))}"]
    validator = _validator(f"{method} {path}", _pointer(operation, answer.status_code), kind)
    return [f"{method} {path} {answer.status_code}: {e.instance_path} {e.message}"
            for e in validator.iter_errors(answer.json())]


def _pointer(operation: Mapping[str, Any], status: int) -> str:
    return str(status) if str(status) in operation["responses"] else "default"


@cache
def _validator(operation: str, status: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    method, _, path = operation.partition(" ")
    schema = described()["paths"][path][method]["responses"][status]["content"][kind]["schema"]
    return jsonschema_rs.Draft202012Validator(
        {**_strict(schema), "components": _strict(described()["components"])}, validate_formats=True)


def _strict(schema: Any) -> Any:
    """The same, and no field besides those that it names, unless it says that there are some."""
    if isinstance(schema, list):
        return [_strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: _strict(v) for k, v in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in described()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


async def hold(answer: httpx.Response) -> None:
    """For the clients of tests: every answer that they get is held against the document."""
    if answer.request.url.path == "/v1/live":
        return
    await answer.aread()
    found = faults(answer)
    assert not found, "\n".join(found[:10])
