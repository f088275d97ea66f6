"""Checks that do not depend on the caller: normal form of the path, host, origin, size, media type, nesting."""
import asyncio
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from chassis.http.problems import ProblemError
from chassis.support.settings import Settings
from services.gateway.auth.address import developer_mode, host_and_port, is_loopback, public_url

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
JSON_TYPES = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json",
              "application/merge-patch+json")
SAFE_METHODS = frozenset({"GET", "HEAD"})
BODY_LIMIT = 1024 * 1024
BATCH_LIMIT = 8 * 1024 * 1024
BODY_SECONDS = 10.0
MAX_DEPTH = 32
_FORBIDDEN_IN_PATH = re.compile(
    rb"//|\\|;|%2f|%5c|%2e|%[01][0-9a-f]|%7f|%25|/\.{1,2}(?:/|$)|[\x00-\x20\x7f]", re.IGNORECASE)
_MAX_TARGET_BYTES = 8 * 1024
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)', re.DOTALL)
"""JSON strings, the last one even if it is not closed: linear in the size of any input."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_INTERNAL_HEADERS = ("x-triptych-", "x-forwarded-", "forwarded")
_PUBLIC_HEADERS = frozenset({b"x-triptych"})


def check_target(scope: Scope) -> None:
    """Raises ProblemError for a path that another parser could interpret differently: it is refused, not normalised."""
    raw = scope.get("raw_path") or scope["path"].encode()
    if _FORBIDDEN_IN_PATH.search(raw):
        raise ProblemError(
            400, "bad_path", "The path must be in normal form: no encoded or repeated separators, no dot segments.")
    if len(raw) + len(scope["query_string"]) > _MAX_TARGET_BYTES:
        raise ProblemError(414, "too_long", "Path and query must be at most 8 KiB.")


def check_host(scope: Scope, headers: Headers, settings: Settings) -> None:
    """Against DNS rebinding: in developer mode only the names of this machine are accepted."""
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    if developer_mode(settings) and not (is_loopback(name) or name == host_and_port(settings.http)[0]):
        raise ProblemError(421, "wrong_host", "In developer mode the host must be localhost, 127.0.0.1 or ::1.")


def without_internal_headers(scope: Scope) -> Scope:
    """The request without the headers that services send each other: clients must not set them."""
    headers = [(k, v) for k, v in scope["headers"]
               if k in _PUBLIC_HEADERS or not k.decode("latin-1").startswith(_INTERNAL_HEADERS)]
    return {**scope, "headers": headers}


def check_origin(headers: Headers, via: str, settings: Settings) -> None:
    """Against cross-site request forgery: a write with a cookie, or without credentials, must come from own pages.

    Browsers never attach a bearer token by themselves, so requests with one need no check.
    """
    if via == "header":
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise _cross_site()
    if origin is not None and origin not in own_origins(headers, settings):
        raise _cross_site()
    proven = headers.get("x-triptych") == "console" or origin is not None or site == "same-origin"
    if via == "cookie" and not proven:
        raise _cross_site()


def own_origins(headers: Headers, settings: Settings) -> set[str]:
    origins = {public_url(settings)}
    if developer_mode(settings):  # `check_host` has verified that Host is this machine
        origins.add(f"http://{headers.get('host', '')}")
    return origins


def _cross_site() -> ProblemError:
    return ProblemError(403, "cross_site", "A write with a cookie requires the header `x-triptych: console`, or "
                                           "its origin must be this site.")


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body. Raises ProblemError 413 beyond `limit` bytes, 408 after `BODY_SECONDS`."""
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        raise ProblemError(408, "too_slow", f"The body did not arrive within {BODY_SECONDS:.0f} s.",
                      headers={"Connection": "close"}) from None


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        size += len(message.get("body", b""))
        if size > limit:
            raise _too_large(limit)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


class ClientDisconnected(Exception):
    """The client has closed the connection: no response is possible."""


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, "too_large", f"A request to this path may have at most {limit} bytes.",
                   headers={"Connection": "close"})


def check_type(body: bytes, headers: Headers) -> None:
    """Raises ProblemError 415 unless the body is JSON: no route accepts what a form of another site can send."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in JSON_TYPES:
        raise ProblemError(415, "unsupported_media_type",
                           f"content-type must be {JSON_TYPES[0]}, not {kind or 'absent'}.")


def check_depth(body: bytes) -> None:
    """Raises ProblemError 400 for JSON of more than `MAX_DEPTH` levels, before any parser recurses into it."""
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(
            _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)) > MAX_DEPTH:
        raise ProblemError(400, "too_deep", f"JSON must have at most {MAX_DEPTH} levels.")


def _depth(brackets: Iterable[int]) -> int:
    deepest = level = 0
    for bracket in brackets:
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def replay_body(body: bytes, receive: Receive) -> Receive:
    """A `receive` that delivers the body once more, for the application behind the middleware."""
    delivered = False

    async def receive_again() -> Message:
        nonlocal delivered
        if delivered:
            return await receive()
        delivered = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
