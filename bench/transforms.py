"""RAW → STAGING → PRODUCTION, procedure by procedure, beside SQL written by hand for DuckDB.

    python -m bench.transforms --events 10000,100000 --profile

Both work on the same events, on the same machine and on files; what both have made is compared
row by row. With --profile: what each procedure's time in the account goes to, by samples.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from bench import harness, pipeline

DATABASE = "BENCH"
_BY_HAND = Path(__file__).with_name("by_hand.sql")
_TABLES = {
    "STG_ORDERS": "STAGING",
    "STG_INVENTORY_ADJ": "STAGING",
    "REJECTED_EVENTS": "RAW_DATA",
    "ORDERS": "PRODUCTION",
    "INVENTORY_HISTORY": "PRODUCTION",
    "INVENTORY_CURRENT": "PRODUCTION",
}
# When a row was written is not what it says.
_MOMENTS = ("CREATED_AT", "UPDATED_AT", "REJECTED_AT")


class Cost(NamedTuple):
    """Seconds on the clock, and of computing: on a busy machine the latter tell more."""

    wall: float
    cpu: float


def measure(events: int, *, profile: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One row per procedure and one for all; with profile, where the account's time went."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        samples = Path(folder) / "samples.json"
        module = "bench.sampled_account" if profile else "flocon"
        with harness.account(module=module, environ={"BENCH_SAMPLES": str(samples)}) as account:
            seconds, spans = _by_procedures(account, events)
            account.process.terminate()
            account.process.wait(60)
            ours = account.data / "databases" / f"{DATABASE}.duckdb"
            by_hand, differing = _by_hand(ours, Path(folder) / "hand.duckdb")
        if differing:
            raise SystemExit(f"not the same result: {', '.join(differing)}")
        taken = json.loads(samples.read_text()) if profile else []
    return _rows(events, seconds, by_hand), _shares(events, taken, spans) if profile else []


def _by_procedures(
    account: harness.BenchAccount, events: int
) -> tuple[dict[str, Cost], dict[str, tuple[float, float]]]:
    spans = {}
    with account.connect() as connection, pipeline.deployed(connection, DATABASE) as deployed:
        # The first calls start the procedures' processes, and are not what is measured.
        deployed.cycle()
        deployed.write_events(events)
        seconds = {}
        pid = account.process.pid
        for name in pipeline.TRANSFORMS:
            began, computed = time.time(), _computed(pid)
            wall = deployed.call(name)
            seconds[name] = Cost(wall, _computed(pid) - computed)
            spans[name] = (began, time.time())
    return seconds, spans


def _computed(pid: int) -> float:
    """Seconds of computing so far, of the account and of its procedures' processes."""
    return sum(harness.cpu_seconds(each) for each in (pid, *harness.descendants(pid)))


def _by_hand(ours: Path, file: Path) -> tuple[dict[str, Cost], list[str]]:
    """Seconds per procedure of the SQL by hand, and the tables in which it came out otherwise."""
    with duckdb.connect(str(file)) as hand:
        hand.execute("SET TimeZone = 'UTC'")
        hand.execute(f"ATTACH '{ours}' AS ours (READ_ONLY)")
        hand.execute("CREATE TABLE RAW_EVENTS_STREAM AS FROM ours.RAW_DATA.RAW_EVENTS_STREAM")
        for table, schema in _TABLES.items():
            hand.execute(f"CREATE TABLE {table} AS FROM ours.{schema}.{table} LIMIT 0")
        hand.execute("CHECKPOINT")
        seconds = {}
        for name, statements in _statements().items():
            started, computed = time.perf_counter(), time.process_time()
            hand.execute(f"BEGIN; {statements} COMMIT")
            wall = time.perf_counter() - started
            seconds[name] = Cost(wall, time.process_time() - computed)
        return seconds, [table for table in _TABLES if _differs(hand, table)]


def _statements() -> dict[str, str]:
    parts = re.split(r"-- @(\w+)\n", _BY_HAND.read_text("utf-8"))[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _differs(hand: duckdb.DuckDBPyConnection, table: str) -> bool:
    columns = [row[0] for row in hand.execute(f"DESCRIBE {table}").fetchall()]
    names = ", ".join(_compared(name) for name in columns if name not in _MOMENTS)
    mine, theirs = (
        f"SELECT {names} FROM {table}",
        f"SELECT {names} FROM ours.{_TABLES[table]}.{table}",
    )
    found = hand.execute(
        f"SELECT (SELECT count(*) FROM (({mine}) EXCEPT ALL ({theirs})))"
        f" + (SELECT count(*) FROM (({theirs}) EXCEPT ALL ({mine})))"
    ).fetchall()
    return bool(found[0][0])


def _compared(column: str) -> str:
    """An event's members in whatever order: the account sorts them, as Snowflake does."""
    if column != "PAYLOAD":
        return column
    return f"""list_sort(map_entries(from_json({column}, '"MAP(VARCHAR, JSON)"')))"""


def _rows(events: int, account: dict[str, Cost], by_hand: dict[str, Cost]) -> list[dict[str, Any]]:
    rows = []
    for name in [*account, "all"]:
        mine, theirs = (
            costs[name] if name in costs else Cost(*map(sum, zip(*costs.values(), strict=True)))
            for costs in (account, by_hand)
        )
        rows.append(
            {
                "events": events,
                "procedure": name,
                "account s": round(mine.wall, 2),
                "by hand s": round(theirs.wall, 2),
                "ratio": round(mine.wall / theirs.wall, 2),
                "account CPU s": round(mine.cpu, 2),
                "by hand CPU s": round(theirs.cpu, 2),
                "CPU ratio": round(mine.cpu / theirs.cpu, 2),
            }
        )
    return rows


def _shares(
    events: int, samples: list[tuple[float, str]], spans: dict[str, tuple[float, float]]
) -> list[dict[str, Any]]:
    rows = []
    for name, (began, ended) in spans.items():
        counted = Counter(kind for at, kind in samples if began <= at <= ended)
        shares = {
            f"{kind} %": round(100 * counted[kind] / max(counted.total(), 1))
            for kind in ("DuckDB", "change tracking", "account", "Snowpark and HTTP")
        }
        rows.append({"events": events, "procedure": name, **shares})
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The transforms beside SQL by hand")
    parser.add_argument("--events", default="10000,100000", help="how many, in one run each")
    parser.add_argument("--profile", action="store_true", help="where the account's time goes")
    parser.add_argument("--json", action="store_true", help="one line per table")
    options = parser.parse_args(arguments)
    rows, shares = [], []
    for events in options.events.split(","):
        sys.stderr.write(f"{events} events …\n")
        measured, profiled = measure(int(events), profile=options.profile)
        rows += measured
        shares += profiled
    harness.show("The same result twice", rows, as_json=options.json)
    if shares:
        harness.show("Where the account's time goes", shares, as_json=options.json)


if __name__ == "__main__":
    main()
