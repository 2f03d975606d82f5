"""Views over what only the account knows."""

from typing import Any

import pytest
from accounts import new_account
from snowflake.connector import SnowflakeConnection

from flocon import AccountProcess

RUNS = """
SELECT NAME, STATE, COUNT(*) AS RUNS FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY()) GROUP BY 1, 2
"""


def test_a_view_reads_the_history_of_tasks_as_it_is_now(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    run(f"CREATE VIEW V (TASK_NAME, STATE, RUNS) AS {RUNS}")
    assert run("SELECT * FROM V WHERE STATE = 'SCHEDULED'") == []
    run("CREATE TASK T SCHEDULE = '60 MINUTE' AS SELECT 1")
    run("ALTER TASK T RESUME")
    assert run("SELECT * FROM V WHERE STATE = 'SCHEDULED'") == [("T", "SCHEDULED", 1)]
    assert run("SELECT x.RUNS FROM V AS x JOIN V ON x.TASK_NAME = V.TASK_NAME") == [(1,)]


def test_a_view_over_such_a_view_and_a_table_made_of_it_see_the_same(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("CREATE TASK T SCHEDULE = '60 MINUTE' AS SELECT 1")
    run("ALTER TASK T RESUME")
    run(f"CREATE VIEW V AS {RUNS}")
    run("CREATE VIEW W AS SELECT NAME FROM V WHERE STATE = 'SCHEDULED'")
    assert run("SELECT * FROM W") == [("T",)]
    run("CREATE TABLE KEPT AS SELECT * FROM W")
    run("INSERT INTO KEPT SELECT NAME || '2' FROM W")
    assert run("SELECT * FROM KEPT ORDER BY 1") == [("T",), ("T2",)]


def test_a_view_asks_whether_a_stream_has_data(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_stream_has_data"""
    run("CREATE TABLE SOURCE (N INT)")
    run("CREATE STREAM S ON TABLE SOURCE")
    run("CREATE VIEW V AS SELECT SYSTEM$STREAM_HAS_DATA('S') AS HAS_DATA, COUNT(*) AS N FROM S")
    assert run("SELECT * FROM V") == [(False, 0)]
    run("INSERT INTO SOURCE VALUES (1)")
    assert run("SELECT * FROM V") == [(True, 1)]


def test_such_a_view_is_described_and_listed_as_any(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-view"""
    cursor: Any = connection.cursor()
    cursor.execute(f"CREATE VIEW V COMMENT = 'Runs' AS {RUNS}")
    described = [row[:2] for row in cursor.execute("DESCRIBE VIEW V").fetchall()]
    assert described == [
        ("NAME", "VARCHAR(16777216)"),
        ("STATE", "VARCHAR(16777216)"),
        ("RUNS", "NUMBER(38,0)"),
    ]
    assert [column.name for column in cursor.describe("SELECT * FROM V")] == [
        "NAME",
        "STATE",
        "RUNS",
    ]


def test_a_name_can_pass_from_such_a_view_to_another_object_and_back(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run(f"CREATE VIEW V AS {RUNS}")
    run("CREATE OR REPLACE VIEW V AS SELECT 1 AS N")
    assert run("SELECT * FROM V") == [(1,)]
    run(f"CREATE OR REPLACE VIEW V AS {RUNS}")
    run("DROP VIEW V")
    run("CREATE TABLE V (N INT)")
    run("INSERT INTO V VALUES (7)")
    assert run("SELECT * FROM V") == [(7,)]


def test_the_views_own_database_counts_wherever_it_is_read_from(
    account: Any, database: str, run: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema"""
    run("CREATE TASK T SCHEDULE = '60 MINUTE' AS SELECT 1")
    run("ALTER TASK T RESUME")
    run(f"CREATE VIEW V AS {RUNS}")
    with account.connect() as elsewhere:
        rows = elsewhere.cursor().execute(f"SELECT NAME FROM {database}.PUBLIC.V").fetchall()
    assert rows == [("T",)]


@pytest.mark.timeout(120)
def test_such_a_view_survives_a_restart(tmp_path: Any) -> None:
    """https://docs.snowflake.com/en/user-guide/views-introduction"""
    account: AccountProcess = new_account(tmp_path)
    with account, account.connect() as connection:
        for statement in ("CREATE DATABASE D", f"CREATE VIEW V AS {RUNS}"):
            connection.cursor().execute(statement)
    with account, account.connect(database="D", schema="PUBLIC") as connection:
        cursor: Any = connection.cursor()
        cursor.execute("CREATE TASK T SCHEDULE = '60 MINUTE' AS SELECT 1")
        cursor.execute("ALTER TASK T RESUME")
        assert cursor.execute("SELECT NAME FROM V").fetchall() == [("T",)]
