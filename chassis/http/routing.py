"""What every HTTP door shares: problem+json, pages, ETags, idempotency keys, the app itself."""
import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from chassis.http.access.scope import principal
from chassis.http.i18n import chinese, language, said
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.ports.query import BadCursor
from chassis.service.context import Refusal

PROBLEM = "application/problem+json"
TITLES = {400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
          409: "Conflict", 412: "Precondition failed", 413: "Too large", 415: "Unsupported media type",
          422: "Not acceptable as it is", 428: "Precondition required", 429: "Too many requests",
          500: "Internal error", 501: "Not in this release", 502: "A service did not answer",
          503: "Not available at the moment", 504: "A service took too long"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable code, a JSON pointer to where, words for people, values for translations."""

    code: str
    pointer: str
    message: str
    params: Mapping[str, Any] | None = None


class Problem(Exception):
    """RFC 9457: raise it in a door, and the client reads `{type, title, status, code, detail, errors}`."""

    def __init__(
        self, status: int, code: str, detail: str = "", errors: Sequence[Fault] = (), *,
        headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None, **more: Any,
    ) -> None:
        """`params`: values of the detail, for other languages; `more`: members of the body."""
        super().__init__(detail or code)
        self.params = dict(params or {})
        self.status, self.code, self.detail, self.errors = status, code, detail, tuple(errors)
        self.headers, self.more = dict(headers or {}), more

    def body(self) -> dict[str, Any]:
        """In the language of the request."""
        made: dict[str, Any] = {
            "type": f"urn:triptych:problem:{self.code}", "title": _title(self.status),
            "status": self.status, "code": self.code,
        }
        if self.detail:
            made["detail"] = said(self.code, self.detail, {**self.params, **self.more})
        made["errors"] = [told(f) for f in self.errors]
        return made | self.more

    def response(self) -> Response:
        return Response(orjson.dumps(self.body(), default=str), self.status, self.headers, PROBLEM)


class Passed(Problem):
    """A problem that another service has told already."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, str(body.get("code", "error")), str(body.get("detail", "")))
        self._body = dict(body)

    def body(self) -> dict[str, Any]:
        return self._body


def told(fault: Fault) -> dict[str, Any]:
    """As it is answered, in the language of the request."""
    message = said(fault.code, fault.message, fault.params, otherwise="invalid")
    return {"code": fault.code, "pointer": fault.pointer, "message": message, "params": dict(fault.params or {})}


def _title(status: int) -> str:
    return (chinese.STATUS if language() == "zh" else TITLES).get(status, "Error")


def not_found(what: str, id: str) -> Problem:
    return Problem(404, "not_found", f"There is no {what} {id!r}.", params={"id": id})


def not_in_this_release(capability: str) -> Problem:
    """501 with the name of the capability, never a wrong figure."""
    detail = f"This release does not answer yet: {capability}."
    return Problem(501, "not_in_this_release", detail, capability=capability)


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON of builtins, dataclasses, structs and datetimes."""
    return Response(orjson.dumps(content, default=_plain, option=orjson.OPT_UTC_Z), status, headers, "application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return str(value)


# --- pages -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageRequest:
    limit: int
    cursor: str | None


def page_request(
    limit: Annotated[int, Query(ge=1, le=500)] = 100, cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


Paged = Annotated[PageRequest, Depends(page_request)]


def page(
    request: Request, items: Sequence[Any], next: str | None, *, cursor_name: str = "cursor", **more: Any,
) -> Response:
    """`{items, next}` with the `Link` header of RFC 8288."""
    headers = {}
    if next is not None:
        query = [(k, v) for k, v in request.query_params.multi_items() if k != cursor_name]
        path = request.headers.get("x-forwarded-path", request.url.path)
        headers["Link"] = f'<{path}?{urlencode([*query, (cursor_name, next)])}>; rel="next"'
    return answer({"items": list(items), "next": next, **more}, headers=headers)


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, *shape: type | UnionType) -> list[Any]:
    """Its parts; refused unless they are of these types, one by one, and no number is negative."""
    try:
        made = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        made = None
    if not isinstance(made, list) or (shape and not _has_shape(made, shape)):
        raise Problem(400, "bad_cursor", "The cursor is not one that this list gave out.")
    return made


def _has_shape(parts: list[Any], shape: Sequence[type | UnionType]) -> bool:
    return len(parts) == len(shape) and all(
        isinstance(p, kind) and not isinstance(p, bool) and not (isinstance(p, int) and not 0 <= p < 2**63)
        for p, kind in zip(parts, shape, strict=True))


# --- writes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """`If-Match` as a revision, the idempotency key, the hash of the body, and who asks."""

    if_match: int | None
    idempotency_key: str | None
    body_hash: str
    principal: str

    def require_match(self) -> None:
        if self.if_match is None:
            raise Problem(428, "if_match_required", "Send If-Match with the ETag of the state that you have seen.")


async def write_request(
    request: Request,
    if_match: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header(max_length=128, pattern=r"^[\x21-\x7e]+$")] = None,
) -> WriteRequest:
    digest = hashlib.sha256(request.method.encode() + request.url.path.encode() + await request.body()).hexdigest()
    return WriteRequest(_revision(if_match), idempotency_key, digest, principal())


Write = Annotated[WriteRequest, Depends(write_request)]


def etag(rev: int) -> dict[str, str]:
    return {"ETag": f'"{rev}"'}


def _revision(header: str | None) -> int | None:
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdigit() or len(text) > 18:
        raise Problem(412, "stale", "If-Match does not name a state that this record ever had.")
    return int(text)


# --- the app ---------------------------------------------------------------------------------------------------------


def make_app(title: str, routers: Sequence[APIRouter], *, version: str = "0.1.0", **more: Any) -> FastAPI:
    """A FastAPI app whose every error is problem+json; its documentation pages are served by the gateway alone."""
    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, **more)
    for router in routers:
        app.include_router(router)
    install_problems(app)
    return app


def install_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def _problem(_request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(Refusal)
    async def _refusal(_request: Request, error: Refusal) -> Response:
        return Problem(error.status, error.code, error.message).response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        faults = [_fault(e) for e in error.errors()]
        return Problem(422, "invalid", "The request does not have the form that is asked for.", faults).response()

    @app.exception_handler(StarletteHTTPException)
    async def _http(_request: Request, error: StarletteHTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
        return Problem(error.status_code, code, str(error.detail), headers=error.headers).response()

    @app.exception_handler(BadCursor)
    async def _cursor(_request: Request, error: BadCursor) -> Response:
        return Problem(400, "bad_cursor", f"{error}: ask with one that this list gave out.").response()

    @app.exception_handler(StoreUnavailable)
    @app.exception_handler(BusUnavailable)
    async def _unavailable(_request: Request, error: Exception) -> Response:
        return Problem(503, "unavailable", str(error), headers={"Retry-After": "1"}).response()


def _fault(error: Mapping[str, Any]) -> Fault:
    place = [str(p).replace("~", "~0").replace("/", "~1") for p in error["loc"]]
    pointer = "/" + "/".join(place[1:] if place and place[0] == "body" else place)
    values = {k: v for k, v in (error.get("ctx") or {}).items() if isinstance(v, str | int | float)}
    return Fault(str(error["type"]), pointer, str(error["msg"]), values)
