"""The console's built files: pages, scripts and pictures that hold no data. Without a build `/` says how to make one.

Files below `assets/` carry a hash of their content in their name: browsers may keep them for ever. Every address that
is no file is answered with the one page, whose own router knows the rest.
"""
import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from starlette.responses import Response

from chassis.http.routing import Problem

BUILT = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere. Styles in elements are allowed: widgets and charts set them, and they carry no script."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
SMALLEST_ZIPPED = 1024


@dataclass(frozen=True, slots=True)
class File:
    kind: str
    body: bytes
    zipped: bytes | None
    etag: str


def serve(path: str, request: Request, built: Path = BUILT) -> Response:
    """The file at this path; the page for every other; 404 for a hashed file of another build; 503 without a build."""
    page = built / "index.html"
    if not page.is_file():
        return Response(UNBUILT, 503, {**HEADERS, "Retry-After": "60"}, "text/html; charset=utf-8")
    found = _inside(built, path)
    if found is None and path.startswith("assets/"):
        raise Problem(404, "not_found", f"There is no file {path!r}: the console was built anew; load the page again.")
    file = _read(found or page, (found or page).stat().st_mtime_ns)
    caching = FOR_EVER if found is not None and path.startswith("assets/") else ASK_AGAIN
    headers = {**HEADERS, "Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(None, 304, headers)
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.zipped, 200, {**headers, "Content-Encoding": "gzip"}, file.kind)
    return Response(file.body, 200, headers, file.kind)


def _inside(built: Path, path: str) -> Path | None:
    """The file, if it is one and lies in the directory whatever the path says."""
    if not path or "\0" in path:
        return None
    found = (built / path).resolve()
    return found if found.is_relative_to(built.resolve()) and found.is_file() else None


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("image/svg+xml", "application/javascript", "application/json")
    zipped = gzip.compress(body, 9, mtime=0) if text and len(body) >= SMALLEST_ZIPPED else None
    return File(f"{kind}; charset=utf-8" if text else kind, body, zipped, f'"{_changed:x}-{len(body):x}"')


UNBUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Triptych</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#8882;
padding:.1em .3em;border-radius:.2em}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}
</style>
<h1>Triptych</h1>
<p>Set the targets, watch the process, see the results. <span lang="zh">定指标，盯过程，看结果。</span></p>
<p>The system is running, and answers over REST: see <a href="/openapi.json"><code>/openapi.json</code></a>. The console
has not been built here yet: run <code>make console</code> and load this page again.</p>
<p lang="zh">系统已在运行，可通过 REST 访问。控制台尚未构建：请运行 <code>make console</code>，然后刷新本页。</p>
</html>
"""
