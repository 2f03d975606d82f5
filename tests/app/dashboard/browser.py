"""What the tests of both pages do in a browser."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.app.dashboard.conftest import Dashboard

RUNNING = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
# The page's script ends and begins again at once where the settings have changed, and what a script
# has sent last may have yet to be shown. So it has ended when it also has a moment later, in which
# nothing has changed.
SHOWN = """
() => new Promise(shown => {
    let timer;
    const wait = () => { clearTimeout(timer); timer = setTimeout(end, 150); };
    const changes = new MutationObserver(wait);
    const end = () => { changes.disconnect(); shown(); };
    changes.observe(document.body, {childList: true, characterData: true, subtree: true});
    wait();
})
"""


def settled(page: Page) -> Page:
    """The page once its script has run to the end and all is shown, without an exception on it."""
    page.wait_for_selector("[data-testid=stHeading]")
    has_ended = f"{RUNNING} === 'notRunning'"
    while True:
        page.wait_for_function(has_ended)
        page.evaluate(SHOWN)
        if page.evaluate(has_ended):
            break
    assert page.locator("[data-testid=stException]").count() == 0, page.inner_text("body")
    return page


def opened(page: Page, dashboard: Dashboard, path: str = "/") -> Page:
    page.goto(f"{dashboard.url}{path}")
    return settled(page)


# What the figures and texts of a page would be wider than.
CUT_OFF = """
() => [...document.querySelectorAll('[data-testid=stMain], .caves, .caves *, .flow *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 1)
    .map(each => `${each.tagName} ${each.className} ${each.textContent.slice(0, 80)}`)
"""
WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BACKGROUND = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def looked_at(page: Page, widths: tuple[int, ...] = (1440, 390)) -> Iterator[str]:
    """The page in light and dark, on a screen and on a phone, and what of it is then wrong: cut
    off, or not readable for everybody. Streamlit follows the browser without another load. axe
    looks at each colour scheme and at each width once: the one does not depend on the other."""
    axe, grounds = Axe(), set()
    for scheme, examined in (("light", widths[0]), ("dark", widths[-1])):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of Playwright's texts
        page.wait_for_function(
            f"({BACKGROUND})().match(/\\d+/)[0] {'>' if scheme == 'light' else '<'} 128"
        )
        for width in widths:
            page.set_viewport_size({"width": width, "height": 5000})
            settled(page)
            grounds.add(page.evaluate(BACKGROUND))
            place = f"{scheme}, {width} pixels: "
            yield from (f"{place}{text} is cut off" for text in page.evaluate(CUT_OFF))
            if width == examined:
                found = axe.run(page, options={"runOnly": WCAG_AA}).response["violations"]
                for each in found:
                    for node in each["nodes"]:
                        yield f"{place}{each['id']} {node['html'][:200]}"
    assert len(grounds) == 2


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text, exact=True)


def plain(text: str) -> str:
    """A text whose spaces are all alike, however they hold lines together."""
    return " ".join(text.split())
