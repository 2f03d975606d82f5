"""OPS.OBJECT_HEALTH, each metric for each of its objects, and the alert that looks at it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.procedures.deployment import run_sql_file
from tests.procedures.pipeline import Pipeline, opened_pipeline, order

SECONDS = 60
NEVER = "USING CRON 0 0 29 2 * UTC"
RARELY = {"task_schedule": NEVER, "alert_schedule": NEVER}
ROOTS = ("TASK_PURGE", "TASK_RAW_TO_STAGING_INVENTORY", "TASK_RAW_TO_STAGING_ORDERS")


@pytest.fixture(scope="module")
def pipeline(account: Any) -> Iterator[Pipeline]:
    """All but the procedures: a task that runs fails, and none runs by itself."""
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with opened_pipeline(account, database) as opened:
        for name in ("05_tasks.sql", "07_operations.sql", "08_alerts.sql", "09_start.sql"):
            run_sql_file(opened.session.connection, name, database, RARELY)
        yield opened
        opened.sql(f"DROP DATABASE {database}")


def objects(pipeline: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    """(object, value, status, detail) of each metric."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for metric, *rest in pipeline.sql(
        "SELECT METRIC, OBJECT, VALUE, STATUS, DETAIL FROM OPS.OBJECT_HEALTH ORDER BY 1, 2"
    ):
        found.setdefault(metric, []).append(tuple(rest))
    return found


def wait_for(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_new_pipeline_has_each_metric_for_what_it_is_about(pipeline: Pipeline) -> None:
    rows = pipeline.sql(
        "SELECT METRIC, OBJECT, THRESHOLD, UNIT, STATUS, ACTION FROM OPS.OBJECT_HEALTH"
    )
    lag = [
        ("STREAM_LAG", stream, 1000, "events", "OK", "Raise the tasks' frequency")
        for stream in (
            "RAW_DATA.STREAM_RAW_INVENTORY",
            "RAW_DATA.STREAM_RAW_ORDERS",
            "STAGING.STREAM_STG_INVENTORY_CURRENT",
            "STAGING.STREAM_STG_INVENTORY_HISTORY",
            "STAGING.STREAM_STG_ORDERS",
        )
    ]
    graphs = [
        ("TASKS_SUSPENDED", root, 0, "tasks", "OK", "Fix the cause, then caves deploy --resume")
        for root in ROOTS
    ]
    assert sorted(rows) == [
        ("PIPELINE_LATENCY", "PIPELINE", 300, "seconds", "UNKNOWN", "Investigate slow tasks"),
        *lag,
        *graphs,
        ("WAREHOUSE_UTILISATION", "COMPUTE_WH", 80, "%", "OK", "Optimise or scale up"),
    ]


def test_streams_products_and_graphs_are_breached_one_by_one(pipeline: Pipeline) -> None:
    root, child = ROOTS[1], "TASK_STAGING_TO_PROD_INVENTORY_CURRENT"
    pipeline.ingest(*(order(f"o-{number}") for number in range(1000)))
    pipeline.sql(
        "INSERT INTO PRODUCTION.INVENTORY_CURRENT (PRODUCT_ID, PRODUCT_NAME, CURRENT_STOCK_LEVEL)"
        " SELECT 'p-1', 'Yquem', 49 UNION ALL SELECT 'p-2', NULL, 50"
    )
    for task in (root, child):
        pipeline.sql(f"ALTER TASK OPS.{task} SUSPEND")
    found = objects(pipeline)
    assert [row[:3] for row in found["STREAM_LAG"]] == [
        ("RAW_DATA.STREAM_RAW_INVENTORY", 1000.0, "BREACH"),
        ("RAW_DATA.STREAM_RAW_ORDERS", 1000.0, "BREACH"),
        ("STAGING.STREAM_STG_INVENTORY_CURRENT", 0.0, "OK"),
        ("STAGING.STREAM_STG_INVENTORY_HISTORY", 0.0, "OK"),
        ("STAGING.STREAM_STG_ORDERS", 0.0, "OK"),
    ]
    assert found["LOW_STOCK"] == [("p-1", 49.0, "BREACH", "Yquem"), ("p-2", 50.0, "OK", "")]
    assert found["TASKS_SUSPENDED"] == [
        ("TASK_PURGE", 0.0, "OK", ""),
        (root, 2.0, "BREACH", f"{root}, {child}"),
        ("TASK_RAW_TO_STAGING_ORDERS", 0.0, "OK", ""),
    ]
    # Looking has moved no stream.
    assert pipeline.count("RAW_DATA.STREAM_RAW_ORDERS") == 1000


def test_a_task_fails_until_it_succeeds_and_its_failures_count_for_a_day(
    pipeline: Pipeline,
) -> None:
    def run(ended: int) -> None:
        pipeline.sql("EXECUTE TASK OPS.TASK_PURGE")
        wait_for(
            lambda: (
                pipeline.sql(
                    "SELECT COUNT(COMPLETED_TIME) FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY("
                    f"TASK_NAME => 'TASK_PURGE')) WHERE DATABASE_NAME = '{pipeline.database}'"
                )
                == [(ended,)]
            )
        )

    run(1)
    found = objects(pipeline)
    [(task, value, status, detail)] = found["TASK_FAILED"]
    assert (task, value, status) == ("TASK_PURGE", 1.0, "BREACH")
    assert "Unknown user-defined function" in detail
    assert [row[:3] for row in found["TASK_FAILURES"]] == [("TASK_PURGE", 100.0, "BREACH")]

    pipeline.sql("ALTER TASK OPS.TASK_PURGE SUSPEND")
    pipeline.sql("ALTER TASK OPS.TASK_PURGE MODIFY AS SELECT 1")
    run(2)
    found = objects(pipeline)
    assert [row[:3] for row in found["TASK_FAILED"]] == [("TASK_PURGE", 0.0, "OK")]
    [(task, value, status, detail)] = found["TASK_FAILURES"]
    assert (task, value, status) == ("TASK_PURGE", 50.0, "BREACH")
    assert detail.startswith("1 of 2 runs of the last day; ")


def test_the_alert_is_started_and_its_condition_holds_while_something_is_breached(
    pipeline: Pipeline,
) -> None:
    """Here its action has no procedure to call: that the condition held shows by its failure."""
    [alert] = pipeline.session.sql("SHOW ALERTS IN SCHEMA OPS").collect()
    assert (alert["name"], alert["state"]) == ("ALERT_INCIDENTS", "started")
    history = (
        "SELECT STATE FROM TABLE(INFORMATION_SCHEMA.ALERT_HISTORY())"
        f" WHERE DATABASE_NAME = '{pipeline.database}' AND COMPLETED_TIME IS NOT NULL"
        " ORDER BY COMPLETED_TIME"
    )
    pipeline.sql("EXECUTE ALERT OPS.ALERT_INCIDENTS")
    wait_for(lambda: pipeline.sql(history) == [("ACTION_FAILED",)])


def test_a_quote_in_an_address_is_doubled_where_it_stands_in_a_text(
    pipeline: Pipeline, account: Any
) -> None:
    recipients = "o'brien@example.com, cellar@example.com"
    settings = {
        **RARELY,
        "database": pipeline.database,
        "alert_email_integration": "CAVES_MAIL",
        "alert_recipients": recipients,
    }
    flags = [part for pair in settings.items() for part in ("--env", "=".join(pair))]
    done = account.snow("sql", "-f", "app/sql/08_alerts.sql", "-c", "local", *flags)
    assert done.returncode == 0, done.stdout + done.stderr

    [alert] = pipeline.session.sql("SHOW ALERTS IN SCHEMA OPS").collect()
    assert "'o''brien@example.com, cellar@example.com'" in alert["action"]
