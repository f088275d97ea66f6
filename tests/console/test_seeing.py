"""What the eye meets: charts in the colours of the moment, periods by name, boards on paper, and nothing of others."""
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Error, Page, Response, expect

from tests.console.conftest import Watched
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

# A browser takes the page as it is between these two events
PAPER = """window.print = () => { dispatchEvent(new Event('beforeprint'));
    window.printed = [...document.querySelectorAll('.board-cards')].map(c => c.querySelectorAll('.deal-card').length);
    dispatchEvent(new Event('afterprint')) }"""
FILLS = "[...new Set([...document.querySelectorAll('.chart svg text')].map(e => e.getAttribute('fill')))].sort().join()"


def test_a_chart_takes_the_colours_of_the_system_when_they_change_under_the_page(look: Callable[..., Watched]) -> None:
    page = look(color_scheme="light").go("/results/measures/revenue")
    page.locator(".chart svg text").first.wait_for()
    light = page.evaluate(FILLS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => {{ const now = {FILLS}; return now && now !== light }}", arg=light)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"light => {FILLS} === light", arg=light)


def test_the_period_says_what_is_shown_while_none_is_chosen_and_can_be_an_earlier_one(
    look: Callable[..., Watched],
) -> None:
    page = look().go("/results/boards/revenue")
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


def test_a_board_is_printed_with_every_deal_not_only_those_in_sight(
    look: Callable[..., Watched], system: System,
) -> None:
    watched = look()
    watched.page.add_init_script(PAPER)
    page = watched.go("/process/board?pipeline=software")
    page.locator("[data-deal]").first.wait_for()
    columns = system.get("/v1/opportunities/board", pipeline="software")["columns"]
    counts = [c["count"] for c in sorted(columns, key=lambda c: c["order"])]
    assert page.locator("[data-deal]").count() < sum(counts), "some are out of sight"
    for press in (lambda: page.get_by_role("button", name="Print").click(), lambda: page.keyboard.press("Control+p")):
        page.evaluate("window.printed = undefined")
        press()
        page.wait_for_function("() => window.printed")
        assert page.evaluate("window.printed") == counts


def test_a_rep_sees_nothing_of_another_teams_deal_by_any_address(look: Callable[..., Watched], system: System) -> None:
    people = {p["rep_id"]: p for p in system.get("/v1/reps", limit=500)["items"]}
    deals = [d for d in system.get("/v1/opportunities", limit=500)["items"] if d["rep_id"] in people]
    theirs = next(d for d in deals if d["customer_id"] and people[d["rep_id"]]["team"])
    team = people[theirs["rep_id"]]["team"]
    me = next(p for p in people.values() if p["team"] not in (None, team))
    watched = look()
    page = as_rep(watched, str(me["name"]))
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    id, where = theirs["opportunity_id"], quote(f'["rep:{theirs["rep_id"]}"]')
    watched.go(f"/process/deals/{id}")
    expect(page.locator("main [role=alert]")).to_contain_text("Not found")
    expect(page.get_by_role("heading", name="History")).to_have_count(0)
    for path in (
        f"/process/board?pipeline={theirs['pipeline']}", f"/process/board?pipeline={theirs['pipeline']}&team={team}",
        f"/process/board?pipeline={theirs['pipeline']}&rep={theirs['rep_id']}",
        f"/process/worklist?rep={theirs['rep_id']}", f"/process/customers/{theirs['customer_id']}",
        f"/process/leads/{theirs['lead_id']}", f"/process/funnel?rep={theirs['rep_id']}",
        f"/results/measures/opportunities_opened/records?period={theirs['opened_at'][:4]}&where={where}",
        f"/results/measures/open_pipeline/records?where={where}", f"/results/boards/pipeline?rep={theirs['rep_id']}",
        "/process/surveys/after_win", "/process/issues",
    ):
        watched.go(path)
        watched.settled()
        assert page.locator(f"[data-deal='{id}'], a[href*='/deals/{id}']").count() == 0, path
        assert [a.url for a in answers if speaks_of(a, id)] == [], path
        answers.clear()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(id)
    expect(page.get_by_role("status").filter(has_text="No results")).to_be_visible()
    assert [a.url for a in answers if speaks_of(a, id)] == []


def as_rep(watched: Watched, name: str) -> Page:
    page = watched.go("/process/board")
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name=name).click()
    expect(page.get_by_role("button", name=f"Viewing as: Rep · {name}")).to_be_visible()
    return page


def speaks_of(answer: Response, id: str) -> bool:
    """Whether it is an answer of the API that names the deal; a search says again what it was asked for."""
    if "/v1/" not in answer.url or "/v1/live" in answer.url or not answer.ok:
        return False
    try:
        return f'"{id}"' in answer.text().replace(f'"q":"{id}"', "")
    except Error:  # it came when the page was left already: nobody saw it
        return False
