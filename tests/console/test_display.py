"""Charts in the current theme, the period filter, printing, and the data scope of a rep."""
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Error, Page, Response, expect

from tests.console.conftest import OpenPage, PageSession
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

# Counts the cards of each column between the two events of a browser's print
PRINT_COUNTS = """window.print = () => { dispatchEvent(new Event('beforeprint'));
    window.printed = [...document.querySelectorAll('.board-cards')].map(c => c.querySelectorAll('.deal-card').length);
    dispatchEvent(new Event('afterprint')) }"""
FILLS = "[...new Set([...document.querySelectorAll('.chart svg text')].map(e => e.getAttribute('fill')))].sort().join()"


def test_a_chart_follows_a_change_of_the_system_theme(open_page: OpenPage) -> None:
    page = open_page(color_scheme="light").go("/results/measures/revenue")
    page.locator(".chart svg text").first.wait_for()
    light = page.evaluate(FILLS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {{ const now = {FILLS}; return now && now !== light }}", arg=light)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"light => {FILLS} === light", arg=light)


def test_the_period_filter_names_the_default_and_lists_earlier_periods(
    open_page: OpenPage,
) -> None:
    page = open_page().go("/results/boards/revenue")
    period = page.get_by_label("Period")
    expect(period.locator("option:checked")).to_have_text("This month so far")
    earlier = period.locator("optgroup[label='Earlier quarters'] option").first
    name, value = earlier.text_content() or "", earlier.get_attribute("value")
    assert value and re.fullmatch(r"Q[1-4] \d{4}", name)
    period.select_option(value)
    expect(page.get_by_role("button", name="Clear filters")).to_be_visible()
    assert f"period={value}" in page.url
    page.get_by_role("navigation", name="Panels").get_by_role("link", name="Funnel").click()
    expect(page.get_by_label("Period")).to_have_value(value)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_label("Period").locator("option:checked")).to_have_text("All time")


def test_the_deals_board_is_printed_with_every_deal(
    open_page: OpenPage, system: System,
) -> None:
    session = open_page()
    session.page.add_init_script(PRINT_COUNTS)
    page = session.go("/process/board?pipeline=software")
    page.locator("[data-deal]").first.wait_for()
    columns = system.get("/v1/opportunities/board", pipeline="software")["columns"]
    counts = [c["count"] for c in sorted(columns, key=lambda c: c["order"])]
    assert page.locator("[data-deal]").count() < sum(counts), "the board renders visible cards only"
    for press in (lambda: page.get_by_role("button", name="Print").click(), lambda: page.keyboard.press("Control+p")):
        page.evaluate("window.printed = undefined")
        press()
        page.wait_for_function("() => window.printed")
        assert page.evaluate("window.printed") == counts


def test_no_address_shows_a_rep_a_deal_of_another_team(open_page: OpenPage, system: System) -> None:
    people = {p["rep_id"]: p for p in system.get("/v1/reps", limit=500)["items"]}
    deals = [d for d in system.get("/v1/opportunities", limit=500)["items"] if d["rep_id"] in people]
    foreign = next(d for d in deals if d["customer_id"] and people[d["rep_id"]]["team"])
    team = people[foreign["rep_id"]]["team"]
    me = next(p for p in people.values() if p["team"] not in (None, team))
    session = open_page()
    page = as_rep(session, str(me["name"]))
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    id, where = foreign["opportunity_id"], quote(f'["rep:{foreign["rep_id"]}"]')
    session.go(f"/process/deals/{id}")
    expect(page.locator("main [role=alert]")).to_contain_text("Not found")
    expect(page.get_by_role("heading", name="History")).to_have_count(0)
    for path in (
        f"/process/board?pipeline={foreign['pipeline']}", f"/process/board?pipeline={foreign['pipeline']}&team={team}",
        f"/process/board?pipeline={foreign['pipeline']}&rep={foreign['rep_id']}",
        f"/process/worklist?rep={foreign['rep_id']}", f"/process/customers/{foreign['customer_id']}",
        f"/process/leads/{foreign['lead_id']}", f"/process/funnel?rep={foreign['rep_id']}",
        f"/results/measures/opportunities_opened/records?period={foreign['opened_at'][:4]}&where={where}",
        f"/results/measures/open_pipeline/records?where={where}", f"/results/boards/pipeline?rep={foreign['rep_id']}",
        "/process/surveys/after_win", "/process/issues",
    ):
        session.go(path)
        session.wait_until_loaded()
        assert page.locator(f"[data-deal='{id}'], a[href*='/deals/{id}']").count() == 0, path
        assert [a.url for a in answers if mentions(a, id)] == [], path
        answers.clear()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(id)
    expect(page.get_by_role("status").filter(has_text="No results")).to_be_visible()
    assert [a.url for a in answers if mentions(a, id)] == []


def as_rep(session: PageSession, name: str) -> Page:
    page = session.go("/process/board")
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name=name).click()
    expect(page.get_by_role("button", name=f"Viewing as: Rep · {name}")).to_be_visible()
    return page


def mentions(answer: Response, id: str) -> bool:
    """Whether the API's response contains the deal's id, other than as the echoed search query."""
    if "/v1/" not in answer.url or "/v1/live" in answer.url or not answer.ok:
        return False
    try:
        return f'"{id}"' in answer.text().replace(f'"q":"{id}"', "")
    except Error:  # the page was closed before the body arrived
        return False
