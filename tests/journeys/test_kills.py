"""Every service killed, again and again, while data comes in, and the same data once more: the same figures."""
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest

from dev.kafka_cluster import BrokerUnavailable, KafkaCluster, fetch_jars, find_java
from tests.journeys import reference_figures
from tests.journeys.reference_company import Event, figures, story
from tests.journeys.system import DATA, SERVICES, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SOON = {"TRIPTYCH_SESSION": "6"}  # seconds until Kafka believes that a killed member is gone, else 45
YEARS = {"from": "2016-10-01", "to": "2018-01-01", "grain": "month"}
RETAIL = {"from": "2019-01-01", "to": "2022-01-01", "grain": "month"}


def import_while_killing(system: System, mapping: str, times: int, every: float) -> dict[str, int]:
    """How often each service was killed while the import ran."""
    kills = dict.fromkeys(SERVICES, 0)
    with ThreadPoolExecutor(1) as pool:
        importing = pool.submit(system.import_, mapping, DATA / mapping)
        for service in cycle(SERVICES):
            if importing.done() or min(kills.values()) >= times:
                break
            time.sleep(every)
            kills[service] += system.kill(service)
        done = importing.result()
    assert done.returncode == 0, done.stdout + done.stderr
    system.until(system.ready, "all services are up again")
    system.settle()
    return kills


def told(found: reference_figures.Figures) -> reference_figures.Figures:
    return {key: value for key, value in found.items() if value}


def assert_exact(system: System, by: str) -> None:
    """Figures of the opportunities as pandas computes them, and nothing rejected."""
    rows = reference_figures.opportunities()
    for measure in reference_figures.MEASURES:
        expected = reference_figures.of_opportunities(rows, measure, "month", by)
        assert told(system.figures(measure, **YEARS, by=by)) == told(expected), (measure, by)
    assert system.get("/v1/dead-letters")["items"] == []


def assert_retail(system: System) -> None:
    lines = reference_figures.superstore_lines()
    for by in ("region", "category"):
        assert told(system.figures("order_amount", **RETAIL, by=by)) == told(
            reference_figures.grouped(lines, "day", "month", by, reference_figures.amount)), by
        assert told(system.figures("orders", **RETAIL, by=by)) == told(
            reference_figures.grouped(lines, "day", "month", by, reference_figures.orders_in)), by
    assert system.get("/v1/dead-letters")["items"] == []


@pytest.mark.timeout(600)
def test_services_are_killed_while_data_is_imported_and_it_is_imported_again(data: None, tmp_path: Path) -> None:
    with System(tmp_path) as system:
        kills = import_while_killing(system, "crm_opportunities", times=2, every=0.8)
        assert min(kills.values()) >= 2, kills
        assert_exact(system, "product")
        again = import_while_killing(system, "crm_opportunities", times=1, every=0.5)
        assert min(again.values()) >= 1, again
        assert_exact(system, "region")
        # what a killed service had published is perhaps published again, but never under another id
        ids = {(dict(r.headers)["ce_type"], dict(r.headers)["ce_id"]) for r in system.records("crm.opportunities.v1")}
        types = Counter(type for type, _ in ids)
        assert (types[b"crm.opportunity.won.v1"], types[b"crm.opportunity.lost.v1"]) == (4238, 2473)


@pytest.fixture
def broker() -> None:
    try:
        find_java()
        fetch_jars()
    except BrokerUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.real
@pytest.mark.timeout(600)
def test_services_are_killed_on_a_real_kafka_of_their_own(data: None, broker: None, tmp_path: Path) -> None:
    with System(tmp_path, "--real", env=SOON) as system:
        assert "Apache Kafka listens" in system.log.read_text()
        kills = import_while_killing(system, "superstore", times=1, every=0.7)
        assert sum(kills.values()) >= 6, kills
        assert_retail(system)
        import_while_killing(system, "superstore", times=0, every=0.0)
        assert_retail(system)


@pytest.fixture
def kafka_alone(tmp_path: Path) -> Iterator[str]:
    """A broker whose topics no other test has used."""
    cluster = KafkaCluster(tmp_path / "kafka")
    try:
        cluster.start()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    yield cluster.bootstrap
    cluster.stop()


@pytest.mark.real
@pytest.mark.timeout(600)
def test_a_story_is_told_over_a_real_kafka_and_a_mongodb(kafka_alone: str, mongo: str, tmp_path: Path) -> None:
    env = {"TRIPTYCH_KAFKA": kafka_alone, "TRIPTYCH_MONGO": mongo, "TRIPTYCH_MONGO_DATABASE": "journey", **SOON}
    events: list[Event] = [event for _, event in story("Real", size=0.3)]
    with System(tmp_path, env=env) as system:
        system.publish(events[: len(events) // 2])
        system.kill("kpi")
        system.kill("pipeline")
        system.publish(events[len(events) // 2 :])
        system.until(system.ready, "all services are up again")
        system.settle()
        for measure, expected in figures(events).items():
            found = system.figures(measure, **{"from": "2024-01-01", "to": "2025-01-01"}, grain="month")
            assert {month: value for (month,), value in found.items() if value} == expected, measure
        assert system.get("/v1/dead-letters")["items"] == []
        assert system.types()["crm.order.placed.v1"] == 15
