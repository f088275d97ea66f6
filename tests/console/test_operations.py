"""The operations panel: dead letters, health, definitions and the audit log."""
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from chassis.ports import Outgoing
from tests.console.conftest import OpenPage, PageSession, start_session, violations, violations_of
from tests.journeys.system import ROOT, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

REGION = "Broken"
LINE = {"product_id": "p", "quantity": "1", "amount": {"amount_minor": 9_999, "currency": "EUR"}}


def append_invalid_order(system: System, name: str) -> str:
    """Appends an order with inconsistent lines to the log, bypassing the API's validation; kpi's dead letter id."""
    order = {"order_id": name, "customer_id": f"{name}-c", "region": REGION, "lines": [LINE],
             "amount": {"amount_minor": 10_000, "currency": "EUR"}}
    attributes = {"specversion": "1.0", "type": "crm.order.placed.v1", "source": "shop", "id": name,
            "time": "2026-01-04T10:00:00Z"}
    headers = (("content-type", b"application/json"), *((f"ce_{k}", v.encode()) for k, v in attributes.items()))
    record = Outgoing("crm.orders.v1", f"{name}-c".encode(), json.dumps(order).encode(), headers)
    with ThreadPoolExecutor(1) as executor:  # this thread runs the browser's event loop
        executor.submit(system.append, record).result()

    def dead_letters() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = system.get("/v1/dead-letters", event_id=name, service="kpi")["items"]
        return found

    system.until(dead_letters, "the order is a dead letter")
    return str(dead_letters()[0]["id"])


def as_operator(session: PageSession, path: str) -> Page:
    page = session.go(path)
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name="Operator", exact=True).click()
    expect(page.get_by_role("button", name="Viewing as: Operator")).to_be_visible()
    return page


def orders(system: System) -> int:
    return int(sum(system.figures("orders", where=f"region:{REGION}", period="2026-01").values()))


def test_an_operator_corrects_and_replays_a_dead_letter(
    open_page: OpenPage, system: System,
) -> None:
    append_invalid_order(system, "console-correct")
    page = as_operator(open_page(), "/operations/dead-letters")
    page.get_by_role("button", name="lines_do_not_add_up").click()
    line = page.get_by_role("row").filter(has_text="console-correct")
    expect(line).to_contain_text("Segmentation")  # one line for the record: the reason of each service
    expect(line).to_contain_text("Measures")
    line.get_by_role("listitem").filter(has_text="Measures").get_by_role("link").click()
    expect(page.locator("main h1")).to_have_text("crm.order.placed.v1")
    expect(page.get_by_role("region", name="Headers")).to_contain_text("console-correct")
    expect(page.get_by_role("region", name="Content")).to_contain_text('"amount_minor": 9999')
    assert violations(page) == []

    page.get_by_role("button", name="Correct and replay").click()
    form = page.get_by_role("dialog")
    content = form.get_by_label("Content")
    content.fill("{")
    form.get_by_role("button", name="Replay").click()
    expect(form.get_by_role("alert")).to_contain_text("not valid JSON")
    replacement = {"order_id": "console-correct", "customer_id": "console-correct-c", "region": REGION,
             "amount": {"amount_minor": 9_999, "currency": "EUR"}, "lines": [LINE]}
    content.fill(json.dumps(replacement))
    assert violations(page) == []
    form.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Replayed", exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Discard")).to_have_count(0)
    system.until(lambda: orders(system) == 1, "the corrected order is counted")


def test_a_dead_letter_is_discarded_with_a_reason(open_page: OpenPage, system: System) -> None:
    id = append_invalid_order(system, "console-discard")
    page = as_operator(open_page(), f"/operations/dead-letters/{id}")
    page.get_by_role("button", name="Discard").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_role("button", name="Discard")).to_be_disabled()
    form.get_by_label("Reason").fill("a test of the shop")
    form.get_by_role("button", name="Discard").click()
    expect(page.locator("main h1")).to_have_text("Dead letters")
    dead_letter = system.get(f"/v1/dead-letters/{id}")
    assert (dead_letter["status"], dead_letter["note"]) == ("discarded", "a test of the shop")


def test_all_filtered_dead_letters_are_replayed_and_an_invalid_one_fails_again(
    open_page: OpenPage, system: System,
) -> None:
    first = append_invalid_order(system, "console-again")
    page = as_operator(open_page(), "/operations/dead-letters?service=kpi&code=lines_do_not_add_up")
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


def test_the_health_page_shows_readiness_and_lag_of_each_service(open_page: OpenPage) -> None:
    page = as_operator(open_page(), "/operations/health")
    for service in ("lead_scoring", "pipeline", "segmentation", "surveys", "kpi"):
        expect(page.get_by_role("region", name=service, exact=True)).to_contain_text("Ready")
    table = page.get_by_role("table", name="Lag by topic")
    expect(table.get_by_role("rowheader", name="crm.orders.v1")).to_be_visible()


def test_an_unreachable_service_is_shown_with_its_reason(open_page: OpenPage) -> None:
    """`/v1/health` of a degraded system responds 503 with the state of every service."""
    session = open_page()
    down = {"status": "degraded", "services": {
        "kpi": {"ready": False, "reason": "does not answer (ConnectError)"}, "pipeline": {"ready": True}}}
    session.page.route("**/v1/health", lambda route: route.fulfill(status=503, json=down))
    page = session.go("/operations/health")
    expect(page.get_by_text("At least one service is not ready.")).to_be_visible()
    expect(page.get_by_role("region", name="kpi", exact=True)).to_contain_text("does not answer (ConnectError)")
    assert violations(page) == []


def test_a_definition_is_shown_as_yaml(open_page: OpenPage) -> None:
    page = as_operator(open_page(), "/operations/definitions")
    page.get_by_role("link", name="Win rate").click()
    source = page.get_by_label("Definition as YAML").last
    expect(source).to_contain_text("name: win_rate")
    expect(source).to_contain_text("title: {en: Win rate, zh: 赢单率}")


@pytest.fixture
def edited(browser: Browser, tmp_path: Path) -> Iterator[System]:
    """A system restarted with a second version of a measure."""
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
    session = start_session(browser.new_context(locale="en-GB"), f"http://{edited.http}")
    page = session.go("/operations/definitions/measures/win_rate")
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
    assert (session.external_requests, session.errors) == ([], [])


def test_the_audit_log_shows_each_write_with_its_outcome(open_page: OpenPage, system: System) -> None:
    system.client.put("/v1/targets/2032", json=[{"measure": "visits", "value": 5}])
    page = as_operator(open_page(), "/operations/audit")
    expect(page.get_by_role("row").filter(has_text="PUT /v1/targets/2032")).to_contain_text("Done")
    page.get_by_label("Outcome").select_option("failed")
    expect(page.get_by_role("row").filter(has_text="PUT /v1/targets/2032")).to_have_count(0)
    assert "outcome=failed" in page.url


def test_every_page_of_operations_is_accessible_in_both_themes(open_page: OpenPage, system: System) -> None:
    id = append_invalid_order(system, "console-axe")
    found = violations_of(open_page(), (
        f"/operations/dead-letters/{id}", "/operations/dead-letters?status=all",
        "/operations/definitions/business_lines/software", "/operations/audit?outcome=refused",
    ))
    assert not found, "\n".join(found)
