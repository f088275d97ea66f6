"""RFC 9457 problems: raised in a route, answered as problem+json in the language of the request."""
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from chassis.http.i18n import chinese, language, translate
from chassis.messages.codec.errors import FieldError

PROBLEM = "application/problem+json"
TITLES = {400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
          409: "Conflict", 412: "Precondition failed", 413: "Too large", 415: "Unsupported media type",
          422: "Invalid content", 428: "Precondition required", 429: "Too many requests",
          500: "Internal error", 501: "Not available in this release", 502: "A service did not answer",
          503: "Temporarily unavailable", 504: "A service took too long"}


class ProblemError(Exception):
    """RFC 9457 problem: raised in a route, answered as `{type, title, status, code, detail, errors}`."""

    def __init__(
        self, status: int, code: str, detail: str = "", errors: Sequence[FieldError] = (), *,
        headers: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None, **more: Any,
    ) -> None:
        """`params`: values for the translated detail; `more`: further members of the body."""
        super().__init__(detail or code)
        self.params = dict(params or {})
        self.status, self.code, self.detail, self.errors = status, code, detail, tuple(errors)
        self.headers, self.more = dict(headers or {}), more

    def body(self) -> dict[str, Any]:
        """In the language of the request."""
        members: dict[str, Any] = {
            "type": f"urn:triptych:problem:{self.code}", "title": _title(self.status),
            "status": self.status, "code": self.code,
        }
        if self.detail:
            members["detail"] = translate(self.code, self.detail, {**self.params, **self.more})
        members["errors"] = [error_body(f) for f in self.errors]
        return members | self.more

    def response(self) -> Response:
        return Response(orjson.dumps(self.body(), default=str), self.status, self.headers, PROBLEM)


class UpstreamProblem(ProblemError):
    """A problem that another service answered, passed on unchanged."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, str(body.get("code", "error")), str(body.get("detail", "")))
        self._body = dict(body)

    def body(self) -> dict[str, Any]:
        return self._body


def error_body(fault: FieldError) -> dict[str, Any]:
    """The JSON object of one error, in the language of the request."""
    message = translate(fault.code, fault.message, fault.params, otherwise="invalid")
    return {"code": fault.code, "pointer": fault.pointer, "message": message, "params": dict(fault.params or {})}


def _title(status: int) -> str:
    return (chinese.STATUS if language() == "zh" else TITLES).get(status, "Error")


def not_found(what: str, id: str) -> ProblemError:
    return ProblemError(404, "not_found", f"{what[:1].upper()}{what[1:]} {id!r} does not exist.", params={"id": id})


def not_in_this_release(capability: str) -> ProblemError:
    """501 that names the capability, instead of a figure that could be wrong."""
    detail = f"Not available in this release: {capability}."
    return ProblemError(501, "not_in_this_release", detail, capability=capability)
