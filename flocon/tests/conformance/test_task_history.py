"""What the histories tell of tasks: TASK_HISTORY, CURRENT_TASK_GRAPHS, COMPLETE_TASK_GRAPHS."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shared import one_database

from conformance.task_shared import ENDLESS, Ops

database = pytest.fixture(scope="module")(one_database)

FAILS = "INSERT INTO prod SELECT 1 / 0"


def task_history(ops: Ops, arguments: str) -> list[dict[str, Any]]:
    return ops.shown(
        f"SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY({arguments}))"
        " WHERE database_name = CURRENT_DATABASE() AND schema_name = CURRENT_SCHEMA()"
    )


def graphs(ops: Ops, function: str, arguments: str = "") -> list[dict[str, Any]]:
    return ops.shown(
        f"SELECT * FROM TABLE(INFORMATION_SCHEMA.{function}({arguments}))"
        " WHERE database_name = CURRENT_DATABASE() AND schema_name = CURRENT_SCHEMA()"
    )


def test_a_run_is_shown_in_snowflakes_columns(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    ops.run(
        "CREATE TASK t SCHEDULE = '60 MINUTES' WHEN NOT SYSTEM$STREAM_HAS_DATA('raw_stream')"
        f" AS {FAILS}",
        "EXECUTE TASK t",
    )
    ops.wait_for_history(("T", "FAILED"))
    (row,) = task_history(ops, "TASK_NAME => 'T'")
    (task,) = ops.shown()
    times = [row.pop(name) for name in ("SCHEDULED_TIME", "QUERY_START_TIME", "COMPLETED_TIME")]
    assert times == sorted(times)
    assert isinstance(row.pop("QUERY_ID"), str)
    assert abs(row.pop("RUN_ID") - times[0].timestamp() * 1000) < 1
    assert isinstance(row.pop("GRAPH_RUN_GROUP_ID"), int)
    assert row == {
        "NAME": "T",
        "DATABASE_NAME": ops.database,
        "SCHEMA_NAME": ops.schema,
        "QUERY_TEXT": FAILS,
        "CONDITION_TEXT": "NOT SYSTEM$STREAM_HAS_DATA('raw_stream')",
        "STATE": "FAILED",
        "ERROR_CODE": "100051",
        "ERROR_MESSAGE": "Division by zero",
        "NEXT_SCHEDULED_TIME": None,
        "ROOT_TASK_ID": task["id"],
        "GRAPH_VERSION": 0,
        "RETURN_VALUE": None,
        "SCHEDULED_FROM": "EXECUTE_TASK",
        "ATTEMPT_NUMBER": 1,
        "CONFIG": None,
        "QUERY_HASH": None,
        "QUERY_HASH_VERSION": None,
        "QUERY_PARAMETERIZED_HASH": None,
        "QUERY_PARAMETERIZED_HASH_VERSION": None,
    }


def test_the_arguments_narrow_the_history_before_its_limit(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    ops.run("CREATE TASK good AS SELECT 1", f"CREATE TASK bad AS {FAILS}", "EXECUTE TASK bad")
    ops.wait_for_history(("BAD", "FAILED"))
    between = ops.run("SELECT CURRENT_TIMESTAMP()::VARCHAR")[0][0]
    ops.run("EXECUTE TASK good")
    ops.wait_for_history(("BAD", "FAILED"), ("GOOD", "SUCCEEDED"))

    def names(arguments: str) -> list[str]:
        return [row["NAME"] for row in task_history(ops, arguments)]

    assert names("") == ["GOOD", "BAD"]
    assert names("TASK_NAME => 'bad', RESULT_LIMIT => 1") == ["BAD"]
    assert names("ERROR_ONLY => TRUE") == ["BAD"]
    assert names(f"SCHEDULED_TIME_RANGE_START => '{between}'::TIMESTAMP_LTZ") == ["GOOD"]
    assert names(f"SCHEDULED_TIME_RANGE_END => '{between}'::TIMESTAMP_LTZ") == ["BAD"]
    id_of_bad = ops.shown("DESC TASK bad")[0]["id"]
    assert names(f"ROOT_TASK_ID => '{id_of_bad}'") == ["BAD"]


@pytest.mark.parametrize(
    "arguments",
    [
        "RESULT_LIMIT => 0",
        "RESULT_LIMIT => 10001",
        "NONSENSE => 1",
        "SCHEDULED_TIME_RANGE_START => DATEADD('day', -8, CURRENT_TIMESTAMP())",
    ],
)
def test_arguments_out_of_range_are_refused(ops: Ops, arguments: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    assert ops.error(f"SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY({arguments}))")


@pytest.mark.parametrize("limit", [0, 10_001])
def test_graph_runs_have_the_range_of_limits_that_the_history_has(ops: Ops, limit: int) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/complete_task_graphs"""
    asked = f"TABLE(INFORMATION_SCHEMA.COMPLETE_TASK_GRAPHS(RESULT_LIMIT => {limit}))"
    assert ops.error(f"SELECT * FROM {asked}")[0] == 1008


def test_the_next_run_of_a_started_task_is_scheduled(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' AS SELECT 1", "ALTER TASK t RESUME")
    (row,) = task_history(ops, "TASK_NAME => 'T'")
    assert (row["STATE"], row["QUERY_ID"]) == ("SCHEDULED", None)
    wait = row["SCHEDULED_TIME"] - datetime.now(UTC)
    assert timedelta(minutes=58) < wait <= timedelta(minutes=60)
    assert task_history(ops, "SCHEDULED_TIME_RANGE_END => CURRENT_TIMESTAMP()") == []


def test_cron_is_read_in_its_time_zone(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(
        "CREATE TASK t SCHEDULE = 'USING CRON 30 6 * * * Asia/Tokyo' AS SELECT 1",
        "ALTER TASK t RESUME",
    )
    (row,) = task_history(ops, "TASK_NAME => 'T'")
    planned = row["SCHEDULED_TIME"].astimezone(UTC)
    assert (planned.hour, planned.minute, planned.second) == (21, 30, 0)
    assert timedelta(0) < planned - datetime.now(UTC) <= timedelta(days=1)


def test_a_running_task_is_executing_and_has_no_end_yet(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    ops.run(f"CREATE TASK t AS {ENDLESS}", "EXECUTE TASK t")
    ops.wait_for_history(("T", "EXECUTING"))
    assert ops.history("completed_time, query_id IS NOT NULL") == [(None, True)]
    ops.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('t')")
    ops.wait_for_history(("T", "CANCELLED"))
    assert ops.history("error_code, completed_time IS NOT NULL") == [("000604", True)]


def test_current_task_graphs_shows_what_runs_and_what_is_next(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs"""
    ops.run(
        "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
        f"CREATE TASK slow AFTER root AS {ENDLESS}",
    )
    ops.enable("root")
    (planned,) = graphs(ops, "CURRENT_TASK_GRAPHS", "ROOT_TASK_NAME => 'root'")
    assert (planned["STATE"], planned["QUERY_START_TIME"]) == ("SCHEDULED", None)
    ops.run("EXECUTE TASK root")
    ops.wait_for_history(("ROOT", "SUCCEEDED"), ("SLOW", "EXECUTING"))
    assert [
        (row["ROOT_TASK_NAME"], row["STATE"], row["SCHEDULED_FROM"], row["ATTEMPT_NUMBER"])
        for row in graphs(ops, "CURRENT_TASK_GRAPHS")
    ] == [("ROOT", "SCHEDULED", "SCHEDULE", 1), ("ROOT", "EXECUTING", "EXECUTE_TASK", 1)]
    assert graphs(ops, "COMPLETE_TASK_GRAPHS") == []
    ops.run("SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('slow')")
    ops.wait_for(lambda: len(graphs(ops, "COMPLETE_TASK_GRAPHS")) == 1)
    (complete,) = graphs(ops, "COMPLETE_TASK_GRAPHS", "ERROR_ONLY => TRUE")
    assert complete["STATE"] == "CANCELLED"


def test_complete_task_graphs_shows_how_each_attempt_ended(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/complete_task_graphs"""
    ops.run(
        "CREATE TASK root TASK_AUTO_RETRY_ATTEMPTS = 1 AS SELECT 1",
        f"CREATE TASK weak AFTER root AS {FAILS}",
        "ALTER TASK weak RESUME",
        "EXECUTE TASK root",
        "CREATE TASK skipped WHEN SYSTEM$STREAM_HAS_DATA('raw_stream') AS SELECT 1",
        "EXECUTE TASK skipped",
        "CREATE TASK zoo AS SELECT 1",
        "EXECUTE TASK zoo",
    )
    ops.wait_for(lambda: len(graphs(ops, "COMPLETE_TASK_GRAPHS")) == 3)
    columns = (
        "ROOT_TASK_NAME",
        "STATE",
        "ATTEMPT_NUMBER",
        "FIRST_ERROR_TASK_NAME",
        "FIRST_ERROR_CODE",
        "FIRST_ERROR_MESSAGE",
    )
    rows = graphs(ops, "COMPLETE_TASK_GRAPHS")
    assert sorted(tuple(row[name] for name in columns) for row in rows) == [
        ("ROOT", "FAILED", 1, "WEAK", 100051, "Division by zero"),
        ("ROOT", "FAILED", 2, "WEAK", 100051, "Division by zero"),
        ("ZOO", "SUCCEEDED", 1, None, None, None),
    ]
    assert [row["COMPLETED_TIME"] for row in rows] == sorted(
        (row["COMPLETED_TIME"] for row in rows), reverse=True
    )
    assert len(graphs(ops, "COMPLETE_TASK_GRAPHS", "ERROR_ONLY => TRUE")) == 2
    assert len(graphs(ops, "COMPLETE_TASK_GRAPHS", "ROOT_TASK_NAME => 'zoo'")) == 1
