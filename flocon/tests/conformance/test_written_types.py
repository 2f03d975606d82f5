"""Which types columns take without a cast, whether there are rows or not."""

from datetime import date

import pytest
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error, failure


@pytest.fixture
def kinds(run: Run) -> None:
    run(
        "create or replace table kinds (n int, p number(10, 2), f float, s varchar, b boolean,"
        " d date, t time, m timestamp_ntz, x binary, a array, o object)"
    )


@pytest.mark.parametrize(
    ("column", "value", "expected", "got"),
    [
        ("n", "true", "NUMBER(38,0)", "BOOLEAN"),
        ("p", "1 = 1", "NUMBER(10,2)", "BOOLEAN"),
        ("f", "not true", "FLOAT", "BOOLEAN"),
        ("n", "'a' like 'b'", "NUMBER(38,0)", "BOOLEAN"),
        ("n", "iff(true, 1 = 1, false)", "NUMBER(38,0)", "BOOLEAN"),
        ("n", "to_boolean('yes')", "NUMBER(38,0)", "BOOLEAN"),
        ("n", "current_date()", "NUMBER(38,0)", "DATE"),
        ("d", "5", "DATE", "NUMBER(1,0)"),
        ("t", "10.5", "TIME(9)", "NUMBER(3,1)"),
        ("m", "2026", "TIMESTAMP_NTZ(9)", "NUMBER(4,0)"),
        ("b", "'2026-01-02'::date", "BOOLEAN", "DATE"),
        ("s", "to_binary('ff')", "VARCHAR(16777216)", "BINARY(8388608)"),
        ("x", "7", "BINARY(8388608)", "NUMBER(1,0)"),
    ],
)
def test_a_value_of_another_kind_is_none_of_the_columns(
    run: Run, kinds: None, column: str, value: str, expected: str, got: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    for statement in (
        f"insert into kinds ({column}) values ({value})",
        f"insert into kinds ({column}) values (null), ({value})",
        f"insert into kinds ({column}) select {value} where false",
        f"insert into kinds ({column}) select v from (select {value} as v)",
        f"insert into kinds ({column}) select null union all select {value}",
        f"update kinds set {column} = {value}",
        f"merge into kinds using (select 1 as k) s on true when matched then"
        f" update set {column} = {value}",
        f"merge into kinds using (select 1 as k) s on false when not matched then"
        f" insert ({column}) values ({value})",
        f"insert all into kinds ({column}) values (v) select {value} as v",
    ):
        number, said = failure(run, statement)
        assert number == 2023, statement
        assert f"does not match column data type, expecting {expected} but got " in said
        assert said.endswith(f" for column {column.upper()}")
        if "select v" not in statement and "as v" not in statement:
            assert f"but got {got} for" in said, statement
    assert run("select count(*) from kinds") == [(0,)]


def test_what_becomes_another_type_by_itself_is_stored(run: Run, kinds: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-logical"""
    run("insert into kinds (n, p, s, b, d, m) values ('4', 1.5, true, 5, '2026-01-02', null)")
    run("insert into kinds (n, s, b, d, m) select iff(1 = 1, 6, 0), 7, 'false',"
        " '2026-01-03 10:00:00'::timestamp, current_date()")  # fmt: skip
    run("update kinds set s = d where n = 6")
    assert run("select n, s, b, d from kinds order by n") == [
        (4, "true", True, date(2026, 1, 2)), (6, "2026-01-03", False, date(2026, 1, 3)),
    ]  # fmt: skip
    run("insert into kinds (n) select 1::boolean::int")


@pytest.mark.parametrize(
    ("columns", "query", "types"),
    [
        ("n number", "select 1 = 1", "[BOOLEAN] and [NUMBER(38,0)]"),
        ("n int, d date", "select 1, 2", "[NUMBER(1,0)] and [DATE]"),
        ("n number", "select current_date()", "[DATE] and [NUMBER(38,0)]"),
        ("n number(5, 2) not null", "select true", "[BOOLEAN] and [NUMBER(5,2)]"),
    ],
)
def test_a_table_of_a_query_takes_no_value_of_another_kind(
    run: Run, columns: str, query: str, types: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    number, said = failure(run, f"create table made ({columns}) as {query}")
    assert number == 2
    assert said.endswith(f"incompatible types: {types}")
    assert error(run, "select * from made") == 2003


@pytest.mark.parametrize(
    ("kind", "refused", "taken"),
    [
        ("number(5, 1)", ("'7'", "upper('a')", "7::varchar"), ("7", "1 + 1", "length('abc')")),
        ("float", ("'7'",), ("-7.5", "1e3")),
        ("date", ("'2026-01-01'", "current_timestamp()"), ("'2026-01-01'::date", "current_date()")),
        ("time", ("'12:00:00'",), ("'12:00:00'::time",)),
        ("timestamp_ntz", ("'2026-01-01 00:00:00'",), ("current_timestamp()", "current_date()")),
        ("varchar(9)", ("7", "1 + 1", "current_date()"), ("'z'", "'a' || 'b'", "7::varchar")),
        ("boolean", ("1",), ("'true'", "false")),
    ],
)
def test_a_default_is_of_its_columns_type(
    run: Run, kind: str, refused: tuple[str, ...], taken: tuple[str, ...]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for default in refused:
        for made in ("table", "temporary table"):
            number, said = failure(run, f"create {made} by_default (c {kind} default {default})")
            assert number == 2262, default
            assert said.endswith("Default value data type does not match data type for column C")
    for default in (*taken, "null"):
        run(f"create or replace table by_default (c {kind} default {default})")


def test_a_default_has_no_more_digits_of_a_second_than_its_column(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    ntz, ltz, tz, time = "timestamp_ntz", "timestamp_ltz", "timestamp_tz", "time"
    now = "current_timestamp()"
    for column, default, is_taken in (
        (f"{ltz}(3)", "current_timestamp", False),
        (f"{ltz}(9)", "current_timestamp", True),
        (f"{ltz}(3)", "current_timestamp(3)", True),
        (f"{ntz}(3)", "sysdate()", False),
        (f"{ntz}(3)", f"sysdate()::{ntz}(3)", True),
        (f"{ntz}(3)", f"sysdate()::{ntz}(0)", True),
        (f"{ntz}(9)", f"sysdate()::{ntz}(3)", True),
        (f"{ntz}(6)", "current_timestamp(3)", False),
        (f"{ntz}(9)", f"{now}::{ltz}(3)", False),
        (ntz, now, True),
        (f"{ntz}(3)", f"{now}::{tz}(9)", True),
        (f"{tz}(9)", f"{now}::{tz}(3)", True),
        (f"{tz}(3)", f"{now}::{tz}(9)", False),
        (f"{ntz}(3)", "current_date()", True),
        (f"{time}(3)", "current_time()", False),
        (f"{time}(3)", f"'10:00:00'::{time}(0)", True),
        (f"{ntz}(3)", f"'10:00:00'::{time}(3)", True),
        (f"{ntz}(6)", f"'10:00:00'::{time}(3)", False),
    ):
        create = f"create or replace table by_the_clock (c {column} default {default})"
        if is_taken:
            run(create)
        else:
            assert error(run, create) == 2262, create


def test_a_default_may_be_longer_than_its_columns_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for made in ("table", "temporary table"):
        run(f"create {made} lengthy (i int, s varchar(2) default 'too long')")
        number, said = failure(run, "insert into lengthy (i) values (1)")
        assert (number, "String 'too long' is too long" in said) == (100078, True)
        run("insert into lengthy values (1, 'ab')")
        assert run("select * from lengthy") == [(1, "ab")]
        assert run("describe table lengthy")[1][4] == "'too long'"
        run("drop table lengthy")
    run("create table lengthy (i int)")
    assert error(run, "alter table lengthy add column s varchar(2) default 'abc'") == 100078


def test_a_binary_column_has_no_default(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for default in ("x'AB'", "'abc'", "null", "to_binary('AB')"):
        number, said = failure(run, f"create table bytes (c binary(4) default {default})")
        assert number == 2, default
        assert said.endswith("Default values are not allowed on 'BINARY' columns.")


def test_a_default_of_an_array_or_object_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    for column in ("c array default 7", "c object default 'a'", "c array default true"):
        assert error(run, f"create table structured ({column})") == 2, column
    run("create table structured (i int, a array default [1], o object default {'a': 1})")
    run("insert into structured (i) values (1)")
    assert run("select a[0], o:a from structured") == [("1", "1")]


def test_a_column_that_is_added_has_a_constant_of_its_type_as_its_default(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table grown (id int)")
    add = "alter table grown add column {}"
    for default in ("1 + 1", "length('abc')"):
        number, said = failure(run, add.format(f"c int default {default}"))
        assert (number, "Invalid column default expression [" in said) == (2, True), default
    said = failure(run, add.format("c date default '2026-01-01'::date"))[1]
    assert said.endswith("Invalid column default expression [CAST('2026-01-01' AS DATE)]")
    for column, got in {
        "c date default '2026-01-01'": "VARCHAR(10)",
        "c boolean default 1": "NUMBER(1,0)",
        "c varchar(9) default 7.5": "NUMBER(2,1)",
        "c number(5, 1) default true": "BOOLEAN",
    }.items():
        number, said = failure(run, add.format(column))
        assert number == 2023, column
        assert said.endswith(f"but got {got} for column C")
    run(add.format("a int default -1, b varchar(9) default 'ok', c boolean default true"))
    run("insert into grown (id) values (1)")
    assert run("select * from grown") == [(1, -1, "ok", True)]


def test_a_row_of_constants_is_held_to_the_types_as_well(
    connection: SnowflakeConnection, run: Run, kinds: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    assert error(run, "insert into kinds (n, s) values (1, 'a'), (2, 'b'), (true, 'c')") == 2023
    assert error(run, "insert into kinds (n, s) values (true, 'a'), (false, 'b')") == 2023
    rows = [(1, "a"), (2, "b")]
    connection.cursor().executemany("insert into kinds (n, s) values (?, ?)", rows)
    assert run("select n, s from kinds order by n") == rows
