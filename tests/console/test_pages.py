"""Every page of the console: usable by everybody, on every screen, in both languages and themes, and quickly there."""
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import PHONE, WCAG, Watched, faults, faults_of
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

FIRST_PAGE_BYTES = 300_000
SHIFTS = """window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => {
    if (!e.hadRecentInput) window.shift += e.value })).observe({type: 'layout-shift', buffered: true})"""


def everywhere(page: Page, system: System) -> list[str]:
    """The pages that the navigation names, and one of each kind that is reached from them."""
    named = page.eval_on_selector_all("nav.nav a", "all => all.map(a => a.getAttribute('href'))")

    def first(path: str, id: str, **params: Any) -> str:
        return str(system.get(path, limit=1, **params)["items"][0][id])

    return [
        *named,
        f"/process/deals/{first('/v1/opportunities', 'opportunity_id', status='open')}",
        f"/process/deals/{first('/v1/opportunities', 'opportunity_id', status='lost')}",
        f"/process/leads/{first('/v1/leads', 'lead_id')}",
        f"/process/customers/{first('/v1/customers', 'customer_id')}",
        "/process/segments?segment=lost", "/process/surveys/after_win?by=region", "/process/worklist?rep=rep-04",
        "/no/such/page",
    ]


def test_every_page_is_accessible_in_both_themes_and_fits_a_phone(look: Callable[..., Watched], system: System) -> None:
    watched = look()
    page = watched.go("/process/board")
    found = faults_of(watched, everywhere(page, system))
    assert not found, "\n".join(found)


def test_dialogs_menus_and_the_search_are_accessible(look: Callable[..., Watched], system: System) -> None:
    watched = look()
    deal = system.get("/v1/opportunities", status="open", pipeline="software", limit=1)["items"][0]
    page = watched.go(f"/process/deals/{deal['opportunity_id']}")
    page.get_by_role("button", name="Lose").click()
    page.get_by_role("dialog").get_by_label("Loss reason").wait_for()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("lead")
    page.get_by_role("option").first.wait_for()
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemcheckbox", name="Dark").wait_for()
    assert faults(page, WCAG) == [], "that a menu lies outside of all landmarks is how menus are"


def test_an_id_or_a_name_is_found_from_anywhere(look: Callable[..., Watched], system: System) -> None:
    customer = next(c for c in system.get("/v1/customers", limit=50)["items"] if c["name"])
    page = look().go("/process/issues")
    page.keyboard.press("/")
    page.get_by_role("combobox").fill(customer["customer_id"])
    page.get_by_role("option", name=customer["name"]).wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text(customer["name"])
    assert page.url.endswith(f"/process/customers/{customer['customer_id']}")


def test_filters_go_along_from_page_to_page_and_an_address_can_be_shared(look: Callable[..., Watched]) -> None:
    page = look().go("/process/board?pipeline=software&region=East")
    expect(page.get_by_label("Region")).to_have_value("East")
    page.get_by_role("navigation", name="Panels").get_by_role("link", name="Funnel").click()
    expect(page.locator("main h1")).to_have_text("Funnel")
    assert "region=East" in page.url
    page.get_by_label("Region").select_option("South")
    page.get_by_role("navigation", name="Panels").get_by_role("link", name="Leads").click()
    expect(page.locator("main h1")).to_have_text("Leads")
    assert "region=South" in page.url
    expect(page.locator("tbody tr").first).to_contain_text("South")


def test_an_unknown_or_invalid_value_in_the_address_is_removed_and_named(look: Callable[..., Watched]) -> None:
    page = look().go("/process/leads?status=unknown&region=South&color=red")
    expect(page.get_by_role("alert").filter(has_text="status, color").first).to_be_attached()
    expect(page.locator("tbody tr").first).to_contain_text("South")
    assert page.url.endswith("/process/leads?region=South")


def test_language_and_theme_are_the_systems_until_they_are_chosen_and_then_stay(look: Callable[..., Watched]) -> None:
    watched = look(locale="zh-CN", color_scheme="dark")
    page = watched.go("/process/leads")
    expect(page.locator("main h1")).to_have_text("线索")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"
    page.get_by_role("button", name="语言").click()
    page.get_by_role("menuitemcheckbox", name="English").click()
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemcheckbox", name="Light").click()
    page.reload()
    expect(page.locator("main h1")).to_have_text("Leads")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_first_page_is_small_loads_no_charts_and_does_not_shift(look: Callable[..., Watched]) -> None:
    watched = look()
    watched.page.add_init_script(SHIFTS)
    page = watched.go("/")
    watched.settled()
    files = page.evaluate("""performance.getEntriesByType('resource').filter(e => /\\.(js|css|svg)$/.test(e.name))
        .map(e => [e.name, e.encodedBodySize])""")
    assert sum(size for _, size in files) < FIRST_PAGE_BYTES, files
    assert not [name for name, _ in files if "echarts" in name]
    assert page.evaluate("window.shift") < 0.1


def test_a_survey_page_is_accessible_and_answers_without_a_script(look: Callable[..., Watched], system: System) -> None:
    asked = system.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "console-respondent"})
    assert asked.status_code == 201, asked.text
    link = asked.json()["url"]
    watched = look(java_script_enabled=False)
    page = watched.page
    page.goto(watched.base + link)
    page.get_by_role("radio", name="9", exact=True).check()
    page.get_by_role("button").click()
    expect(page.locator("main")).to_contain_text("recorded")
    for scheme in ("light", "dark"):
        seen = look(color_scheme=scheme)
        seen.page.goto(seen.base + link)
        assert faults(seen.page) == []
    again = system.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "console-respondent-2"})
    for scheme in ("light", "dark"):
        seen = look(color_scheme=scheme, locale="zh-CN", viewport=PHONE)
        seen.page.goto(seen.base + again.json()["url"])
        assert faults(seen.page) == []
        assert seen.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
