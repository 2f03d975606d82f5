"""Functions of objects, arrays and VARIANTs, and what takes lambdas."""

import json
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from shared import shown
from snowflake.connector.constants import FIELD_ID_TO_NAME

from conformance.shared import Failed, Run, error, failure, wrong_answers

AB = """parse_json('{"a": 1, "b": "x"}')"""


def test_functions_of_objects(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    expected: dict[str, Any] = {
        f"object_delete({AB}, 'a')": {"b": "x"},
        f"object_delete({AB}, 'a', 'b')": {},
        "object_delete(object_construct('a', 1, 'b', 2), 'a')": {"b": 2},
        f"object_pick({AB}, 'b', 'c')": {"b": "x"},
        f"object_pick({AB}, ['b', 'a'])": {"a": 1, "b": "x"},
        f"object_insert({AB}, 'c', 3)": {"a": 1, "b": "x", "c": 3},
        f"object_insert({AB}, 'a', null)": Failed(100079),
        f"object_insert({AB}, 'a', 2)": Failed(100079),
        f"object_insert({AB}, 'a', 2, true)": {"a": 2, "b": "x"},
        "object_insert(object_construct(), 'a', null)": {},
        "object_insert(object_construct(), 'a', parse_json('null'))": {"a": None},
        "arrays_to_object(['a', 'b'], [1, 2])": {"a": 1, "b": 2},
        f"get({AB}, 'b')::varchar": "x",
        f"upper(get({AB}, 'b'))": "X",
        f"get({AB}, 'b') = 'x'": True,
        "get([1, 2], 1)": "2",
        "get([1, 2], 7)": None,
        f"get_ignore_case({AB}, 'B')::varchar": "x",
        f"get_path({AB}, 'b')::varchar": "x",
        f"to_object({AB}):a::int": 1,
    }
    assert wrong_answers(run, expected) == {}


def test_functions_that_ask_for_a_variants_type(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-conditional"""
    expected: dict[str, Any] = {
        "is_object(parse_json('{}')) and not is_object(parse_json('[]'))": True,
        "is_array(parse_json('[]')) and not is_array(parse_json('{}'))": True,
        "is_integer(parse_json('1')) and not is_integer(parse_json('1.5'))": True,
        "is_decimal(parse_json('1')) and is_decimal(parse_json('1.5'))": True,
        "is_decimal(parse_json('\"1\"'))": False,
        "is_double(parse_json('1e300')) and is_real(parse_json('1.5'))": True,
        "is_boolean(parse_json('true')) and not is_boolean(parse_json('1'))": True,
        "is_varchar(parse_json('\"a\"')) and not is_char(parse_json('1'))": True,
        "is_varchar(null)": None,
        "is_date(parse_json('1'))": False,
        "as_array(parse_json('[1]'))": [1],
        "as_array(parse_json('1'))": None,
        "as_object(parse_json('{\"a\": 1}'))": {"a": 1},
        "as_integer(parse_json('1'))": 1,
        "as_integer(parse_json('1.2345'))": 1,
        "as_integer(parse_json('\"1\"'))": None,
        "as_decimal(parse_json('1.57'), 10, 1)": Decimal("1.6"),
        "as_double(parse_json('1.5'))": 1.5,
        "as_boolean(parse_json('true'))": True,
        "as_varchar(parse_json('\"a\"'))": "a",
        "as_char(parse_json('1'))": None,
        "as_timestamp_ntz(parse_json('1'))": None,
    }
    assert wrong_answers(run, expected) == {}


def test_functions_of_arrays(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_sort"""
    expected: dict[str, Any] = {
        "array_max([1, 10, 9])": "10",
        "array_min(['b', 'a'])::varchar": "a",
        "array_max([])": None,
        "array_sort([3, 1, 10])": [1, 3, 10],
        "array_sort([3, 1, 10], false)": [10, 3, 1],
        "array_sort(parse_json('[3, null, 1]'))": [1, 3, None],
        "array_sort(parse_json('[3, null, 1]'), true, true)": [1, 3, None],
        "array_sort(parse_json('[3, null, 1]'), false)": [None, 3, 1],
        "array_sort(parse_json('[3, null, 1]'), false, false)": [None, 3, 1],
        "array_to_string([1, 'b'], column1)": "1-b",
        "array_to_string([], column1)": "",
        "array_generate_range(1::int, 3::int)": [1, 2],
    }
    assert wrong_answers(run, expected, "from values ('-')") == {}


def test_functions_that_take_a_lambda(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured-lambda"""
    expected: dict[str, Any] = {
        "filter([1, 2, 3], x -> x > 1)": [2, 3],
        'filter(parse_json(\'[{"a": 1}, {"a": 5}]\'), x -> x:a > 2)': [{"a": 5}],
        "filter(['a', 'b'], x -> x = 'a')": ["a"],
        "transform([1, 2], x int -> x * 2)": [2, 4],
        "transform([1, 2], x -> x * column1)": [10, 20],
        "transform(['a'], x -> upper(x))": ["A"],
        "transform([1], x -> x)": [1],
        "reduce([1, 2, 3], 0, (acc, x) -> acc + x)": 6,
        "reduce([1, 2, 3], 10, (acc int, x int) -> acc + x)": 16,
        "reduce([0.5], 0, (acc, x) -> acc + x)": Failed(2),
    }
    assert wrong_answers(run, expected, "from values (10)") == {}


def test_tables_of_elements_and_of_pieces_keep_their_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    run("create table s as select 1 id, parse_json('[5, 6, 7]') a")
    seven = [(5,), (6,), (7,)]
    for source in (
        "s",
        "(select parse_json('[5, 6, 7]') a) s",
        "(select a from s limit 1) s",
        "s s cross join (select 1 one)",
    ):
        assert run(f"select f.value::int from {source}, lateral flatten(s.a) f") == seven, source
    with_ = "with w as (select a from s)"
    assert run(f"{with_} select f.value::int from w, lateral flatten(w.a) f") == seven
    outer = "lateral flatten(input => parse_json(column1), outer => true) f"
    rows = run(f"select f.index, f.path from values ('[]'), ('[1]'), ('{{\"k\": 1}}'), {outer}")
    assert rows == [(None, ""), (0, "[0]"), (None, "k")]

    assert run("select index, value from table(split_to_table('a.b', '.'))") == [(1, "a"), (2, "b")]
    run("create table words as select 'a-b' w union all select 'c'")
    pieces = "select t.w, p.value from words t, lateral split_to_table(t.w, '-') p order by 2"
    assert run(pieces) == [("a-b", "a"), ("a-b", "b"), ("c", "c")]
    tokens = "select value from table(strtok_split_to_table('a.b c', '. '))"
    assert run(tokens) == [("a",), ("b",), ("c",)]


def test_arrays_and_objects_are_described_as_such(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured,
    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api#type-codes"""
    cursor = connection.cursor()

    def kinds(query: str) -> list[str]:
        columns = cursor.describe(query)
        assert [each.type_code for each in cursor.execute(query).description] == [
            each.type_code for each in columns
        ]
        return [FIELD_ID_TO_NAME[each.type_code] for each in columns]

    run("create table held (a array, o object, v variant)")
    run("insert into held select [1], {'k': 1}, [2]")
    run("create table drawn as select a, v, array_cat(a, a) as b, {'n': 1} as o from held")
    run("create view seen (p, q) as select o, [v] from held")
    run("create temporary table passing as select * from held")
    run("create table of_type (a array) as select [1]")
    run("create table doubled clone held")
    run("alter table doubled rename column a to b")
    run("alter table doubled drop column o")
    run("alter table doubled add column a variant, c object")
    for query, expected in {
        "select * from held": "ARRAY OBJECT VARIANT",
        "select * from drawn": "ARRAY VARIANT ARRAY OBJECT",
        "select * from seen": "OBJECT ARRAY",
        "select * from passing": "ARRAY OBJECT VARIANT",
        "select * from of_type": "ARRAY",
        "select * from doubled": "ARRAY VARIANT VARIANT OBJECT",
        "select h.*, p.a from held h join passing p on true": "ARRAY OBJECT VARIANT ARRAY",
        "with w as (select a as x, o from held) select o, x from w": "OBJECT ARRAY",
        "select a from held union all select b from drawn": "ARRAY",
        "select a from held union all select o from held": "VARIANT",
        "select array_agg(v), object_agg('k', v) from held": "ARRAY OBJECT",
        "select a[0], o:k, a::variant, v::array, to_array(v), as_object(v) from held": (
            "VARIANT VARIANT VARIANT ARRAY ARRAY OBJECT"
        ),
        "select object_construct(*), object_construct_keep_null('a', a) from held": "OBJECT OBJECT",
        "select parse_json('[]'), as_array(v) from held": "VARIANT ARRAY",
    }.items():
        assert " ".join(kinds(query)) == expected, query
    cursor.execute("select a, v from held")
    again = cursor.execute("select * from table(result_scan(last_query_id()))").description
    assert [FIELD_ID_TO_NAME[each.type_code] for each in again] == ["ARRAY", "VARIANT"]
    described = {
        table: [row["type"] for row in shown(connection, f"describe table {table}")]
        for table in ("held", "drawn", "passing")
    }
    assert described == {
        "held": ["ARRAY", "OBJECT", "VARIANT"],
        "drawn": ["ARRAY", "VARIANT", "ARRAY", "OBJECT"],
        "passing": ["ARRAY", "OBJECT", "VARIANT"],
    }
    told = "select data_type from information_schema.columns where table_name = 'SEEN' order by 1"
    assert run(told) == [("ARRAY",), ("OBJECT",)]
    shown_types = [row["data_type"] for row in shown(connection, "show columns in table held")]
    assert [json.loads(kind)["type"] for kind in shown_types] == ["ARRAY", "OBJECT", "VARIANT"]
    run("drop table held")
    run("create table held (a variant, o variant)")
    assert kinds("select * from held") == ["VARIANT", "VARIANT"]


def test_an_object_may_have_a_thousand_keys(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    pairs = ", ".join(f"'k{number}', n + {number}" for number in range(1_000))
    asked = f"select object_construct({pairs}) as o, array_size(object_keys(o)), o:k999::int"
    assert run(f"{asked} from (select 1 as n)")[0][1:] == (1_000, 1_000)


def test_an_object_of_all_columns_has_their_values_as_one_of_each_has(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct
    https://docs.snowflake.com/en/sql-reference/data-types-semistructured#object-constants"""
    run(
        "create or replace temporary table kinds as select 1 id, 1.25::number(38, 20) m,"
        " '2024-01-05'::date d, '2024-01-05 10:00:00'::timestamp_ntz ts,"
        " '2024-01-05 10:00:00 +02:00'::timestamp_tz tz, '2024-01-05 10:00:00'::timestamp_ltz lz,"
        " '10:00:01'::time tm, to_binary('AB12') b, 2::float f, true bo, 'x' s,"
        " [1] a, null::int n"
    )
    wanted = {
        "ID": "1", "M": "1.25", "D": '"2024-01-05"', "TS": '"2024-01-05 10:00:00.000"',
        "TZ": '"2024-01-05 10:00:00.000 +0200"', "LZ": '"2024-01-05 10:00:00.000 +0000"',
        "TM": '"10:00:01"', "B": '"AB12"', "F": "2.000000000000000e+00", "BO": "true",
        "S": '"x"', "A": "[1]",
    }  # fmt: skip
    text = "{" + ",".join(f'"{key}":{wanted[key]}' for key in sorted(wanted)) + "}"
    pairs = ", ".join(f"'{key}', {key}" for key in wanted)
    beside = "kinds k join (select 1 id, 5 z) u on k.id = u.id"
    for made, source in (
        (f"object_construct({pairs})", "kinds"),
        ("object_construct(*)", "kinds"),
        ("{*}", "kinds"),
        ("object_construct(k.*)", beside),
        ("{k.*}", beside),
        ("{* exclude (n)}", "kinds"),
        (f"object_construct({pairs})", "(select coalesce(null, id) id, * exclude (id) from kinds)"),
    ):
        assert run(f"select to_json({made}) from {source}") == [(text,)], made
    assert run(f"select to_json({{u.*}}) from {beside}") == [('{"ID":1,"Z":5}',)]
    with_null = text.replace('"S"', '"N":null,"S"')
    assert run("select to_json(object_construct_keep_null(*)) from kinds") == [(with_null,)]
    twice = f"select object_construct(*) from {beside}"
    assert error(run, twice) == 100079


def test_what_is_of_a_type_that_only_the_engine_knows_is_the_same_in_json(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_variant"""
    moment = "'2024-01-05 10:00:00'::timestamp_ntz"
    within = f"(select max_by({moment}, 1) x, max_by(to_binary('AB'), 1) b)"
    for made in ("object_construct('k', x, 'b', b)", "{'k': x, 'b': b}"):
        assert run(f"select to_json({made}) from {within}") == [
            ('{"b":"AB","k":"2024-01-05 10:00:00.000"}',)
        ]
    assert run(f"select to_json([x, b]), to_variant(x)::varchar from {within}") == [
        ('["2024-01-05 10:00:00.000","AB"]', "2024-01-05 10:00:00.000")
    ]


def test_an_object_constant_has_a_key_for_each_value(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured#object-constants"""
    assert error(run, "select {0}") == 1003
    assert error(run, "select {'a': 1, 2}") == 1003


_TWICE = [
    ('{ "a" : "123", "b" : "456", "a": "789"} ', "a", 31),
    ('{"a":1,"a":1}', "a", 10),
    ('[{"a": 1}, {"b": {"abc": 1, "abc": [2]}}]', "abc", 33),
    ('{"a" : ":\\u003a", "\\u0061" :2}', "a", 26),
    ('{"/a/b": NaN, "/a/b": 1}', "/a/b", 20),
    ('[[{"a\\"": "}", "a\\"": "{"}], 1.50,]', 'a"', 20),
]


@pytest.mark.parametrize(("document", "key", "place"), _TWICE)
def test_an_object_has_no_key_twice(run: Run, document: str, key: str, place: int) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    said = f'Error parsing JSON: duplicate object attribute "{key}", pos {place}'
    run("create table documents (x varchar)")
    run('insert into documents values (\'[{"a": {"a": 1}}, {"a": 2}]\')')
    assert run("select parse_json(x):a is null from documents") == [(True,)]
    run("insert into documents values (?)", document)
    for query in (
        "select parse_json(?) where 1 = 1 or ? = ''",
        "select parse_json(x) from documents where ? = ?",
        "select parse_json(x || ' ') from documents where ? = ?",
        "select f.value:b::int from table(flatten(input => parse_json(?))) f where ? is not null",
    ):
        number, error_text = failure(run, query, document, document)
        assert (number, error_text.endswith(said)) == (100069, True), query
    assert run("select try_parse_json(?)", document) == [(None,)]
    found = run("select try_parse_json(x), check_json(x) from documents order by 2 nulls first")
    assert [row[0] is None for row in found] == [False, True]


def test_check_json_names_the_key_that_is_there_twice(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/check_json"""
    run("create table documents (n int, x varchar)")
    run('insert into documents values (1, \'{"a": 1, "a": 2}\'), (2, \'{"a": 1}\'), (3, null)')
    assert run("select n, check_json(x) from documents order by n") == [
        (1, 'duplicate object attribute "a", pos 12'), (2, None), (3, None),
    ]  # fmt: skip


def test_a_columns_documents_are_told_apart(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_parse_json"""
    documents = [
        '{"a": 1, "b": 2}', '{"a": 1, "a": 2}', '{"b": 1, "b": 1}', "{", None, ' {"a": 1}', "{}",
        "", '{"": 1, "a\\"": 2}', '{"": 1, "": 2}', '{"a\\"a": 1}', '"{"', '[{"a": 1, "a": 1}]',
    ]  # fmt: skip
    run("create table documents (n int, x varchar)")
    for n, document in enumerate(documents, start=1):
        run("insert into documents values (?, ?)", n, document)
    found = run("select n from documents where try_parse_json(x) is not null order by n")
    assert [n for (n,) in found] == [1, 6, 7, 9, 11, 12]


@pytest.mark.parametrize(
    "made",
    [
        "object_construct(k, 1, j, 2)",
        "object_construct(k, 1, 'a', j)",
        "object_construct_keep_null(k, 1, j, null)",
        "object_construct_keep_null('a', 1, 'a', null)",
        "object_construct_keep_null('a', 1, k, null)",
    ],
)
def test_equal_keys_make_no_object(run: Run, made: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    run("create table keys as select 'a' as k, column1 as j from values ('a')")
    number, said = failure(run, f"select {made} from keys")
    assert (number, said.endswith("Duplicate field key 'a'")) == (100079, True)


def test_keys_that_are_columns_make_an_object(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    run("create table keys as select column1 as k, column2 as j from values ('a', 'b'), ('c', 'd')")
    made = "object_construct(k, 1, j, k)"
    found = [json.loads(row[0]) for row in run(f"select {made} from keys order by k")]
    assert found == [{"a": 1, "b": "a"}, {"c": 1, "d": "c"}]
    [(text,)] = run("select object_construct(k, 1, k, null) from keys where k = 'a'")
    assert json.loads(text) == {"a": 1}


def test_a_time_in_a_variant_has_whole_seconds(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    whole, part = "'20:57:01'::time", "'20:57:01.5'::time"
    assert run(f"select to_variant({whole})::varchar, [{whole}][0]::varchar") == [
        ("20:57:01", "20:57:01")
    ]
    assert run(f"select {part}::time(0)::variant, {part}::varchar::variant::varchar") == [
        ('"20:57:01"', "20:57:01")
    ]
    for made in (f"to_variant({part})", f"{part}::variant", f"[{part}]", f"{{'t': {part}}}"):
        assert error(run, f"select {made}") == 2
    run(f"create table times as select {part} as t")
    for made in ("object_construct(*)", "{*}", "array_agg(t)", "max_by(t, 1)::variant"):
        assert error(run, f"select {made} from times") == 2, made


_OF_TEXTS = [
    "upper({})", "lower({})", "length({})", "trim({})", "rpad({}, 9, '.')", "substr({}, 1, 1)",
    "replace({}, 'a', 'b')", "split_part({}, ',', 1)", "split({}, ',')", "regexp_count({}, 'k')",
    "regexp_replace({}, 'k', 'z')", "initcap({})", "reverse({})", "contains({}, 'k')",
    "contains('k', {})", "charindex('k', {})", "editdistance({}, 'k')", "translate('k', {}, 'z')",
    "listagg({})", "concat('x', {})", "{} || 'x'", "'x' || {}", "{} like 'a'", "hex_encode({})",
    "json_extract_path_text({}, 'a')",
]  # fmt: skip


@pytest.mark.parametrize("call", _OF_TEXTS)
def test_what_reads_texts_takes_no_arrays_and_objects(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create or replace table whole (a array, o object, v variant)")
    run("insert into whole select [1], {'a': 1}, {'a': 'x'}")
    for each in ("a", "o", "[1, 2]", "object_construct('a', 1)"):
        assert error(run, f"select {call.format(each)} from whole") == 1044, each
    assert error(run, f"select {call.format('o')} from whole where false") == 1044
    for each in ("v", "o::varchar", "to_json(a)", "v:a"):
        assert len(run(f"select {call.format(each)} from whole")) == 1, each


def test_the_types_that_a_function_does_not_take_are_told(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create or replace table told (o object, s varchar, d number(5, 2))")
    for call, text in {
        "'x' || o || s": "'||': (VARCHAR(1), OBJECT, VARCHAR(16777216))",
        "rpad(o, 20, '.')": "'RPAD': (OBJECT, NUMBER(2,0), VARCHAR(1))",
        "ltrim([d])": "'LTRIM': (ARRAY)",
        "position('k', o)": "'POSITION': (VARCHAR(1), OBJECT)",
        "array_contains(s, [1])": "'ARRAY_CONTAINS': (VARCHAR(16777216), ARRAY)",
        "typeof(current_date)": "'TYPEOF': (DATE)",
    }.items():
        number, said = failure(run, f"select {call} from told")
        assert number == 1044
        assert f"Invalid argument types for function {text}" in said


@pytest.mark.parametrize(
    "call",
    [
        "typeof(s)", "typeof(upper(s))", "typeof(d)", "typeof(x'61')", "to_json('x')",
        "to_json(d)", "array_contains('a', ['a'])", "array_contains(d, ['a'])",
        "array_position(s, ['a'])", "array_remove(['a'], s)", "strip_null_value(s)",
    ],
)  # fmt: skip
def test_what_asks_for_a_variant_takes_no_texts_and_dates(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_contains
    https://docs.snowflake.com/en/sql-reference/functions/array_remove
    https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    source = "from (select 'a' as s, current_date as d)"
    assert error(run, f"select {call} {source}") == 1044
    assert error(run, f"select {call} {source} where false") == 1044


def test_a_text_is_a_variant_once_it_is_cast(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_remove"""
    asked = "typeof(s), to_json(s), array_contains(s, ['a']), array_position(s, ['b', 'a'])"
    assert run(f"select {asked}, array_remove(['a', 'b'], s)[0] from (select 'a'::variant s)") == [
        ("VARCHAR", '"a"', True, 1, '"b"')
    ]


def test_numbers_and_truths_are_variants_as_they_are(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    asked = "typeof(1), typeof(1.5), typeof(1.5::float), typeof(2::float), typeof(true), to_json(2)"
    assert run(f"select {asked}, array_contains(2, [1, 2])") == [
        ("INTEGER", "DECIMAL", "DOUBLE", "DOUBLE", "BOOLEAN", "2", True)
    ]


def test_arithmetic_of_variants_is_of_floating_point_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured-lambda
    https://docs.snowflake.com/en/sql-reference/functions/transform"""
    asked = "typeof((v + 1)::variant), typeof([v * 2][0]), typeof({'a': -v}:a)"
    assert run(f"select {asked}, system$typeof(v - 1) from (select parse_json('1') as v)") == [
        ("DOUBLE", "DOUBLE", "DOUBLE", "FLOAT[DOUBLE]")
    ]
    assert run("select transform([1, 2], x -> x * 3)::varchar") == [
        ("[3.000000000000000e+00,6.000000000000000e+00]",)
    ]
    assert run("select transform([1, 2], x int -> x * 3)::varchar") == [("[3,6]",)]
    assert run("select reduce([1, 2], 0, (a, x) -> a + x), filter([1, 5], x -> x + 1 > 3)[0]") == [
        (3, "5")
    ]


def test_a_number_with_an_exponent_is_a_floating_point_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    source = "(select parse_json('[1.5e0, 5e-1, 1.255e2, 125.5, 1e3]') as v)"
    kinds = ", ".join(f"typeof(v[{place}])" for place in range(5))
    assert run(f"select {kinds} from {source}") == [
        ("DOUBLE", "DOUBLE", "DOUBLE", "DECIMAL", "DOUBLE")
    ]
    texts = "v[0]::varchar, v[0]::int, v[2]::varchar, v[2] = v[3], to_json(v[0])"
    assert run(f"select {texts} from {source}") == [
        ("1.5", 2, "125.5", True, "1.500000000000000e+00")
    ]


def test_count_takes_the_null_of_json_for_null(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/count"""
    run("create or replace table counted (v variant)")
    run("insert into counted select parse_json(column1) from values ('{\"a\": null}'), ('{}')")
    run("insert into counted select {'a': 3}")
    asked = "count(v:a), count(distinct v:a), count(v), count(*), count(v:a, 1)"
    assert run(f"select {asked} from counted") == [(1, 1, 3, 3, 1)]
    assert run("select count(v:a) over () from counted limit 1") == [(1,)]


def test_parse_json_reads_the_text_of_a_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    run("create or replace table nested (v variant)")
    run("insert into nested select {'inner': '{\"a\": [1, 2]}', 'none': parse_json('null')}")
    run("update nested set v = object_insert(v, 'n', 7)")
    asked = "parse_json(v:inner):a[1]::int, typeof(parse_json(v:n)), parse_json(v:none) is null"
    assert run(f"select {asked}, parse_json(v):n::int from nested") == [(2, "INTEGER", True, 7)]
    assert run("select try_parse_json(v:inner):a[0]::int, check_json(v:inner) from nested") == [
        (1, None)
    ]
    assert error(run, "select parse_json(v:a) from (select {'a': '{'} as v)") == 100069


def test_pieces_of_a_text_are_texts_and_there_are_none_without_a_delimiter(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    for call in ("split_to_table('a-b', '-')", "strtok_split_to_table('a-b', '-')"):
        assert run(f"select '<' || value || '>' from table({call})") == [("<a>",), ("<b>",)]
        assert run(f"select upper(s.value) from table({call}) s") == [("A",), ("B",)]
    assert run("select * from table(split_to_table('a-b', null))") == []
    assert run("select * from table(split_to_table(null, '-'))") == []
    number, said = failure(run, "select * from table(split_to_table(12, '-'))")
    assert (number, "invalid type [NUMBER(2,0)] for parameter '1'" in said) == (1065, True)
    _, said = failure(run, "select * from table(split_to_table('a', delimiter => ','))")
    assert "function [SPLIT_TO_TABLE] unexpected argument [DELIMITER] at position 2," in said
