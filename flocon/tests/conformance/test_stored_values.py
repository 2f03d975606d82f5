"""What a value becomes in a column: by INSERT, UPDATE, MERGE and CREATE TABLE … AS."""

import pytest

from conformance.shared import Run, error


@pytest.fixture
def semi(run: Run) -> None:
    run("create table semi (id int, v variant, b binary)")


@pytest.mark.parametrize(
    "insert",
    [
        "insert into semi select 1, '{\"a\":1}', null",
        "insert into semi values (1, '{\"a\":1}', null)",
        "insert into semi (v, id) select '{\"a\":1}', 1 union all select parse_json('[]'), 2",
        "insert into semi (v, id) select * from values ('{\"a\":1}', 1)",
        "insert all into semi (v, id) values (t, 1) select '{\"a\":1}' as t",
        "merge into semi using (select '{\"a\":1}' as t) s on semi.id = 1"
        " when not matched then insert (id, v) values (1, s.t)",
    ],
)
def test_a_text_in_a_variant_stays_a_text(run: Run, semi: None, insert: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run(insert)
    assert run("select typeof(v), v::varchar from semi where id = 1") == [("VARCHAR", '{"a":1}')]


def test_a_bound_text_in_a_variant_stays_a_text(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("insert into semi (id, v) select ?, ?", 1, "[1]")
    run("insert into semi (id, v) values (?, ?)", 2, "[1]")
    run("insert into semi (id, v) select ?, parse_json(?)", 3, "[1]")
    run("update semi set v = 'new' where id = 2")
    assert run("select typeof(v), v::varchar from semi order by id") == [
        ("VARCHAR", "[1]"), ("VARCHAR", "new"), ("ARRAY", "[1]"),
    ]  # fmt: skip


def test_a_variant_is_stored_as_it_is(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run("insert into semi (id, v) select 1, parse_json('{\"a\": null}')")
    run("insert into semi (id, v) select id + 1, v from semi")
    run("insert into semi (id, v) select 3, v:a from semi where id = 1")
    run("insert into semi (id, v) select 4, null")
    assert run("select v::varchar, is_null_value(v) from semi order by id") == [
        ('{"a":null}', False), ('{"a":null}', False), (None, True), (None, None),
    ]  # fmt: skip


def test_hexadecimal_digits_are_a_binarys_bytes(run: Run, semi: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/binary-input-output"""
    assert run("select '616263'::binary, cast('00FF' as binary)") == [(b"abc", b"\x00\xff")]
    run("insert into semi (id, b) select 1, '616263'")
    run("insert into semi (id, b) select 2, to_binary('zz', 'UTF-8')")
    assert run("select b from semi order by id") == [(b"abc",), (b"zz",)]


def test_a_table_made_of_a_query_keeps_not_null_and_default(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table c (a int default 5, b varchar not null, v variant) as select 1, 'x', 'text'")
    run("insert into c (b) values ('y')")
    assert run("select a, b, v::varchar from c order by a") == [(1, "x", "text"), (5, "y", None)]
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
