"""Broker, account, producer and ingesters for a benchmark: real programs, on free ports."""

import contextlib
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import snowflake.connector

from app.caves.machine import apache_kafka, broker
from app.caves.machine.programs import KAFKA_ENVIRON
from app.caves.machine.supervision import Process, ProcessStack, free_port, listens

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
TOPIC = "sales_events"
PARTITIONS = 6
READY_SECONDS = 30.0

EACH_ONCE = """
SELECT COUNT(*), COUNT(DISTINCT KAFKA_PARTITION, KAFKA_OFFSET) FROM (
    SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM
    UNION ALL
    SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.REJECTED_EVENTS
) PLACES
"""


@dataclass
class Programs:
    """They end with the stack; their files are in a folder that goes when the benchmark ends."""

    folder: Path
    stack: ProcessStack
    kind: str = broker.TANSU
    kafka_port: int = field(default_factory=lambda: free_port(HOST))
    account_port: int = field(default_factory=lambda: free_port(HOST))
    metrics_port: int = field(default_factory=lambda: free_port(HOST))

    @property
    def servers(self) -> str:
        return f"{HOST}:{self.kafka_port}"

    def start(self, name: str, *command: str, **environ: str) -> Process:
        log = self.folder / f"{name}.log"
        output = self.folder / f"{name}.out"
        return self.stack.start(
            name, command, log, cwd=ROOT, environ={**_environ(), **environ}, stdout=output
        )

    def start_broker(self) -> Process:
        if self.kind == broker.TANSU:
            command = broker.command(self.kafka_port, HOST)
        else:
            libraries = apache_kafka.libraries(lambda text: None)
            node = apache_kafka.plain_node(self.folder / "kafka", self.kafka_port)
            node.prepare(libraries)
            command = node.command(libraries)
        process = self.start("broker", *command)
        process.wait_until(lambda: broker.is_ready(self.kafka_port, HOST), READY_SECONDS)
        return process

    def start_account(self) -> Process:
        data = ("--port", str(self.account_port), "--data", str(self.folder / "data"))
        process = self.start("account", sys.executable, "-m", "flocon", *data)
        process.wait_until(lambda: listens(HOST, self.account_port), READY_SECONDS)
        return process

    def start_producer(self, messages: int, *flags: str) -> Process:
        """As fast as it goes, unless the flags say otherwise."""
        volume = ("--count", str(messages), "--rate", "0", "--partitions", str(PARTITIONS))
        return self.start("producer", *self._program("ingest.producer"), *volume, *flags)

    def start_ingester(
        self,
        database: str,
        *flags: str,
        name: str = "ingester",
        module: str = "ingest.ingester",
        **environ: str,
    ) -> Process:
        """`module` may be another program that takes the ingester's flags."""
        self._write_home()
        into = ("-c", "bench", "--database", database)
        home = {"SNOWFLAKE_HOME": str(self.folder)}
        return self.start(name, *self._program(module), *into, *flags, **home, **environ)

    def connect(self, **parameters: str) -> snowflake.connector.SnowflakeConnection:
        return snowflake.connector.connect(**self.parameters, paramstyle="qmark", **parameters)

    def create_tables(self, database: str) -> None:
        """The tables as they are deployed, and the two streams that follow RAW."""
        named = "<% ctx.env.database %>"
        scripts = [
            (ROOT / "app" / "sql" / name).read_text().replace(named, database)
            for name in ("02_tables.sql", "03_streams.sql")
        ]
        schemas = [
            f"CREATE SCHEMA {database}.{each};"
            for each in ("RAW_DATA", "STAGING", "PRODUCTION", "OPS")
        ]
        text = "\n".join([f"CREATE DATABASE {database};", *schemas, *scripts])
        with self.connect() as connection:
            for _ in connection.execute_string(text):
                continue

    def metrics(self) -> dict[str, float]:
        """The sums of the ingester's samples, by name; nothing while it does not answer."""
        url = f"http://{HOST}:{self.metrics_port}/metrics"
        sums: dict[str, float] = {}
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            samples = re.findall(r"^(\w+)(?:{.*})? (\S+)$", answer.read().decode(), re.M)
            for name, value in samples:
                sums[name] = sums.get(name, 0.0) + float(value)
        return sums

    def counts(self, database: str) -> tuple[int, int]:
        """Rows of RAW and of the rejects, and different places in Kafka among them."""
        with self.connect(database=database) as connection:
            cursor = connection.cursor()
            cursor.execute(EACH_ONCE)
            [(rows, places)] = cursor.fetchall()
            return int(rows), int(places)

    @property
    def parameters(self) -> dict[str, str | int]:
        words = dict.fromkeys(("account", "user", "password"), "local")
        return {**words, "host": HOST, "port": self.account_port, "protocol": "http"}

    def output(self, name: str) -> str:
        """What a program has printed."""
        return (self.folder / f"{name}.out").read_text(encoding="utf-8")

    def _write_home(self) -> None:
        (self.folder / "config.toml").write_text('default_connection_name = "bench"\n')
        lines = [f"{name} = {value!r}" for name, value in self.parameters.items()]
        text = "\n".join(["[bench]", *lines, "login_timeout = 5", "network_timeout = 10", ""])
        (self.folder / "connections.toml").write_text(text.replace("'", '"'))
        for name in ("config.toml", "connections.toml"):
            (self.folder / name).chmod(0o600)

    def _program(self, module: str) -> tuple[str, ...]:
        return (sys.executable, "-m", module, "--bootstrap-servers", self.servers)


def _environ() -> dict[str, str]:
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return {**KAFKA_ENVIRON, **os.environ, **ours}


@contextlib.contextmanager
def running(kind: str = broker.TANSU) -> Iterator[Programs]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ProcessStack() as stack:
        yield Programs(Path(folder), stack, kind)
