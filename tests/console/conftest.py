"""A browser in front of the real system, in which a simulated company lives. Every request is watched."""
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
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
# Chromium keeps inherited colours when the medium changes under a page: everything is laid out anew
FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
ANEW = "() => { const { style } = document.documentElement; style.display = 'none'; void document.body.offsetWidth; " \
       "style.display = '' }"
PATIENT_MS = 60_000  # only ends a test that hangs
SLOWLY = "0.001"  # simulated days per hour: the company stands still while it is looked at

expect.set_options(timeout=PATIENT_MS)


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
    options = ("--simulate", "--history-days", HISTORY_DAYS, "--speed", SLOWLY)
    with System(tmp_path_factory.mktemp("console"), *options) as running:
        running.until(lambda: arrived(running), "the company's past has reached the present")
        running.settle()
        yield running


def arrived(system: System) -> bool:
    """The past is told in order, and between two parts of it nothing may be waiting: its last days have to be there."""
    span = {"from": str(today() - timedelta(days=4)), "to": str(today() + timedelta(days=1))}
    answer = system.client.get("/v1/kpis/leads_captured", params={**span, "grain": "day"})
    rows = answer.json()["rows"] if answer.status_code == 200 else []
    return any(row["value"] for row in rows)


def clock_script() -> str:
    """Moves a page's clock as far as `TRIPTYCH_CLOCK` moves that of the services."""
    offset_ms = 1000 * float(os.environ.get(clock.OFFSET_VARIABLE) or 0)
    return """globalThis.Date = new Proxy(Date, {
        construct: (machine, given) => given.length ? new machine(...given) : new machine(machine.now() + OFFSET),
        get: (machine, name) => name === 'now' ? () => machine.now() + OFFSET : machine[name],
    })""".replace("OFFSET", f"{offset_ms:.0f}") if offset_ms else ""


@dataclass
class Watched:
    """A page, and what happened on it that should not."""

    page: Page
    base: str
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.locator("main h1").wait_for()
        return self.page

    def settled(self) -> Page:
        """Nothing is being loaded any more that is seen."""
        self.page.wait_for_function("() => !document.querySelector('.skeleton')")
        return self.page


def faults(page: Page, rules: Sequence[str] = (*WCAG, "best-practice")) -> list[str]:
    """What axe finds, one line each."""
    page.evaluate(FRAMES)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("async rules => (await axe.run({runOnly: rules})).violations", list(rules))
    return [f"{v['id']} ({v['impact']}): {n['target']} {n['failureSummary'][:300]}"
            for v in found for n in v["nodes"][:3]]


def faults_of(watched: Watched, paths: Iterable[str]) -> list[str]:
    """What is wrong with these pages: for axe in the light, in their colours in the dark, in their width on a phone."""
    page, found = watched.page, list[str]()
    for path in paths:
        page.emulate_media(color_scheme="light")
        watched.go(path)
        watched.settled()
        found += [f"{path} light: {fault}" for fault in faults(page)]
        page.emulate_media(color_scheme="dark")
        page.evaluate(ANEW)
        found += [f"{path} dark: {fault}" for fault in faults(page, COLOURS)]
        page.set_viewport_size(PHONE)
        found += [f"{path} is {wide} px wider than a phone"] if (wide := too_wide(page)) > 0 else []
        page.set_viewport_size(DESKTOP)
    return found


def too_wide(page: Page) -> int:
    """By how many pixels, once charts have seen that the window is another one."""
    wide, until = 1, time.monotonic() + DEADLINE
    while wide > 0 and time.monotonic() < until:
        page.evaluate(FRAMES)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def watch(context: BrowserContext, base: str) -> Watched:
    context.add_init_script(clock_script())
    watched = Watched(context.new_page(), base)
    page = watched.page
    page.set_default_timeout(PATIENT_MS)
    page.on("request", lambda r: watched.elsewhere.append(r.url) if not re.match(
        rf"{re.escape(base)}/|data:|blob:", r.url) else None)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("console", lambda m: watched.errors.append(m.text) if m.type == "error" and "Failed to load" not in m.text
            else None)
    return watched


@pytest.fixture
def look(browser: Browser, system: System) -> Iterator[Any]:
    """`look(locale=…, color_scheme=…, viewport=…)`: a browser of its own; at the end nothing foreign was asked."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def one(**options: Any) -> Watched:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Berlin",
                                         "viewport": DESKTOP, "reduced_motion": "reduce",
                                         **options})
        opened.append((context, watch(context, f"http://{system.http}")))
        return opened[-1][1]

    yield one
    for context, watched in opened:
        context.close()
        assert watched.elsewhere == [], "requests that left this system"
        assert watched.errors == [], "errors on the page"
