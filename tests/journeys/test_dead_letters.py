"""Malformed events among good ones, put straight onto the topic: told with their reason, mended, given back."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.ports import Outgoing
from tests.journeys.conftest import Imported
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

TOPIC, REGION = "crm.orders.v1", "Malformed"
HEARERS = {"segmentation", "kpi"}
GOOD = {"from": "2023-01-01", "to": "2024-01-01", "where": f"region:{REGION}"}


def order(number: int, **changes: Any) -> dict[str, Any]:
    """100 for every good one, so that a figure tells how many were counted."""
    return {"order_id": f"malformed-{number}", "customer_id": f"malformed-c{number}", "region": REGION,
            "amount": {"amount_minor": 10_000, "currency": "EUR"}, **changes}


def record(number: int, data: Any, **attributes: str) -> Outgoing:
    said = {"specversion": "1.0", "type": "crm.order.placed.v1", "source": "malformed", "id": f"m-{number}",
            "time": "2023-05-04T10:00:00Z", **attributes}
    headers = (("content-type", b"application/json"), *((f"ce_{k}", v.encode()) for k, v in said.items()))
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Outgoing(TOPIC, f"malformed-c{number}".encode(), body, tuple(headers))


LINE = {"product_id": "p", "quantity": "1", "amount": {"amount_minor": 9_999, "currency": "EUR"}}
BAD = {
    "not_json": record(1, b'{"order_id": "malformed-1", '),
    "invalid": record(2, {k: v for k, v in order(2).items() if k != "amount"}),
    "unknown_type": record(3, order(3), type="crm.order.devoured.v1"),
    "lines_do_not_add_up": record(4, order(4, lines=[LINE])),
    "in_the_future": record(5, order(5), time="2099-01-01T00:00:00Z"),
    "key_mismatch": record(6, order(6, customer_id="another")),
}


@pytest.fixture(scope="module")
def malformed(imported: Imported) -> Iterator[System]:
    good = [record(100 + n, order(100 + n)) for n in range(20)]
    mixed = [r for n, bad in enumerate(BAD.values()) for r in (*good[n * 3 : n * 3 + 3], bad)]
    imported.system.append(*mixed, *good[len(BAD) * 3 :])
    imported.system.settle()
    yield imported.system


def letters(system: System, **where: str) -> list[dict[str, Any]]:
    found = system.get("/v1/dead-letters", limit=500, **where)["items"]
    return [x for x in found if x["event_source"] == "malformed"]


def test_the_good_ones_are_counted_as_if_nothing_had_been(malformed: System) -> None:
    assert malformed.figures("orders", **GOOD) == {("2023-01-01..2024-01-01",): 20}
    for number in range(20):
        assert malformed.get(f"/v1/customers/malformed-c{100 + number}")["purchases"] == 1


@pytest.mark.parametrize("code", BAD)
def test_each_who_hears_it_says_why_it_could_not_take_it(malformed: System, code: str) -> None:
    found = letters(malformed, code=code)
    assert {x["service"] for x in found} == HEARERS
    for letter in found:
        assert letter["error"]
        assert letter["status"] == "open"
        whole = malformed.get(f"/v1/dead-letters/{letter['id']}")
        assert whole["value"] == (BAD[code].value or b"").decode()


def test_people_see_them_at_the_command_line(malformed: System) -> None:
    listed = malformed.run("dead-letters", "list", "--code", "lines_do_not_add_up")
    assert listed.returncode == 0
    found = letters(malformed, code="lines_do_not_add_up")
    for letter in found:
        assert letter["id"] in listed.stdout.replace("\n", "")
    shown = malformed.run("dead-letters", "show", found[0]["id"])
    assert json.loads(shown.stdout)["code"] == "lines_do_not_add_up"


def test_a_mended_one_is_counted_once_it_is_given_back(malformed: System, tmp_path: Path) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(order(4, lines=[{**LINE, "amount": order(4)["amount"]}])))
    first, *others = letters(malformed, code="lines_do_not_add_up")
    for letter in (first, first, *others):  # asked twice, given back once
        done = malformed.run("dead-letters", "replay", letter["id"], "--with", str(mended))
        assert done.returncode == 0, done.stdout + done.stderr
    malformed.settle()
    assert malformed.figures("orders", **GOOD) == {("2023-01-01..2024-01-01",): 21}
    assert malformed.figures("order_amount", **GOOD) == {("2023-01-01..2024-01-01",): 210_000}
    assert malformed.get("/v1/customers/malformed-c4")["purchases"] == 1
    assert {x["status"] for x in letters(malformed, code="lines_do_not_add_up")} == {"replayed"}


def test_one_that_is_given_back_as_it_was_fails_again_and_one_that_is_closed_stays_closed(malformed: System) -> None:
    before = letters(malformed, code="invalid")
    kpi = next(x for x in before if x["service"] == "kpi")
    assert malformed.run("dead-letters", "replay", kpi["id"]).returncode == 0
    malformed.settle()
    malformed.until(lambda: len(letters(malformed, code="invalid")) == len(before) + 1, "it has failed again")
    segmentation = next(x for x in before if x["service"] == "segmentation")
    assert malformed.run("dead-letters", "discard", segmentation["id"], "--reason", "never happened").returncode == 0
    closed = malformed.get(f"/v1/dead-letters/{segmentation['id']}")
    assert (closed["status"], closed["note"]) == ("discarded", "never happened")
    assert malformed.figures("orders", **GOOD) == {("2023-01-01..2024-01-01",): 21}
