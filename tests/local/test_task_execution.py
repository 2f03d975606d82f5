"""Tasks through the real connector: they run, are seen to run, and outlive their account."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import DatabaseError
from snowflake.connector.connection import SnowflakeConnection

from tests.conftest import new_account

HISTORY = """
    SELECT name, state, error_code, error_message, scheduled_from, attempt_number
    FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 1000))
    WHERE database_name = CURRENT_DATABASE() AND state <> 'SCHEDULED'
    ORDER BY query_start_time NULLS FIRST, name
"""


class Shop:
    """A fresh database with a raw table, its stream and the tables that tasks fill."""

    def __init__(self, connection: SnowflakeConnection, database: str) -> None:
        self.connection = connection
        self.database = database
        self.run(
            f"CREATE SCHEMA {database}.ops",
            f"USE SCHEMA {database}.ops",
            "CREATE TABLE raw (n INT)",
            "CREATE TABLE stg (n INT)",
            "CREATE TABLE prod (n INT)",
            "CREATE STREAM raw_stream ON TABLE raw APPEND_ONLY = TRUE",
            "CREATE STREAM stg_stream ON TABLE stg",
        )

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        with self.connection.cursor() as cursor:
            for sql in statements:
                rows = cursor.execute(sql).fetchall()  # type: ignore[union-attr, assignment]
        return rows

    def create_graph(self) -> None:
        """raw → stg → prod, each task waiting for its stream."""
        self.run(
            """CREATE TASK load SCHEDULE = '60 MINUTES' TIMEZONE = 'UTC'
               WHEN SYSTEM$STREAM_HAS_DATA('raw_stream') OR SYSTEM$STREAM_HAS_DATA('stg_stream')
               AS INSERT INTO stg SELECT n FROM raw_stream""",
            """CREATE TASK publish AFTER load WHEN SYSTEM$STREAM_HAS_DATA('stg_stream')
               AS INSERT INTO prod SELECT n FROM stg_stream WHERE METADATA$ACTION = 'INSERT'""",
            f"SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{self.database}.ops.load')",
        )

    def history(self) -> list[tuple[Any, ...]]:
        return self.run(HISTORY)

    def states(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in self.history()]

    def wait_for(self, check: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < deadline, self.history()
            time.sleep(0.1)


@pytest.fixture
def shop(account: Any, database: str) -> Iterator[Shop]:
    with account.connect(database=database) as connection:
        yield Shop(connection, database)


def test_describing_the_call_that_enables_a_graph_enables_nothing(shop: Shop) -> None:
    shop.run("CREATE TASK load SCHEDULE = '60 MINUTES' AS INSERT INTO stg VALUES (1)")
    call = f"SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{shop.database}.ops.load')"
    with shop.connection.cursor() as cursor:
        assert len(cursor.describe(call)) == 1
        cursor.execute("SHOW TASKS")
        names = [column.name for column in cursor.description]
        states = [dict(zip(names, row, strict=True))["state"] for row in cursor.fetchall()]
    assert states == ["suspended"]


def test_rows_pass_through_a_graph_of_tasks_and_streams(shop: Shop) -> None:
    shop.create_graph()
    shop.run("INSERT INTO raw VALUES (1), (2)", "EXECUTE TASK load")
    shop.wait_for(lambda: len(shop.states()) == 2 and shop.states()[1][1] == "SUCCEEDED")
    assert shop.run("SELECT n FROM prod ORDER BY n") == [(1,), (2,)]
    assert shop.history() == [
        ("LOAD", "SUCCEEDED", None, None, "EXECUTE TASK", 1),
        ("PUBLISH", "SUCCEEDED", None, None, "EXECUTE TASK", 1),
    ]
    shop.run("EXECUTE TASK load")
    shop.wait_for(lambda: len(shop.states()) == 3)
    assert shop.states()[0] == ("LOAD", "SKIPPED")


def test_a_task_that_fails_is_undone_as_a_whole_and_recorded(shop: Shop) -> None:
    shop.create_graph()
    shop.run(
        "ALTER TASK load SUSPEND",
        "ALTER TASK load MODIFY AS INSERT INTO stg SELECT 1 / (n - 1) FROM raw_stream",
        "INSERT INTO raw VALUES (1)",
        "EXECUTE TASK load",
    )
    shop.wait_for(lambda: len(shop.states()) == 2)
    assert shop.history() == [
        (
            "PUBLISH",
            "SKIPPED",
            None,
            "Skipped: predecessor LOAD did not succeed.",
            "EXECUTE TASK",
            1,
        ),
        ("LOAD", "FAILED", "100051", "Division by zero", "EXECUTE TASK", 1),
    ]
    assert shop.run("SELECT SYSTEM$STREAM_HAS_DATA('raw_stream')") == [(True,)]


def test_a_schedule_runs_by_itself(shop: Shop) -> None:
    shop.run(
        "CREATE TASK tick SCHEDULE = '10 SECONDS' AS INSERT INTO prod VALUES (1)",
        "ALTER TASK tick RESUME",
    )
    shop.wait_for(lambda: shop.states() == [("TICK", "SUCCEEDED")])
    shop.run("ALTER TASK tick SUSPEND")
    assert shop.run("SELECT n FROM prod") == [(1,)]
    (delay,) = shop.run(
        "SELECT DATEDIFF('millisecond', scheduled_time, query_start_time) BETWEEN 0 AND 2000"
        " FROM TABLE(INFORMATION_SCHEMA.TASK_HISTORY(TASK_NAME => 'TICK'))"
        " WHERE database_name = CURRENT_DATABASE()"
    )
    assert delay == (True,)


def test_a_task_has_the_context_that_it_was_given(shop: Shop) -> None:
    shop.run(
        "CREATE WAREHOUSE IF NOT EXISTS compute_wh INITIALLY_SUSPENDED = TRUE",
        "CREATE TABLE seen (who VARCHAR, warehouse VARCHAR, place VARCHAR, zone TIMESTAMP_NTZ)",
        "CREATE TASK look WAREHOUSE = COMPUTE_WH TIMEZONE = 'UTC' AS INSERT INTO seen SELECT"
        " CURRENT_USER(), CURRENT_WAREHOUSE(), CURRENT_SCHEMA(), CURRENT_TIMESTAMP()",
        "EXECUTE TASK look",
    )
    shop.wait_for(lambda: shop.states() == [("LOOK", "SUCCEEDED")])
    assert shop.run("SELECT who, warehouse, place FROM seen") == [("SYSTEM", "COMPUTE_WH", "OPS")]


# A statement that takes for ever.
_ROWS = "TABLE(GENERATOR(ROWCOUNT => 100000))"
_ENDLESS = f"INSERT INTO prod SELECT COUNT(*) FROM {_ROWS} a, {_ROWS} b, {_ROWS} c"


def test_a_task_is_cancelled_when_its_time_is_over(shop: Shop) -> None:
    shop.run(f"CREATE TASK slow USER_TASK_TIMEOUT_MS = 300 AS {_ENDLESS}", "EXECUTE TASK slow")
    shop.wait_for(lambda: [state for _, state in shop.states()] == ["FAILED"])
    ((_, _, code, message, _, _),) = shop.history()
    assert code == "000630"
    assert message.startswith("Statement reached its statement or warehouse timeout")


def test_snowflakes_errors_reach_the_client(shop: Shop) -> None:
    shop.create_graph()
    with pytest.raises(DatabaseError) as caught:
        shop.run("CREATE OR ALTER TASK publish AFTER load AS SELECT 1")
    assert caught.value.errno == 91421
    assert caught.value.sqlstate == "22000"
    assert f"root task {shop.database}.OPS.LOAD since that root task is not suspended" in str(
        caught.value
    )


def test_a_dropped_schema_takes_its_tasks_with_it(shop: Shop) -> None:
    shop.create_graph()
    shop.run(f"DROP SCHEMA {shop.database}.ops")
    assert shop.run(f"SHOW TASKS IN DATABASE {shop.database}") == []


def test_tasks_and_their_history_survive_a_kill_of_the_account(tmp_path: Path) -> None:
    account = new_account(tmp_path)
    account.start()
    try:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE kept")
            shop = Shop(connection, "KEPT")
            shop.create_graph()
            shop.run(
                f"CREATE TASK slow AS {_ENDLESS}",
                "INSERT INTO raw VALUES (1)",
                "EXECUTE TASK load",
                "EXECUTE TASK slow",
            )
            done = [("LOAD", "SUCCEEDED"), ("PUBLISH", "SUCCEEDED"), ("SLOW", "EXECUTING")]
            shop.wait_for(lambda: sorted(shop.states()) == done)
            shown = shop.run("SHOW TASKS")
            account.kill()
        account.start()
        with account.connect(database="KEPT", schema="OPS") as connection:
            shop.connection = connection
            assert shop.run("SHOW TASKS") == shown
            assert shop.run("SELECT n FROM prod") == [(1,)]
            (cut_off,) = [row for row in shop.history() if row[0] == "SLOW"]
            assert cut_off[1] == "FAILED"
            assert "account stopped while the task was running" in cut_off[3]
            shop.run("INSERT INTO raw VALUES (2)", "EXECUTE TASK load")
            shop.wait_for(lambda: shop.run("SELECT n FROM prod ORDER BY n") == [(1,), (2,)])
    finally:
        account.kill()


def test_an_account_that_is_stopped_ends_its_tasks_and_leaves_none_executing(
    tmp_path: Path,
) -> None:
    account = new_account(tmp_path)
    account.start()
    try:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE kept")
            shop = Shop(connection, "KEPT")
            shop.run(f"CREATE TASK slow AS {_ENDLESS}", "EXECUTE TASK slow")
            shop.wait_for(lambda: shop.states() == [("SLOW", "EXECUTING")])
        assert account.stop() == 0
        account.start()
        with account.connect(database="KEPT", schema="OPS") as connection:
            shop.connection = connection
            assert shop.states() == [("SLOW", "CANCELLED")]
    finally:
        account.kill()
