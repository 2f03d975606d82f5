"""The clients themselves, unmodified: the connector, pandas, Snowpark and the snow command."""

import json
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import snowflake.connector
from snowflake.connector.pandas_tools import write_pandas
from snowflake.snowpark import Session
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched
from snowflake.snowpark.types import DecimalType, StringType, StructField, StructType

from tests.conftest import RunningAccount
from tests.local.shared import one_database

database = pytest.fixture(scope="module")(one_database)
# The connector's own use of pandas.
_PANDAS = pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
Connection = snowflake.connector.SnowflakeConnection
Run = Any


# --- the connector -------------------------------------------------------------------------------


def test_executemany_writes_each_row_as_it_is(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("create or replace table many (n int, s varchar, d number(10, 2), at timestamp)")
    rows = [
        (
            index,
            None if index % 7 == 0 else f"é🍷'{index}",
            Decimal(index) / 4,
            datetime(2026, 1, 1),
        )
        for index in range(2000)
    ]
    cursor.executemany("insert into many values (?, ?, ?, ?)", rows)
    assert cursor.rowcount == 2000
    assert cursor.execute("select * from many order by n").fetchall() == rows


def test_pyformat_binds_are_text_and_nothing_else(account: RunningAccount, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC", paramstyle="pyformat") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table formatted (n int, s varchar)")
        hostile = "'; drop table formatted; --"
        cursor.executemany("insert into formatted values (%s, %s)", [(1, hostile), (2, None)])
        assert cursor.execute("select s from formatted where n = %(n)s", {"n": 1}).fetchall() == [
            (hostile,)
        ]


def test_describe_answers_columns_and_runs_nothing(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("create or replace table described (n number(10, 2) , s varchar)")
    columns = cursor.describe("select n, s from described where s = ?", ("x",))
    assert [(column.name, column.type_code) for column in columns] == [("N", 0), ("S", 2)]
    cursor.describe("insert into described values (1, 'x')")
    assert cursor.execute("select count(*) from described").fetchone() == (0,)


def test_a_large_result_comes_whole_and_as_pandas(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("select seq4() n, 'x' || seq4() s from table(generator(rowcount => 200000))")
    frame = cursor.fetch_pandas_all()
    assert len(frame) == 200_000
    assert int(frame["N"].sum()) == 199_999 * 100_000
    assert frame["S"].nunique() == 200_000


def test_an_asynchronous_query_is_fetched_by_its_id(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute_async("select count(*) from table(generator(rowcount => 1000))")
    query_id = cursor.sfqid
    assert query_id
    deadline = time.monotonic() + 20
    while connection.is_still_running(connection.get_query_status(query_id)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchall() == [(1000,)]


def test_a_statement_that_takes_too_long_is_cancelled(connection: Connection) -> None:
    cursor = connection.cursor()
    endless = "select count(*) from {0} a, {0} b, {0} c where a.n + b.n + c.n < 0"
    rows = "(select seq4() n from table(generator(rowcount => 100000)))"
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute(endless.format(rows), timeout=1)
    assert caught.value.errno == 604
    assert time.monotonic() - started < 15
    assert cursor.execute("select 1").fetchall() == [(1,)]


def test_several_statements_follow_one_another(connection: Connection) -> None:
    text = """
    create or replace table steps (n int); -- the first; not the last
    insert into steps values (1), (2);
    select 'a;b' || max(n) from steps;
    """
    *_, last = connection.execute_string(text)
    assert last.fetchall() == [("a;b2",)]


def test_rows_as_dictionaries(connection: Connection) -> None:
    cursor = connection.cursor(snowflake.connector.DictCursor)
    assert cursor.execute("select 1 as n, 'é' as \"Mixed\"").fetchall() == [{"N": 1, "Mixed": "é"}]


# --- pandas --------------------------------------------------------------------------------------


def _frame(*names: str) -> pd.DataFrame:
    return pd.DataFrame({"N": range(len(names)), "S": names, "F": [0.5] * len(names)})


@_PANDAS
def test_write_pandas_creates_appends_and_overwrites(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    done, _, count, _ = write_pandas(
        connection, _frame("é", "b'"), "PANDAS", auto_create_table=True
    )
    assert (done, count) == (True, 2)
    write_pandas(connection, _frame("c"), "PANDAS")
    assert run("select n, s, f from pandas order by s") == [
        (1, "b'", 0.5),
        (0, "c", 0.5),
        (0, "é", 0.5),
    ]
    write_pandas(connection, _frame("d"), "PANDAS", overwrite=True, auto_create_table=False)
    assert run("select s from pandas") == [("d",)]


# --- Snowpark ------------------------------------------------------------------------------------


@pytest.fixture
def frame(session: Session) -> Any:
    return session.create_dataframe([(1, "é"), (2, None)], schema=["ID", "NAME"])


@_PANDAS
def test_dataframes_are_made_of_rows_pandas_and_nothing(session: Session, frame: Any) -> None:
    assert frame.sort("ID").collect() == [(1, "é"), (2, None)]
    large = session.create_dataframe([(i, f"n{i}") for i in range(1500)], schema=["ID", "NAME"])
    assert (large.count(), large.agg(F.sum("ID")).collect()[0][0]) == (1500, 1124250)
    from_pandas = session.create_dataframe(_frame("a", "b"))
    assert from_pandas.select("S").sort("S").collect() == [("a",), ("b",)]
    columns = StructType([StructField("A", StringType()), StructField("D", DecimalType(10, 2))])
    empty = session.create_dataframe([], schema=columns)
    assert (empty.count(), empty.columns) == (0, ["A", "D"])


def test_a_table_is_written_in_every_mode(session: Session, frame: Any) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest"""
    frame.write.save_as_table("MODES", mode="overwrite")
    frame.write.save_as_table("MODES", mode="append")
    assert session.table("MODES").count() == 4
    frame.write.save_as_table("MODES", mode="ignore")
    assert session.table("MODES").count() == 4
    frame.write.save_as_table("MODES", mode="truncate")
    assert session.table("MODES").count() == 2
    with pytest.raises(Exception, match="already exists"):
        frame.write.save_as_table("MODES", mode="errorifexists")
    frame.select("NAME", "ID").write.save_as_table("MODES", mode="append", column_order="name")
    frame.write.insert_into("MODES")
    rows = session.table("MODES").group_by("ID").count().sort("ID").collect()
    assert rows == [(1, 3), (2, 3)]


def test_a_table_is_merged_updated_and_deleted_from(session: Session, frame: Any) -> None:
    frame.write.save_as_table("TARGET", mode="overwrite")
    target = session.table("TARGET")
    source = session.create_dataframe([(2, "two"), (3, "three")], schema=["ID", "NAME"])
    merged = target.merge(
        source,
        target["ID"] == source["ID"],
        [
            when_matched().update({"NAME": source["NAME"]}),
            when_not_matched().insert({"ID": source["ID"], "NAME": source["NAME"]}),
        ],
    )
    assert (merged.rows_inserted, merged.rows_updated) == (1, 1)
    assert target.update({"NAME": F.lit("one")}, target["ID"] == 1).rows_updated == 1
    assert target.delete(target["ID"] == 3).rows_deleted == 1
    assert session.table("TARGET").sort("ID").collect() == [(1, "one"), (2, "two")]


def test_results_are_cached_fetched_later_and_noted(session: Session, frame: Any) -> None:
    with session.query_history() as history:
        cached = frame.cache_result()
        job = cached.filter(F.col("ID") > 1).collect_nowait()
        assert job.result() == [(2, None)]
    assert any("INSERT" in query.sql_text.upper() for query in history.queries)
    assert cached.to_pandas()["ID"].sort_values().tolist() == [1, 2]


def test_files_are_put_listed_and_removed(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "été.txt"
    file.write_text("bonjour")
    session.sql("create or replace stage depot").collect()
    session.file.put(str(file), "@depot/dir", auto_compress=False)
    (listed,) = session.sql("list @depot").collect()
    assert (listed["name"], listed["size"]) == ("depot/dir/été.txt", 7)
    session.sql("remove @depot/dir").collect()
    assert session.sql("list @depot").collect() == []


# --- snow ----------------------------------------------------------------------------------------


def _rows(account: RunningAccount, *arguments: str, cwd: Path | None = None) -> Any:
    done = account.snow(*arguments, "--format", "json", **({"cwd": cwd} if cwd else {}))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_snow_runs_a_file_with_the_projects_values(
    account: RunningAccount, database: str, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/sql/execute-sql"""
    (tmp_path / "snowflake.yml").write_text(
        f"definition_version: 2\nentities: {{}}\nenv:\n  place: {database}.PUBLIC\n"
    )
    (tmp_path / "file.sql").write_text(
        "create or replace table <% ctx.env.place %>.wines (name varchar, price number(10, 2));\n"
        "insert into <% ctx.env.place %>.wines values ('Château d''Yquem 🍷', 299.90);\n"
        "select * from <% ctx.env.place %>.wines;\n"
    )
    *_, last = _rows(account, "sql", "-f", "file.sql", cwd=tmp_path)
    assert last == [{"NAME": "Château d'Yquem 🍷", "PRICE": "299.90"}]


def test_snow_reports_an_error_with_its_number(account: RunningAccount) -> None:
    done = account.snow("sql", "-q", "select * from nowhere.public.nothing")
    assert done.returncode == 1
    assert "2003" in done.stdout + done.stderr


def test_snow_lists_describes_and_drops_objects(
    account: RunningAccount, database: str, run: Run
) -> None:
    run("create or replace table listed (a int comment 'c')")
    run("create or replace stream listed_stream on table listed")
    place = ("--database", database, "--schema", "PUBLIC")
    tables = _rows(account, "object", "list", "table", "--like", "LISTED", *place)
    assert [table["name"] for table in tables] == ["LISTED"]
    described = _rows(account, "object", "describe", "table", "LISTED", *place)
    assert (described[0]["name"], described[0]["comment"]) == ("A", "c")
    _rows(account, "object", "drop", "stream", "LISTED_STREAM", *place)
    _rows(account, "object", "drop", "table", "LISTED", *place)
    assert run("show tables like 'LISTED'") == []


def test_snow_tests_the_connection(account: RunningAccount) -> None:
    assert _rows(account, "connection", "test", "-c", "local")["Status"] == "OK"


def test_snow_copies_files_to_a_stage(
    account: RunningAccount, database: str, run: Run, tmp_path: Path
) -> None:
    run("create or replace stage shelf")
    file = tmp_path / "list.txt"
    file.write_text("bottles")
    place = ("--database", database, "--schema", "PUBLIC")
    _rows(account, "stage", "copy", str(file), "@shelf", "--no-auto-compress", *place)
    assert [row["name"] for row in _rows(account, "stage", "list-files", "@shelf", *place)] == [
        "shelf/list.txt"
    ]
    _rows(account, "stage", "remove", "@shelf", "list.txt", *place)
    assert run("list @shelf") == []
