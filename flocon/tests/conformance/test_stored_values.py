"""What a value becomes in a column: by INSERT, UPDATE, MERGE and CREATE TABLE … AS."""

from datetime import date

import pytest
from snowflake.connector import ProgrammingError, SnowflakeConnection

from conformance.shared import Run, error, failure


@pytest.fixture
def semi(run: Run) -> None:
    run("create table semi (id int, v variant, b binary)")


@pytest.mark.parametrize(
    ("statement", "got"),
    [
        ("insert into semi select 1, '{\"a\":1}', null", "VARCHAR(7)"),
        ("insert into semi values (1, 'abc', null)", "VARCHAR(3)"),
        ("insert into semi (v) select 'abc' || id from semi", "VARCHAR"),
        ("insert into semi (v) select t from (select id::varchar as t from semi)", "VARCHAR"),
        ("insert into semi (v, id) select * from values ('abc', 1)", "VARCHAR"),
        ("insert into semi (v, id) select '[]', 1 union all select 'x', 2", "VARCHAR(2)"),
        ("insert into semi (v) select null::varchar", "VARCHAR(16777216)"),
        ("insert into semi (v) select b from semi", "BINARY(8388608)"),
        ("insert into semi (v) select '2026-01-02'::date", "DATE"),
        ("insert into semi (v) values ('10:11:12'::time)", "TIME(9)"),
        ("insert into semi (v) select current_timestamp", "TIMESTAMP_LTZ(9)"),
        ("insert into semi (v) select '2026-01-02'::timestamp_ntz(3)", "TIMESTAMP_NTZ(3)"),
        ("insert all into semi (v, id) values (t, 1) select 'abc' as t", "VARCHAR"),
        ("update semi set v = 'abc'", "VARCHAR(3)"),
        ("update semi set v = case when id = 1 then 'a' else 'b' end", "VARCHAR"),
        (
            "merge into semi using (select 'abc' as t) s on semi.id = 1"
            " when matched then update set v = s.t",
            "VARCHAR",
        ),
        (
            "merge into semi using (select 'abc' as t) s on semi.id = 2"
            " when not matched then insert (id, v) values (1, s.t)",
            "VARCHAR",
        ),
        ("create table made (v variant) as select 'abc'", "VARCHAR"),
        ("create table made (v variant, i int not null) as select current_date, 1", "DATE"),
    ],
)
def test_no_variant_is_made_of_a_text_a_moment_or_a_binary(
    run: Run, semi: None, statement: str, got: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("insert into semi select 1, parse_json('7'), 'ff'")
    number, said = failure(run, statement)
    assert number == 2023
    assert f"type does not match column data type, expecting VARIANT but got {got}" in said
    assert said.endswith("for column V")
    assert run("select * from semi") == [(1, "7", b"\xff")]


def test_a_bind_that_is_a_text_or_a_date_is_no_variant(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    for sql in (
        "insert into semi (id, v) select 1, ?",
        "insert into semi (id, v) values (1, ?)",
        "update semi set v = ?",
    ):
        run("insert into semi select 1, null, null")
        for value in ("[1]", date(2026, 1, 2)):
            number, said = failure(run, sql, value)
            assert (number, "expecting VARIANT but got " in said) == (2023, True)
    assert "VARCHAR(3) for column V" in failure(run, "insert into semi (v) values (?)", "[1]")[1]
    assert run("select distinct v from semi") == [(None,)]


def test_rows_of_binds_that_are_texts_are_no_variants(
    connection: SnowflakeConnection, run: Run, semi: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    cursor = connection.cursor()
    sql = "insert into semi (id, v) values (?, ?)"
    with pytest.raises(ProgrammingError) as caught:
        cursor.executemany(sql, [(1, "a"), (2, "b")])
    assert caught.value.errno == 2023
    cursor.executemany(sql, [(1, 7), (2, 8)])
    cursor.executemany(sql, [(3, True), (4, False)])
    assert run("select id, v from semi order by id") == [
        (1, "7"), (2, "8"), (3, "true"), (4, "false"),
    ]  # fmt: skip


def test_a_number_and_a_boolean_become_a_variant(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("insert into semi (id, v) values (1, 5), (2, -2), (3, null)")
    run("insert into semi (id, v) select 4, true union all select 5, false")
    run("insert into semi (id, v) select ?, ?", 6, 12)
    run("insert into semi (id, v) select id + 10, id from semi where id = 6")
    run("create table made (v variant) as select 1.5")
    run("update semi set v = 7 where id = 1")
    run("update semi set v = null where id = 2")
    assert run("select v from semi order by id") == [
        ("7",), (None,), (None,), ("true",), ("false",), ("12",), ("6",),
    ]  # fmt: skip
    assert run("select v, typeof(v) from made") == [("1.5", "DECIMAL")]


def test_a_variants_default_is_a_text_or_what_is_made_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    for default in ("7", "1 + 1"):
        number, said = failure(run, f"create table made (id int, v variant default {default})")
        assert (number, said.endswith("does not match data type for column V")) == (2262, True)
    assert error(run, "create table made (id int, v variant default current_user())") == 2
    run("create table made (id int, v variant default parse_json('[1]'), t variant default 'z',"
        " n variant default 3::variant, j variant default '{\"a\": 1}', b variant default true)"
        )  # fmt: skip
    run("insert into made (id) values (1)")
    assert run("select v::varchar, t, typeof(t), n, j::varchar, typeof(j), b from made") == [
        ("[1]", '"z"', "VARCHAR", "3", '{"a": 1}', "VARCHAR", "true")
    ]
    run("alter table made add column q variant default 7")
    assert run("select q, typeof(q) from made") == [("7", "INTEGER")]
    number, said = failure(run, "alter table made add column r variant default 'z'")
    assert (number, "expecting VARIANT but got VARCHAR(1)" in said) == (2023, True)


def test_a_variant_is_stored_as_it_is(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run("insert into semi (id, v) select 1, parse_json('{\"a\": null}')")
    run("insert into semi (id, v) select id + 1, v from semi")
    run("insert into semi (id, v) select 3, v:a from semi where id = 1")
    run("insert into semi (id, v) select 4, null")
    assert run("select v::varchar, is_null_value(v) from semi order by id") == [
        ('{"a":null}', False), ('{"a":null}', False), (None, True), (None, None),
    ]  # fmt: skip


@pytest.fixture
def structured(run: Run) -> None:
    run("create table structured (id int, a array, o object)")
    run("insert into structured select 1, [1], {'a': 1}")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("insert into structured (a) values ('abc')", "ARRAY but got VARCHAR(3) for column A"),
        ("insert into structured (o) select 12.5", "OBJECT but got NUMBER(3,1) for column O"),
        ("insert into structured (o) select [1]", "OBJECT but got ARRAY for column O"),
        ("insert into structured (a) select o from structured", "ARRAY but got OBJECT"),
        ("insert into structured (a) select * from (select 'x' as t)", "ARRAY but got VARCHAR"),
        ("insert into structured (a) select current_date", "ARRAY but got DATE for column A"),
        ("update structured set o = a", "OBJECT but got ARRAY for column O"),
        ("update structured set a = id", "ARRAY but got NUMBER"),
        (
            "merge into structured using (select 'x' as t) s on true"
            " when matched then update set a = s.t",
            "ARRAY but got VARCHAR",
        ),
    ],
)
def test_an_array_or_object_column_takes_nothing_else(
    run: Run, structured: None, statement: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    number, said = failure(run, statement)
    assert (number, f"data type, expecting {text}" in said) == (2023, True)
    assert len(run("select * from structured")) == 1


def test_a_bind_is_no_array_and_no_object(run: Run, structured: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert error(run, "insert into structured (a) values (?)", "[1]") == 2023
    assert error(run, "update structured set o = ?", "x") == 2023
    run("insert into structured (id, a, o) values (?, ?, ?)", 2, None, None)
    run("insert into structured (id, a) select ?, parse_json(?)", 3, "[1]")
    assert run("select id, typeof(a), typeof(o) from structured order by id") == [
        (1, "ARRAY", "OBJECT"), (2, None, None), (3, "ARRAY", None),
    ]  # fmt: skip


def test_a_variant_in_an_array_or_object_column_becomes_one(run: Run, structured: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_array"""
    run("insert into structured select 2, parse_json('[1, 2]'), parse_json('{\"b\": 2}')")
    run("insert into structured (id, a) select 3, parse_json('{\"a\": 1}')")
    assert error(run, "insert into structured (o) select parse_json('[1]')") == 100071
    run("insert into structured select id + 10, a, o from structured where id = 1")
    run("insert into structured select * from structured where id = 11")
    rows = run("select id, a::varchar, o::varchar from structured where id > 1 order by id")
    assert rows == [
        (2, "[1,2]", '{"b":2}'), (3, '[{"a":1}]', None), (11, "[1]", '{"a":1}'),
        (11, "[1]", '{"a":1}'),
    ]  # fmt: skip


def test_a_stream_describes_its_columns_as_its_table_does(run: Run, structured: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create table sized (a array, o object, v variant, t varchar(3))")
    run("create stream changes on table sized")
    run("alter table sized rename to renamed")
    run("create table copied as select a, o, v, t from changes")
    assert [row[1] for row in run("describe table copied")] == [
        "ARRAY", "OBJECT", "VARIANT", "VARCHAR(3)",
    ]  # fmt: skip


def test_hexadecimal_digits_are_a_binarys_bytes(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/binary-input-output"""
    assert run("select '616263'::binary, cast('00FF' as binary)") == [(b"abc", b"\x00\xff")]
    run("insert into semi (id, b) select 1, '616263'")
    run("insert into semi (id, b) select 2, to_binary('zz', 'UTF-8')")
    assert run("select b from semi order by id") == [(b"abc",), (b"zz",)]


def test_a_text_becomes_a_date_or_time_in_every_form_that_is_recognized(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run("create table moments (id int, d date, t time, n timestamp_ntz, z timestamp_tz)")
    texts = "'05-Jan-2024', '10:11 PM', '12/31/2026 10:11:12', '2023-03-15 13:17:29.207 +05:00'"
    run(f"create table texts (d, t, n, z) as select {texts}")
    run(f"insert into moments values (1, {texts}), (2, '2024-01-06', null, '1748179630', null)")
    run("insert into moments (id, d, t, n, z) select 3, d, t, n, z from texts")
    run("insert into moments (id) values (4), (5)")
    run("update moments set d = '05-Jan-2024', t = '10:11 PM', n = '12/31/2026 10:11:12',"
        " z = '2023-03-15 13:17:29.207 +05:00' where id = 4")  # fmt: skip
    run(
        "merge into moments m using texts on m.id = 5 when matched then"
        " update set d = texts.d, t = texts.t, n = texts.n, z = texts.z"
    )
    rows = run("select * exclude id from moments where id <> 2")
    assert [tuple(map(str, row)) for row in rows] == [
        ("2024-01-05", "22:11:00", "2026-12-31 10:11:12", "2023-03-15 13:17:29.207000+05:00")
    ] * 4
    assert run("select d::varchar, n::varchar from moments where id = 2") == [
        ("2024-01-06", "2025-05-25 13:27:10.000")
    ]
    ids = "select array_agg(id) within group (order by id)::varchar from moments where"
    assert run(f"{ids} d = '05-Jan-2024' and n > '12/30/2026 00:00:00'") == [("[1,3,4,5]",)]
    assert run(f"{ids} d in ('06-Jan-2024') or d between '07-Jan-2024' and '2024-02-01'") == [
        ("[2]",)
    ]
    assert error(run, "insert into moments (d) values ('soon')") == 100040


def test_a_binary_or_a_float_may_have_a_length(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text#binary,
    https://docs.snowflake.com/en/sql-reference/data-types-numeric#float-float4-float8"""
    run("create table sized (b binary(10), f float(53))")
    run("alter table sized add column c varbinary(3)")
    run("insert into sized values ('ab', 0.5, 'fa42')")
    assert run("select b, f, c from sized") == [(b"\xab", 0.5, b"\xfa\x42")]
    assert [row[1] for row in run("describe table sized")] == ["BINARY(10)", "FLOAT", "BINARY(3)"]
    of_variants = (
        "select value::binary, value::binary(4) from table(flatten(parse_json('[\"ab\"]')))"
    )
    assert run(of_variants) == [(b"\xab", b"\xab")]
    assert run('select parse_json(\'{"a": "ab"}\'):a::binary') == [(b"\xab",)]


def test_a_table_made_of_a_query_keeps_not_null_and_default(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table c (a int default 5, b varchar not null, v variant) as select 1, 'x', 5")
    run("insert into c (b) values ('y')")
    assert run("select a, b, v::varchar from c order by a") == [(1, "x", "5"), (5, "y", None)]
    assert error(run, "insert into c (a) values (1)") == 100072
    assert error(run, "create table e (a int not null) as select null") == 100072
    assert error(run, "select * from e") == 2003
    run("create temporary table d (a int default 7, b int) as select 1, 2")
    run("insert into d (b) values (3)")
    assert run("select a, b from d order by b") == [(1, 2), (7, 3)]


def test_a_double_without_decimals_is_written_so(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    assert run("select 1.0::float::varchar, 1.5::float || '', 'x'::char(1)") == [("1", "1.5", "x")]


def test_a_hash_is_a_number_of_64_bits_with_a_sign(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hash"""
    hashes = [
        value
        for row in run("select hash('a'), hash('b'), hash(1, 'c'), hash(null)")
        for value in row
    ]
    assert all(-(2**63) <= value < 2**63 for value in hashes)
    assert min(hashes) < 0


def test_seconds_since_1970_are_utc_in_every_time_zone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    run("alter session set timezone = 'America/Los_Angeles'")
    assert run(
        "select to_timestamp_ntz(1704067200)::varchar, to_timestamp('1704067200')::varchar,"
        " to_timestamp(1704067200123, 3)::varchar, to_timestamp_ltz(1704067200)::varchar"
    ) == [
        (
            "2024-01-01 00:00:00.000",
            "2024-01-01 00:00:00.000",
            "2024-01-01 00:00:00.123",
            "2023-12-31 16:00:00.000 -0800",
        )
    ]


def test_two_dots_mean_the_schema_public(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/name-resolution"""
    run("create schema other")
    run(f"create table {database}..z (a int)")
    run(f"insert into {database}..z values (1)")
    assert run("select table_schema from information_schema.tables where table_name = 'Z'") == [
        ("PUBLIC",)
    ]
    assert run(f"select a from {database}..z") == [(1,)]


@pytest.mark.parametrize("value", ["parse_json('{}')", "array_construct(1)", "{'a': 1}", "[1]"])
def test_values_take_no_semi_structured_functions(run: Run, semi: None, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    assert error(run, f"insert into semi (v) values ({value})") == 2014
    run(f"insert into semi (v) select {value}")


def test_a_number_or_a_truth_becomes_a_variant_as_it_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion#data-types-that-can-be-cast"""
    run("create or replace temporary table anything (v variant)")
    for value in ("5", "-3", "2.5", "true", "1.5e0", "5 + 1", "null"):
        run(f"insert into anything values ({value})")
    run("insert into anything select 7")
    run("insert into anything values (?)", 8)
    assert run("select v from anything where v is not null order by v::varchar") == [
        ("-3",), ("1.5",), ("2.5",), ("5",), ("6",), ("7",), ("8",), ("true",),
    ]  # fmt: skip


@pytest.fixture
def numbers(run: Run) -> None:
    run("create table numbers (n number, d number(10, 2), f float)")
    run("insert into numbers values (7, 7, 7)")
    run("create table texts as select column1 as x from values ('1_000')")


@pytest.mark.parametrize("text", ["1_000", "1_0.5", "0x10", " 0B11"])
@pytest.mark.parametrize("column", ["n", "d", "f"])
@pytest.mark.parametrize(
    "statement",
    [
        "insert into numbers ({column}) values ('{text}')",
        "insert into numbers ({column}) values (1), ('{text}')",
        "insert into numbers ({column}) select '{text}'",
        "insert into numbers ({column}) select x from texts",
        "insert into numbers ({column}) select upper(x) from texts",
        "insert into numbers ({column}) select * from texts union all select * from texts",
        "update numbers set {column} = '{text}'",
        "update numbers set {column} = texts.x from texts",
        "merge into numbers using texts on true when matched then update set {column} = texts.x",
        "merge into numbers using texts on numbers.n = 1"
        " when not matched then insert ({column}) values (texts.x)",
    ],
)
def test_a_text_in_a_column_of_numbers_is_a_number_of_snowflakes(
    run: Run, numbers: None, statement: str, column: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    run("update texts set x = ?", text)
    assert error(run, statement.format(column=column, text=text)) == 100038
    assert run("select * from numbers") == [(7, 7, 7)]


def test_a_bound_text_in_a_column_of_numbers_is_a_number_of_snowflakes(
    connection: SnowflakeConnection, run: Run, numbers: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    for text in ("1_000", "0x10"):
        assert error(run, "insert into numbers (n) values (?)", text) == 100038
        assert error(run, "insert into numbers (f) select ?", text) == 100038
        assert error(run, "update numbers set d = ?", text) == 100038
        with pytest.raises(ProgrammingError) as caught:
            connection.cursor().executemany("insert into numbers (n) values (?)", [("5",), (text,)])
        assert caught.value.errno == 100038
    connection.cursor().executemany("insert into texts values (?)", [("1_0",), ("0x",)])
    connection.cursor().executemany("insert into numbers (n) values (?)", [("5",), (" 6.5 ",)])
    assert run("select n from numbers order by n") == [(5,), (7,), (7,)]
    assert len(run("select x from texts")) == 3
