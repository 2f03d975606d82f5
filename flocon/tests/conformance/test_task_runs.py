"""A task's run: EXECUTE TASK, triggers, schedules, context, time limits, cancellation."""

from collections.abc import Iterator
from typing import Any

import pytest
from shared import one_database

from conformance.task_shared import ENDLESS, Ops, new_ops

database = pytest.fixture(scope="module")(one_database)

PYTHON = (
    "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
    " HANDLER = 'run' EXECUTE AS CALLER"
)


@pytest.fixture(scope="module", autouse=True)
def ticking(account: Any, database: str) -> Iterator[Ops]:
    """A task every ten seconds, which run while the other tests do."""
    with account.connect(database=database) as connection, new_ops(connection, database) as ops:
        ops.run(
            "CREATE TASK tick SCHEDULE = '10 SECONDS' AS INSERT INTO prod VALUES (1)",
            "ALTER TASK tick RESUME",
        )
        yield ops


def test_execute_task_returns_at_once_and_runs_a_suspended_root(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-task"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' AS INSERT INTO prod VALUES (1)")
    assert ops.run("EXECUTE TASK t") == [("Task T is scheduled to run immediately.",)]
    ops.wait_for_history(("T", "SUCCEEDED"))
    assert ops.states() == {"T": "suspended"}
    assert ops.history("scheduled_from") == [("EXECUTE_TASK",)]


def test_execute_task_is_for_roots(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-task"""
    ops.run("CREATE TASK root AS SELECT 1", "CREATE TASK child AFTER root AS SELECT 1")
    assert "root task" in ops.error("EXECUTE TASK child")[1]


def test_execute_task_while_it_runs_gives_one_more_run_that_does_not_overlap(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/execute-task"""
    ops.run(f"CREATE TASK t AS {ENDLESS}", "EXECUTE TASK t")
    ops.wait_for_history(("T", "EXECUTING"))
    ops.run("EXECUTE TASK t", "EXECUTE TASK t")
    ops.run("ALTER TASK t MODIFY AS INSERT INTO prod VALUES (2)")
    assert ops.history() == [("T", "EXECUTING")]
    ops.run(f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('{ops.place}.t')")
    ops.wait_for_history(("T", "CANCELLED"), ("T", "SUCCEEDED"))
    (first, _), (_, second) = ops.history("completed_time, query_start_time")
    assert first <= second
    assert ops.run("SELECT n FROM prod") == [(2,)]


def test_a_run_is_cancelled_by_name_and_stops_what_comes_after_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_user_task_cancel_ongoing_executions"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
        f"CREATE TASK a_slow AFTER root AS {ENDLESS}",
        "CREATE TASK b_next AFTER a_slow AS SELECT 1",
        "CREATE TASK c_other AFTER root AS SELECT 1",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(("A_SLOW", "EXECUTING"), ("C_OTHER", "SUCCEEDED"), ("ROOT", "SUCCEEDED"))
    ops.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('a_slow')")
    ops.wait_for_history(
        ("A_SLOW", "CANCELLED"),
        ("B_NEXT", "SKIPPED"),
        ("C_OTHER", "SUCCEEDED"),
        ("ROOT", "SUCCEEDED"),
    )
    assert ops.run("SELECT n FROM prod") == []


def test_or_replace_lets_a_run_finish(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(
        f"CREATE PROCEDURE pause() RETURNS INT {PYTHON} AS $$\n"
        "import time\n"
        "def run(session):\n"
        "    while session.table('raw').count() == 0:\n"
        "        time.sleep(0.05)\n"
        "    session.sql('INSERT INTO prod VALUES (1)').collect()\n"
        "$$",
        "CREATE TASK t AS CALL pause()",
        "EXECUTE TASK t",
    )
    ops.wait_for_history(("T", "EXECUTING"))
    ops.run("CREATE OR REPLACE TASK t AS SELECT 2", "INSERT INTO raw VALUES (1)")
    ops.wait_for_history(("T", "SUCCEEDED"))
    assert ops.run("SELECT n FROM prod") == [(1,)]


def test_a_task_runs_the_newest_body_of_its_procedure(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run("CREATE TASK t AS CALL load()")
    for n in (1, 2):
        ops.run(
            f"CREATE OR REPLACE PROCEDURE load() RETURNS INT {PYTHON} AS $$\n"
            "def run(session):\n"
            f"    session.sql('INSERT INTO prod VALUES ({n})').collect()\n"
            "$$",
            "EXECUTE TASK t",
        )
        ops.wait_for_history(*[("T", "SUCCEEDED")] * n)
    assert ops.run("SELECT n FROM prod ORDER BY n") == [(1,), (2,)]


def test_a_procedure_that_fails_in_a_task_is_rolled_back_with_its_traceback(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-errors"""
    ops.run(
        f"CREATE PROCEDURE broken() RETURNS INT {PYTHON} AS $$\n"
        "def run(session):\n"
        "    session.begin_transaction()\n"
        "    session.sql('INSERT INTO stg SELECT n FROM raw_stream').collect()\n"
        "    raise ValueError('corked')\n"
        "$$",
        "INSERT INTO raw VALUES (1)",
        "CREATE TASK t AS CALL broken()",
        "EXECUTE TASK t",
    )
    ops.wait_for_history(("T", "FAILED"))
    ((code, message),) = ops.history("error_code, error_message")
    assert code == "100357"
    assert "ValueError: corked" in message
    assert ops.run("SELECT COUNT(*) FROM stg") == [(0,)]
    assert ops.run("SELECT SYSTEM$STREAM_HAS_DATA('raw_stream')") == [(True,)]


def test_a_task_has_the_context_that_it_was_given(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-intro"""
    ops.run(
        "CREATE WAREHOUSE IF NOT EXISTS task_wh INITIALLY_SUSPENDED = TRUE",
        "CREATE TABLE seen (who VARCHAR, warehouse VARCHAR, place VARCHAR, hour INT)",
        "CREATE TASK look WAREHOUSE = task_wh TIMEZONE = 'Asia/Tokyo' AS INSERT INTO seen SELECT"
        " CURRENT_USER(), CURRENT_WAREHOUSE(), CURRENT_SCHEMA(),"
        " HOUR('2026-01-01 00:00:00 +00:00'::TIMESTAMP_LTZ)",
        "EXECUTE TASK look",
    )
    ops.wait_for_history(("LOOK", "SUCCEEDED"))
    assert ops.run("SELECT * FROM seen") == [("SYSTEM", "TASK_WH", ops.schema, 9)]


def test_a_task_is_failed_when_its_time_is_over(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(f"CREATE TASK slow USER_TASK_TIMEOUT_MS = 300 AS {ENDLESS}", "EXECUTE TASK slow")
    ops.wait_for_history(("SLOW", "FAILED"))
    ((code, message),) = ops.history("error_code, error_message")
    assert code == "000630"
    assert message.startswith("Statement reached its statement or warehouse timeout")


def test_the_statement_timeout_ends_a_procedure_of_a_task(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters"""
    ops.run(
        f"CREATE PROCEDURE nap() RETURNS INT {PYTHON} AS $$\n"
        "import time\n"
        "def run(session):\n"
        "    time.sleep(60)\n"
        "$$",
        "CREATE TASK slow STATEMENT_TIMEOUT_IN_SECONDS = 1 AS CALL nap()",
        "EXECUTE TASK slow",
    )
    ops.wait_for_history(("SLOW", "FAILED"))
    assert ops.history("error_code") == [("000630",)]


def test_a_stream_with_data_starts_a_triggered_task(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-triggered"""
    ops.run(
        "CREATE TASK react WHEN SYSTEM$STREAM_HAS_DATA('raw_stream')"
        " AS INSERT INTO prod SELECT n FROM raw_stream",
        "ALTER TASK react RESUME",
        "INSERT INTO raw VALUES (7)",
    )
    ops.wait_for_history(("REACT", "SUCCEEDED"))
    assert ops.run("SELECT n FROM prod") == [(7,)]
    assert ops.history("scheduled_from") == [("TRIGGER",)]


def test_a_schedule_runs_by_itself_not_before_its_time(ticking: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-intro"""
    ticking.wait_for(lambda: ("TICK", "SUCCEEDED") in ticking.history())
    ticking.run("ALTER TASK tick SUSPEND")
    runs = len(ticking.history())
    assert ticking.run("SELECT n FROM prod") == [(1,)] * runs
    seconds = "DATEDIFF('second', {}, {})"
    columns = "scheduled_from, scheduled_time <= query_start_time, " + seconds.format(
        "scheduled_time", "next_scheduled_time"
    )
    assert set(ticking.history(columns)) == {("SCHEDULE", True, 10)}
