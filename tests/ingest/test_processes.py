"""Producer and ingester as processes, between a real broker and an account: each message once."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.conftest import ROOT, free_port
from tests.ingest.programs import PRODUCER
from tests.ingest.world import KAFKA, PROMPT, TOPIC_OF_TWO, Sent, World, wait_for


def run_script(world: World, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run ingest/NAME.py as a plain script in another folder."""
    script = str(ROOT / "ingest" / f"{name}.py")
    return subprocess.run(
        [sys.executable, script, *world.kafka_flags, *flags],
        cwd=world.folder,
        env=world.account.environment(**KAFKA),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_plain_scripts_work_from_any_folder_and_count_what_they_sent(world: World) -> None:
    shares = ("--bad-share", "0.1", "--duplicate-share", "0.1", "--late-share", "0.1")
    volume = ("--count", "300", "--rate", "0", "--seed", "5", "--legacy-share", "0.2")
    produced = run_script(world, "producer", *volume, *shares, *TOPIC_OF_TWO)
    sent = json.loads(produced.stdout)
    assert sent["messages"] == 300 == len(world.sent())
    target = ("-c", "local", "--database", world.database, "--metrics-port", "0")
    ingested = run_script(world, "ingester", *target, "--idle-exit", "0.5")
    assert ingested.returncode == 0, ingested.stderr
    assert world.ingested() == world.sent()
    assert world.rows("SELECT COUNT(*) FROM RAW_DATA.REJECTED_EVENTS") == [(sent["bad_at_ingest"],)]
    assert (
        world.rows(
            "SELECT COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM"
            " WHERE EVENT_DATA:event_ts IS NOT NULL AND EVENT_TIMESTAMP IS NOT NULL"
        )[0][0]
        >= sent["legacy"]
    )
    assert world.rows("SELECT COUNT(*) FROM RAW_DATA.RAW_EVENTS_STREAM WHERE EVENT_ID IS NULL") == [
        (0,)
    ]


def test_kill_9_in_mid_run_loses_nothing_and_repeats_nothing(world: World) -> None:
    world.produce(100)
    first = world.ingester(*PROMPT)
    endless = world.start(PRODUCER, "--rate", "200")
    world.wait_for_rows(151, first)
    first.kill()
    world.left(first)
    second = world.ingester(*PROMPT)
    wait_for(lambda: "assigned" in second.log, "the second ingester")
    endless.terminate()
    assert world.left(endless) == 0
    sent = world.sent()
    assert len(sent) == 100 + json.loads(endless.output)["messages"]
    world.wait_for_rows(len(sent), second)
    second.terminate()
    assert world.left(second) == 0, second.log
    assert world.ingested() == sent
    stored = world.rows("SELECT PARTITION, NEXT_OFFSET FROM RAW_DATA.INGEST_OFFSETS ORDER BY 1")
    assert stored == [(each, max(o for p, o in sent if p == each) + 1) for each in (0, 1)]


def test_two_ingesters_share_the_partitions(world: World) -> None:
    world.produce(100)
    first = world.ingester(*PROMPT)
    world.wait_for_rows(100, first)
    second = world.ingester(*PROMPT)
    wait_for(lambda: "assigned partitions" in second.log, "the second ingester")
    wait_for(lambda: first.log.count("assigned partitions") == 2, "the rebalance")
    world.produce(400)
    world.wait_for_rows(500, second)
    for process in (second, first):
        process.terminate()
    assert [world.left(each) for each in (first, second)] == [0, 0]
    assert world.ingested() == world.sent()
    assert all("wrote" in each.log for each in (first, second))


def test_sigterm_writes_what_is_held_and_metrics_have_shown_it(world: World) -> None:
    world.produce(30)
    port = free_port()
    patient = world.ingester("--batch-max-seconds", "3600", "--metrics-port", str(port))

    def held() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return b"caves_ingest_buffered_events 30.0" in answer.read()
        except OSError:
            return False

    wait_for(held, "30 held messages")
    assert world.ingested() == []
    patient.terminate()
    assert world.left(patient) == 0, patient.log
    assert world.ingested() == world.sent()


def test_a_second_signal_leaves_at_once(world: World) -> None:
    order = b'{"event_type": "ORDER_CREATED", "event_id": "E1"}'
    world.send(*(Sent(order, number % 2) for number in range(40)))
    # The calls before it are those of test_crash_points.py, without an INSERT of rejects.
    stuck = world.sabotaged("hang 15", "--batch-max-events", "40", "--batch-max-seconds", "3600")
    wait_for(lambda: "call 15: COMMIT" in stuck.log, "the COMMIT that hangs")
    stuck.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        stuck.wait(timeout=0.3)
    stuck.send_signal(signal.SIGTERM)
    assert stuck.wait(timeout=5) == 128 + signal.SIGTERM
    assert world.ingested() == []
