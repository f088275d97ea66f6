"""A rep's day: a deal is moved by dragging and by keyboard, refused, completed, and won."""
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from chassis.support.clock import utc_now
from tests.console.conftest import Watched
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

REP = "rep-04"


def event(type: str, id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "type": type, "source": "test/console", "id": id,
            "time": utc_now().isoformat(), "data": data}


def a_deal(system: System, name: str, company: str) -> str:
    """A qualified lead of the rep, which has become a deal in the first stage; its id."""
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


def through_the_eyes_of_the_rep(watched: Watched, system: System) -> Page:
    page = watched.go("/process/board?pipeline=software")
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


def test_a_rep_drags_a_deal_is_refused_does_what_is_missing_goes_on_by_keyboard_and_wins(
    look: Callable[..., Watched], system: System,
) -> None:
    deal = a_deal(system, "console-1", "Quartz Bakery")
    page = through_the_eyes_of_the_rep(look(), system)
    page.get_by_label("Sort columns by").select_option("-updated")

    # by dragging: the columns light up as the blueprint allows, the drop is refused with its reason
    mine = card(page, "qualified", deal)
    expect(mine).to_contain_text("Quartz Bakery")
    drag(page, mine, column(page, "demonstrated"))
    expect(column(page, "demonstrated")).to_have_attribute("data-drop", "form")
    expect(column(page, "won")).to_have_attribute("data-drop", "impossible")
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="Demonstration: 0 of 1 done").first).to_be_attached()
    assert system.get(f"/v1/opportunities/{deal}")["stage"] == "qualified"

    # what is missing is done in the form that has opened
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="Log: Demonstration").click()
    expect(form.get_by_text("Demonstration: 1 of 1")).to_be_visible()
    form.get_by_role("button", name="Show the product").click()
    expect(card(page, "demonstrated", deal)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)

    # by keyboard: picked up, one column to the right, put down; an amount and a date are asked for
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

    # onto a stage to which there is no transition: refused, and nothing opens
    drag(page, card(page, "proposed", deal), column(page, "qualified"))
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="there is no transition").first).to_be_attached()
    expect(page.get_by_role("dialog")).to_have_count(0)

    # won on the deal's own page, once the contract is confirmed
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
    said = system.get(f"/v1/opportunities/{deal}/history")["items"]
    assert {r["data"].get("actor_id") for r in said if r["type"] == "crm.opportunity.won.v1"} == {REP}
    expect(page.locator(".history")).to_contain_text("“Proposed” → “Won”")


def test_a_deal_in_hand_goes_back_where_it_was_with_escape(look: Callable[..., Watched], system: System) -> None:
    deal = a_deal(system, "console-2", "Basalt Clinic")
    page = through_the_eyes_of_the_rep(look(), system)
    page.get_by_label("Sort columns by").select_option("-updated")
    handle = card(page, "qualified", deal).get_by_role("button", name="Move Basalt Clinic")
    handle.focus()
    page.keyboard.press("Space")
    in_hand = page.locator("[aria-live]").filter(has_text="Over Qualified")
    expect(in_hand.first).to_be_attached()  # it listens to keys from now on
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("[aria-live]").filter(has_text="Basalt Clinic is back in Qualified").first).to_be_attached()
    assert system.get(f"/v1/opportunities/{deal}")["stage"] == "qualified"


def test_what_somebody_else_does_is_seen_without_asking(look: Callable[..., Watched], system: System) -> None:
    deal = a_deal(system, "console-3", "Mica Freight")
    page = look().go(f"/process/deals/{deal}")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    expect(page.locator(".path [aria-current=step]")).to_have_text("Qualified")
    demo = {"activity_id": "console-3-demo", "kind": "demo", "subject": {"kind": "opportunity", "id": deal}}
    system.publish([event("crm.activity.logged.v1", "console-3-demo", demo)])
    system.until(lambda: system.client.post(f"/v1/opportunities/{deal}/transitions",
                                            json={"transition": "demonstrate"}).status_code == 200, "it was shown")
    expect(page.locator(".path [aria-current=step]")).to_have_text("Demonstrated")


def test_who_may_only_read_sees_the_deals_and_moves_none(look: Callable[..., Watched], system: System) -> None:
    page = look().go("/process/board?pipeline=software")
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name="Director").click()
    expect(page.get_by_role("button", name="Viewing as: Director")).to_be_visible()
    expect(page.locator("[data-deal]").first).to_be_visible()
    expect(page.get_by_role("button", name="Move")).to_have_count(0)
    page.locator("[data-deal] a").first.click()
    expect(page.get_by_role("heading", name="Next transitions")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    expect(page.get_by_role("button", name="Open form")).to_have_count(0)
