"""The pipeline's page in a browser: each figure is that of SQL, in the viewer's time zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from tests.app.dashboard.browser import looked_at, opened
from tests.app.dashboard.conftest import Dashboard
from tests.ingest.ingestion import wait_for

import health  # isort: skip

ZONES = ("Asia/Tokyo", "America/New_York")
INCIDENT = (
    "INSERT INTO OPS.ALERT_LOG (INCIDENT_ID, METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, CLOSED_AT,"
    " VALUE, THRESHOLD, UNIT, DETAIL, ACTION)"
    " SELECT ?, ?, ?, ?::TIMESTAMP_NTZ, SYSDATE(), NULL, 30, 50, 'units', ?, 'Look there'"
)
HOSTILE = "<img src=x onerror=alert(1)> **bold**"


@pytest.fixture(scope="module")
def opened_at(dashboard: Dashboard) -> Iterator[datetime]:
    """An incident: the ingester has not been seen for an hour."""
    moment = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    dashboard.pipeline.sql(
        INCIDENT, "i-1", "INGEST_STALLED", "sales_events", moment.isoformat(" "), HOSTILE
    )
    dashboard.pipeline.sql(
        "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT)"
        " SELECT 'sales_events', 0, 8, DATEADD('hour', -1, SYSDATE())"
    )
    yield moment
    dashboard.pipeline.sql("DELETE FROM OPS.ALERT_LOG")


def main(page: Page) -> str:
    return page.inner_text("[data-testid=stMain]")


def cells(page: Page, heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    table = page.locator(".flow table").filter(has=page.locator("th:first-child", has_text=heading))
    found: list[list[str]] = table.first.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    )
    return found


def test_without_data_the_page_says_so(page: Page, empty_dashboard: Dashboard) -> None:
    text = opened(page, empty_dashboard, "/pipeline").inner_text("[data-testid=stMain]")
    expected = [
        "No incident is open.",
        "No task has run within a day.",
        "Nothing came in during the last hour.",
        "No ingester has written yet.",
        "No event was ever rejected.",
        "No line yet: nothing was measured",
    ]
    assert [line for line in expected if line not in text] == []
    assert page.get_by_text("Deploy").count() == 0
    assert list(looked_at(page, (390,))) == []


@pytest.mark.parametrize("zone", ZONES)
def test_the_figures_are_those_of_sql_in_the_time_of_the_viewer(
    open_page: Callable[..., Page], dashboard: Dashboard, opened_at: datetime, zone: str
) -> None:
    sql = dashboard.pipeline.sql
    page = opened(open_page(zone), dashboard, "/pipeline")
    verdict_comes_first(page, opened_at, zone)
    metrics_have_units_and_promises(page, sql)
    names = page.locator(".flow li strong").all_inner_texts()
    assert names == [
        "PURGE",
        "RAW_TO_STAGING_INVENTORY",
        "STAGING_TO_PROD_INVENTORY_HISTORY",
        "STAGING_TO_PROD_INVENTORY_CURRENT",
        "RAW_TO_STAGING_ORDERS",
        "STAGING_TO_PROD_ORDERS",
    ]
    counts = [[name, f"{count:,}"] for name, count in sql(
        "SELECT TABLE_NAME, ROW_COUNT FROM OPS.ROWS_PER_HOP ORDER BY HOP, TABLE_NAME"
    )]  # fmt: skip
    assert [row for row in cells(page, "Table") if row[0].startswith("PRODUCTION.ORDERS")]
    assert cells(page, "Table") == counts
    backlog = sql("SELECT STREAM_NAME, ROWS_WAITING FROM OPS.STREAM_BACKLOG ORDER BY 1")
    assert cells(page, "Stream") == [[name, f"{rows:,}"] for name, rows in backlog]
    [partition] = cells(page, "Partition")
    assert partition[:2] == ["sales_events/0", "8"]
    rejects_can_be_read(page, sql)


def verdict_comes_first(page: Page, opened_at: datetime, zone: str) -> None:
    line = page.locator(".flow .line")
    local = opened_at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    told = line.inner_text()
    assert "nothing arrives from sales_events" in told
    assert told.startswith((f"Since {local:%H:%M:%S}: ", f"Since {local.day} {local:%b %H:%M}: "))
    assert re.search(r"\(as of \d\d:\d\d:\d\d\)", told)
    assert "bad" in (line.get_attribute("class") or "")
    assert f"Times are those of {zone}" in main(page)
    [incident] = cells(page, "Since")
    assert incident[1:4] == ["INGEST_STALLED", "sales_events", HOSTILE]
    assert page.locator(".flow img:not(.curve)").count() == 0


def metrics_have_units_and_promises(page: Page, sql: Callable[..., Any]) -> None:
    text = main(page)
    health: dict[str, Any] = {
        name: (value, status)
        for name, value, status in sql("SELECT METRIC, VALUE, STATUS FROM OPS.PIPELINE_HEALTH")
    }
    assert health["LOW_STOCK"] == (1, "BREACH")
    assert "products below their threshold: 1, and none should be" in text
    assert f"{health['STREAM_LAG'][0]:.0f} rows wait in the fullest stream" in text
    told = re.search(r"p95 (\d+(\.\d)?) d of at most 300 s", text)
    assert told
    assert float(told[1]) == pytest.approx(health["PIPELINE_LATENCY"][0] / 86_400, abs=0.11)
    assert re.search(r"last sign of life 6\d(\.\d)? min ago, of at most 420 s", text)
    assert page.locator(".flow .strip").count() == len(health)
    bar = page.locator(".flow .strip").first
    assert "of the last 24 hours" in (bar.get_attribute("aria-label") or "")


def rejects_can_be_read(page: Page, sql: Callable[..., Any]) -> None:
    [reject] = cells(page, "Rule")
    assert reject[:4] == [
        "quantity is not a whole number of at most 10 digits",
        "STAGING",
        "OPEN",
        "1",
    ]
    [(place,)] = sql(
        "SELECT KAFKA_TOPIC || '/' || KAFKA_PARTITION || '/' || KAFKA_OFFSET"
        " FROM RAW_DATA.REJECTED_EVENTS"
    )
    page.get_by_text(f"caves rejected show {place}").wait_for()


def points(page: Page, title: str) -> list[str]:
    """What the points of a metric's line say to who cannot see them."""
    place = page.locator(".flow .grid > div", has_text=title).first
    place.locator("[aria-roledescription=point]").first.wait_for(state="attached")
    found: list[str] = place.locator("[aria-roledescription=point]").evaluate_all(
        "points => points.map(point => point.getAttribute('aria-label'))"
    )
    return found


def test_each_metric_has_its_last_hours_as_a_line(
    page: Page, dashboard: Dashboard, opened_at: datetime
) -> None:
    """That of latency has a gap. With too few measured slices it says so."""
    sql = dashboard.pipeline.sql
    sql(
        "UPDATE PRODUCTION.ORDERS SET UPDATED_AT = DATEADD('minute', -40, SYSDATE()),"
        " ORDER_TIMESTAMP = DATEADD('second', -30, DATEADD('minute', -40, SYSDATE()))"
        " WHERE ORDER_ID = 'o-2'"
    )
    opened(page, dashboard, "/pipeline")
    slices = sql("SELECT VALUE FROM OPS.METRIC_HISTORY WHERE METRIC = 'PIPELINE_LATENCY'")
    assert sorted(value for (value,) in slices)[0] == 30
    assert len(points(page, "p95")) == len(slices) >= 2
    for metric, told, least in (
        ("INGEST_STALLED", "last sign of life", 6),
        ("STREAM_LAG", "rows wait", 36),
        ("LOW_STOCK", "below their threshold", 36),
    ):
        [(count,)] = sql("SELECT COUNT(*) FROM OPS.METRIC_HISTORY WHERE METRIC = ?", metric)
        assert len(points(page, told)) == count >= least
    assert health.TOO_FEW in main(page)
    assert list(looked_at(page)) == []


def test_runs_come_with_what_they_logged_and_without_those_that_were_skipped(
    page: Page, dashboard: Dashboard
) -> None:
    """Here no procedure is deployed: the run fails, and its error stands in the log's place."""
    pipeline = dashboard.pipeline
    pipeline.sql("EXECUTE TASK OPS.TASK_PURGE")
    ended = (
        "SELECT ERROR_MESSAGE FROM OPS.TASK_RUNS"
        " WHERE NAME = 'TASK_PURGE' AND COMPLETED_TIME IS NOT NULL"
    )
    wait_for(lambda: pipeline.sql(ended), "the end of the run")
    [(error,)] = pipeline.sql(ended)

    def shown() -> list[list[str]]:
        """A page that is loaded again asks again."""
        opened(page, dashboard, "/pipeline")
        found = page.locator(".flow th", has_text="What it did").count()
        runs = cells(page, "Started") if found else []
        return [run for run in runs if run[1] == "PURGE"]

    [run] = wait_for(shown, "the run on the page")
    assert run[1:3] == ["PURGE", "failed"]
    assert " ".join(run[4].split()) == " ".join(error.split())
