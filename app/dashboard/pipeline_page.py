"""Whether events arrive, how late, and what to do if they do not."""

import json
from collections.abc import Mapping

import account
import charts
import pandas as pd
import streamlit as st

HEALTH = """
SELECT METRIC, VALUE, THRESHOLD, UNIT, STATUS, DETAIL, ACTION
FROM OPS.PIPELINE_HEALTH
ORDER BY METRIC
"""
INCIDENTS = """
SELECT METRIC, OBJECT, OPENED_AT, LAST_SEEN_AT, VALUE, THRESHOLD, UNIT, DETAIL, ACTION
FROM OPS.ALERT_LOG
WHERE CLOSED_AT IS NULL
ORDER BY OPENED_AT, METRIC, OBJECT
"""
RUNS = """
SELECT NAME, STATE, COMPLETED_TIME, ERROR_MESSAGE
FROM OPS.TASK_RUNS
QUALIFY ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY SCHEDULED_TIME DESC) = 1
"""
TASKS = "SHOW TASKS IN SCHEMA OPS"
HOPS = "SELECT TABLE_NAME, ROW_COUNT FROM OPS.ROWS_PER_HOP ORDER BY HOP, TABLE_NAME"
OVER_TIME = """
SELECT MINUTE, TABLE_NAME, ROW_COUNT FROM OPS.ROWS_PER_MINUTE ORDER BY MINUTE, TABLE_NAME
"""
REJECTED = """
SELECT
    STAGE,
    SPLIT_PART(REASON, ':', 1) AS REASON,
    STATUS,
    COUNT(*) AS EVENTS,
    MAX(REJECTED_AT) AS LAST_SEEN
FROM RAW_DATA.REJECTED_EVENTS
GROUP BY 1, 2, 3
ORDER BY EVENTS DESC, REASON
"""
SIGNS = {"OK": "🟢", "BREACH": "🔴", "UNKNOWN": "⚪"}
COLOURS = {
    "SUCCEEDED": "#d9ead3",
    "EXECUTING": "#cfe2f3",
    "FAILED": "#f4cccc",
    "FAILED_AND_AUTO_SUSPENDED": "#f4cccc",
    "CANCELLED": "#fff2cc",
}


def render() -> None:
    st.title("The pipeline")
    health()
    incidents()
    graph()
    over_time()
    hops()
    rejected()


def health() -> None:
    """Each metric with its status, and below it what to do about those that are breached."""
    metrics = account.query(HEALTH)
    for place, metric in zip(st.columns(len(metrics)), metrics.to_dict("records"), strict=True):
        value = "–" if pd.isna(metric["VALUE"]) else number(metric["VALUE"])
        title = metric["METRIC"].replace("_", " ").capitalize()
        told = f"{metric['DETAIL']}. If breached: {metric['ACTION']}."
        place.metric(f"{SIGNS[metric['STATUS']]} {title}", value, help=told, border=True)
        place.caption(f"{metric['STATUS']}: {metric['UNIT']}, threshold {metric['THRESHOLD']:,g}")
        if metric["STATUS"] == "BREACH":
            place.error(metric["ACTION"])


def incidents() -> None:
    """What is wrong with which object, since when, and what to do about it."""
    st.subheader("Open incidents")
    frame = account.query(INCIDENTS)
    if frame.empty:
        st.success("No incident is open.")
    else:
        charts.table(frame)


def number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def graph() -> None:
    st.subheader("Tasks")
    tasks = account.show(TASKS)
    if tasks.empty:
        st.info("No tasks are deployed.")
        return
    runs = {run["NAME"]: run for run in account.query(RUNS).to_dict("records")}
    st.graphviz_chart(dot(tasks.to_dict("records"), runs), width="stretch")
    for run in runs.values():
        if run["STATE"].startswith("FAILED"):
            st.error("A task failed.")
            # Text, and not Markdown: an error repeats what events hold.
            st.text(f"{run['NAME']}: {run['ERROR_MESSAGE']}")


def dot(tasks: list[dict[str, str]], runs: Mapping[str, dict[str, str]]) -> str:
    """The task graph in Graphviz' language, each task with its state and its last run."""
    lines = ["digraph {", 'rankdir=LR; node [shape=box style="rounded,filled" fontname=sans]']
    for task in tasks:
        name = task["name"]
        run = runs.get(name)
        last = f"{run['STATE']} {str(run['COMPLETED_TIME'])[:19]}" if run else "no run in a day"
        label = json.dumps(f"{name.removeprefix('TASK_')}\n{task['state']}\n{last}")
        colour = COLOURS.get(run["STATE"], "white") if run else "white"
        lines.append(f'{json.dumps(name)} [label={label} fillcolor="{colour}"]')
        for parent in json.loads(task["predecessors"] or "[]"):
            parent_name = parent.split(".")[-1].strip('"')
            lines.append(f"{json.dumps(parent_name)} -> {json.dumps(name)}")
    return "\n".join([*lines, "}"])


def hops() -> None:
    st.subheader("Rows")
    charts.table(account.query(HOPS))


def over_time() -> None:
    st.subheader("Rows over time")
    frame = account.query(OVER_TIME)
    if frame.empty:
        st.info("Nothing came in during the last hour.")
    else:
        charts.lines(frame, "MINUTE", "ROW_COUNT", "TABLE_NAME", "Rows a minute")


def rejected() -> None:
    st.subheader("Rejected events")
    frame = account.query(REJECTED)
    if frame.empty:
        st.success("No event was ever rejected.")
    else:
        charts.table(frame)
