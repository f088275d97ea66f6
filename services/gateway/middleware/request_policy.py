"""What a request is, whoever sent it: a path without tricks, a host that is ours, a body within its bounds."""
import asyncio
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from chassis.http.routing import Problem
from chassis.support.settings import Settings
from services.gateway.auth.address import developer_mode, host_and_port, is_loopback, public_url

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
JSON_TYPES = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json",
              "application/merge-patch+json")
SAFE = frozenset({"GET", "HEAD"})
BODY_LIMIT = 1024 * 1024
BATCH_LIMIT = 8 * 1024 * 1024
BODY_SECONDS = 10.0
DEEPEST = 32
_TRICKS = re.compile(rb"//|\\|;|%2f|%5c|%2e|%[01][0-9a-f]|%7f|%25|/\.{1,2}(?:/|$)|[\x00-\x20\x7f]", re.IGNORECASE)
_LONGEST_TARGET = 8 * 1024
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)', re.DOTALL)
"""Texts, the last one even if it does not end: so each byte is looked at once, whatever somebody sends."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OURS = ("x-triptych-", "x-forwarded-", "forwarded")
_ALLOWED_OF_OURS = frozenset({b"x-triptych"})


def check_target(scope: Scope) -> None:
    """One way to write a path: what another reader could take for another path is refused, not repaired."""
    raw = scope.get("raw_path") or scope["path"].encode()
    if _TRICKS.search(raw):
        raise Problem(400, "bad_path", "The path is not in its plain form.")
    if len(raw) + len(scope["query_string"]) > _LONGEST_TARGET:
        raise Problem(414, "too_long", "The path and query have more than 8 KiB.")


def check_host(scope: Scope, headers: Headers, settings: Settings) -> None:
    """A page of another site can make a browser reach this machine under a name of its own: only ours are answered."""
    host = headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    if developer_mode(settings) and not (is_loopback(name) or name == host_and_port(settings.http)[0]):
        raise Problem(421, "wrong_host", "The developer's door answers to localhost, 127.0.0.1 and ::1 only.")


def without_ours(scope: Scope) -> Scope:
    """The request without headers by which we speak among ourselves: from outside they mean nothing."""
    kept = [(k, v) for k, v in scope["headers"]
            if k in _ALLOWED_OF_OURS or not k.decode("latin-1").startswith(_OURS)]
    return {**scope, "headers": kept}


def check_origin(headers: Headers, via: str, settings: Settings) -> None:
    """A write under a cookie, or none at all, must be this door's own page's: what another site sends is refused.

    A bearer token is never sent by a browser on its own, so it proves that the sender means it.
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
    found = {public_url(settings)}
    if developer_mode(settings):  # its Host has been checked to be this machine
        found.add(f"http://{headers.get('host', '')}")
    return found


def _cross_site() -> Problem:
    return Problem(403, "cross_site", "A write under a cookie needs the header `x-triptych: console`, or to come from "
                   "this door's own pages.")


async def whole_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """All of it, within its size and its time."""
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, limit)
    except TimeoutError:
        raise Problem(408, "too_slow", f"The body did not arrive within {BODY_SECONDS:.0f} s.",
                      headers={"Connection": "close"}) from None


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        size += len(message.get("body", b""))
        if size > limit:
            raise _too_large(limit)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


class Disconnected(Exception):
    """Nobody is there any more to be answered."""


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"A request to this path may have at most {limit} bytes.",
                   headers={"Connection": "close"})


def check_type(body: bytes, headers: Headers) -> None:
    """Only JSON: what a form of another site can send is nothing that any route reads."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in JSON_TYPES:
        raise Problem(415, "unsupported_media_type", f"Send {JSON_TYPES[0]}, not {kind or 'a body without a type'}.")


def check_depth(body: bytes) -> None:
    """Deeper than 32 levels of JSON is refused before anybody walks it."""
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(
            _TEXTS.sub(b"", body).translate(None, _NOT_BRACKETS)) > DEEPEST:
        raise Problem(400, "too_deep", f"JSON of more than {DEEPEST} levels is not read.")


def _depth(brackets: Iterable[int]) -> int:
    deepest = level = 0
    for bracket in brackets:
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body again, for the app that comes next."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
