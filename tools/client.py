"""HTTP client of the running system's gateway, for commands."""
from typing import Any

from chassis.support.errors import ActionableError


class Unreachable(ActionableError):
    """No running system answers, or it refuses the request."""


def call(method: str, path: str, body: Any = None, params: Any = None) -> Any:
    """The JSON of the response. Raises Unreachable, with title and detail of a problem response."""
    import httpx

    from chassis.support.settings import settings

    address = f"http://{settings().http}"
    try:
        response = httpx.request(method, address + path, json=body, params=params, timeout=30, trust_env=False,
                                 headers=settings().credentials())
    except httpx.TransportError as error:
        raise Unreachable(f"No system answers at {address} ({error}).", "Start one with `triptych up`.") from None
    if response.status_code >= 400:
        problem = response.json() if "json" in response.headers.get("content-type", "") else {}
        raise Unreachable(
            f"{problem.get('title', response.status_code)}: {problem.get('detail', response.text[:300])}")
    return response.json()
