"""The OpenAPI document of the whole face: the routes of all services, what each asks for, how each is refused."""
import re
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import TypeAdapter

from chassis.http.responses import X_OF, Problem
from services.gateway.permissions import PUBLIC
from services.gateway.routes import owner_of, rule_for

METHODS = ("get", "post", "put", "patch", "delete")
SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token of the provider, or an API key."},
    "session": {"type": "apiKey", "in": "cookie", "name": "triptych_session",
                "description": "Of a browser; writes also need the header `x-triptych: console`."},
}
REFUSALS = {"401": "Not signed in", "403": "Not permitted", "429": "Too many requests"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}
OTHERS = "Refused, or failed: the problem says why"
UNUSED = ("HTTPValidationError", "ValidationError")
"""What the framework says of its own refusals, which nobody here is answered with."""


def whole(own: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of the whole face: all routes, with their rights, and how each is refused."""
    return with_problems(with_rights(merge(own, others)))


def merge(own: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """One OpenAPI document out of the gateway's and the services'; equal schemas share a name, others get a suffix."""
    made = _plainly_named(own)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for number, document in enumerate(map(_plainly_named, others)):
        theirs = document.get("components", {}).get("schemas", {})
        clashes = {n for n, s in theirs.items() if n in schemas and schemas[n] != s}
        text = orjson.dumps({"paths": document.get("paths", {}), "schemas": theirs}).decode()
        for name in clashes:
            text = text.replace(f'#/components/schemas/{name}"', f'#/components/schemas/{name}_{number}"')
        renamed = orjson.loads(text)
        for path, item in renamed["paths"].items():
            if owner_of(path):  # what operators ask of each service is answered by the gateway itself
                made["paths"][path] = item | made["paths"].get(path, {})  # of one path each has methods of its own
        schemas |= {f"{n}_{number}" if n in clashes else n: s for n, s in renamed["schemas"].items()}
    made["paths"] = dict(sorted(made["paths"].items()))
    _refer(made, schemas)
    return made


def _plainly_named(document: Mapping[str, Any]) -> dict[str, Any]:
    """A class that is read more strictly than it is written has two schemas: `Money` answers, `MoneyInput` asks."""
    text = orjson.dumps(document).decode()
    made: dict[str, Any] = orjson.loads(re.sub(r'(?<=[/"])(\w+)-Input(?=")', r"\1Input", re.sub(
        r'(?<=[/"])(\w+)-Output(?=")', r"\1", text)))
    return made


def _refer(at: Any, schemas: Mapping[str, Any]) -> None:
    """What another service's document describes is referred to by its name there. KeyError when nobody describes it."""
    if isinstance(at, dict):
        if X_OF in at:
            name = at.pop(X_OF)
            schemas[name]
            at["$ref"] = f"#/components/schemas/{name}"
            at.pop("title", None)
        for inner in list(at.values()):
            _refer(inner, schemas)
    elif isinstance(at, list):
        for inner in at:
            _refer(inner, schemas)


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Whatever is not 2xx is answered with a problem (RFC 9457)."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in UNUSED:
        schemas.pop(name, None)
    adapter = TypeAdapter(Problem)
    problem = adapter.json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    for item in document["paths"].values():
        for method in METHODS:
            responses = item.get(method, {}).get("responses")
            if responses is None:
                continue
            for status, response in responses.items():
                told = response.get("content", {}).get("application/json", {}).get("schema")
                if status.startswith(("4", "5")) and not told:
                    response["content"] = {"application/problem+json": {"schema": PROBLEM}}
            responses.pop("422", None)
            others = responses.setdefault("default", {"description": OTHERS})
            others.setdefault("content", {})["application/problem+json"] = {"schema": PROBLEM}
    return document


def with_rights(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what each operation asks for: its permission, how one signs in, how it is refused."""
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
            for status, text in REFUSALS.items():
                operation.setdefault("responses", {}).setdefault(status, {"description": text})
    return document
