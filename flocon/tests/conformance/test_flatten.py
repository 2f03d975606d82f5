"""FLATTEN: a row for each element."""

from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("input => parse_json('[10, 20]')", [(0, None, "[0]", "10"), (1, None, "[1]", "20")]),
        ("parse_json('[10]')", [(0, None, "[0]", "10")]),
        (
            'input => parse_json(\'{"a": 1, "b": null}\')',
            [(None, "a", "a", "1"), (None, "b", "b", "null")],
        ),
        (
            "input => parse_json('{\"a\": {\"b\": [7]}}'), path => 'a.b'",
            [(0, None, "a.b[0]", "7")],
        ),
        ("input => parse_json('[]')", []),
        ("input => parse_json('[]'), outer => true", [(None, None, "", None)]),
        ("input => null::variant, outer => true", [(None, None, None, None)]),
    ],
)
def test_flatten_gives_a_row_per_element(run: Run, call: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    sql = f"select index, key, path, value from table(flatten({call})) order by index, key"
    assert run(sql) == expected


def test_flatten_joins_each_row_to_its_own_elements(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    run("create table baskets (id int, items variant)")
    run(
        "insert into baskets select column1, parse_json(column2)"
        " from values (1, '[5, 6]'), (2, '[]'), (3, '[7]')"
    )
    sql = (
        "select id, f.index, f.value::int from baskets,"
        " lateral flatten(input => items{}) f order by id, f.index"
    )
    assert run(sql.format("")) == [(1, 0, 5), (1, 1, 6), (3, 0, 7)]
    assert run(sql.format(", outer => true"))[2] == (2, None, None)


_NESTED = 'parse_json(\'{"a": 1.50, "b": [77, {"x": null}], "c": {"d": "X"}}\')'


@pytest.mark.parametrize(
    ("call", "paths"),
    [
        (f"{_NESTED}, recursive => true", "a b b[0] b[1] b[1].x c c.d"),
        (f"{_NESTED}, recursive => true, mode => 'object'", "a b c c.d"),
        (f"{_NESTED}, recursive => true, mode => 'array'", ""),
        (f"{_NESTED}, path => 'b', recursive => true, mode => 'array'", "b[0] b[1]"),
        (f"{_NESTED}, path => 'b', mode => 'object'", ""),
        (f"{_NESTED}, mode => 'OBJECT'", "a b c"),
        ("parse_json('[[5, 6], 7]'), path => '[0]'", "[0][0] [0][1]"),
    ],
)
def test_flatten_goes_into_what_it_finds_and_into_what_it_is_told_to(
    run: Run, call: str, paths: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    assert run(f"select path from table(flatten(input => {call}))") == [
        (path,) for path in paths.split()
    ]


def test_each_row_of_a_recursive_flatten_has_its_own_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    sql = "select seq, key, index, value, this from table(flatten({}, recursive => true))"
    inner = '[\n  77,\n  {\n    "x": null\n  }\n]'
    whole = '{\n  "a": 1.5,\n  "b": ' + inner.replace("\n", "\n  ") + "\n}"
    assert run(sql.format('parse_json(\'{"a": 1.50, "b": [77, {"x": null}]}\')')) == [
        (1, "a", None, "1.5", whole),
        (1, "b", None, inner, whole),
        (1, None, 0, "77", inner),
        (1, None, 1, '{\n  "x": null\n}', inner),
        (1, "x", None, "null", '{\n  "x": null\n}'),
    ]
    joined = (
        "select n, path from (select 1 as n, parse_json('[[5]]') as v union all select 2,"
        " parse_json('[]')) t, lateral flatten(t.v, recursive => true, outer => true) order by 1, 2"
    )
    assert run(joined) == [(1, "[0]"), (1, "[0][0]"), (2, "")]


def test_the_columns_of_a_query_beside_flatten_may_have_the_names_of_flattens_own(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    run("create table valued (value array, seq int)")
    run("insert into valued select ['a', 'b'], 7")
    query = "select * from (select * from valued), lateral flatten(input => value)"
    names = ["VALUE", "SEQ", "SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"]
    cursor = connection.cursor()
    assert [column.name for column in cursor.describe(query)] == names
    rows = run(f"{query} f order by f.index")
    assert [(row[1], row[5], row[6]) for row in rows] == [(7, 0, '"a"'), (7, 1, '"b"')]
    twice = "select l.*, r.* from valued l, valued r"
    assert [column.name for column in cursor.describe(twice)] == ["VALUE", "SEQ"] * 2


def test_a_table_beside_flatten_may_have_any_alias(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    run("create table events (v variant, s varchar)")
    run("""insert into events select parse_json('{"k": [7]}'), 'a,b'""")
    for alias in "abefikpnrtvx":
        flattened = f"lateral flatten({alias}.v) found"
        assert run(f"select found.key from events {alias}, {flattened}") == [("k",)], alias
    deep = "lateral flatten(input => e.v, recursive => true) found"
    assert run(f"select found.path from events e, {deep} order by 1") == [("k",), ("k[0]",)]
    split = "lateral split_to_table(e.s, ',') found"
    assert run(f"select found.value from events e, {split} order by 1") == [("a",), ("b",)]


def test_seq_tells_rows_of_equal_input_apart(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten
    https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    run("create table equals (id int, v variant, s varchar)")
    run("insert into equals select column1, [1, [2, 3]], 'a b' from values (1), (2)")
    for source in ("lateral flatten(v)", "lateral split_to_table(s, ' ')"):
        counts = f"select f.seq > 0, count(*) from equals, {source} f group by f.seq"
        assert run(counts) == [(True, 2), (True, 2)], source
        places = (
            "select id, f.index, row_number() over (partition by seq order by f.index)"
            f" from equals, {source} f order by 1, 2"
        )
        assert [row[2] for row in run(places)] == [1, 2, 1, 2], source
    nested = "equals, lateral flatten(v) f, lateral flatten(f.value) g"
    assert run(f"select count(distinct f.seq), count(distinct g.seq) from {nested}") == [(2, 2)]
    assert len(run("select *, f.seq from equals, lateral flatten(v) f")[0]) == 10
    kept = "select e.*, f.index as seq from equals e, lateral flatten(v) f order by id, seq desc"
    assert [row[3] for row in run(kept)] == [1, 0, 1, 0]
    inner = "(select * from equals where id = 1) x join lateral flatten(v) f"
    assert run(f"select f.index, f.seq is null from {inner} order by 1") == [(0, False), (1, False)]


def test_seq_tells_rows_of_equal_input_apart_in_a_star_and_for_an_outer_query(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten
    https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    run("create or replace temporary table alike (id int, v variant, s varchar)")
    run("insert into alike select column1, [1, 2], 'a b' from values (1), (2)")
    for source in ("lateral flatten(v)", "lateral split_to_table(s, ' ')", "table(flatten(v))"):
        for star in ("*", "f.*", "* exclude (v, s)", "id, f.*"):
            inner = f"select {star} from alike, {source} f"
            assert run(f"select count(distinct seq), count(*) from ({inner})") == [(2, 4)], inner
    names = ["ID", "V", "S", "SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS"]
    described = connection.cursor().describe("select * from alike, lateral flatten(v) f")
    assert [column.name for column in described] == names
    two = "select * from alike, lateral flatten(v) f, lateral flatten([f.value]) g"
    rows = run(f"{two} order by id, f.index")
    assert len({row[3] for row in rows}) == 2
    assert len({row[9] for row in rows}) == 4
    kept = "select * exclude (seq, this, v, s) from alike, lateral flatten(v) f order by 1, 4"
    assert run(kept)[0] == (1, None, "[0]", 0, "1")
    for refused in (
        "select object_construct(*) from alike, lateral flatten(v)",
        "select * from alike join (select 1 id) x using (id), lateral flatten(v)",
        "select * ilike '%s%' from alike, lateral flatten(v) f",
    ):
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
            run(refused)
        assert raised.value.errno == 2, refused


def test_a_path_has_keys_that_are_no_identifiers_in_brackets(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    document = """parse_json('{"a b": {"c d": [1]}, "e": {"1x": 2}, "f\\\\"g~/h": 3}')"""
    run(f"create table documents as select {document} as v")
    found = [("['a b']", "a b"), ("e", "e"), ("['f\"g~/h']", 'f"g~/h')]
    for source in (f"table(flatten({document}))", "documents, lateral flatten(v)"):
        rows = run(f"select f.path, f.key from {source} f order by f.key")
        assert rows == found, source
    below = "select f.path, f.value::int from documents, lateral flatten(v, path => 'e') f"
    assert run(below) == [("e['1x']", 2)]
    deep = f"select f.path from table(flatten(input => {document}, recursive => true)) f order by 1"
    assert [row[0] for row in run(deep)] == [
        "['a b']",
        "['a b']['c d']",
        "['a b']['c d'][0]",
        "['f\"g~/h']",
        "e",
        "e['1x']",
    ]


def test_flatten_leaves_out_what_is_undefined(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten
    https://docs.snowflake.com/en/user-guide/semistructured-considerations"""
    run("create or replace table gaps as select [1, null, parse_json('null'), 4] as a")
    expected = [(0, "1"), (2, "null"), (3, "4")]
    assert run("select index, value from gaps, lateral flatten(a) order by 1") == expected
    assert run("select index, value from table(flatten([1, null, parse_json('null'), 4]))") == (
        expected
    )
    written = "select index, value from table(flatten(parse_json(?))) order by 1"
    assert run(written, "[1, undefined, null, 4]") == expected
    assert run("select * from table(flatten([null]))") == []
    assert run("select index, this from table(flatten([null], outer => true))") == [
        (None, "[\n  undefined\n]")
    ]
    deep = "select path from table(flatten([[1, null], 2], recursive => true))"
    assert run(deep) == [("[0]",), ("[0][0]",), ("[1]",)]
    of_bind = "select f.value:a::int from table(flatten(parse_json(?))) f"
    assert run(of_bind, '[{"a": 1}, , {"a": 2}]') == [(1,), (2,)]


def test_a_row_for_nothing_tells_of_what(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    asked = "select path, this from table(flatten(input => parse_json('{}'), outer => true{}))"
    for more in ("", ", recursive => true"):
        assert run(asked.format("[]", more)) == [("", "[]")]
        assert run(asked.format("{}", more)) == [("", "{}")]
    assert run(asked.format("7", "")) == [(None, None)]
    source = "(select parse_json(column1) as v from values ('{{\"a\": []}}'), ('{{\"a\": 7}}'))"
    beside = f"select path, this from {source}, lateral flatten(v, path => 'a', outer => true)"
    assert set(run(beside.replace("{{", "{").replace("}}", "}"))) == {("a", "[]"), (None, None)}


@pytest.mark.parametrize(
    ("call", "number", "text"),
    [
        ("input => '[1]'", 1065, "invalid type [VARCHAR(3)] for parameter 'INPUT'"),
        ("'[1]'", 1065, "invalid type [VARCHAR(3)] for parameter '1'"),
        ("input => 1", 1065, "invalid type [NUMBER(1,0)] for parameter 'INPUT'"),
        ("input => [], outer => 'true'", 1065, "[VARCHAR(4)] for parameter 'OUTER'"),
        ("input => [], recursive => 1", 1065, "[NUMBER(1,0)] for parameter 'RECURSIVE'"),
        ("input => [], path => 1", 1065, "[NUMBER(1,0)] for parameter 'PATH'"),
        ("input => [], depth => 1", 1007, "[FLATTEN] unexpected argument [DEPTH] at position 2,"),
        ("mode => 'ARRAY'", 938, "missing required argument [INPUT] for function [FLATTEN]"),
        ("input => [], mode => 'ALL'", 1007, "mode 'ALL' (not 'BOTH', 'ARRAY', or 'OBJECT')"),
    ],
)
def test_flatten_takes_no_other_arguments(run: Run, call: str, number: int, text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        run(f"select * from table(flatten({call}))")
    assert raised.value.errno == number
    assert text in str(raised.value.msg)


def test_what_flatten_makes_of_a_scalar_is_refused_where_the_page_says_another_thing(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    deep = "select count(*) from table(flatten({}, recursive => true, outer => true))"
    assert errno(run, deep.format("parse_json('1')")) == 2
    assert errno(run, deep.format("parse_json('[1, 2]'), path => '[0]'")) == 2
    for held in ("parse_json('null')", "null::variant", "parse_json('[]')", "parse_json('[1]')"):
        assert run(deep.format(held)) == [(1,)]
