"""Serves the console's static files. They contain no data; without a build, `/` explains how to make one.

Names below `assets/` contain a hash of the content, so browsers may cache these files without limit. Every path that is
not a file gets the single page, whose router handles it.
"""
import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from starlette.responses import Response

from chassis.http.problems import ProblemError

BUILT = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""No external resource. Inline styles are allowed, because widgets and charts set them and they cannot run scripts."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
MIN_COMPRESSED_BYTES = 1024


@dataclass(frozen=True, slots=True)
class StaticFile:
    kind: str
    body: bytes
    compressed: bytes | None
    etag: str


def serve(path: str, request: Request, built: Path = BUILT) -> Response:
    """The file at this path; the page for every other; 404 for a hashed file of another build; 503 without a build."""
    page = built / "index.html"
    if not page.is_file():
        return Response(UNBUILT, 503, {**HEADERS, "Retry-After": "60"}, "text/html; charset=utf-8")
    requested = _inside(built, path)
    if requested is None and path.startswith("assets/"):
        raise ProblemError(404, "not_found", f"File {path!r} belongs to another build of the console; reload the page.")
    file = _read(requested or page, (requested or page).stat().st_mtime_ns)
    caching = IMMUTABLE if requested is not None and path.startswith("assets/") else REVALIDATE
    headers = {**HEADERS, "Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(None, 304, headers)
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, 200, {**headers, "Content-Encoding": "gzip"}, file.kind)
    return Response(file.body, 200, headers, file.kind)


def _inside(built: Path, path: str) -> Path | None:
    """The file if it exists inside the directory; symbolic links and `..` cannot leave it."""
    if not path or "\0" in path:
        return None
    file = (built / path).resolve()
    return file if file.is_relative_to(built.resolve()) and file.is_file() else None


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int) -> StaticFile:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("image/svg+xml", "application/javascript", "application/json")
    compressed = gzip.compress(body, 9, mtime=0) if text and len(body) >= MIN_COMPRESSED_BYTES else None
    return StaticFile(f"{kind}; charset=utf-8" if text else kind, body, compressed, f'"{_changed:x}-{len(body):x}"')


UNBUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Triptych</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}code{background:#8882;
padding:.1em .3em;border-radius:.2em}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}
</style>
<h1>Triptych</h1>
<p>Set the targets, watch the process, see the results. <span lang="zh">定指标，盯过程，看结果。</span></p>
<p>The system is running; its REST API is described at <a href="/openapi.json"><code>/openapi.json</code></a>. The
console has not been built: run <code>make console</code> and reload this page.</p>
<p lang="zh">系统已在运行，可通过 REST 访问。控制台尚未构建：请运行 <code>make console</code>，然后刷新本页。</p>
</html>
"""
