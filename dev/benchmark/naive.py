"""A straightforward implementation of pipeline: FastStream, one message at a time, a Machine per deal, same store.

    python -m dev.benchmark.naive BOOTSTRAP TOPIC RECORDS DIRECTORY        prints one JSON object

It checks less, fences nothing and loses what it publishes when it is killed between save and publish.
"""
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pydantic
from faststream.kafka import KafkaBroker, KafkaMessage
from transitions import Machine

from chassis.adapters.sqlite import SqliteStore
from chassis.domain.definitions import read_directory
from chassis.ports import Collection, Document
from chassis.support.settings import settings
from contracts.crm import OpportunityOpeningRequested, OpportunityTransitionRequested
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.definitions.model import BlueprintDefinition

DEALS = Collection("naive", {})
CLASSES: dict[str, type] = {
    "crm.opportunity.opening_requested.v1": OpportunityOpeningRequested,
    "crm.opportunity.transition_requested.v1": OpportunityTransitionRequested,
}
ADAPTERS: dict[str, Any] = {name: pydantic.TypeAdapter(cls) for name, cls in CLASSES.items()}


class NaiveDeal:
    state: str


def machine_of(blueprint: BlueprintDefinition, deal: NaiveDeal, stage: str) -> Machine:
    return Machine(
        model=deal, initial=stage, states=list(blueprint.stages), auto_transitions=False, send_event=True,
        transitions=[{"trigger": t.name, "source": list(t.from_), "dest": t.to}
                     for t in blueprint.transitions.values()])


class Naive:
    def __init__(self, broker: KafkaBroker, store: SqliteStore, blueprint: BlueprintDefinition) -> None:
        self.broker, self.store, self.blueprint = broker, store, blueprint
        self.n, self.began, self.cpu, self.done = 0, 0.0, 0.0, asyncio.Event()
        self.expected = 0

    async def handle(self, body: bytes, message: KafkaMessage) -> None:
        if not self.n:
            self.began, self.cpu = time.perf_counter(), time.process_time()
        event = ADAPTERS[message.headers["ce_type"]].validate_json(body)
        stored = (await self.store.load("naive", [event.opportunity_id])).get(event.opportunity_id)
        state = msgspec.msgpack.decode(stored.body) if stored else {"stage": self.blueprint.initial}
        if stored:
            deal = NaiveDeal()
            machine_of(self.blueprint, deal, state["stage"])
            deal.trigger(event.transition)  # type: ignore[attr-defined]  # the machine gives it
            state["stage"] = deal.state
        await self.store.save("naive", [
            Document(event.opportunity_id, stored.version if stored else 0, msgspec.msgpack.encode(state))])
        output = {"opportunity_id": event.opportunity_id, "stage": state["stage"]}
        await self.broker.publish(output, "bench.naive", key=event.opportunity_id.encode())
        self.n += 1
        if self.n == self.expected:
            self.done.set()


async def run(bootstrap: str, topic: str, records: int, directory: Path) -> dict[str, Any]:
    (blueprint,) = compile_book(read_directory(settings().definitions)).lines["hardware"].blueprints
    broker, store = KafkaBroker(bootstrap, logger=None), SqliteStore(directory / "naive.db")
    await store.start()
    await store.ensure([DEALS])
    naive = Naive(broker, store, blueprint)
    naive.expected = records
    broker.subscriber(topic, group_id="naive", auto_offset_reset="earliest", decoder=_raw)(naive.handle)
    await broker.start()
    try:
        await asyncio.wait_for(naive.done.wait(), 300)
        seconds, used = time.perf_counter() - naive.began, time.process_time() - naive.cpu
        stages: dict[str, int] = {}
        for id in await store.ids("naive", limit=1_000_000):
            body = msgspec.msgpack.decode((await store.load("naive", [id]))[id].body)
            stages[body["stage"]] = stages.get(body["stage"], 0) + 1
        return {"records": records, "seconds": seconds, "cpu_seconds": used, "stages": stages}
    finally:
        await broker.stop()
        await store.stop()


async def _raw(message: KafkaMessage) -> bytes:
    return message.body


def main() -> None:
    import uvloop

    from dev.benchmark.service_process import configure_process

    bootstrap, topic, records, directory = sys.argv[1:]
    configure_process("naive")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(bootstrap, topic, int(records), Path(directory)))))


if __name__ == "__main__":
    main()
