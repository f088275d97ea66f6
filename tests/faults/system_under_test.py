"""A system under test: log and store, members in processes of their own, the load on it, and the ledger of the load.

    async with Stage(directory) as stage:
        await stage.start_all()
        await gather(stage.load(5000), a_fault(stage))
        await stage.settle()
        assert await differences(stage) == []
"""
import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orjson

from chassis.http.access import EVERYTHING, HEADER, Access, sealer_from_settings
from chassis.ports import Between, Bus, BusUnavailable, Outgoing, Store, StoreUnavailable, TopicPartition
from chassis.projections.generations import Generations
from chassis.runtime.host import load_definitions, open_ports
from chassis.service.description import ServiceComponents
from chassis.service.discovery import find_service, internal_names
from chassis.support.clock import now_ms, utc_now
from chassis.support.settings import Settings
from tests.faults.event_families import SourceEvent
from tests.faults.load import Load, encoded
from tests.faults.processes import DEFINITIONS, ROOT, Member, ProcessGroup
from tests.faults.retrying_client import RetryingClient

INVITATIONS = "crm.surveys.v1"


class SystemUnderTest:
    """`kafka`: bootstrap servers; without, the embedded log. The store is the embedded one unless `mongo` names one."""

    def __init__(
        self, directory: Path, *, seed: int = 1, session: float = 1.0, kafka: str | None = None,
        members_kafka: str | None = None, mongo: str | None = None, database: str = "triptych", copies: float = 0.0,
        hostile: float = 0.0, env: Mapping[str, str] | None = None,
    ) -> None:
        self.directory, self.session, self.kafka = directory, session, kafka
        env = {"TRIPTYCH_DATA_DIR": str(directory / "data"), "TRIPTYCH_LOG_LEVEL": "info", **(env or {})}
        env |= {"TRIPTYCH_SESSION": str(session)}
        env |= {"TRIPTYCH_KAFKA": members_kafka or kafka} if kafka else {}
        env |= {"TRIPTYCH_MONGO": mongo, "TRIPTYCH_MONGO_DATABASE": database} if mongo else {}
        self.fleet = ProcessGroup(directory, env, kafka=kafka is not None)
        start = utc_now().replace(microsecond=0)
        self.world = Load(seed, start, copies=copies, hostile=hostile, largest=400_000 if kafka else None)
        self.ledger = self.world.ledger
        self.requests = RetryingClient(self)
        self.settings = Settings(data_dir=directory / "data", kafka=kafka, mongo=mongo, mongo_database=database,
                                 session=session)
        self._seal = sealer_from_settings(self.settings)
        self._publishing = asyncio.Lock()
        self._heard: dict[TopicPartition, int] = {}
        self._invited: set[str] = set()
        self.published = 0
        self.ahead = 0.0  # seconds by which the clocks of the members are wrong

    async def __aenter__(self) -> "SystemUnderTest":
        self._ports = open_ports(self.settings)
        self.bus: Bus
        self.store: Store
        self.bus, self.store = await self._ports.__aenter__()
        await self.fleet.__aenter__()
        self.client = httpx.AsyncClient(timeout=60, trust_env=False)
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.client.aclose()
        await self.fleet.__aexit__(*error)
        await self._ports.__aexit__(None, None, None)

    # --- members -----------------------------------------------------------------------------------------------------

    async def start_all(self, members: int = 1, **env: str) -> list[Member]:
        """The first start of a service makes its topics; members of one service are started one after another."""
        async def some(service: str) -> list[Member]:
            return [await self.fleet.start(service, n, **env) for n in range(members)]

        return [m for group in await asyncio.gather(*map(some, internal_names())) for m in group]

    async def command(self, *words: str) -> str:
        """What the command line answers on this log and store."""
        env = {**os.environ, **self.fleet.env, "TRIPTYCH_DEFINITIONS": str(DEFINITIONS), "NO_COLOR": "1",
               "COLUMNS": "200"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.cli", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env=env)
        said, _ = await asyncio.wait_for(process.communicate(), 900)
        assert process.returncode == 0, said.decode()[-3000:]
        return said.decode()

    def alive(self, service: str) -> list[Member]:
        return [m for m in self.fleet.members.values() if m.service == service and m.alive and m.ready.is_set()]

    # --- load --------------------------------------------------------------------------------------------------------

    async def load(self, events: int, rate: float = 1000.0, batch: int = 100) -> None:
        """So many events at so many a second, answering invitations on the way."""
        began, said = time.monotonic(), 0
        while said < events:
            await self.publish(self.world.records(min(batch, events - said)))
            said += batch
            await self.react()
            await asyncio.sleep(max(0.0, began + said / rate - time.monotonic()))

    async def finish(self) -> None:
        """What has begun is told to its end, and late copies are sent."""
        for records in self.world.rest():
            await self.publish(records)

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Acknowledged, however often it has to be said: what came twice has the same ids. One after another, as
        the order within a key is the enterprise's to keep."""
        async with self._publishing:
            while True:
                try:
                    await self.bus.publish(records)
                    self.published += len(records)
                    return
                except BusUnavailable:
                    await asyncio.sleep(0.2)

    async def publish_event(self, event: SourceEvent) -> None:
        self.ledger.take(event)
        await self.publish([encoded(event)])

    async def react(self) -> int:
        """As a survey tool would: who was invited answers, most of them, some of them twice."""
        said: list[SourceEvent] = []
        with contextlib.suppress(BusUnavailable):
            for place, end in (await self.bus.end_offsets([INVITATIONS])).items():
                while (at := self._heard.get(place, 0)) < end:
                    records = await self.bus.read(place, at, 500)
                    if not records:
                        break
                    self._heard[place] = records[-1].offset + 1
                    for record in records:
                        said += self._reaction(dict(record.headers), record.value or b"")
        for event in said:
            self.ledger.take(event)
        if said:
            await self.publish([encoded(event) for event in said])
        return len(said)

    def _reaction(self, headers: Mapping[str, bytes], value: bytes) -> list[SourceEvent]:
        if headers["ce_type"] != b"crm.survey.invited.v1":
            return []
        invited = orjson.loads(value)
        who, invitation = invited["respondent_id"], invited["invitation_id"]
        if invitation in self._invited:
            return []
        self._invited.add(invitation)
        chance = hashlib.sha256(who.encode()).digest()
        at = datetime.fromisoformat(headers["ce_time"].decode()) + timedelta(hours=1)
        times = 0 if chance[0] < 80 else 2 if chance[0] > 230 else 1
        later = timedelta(minutes=9)
        return [SourceEvent("crm.survey.responded.v1", who, f"{who}-{n}", "survey-tool", at + n * later, {
            "response_id": f"{who}-{n}", "survey": "after_win", "respondent_kind": "customer", "respondent_id": who,
            "invitation_id": invitation, "complete": True,
            "answers": {"nps": chance[1 + n] % 11, "csat": 1 + chance[3 + n] % 5}}) for n in range(times)]

    # --- the end -----------------------------------------------------------------------------------------------------

    async def settle(self, within: float = 120.0) -> float:
        """Until everything has been taken in and nothing is owed, four looks in a row. Seconds that it took."""
        began, quiet = time.monotonic(), 0
        await self.finish()
        while quiet < 4:
            assert time.monotonic() - began < within, f"not settled after {within} s: {await self.open_ends()}"
            if await self.react():
                quiet = 0
                continue
            quiet = 0 if await self.open_ends() else quiet + 1
            await asyncio.sleep(1.0 if self.kafka else 0.15)
        return time.monotonic() - began

    async def open_ends(self) -> dict[str, int]:
        """What is still to be done: records not taken in, outboxes, deadlines that have come."""
        found: dict[str, int] = {}
        now = now_ms() + int(1000 * self.ahead)
        try:
            for name in internal_names():
                lag = await self.lag(name)
                if lag:
                    found[f"{name}: lag"] = lag
                for aggregate in self.aggregates(name):
                    for field, range_ in (("_pending", Between(1, None)), ("_due", Between(-2**62, now))):
                        groups = await self.store.count(f"{name}.{aggregate}", {field: range_})
                        if groups[0].n:
                            found[f"{name}.{aggregate}: {field}"] = groups[0].n
        except (BusUnavailable, StoreUnavailable, ValueError) as error:
            found[f"not to be seen: {error}"] = 1
        return found

    async def lag(self, service: str) -> int:
        topics = find_service(service).topics
        committed = await self.bus.committed(f"triptych.{service}", topics)
        return sum(max(0, end - committed.get(p, 0)) for p, end in (await self.bus.end_offsets(topics)).items())

    def aggregates(self, service: str) -> list[str]:
        return [a.name for a in parts_of(service).aggregates]

    async def generation(self) -> str:
        """Of the figures that are the live ones."""
        return (await Generations("kpi", self.store, parts_of("kpi").generation).pointer()).live

    # --- asking ------------------------------------------------------------------------------------------------------

    async def request(
        self, member: Member, method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None,
        key: str = "",
    ) -> httpx.Response:
        """Straight to a member, under the seal of the gateway."""
        made = self.client.build_request(
            method, f"http://127.0.0.1:{member.port}{path}", params=params or None, json=body,
            headers={"Idempotency-Key": key} if key else None)
        target = made.url.raw_path.decode("latin-1")
        made.headers[HEADER] = self._seal.seal(Access("clerk", EVERYTHING), member.service, method, target)
        return await self.client.send(made)

    async def get(self, service: str, path: str, **params: Any) -> Any:
        """What a member that is up answers."""
        for _ in range(50):
            for member in self.alive(service):
                with contextlib.suppress(httpx.TransportError):
                    answer = await self.request(member, "GET", path, params=params)
                    if answer.status_code == 503:
                        continue
                    assert answer.status_code == 200, f"{path} {params}: {answer.status_code} {answer.text[:500]}"
                    return answer.json()
            await asyncio.sleep(0.2)
        raise AssertionError(f"no member of {service} answers {path}")

    async def pages(self, service: str, path: str, key: str = "items", **params: Any) -> list[Any]:
        made: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(service, path, limit=500, **params, **({"cursor": cursor} if cursor else {}))
            made += page[key]
            cursor = page["next"]
            if cursor is None:
                return made


@cache
def parts_of(service: str) -> ServiceComponents:
    return find_service(service).build(load_definitions(Settings(definitions=DEFINITIONS)))
