"""How fast events come from Kafka into RAW, and where the time goes.

    python -m bench.ingest --backlog 200000

One ingester process, the real connector, the local account; for batches of 50, 500 and 5,000 events
and for a backlog, bound to statements and as files, each from a topic that is full already. Beside
it, in the same run: kafka-python that only reads the topic (the limit), with the package crc32c
that this project asks for and as pip installs it; and two ingesters as people write them first, on
fewer events (their rate is what it is for any number).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.caves.machine.broker import KINDS, TANSU
from app.caves.machine.supervision import Process
from bench import harness
from bench.measured_ingester import WANTED, WATCHED
from bench.programs import TOPIC, Programs, running

# A message counts in a batch with this and its key besides its value (ingest.messages).
_EVENT_BYTES = 775
_BATCHES = (50, 500, 5000)
# So many batches of each size, and no more than the backlog has.
_BATCHES_EACH = {50: 40, 500: 12, 5000: 4}
_NAIVE = (("insert", 1, 200), ("write_pandas", 50, 500), ("write_pandas", 5000, 10_000))
_DEADLINE = 1800.0
MAX_POLL_RECORDS = "CAVES_KAFKA_MAX_POLL_RECORDS"
_NO_FILES = ("--file-max-bytes", "0")

# kafka-python alone, by what computes its checksums: the name of its row, and how it is started.
_READERS = {
    "crc32c": ("kafka-python with crc32c, reading only", ("bench.kafka_reader",)),
    "Python": (
        "kafka-python as pip installs it, reading only",
        ("bench.without_crc32c", "bench.kafka_reader"),
    ),
}


def limited_to(batch: int) -> tuple[str, ...]:
    """The ingester's flags for batches of so many events. A batch takes all that has been polled,
    so its bytes set its size."""
    return ("--batch-max-bytes", str(batch * _EVENT_BYTES), *_NO_FILES)


@dataclass(frozen=True)
class Case:
    """A run of the ingester: its name, how many events, how many make a batch at most, and what
    other flags it has."""

    name: str
    events: int
    batch: int | None = None
    more: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        return self.more if self.batch is None else (*limited_to(self.batch), *self.more)

    @property
    def environ(self) -> dict[str, str]:
        return {MAX_POLL_RECORDS: str(self.batch)} if self.batch else {}


def cases(backlog: int) -> list[Case]:
    """Small batches first."""
    sized = [
        Case(f"batches of {size}", min(backlog, size * _BATCHES_EACH[size]), size)
        for size in _BATCHES
    ]
    bound = Case("backlog, bound", backlog, more=_NO_FILES)
    return [*sized, bound, Case("backlog", backlog)]


def row(name: str, events: int, figures: dict[str, Any]) -> dict[str, Any]:
    """One line of the table, from what `bench.measured_ingester` says; CPU is per event."""
    micro = 1e6 / events
    account, broker = figures["others"]
    batches = figures["batches"]
    return {
        "ingester": name,
        "events": events,
        "events/s": round(events / figures["seconds"]),
        "events per batch": round(events / batches, 1),
        "statements per batch": round(figures["statements"] / batches, 1),
        "KB per batch": round(figures["bytes"] / batches / 1000, 1),
        "KB sent": round(figures["compressed"] / batches / 1000, 1),
        "CPU µs per event: ingester": round((figures["cpu"] - figures["connector"]) * micro, 1),
        "connector": round(figures["connector"] * micro, 1),
        "account": round(account * micro, 1),
        "broker": round(broker * micro, 1),
    }


def naive_row(way: str, batch: int, events: int, figures: dict[str, float]) -> dict[str, Any]:
    """The same for an ingester that only counts seconds; 'connector' is all of its process."""
    micro = 1e6 / events
    return {
        "ingester": "one INSERT per event" if way == "insert" else f"{way} of {batch}",
        "events": events,
        "events/s": round(events / figures["seconds"]),
        "events per batch": batch,
        "CPU µs per event: ingester": round(figures["cpu"] * micro, 1),
        "account": round(figures["account"] * micro, 1),
    }


def goals(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was aimed at, and what was reached, from the table's rows by name."""
    rate = {each["ingester"]: each["events/s"] for each in rows}
    backlog, naive = rate["backlog"], rate["one INSERT per event"]
    shares = [
        {
            "goal": f"of {name}",
            "at least": "50 %",
            "reached": f"{100 * backlog / rate[name]:.0f} %",
        }
        for name, _ in _READERS.values()
    ]
    return [
        {"goal": "events/s from a backlog", "at least": 12_000, "reached": backlog},
        *shares,
        {
            "goal": "times one INSERT per event",
            "at least": 50,
            "reached": round(backlog / max(naive, 1)),
        },
    ]


@dataclass
class Bench:
    programs: Programs
    account: Process
    broker: Process
    _databases: int = 0

    def ingest(self, case: Case) -> dict[str, Any]:
        """Read the topic's first `events` with the real ingester, into tables of its own."""
        database = self._database()
        environ = {WATCHED: f"{self.account.pid},{self.broker.pid}", WANTED: str(case.events)}
        process = self.programs.start_ingester(
            database,
            *("--group", database, "--metrics-port", "0", "--idle-exit", "1", *case.flags),
            name=database,
            module="bench.measured_ingester",
            **environ,
            **case.environ,
        )
        figures = self._finished(process, database)
        rows, places = self.programs.counts(database)
        if rows != places or rows < case.events:
            raise process.error(f"{rows} rows of {places} messages, of {case.events}")
        return row(case.name, figures["events"], figures)

    def read(self, checksums: str, events: int) -> dict[str, Any]:
        """kafka-python with the ingester's settings, which only counts."""
        name, modules = _READERS[checksums]
        command = (sys.executable, "-m", *modules, self.programs.servers, TOPIC, str(events))
        before = harness.cpu_seconds(self.broker.pid)
        process = self.programs.start(f"reader-{checksums}", *command)
        figures = self._finished(process, f"reader-{checksums}")
        if figures["checksums"] != checksums:
            raise process.error(f"its checksums were computed by {figures['checksums']}")
        micro = 1e6 / events
        return {
            "ingester": name,
            "events": events,
            "events/s": round(events / figures["seconds"]),
            "CPU µs per event: ingester": round(figures["cpu"] * micro, 1),
            "broker": round((harness.cpu_seconds(self.broker.pid) - before) * micro, 1),
        }

    def naive(self, way: str, batch: int, events: int) -> dict[str, Any]:
        database = self._database()
        before = harness.cpu_seconds(self.account.pid)
        process = self.programs.start_ingester(
            database,
            *("--topic", TOPIC, "--events", str(events), "--batch", str(batch), "--way", way),
            name=database,
            module="bench.naive_ingester",
        )
        figures = self._finished(process, database)
        figures["account"] = harness.cpu_seconds(self.account.pid) - before
        return naive_row(way, batch, events, figures)

    def _database(self) -> str:
        self._databases += 1
        name = f"INGEST_{self._databases}"
        self.programs.create_tables(name)
        return name

    def _finished(self, process: Process, name: str) -> dict[str, Any]:
        code = process.wait(_DEADLINE)
        if code:
            raise process.error(f"ended with code {code}")
        self.programs.stack.release(process)
        figures: dict[str, Any] = json.loads(self.programs.output(name).splitlines()[-1])
        return figures


def run(backlog: int, naive_share: float, kind: str = TANSU) -> list[dict[str, Any]]:
    with running(kind) as programs:
        broker = programs.start_broker()
        account = programs.start_account()
        producer = programs.start_producer(backlog)
        if producer.wait(_DEADLINE):
            raise producer.error("did not send everything")
        bench = Bench(programs, account, broker)
        rows = [bench.ingest(case) for case in cases(backlog)]
        rows += [bench.read(checksums, backlog) for checksums in _READERS]
        rows += [
            bench.naive(way, batch, max(min(batch, backlog), min(round(n * naive_share), backlog)))
            for way, batch, n in _NAIVE
        ]
        return rows


def filled(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every row with every column; what does not apply is blank."""
    names = list(dict.fromkeys(name for each in rows for name in each))
    return [{name: each.get(name, "") for name in names} for each in rows]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--backlog", type=int, default=200_000, help="messages (%(default)s)")
    parser.add_argument(
        "--naive-share", type=float, default=1.0, help="of the naive ingesters' events"
    )
    parser.add_argument("--broker", choices=KINDS, default=TANSU, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    options = parser.parse_args(argv)
    rows = run(options.backlog, options.naive_share, options.broker)
    harness.show("Events from Kafka into RAW", filled(rows), as_json=options.json)
    harness.show("Goals", goals(rows), as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
