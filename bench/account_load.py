"""A steady load on the local account: does anything of it grow for ever?

    python -m bench.account_load --minutes 60 --warm-up 15

Writers, readers, stream consumers, a MERGE, procedures, tasks, asynchronous queries and clients
that come and go, at a fixed pace; old rows are deleted, so the data has a steady size. One line of
figures per minute, then the slope of the account's memory with a verdict.

The warm-up goes four times as fast and is not judged. What is bounded must fill first: the caches
of statements, and DuckDB's queues of pages that may be evicted, which are tidied only when they
are long (32,768 entries each, 30 to 60 MB in all; `SELECT * FROM t LIMIT 100` again and again, in
DuckDB alone, shows the same).

Memory also rises and falls with the write-ahead log, every few minutes, when a checkpoint empties
it. The slope is therefore one of means, of ten minutes each: under half an hour none is judged.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import snowflake.connector

from bench import harness

_SAMPLE_SECONDS = 5.0
_BLOCK_HOURS = 1 / 6
# What is more than this in an hour would show within a day.
_FLAT_MB_PER_HOUR = 16.0
_KEPT_ROWS = 20_000
_BATCH = 50
_WARM_UP_PACE = 4.0

_SET_UP = (
    "CREATE DATABASE bench",
    "CREATE WAREHOUSE bench_wh",
    "USE SCHEMA bench.public",
    "CREATE TABLE raw (id INT, kind VARCHAR, payload VARIANT)",
    "CREATE TABLE staging (id INT, kind VARCHAR, quantity INT)",
    "CREATE TABLE product (kind VARCHAR, quantity INT, updated TIMESTAMP_NTZ)",
    "CREATE TABLE beats (at TIMESTAMP_NTZ)",
    "CREATE STREAM s_append ON TABLE raw APPEND_ONLY = TRUE",
    "CREATE STREAM s_standard ON TABLE staging",
    "CREATE STREAM s_task ON TABLE raw APPEND_ONLY = TRUE",
    "CREATE PROCEDURE count_staging(least INT) RETURNS VARIANT LANGUAGE PYTHON"
    " RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS $$\n"
    "def run(session, least):\n"
    "    rows = session.table('staging').filter(f'quantity >= {least}').count()\n"
    "    return {'rows': rows}\n"
    "$$",
    "CREATE TASK consume WAREHOUSE = bench_wh SCHEDULE = '10 SECONDS'"
    " WHEN SYSTEM$STREAM_HAS_DATA('s_task')"
    " AS INSERT INTO beats SELECT max(sysdate()) FROM s_task",
    "CREATE TASK tidy WAREHOUSE = bench_wh AFTER consume AS DELETE FROM beats"
    " WHERE at < dateadd('minute', -5, sysdate())",
    "ALTER TASK tidy RESUME",
    "ALTER TASK consume RESUME",
)


@dataclass
class Load:
    """Clients in threads, each with a work and a pause; counts statements and errors."""

    account: harness.BenchAccount
    pace: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)
    statements: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def run(self, cursor: Any, kind: str, sql: str, binds: Sequence[Any] = ()) -> list[Any]:
        started = time.perf_counter()
        rows: list[Any] = cursor.execute(sql, tuple(binds) or None).fetchall()
        self.milliseconds.append((time.perf_counter() - started) * 1000)
        self.statements[kind] += 1
        return rows

    def client(self, work: Callable[["Load", Any, random.Random], None], pause: float) -> None:
        """A client's thread: the same work again and again, whatever fails."""
        chance = random.Random(work.__name__)
        with self.account.connect(database="BENCH", schema="PUBLIC", warehouse="BENCH_WH") as own:
            while not self.stop.wait(pause / self.pace * chance.uniform(0.5, 1.5)):
                cursor = own.cursor()
                try:
                    work(self, cursor, chance)
                except snowflake.connector.errors.Error as error:
                    self.errors[f"{work.__name__}: {error.errno}"] += 1
                    if cursor.connection.is_closed():
                        return
                    cursor.execute("ROLLBACK")
                finally:
                    cursor.close()


def write(load: Load, cursor: Any, chance: random.Random) -> None:
    events = [
        {"id": chance.randrange(10**9), "kind": f"K{chance.randrange(20)}", "note": "é" * 100}
        for _ in range(_BATCH)
    ]
    load.run(cursor, "write", "BEGIN")
    load.run(
        cursor,
        "write",
        "INSERT INTO raw SELECT value:id::INT, value:kind::VARCHAR, value"
        " FROM TABLE(FLATTEN(PARSE_JSON(?)))",
        [json.dumps(events)],
    )
    load.run(cursor, "write", "COMMIT")


def write_many(load: Load, cursor: Any, chance: random.Random) -> None:
    rows = [(chance.randrange(10**9), "many") for _ in range(20)]
    cursor.executemany("INSERT INTO raw (id, kind) VALUES (?, ?)", rows)
    load.statements["write"] += 1


def read(load: Load, cursor: Any, chance: random.Random) -> None:
    kind = chance.choice(("raw", "staging"))
    load.run(cursor, "read", f"SELECT kind, count(*), max(id) FROM {kind} GROUP BY kind")
    load.run(cursor, "read", f"SELECT * FROM {kind} WHERE id % 7 = {chance.randrange(7)} LIMIT 500")


def stage(load: Load, cursor: Any, chance: random.Random) -> None:
    load.run(
        cursor,
        "consume",
        "INSERT INTO staging SELECT id, kind, id % 10 FROM s_append"
        " WHERE METADATA$ACTION = 'INSERT'",
    )


def merge(load: Load, cursor: Any, chance: random.Random) -> None:
    load.run(cursor, "consume", "BEGIN")
    load.run(
        cursor,
        "consume",
        "MERGE INTO product p USING (SELECT kind, sum(quantity) AS quantity FROM s_standard"
        " WHERE METADATA$ACTION = 'INSERT' GROUP BY kind) s ON p.kind = s.kind"
        " WHEN MATCHED THEN UPDATE SET quantity = p.quantity + s.quantity, updated = sysdate()"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.kind, s.quantity, sysdate())",
    )
    load.run(cursor, "consume", "COMMIT")


def change(load: Load, cursor: Any, chance: random.Random) -> None:
    load.run(
        cursor,
        "write",
        f"UPDATE staging SET quantity = quantity + 1 WHERE id % 97 = {chance.randrange(97)}",
    )


def call(load: Load, cursor: Any, chance: random.Random) -> None:
    load.run(cursor, "call", f"CALL count_staging({chance.randrange(9)})")


def ask(load: Load, cursor: Any, chance: random.Random) -> None:
    cursor.execute_async("SELECT kind, count(*) FROM raw GROUP BY kind")
    cursor.get_results_from_sfqid(cursor.sfqid)
    cursor.fetchall()
    load.statements["async"] += 1


def visit(load: Load, cursor: Any, chance: random.Random) -> None:
    """A client that comes, makes a temporary table, and goes."""
    with load.account.connect(database="BENCH", schema="PUBLIC") as own:
        other = own.cursor()
        load.run(other, "visit", "CREATE TEMPORARY TABLE mine AS SELECT * FROM raw LIMIT 100")
        load.run(other, "visit", "SELECT count(*) FROM mine")
        load.run(other, "visit", "SHOW TABLES")


def tidy(load: Load, cursor: Any, chance: random.Random) -> None:
    """Keep the tables at a steady size: the oldest rows go."""
    for table in ("raw", "staging"):
        excess = load.run(cursor, "tidy", f"SELECT count(*) FROM {table}")[0][0] - _KEPT_ROWS
        if excess > 0:
            share = max(int(_KEPT_ROWS / excess), 1) + 1
            load.run(
                cursor,
                "tidy",
                f"DELETE FROM {table} WHERE id % {share} = {chance.randrange(share)}",
            )


_CLIENTS: tuple[tuple[Callable[[Load, Any, random.Random], None], float], ...] = (
    (write, 0.5),
    (write, 0.5),
    (write_many, 1.0),
    (read, 0.2),
    (read, 0.2),
    (stage, 0.5),
    (merge, 1.0),
    (change, 2.0),
    (call, 0.5),
    (ask, 1.0),
    (visit, 2.0),
    (tidy, 10.0),
)


@dataclass
class Samples:
    """Memory every few seconds, and a row of figures per minute."""

    load: Load
    memory: list[tuple[float, float]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def take(self, minutes: float) -> None:
        """Sample until the time is over; the verdict is on what this call has sampled."""
        self.memory.clear()
        pid = self.load.account.process.pid
        started = mark = time.monotonic()
        while time.monotonic() - started < minutes * 60:
            time.sleep(_SAMPLE_SECONDS)
            if self.load.account.process.poll() is not None:
                raise RuntimeError("the account has ended under the load")
            now = time.monotonic()
            self.memory.append(((now - started) / 3600, harness.resident_mb(pid)))
            if now - mark >= 60 or now - started >= minutes * 60:
                self._row((now - started) / 60, now - mark, pid)
                mark = now

    def _row(self, minute: float, seconds: float, pid: int) -> None:
        load, state = self.load, self.load.account.state()
        milliseconds, load.milliseconds = load.milliseconds, []
        statements, load.statements = load.statements, Counter()
        workers = harness.descendants(pid)
        row = {
            "min": round(minute),
            "stmt/s": round(statements.total() / seconds, 1),
            "p50 ms": round(harness.percentile(milliseconds, 0.5), 1),
            "p99 ms": round(harness.percentile(milliseconds, 0.99)),
            "errors": load.errors.total(),
            "RSS MB": round(harness.resident_mb(pid)),
            "workers": len(workers),
            "their MB": round(sum(map(harness.resident_mb, workers))),
            "files": harness.open_files(pid),
            "threads": harness.threads(pid),
            "disk MB": round(harness.folder_mb(load.account.data), 1),
            **state,
        }
        self.rows.append(row)
        sys.stderr.write(" ".join(f"{name}={value}" for name, value in row.items()) + "\n")

    def verdict(self) -> dict[str, Any]:
        """The slope of the account's memory since the warm-up, in MB an hour."""
        rise, error = harness.slope(harness.means(self.memory, _BLOCK_HOURS))
        low, high = rise - 2 * error, rise + 2 * error
        if high <= _FLAT_MB_PER_HOUR:
            answer = "flat"
        elif low > _FLAT_MB_PER_HOUR:
            answer = "grows"
        else:
            answer = "not decided: a longer run tells"
        return {
            "MB per hour": round(rise, 1),
            "between": f"{low:.1f} and {high:.1f}",
            "flat is below": _FLAT_MB_PER_HOUR,
            "verdict": answer,
        }


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.account_load", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--minutes", type=float, default=60, help="how long (%(default)s)")
    parser.add_argument(
        "--warm-up", type=float, default=15, help="minutes before that (%(default)s)"
    )
    parser.add_argument("--pace", type=float, default=1, help="times as fast (%(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """0 where the memory is flat or the run too short to tell, 1 where it grows."""
    options = parser().parse_args(argv)
    with harness.account() as account:
        with account.connect() as connection:
            for statement in _SET_UP:
                connection.cursor().execute(statement)
        load = Load(account, options.pace * _WARM_UP_PACE)
        clients = [
            threading.Thread(target=load.client, args=each, daemon=True) for each in _CLIENTS
        ]
        for client in clients:
            client.start()
        samples = Samples(load)
        try:
            samples.take(options.warm_up)
            load.pace = options.pace
            samples.take(options.minutes)
        finally:
            load.stop.set()
            for client in clients:
                client.join(30)
        restart = account.kill_and_restart()
    harness.show("The account under a steady load", samples.rows, as_json=options.json)
    if load.errors:
        harness.show("Errors", [dict(load.errors)], as_json=options.json)
    verdict = {**samples.verdict(), "restart after kill -9": f"{restart:.1f} s"}
    harness.show("The account's memory", [verdict], as_json=options.json)
    return int(verdict["verdict"] == "grows")


if __name__ == "__main__":
    sys.exit(main())
