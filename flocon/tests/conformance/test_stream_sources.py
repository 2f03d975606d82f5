"""A stream's table: what becomes of it, and every statement that changes its rows."""

from typing import Any

import pandas as pd
import pytest
import snowflake.connector
from snowflake.connector.pandas_tools import write_pandas
from snowflake.snowpark import Session

from conformance.shared import CHANGES, Run, failure


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
        number, text = failure(run, reading)
        assert number == 91901, reading
        assert "stale" in text
    run("CREATE OR REPLACE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (5, 'five')")
    assert run("SELECT id FROM s") == [(5,)]


def test_a_stream_follows_a_renamed_source(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#data-retention-period-and-staleness"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t RENAME TO renamed")
    run("INSERT INTO renamed VALUES (4, 'four')")
    run("UPDATE renamed SET v = 'III' WHERE id = 3")
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (5, 'another table')")
    assert run("SELECT id, v FROM s ORDER BY id") == [(3, "III"), (4, "four")]


def test_a_new_column_of_the_source_is_in_the_stream(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
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
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t ADD COLUMN extra INT DEFAULT 7")
    assert run("SELECT id, extra FROM s") == [(3, 7)]
    run("UPDATE t SET v = 'III' WHERE id = 3")
    assert run("SELECT id, v, extra, METADATA$ACTION FROM s") == [(3, "III", 7, "INSERT")]
    run("DELETE FROM t WHERE id = 3")
    assert run("SELECT * FROM s") == []


def test_a_renamed_column_of_the_source_keeps_its_values(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t RENAME COLUMN v TO name")
    assert run("SELECT id, name FROM s") == [(3, "three")]
    run("DELETE FROM t WHERE id = 3")
    assert run("SELECT * FROM s") == []


def test_a_dropped_column_of_the_source_is_gone_from_the_stream(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-columns"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("ALTER TABLE t DROP COLUMN v")
    assert run("SELECT id, METADATA$ACTION FROM s") == [(3, "INSERT")]
    run("DELETE FROM t")
    assert run("SELECT id, METADATA$ACTION FROM s ORDER BY id") == [(1, "DELETE"), (2, "DELETE")]


def test_insert_overwrite_is_deletion_and_insertion(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("INSERT OVERWRITE INTO t VALUES (2, 'two'), (9, 'nine')")
    assert run(CHANGES) == [
        (1, "one", "DELETE", False),
        (2, "two", "DELETE", False),
        (2, "two", "INSERT", False),
        (9, "nine", "INSERT", False),
    ]


@pytest.mark.parametrize("tracked", [True, False])
def test_insert_overwrite_reads_its_own_target_first(run: Run, tracked: bool) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("CREATE TABLE t (id INT, v VARCHAR)")
    if tracked:
        run("CREATE STREAM s ON TABLE t")
    run("INSERT INTO t VALUES (1, 'one'), (1, 'one'), (2, 'two')")
    run("INSERT OVERWRITE INTO t (v, id) SELECT DISTINCT v, id FROM t WHERE id < ?", 5)
    assert run("SELECT * FROM t ORDER BY id") == [(1, "one"), (2, "two")]


def test_executemany_is_seen_by_streams(
    run: Run, source: None, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    connection.cursor().executemany("INSERT INTO t VALUES (?, ?)", [(3, "a"), (4, None), (4, "b")])
    assert run("SELECT id, v FROM s ORDER BY id, v NULLS LAST") == [(3, "a"), (4, "b"), (4, None)]


@pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
def test_write_pandas_is_seen_by_streams(
    run: Run, source: None, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    frame = pd.DataFrame({"ID": [3, 4], "V": ["three", None]})
    write_pandas(connection, frame, "T")
    assert run(CHANGES) == [(3, "three", "INSERT", False), (4, None, "INSERT", False)]
    write_pandas(connection, frame[:1], "T", overwrite=True, auto_create_table=False)
    assert run(CHANGES) == [
        (1, "one", "DELETE", False),
        (2, "two", "DELETE", False),
        (3, "three", "INSERT", False),
    ]
    assert run("SELECT id FROM a ORDER BY id") == [(3,), (3,), (4,)]


def test_dataframes_that_are_written_are_seen_by_streams(
    run: Run, source: None, session: Session
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/working-with-dataframes"""
    frame = session.create_dataframe([(3, "three")], schema=["ID", "V"])
    frame.write.save_as_table("T", mode="append")
    frame.write.insert_into("T")
    frame.write.save_as_table("T", mode="truncate")
    assert run(CHANGES) == [
        (1, "one", "DELETE", False),
        (2, "two", "DELETE", False),
        (3, "three", "INSERT", False),
    ]
    assert run("SELECT count(*) FROM a") == [(3,)]


def test_copy_into_is_seen_by_streams(run: Run, source: None, tmp_path: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
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
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run("CREATE TABLE u (id INT, v VARCHAR)")
    run("INSERT INTO u VALUES (1, 'I'), (2, NULL), (3, 'III')")
    run(
        "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.v IS NULL THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET v = u.v WHEN NOT MATCHED THEN INSERT VALUES (u.id, u.v)"
    )
    assert run(CHANGES) == [
        (1, "I", "INSERT", True),
        (1, "one", "DELETE", True),
        (2, "two", "DELETE", False),
        (3, "III", "INSERT", False),
    ]


def test_a_table_is_merged_with_its_own_stream(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run("INSERT INTO t VALUES (3, 'three')")
    run("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = upper(s.v)")
    assert run("SELECT v FROM t WHERE id = 3") == [("THREE",)]
    assert run(CHANGES) == [(3, "THREE", "INSERT", True), (3, "three", "DELETE", True)]


def test_binds_reach_tracked_tables(run: Run, source: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/bind-variables"""
    run("INSERT INTO t SELECT ?, '$b1' || ?", 3, "x")
    run("UPDATE t SET v = ? WHERE id = ?", "y", 1)
    run("DELETE FROM t WHERE id = ?", 2)
    assert run(CHANGES) == [
        (1, "one", "DELETE", True),
        (1, "y", "INSERT", True),
        (2, "two", "DELETE", False),
        (3, "$b1x", "INSERT", False),
    ]
