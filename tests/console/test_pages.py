"""All pages: accessibility, phone width, search, filters, language, theme, and the size of the first page."""
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import PHONE, WCAG, OpenPage, violations, violations_of
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

FIRST_PAGE_BYTES = 300_000
SHIFTS = """window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => {
    if (!e.hadRecentInput) window.shift += e.value })).observe({type: 'layout-shift', buffered: true})"""


def all_pages(page: Page, system: System) -> list[str]:
    """The pages of the navigation, and one of each kind of detail page."""
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


def test_every_page_is_accessible_in_both_themes_and_fits_a_phone(open_page: OpenPage, system: System) -> None:
    session = open_page()
    page = session.go("/process/board")
    found = violations_of(session, all_pages(page, system))
    assert not found, "\n".join(found)


def test_dialogs_menus_and_the_search_are_accessible(open_page: OpenPage, system: System) -> None:
    session = open_page()
    deal = system.get("/v1/opportunities", status="open", pipeline="software", limit=1)["items"][0]
    page = session.go(f"/process/deals/{deal['opportunity_id']}")
    page.get_by_role("button", name="Lose").click()
    page.get_by_role("dialog").get_by_label("Loss reason").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("lead")
    page.get_by_role("option").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemcheckbox", name="Dark").wait_for()
    assert violations(page, WCAG) == [], "best-practice is left out: menus are rendered outside of landmarks"


def test_search_finds_an_id_or_a_name_from_every_page(open_page: OpenPage, system: System) -> None:
    customer = next(c for c in system.get("/v1/customers", limit=50)["items"] if c["name"])
    page = open_page().go("/process/issues")
    page.keyboard.press("/")
    page.get_by_role("combobox").fill(customer["customer_id"])
    page.get_by_role("option", name=customer["name"]).wait_for()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text(customer["name"])
    assert page.url.endswith(f"/process/customers/{customer['customer_id']}")


def test_filters_carry_over_between_pages_and_are_part_of_the_address(open_page: OpenPage) -> None:
    page = open_page().go("/process/board?pipeline=software&region=East")
    expect(page.get_by_label("Region")).to_have_value("East")
    page.get_by_role("navigation", name="Panels").get_by_role("link", name="Funnel").click()
    expect(page.locator("main h1")).to_have_text("Funnel")
    assert "region=East" in page.url
    page.get_by_label("Region").select_option("South")
    page.get_by_role("navigation", name="Panels").get_by_role("link", name="Leads").click()
    expect(page.locator("main h1")).to_have_text("Leads")
    assert "region=South" in page.url
    expect(page.locator("tbody tr").first).to_contain_text("South")


def test_an_unknown_or_invalid_value_in_the_address_is_removed_and_named(open_page: OpenPage) -> None:
    page = open_page().go("/process/leads?status=unknown&region=South&color=red")
    expect(page.get_by_role("alert").filter(has_text="status, color").first).to_be_attached()
    expect(page.locator("tbody tr").first).to_contain_text("South")
    assert page.url.endswith("/process/leads?region=South")


def test_language_and_theme_follow_the_device_until_they_are_chosen(open_page: OpenPage) -> None:
    session = open_page(locale="zh-CN", color_scheme="dark")
    page = session.go("/process/leads")
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


def test_the_first_page_is_small_loads_no_charts_and_does_not_shift(open_page: OpenPage) -> None:
    session = open_page()
    session.page.add_init_script(SHIFTS)
    page = session.go("/")
    session.wait_until_loaded()
    files = page.evaluate("""performance.getEntriesByType('resource').filter(e => /\\.(js|css|svg)$/.test(e.name))
        .map(e => [e.name, e.encodedBodySize])""")
    assert sum(size for _, size in files) < FIRST_PAGE_BYTES, files
    assert not [name for name, _ in files if "echarts" in name]
    assert page.evaluate("window.shift") < 0.1


def test_a_survey_page_is_accessible_and_works_without_scripts(open_page: OpenPage, system: System) -> None:
    invitation = system.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "console-respondent"})
    assert invitation.status_code == 201, invitation.text
    link = invitation.json()["url"]
    session = open_page(java_script_enabled=False)
    page = session.page
    page.goto(session.base + link)
    page.get_by_role("radio", name="9", exact=True).check()
    page.get_by_role("button").click()
    expect(page.locator("main")).to_contain_text("recorded")
    for scheme in ("light", "dark"):
        seen = open_page(color_scheme=scheme)
        seen.page.goto(seen.base + link)
        assert violations(seen.page) == []
    second = system.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "console-respondent-2"})
    for scheme in ("light", "dark"):
        seen = open_page(color_scheme=scheme, locale="zh-CN", viewport=PHONE)
        seen.page.goto(seen.base + second.json()["url"])
        assert violations(seen.page) == []
        assert seen.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
