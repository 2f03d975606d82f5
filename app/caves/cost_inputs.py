"""What `caves cost` knows of a pipeline: measured in the account, or assumed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.cost_model import Inputs, billed, credits_per_hour
from app.caves.deployment.warehouse import find
from app.caves.errors import CommandError, UsageError, one_line
from app.caves.objects import ROOT_TASKS, SHOW_TASKS, TASKS
from app.caves.settings import trigger_interval
from app.caves.target import Account, Row, is_missing

# Hours that had a batch, of those since the first one.
EVENTS = """
SELECT
    SUM(ROW_COUNT) AS EVENTS,
    SUM(BATCH_COUNT) AS BATCHES,
    COUNT(*) AS ACTIVE_HOURS,
    DATEDIFF('hour', MIN(FIRST_BATCH_AT), SYSDATE()) + 1 AS HOURS,
    DATEDIFF('second', MIN(FIRST_BATCH_AT), SYSDATE()) AS SECONDS
FROM {db}.OPS.INGESTION_PER_HOUR
"""
# A row per run of a graph that had data, from its first task's start to its last one's end. The
# arguments choose before the limit does; skipped runs are left out only afterwards.
# https://docs.snowflake.com/en/sql-reference/functions/task_history
GRAPH_RUNS = """
SELECT
    ROOT_TASK_ID,
    MAX(IFF(NAME = 'TASK_PURGE', 1, 0)) AS IS_PURGE,
    DATEDIFF('millisecond', MIN(QUERY_START_TIME), MAX(COMPLETED_TIME)) / 1000 AS SECONDS
FROM ({calls})
WHERE QUERY_START_TIME IS NOT NULL AND COMPLETED_TIME IS NOT NULL
GROUP BY ROOT_TASK_ID, GRAPH_RUN_GROUP_ID
"""
RUNS_OF_TASK = """
SELECT NAME, ROOT_TASK_ID, GRAPH_RUN_GROUP_ID, QUERY_START_TIME, COMPLETED_TIME
FROM TABLE({{db}}.INFORMATION_SCHEMA.TASK_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('day', -1, CURRENT_TIMESTAMP()),
    RESULT_LIMIT => 10000,
    DATABASE_NAME => '{{db}}', SCHEMA_NAME => 'OPS', TASK_NAME => '{name}'
))
"""
# Below eight hours the load comes in intervals of five seconds.
# https://docs.snowflake.com/en/sql-reference/functions/warehouse_load_history
LOAD_HOURS = 7
LOAD = """
SELECT
    DATEDIFF('second', DATEADD('hour', -7, CURRENT_TIMESTAMP()), START_TIME) AS STARTED,
    DATEDIFF('second', DATEADD('hour', -7, CURRENT_TIMESTAMP()), END_TIME) AS ENDED
FROM TABLE({{db}}.INFORMATION_SCHEMA.WAREHOUSE_LOAD_HISTORY(
    DATE_RANGE_START => DATEADD('hour', -7, CURRENT_TIMESTAMP()),
    DATE_RANGE_END => CURRENT_TIMESTAMP(),
    WAREHOUSE_NAME => '{name}'
))
WHERE AVG_RUNNING > 0
"""
UNITS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600}
ASSUMED = {
    "events_per_second": "assumed: what the producer sends",
    "active_share": "assumed",
    "ingest_seconds": "assumed: five statements of a batch, or a sign of life",
    "run_seconds": "assumed",
    "purge_seconds": "assumed",
    "cold_start_seconds": "assumed: as Snowflake's pages say",
    "alert_seconds": "assumed",
    "warehouse_size": "assumed",
    "generation": "assumed: warehouse_generation in snowflake.yml",
    "auto_suspend": "assumed",
}


@dataclass(frozen=True)
class Known:
    """Values of Inputs by name, and where each comes from; and, to compare with the estimate, what
    the deployed tasks did in the last day, and the warehouse's own record, or why that cannot be
    read."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    deployed: Row | None = None
    load: Row | None = None
    unread_load: str | None = None


def measure(account: Account, warehouse: str) -> Known:
    """What the last day says; anything that has not happened yet is left to the assumptions."""
    try:
        events, tasks = account.row(EVENTS), account.rows(SHOW_TASKS)
        runs = _graph_runs(account)
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(
                f"the pipeline is not in {account.database}: run `caves deploy` first, or use"
                " --offline"
            ) from error
        raise
    found = {**_events(events), **_run_times(runs), **_warehouse(account, warehouse)}
    deployed = _deployed(tasks, events, runs)
    if "run_seconds" in found and "triggered" in deployed["TASKS"]:
        found["cold_start_seconds"] = (0.0, "measured: in run_seconds, since tasks are triggered")
    values = {name: value for name, (value, _) in found.items()}
    sources = {name: source for name, (_, source) in found.items()}
    known = Known(values, sources, deployed)
    try:
        return replace(known, load=_load(account, warehouse, values))
    except ProgrammingError as error:
        # Its right is one that those who run the pipeline need not have.
        return replace(known, unread_load=one_line(error))


def _graph_runs(account: Account) -> list[Row]:
    calls = [RUNS_OF_TASK.format(name=name.split(".")[1]) for name in TASKS]
    return account.rows(GRAPH_RUNS.format(calls="UNION ALL".join(calls)))


def _deployed(tasks: Sequence[Row], events: Row, runs: Sequence[Row]) -> Row:
    roots = {name.split(".")[1] for name in ROOT_TASKS}
    schedules = sorted({row["SCHEDULE"] or "triggered" for row in tasks if row["NAME"] in roots})
    return {
        "TASKS": ", ".join(schedules),
        "BATCHES": int(events["BATCHES"] or 0),
        "RUNS": sum(not row["IS_PURGE"] for row in runs),
        "HOURS": round(min(float(events["SECONDS"] or 0) / 3600, 24.0), 2),
    }


Found = dict[str, tuple[Any, str]]


def _events(row: Row) -> Found:
    """The first batch had gathered its events before it came, so it counts for no time; one batch
    alone says nothing."""
    events, batches = int(row["EVENTS"] or 0), int(row["BATCHES"] or 0)
    if batches < 2:
        return {}
    share = min(row["ACTIVE_HOURS"] / min(row["HOURS"], 24), 1.0)
    seconds = max(float(row["SECONDS"]) * share, 1.0)
    over = f"INGESTION_PER_HOUR, {events} events in {row['SECONDS'] / 3600:.1f} h"
    return {
        "events_per_second": (events * (1 - 1 / batches) / seconds, f"measured: {over}"),
        "active_share": (share, f"measured: hours with events, {over}"),
    }


def _run_times(rows: Sequence[Row]) -> Found:
    """Both graphs start together, so the slower one counts."""
    found: Found = {}
    for name, purge in (("run_seconds", 0), ("purge_seconds", 1)):
        runs = [row for row in rows if row["IS_PURGE"] == purge]
        roots = {row["ROOT_TASK_ID"] for row in runs}
        means = [_mean(float(r["SECONDS"]) for r in runs if r["ROOT_TASK_ID"] == x) for x in roots]
        if means:
            source = f"measured: TASK_HISTORY, {len(runs)} runs with data in a day"
            found[name] = (max(means), source)
    return found


def _mean(values: Any) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def _warehouse(account: Account, name: str) -> Found:
    """Without a right on the warehouse, SHOW does not list it."""
    found = find(account, name)
    if found is None:
        return {}
    source = f"SHOW WAREHOUSES: {name}"
    return {
        "warehouse_size": (found.size, source),
        "auto_suspend": (found.auto_suspend, source),
        **({"generation": (found.generation, source)} if found.generation else {}),
    }


def _load(account: Account, warehouse: str, values: Mapping[str, Any]) -> Row | None:
    """The rule applied to what the warehouse really did, for all its users; None where it did
    nothing. Raises ProgrammingError without a right to see it."""
    rows = account.rows(LOAD.format(name=warehouse.replace("'", "''")))
    if not rows:
        return None
    work = [(float(row["STARTED"]), float(row["ENDED"])) for row in rows]
    resumes, seconds = billed(work, values.get("auto_suspend", 60.0))
    hourly = credits_per_hour(values.get("warehouse_size", "XSMALL"), values.get("generation", "1"))
    hours = (LOAD_HOURS * 3600 - min(start for start, _ in work)) / 3600
    awake = min(seconds / 3600, hours)
    return {
        "HOURS": round(hours, 2),
        "RESUMES": resumes,
        "AWAKE_HOURS": round(awake, 2),
        "CREDITS_PER_DAY": round(awake / hours * 24 * hourly, 2),
    }


def inputs(known: Known, settings: Mapping[str, str], rate: float | None = None) -> Inputs:
    """The inputs for a profile's settings; `rate` stands for the measured events, all day long."""
    values = dict(known.values)
    if rate is not None:
        values |= {"events_per_second": rate, "active_share": 1.0}
    return Inputs(
        **{
            "events_per_second": 1.0,
            "generation": settings.get("warehouse_generation", "1"),
            **values,
            "batch_seconds": _number(settings, "batch_max_seconds"),
            "batch_events": _number(settings, "batch_max_events"),
            "sign_every": _number(settings, "sign_of_life_seconds") or None,
            **_trigger(settings["task_trigger"]),
            "alert_every": alert_period(settings) if settings.get("alert_warehouse") else None,
        }
    )


def _trigger(text: str) -> dict[str, float | None]:
    """What starts the root tasks: a schedule, or their streams, at most so often."""
    seconds = trigger_interval(text)
    if seconds is not None:
        return {"task_every": None, "trigger_every": float(seconds)}
    return {"task_every": _period(text)}


def _number(settings: Mapping[str, str], name: str) -> float:
    try:
        return float(settings[name])
    except (KeyError, ValueError):
        raise UsageError(f"{name} in snowflake.yml is not a number") from None


def alert_period(settings: Mapping[str, str]) -> float | None:
    """Seconds from one look of the alert to the next; None where there is no alert."""
    return _period(settings.get("alert_schedule", ""))


def _period(text: str) -> float | None:
    """The seconds of `… '1 MINUTE'`; None where there is no schedule."""
    if not text.strip():
        return None
    match = re.search(r"(\d+)\s*(SECOND|MINUTE|HOUR)", text.upper())
    if not match:
        raise UsageError(f"the cost of the schedule {text!r} is not known: only of intervals")
    return float(match[1]) * UNITS[match[2]]


def table(known: Known, example: Inputs, rate: float | None) -> list[Row]:
    """INPUT, VALUE, SOURCE of what all profiles share."""
    rows = []
    for name, assumed in ASSUMED.items():
        source = known.sources.get(name, assumed)
        if rate is not None and name in ("events_per_second", "active_share"):
            source = "--rate"
        value = getattr(example, name)
        rounded = round(value, 4) if isinstance(value, float) else value
        rows.append({"INPUT": name, "VALUE": rounded, "SOURCE": source})
    return rows
