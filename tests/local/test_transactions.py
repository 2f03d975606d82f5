"""Transactions through the real connector.

https://docs.snowflake.com/en/sql-reference/transactions
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import snowflake.connector
from snowflake.snowpark import Session

from tests.conftest import RunningAccount

Run = Callable[..., list[Any]]


@pytest.fixture
def table(run: Run) -> None:
    """A table T with one row (1, 10)."""
    run("CREATE TABLE t (id INT, n INT)")
    run("INSERT INTO t VALUES (1, 10)")


@pytest.fixture
def other(account: RunningAccount, database: str) -> Iterator[Run]:
    """run() of another session."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield lambda sql, *binds: opened.cursor().execute(sql, binds or None).fetchall()


def error(run: Run, sql: str, *binds: Any) -> int:
    """The number of the error that a statement ends in."""
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        run(sql, *binds)
    return int(raised.value.errno)


@contextmanager
def beside(statement: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run something in another thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(statement)


def still_waits(future: Future[Any]) -> bool:
    """Has it not ended in half a second?"""
    try:
        future.exception(timeout=0.5)
    except TimeoutError:
        return True
    return False


# --- commit and rollback -------------------------------------------------------------------------


def test_others_see_a_transaction_when_it_is_committed(run: Run, other: Run, table: None) -> None:
    run("BEGIN")
    run("UPDATE t SET n = 11")
    run("INSERT INTO t VALUES (2, 20)")
    assert run("SELECT * FROM t ORDER BY id") == [(1, 11), (2, 20)]
    assert other("SELECT * FROM t") == [(1, 10)]
    run("COMMIT")
    assert other("SELECT * FROM t ORDER BY id") == [(1, 11), (2, 20)]


def test_rollback_undoes_every_kind_of_dml(run: Run, table: None) -> None:
    run("BEGIN TRANSACTION")
    run("INSERT INTO t VALUES (2, 20)")
    run("UPDATE t SET n = 0")
    run(
        "MERGE INTO t USING (SELECT 3 AS id) x ON t.id = x.id WHEN NOT MATCHED THEN"
        " INSERT VALUES (x.id, 0)"
    )
    run("DELETE FROM t WHERE id = 1")
    run("TRUNCATE TABLE t")
    run("ROLLBACK")
    assert run("SELECT * FROM t") == [(1, 10)]


def test_truncating_a_missing_table_succeeds_where_if_exists_is_said(run: Run) -> None:
    assert run("TRUNCATE TABLE IF EXISTS nowhere") == [("Statement executed successfully.",)]
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        run("TRUNCATE TABLE nowhere")
    assert raised.value.errno == 2003


def test_begin_inside_a_transaction_is_ignored(run: Run, table: None) -> None:
    run("BEGIN")
    run("UPDATE t SET n = 11")
    run("BEGIN")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(10,)]
    run("UPDATE t SET n = 12")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(12,)]


def test_commit_and_rollback_without_a_transaction_do_nothing(run: Run, table: None) -> None:
    run("COMMIT")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(10,)]


def test_a_closed_session_leaves_nothing_open(
    account: RunningAccount, database: str, run: Run, table: None
) -> None:
    leaving = account.connect(database=database, schema="PUBLIC")
    leaving.cursor().execute("BEGIN")
    leaving.cursor().execute("UPDATE t SET n = 11")
    leaving.close()
    run("UPDATE t SET n = n + 1")
    assert run("SELECT n FROM t") == [(11,)]


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE u (id INT)",
        "CREATE TEMPORARY TABLE u (id INT)",
        "CREATE TABLE u AS SELECT * FROM t",
        "CREATE VIEW u AS SELECT * FROM t",
        "CREATE STREAM u ON TABLE v",
        "ALTER TABLE v ADD COLUMN c INT",
        "DROP TABLE v",
        "CREATE SCHEMA u",
        "CREATE STAGE u",
    ],
)
def test_ddl_commits_the_open_transaction(run: Run, other: Run, table: None, ddl: str) -> None:
    run("CREATE TABLE v (id INT)")
    run("BEGIN")
    run("UPDATE t SET n = 11")
    run(ddl)
    assert other("SELECT n FROM PUBLIC.t") == [(11,)]
    run("ROLLBACK")
    assert other("SELECT n FROM PUBLIC.t") == [(11,)]


def test_snowparks_own_temporary_tables_do_not_commit(
    session: Session, run: Run, table: None
) -> None:
    session.sql("BEGIN").collect()
    session.sql("UPDATE t SET n = 11").collect()
    many = session.create_dataframe([(i, i) for i in range(600)], schema=["id", "n"])
    assert many.cache_result().count() == 600
    session.sql("ROLLBACK").collect()
    assert run("SELECT n FROM t") == [(10,)]


def test_without_autocommit_dml_waits_for_commit(
    account: RunningAccount, database: str, run: Run, table: None
) -> None:
    with account.connect(database=database, schema="PUBLIC", autocommit=False) as manual:
        cursor = manual.cursor()
        cursor.execute("UPDATE t SET n = 11")
        assert run("SELECT n FROM t") == [(10,)]
        manual.rollback()
        cursor.execute("UPDATE t SET n = 12")
        manual.commit()
        assert run("SELECT n FROM t") == [(12,)]
        cursor.execute("UPDATE t SET n = 13")
        manual.autocommit(True)
        assert run("SELECT n FROM t") == [(13,)]
        cursor.execute("UPDATE t SET n = 14")
    assert run("SELECT n FROM t") == [(14,)]


# --- failures ------------------------------------------------------------------------------------


def test_a_transaction_with_a_failed_statement_is_never_committed_in_part(
    run: Run, table: None
) -> None:
    """A difference: Snowflake would keep the statements that succeeded."""
    run("CREATE STREAM s ON TABLE t")
    run("CREATE TABLE sink (id INT)")
    run("INSERT INTO t VALUES (2, 20)")
    run("BEGIN")
    run("INSERT INTO sink SELECT id FROM s")
    assert error(run, "UPDATE t SET n = 1 / (id - 1)") == 100051
    assert error(run, "INSERT INTO sink VALUES (3)") == 90236
    assert error(run, "COMMIT") == 90236
    assert run("SELECT * FROM sink") == []
    assert run("SELECT id FROM s") == [(2,)]
    run("INSERT INTO sink SELECT id FROM s")
    assert run("SELECT * FROM sink") == [(2,)]


def test_rollback_ends_a_failed_transaction(run: Run, table: None) -> None:
    run("BEGIN")
    run("UPDATE t SET n = 11")
    assert error(run, "INSERT INTO t VALUES ('x', 1)") == 100038
    run("ROLLBACK")
    run("UPDATE t SET n = n + 1")
    assert run("SELECT n FROM t") == [(11,)]


def test_a_failed_statement_outside_a_transaction_leaves_nothing(run: Run, table: None) -> None:
    run("CREATE STREAM s ON TABLE t")
    assert error(run, "INSERT INTO t SELECT v, 1 / (3 - v) FROM (VALUES (2), (3)) x (v)") == 100051
    assert (
        error(
            run,
            "MERGE INTO t USING (SELECT 1 AS id UNION ALL SELECT 1) x ON t.id = x.id"
            " WHEN MATCHED THEN UPDATE SET n = 0",
        )
        == 100090
    )
    assert run("SELECT * FROM t") == [(1, 10)]
    assert run("SELECT * FROM s") == []


# --- two writers ---------------------------------------------------------------------------------


def test_updates_of_one_row_from_many_threads_all_succeed(
    account: RunningAccount, database: str, run: Run, table: None
) -> None:
    run("CREATE STREAM s ON TABLE t")
    each, writers = 10, 4

    def count() -> None:
        with account.connect(database=database, schema="PUBLIC") as opened:
            for _ in range(each):
                assert opened.cursor().execute("UPDATE t SET n = n + 1").rowcount == 1

    with ThreadPoolExecutor(writers) as pool:
        for future in [pool.submit(count) for _ in range(writers)]:
            future.result()
    assert run("SELECT n FROM t") == [(10 + each * writers,)]
    assert run("SELECT n, METADATA$ACTION FROM s ORDER BY n") == [
        (10, "DELETE"),
        (10 + each * writers, "INSERT"),
    ]


def test_a_second_writer_waits_and_sees_what_the_first_committed(
    run: Run, other: Run, table: None
) -> None:
    """Conditional updates as fences: the later one finds that its condition no longer holds."""
    fence = "UPDATE t SET n = 11 WHERE id = 1 AND n = 10"
    run("BEGIN")
    run(fence)
    other("BEGIN")
    with beside(lambda: other(fence)) as second:
        assert still_waits(second)
        run("COMMIT")
        assert second.result(timeout=10) == [(0, 0)]
    other("ROLLBACK")


def test_a_statement_of_any_kind_can_be_repeated_after_waiting(
    run: Run, other: Run, table: None
) -> None:
    fence = (
        "UPDATE t SET n = x.n FROM (SELECT f.value:id::INT AS id, f.value:n::INT AS n FROM"
        " TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f) x WHERE t.id = x.id"
    )
    run("BEGIN")
    run(fence, '[{"id": 1, "n": 11}]')
    with beside(lambda: other(fence, '[{"id": 1, "n": 12}]')) as second:
        assert still_waits(second)
        run("COMMIT")
        second.result(timeout=10)
    assert run("SELECT n FROM t") == [(12,)]


def test_a_second_writer_goes_on_when_the_first_rolls_back(
    run: Run, other: Run, table: None
) -> None:
    run("BEGIN")
    run("UPDATE t SET n = 11")
    with beside(lambda: other("UPDATE t SET n = n + 5")) as second:
        assert still_waits(second)
        run("ROLLBACK")
        second.result(timeout=10)
    assert run("SELECT n FROM t") == [(15,)]


def test_a_writer_that_cannot_wait_gets_a_lock_error_and_leaves_nothing(
    run: Run, other: Run, table: None
) -> None:
    run("CREATE TABLE log (id INT)")
    other("BEGIN")
    other("INSERT INTO log VALUES (1)")
    run("UPDATE t SET n = 11")
    assert error(other, "UPDATE t SET n = n + 100") == 625
    assert error(other, "COMMIT") == 90236
    assert run("SELECT n FROM t") == [(11,)]
    assert run("SELECT * FROM log") == []


def test_rows_read_from_a_stream_pin_the_transaction(run: Run, other: Run, table: None) -> None:
    """A client that has read the stream must not have other rows consumed than it saw."""
    run("CREATE STREAM s ON TABLE t")
    run("CREATE TABLE sink (id INT, n INT)")
    run("INSERT INTO sink VALUES (2, 0), (3, 0)")
    run("INSERT INTO t VALUES (2, 20)")
    run("BEGIN")
    assert run("SELECT id FROM s") == [(2,)]
    other("INSERT INTO t VALUES (3, 30)")
    other("UPDATE sink SET n = -1 WHERE id = 2")
    assert (
        error(run, "MERGE INTO sink USING s ON sink.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n")
        == 625
    )
    run("ROLLBACK")
    assert run("SELECT id FROM s ORDER BY id") == [(2,), (3,)]


def test_two_consumers_of_one_stream_never_both_commit(run: Run, other: Run, table: None) -> None:
    run("CREATE STREAM s ON TABLE t")
    run("CREATE TABLE sink (id INT)")
    run("INSERT INTO t VALUES (2, 20)")
    for consumer in (run, other):
        consumer("BEGIN")
        consumer("INSERT INTO sink SELECT id FROM s")
    run("COMMIT")
    assert error(other, "COMMIT") == 625
    assert run("SELECT id FROM sink") == [(2,)]
    other("INSERT INTO sink SELECT id FROM s")
    assert run("SELECT id FROM sink") == [(2,)]


def test_a_stream_made_while_a_transaction_is_open_can_be_fed_by_it(
    run: Run, other: Run, table: None
) -> None:
    run("BEGIN")
    assert run("SELECT n FROM t") == [(10,)]
    other("CREATE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (2, 20)")
    run("COMMIT")
    assert run("SELECT id FROM s") == [(2,)]


def test_a_new_stream_waits_for_transactions_that_wrote_to_its_table(
    run: Run, other: Run, table: None
) -> None:
    run("BEGIN")
    run("INSERT INTO t VALUES (2, 20)")
    with beside(lambda: other("CREATE STREAM s ON TABLE t")) as created:
        assert still_waits(created)
        run("INSERT INTO t VALUES (3, 30)")
        assert run("SELECT count(*) FROM t") == [(3,)]
        run("COMMIT")
        created.result(timeout=10)
    run("INSERT INTO t VALUES (4, 40)")
    assert run("SELECT id FROM s") == [(4,)]


# --- clients that go away ------------------------------------------------------------------------


def test_a_silent_clients_transaction_does_not_block_others_for_ever(
    run: Run, other: Run, table: None
) -> None:
    """Snowflake undoes it after 5 minutes; this account after 5 seconds."""
    run("BEGIN")
    run("UPDATE t SET n = 11")
    started = time.monotonic()
    other("UPDATE t SET n = n + 1")
    assert time.monotonic() - started < 15
    assert other("SELECT n FROM t") == [(11,)]
    assert error(run, "UPDATE t SET n = 100") == 90236
    assert error(run, "COMMIT") == 90236
    run("UPDATE t SET n = n + 1")
    assert run("SELECT n FROM t") == [(12,)]


def test_a_cancelled_query_fails_and_the_session_goes_on(
    connection: snowflake.connector.SnowflakeConnection, run: Run, table: None
) -> None:
    slow = (
        "SELECT count(*) FROM TABLE(GENERATOR(ROWCOUNT => 200000)) a,"
        " TABLE(GENERATOR(ROWCOUNT => 200000)) b"
    )
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        connection.cursor().execute(slow, timeout=1)
    assert raised.value.errno == 604
    assert time.monotonic() - started < 10
    assert run("SELECT n FROM t") == [(10,)]


def test_a_statement_that_waits_for_a_lock_can_be_cancelled(
    connection: snowflake.connector.SnowflakeConnection, run: Run, other: Run, table: None
) -> None:
    other("BEGIN")
    other("UPDATE t SET n = 11")
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        connection.cursor().execute("UPDATE t SET n = 12", timeout=1)
    assert raised.value.errno == 604
    assert time.monotonic() - started < 5
    other("COMMIT")
    assert run("SELECT n FROM t") == [(11,)]


def test_threads_of_one_session_wait_for_one_another(
    connection: snowflake.connector.SnowflakeConnection, run: Run, table: None
) -> None:
    """Each of 8 threads gets its own answers, and every statement happens once."""
    run("CREATE STREAM s ON TABLE t")
    wrong: list[Any] = []

    def work(thread: int) -> None:
        for index in range(12):
            value = thread * 1000 + index
            cursor = connection.cursor()
            cursor.execute("INSERT INTO t VALUES (?, ?)", (value, thread))
            answer = cursor.execute("SELECT ?::INT, count(*) FROM t WHERE id = ?", (value, value))
            rows = answer.fetchall()
            if rows != [(value, 1)]:
                wrong.append((value, rows))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert run("SELECT count(*), count(DISTINCT id) FROM s") == [(96, 96)]
