from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.app.dashboard.conftest import Dashboard

RUNNING = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
PERIOD, CATEGORIES = "stSelectbox", "stMultiSelect"
SALES = "SELECT {what} FROM ANALYTICS.SALES WHERE SALES_DATE > DATEADD('day', -28, {today})"
TODAY = "CONVERT_TIMEZONE('UTC', 'Europe/Paris', SYSDATE())::DATE"


def settled(page: Page) -> Page:
    """The page once its script has run to the end, without an exception on it."""
    page.wait_for_selector("[data-testid=stHeading]")
    page.wait_for_function(f"{RUNNING} === 'notRunning'")
    assert page.locator("[data-testid=stException]").count() == 0, page.inner_text("body")
    return page


def opened(page: Page, dashboard: Dashboard, path: str = "/") -> Page:
    page.goto(f"{dashboard.url}{path}")
    return settled(page)


def metrics(page: Page) -> dict[str, str]:
    labels = page.locator("[data-testid=stMetricLabel]").all_inner_texts()
    values = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    return dict(zip([label.strip() for label in labels], values, strict=True))


def rows(page: Page, number: int) -> list[list[str]]:
    """The cells of a table, which its canvas keeps as text for screen readers."""
    table = page.locator("[data-testid=stDataFrame]").nth(number)
    table.scroll_into_view_if_needed()
    table.locator("td").first.wait_for(state="attached")
    found: list[list[str]] = table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    )
    return [row for row in found if any(row)]


def choose(page: Page, box: str, option: str) -> None:
    """Choose in the box of one kind, of which the sidebar has one each."""
    page.locator(f"[data-testid={box}] input").click()
    page.get_by_role("option", name=option).click()
    page.keyboard.press("Escape")


def test_the_figures_of_the_shop_are_those_of_sql(page: Page, dashboard: Dashboard) -> None:
    what = "SUM(TOTAL_AMOUNT)::FLOAT, COUNT(*), SUM(QUANTITY), COUNT(DISTINCT CUSTOMER_ID)"
    query = SALES.format(what=what, today=TODAY)
    [(revenue, orders, bottles, customers)] = dashboard.pipeline.sql(query)
    assert (revenue, orders, bottles, customers) == (1315.50, 4, 13, 3)
    assert metrics(opened(page, dashboard)) == {
        "Revenue": f"€{revenue:,.0f}",
        "Orders": str(orders),
        "Bottles": str(bottles),
        "Customers": str(customers),
        "Average order": f"€{revenue / orders:,.2f}",
    }


def test_the_tables_of_the_shop_are_those_of_sql(page: Page, dashboard: Dashboard) -> None:
    opened(page, dashboard)
    assert rows(page, 0) == [
        ["Château Margaux – Grand Vin", "1240.3", "8", "2"],
        ["Sancerre", "75.2", "5", "2"],
    ]
    assert [row[:3] for row in rows(page, 1)] == [
        ["CHAMPION", "1", "11260.5"],
        ["NEW", "1", "39.8"],
        ["ASLEEP", "1", "15.2"],
    ]
    forecast = dashboard.pipeline.sql(
        "SELECT PRODUCT_NAME, PRODUCT_CATEGORY, EXPECTED_STOCK, WAREHOUSE_LOCATION"
        " FROM ANALYTICS.STOCKOUT_FORECAST ORDER BY DAYS_LEFT"
    )
    assert forecast == [
        ("Sancerre", "Blanc", 25, "Lyon"),
        ("Château Margaux – Grand Vin", "🍷 Rouge", 92, "Lyon"),
    ]
    shown = rows(page, 2)
    assert [(row[0], row[1], int(row[2]), row[5]) for row in shown] == forecast
    assert "1 products have fewer than 50 units" in page.inner_text("[data-testid=stMain]")


def test_a_category_and_a_period_narrow_the_figures(page: Page, dashboard: Dashboard) -> None:
    opened(page, dashboard)
    choose(page, CATEGORIES, "Blanc")
    page.wait_for_function("document.body.innerText.includes('€75')")
    assert metrics(settled(page))["Orders"] == "2"
    choose(page, PERIOD, "Today")
    page.get_by_text("No sales in this period and these categories.").wait_for()
    assert metrics(settled(page))["Average order"] == "–"


def test_all_time_knows_no_period_before(page: Page, dashboard: Dashboard) -> None:
    opened(page, dashboard)
    choose(page, PERIOD, "All time")
    page.wait_for_function("document.body.innerText.includes('€11,316')")
    assert page.locator("[data-testid=stMetricDelta]").count() == 0


def bars(page: Page, chart: int) -> dict[str, str]:
    """What the bars of a chart say to a screen reader: the first field, and the rest."""
    place = page.locator("[data-testid=stVegaLiteChart]").nth(chart)
    place.locator("path[aria-roledescription=bar]").first.wait_for()
    labels = place.locator("path[aria-roledescription=bar]").evaluate_all(
        "bars => bars.map(bar => bar.getAttribute('aria-label'))"
    )
    parts = [label.split("; ", 1) for label in labels]
    return {first.partition(": ")[2]: rest for first, rest in parts}


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "UTC", "Asia/Tokyo", "Pacific/Auckland", "America/New_York"]
)
def test_the_days_are_the_shops_across_both_clock_changes_wherever_the_browser_is(
    open_page: Callable[..., Page], changing_clocks: Dashboard, zone: str
) -> None:
    page = open_page(zone)
    opened(page, changing_clocks, "/?period=dates&from=2026-03-28&to=2026-03-30")
    march = bars(page, 0)
    opened(page, changing_clocks, "/?period=dates&from=2026-10-24&to=2026-10-26")
    october = bars(page, 0)
    assert {day: revenue(text) for day, text in march.items()} == {
        "2026-03-28": 1,
        "2026-03-29": 30,
        "2026-03-30": 32,
    }
    assert {day: revenue(text) for day, text in october.items()} == {
        "2026-10-24": 1,
        "2026-10-25": 30,
        "2026-10-26": 32,
    }


def revenue(text: str) -> int:
    found = re.search(r"Revenue, €: (\d+)", text)
    assert found, text
    return int(found[1])


def test_the_pipeline_page_shows_metrics_tasks_rows_and_rejections(
    page: Page, dashboard: Dashboard
) -> None:
    dashboard.pipeline.sql(
        "INSERT INTO OPS.ALERT_LOG (INCIDENT_ID, METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, VALUE,"
        " THRESHOLD, UNIT, DETAIL, ACTION) SELECT 'i-1', 'LOW_STOCK', 'p-2', '2026-11-22 10:00',"
        " '2026-11-22 10:05', 30, 50, 'units', 'Sancerre', 'Tell procurement'"
    )
    opened(page, dashboard, "/pipeline")
    shown = metrics(page)
    assert list(shown) == [
        "⚪ Ingest stalled",
        "🔴 Low stock",
        "🔴 Pipeline latency",
        "🟢 Stream lag",
        "⚪ Task failures",
        "🟢 Warehouse utilisation",
    ]
    health = (
        "SELECT METRIC, VALUE, ACTION FROM OPS.PIPELINE_HEALTH WHERE STATUS = 'BREACH' ORDER BY 1"
    )
    [(_, low, tell_procurement), (_, seconds, investigate)] = dashboard.pipeline.sql(health)
    assert (shown["🔴 Low stock"], low) == ("1", 1)
    assert shown["🔴 Pipeline latency"] == f"{seconds:,.1f}".removesuffix(".0")
    actions = page.locator("[data-testid=stAlert]").all_inner_texts()
    assert [action.strip() for action in actions[:2]] == [tell_procurement, investigate]
    page.locator("[data-testid=stGraphVizChart] svg").wait_for()
    nodes = page.locator("[data-testid=stGraphVizChart] g.node title").all_text_contents()
    assert sorted(nodes) == [
        "TASK_PURGE",
        "TASK_RAW_TO_STAGING_INVENTORY",
        "TASK_RAW_TO_STAGING_ORDERS",
        "TASK_STAGING_TO_PROD_INVENTORY_CURRENT",
        "TASK_STAGING_TO_PROD_INVENTORY_HISTORY",
        "TASK_STAGING_TO_PROD_ORDERS",
    ]
    edges = page.locator("[data-testid=stGraphVizChart] g.edge title").all_text_contents()
    assert len(edges) == 3
    [incident] = rows(page, 0)
    assert [incident[place] for place in (0, 1, 4, 7, 8)] == [
        "LOW_STOCK",
        "p-2",
        "30",
        "Sancerre",
        "Tell procurement",
    ]
    assert ["PRODUCTION.ORDERS", "5"] in rows(page, 1)
    assert rows(page, 2)[0][:4] == [
        "STAGING",
        "quantity is not a whole number of at most 10 digits",
        "OPEN",
        "1",
    ]


@pytest.mark.parametrize("path", ["/", "/pipeline"])
def test_without_data_a_page_says_so(page: Page, empty_dashboard: Dashboard, path: str) -> None:
    text = opened(page, empty_dashboard, path).inner_text("[data-testid=stMain]")
    expected = {
        "/": ["No sales in this period", "No customers yet.", "No sales yet.", "No stock is known"],
        "/pipeline": [
            "No incident is open.",
            "Nothing came in during the last hour.",
            "No event was ever rejected.",
        ],
    }[path]
    assert [line for line in expected if line not in text] == []


def test_nothing_is_loaded_from_outside(page: Page, dashboard: Dashboard) -> None:
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    opened(page, dashboard)
    opened(page, dashboard, "/pipeline")
    assert hosts <= {"127.0.0.1", None}


def test_views_that_are_gone_are_named_without_a_traceback(
    page: Page, empty_dashboard: Dashboard
) -> None:
    pipeline = empty_dashboard.pipeline
    opened(page, empty_dashboard)
    pipeline.sql(f"DROP SCHEMA {pipeline.database}.ANALYTICS CASCADE")
    choose(page, PERIOD, "Last 7 days")
    page.get_by_text("Snowflake has not answered").wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
