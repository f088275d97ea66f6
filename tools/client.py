"""The public door of the running system, for commands: its answers, and its problems as one sentence."""
from typing import Any


def ask(method: str, path: str, body: Any = None, params: Any = None) -> Any:
    """The JSON that the door answers. Raises Unreachable."""
    import httpx

    from chassis.support.settings import settings
    from tools.importing.sender import Unreachable

    address = f"http://{settings().http}"
    try:
        answer = httpx.request(method, address + path, json=body, params=params, timeout=30, trust_env=False,
                               headers=settings().credentials())
    except httpx.TransportError as error:
        raise Unreachable(f"No system answers at {address}: {error}. Start one with `triptych up`.") from None
    if answer.status_code >= 400:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        raise Unreachable(f"{problem.get('title', answer.status_code)}: {problem.get('detail', answer.text[:300])}")
    return answer.json()
