"""Checks the ids and labels in a request body against the caller's scope.

A deal, lead or customer outside the scope is a 404, as if it did not exist. A label (rep, team, region, business line)
outside the scope is a 403 with a pointer. A record that a rep creates without `rep_id` belongs to that rep.
"""
import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from chassis.http.access import Access, Scope
from chassis.http.access.scope import LABELS
from chassis.http.problems import ProblemError, not_found
from chassis.messages.codec.errors import FieldError
from services.gateway.auth.caller import Caller
from services.gateway.proxy import Proxy

PATHS: Mapping[str, str] = {
    "opportunity": "/v1/opportunities/{}", "lead": "/v1/leads/{}", "customer": "/v1/customers/{}",
}
FIELDS = {"opportunity_id": "opportunity", "lead_id": "lead", "customer_id": "customer"}
MAX_ID_LENGTH = 128
MAX_ITEMS = 1000
CONCURRENT_REQUESTS = 8
BULK_ID_FIELDS = {"/v1/opportunities/transitions": "opportunity_id"}
"""Paths whose service reports a result per item, also for records that are not visible to the caller."""
NEW_ID_FIELDS = {"/v1/leads": "lead_id", "/v1/opportunities": "opportunity_id"}
"""Paths at which a POST may choose the id of the record that it creates; that record does not exist yet."""


class BodyReferences:
    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def check(self, caller: Caller, permission: str, method: str, path: str, body: bytes) -> bytes:
        """The body to forward. Raises ProblemError."""
        scope = caller.scope(permission)
        if scope.all or not body.strip():
            return body
        try:
            parsed = orjson.loads(body)
        except ValueError:  # refused here: another parser behind the gateway might read it differently
            raise ProblemError(400, "not_json", "The body is not JSON.") from None
        items = parsed if isinstance(parsed, list) else [parsed]
        if len(items) > MAX_ITEMS:
            raise ProblemError(413, "too_many", f"A request may have at most {MAX_ITEMS} items.")
        for item in items:
            if isinstance(item, dict):
                _check_labels(item, scope)
                fields = item.get("fields")
                _check_labels(fields if isinstance(fields, dict) else {}, scope, "/fields")
        await self._check_visible(caller, permission, path, items)
        new_id = NEW_ID_FIELDS.get(path) if method == "POST" else None
        if new_id and isinstance(parsed, dict):
            await self._check_unused(caller, permission, FIELDS[new_id], parsed.get(new_id))
            return orjson.dumps(_with_owner(parsed, scope))
        return body

    async def _check_visible(self, caller: Caller, permission: str, path: str, items: list[Any]) -> None:
        """Converting a lead may name a customer that does not exist yet: that creates the customer."""
        excluded = NEW_ID_FIELDS.get(path) or BULK_ID_FIELDS.get(path)
        named = {pair for item in items if isinstance(item, dict) for pair in _referenced(item, excluded)}
        limit = asyncio.Semaphore(CONCURRENT_REQUESTS)

        async def check_one(kind: str, id: str) -> None:
            async with limit:
                if await self._exists(kind, id, caller.access(permission)):
                    return
                new_customer = kind == "customer" and path.endswith("/convert")
                if not new_customer or await self._exists(kind, id, caller.full_access()):
                    raise not_found(kind, id)

        await asyncio.gather(*(check_one(kind, id) for kind, id in sorted(named)))

    async def _check_unused(self, caller: Caller, permission: str, kind: str, id: Any) -> None:
        """A chosen id that belongs to a record outside the scope is in use; the response reveals no more."""
        if _is_id(id) and not await self._exists(kind, id, caller.access(permission)) and (
                await self._exists(kind, id, caller.full_access())):
            raise ProblemError(409, "id_in_use", f"This {kind}_id is in use.")

    async def _exists(self, kind: str, id: str, access: Access) -> bool:
        return (await self._proxy.get(PATHS[kind].format(quote(id, safe=":")), access=access)).status_code == 200


def _referenced(item: Mapping[str, Any], excluded: str | None) -> Iterator[tuple[str, str]]:
    """(kind, id) of each record that the item names, without the field `excluded`."""
    for field, kind in FIELDS.items():
        id = item.get(field)
        if field != excluded and _is_id(id):
            yield kind, str(id)
    if isinstance(item.get("fields"), dict):
        yield from _referenced(item["fields"], None)
    subject = item.get("subject")
    if isinstance(subject, dict) and subject.get("kind") in PATHS and _is_id(subject.get("id")):
        yield str(subject["kind"]), str(subject["id"])


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH


def _check_labels(item: Mapping[str, Any], scope: Scope, at: str = "") -> None:
    required = scope.required_labels()
    faults = [FieldError("outside_scope", f"{at}/{label}", f"{label} {item[label]!r} is outside your scope.")
              for label in LABELS.values() if label in required and item.get(label) not in (None, *required[label])]
    faults += [FieldError("outside_scope", f"{at}/{label}", f"{label} must not be removed.")
               for label in LABELS.values() if label in required and label in item and item[label] is None]
    if faults:
        raise ProblemError(403, "outside_scope", faults[0].message, faults)


def _with_owner(body: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Fills in each missing label for which the scope has one value. Raises ProblemError 422 when it has several."""
    completed, faults = dict(body), []
    for label, values in scope.required_labels().items():
        if completed.get(label) is None:
            if len(values) == 1:
                completed[label] = values[0]
            else:
                faults.append(FieldError(
                    "outside_scope", f"/{label}", f"{label} is required: name one within your scope."))
    if faults:
        raise ProblemError(422, "invalid", faults[0].message, faults)
    return completed
