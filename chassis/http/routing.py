"""HTTP building blocks of every service: JSON responses, pages, ETags, idempotency keys and the FastAPI app."""
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

from chassis.http.access.scope import current_principal
from chassis.http.problems import ProblemError
from chassis.messages.codec.errors import FieldError
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.ports.query import InvalidCursor
from chassis.service.context import CommandRefused


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
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


def page_response(
    request: Request, items: Sequence[Any], next: str | None, *, cursor_name: str = "cursor", **more: Any,
) -> Response:
    """`{items, next}` with the `Link` header of RFC 8288."""
    headers = {}
    if next is not None:
        query = [(k, v) for k, v in request.query_params.multi_items() if k != cursor_name]
        path = request.headers.get("x-forwarded-path", request.url.path)
        headers["Link"] = f'<{path}?{urlencode([*query, (cursor_name, next)])}>; rel="next"'
    return json_response({"items": list(items), "next": next, **more}, headers=headers)


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, *shape: type | UnionType) -> list[Any]:
    """The parts of a cursor. Raises ProblemError 400 unless each has its type and no number is negative."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        parts = None
    if not isinstance(parts, list) or (shape and not _has_shape(parts, shape)):
        raise ProblemError(400, "bad_cursor", "The cursor does not belong to this list; start again without one.")
    return parts


def _has_shape(parts: list[Any], shape: Sequence[type | UnionType]) -> bool:
    return len(parts) == len(shape) and all(
        isinstance(p, kind) and not isinstance(p, bool) and not (isinstance(p, int) and not 0 <= p < 2**63)
        for p, kind in zip(parts, shape, strict=True))


# --- writes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Preconditions of a write: `If-Match` as a revision, idempotency key, SHA-256 of method, path and body, caller."""

    if_match: int | None
    idempotency_key: str | None
    body_hash: str
    principal: str

    def require_match(self) -> None:
        if self.if_match is None:
            raise ProblemError(
                428, "if_match_required", "If-Match is required; send the ETag of the version you are changing."
            )


async def write_request(
    request: Request,
    if_match: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header(max_length=128, pattern=r"^[\x21-\x7e]+$")] = None,
) -> WriteRequest:
    digest = hashlib.sha256(request.method.encode() + request.url.path.encode() + await request.body()).hexdigest()
    return WriteRequest(_revision(if_match), idempotency_key, digest, current_principal())


Write = Annotated[WriteRequest, Depends(write_request)]


def etag(rev: int) -> dict[str, str]:
    return {"ETag": f'"{rev}"'}


def _revision(header: str | None) -> int | None:
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not text.isdigit() or len(text) > 18:
        raise ProblemError(412, "stale", "If-Match must be an ETag of this record.")
    return int(text)


# --- the app ---------------------------------------------------------------------------------------------------------


def create_app(title: str, routers: Sequence[APIRouter], *, version: str = "0.1.0", **more: Any) -> FastAPI:
    """A FastAPI app whose every error is problem+json. Only the gateway serves documentation pages."""
    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, **more)
    for router in routers:
        app.router.routes.extend(router.routes)  # `include_router` would build every route a second time
    install_error_handlers(app)
    return app


def install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(ProblemError)
    async def _problem(_request: Request, error: ProblemError) -> Response:
        return error.response()

    @app.exception_handler(CommandRefused)
    async def _refusal(_request: Request, error: CommandRefused) -> Response:
        return ProblemError(error.status, error.code, error.message).response()

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        faults = [_field_error(e) for e in error.errors()]
        return ProblemError(422, "invalid", "The request is invalid; see `errors` for each field.", faults).response()

    @app.exception_handler(StarletteHTTPException)
    async def _http(_request: Request, error: StarletteHTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
        return ProblemError(error.status_code, code, str(error.detail), headers=error.headers).response()

    @app.exception_handler(InvalidCursor)
    async def _cursor(_request: Request, error: InvalidCursor) -> Response:
        return ProblemError(400, "bad_cursor", f"{error}; start again without a cursor.").response()

    @app.exception_handler(StoreUnavailable)
    @app.exception_handler(BusUnavailable)
    async def _unavailable(_request: Request, error: Exception) -> Response:
        return ProblemError(503, "unavailable", str(error), headers={"Retry-After": "1"}).response()


def _field_error(error: Mapping[str, Any]) -> FieldError:
    path = [str(p).replace("~", "~0").replace("/", "~1") for p in error["loc"]]
    pointer = "/" + "/".join(path[1:] if path and path[0] == "body" else path)
    values = {k: v for k, v in (error.get("ctx") or {}).items() if isinstance(v, str | int | float)}
    return FieldError(str(error["type"]), pointer, str(error["msg"]), values)
