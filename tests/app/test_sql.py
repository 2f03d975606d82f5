from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import raw_to_staging
import staging_to_production

from tests.procedures.deployment import SQL_FILES, filled, run_sql_file
from tests.procedures.pipeline import Pipeline, adjustment, opened_pipeline, order

FILES = [
    "01_database.sql",
    "02_tables.sql",
    "03_streams.sql",
    "05_tasks.sql",
    "06_analytics.sql",
    "07_operations.sql",
    "08_alerts.sql",
    "09_start.sql",
    "99_teardown.sql",
]
COLUMNS = {
    "RAW_DATA.RAW_EVENTS_STREAM": (
        "EVENT_ID EVENT_TYPE EVENT_TIMESTAMP PRODUCT_ID CUSTOMER_ID EVENT_DATA "
        "INGESTION_TIMESTAMP KAFKA_TOPIC KAFKA_PARTITION KAFKA_OFFSET KAFKA_METADATA"
    ),
    "RAW_DATA.INGEST_OFFSETS": (
        "TOPIC PARTITION NEXT_OFFSET UPDATED_AT SKIPPED TOPIC_ID LAST_MESSAGE_OFFSET "
        "LAST_MESSAGE_MS SIGNS"
    ),
    "RAW_DATA.REJECTED_EVENTS": (
        "REJECTED_AT STAGE REASON EVENT_ID EVENT_TYPE PAYLOAD PAYLOAD_ENCODING "
        "KAFKA_TOPIC KAFKA_PARTITION KAFKA_OFFSET STATUS DECIDED_AT NOTE KAFKA_METADATA"
    ),
    "RAW_DATA.FORGOTTEN_CUSTOMERS": "FORGOTTEN_AT ASKED_BY SALT ID_HASH ROW_COUNTS",
    "OPS.REPAIR_LOCK": "TURNS TAKEN_AT",
    "OPS.DEPLOYMENT_LOG": (
        "DEPLOYMENT_ID STARTED_AT FINISHED_AT DEPLOYED_BY REVISION OUTCOME FAILURE SETTINGS "
        "TASKS_BEFORE OBJECTS_AFTER"
    ),
    "OPS.RETENTION_LOG": (
        "PURGED_AT TABLE_NAME KAFKA_TOPIC KAFKA_PARTITION ROW_COUNT FROM_OFFSET TO_OFFSET "
        "INGESTED_BEFORE"
    ),
    "OPS.ALERT_LOG": (
        "INCIDENT_ID METRIC OBJECT OPENED_AT LAST_SEEN_AT CLOSED_AT VALUE THRESHOLD UNIT DETAIL "
        "ACTION NOTIFIED_AT"
    ),
    "OPS.ALERT_LOCK": "TURNS TAKEN_AT",
    "STAGING.STG_ORDERS": (
        "EVENT_ID EVENT_TIMESTAMP ORDER_ID CUSTOMER_ID PRODUCT_ID PRODUCT_NAME PRODUCT_CATEGORY "
        "QUANTITY UNIT_PRICE TOTAL_AMOUNT PAYMENT_METHOD SHIPPING_ADDRESS INGESTION_TIMESTAMP "
        "KAFKA_TOPIC KAFKA_PARTITION KAFKA_OFFSET"
    ),
    "STAGING.STG_ORDER_CANCELLATIONS": (
        "EVENT_ID EVENT_TIMESTAMP ORDER_ID REASON INGESTION_TIMESTAMP KAFKA_TOPIC "
        "KAFKA_PARTITION KAFKA_OFFSET"
    ),
    "STAGING.STG_INVENTORY_ADJ": (
        "EVENT_ID EVENT_TIMESTAMP ADJUSTMENT_ID PRODUCT_ID PRODUCT_NAME PRODUCT_CATEGORY "
        "ADJUSTMENT_TYPE QUANTITY_CHANGE NEW_STOCK_LEVEL REASON WAREHOUSE_LOCATION "
        "INGESTION_TIMESTAMP KAFKA_TOPIC KAFKA_PARTITION KAFKA_OFFSET"
    ),
    "PRODUCTION.ORDERS": (
        "ORDER_ID ORDER_DATE ORDER_TIMESTAMP CUSTOMER_ID PRODUCT_ID PRODUCT_NAME "
        "PRODUCT_CATEGORY QUANTITY UNIT_PRICE TOTAL_AMOUNT PAYMENT_METHOD SHIPPING_ADDRESS "
        "CREATED_AT UPDATED_AT EVENT_ID"
    ),
    "PRODUCTION.INVENTORY_CURRENT": (
        "PRODUCT_ID PRODUCT_NAME PRODUCT_CATEGORY CURRENT_STOCK_LEVEL LAST_ADJ_TIMESTAMP "
        "WAREHOUSE_LOCATION UPDATED_AT"
    ),
    "PRODUCTION.INVENTORY_HISTORY": (
        "ADJUSTMENT_ID ADJUSTMENT_DATE ADJUSTMENT_TIMESTAMP PRODUCT_ID PRODUCT_NAME "
        "PRODUCT_CATEGORY ADJUSTMENT_TYPE QUANTITY_CHANGE NEW_STOCK_LEVEL REASON "
        "WAREHOUSE_LOCATION CREATED_AT EVENT_ID VOIDS_ADJUSTMENT_ID"
    ),
    "OPS.WITHDRAWN_ORDER_EVENTS": "ORDER_ID EVENT_ID EVENT_TIMESTAMP WITHDRAWN_AT NOTE",
}
STREAMS = {
    "RAW_DATA.STREAM_RAW_ORDERS": "RAW_DATA.RAW_EVENTS_STREAM",
    "RAW_DATA.STREAM_RAW_INVENTORY": "RAW_DATA.RAW_EVENTS_STREAM",
    "STAGING.STREAM_STG_ORDERS": "STAGING.STG_ORDERS",
    "STAGING.STREAM_STG_INVENTORY_HISTORY": "STAGING.STG_INVENTORY_ADJ",
    "STAGING.STREAM_STG_INVENTORY_CURRENT": "STAGING.STG_INVENTORY_ADJ",
}
TASKS = {
    "RAW_TO_STAGING_ORDERS": (None, ["RAW_DATA.STREAM_RAW_ORDERS", "STAGING.STREAM_STG_ORDERS"]),
    "STAGING_TO_PROD_ORDERS": ("RAW_TO_STAGING_ORDERS", ["STAGING.STREAM_STG_ORDERS"]),
    "RAW_TO_STAGING_INVENTORY": (
        None,
        [
            "RAW_DATA.STREAM_RAW_INVENTORY",
            "STAGING.STREAM_STG_INVENTORY_HISTORY",
            "STAGING.STREAM_STG_INVENTORY_CURRENT",
        ],
    ),
    "STAGING_TO_PROD_INVENTORY_HISTORY": (
        "RAW_TO_STAGING_INVENTORY",
        ["STAGING.STREAM_STG_INVENTORY_HISTORY", "STAGING.STREAM_STG_INVENTORY_CURRENT"],
    ),
    "STAGING_TO_PROD_INVENTORY_CURRENT": (
        "STAGING_TO_PROD_INVENTORY_HISTORY",
        ["STAGING.STREAM_STG_INVENTORY_CURRENT"],
    ),
}


@pytest.fixture
def pipeline(account: Any, database: str) -> Iterator[Pipeline]:
    with opened_pipeline(account, database) as opened:
        yield opened


def sql(name: str) -> str:
    """The file for a database D, without comments."""
    return re.sub(r"--.*", "", filled(name, {"database": "D"}))


def test_the_files_are_numbered_by_hop() -> None:
    assert sorted(path.name for path in SQL_FILES.glob("*.sql")) == FILES


def test_the_schemas_the_warehouse_and_the_stage_are_created() -> None:
    text = sql("01_database.sql")
    schemas = re.findall(r"CREATE SCHEMA IF NOT EXISTS (\w+)", text)
    assert schemas == ["RAW_DATA", "STAGING", "PRODUCTION", "ANALYTICS", "OPS"]
    assert "CREATE DATABASE IF NOT EXISTS D\n" in text
    assert "CREATE WAREHOUSE IF NOT EXISTS COMPUTE_WH\n" in text
    assert "CREATE STAGE IF NOT EXISTS OPS.DEPLOYMENT\n" in text
    assert "CREATE STAGE IF NOT EXISTS RAW_DATA.INGEST_FILES\n" in sql("02_tables.sql")
    for setting in ("SIZE = 'XSMALL'", "AUTO_SUSPEND = 60", "AUTO_RESUME = TRUE"):
        assert setting in text
    assert "INITIALLY_SUSPENDED = TRUE" in text


def test_every_table_has_its_columns_in_their_order() -> None:
    tables = re.findall(
        r"CREATE TABLE IF NOT EXISTS (\S+) \((.*?)\n\)", sql("02_tables.sql"), re.DOTALL
    )
    found = {
        table: " ".join(re.findall(r"^    ([A-Z_]+) (?!KEY)", body, re.MULTILINE))
        for table, body in tables
    }
    assert found == COLUMNS


def test_every_timestamp_is_without_a_time_zone_and_no_text_has_a_length() -> None:
    text = sql("02_tables.sql")
    assert set(re.findall(r"\bTIMESTAMP_\w+\b(?= |,|\n)", text)) == {"TIMESTAMP_NTZ"}
    assert "VARCHAR(" not in text


def test_every_stream_is_on_its_table_and_only_raw_is_append_only() -> None:
    streams = re.findall(
        r"CREATE STREAM IF NOT EXISTS (\S+)\s+ON TABLE (\S+)(\s+APPEND_ONLY = TRUE)?",
        sql("03_streams.sql"),
    )
    assert {stream: table for stream, table, _ in streams} == STREAMS
    assert {stream for stream, _, append_only in streams if append_only} == {
        "RAW_DATA.STREAM_RAW_ORDERS",
        "RAW_DATA.STREAM_RAW_INVENTORY",
    }


def test_every_task_waits_for_its_own_stream_and_those_of_its_descendants() -> None:
    tasks = re.findall(
        r"CREATE OR ALTER TASK OPS\.TASK_(\w+)(.*?);", sql("05_tasks.sql"), re.DOTALL
    )
    found = {}
    for name, body in tasks:
        if name == "PURGE":
            continue
        after = re.search(r"AFTER OPS\.TASK_(\w+)", body)
        streams = re.findall(r"SYSTEM\$STREAM_HAS_DATA\('D\.(\S+)'\)", body)
        found[name] = (after and after[1], streams)
        assert f"CALL OPS.{name}()" in body
        assert "TIMEZONE = 'UTC'" in body
        assert ("SCHEDULE = '1 MINUTE'" in body) is (after is None)
    assert found == TASKS


def test_the_purge_runs_every_night_with_the_days_of_the_manifest() -> None:
    text = " ".join(sql("05_tasks.sql").split())
    [body] = re.findall(r"CREATE OR ALTER TASK OPS\.TASK_PURGE (.*?);", text)
    assert "SCHEDULE = 'USING CRON 15 2 * * * UTC'" in body
    assert body.endswith("AS CALL OPS.PURGE(30, 7)")


def test_tasks_are_suspended_before_they_change_and_enabled_at_the_end() -> None:
    words = re.findall(
        r"ALTER TASK IF EXISTS OPS\.TASK_\w+ (SUSPEND)|CREATE OR (ALTER) TASK"
        r"|SYSTEM\$TASK_DEPENDENTS_(ENABLE)\('D\.OPS\.TASK_RAW",
        sql("05_tasks.sql") + sql("09_start.sql"),
    )
    steps = ["".join(word) for word in words]
    assert steps == ["SUSPEND"] * 6 + ["ALTER"] * 6 + ["ENABLE"] * 2


def test_no_file_names_a_database_or_replaces_what_holds_data() -> None:
    for name in FILES:
        text = (SQL_FILES / name).read_text("utf-8")
        assert "CAVES_ALBERT_DB" not in text
        assert set(re.findall(r"OR REPLACE (\w+)", sql(name))) <= {"VIEW"}


def test_every_file_can_be_run_twice_and_rows_streams_and_tasks_are_as_before(
    account: Any, database: str
) -> None:
    *files, teardown = FILES
    with account.snowpark(database=database) as session:
        pipeline = Pipeline(session, database)
        for again in (False, True):
            for name in files:
                run_sql_file(session.connection, name, database)
            tasks = session.sql("SHOW TASKS IN SCHEMA OPS").collect()
            states = {task["name"].removeprefix("TASK_"): task["state"] for task in tasks}
            assert states == dict.fromkeys([*TASKS, "PURGE"], "started")
            if not again:
                pipeline.ingest(order("o-1"))
        assert pipeline.count("RAW_DATA.RAW_EVENTS_STREAM") == 1
        assert pipeline.run(raw_to_staging.orders) == [{"staged": 1, "rejected": 0}]
        for _ in range(2):
            run_sql_file(session.connection, teardown, database)


def test_snow_fills_the_placeholders_from_the_manifest(account: Any, database: str) -> None:
    run = account.snow(
        "sql", "-f", "app/sql/01_database.sql", "-c", "local", "--env", f"database={database}"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    with account.connect(database=database) as connection:
        schemas = connection.cursor().execute(f"SHOW SCHEMAS IN DATABASE {database}").fetchall()
    assert {"RAW_DATA", "STAGING", "PRODUCTION", "ANALYTICS", "OPS"} <= {row[1] for row in schemas}


def test_the_views_say_how_late_events_come_and_how_many_rows_there_are(
    pipeline: Pipeline,
) -> None:
    run_sql_file(pipeline.session.connection, "07_operations.sql", pipeline.database)
    pipeline.ingest(
        order("o-1", event_timestamp="2026-11-22T11:00:00Z"),
        order("o-1", event_timestamp="2026-11-22T11:00:00Z"),
        order("o-2", product_id="p-2", product_category="Blanc", total_amount=49.99),
        order("o-3", total_amount="10.20", customer_id="c-2"),
        order("o-4", quantity=0),
        adjustment("a-1"),
    )
    pipeline.run(
        raw_to_staging.orders,
        raw_to_staging.inventory,
        staging_to_production.orders,
        staging_to_production.inventory_history,
        staging_to_production.inventory_current,
    )
    pipeline.sql("UPDATE PRODUCTION.ORDERS SET UPDATED_AT = '2026-11-22 12:01:30'::TIMESTAMP_NTZ")
    columns = "EVENT_TYPE, EVENT_COUNT, MEDIAN_FROM_EVENT, P95_FROM_INGESTION, MAX_FROM_INGESTION"
    [_, orders_latency] = pipeline.rows("OPS.PIPELINE_LATENCY", columns)
    assert orders_latency == ("ORDER_CREATED", 3, 7290, 90, 90)
    assert pipeline.rows("OPS.ROWS_PER_HOP", "TABLE_NAME, ROW_COUNT", "HOP, TABLE_NAME") == [
        ("RAW_DATA.RAW_EVENTS_STREAM", 6),
        ("RAW_DATA.REJECTED_EVENTS", 1),
        ("STAGING.STG_INVENTORY_ADJ", 1),
        ("STAGING.STG_ORDERS", 4),
        ("STAGING.STG_ORDER_CANCELLATIONS", 0),
        ("PRODUCTION.INVENTORY_CURRENT", 1),
        ("PRODUCTION.INVENTORY_HISTORY", 1),
        ("PRODUCTION.ORDERS", 3),
    ]
