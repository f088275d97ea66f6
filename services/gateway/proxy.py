"""Passes a request on to the service that owns its path, body and answer as they are."""
from collections.abc import Mapping

import httpx
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.access import HEADER, NOTHING, Access, TooWide, access, seal_of
from chassis.http.i18n import language
from chassis.http.routing import Problem
from chassis.support.settings import Settings
from services.gateway import exports

ON = {"accept", "accept-language", "content-type", "if-match", "if-none-match", "idempotency-key", "traceparent"}
BACK = {"content-type", "etag", "link", "location", "retry-after", "cache-control", "referrer-policy", "set-cookie",
        "content-security-policy", "content-language", "x-content-type-options", "x-robots-tag", "idempotent-replayed"}
BODY_LIMIT = 1024 * 1024
UNKNOWN = Access("gateway", NOTHING)
DEADLINE = httpx.Timeout(10.0, connect=2.0)


class Proxy:
    """One pooled client for all services; `start` and `stop` belong to the event loop that serves."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.seal = settings, seal_of(settings)
        self.client = httpx.AsyncClient(timeout=DEADLINE, follow_redirects=False, trust_env=False)

    async def stop(self) -> None:
        await self.client.aclose()

    async def pass_on(self, request: Request, service: str, body: bytes) -> Response:
        headers = {k: v for k, v in request.headers.items() if k in ON}
        headers["x-forwarded-path"] = _raw(request.url.path, "").decode("ascii")
        as_csv = request.method == "GET" and exports.wanted(headers.get("accept", ""))
        if as_csv:
            headers["accept"] = "application/json"
        answer = await self.ask(service, request.method, request.url.path, request.url.query, headers, body)
        if as_csv and answer.status_code == 200:
            return await self._exported(service, request, headers, answer)
        return Response(answer.content, answer.status_code, {k: v for k, v in answer.headers.items() if k in BACK})

    async def _exported(
        self, service: str, request: Request, headers: Mapping[str, str], answer: httpx.Response,
    ) -> Response:
        """The page that was asked for; without a limit, all pages up to so many rows. `Link` leads to what is left."""
        rows = exports.rows_of(answer.json())
        if rows is None:
            raise Problem(406, "no_list", "Only lists can be had as text/csv.")
        whole = not {"limit", "cursor"} & set(request.query_params)
        while whole and answer.links.get("next") and len(rows) < exports.MOST_ROWS:
            path, _, query = answer.links["next"]["url"].partition("?")
            answer = await self.ask(service, "GET", path, query, headers)
            if answer.status_code != 200:
                raise Problem(502, "service_failed", f"{service} answered {answer.status_code} for a page of the list.")
            rows += exports.rows_of(answer.json()) or []
        return exports.response(rows, answer.headers.get("link"))

    async def ask(
        self, service: str, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None,
        body: bytes | None = None, seen_by: Access | None = None,
    ) -> httpx.Response:
        """Under the seal of `seen_by`, without it of the request that is being answered: else nothing may be seen."""
        target = _raw(path, query)
        url = httpx.URL(self.settings.url(service)).copy_with(raw_path=target)
        who = seen_by or access() or UNKNOWN
        try:
            sealed = {"accept-language": language(), **(headers or {}),
                      HEADER: self.seal.close(who, service, method, target.decode("latin-1"))}
        except TooWide as error:
            raise Problem(403, "scope_too_wide", str(error)) from None
        try:
            return await self.client.request(method, url, headers=sealed, content=body)
        except httpx.TimeoutException:
            raise Problem(504, "service_timeout", f"{service} took longer than 10 s.") from None
        except httpx.HTTPError:
            raise Problem(502, "service_unreachable", f"{service} cannot be reached at the moment; try again.",
                          headers={"Retry-After": "1"}) from None


def _raw(path: str, query: str) -> bytes:
    quoted = httpx.URL(path=path).raw_path
    return quoted + (b"?" + query.encode() if query else b"")


async def limited_body(request: Request, limit: int) -> bytes:
    """The whole body, refused as soon as it grows beyond `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Problem(413, "too_large", f"A request to this path may have at most {limit} bytes.")
        parts.append(part)
    return b"".join(parts)
