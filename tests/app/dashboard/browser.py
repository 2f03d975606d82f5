"""What the tests of both pages do in a browser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.app.dashboard.conftest import Dashboard

RUNNING = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"


def settled(page: Page) -> Page:
    """The page once its script has run to the end, without an exception on it."""
    page.wait_for_selector("[data-testid=stHeading]")
    page.wait_for_function(f"{RUNNING} === 'notRunning'")
    assert page.locator("[data-testid=stException]").count() == 0, page.inner_text("body")
    return page


def opened(page: Page, dashboard: Dashboard, path: str = "/") -> Page:
    page.goto(f"{dashboard.url}{path}")
    return settled(page)


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text, exact=True)


def plain(text: str) -> str:
    """A text whose spaces are all alike, however they hold lines together."""
    return " ".join(text.split())
