"""Does a cycle of 1,000 events cost more when millions of rows lie behind it?

    python -m bench.growth --rows 0,1000000

For each number of events that the pipeline has processed before: seconds of each procedure for the
next 1,000 events (the median of several cycles), what the database takes on the disk, and how long
the account takes to start again and what memory it then has.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from bench import harness, pipeline

DATABASE = "BENCH"
_EVENTS = 1000
_CYCLES = 15
_AT_ONCE = 1_000_000
_TRIM_SECONDS = 60.0


def measure(rows: int) -> dict[str, Any]:
    """One row of the table."""
    with harness.account() as account:
        with account.connect() as connection, pipeline.deployed(connection, DATABASE) as deployed:
            # The first calls start the procedures' processes, and are not what is measured.
            deployed.write_events(_EVENTS)
            deployed.cycle()
            _fill(account, deployed, rows)
            storage = harness.folder_mb(account.data / "databases")
            writing, cycles, computing = _cycles(account, deployed)
        start = account.kill_and_restart()
        memory = harness.resident_mb(account.process.pid)
    medians = {
        name.lower(): round(statistics.median(cycle[name] for cycle in cycles), 3)
        for name in pipeline.TRANSFORMS
    }
    return {
        "rows behind": rows,
        "write s": round(statistics.median(writing), 3),
        **medians,
        "cycle s": round(statistics.median(sum(cycle.values()) for cycle in cycles), 2),
        "cycle CPU s": round(statistics.median(computing), 2),
        "disk MB": round(storage, 1),
        "start s": round(start, 2),
        "memory MB": round(memory),
    }


def _fill(account: harness.BenchAccount, deployed: pipeline.Pipeline, rows: int) -> None:
    """Let the pipeline process this many events, and the account forget what they changed."""
    for first in range(0, rows, _AT_ONCE):
        deployed.write_events(min(_AT_ONCE, rows - first))
        deployed.cycle()
    deadline = time.monotonic() + _TRIM_SECONDS
    while account.state()["logged rows"] and time.monotonic() < deadline:
        time.sleep(0.5)


def _cycles(
    account: harness.BenchAccount, deployed: pipeline.Pipeline
) -> tuple[list[float], list[dict[str, float]], list[float]]:
    """Seconds of writing, of each procedure, and of computing for both, cycle by cycle."""
    writing, cycles, computing = [], [], []
    for _ in range(_CYCLES):
        before, started = _computed(account), time.perf_counter()
        deployed.write_events(_EVENTS)
        writing.append(time.perf_counter() - started)
        cycles.append(deployed.cycle())
        computing.append(_computed(account) - before)
    return writing, cycles, computing


def _computed(account: harness.BenchAccount) -> float:
    pid = account.process.pid
    return sum(harness.cpu_seconds(each) for each in (pid, *harness.descendants(pid)))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A cycle with few and with many rows behind it")
    parser.add_argument("--rows", default="0,1000000", help="events processed before, in turn")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args(arguments)
    measured = []
    for rows in options.rows.split(","):
        sys.stderr.write(f"{rows} rows …\n")
        measured.append(measure(int(rows)))
    empty = measured[0]
    for row in measured:
        row["CPU to the first"] = round(row["cycle CPU s"] / empty["cycle CPU s"], 2)
    harness.show("A cycle of 1,000 events, by what lies behind it", measured, as_json=options.json)


if __name__ == "__main__":
    main()
