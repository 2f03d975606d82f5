from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.app.dashboard.browser import opened
from tests.app.dashboard.conftest import Dashboard


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
