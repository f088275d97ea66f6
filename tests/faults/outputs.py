"""What the services have published, read from the log: no gap, one content per id, first appearances in order."""
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from chassis.ports import Record
from contracts.topics import TOPICS

if TYPE_CHECKING:
    from tests.faults.system_under_test import SystemUnderTest

OWN = tuple(name for name, topic in TOPICS.items() if topic.owner != "enterprise")


@dataclass
class Outputs:
    """`copies`: records whose id had appeared before. `faults`: what must not be, in words."""

    records: int = 0
    copies: int = 0
    by_type: Counter[str] = field(default_factory=Counter)
    copies_by_type: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, datetime] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def read_outputs(stage: "SystemUnderTest") -> Outputs:
    made = Outputs()
    contents: dict[str, bytes] = {}
    sequences: dict[str, set[int]] = defaultdict(set)
    for topic in OWN:
        last: dict[str, int] = {}
        for record in await read_topic(stage, topic):
            _take(made, record, contents, sequences, last)
    for source, found in sequences.items():
        if found != set(range(1, len(found) + 1)):
            missing = sorted(set(range(1, max(found))) - found)
            made.faults.append(f"gap in what {source} said: {missing[:10]} missing of {max(found)}")
    return made


async def read_topic(stage: "SystemUnderTest", topic: str) -> list[Record]:
    """Everything on it, partition by partition, in order."""
    made: list[Record] = []
    begins = await stage.bus.begin_offsets([topic])
    for place, end in sorted((await stage.bus.end_offsets([topic])).items()):
        at = begins[place]
        while at < end:
            records = await stage.bus.read(place, at, 2000)
            if not records:
                break
            made += records
            at = records[-1].offset + 1
    return made


def _take(
    made: Outputs, record: Record, contents: dict[str, bytes], sequences: dict[str, set[int]], last: dict[str, int],
) -> None:
    said = {name: value.decode() for name, value in record.headers}
    id, type = said["ce_id"], said["ce_type"]
    content = blake2b(orjson.dumps([type, said["ce_time"], said.get("ce_sequence")]) + (record.value or b""),
                      digest_size=16).digest()
    made.records += 1
    known = contents.get(f"{said['ce_source']} {id}")
    if known is not None:
        made.copies += 1
        made.copies_by_type[type] += 1
        if known != content:
            made.faults.append(f"{type} {id} was said with two contents")
        return
    contents[f"{said['ce_source']} {id}"] = content
    made.by_type[type] += 1
    _remember(made, type, said["ce_time"], orjson.loads(record.value or b"{}"))
    if "ce_sequence" in said:
        source = _document(said["ce_source"], record.key or b"")
        number = int(said["ce_sequence"])
        sequences[source].add(number)
        if number <= last.get(source, 0):
            made.faults.append(f"{type} {id} is number {number} of {source}, first heard after {last[source]}")
        last[source] = max(number, last.get(source, 0))


def _document(source: str, key: bytes) -> str:
    """The document that speaks: named by its source, or, where that is the aggregate's only, by the key."""
    return source if source.count("/") > 3 else f"{source}/{key.decode()}"


def _remember(made: Outputs, type: str, time: str, data: dict[str, Any]) -> None:
    id = data.get("opportunity_id", "")
    if type == "crm.sla.breached.v1":
        if id in made.breaches:
            made.faults.append(f"{id} breached twice")
        made.breaches[id] = datetime.fromisoformat(data["due_at"])
    elif type == "crm.sla.retracted.v1":
        made.breaches.pop(id, None)
    elif type == "crm.transition.refused.v1":
        made.refusals[id] = made.refusals.get(id, 0) + 1
