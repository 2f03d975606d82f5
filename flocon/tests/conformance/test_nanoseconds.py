"""Nanoseconds: no digit of a second is lost without a word."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector.connection import SnowflakeConnection
from snowflake.connector.pandas_tools import write_pandas

from conformance.shared import Run, error, failure

_WHAT = "nanoseconds: of a TIMESTAMP or TIME there are six digits of a second"
_REFUSED = f"Unsupported feature '{_WHAT}'."
_TEXT = "2024-01-01 00:00:00.123456789"


@pytest.mark.parametrize(
    "expression",
    [
        f"'{_TEXT}'::timestamp_ntz",
        f"'{_TEXT} +01:00'::timestamp_tz",
        f"'{_TEXT}'::timestamp_ltz(9)",
        f"'{_TEXT}'::timestamp_ntz(7)",
        f"timestamp '{_TEXT}'",
        f"try_cast('{_TEXT}' as timestamp)",
        f"to_timestamp('{_TEXT}')",
        f"to_timestamp_tz('{_TEXT} +0100')",
        f"to_timestamp('{_TEXT}', 'YYYY-MM-DD HH24:MI:SS.FF')",
        f"try_to_timestamp('{_TEXT}', 'YYYY-MM-DD HH24:MI:SS.FF9')",
        "'Mon, 01 Jan 2024 00:00:00.123456789 +0000'::timestamp",
        "'00:00:00.123456789'::time",
        "to_time('10:11:12.0000001')",
        f"x::timestamp from (select '{_TEXT}' as x)",
        f"to_timestamp_tz(x) from (select '{_TEXT}' as x)",
        f"try_to_timestamp(x) from (select '{_TEXT}' as x)",
        "x::time from (select '00:00:00.123456789' as x)",
        f'parse_json(\'{{"a": "{_TEXT}"}}\'):a::timestamp',
        f"v::timestamp from (select '{_TEXT}'::variant as v)",
        'v:a::time from (select parse_json(\'{"a": "00:00:00.123456789"}\') as v)',
        f"1 from (select current_timestamp::timestamp_ntz as t) where t > '{_TEXT}'",
        f"datediff(day, '{_TEXT}', current_timestamp)",
        "to_timestamp(1700000000123456789, 9)",
        "to_timestamp('1700000000123456789')",
        "to_timestamp(x) from (select '1700000000123456789' as x)",
        "to_timestamp(1700000000.1234567)",
        "to_timestamp_ntz(1700000000123.4567, 3)",
        "timestamp_from_parts(2024, 1, 1, 1, 1, 1, 123456789)",
        "timestamp_tz_from_parts(2024, 1, 1, 1, 1, 1, 1, 'UTC')",
        "time_from_parts(1, 2, 3, 123456789)",
        "dateadd(nanosecond, 1, '2024-01-01'::timestamp)",
        "dateadd(ns, n, '2024-01-01'::timestamp) from (select 1001 as n)",
        "timeadd(ns, 1, '00:00:00'::time)",
        "timestampadd(nsec, 1, '2024-01-01'::date)",
    ],
)
def test_a_moment_of_nanoseconds_is_refused(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert failure(run, f"select {expression}") == (2, f"000002 (0A000): {_REFUSED}")


_DAY = dt.datetime(2024, 1, 1)
_MICROS = dt.datetime(2024, 1, 1, 0, 0, 0, 123456)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'2024-01-01 00:00:00.123456000'::timestamp_ntz", _MICROS),
        ("'2024-01-01 00:00:00.123456'::timestamp_ntz", _MICROS),
        ("'00:00:00.123456000'::time", _MICROS.time()),
        ("x::timestamp from (select '2024-01-01T00:00:00.123456000' as x)", _MICROS),
        ("x::time from (select '00:00:00.123456000' as x)", _MICROS.time()),
        ("x::timestamp from (select '2024-01-01T00:00:00.123456+00:00' as x)", _MICROS),
        ("v:a::timestamp from (select parse_json('{\"a\": \"2024-01-01 00:00:00.123456000\"}') v)",
         _MICROS),
        ("to_timestamp('2024-01-01 00:00:00.123456000', 'YYYY-MM-DD HH24:MI:SS.FF9')", _MICROS),
        ("to_timestamp(1704067200123456000, 9)", _MICROS),
        ("to_timestamp('1704067200123456000')", _MICROS),
        ("to_timestamp(1704067200.123456000)", _MICROS),
        ("timestamp_from_parts(2024, 1, 1, 0, 0, 0, 123456000)", _MICROS),
        ("time_from_parts(0, 0, 0, 123456000)", _MICROS.time()),
        ("time_from_parts(0, 0, 86399, 0)", dt.time(23, 59, 59)),
        ("dateadd(ns, 123456000, '2024-01-01'::timestamp)", _MICROS),
        ("dateadd(nanosecond, -1000, '2024-01-01 00:00:00.123457'::timestamp)", _MICROS),
        ("timeadd(ns, 123456000, '00:00:00'::time)", _MICROS.time()),
        ("dateadd(ns, null, '2024-01-01'::timestamp)", None),
        # A DATE has no seconds.
        (f"'{_TEXT}'::date", _DAY.date()),
        (f"x::date from (select '{_TEXT}' as x)", _DAY.date()),
        ("x::date from (select '1704067200123456789' as x)", _DAY.date()),
        # Types of six digits or less cut the others off, as Snowflake does.
        (f"'{_TEXT}'::timestamp_ntz(6)", _MICROS),
        (f"'{_TEXT}'::timestamp_ntz(0)", _DAY),
        (f"x::timestamp_ntz(6) from (select '{_TEXT}' as x)", _MICROS),
        ("'00:00:00.123456789'::time(6)", _MICROS.time()),
        ("'2024-01-01 00:00:00.123456009'::timestamp_ntz(8)", _MICROS),
        # What is no date is not one of nanoseconds.
        ("try_to_timestamp('12 o''clock:00.1234567')", None),
    ],
)  # fmt: skip
def test_what_loses_nothing_is_read(run: Run, expression: str, expected: object) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert run(f"select {expression}") == [(expected,)]


@pytest.mark.parametrize(
    "statement",
    [
        f"insert into t (n) values ('{_TEXT}')",
        f"insert into t (n) select '{_TEXT}'",
        f"insert into t (n) select * from (select '{_TEXT}' union all select '2024-01-01')",
        f"insert into t (z) values ('{_TEXT} +01:00')",
        "insert into t (c) values ('00:00:00.123456789')",
        f"update t set n = '{_TEXT}'",
        f"merge into t using (select '{_TEXT}' as x) on true when matched then update set n = x",
    ],
)
def test_nanoseconds_are_not_stored(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run("create table t (n timestamp_ntz, z timestamp_tz, c time)")
    run("insert into t (n) values ('2024-01-01 00:00:00.123456000')")
    assert error(run, statement) == 2
    assert run("select * from t") == [(_MICROS, None, None)]


def test_a_column_of_six_digits_or_less_takes_the_others_away(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run("create table t (a timestamp_ntz(6), b timestamp_ntz(3), c time(6))")
    run(f"insert into t values ('{_TEXT}', '{_TEXT}', '00:00:00.123456789')")
    run(f"insert into t select x, x, '00:00:00.123456789' from (select '{_TEXT}' as x)")
    stored = (_MICROS, _MICROS.replace(microsecond=123000), _MICROS.time())
    assert run("select * from t") == [stored, stored]


def test_binds_are_as_exact_as_they_are(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    run("create table t (n timestamp_ntz)")
    run("insert into t values (?)", _MICROS)
    run("insert into t values (?)", "2024-01-01 00:00:00.123456000")
    assert error(run, "insert into t values (?)", _TEXT) == 2
    assert error(run, "select to_timestamp(?)", _TEXT) == 2
    assert run("select * from t") == [(_MICROS,)] * 2


def _file(folder: Path, values: list[int | None]) -> Path:
    """A file of Parquet with a column TS of nanoseconds since 1970."""
    path = folder / "moments.parquet"
    pq.write_table(pa.table({"TS": pa.array(values, pa.timestamp("ns"))}), path)
    return path


@pytest.mark.parametrize("rest", [0, 789])
def test_files_with_nanoseconds_are_not_loaded(run: Run, tmp_path: Path, rest: int) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (ts timestamp_ntz)")
    run("create stage files")
    nanos = 1704067200123456000 + rest
    path = _file(tmp_path, [nanos, None])
    texts = tmp_path / "texts.csv"
    texts.write_text(f"2024-01-01 00:00:00.123456{rest:03}\n\n")
    documents = tmp_path / "documents.json"
    documents.write_text(f'{{"TS": "2024-01-01 00:00:00.123456{rest:03}"}}')
    for file in (path, texts, documents):
        run(f"put file://{file} @files auto_compress = false")
    by_name = "match_by_column_name = case_insensitive"
    statements = [
        f"copy into t from @files/moments.parquet file_format = (type = parquet) {by_name}",
        "copy into t from (select $1:TS from @files/moments.parquet)"
        " file_format = (type = parquet) force = true",
        "copy into t from (select $1:TS::timestamp from @files/moments.parquet)"
        " file_format = (type = parquet) force = true",
        "copy into t from @files/texts.csv file_format = (type = csv)",
        f"copy into t from @files/documents.json file_format = (type = json) {by_name}",
        "copy into t from (select $1:TS::timestamp from @files/documents.json)"
        " file_format = (type = json) force = true",
        "insert into t select $1::timestamp from @files/texts.csv where $1 is not null",
    ]
    for statement in statements:
        if rest:
            assert error(run, statement) == 2, statement
        else:
            run(statement)
    assert {row[0] for row in run("select ts from t where ts is not null")} <= {_MICROS}
    assert len(run("select ts from t where ts is not null")) == (0 if rest else len(statements))


@pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
def test_write_pandas_writes_microseconds(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    run("create table t (ts timestamp_ntz)")
    frame = pd.DataFrame({"TS": pd.array([_MICROS, None], "datetime64[ns]")})
    write_pandas(connection, frame, "T", use_logical_type=True)
    assert run("select * from t order by ts") == [(_MICROS,), (None,)]
    exact = pd.DataFrame({"TS": pd.array([pd.Timestamp(_TEXT)], "datetime64[ns]")})
    with pytest.raises(Exception, match="nanoseconds"):
        write_pandas(connection, exact, "T", use_logical_type=True)
    assert len(run("select * from t")) == 2
