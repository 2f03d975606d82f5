"""OPS.PIPELINE_HEALTH, each metric driven over its threshold and back."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import raw_to_staging
import staging_to_production

from app.caves.status import readings
from app.caves.target import Account
from tests.procedures.deployment import filled, run_sql_file
from tests.procedures.modelled_pipeline import empty
from tests.procedures.pipeline import Pipeline, adjustment, opened_pipeline, order, quiet_warehouse

ALL = (
    raw_to_staging.orders,
    raw_to_staging.inventory,
    staging_to_production.orders,
    staging_to_production.inventory_history,
    staging_to_production.inventory_current,
)
HEALTH = "SELECT METRIC, VALUE, THRESHOLD, UNIT, STATUS, ACTION FROM OPS.PIPELINE_HEALTH"


@pytest.fixture(scope="module")
def opened(account: Any) -> Iterator[Pipeline]:
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with (
        opened_pipeline(account, database) as pipeline,
        quiet_warehouse(account) as warehouse,
    ):
        for name in ("06_analytics.sql", "07_operations.sql"):
            run_sql_file(pipeline.session.connection, name, database, {"warehouse": warehouse})
        yield pipeline
        pipeline.sql(f"DROP DATABASE {database}")


@pytest.fixture
def pipeline(opened: Pipeline) -> Iterator[Pipeline]:
    yield opened
    empty(opened)


def metric(pipeline: Pipeline, name: str) -> tuple[float | None, str]:
    """(value, status) of one metric."""
    [found] = pipeline.sql("SELECT VALUE, STATUS FROM OPS.PIPELINE_HEALTH WHERE METRIC = ?", name)
    return found[0], found[1]


def ago(**duration: float) -> str:
    return (datetime.now(UTC) - timedelta(**duration)).isoformat()


def test_a_new_pipeline_has_six_metrics_and_nothing_to_complain_of(pipeline: Pipeline) -> None:
    assert sorted(pipeline.sql(HEALTH)) == [
        (
            "INGEST_STALLED",
            None,
            420,
            "seconds",
            "UNKNOWN",
            "Start the ingester, or read its log",
        ),
        ("LOW_STOCK", None, 0, "products", "UNKNOWN", "Tell procurement"),
        ("PIPELINE_LATENCY", None, 300, "seconds", "UNKNOWN", "Investigate slow tasks"),
        ("STREAM_LAG", 0.0, 1000, "events", "OK", "Raise the tasks' frequency"),
        ("TASK_FAILURES", None, 0, "%", "UNKNOWN", "Read the error log"),
        ("WAREHOUSE_UTILISATION", 0.0, 80, "%", "OK", "Optimise or scale up"),
    ]


@pytest.mark.parametrize(("seconds", "status"), [(60, "OK"), (400, "BREACH")])
def test_latency_runs_from_the_event_to_production(
    pipeline: Pipeline, seconds: int, status: str
) -> None:
    pipeline.ingest(order("o-1", event_timestamp=ago(seconds=seconds)))
    pipeline.run(*ALL)
    value, found = metric(pipeline, "PIPELINE_LATENCY")
    assert value is not None
    assert seconds <= value < seconds + 60
    assert found == status


def test_latency_is_told_from_ingestion_as_well(pipeline: Pipeline) -> None:
    pipeline.ingest(order("o-1", event_id="e-1", event_timestamp=ago(seconds=60)))
    pipeline.sql(
        "UPDATE RAW_DATA.RAW_EVENTS_STREAM SET INGESTION_TIMESTAMP = SYSDATE()"
        " WHERE EVENT_ID = 'e-1'"
    )
    pipeline.run(*ALL)
    pipeline.sql(
        "UPDATE PRODUCTION.ORDERS SET UPDATED_AT = DATEADD('second', 12, R.INGESTION_TIMESTAMP)"
        " FROM RAW_DATA.RAW_EVENTS_STREAM AS R WHERE R.EVENT_ID = 'e-1' AND ORDER_ID = 'o-1'"
    )
    query = "SELECT DETAIL FROM OPS.PIPELINE_HEALTH WHERE METRIC = 'PIPELINE_LATENCY'"
    assert pipeline.sql(query) == [("p95 of the last hour; from ingestion 12.0",)]


def test_lag_counts_the_rows_of_the_fullest_stream_and_leaves_them_there(
    pipeline: Pipeline,
) -> None:
    pipeline.ingest(*(order(f"o-{number}") for number in range(3)))
    assert metric(pipeline, "STREAM_LAG") == (3.0, "OK")
    pipeline.ingest(*(order(f"o-{number}") for number in range(3, 1000)))
    assert metric(pipeline, "STREAM_LAG") == (1000.0, "BREACH")
    assert pipeline.run(raw_to_staging.orders) == [{"staged": 1000, "rejected": 0}]
    pipeline.run(*ALL)
    assert metric(pipeline, "STREAM_LAG") == (0.0, "OK")


def test_low_stock_counts_products_below_the_threshold(pipeline: Pipeline) -> None:
    pipeline.ingest(adjustment("a-1", product_id="p-1", new_stock_level=50))
    pipeline.run(*ALL)
    assert metric(pipeline, "LOW_STOCK") == (0.0, "OK")
    pipeline.ingest(adjustment("a-2", product_id="p-2", new_stock_level=49))
    pipeline.run(*ALL)
    assert metric(pipeline, "LOW_STOCK") == (1.0, "BREACH")


@dataclass(frozen=True)
class Slices:
    """Of ten minutes each, counted back from the one in which a test began."""

    begun: datetime

    def middle(self, number: int) -> str:
        return (self.begun - timedelta(minutes=10 * number - 5)).isoformat(" ")

    def history(self, pipeline: Pipeline, name: str) -> list[float]:
        """A metric at the ends of the last six, oldest first."""
        found = pipeline.sql(
            "SELECT VALUE FROM OPS.METRIC_HISTORY WHERE METRIC = ? AND SLICE < ?::TIMESTAMP_NTZ"
            " ORDER BY SLICE DESC LIMIT 6",
            name,
            self.begun.isoformat(" "),
        )
        return [value for (value,) in reversed(found)]


@pytest.fixture
def slices() -> Slices:
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    return Slices(now - timedelta(minutes=now.minute % 10))


def test_rows_that_waited_are_counted_at_the_end_of_each_slice(
    pipeline: Pipeline, slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One waited from the fifth last slice to the third last, one was gone within its slice, and
    one waits since the last slice."""
    assert slices.history(pipeline, "STREAM_LAG") == [0, 0, 0, 0, 0, 0]
    pipeline.ingest(order("o-1"), order("o-2"))
    pipeline.run(*ALL)
    for order_id, ingested, produced in (
        ("o-1", slices.middle(5), slices.middle(3)),
        ("o-2", slices.middle(3), slices.middle(3)),
    ):
        pipeline.sql(
            f"UPDATE RAW_DATA.RAW_EVENTS_STREAM SET INGESTION_TIMESTAMP = '{ingested}'"
            f" WHERE EVENT_ID = 'event of {order_id}'"
        )
        pipeline.sql(
            f"UPDATE PRODUCTION.ORDERS SET UPDATED_AT = '{produced}' WHERE ORDER_ID = '{order_id}'"
        )
    monkeypatch.setattr(pipeline, "ingested_at", slices.middle(1))
    pipeline.ingest(order("o-3"))
    assert slices.history(pipeline, "STREAM_LAG") == [0, 1, 1, 0, 0, 1]
    pipeline.run(raw_to_staging.orders, raw_to_staging.inventory)
    assert slices.history(pipeline, "STREAM_LAG") == [0, 1, 1, 0, 0, 1]


def test_silence_is_told_at_the_end_of_each_slice_from_batches_and_signs_of_life(
    pipeline: Pipeline, slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch in the sixth last slice, signs in the fourth and the third last, and another batch in
    the last one. Nobody waits for the topic that was left."""
    pipeline.sql("DELETE FROM RAW_DATA.RAW_EVENTS_STREAM")
    assert slices.history(pipeline, "INGEST_STALLED") == []
    monkeypatch.setattr(pipeline, "ingested_at", slices.middle(6))
    pipeline.ingest(order("o-1"))
    for topic, partition, updated_at, signs in (
        ("sales_events", 3, slices.middle(1), [slices.middle(3), slices.middle(4)]),
        ("left", 0, None, [slices.middle(6)]),
    ):
        pipeline.sql(
            "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT, SIGNS)"
            " SELECT ?, ?, 1, ?::TIMESTAMP_NTZ, PARSE_JSON(?)::ARRAY",
            topic,
            partition,
            updated_at,
            json.dumps(signs),
        )
    try:
        found = slices.history(pipeline, "INGEST_STALLED")
        assert found == [300, 900, 300, 300, 900, 300]
        [(now,)] = pipeline.sql(
            "SELECT VALUE FROM OPS.METRIC_HISTORY WHERE METRIC = 'INGEST_STALLED'"
            " QUALIFY ROW_NUMBER() OVER (ORDER BY SLICE DESC) = 1"
        )
        assert now == pytest.approx(metric(pipeline, "INGEST_STALLED")[0], abs=30)
    finally:
        pipeline.sql("DELETE FROM RAW_DATA.INGEST_OFFSETS")


def test_products_that_were_low_are_counted_at_the_end_of_each_slice(
    pipeline: Pipeline, slices: Slices
) -> None:
    """p-1 went below 50 in the fifth last slice, and in the second last it was counted above; p-2
    was low all the time, and p-3, which was never counted, went below in the third last."""
    assert slices.history(pipeline, "LOW_STOCK") == []
    pipeline.ingest(
        adjustment("a-0", product_id="p-1", new_stock_level=10),
        adjustment("a-1", product_id="p-1", new_stock_level=60),
        adjustment("a-7", product_id="p-1", new_stock_level=None, quantity_change=-5),
        adjustment("a-2", product_id="p-1", new_stock_level=None, quantity_change=-20),
        adjustment("a-3", product_id="p-1", new_stock_level=90),
        adjustment("a-4", product_id="p-2", new_stock_level=10),
        adjustment("a-5", product_id="p-3", new_stock_level=None, quantity_change=70),
        adjustment("a-6", product_id="p-3", new_stock_level=None, quantity_change=-60),
    )
    moments = {
        "a-0": slices.middle(400),
        "a-1": slices.middle(300),
        "a-7": slices.middle(100),
        "a-2": slices.middle(5),
        "a-3": slices.middle(2),
        "a-4": slices.middle(150),
        "a-5": slices.middle(4),
        "a-6": slices.middle(3),
    }
    pipeline.run(*ALL)
    for adjustment_id, moment in moments.items():
        pipeline.sql(
            f"UPDATE PRODUCTION.INVENTORY_HISTORY SET ADJUSTMENT_TIMESTAMP = '{moment}'"
            f" WHERE ADJUSTMENT_ID = '{adjustment_id}'"
        )
    pipeline.sql(
        "UPDATE PRODUCTION.INVENTORY_CURRENT SET CURRENT_STOCK_LEVEL ="
        " CASE PRODUCT_ID WHEN 'p-1' THEN 90 ELSE 10 END"
    )
    assert metric(pipeline, "LOW_STOCK")[0] == 2
    assert slices.history(pipeline, "LOW_STOCK") == [1, 2, 2, 3, 2, 2]


def test_rows_are_counted_by_the_minute_along_the_hops_for_an_hour(pipeline: Pipeline) -> None:
    for table in ("RAW_DATA.RAW_EVENTS_STREAM", "STAGING.STG_ORDERS", "STAGING.STG_INVENTORY_ADJ"):
        pipeline.sql(f"DELETE FROM {table}")
    pipeline.ingest(order("o-1"), order("o-2"), adjustment("a-1"), order("bad", quantity=0))
    pipeline.run(*ALL)
    for table in ("RAW_DATA.RAW_EVENTS_STREAM", "STAGING.STG_ORDERS", "STAGING.STG_INVENTORY_ADJ"):
        pipeline.sql(f"UPDATE {table} SET INGESTION_TIMESTAMP = SYSDATE()")
    counts = "SELECT TABLE_NAME, SUM(ROW_COUNT) FROM OPS.ROWS_PER_MINUTE GROUP BY 1 ORDER BY 1"
    assert pipeline.sql(counts) == [
        ("PRODUCTION.INVENTORY_HISTORY", 1),
        ("PRODUCTION.ORDERS", 2),
        ("RAW_DATA.RAW_EVENTS_STREAM", 4),
        ("RAW_DATA.REJECTED_EVENTS", 1),
        ("STAGING.STG_INVENTORY_ADJ", 1),
        ("STAGING.STG_ORDERS", 2),
    ]
    pipeline.sql("UPDATE PRODUCTION.ORDERS SET CREATED_AT = DATEADD('hour', -2, SYSDATE())")
    assert "PRODUCTION.ORDERS" not in dict(pipeline.sql(counts))


def test_a_failed_run_of_a_task_is_counted(pipeline: Pipeline) -> None:
    pipeline.sql("CREATE TASK OPS.GOOD WAREHOUSE = COMPUTE_WH AS SELECT 1")
    pipeline.sql("CREATE TASK OPS.BAD WAREHOUSE = COMPUTE_WH AS SELECT 1 / 0")
    for task in ("GOOD", "BAD"):
        pipeline.sql(f"EXECUTE TASK OPS.{task}")
    deadline = time.monotonic() + 60
    while pipeline.sql(
        "SELECT COUNT(*) FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY())"
        f" WHERE DATABASE_NAME = '{pipeline.database}' AND COMPLETED_TIME IS NOT NULL"
    ) != [(2,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert metric(pipeline, "TASK_FAILURES") == (50.0, "BREACH")


def test_runs_of_other_environments_and_skipped_ones_push_no_run_out_of_the_history(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TASK_HISTORY's limit counts before WHERE: here it is 3 instead of 10,000, and each of the
    later runs of the other environment and of the other task is one too many for it.
    https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    ending = uuid.uuid4().hex[:8].upper()
    ours, other = f"OURS_{ending}", f"OTHER_{ending}"
    with opened_pipeline(account, ours) as pipeline, account.connect() as connection:

        def ran(database: str, task: str, times: int = 1, state: str = "SUCCEEDED") -> None:
            for _ in range(times):
                known = len(finished(database, task))
                pipeline.sql(f"EXECUTE TASK {database}.OPS.{task}")
                deadline = time.monotonic() + 60
                while len(found := finished(database, task)) == known:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
                assert found[0] == (state,)

        def finished(database: str, task: str) -> list[Any]:
            return pipeline.sql(
                f"SELECT STATE FROM TABLE({database}.INFORMATION_SCHEMA.TASK_HISTORY("
                f"RESULT_LIMIT => 10000, DATABASE_NAME => '{database}', TASK_NAME => '{task}'))"
                " WHERE COMPLETED_TIME IS NOT NULL ORDER BY SCHEDULED_TIME DESC"
            )

        for name in ("06_analytics.sql", "07_operations.sql"):
            text = filled(name, {"database": ours}).replace("=> 10000", "=> 3")
            for _ in connection.execute_string(text):
                pass
        connection.cursor().execute(f"CREATE DATABASE {other}")
        connection.cursor().execute(f"CREATE SCHEMA {other}.OPS")
        pipeline.sql(f"CREATE TABLE {ours}.OPS.NOTHING (A INT)")
        pipeline.sql(f"CREATE STREAM {ours}.OPS.NO_NEWS ON TABLE {ours}.OPS.NOTHING")
        head = "WAREHOUSE = COMPUTE_WH"
        idle = f"WHEN SYSTEM$STREAM_HAS_DATA('{ours}.OPS.NO_NEWS')"
        for name, condition, body in (
            (f"{ours}.OPS.TASK_RAW_TO_STAGING_ORDERS", "", "SELECT 1 / 0"),
            (f"{ours}.OPS.TASK_RAW_TO_STAGING_INVENTORY", idle, "SELECT 1"),
            (f"{ours}.OPS.TASK_PURGE", "", "SELECT 1"),
            (f"{other}.OPS.TASK_RAW_TO_STAGING_ORDERS", "", "SELECT 1"),
        ):
            pipeline.sql(f"CREATE TASK {name} {head} {condition} AS {body}")
        ran(ours, "TASK_RAW_TO_STAGING_ORDERS", state="FAILED")
        ran(ours, "TASK_RAW_TO_STAGING_INVENTORY", 2, "SKIPPED")
        ran(ours, "TASK_PURGE", 2)
        ran(other, "TASK_RAW_TO_STAGING_ORDERS", 3)

        assert metric(pipeline, "TASK_FAILURES") == (pytest.approx(100 / 3), "BREACH")
        monkeypatch.setattr(readings, "LAST_RUN", readings.LAST_RUN.replace("=> 10000", "=> 3"))
        with Account(account.connect(), ours) as opened:
            last = {row["TASK"]: row["LAST_STATE"] for row in readings.tasks(opened)}
        assert last == {
            "TASK_RAW_TO_STAGING_ORDERS": "FAILED",
            "TASK_RAW_TO_STAGING_INVENTORY": None,
            "TASK_PURGE": "SUCCEEDED",
        }
        pipeline.sql(f"DROP DATABASE {other}")
        pipeline.sql(f"DROP DATABASE {ours}")


def test_every_question_for_runs_says_of_which_database_it_asks() -> None:
    """So that no other environment's runs take the places of ours below the limit."""
    root = Path(__file__).parents[2] / "app"
    calls = [
        (path.name, call[:300])
        for suffix in ("sql", "py")
        for path in root.rglob(f"*.{suffix}")
        for call in path.read_text("utf-8").split("TASK_HISTORY(\n")[1:]
    ]
    assert {name for name, _ in calls} == {
        "07_operations.sql",
        "cost_inputs.py",
        "readings.py",
        "tasks.py",
    }
    for name, call in calls:
        assert "DATABASE_NAME => " in call, name
