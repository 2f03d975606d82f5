"""More ingesters, and many readers beside them.

    python -m bench.scale_out --backlog 100000 --seconds 60
    python -m bench.scale_out --ingesters 1 2 5 10 --partitions 60 --batch 500 \\
        --statement-ms 200 --rows-ms 1000 --readers

First 1, 2 and 3 ingesters that share six partitions with a backlog. Then the whole pipeline with
no, 10 and 50 readers of the ANALYTICS views: how much both get done. Each reader also asks whether
INGEST_OFFSETS and the rows agree, which is so at the end of every transaction and at no other time.

One machine's ingesters share its cores, so more of them gain nothing there. With --statement-ms
they wait for each statement of a batch as for a distant account, and what they have of one another
is how their transactions overlap.
"""

import argparse
import itertools
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.caves.machine.programs import Machine
from app.caves.machine.supervision import Process
from bench import harness, latency
from bench.distant_ingester import ROWS_MS, STATEMENT_MS
from bench.ingest import MAX_POLL_RECORDS, limited_to
from bench.programs import PARTITIONS, Programs, running

INGESTERS = (1, 2, 3)
READERS = (0, 10, 50)
DEADLINE = 900.0
POLL_SECONDS = 0.2
VIEWS = (
    *("SALES", "TOP_PRODUCTS", "REVENUE_BY_CATEGORY", "CUSTOMER_LOYALTY", "STOCKOUT_FORECAST"),
    *("SEASONALITY", "LOW_STOCK_ALERTS"),
)
VIEW = "SELECT * FROM {database}.ANALYTICS.{view} LIMIT 100"
# Messages that the offsets count and the tables do not hold, or the other way round.
HALF = """
SELECT
    (SELECT COALESCE(SUM(NEXT_OFFSET - COALESCE(SKIPPED, 0)), 0)
        FROM {database}.RAW_DATA.INGEST_OFFSETS)
    - (SELECT COUNT(*) FROM {database}.RAW_DATA.RAW_EVENTS_STREAM)
    - (SELECT COUNT(*) FROM {database}.RAW_DATA.REJECTED_EVENTS WHERE STAGE = 'INGEST')
"""


# --- more ingesters ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What so many ingesters find: a backlog in so many partitions; and how they work. batch: how
    many events make a batch at most, None for what the ingester is set to."""

    backlog: int
    partitions: int = PARTITIONS
    batch: int | None = None
    statement_ms: int = 0
    rows_ms: int = 0

    @property
    def flags(self) -> tuple[str, ...]:
        return () if self.batch is None else limited_to(self.batch)

    @property
    def environ(self) -> dict[str, str]:
        waits = {STATEMENT_MS: str(self.statement_ms), ROWS_MS: str(self.rows_ms)}
        polls = {} if self.batch is None else {MAX_POLL_RECORDS: str(self.batch)}
        return {**waits, **polls}


def scale_out(programs: Programs, account: Process, ingesters: int, load: Load) -> dict[str, Any]:
    """Measured from when all of them have their share of the partitions until everything is
    written."""
    database = topic = f"scale_{ingesters}".upper()
    backlog = load.backlog
    programs.create_tables(database)
    producer = programs.start_producer(
        backlog, "--topic", topic, "--partitions", str(load.partitions)
    )
    if producer.wait(DEADLINE):
        raise producer.error("did not send everything")
    flags = ("--topic", topic, "--group", topic, "--metrics-port", "0", *load.flags)
    started = [
        programs.start_ingester(
            database,
            *flags,
            name=f"{database}_{number}",
            module="bench.distant_ingester",
            **load.environ,
        )
        for number in range(ingesters)
    ]
    share = load.partitions // ingesters
    for process in started:
        process.wait_until(partial(_has_its_share, process, share), DEADLINE)
    processes = [account, *started]
    cpu = [harness.cpu_seconds(each.pid) for each in processes]
    begun, before = time.monotonic(), programs.counts(database)[0]
    while programs.counts(database)[0] < backlog:
        if time.monotonic() - begun > DEADLINE:
            raise started[0].error("was not done")
        time.sleep(POLL_SECONDS)
    seconds, events = time.monotonic() - begun, backlog - before
    spent = [harness.cpu_seconds(each.pid) - had for each, had in zip(processes, cpu, strict=True)]
    rows, places = programs.counts(database)
    for process in started:
        process.stop()
        programs.stack.release(process)
    return {
        "ingesters": ingesters,
        "events": backlog,
        "events/s": round(events / seconds),
        "CPU µs per event: ingesters": _per_event(sum(spent[1:]), events),
        "account": _per_event(spent[0], events),
        "lost": backlog - places,
        "twice": rows - places,
    }


def _per_event(seconds: float, events: int) -> float:
    return round(seconds / max(events, 1) * 1e6, 1)


def _has_its_share(process: Process, share: int) -> bool:
    """Was its last assignment one of as many partitions as each member of the full group gets?"""
    log = process.log.read_text(encoding="utf-8", errors="replace")
    last = log.rpartition("assigned partitions [")[2].partition("]")[0]
    return bool(last) and len(last.split(",")) == share


# --- many readers --------------------------------------------------------------------------------


@dataclass
class Readers:
    """Threads with a connection each, which read one view after the other, and check."""

    machine: Machine
    count: int
    milliseconds: list[float] = field(default_factory=list)
    checks: int = 0
    half: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Readers":
        for number in range(self.count):
            thread = threading.Thread(target=self._read, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _read(self, number: int) -> None:
        database = self.machine.target.database
        try:
            with self.machine.target.connect() as account:
                cursor = account.connection.cursor()
                for view in itertools.islice(itertools.cycle(VIEWS), number % len(VIEWS), None):
                    if self._stop.is_set():
                        return
                    begun = time.perf_counter()
                    cursor.execute(VIEW.format(database=database, view=view))
                    cursor.fetchall()
                    self.milliseconds.append((time.perf_counter() - begun) * 1000)
                    cursor.execute(HALF.format(database=database))
                    [(difference,)] = cursor.fetchall()
                    self.checks += 1
                    if difference:
                        self.half.append(int(difference))
        except Exception as error:
            self.errors.append(str(error))


def with_readers(machine: Machine, count: int, rate: float, seconds: float) -> dict[str, Any]:
    """The pipeline at this rate for so long, and so many readers meanwhile."""
    begun = time.monotonic()
    with machine.target.connect() as account, Readers(machine, count) as readers:
        figures = latency.measure(machine, account, rate, seconds)
        elapsed = time.monotonic() - begun
    if readers.errors:
        raise RuntimeError(f"{len(readers.errors)} readers failed, first: {readers.errors[0]}")
    times = readers.milliseconds
    return {
        "readers": count,
        "queries/s": round(2 * len(times) / elapsed, 1),
        "view ms, median": round(harness.percentile(times, 0.5), 1),
        "p95": round(harness.percentile(times, 0.95), 1),
        "events/s to PRODUCTION": round(int(figures["EVENTS"]) / elapsed, 1),
        "event to PRODUCTION s, p95": round(float(figures["P95"]), 1),
        "looks at offsets and rows": readers.checks,
        "half transactions": len(readers.half),
    }


def run_ingesters(numbers: Sequence[int], load: Load) -> list[dict[str, Any]]:
    with running() as programs:
        programs.start_broker()
        account = programs.start_account()
        return [scale_out(programs, account, number, load) for number in numbers]


def run_readers(
    counts: Sequence[int],
    rate: float,
    seconds: float,
    cadence: latency.Cadence = latency.CADENCES[0],
    deploy: latency.Deploy = latency.deploy_with_snow,
) -> list[dict[str, Any]]:
    with latency.pipeline(cadence, deploy) as machine:
        return [with_readers(machine, count, rate, seconds) for count in counts]


def main(argv: Sequence[str] | None = None) -> int:
    """1 where a message was lost or there twice, or a reader saw half a transaction."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale_out", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--backlog", type=int, default=100_000, help="messages (%(default)s)")
    parser.add_argument("--ingesters", type=int, nargs="*", default=INGESTERS)
    parser.add_argument("--partitions", type=int, default=PARTITIONS, help="(%(default)s)")
    parser.add_argument("--batch", type=int, help="events that make a batch at most")
    parser.add_argument(
        "--statement-ms", type=int, default=0, help="each statement of a batch takes so much longer"
    )
    parser.add_argument(
        "--rows-ms", type=int, default=0, help="the same for its INSERT or COPY INTO"
    )
    parser.add_argument("--readers", type=int, nargs="*", default=READERS)
    parser.add_argument("--rate", type=float, default=50, help="events per second beside readers")
    parser.add_argument("--seconds", type=float, default=60, help="of readers (%(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    options = parser.parse_args(argv)
    bad = 0
    if options.ingesters:
        load = Load(
            options.backlog,
            options.partitions,
            options.batch,
            options.statement_ms,
            options.rows_ms,
        )
        rows = run_ingesters(options.ingesters, load)
        title = f"Ingesters over {load.partitions} partitions"
        harness.show(title, rows, as_json=options.json)
        bad += sum(each["lost"] + each["twice"] for each in rows)
    if options.readers:
        rows = run_readers(options.readers, options.rate, options.seconds)
        harness.show("Readers beside the pipeline", rows, as_json=options.json)
        bad += sum(each["half transactions"] for each in rows)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
