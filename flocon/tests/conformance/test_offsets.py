"""A TIMESTAMP_TZ keeps the offset that it came with, whatever the session's time zone is."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from shared import one_database
from snowflake.connector.connection import SnowflakeConnection
from snowflake.snowpark import Session
from snowflake.snowpark.functions import col, convert_timezone, date_trunc, lit
from snowflake.snowpark.types import StructField, StructType, TimestampTimeZone, TimestampType

from conformance.procedure_shared import Cellar
from conformance.shared import Run, error, failure, wrong_answers

database = pytest.fixture(scope="module")(one_database)


def at(hours: float, *parts: int) -> datetime:
    """A wall clock so many hours ahead of UTC."""
    return datetime(*parts, tzinfo=timezone(timedelta(hours=hours)))


def shown(rows: Any) -> Any:
    """The rows with their moments as texts: two datetimes of one instant are equal in Python."""
    return [
        tuple(each.isoformat(" ") if isinstance(each, datetime) else each for each in row)
        for row in rows
    ]


PARIS, TOKYO = "2024-01-01 10:00:00+02:00", "2024-01-01 17:00:00+09:00"


@pytest.fixture(autouse=True)
def moments(run: Run) -> None:
    """T: three rows of one instant at three offsets, and a later one."""
    run("alter session unset timezone")
    run("create or replace table t (id int, z timestamp_tz)")
    run(
        "insert into t values (1, '2024-01-01 10:00:00 +0200'), (2, '2024-01-01 08:00:00 +0000'),"
        " (3, '2024-01-01 00:30:00 -0730'), (4, '2024-01-01 09:00:00 +0000'), (5, null)"
    )


def test_a_moment_has_its_own_offset_in_every_session(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    for zone in ("UTC", "America/Los_Angeles"):
        run(f"alter session set timezone = '{zone}'")
        assert shown(run("select z, z::varchar from t order by id")) == [
            (PARIS, "2024-01-01 10:00:00.000 +0200"),
            ("2024-01-01 08:00:00+00:00", "2024-01-01 08:00:00.000 +0000"),
            ("2024-01-01 00:30:00-07:30", "2024-01-01 00:30:00.000 -0730"),
            ("2024-01-01 09:00:00+00:00", "2024-01-01 09:00:00.000 +0000"),
            (None, None),
        ]


def test_what_has_no_offset_gets_that_of_the_sessions_time_zone_then(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run("alter session set timezone = 'Europe/Paris'")
    summer, winter = "2024-07-01 10:00:00", "2024-01-01 10:00:00"
    for value in (
        "'{}'::timestamp_tz", "to_timestamp_tz('{}')", "try_to_timestamp_tz('{}')",
        "'{}'::timestamp_ntz::timestamp_tz", "'{}'::timestamp_ltz::timestamp_tz",
        "lower('{}')::timestamp_tz", "try_cast('{}' as timestamp_tz)",
        "parse_json('\"{}\"')::timestamp_tz",
    ):  # fmt: skip
        texts = [value.format(summer), value.format(winter)]
        assert shown(run(f"select {', '.join(texts)}")) == [(f"{summer}+02:00", f"{winter}+01:00")]
    assert shown(run("select '2024-07-01'::date::timestamp_tz, to_timestamp_tz(1704103200)")) == [
        ("2024-07-01 00:00:00+02:00", "2024-01-01 11:00:00+01:00")
    ]


def test_a_text_keeps_its_offset_in_every_form(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run("create or replace temporary table texts (v varchar)")
    for text in (
        "2024-01-01 10:00:00 +0200", "2024-01-01T10:00:00+02:00", "2024-01-01 10:00 +02:00",
        "2024-01-01 10:00:00.000 +0200", "2024-01-01T10:00+02", "Mon, 01 Jan 2024 10:00:00 +0200",
        "Mon Jan 01 10:00:00 +0200 2024",
    ):  # fmt: skip
        run("insert overwrite into texts values (?)", text)
        for value in (f"'{text}'::timestamp_tz", "v::timestamp_tz", "try_to_timestamp_tz(v)"):
            assert shown(run(f"select {value} from texts")) == [(PARIS,)], (text, value)
    form = "to_timestamp_tz('01.01.2024 10:00 +0200', 'DD.MM.YYYY HH24:MI TZHTZM')"
    assert shown(run(f"select {form}, '2024-01-01 10:00:00Z'::timestamp_tz")) == [
        (PARIS, "2024-01-01 10:00:00+00:00")
    ]
    assert run("select try_to_timestamp_tz('abc'), to_timestamp_tz(null)") == [(None, None)]
    assert error(run, "select 'abc'::timestamp_tz") == 100035


def test_other_types_take_its_wall_clock_or_its_instant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("alter session set timezone = 'Asia/Tokyo'")
    expected = {
        "z::timestamp_ntz": datetime(2024, 1, 1, 0, 30),
        "to_timestamp_ntz(z)": datetime(2024, 1, 1, 0, 30),
        "z::date": date(2024, 1, 1),
        "to_date(z)": date(2024, 1, 1),
        "z::time": time(0, 30),
        "to_time(z)": time(0, 30),
        "z::timestamp_ltz::varchar": "2024-01-01 17:00:00.000 +0900",
        "to_timestamp_ltz(z)::varchar": "2024-01-01 17:00:00.000 +0900",
        "z::timestamp_tz::varchar": "2024-01-01 00:30:00.000 -0730",
        "z || '!'": "2024-01-01 00:30:00.000 -0730!",
        "to_char(z)": "2024-01-01 00:30:00.000 -0730",
        "to_char(z, 'DD.MM. HH24:MI TZH:TZM')": "01.01. 00:30 -07:30",
        "to_char(z, 'YYYY')": "2024",
        "z::variant": '"2024-01-01 00:30:00.000 -0730"',
        "z::variant::timestamp_tz::varchar": "2024-01-01 00:30:00.000 -0730",
        "as_timestamp_tz(z::variant)::varchar": "2024-01-01 00:30:00.000 -0730",
        "typeof(z::variant)": "TIMESTAMP_TZ",
    }
    assert wrong_answers(run, expected, "from t where id = 3") == {}
    for made in ("object_construct('Z', z)", "object_construct(* exclude id)"):
        assert json.loads(run(f"select {made} from t where id = 3")[0][0]) == {
            "Z": "2024-01-01 00:30:00.000 -0730"
        }
    assert error(run, "select try_cast(z as varchar) from t") == 1065
    assert error(run, "select z::int from t") == 2


def test_its_parts_are_those_of_its_wall_clock(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/date_part"""
    run("alter session set timezone = 'Asia/Tokyo'")
    expected = {
        "hour(z)": 0, "minute(z)": 30, "day(z)": 1, "year(z)": 2024, "dayname(z)": "Mon",
        "monthname(z)": "Jan", "weekiso(z)": 1, "date_part('hour', z)": 0,
        "extract(timezone_hour from z)": -7, "date_part(timezone_minute, z)": -30,
        "date_part(epoch_second, z)": 1704096000,
        "date_part(epoch_millisecond, z)": 1704096000000,
        "last_day(z)": date(2024, 1, 31), "next_day(z, 'mo')": date(2024, 1, 8),
    }  # fmt: skip
    assert wrong_answers(run, expected, "from t where id = 3") == {}


def test_what_moves_or_truncates_it_keeps_its_offset(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    moved = {
        "dateadd(hour, 30, z)": "2024-01-02 16:00:00+02:00",
        "dateadd(day, 1, dateadd(month, 1, z))": "2024-02-02 10:00:00+02:00",
        "z - interval '1 day'": "2023-12-31 10:00:00+02:00",
        "date_trunc('day', z)": "2024-01-01 00:00:00+02:00",
        "date_trunc('month', dateadd(hour, -12, z))": "2023-12-01 00:00:00+02:00",
        "add_months(z, -1)": "2023-12-01 10:00:00+02:00",
        "time_slice(z, 4, 'hour')": "2024-01-01 08:00:00+02:00",
        "'2024-01-01 10:00:00.987 +0200'::timestamp_tz(1)": "2024-01-01 10:00:00.900000+02:00",
    }
    [row] = shown(run(f"select {', '.join(moved)} from t where id = 1"))
    assert row == tuple(moved.values())


def test_moments_are_compared_by_their_instants(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    run("alter session set timezone = 'America/Los_Angeles'")
    conditions = {
        "z = '2024-01-01 17:00:00 +0900'": [1, 2, 3],
        "z <> '2024-01-01 17:00:00 +0900'": [4],
        "z > '2024-01-01 17:00:00 +0900'": [4],
        "z between '2024-01-01 00:59:00' and '2024-01-01 01:00:00'": [4],
        "z in ('2024-01-01 10:00:00 +0200')": [1, 2, 3],
        "z not in ('2024-01-01 10:00:00 +0200')": [4],
        "z in (select z from t where id = 3)": [1, 2, 3],
        "z = (select max(z) from t where id < 4)": [1, 2, 3],
        "z = '2024-01-01 00:00:00'::timestamp_ntz": [1, 2, 3],
        "z = '2024-01-01 08:00:00 +0000'::timestamp_ltz": [1, 2, 3],
        "'2024-01-01 08:00:00 +0000'::timestamp_ltz < z": [4],
        "z >= '2024-01-01'::date": [1, 2, 3, 4],
        "equal_null(z, null)": [5],
        "case z when '2024-01-01 17:00:00 +0900' then true else false end": [1, 2, 3],
    }
    for condition, found in conditions.items():
        rows = run(f"select id from t where {condition} order by id")
        assert [each for (each,) in rows] == found, condition


def test_equal_instants_are_one_value_whatever_their_offsets(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    counts = "select count(*) from t where z is not null group by z order by 1"
    assert run(counts) == [(1,), (3,)]
    assert len(run("select distinct z from t")) == 3
    assert len(run("select z from t union select z from t")) == 3
    assert run("select count(distinct z), count(z) from t") == [(2, 4)]
    assert run("select count(*) from t a join t b on a.z = b.z") == [(10,)]
    assert run("select count(*) from t a join t b using (z)") == [(10,)]
    joined = "select count(*) from (select * from t a join t b using (z)) group by z order by 1"
    assert run(joined) == [(1,), (9,)]
    assert run("select id from t order by z desc nulls last, id desc") == [
        (4,), (3,), (2,), (1,), (5,),
    ]  # fmt: skip
    windows = "rank() over (order by z), count(*) over (partition by z)"
    assert run(f"select id, {windows} from t order by id") == [
        (1, 1, 3), (2, 1, 3), (3, 1, 3), (4, 4, 1), (5, 5, 1),
    ]  # fmt: skip
    assert run("select max(z), min(z) from t where id in (1, 4)") == [
        (at(0, 2024, 1, 1, 9), at(2, 2024, 1, 1, 10))
    ]
    assert run("select a.z::varchar, b.z::varchar from t a join t b on a.z = b.z"
               " where a.id = 1 and b.id = 3") == [
        ("2024-01-01 10:00:00.000 +0200", "2024-01-01 00:30:00.000 -0730")
    ]  # fmt: skip


def test_an_update_to_the_same_instant_changes_the_offset(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/update"""
    run("create or replace stream s on table t")
    run("update t set z = '2024-01-01 17:00:00 +0900' where id = 1")
    run("update t set z = convert_timezone('Asia/Tokyo', z) where id = 2")
    run("update t set z = '2024-03-01 01:00:00 +0300' where id = 5")
    run("merge into t using (select 3 as id, '2024-01-01 17:00:00 +0900' as n) n on t.id = n.id"
        " when matched then update set z = n.n")  # fmt: skip
    assert shown(run("select id, z from t order by id")) == [
        (1, TOKYO), (2, TOKYO), (3, TOKYO), (4, "2024-01-01 09:00:00+00:00"),
        (5, "2024-03-01 01:00:00+03:00"),
    ]  # fmt: skip
    changes = "select id, z, metadata$action, metadata$isupdate from s where id < 3 order by 1, 3"
    assert shown(run(changes)) == [
        (1, PARIS, "DELETE", True), (1, TOKYO, "INSERT", True),
        (2, "2024-01-01 08:00:00+00:00", "DELETE", True), (2, TOKYO, "INSERT", True),
    ]  # fmt: skip
    run("drop stream s")


def test_an_offset_survives_a_failed_statement_and_others_commits(run: Run, other: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    run("create or replace table u (id int)")
    run("begin")
    run("update t set z = '2024-01-01 17:00:00 +0900' where id = 1")
    other("insert into u values (1)")
    assert run("select count(*) from u") == [(1,)]
    assert error(run, "select 1 / (id - 1) from t") == 100051
    run("delete from t where id > 2")
    other("insert into u values (2)")
    assert run("select count(*) from u") == [(2,)]
    run("commit")
    assert shown(run("select id, z from t order by id")) == [
        (1, TOKYO), (2, "2024-01-01 08:00:00+00:00"),
    ]  # fmt: skip


def test_convert_timezone_of_two_arguments_has_the_zones_offset(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/convert_timezone"""
    run("alter session set timezone = 'Europe/Paris'")
    answers = {
        "convert_timezone('Asia/Tokyo', '2024-01-01 10:00:00 +0200'::timestamp_tz)": TOKYO,
        "convert_timezone('UTC', '2024-01-01 10:00:00')": "2024-01-01 09:00:00+00:00",
        "convert_timezone('UTC', '2024-07-01 10:00:00'::timestamp_ntz)":
            "2024-07-01 08:00:00+00:00",
        "convert_timezone('America/New_York', '2024-07-01 10:00:00'::timestamp_ltz)":
            "2024-07-01 04:00:00-04:00",
        "convert_timezone('America/New_York', '2024-07-01 10:00:00 +0000'::timestamp_tz)"
        "::timestamp_ntz": "2024-07-01 06:00:00",
        "convert_timezone('Europe/Paris', 'UTC', '2024-07-01 10:00:00'::timestamp_ntz)":
            "2024-07-01 08:00:00",
    }  # fmt: skip
    [row] = shown(run(f"select {', '.join(answers)}"))
    assert row == tuple(answers.values())
    assert error(run, "select convert_timezone('Nowhere', current_timestamp())") == 100035


def test_parts_make_a_moment_of_a_zone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/timestamp_from_parts"""
    run("alter session set timezone = 'America/Los_Angeles'")
    parts = "2013, 4, 5, 12, 0, 0"
    assert shown(run(
        f"select timestamp_tz_from_parts({parts}), timestamp_tz_from_parts({parts}, 0,"
        " 'Europe/Paris')"
    )) == [("2013-04-05 12:00:00-07:00", "2013-04-05 12:00:00+02:00")]  # fmt: skip


def test_a_choice_has_one_type_and_a_text_beside_a_moment_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/coalesce"""
    text = "'2024-05-05 05:05:05 +0505'"
    chosen = (
        f"coalesce(z, {text}), iff(id = 1, z, {text}), nvl(z, {text}), case when id = 1 then z end"
    )
    assert shown(run(f"select {chosen} from t where id in (1, 5) order by id")) == [
        (PARIS,) * 4,
        (*("2024-05-05 05:05:05+05:05",) * 3, None),
    ]
    assert run(f"select hour(c) from (select coalesce(z, {text}) as c from t where id = 5)") == [
        (5,)
    ]
    assert failure(run, "select coalesce(z, current_timestamp()) from t")[0] == 2
    assert error(run, "select z from t union all select current_timestamp()") == 2


def test_values_and_lists_have_it_as_a_query_has(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/values"""
    moment = "'2024-01-01 10:00:00 +0200'::timestamp_tz"
    made = {
        f"convert_timezone('Asia/Tokyo', {moment})": TOKYO,
        f"dateadd(day, 1, {moment})": "2024-01-02 10:00:00+02:00",
        "timestamp_tz_from_parts(2024, 1, 1, 9, 0, 0, 0, 'Europe/Paris')":
            "2024-01-01 09:00:00+01:00",
        "to_timestamp_tz('01.01.2024 +0300', 'DD.MM.YYYY TZHTZM')": "2024-01-01 00:00:00+03:00",
        "to_timestamp_tz(5)": "1970-01-01 00:00:05+00:00",
    }  # fmt: skip
    run("create or replace table made (z timestamp_tz, n timestamp_ntz, v varchar)")
    for expression, expected in made.items():
        run(f"insert overwrite into made values ({expression}, {expression}, {expression})")
        [(offset, wall, text)] = run("select * from made")
        assert shown([(offset,)]) == [(expected,)], expression
        assert wall == datetime.fromisoformat(expected).replace(tzinfo=None), expression
        assert text == f"{wall.isoformat(' ')}.000 {expected[-6:].replace(':', '')}", expression
        assert shown(run(f"select column1 from values ({expression}), (null)"))[0] == (expected,)
    listed = "2024-01-01 10:00:00.000 +0200,2024-01-01 09:00:00.000 +0000"
    assert run("select listagg(z, ',') within group (order by z) from t where id in (1, 4)") == [
        (listed,)
    ]
    pivoted = (
        "select * from (select id, z from t where id in (3, 4)) pivot (sum(id) for z in (any))"
    )
    assert run(pivoted) == [(3, 4)]


def test_what_has_no_answer_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert run("select datediff(hour, z, dateadd(hour, 5, z)) from t where id = 1") == [(5,)]
    for expression in (
        "datediff(hour, a.z, b.z)", "datediff(day, a.z, '2024-01-01'::date)", "a.z - b.z",
        "a.z + 1", "sum(a.z)", "abs(a.z)",
    ):  # fmt: skip
        statement = f"select {expression} from t a join t b on a.id = 1 and b.id = 2"
        assert error(run, statement) == 2, expression
    assert error(run, "select '2024-01-01 10:00:00 +9900'::timestamp_tz") == 100035


def test_columns_keep_moments_and_their_type(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    moment = "'2024-01-01 10:00:00.75 +0300'::timestamp_tz"
    run(
        "create or replace table made (z timestamp_tz, d timestamp_tz, n timestamp_tz(0)"
        f" default {moment}(0)) as select z, date_trunc('day', z), {moment} from t where id = 1"
    )
    run("create or replace table copied clone made")
    run("create or replace view seen as select *, convert_timezone('UTC', n) as c from copied")
    run("insert into copied select * from made")
    run("insert into copied (z) select distinct z from t where id = 3")
    row = (PARIS, "2024-01-01 00:00:00+02:00", "2024-01-01 10:00:00+03:00",
           "2024-01-01 07:00:00+00:00")  # fmt: skip
    assert shown(run("select * from seen order by z, d nulls last")) == [
        row, row, ("2024-01-01 00:30:00-07:30", None, row[2], row[3]),
    ]  # fmt: skip
    types = ["TIMESTAMP_TZ(9)", "TIMESTAMP_TZ(9)", "TIMESTAMP_TZ(0)", "TIMESTAMP_TZ(9)"]
    assert [each[1] for each in run("describe view seen")] == types
    assert run("select distinct data_type from information_schema.columns"
               " where table_name in ('MADE', 'SEEN')") == [("TIMESTAMP_TZ",)]  # fmt: skip
    run("create or replace table stamped (id int, z timestamp_tz default current_timestamp())")
    run("insert into stamped (id) values (1)")
    assert run("select abs(datediff(second, z, current_timestamp())) < 60 from stamped") == [
        (True,)
    ]
    assert run("describe table stamped")[1][4] == "CURRENT_TIMESTAMP"


def test_columns_of_other_types_take_it_as_a_cast_does(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    kinds = "n timestamp_ntz, l timestamp_ltz, d date, v varchar, j variant, z timestamp_tz"
    run(f"create or replace table kinds ({kinds})")
    run("insert into kinds select z, z, z, z, z::varchar::variant, z from t where id = 3")
    run("create or replace temporary table held as select z as a, z as b from t where id = 3")
    run("create or replace table texts (a varchar, b varchar)")
    run("insert into texts select * from held")
    assert shown(run("select * from kinds")) == [(
        "2024-01-01 00:30:00", "2024-01-01 08:00:00+00:00", date(2024, 1, 1),
        "2024-01-01 00:30:00.000 -0730", '"2024-01-01 00:30:00.000 -0730"',
        "2024-01-01 00:30:00-07:30",
    )]  # fmt: skip
    assert run("select * from texts") == [("2024-01-01 00:30:00.000 -0730",) * 2]
    run("insert into kinds (z) select n from kinds")
    run("insert into kinds (z) select l from kinds where l is not null")
    assert shown(run("select z from kinds where l is null order by z")) == [
        ("2024-01-01 00:30:00+00:00",), ("2024-01-01 08:00:00+00:00",),
    ]  # fmt: skip


def test_binds_keep_their_offset(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    bind = ("TIMESTAMP_TZ", at(2, 2024, 1, 1, 10))
    kinds = "z timestamp_tz, n timestamp_ntz, l timestamp_ltz, v varchar"
    run(f"create or replace table bound ({kinds})")
    run("insert into bound values (?, ?, ?, ?)", bind, bind, bind, bind)
    run("insert into bound select ?, ?, ?, ?", bind, bind, bind, bind)
    connection.cursor().executemany("insert into bound values (?, ?, ?, ?)", [[bind] * 4] * 2)
    row = (PARIS, "2024-01-01 10:00:00", "2024-01-01 08:00:00+00:00",
           "2024-01-01 10:00:00.000 +0200")  # fmt: skip
    assert shown(run("select * from bound")) == [row] * 4
    assert shown(run("select ?, ?::varchar, hour(?), dateadd(day, 1, ?)", *[bind] * 4)) == [
        (PARIS, row[3], 10, "2024-01-02 10:00:00+02:00")
    ]
    assert run("select id from t where z = ? order by id", bind) == [(1,), (2,), (3,)]
    run("update t set z = ? where id = 2", bind)
    assert shown(run("select z from t where id = 2")) == [(PARIS,)]


def test_both_wires_have_the_offset(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    run("update t set z = '1969-07-20 01:02:03.456789 -0930' where id = 4")
    query = (
        "select z, z::timestamp_tz(0), z::timestamp_tz(3) from t where id in (1, 4, 5) order by id"
    )
    for wire in ("json", "arrow"):
        cursor.execute(f"alter session set python_connector_query_result_format = '{wire}'")
        assert shown(cursor.execute(query).fetchall()) == [
            (PARIS, PARIS, PARIS),
            (
                "1969-07-20 01:02:03.456789-09:30",
                "1969-07-20 01:02:03-09:30",
                "1969-07-20 01:02:03.456000-09:30",
            ),
            (None, None, None),
        ]
    again = "select z, z::varchar from table(result_scan(last_query_id())) where z > '2000-01-01'"
    assert shown(run(again)) == [(PARIS, "2024-01-01 10:00:00.000 +0200")]


def test_staged_files_keep_the_offset(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create or replace stage files")
    csv, json_ = "(type = csv compression = none)", "(type = json compression = none)"
    run(f"copy into @files/t.csv from t file_format = {csv} single = true")
    run("copy into @files/t.json from (select object_construct('id', id, 'z', z) from t)"
        f" file_format = {json_} single = true")  # fmt: skip
    expected = shown(run("select * from t order by id"))
    run("create or replace table loaded like t")
    run(f"copy into loaded from @files/t.csv file_format = {csv}")
    assert shown(run("select * from loaded order by id")) == expected
    run("truncate table loaded")
    run(f"copy into loaded from @files/t.json file_format = {json_}"
        " match_by_column_name = case_insensitive")  # fmt: skip
    assert shown(run("select * from loaded order by id")) == expected


def test_python_sees_the_offset_and_answers_with_one(cellar: Cellar, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping"""
    body = "import datetime\ndef run(*a):\n    return a[-1] + datetime.timedelta(hours=1)"
    made = "(a TIMESTAMP_TZ) RETURNS TIMESTAMP_TZ LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
    packages = "PACKAGES = ('snowflake-snowpark-python')"
    run(f"create or replace function later{made} HANDLER = 'run' AS $${body}$$")
    run(f"create or replace procedure after{made} {packages} HANDLER = 'run' AS $${body}$$")
    run("create or replace function next(a timestamp_tz) returns timestamp_tz as"
        " $$ dateadd(day, 1, a) $$")  # fmt: skip
    called = "select later(z), hour(later(z)), next(z) from t where id in (1, 3) order by id"
    assert shown(run(called)) \
        == [("2024-01-01 11:00:00+02:00", 11, "2024-01-02 10:00:00+02:00"),
            ("2024-01-01 01:30:00-07:30", 1, "2024-01-02 00:30:00-07:30")]  # fmt: skip
    bind = ("TIMESTAMP_TZ", at(-7.5, 2024, 1, 1, 0, 30))
    assert shown(run("call after(?)", bind)) == [("2024-01-01 01:30:00-07:30",)]


def test_a_session_variable_keeps_the_offset(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/session-variables"""
    run("set moment = (select z from t where id = 1)")
    assert shown(run("select $moment")) == [(PARIS,)]


def test_snowpark_sends_and_gets_the_offset(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.types.TimestampType"""
    session = Session.builder.configs({"connection": connection}).create()
    kind = TimestampType(TimestampTimeZone.TZ)
    frame = session.create_dataframe(
        [[at(2, 2024, 1, 1, 10)], [None]], schema=StructType([StructField("z", kind)])
    )
    assert shown(frame.collect()) == [(PARIS,), (None,)]
    assert [field.datatype for field in session.table("t").schema.fields][1] == kind
    moved = session.table("t").filter(col("id") == 3).select(
        convert_timezone(lit("Asia/Tokyo"), col("z")), date_trunc("hour", col("z"))
    )  # fmt: skip
    assert shown(moved.collect()) == [(TOKYO, "2024-01-01 00:00:00-07:30")]
    assert session.table("t").filter(col("z") == at(0, 2024, 1, 1, 8).astimezone(UTC)).count() == 3


def test_convert_timezone_of_three_arguments_takes_wall_clocks_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/convert_timezone"""
    for value in ("z", "z::timestamp_ltz"):
        assert error(run, f"select convert_timezone('UTC', 'Asia/Tokyo', {value}) from t") == 1044
    assert run(
        "select convert_timezone('UTC', 'Asia/Tokyo', '2024-01-01 10:00:00'::timestamp_ntz)"
    ) == [(datetime(2024, 1, 1, 19, 0),)]
