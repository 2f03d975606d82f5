"""VARCHAR(n) and BINARY(n): what is longer is an error, wherever it would be stored."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from snowflake.connector.connection import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError
from snowflake.connector.pandas_tools import write_pandas

from conformance.shared import Run, error, failure

_LONG = "String 'long' is too long and would be truncated"


@pytest.fixture(params=["table", "temporary table"])
def sized(run: Run, request: pytest.FixtureRequest) -> None:
    run(f"create {request.param} sized (id int, v varchar(3), b binary(2), c char)")
    run("insert into sized values (1, 'äöü', 'aabb', 'ß'), (2, null, null, default)")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into sized values (3, 'long', null, null)",
        "insert into sized (id, v) values (3, 'x'), (4, 'long')",
        "insert into sized (id, v) select 3, 'long'",
        "insert into sized (id, v) select 3, lower('LO' || 'NG')",
        "insert into sized (id, v) select * from (select 3, 'long')",
        "insert into sized (id, v) select 3, 'x' union all select 4, 'long'",
        "insert into sized (id, v) select distinct 3, 'long'",
        'insert into sized (id, v) select 3, parse_json(\'{"a": "long"}\'):a',
        "insert overwrite into sized (id, v) select 3, 'long'",
        "insert all into sized (id, v) values (n, t) select 3 as n, 'long' as t",
        "update sized set v = 'long' where id = 1",
        "update sized set v = s.t from (select 'long' as t) s where id = 1",
        "merge into sized using (select 1 as n, 'long' as t) s on id = n"
        " when matched then update set v = t",
        "merge into sized using (select 3 as n, 'long' as t) s on id = n"
        " when not matched then insert (id, v) values (n, t)",
        "merge into sized using (select 3 as n, 'long' as t) s on id = n"
        " when matched then delete when not matched then insert (id, v) values (n, t)",
    ],
)
def test_a_text_that_is_too_long_is_not_stored(run: Run, sized: None, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    assert failure(run, statement) == (100078, f"100078 (22000): {_LONG}")
    assert run("select * from sized order by id") == [
        (1, "äöü", b"\xaa\xbb", "ß"), (2, None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["1234", "12.5", "true", "'2026-01-01'::date"])
def test_a_value_of_another_type_is_as_long_as_its_text(run: Run, sized: None, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert error(run, f"insert into sized (v) select {value}") == 100078
    run("insert into sized (id, v) select 3, 123")
    run("insert into sized (id, v) values (4, 123), (5, 'abc')")
    run("insert into sized (id, v) select 6, 2::float")
    assert run("select v from sized where id > 2 order by id") == [
        ("123",), ("123",), ("abc",), ("2",),
    ]  # fmt: skip


def test_a_bind_is_as_long_as_it_is(run: Run, sized: None, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    run("insert into sized (id, v, b) values (?, ?, ?)", 3, "abc", b"ab")
    assert error(run, "insert into sized (id, v) values (?, ?)", 4, "long") == 100078
    assert error(run, "insert into sized (id, b) values (?, ?)", 4, b"long") == 100078
    assert error(run, "update sized set v = ?", "long") == 100078
    with pytest.raises(ProgrammingError, match=_LONG):
        connection.cursor().executemany(
            "insert into sized (id, v) values (?, ?)", [(4, "x"), (5, "long")]
        )
    assert run("select v, b from sized where id > 2") == [("abc", b"ab")]


def test_a_binary_has_as_many_bytes_as_its_column_takes(run: Run, sized: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text#binary"""
    number, text = failure(run, "insert into sized (b) values ('aabbcc')")
    assert (number, "'AABBCC' is too long and would be truncated" in text) == (100078, True)
    assert error(run, "insert into sized (b) select to_binary('abc', 'utf-8')") == 100078
    assert error(run, "update sized set b = to_binary('aabbcc')") == 100078
    assert error(run, "select to_binary('aabbcc')::binary(2)") == 100078


def test_a_char_without_a_length_is_one_character(run: Run, sized: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text#char-character-nchar"""
    assert [row[1] for row in run("describe table sized")][1:] == [
        "VARCHAR(3)", "BINARY(2)", "VARCHAR(1)",
    ]  # fmt: skip
    assert error(run, "insert into sized (c) values ('xy')") == 100078
    assert error(run, "select 'xy'::char") == 100078


@pytest.mark.parametrize(
    "table",
    [
        "create table made clone origin",
        "create table made like origin",
        "create table made as select * from origin",
        "create table made as select v from origin union all select 'y'::varchar(3)",
        "create table made as select 'x'::varchar(3) as v",
        "create table made (v varchar(3)) as select 'x'",
        "create table made (v varchar(3) not null) as select 'x'",
        "create or alter table made (v varchar(3))",
    ],
)
def test_a_table_that_is_made_of_another_one_keeps_its_lengths(run: Run, table: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table origin (v varchar(3))")
    run(table)
    assert [row[1] for row in run("describe table made")] == ["VARCHAR(3)"]
    assert error(run, "insert into made values ('long')") == 100078


def test_create_table_as_takes_no_text_that_is_too_long(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for column in ("v varchar(3)", "v varchar(3) not null"):
        assert error(run, f"create table made ({column}) as select 'long'") == 100078
    run("create table made (id int)")
    assert error(run, "alter table made add column v varchar(3) default 'long'") == 100078
    run("alter table made add column v varchar(3)")
    assert error(run, "insert into made values (1, 'long')") == 100078


def test_rows_that_a_stream_follows_are_not_too_long(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create table t (v varchar(3))")
    run("create table sink (v varchar(2))")
    run("create stream s on table t")
    run("insert into t values ('abc')")
    for statement in (
        "insert into t values ('long')",
        "insert into t select 'long' from t",
        "update t set v = v || 'd'",
        "insert into sink select v from s",
    ):
        assert error(run, statement) == 100078
    assert run("select v from s") == [("abc",)]
    run("insert into sink select left(v, 2) from s")
    assert run("select * from sink") == [("ab",)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'abc'::varchar(3)", "abc"),
        ("'äöü'::string(3)", "äöü"),
        ("null::varchar(3)", None),
        ("12::varchar(2)", "12"),
        ("upper('abc')::varchar(3) || 'd'", "ABCd"),
        ('parse_json(\'{"a": "abc"}\'):a::varchar(3)', "abc"),
        ("try_cast('abcd' as varchar(3))", None),
        ("try_cast('abc' as varchar(3))", "abc"),
        ("max(x)::varchar(3) from (select 'abc' as x) having max(x)::varchar(3) = 'abc'", "abc"),
        ("x::varchar(3) from (select 'abc' as x) group by x::varchar(3)", "abc"),
        ("z from (select 'abc'::varchar(3) as y, y || 'd' as z)", "abcd"),
    ],
)
def test_a_cast_to_a_length_keeps_what_fits(run: Run, expression: str, expected: object) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/cast"""
    assert run(f"select {expression}") == [(expected,)]


@pytest.mark.parametrize(
    "expression",
    [
        "'long'::varchar(3)",
        "cast('long' as text(3))",
        "x::varchar(3) from (select 'long' as x)",
        "lower(x)::varchar(3) from (select 'LONG' as x)",
        'parse_json(\'{"a": "long"}\'):a::varchar(3)',
        "max(x)::varchar(3) from (select 'long' as x)",
        "1 from (select 'long' as x) where x::varchar(3) = 'lon'",
    ],
)
def test_a_cast_to_a_length_refuses_what_does_not_fit(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/cast"""
    assert failure(run, f"select {expression}") == (100078, f"100078 (22000): {_LONG}")


def test_what_is_cast_to_a_length_is_described_with_it(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-table"""
    run("create table origin (v varchar(3), b binary(2))")
    run(
        "create view seen as select v, b, v::varchar(5) as w, 'aa'::binary(4) as c,"
        " upper(v) as u, coalesce(b, 'aa'::binary(4)) as d from origin"
    )
    assert [row[1] for row in run("describe view seen")] == [
        "VARCHAR(3)", "BINARY(2)", "VARCHAR(5)", "BINARY(4)", "VARCHAR(9)",
        "BINARY(4)",
    ]  # fmt: skip
    described = connection.cursor().describe("select v, b, 'x'::varchar(5) from origin")
    assert [column.internal_size for column in described] == [3, 2, 5]


def test_an_error_shows_200_characters_and_no_control_characters(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    _, text = failure(run, "select repeat('x', 201)::varchar(3)")
    assert f"String '{'x' * 200}...' is" in text
    number, text = failure(run, "select ('Division by zero' || chr(27) || '\n\nx')::varchar(3)")
    assert (number, "\x1b" in text, "\n" in text) == (100078, False, False)
    assert "'Division by zero���x' is too long" in text


@pytest.mark.parametrize(
    ("kind", "errno"),
    [
        ("v varchar(2)", 40050),
        ("b binary(1)", 40050),
        ("v int", 2108),
        ("n varchar", 2108),
        ("n number(4, 0)", 2108),
        ("n number(2, 2)", 2108),
        ("t timestamp_tz", 2108),
        ("w object", 2108),
    ],
)
def test_a_column_keeps_its_type_where_values_might_not_fit(
    run: Run, kind: str, errno: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run("create table t (v varchar(3), b binary(2), n number(5, 2), t timestamp_ntz, w variant)")
    run("insert into t (v, n) values ('x', 100)")
    before = run("describe table t")
    name, _, new = kind.partition(" ")
    number, text = failure(run, f"alter table t alter column {name} set data type {new}")
    assert (number, f"cannot change column {name.upper()} from type" in text) == (errno, True)
    assert run("describe table t") == before


def test_a_column_gets_a_longer_type_and_a_number_that_its_values_fit(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run("create table t (v varchar(3), b binary(2), n number(5, 2), i int)")
    run("insert into t values ('abc', 'aabb', 12.5, 12)")
    for column, new in {
        "v": "varchar(4)", "b": "binary(3)", "n": "number(4, 2)", "i": "number(2, 0)",
    }.items():  # fmt: skip
        run(f"alter table t alter column {column} set data type {new}")
    assert [row[1] for row in run("describe table t")] == [
        "VARCHAR(4)", "BINARY(3)", "NUMBER(4,2)", "NUMBER(2,0)",
    ]  # fmt: skip
    run("insert into t (v, b) values ('long', 'aabbcc')")
    assert error(run, "insert into t (v) values ('longer')") == 100078
    run("alter table t alter column v set data type varchar")
    run("insert into t (v) values ('longer')")


# --- COPY INTO -----------------------------------------------------------------------------------

_LIMIT = "User character length limit (3) exceeded by string 'long'"
_CSV = "file_format = (type = csv)"
Put = Callable[[str], None]


@pytest.fixture
def put(run: Run, tmp_path: Path) -> Put:
    """put(text): the file in the stage FILES; there is a table T."""
    run("create stage files")
    run("create table t (id int, v varchar(3))")

    def put(text: str) -> None:
        (tmp_path / "rows").write_text(text)
        run(f"put file://{tmp_path}/rows @files auto_compress = false overwrite = true")

    return put


@pytest.mark.parametrize(
    "source",
    ["@files", "(select $1, $2 from @files)", "(select $1, reverse(reverse($2)) from @files)"],
)
def test_copy_says_which_text_is_too_long(run: Run, put: Put, source: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    put("1,abc\n2,long\n")
    number, text = failure(run, f"copy into t from {source} {_CSV}")
    assert (number, _LIMIT.lower() in text.lower()) == (100074, True)
    assert run("select * from t") == []


def test_copy_leaves_out_the_rows_with_texts_that_are_too_long(run: Run, put: Put) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    put("1,abc\n2,long\n3,äöü\n")
    [row] = run(f"copy into t from @files {_CSV} on_error = continue")
    assert row[1:4] == ("PARTIALLY_LOADED", 3, 2)
    assert row[5:] == (1, _LIMIT, 2, 3, '"T"["V":2]')
    assert run("select * from t order by id") == [(1, "abc"), (3, "äöü")]


@pytest.mark.parametrize("option", ["truncatecolumns = true", "enforce_length = false"])
def test_copy_cuts_texts_off_where_it_is_told_to(run: Run, put: Put, option: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    put("1,abc\n2,long\n")
    run(f"copy into t from @files {_CSV} {option}")
    run(f"copy into t from (select replace($1, 1, 3), $2 from @files) {_CSV} {option} force = true")
    assert run("select * from t order by id, v") == [
        (1, "abc"), (2, "lon"), (2, "lon"), (3, "abc"),
    ]  # fmt: skip
    put('{"id": 5, "v": "long"}')
    run(f"copy into t from @files file_format = (type = json) {option}"
        " match_by_column_name = case_insensitive")  # fmt: skip
    assert run("select v from t where id = 5") == [("lon",)]


@pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
def test_write_pandas_writes_no_text_that_is_too_long(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create table t (id int, v varchar(3))")
    write_pandas(connection, pd.DataFrame({"ID": [1], "V": ["abc"]}), "T")
    with pytest.raises(ProgrammingError, match="User character length limit"):
        write_pandas(connection, pd.DataFrame({"ID": [2], "V": ["long"]}), "T")
    assert run("select * from t") == [(1, "abc")]


def test_a_default_that_is_an_expression_is_held_to_the_length_of_its_column(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table
    https://docs.snowflake.com/en/sql-reference/data-types-text"""
    run("create sequence numbers start 98")
    columns = "id int, v varchar(4) default 'ab' || 'cde', n varchar(2) default numbers.nextval"
    run(f"create table held ({columns})")
    run("create table held_too like held")
    run(f"create table filled ({columns}) as select 1, 'a', 'b'")
    run(f"create temporary table passing ({columns})")
    run("create table added (id int, v varchar(4), n varchar(2) default 'n')")
    run(
        "create or alter table added (id int, v varchar(4), n varchar(2) default 'n',"
        " w varchar(2) default 'ab' || 'c')"
    )
    for table in ("held", "held_too", "filled", "passing"):
        too_long = (100078, "String 'abcde' is too long and would be truncated")
        assert failure(run, f"insert into {table} (id) values (1)")[0] == too_long[0], table
        assert too_long[1] in failure(run, f"insert into {table} (id, v) values (1, default)")[1]
        run(f"insert into {table} (id, v, n) values (1, 'abcd', 'x')")
    assert failure(run, "insert into added (id) values (1)")[0] == 100078
    run("insert into held (id, v) select column1, 'v' from values (1), (2)")
    assert failure(run, "insert into held (id, v) values (3, 'v')")[0] == 100078
    assert run("select n from held where v = 'v' order by n") == [("98",), ("99",)]
    described = {row[0]: row[4] for row in run("desc table held")}
    assert described["V"] == "'ab' || 'cde'"
    informed = "select column_default from information_schema.columns where table_name = 'HELD'"
    assert ("'ab' || 'cde'",) in run(informed)
