from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.app.dashboard.browser import opened
from tests.app.dashboard.conftest import Dashboard


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


def test_without_data_the_pipeline_page_says_so(page: Page, empty_dashboard: Dashboard) -> None:
    text = opened(page, empty_dashboard, "/pipeline").inner_text("[data-testid=stMain]")
    expected = [
        "No incident is open.",
        "Nothing came in during the last hour.",
        "No event was ever rejected.",
    ]
    assert [line for line in expected if line not in text] == []


def test_there_is_no_deploy_button(page: Page, empty_dashboard: Dashboard) -> None:
    opened(page, empty_dashboard)
    assert page.get_by_text("Deploy").count() == 0


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
    page.reload()
    page.get_by_text("Snowflake has not answered").wait_for()
    assert page.locator("[data-testid=stException]").count() == 0
