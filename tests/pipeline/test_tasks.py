"""The task graphs as the account's own scheduler runs them, and procedures in their own processes.

The tests share one deployment, whose graphs start every ten seconds in the test that resumes them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import RunningAccount
from tests.procedures.deployed import deploy_procedures
from tests.procedures.deployment import filled
from tests.procedures.modelled_pipeline import STREAMS
from tests.procedures.pipeline import Pipeline, adjustment, opened_pipeline, order
from tests.procedures.test_manifest import HANDLERS

# The place of COMMIT among the statements of RAW_TO_STAGING_ORDERS.
COMMIT = 2
CHILD = "TASK_STAGING_TO_PROD_ORDERS"
ROOTS = ("TASK_RAW_TO_STAGING_INVENTORY", "TASK_RAW_TO_STAGING_ORDERS")
HISTORY = """
SELECT NAME, STATE, QUERY_START_TIME
FROM TABLE({database}.INFORMATION_SCHEMA.TASK_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('hour', -1, CURRENT_TIMESTAMP()), RESULT_LIMIT => 1000))
WHERE DATABASE_NAME = '{database}' AND STATE <> 'SCHEDULED'
"""


@pytest.fixture(scope="module")
def deployed(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        with opened_pipeline(account, name) as opened:
            deploy_procedures(opened, tmp_path_factory.mktemp("archive"))
            yield opened
        connection.cursor().execute(f"DROP DATABASE {name}")


def until(condition: Callable[[], Any], seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.25)


def runs(deployed: Pipeline) -> list[tuple[Any, ...]]:
    return deployed.sql(HISTORY.format(database=deployed.database))


def starts(deployed: Pipeline) -> set[tuple[str, Any]]:
    """Which task's body began, and when; a skipped task has none. TASK_PURGE may begin: it does so
    at its hour of the night."""
    return {
        (name, started)
        for name, _, started in runs(deployed)
        if started is not None and name != "TASK_PURGE"
    }


def is_idle(deployed: Pipeline) -> bool:
    waiting = any(deployed.has_data(stream) for stream in STREAMS.values())
    return not waiting and all(state != "EXECUTING" for _, state, _ in runs(deployed))


def states(deployed: Pipeline, task: str) -> list[str]:
    return [state for name, state, _ in runs(deployed) if name == task]


def test_a_worker_that_is_killed_before_its_commit_has_done_nothing(
    account: RunningAccount, deployed: Pipeline
) -> None:
    deployed.ingest(order("o-1"), order("o-2", quantity=0))
    killed = f"CALL {deployed.database}.OPS.KILLED('raw_to_staging.orders', {COMMIT})"
    with account.connect() as caller, pytest.raises(Exception, match="process"):
        caller.cursor().execute(killed)
    assert deployed.count("STAGING.STG_ORDERS") == 0
    assert deployed.count("RAW_DATA.REJECTED_EVENTS") == 0
    assert deployed.count("RAW_DATA.STREAM_RAW_ORDERS") == 2
    with account.connect() as caller:
        caller.cursor().execute(f"CALL {deployed.database}.OPS.RAW_TO_STAGING_ORDERS()")
    assert deployed.count("STAGING.STG_ORDERS") == 1
    assert deployed.count("RAW_DATA.REJECTED_EVENTS") == 1


def test_a_failed_child_is_tried_again_without_a_new_event_and_idle_graphs_run_nothing(
    account: RunningAccount, deployed: Pipeline
) -> None:
    for procedure in HANDLERS:
        deployed.sql(f"CALL {deployed.database}.OPS.{procedure}()")
    deployed.sql("ALTER TABLE PRODUCTION.ORDERS RENAME TO PRODUCTION.ORDERS_AWAY")
    deployed.ingest(order("o-9"), adjustment("a-9"))
    env = {"database": deployed.database, "task_schedule": "10 SECONDS"}
    for name in ("05_tasks.sql", "09_start.sql"):
        for _ in deployed.session.connection.execute_string(filled(name, env)):
            pass

    until(lambda: "FAILED" in states(deployed, CHILD))
    assert not deployed.has_data("RAW_DATA.STREAM_RAW_ORDERS")
    assert deployed.has_data("STAGING.STREAM_STG_ORDERS")
    deployed.sql("ALTER TABLE PRODUCTION.ORDERS_AWAY RENAME TO PRODUCTION.ORDERS")
    until(lambda: "SUCCEEDED" in states(deployed, CHILD))
    assert deployed.rows("PRODUCTION.ORDERS", "ORDER_ID") == [("o-1",), ("o-9",)]

    until(lambda: is_idle(deployed))
    assert deployed.rows("PRODUCTION.INVENTORY_CURRENT", "CURRENT_STOCK_LEVEL") == [(24,)]
    started = starts(deployed)
    skipped = {root: states(deployed, root).count("SKIPPED") for root in ROOTS}
    until(lambda: all(states(deployed, r).count("SKIPPED") > skipped[r] for r in ROOTS))
    assert starts(deployed) == started
    for root in ROOTS:
        deployed.sql(f"ALTER TASK OPS.{root} SUSPEND")
