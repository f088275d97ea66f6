"""Forwards requests to internal services under a sealed identity; body and response pass through unchanged."""
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import Response

from chassis.http.access import HEADER, NOTHING, Access, ScopeTooLarge, current_access, sealer_from_settings
from chassis.http.i18n import language
from chassis.http.problems import ProblemError, UpstreamProblem
from chassis.service.addresses import base_url
from chassis.support.settings import Settings
from services.gateway import exports
from services.gateway.routes import owner_of

REQUEST_HEADERS = {
    "accept", "accept-language", "content-type", "if-match", "if-none-match", "idempotency-key", "traceparent"}
RESPONSE_HEADERS = {
    "content-type", "etag", "link", "location", "retry-after", "cache-control", "referrer-policy", "set-cookie",
    "content-security-policy", "content-language", "x-content-type-options", "x-robots-tag", "idempotent-replayed"}
NO_ACCESS = Access("gateway", NOTHING)
TIMEOUT = httpx.Timeout(10.0, connect=2.0)


class Proxy:
    """One pooled client for all services, bound to the event loop that serves. `close` releases its connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.sealer = settings, sealer_from_settings(settings)
        self.client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        await self.client.aclose()

    async def forward(self, request: Request, service: str, body: bytes) -> Response:
        """The service's response; a list as CSV when the client prefers it."""
        headers = {k: v for k, v in request.headers.items() if k in REQUEST_HEADERS}
        headers["x-forwarded-path"] = _raw(request.url.path, "").decode("ascii")
        as_csv = request.method == "GET" and exports.accepts_csv(headers.get("accept", ""))
        if as_csv:
            headers["accept"] = "application/json"
        response = await self.request(service, request.method, request.url.path, request.url.query, headers, body)
        if as_csv and response.status_code == 200:
            return await self._exported(service, request, headers, response)
        kept_headers = {k: v for k, v in response.headers.items() if k in RESPONSE_HEADERS}
        return Response(response.content, response.status_code, kept_headers)

    async def _exported(
        self, service: str, request: Request, headers: Mapping[str, str], response: httpx.Response,
    ) -> Response:
        """The requested page; without a limit all pages, up to `MAX_ROWS`. `Link` leads to the rest of the list."""
        rows = exports.rows_of(response.json())
        if rows is None:
            raise exports.not_a_list()
        all_pages = not {"limit", "cursor"} & set(request.query_params)
        while all_pages and response.links.get("next") and len(rows) < exports.MAX_ROWS:
            path, _, query = response.links["next"]["url"].partition("?")
            response = await self.request(service, "GET", path, query, headers)
            if response.status_code != 200:
                raise ProblemError(502, "service_failed",
                                   f"Service {service} responded {response.status_code} for a page of the list.")
            rows += exports.rows_of(response.json()) or []
        return exports.csv_response(rows, response.headers.get("link"))

    async def request(
        self, service: str, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None,
        body: bytes | None = None, access: Access | None = None,
    ) -> httpx.Response:
        """With the given access, else with that of the current request, else with access to nothing.

        Raises ProblemError 403 `scope_too_wide`, 502 `service_unreachable`, 504 `service_timeout`.
        """
        target = _raw(path, query)
        url = httpx.URL(base_url(self.settings, service)).copy_with(raw_path=target)
        access = access or current_access() or NO_ACCESS
        try:
            sealed = self.sealer.seal(access, service, method, target.decode("latin-1"))
        except ScopeTooLarge as error:
            raise ProblemError(403, "scope_too_wide", str(error)) from None
        try:
            return await self.client.request(
                method, url, headers={"accept-language": language(), **(headers or {}), HEADER: sealed}, content=body)
        except httpx.TimeoutException:
            raise ProblemError(504, "service_timeout", f"Service {service} took longer than 10 s.") from None
        except httpx.HTTPError:
            raise ProblemError(502, "service_unreachable", f"Service {service} is unreachable; retry in a few seconds.",
                               headers={"Retry-After": "1"}) from None

    async def get(self, path: str, query: str = "", access: Access | None = None) -> httpx.Response:
        """GET from the service that owns the path."""
        service = owner_of(path)
        assert service is not None, path
        return await self.request(service, "GET", path, query, access=access)

    async def get_json(self, path: str, query: str = "", access: Access | None = None) -> dict[str, Any]:
        """The JSON object at the path. Raises the service's own problem for every status but 200."""
        response = await self.get(path, query, access)
        body = orjson.loads(response.content)
        if response.status_code != 200:
            raise UpstreamProblem(response.status_code, body)
        return dict(body)


def _raw(path: str, query: str) -> bytes:
    quoted = httpx.URL(path=path).raw_path
    return quoted + (b"?" + query.encode() if query else b"")
