"""A data directory that the version before has written opens under this one: the same figures, lists and records, the
same answers to repeated commands, and the deadlines that waited in it fall due.

`tests/golden/data_directory/` holds the directory, what is asked of it, and what the version before answered. The
system lives in the hour in which the directory was left, so that no answer depends on the day of the test.
"""
import json
import lzma
import re
import tarfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

HERE = Path(__file__).parents[1] / "golden" / "data_directory"
ASKED = json.loads((HERE / "asked.json").read_text(encoding="utf-8"))
ANSWERED = json.loads(lzma.decompress((HERE / "answered.json.xz").read_bytes()))
LEFT, LATER = (datetime.fromisoformat(ASKED[name]) for name in ("left_at", "opened_later_at"))
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
WHILE_IT_RUNS = timedelta(hours=1)  # no deadline of the directory lies within it
PATIENCE = 60.0
CHANGED_SINCE = {
    r"(?!.*\.data\.).*\.(message|detail)": "words for people; those in events of the log are as they were",
    r"(.* )?/v1/opportunities\S* \.body(\.opportunity|\.items\[\d+\])?\.due_at": "a missed deadline is told, "
    "as the worklist told it before, not only the next one",
}
"""{pattern of the place: why the version before answered otherwise}."""


class Opened(System):
    """A copy of the directory, opened by this version at an instant of its own."""

    def __init__(self, directory: Path, at: datetime) -> None:
        with tarfile.open(HERE / "written.tar.xz") as written:
            written.extractall(directory, filter="data")
        self.at = at
        super().__init__(directory, env={
            "TRIPTYCH_CLOCK": at.isoformat(), "TRIPTYCH_DEFINITIONS": str(directory / "definitions"),
            "TRIPTYCH_SECRET": ASKED["secret"]})

    def answer(self, address: str) -> dict[str, Any]:
        """Status and body, with the rows of all pages."""
        answer = self.client.get(address)
        body = answer.json()
        rows = next((name for name in ("items", "rows") if name in body), None)
        cursor, name = body.pop("next", None), "after" if address.startswith("/v1/events") else "cursor"
        while rows is not None and cursor is not None:
            page = self.client.get(httpx.URL(address).copy_set_param(name, cursor)).json()
            cursor = page["next"] if page[rows] else None
            body[rows] += page[rows]
        if name == "after" and rows is not None:  # between keys the feed has an order only about
            body[rows].sort(key=lambda event: (event["time"], event["id"]))
        return {"status": answer.status_code, "body": self.at_rest(body)}

    def repeat(self, command: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.client.request(
            command["method"], command["address"], headers=command["headers"], json=command["body"])
        return {"status": answer.status_code, "body": self.at_rest(answer.json())}

    def at_rest(self, body: Any) -> Any:
        """Without the moments at which the system answers: as_of, complete_until, and what it does now."""
        if isinstance(body, dict):
            return {name: self.at_rest(value) for name, value in body.items()}
        if isinstance(body, list):
            return [self.at_rest(value) for value in body]
        if isinstance(body, str) and MOMENT.fullmatch(body):
            return "now" if self.at <= datetime.fromisoformat(body) < self.at + WHILE_IT_RUNS else body
        return body


def differences(name: str, now: dict[str, Any]) -> list[str]:
    """Where an answer does not say what the version before said; what it says besides is no difference."""
    return [told for place, told in compared(ANSWERED[name], now, f"{name} ")
            if not any(re.fullmatch(pattern, place) for pattern in CHANGED_SINCE)]


def compared(before: Any, now: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            yield from compared(value, now.get(name, "(missing)"), f"{place}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for n, (value, value_now) in enumerate(zip(before, now, strict=True)):
            yield from compared(value, value_now, f"{place}[{n}]")
    elif before != now:
        yield place, f"{place}: was {before!r:.300}, is {now!r:.300}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with Opened(tmp_path_factory.mktemp("opened"), LEFT) as system:
        system.settle()
        yield system


@pytest.mark.parametrize("kind", ASKED["addresses"])
def test_what_the_directory_holds_is_answered_as_the_version_before_answered_it(opened: Opened, kind: str) -> None:
    for address in ASKED["addresses"][kind]:
        assert differences(address, opened.answer(address)) == []


def test_a_key_that_was_handed_out_opens_the_door_to_the_same_rows(opened: Opened) -> None:
    opened.client.headers["Authorization"] = f"Bearer {ASKED['key']}"
    try:
        for address in ASKED["addresses_of_the_key"]:
            assert differences(f"key {address}", opened.answer(address)) == []
    finally:
        del opened.client.headers["Authorization"]


def test_a_rep_sees_the_same_rows(opened: Opened) -> None:
    opened.client.post("/v1/sign-in/developer", json={"role": "rep", "rep_id": ASKED["rep"]})
    try:
        for address in ASKED["addresses_of_the_rep"]:
            assert differences(f"rep {address}", opened.answer(address)) == []
    finally:
        opened.client.cookies.clear()


def test_a_survey_link_that_was_sent_out_still_leads_to_its_questions(opened: Opened) -> None:
    page = opened.client.get(ASKED["link"])
    assert page.status_code == 200
    assert "How likely is it that you would recommend us to a colleague?" in page.text


def test_the_audit_finds_nothing_wrong(opened: Opened) -> None:
    done = opened.run("audit")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_repeated_command_is_answered_as_before_and_changes_nothing(opened: Opened) -> None:
    for command in ASKED["commands"]:
        assert differences(f"again {command['headers']['Idempotency-Key']}", opened.repeat(command)) == []
    opened.settle()
    for kind in ("boards", "leads", "deals", "customers", "surveys", "issues", "targets"):
        for address in ASKED["addresses"][kind]:
            assert differences(address, opened.answer(address)) == []


def test_figures_counted_anew_from_its_log_are_what_they_were(opened: Opened) -> None:
    done = opened.run("replay", "kpi")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"All [1-9]\d* measures are unchanged\.", done.stdout), done.stdout
    counted = re.search(r"Generation (\S+) is live", done.stdout)
    opened.until(lambda: counted and generation(opened) == counted[1], "kpi answers from what was counted anew")
    for address in ASKED["addresses"]["boards"]:
        assert differences(address, opened.answer(address)) == []


def generation(system: System) -> str:
    return str(system.get("/v1/kpis/orders/explain")["generation"])


def test_what_comes_in_from_now_on_is_counted_on_top(opened: Opened) -> None:
    before = opened.figures("orders", period="2025-06")["2025-06",]
    amount = {"amount_minor": 1000, "currency": "EUR"}
    opened.publish([{
        "specversion": "1.0", "type": "crm.order.placed.v1", "source": "erp", "id": f"new-{n}",
        "time": LEFT.isoformat(), "data": {"order_id": f"new-{n}", "customer_id": "client-1", "amount": amount},
    } for n in range(3)])
    opened.settle()
    assert opened.figures("orders", period="2025-06") == {("2025-06",): before + 3}


def test_deadlines_that_waited_in_the_directory_fall_due(tmp_path: Path) -> None:
    addresses = ASKED["addresses_later"]
    with Opened(tmp_path, LATER) as system:
        system.settle()
        end = time.monotonic() + PATIENCE
        while any(differences(f"later {a}", system.answer(a)) for a in addresses) and time.monotonic() < end:
            time.sleep(0.5)
        for address in addresses:
            assert differences(f"later {address}", system.answer(address)) == []


@pytest.mark.parametrize("address", [a for a in ASKED["addresses_later"] if "breached" in a or "reminded" in a])
def test_breaches_and_reminders_are_among_them(address: str) -> None:
    at_first, later = (ANSWERED[name]["body"]["items"] for name in (address, f"later {address}"))
    assert len(later) > len(at_first) > 0
