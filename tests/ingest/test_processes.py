"""Producer and ingester as processes, between a real broker and an account: each message once."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from app.caves.machine.supervision import free_port
from tests.conftest import ROOT
from tests.ingest.ingestion import KAFKA, PROMPT, TOPIC_OF_TWO, Ingestion, Sent, wait_for
from tests.ingest.programs import PRODUCER


def run_script(ingestion: Ingestion, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run ingest/NAME.py as a plain script in another folder."""
    script = str(ROOT / "ingest" / f"{name}.py")
    return subprocess.run(
        [sys.executable, script, *ingestion.kafka_flags, *flags],
        cwd=ingestion.folder,
        env=ingestion.account.environment(**KAFKA),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_plain_scripts_work_from_any_folder_and_count_what_they_sent(ingestion: Ingestion) -> None:
    shares = ("--bad-share", "0.1", "--duplicate-share", "0.1", "--late-share", "0.1")
    volume = ("--count", "300", "--rate", "0", "--seed", "5", "--legacy-share", "0.2")
    produced = run_script(ingestion, "producer", *volume, *shares, *TOPIC_OF_TWO)
    sent = json.loads(produced.stdout)
    assert sent["messages"] == 300 == len(ingestion.sent())
    target = ("-c", "local", "--database", ingestion.database, "--metrics-port", "0")
    ingested = run_script(ingestion, "ingester", *target, "--idle-exit", "0.5")
    assert ingested.returncode == 0, ingested.stderr
    assert ingestion.ingested() == ingestion.sent()
    assert ingestion.rows("SELECT COUNT(*) FROM RAW_DATA.REJECTED_EVENTS") == [
        (sent["bad_at_ingest"],)
    ]
    assert (
        ingestion.rows(
            "SELECT COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM"
            " WHERE EVENT_DATA:event_ts IS NOT NULL AND EVENT_TIMESTAMP IS NOT NULL"
        )[0][0]
        >= sent["legacy"]
    )
    assert ingestion.rows(
        "SELECT COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID IS NULL"
    ) == [(0,)]


def test_kill_9_in_mid_run_loses_nothing_and_repeats_nothing(ingestion: Ingestion) -> None:
    ingestion.produce(100)
    first = ingestion.ingester(*PROMPT)
    endless = ingestion.start(PRODUCER, "--rate", "200")
    ingestion.wait_for_rows(151, first)
    first.kill()
    ingestion.left(first)
    second = ingestion.ingester(*PROMPT)
    wait_for(lambda: "assigned" in second.log, "the second ingester")
    endless.terminate()
    assert ingestion.left(endless) == 0
    sent = ingestion.sent()
    assert len(sent) == 100 + json.loads(endless.output)["messages"]
    ingestion.wait_for_rows(len(sent), second)
    second.terminate()
    assert ingestion.left(second) == 0, second.log
    assert ingestion.ingested() == sent
    stored = ingestion.rows("SELECT PARTITION, NEXT_OFFSET FROM RAW_DATA.INGEST_OFFSETS ORDER BY 1")
    assert stored == [(each, max(o for p, o in sent if p == each) + 1) for each in (0, 1)]


def test_two_ingesters_share_the_partitions(ingestion: Ingestion) -> None:
    ingestion.produce(100)
    first = ingestion.ingester(*PROMPT)
    ingestion.wait_for_rows(100, first)
    second = ingestion.ingester(*PROMPT)
    wait_for(lambda: "assigned partitions" in second.log, "the second ingester")
    wait_for(lambda: first.log.count("assigned partitions") == 2, "the rebalance")
    ingestion.produce(400)
    ingestion.wait_for_rows(500, second)
    for process in (second, first):
        process.terminate()
    assert [ingestion.left(each) for each in (first, second)] == [0, 0]
    assert ingestion.ingested() == ingestion.sent()
    assert all("wrote" in each.log for each in (first, second))


def test_sigterm_writes_what_is_held_and_metrics_have_shown_it(ingestion: Ingestion) -> None:
    ingestion.produce(30)
    port = free_port()
    patient = ingestion.ingester("--batch-max-seconds", "3600", "--metrics-port", str(port))

    def held() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return b"caves_ingest_buffered_events 30.0" in answer.read()
        except OSError:
            return False

    wait_for(held, "30 held messages")
    assert ingestion.ingested() == []
    patient.terminate()
    assert ingestion.left(patient) == 0, patient.log
    assert ingestion.ingested() == ingestion.sent()


def test_a_second_signal_leaves_at_once(ingestion: Ingestion) -> None:
    order = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'
    ingestion.send(*(Sent(order, number % 2) for number in range(40)))
    # The calls before it are those of test_crash_points.py, without an INSERT of rejects.
    stuck = ingestion.sabotaged(
        "hang 15", "--batch-max-events", "40", "--batch-max-seconds", "3600"
    )
    wait_for(lambda: "call 15: COMMIT" in stuck.log, "the COMMIT that hangs")
    stuck.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        stuck.wait(timeout=0.3)
    stuck.send_signal(signal.SIGTERM)
    assert stuck.wait(timeout=20) == 128 + signal.SIGTERM
    assert ingestion.ingested() == []
