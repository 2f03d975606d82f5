"""Session parameters: they are followed, or refused, by whatever way they come."""

from datetime import date
from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any
Connection = snowflake.connector.SnowflakeConnection

# Of each parameter that changes answers, a value other than the default that is not followed here.
REFUSED = {
    "BINARY_INPUT_FORMAT": "BASE64",
    "DATE_INPUT_FORMAT": "DD/MM/YYYY",
    "DATE_OUTPUT_FORMAT": "AUTO",
    "DEFAULT_NULL_ORDERING": "FIRST",
    "ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION": "false",
    "ERROR_ON_NONDETERMINISTIC_MERGE": "false",
    "ERROR_ON_NONDETERMINISTIC_UPDATE": "true",
    "NOORDER_SEQUENCE_AS_DEFAULT": "false",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "true",
    "ROWS_PER_RESULTSET": "5",
    "SEARCH_PATH": "$current",
    "SIMULATED_DATA_SHARING_CONSUMER": "ABC",
    "STRICT_JSON_OUTPUT": "true",
    "TIMESTAMP_DAY_IS_ALWAYS_24H": "true",
    "TIMESTAMP_INPUT_FORMAT": "DD/MM/YYYY HH24:MI",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_LTZ",
    "TIME_INPUT_FORMAT": "HH12:MI AM",
    "TWO_DIGIT_CENTURY_START": "2000",
    "UNSUPPORTED_DDL_ACTION": "fail",
    "WEEK_OF_YEAR_POLICY": "1",
    "WEEK_START": "1",
}


@pytest.fixture
def formats(run: Run) -> Any:
    """Sets the session's parameters, and the default values at the end."""
    names: list[str] = []

    def set_(**values: str) -> None:
        names.extend(values)
        told = " ".join(f"{name} = '{value}'" for name, value in values.items())
        run(f"alter session set {told}")

    yield set_
    if names:
        run(f"alter session unset {', '.join(names)}")


@pytest.mark.parametrize("name", REFUSED)
def test_a_parameter_that_would_change_answers_and_does_not_is_refused(
    run: Run, account: AccountProcess, name: str
) -> None:
    """By ALTER SESSION, at the login, for a statement alone, of the account and of a user; its
    default value is taken.

    https://docs.snowflake.com/en/sql-reference/parameters
    """
    value = REFUSED[name]
    [(_, current, default, *_)] = run(f"show parameters like '{name}'")
    assert current == default
    assert errno(run, f"alter session set {name} = '{value}'") == 2
    assert errno(run, f"alter account set {name} = '{value}'") == 2
    assert errno(run, f"alter user local set {name} = '{value}'") == 2
    run(f"alter session set {name} = '{default}'")
    with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
        account.connect(session_parameters={name.lower(): value})
    assert name in str(raised.value)
    with (
        account.connect(session_parameters={name: default}) as opened,
        pytest.raises(snowflake.connector.errors.DatabaseError) as raised,
    ):
        opened.cursor().execute("select 1", _statement_params={name: value})
    assert raised.value.errno == 2


def test_a_session_begins_with_the_parameters_of_its_login(account: AccountProcess) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect"""
    given = {
        "DATE_OUTPUT_FORMAT": "DD.MM.YYYY",
        "timezone": "Asia/Tokyo",
        "CLIENT_SESSION_KEEP_ALIVE": True,
        "JSON_INDENT": 0,
    }
    with account.connect(session_parameters=given) as opened:
        cursor = opened.cursor()
        texts = "select '2026-02-01'::date::varchar, '2026-01-01'::timestamp_ltz::varchar, [1]"
        assert cursor.execute(texts).fetchall() == [
            ("01.02.2026", "2026-01-01 00:00:00.000 +0900", "[1]")
        ]
        assert cursor.date_output_format == "DD.MM.YYYY"
        [row] = cursor.execute("show parameters like 'client_session_keep_alive'").fetchall()
        assert row[1] == "true"


def test_a_statement_alone_has_no_other_time_zone(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/index"""
    cursor = connection.cursor()
    for name, value in {"TIMEZONE": "Asia/Tokyo", "DATE_OUTPUT_FORMAT": "YY"}.items():
        with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
            cursor.execute("select current_date", _statement_params={name: value})
        assert raised.value.errno == 2
    cursor.execute("select 1", _statement_params={"TIMEZONE": "UTC", "SOME_CLIENTS_OWN": 1})


def test_the_tag_of_a_statement_goes_with_it(connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#query-tag"""
    cursor = connection.cursor()
    cursor.execute("alter session set query_tag = 'all day'")
    cursor.execute("select 1", _statement_params={"QUERY_TAG": "once"})
    [tag] = cursor.execute("show parameters like 'QUERY_TAG'").fetchall()
    assert tag[1] == "all day"


def test_output_formats_rule_how_dates_and_times_become_texts(run: Run, formats: Any) -> None:
    """By a cast, TO_VARCHAR without a format, ||, CONCAT and functions of texts.

    https://docs.snowflake.com/en/sql-reference/date-time-input-output
    """
    formats(
        DATE_OUTPUT_FORMAT="DD.MM.YYYY",
        TIME_OUTPUT_FORMAT="HH12:MI AM",
        TIMESTAMP_NTZ_OUTPUT_FORMAT="DY, DD MON YYYY HH24:MI:SS",
        TIMESTAMP_OUTPUT_FORMAT="YYYY/MM/DD HH24:MI:SS.FF1 TZH:TZM",
    )
    run(
        "create or replace table m (d date, t time, n timestamp_ntz, l timestamp_ltz,"
        " z timestamp_tz)"
    )
    run(
        "insert into m select '2026-02-01', '15:30:59', '2026-02-01 15:30:59.25',"
        " '2026-02-01 15:30:59.25', '2026-02-01 15:30:59.25 +0230'"
    )
    texts = (
        "01.02.2026", "03:30 PM", "Sun, 01 Feb 2026 15:30:59", "2026/02/01 15:30:59.2 +00:00",
        "2026/02/01 15:30:59.2 +02:30",
    )  # fmt: skip
    assert run("select d::varchar, t::varchar, n::varchar, l::varchar, z::varchar from m") == [
        texts
    ]
    assert run(
        "select to_char(d), to_varchar(t), cast(n as string), to_char(l), to_char(z) from m"
    ) == [texts]
    assert run("select d || '!', concat(t, '!'), '<' || n || '>' from m") == [
        ("01.02.2026!", "03:30 PM!", "<Sun, 01 Feb 2026 15:30:59>")
    ]
    assert run(
        "select upper(n), left(d, 5), listagg(d, ',') within group (order by d) from m"
        " group by 1, 2"
    ) == [("SUN, 01 FEB 2026 15:30:59", "01.02", "01.02.2026")]
    assert run("select to_char(d, 'YYYY'), d, '2026-03-04'::date::varchar from m")[0][0::2] == (
        "2026",
        "04.03.2026",
    )
    assert run("with q as (select d as e from m) select e::varchar from (select * from q)") == [
        ("01.02.2026",)
    ]
    assert run("select ?::varchar", date(2026, 2, 1)) == [("01.02.2026",)]


def test_output_formats_rule_what_is_stored_as_a_text(run: Run, formats: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run("create or replace table days as select '2026-02-01'::date as d")
    run("create or replace table texts (s varchar, r varchar(20))")
    formats(DATE_OUTPUT_FORMAT="DD.MM.YYYY")
    run("insert into texts select d, d from days")
    run("insert into texts values ('2026-02-01'::date, '2026-02-01'::date)")
    run("insert into texts select * from (select d, d as e from days)")
    run("create or replace table made as select d::varchar as s from days")
    run("update texts set r = dateadd(day, 1, '2026-02-01'::date) where s = '01.02.2026'")
    assert run("select distinct s, r from texts") == [("01.02.2026", "02.02.2026")]
    assert run("select count(*) from texts") == [(3,)]
    assert run("select s from made") == [("01.02.2026",)]


def test_bytes_become_texts_in_the_binary_output_format(run: Run, formats: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/binary-input-output"""
    run("create or replace table b as select to_binary('48454C50') as x")
    assert run("select x::varchar, to_varchar(x) from b") == [("48454C50", "48454C50")]
    formats(BINARY_OUTPUT_FORMAT="BASE64")
    assert run("select x::varchar, to_varchar(x), to_char(x) || '' from b") == [("SEVMUA==",) * 3]
    assert run("select to_varchar(x, 'HEX') from b") == [("48454C50",)]
    assert errno(run, "alter session set binary_output_format = 'UTF-8'") == 1481


def test_a_session_goes_back_to_the_default_formats(run: Run) -> None:
    """The same statement is asked under one format after the other.

    https://docs.snowflake.com/en/sql-reference/sql/alter-session
    """
    asked = "select '2026-02-01'::date::varchar, '2026-02-01 01:02:03'::timestamp_ltz::varchar"
    default = [("2026-02-01", "2026-02-01 01:02:03.000 +0000")]
    assert run(asked) == default
    run("alter session set date_output_format = 'MON-YY' timestamp_ltz_output_format = 'HH24'")
    assert run(asked) == [("Feb-26", "01")]
    run("alter session unset date_output_format, timestamp_ltz_output_format")
    assert run(asked) == default


def test_a_text_in_another_format_is_refused_where_it_is_not_known(run: Run, formats: Any) -> None:
    """A view has the reader's formats on Snowflake; its pages do not say which a VARIANT has.

    https://docs.snowflake.com/en/sql-reference/parameters
    """
    run("create or replace table days as select '2026-02-01'::date as d, 1 as n")
    run("create or replace view shown as select d::varchar as s from days")
    run("create or replace view plain as select d, n + 1 as n from days")
    formats(DATE_OUTPUT_FORMAT="DD.MM.YYYY", TIMESTAMP_NTZ_OUTPUT_FORMAT="HH24 TZH")
    assert errno(run, "select * from shown") == 2
    assert run("select d::varchar, n from plain") == [("01.02.2026", 2)]
    assert errno(run, "select to_variant(d)::varchar from days") == 2
    assert errno(run, "select object_construct('d', d) from days") == 2
    assert errno(run, "select '2026-02-01'::timestamp_ntz::varchar") == 2
    assert errno(run, "alter session set time_output_format = ''") == 1481
    assert errno(run, "copy into @~/days from days") == 2


def test_a_default_that_makes_a_text_of_a_date_is_for_the_default_formats(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run(
        "create table by_default (n int, d varchar default '2026-01-31'::date::varchar,"
        " b varchar default to_binary('ff'))"
    )
    run(
        "create table others (n int, u varchar default 'a' || 'b',"
        " m date default '2026-01-31'::date)"
    )
    run("insert into by_default (n) values (0)")
    run("alter session set date_output_format = 'DD.MM.YYYY'")
    for statement in (
        "insert into by_default (n) values (1)",
        "insert into by_default (n, d) select 1, 'd'",
        "insert into by_default values (1, default, 'b')",
        "insert all into by_default (n) values (x) select 1 as x",
        "merge into by_default t using (select 1 as x) s on t.n = s.x"
        " when not matched then insert (n) values (s.x)",
    ):
        assert errno(run, statement) == 2, statement
    run("insert into by_default values (2, 'd', 'b')")
    run("insert into by_default (n, d, b) values (3, 'd', 'b')")
    run("update by_default set d = 'e' where n = 3")
    run("insert into others (n) values (1)")
    run("alter session unset date_output_format")
    assert run("select * from by_default order by n") == [
        (0, "2026-01-31", "FF"), (2, "d", "b"), (3, "e", "b"),
    ]  # fmt: skip
    assert run("select u from others") == [("ab",)]
