"""Each benchmark of an event's way runs, here with next to nothing, and says what it should."""

from typing import Any

import pytest

from app.caves.machine.programs import Machine
from bench import ingest, latency, scale_out
from tests.chaos.deployment import deploy_at_once
from tests.procedures.deployment import filled

SOON = latency.Cadence("soon", "10 SECONDS", ("--batch-max-seconds", "0.1"), 60.0)


@pytest.fixture(autouse=True)
def quick_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member joins its group after half of its session's length."""
    monkeypatch.setenv("CAVES_KAFKA_SESSION_TIMEOUT_MS", "2000")
    monkeypatch.setenv("CAVES_KAFKA_HEARTBEAT_INTERVAL_MS", "400")


def deploy_with_views(machine: Machine, cadence: latency.Cadence) -> None:
    assert cadence.schedule
    deploy_at_once(machine, cadence.schedule)
    env = {"database": machine.target.database, "task_schedule": cadence.schedule}
    with machine.target.connect() as account:
        for name in ("06_analytics.sql", "07_operations.sql"):
            for _ in account.connection.execute_string(filled(name, env)):
                continue


def test_readers_beside_the_pipeline_see_whole_transactions() -> None:
    [row] = scale_out.run_readers([2], 20, 1, SOON, deploy_with_views)
    assert row["readers"] == 2
    assert row["looks at offsets and rows"] > 0
    assert row["half transactions"] == 0
    assert row["events/s to PRODUCTION"] > 0


def test_an_ingester_writes_a_backlog_once() -> None:
    [row] = scale_out.run_ingesters([1], scale_out.Load(60))
    assert {name: row[name] for name in ("ingesters", "events", "lost", "twice")} == {
        "ingesters": 1,
        "events": 60,
        "lost": 0,
        "twice": 0,
    }


def test_ingesters_of_all_kinds_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_BATCHES", ())
    monkeypatch.setattr(ingest, "_NAIVE", (("insert", 1, 3),))
    rows = ingest.run(120, 1.0)
    assert [each["ingester"] for each in rows] == [
        "backlog, bound",
        "backlog",
        "kafka-python with crc32c, reading only",
        "kafka-python as pip installs it, reading only",
        "one INSERT per event",
    ]
    assert [each["events"] for each in rows] == [120, 120, 120, 120, 3]
    assert rows[0]["statements per batch"] == 4.0


def test_goals_are_held_against_what_was_reached() -> None:
    rates = {
        "backlog": 9_000,
        "kafka-python with crc32c, reading only": 20_000,
        "kafka-python as pip installs it, reading only": 10_000,
        "one INSERT per event": 90,
    }
    rows: list[dict[str, Any]] = [{"ingester": name, "events/s": n} for name, n in rates.items()]
    assert [each["reached"] for each in ingest.goals(rows)] == [9_000, "45 %", "90 %", 100]


def test_figures_of_an_ingester_are_per_event_and_per_batch() -> None:
    figures = {
        "seconds": 2.0,
        "cpu": 0.05,
        "connector": 0.01,
        "others": [0.1, 0.004],
        "batches": 20,
        "statements": 80,
        "bytes": 1_000_000,
        "compressed": 150_000,
    }
    assert ingest.row("backlog", 1000, figures) == {
        "ingester": "backlog",
        "events": 1000,
        "events/s": 500,
        "events per batch": 50.0,
        "statements per batch": 4.0,
        "KB per batch": 50.0,
        "KB sent": 7.5,
        "CPU µs per event: ingester": 40.0,
        "connector": 10.0,
        "account": 100.0,
        "broker": 4.0,
    }


def test_a_latency_goal_is_met_or_missed() -> None:
    figures = {"EVENTS": 10, "MEDIAN": 8.04, "P95": 15.1, "MAX": 16, "MEDIAN_FROM_RAW": 7}
    row = latency.row(latency.CADENCES[0], 1.0, figures)
    assert (row["median"], row["p95"], row["goal"]) == (8.0, 15.1, "missed")
    assert latency.row(latency.CADENCES[1], 1.0, figures)["goal"] == "met"
