"""One topic and an empty RAW_DATA, and the programs between them."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from tests.conftest import RunningAccount
from tests.ingest.programs import INGESTER, PRODUCER, SABOTAGED, Program

DEADLINE_SECONDS = 60.0
# The shortest rebalances that the broker allows; a member that died is missed after two seconds.
KAFKA = {"CAVES_KAFKA_SESSION_TIMEOUT_MS": "2000", "CAVES_KAFKA_HEARTBEAT_INTERVAL_MS": "400"}
TOPIC_OF_TWO = ("--partitions", "2")
PROMPT = ("--batch-max-events", "20", "--batch-max-seconds", "0.1")

Places = list[tuple[int, int]]


class Sent(NamedTuple):
    """A message to send."""

    value: bytes | None
    partition: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def wait_for(condition: Callable[[], Any], what: str, at_most: float = 0.2) -> Any:
    """What the condition answers that holds. It is asked at once, then less and less often, and
    every `at_most` seconds in the end: who asks an account takes its time away from the others."""
    deadline, pause = time.monotonic() + DEADLINE_SECONDS, 0.02
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS:.0f} s for {what}"
        time.sleep(pause)
        pause = min(1.5 * pause, at_most)


def send(servers: str, messages: Mapping[str, Sequence[Sent]]) -> None:
    """Create the topics that are missing, of two partitions each, and send these messages there."""
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=servers)) as admin:
        missing = messages.keys() - set(admin.list_topics())
        if missing:
            two = {topic: {"num_partitions": 2} for topic in missing}
            admin.create_topics(two, wait_for_metadata=True)
    producer = KafkaProducer(
        bootstrap_servers=servers,
        max_request_size=20_000_000,
        linger_ms=5,
        # The client computes checksums in Python: of 5 MB, that takes seconds.
        compression_type="gzip",
    )
    with contextlib.closing(producer):
        for topic, of_topic in messages.items():
            for each in of_topic:
                headers = list(each.headers)
                producer.send(topic, each.value, each.key, headers, each.partition)
        producer.flush(timeout=DEADLINE_SECONDS)


@dataclass
class Ingestion:
    account: RunningAccount
    servers: str
    database: str
    folder: Path
    topic: str = field(default_factory=lambda: f"sales_{uuid.uuid4().hex[:8]}")
    processes: list[Program] = field(default_factory=list)
    # A connection of the test's, to save a login for each look at the tables.
    connection: Any = None

    @property
    def kafka_flags(self) -> tuple[str, ...]:
        return ("--bootstrap-servers", self.servers, "--topic", self.topic)

    def start(self, module: str, *flags: str, **environ: str) -> Program:
        name = f"{self.topic}-{len(self.processes)}"
        environment = self.account.environment(**{**KAFKA, **environ})
        all_flags = (*self.kafka_flags, *flags)
        process = Program.start(module, all_flags, environment, self.folder, name)
        self.processes.append(process)
        return process

    def ingester(self, *flags: str, module: str = INGESTER, **environ: str) -> Program:
        # A group of its own: the broker is slow to forget members that a test has killed, and holds
        # up an ingester that joins their group on another topic meanwhile.
        own = ("--group", self.topic, "--metrics-port", "0")
        flags = ("-c", "local", "--database", self.database, *own, *flags)
        return self.start(module, *flags, **environ)

    def sabotaged(self, fault: str, *flags: str) -> Program:
        return self.ingester(*flags, module=SABOTAGED, CAVES_TEST_FAULT=fault)

    def produce(self, count: int, *flags: str) -> dict[str, int]:
        """Produce and return what the producer says it has sent."""
        shares = ("--bad-share", "0.1", "--duplicate-share", "0.1", "--late-share", "0.1")
        process = self.start(
            PRODUCER, "--count", str(count), "--rate", "0", *TOPIC_OF_TWO, *shares, *flags
        )
        assert self.left(process) == 0, process.log
        return dict(json.loads(process.output))

    def send(self, *messages: Sent) -> None:
        """Send exactly these messages, in order, to the topic."""
        send(self.servers, {self.topic: messages})

    def left(self, process: Program) -> int:
        return process.wait(timeout=DEADLINE_SECONDS)

    def kill_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=10)

    def rows(self, sql: str, *binds: Any) -> list[Any]:
        if self.connection is not None:
            return list(self.connection.cursor().execute(sql, binds or None).fetchall())
        with self.account.connect(database=self.database) as connection:
            return list(connection.cursor().execute(sql, binds or None).fetchall())

    def wait_for_rows(self, count: int, process: Program) -> None:
        """Wait until so many messages are in RAW or rejected, as long as the process lives."""

        def arrived() -> bool:
            assert process.poll() is None, process.log
            return len(self.ingested()) >= count

        with self._looking():
            wait_for(arrived, f"{count} rows")

    @contextlib.contextmanager
    def _looking(self) -> Iterator[None]:
        """One connection for all looks inside."""
        if self.connection is not None:
            yield
            return
        with self.account.connect(database=self.database) as self.connection:
            try:
                yield
            finally:
                self.connection = None

    def ingested(self) -> Places:
        """Partition and offset of every row of RAW and of the rejects, in order."""
        columns = "SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA"
        of_topic = "WHERE KAFKA_TOPIC = ?"
        sql = (
            f"{columns}.RAW_EVENTS_STREAM {of_topic}"
            f" UNION ALL {columns}.REJECTED_EVENTS {of_topic} ORDER BY 1, 2"
        )
        found = self.rows(sql, self.topic, self.topic)
        return [(int(partition), int(offset)) for partition, offset in found]

    def stored(self) -> Places:
        """Partition and next offset of INGEST_OFFSETS, in order."""
        sql = "SELECT PARTITION, NEXT_OFFSET FROM RAW_DATA.INGEST_OFFSETS WHERE TOPIC = ?"
        return sorted((int(each), int(offset)) for each, offset in self.rows(sql, self.topic))

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
