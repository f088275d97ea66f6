"""Renders OpenAPI and AsyncAPI documents as HTML pages that work offline: no script, no external resource."""
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from chassis.service.access_rules import SIGNED_IN
from services.gateway.api_reference.openapi import METHODS
from services.gateway.permissions import permission_texts

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid #8884}small{color:#777}details{border-bottom:1px solid #8884;padding:.3rem 0}
summary{cursor:pointer}summary span{color:#777;margin-left:.6rem}details>*:not(summary){margin-left:1.2rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}"""

# --- routes ----------------------------------------------------------------------------------------------------------


def routes_page(document: Mapping[str, Any]) -> str:
    """The routes of an OpenAPI document, by tag, and the permissions that they require."""
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_operation(document, method, path, item[method]))
    permissions = _table(("permission", "allows"), [(_code(n), escape(t)) for n, t in permission_texts().items()])
    parts = [f"<h2>{escape(tag)}</h2>\n{''.join(operations)}" for tag, operations in sorted(by_tag.items())]
    title = escape(str(document["info"]["title"]))
    return _html(f"{title}: routes", f'<p>See also: <a href="/docs/events">events</a>. For tools: '
                 f'<a href="/openapi.json">/openapi.json</a>, <a href="/asyncapi.json">/asyncapi.json</a>.</p>\n'
                 f"{chr(10).join(parts)}<h2>permissions</h2>\n{permissions}")


def _operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> str:
    parameters = [(_code(p["name"]), escape(str(p["in"])), _type(document, p.get("schema", {})),
                   escape(str(p.get("description") or ("required" if p.get("required") else ""))))
                  for p in operation.get("parameters", ())]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    permission = operation.get("x-permission")
    access = "needs no sign-in" if permission is None else f"needs {permission.replace(SIGNED_IN, 'any sign-in')}"
    summary = escape(str(operation.get("summary", "")))
    description = escape(str(operation.get("description", "")))
    inner = [f"<p><small>{escape(access)}</small></p>", f"<p>{description}</p>" if description else "",
             _table(("parameter", "in", "type", ""), parameters) if parameters else "",
             f"<p>Body:</p>{_fields(document, body)}" if body else "", _response(document, operation)]
    return (f"<details><summary>{_code(f'{method.upper()} {path}')}<span>{summary}</span></summary>"
            f"{''.join(inner)}</details>\n")


def _response(document: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    schemas = [schema for status, response in operation.get("responses", {}).items() if status.startswith("2")
               and (schema := response.get("content", {}).get("application/json", {}).get("schema"))]
    return f"<p>Response:</p>{_fields(document, schemas[0])}" if schemas else ""


# --- events ----------------------------------------------------------------------------------------------------------


def events_page(document: Mapping[str, Any]) -> str:
    """The topics and events of an AsyncAPI document."""
    parts = []
    messages = document["components"]["messages"]
    for name, channel in document["channels"].items():
        events = "".join(_event(document, messages[m]) for m in channel["messages"])
        parts.append(f"<h2>{escape(name)}</h2>\n<p>{escape(channel['description'])}</p>\n{events}")
    return _html("Triptych: events", '<p>CloudEvents 1.0 on Kafka, or by <code>POST /v1/events</code>. '
                  '<a href="/docs">Routes</a>.</p>\n' + "\n".join(parts))


def _event(document: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    return (f"<details><summary>{_code(message['name'])}<span>{escape(message.get('summary', ''))}</span></summary>"
            f"{_fields(document, message['payload'])}</details>\n")


# --- shared by both pages --------------------------------------------------------------------------------------------


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The properties of an object, or of the items of a list."""
    schema = _resolved(document, schema)
    if "items" in schema:
        return f"<p>A list, each:</p>{_fields(document, schema['items'])}"
    needed = set(schema.get("required", ()))
    rows = [(_code(name), _type(document, s), "required" if name in needed else "",
             escape(str(s.get("description", "")))) for name, s in schema.get("properties", {}).items()]
    return _table(("field", "type", "", ""), rows) if rows else f"<p>{_type(document, schema)}</p>"


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return escape(schema["$ref"].rpartition("/")[2])
    if "enum" in schema or "const" in schema:
        return escape(" | ".join(str(v) for v in schema.get("enum", [schema.get("const")])))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(document, s) for s in schema[several]))
    if schema.get("type") == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    return escape(str(schema.get("format") or schema.get("type") or "any"))


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: Mapping[str, Any] = document["components"]["schemas"].get(name, {}) if name else schema
    return resolved


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The cells are HTML; the heads are text."""
    top = "".join(f"<th>{escape(h)}</th>" for h in heads)
    return f"<table><tr>{top}</tr>" + "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows) + "</table>\n"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _html(title: str, body: str) -> str:
    return (f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
            f"<h1>{title}</h1>\n{body}\n</html>\n")
