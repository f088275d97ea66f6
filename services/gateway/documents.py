"""`/docs` and `/asyncapi.json`: every route and every event, to be read by people and by tools."""
from collections.abc import Mapping
from html import escape
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid #8884}code{white-space:nowrap}small{color:#777}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}"""
METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Mapping[str, Any]) -> str:
    """The routes of an OpenAPI document as a page that loads nothing from anywhere."""
    by_tag: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_row(method, path, item[method]))
    parts = [f"<h2>{escape(tag)}</h2>\n<table>\n{''.join(rows)}</table>" for tag, rows in sorted(by_tag.items())]
    title = escape(str(document["info"]["title"]))
    return (f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1">\n<title>{title}: routes</title>\n<style>{STYLE}</style>\n'
            f'<h1>{title}: routes</h1>\n<p>For tools: <a href="/openapi.json">/openapi.json</a> and '
            f'<a href="/asyncapi.json">/asyncapi.json</a>.</p>\n{chr(10).join(parts)}\n</html>\n')


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    asked = [str(p["name"]) for p in operation.get("parameters", ()) if p.get("in") == "query"]
    told = f"<br><small>{escape(', '.join(asked))}</small>" if asked else ""
    words = escape(str(operation.get("summary", "")))
    return f"<tr><td><code>{method.upper()} {escape(path)}</code></td><td>{words}{told}</td></tr>\n"
