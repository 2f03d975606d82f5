"""CREATE, DROP, SHOW and DESCRIBE STREAM."""

import pytest
import snowflake.connector

from conformance.shared import CHANGES, Run, error, failure
from flocon import AccountProcess


def test_show_initial_rows_gives_the_old_rows_first_and_alone(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("CREATE OR REPLACE STREAM s ON TABLE t SHOW_INITIAL_ROWS = TRUE")
    run("INSERT INTO t VALUES (3, 'three')")
    run("UPDATE t SET v = 'I' WHERE id = 1")
    old = [(1, "one", "INSERT", False), (2, "two", "INSERT", False)]
    assert run(CHANGES) == old
    assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(True,)]
    run("BEGIN")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("ROLLBACK")
    assert run(CHANGES) == old
    run("INSERT INTO sink SELECT id, v FROM s")
    assert run(CHANGES) == [
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
        (3, "three", "INSERT", False),
    ]
    run("INSERT INTO sink SELECT id, v FROM s")
    assert run(CHANGES) == []


def test_show_initial_rows_of_an_append_only_stream(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("CREATE STREAM b ON TABLE t APPEND_ONLY = TRUE SHOW_INITIAL_ROWS = TRUE")
    run("INSERT INTO t VALUES (3, 'three')")
    assert run("SELECT id FROM b ORDER BY id") == [(1,), (2,)]
    run("INSERT INTO sink SELECT id, v FROM b")
    assert run("SELECT id FROM b") == [(3,)]


def test_if_not_exists_keeps_the_offset_and_or_replace_moves_it(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("CREATE STREAM IF NOT EXISTS s ON TABLE t")
    assert run("SELECT id FROM s") == [(3,)]
    assert error(run, "CREATE STREAM s ON TABLE t") == 2002
    run("CREATE OR REPLACE STREAM s ON TABLE t AT(STREAM => 's')")
    assert run("SELECT id FROM s") == [(3,)]
    run("CREATE STREAM twin ON TABLE t AT(STREAM => 's')")
    run("CREATE OR REPLACE STREAM s ON TABLE t")
    assert run("SELECT * FROM s") == []
    assert run("SELECT id FROM twin") == [(3,)]


def test_at_a_stream_of_another_table_is_refused(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("CREATE TABLE u (id INT)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        run("CREATE STREAM of_u ON TABLE u AT(STREAM => 's')")


def test_a_failed_or_replace_leaves_the_stream(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("INSERT INTO t VALUES (3, 'three')")
    assert error(run, "CREATE OR REPLACE STREAM s ON TABLE nothing") == 2003
    assert error(run, "CREATE OR REPLACE STREAM s ON TABLE t AT(STREAM => 'nothing')") == 2003
    assert run("SELECT id FROM s") == [(3,)]


def test_names_in_other_places_and_in_quotes(run: Run, source: None, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    run("CREATE SCHEMA far")
    run('CREATE STREAM far."Étrange ""flux""" ON TABLE PUBLIC.t')
    run('CREATE TABLE "Ma table" ("Prix, €" INT, "a b" VARCHAR)')
    run('CREATE STREAM "ma table" ON TABLE "Ma table"')
    run("INSERT INTO PUBLIC.t VALUES (3, 'three')")
    run("USE SCHEMA PUBLIC")
    run("INSERT INTO far.\"Ma table\" VALUES (1, 'x')")
    run('UPDATE far."Ma table" SET "Prix, €" = 2')
    assert run(f'SELECT id FROM {database}.far."Étrange ""flux"""') == [(3,)]
    assert run('SELECT "Prix, €", "a b", METADATA$ACTION FROM far."ma table"') == [
        (2, "x", "INSERT")
    ]
    assert run("SELECT SYSTEM$STREAM_HAS_DATA('far.\"ma table\"')") == [(True,)]
    assert error(run, "SELECT * FROM far.ma_table") == 2003


def test_a_stream_is_read_from_a_session_in_another_database(
    run: Run, source: None, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/name-resolution"""
    run("INSERT INTO t VALUES (3, 'three')")
    with account.connect() as other:
        cursor = other.cursor()
        cursor.execute(f"INSERT INTO {database}.public.sink SELECT id, v FROM {database}.public.s")
        assert cursor.execute(f"SELECT * FROM {database}.public.s").fetchall() == []
        cursor.execute("BEGIN")
        cursor.execute(f"INSERT INTO {database}.public.t VALUES (4, 'four')")
        cursor.execute("COMMIT")
    assert run("SELECT id FROM sink") == [(3,)]
    assert run("SELECT id FROM s") == [(4,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO s (id) VALUES (1)",
        "INSERT OVERWRITE INTO s (id) VALUES (1)",
        "UPDATE s SET id = 1",
        "DELETE FROM s",
        "TRUNCATE TABLE s",
        "MERGE INTO s USING t ON s.id = t.id WHEN MATCHED THEN DELETE",
    ],
)
def test_a_stream_cannot_be_changed(run: Run, source: None, statement: str) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("INSERT INTO t VALUES (3, 'three')")
    error(run, statement)
    assert run("SELECT id FROM s") == [(3,)]
    assert run("SELECT count(*) FROM t") == [(3,)]


def test_what_is_not_supported_says_so(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("CREATE VIEW w AS SELECT * FROM t")
    for statement in (
        "CREATE STREAM x ON VIEW w",
        "CREATE STREAM x ON TABLE w",
        "CREATE STREAM x ON TABLE t INSERT_ONLY = TRUE",
        "CREATE STREAM x ON TABLE t BEFORE (STREAM => 's')",
        "CREATE STREAM x ON TABLE t AT (OFFSET => -60)",
        "CREATE OR ALTER STREAM s ON TABLE t",
    ):
        number, text = failure(run, statement)
        assert (number, "Unsupported feature" in text) == (2, True), statement
    assert error(run, "CREATE STREAM x ON TABLE nothing") == 2003
    assert error(run, "DROP STREAM nothing") == 2003
    assert run("DROP STREAM IF EXISTS nothing")


def test_show_and_describe_tell_what_a_stream_is(
    run: Run, source: None, connection: snowflake.connector.SnowflakeConnection, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-streams"""
    cursor = connection.cursor(snowflake.connector.DictCursor)
    shown = cursor.execute("SHOW STREAMS IN SCHEMA PUBLIC").fetchall()
    assert [
        (row["name"], row["table_name"], row["mode"], row["stale"], row["type"]) for row in shown
    ] == [
        ("A", f"{database}.PUBLIC.T", "APPEND_ONLY", "false", "DELTA"),
        ("S", f"{database}.PUBLIC.T", "DEFAULT", "false", "DELTA"),
    ]
    assert cursor.execute("DESCRIBE STREAM s").fetchall()[0]["mode"] == "DEFAULT"
