"""SHOW TASKS, TASK_DEPENDENTS and SYSTEM$TASK_DEPENDENTS_ENABLE: tasks and graphs as a whole."""

import pytest
from shared import one_database

from conformance.task_shared import Ops

database = pytest.fixture(scope="module")(one_database)

GRAPH = (
    "CREATE TASK root SCHEDULE = '60 MINUTES' AS SELECT 1",
    "CREATE TASK child AFTER root AS SELECT 2",
    "CREATE TASK leaf AFTER child AS SELECT 3",
)


def test_show_tells_when_and_why_a_task_was_suspended(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tasks"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' AS SELECT 1", "ALTER TASK t RESUME")
    (started,) = ops.shown()
    assert (started["state"], started["last_suspended_on"]) == ("started", None)
    ops.run("ALTER TASK t SUSPEND")
    (stopped,) = ops.shown()
    assert (stopped["state"], stopped["last_suspended_reason"]) == ("suspended", "USER_SUSPENDED")
    assert started["last_committed_on"] <= stopped["last_suspended_on"]


def test_show_tasks_finds_by_name_and_place(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tasks"""
    ops.run(*GRAPH)
    found = {
        tail: [row["name"] for row in ops.shown(f"SHOW TASKS {tail}")]
        for tail in (
            "",
            "LIKE 'l%'",
            "LIKE '_OOT' IN SCHEMA",
            "STARTS WITH 'CH'",
            "STARTS WITH 'ch'",
            "LIMIT 2",
            "LIMIT 1 FROM 'CHILD'",
            f"IN SCHEMA {ops.place}",
            f"LIKE 'leaf' IN DATABASE {ops.database}",
            "IN SCHEMA public",
            "ROOT ONLY",
            "IN SCHEMA ROOT ONLY LIMIT 1",
        )
    }
    assert list(found.values()) == [
        ["CHILD", "LEAF", "ROOT"],
        ["LEAF"],
        ["ROOT"],
        ["CHILD"],
        [],
        ["CHILD", "LEAF"],
        ["LEAF"],
        ["CHILD", "LEAF", "ROOT"],
        ["LEAF"],
        [],
        ["ROOT"],
        ["ROOT"],
    ]


def test_a_comment_is_put_on_a_task(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/comment"""
    ops.run("CREATE TASK t SCHEDULE = '60 MINUTES' COMMENT = 'old' AS SELECT 1")
    ops.run("COMMENT ON TASK t IS 'l''été'")
    assert [row["comment"] for row in ops.shown()] == ["l'été"]
    ops.run("COMMENT IF EXISTS ON TASK missing IS 'x'")
    assert ops.error("COMMENT ON TASK missing IS 'x'")[0] == 2003


def test_task_dependents_lists_a_task_and_what_runs_after_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_dependents"""
    ops.run(*GRAPH)

    def names(arguments: str) -> list[str]:
        rows = ops.shown(f"SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_DEPENDENTS({arguments}))")
        return [row["NAME"] for row in rows]

    assert names(f"TASK_NAME => '{ops.place}.root'") == ["ROOT", "CHILD", "LEAF"]
    assert names(f"TASK_NAME => '{ops.place}.root', RECURSIVE => FALSE") == ["ROOT", "CHILD"]
    assert names(f"TASK_NAME => '{ops.place}.leaf'") == ["LEAF"]
    assert ops.error("SELECT * FROM TABLE(INFORMATION_SCHEMA.TASK_DEPENDENTS(TASK_NAME => 'x'))")


def test_dependents_enable_resumes_a_root_and_all_below_it(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_task_dependents_enable"""
    ops.run(*GRAPH, "CREATE TASK apart SCHEDULE = '60 MINUTES' AS SELECT 1")
    ops.enable("root")
    assert ops.states() == {
        "APART": "suspended",
        "CHILD": "started",
        "LEAF": "started",
        "ROOT": "started",
    }


def test_describing_the_call_that_enables_a_graph_enables_nothing(ops: Ops) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    ops.run(*GRAPH)
    with ops.connection.cursor() as cursor:
        call = f"SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{ops.place}.root')"
        assert len(cursor.describe(call)) == 1
    assert set(ops.states().values()) == {"suspended"}


def test_names_in_quotes_keep_their_case_everywhere(ops: Ops) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    ops.run(
        "CREATE TASK \"My root\" SCHEDULE = '60 MINUTES' AS INSERT INTO prod VALUES (1)",
        'CREATE TASK "my child" AFTER "My root" AS INSERT INTO prod VALUES (2)',
        f"""SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{ops.place}."My root"')""",
    )
    assert ops.states() == {"My root": "started", "my child": "started"}
    ops.run('EXECUTE TASK "My root"')
    ops.wait_for_history(("My root", "SUCCEEDED"), ("my child", "SUCCEEDED"))
    assert ops.error("EXECUTE TASK my_root")[0] == 2003
