"""What moves a stream's offset, and what does not."""

import pytest
from snowflake.snowpark import Session
from snowflake.snowpark.functions import when_not_matched

from conformance.shared import Run, error
from flocon import AccountProcess


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
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
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
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    run("INSERT INTO t VALUES (3, 'three')")
    assert error(run, "INSERT INTO sink SELECT v, v FROM s") == 100038
    assert error(run, "INSERT INTO sink SELECT nothing FROM s") == 904
    assert run("SELECT id FROM s") == [(3,)]


def test_rollback_gives_the_rows_back(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#repeatable-read-isolation"""
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
    run: Run, source: None, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#repeatable-read-isolation"""
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
    """https://docs.snowflake.com/en/user-guide/streams-intro#repeatable-read-isolation"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("BEGIN")
    run("INSERT INTO t VALUES (4, 'four')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (5, 'five')")
    run("COMMIT")
    assert run("SELECT id FROM sink") == [(3,)]
    assert run("SELECT id FROM s ORDER BY id") == [(4,), (5,)]


def test_streams_of_one_table_are_independent(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#multiple-consumers-of-streams"""
    run("CREATE STREAM s2 ON TABLE t")
    run("INSERT INTO t VALUES (3, 'three')")
    run("INSERT INTO sink SELECT id, v FROM s")
    run("INSERT INTO t VALUES (4, 'four')")
    assert run("SELECT id FROM s") == [(4,)]
    assert run("SELECT id FROM s2 ORDER BY id") == [(3,), (4,)]
    run("DROP STREAM s2")
    assert run("SELECT id FROM s") == [(4,)]


def test_one_statement_consumes_two_streams(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    run("CREATE TABLE u (id INT)")
    run("CREATE STREAM of_u ON TABLE u")
    run("INSERT INTO t VALUES (3, 'three')")
    run("INSERT INTO u VALUES (3)")
    run("INSERT INTO sink SELECT s.id, s.v FROM s JOIN of_u ON of_u.id = s.id")
    assert run("SELECT * FROM sink") == [(3, "three")]
    assert run("SELECT count(*) FROM s") == run("SELECT count(*) FROM of_u") == [(0,)]


def test_a_chain_of_streams_carries_rows_on(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
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
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
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
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/working-with-dataframes"""
    run("INSERT INTO t VALUES (3, 'three'), (4, 'four')")
    stream = session.table("s")
    assert [row["ID"] for row in stream.sort("ID").collect()] == [3, 4]
    assert stream.columns == ["ID", "V", "METADATA$ACTION", "METADATA$ISUPDATE", "METADATA$ROW_ID"]
    session.sql("BEGIN").collect()
    stream.select("ID", "V").filter(stream["ID"] == 3).write.insert_into("sink")
    target = session.table("sink")
    target.merge(
        stream,
        target["ID"] == stream["ID"],
        [when_not_matched().insert([stream["ID"], stream["V"]])],
    )
    session.sql("COMMIT").collect()
    assert run("SELECT * FROM sink ORDER BY id") == [(3, "three"), (4, "four")]
    assert stream.count() == 0


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
    """https://docs.snowflake.com/en/sql-reference/functions/system_stream_has_data"""
    assert error(run, "SELECT SYSTEM$STREAM_HAS_DATA('nothing')") == 2003


def test_an_uncommitted_change_is_no_data(
    run: Run, source: None, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_stream_has_data"""
    with account.connect(database=database, schema="PUBLIC") as other:
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (3, 'three')")
        assert run("SELECT SYSTEM$STREAM_HAS_DATA('s')") == [(False,)]
        assert run("SELECT * FROM s") == []
        cursor.execute("COMMIT")
    assert run("SELECT id FROM s") == [(3,)]
