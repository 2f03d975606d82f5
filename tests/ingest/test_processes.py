"""Producer and ingester as processes, between a real broker and an account: each message once."""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from tests.conftest import ROOT, RunningAccount, free_port

DEADLINE_SECONDS = 60.0
# The shortest rebalances that the broker allows; a member that died is missed after two seconds.
KAFKA = {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "2000", "CAVES_KAFKA_HEARTBEAT_INTERVAL_MS": "400"}
TOPIC_OF_TWO = ("--partitions", "2")
PROMPT = ("--batch-max-events", "20", "--batch-max-seconds", "0.1")

Places = list[tuple[int, int]]


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS:.0f} s for {what}"
        time.sleep(0.05)


@dataclass
class World:
    """One topic and an empty RAW_DATA, and the programs between them."""

    account: RunningAccount
    servers: str
    database: str
    folder: Path
    topic: str = field(default_factory=lambda: f"sales_{uuid.uuid4().hex[:8]}")
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def kafka_flags(self) -> tuple[str, ...]:
        return ("--bootstrap-servers", self.servers, "--topic", self.topic)

    def start(self, program: Sequence[str], *flags: str, **environ: str) -> subprocess.Popen[str]:
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, *program, *self.kafka_flags, *flags],
            cwd=ROOT if program[0] == "-m" else self.folder,
            env=self.account.environment(**KAFKA, **environ),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def ingester(
        self, *flags: str, program: Sequence[str] = ("-m", "ingest.ingester"), **environ: str
    ) -> subprocess.Popen[str]:
        # A group of its own: the broker is slow to forget members that a test has killed, and holds
        # up whoever joins their group on another topic meanwhile.
        own = ("--group", self.topic, "--metrics-port", "0")
        flags = ("-c", "local", "--database", self.database, *own, *flags)
        return self.start(program, *flags, **environ)

    def produce(self, count: int, *flags: str) -> dict[str, int]:
        """Produce and return what the producer says it has sent."""
        program = ("-m", "ingest.producer")
        shares = ("--bad-share", "0.1", "--duplicate-share", "0.1", "--late-share", "0.1")
        process = self.start(
            program, "--count", str(count), "--rate", "0", *TOPIC_OF_TWO, *shares, *flags
        )
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, self.log(process)
        return dict(json.loads(output))

    def log(self, process: subprocess.Popen[str]) -> str:
        return (self.folder / f"{self.processes.index(process)}.log").read_text()

    def left(self, process: subprocess.Popen[str]) -> int:
        return process.wait(timeout=DEADLINE_SECONDS)

    def rows(self, sql: str) -> list[Any]:
        with self.account.connect(database=self.database) as connection:
            return list(connection.cursor().execute(sql).fetchall())

    def wait_for_rows(self, count: int, process: subprocess.Popen[str]) -> None:
        """Wait until so many messages are in RAW or rejected, as long as the process lives."""

        def arrived() -> bool:
            assert process.poll() is None, self.log(process)
            return len(self.ingested()) >= count

        wait_for(arrived, f"{count} rows")

    def ingested(self) -> Places:
        """Partition and offset of every row of RAW and of the rejects, in order."""
        columns = "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA"
        sql = f"{columns}.RAW_EVENTS_STREAM UNION ALL {columns}.REJECTED_EVENTS ORDER BY 1, 2"
        return [(int(partition), int(offset)) for partition, offset in self.rows(sql)]

    def sent(self) -> Places:
        """Partition and offset of every message of the topic, in order, asked of the broker."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.servers, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        with contextlib.closing(consumer):
            partitions = [
                TopicPartition(self.topic, each)
                for each in consumer.partitions_for_topic(self.topic) or ()
            ]
            consumer.assign(partitions)
            found: Places = []

            def read_to_the_end() -> bool:
                for records in consumer.poll(timeout_ms=200).values():
                    found.extend((each.partition, each.offset) for each in records)
                ends = [(consumer.highwater(each), consumer.position(each)) for each in partitions]
                return all(end is not None and end == position for end, position in ends)

            wait_for(read_to_the_end, "the end of the topic")
        return sorted(found)


@pytest.fixture
def world(account: RunningAccount, broker: str, raw_data: str, tmp_path: Path) -> Iterator[World]:
    result = World(account, broker, raw_data, tmp_path)
    yield result
    for process in result.processes:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=10)
        if process.stdout:
            process.stdout.close()


def test_plain_scripts_work_from_any_folder_and_count_what_they_sent(world: World) -> None:
    producer = world.start(
        (str(ROOT / "ingest" / "producer.py"),),
        *("--count", "300", "--rate", "0", "--seed", "5", *TOPIC_OF_TWO),
        *("--bad-share", "0.1", "--duplicate-share", "0.1", "--late-share", "0.1"),
        *("--legacy-share", "0.2"),
    )
    output, _ = producer.communicate(timeout=DEADLINE_SECONDS)
    sent = json.loads(output)
    assert sent["messages"] == 300 == len(world.sent())
    ingester = world.ingester("--idle-exit", "0.5", program=(str(ROOT / "ingest" / "ingester.py"),))
    assert world.left(ingester) == 0, world.log(ingester)
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
    endless = world.start(("-m", "ingest.producer"), "--rate", "200")
    world.wait_for_rows(151, first)
    first.kill()
    world.left(first)
    second = world.ingester(*PROMPT)
    wait_for(lambda: "assigned" in world.log(second), "the second ingester")
    endless.terminate()
    output, _ = endless.communicate(timeout=DEADLINE_SECONDS)
    assert endless.returncode == 0
    sent = world.sent()
    assert len(sent) == 100 + json.loads(output)["messages"]
    world.wait_for_rows(len(sent), second)
    second.terminate()
    assert world.left(second) == 0, world.log(second)
    assert world.ingested() == sent
    stored = world.rows("SELECT PARTITION, NEXT_OFFSET FROM RAW_DATA.INGEST_OFFSETS ORDER BY 1")
    assert stored == [(each, max(o for p, o in sent if p == each) + 1) for each in (0, 1)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_commit_leaves_each_message_once(world: World, moment: str) -> None:
    world.produce(40)
    program = ("-m", "tests.ingest.sabotaged_ingester", f"crash-{moment}")
    # Batches of a few kilobytes, so that the second COMMIT comes in the middle.
    victim = world.ingester("--batch-max-bytes", "8192", *PROMPT, program=program)
    assert world.left(victim) == 9, world.log(victim)
    survived = world.ingested()
    assert 0 < len(survived) < 40
    # Another group, only to save the wait until the broker misses the member that died.
    heir = world.ingester("--group", "heirs", "--idle-exit", "0.5", *PROMPT)
    assert world.left(heir) == 0, world.log(heir)
    assert world.ingested() == world.sent()


def test_two_ingesters_share_the_partitions(world: World) -> None:
    world.produce(100)
    first = world.ingester(*PROMPT)
    world.wait_for_rows(100, first)
    second = world.ingester(*PROMPT)
    wait_for(lambda: "assigned partitions" in world.log(second), "the second ingester")
    wait_for(lambda: world.log(first).count("assigned partitions") == 2, "the rebalance")
    world.produce(400)
    world.wait_for_rows(500, second)
    for process in (second, first):
        process.terminate()
    assert [world.left(each) for each in (first, second)] == [0, 0]
    assert world.ingested() == world.sent()
    assert all("wrote" in world.log(each) for each in (first, second))


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
    assert world.left(patient) == 0, world.log(patient)
    assert world.ingested() == world.sent()


def test_a_second_signal_leaves_at_once(world: World) -> None:
    world.produce(40)
    program = ("-m", "tests.ingest.sabotaged_ingester", "hang")
    stuck = world.ingester("--batch-max-bytes", "8192", *PROMPT, program=program)
    wait_for(lambda: "hanging" in world.log(stuck), "the COMMIT that hangs")
    stuck.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        stuck.wait(timeout=0.3)
    stuck.send_signal(signal.SIGTERM)
    assert stuck.wait(timeout=5) == 128 + signal.SIGTERM


def test_a_topic_created_anew_stops_the_ingester_until_the_operator_says_reset(
    world: World,
) -> None:
    world.produce(20)
    with world.account.connect(database=world.database) as connection:
        connection.cursor().execute(
            "INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET) VALUES (?, 0, ?)",
            (world.topic, 9000),
        )
    stopped = world.ingester(*PROMPT)
    assert world.left(stopped) == 1
    last = world.log(stopped).splitlines()[-1]
    assert "partition 0: INGEST_OFFSETS is at 9000 but the topic ends at" in last
    assert "--offsets reset" in last
    reset = world.ingester("--offsets", "reset", "--idle-exit", "0.5", *PROMPT)
    assert world.left(reset) == 0, world.log(reset)
    gaps = world.rows(
        "SELECT STATUS, KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.REJECTED_EVENTS"
        " WHERE REASON LIKE 'gap:%'"
    )
    assert gaps == [("DISCARDED", 0, None)]
    world.rows("DELETE FROM RAW_DATA.REJECTED_EVENTS WHERE REASON LIKE 'gap:%'")
    assert world.ingested() == world.sent()


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("-c", "nowhere"), "connecting to Snowflake: Invalid connection_name 'nowhere'"),
        (("--database", "NOT_THERE"), "has the application been deployed to this database?"),
    ],
)
def test_what_is_wrong_at_the_start_is_one_clear_line(
    world: World, flags: tuple[str, ...], complaint: str
) -> None:
    process = world.ingester(*flags)
    assert world.left(process) == 1
    errors = [line for line in world.log(process).splitlines() if " ERROR " in line]
    assert len(errors) == 1
    assert complaint in errors[0]
    assert "Traceback" not in world.log(process)


def test_a_wrong_bootstrap_address_is_one_clear_line(world: World) -> None:
    world.servers = f"127.0.0.1:{free_port()}"
    process = world.ingester(CAVES_KAFKA_BOOTSTRAP_TIMEOUT_MS="500")
    assert world.left(process) == 1
    errors = [line for line in world.log(process).splitlines() if " ERROR " in line]
    assert len(errors) == 1
    assert f"cannot reach Kafka at '{world.servers}' (--bootstrap-servers)" in errors[0]


def test_an_ingester_waits_for_the_topic_and_says_so(world: World) -> None:
    early = world.ingester("--idle-exit", "2.5", *PROMPT)
    wait_for(lambda: "does not exist yet; waiting for it" in world.log(early), "the message")
    world.produce(20)
    assert world.left(early) == 0, world.log(early)
    assert world.ingested() == world.sent()
