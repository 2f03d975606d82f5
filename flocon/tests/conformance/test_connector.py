"""The Python connector: binds, batches, results large and late, login."""

from datetime import date, datetime, time
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any
Connection = snowflake.connector.SnowflakeConnection


def test_executemany_writes_each_row_as_it_is(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
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


def test_a_client_that_wants_a_stage_for_binds_sends_them_with_the_statement(
    connection: Connection,
) -> None:
    """Each value keeps its type; nothing of a stage stays, and the transaction is open as before.

    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example
    """
    cursor = connection.cursor()
    cursor.execute(
        "create or replace table by_stage (i int, b boolean, s varchar, f float, y binary,"
        " d date, t time, m timestamp_ntz)"
    )
    at, clock = datetime(1969, 12, 31, 23, 59, 59, 1), time(1, 2, 3, 456)
    days = [date(1750, 5, 9), date(1970, 1, 2), date(2026, 2, 3), date(9999, 12, 31)]
    texts = ["", 'a,"b"\n\\c', "\\N", None]
    rows = [
        (i, i == 1, text, 1.5, b"\x00\xff", day, clock, at)
        for i, (text, day) in enumerate(zip(texts, days, strict=True))
    ]
    threshold = "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD"
    for end, kept in (("rollback", []), ("commit", rows)):
        connection._session_parameters[threshold] = 1
        cursor.execute("begin")
        cursor.executemany("insert into by_stage values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        assert cursor.rowcount == len(rows)
        assert connection._session_parameters[threshold] == 0, "the client has tried it"
        cursor.execute(end)
        assert cursor.execute("select * from by_stage order by i").fetchall() == kept
    with pytest.raises(snowflake.connector.ProgrammingError) as raised:
        cursor.execute("insert into by_stage (i) values (?)", _bind_stage="@~/binds")
    assert raised.value.errno == 2


def test_pyformat_binds_are_text_and_nothing_else(account: AccountProcess, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    with account.connect(database=database, schema="PUBLIC", paramstyle="pyformat") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table formatted (n int, s varchar)")
        hostile = "'; drop table formatted; --"
        cursor.executemany("insert into formatted values (%s, %s)", [(1, hostile), (2, None)])
        assert cursor.execute("select s from formatted where n = %(n)s", {"n": 1}).fetchall() == [
            (hostile,)
        ]


def test_describe_answers_columns_and_runs_nothing(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create or replace table described (n number(10, 2) , s varchar)")
    columns = cursor.describe("select n, s from described where s = ?", ("x",))
    assert [(column.name, column.type_code) for column in columns] == [("N", 0), ("S", 2)]
    cursor.describe("insert into described values (1, 'x')")
    assert cursor.execute("select count(*) from described").fetchone() == (0,)


def test_fixed_point_numbers_are_decimals_in_rows_and_floats_in_pandas(
    connection: Connection,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas#snowflake-to-pandas-data-mapping"""
    cursor = connection.cursor()
    cursor.execute(
        "select column1::number(10, 2) as p, column1 / 8 as q, column1::number(38, 30) as long"
        " from values (9.9), (-0.05), (null) order by 1"
    )
    assert cursor.fetchall() == [
        (Decimal("-0.05"), Decimal("-0.00625000"), Decimal("-0.05")),
        (Decimal("9.90"), Decimal("1.23750000"), Decimal("9.9")),
        (None, None, None),
    ]
    cursor.execute("select * from table(result_scan(last_query_id()))")
    frame = cursor.fetch_pandas_all()
    assert [str(kind) for kind in frame.dtypes] == ["float64", "float64", "object"]
    assert frame["P"].tolist()[:2] == [-0.05, 9.9]
    assert frame["LONG"].tolist()[:2] == [Decimal("-0.05"), Decimal("9.9")]


def test_a_large_result_comes_whole_and_as_pandas(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    cursor = connection.cursor()
    cursor.execute("select seq4() n, 'x' || seq4() s from table(generator(rowcount => 200000))")
    frame = cursor.fetch_pandas_all()
    assert len(frame) == 200_000
    assert int(frame["N"].sum()) == 199_999 * 100_000
    assert frame["S"].nunique() == 200_000


def test_an_asynchronous_query_is_fetched_by_its_id(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    cursor = connection.cursor()
    cursor.execute_async("select count(*) from table(generator(rowcount => 1000))")
    query_id = cursor.sfqid
    assert query_id
    deadline = monotonic() + 20
    while connection.is_still_running(connection.get_query_status(query_id)):
        assert monotonic() < deadline
        sleep(0.02)
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchall() == [(1000,)]


def test_a_statement_that_takes_too_long_is_cancelled(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    endless = "select count(*) from {0} a, {0} b, {0} c where a.n + b.n + c.n < 0"
    rows = "(select seq4() n from table(generator(rowcount => 100000)))"
    started = monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute(endless.format(rows), timeout=1)
    assert caught.value.errno == 604
    assert monotonic() - started < 15
    assert cursor.execute("select 1").fetchall() == [(1,)]


def test_several_statements_follow_one_another(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    text = """
    create or replace table steps (n int); -- the first; not the last
    insert into steps values (1), (2);
    select 'a;b' || max(n) from steps;
    """
    *_, last = connection.execute_string(text)
    assert last.fetchall() == [("a;b2",)]


def test_rows_as_dictionaries(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor(snowflake.connector.DictCursor)
    assert cursor.execute("select 1 as n, 'é' as \"Mixed\"").fetchall() == [{"N": 1, "Mixed": "é"}]


def test_a_login_with_names_that_do_not_exist_goes_without_them(
    account: AccountProcess,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    with account.connect(database="NOT_THERE", schema="NOR_THIS", warehouse="NO_WH") as connection:
        cursor = connection.cursor()
        answer = cursor.execute(
            "select current_database(), current_schema(), current_warehouse()"
        ).fetchall()
        assert answer == [(None, None, None)]
        assert cursor.execute("show databases like 'NOT_THERE'").fetchall() == []


def test_a_session_knows_its_client(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_client"""
    assert run("select current_client()") == [
        (f"PythonConnector {snowflake.connector.__version__}",)
    ]


def test_rows_come_as_json_where_a_session_asks_for_it(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters"""
    query = """select 1, -0.05::number(4, 2), 1.5::float, true, 'é', null, hex_encode(x'00ff'),
        parse_json('{"a": 1}'), '1969-12-31'::date, '01:02:03.5'::time,
        '1969-12-31 23:59:59.25'::timestamp_ntz,
        'NaN'::float, '12345678901234567890123456789.25'::number(38, 2)"""
    cursor = connection.cursor()
    arrow = cursor.execute(query).fetchone()
    cursor.execute("alter session set python_connector_query_result_format = 'JSON'")
    try:
        answer = cursor.execute(query).fetchone()
        assert cursor._query_result_format == "json"
        assert str(answer) == str(arrow)
        assert cursor.execute("select x'00ff'").fetchone() == (b"\x00\xff",)
        assert cursor.execute("select 1 where false").fetchall() == []
        with pytest.raises(snowflake.connector.ProgrammingError) as raised:
            cursor.execute("alter session set python_connector_query_result_format = 'XML'")
        assert raised.value.errno == 1481
    finally:
        cursor.execute("alter session unset python_connector_query_result_format")
    assert str(arrow) == (
        "(1, Decimal('-0.05'), 1.5, True, 'é', None, '00FF', '{\\n  \"a\": 1\\n}',"
        " datetime.date(1969, 12, 31), datetime.time(1, 2, 3, 500000),"
        " datetime.datetime(1969, 12, 31, 23, 59, 59, 250000), nan,"
        " Decimal('12345678901234567890123456789.25'))"
    )


def test_a_cursor_counts_the_rows_that_a_statement_has_changed(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()

    def stats(sql: str) -> tuple[int | None, ...]:
        return tuple(cursor.execute(sql).stats)

    assert stats("create or replace table counted (a int) as select 1 union all select 2") == (
        2,
        0,
        0,
        0,
    )
    assert stats("create temporary table kept (a int) as select a from counted") == (2, 0, 0, 0)
    assert stats("insert into counted values (3), (4), (5)") == (3, 0, 0, 0)
    assert stats("update counted set a = 10 where a > 3") == (0, 0, 2, 0)
    twice = "(select 10 a union all select 10) twice"
    update = f"update counted set a = 10 from {twice} where counted.a = twice.a"
    assert stats(update) == (0, 0, 2, 2)
    assert stats("delete from counted where a = 1") == (0, 1, 0, 0)
    assert stats("delete from counted where a = 1") == (None, None, None, None)
    merge = """merge into counted c using (select 2 a union all select 7) s on c.a = s.a
        when matched then delete when not matched then insert values (s.a)"""
    assert stats(merge) == (1, 1, 0, 0)
    # What goes before others come is counted, too.
    assert stats("insert overwrite into counted select a from counted where a > 7") == (2, 4, 0, 0)
    assert stats("insert overwrite into counted values (1), (2), (3)") == (3, 2, 0, 0)
    both = "insert overwrite all into counted into kept select 4 a"
    assert stats(both) == (2, 5, 0, 0)
    assert stats("truncate kept") == (0, 1, 0, 0)
    assert stats("truncate table counted") == (0, 1, 0, 0)
    assert stats("truncate table if exists counted") == (None, None, None, None)
    assert stats("create or replace view seen as select 1 a") == (None, None, None, None)
    assert stats("select * from counted") == (None, None, None, None)


def test_marks_may_be_numbered(account: AccountProcess, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    with account.connect(database=database, schema="PUBLIC", paramstyle="numeric") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table numbered (a int, b varchar)")
        cursor.execute("insert into numbered values (:2, :1)", ("one", 1))
        cursor.executemany("insert into numbered values (:1, :2)", [(2, "two"), (3, "three")])
        found = cursor.execute(
            "select b, :1 from numbered where a >= :2 and :1 = 'x' order by a", ("x", 2)
        )
        assert found.fetchall() == [("two", "x"), ("three", "x")]


def test_a_connection_knows_what_use_has_changed(connection: Connection, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create warehouse if not exists used_next")
    cursor.execute("use warehouse used_next")
    cursor.execute("use role sysadmin")
    assert (connection.role, connection.warehouse) == ("SYSADMIN", "USED_NEXT")
    cursor.execute("use role accountadmin")
    assert (connection.role, connection.database) == ("ACCOUNTADMIN", database)


def test_a_session_shows_its_parameters(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-parameters"""
    cursor = connection.cursor()
    cursor.execute("alter session set timezone = 'Europe/Paris'")
    for where in ("", "in session"):
        shown = cursor.execute(f"show parameters like 'time%one' {where}").fetchall()
        assert shown == [("TIMEZONE", "Europe/Paris", "UTC", "SESSION", "", "STRING")]
    cursor.execute("alter session unset timezone")
    [row] = cursor.execute("show parameters like 'timezone'").fetchall()
    assert row[1:4] == ("UTC", "UTC", "")
    everything = cursor.execute("show parameters").fetchall()
    assert ("AUTOCOMMIT", "true", "true", "", "", "BOOLEAN") in everything
    assert cursor.execute("show parameters like 'default_streamlit%'").fetchall() == []
    assert (
        len(cursor.execute("show parameters like 'default_streamlit%' in account").fetchall()) == 1
    )


def test_a_client_hears_how_its_session_writes_values(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters"""
    cursor = connection.cursor()
    cursor.execute("select 1")
    assert (cursor.date_output_format, cursor.time_output_format) == ("YYYY-MM-DD", "HH24:MI:SS")
    assert cursor.timestamp_ntz_output_format == "YYYY-MM-DD HH24:MI:SS.FF3"
    assert connection.client_session_keep_alive is False


@pytest.mark.parametrize("wire", ["json", "arrow"])
def test_a_year_beyond_pythons_is_the_clients_to_refuse(
    connection: snowflake.connector.SnowflakeConnection, wire: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    cursor = connection.cursor()
    cursor.execute(f"alter session set python_connector_query_result_format = '{wire}'")
    cursor.execute("select * from values (1, '9999-12-31'::date), (2, '10000-01-01'::date)")
    with pytest.raises(snowflake.connector.errors.InterfaceError):
        cursor.fetchall()


def test_several_parameters_are_set_at_once(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-session"""
    run("alter session set json_indent = 0 timezone = 'Asia/Tokyo' use_cached_result = false")
    assert run(
        'select parse_json(\'{"a": [1, {}], "b": "x y"}\'), \'2026-01-01\'::timestamp_ltz::varchar'
    ) == [('{"a":[1,{}],"b":"x y"}', "2026-01-01 00:00:00.000 +0900")]
    run("alter session set json_indent = 1, query_tag = 'x', lock_timeout = 5")
    assert run("select array_construct(1, array_construct(2))") == [("[\n 1,\n [\n  2\n ]\n]",)]
    run("alter session unset json_indent, timezone")
    assert run("select array_construct(1)") == [("[\n  1\n]",)]
    assert errno(run, "alter session set query_tag = 'y' nonsense = 1") == 2
    assert errno(run, "alter session set json_indent = 17") == 1481
    assert [row[1] for row in run("show parameters like 'QUERY_TAG'")] == ["x"]


@pytest.mark.parametrize(
    "sql", ["show tables", "create table t_of_pandas (n int)", "set pandas = 1", "list @~"]
)
def test_only_queries_have_pandas(connection: Connection, sql: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    cursor = connection.cursor().execute(sql)
    with pytest.raises(snowflake.connector.errors.NotSupportedError):
        cursor.fetch_pandas_all()
    assert cursor.fetchall() is not None
    frame = cursor.execute("select * from table(result_scan(last_query_id()))").fetch_pandas_all()
    assert len(frame.columns) > 0
