"""The results and targets panels: boards with comparisons and records, measures, targets, and start pages."""
import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chassis.support import clock
from tests.console.conftest import OpenPage, PageSession, violations, violations_of
from tests.console.test_moving_a_deal import event
from tests.journeys.system import System
from tests.support.environment import COMPANY_ZONE

pytestmark = [pytest.mark.journey, pytest.mark.slow]

TEAM, REGION, REP = "Meadow", "North", "rep-04"
LAST_YEAR = (1_000_000, 1_500_000, 500_000)  # minor units of the deals won a year ago: 30,000 euros in all
NOW = (2_000_000, 4_000_000)


def today() -> date:
    return clock.today(COMPANY_ZONE)


def last_month() -> date:
    return today().replace(day=1) - timedelta(days=1)


def early(day: date) -> datetime:
    return datetime.combine(day, time(0, 30), COMPANY_ZONE)


def a_year_ago() -> date:
    day = today() - timedelta(days=28) if (today().month, today().day) == (2, 29) else today()
    return day.replace(year=day.year - 1)


def won(
    system: System, name: str, amounts: tuple[int, ...], on: datetime, currency: str = "EUR", **about: str,
) -> list[str]:
    """Publishes hardware deals that were won at that time; returns their ids."""
    ids = [f"{name}-{n}" for n in range(len(amounts))]
    events: list[dict[str, Any]] = []
    for id, minor in zip(ids, amounts, strict=True):
        deal = {"opportunity_id": id, "amount": {"amount_minor": minor, "currency": currency}}
        events += [
            event("crm.opportunity.opening_requested.v1", f"{id}-open", {**deal, "pipeline": "hardware", **about}),
            event("crm.opportunity.stage_reported.v1", f"{id}-won", {**deal, "stage": "won"}),
        ]
    system.publish([{**e, "time": on.isoformat()} for e in events])
    return ids


@pytest.fixture(scope="module")
def deals(system: System) -> list[str]:
    """Deals of the team won today and a year ago; no other deals were won a year ago. Returns the ids of today's."""
    about = {"rep_id": REP, "team": TEAM, "region": REGION}
    won(system, "last-year", LAST_YEAR, early(a_year_ago()), **about)
    found = won(system, "this-year", NOW, early(today()), **about)
    system.settle()
    assert {d["status"] for d in system.get("/v1/opportunities", id=found)["items"]} == {"won"}
    return found


def as_manager(session: PageSession) -> Page:
    page = session.go("/")
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name=TEAM, exact=True).click()
    expect(page.get_by_role("button", name=f"Viewing as: Manager · {TEAM}")).to_be_visible()
    return page


def euros(minor: int) -> str:
    return f"€{minor / 100:,.2f}".removesuffix(".00")


def test_a_manager_compares_regions_with_last_year_and_opens_the_records_of_a_figure(
    open_page: OpenPage, system: System, deals: list[str],
) -> None:
    query = {"where": f"team:{TEAM}", "period": f"{today():%Y-%m}"}
    [row] = system.get("/v1/kpis/revenue", **query)["rows"]
    value, n = row["value"], row["n"]
    in_region = next(r["value"] for r in system.get("/v1/kpis/revenue", **query, by="region")["rows"]
                if r["dimensions"]["region"] == REGION)
    assert value >= in_region >= sum(NOW)

    # a manager starts at the revenue board, which contains the figures of the team only
    page = as_manager(open_page())
    assert page.url.split("?")[0].endswith("/results/boards")
    expect(page.locator("main h1")).to_have_text("Revenue")
    headline = page.get_by_role("region", name="Revenue", exact=True)
    expect(headline).to_contain_text("vs. last year €30k")
    expect(headline).to_contain_text("vs. previous")
    expect(headline.get_by_role("link", name=re.compile("from .* records?"))).to_have_text(f"from {n} records")

    # by region, compared with last year: arrow, hidden text and growth
    regions = page.get_by_role("region", name="Revenue by region")
    north = regions.get_by_role("row").filter(has=page.get_by_role("rowheader", name=REGION))
    expect(north).to_contain_text(euros(in_region))
    growth = (in_region - sum(LAST_YEAR)) / sum(LAST_YEAR)
    expect(north).to_contain_text("up " + (f"× {growth + 1:,.1f}".removesuffix(".0") if growth >= 10
                                           else f"+{100 * growth:,.1f}%".replace(".0%", "%")))

    # split by rep
    regions.get_by_role("button", name="Rep", exact=True).click()
    by_rep = page.get_by_role("region", name="Revenue by region").get_by_role("table")
    expect(by_rep.get_by_role("columnheader").first).to_have_text("Rep")
    reps = system.get("/v1/kpis/revenue", **query, by="rep")["rows"]
    expect(by_rep.locator("tbody tr")).to_have_count(len(reps))

    # records behind the figure
    headline.get_by_role("link", name=re.compile("from .* records?")).click()
    expect(page.locator("main h1")).to_have_text("Records of “Revenue”")
    expect(page.locator("tbody tr")).to_have_count(n)
    counted = page.locator("tbody tr td:last-child").all_inner_texts()
    assert sum(round(float(re.sub(r"[€,]", "", text)) * 100) for text in counted) == value
    assert violations(page) == []
    page.get_by_role("link", name="this-year-1").click()
    expect(page.locator(".path [aria-current=step]")).to_have_text("Won")


def test_the_start_page_depends_on_the_role(
    open_page: OpenPage, system: System,
) -> None:
    session = open_page()
    for role, title in (("Operator", "Health and lag"), ("Director", "Revenue")):
        page = session.go("/")
        page.get_by_role("button", name="Viewing as").click()
        page.get_by_role("menuitemcheckbox", name=role, exact=True).click()
        expect(page.get_by_role("button", name=f"Viewing as: {role}")).to_be_visible()
        page = session.go("/")
        expect(page.locator("main h1")).to_have_text(title)
    name = next(r["name"] for r in system.get("/v1/reps", limit=500)["items"] if r["rep_id"] == REP)
    page.get_by_role("button", name="Viewing as").click()
    page.get_by_role("menuitemcheckbox", name=name).click()
    expect(page.get_by_role("button", name=f"Viewing as: Rep · {name}")).to_be_visible()
    page = session.go("/")
    expect(page.locator("main h1")).to_have_text("Worklist")
    panels = page.get_by_role("navigation", name="Panels")
    expect(panels.get_by_role("link", name="Dead letters")).to_have_count(0)


def test_a_director_sets_a_target_and_the_board_shows_its_attainment(
    open_page: OpenPage, system: System, deals: list[str],
) -> None:
    period = f"{today():%Y}"
    session = open_page()
    page = session.go(f"/targets?period={period}")
    page.get_by_role("button", name="Set a target").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Region").select_option(REGION)
    form.get_by_label("Target", exact=True).fill("a lot")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("Enter a number")
    assert violations(page) == []
    form.get_by_label("Target", exact=True).fill("1,000.50")
    form.get_by_label("Currency").fill("EURO")  # the field accepts three letters; the API refuses unknown codes
    form.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=f"Region {REGION}"))
    expect(row).to_contain_text("€1,000.50")
    expect(row).to_contain_text("Reached")
    row.get_by_role("button", name="Change the target").click()
    page.get_by_role("dialog").get_by_label("Target", exact=True).fill("900000000")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Behind pace")
    [stored] = [t for t in system.get(f"/v1/targets/{period}")["items"] if t["scope"] == {"region": REGION}]
    assert (stored["value"], stored["currency"]) == (90_000_000_000, "EUR")

    page = session.go(f"/results/boards/revenue?period={period}")
    tile = page.get_by_role("region", name="Revenue by region")
    expect(tile.get_by_role("row").filter(has_text=REGION)).to_contain_text("Behind pace")


def test_the_target_form_shows_api_errors_and_detects_concurrent_changes(
    open_page: OpenPage, system: System,
) -> None:
    page = open_page().go("/targets?period=2031")
    expect(page.get_by_role("heading", name="No targets for 2031 yet")).to_be_visible()
    page.get_by_role("button", name="Set a target").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Currency").fill("E1")
    form.get_by_label("Target", exact=True).fill("5")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text(re.compile("currency", re.I))
    form.get_by_label("Currency").fill("EUR")
    other_user = [{"measure": "revenue", "value": 700, "currency": "EUR"}]
    assert system.client.put("/v1/targets/2031", json=other_user).status_code == 200
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("This target already exists")
    assert system.get("/v1/targets/2031")["items"][0]["value"] == 700


def test_a_changed_figure_is_highlighted_live(open_page: OpenPage, system: System, deals: list[str]) -> None:
    page = open_page().go("/results/boards/revenue?region=Antarctica")
    headline = page.get_by_role("region", name="Revenue", exact=True)
    expect(headline).to_contain_text("0")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")
    page.evaluate("""() => { window.seen = []; new MutationObserver(all => all.forEach(m => {
        if (m.target.classList?.contains('changed')) window.seen.push(m.target.textContent) }))
        .observe(document.body, {subtree: true, attributes: true, attributeFilter: ['class']}) }""")
    for minor in (100_000, 200_000):  # the first gives the figure its currency, the second changes it
        won(system, f"polar-{minor}", (minor,), clock.utc_now(), region="Antarctica")
        expect(headline).to_contain_text("€1,000" if minor == 100_000 else "€3,000")
    page.wait_for_function("() => window.seen.some(text => text.includes('3,000'))")


def test_a_measure_is_shown_over_time_by_dimension_as_table_and_csv(
    open_page: OpenPage, system: System, deals: list[str],
) -> None:
    session = open_page()
    page = session.go("/results/measures")
    page.get_by_label("Find a measure").fill("win rate")
    page.get_by_role("link", name="Win rate").first.click()
    expect(page.locator("main h1")).to_have_text("Win rate")
    page.get_by_label("Period").select_option(f"{last_month():%Y-%m}")  # the current month is empty on its first day
    expect(page.locator(".chart svg")).to_be_visible()
    expect(page.get_by_role("region", name="How this measure is computed")).to_contain_text("win_rate@")
    page.get_by_label("Interval").select_option("quarter")
    page.get_by_role("button", name="Table").click()
    rows = page.get_by_role("region", name="Win rate over time").locator("tbody tr")
    expect(rows.first).to_be_visible()
    assert "÷" in rows.last.inner_text()
    page.get_by_label("Split by").select_option("pipeline")
    with page.expect_download() as loading:
        page.get_by_role("region", name="Win rate by Pipeline").get_by_role("button", name="CSV").click()
    text = loading.value.path().read_text()
    assert text.splitlines()[0].split(",")[:1] == ['"period"']
    assert "software" in text


def test_figures_of_two_currencies_are_listed_separately(open_page: OpenPage, system: System) -> None:
    for currency, minor in (("EUR", 700_000), ("JPY", 900_000)):
        won(system, f"two-{currency}", (minor,), early(today()), currency, region="Two")
    system.settle()
    page = open_page().go("/results/boards/revenue?region=Two")
    headline = page.get_by_role("region", name="Revenue", exact=True)
    expect(headline.locator(".headline-value")).to_have_text(["€7,000", "¥900k"])


PLACES = ["/results/boards/activities", "/results/boards/pipeline", "/results/boards/satisfaction",
          "/results/measures/revenue", "/results/measures/nps?by=survey&grain=week",
          "/results/measures/revenue/records", "/targets?period=2033", "/results/boards/nothing"]


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_page_of_results_and_targets_is_accessible_in_both_themes(
    open_page: OpenPage, system: System, locale: str,
) -> None:
    found = violations_of(open_page(locale=locale), PLACES if locale == "en-GB" else PLACES[3:4])
    assert not found, "\n".join(found)


def test_a_board_is_printed_without_navigation_and_controls(open_page: OpenPage) -> None:
    session = open_page()
    page = session.go("/results/boards/revenue")
    session.wait_until_loaded()
    page.emulate_media(media="print")
    expect(page.get_by_role("region", name="Revenue", exact=True)).to_be_visible()
    for hidden in (".shell-side", ".top", ".filters", ".developer"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.evaluate("[...document.querySelectorAll('main button')].filter(b => b.offsetParent).length") == 0
