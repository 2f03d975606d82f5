"""What the pipeline's warehouse costs: the rule, as functions of numbers alone.

1. A running warehouse is billed by the second, whether it works or not, and for at least 60 seconds
   each time it resumes. https://docs.snowflake.com/en/user-guide/cost-understanding-compute
2. An hour of an X-Small warehouse is one credit; each size doubles it. (the same page) One of
   generation 2 costs some 1.35 times as much on AWS and GCP, 1.25 times on Azure: the consumption
   table decides, https://www.snowflake.com/legal-files/CreditConsumptionTable.pdf
3. Any statement that needs it resumes it. It suspends AUTO_SUSPEND seconds after the last statement
   has ended; Snowflake looks about every 30 seconds, which is left out here.
   https://docs.snowflake.com/en/sql-reference/sql/create-warehouse
4. So a wake-up costs its work and the AUTO_SUSPEND seconds after it, and work that comes sooner
   than that prolongs it. A task each minute on AUTO_SUSPEND = 60 never lets it sleep: 24 credits a
   day. Work that comes together shares a wake-up: a triggered task follows the ingester's batch at
   once, a scheduled one comes at a moment of its own, here half a period after a batch.
5. A warehouse that has slept installs the packages of Python procedures again, before the first of
   them runs: about 30 seconds, in which the warehouse works and events wait.
   https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-packages
6. A run whose WHEN is false needs no warehouse. That, SHOW and logins are cloud services, which are
   charged only beyond a tenth of the day's warehouse credits: counted as nothing.
   https://docs.snowflake.com/en/user-guide/cost-understanding-compute
7. While no event comes, the ingester writes a sign of life every `sign_of_life_seconds`, and each
   is a wake-up of its own: about 62 seconds. A batch is as good as a sign: a busy day has none.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

RULE = (
    "A running warehouse is billed by the second, for at least 60 seconds each time it resumes.",
    "An hour of X-Small is 1 credit, of generation 2 about 1.35; each size doubles it.",
    "It suspends AUTO_SUSPEND seconds after its last statement; sooner work prolongs it.",
    "After a sleep the first run takes some 30 seconds more: packages are installed again.",
    "Runs without data (WHEN is false) need no warehouse; cloud services stay in the free tenth.",
    "Without events, each of the ingester's signs of life wakes it up for about a minute.",
    "The alert is serverless, unless alert_warehouse names a warehouse: billed apart, not counted.",
)
DAY = 86_400.0
DAYS_PER_MONTH = 30
MINIMUM_SECONDS = 60.0
# A triggered task looks for data within seconds, and runs at most this often, unless it says.
# https://docs.snowflake.com/en/user-guide/tasks-triggered
TRIGGER_SECONDS = 5.0
TRIGGER_INTERVAL = 30.0
# Batches that come closer are one piece of work.
SHORTEST_SECONDS = 1.0
SIZES = ("XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE", "3XLARGE", "4XLARGE")
# Of an hour, by generation; on Azure the second one is 1.25.
GENERATIONS = {"1": 1.0, "2": 1.35}
# Other names that Snowflake takes for a size.
# https://docs.snowflake.com/en/sql-reference/sql/create-warehouse
ALIASES = {"XXLARGE": "2XLARGE", "XXXLARGE": "3XLARGE", "X4LARGE": "4XLARGE"}

Interval = tuple[float, float]


@dataclass(frozen=True)
class Inputs:
    """What the estimate depends on; all times in seconds.

    active_share: the part of the day in which events come, evenly, `events_per_second` of them.
    task_every: the schedule of the root tasks; None: triggered, at most every `trigger_every`.
    ingest_seconds, run_seconds, purge_seconds: how long the warehouse works for a batch, for a run
    of both graphs, for a night's purge. cold_start_seconds: how much longer the first run after a
    sleep takes. sign_every: how often the ingester signs while nothing comes; None: never.
    alert_every: how often alerts ask the warehouse; None: they are serverless.
    """

    events_per_second: float
    batch_seconds: float
    batch_events: float
    task_every: float | None
    trigger_every: float = TRIGGER_INTERVAL
    active_share: float = 1.0
    ingest_seconds: float = 2.0
    run_seconds: float = 10.0
    purge_seconds: float = 30.0
    cold_start_seconds: float = 30.0
    sign_every: float | None = None
    alert_every: float | None = None
    alert_seconds: float = 2.0
    warehouse_size: str = "XSMALL"
    generation: str = "1"
    auto_suspend: float | None = 60.0


class Estimate(NamedTuple):
    """A day's figures. A month has 30 days. latency_seconds: how long an event may take from Kafka
    to PRODUCTION, at worst, when nothing fails."""

    batches: int
    signs: int
    runs: int
    resumes: int
    awake_hours: float
    credits_per_day: float
    credits_per_month: float
    latency_seconds: float


def estimate(inputs: Inputs) -> Estimate:
    """The cost of a day like every other."""
    batches = _batches(inputs)
    signs = _signs(inputs, batches)
    runs = _runs(inputs, batches)
    procedures = [
        *((start, start + inputs.run_seconds) for start in runs),
        # At night: after the events, where there is a time without.
        (DAY * 0.99, DAY * 0.99 + inputs.purge_seconds),
    ]
    others = [
        *((start, start + inputs.ingest_seconds) for start in (*batches, *signs)),
        *((start, start + inputs.alert_seconds) for start in _every(inputs.alert_every, 0.0, DAY)),
    ]
    work, cold_starts = with_cold_starts(procedures, others, inputs)
    resumes, seconds = billed(work, inputs.auto_suspend)
    credits = seconds / 3600 * credits_per_hour(inputs.warehouse_size, inputs.generation)
    return Estimate(
        batches=len(batches),
        signs=len(signs),
        runs=len(runs),
        resumes=resumes,
        awake_hours=seconds / 3600,
        credits_per_day=credits,
        credits_per_month=credits * DAYS_PER_MONTH,
        latency_seconds=_latency(inputs) + (inputs.cold_start_seconds if cold_starts > 1 else 0),
    )


def with_cold_starts(
    procedures: Iterable[Interval], others: Iterable[Interval], inputs: Inputs
) -> tuple[list[Interval], int]:
    """All work, where the first procedure after a sleep takes longer; and how many these are."""
    planned = sorted([*((each, True) for each in procedures), *((each, False) for each in others)])
    work: list[Interval] = []
    awake_until, is_warm, cold_starts = -math.inf, False, 0
    for (start, end), is_procedure in planned:
        if inputs.auto_suspend and start > awake_until + inputs.auto_suspend:
            is_warm = False
        if is_procedure and not is_warm:
            end += inputs.cold_start_seconds
            is_warm, cold_starts = True, cold_starts + 1
        awake_until = max(awake_until, end)
        work.append((start, end))
    return work, cold_starts


def _latency(inputs: Inputs) -> float:
    """The first event of a batch waits for the batch, then for the tasks' next turn."""
    batch = min(inputs.batch_seconds, batch_period(inputs) or inputs.batch_seconds)
    turn = inputs.trigger_every if inputs.task_every is None else inputs.task_every
    return batch + inputs.ingest_seconds + turn + inputs.run_seconds


def billed(work: Iterable[Interval], auto_suspend: float | None) -> tuple[int, float]:
    """(resumes, billed seconds) of a day in which the warehouse works in these intervals.

    auto_suspend None or 0: it never suspends, once it has begun.
    """
    resumes, total = 0, 0.0
    awake: Interval | None = None
    for start, end in sorted(work):
        if awake and (not auto_suspend or start <= awake[1] + auto_suspend):
            awake = (awake[0], max(awake[1], end))
            continue
        total += _billed_once(awake, auto_suspend)
        resumes, awake = resumes + 1, (start, end)
    return resumes, min(total + _billed_once(awake, auto_suspend), DAY)


def _billed_once(awake: Interval | None, auto_suspend: float | None) -> float:
    if awake is None:
        return 0.0
    if not auto_suspend:
        return DAY
    return max(awake[1] + auto_suspend - awake[0], MINIMUM_SECONDS)


def credits_per_hour(size: str, generation: str = "1") -> float:
    """By the names of both, as SHOW WAREHOUSES or CREATE WAREHOUSE spell them; a generation that is
    not known here costs as much as the newest that is."""
    name = size.upper().replace("-", "").replace(" ", "")
    rate = GENERATIONS.get(generation, max(GENERATIONS.values()))
    return float(2 ** SIZES.index(ALIASES.get(name, name)) * rate)


def batch_period(inputs: Inputs) -> float | None:
    """Seconds from one batch to the next: it is due `batch_seconds` after its first event, or when
    it is full; the next one begins with the next event, and after this one is written."""
    rate = inputs.events_per_second
    if rate <= 0:
        return None
    by_time = (math.floor(inputs.batch_seconds * rate) + 1) / rate
    due = min(by_time, max(inputs.batch_events, 1) / rate)
    return max(due, inputs.ingest_seconds, SHORTEST_SECONDS)


def _batches(inputs: Inputs) -> list[float]:
    """When batches are written."""
    return _every(batch_period(inputs), 0.0, DAY * inputs.active_share)


def _signs(inputs: Inputs, batches: list[float]) -> list[float]:
    """When the ingester writes a sign of life: `sign_every` after the last batch or sign."""
    return [
        sign
        for before, after in pairwise([0.0, *batches, DAY])
        for sign in _every(inputs.sign_every, before, after)[1:]
    ]


def _runs(inputs: Inputs, batches: list[float]) -> list[float]:
    """When the graphs run: only where a batch has come since the run before."""
    runs: list[float] = []
    for batch in batches:
        if inputs.task_every is None:
            ready = batch + inputs.ingest_seconds + TRIGGER_SECONDS
            start = max(ready, runs[-1] + inputs.trigger_every) if runs else ready
            if runs and batch <= runs[-1]:
                continue  # taken by a run that has not begun yet
        else:
            every = inputs.task_every
            start = (math.floor(batch / every - 0.5) + 1.5) * every
            if runs and start <= runs[-1]:
                continue
        runs.append(start)
    return runs


def _every(period: float | None, start: float, end: float) -> list[float]:
    if period is None:
        return []
    return [start + number * period for number in range(math.ceil((end - start) / period))]
