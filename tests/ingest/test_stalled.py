"""Nothing arrives, and Snowflake alone tells so: the ingester is stopped, frozen, or without its
broker; and a shop that sells nothing is no incident. With real programs and brokers."""

import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

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
def ingestions(
    account: RunningAccount, broker: str, pipeline: Pipeline, programs: None, tmp_path: Path
) -> Iterator[tuple[Ingestion, Ingestion]]:
    """Two topics of one broker."""
    results = tuple(Ingestion(account, broker, pipeline.database, tmp_path) for _ in range(2))
    yield results
    for each in results:
        each.kill_all()


def stalled(pipeline: Pipeline) -> tuple[float | None, float, str]:
    """Value, threshold and status of INGEST_STALLED."""
    [found] = pipeline.sql(
        "SELECT VALUE, THRESHOLD, STATUS FROM OPS.PIPELINE_HEALTH WHERE METRIC = 'INGEST_STALLED'"
    )
    return found[0], found[1], found[2]


def statuses(pipeline: Pipeline) -> dict[str, str]:
    """The same of each topic."""
    health = "SELECT OBJECT, STATUS FROM OPS.OBJECT_HEALTH WHERE METRIC = 'INGEST_STALLED'"
    return dict(pipeline.sql(health))


def incidents(pipeline: Pipeline) -> dict[str, bool]:
    """Is the incident of a topic open, once the alert's procedure has looked? Each has had one."""
    alerts.update_incidents(pipeline.session, "", "", "")
    found = pipeline.sql(
        "SELECT OBJECT, CLOSED_AT IS NULL FROM OPS.ALERT_LOG WHERE METRIC = 'INGEST_STALLED'"
    )
    assert len(found) == len({topic for topic, _ in found})
    return dict(found)


def wait_for_silence(pipeline: Pipeline, programs: Sequence[Program], **silent: bool) -> None:
    """Wait until INGEST_OFFSETS tells that these topics are silent for too long, or not: it is one
    small table, and the views of health take fifty times as long to answer."""
    sql = (
        "SELECT TOPIC, MAX(DATEDIFF('millisecond', UPDATED_AT, SYSDATE()))"
        " FROM RAW_DATA.INGEST_OFFSETS GROUP BY TOPIC"
    )

    def there() -> bool:
        assert [each.log for each in programs if each.poll() is not None] == []
        age = dict(pipeline.sql(sql))
        return {topic: age[topic] > 1000 * (PROMISED + 1) for topic in silent} == silent

    wait_for(there, f"the silence to be {silent}", at_most=0.5)


def ingesting(*ingestions: Ingestion) -> list[Program]:
    """An ingester for each that has written its messages; no others follow."""
    for each in ingestions:
        each.send(Sent(ORDER), Sent(ORDER, partition=1))
    programs = [each.ingester(*PROMPT) for each in ingestions]
    for ingestion, program in zip(ingestions, programs, strict=True):
        ingestion.wait_for_rows(2, program)
    return programs


def after(seconds: float) -> Callable[[], bool]:
    begun = time.monotonic()
    return lambda: time.monotonic() - begun > seconds


def test_a_night_without_sales_is_no_incident_and_an_ingester_that_falls_silent_is_one(
    account: RunningAccount,
    pipeline: Pipeline,
    ingestions: tuple[Ingestion, Ingestion],
    tmp_path: Path,
) -> None:
    """Three at a time: one is stopped, one is frozen, and the broker of one ends."""
    with ExitStack() as stack:
        with running_broker() as servers:
            cut = Ingestion(account, servers, pipeline.database, tmp_path)
            stack.callback(cut.kill_all)
            all_three = (*ingestions, cut)
            running = ingesting(*all_three)
            wait_for(after(1.2 * PROMISED), "a good night")
            assert_all_is_well(account, pipeline, all_three, running)
        assert_each_silence_is_an_incident(account, pipeline, all_three, running)


def status_check(
    account: RunningAccount, pipeline: Pipeline, ingestion: Ingestion
) -> subprocess.CompletedProcess[str]:
    asked = ("--bootstrap-servers", ingestion.servers, "--topic", ingestion.topic)
    return Caves(account, pipeline.database)("status", "--check", *asked)


def assert_all_is_well(
    account: RunningAccount,
    pipeline: Pipeline,
    ingestions: Sequence[Ingestion],
    running: Sequence[Program],
) -> None:
    healthy = status_check(account, pipeline, ingestions[0])
    assert (healthy.returncode, "INGEST_LAG" in healthy.stdout) == (0, True), healthy.stdout
    value, threshold, status = stalled(pipeline)
    assert value is not None
    assert (threshold, status) == (PROMISED, "OK")
    assert incidents(pipeline) == {}
    signs = pipeline.sql("SELECT TOPIC, PARTITION, ARRAY_SIZE(SIGNS) FROM RAW_DATA.INGEST_OFFSETS")
    topics = sorted(each.topic for each in ingestions)
    assert sorted((topic, partition) for topic, partition, _ in signs) == [
        (topic, partition) for topic in topics for partition in (0, 1)
    ]
    assert all(count >= 5 for _, _, count in signs)
    [(silent,)] = pipeline.sql(
        "SELECT MAX(VALUE) FROM OPS.METRIC_HISTORY WHERE METRIC = 'INGEST_STALLED'"
    )
    assert silent < PROMISED
    raw = "SELECT KAFKA_TOPIC, COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM GROUP BY 1"
    assert dict(pipeline.sql(raw)) == dict.fromkeys(topics, 2)
    assert pipeline.count("RAW_DATA.REJECTED_EVENTS") == 0
    assert [each.stored() for each in ingestions] == [[(0, 1), (1, 1)]] * 3
    assert [each.log for each in running if each.poll() is not None] == []


def assert_each_silence_is_an_incident(
    account: RunningAccount,
    pipeline: Pipeline,
    ingestions: Sequence[Ingestion],
    running: Sequence[Program],
) -> None:
    """Until it is over."""
    stopped, frozen, cut = (each.topic for each in ingestions)
    first, icy, blind = running
    first.terminate()
    icy.send_signal(signal.SIGSTOP)
    try:
        assert ingestions[0].left(first) == 0
        ingestions[0].send(*[Sent(ORDER)] * 400)
        wait_for_silence(pipeline, [icy, blind], **dict.fromkeys((stopped, frozen, cut), True))
        assert stalled(pipeline)[2] == "BREACH"
        assert incidents(pipeline) == dict.fromkeys((stopped, frozen, cut), True)
    finally:
        icy.send_signal(signal.SIGCONT)
    [(detail, action)] = pipeline.sql(
        "SELECT DETAIL, ACTION FROM OPS.ALERT_LOG WHERE OBJECT = ?", stopped
    )
    assert detail.startswith(f"{stopped}: last sign of life 20")
    assert detail.endswith(" UTC, 2 of 2 partitions silent")
    assert action == "Start the ingester, or read its log"
    told = status_check(account, pipeline, ingestions[0])
    assert told.returncode == 1
    assert "INGEST_STALLED" in told.stdout

    again = ingestions[0].ingester(*PROMPT)
    ingestions[0].wait_for_rows(402, again)
    wait_for_silence(pipeline, [again, icy], **{stopped: False, frozen: False, cut: True})
    assert incidents(pipeline) == {stopped: False, frozen: False, cut: True}
    ingestions[2].kill_all()
    leave(pipeline, cut)
    assert stalled(pipeline)[2] == "OK"


def leave(pipeline: Pipeline, topic: str) -> None:
    """Say that nobody is to read it any more."""
    pipeline.sql("UPDATE RAW_DATA.INGEST_OFFSETS SET UPDATED_AT = NULL WHERE TOPIC = ?", topic)


def test_a_topic_that_was_left_is_no_incident_once_that_was_said(pipeline: Pipeline) -> None:
    pipeline.sql("DELETE FROM RAW_DATA.INGEST_OFFSETS")
    assert stalled(pipeline) == (None, PROMISED, "UNKNOWN")
    pipeline.sql(
        "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT)"
        " SELECT 'old', 0, 12, DATEADD('day', -2, SYSDATE())"
        " UNION ALL SELECT 'new', 0, 3, DATEADD('hour', 1, SYSDATE())"
    )
    assert statuses(pipeline) == {"new": "OK", "old": "BREACH"}
    leave(pipeline, "old")
    assert statuses(pipeline) == {"new": "OK"}
    assert stalled(pipeline)[2] == "OK"
