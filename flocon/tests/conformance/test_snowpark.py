"""Snowpark and pandas: DataFrames in, tables out."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import snowflake.connector
from shared import one_database
from snowflake.connector.pandas_tools import write_pandas
from snowflake.snowpark import Row, Session
from snowflake.snowpark import functions as F
from snowflake.snowpark.functions import when_matched, when_not_matched
from snowflake.snowpark.types import DecimalType, StringType, StructField, StructType

database = pytest.fixture(scope="module")(one_database)
Run = Any
# The connector's own use of pandas.
_PANDAS = pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
Connection = snowflake.connector.SnowflakeConnection


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


@_PANDAS
def test_a_table_with_lengths_is_overwritten_and_made_new(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api#write_pandas"""
    for name in ("remade", "RE MADE"):
        for letters in (["a"], ["b", "c"], ["d"]):
            write_pandas(connection, _frame(*letters), name, auto_create_table=True, overwrite=True)
            assert run(f'select s from "{name}" order by 1') == [(each,) for each in letters]


def test_snowparks_temporary_objects_leave_the_transaction_open(
    session: Session, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrameReader.csv"""
    session.sql("create table undone (a int)").collect()
    session.sql("create stage of_csv").collect()
    (tmp_path / "two.csv").write_text("1,a\n2,b\n")
    session.file.put(str(tmp_path / "two.csv"), "@of_csv", auto_compress=False)
    session.sql("begin").collect()
    session.sql("insert into undone values (1)").collect()
    columns = StructType([StructField("N", StringType()), StructField("S", StringType())])
    assert session.read.schema(columns).csv("@of_csv/two.csv").count() == 2
    session.sql("rollback").collect()
    assert session.table("undone").count() == 0


@pytest.fixture
def frame(session: Session) -> Any:
    return session.create_dataframe([(1, "é"), (2, None)], schema=["ID", "NAME"])


@_PANDAS
def test_dataframes_are_made_of_rows_pandas_and_nothing(session: Session, frame: Any) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.Session.create_dataframe"""
    assert frame.sort("ID").collect() == [(1, "é"), (2, None)]
    large = session.create_dataframe([(i, f"n{i}") for i in range(1500)], schema=["ID", "NAME"])
    assert (large.count(), large.agg(F.sum("ID")).collect()[0][0]) == (1500, 1124250)
    from_pandas = session.create_dataframe(_frame("a", "b"))
    assert from_pandas.select("S").sort("S").collect() == [("a",), ("b",)]
    columns = StructType([StructField("A", StringType()), StructField("D", DecimalType(10, 2))])
    empty = session.create_dataframe([], schema=columns)
    assert (empty.count(), empty.columns) == (0, ["A", "D"])


def test_a_dataframe_of_a_hundred_thousand_rows_arrives_whole(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.Session.create_dataframe"""
    frame = session.create_dataframe([[number] for number in range(100_000)], schema=["N"])
    assert frame.agg(F.count("N"), F.sum("N")).collect() == [(100_000, 4_999_950_000)]


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
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.Table.merge"""
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
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/working-with-dataframes"""
    with session.query_history() as history:
        cached = frame.cache_result()
        job = cached.filter(F.col("ID") > 1).collect_nowait()
        assert job.result() == [(2, None)]
    assert any("INSERT" in query.sql_text.upper() for query in history.queries)
    assert cached.to_pandas()["ID"].sort_values().tolist() == [1, 2]


def test_a_table_becomes_pandas_with_its_types(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.to_pandas"""
    frame = session.sql(
        "select column1 n, column2::number(10, 2) p, column3::float f, column4 s,"
        " column5::timestamp_ntz at, column6::boolean b from values"
        " (1, 9.90, 0.5, 'é', '2026-02-03 04:05:06', true), (2, null, null, null, null, null)"
    ).to_pandas()
    full, empty = frame.sort_values("N").itertuples(index=False)
    assert (full.N, round(float(full.P), 2), full.F, full.S) == (1, 9.9, 0.5, "é")
    assert (full.AT, bool(full.B)) == (pd.Timestamp("2026-02-03 04:05:06"), True)
    assert empty.N == 2
    assert pd.isna([empty.P, empty.F, empty.S, empty.AT, empty.B]).all()


def test_files_are_put_listed_and_removed(session: Session, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/list"""
    file = tmp_path / "été.txt"
    file.write_text("bonjour")
    session.sql("create or replace stage depot").collect()
    session.file.put(str(file), "@depot/dir", auto_compress=False)
    (listed,) = session.sql("list @depot").collect()
    assert (listed["name"], listed["size"]) == ("depot/dir/été.txt", 7)
    session.sql("remove @depot/dir").collect()
    assert session.sql("list @depot").collect() == []


def test_threads_share_a_snowpark_session(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/working-with-dataframes"""

    def put(number: int) -> list[Any]:
        rows = session.create_dataframe([[number, number * 10]], schema=["N", "TENFOLD"])
        session.file.put_stream(io.BytesIO(b"%d" % number), f"@shared_by_threads/{number}.txt")
        return rows.filter(F.col("N") == number).collect()

    session.sql("create stage shared_by_threads").collect()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(put, range(40)))
    assert found == [[Row(N=number, TENFOLD=number * 10)] for number in range(40)]
    assert len(session.sql("list @shared_by_threads").collect()) == 40
