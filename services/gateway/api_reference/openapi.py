"""Merges the OpenAPI documents of all services into the public one, with permissions and problem responses."""
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter

from chassis.http.responses import X_OF, ProblemBody
from chassis.service.access_rules import PUBLIC
from services.gateway.routes import is_forwarded, rule_for

METHODS = ("get", "post", "put", "patch", "delete")
SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of the provider, or an API key."},
    "session": {"type": "apiKey", "in": "cookie", "name": "triptych_session",
                "description": "Session of a browser; writes also need the header `x-triptych: console`."},
}
ACCESS_RESPONSES = {"401": "Not signed in", "403": "Not permitted", "429": "Too many requests"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
DEFAULT_RESPONSE = "Refused or failed; the problem states the reason"
FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
"""Error schemas of the web framework; no route responds with them."""


def public_document(own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of all public routes, each with its permission and its problem responses."""
    return with_problems(with_permissions(merge(own, others)))


def merge(own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One document out of the gateway's and the services'. Equal schemas share a name, others get a suffix."""
    merged = _plainly_named(own)
    schemas = merged.setdefault("components", {}).setdefault("schemas", {})
    for number, document in enumerate(map(_plainly_named, others)):
        added = document.get("components", {}).get("schemas", {})
        clashes = {n for n, s in added.items() if n in schemas and schemas[n] != s}
        text = orjson.dumps({"paths": document.get("paths", {}), "schemas": added}).decode()
        for name in clashes:
            text = text.replace(f'#/components/schemas/{name}"', f'#/components/schemas/{name}_{number}"')
        renamed = orjson.loads(text)
        for path, item in renamed["paths"].items():
            if is_forwarded(path):  # operators' routes of the services are not public: the gateway combines them
                merged["paths"][path] = item | merged["paths"].get(path, {})  # services may share a path by method
        schemas |= {f"{n}_{number}" if n in clashes else n: s for n, s in renamed["schemas"].items()}
    merged["paths"] = dict(sorted(merged["paths"].items()))
    _resolve_references(merged, schemas)
    return merged


def _plainly_named(document: Mapping[str, Any]) -> dict[str, Any]:
    """A class that validates more strictly than it serializes has two schemas: `Money` and `MoneyInput`."""
    text = orjson.dumps(document).decode()
    renamed: dict[str, Any] = orjson.loads(re.sub(r'(?<=[/"])(\w+)-Input(?=")', r"\1Input", re.sub(
        r'(?<=[/"])(\w+)-Output(?=")', r"\1", text)))
    return renamed


def _resolve_references(node: Any, schemas: Mapping[str, Any]) -> None:
    """Replaces the names of other services' schemas by `$ref`. Raises KeyError when no document has the schema."""
    if isinstance(node, dict):
        if X_OF in node:
            name = node.pop(X_OF)
            schemas[name]
            node["$ref"] = f"#/components/schemas/{name}"
            node.pop("title", None)
        for inner in list(node.values()):
            _resolve_references(inner, schemas)
    elif isinstance(node, list):
        for inner in node:
            _resolve_references(inner, schemas)


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Every response other than 2xx is a problem (RFC 9457)."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    adapter = TypeAdapter(ProblemBody)
    problem = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    for item in document["paths"].values():
        for method in METHODS:
            responses = item.get(method, {}).get("responses")
            if responses is None:
                continue
            for status, response in responses.items():
                declared = response.get("content", {}).get("application/json", {}).get("schema")
                if status.startswith(("4", "5")) and not declared:
                    response["content"] = {"application/problem+json": {"schema": PROBLEM}}
            responses.pop("422", None)
            default = responses.setdefault("default", {"description": DEFAULT_RESPONSE})
            default.setdefault("content", {})["application/problem+json"] = {"schema": PROBLEM}
    return document


def with_permissions(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to each operation its permission, its security schemes and the responses of a refused request."""
    document.setdefault("components", {})["securitySchemes"] = dict(SCHEMES)
    for path, item in document["paths"].items():
        for method in METHODS:
            rule = rule_for(method.upper(), path) if method in item else None
            if rule is None:
                continue
            operation = item[method]
            if rule.permission == PUBLIC:
                operation["security"] = []
                continue
            operation["security"] = [{name: []} for name in SCHEMES]
            operation["x-permission"] = rule.permission
            for status, text in ACCESS_RESPONSES.items():
                operation.setdefault("responses", {}).setdefault(status, {"description": text})
    return document
