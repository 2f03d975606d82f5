"""Nothing arrives, and Snowflake alone tells so: the ingester is stopped, frozen, or without its
broker; and a shop that sells nothing is no incident. With real programs and brokers."""

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import alerts
import pytest

from tests.conftest import RunningAccount
from tests.ingest.ingestion import Ingestion, Sent, wait_for
from tests.ingest.programs import Program
from tests.procedures.deployment import filled
from tests.procedures.pipeline import Pipeline, opened_pipeline, quiet_warehouse
from tests.support.broker import running_broker
from tests.support.caves import Caves

PROMPT = ("--batch-max-seconds", "0.1", "--sign-of-life-seconds", "1")
NEVER = "USING CRON 0 0 29 2 * UTC"
ENV = {
    "task_schedule": NEVER,
    "alert_schedule": NEVER,
    "batch_max_seconds": "0.1",
    "sign_of_life_seconds": "1",
}
# With a grace of 8 s instead of 60: the ingester writes every 1.1 s, or it is stalled.
PROMISED = 10
ORDER = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'


@pytest.fixture(scope="module")
def pipeline(account: RunningAccount) -> Iterator[Pipeline]:
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with (
        opened_pipeline(account, database) as opened,
        quiet_warehouse(account) as warehouse,
    ):
        for name in ("05_tasks.sql", "07_operations.sql", "08_alerts.sql", "09_start.sql"):
            text = filled(name, {**ENV, "database": database, "warehouse": warehouse})
            changed = text.replace("::NUMBER(10, 0) + 60 AS", "::NUMBER(10, 0) + 8 AS")
            assert (changed != text) == (name == "07_operations.sql")
            for _ in opened.session.connection.execute_string(changed):
                pass
        yield opened
        opened.sql(f"DROP DATABASE {database}")


@pytest.fixture
def ingestion(
    account: RunningAccount, broker: str, pipeline: Pipeline, programs: None, tmp_path: Path
) -> Iterator[Ingestion]:
    result = Ingestion(account, broker, pipeline.database, tmp_path)
    yield result
    result.kill_all()
    for table in ("RAW_DATA.INGEST_OFFSETS", "OPS.ALERT_LOG"):
        pipeline.sql(f"DELETE FROM {table}")


def stalled(pipeline: Pipeline) -> tuple[float | None, float, str]:
    """Value, threshold and status of INGEST_STALLED."""
    [found] = pipeline.sql(
        "SELECT VALUE, THRESHOLD, STATUS FROM OPS.PIPELINE_HEALTH WHERE METRIC = 'INGEST_STALLED'"
    )
    return found[0], found[1], found[2]


def incidents(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """Object and openness of each incident, once the alert's procedure has looked."""
    alerts.update_incidents(pipeline.session, "", "", "")
    return pipeline.sql(
        "SELECT OBJECT, CLOSED_AT IS NULL FROM OPS.ALERT_LOG WHERE METRIC = 'INGEST_STALLED'"
        " ORDER BY OPENED_AT"
    )


def wait_for_status(pipeline: Pipeline, status: str, program: Program | None = None) -> None:
    def there() -> bool:
        if program:
            assert program.poll() is None, program.log
        return stalled(pipeline)[2] == status

    wait_for(there, f"INGEST_STALLED to be {status}", at_most=0.5)


def ingesting(ingestion: Ingestion) -> Program:
    """An ingester that has written a message; no other follows."""
    ingestion.send(Sent(ORDER), Sent(ORDER, partition=1))
    program = ingestion.ingester(*PROMPT)
    ingestion.wait_for_rows(2, program)
    return program


def after(seconds: float) -> Callable[[], bool]:
    begun = time.monotonic()
    return lambda: time.monotonic() - begun > seconds


def test_a_shop_that_sells_nothing_is_no_incident(ingestion: Ingestion, pipeline: Pipeline) -> None:
    program = ingesting(ingestion)
    night = after(1.5 * PROMISED)
    wait_for(lambda: night() and stalled(pipeline)[2] == "OK", "a good night")
    assert program.poll() is None, program.log
    value, threshold, _ = stalled(pipeline)
    assert value is not None
    assert threshold == PROMISED
    assert incidents(pipeline) == []
    signs = pipeline.sql("SELECT PARTITION, ARRAY_SIZE(SIGNS) FROM RAW_DATA.INGEST_OFFSETS")
    assert sorted(partition for partition, _ in signs) == [0, 1]
    assert all(count >= 5 for _, count in signs)
    [(silent,)] = pipeline.sql(
        "SELECT MAX(VALUE) FROM OPS.METRIC_HISTORY WHERE METRIC = 'INGEST_STALLED'"
    )
    assert silent < PROMISED
    [(raw, rejected)] = pipeline.sql(
        "SELECT (SELECT COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM WHERE KAFKA_TOPIC = ?),"
        " (SELECT COUNT(*) FROM RAW_DATA.REJECTED_EVENTS)",
        ingestion.topic,
    )
    assert (raw, rejected) == (2, 0)
    assert ingestion.stored() == [(0, 1), (1, 1)]


def test_an_ingester_that_is_stopped_is_an_incident_until_one_starts(
    ingestion: Ingestion, pipeline: Pipeline, account: RunningAccount
) -> None:
    caves = Caves(account, pipeline.database)
    asked = ("--bootstrap-servers", ingestion.servers, "--topic", ingestion.topic)
    program = ingesting(ingestion)
    wait_for_status(pipeline, "OK", program)
    healthy = caves("status", "--check", *asked)
    assert (healthy.returncode, "INGEST_LAG" in healthy.stdout) == (0, True), healthy.stdout
    program.terminate()
    assert ingestion.left(program) == 0
    ingestion.send(*[Sent(ORDER)] * 400)
    wait_for_status(pipeline, "BREACH")
    assert incidents(pipeline) == [(ingestion.topic, True)]
    [(detail, action)] = pipeline.sql("SELECT DETAIL, ACTION FROM OPS.ALERT_LOG")
    assert detail.startswith(f"{ingestion.topic}: last sign of life 20")
    assert detail.endswith(" UTC, 2 of 2 partitions silent")
    assert action == "Start the ingester, or read its log"
    told = caves("status", "--check", *asked)
    assert told.returncode == 1
    assert "INGEST_STALLED" in told.stdout

    again = ingestion.ingester(*PROMPT)
    ingestion.wait_for_rows(402, again)
    wait_for_status(pipeline, "OK", again)
    assert incidents(pipeline) == [(ingestion.topic, False)]


def test_an_ingester_that_is_frozen_is_an_incident_until_it_goes_on(
    ingestion: Ingestion, pipeline: Pipeline
) -> None:
    program = ingesting(ingestion)
    wait_for_status(pipeline, "OK", program)
    program.send_signal(signal.SIGSTOP)
    try:
        wait_for_status(pipeline, "BREACH", program)
        assert incidents(pipeline) == [(ingestion.topic, True)]
    finally:
        program.send_signal(signal.SIGCONT)
    wait_for_status(pipeline, "OK", program)
    assert incidents(pipeline) == [(ingestion.topic, False)]


def test_an_ingester_whose_broker_is_away_is_an_incident(
    account: RunningAccount, pipeline: Pipeline, programs: None, tmp_path: Path
) -> None:
    with running_broker() as servers:
        ingestion = Ingestion(account, servers, pipeline.database, tmp_path)
        program = ingesting(ingestion)
        wait_for_status(pipeline, "OK", program)
    try:
        wait_for_status(pipeline, "BREACH", program)
        assert incidents(pipeline) == [(ingestion.topic, True)]
    finally:
        ingestion.kill_all()


def test_a_topic_that_was_left_is_no_incident_once_that_was_said(pipeline: Pipeline) -> None:
    pipeline.sql("DELETE FROM RAW_DATA.INGEST_OFFSETS")
    assert stalled(pipeline) == (None, PROMISED, "UNKNOWN")
    pipeline.sql(
        "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT)"
        " SELECT 'old', 0, 12, DATEADD('day', -2, SYSDATE())"
        " UNION ALL SELECT 'new', 0, 3, DATEADD('hour', 1, SYSDATE())"
    )
    health = "SELECT OBJECT, STATUS FROM OPS.OBJECT_HEALTH WHERE METRIC = 'INGEST_STALLED'"
    assert sorted(pipeline.sql(health)) == [("new", "OK"), ("old", "BREACH")]
    pipeline.sql("UPDATE RAW_DATA.INGEST_OFFSETS SET UPDATED_AT = NULL WHERE TOPIC = 'old'")
    assert pipeline.sql(health) == [("new", "OK")]
    assert stalled(pipeline)[2] == "OK"
