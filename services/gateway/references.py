"""Ids that a body names: a caller with a limited scope may name only what it may see, or write about others' records.

A deal, lead or customer that is not seen is a 404 as if it were not there. Labels (rep, team, region, business line)
that lie outside the scope are a 403 with a pointer; a rep who names none opens records of his own.
"""
import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from chassis.http.access import Scope
from chassis.http.access.scope import LABELS
from chassis.http.routing import Fault, Problem, not_found
from services.gateway.auth.caller import Caller
from services.gateway.proxy import Proxy

KINDS: Mapping[str, tuple[str, str]] = {
    "opportunity": ("pipeline", "/v1/opportunities/{}"),
    "lead": ("lead_scoring", "/v1/leads/{}"),
    "customer": ("segmentation", "/v1/customers/{}"),
}
FIELDS = {"opportunity_id": "opportunity", "lead_id": "lead", "customer_id": "customer"}
LONGEST_ID = 128
MOST = 1000


BULK = {"/v1/opportunities/transitions": "opportunity_id"}
"""Paths whose service gives a verdict per item: which of them are not there for the caller is told item by item."""


def created(path: str) -> str | None:
    """The id field by which a POST to this path may name what it makes: it need not be there yet."""
    return {"/v1/leads": "lead_id", "/v1/opportunities": "opportunity_id"}.get(path)


class References:
    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def checked(self, caller: Caller, permission: str, method: str, path: str, body: bytes) -> bytes:
        """The body as it is to be passed on. Raises Problem."""
        scope = caller.scope(permission)
        if scope.all or not body.strip():
            return body
        try:
            said = orjson.loads(body)
        except ValueError:
            raise Problem(400, "not_json", "The body is not JSON.") from None  # nobody behind may read it differently
        items = said if isinstance(said, list) else [said]
        if len(items) > MOST:
            raise Problem(413, "too_many", f"At most {MOST} at once.")
        for item in items:
            if isinstance(item, dict):
                _own_labels(item, scope)
                fields = item.get("fields")
                _own_labels(fields if isinstance(fields, dict) else {}, scope, "/fields")
        await self._known(caller, permission, path, items)
        made = created(path) if method == "POST" else None
        if made and isinstance(said, dict):
            await self._free(caller, permission, FIELDS[made], said.get(made))
            return orjson.dumps(_with_owner(said, scope))
        return body

    async def _known(self, caller: Caller, permission: str, path: str, items: list[Any]) -> None:
        """A customer whom nobody knows yet may be named: converting a lead is how customers begin."""
        own = created(path) or BULK.get(path)
        asked = {pair for item in items if isinstance(item, dict) for pair in _named(item, own)}
        limit = asyncio.Semaphore(8)

        async def one(kind: str, id: str) -> None:
            async with limit:
                if not await self._there(caller, permission, kind, id):
                    if kind == "customer" and path.endswith("/convert") and not await self._taken(caller, kind, id):
                        return
                    raise not_found(kind, id)

        await asyncio.gather(*(one(kind, id) for kind, id in sorted(asked)))

    async def _free(self, caller: Caller, permission: str, kind: str, id: Any) -> None:
        """An id of one's own choice that stands for another one's record is in use, and that is all that is said."""
        if _is_id(id) and not await self._there(caller, permission, kind, id) and await self._taken(caller, kind, id):
            raise Problem(409, "id_in_use", f"This {kind}_id is in use.")

    async def _there(self, caller: Caller, permission: str, kind: str, id: str) -> bool:
        service, path = KINDS[kind]
        found = await self._proxy.ask(
            service, "GET", path.format(quote(id, safe=":")), seen_by=caller.access(permission))
        return found.status_code == 200

    async def _taken(self, caller: Caller, kind: str, id: str) -> bool:
        service, path = KINDS[kind]
        return (await self._proxy.ask(service, "GET", path.format(quote(id, safe=":")),
                                      seen_by=caller.everything())).status_code == 200


def _named(item: Mapping[str, Any], made: str | None) -> Iterator[tuple[str, str]]:
    for field, kind in FIELDS.items():
        id = item.get(field)
        if field != made and _is_id(id):
            yield kind, str(id)
    if isinstance(item.get("fields"), dict):
        yield from _named(item["fields"], None)
    subject = item.get("subject")
    if isinstance(subject, dict) and subject.get("kind") in KINDS and _is_id(subject.get("id")):
        yield str(subject["kind"]), str(subject["id"])


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID


def _own_labels(item: Mapping[str, Any], scope: Scope, at: str = "") -> None:
    asked = scope.asked()
    faults = [Fault("outside_scope", f"{at}/{label}", f"{label} {item[label]!r} lies outside of what is yours.")
              for label in LABELS.values() if label in asked and item.get(label) not in (None, *asked[label])]
    faults += [Fault("outside_scope", f"{at}/{label}", f"{label} cannot be taken away.")
               for label in LABELS.values() if label in asked and label in item and item[label] is None]
    if faults:
        raise Problem(403, "outside_scope", faults[0].message, faults)


def _with_owner(body: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """What limits the scope to one label is written into a record that names none; otherwise it must be named."""
    made, faults = dict(body), []
    for label, values in scope.asked().items():
        if made.get(label) is None:
            if len(values) == 1:
                made[label] = values[0]
            else:
                faults.append(Fault("outside_scope", f"/{label}", f"Say which {label}, of those that are yours."))
    if faults:
        raise Problem(422, "invalid", faults[0].message, faults)
    return made
