"""An operator's day: what could not be taken is found, looked at, mended, given back, closed; and who did it."""
import json
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chassis.ports import Outgoing
from tests.console.conftest import Watched, faults, faults_of, watch
from tests.journeys.system import ROOT, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

REGION = "Broken"
LINE = {"product_id": "p", "quantity": "1", "amount": {"amount_minor": 9_999, "currency": "EUR"}}


def broken(system: System, name: str) -> str:
    """An order whose lines do not add up, past the door that would refuse it; the id of the letter that kpi wrote."""
    order = {"order_id": name, "customer_id": f"{name}-c", "region": REGION, "lines": [LINE],
             "amount": {"amount_minor": 10_000, "currency": "EUR"}}
    said = {"specversion": "1.0", "type": "crm.order.placed.v1", "source": "shop", "id": name,
            "time": "2026-01-04T10:00:00Z"}
    headers = (("content-type", b"application/json"), *((f"ce_{k}", v.encode()) for k, v in said.items()))
    record = Outgoing("crm.orders.v1", f"{name}-c".encode(), json.dumps(order).encode(), headers)
    with ThreadPoolExecutor(1) as aside:  # this thread has the browser's event loop
        aside.submit(system.append, record).result()

    def letters() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = system.get("/v1/dead-letters", event_id=name, service="kpi")["items"]
        return found

    system.until(letters, "the order is a dead letter")
    return str(letters()[0]["id"])


def as_operator(watched: Watched, path: str) -> Page:
    page = watched.go(path)
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name="Operator", exact=True).click()
    expect(page.get_by_role("button", name="Viewing as: Operator")).to_be_visible()
    return page


def orders(system: System) -> int:
    return int(sum(system.figures("orders", where=f"region:{REGION}", period="2026-01").values()))


def test_an_operator_finds_a_dead_letter_mends_it_and_gives_it_back(
    look: Callable[..., Watched], system: System,
) -> None:
    broken(system, "console-mend")
    page = as_operator(look(), "/operations/dead-letters")
    page.get_by_role("button", name="lines_do_not_add_up").click()
    line = page.get_by_role("row").filter(has_text="console-mend")
    expect(line).to_contain_text("Segmentation")  # one line for the record: the reason of each service
    expect(line).to_contain_text("Measures")
    line.get_by_role("listitem").filter(has_text="Measures").get_by_role("link").click()
    expect(page.locator("main h1")).to_have_text("crm.order.placed.v1")
    expect(page.get_by_role("region", name="Headers")).to_contain_text("console-mend")
    expect(page.get_by_role("region", name="Content")).to_contain_text('"amount_minor": 9999')
    assert faults(page) == []

    page.get_by_role("button", name="Correct and replay").click()
    form = page.get_by_role("dialog")
    content = form.get_by_label("Content")
    content.fill("{")
    form.get_by_role("button", name="Replay").click()
    expect(form.get_by_role("alert")).to_contain_text("not valid JSON")
    whole = {"order_id": "console-mend", "customer_id": "console-mend-c", "region": REGION,
             "amount": {"amount_minor": 9_999, "currency": "EUR"}, "lines": [LINE]}
    content.fill(json.dumps(whole))
    assert faults(page) == []
    form.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Replayed", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Discard")).to_have_count(0)
    system.until(lambda: orders(system) == 1, "the mended order is counted")


def test_a_letter_that_nobody_needs_is_closed_with_a_reason(look: Callable[..., Watched], system: System) -> None:
    id = broken(system, "console-discard")
    page = as_operator(look(), f"/operations/dead-letters/{id}")
    page.get_by_role("button", name="Discard").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Discard")).to_be_disabled()
    form.get_by_label("Reason").fill("a test of the shop")
    form.get_by_role("button", name="Discard").click()
    expect(page.locator("main h1")).to_have_text("Dead letters")
    kept = system.get(f"/v1/dead-letters/{id}")
    assert (kept["status"], kept["note"]) == ("discarded", "a test of the shop")


def test_all_that_are_filtered_are_given_back_at_once_and_what_is_still_wrong_comes_again(
    look: Callable[..., Watched], system: System,
) -> None:
    first = broken(system, "console-again")
    page = as_operator(look(), "/operations/dead-letters?service=kpi&code=lines_do_not_add_up")
    page.get_by_role("button", name="Replay all filtered").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text(re.compile("[1-9][0-9]* dead letters? will be replayed"))
    form.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert system.get(f"/v1/dead-letters/{first}")["status"] == "replayed"

    def again() -> list[Any]:
        found = system.get("/v1/dead-letters", event_id="console-again", service="kpi", status="open")["items"]
        return [x for x in found if x["replays"] == 1]

    system.until(again, "it is a dead letter again, replayed once")


def test_the_health_of_each_service_and_what_waits_is_seen(look: Callable[..., Watched]) -> None:
    page = as_operator(look(), "/operations/health")
    for service in ("lead_scoring", "pipeline", "segmentation", "surveys", "kpi"):
        expect(page.get_by_role("region", name=service, exact=True)).to_contain_text("Ready")
    table = page.get_by_role("table", name="Lag by topic")
    expect(table.get_by_role("rowheader", name="crm.orders.v1")).to_be_visible()


def test_a_service_that_does_not_answer_is_told_with_its_reason(look: Callable[..., Watched]) -> None:
    """The answer of a system in which one service is down, as `/v1/health` gives it: 503 with every service's state."""
    watched = look()
    down = {"status": "degraded", "services": {
        "kpi": {"ready": False, "reason": "does not answer (ConnectError)"}, "pipeline": {"ready": True}}}
    watched.page.route("**/v1/health", lambda route: route.fulfill(status=503, json=down))
    page = watched.go("/operations/health")
    expect(page.get_by_text("At least one service is not ready.")).to_be_visible()
    expect(page.get_by_role("region", name="kpi", exact=True)).to_contain_text("does not answer (ConnectError)")
    assert faults(page) == []


def test_definitions_are_read_as_they_were_written(look: Callable[..., Watched]) -> None:
    page = as_operator(look(), "/operations/definitions")
    page.get_by_role("link", name="Win rate").click()
    source = page.get_by_label("Definition as YAML").last
    expect(source).to_contain_text("name: win_rate")
    expect(source).to_contain_text("title: {en: Win rate, zh: 赢单率}")


@pytest.fixture
def edited(browser: Browser, tmp_path: Path) -> Iterator[System]:
    """A system that was started twice, the second time with another version of a measure."""
    definitions = tmp_path / "definitions"
    shutil.copytree(ROOT / "definitions", definitions)
    with System(tmp_path, env={"TRIPTYCH_DEFINITIONS": str(definitions)}) as running:
        running.stop()
        source = definitions / "measures" / "win_rate.yaml"
        text = source.read_text(encoding="utf-8")
        source.write_text(text.replace("version: 1", "version: 2").replace("en: Win rate", "en: Deals won"), "utf-8")
        running.start()
        yield running


def test_two_versions_of_a_definition_are_compared_line_by_line(browser: Browser, edited: System) -> None:
    watched = watch(browser.new_context(locale="en-GB"), f"http://{edited.http}")
    page = watched.go("/operations/definitions/measures/win_rate")
    expect(page.locator("main h1")).to_have_text("Deals won")
    expect(page.get_by_label("Version", exact=True)).to_have_value("2")
    page.get_by_label("Compare with").select_option("1")
    expect(page.locator("[data-kind=removed]")).to_have_text([re.compile("version: 1"), re.compile("en: Win rate")])
    expect(page.locator("[data-kind=added]")).to_have_text([re.compile("version: 2"), re.compile("en: Deals won")])
    assert "against=1" in page.url
    page.get_by_label("Version", exact=True).select_option("1")
    expect(page.locator("[data-kind]")).to_have_count(0)
    expect(page.locator("main h1")).to_have_text("Deals won")
    page.context.close()
    assert (watched.elsewhere, watched.errors) == ([], [])


def test_the_audit_log_tells_who_did_what(look: Callable[..., Watched], system: System) -> None:
    system.client.put("/v1/targets/2032", json=[{"measure": "visits", "value": 5}])
    page = as_operator(look(), "/operations/audit")
    expect(page.get_by_role("row").filter(has_text="PUT /v1/targets/2032")).to_contain_text("Done")
    page.get_by_label("Outcome").select_option("failed")
    expect(page.get_by_role("row").filter(has_text="PUT /v1/targets/2032")).to_have_count(0)
    assert "outcome=failed" in page.url


def test_every_page_of_operations_is_accessible_in_both_themes(look: Callable[..., Watched], system: System) -> None:
    id = broken(system, "console-axe")
    found = faults_of(look(), (
        f"/operations/dead-letters/{id}", "/operations/dead-letters?status=all",
        "/operations/definitions/business_lines/software", "/operations/audit?outcome=refused",
    ))
    assert not found, "\n".join(found)
