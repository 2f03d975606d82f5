"""A backlog and an account that is away: does the ingester's memory stay bounded, is all there?

    python -m bench.ingest_backlog --messages 200000 --outage 120

The ingester starts, the account is killed, the producer sends its messages into Kafka; after the
outage the account comes back, and the ingester writes everything. One line of figures every few
seconds, then the verdict: 0 lost, 0 twice, and the memory that it took.
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import snowflake.connector

from app.caves import broker
from app.caves.processes import Process, ProcessStack, free_port, listens
from bench import harness

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
DATABASE = "BACKLOG"
SAMPLE_SECONDS = 0.5
PRINT_SECONDS = 5.0
DRAIN_SECONDS = 1800.0
# More than this above what the ingester takes when it has nothing to do means that it hoards.
BOUND_MB = 150.0

EACH_ONCE = """
SELECT COUNT(*), COUNT(DISTINCT KAFKA_PARTITION, KAFKA_OFFSET) FROM (
    SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.RAW_EVENTS_STREAM
    UNION ALL
    SELECT KAFKA_PARTITION, KAFKA_OFFSET FROM RAW_DATA.REJECTED_EVENTS
) PLACES
"""


@dataclass
class Bench:
    """The programs, on free ports and in a folder that goes when the benchmark ends."""

    folder: Path
    stack: ProcessStack
    kafka_port: int = field(default_factory=lambda: free_port(HOST))
    account_port: int = field(default_factory=lambda: free_port(HOST))
    metrics_port: int = field(default_factory=lambda: free_port(HOST))

    def start(self, name: str, *command: str, **environ: str) -> Process:
        log = self.folder / f"{name}.log"
        process = Process.start(name, command, log, cwd=ROOT, environ={**_ENVIRON, **environ})
        self.stack.processes.append(process)
        return process

    def start_broker(self) -> None:
        process = self.start("broker", *broker.command(self.kafka_port, HOST))
        process.wait_until(lambda: broker.is_ready(self.kafka_port, HOST), timeout=30)

    def start_account(self) -> Process:
        data = ("--port", str(self.account_port), "--data", str(self.folder / "data"))
        process = self.start("account", sys.executable, "-m", "local", *data)
        process.wait_until(lambda: listens(HOST, self.account_port), timeout=30)
        return process

    def start_producer(self, messages: int) -> Process:
        volume = ("--count", str(messages), "--rate", "0", "--partitions", "6")
        shares = ("--bad-share", "0.05", "--duplicate-share", "0.05")
        return self.start("producer", *self._program("producer"), *volume, *shares)

    def start_ingester(self) -> Process:
        (self.folder / "config.toml").write_text('default_connection_name = "bench"\n')
        lines = [f"{name} = {value!r}" for name, value in self._parameters.items()]
        text = "\n".join(["[bench]", *lines, "login_timeout = 5", "network_timeout = 10", ""])
        (self.folder / "connections.toml").write_text(text.replace("'", '"'))
        for name in ("config.toml", "connections.toml"):
            (self.folder / name).chmod(0o600)
        flags = ("-c", "bench", "--database", DATABASE, "--metrics-port", str(self.metrics_port))
        home = str(self.folder)
        return self.start("ingester", *self._program("ingester"), *flags, SNOWFLAKE_HOME=home)

    def connect(self) -> snowflake.connector.SnowflakeConnection:
        return snowflake.connector.connect(**self._parameters, paramstyle="qmark")

    def create_tables(self) -> None:
        script = (ROOT / "app" / "sql" / "02_tables.sql").read_text()
        script = script.replace("<% ctx.env.database %>", DATABASE)
        schemas = [f"CREATE SCHEMA {DATABASE}.{each};" for each in ("RAW_DATA", "STAGING")]
        schemas += [f"CREATE SCHEMA {DATABASE}.{each};" for each in ("PRODUCTION", "OPS")]
        text = "\n".join([f"CREATE DATABASE {DATABASE};", *schemas, script])
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

    def counts(self) -> tuple[int, int]:
        """Rows of RAW and of the rejects, and different places in Kafka among them."""
        with self.connect() as connection:
            cursor = connection.cursor()
            cursor.execute(f"USE DATABASE {DATABASE}")
            cursor.execute(EACH_ONCE)
            [(rows, places)] = cursor.fetchall()
            return int(rows), int(places)

    @property
    def _parameters(self) -> dict[str, str | int]:
        words = dict.fromkeys(("account", "user", "password"), "local")
        return {**words, "host": HOST, "port": self.account_port, "protocol": "http"}

    def _program(self, name: str) -> tuple[str, ...]:
        servers = f"{HOST}:{self.kafka_port}"
        return (sys.executable, "-m", f"ingest.{name}", "--bootstrap-servers", servers)


_ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class Watch:
    """Samples the ingester and prints a line now and then."""

    bench: Bench
    ingester: Process
    started: float = field(default_factory=time.monotonic)
    peak_mb: float = 0.0
    most_held: float = 0.0
    most_lag: float = 0.0
    _next_line: float = 0.0

    def until(self, phase: str, done: Callable[[dict[str, float]], bool], seconds: float) -> float:
        """Sample until `done(metrics)`; returns how long that took."""
        began = time.monotonic()
        while not done(self._sample(phase)):
            if not self.ingester.running:
                raise self.ingester.error("has ended")
            if time.monotonic() - began > seconds:
                raise self.ingester.error(f"{phase}: not done after {seconds:.0f} s")
            time.sleep(SAMPLE_SECONDS)
        return time.monotonic() - began

    def _sample(self, phase: str) -> dict[str, float]:
        metrics = self.bench.metrics()
        mb = harness.resident_mb(self.ingester.pid)
        held = metrics.get("caves_ingest_buffered_events", 0.0)
        lag = metrics.get("caves_ingest_lag", 0.0)
        self.peak_mb, self.most_held = max(self.peak_mb, mb), max(self.most_held, held)
        self.most_lag = max(self.most_lag, lag)
        now = time.monotonic() - self.started
        if now >= self._next_line:
            self._next_line = now + PRINT_SECONDS
            sys.stdout.write(
                f"{now:6.0f} s  {phase:<8} {mb:6.1f} MB  held {held:7.0f}  lag {lag:8.0f}\n"
            )
            sys.stdout.flush()
        return metrics


@contextlib.contextmanager
def running() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ProcessStack() as stack:
        yield Bench(Path(folder), stack)


def written(metrics: dict[str, float]) -> float:
    return metrics.get("caves_ingest_events_total", 0.0)


def run(messages: int, outage: float) -> bool:
    """One run; True if all is there once and memory stayed bounded."""
    with running() as bench:
        bench.start_broker()
        account = bench.start_account()
        bench.create_tables()
        # The topic, and one message of each type or so, to warm the ingester up.
        bench.start_producer(50).wait(60)
        ingester = bench.start_ingester()
        watch = Watch(bench, ingester)
        watch.until("warm up", lambda metrics: written(metrics) >= 50, 120)
        idle_mb = harness.resident_mb(ingester.pid)
        account.kill()
        bench.stack.processes.remove(account)
        down = time.monotonic()
        producer = bench.start_producer(messages)
        produced = watch.until("outage", lambda _: not producer.running, 600)
        watch.until("outage", lambda _: time.monotonic() - down >= outage, outage + 10)
        outage_mb, outage_held = watch.peak_mb, watch.most_held
        bench.start_account()
        back = watch.until("recover", lambda metrics: written(metrics) > 50, 180)
        drained = watch.until(
            "drain", lambda metrics: written(metrics) >= 50 + messages, DRAIN_SECONDS
        )
        rows, places = bench.counts()
        bounded = watch.peak_mb - idle_mb < BOUND_MB
        sys.stdout.write(
            f"\n{messages + 50} messages, {rows} rows, {messages + 50 - places} lost,"
            f" {rows - places} twice\n"
            f"produced in {produced:.0f} s; account away for {outage:.0f} s; first batch after"
            f" {back:.0f} s; the rest in {drained:.0f} s ({messages / drained:.0f} per second)\n"
            f"memory: {idle_mb:.0f} MB idle, {outage_mb:.0f} MB at most during the outage,"
            f" {watch.peak_mb:.0f} MB at most while catching up; held at most"
            f" {outage_held:.0f} messages during the outage, {watch.most_held:.0f} ever;"
            f" lag at most {watch.most_lag:.0f}\n"
            f"{'bounded' if bounded else 'NOT BOUNDED'}\n"
        )
        return bounded and rows == places == messages + 50


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.ingest_backlog", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--outage", type=float, default=120.0, help="seconds")
    arguments = parser.parse_args(argv)
    return 0 if run(arguments.messages, arguments.outage) else 1


if __name__ == "__main__":
    sys.exit(main())
