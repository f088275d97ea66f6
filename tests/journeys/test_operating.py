"""A working day of operators: dead letters, an audit, figures counted anew, a backup and its restore, all with the
system living and events coming in."""
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from chassis.ports import Outgoing
from chassis.support.clock import utc_now
from tests.journeys.system import System

pytestmark = pytest.mark.journey

YEAR = str(utc_now().year)
CODE = "lines_do_not_add_up"


def order(number: int, amount: int = 1000, id: str = "") -> dict[str, Any]:
    return {"specversion": "1.0", "type": "crm.order.placed.v1", "source": "/shop", "id": id or f"order-{number}",
            "time": f"{utc_now():%Y-%m-%dT%H:%M:%SZ}", "data": {
                "order_id": f"o{number}", "customer_id": f"c{number % 40}", "region": ("West", "East")[number % 2],
                "amount": {"amount_minor": amount, "currency": "EUR"}}}


def unsound(number: int) -> Outgoing:
    """Straight onto the topic, past the door that would refuse it: its lines do not add up."""
    line = {"product_id": "p", "quantity": "1", "amount": {"amount_minor": 1, "currency": "EUR"}}
    event = order(number, amount=500, id=f"unsound-{number}")
    data = event.pop("data") | {"lines": [line]}
    headers = [("content-type", b"application/json"), *((f"ce_{k}", str(v).encode()) for k, v in event.items())]
    return Outgoing("crm.orders.v1", data["customer_id"].encode(), msgspec.json.encode(data), tuple(headers))


class Traffic:
    """Orders that come in, about a hundred a second, until it is left."""

    def __init__(self, system: System, first: int) -> None:
        self.system, self.n = system, first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def _go_on(self) -> None:
        with httpx.Client(base_url=f"http://{self.system.http}", timeout=30, trust_env=False) as client:
            while not self._stop.wait(0.2):
                batch = [order(n) for n in range(self.n, self.n + 20)]
                if client.post("/v1/events", json=batch).status_code == 202:
                    self.n += 20

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("operating"), env={"TRIPTYCH_AUDIT_SECONDS": "1"}) as made:
        made.publish([order(n) for n in range(200)])
        made.settle()
        yield made


def orders(system: System) -> tuple[Any, Any]:
    """(how many, their amount by region) of this year."""
    n = system.figures("orders", period=YEAR)
    return n, system.figures("order_amount", period=YEAR, by="region")


def run(system: System, *words: str, status: int = 0) -> str:
    done = system.run(*words)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_dead_letters_are_found_given_back_mended_and_closed(system: System, tmp_path: Path) -> None:
    system.append(*(unsound(number) for number in range(9001, 9004)))
    system.settle()
    assert len(system.get("/v1/dead-letters", code=CODE)["items"]) == 6
    groups = system.get("/v1/dead-letters", code=CODE, grouped=True, limit=2)
    assert [len(g["letters"]) for g in groups["items"]] == [2, 2] and groups["next"]
    rest = system.get("/v1/dead-letters", code=CODE, grouped=True, limit=2, cursor=groups["next"])["items"]
    assert len(rest) == 1 and {x["service"] for x in rest[0]["letters"]} == {"kpi", "segmentation"}
    assert CODE in run(system, "dead-letters", "list", "--where", f"code={CODE}", "--service", "kpi")
    assert CODE in run(system, "dead-letters", "stats")
    where = ("--where", f"code={CODE}", "--where", "service=kpi")
    assert "3 open; 2 would be replayed" in run(system, "dead-letters", "replay", *where, "--limit", "2", "--dry-run")
    assert "3 replayed" in run(system, "dead-letters", "replay", *where, "--rate", "50")
    system.settle()
    letters = system.get("/v1/dead-letters", code=CODE, service="kpi", status="open")["items"]
    assert [x["replays"] for x in letters] == [1, 1, 1]  # nothing was mended: they fail again
    mended = tmp_path / "mended.json"
    mended.write_bytes(msgspec.json.encode(order(9001, amount=500)["data"]))
    run(system, "dead-letters", "replay", letters[0]["id"], "--with", str(mended))
    run(system, "dead-letters", "discard", letters[1]["id"], "--reason", "said twice")
    system.settle()
    assert orders(system)[0] == {(YEAR,): 201}
    shown = run(system, "dead-letters", "show", letters[1]["id"])
    assert "said twice" in shown and "unsound" in shown


def test_an_audit_finds_nothing_wrong_while_events_come_in(system: System) -> None:
    with Traffic(system, 10_000):
        assert "No inconsistencies found." in run(system, "audit")


def generation(system: System) -> str:
    return str(system.get("/v1/kpis/orders/explain")["generation"])


def test_figures_are_counted_anew_while_events_come_in(system: System) -> None:
    with Traffic(system, 20_000) as traffic:
        killed = system.spawn("replay", "kpi")
        system.until(lambda: building(system), "a counting has begun")
        killed.kill()
        killed.wait()
        time.sleep(2.0)  # had it switched over before it was killed, kpi follows within a second
        done = generation(system)
        said = run(system, "replay", "kpi")  # goes on where it was killed
    assert "is live;" in said and "These measures changed" not in said
    system.settle()
    name, _, number = done.partition(".")
    assert generation(system) == f"{name}.{int(number or 1) + 1}"
    counted = orders(system)
    system.until(lambda: orders(system) == counted, "figures at rest")
    assert traffic.n > 20_000 and sum(counted[1].values()) == 1000 * (counted[0][(YEAR,)] - 1) + 500
    assert re.search(r"All [1-9]\d* measures are unchanged\.", run(system, "replay", "kpi"))
    system.until(lambda: orders(system) == counted, "the same figures after the second time")
    assert "No inconsistencies found." in run(system, "audit", "kpi")


def building(system: System) -> bool:
    with sqlite3.connect(f"file:{system.directory}/data/triptych.db?mode=ro", uri=True, timeout=10) as database:
        found = database.execute(
            "SELECT count(*) FROM collections WHERE name = 'kpi.generations'").fetchone()[0] and database.execute(
            'SELECT body FROM "d.kpi.generations"').fetchall()
    return any(b".2" in body for (body,) in found or ())


def test_a_backup_of_the_living_system_gives_its_figures_back(system: System, tmp_path: Path) -> None:
    system.settle()
    before, copy = orders(system), tmp_path / "copy.db"
    run(system, "backup", str(copy))
    with Traffic(system, 30_000):
        run(system, "backup", str(tmp_path / "under-load.db"))
    assert "A system is running on" in system.run("restore", str(copy)).stderr
    with Restored(tmp_path / "first", copy) as restored:
        assert orders(restored) == before
    with Restored(tmp_path / "second", tmp_path / "under-load.db", {"TRIPTYCH_AUDIT_SECONDS": "1"}) as restored:
        restored.settle()
        n, amounts = orders(restored)
        assert sum(amounts.values()) == 1000 * (n[(YEAR,)] - 1) + 500 and n[(YEAR,)] >= before[0][(YEAR,)]
        assert "No inconsistencies found." in run(restored, "audit")
        spoil(restored)
        assert "journal gives" in run(restored, "audit", "kpi", status=1)
        restored.until(lambda: alarmed(restored), "the metric of the alarm")
    assert "kpi" in run(system, "groups", "list")


class Restored(System):
    def __init__(self, directory: Path, copy: Path, env: dict[str, str] | None = None) -> None:
        directory.mkdir()
        super().__init__(directory, env=env)
        assert "Restored." in run(self, "restore", str(copy))


def spoil(system: System) -> None:
    """One figure more than was ever counted."""
    with sqlite3.connect(f"{system.directory}/data/triptych.db", timeout=10) as database:
        changed = database.execute(
            'UPDATE "d.kpi.cells" SET f_n = f_n + 1 WHERE id = (SELECT max(id) FROM "d.kpi.cells" '
            "WHERE f_measure = 'orders' AND f_grain = 'day')").rowcount
    assert changed == 1


def alarmed(system: System) -> bool:
    port = int(system.env["TRIPTYCH_FIRST_PORT"]) + 1000 + 4
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    (line,) = [x for x in text.splitlines() if x.startswith('triptych_integrity_errors_total{check="journal"')]
    return float(line.rsplit(" ", 1)[1]) > 0
