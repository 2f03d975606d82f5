"""BEGIN, COMMIT, ROLLBACK, autocommit, and statements that fail."""

import pytest
import snowflake.connector
from snowflake.snowpark import Session

from conformance.shared import Run, error
from flocon import AccountProcess


def test_others_see_a_transaction_when_it_is_committed(run: Run, other: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    run("BEGIN")
    run("UPDATE t SET n = 11")
    run("INSERT INTO t VALUES (2, 20)")
    assert run("SELECT * FROM t ORDER BY id") == [(1, 11), (2, 20)]
    assert other("SELECT * FROM t") == [(1, 10)]
    run("COMMIT")
    assert other("SELECT * FROM t ORDER BY id") == [(1, 11), (2, 20)]


def test_rollback_undoes_every_kind_of_dml(run: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
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
    """https://docs.snowflake.com/en/sql-reference/sql/truncate-table"""
    assert run("TRUNCATE TABLE IF EXISTS nowhere") == [("Statement executed successfully.",)]
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        run("TRUNCATE TABLE nowhere")
    assert raised.value.errno == 2003


def test_begin_inside_a_transaction_is_ignored(run: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    run("BEGIN")
    run("UPDATE t SET n = 11")
    run("BEGIN")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(10,)]
    run("UPDATE t SET n = 12")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(12,)]


def test_commit_and_rollback_without_a_transaction_do_nothing(run: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/commit"""
    run("COMMIT")
    run("ROLLBACK")
    assert run("SELECT n FROM t") == [(10,)]


def test_a_closed_session_leaves_nothing_open(
    account: AccountProcess, database: str, run: Run, table: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
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
    """https://docs.snowflake.com/en/sql-reference/transactions"""
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
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.cache_result"""
    session.sql("BEGIN").collect()
    session.sql("UPDATE t SET n = 11").collect()
    many = session.create_dataframe([(i, i) for i in range(600)], schema=["id", "n"])
    assert many.cache_result().count() == 600
    session.sql("ROLLBACK").collect()
    assert run("SELECT n FROM t") == [(10,)]


def test_without_autocommit_dml_waits_for_commit(
    account: AccountProcess, database: str, run: Run, table: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#autocommit"""
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


_FAILING = [
    pytest.param("UPDATE t SET n = 1 / (id - 1)", 100051, id="division"),
    pytest.param("INSERT INTO t VALUES (3, 30), (4, 'x')", 100038, id="conversion"),
    pytest.param("INSERT INTO t SELECT id, 1 / (id - 1) FROM t", 100051, id="in the middle"),
    pytest.param("INSERT OVERWRITE INTO t SELECT 1 / (id - 1), n FROM t", 100051, id="overwrite"),
    pytest.param("INSERT INTO strict VALUES (1), (NULL)", 100072, id="not null"),
    pytest.param(
        "MERGE INTO t USING (SELECT 1 AS id UNION ALL SELECT 1) x ON t.id = x.id"
        " WHEN MATCHED THEN UPDATE SET n = 0",
        100090,
        id="merge",
    ),
    pytest.param("INSERT INTO sink SELECT id / (id - 2) FROM s", 100051, id="reading the stream"),
    pytest.param("SELECT 1 / (id - 1) FROM t", 100051, id="query"),
    pytest.param("SELECT nothing FROM t", 904, id="compilation"),
    pytest.param("DESCRIBE TABLE nothing", 2003, id="describe"),
    pytest.param("SELEKT 1", 1003, id="syntax"),
]


@pytest.mark.parametrize(("failing", "number"), _FAILING)
def test_a_failed_statement_undoes_itself_alone_and_commit_keeps_the_rest(
    run: Run, table: None, failing: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#failed-statements"""
    run("CREATE STREAM s ON TABLE t")
    run("CREATE TABLE sink (id INT)")
    run("CREATE TABLE strict (id INT NOT NULL)")
    run("INSERT INTO t VALUES (2, 20), (2, 20)")
    run("BEGIN")
    run("INSERT INTO sink SELECT id FROM s")
    run("UPDATE t SET n = n + ? WHERE id = 2", 1)
    run("DELETE FROM sink WHERE id = 5")
    assert error(run, failing) == number
    assert run("SELECT * FROM t ORDER BY id") == [(1, 10), (2, 21), (2, 21)]
    run("INSERT INTO t VALUES (3, 30)")
    assert error(run, failing) == number
    assert run("COMMIT") == [("Statement executed successfully.",)]
    assert run("SELECT * FROM t ORDER BY id") == [(1, 10), (2, 21), (2, 21), (3, 30)]
    assert run("SELECT * FROM sink") == [(2,), (2,)]
    assert run("SELECT * FROM strict") == []
    assert run("SELECT id, n, METADATA$ACTION, METADATA$ISUPDATE FROM s ORDER BY 1, 2") == [
        (2, 20, "DELETE", True),
        (2, 20, "DELETE", True),
        (2, 21, "INSERT", True),
        (2, 21, "INSERT", True),
        (3, 30, "INSERT", False),
    ]


def test_a_failed_statement_in_a_transaction_can_be_rolled_back_with_the_rest(
    run: Run, table: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#failed-statements"""
    run("BEGIN")
    run("UPDATE t SET n = 11")
    assert error(run, "INSERT INTO t VALUES ('x', 1)") == 100038
    run("ROLLBACK")
    run("UPDATE t SET n = n + 1")
    assert run("SELECT n FROM t") == [(11,)]


def test_with_transaction_abort_on_error_a_failed_statement_takes_the_transaction_along(
    run: Run, table: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#transaction-abort-on-error"""
    run("ALTER SESSION SET TRANSACTION_ABORT_ON_ERROR = TRUE")
    run("BEGIN")
    run("UPDATE t SET n = 11")
    assert error(run, "SELECT nothing FROM t") == 904
    error(run, "INSERT INTO t VALUES (3, 30)")
    run("ROLLBACK")
    assert run("SELECT * FROM t") == [(1, 10)]


def test_each_statement_sees_what_is_committed_by_then(run: Run, other: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#read-committed-isolation"""
    run("BEGIN")
    assert run("SELECT * FROM t") == [(1, 10)]
    other("INSERT INTO t VALUES (2, 20)")
    assert run("SELECT count(*) FROM t") == [(2,)]
    assert run("UPDATE t SET n = n + 1") == [(2, 0)]
    other("INSERT INTO t VALUES (3, 30)")
    assert run("SELECT * FROM t ORDER BY id") == [(1, 11), (2, 21), (3, 30)]
    assert run("UPDATE t SET n = n + 1") == [(3, 0)]
    assert other("SELECT * FROM t ORDER BY id") == [(1, 10), (2, 20), (3, 30)]
    other("CREATE TABLE made (id INT)")
    assert run("SELECT count(*) FROM made") == [(0,)]
    run("COMMIT")
    assert other("SELECT * FROM t ORDER BY id") == [(1, 12), (2, 22), (3, 31)]


def test_a_view_shows_what_is_committed_by_then(run: Run, other: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#read-committed-isolation"""
    run("CREATE VIEW w AS SELECT sum(n) AS n FROM t")
    run("CREATE TABLE sink (n INT)")
    run("BEGIN")
    run("INSERT INTO sink SELECT n FROM w")
    other("INSERT INTO t VALUES (2, 20)")
    run("INSERT INTO sink SELECT n FROM w")
    run("COMMIT")
    assert run("SELECT n FROM sink ORDER BY n") == [(10,), (30,)]


def test_a_failed_statement_outside_a_transaction_leaves_nothing(run: Run, table: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#failed-statements"""
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
