"""A backlog and an account that is away: does the ingester's memory stay bounded, is all there?

    python -m bench.ingest_backlog --messages 200000 --outage 120

The ingester starts, the account is killed, the producer sends its messages into Kafka; after the
outage the account comes back, and the ingester writes everything. One line of figures every few
seconds, then the verdict: 0 lost, 0 twice, and the memory that it took.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.caves.machine.supervision import Process
from bench import harness
from bench.programs import Programs, running

DATABASE = "BACKLOG"
SHARES = ("--bad-share", "0.05", "--duplicate-share", "0.05")
SAMPLE_SECONDS = 0.5
PRINT_SECONDS = 5.0
DRAIN_SECONDS = 1800.0
# More than this above what the ingester takes when it has nothing to do means that it hoards.
BOUND_MB = 150.0


@dataclass
class Watch:
    """Samples the ingester and prints a line now and then."""

    bench: Programs
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


def written(metrics: dict[str, float]) -> float:
    return metrics.get("caves_ingest_events_total", 0.0)


def run(messages: int, outage: float) -> bool:
    """One run; True if all is there once and memory stayed bounded."""
    with running() as bench:
        bench.start_broker()
        account = bench.start_account()
        bench.create_tables(DATABASE)
        # The topic, and one message of each type or so, to warm the ingester up.
        bench.start_producer(50, *SHARES).wait(60)
        ingester = bench.start_ingester(DATABASE, "--metrics-port", str(bench.metrics_port))
        watch = Watch(bench, ingester)
        watch.until("warm up", lambda metrics: written(metrics) >= 50, 120)
        idle_mb = harness.resident_mb(ingester.pid)
        account.kill()
        bench.stack.processes.remove(account)
        down = time.monotonic()
        producer = bench.start_producer(messages, *SHARES)
        produced = watch.until("outage", lambda _: not producer.running, 600)
        watch.until("outage", lambda _: time.monotonic() - down >= outage, outage + 10)
        outage_mb, outage_held = watch.peak_mb, watch.most_held
        bench.start_account()
        back = watch.until("recover", lambda metrics: written(metrics) > 50, 180)
        drained = watch.until(
            "drain", lambda metrics: written(metrics) >= 50 + messages, DRAIN_SECONDS
        )
        rows, places = bench.counts(DATABASE)
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
