"""What runs in a graph of tasks: predecessors, conditions, suspended and failed tasks, retries."""

import pytest
from shared import one_database

from conformance.task_shared import Ops

database = pytest.fixture(scope="module")(one_database)

FAILS = "INSERT INTO prod SELECT 1 / 0"


def test_rows_pass_through_a_graph_of_tasks_and_streams(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-intro"""
    ops.run(
        "CREATE STREAM stg_stream ON TABLE stg",
        """CREATE TASK load SCHEDULE = '60 MINUTES'
           WHEN SYSTEM$STREAM_HAS_DATA('raw_stream') OR SYSTEM$STREAM_HAS_DATA('stg_stream')
           AS INSERT INTO stg SELECT n FROM raw_stream""",
        """CREATE TASK publish AFTER load WHEN SYSTEM$STREAM_HAS_DATA('stg_stream')
           AS INSERT INTO prod SELECT n FROM stg_stream WHERE METADATA$ACTION = 'INSERT'""",
    )
    ops.enable("load")
    ops.run("INSERT INTO raw VALUES (1), (2)", "EXECUTE TASK load")
    ops.wait_for_history(("LOAD", "SUCCEEDED"), ("PUBLISH", "SUCCEEDED"))
    assert ops.run("SELECT n FROM prod ORDER BY n") == [(1,), (2,)]


def test_a_child_starts_when_all_its_predecessors_have_succeeded(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS INSERT INTO raw VALUES (1)",
        "CREATE TASK a AFTER root AS INSERT INTO stg VALUES (1)",
        "CREATE TASK b AFTER root AS INSERT INTO stg VALUES (2)",
        "CREATE TASK both AFTER a, b AS INSERT INTO prod SELECT COUNT(*) FROM stg",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(*[(name, "SUCCEEDED") for name in ("A", "B", "BOTH", "ROOT")])
    assert ops.run("SELECT n FROM prod") == [(2,)]


def test_a_root_whose_condition_is_false_is_skipped_with_its_whole_graph(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' WHEN SYSTEM$STREAM_HAS_DATA('raw_stream')"
        " AS INSERT INTO prod VALUES (1)",
        "CREATE TASK child AFTER root AS INSERT INTO prod VALUES (2)",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(("ROOT", "SKIPPED"))
    columns = "query_id, query_start_time, error_message"
    assert ops.history(columns) == [
        (None, None, "Conditional expression for task evaluated to false.")
    ]
    assert ops.run("SELECT n FROM prod") == []


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        ("NOT SYSTEM$STREAM_HAS_DATA('raw_stream')", "SUCCEEDED"),
        ("TRUE AND SYSTEM$STREAM_HAS_DATA('raw_stream')", "SKIPPED"),
        ("FALSE OR (TRUE AND NOT SYSTEM$STREAM_HAS_DATA('raw_stream'))", "SUCCEEDED"),
    ],
)
def test_conditions_combine_with_and_or_not(ops: Ops, condition: str, state: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(f"CREATE TASK t WHEN {condition} AS SELECT 1", "EXECUTE TASK t")
    ops.wait_for_history(("T", state))


def test_a_skipped_task_stops_what_comes_after_it_and_nothing_else(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs

    A join with a skipped predecessor does not run here; Snowflake's pages leave it open.
    """
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
        "CREATE TASK a AFTER root WHEN SYSTEM$STREAM_HAS_DATA('raw_stream') AS SELECT 1",
        "CREATE TASK b AFTER root AS SELECT 1",
        "CREATE TASK c_after_a AFTER a AS SELECT 1",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(
        ("A", "SKIPPED"), ("B", "SUCCEEDED"), ("C_AFTER_A", "SKIPPED"), ("ROOT", "SUCCEEDED")
    )


def test_a_failed_task_is_undone_recorded_and_stops_what_comes_after_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK a_load SCHEDULE = '60 MINUTES'"
        " AS INSERT INTO stg SELECT 1 / (n - 1) FROM raw_stream",
        "CREATE TASK b_publish AFTER a_load AS INSERT INTO prod VALUES (1)",
    )
    ops.enable("a_load")
    ops.run("INSERT INTO raw VALUES (1), (2)", "EXECUTE TASK a_load")
    ops.wait_for_history(("A_LOAD", "FAILED"), ("B_PUBLISH", "SKIPPED"))
    error, skipped = ops.history("error_code, error_message, query_id IS NULL")
    assert error == ("100051", "Division by zero", False)
    assert (skipped[0], skipped[2]) == (None, True)
    assert ops.run("SELECT n FROM stg") == []
    assert ops.run("SELECT SYSTEM$STREAM_HAS_DATA('raw_stream')") == [(True,)]


def test_a_suspended_child_is_passed_as_if_it_had_succeeded(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
        "CREATE TASK resting AFTER root AS INSERT INTO prod VALUES (0)",
        "CREATE TASK child AFTER resting AS INSERT INTO prod VALUES (1)",
        "ALTER TASK child RESUME",
        "EXECUTE TASK root",
    )
    ops.wait_for_history(("CHILD", "SUCCEEDED"), ("ROOT", "SUCCEEDED"))
    assert ops.run("SELECT n FROM prod") == [(1,)]


def test_a_join_needs_one_resumed_predecessor(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
        "CREATE TASK a AFTER root AS SELECT 1",
        "CREATE TASK b AFTER root AS SELECT 1",
        "CREATE TASK c AFTER root AS SELECT 1",
        "CREATE TASK join_ab AFTER a, b AS SELECT 1",
        "CREATE TASK join_bc AFTER b, c AS SELECT 1",
    )
    ops.enable("root")
    ops.run("ALTER TASK root SUSPEND", "ALTER TASK a SUSPEND", "ALTER TASK b SUSPEND")
    ops.run("EXECUTE TASK root")
    ops.wait_for(lambda: ("JOIN_BC", "SUCCEEDED") in ops.history())
    ops.wait_for(lambda: ("JOIN_AB", "SKIPPED") in ops.history())
    assert [name for name, _ in ops.history()] == ["C", "JOIN_AB", "JOIN_BC", "ROOT"]


def test_a_retry_starts_from_the_task_that_failed(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' TASK_AUTO_RETRY_ATTEMPTS = 1"
        " AS INSERT INTO stg VALUES (1)",
        f"CREATE TASK t_weak AFTER root AS {FAILS}",
        "CREATE TASK u_last AFTER t_weak AS SELECT 1",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for(lambda: ("U_LAST", "SKIPPED") in ops.history())
    assert ops.history("name, state, attempt_number") == [
        ("ROOT", "SUCCEEDED", 1),
        ("T_WEAK", "FAILED", 1),
        ("T_WEAK", "FAILED", 2),
        ("U_LAST", "SKIPPED", 2),
    ]
    assert len(set(ops.history("graph_run_group_id"))) == 1
    assert ops.run("SELECT n FROM stg") == [(1,)]


def test_a_task_that_fails_again_and_again_suspends_its_root(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' SUSPEND_TASK_AFTER_NUM_FAILURES = 2 AS SELECT 1",
        f"CREATE TASK weak AFTER root AS {FAILS}",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(("ROOT", "SUCCEEDED"), ("WEAK", "FAILED"))
    assert ops.states() == {"ROOT": "started", "WEAK": "started"}
    ops.run("EXECUTE TASK root")
    ops.wait_for(lambda: ops.states()["ROOT"] == "suspended")
    (root,) = ops.shown("SHOW TASKS LIKE 'root'")
    assert root["last_suspended_reason"] == "SUSPENDED_DUE_TO_ERRORS"
    ops.wait_for_history(
        ("ROOT", "SUCCEEDED"),
        ("ROOT", "SUCCEEDED"),
        ("WEAK", "FAILED"),
        ("WEAK", "FAILED_AND_AUTO_SUSPENDED"),
    )


def test_a_run_keeps_the_definitions_that_it_began_with(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES'"
        " AS INSERT INTO prod SELECT 1 FROM TABLE(GENERATOR(ROWCOUNT => 1000000)) LIMIT 1",
        "CREATE TASK child AFTER root AS INSERT INTO prod VALUES (2)",
    )
    ops.enable("root")
    ops.run("EXECUTE TASK root", "ALTER TASK root SUSPEND")
    ops.wait_for(lambda: len(ops.history()) > 0)
    ops.run("ALTER TASK child MODIFY AS INSERT INTO prod VALUES (3)")
    ops.wait_for_history(("CHILD", "SUCCEEDED"), ("ROOT", "SUCCEEDED"))
    assert ops.run("SELECT n FROM prod ORDER BY n") == [(1,), (2,)]
