"""One-minute cells by event time, some of it late: the same events for this project's projector and for its peers.

As a program, one process that counts them with the real application, worker and projector on the embedded store:

    python -m dev.benchmark.minutes (signals|facts) RECORDS (memory|BOOTSTRAP) [END]        prints one JSON object
"""
import asyncio
import json
import random
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from chassis.adapters.memory import MemoryBus
from chassis.adapters.sqlite import SqliteStore
from chassis.domain.definitions import Definitions
from chassis.domain.handlers import Meta
from chassis.domain.projection import CellKey, FactContribution, Projection, Touch
from chassis.messages.codec import to_wire
from chassis.messages.envelope import encode
from chassis.ports import Bus, Outgoing
from chassis.projections import CellReader
from chassis.runtime.application import Application
from chassis.service.description import Service, ServiceComponents
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.crm import EngagementRecorded, PaymentReceived
from contracts.kinds import Subject
from contracts.topics import PARTITIONS
from dev.benchmark.workloads import SOURCE, eur

KINDS: tuple[Any, ...] = ("web_visit", "form", "download", "open", "click", "event_attended", "other")
FIELD = {"signals": "kind", "facts": "region"}
LATE = 0.05  # of all events, up to ten minutes
TimedEvent = tuple[datetime, Any]
Sums = dict[str, list[int]]


def generate_events(kind: str, records: int, end: datetime) -> list[TimedEvent]:
    """An hour of events with their times, in order of arrival. The same arguments give the same events."""
    chance = random.Random(7)
    start, step = end - timedelta(hours=1), timedelta(hours=1) / records
    events: list[TimedEvent] = []
    for n in range(records):
        at = start + n * step
        if chance.random() < LATE:
            at -= timedelta(seconds=chance.randrange(1, 600))
        events.append((at, _signal(n) if kind == "signals" else _payment(n)))
    return events


def _signal(n: int) -> EngagementRecorded:
    return EngagementRecorded(
        engagement_id=f"e{n}", kind=KINDS[n % 7], subject=Subject(kind="lead", id=f"lead-{n % 5000}"))


def _payment(n: int) -> PaymentReceived:
    return PaymentReceived(
        payment_id=f"p{n}", customer_id=f"customer-{n % 5000}", amount=eur(n), region=f"R{n % 7}")


def expected(events: Iterable[TimedEvent], kind: str) -> Sums:
    cells: Sums = {}
    for at, event in events:
        sums = cells.setdefault(f"{getattr(event, FIELD[kind])}|{at:%Y-%m-%dT%H:%M}", [0, 0])
        sums[0] += 1
        sums[1] += event.amount.amount_minor if kind == "facts" else 0
    return cells


def records_of(events: Iterable[TimedEvent]) -> list[Outgoing]:
    return [encode(event, id=f"m{n}", source=SOURCE, time=at) for n, (at, event) in enumerate(events)]


def lines_of(events: Iterable[TimedEvent], kind: str) -> bytes:
    """For the peers: `[time, key, data]` a line."""
    return b"".join(
        msgspec.json.encode([at.isoformat(), getattr(event, FIELD[kind]), to_wire(event)]) + b"\n"
        for at, event in events)


def keyed_by_field(events: Sequence[TimedEvent], kind: str, topic: str) -> list[Outgoing]:
    """For Quix, which windows by the message's key; one record an hour later closes the windows of each key."""
    records = list(events)
    last = max(at for at, _ in events)
    records += [(last + timedelta(hours=1), event) for _, event in events[:7]]
    return [encode(event, id=f"q{n}", source=SOURCE, time=at, topic=topic, key=getattr(event, FIELD[kind]))
            for n, (at, event) in enumerate(records)]


# --- counted by the projector ----------------------------------------------------------------------------------------


def _cell(kind: str, label: str, at: datetime) -> CellKey:
    return CellKey(kind, at.date(), (("label", label), ("minute", f"{at.hour:02d}:{at.minute:02d}")))


def _signals() -> Projection:
    def signals(event: EngagementRecorded, meta: Meta) -> Iterable[FactContribution]:
        return (FactContribution(_cell("signals", event.kind, meta.time), 1),)

    return Projection("minutes", (EngagementRecorded,), lambda _event, _meta: (), lambda _kind, _image: (), signals)


def _facts() -> Projection:
    def touch(event: PaymentReceived, meta: Meta) -> Iterable[Touch]:
        image = {"at": meta.time, "region": event.region, "amount": event.amount.amount_minor}
        return (Touch("payment", f"{event.customer_id}|{event.payment_id}", lambda before: before or image),)

    def contributions(kind: str, image: Any) -> Iterable[FactContribution]:
        return (FactContribution(_cell("facts", image["region"], image["at"]), 1, image["amount"]),)

    return Projection("minutes", (PaymentReceived,), touch, contributions)


def service(kind: str) -> Service:
    projection = _signals() if kind == "signals" else _facts()
    return Service(
        "kpi", "Counts by minutes.", lambda _definitions: ServiceComponents(projection=projection), (),
        projection.consumes)


async def count(kind: str, records: int, source: str, end: datetime, directory: Path) -> dict[str, Any]:
    """Runs the whole service on records in memory or on Kafka."""
    from dev.benchmark.service_process import process_all

    counting_service = service(kind)
    bus: Bus = MemoryBus()
    if source == "memory":
        await bus.ensure_topics(dict.fromkeys(counting_service.topics, PARTITIONS))
        await bus.publish(records_of(generate_events(kind, records, end)))
    else:
        from chassis.adapters.kafka import KafkaBus

        bus = KafkaBus(source)
    store = SqliteStore(directory / "minutes.db")
    await bus.start()
    await store.start()
    try:
        application = Application(counting_service, Settings(), store, bus, Definitions())
        await application.start()
        result: dict[str, Any] = await process_all(application, records)
        cells = await CellReader(store, "kpi").read(kind, None, None)
        assert application.projector is not None
        mismatches = [str(m) for m in await application.projector.audit()]
    finally:
        await store.stop()
        await bus.stop()
    result["cells"] = {f"{c.dims['label']}|{c.day}T{c.dims['minute']}": [c.n, c.sum] for c in cells}
    return result | {"mismatches": mismatches}


def main() -> None:
    import tempfile

    import uvloop

    from dev.benchmark.service_process import configure_process

    kind, records, source = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    end = datetime.fromisoformat(sys.argv[4]) if len(sys.argv) > 4 else utc_now().replace(microsecond=0)
    configure_process("kpi")
    with (
        tempfile.TemporaryDirectory(prefix="triptych-bench-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        result = runner.run(count(kind, records, source, end, Path(directory)))
        print(json.dumps(result | {"end": end.isoformat()}))


if __name__ == "__main__":
    main()
