"""Streams through the real connector.

https://docs.snowflake.com/en/user-guide/streams-intro
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from snowflake.snowpark import Session

from local.account import Account
from tests.conftest import RunningAccount

Run = Callable[..., list[Any]]

_CHANGES = "SELECT id, v, METADATA$ACTION, METADATA$ISUPDATE FROM s ORDER BY id, v, METADATA$ACTION"


@pytest.fixture
def source(run: Run) -> None:
    """A table T with the rows 1 and 2, a stream S and an append-only stream A on it, a SINK."""
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
    run("CREATE STREAM s ON TABLE t")
    run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE")
    run("CREATE TABLE sink (id INT, v VARCHAR)")


def error(run: Run, sql: str) -> tuple[int, str]:
    """The number and text of the error that a statement ends in."""
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        run(sql)
    return int(raised.value.errno), str(raised.value.msg)


# --- net changes ---------------------------------------------------------------------------------


def test_a_new_stream_is_empty(run: Run, source: None) -> None:
    assert run("SELECT * FROM s") == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')"], [(3, "three", "INSERT", False)], id="insert"
        ),
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')", "UPDATE t SET v = 'III' WHERE id = 3"],
            [(3, "III", "INSERT", False)],
            id="insert-update",
        ),
        pytest.param(
            ["INSERT INTO t VALUES (3, 'three')", "DELETE FROM t WHERE id = 3"],
            [],
            id="insert-delete",
        ),
        pytest.param(
            ["UPDATE t SET v = 'I' WHERE id = 1"],
            [(1, "I", "INSERT", True), (1, "one", "DELETE", True)],
            id="update",
        ),
        pytest.param(["DELETE FROM t WHERE id = 1"], [(1, "one", "DELETE", False)], id="delete"),
        pytest.param(
            ["UPDATE t SET v = v || '!'", "UPDATE t SET v = v || '?' WHERE id = 2"],
            [
                (1, "one", "DELETE", True),
                (1, "one!", "INSERT", True),
                (2, "two", "DELETE", True),
                (2, "two!?", "INSERT", True),
            ],
            id="several-updates",
        ),
        pytest.param(
            ["UPDATE t SET v = 'I' WHERE id = 1", "DELETE FROM t WHERE id = 1"],
            [(1, "one", "DELETE", False)],
            id="update-delete",
        ),
        pytest.param(
            [
                "INSERT INTO t VALUES (3, 'x')",
                "UPDATE t SET v = 'y' WHERE id = 3",
                "UPDATE t SET id = 4 WHERE id = 3",
                "DELETE FROM t WHERE id = 4",
            ],
            [],
            id="insert-update-update-delete",
        ),
        pytest.param(
            ["DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (1, 'one')"],
            [(1, "one", "DELETE", False), (1, "one", "INSERT", False)],
            id="delete-insert",
        ),
        pytest.param(
            ["TRUNCATE TABLE t"],
            [(1, "one", "DELETE", False), (2, "two", "DELETE", False)],
            id="truncate",
        ),
        pytest.param(
            ["UPDATE t SET v = NULL WHERE id = 1", "UPDATE t SET v = 'x' WHERE v IS NULL"],
            [(1, "one", "DELETE", True), (1, "x", "INSERT", True)],
            id="through-null",
        ),
    ],
)
@pytest.mark.parametrize("how", ["autocommit", "one transaction"])
def test_a_stream_gives_the_net_change_since_its_offset(
    run: Run, source: None, statements: list[str], expected: list[Any], how: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#types-of-streams"""
    if how == "one transaction":
        statements = ["BEGIN", *statements, "COMMIT"]
    for statement in statements:
        run(statement)
    assert run(_CHANGES) == sorted(expected)


def test_changes_of_several_consumptions_do_not_mix(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'a')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("UPDATE t SET v = 'b' WHERE id = 3")
    assert run(_CHANGES) == [(3, "a", "DELETE", True), (3, "b", "INSERT", True)]
    run("INSERT INTO sink SELECT id, v FROM s WHERE METADATA$ACTION = 'INSERT'")
    run("DELETE FROM t WHERE id = 3")
    assert run(_CHANGES) == [(3, "b", "DELETE", False)]


def test_of_equal_rows_each_counts(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (7, 'x'), (7, 'x')")
    run("INSERT INTO t VALUES (7, 'x')")
    assert run("SELECT count(*), count(DISTINCT METADATA$ROW_ID) FROM s") == [(3, 3)]
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (7, 'x')")
    run("DELETE FROM t WHERE id = 7")
    assert run("SELECT METADATA$ACTION, count(*) FROM s GROUP BY ALL") == [("DELETE", 3)]


def test_equal_rows_from_before_the_stream_and_after_it_are_told_apart_by_number(
    run: Run, source: None
) -> None:
    run("INSERT INTO t VALUES (1, 'one'), (1, 'one')")
    run("UPDATE t SET v = 'I' WHERE id = 1")
    assert sorted(run(_CHANGES)) == [
        (1, "I", "INSERT", False),
        (1, "I", "INSERT", False),
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
    ]
    run("DELETE FROM t WHERE id = 1")
    assert run(_CHANGES) == [(1, "one", "DELETE", False)]


def test_an_append_only_stream_gives_insertions_whatever_becomes_of_them(
    run: Run, source: None
) -> None:
    run("INSERT INTO t VALUES (3, 'three'), (4, 'four'), (5, 'five')")
    run("UPDATE t SET v = 'changed' WHERE id IN (1, 3)")
    run("DELETE FROM t WHERE id IN (2, 4)")
    run("TRUNCATE TABLE t")
    assert run(_CHANGES.replace("FROM s", "FROM a")) == [
        (3, "three", "INSERT", False),
        (4, "four", "INSERT", False),
        (5, "five", "INSERT", False),
    ]


def test_a_row_id_is_the_same_in_all_streams_and_through_updates(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    (before,) = run("SELECT METADATA$ROW_ID FROM s")
    assert run("SELECT METADATA$ROW_ID FROM a") == [before]
    run("INSERT INTO sink SELECT id, v FROM s")
    run("UPDATE t SET v = 'III' WHERE id = 3")
    assert run("SELECT METADATA$ROW_ID FROM s") == [before, before]


# --- values --------------------------------------------------------------------------------------


def test_values_of_every_type_come_through_a_stream(run: Run) -> None:
    run(
        "CREATE TABLE t (n NUMBER(12,2), f FLOAT, b BOOLEAN, d DATE, ts TIMESTAMP_NTZ,"
        " v VARIANT, s VARCHAR)"
    )
    run("CREATE STREAM s ON TABLE t")
    run(
        "INSERT INTO t SELECT 12.50, 0.1, TRUE, '2026-02-28', '2026-02-28 23:59:59.123456',"
        " PARSE_JSON('{\"a\": [1, null, \"é\"]}'), '🍷 Bordeaux – 75 cl'"
    )
    run("INSERT INTO t (s) VALUES (NULL)")
    before = run("SELECT * FROM t ORDER BY n")
    columns = "n, f, b, d, ts, v, s"
    assert run(f"SELECT {columns} FROM s ORDER BY n") == before
    run("UPDATE t SET s = 'x'")
    assert run("SELECT s, METADATA$ISUPDATE FROM s") == [("x", False), ("x", False)]
    run("DELETE FROM t")
    assert run(f"SELECT {columns} FROM s") == []


# --- what moves the offset -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO sink SELECT id, v FROM s",
        "INSERT INTO sink SELECT id, v FROM s WHERE 0 = 1",
        "INSERT INTO sink SELECT x.id, x.v FROM s AS x JOIN t ON t.id = x.id",
        "INSERT INTO sink WITH c AS (SELECT * FROM s) SELECT id, v FROM c",
        "INSERT INTO sink (id) SELECT count(*) FROM s",
        "INSERT INTO sink (id) SELECT id FROM (SELECT id FROM s UNION ALL SELECT id FROM t)",
        "MERGE INTO sink USING s ON sink.id = s.id WHEN NOT MATCHED THEN INSERT (id, v)"
        " VALUES (s.id, s.v)",
        "MERGE INTO sink k USING (SELECT * FROM s QUALIFY row_number() OVER (PARTITION BY id"
        " ORDER BY v) = 1) x ON k.id = x.id WHEN MATCHED THEN UPDATE SET v = x.v"
        " WHEN NOT MATCHED THEN INSERT (id, v) VALUES (x.id, x.v)",
        "UPDATE sink SET v = 'x' WHERE id IN (SELECT id FROM s)",
        "UPDATE sink SET v = s.v FROM s WHERE s.id = sink.id",
        "DELETE FROM sink WHERE id IN (SELECT id FROM s)",
        "DELETE FROM sink USING s WHERE s.id = sink.id",
        "CREATE TABLE made AS SELECT * FROM s",
        "CREATE TEMPORARY TABLE unused AS SELECT * FROM s WHERE 1 = 0",
        "INSERT OVERWRITE INTO sink SELECT id, v FROM s",
        "INSERT INTO sink SELECT id, v FROM PUBLIC.S",
        "INSERT INTO sink SELECT id, v FROM IDENTIFIER('s')",
    ],
)
def test_dml_that_reads_a_stream_takes_all_of_it(run: Run, source: None, statement: str) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    run("INSERT INTO t VALUES (3, 'three')")
    assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(True,)]
    run(statement)
    assert run("SELECT * FROM s") == []
    assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(False,)]
    assert run("SELECT id FROM a") == [(3,)]
    run("INSERT INTO t VALUES (4, 'four')")
    assert run("SELECT id FROM s") == [(4,)]


def test_reading_does_not_move_the_offset(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("SELECT * FROM s")
    run("BEGIN")
    run("SELECT * FROM s")
    run("INSERT INTO sink VALUES (1, 'from elsewhere')")
    run("COMMIT")
    run("CREATE VIEW looks AS SELECT * FROM s")
    assert run("SELECT id FROM looks") == [(3,)]
    assert run("SELECT id FROM s") == [(3,)]


def test_a_failed_statement_does_not_move_the_offset(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    assert error(run, "INSERT INTO sink SELECT v, v FROM s")[0] == 100038
    assert error(run, "INSERT INTO sink SELECT nothing FROM s")[0] == 904
    assert run("SELECT id FROM s") == [(3,)]


def test_rollback_gives_the_rows_back(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("BEGIN")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("ROLLBACK")
    assert run("SELECT * FROM sink") == []
    run("INSERT INTO sink SELECT id, v FROM s")
    assert run("SELECT * FROM sink") == [(3, "three")]


def test_one_transaction_reads_the_same_rows_twice(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#repeatable-read-isolation"""
    run("INSERT INTO t VALUES (3, 'three'), (4, 'four')")
    run("BEGIN")
    run("INSERT INTO sink SELECT id, v FROM s WHERE id = 3")
    run("INSERT INTO sink SELECT id, v FROM s WHERE id = 4")
    assert run("SELECT count(*) FROM s") == [(2,)]
    run("COMMIT")
    assert run("SELECT id FROM sink ORDER BY id") == [(3,), (4,)]
    assert run("SELECT * FROM s") == []


def test_what_is_committed_after_begin_comes_next_time(
    run: Run, source: None, account: RunningAccount, database: str
) -> None:
    run("INSERT INTO t VALUES (3, 'before')")
    run("BEGIN")
    with account.connect(database=database, schema="PUBLIC") as other:
        other.cursor().execute("INSERT INTO t VALUES (4, 'after')")
        run("INSERT INTO sink SELECT id, v FROM s")
        other.cursor().execute("INSERT INTO t VALUES (5, 'later')")
        run("INSERT INTO sink SELECT id, v FROM s")
    run("COMMIT")
    assert run("SELECT id FROM sink") == [(3,), (3,)]
    assert run("SELECT id FROM s ORDER BY id") == [(4,), (5,)]


def test_a_transaction_does_not_see_its_own_changes_in_a_stream(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("BEGIN")
    run("INSERT INTO t VALUES (4, 'four')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (5, 'five')")
    run("COMMIT")
    assert run("SELECT id FROM sink") == [(3,)]
    assert run("SELECT id FROM s ORDER BY id") == [(4,), (5,)]


def test_streams_of_one_table_are_independent(run: Run, source: None) -> None:
    run("CREATE STREAM s2 ON TABLE t")
    run("INSERT INTO t VALUES (3, 'three')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (4, 'four')")
    assert run("SELECT id FROM s") == [(4,)]
    assert run("SELECT id FROM s2 ORDER BY id") == [(3,), (4,)]
    run("DROP STREAM s2")
    assert run("SELECT id FROM s") == [(4,)]


def test_one_statement_consumes_two_streams(run: Run, source: None) -> None:
    run("CREATE TABLE u (id INT)")
    run("CREATE STREAM of_u ON TABLE u")
    run("INSERT INTO t VALUES (3, 'three')")
    run("INSERT INTO u VALUES (3)")
    run("INSERT INTO sink SELECT s.id, s.v FROM s JOIN of_u ON of_u.id = s.id")
    assert run("SELECT * FROM sink") == [(3, "three")]
    assert run("SELECT count(*) FROM s") == run("SELECT count(*) FROM of_u") == [(0,)]


def test_a_chain_of_streams_carries_rows_on(run: Run, source: None) -> None:
    run("CREATE STREAM of_sink ON TABLE sink")
    run("CREATE TABLE last (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (3, 'three')")
    run("BEGIN")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO last SELECT id, v FROM of_sink")
    run("COMMIT")
    assert run("SELECT * FROM last") == []
    run("INSERT INTO last SELECT id, v FROM of_sink")
    assert run("SELECT * FROM last") == [(3, "three")]


def test_dml_through_a_view_of_a_stream_takes_all_of_it(run: Run, source: None) -> None:
    run("CREATE VIEW inserted AS SELECT id, v FROM s WHERE METADATA$ACTION = 'INSERT'")
    run("CREATE VIEW above AS SELECT id, v FROM inserted")
    run("INSERT INTO t VALUES (3, 'three')")
    run("INSERT INTO sink SELECT id, v FROM above")
    assert run("SELECT * FROM sink") == [(3, "three")]
    assert run("SELECT * FROM s") == run("SELECT * FROM above") == []
    run("CREATE OR REPLACE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (4, 'four')")
    assert run("SELECT * FROM above") == [(4, "four")]


def test_snowpark_reads_and_consumes_a_stream(run: Run, source: None, session: Session) -> None:
    run("INSERT INTO t VALUES (3, 'three'), (4, 'four')")
    stream = session.table("s")
    assert [row["ID"] for row in stream.sort("ID").collect()] == [3, 4]
    assert stream.columns == ["ID", "V", "METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID"]
    session.sql("BEGIN").collect()
    stream.select("ID", "V").filter(stream["ID"] == 3).write.insert_into("sink")
    target = session.table("sink")
    from snowflake.snowpark.functions import when_not_matched

    target.merge(
        stream,
        target["ID"] == stream["ID"],
        [when_not_matched().insert([stream["ID"], stream["V"]])],
    )
    session.sql("COMMIT").collect()
    assert run("SELECT * FROM sink ORDER BY id") == [(3, "three"), (4, "four")]
    assert stream.count() == 0


# --- HAS_DATA ------------------------------------------------------------------------------------


def test_has_data_is_false_only_when_nothing_was_committed(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_stream_has_data"""
    has_data = "SELECT SYSTEM$STREAM_HAS_DATA('s'), SYSTEM$STREAM_HAS_DATA('public.a')"
    assert run(has_data) == [(False, False)]
    run("INSERT INTO t VALUES (3, 'three')")
    run("DELETE FROM t WHERE id = 3")
    assert run("SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM a)") == [(0, 1)]
    assert run(has_data) == [(True, True)]
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO sink SELECT id, v FROM a")
    assert run(has_data) == [(False, False)]
    run("DELETE FROM t WHERE id = 1")
    assert run("SELECT * FROM a") == []
    assert run(has_data) == [(True, True)]


def test_has_data_of_no_stream_is_an_error(run: Run, source: None) -> None:
    assert error(run, "SELECT SYSTEM$STREAM_HAS_DATA('nothing')")[0] == 2003


def test_an_uncommitted_change_is_no_data(
    run: Run, source: None, account: RunningAccount, database: str
) -> None:
    with account.connect(database=database, schema="PUBLIC") as other:
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (3, 'three')")
        assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(False,)]
        assert run("SELECT * FROM s") == []
        cursor.execute("COMMIT")
    assert run("SELECT id FROM s") == [(3,)]


# --- CREATE STREAM -------------------------------------------------------------------------------


def test_show_initial_rows_gives_the_old_rows_first_and_alone(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stream"""
    run("CREATE OR REPLACE STREAM s ON TABLE t SHOW_INITIAL_ROWS = TRUE")
    run("INSERT INTO t VALUES (3, 'three')")
    run("UPDATE t SET v = 'I' WHERE id = 1")
    old = [(1, "one", "INSERT", False), (2, "two", "INSERT", False)]
    assert run(_CHANGES) == old
    assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(True,)]
    run("BEGIN")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("ROLLBACK")
    assert run(_CHANGES) == old
    run("INSERT INTO sink SELECT id, v FROM s")
    assert run(_CHANGES) == [
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
        (3, "three", "INSERT", False),
    ]
    run("INSERT INTO sink SELECT id, v FROM s")
    assert run(_CHANGES) == []


def test_show_initial_rows_of_an_append_only_stream(run: Run, source: None) -> None:
    run("CREATE STREAM b ON TABLE t APPEND_ONLY = TRUE SHOW_INITIAL_ROWS = TRUE")
    run("INSERT INTO t VALUES (3, 'three')")
    assert run("SELECT id FROM b ORDER BY id") == [(1,), (2,)]
    run("INSERT INTO sink SELECT id, v FROM b")
    assert run("SELECT id FROM b") == [(3,)]


def test_if_not_exists_keeps_the_offset_and_or_replace_moves_it(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("CREATE STREAM IF NOT EXISTS s ON TABLE t")
    assert run("SELECT id FROM s") == [(3,)]
    assert error(run, "CREATE STREAM s ON TABLE t")[0] == 2002
    run("CREATE OR REPLACE STREAM s ON TABLE t AT(STREAM => 's')")
    assert run("SELECT id FROM s") == [(3,)]
    run("CREATE STREAM twin ON TABLE t AT(STREAM => 's')")
    run("CREATE OR REPLACE STREAM s ON TABLE t")
    assert run("SELECT * FROM s") == []
    assert run("SELECT id FROM twin") == [(3,)]


def test_at_a_stream_of_another_table_is_refused(run: Run, source: None) -> None:
    run("CREATE TABLE u (id INT)")
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        run("CREATE STREAM of_u ON TABLE u AT(STREAM => 's')")


def test_a_failed_or_replace_leaves_the_stream(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    assert error(run, "CREATE OR REPLACE STREAM s ON TABLE nothing")[0] == 2003
    assert error(run, "CREATE OR REPLACE STREAM s ON TABLE t AT(STREAM => 'nothing')")[0] == 2003
    assert run("SELECT id FROM s") == [(3,)]


def test_names_in_other_places_and_in_quotes(run: Run, source: None, database: str) -> None:
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
    assert error(run, "SELECT * FROM far.ma_table")[0] == 2003


def test_a_stream_is_read_from_a_session_in_another_database(
    run: Run, source: None, account: RunningAccount, database: str
) -> None:
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
    run("INSERT INTO t VALUES (3, 'three')")
    error(run, statement)
    assert run("SELECT id FROM s") == [(3,)]
    assert run("SELECT count(*) FROM t") == [(3,)]


def test_what_is_not_supported_says_so(run: Run, source: None) -> None:
    run("CREATE VIEW w AS SELECT * FROM t")
    for statement in (
        "CREATE STREAM x ON VIEW w",
        "CREATE STREAM x ON TABLE w",
        "CREATE STREAM x ON TABLE t INSERT_ONLY = TRUE",
        "CREATE STREAM x ON TABLE t BEFORE (STREAM => 's')",
        "CREATE STREAM x ON TABLE t AT (OFFSET => -60)",
        "CREATE OR ALTER STREAM s ON TABLE t",
    ):
        number, text = error(run, statement)
        assert (number, "Unsupported feature" in text) == (2, True), statement
    assert error(run, "CREATE STREAM x ON TABLE nothing")[0] == 2003
    assert error(run, "DROP STREAM nothing")[0] == 2003
    assert run("DROP STREAM IF EXISTS nothing")


def test_show_and_describe_tell_what_a_stream_is(
    run: Run, source: None, connection: snowflake.connector.SnowflakeConnection, database: str
) -> None:
    cursor = connection.cursor(snowflake.connector.DictCursor)
    shown = cursor.execute("SHOW STREAMS IN SCHEMA PUBLIC").fetchall()
    assert [
        (row["name"], row["table_name"], row["mode"], row["stale"], row["type"]) for row in shown
    ] == [
        ("A", f"{database}.PUBLIC.T", "APPEND_ONLY", "false", "DELTA"),
        ("S", f"{database}.PUBLIC.T", "DEFAULT", "false", "DELTA"),
    ]
    assert cursor.execute("DESCRIBE STREAM s").fetchall()[0]["mode"] == "DEFAULT"


# --- the source table ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE TABLE t (id INT, v VARCHAR)",
        "CREATE OR REPLACE TABLE t AS SELECT * FROM sink",
        "DROP TABLE t",
    ],
)
def test_a_source_made_anew_makes_the_stream_stale(run: Run, source: None, statement: str) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-staleness"""
    run("INSERT INTO t VALUES (3, 'three')")
    run(statement)
    run("CREATE TABLE IF NOT EXISTS t (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (4, 'four')")
    for reading in (
        "SELECT * FROM s",
        "INSERT INTO sink SELECT id, v FROM s",
        "SELECT SYSTEM$STREAM_HAS_DATA('s')",
    ):
        number, text = error(run, reading)
        assert number == 91901, reading
        assert "stale" in text
    run("CREATE OR REPLACE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (5, 'five')")
    assert run("SELECT id FROM s") == [(5,)]


def test_a_stream_follows_a_renamed_source(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t RENAME TO renamed")
    run("INSERT INTO renamed VALUES (4, 'four')")
    run("UPDATE renamed SET v = 'III' WHERE id = 3")
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (5, 'another table')")
    assert run("SELECT id, v FROM s ORDER BY id") == [(3, "III"), (4, "four")]


def test_a_new_column_of_the_source_is_in_the_stream(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t ADD COLUMN extra INT")
    assert run("SELECT id, extra FROM s") == [(3, None)]
    run("INSERT INTO t VALUES (4, 'four', 44)")
    run("UPDATE t SET extra = 33 WHERE id = 3")
    assert run("SELECT id, extra, METADATA$ACTION FROM s ORDER BY id") == [
        (3, 33, "INSERT"),
        (4, 44, "INSERT"),
    ]


def test_a_new_column_with_a_default_keeps_rows_what_they_are(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t ADD COLUMN extra INT DEFAULT 7")
    assert run("SELECT id, extra FROM s") == [(3, 7)]
    run("UPDATE t SET v = 'III' WHERE id = 3")
    assert run("SELECT id, v, extra, METADATA$ACTION FROM s") == [(3, "III", 7, "INSERT")]
    run("DELETE FROM t WHERE id = 3")
    assert run("SELECT * FROM s") == []


def test_a_renamed_column_of_the_source_keeps_its_values(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t RENAME COLUMN v TO name")
    assert run("SELECT id, name FROM s") == [(3, "three")]
    run("DELETE FROM t WHERE id = 3")
    assert run("SELECT * FROM s") == []


def test_a_dropped_column_of_the_source_is_gone_from_the_stream(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t DROP COLUMN v")
    assert run("SELECT id, METADATA$ACTION FROM s") == [(3, "INSERT")]
    run("DELETE FROM t")
    assert run("SELECT id, METADATA$ACTION FROM s ORDER BY id") == [(1, "DELETE"), (2, "DELETE")]


# --- sources of change ---------------------------------------------------------------------------


def test_insert_overwrite_is_deletion_and_insertion(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("INSERT OVERWRITE INTO t VALUES (2, 'two'), (9, 'nine')")
    assert run(_CHANGES) == [
        (1, "one", "DELETE", False),
        (2, "two", "DELETE", False),
        (2, "two", "INSERT", False),
        (9, "nine", "INSERT", False),
    ]


@pytest.mark.parametrize("tracked", [True, False])
def test_insert_overwrite_reads_its_own_target_first(run: Run, tracked: bool) -> None:
    run("CREATE TABLE t (id INT, v VARCHAR)")
    if tracked:
        run("CREATE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (1, 'one'), (1, 'one'), (2, 'two')")
    run("INSERT OVERWRITE INTO t (v, id) SELECT DISTINCT v, id FROM t WHERE id < ?", 5)
    assert run("SELECT * FROM t ORDER BY id") == [(1, "one"), (2, "two")]


def test_executemany_is_seen_by_streams(
    run: Run, source: None, connection: snowflake.connector.SnowflakeConnection
) -> None:
    connection.cursor().executemany("INSERT INTO t VALUES (?, ?)", [(3, "a"), (4, None), (4, "b")])
    assert run("SELECT id, v FROM s ORDER BY id, v NULLS LAST") == [(3, "a"), (4, "b"), (4, None)]


def test_copy_into_is_seen_by_streams(run: Run, source: None, tmp_path: Any) -> None:
    (tmp_path / "rows.csv").write_text("3,trois\n4,quatre\n")
    run("CREATE STAGE files")
    run(f"PUT file://{tmp_path}/rows.csv @files")
    run("BEGIN")
    run("DELETE FROM t WHERE id = 2")
    run("INSERT INTO t VALUES (7, 'seven')")
    run("COPY INTO t FROM @files FILE_FORMAT = (TYPE = CSV)")
    run("COMMIT")
    assert run("SELECT id, v, METADATA$ACTION FROM s ORDER BY id") == [
        (2, "two", "DELETE"),
        (3, "trois", "INSERT"),
        (4, "quatre", "INSERT"),
        (7, "seven", "INSERT"),
    ]


def test_merge_is_seen_by_streams(run: Run, source: None) -> None:
    run("CREATE TABLE u (id INT, v VARCHAR)")
    run("INSERT INTO u VALUES (1, 'I'), (2, NULL), (3, 'III')")
    run(
        "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.v IS NULL THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET v = u.v WHEN NOT MATCHED THEN INSERT VALUES (u.id, u.v)"
    )
    assert run(_CHANGES) == [
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
        (2, "two", "DELETE", False),
        (3, "III", "INSERT", False),
    ]


def test_a_table_is_merged_with_its_own_stream(run: Run, source: None) -> None:
    run("INSERT INTO t VALUES (3, 'three')")
    run("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = upper(s.v)")
    assert run("SELECT v FROM t WHERE id = 3") == [("THREE",)]
    assert run(_CHANGES) == [(3, "THREE", "INSERT", True), (3, "three", "DELETE", True)]


def test_binds_reach_tracked_tables(run: Run, source: None) -> None:
    run("INSERT INTO t SELECT ?, '$b1' || ?", 3, "x")
    run("UPDATE t SET v = ? WHERE id = ?", "y", 1)
    run("DELETE FROM t WHERE id = ?", 2)
    assert run(_CHANGES) == [
        (1, "one", "DELETE", True),
        (1, "y", "INSERT", True),
        (2, "two", "DELETE", False),
        (3, "$b1x", "INSERT", False),
    ]


# --- trimming ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_the_log_is_trimmed_below_the_slowest_stream_and_no_further(tmp_path: Path) -> None:
    account = Account(tmp_path)
    session = account.open_session(user="TESTER")

    def run(sql: str) -> list[Any]:
        return [tuple(row) for row in session.execute(sql).rows()]

    def logged() -> int:
        catalog = account.catalog("D")
        account.streams.trim(catalog)
        (tracked,) = account.changes.all_tracked("D")
        return int(catalog.rows(f"SELECT count(*) AS n FROM {tracked.log}")[0]["n"])

    try:
        run("CREATE DATABASE d")
        run("CREATE TABLE t (id INT)")
        run("CREATE STREAM s ON TABLE t")
        run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE")
        run("CREATE TABLE sink (id INT)")
        run("INSERT INTO t SELECT seq4() FROM TABLE(GENERATOR(ROWCOUNT => 500))")
        run("INSERT INTO sink SELECT id FROM s")
        run("INSERT INTO t VALUES (1000)")
        assert logged() == 501
        run("INSERT INTO sink SELECT id FROM a")
        run("INSERT INTO t VALUES (1001)")
        assert logged() == 2
        assert run("SELECT id FROM s ORDER BY id") == [(1000,), (1001,)]
        assert run("SELECT id FROM a") == [(1001,)]
        run("INSERT INTO sink SELECT id FROM s")
        assert logged() == 1
        assert run("SELECT id FROM a") == [(1001,)]
        run("DROP STREAM a")
        run("UPDATE t SET id = 1002 WHERE id = 1001")
        assert logged() == 2
        assert run("SELECT id, METADATA$ACTION FROM s ORDER BY id") == [
            (1001, "DELETE"),
            (1002, "INSERT"),
        ]
    finally:
        account.close()
