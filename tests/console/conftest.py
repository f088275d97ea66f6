"""A browser and a running system with a simulated company. Every page records errors and external requests."""
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from chassis.support import clock
from chassis.support.clock import today
from services.gateway.console import BUILT
from tests.journeys.system import DEADLINE, ROOT, System

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage"]
HISTORY_DAYS = os.environ.get("TRIPTYCH_TEST_HISTORY_DAYS", "60")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
COLOURS = ("color-contrast", "link-in-text-block")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
# Chromium keeps inherited colours when the emulated medium changes: force a new layout
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
RELAYOUT = "() => { const { style } = document.documentElement; style.display = 'none'; " \
           "void document.body.offsetWidth; style.display = '' }"
TIMEOUT_MS = 60_000  # only ends a test that hangs
SPEED = "0.001"  # simulated days per hour: almost no new events while the tests run

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("not proven here: there is no chromium")
    if not (BUILT / "index.html").exists() or not AXE.exists():
        pytest.skip("not proven here: the console is not built (make console)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="package")
def system(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    options = ("--simulate", "--history-days", HISTORY_DAYS, "--speed", SPEED)
    with System(tmp_path_factory.mktemp("console"), *options) as running:
        running.until(lambda: history_loaded(running), "the simulated history is loaded")
        running.settle()
        yield running


def history_loaded(system: System) -> bool:
    """Whether the last days of the simulated history are processed; events are published in order of time."""
    span = {"from": str(today() - timedelta(days=4)), "to": str(today() + timedelta(days=1))}
    answer = system.client.get("/v1/kpis/leads_captured", params={**span, "grain": "day"})
    rows = answer.json()["rows"] if answer.status_code == 200 else []
    return any(row["value"] for row in rows)


def clock_script() -> str:
    """Offsets the clock of a page by `TRIPTYCH_CLOCK`, like that of the services."""
    offset_ms = 1000 * float(os.environ.get(clock.OFFSET_VARIABLE) or 0)
    return """globalThis.Date = new Proxy(Date, {
        construct: (machine, given) => given.length ? new machine(...given) : new machine(machine.now() + OFFSET),
        get: (machine, name) => name === 'now' ? () => machine.now() + OFFSET : machine[name],
    })""".replace("OFFSET", f"{offset_ms:.0f}") if offset_ms else ""


@dataclass
class PageSession:
    """A page with its script errors and its requests to other hosts."""

    page: Page
    base: str
    external_requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.locator("main h1").wait_for()
        return self.page

    def wait_until_loaded(self) -> Page:
        """Waits until no visible part is loading."""
        self.page.wait_for_function("() => !document.querySelector('.skeleton')")
        return self.page


OpenPage = Callable[..., PageSession]


def violations(page: Page, rules: Sequence[str] = (*WCAG, "best-practice")) -> list[str]:
    """The violations that axe reports, one line each."""
    page.evaluate(FRAMES)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("async rules => (await axe.run({runOnly: rules})).violations", list(rules))
    return [f"{v['id']} ({v['impact']}): {n['target']} {n['failureSummary'][:300]}"
            for v in found for n in v["nodes"][:3]]


def violations_of(session: PageSession, paths: Iterable[str]) -> list[str]:
    """Violations of these pages: of all rules in light theme, of contrast in dark theme, of the width on a phone."""
    page, found = session.page, list[str]()
    for path in paths:
        page.emulate_media(color_scheme="light")
        session.go(path)
        session.wait_until_loaded()
        found += [f"{path} light: {violation}" for violation in violations(page)]
        page.emulate_media(color_scheme="dark")
        page.evaluate(RELAYOUT)
        found += [f"{path} dark: {violation}" for violation in violations(page, COLOURS)]
        page.set_viewport_size(PHONE)
        found += [f"{path} is {wide} px wider than a phone"] if (wide := overflow_px(page)) > 0 else []
        page.set_viewport_size(DESKTOP)
    return found


def overflow_px(page: Page) -> int:
    """Horizontal overflow in pixels, after charts have resized."""
    wide, until = 1, time.monotonic() + DEADLINE
    while wide > 0 and time.monotonic() < until:
        page.evaluate(FRAMES)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def start_session(context: BrowserContext, base: str) -> PageSession:
    context.add_init_script(clock_script())
    session = PageSession(context.new_page(), base)
    page = session.page
    page.set_default_timeout(TIMEOUT_MS)
    page.on("request", lambda r: session.external_requests.append(r.url) if not re.match(
        rf"{re.escape(base)}/|data:|blob:", r.url) else None)
    page.on("pageerror", lambda error: session.errors.append(str(error)))
    page.on("console", lambda m: session.errors.append(m.text) if m.type == "error" and "Failed to load" not in m.text
            else None)
    return session


@pytest.fixture
def open_page(browser: Browser, system: System) -> Iterator[Any]:
    """`open_page(locale=…, color_scheme=…, viewport=…)` opens a browser context; its errors fail the test."""
    opened: list[tuple[BrowserContext, PageSession]] = []

    def one(**options: Any) -> PageSession:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Berlin",
                                         "viewport": DESKTOP, "reduced_motion": "reduce",
                                         **options})
        opened.append((context, start_session(context, f"http://{system.http}")))
        return opened[-1][1]

    yield one
    for context, session in opened:
        context.close()
        assert session.external_requests == [], "requests that left this system"
        assert session.errors == [], "errors on the page"
