"""CREATE, ALTER and DROP TASK: what a task is, and what it cannot be."""

import json

import pytest
from accounts import on_snowflake
from shared import one_database

from conformance.task_shared import Ops

database = pytest.fixture(scope="module")(one_database)

GRAPH = (
    "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
    "CREATE TASK child AFTER root AS SELECT 2",
    "CREATE TASK leaf AFTER child AS SELECT 3",
)


def test_a_new_task_is_suspended_and_shows_what_was_said_of_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-task"""
    ops.run("CREATE WAREHOUSE IF NOT EXISTS task_wh INITIALLY_SUSPENDED = TRUE")
    created = ops.run(
        """create task load_orders
             warehouse = task_wh
             schedule = 'USING CRON */5 * * * * Europe/Paris'
             timezone = 'UTC'
             user_task_timeout_ms = 300000 suspend_task_after_num_failures = 3
             task_auto_retry_attempts = 2
             comment = 'l''entrée 🍷'
           when system$stream_has_data('raw_stream')
           as insert into stg  -- as written
                select n from raw_stream;"""
    )
    assert created == [("Task LOAD_ORDERS successfully created.",)]
    (row,) = ops.shown("DESC TASK load_orders")
    assert {name: row[name] for name in row if name not in ("created_on", "id", "owner")} == {
        "name": "LOAD_ORDERS",
        "database_name": ops.database,
        "schema_name": ops.schema,
        "comment": "l'entrée 🍷",
        "warehouse": "TASK_WH",
        "schedule": "USING CRON */5 * * * * Europe/Paris",
        "predecessors": "[]",
        "state": "suspended",
        "definition": "insert into stg  -- as written\n                select n from raw_stream",
        "condition": "system$stream_has_data('raw_stream')",
        "allow_overlapping_execution": "false",
        "error_integration": None,
        "last_committed_on": None,
        "last_suspended_on": None,
        "owner_role_type": "ROLE",
        "config": None,
        "success_integration": None,
        "scheduling_mode": None,
        "target_completion_interval": None,
        "execute_as_user": None,
        "task_relations": '{"Predecessors":[]}',
        "last_suspended_reason": None,
        "overlap_policy": "NO_OVERLAP",
    }
    assert ops.shown("SHOW TASKS") == [row]


def test_a_name_that_is_taken_is_an_error_unless_it_may_exist(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run("CREATE TASK t AS SELECT 1")
    assert ops.error("CREATE TASK t AS SELECT 2")[0] == 2002
    answer = ops.run("CREATE TASK IF NOT EXISTS t AS SELECT 2")
    assert answer == [("T already exists, statement succeeded.",)]
    assert ops.shown()[0]["definition"] == "SELECT 1"


def test_or_replace_makes_a_new_suspended_task_and_keeps_its_children(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(*GRAPH)
    ops.enable("root")
    before = ops.shown("DESC TASK root")[0]["id"]
    ops.run("CREATE OR REPLACE TASK root SCHEDULE = '2 MINUTES' AS SELECT 9")
    assert ops.states() == {"CHILD": "started", "LEAF": "started", "ROOT": "suspended"}
    (after,) = ops.shown("DESC TASK root")
    assert (after["definition"], after["id"] != before) == ("SELECT 9", True)
    (child,) = ops.shown("DESC TASK child")
    assert child["predecessors"] == f'["{ops.place}.ROOT"]'
    assert child["task_relations"] == f'{{"Predecessors":["{ops.place}.ROOT"]}}'
    assert child["allow_overlapping_execution"] == "null"


def test_or_alter_keeps_who_the_task_is_and_forgets_what_is_not_said_again(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-or-alter"""
    ops.run("CREATE OR ALTER TASK t SCHEDULE = '60 MINUTES' COMMENT = 'c' AS SELECT 1")
    (before,) = ops.shown()
    ops.run("CREATE OR ALTER TASK t SCHEDULE = '70 MINUTES' AS SELECT 2")
    (after,) = ops.shown()
    assert (after["id"], after["created_on"]) == (before["id"], before["created_on"])
    assert (after["schedule"], after["comment"], after["definition"]) == (
        "70 MINUTES",
        None,
        "SELECT 2",
    )


def test_or_alter_of_a_started_task_is_refused(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' AS SELECT 1", "ALTER TASK t RESUME")
    number, text = ops.error("CREATE OR ALTER TASK t SCHEDULE = '60 MINUTES' AS SELECT 2")
    assert number == 91421
    assert f"Unable to update graph with root task {ops.place}.T since that root" in text


def test_a_graph_is_edited_only_while_its_root_is_suspended(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(*GRAPH, "CREATE TASK other AS SELECT 1", "ALTER TASK root RESUME")
    edits = [
        "CREATE TASK another AFTER root AS SELECT 1",
        "CREATE OR REPLACE TASK child AFTER root AS SELECT 1",
        "ALTER TASK child RESUME",
        "ALTER TASK child SUSPEND",
        "ALTER TASK child MODIFY AS SELECT 1",
        "ALTER TASK child SET COMMENT = 'x'",
        "ALTER TASK child UNSET COMMENT",
        "ALTER TASK other ADD AFTER root",
        "ALTER TASK root SET SCHEDULE = '2 MINUTES'",
        "ALTER TASK root MODIFY WHEN SYSTEM$STREAM_HAS_DATA('raw_stream')",
        "ALTER TASK child REMOVE AFTER root",
        "DROP TASK leaf",
        "DROP TASK root",
    ]
    assert {edit: ops.error(edit)[0] for edit in edits} == dict.fromkeys(edits, 91421)
    ops.run("ALTER TASK root SUSPEND", *edits)


def test_predecessors_exist_in_the_same_schema_under_one_root_without_a_cycle(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-graphs"""
    ops.run(*GRAPH, "CREATE TASK other AS SELECT 1")
    assert ops.error("CREATE TASK t AFTER nowhere AS SELECT 1")[0] == 2003
    assert "same schema" in ops.error("CREATE TASK t AFTER public.root AS SELECT 1")[1]
    assert "cycle" in ops.error("CREATE OR REPLACE TASK child AFTER leaf AS SELECT 1")[1]
    assert "cycle" in ops.error("ALTER TASK child ADD AFTER child")[1]
    assert "one root" in ops.error("CREATE TASK t AFTER leaf, other AS SELECT 1")[1]
    assert sorted(ops.states()) == ["CHILD", "LEAF", "OTHER", "ROOT"]


def test_a_task_has_either_a_schedule_or_predecessors(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(*GRAPH, "CREATE TASK s SCHEDULE = '60 MINUTES' AS SELECT 1")
    for sql in (
        "CREATE TASK t SCHEDULE = '1 MINUTE' AFTER root AS SELECT 1",
        "ALTER TASK child SET SCHEDULE = '1 MINUTE'",
        "ALTER TASK s ADD AFTER root",
    ):
        assert "SCHEDULE" in ops.error(sql)[1]


def test_links_are_added_and_removed_by_alter_task(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-task"""
    ops.run(*GRAPH, "CREATE TASK t AFTER root AS SELECT 1", "ALTER TASK t RESUME")
    ops.run("ALTER TASK t ADD AFTER leaf, child")
    (task,) = ops.shown("SHOW TASKS LIKE 't'")
    names = ("ROOT", "LEAF", "CHILD")
    assert json.loads(task["predecessors"]) == [f"{ops.place}.{name}" for name in names]
    ops.run("ALTER TASK t REMOVE AFTER leaf, child")
    (task,) = ops.shown("SHOW TASKS LIKE 't'")
    assert json.loads(task["predecessors"]) == [f"{ops.place}.ROOT"]


def test_a_child_without_predecessors_becomes_a_suspended_root(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-task"""
    ops.run(*GRAPH, "ALTER TASK leaf RESUME")
    assert ops.run("DROP TASK child") == [("CHILD successfully dropped.",)]
    leaf, _ = ops.shown()
    assert (leaf["predecessors"], leaf["state"], leaf["last_suspended_reason"]) == (
        "[]",
        "suspended",
        "CHILD_BECAME_ROOT",
    )


def test_a_missing_task_may_be_dropped_only_if_it_may_be_missing(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-task"""
    for sql in ("DROP TASK t", "ALTER TASK t SUSPEND", "DESCRIBE TASK t", "EXECUTE TASK t"):
        assert ops.error(sql)[0] == 2003
    assert ops.run("DROP TASK IF EXISTS t") == [
        ("Drop statement executed successfully (T already dropped).",)
    ]
    assert ops.run("ALTER TASK IF EXISTS t SUSPEND") == [("Statement executed successfully.",)]


def test_only_a_root_that_something_starts_can_be_resumed(ops: Ops) -> None:
    """https://docs.snowflake.com/en/user-guide/tasks-triggered"""
    ops.run(
        "CREATE TASK idle AS SELECT 1",
        "CREATE TASK triggered WHEN SYSTEM$STREAM_HAS_DATA('raw_stream') AS SELECT 1",
        "ALTER TASK triggered RESUME",
    )
    assert ops.error("ALTER TASK idle RESUME")[1]
    assert ops.states() == {"IDLE": "suspended", "TRIGGERED": "started"}


def test_a_started_task_that_stands_alone_may_be_dropped(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-task"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' AS SELECT 1", "ALTER TASK t RESUME")
    ops.run("DROP TASK t")
    assert ops.shown() == []


@pytest.mark.parametrize(
    "schedule",
    [
        "10 SECONDS",
        "1 MINUTE",
        "90 M",
        "2 HOURS",
        "USING CRON 0 9-17/4 1,15 JAN-JUN MON UTC",
        "USING CRON 0 0 L * 5L Europe/Paris",
    ],
)
def test_a_schedule_is_in_seconds_minutes_hours_or_cron(ops: Ops, schedule: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(f"CREATE TASK t SCHEDULE = '{schedule}' AS SELECT 1")
    assert ops.shown()[0]["schedule"] == schedule


def test_what_is_no_schedule_or_out_of_range_is_refused(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    for clauses in (
        "SCHEDULE = 'now'",
        "SCHEDULE = '9 SECONDS'",
        "SCHEDULE = 'USING CRON * * * * *'",
        "SCHEDULE = 'USING CRON 61 * * * * UTC'",
        "SCHEDULE = 'USING CRON 0 0 * * * Mars/Olympus'",
        "NONSENSE = 1",
        "USER_TASK_TIMEOUT_MS = 604800001",
        "TASK_AUTO_RETRY_ATTEMPTS = 31",
        "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 9",
        "COMMENT = 'a' COMMENT = 'b'",
        "SCHEDULE '1 MINUTE'",
        "WHEN",
    ):
        assert ops.error(f"CREATE TASK t {clauses} AS SELECT 1")
    assert ops.shown() == []


def test_when_takes_stream_has_data_with_operators_casts_and_comparisons(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    data = "SYSTEM$STREAM_HAS_DATA('raw_stream')"
    for condition in (f"NOT ({data} AND {data})", f"{data}::VARCHAR = 'true'", f"{data} OR TRUE"):
        ops.run(f"CREATE OR REPLACE TASK t WHEN {condition} AS SELECT 1")
        assert ops.shown()[0]["condition"] == condition
    for condition in (
        "(SELECT COUNT(*) FROM raw) > 0",
        "EXISTS (SELECT 1 FROM raw)",
        "CURRENT_DATE() > '2026-01-01'",
        "PARSE_JSON('true')",
        "n = 1",
        "1 = 1 FROM raw",
    ):
        assert ops.error(f"CREATE TASK bad WHEN {condition} AS SELECT 1")
        assert ops.error(f"ALTER TASK t MODIFY WHEN {condition}")
    assert list(ops.states()) == ["T"]


def test_a_task_has_one_statement(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    number, text = ops.error("CREATE TASK t AS INSERT INTO prod VALUES (1); DROP TABLE prod")
    assert (number, "statement count 2" in text) == (8, True)
    ops.run("CREATE TASK t AS SELECT 'a;b';")
    assert ops.shown()[0]["definition"] == "SELECT 'a;b'"


@pytest.mark.skipif(on_snowflake(), reason="this account alone leaves these out")
def test_what_the_local_account_leaves_out_is_refused_by_name(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task

    On Snowflake all of this is there; docs/manual.md lists it.
    """
    ops.run("CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1")
    for sql, name in (
        ("CREATE TASK t FINALIZE = root AS SELECT 1", "FINALIZE"),
        ("CREATE TASK t CONFIG = '{}' AS SELECT 1", "CONFIG"),
        ("CREATE TASK t EXECUTE AS USER u AS SELECT 1", "EXECUTE"),
        ("CREATE TASK t ERROR_INTEGRATION = i AS SELECT 1", "ERROR_INTEGRATION"),
        ("CREATE TASK t OVERLAP_POLICY = ALLOW_ALL_OVERLAP AS SELECT 1", "ALLOW_ALL_OVERLAP"),
        ("CREATE TASK t AUTOCOMMIT = FALSE AS SELECT 1", "AUTOCOMMIT"),
        ("CREATE TASK t CLONE root", "CLONE"),
        ("CREATE TASK t AS BEGIN SELECT 1; END", "scripting"),
        ("CREATE TASK t SCHEDULE = 'USING CRON 0 0 * * 5#2 UTC' AS SELECT 1", "5#2"),
        (
            "CREATE TASK t AFTER root WHEN SYSTEM$GET_PREDECESSOR_RETURN_VALUE('a') = '1'"
            " AS SELECT 1",
            "SYSTEM$GET_PREDECESSOR_RETURN_VALUE",
        ),
        ("EXECUTE TASK root RETRY LAST", "RETRY LAST"),
        ("EXECUTE TASK root USING CONFIG = '{}'", "USING CONFIG"),
        ("CALL SYSTEM$SET_RETURN_VALUE('x')", "SYSTEM$SET_RETURN_VALUE"),
        ("SELECT SYSTEM$GET_PREDECESSOR_RETURN_VALUE()", "SYSTEM$GET_PREDECESSOR_RETURN_VALUE"),
        ("SELECT SYSTEM$GET_TASK_GRAPH_CONFIG('k')", "SYSTEM$GET_TASK_GRAPH_CONFIG"),
        ("SELECT SYSTEM$TASK_RUNTIME_INFO('CURRENT_TASK_NAME')", "SYSTEM$TASK_RUNTIME_INFO"),
    ):
        number, text = ops.error(sql)
        assert (number, name in text) == (2, True), text
    assert list(ops.states()) == ["ROOT"]


def test_a_task_needs_its_schema_and_its_warehouse(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    assert ops.error("CREATE TASK nowhere.t AS SELECT 1")[0] == 2003
    ops.run("CREATE TASK t AS SELECT 1")
    assert "NO_SUCH_WH" in ops.error("ALTER TASK t SET WAREHOUSE = no_such_wh")[1]


def test_properties_and_session_parameters_are_set_and_unset(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-task"""
    ops.run(
        "CREATE TASK t AS SELECT 1",
        "ALTER TASK t SET SCHEDULE = '60 MINUTES', COMMENT = 'hourly', TIMEZONE = 'Asia/Tokyo'",
        "ALTER TASK t MODIFY AS SELECT 2",
        "ALTER TASK t MODIFY WHEN SYSTEM$STREAM_HAS_DATA('raw_stream')",
    )
    columns = ("schedule", "comment", "definition", "condition")
    (task,) = ops.shown()
    assert [task[name] for name in columns] == [
        "60 MINUTES",
        "hourly",
        "SELECT 2",
        "SYSTEM$STREAM_HAS_DATA('raw_stream')",
    ]
    ops.run("ALTER TASK t UNSET SCHEDULE, COMMENT", "ALTER TASK t REMOVE WHEN")
    (task,) = ops.shown()
    assert [task[name] for name in columns] == [None, None, "SELECT 2", None]


def test_a_dropped_schema_takes_its_tasks_with_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-schema"""
    ops.run(*GRAPH, f"DROP SCHEMA {ops.place}")
    assert ops.shown(f"SHOW TASKS IN DATABASE {ops.database}") == []
    ops.run(f"CREATE SCHEMA {ops.place}")


def test_a_session_parameter_that_would_change_what_a_task_does_is_refused(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    ops.run(
        "CREATE TASK t TIMESTAMP_INPUT_FORMAT = 'AUTO' TIMEZONE = 'UTC' QUERY_TAG = 'q' AS SELECT 1"
    )
    for given in ("TIMESTAMP_INPUT_FORMAT = 'DD/MM/YYYY'", "WEEK_START = 1"):
        assert ops.error(f"CREATE OR REPLACE TASK t {given} AS SELECT 1")[0] == 2
        assert ops.error(f"ALTER TASK t SET {given}")[0] == 2
    ops.run("ALTER TASK t SET TIMESTAMP_INPUT_FORMAT = 'AUTO'", "DROP TASK t")
