"""Whether events arrive, how late, and what to do if they do not."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import account
import health
import pandas as pd
import pipeline_charts
import pipeline_markup as markup
import streamlit as st
from account import Question
from health import Clock, Row
from pipeline_markup import Badge, Node
from snowflake.connector.errors import ProgrammingError

HEALTH = """
SELECT METRIC, VALUE, THRESHOLD, UNIT, STATUS, DETAIL, ACTION, MEASURED_AT
FROM OPS.PIPELINE_HEALTH
ORDER BY METRIC
"""
INCIDENTS = """
SELECT METRIC, OBJECT, OPENED_AT, CLOSED_AT, DETAIL, ACTION
FROM OPS.ALERT_LOG
WHERE COALESCE(CLOSED_AT, SYSDATE()) > DATEADD('day', -1, SYSDATE())
ORDER BY OPENED_AT, METRIC, OBJECT
"""
HISTORY = "SELECT METRIC, SLICE, VALUE FROM OPS.METRIC_HISTORY ORDER BY METRIC, SLICE"
# The last runs of each task, and of each slice of ten minutes one, with how many of them failed:
# the history of runs is dear to ask for, so that it is asked for once.
RUNS = """
WITH RUNS AS (
    SELECT
        NAME,
        STATE,
        CONVERT_TIMEZONE('UTC', QUERY_START_TIME)::TIMESTAMP_NTZ AS STARTED,
        DATEDIFF('millisecond', QUERY_START_TIME, COMPLETED_TIME) / 1000 AS SECONDS,
        ERROR_MESSAGE,
        QUERY_ID,
        TIME_SLICE(
            CONVERT_TIMEZONE('UTC', COMPLETED_TIME)::TIMESTAMP_NTZ, 10, 'MINUTE'
        ) AS SLICE,
        CASE WHEN STATE = 'SUCCEEDED' THEN 0 WHEN STATE LIKE 'FAILED%' THEN 100 END AS FAILED
    FROM OPS.TASK_RUNS
)

SELECT
    NAME,
    STATE,
    STARTED,
    SECONDS,
    ERROR_MESSAGE,
    QUERY_ID,
    SLICE,
    AVG(FAILED) OVER (PARTITION BY SLICE)::FLOAT AS FAILED_PERCENT
FROM RUNS
QUALIFY
    ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY STARTED DESC) <= 15
    OR ROW_NUMBER() OVER (PARTITION BY SLICE ORDER BY STARTED DESC) = 1
ORDER BY STARTED DESC
"""
# As `caves logs` asks; where this role may not, or nothing is logged, runs come without.
MESSAGES = """
SELECT RESOURCE_ATTRIBUTES['snow.query.id']::VARCHAR AS QUERY_ID, VALUE::VARCHAR AS MESSAGE
FROM SNOWFLAKE.TELEMETRY.EVENTS_VIEW
WHERE
    RECORD_TYPE = 'LOG'
    AND SCOPE['name']::VARCHAR = 'caves'
    AND RESOURCE_ATTRIBUTES['snow.database.name']::VARCHAR = CURRENT_DATABASE()
    AND TIMESTAMP >= DATEADD('day', -1, SYSDATE())
ORDER BY TIMESTAMP
"""
TASKS = "SHOW TASKS IN SCHEMA OPS"
TABLES = """
SELECT COUNTED.TABLE_NAME, COUNTED.ROW_COUNT, FRESH.PLACE, FRESH.NEWEST_ROW
FROM OPS.ROWS_PER_HOP AS COUNTED
LEFT JOIN OPS.TABLE_FRESHNESS AS FRESH
    ON COUNTED.TABLE_NAME = FRESH.TABLE_NAME
ORDER BY COUNTED.HOP, COUNTED.TABLE_NAME
"""
BACKLOG = "SELECT STREAM_NAME, ROWS_WAITING FROM OPS.STREAM_BACKLOG ORDER BY STREAM_NAME"
OFFSETS = """
SELECT TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT
FROM RAW_DATA.INGEST_OFFSETS
WHERE UPDATED_AT IS NOT NULL
ORDER BY TOPIC, PARTITION
"""
OVER_TIME = """
SELECT MINUTE, TABLE_NAME, ROW_COUNT FROM OPS.ROWS_PER_MINUTE ORDER BY MINUTE, TABLE_NAME
"""
# What stands behind the colon of a reason is an event's; analysts open this page, too.
REJECTED = """
SELECT
    STAGE,
    SPLIT_PART(REASON, ':', 1) AS RULE,
    STATUS,
    COUNT(*) AS EVENTS,
    MAX(REJECTED_AT) AS LAST_SEEN
FROM RAW_DATA.REJECTED_EVENTS
GROUP BY 1, 2, 3
ORDER BY EVENTS DESC, RULE
"""
LATEST_REJECTED = """
SELECT
    REJECTED_AT,
    STAGE,
    SPLIT_PART(REASON, ':', 1) AS RULE,
    STATUS,
    KAFKA_TOPIC || '/' || KAFKA_PARTITION || '/' || KAFKA_OFFSET AS ID
FROM RAW_DATA.REJECTED_EVENTS
WHERE KAFKA_OFFSET IS NOT NULL
ORDER BY STATUS = 'OPEN' DESC, REJECTED_AT DESC, ID
LIMIT 5
"""
ASKED = (
    HEALTH,
    INCIDENTS,
    TABLES,
    RUNS,
    HISTORY,
    MESSAGES,
    TASKS,
    OVER_TIME,
    BACKLOG,
    OFFSETS,
    REJECTED,
    LATEST_REJECTED,
)
RUN_KINDS = {"SUCCEEDED": "good", "EXECUTING": "poor", "CANCELLED": "poor"}
SHOWN_RUNS = 15
LINE_HOURS = 6
UTC = ZoneInfo("UTC")


def render() -> None:
    st.title("The pipeline")
    markup.style()
    # All of it, in the order in which it is drawn.
    account.ask(*map(Question, ASKED))
    metrics = records(account.query(HEALTH))
    incidents = records(account.query(INCIDENTS))
    tables = records(account.query(TABLES))
    clock = Clock(viewers_zone(), metrics[0]["MEASURED_AT"])
    markup.show(summary(metrics, incidents, tables, clock))
    runs = records(account.query(RUNS))
    markup.show(each_metric(metrics, incidents, runs, clock) + open_incidents(incidents, clock))
    markup.show(graph(runs, clock) + last_runs(runs, logged(), clock))
    markup.show(over_time(tables, clock) + waiting(tables, clock) + rejected(clock))


def viewers_zone() -> ZoneInfo:
    """The browser's; UTC where it does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, AttributeError):
        return UTC


def records(frame: pd.DataFrame) -> list[Row]:
    """Rows with None for what is not there, and moments as Python has them."""
    return [{name: plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.floor("us").to_pydatetime() if isinstance(value, pd.Timestamp) else value


def summary(metrics: list[Row], incidents: list[Row], tables: list[Row], clock: Clock) -> str:
    production = [
        each["NEWEST_ROW"]
        for each in tables
        if each["TABLE_NAME"].startswith("PRODUCTION.") and each["NEWEST_ROW"]
    ]
    still_open = [each for each in incidents if each["CLOSED_AT"] is None]
    found = health.verdict(metrics, still_open, max(production, default=None), clock)
    return markup.line(found.text, found.kind) + markup.quiet(
        f"Times are those of {clock.zone.key}, where this browser is."
    )


def each_metric(metrics: list[Row], incidents: list[Row], runs: list[Row], clock: Clock) -> str:
    """Status, figure against its promise, the last day's incidents, and the last hours as a line,
    or why it is missing."""
    lines = history(runs, clock)
    return (
        markup.heading("Promises")
        + markup.grid(
            _metric(each, incidents, lines.get(each["METRIC"], []), clock) for each in metrics
        )
        + markup.quiet(
            "The bar is the last 24 hours, red while an incident was open; the line the last six"
            " hours, in slices of ten minutes, with the promise dashed."
        )
    )


def _metric(metric: Row, incidents: list[Row], line: list[Row], clock: Clock) -> str:
    name = metric["METRIC"]
    title = health.TITLES[name]
    drawn = (
        pipeline_charts.spark(title, line, float(metric["THRESHOLD"]), clock)
        if len(line) > 1
        else markup.quiet(health.TOO_FEW)
    )
    return (
        markup.metric(
            title,
            Badge(*health.STATES[metric["STATUS"]]),
            health.words(metric),
            health.open_spans(incidents, name, clock.now),
        )
        + markup.quiet(f"{metric['ACTION']}." if metric["STATUS"] == "BREACH" else "")
        + drawn
    )


def history(runs: list[Row], clock: Clock) -> dict[str, list[Row]]:
    """By metric, SLICE and VALUE of what can be measured afterwards."""
    since = clock.now - timedelta(hours=LINE_HOURS)
    failed = {
        run["SLICE"]: run["FAILED_PERCENT"]
        for run in runs
        if run["SLICE"] is not None and run["SLICE"] >= since and run["FAILED_PERCENT"] is not None
    }
    lines: dict[str, list[Row]] = {
        "TASK_FAILURES": [{"SLICE": each, "VALUE": failed[each]} for each in sorted(failed)]
    }
    for row in records(account.query(HISTORY)):
        if row["VALUE"] is not None:
            lines.setdefault(row["METRIC"], []).append(row)
    return lines


def open_incidents(incidents: list[Row], clock: Clock) -> str:
    """What is wrong with which object, since when, and what to do about it."""
    still_open = [each for each in incidents if each["CLOSED_AT"] is None]
    title = markup.heading("Open incidents")
    if not still_open:
        return title + markup.note("No incident is open.", "good")
    rows = [
        (
            clock.moment(each["OPENED_AT"]),
            each["METRIC"],
            each["OBJECT"],
            each["DETAIL"] or "",
            each["ACTION"] or "",
        )
        for each in still_open
    ]
    return title + markup.table(("Since", "Metric", "Of", "Detail", "What to do"), rows)


def logged() -> dict[str, str]:
    """By query, what its procedure logged; nothing where that is not to be had."""
    try:
        found = records(account.query(MESSAGES))
    except ProgrammingError:
        return {}
    messages: dict[str, str] = {}
    for each in found:
        before = messages.get(each["QUERY_ID"])
        messages[each["QUERY_ID"]] = f"{before}; {each['MESSAGE']}" if before else each["MESSAGE"]
    return messages


def graph(runs: list[Row], clock: Clock) -> str:
    """The task graphs as lists that a phone can show, each task with its state and last run."""
    title = markup.heading("Tasks")
    tasks = account.show(TASKS).to_dict("records")
    if not tasks:
        return title + markup.note("No tasks are deployed.")
    last: dict[str, Row] = {}
    for run in runs:
        last.setdefault(run["NAME"], run)
    return title + markup.tree(nodes(tasks, last, clock))


def nodes(tasks: list[Row], last: dict[str, Row], clock: Clock) -> list[Node]:
    """The roots, in the order of their names."""
    children: dict[str | None, list[Row]] = {}
    for task in sorted(tasks, key=lambda each: each["name"]):
        parents = [
            name.split(".")[-1].strip('"') for name in json.loads(task["predecessors"] or "[]")
        ]
        for parent in parents or [None]:
            children.setdefault(parent, []).append(task)

    def node(task: Row) -> Node:
        run = last.get(task["name"])
        told = "no run in a day"
        kind = "poor"
        if run:
            ago = clock.ago(run["STARTED"])
            told, kind = f"{run['STATE'].lower()} {ago} ago", run_kind(run["STATE"])
        started = str(task["state"]).lower() == "started"
        below = [node(each) for each in children.get(task["name"], [])]
        badge = Badge("started" if started else "suspended", "good" if started else "bad")
        if kind == "bad":
            badge = Badge("fails", "bad")
        return Node(task["name"].removeprefix("TASK_"), badge, told, below)

    return [node(task) for task in children.get(None, [])]


def run_kind(state: str) -> str:
    return RUN_KINDS.get(state, "bad" if state.startswith("FAILED") else "poor")


def last_runs(runs: list[Row], messages: dict[str, str], clock: Clock) -> str:
    """The last runs that were not skipped, and what they logged, or why they failed."""
    title = markup.heading("Last runs")
    if not runs:
        return title + markup.note("No task has run within a day.")
    rows = [
        (
            clock.moment(run["STARTED"]),
            run["NAME"].removeprefix("TASK_"),
            Badge(run["STATE"].lower(), run_kind(run["STATE"])),
            "" if run["SECONDS"] is None else f"{run['SECONDS']:,.1f} s",
            messages.get(run["QUERY_ID"]) or run["ERROR_MESSAGE"] or "",
        )
        for run in runs[:SHOWN_RUNS]
    ]
    return title + markup.table(("Started", "Task", "State", "Took", "What it did"), rows)


def over_time(tables: list[Row], clock: Clock) -> str:
    by_minute = records(account.query(OVER_TIME))
    drawn = (
        pipeline_charts.rows_per_minute(by_minute, clock)
        if by_minute
        else markup.note("Nothing came in during the last hour.")
    )
    rows = [(each["TABLE_NAME"], int(each["ROW_COUNT"])) for each in tables]
    return markup.heading("Rows over time") + drawn + markup.table(("Table", "Rows"), rows)


def waiting(tables: list[Row], clock: Clock) -> str:
    """What waits where, and how far each hop is behind."""
    backlog = records(account.query(BACKLOG))
    offsets = records(account.query(OFFSETS))
    streams = [(each["STREAM_NAME"], int(each["ROWS_WAITING"])) for each in backlog]
    dated = sorted(
        (each for each in tables if each["PLACE"] is not None), key=lambda each: each["PLACE"]
    )
    ages = [
        (each["TABLE_NAME"], clock.moment(each["NEWEST_ROW"]), clock.ago(each["NEWEST_ROW"]))
        for each in dated
    ]
    told = markup.heading("Waiting and lag") + markup.beside(
        markup.table(("Stream", "Rows waiting"), streams),
        markup.table(("Table", "Newest row", "Age"), ages),
    )
    if not offsets:
        return told + markup.note("No ingester has written yet.")
    partitions = [
        (
            f"{each['TOPIC']}/{each['PARTITION']}",
            int(each["NEXT_OFFSET"] or 0),
            clock.moment(each["UPDATED_AT"]),
            clock.ago(each["UPDATED_AT"]),
        )
        for each in offsets
    ]
    return (
        told
        + markup.table(("Partition", "Read up to", "Last batch or sign of life", "Age"), partitions)
        + markup.quiet(
            "What waits in Kafka itself: caves status --bootstrap-servers HOST:PORT, which asks the"
            " brokers."
        )
    )


def rejected(clock: Clock) -> str:
    """The rejected events by rule, and how to read one: its message is for operators alone."""
    title = markup.heading("Rejected events")
    found = records(account.query(REJECTED))
    if not found:
        return title + markup.note("No event was ever rejected.", "good")
    rules = [
        (
            each["RULE"],
            each["STAGE"],
            each["STATUS"],
            int(each["EVENTS"]),
            clock.moment(each["LAST_SEEN"]),
        )
        for each in found
    ]
    told = title + markup.table(("Rule", "Stage", "Status", "Events", "Last"), rules)
    latest = [
        (
            clock.moment(each["REJECTED_AT"]),
            each["STAGE"],
            each["STATUS"],
            each["RULE"],
            f"caves rejected show {each['ID']}",
        )
        for each in records(account.query(LATEST_REJECTED))
    ]
    if not latest:
        return told
    return (
        told
        + markup.quiet(
            f"The last {len(latest)}, open ones first. A message holds customers and addresses;"
            " operators read it with the command."
        )
        + markup.table(("Rejected", "Stage", "Status", "Rule", "Read it"), latest)
    )
