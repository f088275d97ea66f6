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
    """Speeds of this project and of Bytewax; both begin with bytes in memory and end with state on disk."""
    directory.mkdir(parents=True, exist_ok=True)
    events = minutes.generate_events(kind, records, utc_now().replace(microsecond=0))
    (directory / "events").write_bytes(minutes.lines_of(events, kind))
    file, recovery = str(directory / "events"), str(directory / "recovery")
    peer_result = peer("bytewax_minutes.py", file, minutes.FIELD[kind], recovery)
    require_equal("cells of Bytewax", peer_result["cells"], minutes.expected(events, kind))
    own_result = child("dev.benchmark.minutes", kind, str(records), "memory")
    _check_result(own_result, kind, records)
    return _speed(own_result), _speed(peer_result)


def beside_quix(kind: str, records: int, directory: Path, bootstrap: str) -> tuple[Speed, Speed]:
    """Speeds of this project and of Quix Streams, both from Kafka."""
    directory.mkdir(parents=True, exist_ok=True)
    end = utc_now().replace(microsecond=0)
    events = minutes.generate_events(kind, records, end)
    keyed = minutes.keyed_by_field(events, kind, "bench.minutes")
    (topic,) = minutes.service(kind).topics
    asyncio.run(_fill(bootstrap, {topic: minutes.records_of(events), "bench.minutes": keyed}))
    peer_result = peer("quix_minutes.py", bootstrap, "bench.minutes", str(len(keyed)), str(directory / "state"))
    require_equal("cells of Quix Streams", peer_result["cells"], minutes.expected(events, kind))
    own_result = child("dev.benchmark.minutes", kind, str(records), bootstrap, end.isoformat())
    _check_result(own_result, kind, records)
    return _speed(own_result), _speed(peer_result)


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


def _speed(result: Any) -> Speed:
    records = result["records"] / result["seconds"]
    return Speed(records, records, result["cpu_seconds"] / result["seconds"])


def _check_result(result: Any, kind: str, records: int) -> None:
    require_equal("journal", result["mismatches"], [])
    end = datetime.fromisoformat(result["end"])
    require_equal("our cells", result["cells"], minutes.expected(minutes.generate_events(kind, records, end), kind))

