"""`caves status`, `cost`, `pause` and `resume`, through the command, on one deployed pipeline."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from app.caves.flags import now
from app.caves.kafka import Extent, Topic, TopicUnknown
from app.caves.objects import ROOT_TASKS, STREAMS, TABLES
from app.caves.operations import tasks
from app.caves.project import Project
from app.caves.settings import effective
from app.caves.status import readings
from app.caves.status.readings import partitions
from app.caves.status.snapshot import NOT_ASKED
from app.caves.target import Account
from tests.procedures.deployment import run_sql_file
from tests.support.deployed import Deployed, deployed_pipeline

ROOT = Path(__file__).parents[2]
RAW = (
    "INSERT INTO {db}.RAW_DATA.RAW_EVENTS_STREAM (EVENT_ID, EVENT_TYPE, EVENT_DATA,"
    " INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET)"
    " SELECT ?, ?, PARSE_JSON(?), DATEADD('second', ?, SYSDATE()), 'sales_events', 0, ?"
)
OFFSETS = (
    "INSERT INTO {db}.RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT)"
    " SELECT ?, ?, ?, DATEADD('minute', -1, SYSDATE())"
)
INCIDENT = (
    "INSERT INTO {db}.OPS.ALERT_LOG (INCIDENT_ID, METRIC, OBJECT, OPENED_AT, CLOSED_AT, VALUE,"
    " THRESHOLD, UNIT, ACTION) SELECT ?, 'TASK_FAILURES', ?, '2026-11-22 10:00:00', ?, 2, 0, '%',"
    " 'Read the error log'"
)


def ingest(deployed: Deployed, offset: int, kind: str, seconds: int, **more: Any) -> None:
    """What the ingester writes for one event, `seconds` from now."""
    event = {
        "event_id": f"e-{offset}",
        "event_type": kind,
        "event_timestamp": f"{now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
        "product_id": "p-1",
        "product_name": "Chablis 🥂",
        **more,
    }
    deployed.rows(RAW, event["event_id"], kind, json.dumps(event), seconds, offset)


@pytest.fixture(scope="module")
def deployed(account: Any) -> Iterator[Deployed]:
    """One order in production, one adjustment that waits for its tasks."""
    with deployed_pipeline(account) as pipeline:
        order = {"order_id": "o-1", "customer_id": "c-1", "quantity": 1, "unit_price": 9.5}
        ingest(pipeline, 0, "ORDER_CREATED", -60, **order)
        tasks.run(pipeline.account, 120, lambda text: None)
        more = {"adjustment_id": "a-1", "adjustment_type": "RESTOCK", "quantity_change": 24}
        ingest(pipeline, 1, "INVENTORY_ADJUSTED", -30, **more)
        pipeline.rows(OFFSETS, "sales_events", 0, 2)
        pipeline.rows(OFFSETS, "another_topic", 0, 7)
        yield pipeline


@pytest.fixture(scope="module")
def found(deployed: Deployed) -> Any:
    """What `caves status --json` prints."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        out = StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        assert deployed.caves(monkeypatch, "status", "--json", "--check") == 0
        return json.loads(out.getvalue())


def test_tasks_come_with_their_last_run(found: Any) -> None:
    shown = [
        (each["TASK"], each["STATE"], each["SCHEDULE"], each["LAST_STATE"])
        for each in found["tasks"]
    ]
    assert shown == [
        ("TASK_RAW_TO_STAGING_ORDERS", "started", "60 MINUTES", "SUCCEEDED"),
        ("TASK_RAW_TO_STAGING_INVENTORY", "started", "60 MINUTES", "SUCCEEDED"),
        ("TASK_STAGING_TO_PROD_ORDERS", "started", None, "SUCCEEDED"),
        ("TASK_STAGING_TO_PROD_INVENTORY_HISTORY", "started", None, None),
        ("TASK_STAGING_TO_PROD_INVENTORY_CURRENT", "started", None, None),
        ("TASK_PURGE", "started", "USING CRON 15 2 * * * UTC", None),
    ]
    assert found["tasks"][0]["SECONDS"] > 0
    assert found["tasks"][0]["ERROR"] is None


def test_streams_tell_how_many_rows_wait_and_until_when(found: Any) -> None:
    waiting = {each["STREAM"]: (each["ROWS_WAITING"], each["STALE"]) for each in found["streams"]}
    assert waiting == {
        **dict.fromkeys(STREAMS, (0, False)),
        "RAW_DATA.STREAM_RAW_ORDERS": (1, False),
        "RAW_DATA.STREAM_RAW_INVENTORY": (1, False),
    }
    assert [each["HAS_DATA"] for each in found["streams"]] == [True, True, False, False, False]
    until = datetime.fromisoformat(found["streams"][0]["STALE_AFTER"])
    assert until > now() + timedelta(days=13)


def test_without_kafka_the_offsets_are_shown_with_their_age(found: Any) -> None:
    [partition] = found["partitions"]
    assert 60 <= partition.pop("AGE_SECONDS") < 360
    assert partition.pop("LAST_COMMIT")
    assert partition == {"PARTITION": 0, "NEXT_OFFSET": 2, "END_OFFSET": None, "LAG": None}
    assert found["topic"] == NOT_ASKED


def test_the_newest_row_of_each_hop_has_its_age(found: Any) -> None:
    ages = {each["TABLE_NAME"]: (each["HOP"], each["AGE_SECONDS"]) for each in found["freshness"]}
    assert list(ages) == [
        "RAW_DATA.RAW_EVENTS_STREAM",
        "RAW_DATA.REJECTED_EVENTS",
        "STAGING.STG_ORDERS",
        "STAGING.STG_INVENTORY_ADJ",
        "PRODUCTION.ORDERS",
        "PRODUCTION.INVENTORY_HISTORY",
        "PRODUCTION.INVENTORY_CURRENT",
    ]
    assert ages["RAW_DATA.REJECTED_EVENTS"] == (1, None)
    assert ages["PRODUCTION.INVENTORY_CURRENT"] == (3, None)
    assert 30 <= ages["RAW_DATA.RAW_EVENTS_STREAM"][1] < 60
    assert ages["STAGING.STG_ORDERS"][1] >= 60
    assert 0 <= ages["PRODUCTION.ORDERS"][1] < 60


def test_tables_tell_their_rows_and_bytes(found: Any) -> None:
    counts = {each["TABLE_NAME"]: each["ROW_COUNT"] for each in found["tables"]}
    assert [name for name in TABLES if name not in counts] == []
    assert (counts["RAW_DATA.RAW_EVENTS_STREAM"], counts["STAGING.STG_ORDERS"]) == (2, 1)
    assert (counts["PRODUCTION.ORDERS"], counts["PRODUCTION.INVENTORY_HISTORY"]) == (1, 0)
    sizes = {each["TABLE_NAME"]: each["BYTES"] for each in found["tables"]}
    assert sizes["RAW_DATA.RAW_EVENTS_STREAM"] > sizes["PRODUCTION.INVENTORY_HISTORY"] == 0


def test_metrics_come_with_their_status_and_what_to_do(found: Any) -> None:
    assert [(each["METRIC"], each["STATUS"], each["ACTION"]) for each in found["metrics"]] == [
        ("INGEST_STALLED", "OK", "Start the ingester, or read its log"),
        ("LOW_STOCK", "UNKNOWN", "Tell procurement"),
        ("PIPELINE_LATENCY", "OK", "Investigate slow tasks"),
        ("STREAM_LAG", "OK", "Raise the tasks' frequency"),
        ("TASK_FAILURES", "OK", "Read the error log"),
        ("WAREHOUSE_UTILISATION", "OK", "Optimise or scale up"),
    ]
    assert found["healthy"] is True


def test_an_open_alert_is_shown_and_checked_and_a_closed_one_is_not(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.rows("ALTER TABLE {db}.OPS.ALERT_LOG RENAME TO {db}.OPS.AWAY")
    assert deployed.caves(monkeypatch, "status", "--check") == 0
    assert "No table OPS.ALERT_LOG" in capsys.readouterr().out
    deployed.rows("ALTER TABLE {db}.OPS.AWAY RENAME TO {db}.OPS.ALERT_LOG")
    deployed.rows(INCIDENT, "i-1", "TASK_A", "2026-11-22 11:00:00")
    deployed.rows(INCIDENT, "i-2", "TASK_B", None)
    assert deployed.caves(monkeypatch, "status", "--check") == 1
    page = capsys.readouterr().out
    assert page.index("Open alerts") < page.index("TASK_B")
    assert "TASK_A" not in page.partition("Open alerts")[2]
    deployed.rows("DELETE FROM {db}.OPS.ALERT_LOG")


def test_watching_as_json_is_one_object_a_line_until_an_interrupt(deployed: Deployed) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-m", "app.caves.cli", "status", "-c", "local"),
            *("--database", deployed.database, "--watch", "0.1", "--json"),
        ],
        cwd=ROOT,
        env=deployed.running.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert [line["database"] for line in lines] == [deployed.database] * 2
    assert lines[0]["measured_at"] < lines[1]["measured_at"]
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("seconds", ["0", "-1", "nan"])
def test_watching_needs_a_number_of_seconds(seconds: str, deployed: Deployed) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert deployed.caves(monkeypatch, "status", "--watch", seconds) == 2


def test_lag_is_what_the_topic_has_beyond_the_offsets(deployed: Deployed) -> None:
    def ask(known: Mapping[int, int]) -> dict[int, Extent]:
        assert known == {0: 2}
        return {0: Extent(0, 12), 1: Extent(5, 9)}

    rows = partitions(deployed.account, "sales_events", ask)
    shown = [(row["PARTITION"], row["NEXT_OFFSET"], row["END_OFFSET"], row["LAG"]) for row in rows]
    assert shown == [(0, 2, 12, 10), (1, None, 9, 4)]


def test_brokers_that_do_not_answer_cost_the_lag_and_nothing_else(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Topic, known: Mapping[int, int]) -> dict[int, Extent]:
        raise TopicUnknown("h:1 does not answer: refused")

    monkeypatch.setattr(Topic, "extents", fail)
    found = deployed.caves_json(
        monkeypatch, capsys, "status", "--bootstrap-servers", "h:1", "--topic", "another_topic"
    )
    assert found["topic"] == "h:1 does not answer: refused"
    assert [(row["NEXT_OFFSET"], row["LAG"]) for row in found["partitions"]] == [(7, None)]


def test_the_cost_is_told_from_what_has_been_measured(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = deployed.caves_json(monkeypatch, capsys, "cost", "--profile", "live")

    given = {each["INPUT"]: (each["VALUE"], each["SOURCE"]) for each in found["inputs"]}
    rate, source = given["events_per_second"]
    assert source.startswith("measured: INGESTION_PER_HOUR, 2 events in 0.")
    assert 1 / 600 < rate < 1 / 60
    assert 0.5 <= given["active_share"][0] <= 1
    seconds, source = given["run_seconds"]
    assert seconds > 0
    assert source == "measured: TASK_HISTORY, 2 runs with data in a day"
    assert given["warehouse_size"] == ("X-Small", "SHOW WAREHOUSES: COMPUTE_WH")
    assert given["auto_suspend"] == (600, "SHOW WAREHOUSES: COMPUTE_WH")
    assert given["ingest_seconds"] == (2, "assumed: five statements of a batch, or a sign of life")
    assert found["deployed"] == {
        "TASKS": "60 MINUTES",
        "BATCHES": 2,
        "RUNS": 2,
        "HOURS": pytest.approx(0.5, abs=0.5),
    }
    record = found["warehouse"]
    assert record["RESUMES"] >= 1
    # Two decimals: of a run that took a few seconds nothing is left.
    assert 0 <= record["AWAKE_HOURS"] <= record["HOURS"]


def test_without_a_pipeline_the_cost_has_a_way_out(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = Account(deployed.account.connection, "NOTHING_THERE")
    assert Deployed(elsewhere, deployed.running).caves(monkeypatch, "cost") == 1
    assert "run `caves deploy` first, or use --offline" in capsys.readouterr().err


def states(deployed: Deployed, kind: str) -> dict[str, str]:
    rows = deployed.rows(f"SHOW {kind} IN SCHEMA {{db}}.OPS")
    return {row["NAME"]: row["STATE"] for row in rows}


def test_pause_stops_what_starts_by_itself_and_resume_starts_everything(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starters = {*(name.split(".")[1] for name in ROOT_TASKS), "TASK_PURGE"}
    before, alerts = states(deployed, "TASKS"), states(deployed, "ALERTS")
    assert set(before.values()) == {"started"}

    found = deployed.caves_json(monkeypatch, capsys, "pause", "--timeout", "60")
    assert found == {"suspended": [*sorted(starters), *sorted(alerts)]}
    assert states(deployed, "TASKS") == {
        name: "suspended" if name in starters else "started" for name in before
    }
    assert states(deployed, "ALERTS") == dict.fromkeys(alerts, "suspended")

    found = deployed.caves_json(monkeypatch, capsys, "resume")
    assert found == {"resumed": [*sorted(starters), *sorted(alerts)]}
    assert states(deployed, "TASKS") == before
    assert states(deployed, "ALERTS") == alerts


def tasks_of(deployed: Deployed) -> dict[str, Any]:
    """What SHOW TASKS tells, but for the moments and the ids."""
    shown = ("STATE", "SCHEDULE", "CONDITION", "DEFINITION", "WAREHOUSE", "PREDECESSORS", "COMMENT")
    rows = deployed.rows("SHOW TASKS IN SCHEMA {db}.OPS")
    return {row["NAME"]: {name: row[name] for name in shown} for row in rows}


def test_another_profile_changes_what_starts_the_roots_and_nothing_else_and_back(
    deployed: Deployed,
) -> None:
    def deploy(profile: str) -> dict[str, Any]:
        env = effective(Project.find().env, {"profile": profile})
        connection = deployed.account.connection
        for name in ("05_tasks.sql", "09_start.sql"):
            run_sql_file(connection, name, deployed.database, env)
        return tasks_of(deployed)

    roots = [name.split(".")[1] for name in ROOT_TASKS]
    waiting = "SELECT COUNT(*) AS N FROM {db}.RAW_DATA.STREAM_RAW_INVENTORY"
    live = deploy("live")
    assert [live[name]["SCHEDULE"] for name in roots] == ["1 MINUTE"] * 2
    triggered = deploy("economy")
    assert [triggered[name]["SCHEDULE"] for name in roots] == [None] * 2
    shown = [row["SCHEDULE"] for row in readings.tasks(deployed.account)]
    assert shown == ["triggered", "triggered", None, None, None, "USING CRON 15 2 * * * UTC"]
    assert {name: {**triggered[name], "SCHEDULE": live[name]["SCHEDULE"]} for name in live} == live
    # A root without a schedule runs by itself, for there are rows in its stream.
    deadline = time.monotonic() + 60
    while deployed.rows(waiting) != [{"N": 0}]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [deploy("fast")[name]["SCHEDULE"] for name in roots] == [None] * 2
    assert deploy("live") == live
    history = (
        "SELECT COUNT(*) AS N FROM TABLE({db}.INFORMATION_SCHEMA.TASK_HISTORY())"
        " WHERE DATABASE_NAME = '{db}' AND SCHEDULED_FROM = 'TRIGGER' AND STATE <> 'FAILED'"
    )
    assert deployed.rows(history)[0]["N"] >= 1


def test_a_deployment_that_is_older_than_the_command_is_told_apart(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.rows("DROP VIEW {db}.OPS.STREAM_BACKLOG")
    assert deployed.caves(monkeypatch, "status") == 1
    assert "is older than this command: run `caves deploy`" in capsys.readouterr().err
