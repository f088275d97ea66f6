"""Erasing takes what is remembered of a person and keeps the fences: what was taken in stays taken in."""
import ast
from pathlib import Path
from typing import Any

import pytest

from chassis.aggregates.documents import decode_stored
from chassis.ports import Outgoing, TopicPartition
from contracts.crm import CustomerErased, CustomerRegistered, LeadCaptured, LeadErased
from contracts.kinds import Contact
from services.lead_scoring.service import SERVICE as LEAD_SCORING
from services.segmentation.service import SERVICE as SEGMENTATION
from tests.support.running_service import RunningService, running_service

ROOT = Path(__file__).parents[2]
PORTS = ("chassis/adapters/",)  # they delete what they are given
PERSON = "Ada Lovelace"
CASES: dict[str, Any] = {
    "lead_scoring": (LEAD_SCORING, "lead", LeadCaptured(
        lead_id="p", business_line="software", contact=Contact(name=PERSON)), LeadErased(lead_id="p")),
    "segmentation": (SEGMENTATION, "customer", CustomerRegistered(customer_id="p", name=PERSON),
                     CustomerErased(customer_id="p")),
}


async def stored(running: RunningService, name: str, aggregate: str) -> Any:
    (document,) = (await running.app.store.load(f"{name}.{aggregate}", ["p"])).values()
    return decode_stored(document)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
async def test_what_comes_again_after_an_erasure_brings_nothing_back(name: str, tmp_path: Path) -> None:
    service, aggregate, captured, erased = CASES[name]
    async with running_service(service, "memory", tmp_path) as running:
        await running.publish(captured, "1")
        assert PERSON.encode() in bytes((await stored(running, name, aggregate)).state)
        before = await stored(running, name, aggregate)
        await running.publish(erased, "2")
        after = await stored(running, name, aggregate)
        assert PERSON.encode() not in bytes(after.state)
        assert all(after.fences.get(place, -1) >= offset for place, offset in before.fences.items())
        records = [r for p in range(8) for t in running.app.topics for r in await running.app.bus.read(
            TopicPartition(t, p), 0, 100)]
        await running.app.bus.publish([Outgoing(r.topic, r.key, r.value, r.headers) for r in records])  # copies
        await running.settle()
        again = await stored(running, name, aggregate)
        assert PERSON.encode() not in bytes(again.state)
        assert (again.rev, again.outbox_sequence) == (after.rev, after.outbox_sequence)


def test_nobody_takes_away_a_document_that_has_fences() -> None:
    """Figures of a generation that is over, journal records behind a checkpoint, and up to where a log was read that is
    there no more go; the gateway has no fences."""
    allowed = {"chassis/runtime/progress.py", "chassis/projections/generations.py",
               "chassis/projections/journal_pruning.py"}
    found = set()
    for part in ("chassis", "services"):
        for file in (f for f in (ROOT / part).rglob("*.py") if "gateway" not in f.parts):
            text = file.read_text(encoding="utf-8")
            if ".delete(" not in text:
                continue
            calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
            if any(isinstance(n.func, ast.Attribute) and n.func.attr == "delete" for n in calls):
                found.add(str(file.relative_to(ROOT)))
    adapters = {f for f in found if f.startswith(PORTS)}
    assert found - adapters <= allowed
