"""One-minute cells: this project beside Bytewax and Quix Streams, the same events, the same results."""
import asyncio
import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.adapters.kafka import KafkaBus
from chassis.support.clock import utc_now
from chassis.support.errors import ActionableError
from contracts.topics import PARTITIONS
from dev.benchmark import minutes
from dev.benchmark.processes import PATIENCE, Speed, child
from dev.benchmark.workloads import require_equal

PEERS = Path(__file__).parent / "peers"
ENVIRONMENT = Path(".venv-bench")


class PeersUnavailable(ActionableError):
    """The environment of the group `bench` is missing."""

    def __init__(self) -> None:
        super().__init__("not measured here: Bytewax and Quix Streams; `make bench` sets up .venv-bench")


def peer(program: str, *arguments: str) -> Any:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise PeersUnavailable
    done = subprocess.run(
        [str(python), str(PEERS / program), *arguments], stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    return json.loads(done.stdout.splitlines()[-1])


def beside_bytewax(kind: str, records: int, directory: Path) -> tuple[Speed, Speed]:
    """Records a second: ours, Bytewax's; both begin with bytes in memory and end with state on disk."""
    directory.mkdir(parents=True, exist_ok=True)
    events = minutes.told(kind, records, utc_now().replace(microsecond=0))
    (directory / "events").write_bytes(minutes.lines_of(events, kind))
    theirs = peer("bytewax_minutes.py", str(directory / "events"), minutes.FIELD[kind], str(directory / "recovery"))
    require_equal("cells of Bytewax", theirs["cells"], minutes.expected(events, kind))
    ours = child("dev.benchmark.minutes", kind, str(records), "memory")
    _right(ours, kind, records)
    return _speed(ours), _speed(theirs)


def beside_quix(kind: str, records: int, directory: Path, bootstrap: str) -> tuple[Speed, Speed]:
    """Records a second from Kafka: ours, Quix Streams'."""
    directory.mkdir(parents=True, exist_ok=True)
    end = utc_now().replace(microsecond=0)
    events = minutes.told(kind, records, end)
    keyed = minutes.keyed_by_field(events, kind, "bench.minutes")
    (topic,) = minutes.service(kind).topics
    asyncio.run(_fill(bootstrap, {topic: minutes.records_of(events), "bench.minutes": keyed}))
    theirs = peer("quix_minutes.py", bootstrap, "bench.minutes", str(len(keyed)), str(directory / "state"))
    require_equal("cells of Quix Streams", theirs["cells"], minutes.expected(events, kind))
    ours = child("dev.benchmark.minutes", kind, str(records), bootstrap, end.isoformat())
    _right(ours, kind, records)
    return _speed(ours), _speed(theirs)


async def _fill(bootstrap: str, records: dict[str, Any]) -> None:
    bus = KafkaBus(bootstrap)
    await bus.start()
    try:
        await bus.ensure_topics(dict.fromkeys(records, PARTITIONS))
        for some in records.values():
            for start in range(0, len(some), 5_000):
                await bus.publish(some[start : start + 5_000])
    finally:
        await bus.stop()


def _speed(found: Any) -> Speed:
    records = found["records"] / found["seconds"]
    return Speed(records, records, found["cpu_seconds"] / found["seconds"])


def _right(found: Any, kind: str, records: int) -> None:
    require_equal("journal", found["mismatches"], [])
    end = datetime.fromisoformat(found["end"])
    require_equal("our cells", found["cells"], minutes.expected(minutes.told(kind, records, end), kind))

