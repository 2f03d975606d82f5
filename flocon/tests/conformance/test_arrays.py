"""Functions that make, take and read arrays and objects."""

import json
from typing import Any

import pytest
import snowflake.connector

from conformance.shared import Run, error, failure


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("array_append([1], 'x')", [1, "x"]),
        ("array_prepend([1], parse_json('null'))", [None, 1]),
        ("array_cat([1], ['a'])", [1, "a"]),
        ("array_compact(array_construct(1, null, 2))", [1, 2]),
        ("array_construct_compact(1, null)", [1]),
        ("array_construct_compact(null)", []),
        ("array_construct_compact('a,b', parse_json('null'), null)", ["a,b", None]),
        ("array_construct(parse_json('null'), 1)", [None, 1]),
        ("array_distinct([1, 1, 2, '1'])", [1, 2, "1"]),
        ("array_except([1, 1, 2], [1])", [1, 2]),
        ("array_intersection([1, 1, 2], [1, 2, 3])", [1, 2]),
        ("array_flatten([[1], [2, 3]])", [1, 2, 3]),
        ("array_generate_range(1, 3)", [1, 2]),
        ("array_generate_range(1, 9, 4)", [1, 5]),
        ("array_insert([1, 2], 1, 'x')", [1, "x", 2]),
        ("array_insert([1], 1, 'x')", [1, "x"]),
        ("array_insert([1, 2], -1, 'x')", [1, "x", 2]),
        ("array_remove([1, 2, 1], 1)", [2]),
        ("array_remove_at([1, 2, 3], 0)", [2, 3]),
        ("array_remove_at([1, 2, 3], -1)", [1, 2]),
        ("array_reverse([1, 2])", [2, 1]),
        ("array_slice([1, 2, 3], 0, -1)", [1, 2]),
        ("array_slice([1, 2, 3], 1, 2)", [2]),
        ("arrays_zip([1, 2], ['x', 'y'])", [{"$1": 1, "$2": "x"}, {"$1": 2, "$2": "y"}]),
        ('object_keys(parse_json(\'{"a": 1, "b": 2}\'))', ["a", "b"]),
        ("regexp_substr_all('a1b2', '[0-9]')", ["1", "2"]),
        ("split('a,b', ',')", ["a", "b"]),
        ("strtok_to_array('a b', ' ')", ["a", "b"]),
        ("to_array(1)", [1]),
        ("to_array([1])", [1]),
        ("'[1, 2]'::array", ["[1, 2]"]),
        ("parse_json('[1]')::array", [1]),
        ("parse_json('{\"a\": 1}')::object", {"a": 1}),
    ],
)
def test_an_array_is_answered_as_json(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    [(answer,)] = run(f"select {expression}")
    assert json.loads(answer) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("array_to_string([1, 'a'], '-')", "1-a"),
        ("array_position('z'::variant, ['a', 'z'])", 1),
        ("array_position('q'::variant, ['a', 'z'])", None),
        ("arrays_overlap([1, 2], [2])", True),
        ("array_contains('a'::variant, ['a'])", True),
        ("array_size(object_keys(parse_json('{\"a\": 1}')))", 1),
        ("array_to_string([1, null, 'a'], '-')", "1--a"),
        ("array_size([1, null])", 2),
        ("array_max([1, null])", "1"),
        ("array_min([null, null])", None),
        ("array_max(parse_json('[null, 1]'))", "null"),
        ("array_min(parse_json('[null, null]'))", "null"),
        ("array_append(null::array, 1)", None),
        ("to_array(null)", None),
    ],
)
def test_arrays_are_read(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    assert run(f"select {expression}") == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("array_construct(1, k)", "[1,undefined]"),
        ("[k]", "[undefined]"),
        ("array_construct(null::variant)", "[undefined]"),
        ("array_construct(parse_json('{}'):a, parse_json('null'))", "[undefined,null]"),
        ("array_append([1], k)", "[1,undefined]"),
        ("array_prepend([1], k)", "[undefined,1]"),
        ("array_insert([1], 0, k)", "[undefined,1]"),
        ("array_insert([0,1,2,3], 5, 'x')", '[0,1,2,3,undefined,"x"]'),
        ("array_insert([0,1], -4, 'x')", '["x",undefined,undefined,0,1]'),
        ("transform([1, k], x -> x is null)", "[false,true]"),
        ("transform([1, k], x int -> x + 1)", "[2,undefined]"),
        ("filter([1, k], x -> x is not null)", "[1]"),
        ("parse_json('[-1, false,]')", "[-1,false,undefined]"),
        ("parse_json('[undefined, \"undefined\"]')", '[undefined,"undefined"]'),
        ("array_distinct(['A', 'A', 'B', null, null])", '["A","B",undefined]'),
        ("array_except(['A', null, null], ['B', null])", '["A",undefined]'),
        ("array_except(['A', null, null], [null, 'B', null])", '["A"]'),
        ("array_intersection([1, null, 2, null], [null])", "[undefined]"),
        ("array_remove([1, 5, 5.00, 5.00::double, '5', 5, null], 5)", '[1,"5",undefined]'),
        ("array_sort([20, parse_json('null'), 0, null, 10])", "[0,10,20,null,undefined]"),
        ("array_sort([20, null, 0], false)", "[undefined,20,0]"),
        ("array_sort([20, null, 0], true, true)", "[undefined,0,20]"),
        ("array_sort([parse_json('null'), null, 0], false, false)", "[null,0,undefined]"),
        ("array_compact([1, null, parse_json('null')])", "[1]"),
        ("array_cat([null], array_slice([1, null, 2], 1, 3))", "[undefined,undefined,2]"),
        ("array_flatten([[1, null], [2]])", "[1,undefined,2]"),
        ("arrays_zip([1, null], [null, 20])", '[{"$1":1,"$2":null},{"$1":null,"$2":20}]'),
        ("arrays_to_object(['a', null, 'c'], [1, 2, 3])", '{"a":1,"c":3}'),
        ("arrays_to_object(['a', 'b'], [1, null])", '{"a":1,"b":null}'),
    ],
)
def test_a_null_in_an_array_is_undefined(run: Run, expression: str, expected: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_construct and those of the other
    functions, as https://docs.snowflake.com/en/sql-reference/functions/array_except"""
    row = "(select null::varchar as k)"
    written = run(f"select to_json({expression}), ({expression})::varchar from {row}")
    assert written == [(expected, expected)]


def test_an_undefined_element_is_null_where_it_is_taken_out(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run("create table sparse (a array)")
    run("insert into sparse select [7, null, parse_json('null'), 'x']")
    assert run("select a from sparse") == [('[\n  7,\n  undefined,\n  null,\n  "x"\n]',)]
    taken = "a[1] is null, is_null_value(a[1]), typeof(a[1]), a[1]::varchar, get(a, 1) is null"
    assert run(f"select {taken} from sparse") == [(True, None, None, None, True)]
    assert run("select a[2] is null, is_null_value(a[2]), array_size(a) from sparse") == [
        (False, True, 4)
    ]
    for mode in ("", ", mode => 'ARRAY'", ", recursive => true"):
        rows = run(
            "select f.index, f.value is null, is_null_value(f.value) from sparse,"
            f" lateral flatten(input => a{mode}) f order by 1"
        )
        assert rows == [(0, False, False), (2, False, True), (3, False, False)]
    assert run("select array_to_string([7, a[1], 'x'], ','), array_max(a[1]) from sparse") == [
        ("7,,x", None)
    ]


def test_null_is_found_among_the_nulls_of_an_array(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_contains
    https://docs.snowflake.com/en/release-notes/bcr-bundles/2023_01/bcr-882"""
    found = run(
        "select array_position(null, [10, null, 30]), array_contains(null, [10, null]),"
        " array_contains(null, [10]), array_contains(parse_json('null'), [null]),"
        " arrays_overlap([null], [1, null])"
    )
    assert found == [(1, True, None, False, True)]


def test_an_array_with_a_null_gets_to_no_python_handler(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf-stored-procedure-data-type-mapping does not
    say what it would be."""
    run(
        "create function how_many(a array) returns int language python runtime_version = '3.11'"
        " handler = 'f' as $$\nf = len\n$$"
    )
    assert run("select how_many([1, 2.5::float])") == [(2,)]
    assert error(run, "select how_many([1, null])") == 2


def test_a_null_that_gets_into_no_array_is_nobodys_fault(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_construct"""
    rows = "(select 'a' as k union all select null)"
    answers = run(f"select iff(k is null, [], [k])[0]::varchar from {rows} order by k")
    assert answers == [("a",), (None,)]
    run("create temporary table given as select null::array as a, 0 as place, null::varchar as k")
    for made in ("array_append(a, k)", "array_prepend(a, k)", "array_insert(a, place, k)"):
        assert run(f"select {made} from given") == [(None,)], made


def test_moments_and_binaries_in_arrays_and_objects_have_the_texts_that_they_have_elsewhere(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_agg"""
    row = "(select '2026-01-31 12:00:00'::timestamp as t, to_binary('ab', 'hex') as b)"
    for made in (
        "array_construct_compact(t, b)", "array_append(array_append([], t), b)",
        "array_prepend(array_prepend([], b), t)", "array_insert(array_insert([], 0, b), 0, t)",
        "array_cat(to_array(t), to_array(b))", "array_cat(array_agg(t), array_agg(distinct b))",
        "array_cat(array_unique_agg(t), array_agg(b) within group (order by b))",
    ):  # fmt: skip
        assert run(f"select {made}::varchar from {row}") == [('["2026-01-31 12:00:00.000","AB"]',)]
    objects = "object_insert({}, 'k', t)::varchar, object_agg('k', b)::varchar"
    found = run(f"select {objects} from {row} group by t")
    assert found == [('{"k":"2026-01-31 12:00:00.000"}', '{"k":"AB"}')]


def test_distinct_values_in_an_order_are_in_their_array_as_elsewhere(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_agg"""
    rows = (
        "(select column1::timestamp as t, column1::timestamp::time as c, column2::float as f,"
        " to_binary(column3) as b from values ('2026-01-31 12:00:00', 10, 'ab'),"
        " ('2026-01-31 12:00:00', 9, '01'), ('2025-01-31 12:00:00', 9, 'ab'))"
    )
    for value, expected in {
        "t": '["2025-01-31 12:00:00.000","2026-01-31 12:00:00.000"]',
        "c": '["12:00:00"]',
        "f": "[9.000000000000000e+00,1.000000000000000e+01]",
        "b": '["01","AB"]',
    }.items():
        made = f"array_agg(distinct {value}) within group (order by {value})"
        assert run(f"select {made}::varchar from {rows}") == [(expected,)]


def test_aggregates_make_arrays(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_unique_agg
    https://docs.snowflake.com/en/sql-reference/functions/max_by"""
    rows = "from values (1, 'a'), (2, 'b'), (3, null) t (n, k)"
    answers = run(
        f"select array_agg(k), array_unique_agg(iff(n > 1, 1, null)), max_by(n, n, 2),"
        f" min_by(n, n, 2), array_agg(distinct n) within group (order by n desc) {rows}"
    )
    assert [json.loads(each) for each in answers[0]] == [
        ["a", "b"],
        [1],
        [3, 2],
        [1, 2],
        [3, 2, 1],
    ]


def test_an_array_of_no_rows_is_empty(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_agg"""
    rows = "from values (1) t (n) where n > 1"
    assert run(f"select array_agg(n), array_unique_agg(n), listagg(n) {rows}") == [("[]", "[]", "")]


def test_nothing_stands_between_the_values_of_a_list_without_a_delimiter(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/listagg"""
    rows = "from values ('a'), ('b') t (k)"
    assert run(f"select listagg(k) within group (order by k desc) {rows}") == [("ba",)]


def test_listagg_writes_moments_of_a_union_as_those_of_a_table(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/listagg"""
    moments = "select '2024-01-01 10:00:00'::timestamp as at union all select '2024-01-02'::date"
    texts = "2024-01-01 10:00:00.000,2024-01-02 00:00:00.000"
    assert run(f"select listagg(at, ',') within group (order by at) from ({moments})") == [(texts,)]


def test_a_list_of_distinct_values_is_in_their_own_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/listagg"""
    rows = (
        "from (select d::date as d, n, m::timestamp as m from values ('2026-02-01', 2, '2026-02-01"
        " 01:00'), ('2026-01-01', 10, '2026-01-01 02:00'), ('2026-02-01', 2, '2026-02-01 01:00')"
        " t (d, n, m))"
    )
    listed = "select listagg(distinct {0}, ',') within group (order by {0} {1})"
    assert run(f"{listed.format('d', '')} {rows}") == [("2026-01-01,2026-02-01",)]
    assert run(f"{listed.format('n', 'desc')} {rows}") == [("10,2",)]
    assert run(f"{listed.format('m', 'desc')} {rows}") == [
        ("2026-02-01 01:00:00.000,2026-01-01 02:00:00.000",)
    ]
    number, text = failure(run, f"select listagg(distinct d) within group (order by n) {rows}")
    assert (number, text.splitlines()[-1]) == (1007, "[N] is not a valid order by expression")


def test_keys_of_an_object_constant_are_as_written(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert run("select {'a': 1}:a::int, {'a': {'b': 'C'}}:a.b::varchar") == [(1, "C")]
    assert run("select {'a': 1}") == [('{\n  "a": 1\n}',)]


def test_a_variant_is_answered_with_line_breaks(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    lines = (
        "{", '  "a": [', "    1,", '    "x, {",', "    {},", "    []", "  ],", '  "b": {',
        '    "c": null', "  }", "}",
    )  # fmt: skip
    assert run("select parse_json(?)", '{"a": [1, "x, {", {}, []], "b": {"c": null}}') == [
        ("\n".join(lines),)
    ]
    assert run("select parse_json('1e2'), parse_json('1.50'), parse_json('\"1.0\"')") == [
        ("100", "1.5", '"1.0"')
    ]


def test_a_json_null_is_an_element_of_flatten(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    assert run(
        "select f.index, f.value is null, is_null_value(f.value), f.value::varchar is null"
        " from table(flatten(parse_json('[null, 1]'))) f order by f.index"
    ) == [(0, False, True, True), (1, False, False, False)]


def test_a_text_is_no_object(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_object"""
    assert error(run, "select 'x'::object") == 100071
    assert error(run, "select '[1]'::variant::object") == 100071
    assert error(run, "select to_object('{}')") == 100071


def test_a_text_in_a_variant_is_the_object_that_it_writes_down(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.to_object"""
    [(answer,)] = run("""select to_object(parse_json('"{''a'': 10, ''b'': 20}"'))""")
    assert json.loads(answer) == {"a": 10, "b": 20}
    rows = run("select v::object from values ('{a: 1}'::variant), (null) as t (v)")
    assert rows == [('{\n  "a": 1\n}',), (None,)]


def test_the_rows_of_a_table_are_one_array_of_objects(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/infer_schema"""
    rows = "(select 1 a, 'x' b union all select 2, null)"
    ordered = "array_agg(object_construct(*)) within group (order by a desc)"
    [(answer,)] = run(f"select {ordered} from {rows}")
    assert json.loads(answer) == [{"A": 2}, {"A": 1, "B": "x"}]
    [(answer,)] = run(f"select array_agg(object_construct(*):B) from {rows}")
    assert json.loads(answer) == ["x"]
    assert run(f"select array_agg(object_construct(*)) from {rows} where false") == [("[]",)]


def test_a_negative_place_is_nowhere(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/get"""
    run("create table places as select [1, 2] as a, 1 as i, -1 as back")
    places = "get(a, i), get(a, -1), get(a, back), a[-1], a[back], a[i], a[i + 1]"
    assert run(f"select {places} from places") == [("2", None, None, None, None, "2", None)]


def test_a_key_is_given_once(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    for made in ("object_construct('a', 1, 'a', 2)", "{'a': 1, 'a': 2}"):
        assert error(run, f"select {made}") == 100079
    assert run("select object_construct('a', 1, 'a', null)::varchar") == [('{"a":1}',)]
    pairs = "from values ('a', 1), ('a', 2)"
    assert error(run, f"select object_agg(column1, column2) {pairs}") == 100079


def test_object_agg_of_nothing_is_an_empty_object(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_agg"""
    pairs = "from values ('x', 'a', 1), ('x', 'b', 2), ('y', 'c', null)"
    assert run(f"select object_agg(column2, column3)::varchar {pairs} where false") == [("{}",)]
    grouped = f"select column1, object_agg(column2, column3)::varchar {pairs} group by column1"
    assert run(f"{grouped} order by 1") == [("x", '{"a":1,"b":2}'), ("y", "{}")]
    over = "object_agg(column2, column3) over (partition by column1)::varchar"
    assert run(f"select distinct column1, {over} {pairs} order by 1") == [
        ("x", '{"a":1,"b":2}'),
        ("y", "{}"),
    ]


def test_what_two_arrays_share_is_unknown_where_one_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_intersection"""
    assert run("select array_intersection([1], null), array_intersection(null, [1])") == [
        (None, None)
    ]


def test_a_range_goes_on_by_something(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_generate_range"""
    assert error(run, "select array_generate_range(1, 5, 0)") == 1007


def test_object_insert_updates_where_its_flag_says_so_for_the_row(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_insert"""
    rows = "(select {'n': 1} as o, 'n' as k, true as f union all select {'n': 2}, 'm', false)"
    assert [
        json.loads(each) for (each,) in run(f"select object_insert(o, k, 7, f) from {rows}")
    ] == [
        {"n": 7},
        {"m": 7, "n": 2},
    ]


def test_a_union_of_arrays_has_a_value_as_often_as_one_of_them(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_union_agg"""
    run("create or replace table unions (g int, a array)")
    run(
        "insert into unions select 1, [1, 1, 2] union all select 1, [1, 2, 3]"
        " union all select 2, ['x', 1.0] union all select 2, null union all select 2, [null, 1]"
    )
    union = "array_union_agg(a)::varchar"
    assert run(f"select g, {union} from unions group by g order by g") == [
        (1, "[1,1,2,3]"), (2, '["x",1,undefined]'),
    ]  # fmt: skip
    assert run("select array_union_agg(a)::varchar from unions where g = 3") == [("[]",)]
    over = "array_size(array_union_agg(a) over (partition by g))"
    assert run(f"select distinct g, {over} from unions order by g") == [(1, 4), (2, 3)]


def test_an_object_of_arrays_has_a_key_for_each_value(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/arrays_to_object"""
    assert error(run, "select arrays_to_object([1, 2], [1, 2])") == 215002
    assert error(run, "select arrays_to_object(['a', 'b'], [1])") == 215001
    assert run("select arrays_to_object([], [])::varchar, arrays_to_object(null, [])") == [
        ("{}", None)
    ]


def test_where_an_array_of_json_has_nothing_between_commas_an_element_is_undefined(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_to_string"""
    assert run(
        "select array_to_string(parse_json(column1), ''),"
        " array_to_string(parse_json(column1), ', ') from values"
        " (null), ('[]'), ('[1]'), ('[1, 2]'),"
        """ ('[true, 1, -1.2e-3, "Abc", ["x","y"], {"a":1}]'),"""
        " ('[, 1]'), ('[1, ]'), ('[1, , ,2]')"
    ) == [
        (None, None),
        ("", ""),
        ("1", "1"),
        ("12", "1, 2"),
        ('true1-0.0012Abc["x","y"]{"a":1}', 'true, 1, -0.0012, Abc, ["x","y"], {"a":1}'),
        ("1", ", 1"),
        ("1", "1, "),
        ("12", "1, , , 2"),
    ]
    constants = """select parse_json('[,",,",1]')::varchar, try_parse_json('{"a":1,,"b":2}')"""
    assert run(constants) == [('[undefined,",,",1]', None)]
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=r",undefined,") as failed:
        run("""select parse_json('{"a":1,,"b":2}')""")
    assert failed.value.errno == 100069


def test_a_json_null_has_no_text_and_is_larger_than_all_else(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_to_string
    https://docs.snowflake.com/en/sql-reference/functions/array_max"""
    assert error(run, "select array_to_string(parse_json('[1, null]'), '-')") == 100071
    assert error(run, "select array_to_string([parse_json('null')], '')") == 100071
    joined = "array_to_string([1, null, 2], '-'), array_to_string([[null], {'a': null}], '-')"
    assert run(f"select {joined}") == [("1--2", "[undefined]-{}")]
    most = "array_max(parse_json('[7, null, \"x\"]')), array_min(parse_json('[null, 7]'))"
    assert run(f"select {most}, array_max([7, null])") == [("null", "7", "7")]
