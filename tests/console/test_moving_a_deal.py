"""The deals board: transitions by pointer, keyboard and form; refusals; live updates; permissions."""
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from chassis.support.clock import utc_now
from tests.console.conftest import OpenPage, PageSession
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

REP = "rep-04"


def event(type: str, id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "type": type, "source": "test/console", "id": id,
            "time": utc_now().isoformat(), "data": data}


def create_deal(system: System, name: str, company: str) -> str:
    """Creates a qualified lead of the rep, which becomes a deal in the first stage; returns the deal's id."""
    lead = {"lead_id": name, "business_line": "software", "source": "referral", "rep_id": REP, "region": "North",
            "team": "Meadow", "contact": {"company": company},
            "attributes": {"employees": 800, "budget": 60_000, "industry": "finance"}}
    about = {"kind": "lead", "id": name}
    system.publish([
        event("crm.lead.captured.v1", f"{name}-captured", lead),
        *(event("crm.activity.logged.v1", f"{name}-{kind}",
                {"activity_id": f"{name}-{kind}", "kind": kind, "subject": about}) for kind in ("meeting", "quote")),
    ])
    deal = f"lead.{name}"
    system.until(lambda: system.client.get(f"/v1/opportunities/{deal}").status_code == 200, f"{deal} is open")
    return deal


def as_rep(session: PageSession, system: System) -> Page:
    page = session.go("/process/board?pipeline=software")
    [name] = [r["name"] for r in system.get("/v1/reps", limit=500)["items"] if r["rep_id"] == REP]
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name=name).click()
    expect(page.get_by_role("button", name=f"Viewing as: Rep · {name}")).to_be_visible()
    return page


def column(page: Page, stage: str) -> Locator:
    return page.locator(f"[data-stage={stage}]")


def card(page: Page, stage: str, deal: str) -> Locator:
    return column(page, stage).locator(f"[data-deal='{deal}']")


def drag(page: Page, one: Locator, onto: Locator) -> None:
    one.scroll_into_view_if_needed()
    start, end = one.bounding_box(), onto.bounding_box()
    assert start is not None and end is not None
    page.mouse.move(start["x"] + 40, start["y"] + start["height"] - 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] - 12, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 120, steps=8)
    expect(onto).to_have_attribute("data-over", "true")


def test_a_rep_moves_a_deal_by_pointer_and_keyboard_until_it_is_won(
    open_page: OpenPage, system: System,
) -> None:
    deal = create_deal(system, "console-1", "Quartz Bakery")
    page = as_rep(open_page(), system)
    page.get_by_label("Sort columns by").select_option("-updated")

    # pointer: the allowed columns are highlighted, the drop is refused with its reason
    source = card(page, "qualified", deal)
    expect(source).to_contain_text("Quartz Bakery")
    drag(page, source, column(page, "demonstrated"))
    expect(column(page, "demonstrated")).to_have_attribute("data-drop", "form")
    expect(column(page, "won")).to_have_attribute("data-drop", "impossible")
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="Demonstration: 0 of 1 done").first).to_be_attached()
    assert system.get(f"/v1/opportunities/{deal}")["stage"] == "qualified"

    # the missing activity is logged in the form
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Log: Demonstration").click()
    expect(form.get_by_text("Demonstration: 1 of 1")).to_be_visible()
    form.get_by_role("button", name="Show the product").click()
    expect(card(page, "demonstrated", deal)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)

    # keyboard: pick up, one column to the right, drop; the form requires an amount and a date
    handle = card(page, "demonstrated", deal).get_by_role("button", name="Move Quartz Bakery")
    handle.focus()
    page.keyboard.press("Enter")
    expect(column(page, "proposed")).to_have_attribute("data-drop", "form")
    page.keyboard.press("ArrowRight")
    expect(column(page, "proposed")).to_have_attribute("data-over", "true")
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog")
    form.get_by_label("Amount", exact=True).fill("48000.50")
    form.get_by_label("Expected").fill("2030-01-31")
    form.get_by_role("button", name="Make a proposal").click()
    expect(card(page, "proposed", deal)).to_contain_text("€48,000.50")

    # a stage without a transition: refused without a form
    drag(page, card(page, "proposed", deal), column(page, "qualified"))
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="there is no transition").first).to_be_attached()
    expect(page.get_by_role("dialog")).to_have_count(0)

    # won on the page of the deal, after the contract is confirmed
    card(page, "proposed", deal).get_by_role("link", name="Quartz Bakery").click()
    page.get_by_role("button", name="Open form: Win").click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Win", exact=True).click()
    expect(form.get_by_text("Missing")).to_be_visible()
    form.get_by_label("The contract is signed").check()
    form.get_by_role("button", name="Win", exact=True).click()
    expect(page.locator(".path [aria-current=step]")).to_have_text("Won")
    won = system.get(f"/v1/opportunities/{deal}")
    assert (won["status"], won["amount"]) == ("won", {"amount_minor": 4_800_050, "currency": "EUR"})
    history = system.get(f"/v1/opportunities/{deal}/history")["items"]
    assert {r["data"].get("actor_id") for r in history if r["type"] == "crm.opportunity.won.v1"} == {REP}
    expect(page.locator(".history")).to_contain_text("“Proposed” → “Won”")


def test_escape_returns_a_dragged_deal_to_its_stage(open_page: OpenPage, system: System) -> None:
    deal = create_deal(system, "console-2", "Basalt Clinic")
    page = as_rep(open_page(), system)
    page.get_by_label("Sort columns by").select_option("-updated")
    handle = card(page, "qualified", deal).get_by_role("button", name="Move Basalt Clinic")
    handle.focus()
    page.keyboard.press("Space")
    announcement = page.locator("[aria-live]").filter(has_text="Over Qualified")
    expect(announcement.first).to_be_attached()  # the drag listens to keys now
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("[aria-live]").filter(has_text="Basalt Clinic is back in Qualified").first).to_be_attached()
    assert system.get(f"/v1/opportunities/{deal}")["stage"] == "qualified"


def test_a_transition_by_another_user_appears_live(open_page: OpenPage, system: System) -> None:
    deal = create_deal(system, "console-3", "Mica Freight")
    page = open_page().go(f"/process/deals/{deal}")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    expect(page.locator(".path [aria-current=step]")).to_have_text("Qualified")
    demo = {"activity_id": "console-3-demo", "kind": "demo", "subject": {"kind": "opportunity", "id": deal}}
    system.publish([event("crm.activity.logged.v1", "console-3-demo", demo)])
    system.until(lambda: system.client.post(f"/v1/opportunities/{deal}/transitions",
                                            json={"transition": "demonstrate"}).status_code == 200, "it was shown")
    expect(page.locator(".path [aria-current=step]")).to_have_text("Demonstrated")


def test_a_user_without_write_permission_cannot_move_deals(open_page: OpenPage, system: System) -> None:
    page = open_page().go("/process/board?pipeline=software")
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name="Director").click()
    expect(page.get_by_role("button", name="Viewing as: Director")).to_be_visible()
    expect(page.locator("[data-deal]").first).to_be_visible()
    expect(page.get_by_role("button", name="Move")).to_have_count(0)
    page.locator("[data-deal] a").first.click()
    expect(page.get_by_role("heading", name="Next transitions")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    expect(page.get_by_role("button", name="Open form")).to_have_count(0)
