"""VARIANT: paths, JSON's null, what is made and unmade of it."""

from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from typing import Any

import pytest
from shared import errno, one, one_database

from conformance.shared import error, failure, wrong_answers

database = pytest.fixture(scope="module")(one_database)
Run = Any
D = Decimal
EVENT = (
    'parse_json(\'{"a": {"b": [1, 2]}, "x.y": 5, "A": "up", "q r": 9, "s": "text", "n": 10,'
    ' "t": true, "z": null, "d": 12.50, "w": 7.0, "e": 1.5e2, "o": {}, "l": [], "c": "12",'
    ' "at": "2026-01-01T10:00:00+02:00"}\')'
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("v:a.b[0]", "1"),
        ("v['a']['b']", "[\n  1,\n  2\n]"),
        ("v:a['b'][1]::int", 2),
        ("v:a.b[5]", None),
        ('v:"x.y"', "5"),
        ("v['x.y']", "5"),
        ('v:"q r"', "9"),
        ("v:A", '"up"'),
        ("v:A::varchar", "up"),
        ("V:missing", None),
        ("v:s", '"text"'),
        ("v:s || 'z'", "textz"),
        ("concat(v:s, 'z')", "textz"),
        ("upper(v:s)", "TEXT"),
        ("v:s = 'text'", True),
        ("v:s in ('a', 'text')", True),
        ("v:s like 'te%'", True),
        ("v:n > 9", True),
        ("v:n = 10", True),
        ("v:n + 1", 11.0),
        ("v:n::float", 10.0),
        ("v:t::boolean", True),
        ("v:d::varchar", "12.5"),
        ("v:w::varchar", "7"),
        ("v:e::varchar", "150"),
        ("v:d::number(10, 2)", D("12.50")),
        ("v:d::number", 13),
        ("v:z is null", False),
        ("v:missing is null", True),
        ("v:z::varchar is null", True),
        ("is_null_value(v:z)", True),
        ("is_null_value(v:missing)", None),
        ("strip_null_value(v:z)", None),
        ("coalesce(v:missing, v:s)::varchar", "text"),
        ("typeof(v:c)", "VARCHAR"),
        ("typeof(v:n)", "INTEGER"),
        ("typeof(v:w)", "INTEGER"),
        ("typeof(v:d)", "DECIMAL"),
        ("typeof(v:t)", "BOOLEAN"),
        ("typeof(v:o)", "OBJECT"),
        ("typeof(v:l)", "ARRAY"),
        ("typeof(v:z)", "NULL_VALUE"),
        ("typeof(v:missing)", None),
        ("v:at::timestamp_ntz", datetime(2026, 1, 1, 10)),
        ("to_timestamp_ntz(v:at::varchar)", datetime(2026, 1, 1, 10)),
    ],
)
def test_a_path_into_a_variant_finds_the_value(run: Run, path: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured"""
    assert one(run, f"select {path} from (select {EVENT} v)") == expected


@pytest.mark.parametrize("call", ["try_cast(v:n as number)", "try_to_number(v:n)"])
def test_try_functions_take_texts_only(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_cast"""
    assert errno(run, f"select {call} from (select {EVENT} v)") == 1065


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("parse_json('')", None),
        ("parse_json('  ')", None),
        ("parse_json('null')", "null"),
        ("try_parse_json('{bad')", None),
        ("object_construct('a', 1, 'b', null)", '{\n  "a": 1\n}'),
        ("object_construct_keep_null('a', 1, 'b', null)::varchar", '{"a":1,"b":null}'),
        ("object_construct()", "{}"),
        ("array_construct(1, parse_json('null'), 'a')::varchar", '[1,null,"a"]'),
        ("array_construct(1, 2)[0]", "1"),
        ("array_size(parse_json('[1, 2, 3]'))", 3),
    ],
)
def test_semi_structured_values_are_made(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    assert one(run, f"select {expression}") == expected


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        ("12.500000000000000001", "DECIMAL", "12.500000000000000001"),
        ("1." + "0" * 36 + "1", "DECIMAL", "1." + "0" * 36 + "1"),
        ("-0.10000000000000000000", "DECIMAL", "-0.1"),
        ("9007199254740993.0", "INTEGER", "9007199254740993"),
        (
            "12345678901234567890123456789012345678",
            "INTEGER",
            "12345678901234567890123456789012345678",
        ),
        ("0." + "9" * 400, "DOUBLE", "1"),
        ("1." + "0" * 41 + "1", "DOUBLE", "1"),
        ("1.912e2", "DOUBLE", "191.2"),
        ("1.5e-7", "DOUBLE", "1.5e-07"),
        ("1.5e2", "DOUBLE", "150"),
        ("1E2", "DOUBLE", "100"),
        ("0.0000001", "DECIMAL", "0.0000001"),
    ],
)
def test_a_number_of_38_digits_is_exact_and_others_are_doubles(
    run: Run, number: str, kind: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    document = '{"p": [{"a b": ' + number + '}], "1e5": "1.23456789012345678e5"}'
    query = (
        "select typeof(v:p[0]['a b']), v:p[0]['a b']::varchar, v['1e5']::varchar, typeof(v:p)"
        " from (select parse_json(?) v)"
    )
    assert run(query, document) == [(kind, text, "1.23456789012345678e5", "ARRAY")]


@pytest.mark.parametrize(
    ("number", "kind", "shown", "text"),
    [
        ("3::double", "DOUBLE", "3.000000000000000e+00", "3"),
        ("2.5::float", "DOUBLE", "2.500000000000000e+00", "2.5"),
        ("0::float", "DOUBLE", "0.000000000000000e+00", "0"),
        ("-1e-7::float", "DOUBLE", "-1.000000000000000e-07", "-1e-07"),
        ("1e300::float", "DOUBLE", "1.000000000000000e+300", "1e+300"),
        ("2.50", "DECIMAL", "2.5", "2.5"),
        ("1.5 + 1", "DECIMAL", "2.5", "2.5"),
        ("1.23456789012345678901", "DECIMAL", "1.23456789012345678901", "1.23456789012345678901"),
        ("2", "INTEGER", "2", "2"),
    ],
)
def test_a_variant_tells_a_floating_point_number_from_a_fixed_point_one(
    run: Run, number: str, kind: str, shown: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_construct
    https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    run("create or replace table numbers (v variant, a array, o object)")
    run(f"insert into numbers select {number}, [{number}], {{'k': {number}}}")
    run("insert into numbers select v, [f.value], {'k': o:k} from numbers, lateral flatten(a) f")
    asked = "typeof(v), v, v::varchar, typeof(a[0]), a[0], a[0]::varchar, typeof(o:k), o:k"
    each = (kind, shown, text, kind, shown, text, kind, shown)
    assert run(f"select {asked} from numbers") == [each, each]
    whole = f"(select [{number}] as a, {{'k': {number}}} as o, ({number})::variant as v)"
    assert run(f"select {asked} from {whole}") == [each]
    is_double = kind == "DOUBLE"
    asked = "is_double(v), as_decimal(v, 38, 20) is null, to_json(a), is_decimal(a[0])"
    assert run(f"select {asked} from numbers limit 1") == [
        (True, is_double, f"[{shown}]", not is_double)
    ]


def test_numbers_in_variants_are_equal_by_their_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_remove"""
    same = "2::variant = 2.0::float::variant, parse_json('[2, 2.5]') = [2::float, 2.5::float]"
    found = "array_contains(2::variant, [2::float]), array_position(2.5::float, [1, 2.5])"
    assert run(f"select {same}, {found}") == [(True, True, True, 1)]
    rows = "(select 2::variant v union all select 2::float::variant union all select 3::variant)"
    assert run(f"select count(distinct v) from {rows}") == [(2,)]
    assert run(f"select count(*) from {rows} group by v order by 1") == [(1,), (2,)]
    assert run("select [2.5::float][0] + 1, [2.5::float][0]::int, [1e2::float][0]::varchar") == [
        (3.5, 3, "100")
    ]


def test_numbers_of_38_digits_stay_exact_in_what_flatten_and_paths_give_out(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    number = "12345678901234567.12345678901234567891"
    run("create table exact (v variant)")
    run("insert into exact select parse_json(?)", f'{{"a":[{number}],"b":{{"c":{number}}}}}')
    asked = "f.value, f.value::varchar, f.value::number(38, 20)::varchar, v:a[0], v:b"
    expected = (number, number, number, number, f'{{\n  "c": {number}\n}}')
    assert run(f"select {asked} from exact, lateral flatten(v:a) f") == [expected]
    assert run("select v:b.c from (select v from exact)") == [(number,)]
    assert run("select f.value:c from exact, lateral flatten(v) f where f.key = 'b'") == [(number,)]


def _documents_with(number: str) -> list[str]:
    return [number, f"[{number}]", f'{{"a": ["x", {number}]}}', f'{{"a": {number}}}']


def test_what_is_no_number_is_refused_in_json(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    for number in ("NaN", "-inf"):
        for document in _documents_with(number):
            assert error(run, "select parse_json(?)", document) == 2, document
            assert error(run, "select try_parse_json(?)", document) == 2, document


def test_numbers_by_which_the_account_tells_other_values_are_no_json(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    for number in ("-2.5e9999", "1e9990", "1E9990"):
        for document in _documents_with(number):
            assert error(run, "select parse_json(?)", document) == 100069, document
            assert run("select try_parse_json(?)", document) == [(None,)], document
            assert run("select try_parse_json(? || '')", document) == [(None,)], document


def test_a_number_beyond_a_double_stays_as_it_is_written(run: Run) -> None:
    """A loader's batch is not lost to one number.

    https://docs.snowflake.com/en/sql-reference/data-types-semistructured
    """
    for number in ("1e400", "-2.5E+401", "9" * 400):
        ((found,),) = run("select parse_json(?):a::varchar", f'{{"a": {number}}}')
        assert found == number


def test_a_number_with_a_long_exponent_is_the_double_that_it_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    for number in ("1e-99999999999999999999", "0e99999999999999999999"):
        ((found,),) = run("select parse_json(?):a::float", f'{{"a": {number}}}')
        assert found == 0.0


def test_a_text_of_json_is_the_same_however_it_was_written(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    run("create table texts (v variant)")
    for written in (r'"\u0041\/\u00e9"', '"A/é"', r'"A\/é"'):
        run("insert into texts select parse_json(?)", written)
    run("insert into texts select to_variant('A/é')")
    others = '"\\ud83c\\udf77\\u0041\\\\u0041\\u0022\\u005c\\u000a\\b\\t"'
    found = run("select v, v::varchar from (select parse_json(?) as v)", others)
    assert found == [('"🍷A\\\\u0041\\"\\\\\\n\\b\\t"', '🍷A\\u0041"\\\n\b\t')]
    assert run("select v, count(*) from texts group by v") == [('"A/é"', 4)]
    assert run("select distinct v::varchar from texts") == [("A/é",)]


@pytest.mark.parametrize(
    ("document", "texts", "kinds"),
    [
        (
            '{"a": 5.0, "b": "5.0", "c": 7, "d": 5.0}',
            ["5", "5.0", "7", "5"],
            ["INTEGER", "INTEGER"],
        ),
        (
            '{"a":12345678901234567890.5,"b":"x:1","c":0.10000000000000000001,"d":true}',
            ["12345678901234567890.5", "x:1", "0.10000000000000000001", "true"],
            ["DECIMAL", "BOOLEAN"],
        ),
        (
            '{"a": "1", "b" :\n1E2, "c": [1, 2], "d": -1.5e0}',
            ["1", "100", "[1,2]", "-1.5"],
            ["VARCHAR", "DOUBLE"],
        ),
        ('{"a": null, "c": 1.50}', [None, None, "1.5", None], ["NULL_VALUE", None]),
    ],
)
def test_many_paths_of_one_document_are_read_as_each_alone(
    run: Run, document: str, texts: list[str | None], kinds: list[str | None]
) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured"""
    source = "(select parse_json(?) v)"
    paths = [f"v:{name}::varchar" for name in "abcd"]
    typed = ["typeof(v:a)", "typeof(v:d)"]
    together = run(f"select {', '.join(paths + typed)} from {source}", document)
    assert together == [(*texts, *kinds)]
    assert together == [
        tuple(one(run, f"select {each} from {source}", document) for each in paths + typed)
    ]


@pytest.mark.parametrize(
    ("value", "array", "expected"),
    [
        ("'a'::variant", 'parse_json(\'["a", "b"]\')', True),
        ("'a'::variant", "array_construct('b', 1)", False),
        ("1::variant", "array_construct('b', 1)", True),
        ("v:s::variant", "v:l", True),
        ("v:n", "v:l", False),
        ("'x'::variant", "v:l", False),
        ("null::variant", "v:l", None),
        ("'a'::variant", "v:missing", None),
    ],
)
def test_an_array_contains_its_own_values_and_not_theirs(
    run: Run, value: str, array: str, expected: bool | None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_contains"""
    source = """(select parse_json('{"s": "t", "n": 7, "l": ["t", ["x"], null]}') v)"""
    assert one(run, f"select array_contains({value}, {array}) from {source}") is expected


_MADE = {
    "DATE": ("'2026-01-31'::date", date(2026, 1, 31)),
    "TIME": ("'10:11:12'::time", clock(10, 11, 12)),
    "TIMESTAMP_NTZ": ("'2026-01-31 10:11:12'::timestamp", datetime(2026, 1, 31, 10, 11, 12)),
    "TIMESTAMP_LTZ": (
        "'2026-01-31 10:11:12 +0000'::timestamp_ltz",
        datetime(2026, 1, 31, 10, 11, 12, tzinfo=UTC),
    ),
    "TIMESTAMP_TZ": (
        "'2026-01-31 10:11:12 +0000'::timestamp_tz",
        datetime(2026, 1, 31, 10, 11, 12, tzinfo=UTC),
    ),
    "DOUBLE": ("1.5::double", 1.5),
    "BINARY": ("to_binary('snow', 'utf-8')", b"snow"),
}


@pytest.mark.parametrize("kind", _MADE)
def test_a_variant_that_a_query_makes_has_the_type_of_its_value(run: Run, kind: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/as"""
    made, value = _MADE[kind]
    other = "TIME" if kind == "DATE" else "DATE"
    plain = "(select true::variant as b, 5::variant as n, 'x'::variant as t)"
    assert run(f"select is_{kind}(b), is_{kind}(t), as_{other}(n), typeof(n) from {plain}") == [
        (False, False, None, "INTEGER")
    ]
    source = f"(select {made}::variant as v union all select to_variant({made}))"
    asked = f"typeof(v), is_{kind}(v), is_{other}(v), is_varchar(v), as_{kind}(v), as_{other}(v)"
    row = (kind, True, False, False, value, None)
    assert run(f"select {asked}, as_varchar(v) from (select * from {source})") == [(*row, None)] * 2
    assert run(f"select typeof(v), as_{kind}(v) from (select to_variant(null::{kind}) as v)") == [
        (None, None)
    ]


def test_a_variant_of_several_types_or_of_a_table_is_not_known_to_hold_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/is_date-value"""
    made = "to_variant('2026-01-31'::date)"
    for source in (
        f"(select {made} as v union all select 'x'::variant)",
        f"(select iff(true, {made}, 'x'::variant) as v)",
    ):
        for asked in ("is_date", "typeof", "as_varchar", "is_varchar"):
            assert errno(run, f"select {asked}(v) from {source}") == 2
    text = f"(select coalesce('x'::variant, {made}) as v)"
    assert run(f"select typeof(v), is_date(v), as_varchar(v) from {text}") == [
        ("VARCHAR", False, "x")
    ]
    same = f"(select iff(true, {made}, null) as v union all select coalesce({made}, {made}))"
    assert run(f"select typeof(v), is_date(v) from {same}") == [("DATE", True)] * 2
    others = "(select coalesce(5::variant, 'x'::variant) as v union all select true::variant)"
    assert run(f"select typeof(v) from {others}") == [("INTEGER",), ("BOOLEAN",)]


@pytest.mark.parametrize("kind", [kind for kind in _MADE if kind != "DOUBLE"])
def test_a_variant_column_keeps_the_text_of_a_date_or_time_and_knows_that_it_may_be_one(
    run: Run, kind: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    made, _ = _MADE[kind]
    source = f"(select 1 n, {made}::variant v)"
    for statement in (
        f"insert into kept_apart select 1, {made}::variant",
        f"insert into kept_apart select * from {source}",
        f"insert into kept_apart select 1, iff(true, {made}::variant, 5::variant)",
        f"update kept_apart set v = {made}::variant",
        f"merge into kept_apart using {source} s on kept_apart.n = s.n"
        " when not matched then insert values (s.n, s.v)",
        f"create or replace table kept_apart as select 1 n, {made}::variant v",
        f"create or replace table kept_apart (n int, v variant) as select 1, {made}::variant",
    ):
        run("create or replace table kept_apart (n int, v variant)")
        run("insert into kept_apart select 0, 1.5::double::variant")
        run(statement)
        assert errno(run, "select typeof(v) from kept_apart") == 2, statement
    assert run(f"select v::varchar = {made}::varchar from kept_apart") == [(True,)]


def test_a_binary_in_a_variant_is_its_hexadecimal_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    snow = "to_binary('snow', 'utf-8')"
    assert run(
        f"select to_variant({snow}), array_construct({snow}), object_construct('b', x'00ff')"
    ) == [('"736E6F77"', '[\n  "736E6F77"\n]', '{\n  "b": "00FF"\n}')]


@pytest.mark.parametrize(
    "call", ["is_array('x')", "is_char(d)", "is_null_value(d)", "is_date(d)", "as_integer('1')"]
)
def test_what_asks_a_variant_takes_no_texts_and_dates(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/is_char-varchar"""
    assert errno(run, f"select {call} from (select current_date as d)") == 1044


def test_numbers_and_truths_become_the_variants_that_are_asked_for(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.is_array
    https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    asked = "is_array(b), is_boolean(b), is_integer(n), is_char(n), as_integer(n), is_null_value(n)"
    assert run(f"select {asked} from (select true as b, 5 as n)") == [
        (False, True, True, False, 5, False)
    ]


_ONLY_FOR_SNOWFLAKE = [
    ("{a:1}", '{"a":1}'),
    ("{'a': 'it\\'s \"x\"'}", '{"a":"it\'s \\"x\\""}'),
    ("[{a: 1, b : [2, 'c']}, {\"a\": 3, $b: 0}]", '[{"a":1,"b":[2,"c"]},{"$b":0,"a":3}]'),
    ("'x'", '"x"'),
    ('{"a": "x, b: \'c\'", c: 1.50}', '{"a":"x, b: \'c\'","c":1.5}'),
]


@pytest.mark.parametrize(("text", "document"), _ONLY_FOR_SNOWFLAKE)
def test_json_has_texts_in_single_quotes_and_keys_without(
    run: Run, text: str, document: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.check_json
    https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrameWriter.json"""
    expected = [(document, document, None)]
    read = "to_json(parse_json({0})), to_json(try_parse_json({0})), check_json({0})"
    constant = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    assert run(f"select {read.format(constant)}") == expected
    assert run("select to_json(parse_json(?))", text) == [(document,)]
    run("create or replace table texts (t varchar)")
    run("insert into texts values (?)", text)
    assert run(f"select {read.format('t')} from texts") == expected


def test_what_is_no_json_is_none_in_any_quotes(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/check_json"""
    for text in ("{'a':}", "{a b: 1}", "{a: b}", "x"):
        run("create or replace table texts (t varchar)")
        run("insert into texts values (?)", text)
        assert run("select try_parse_json(t), check_json(t) is null from texts") == [(None, False)]
        assert errno(run, "select parse_json(t) from texts") == 100069
        constant = text.replace("'", "''")
        assert errno(run, f"select parse_json('{constant}')") == 100069


def test_rows_of_such_json_are_flattened(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    query = "select value:a::int, value:b::varchar from table(flatten(parse_json(?)))"
    assert run(query, "[{a: 1, b: 'x'}, {'a': 2}]") == [(1, "x"), (2, None)]


@pytest.fixture
def equals(run: Run) -> str:
    """A table of VARIANTs that are equal and look different."""
    run("create or replace temporary table equals (id int, v variant)")
    run("insert into equals select 1, 2::float::variant")
    run("insert into equals select 2, parse_json('2')")
    run("""insert into equals select 3, parse_json('{"a": 1.5e0, "b": 1}')""")
    run("""insert into equals select 4, parse_json('{"b": 1, "a": 1.5}')""")
    run("insert into equals select 5, null")
    return "equals"


@pytest.mark.parametrize(
    "query",
    [
        "select distinct v from equals where id in (1, 3)",
        "select distinct * from (select v from equals where id in (1, 3))",
        "select v from equals where id in (1, 3) group by v",
        "select v from equals where id in (1, 3) group by 1",
        "select v as w from equals where id in (1, 3) group by w",
        "select v from equals where id in (1, 3) group by all",
        "select v from equals where id in (1, 3) group by v having count(*) = 1",
        "select any_value(v) from equals where id in (1, 3) group by id",
        "select v from equals where id = 1 union select v from equals where id in (1, 3)",
        "select v from equals where id = 1 union (select v from equals where id = 3"
        " union select v from equals where id = 1)",
        "select v from (select v, id > 1 from equals where id = 1 union all (select * from"
        " (select v, id > 1 from equals where id = 3)) union select * from (select v, id > 1"
        " from equals where id in (1, 3))) order by v::varchar",
        "select e.v from equals e join equals o on e.v = o.v where e.id in (1, 3) group by e.v",
    ],
)
def test_what_is_left_of_equal_variants_keeps_its_floating_point_numbers(
    run: Run, equals: str, query: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert sorted(row[0] for row in run(query)) == [
        "2.000000000000000e+00",
        '{\n  "a": 1.500000000000000e+00,\n  "b": 1\n}',
    ]


def test_a_union_of_variants_is_ordered_and_limited_as_any_other(run: Run, equals: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    union = "select id > 2 big, v from equals union select id > 2, v from equals"
    rows = run(f"{union} order by big desc, v::varchar limit 1 offset 1")
    assert rows == [(True, None)]
    within = "select 0::variant v union (select v from equals where id < 3 union select 7::variant"
    assert len(run(f"{within} order by v::int limit 1)")) == 2
    assert len(run(f"{within})")) == 3
    both = "select v from equals where id < 3 union all select 1.5::float::variant"
    assert run(f"{both} order by v::float desc limit 1") == [("2.000000000000000e+00",)]
    assert run(f"{both} order by v limit 1") == [("1.500000000000000e+00",)]
    run("create or replace temporary table kept as select v from equals union select v from equals")
    run("insert into kept select v from equals union select v from kept")
    assert run("select count(*), count(v) from kept") == [(6, 4)]
    run("create or replace temporary view united as select v from equals union select 2::variant")
    assert run("select count(*) from united") == [(3,)]


def test_equal_variants_are_one_wherever_rows_are_put_together(run: Run, equals: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/group-by
    https://docs.snowflake.com/en/sql-reference/functions/equal_null"""
    assert len(run("select distinct v from equals")) == 3
    assert sorted(n for _, n in run("select v, count(*) from equals group by v")) == [1, 2, 2]
    assert run("select count(distinct v) from equals") == [(2,)]
    counted = "select id, count(*) over (partition by v) from equals order by id"
    assert run(counted) == [(1, 2), (2, 2), (3, 2), (4, 2), (5, 1)]
    numbered = "select row_number() over (partition by v order by max(id)) from equals group by v"
    assert run(numbered) == [(1,), (1,), (1,)]
    two = "2.0::variant"
    assert run(
        f"select equal_null(v, {two}), v is distinct from {two}, v in ({two}, 3::variant),"
        f" v in (select {two}), nullif(v, {two}) is null, decode(v, {two}, 'y', 'n'),"
        f" case v when {two} then 'y' else 'n' end from equals where id = 1"
    ) == [(True, False, True, True, True, "y", "y")]
    assert run("select case v when 2 then 'y' end, decode(v, 2, 'y') from equals where id = 2") == [
        ("y", "y")
    ]
    exact = "select v from equals where id in (2, 5)"
    assert sorted(map(str, run(f"{exact} union {exact}"))) == ["('2',)", "(None,)"]
    assert run(f"{exact} intersect select 2.0::variant") == [("2",)]
    assert run(f"{exact} except select 2.0::variant") == [(None,)]
    assert run(f"select * from ({exact}) union select * from (select 2.0::variant)") != []
    assert len(run(f"select * from ({exact}) union select * from (select 2.0::variant)")) == 2
    assert run("select mode(v), array_agg(distinct v) from equals where id = 2") == [
        ("2", "[\n  2\n]")
    ]
    sets = "select v, count(*) from equals where id in (2, 5) group by rollup(v)"
    assert sorted(run(sets), key=str) == [("2", 1), (None, 1), (None, 2)]


@pytest.mark.parametrize(
    "query",
    [
        "select v, v from equals union select v, v from equals",
        "select v from equals intersect select v from equals",
        "select mode(v) from equals",
        "select array_agg(distinct v) from equals",
        "select array_unique_agg(v) from equals",
        "select v, count(*) from equals group by cube(v)",
    ],
)
def test_where_equal_variants_would_lose_floating_point_numbers_they_are_refused(
    run: Run, equals: str, query: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert errno(run, query) == 2


NO_NUMBERS = ("1_000", "0x10", "0b1", "12abc", "")


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_text_in_a_variant_is_a_number_where_snowflake_reads_one(run: Run, text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    run("create or replace table held (v variant, n number, d number(10, 2), f float)")
    run(f'insert into held (v) select parse_json(\'{{"x": "{text}", "a": ["{text}"]}}\')')
    for value in ("v:x", "v:a[0]", "get(v, 'x')", "get_path(v, 'x')", f"'{text}'::variant"):
        for kind in ("int", "number(10, 2)", "float"):
            assert error(run, f"select {value}::{kind} from held") in (100038, 100071)
        for call in ("to_number({})", "to_double({})", "{} + 1", "sum({})", "round({})"):
            assert error(run, f"select {call.format(value)} from held") in (100038, 100071)
        for column in ("n", "d", "f"):
            assert error(run, f"insert into held ({column}) select {value} from held") in (
                100038, 100071,
            )  # fmt: skip
            assert error(run, f"update held set {column} = {value}") in (100038, 100071)
    many = "v:x::int, v:a[0]::varchar, v:y::int, v:z"
    assert error(run, f"select {many} from held") == 100038
    flat = "from held, lateral flatten(input => v:a) f"
    assert error(run, f"select f.value::int {flat}") == 100071
    assert error(run, f"insert into held (n) select f.value {flat}") == 100071
    bound = "from table(flatten(parse_json(?)))"
    for array in (f'[{{"x": "{text}"}}]', f'[{{"x": "{text}", "y": 1.5}}]'):
        assert error(run, f"select value:x::int {bound}", array) == 100038
        assert error(run, f"select value:x::float, value:x {bound}", array) == 100038
    assert run("select count(n), count(d), count(f) from held") == [(0, 0, 0)]


def test_numbers_and_their_texts_in_a_variant_are_cast_as_they_are_written(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    document = '{"a": 1.005, "b": " 7 ", "c": "1.5e1", "d": 12345678901234567890123456789012345678}'
    digits = 12345678901234567890123456789012345678
    found = "v:a::number(10, 2), v:b::int, v:c::float, v:d::number(38, 0), v:d::varchar"
    expected = [(D("1.01"), 7, 15.0, digits, str(digits))]
    assert run(f"select {found} from (select parse_json('{document}') v)") == expected
    assert run(f"select {found} from (select parse_json(?) v)", document) == expected
    value = found.replace("v:", "value:")
    bound = f"[{document}]"
    assert run(f"select {value} from table(flatten(parse_json(?)))", bound) == expected


def test_the_error_of_a_cast_says_what_is_in_the_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_double"""
    for cast, kind in (("int", "FIXED"), ("float", "REAL")):
        for text in ("1_000", "abc"):
            said = failure(run, f"select '{text}'::variant::{cast}")[1]
            assert said.endswith(f'Failed to cast variant value "{text}" to {kind}')


def test_an_object_is_made_of_the_values_of_a_variant_as_they_are(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    held = f"from (select {EVENT} as v)"
    expected = {
        "object_construct('n', v:n, 's', v:s, 't', v:t, 'o', v:a, 'z', v:zz)::varchar":
            '{"n":10,"o":{"b":[1,2]},"s":"text","t":true}',
        "object_construct_keep_null('n', v:n, 'z', v:zz)::varchar": '{"n":10,"z":null}',
        "object_construct(v:s::varchar, v:n, v:zz::varchar, 1)::varchar": '{"text":10}',
        "array_construct(v:n, v:s)::varchar": '[10,"text"]',
        "object_agg('n', v:n)::varchar": '{"n":10}',
        "array_position(2, v:a.b)": 1,
        "array_contains(2, v:a.b)": True,
        "bitand(v:n, 2)": 2,
        "v:n is not distinct from 10": True,
    }  # fmt: skip
    assert wrong_answers(run, expected, held) == {}


def test_an_object_is_made_of_what_groups_have(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    rows = "from values ('a', 1), ('b', 2), ('a', 3) v (k, n)"
    said = "object_construct(k, count(*), 'most', max(n))"
    grouped = f"select {said}::varchar {rows} group by k"
    assert sorted(run(grouped)) == [('{"a":2,"most":3}',), ('{"b":1,"most":2}',)]
    assert run(f"{grouped} having {said}:most > 2") == [('{"a":2,"most":3}',)]
    key = "object_construct(k, 1)"
    assert run(f"select {key}::varchar, count(*) {rows} group by {key} order by 2") == [
        ('{"b":1}', 1), ('{"a":1}', 2),
    ]  # fmt: skip
    written = "object_construct('é\"', 'x\\n\"', 'n', null, 'q', (select 1))::varchar"
    assert run(f"select {written}") == [('{"q":1,"é\\"":"x\\n\\""}',)]
    assert error(run, f"select object_construct(k, 1, 'b', 2) {rows}") == 100079
    assert run("select object_construct_keep_null(null, 1, 'a', null)::varchar") == [
        ('{"a":null}',)
    ]


def test_what_is_chosen_beside_a_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    held = f"from (select {EVENT} as v, '12' as s, 1.5::float as f)"
    expected = {
        "coalesce(v:zz, 'd')": "d",
        "coalesce(v:s, 'd')": "text",
        "coalesce(v:zz, s)": "12",
        "nvl(v:zz, '5')": "5",
        "nvl(v:zz, 5)": "5",
        "iff(false, v:s, 'x')": "x",
        "nvl2(v:zz, v:s, s)": "12",
        "case when v:zz is null then s else v:n end": "12",
        "decode(1, 2, v:s, 'x')": "x",
        "coalesce(v:zz, 'abc')::varchar || 'd'": "abcd",
        "coalesce(v:zz, 'abc') = 'abc'": True,
        "upper(coalesce(v:zz, 'abc'))": "ABC",
        "coalesce(v:n, 'abc')::int": 10,
        "typeof(coalesce(v:zz, f))": "DOUBLE",
        "nullif(v:s, 'text')": None,
        "nullif(v:n, 11)": "10",
        "greatest(v:s, 'x')": "x",
        "greatest(v:n, v:s)": '"text"',
    }
    assert wrong_answers(run, expected, held) == {}
    assert error(run, f"select least(v:n, 5) {held}") == 2


def test_functions_take_the_text_or_the_number_of_a_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    held = 'from (select parse_json(\'{"t": "a,b", "n": 3, "f": 1.5}\') as v)'
    expected = {
        "base64_encode(v:t)": "YSxi",
        "octet_length(v:t)": 3,
        "unicode(v:t)": 97,
        "strtok(v:t, ',', 2)": "b",
        "trunc(v:f)": 1.0,
        "width_bucket(v:n, 0, 10, 5)": 2,
    }
    assert wrong_answers(run, expected, held) == {}


def test_a_key_of_an_object_is_a_text(run: Run) -> None:
    """OBJECT_AGG takes the text of a VARIANT, OBJECT_CONSTRUCT texts alone.

    https://docs.snowflake.com/en/sql-reference/functions/object_agg
    https://docs.snowflake.com/en/sql-reference/functions/object_construct
    """
    held = f"from (select {EVENT} as v, 7 as i, 1.5::float as f, true as b)"
    expected = {
        "object_construct(i::varchar, 1, v:s::varchar, 2)::varchar": '{"7":1,"text":2}',
        "object_construct(upper(v:s), 1, null, 2, 'x', v)['TEXT']": "1",
        "object_construct_keep_null(i::varchar, null)::varchar": '{"7":null}',
        "transform(['a'], x -> object_construct(x::varchar, 1))::varchar": '[{"a":1}]',
        "transform(['a'], x varchar -> object_construct(x, 1))::varchar": '[{"a":1}]',
        "transform(['a'], x -> {'x': 1})::varchar": '[{"x":1}]',
        "object_agg(v:s, v:n)::varchar": '{"text":10}',
        "object_agg(v:n, 1)::varchar": '{"10":1}',
        "object_agg(i, 1)::varchar": '{"7":1}',
        "object_insert({}, v:s, 1)::varchar": '{"text":1}',
        "object_insert({}, v:n, 1)::varchar": '{"10":1}',
    }
    assert wrong_answers(run, expected, held) == {}
    numbers = "from values ('1'), ('2') v (n)"
    assert run(f"select object_construct(n, 1)::varchar {numbers} order by 1") == [
        ('{"1":1}',), ('{"2":1}',),
    ]  # fmt: skip
    grouped = f'select n {numbers} group by n having object_construct(n, count(*)):"2" = 1'
    assert run(grouped) == [("2",)]
    refused = {
        "object_construct(i, 1)": "OBJECT_CONSTRUCT does not support NUMBER(1,0)",
        "object_construct('a', 1, b, 1)": "OBJECT_CONSTRUCT does not support BOOLEAN",
        "object_construct(current_date, 1)": "OBJECT_CONSTRUCT does not support DATE",
        "object_construct(v:s, 1)": "OBJECT_CONSTRUCT does not support VARIANT",
        "object_construct('a'::variant, 1)": "OBJECT_CONSTRUCT does not support VARIANT",
        "object_construct_keep_null(v, 1)": "OBJECT_CONSTRUCT_KEEP_NULL does not support VARIANT",
        "transform(['a'], x -> object_construct(x, 1))":
            "OBJECT_CONSTRUCT does not support VARIANT",
    }  # fmt: skip
    for called, text in refused.items():
        number, said = failure(run, f"select {called} {held}")
        assert (number, text in said) == (2270, True), called


def test_a_path_goes_on_behind_brackets(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured"""
    held = """from (select parse_json('{"a": {"b": {"c": [{"d": 5}]}, "x y": {"B": 1}}}') as v,
        [{'a': 1, 'b': {'c': 2}}] as l, 0 as i)"""
    expected = {
        "v['a'].b.c[0].d": "5",
        "v['a'].B": None,
        "v['a'].\"b\"['c'][0].d::int + 1": 6,
        "v:a['x y'].B": "1",
        "v['a'].b:c[0].d": "5",
        "l[0].a": "1",
        "l[0].b.c": "2",
        "l[i].b.c": "2",
        "transform(l, x -> x['b'].c)::varchar": "[2]",
    }
    assert wrong_answers(run, expected, held) == {}
    refused = {
        "(v:a).b": (1003, "unexpected '.'"),
        "get(v, 'a').b": (1003, "unexpected '.'"),
        "parse_json('{}').b": (1003, "unexpected '.'"),
        "v.a": (904, "invalid identifier 'V.A'"),
        "v.a.b": (904, "invalid identifier 'V.A.B'"),
        "transform(l, x -> x.a)": (904, "invalid identifier 'X.A'"),
    }
    for called, (expected_number, text) in refused.items():
        number, said = failure(run, f"select {called} {held}")
        assert (number, text in said) == (expected_number, True), called
    assert run(f"select v.v['a'].b.c[0].d, v.i {held} v") == [("5", 0)]
    assert errno(run, f"select v.a {held} v") == 904


def test_a_whole_number_with_an_exponent_is_a_double_that_is_shown_whole(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof
    https://docs.snowflake.com/en/sql-reference/functions/is_double-real
    """
    source = '(select parse_json(\'{"n": 1e2, "none": 0e0, "all": [-1.5e1]}\') as v)'
    kinds = "typeof(v:n), typeof(v:none), typeof(v:all[0])"
    asked = "is_double(v:n), is_integer(v:n), is_decimal(v:n), as_double(v:none), as_integer(v:n)"
    assert run(f"select {kinds}, {asked} from {source}") == [
        ("DOUBLE", "DOUBLE", "DOUBLE", True, False, False, 0.0, None)
    ]
    shown = (
        "v:n, v:none, v:all::varchar, to_json(v:n), v:n::varchar, v:n::int, v:none::number(3, 1)"
    )
    assert run(f"select {shown} from {source}") == [
        ("100", "0", "[-15]", "100", "100", 100, Decimal("0.0"))
    ]
    compared = "v:n = 100, v:n = parse_json('100'), v:n + 1, array_contains(-15::variant, v:all)"
    assert run(f"select {compared} from {source}") == [(True, True, 101.0, True)]


def test_a_truth_in_a_variant_becomes_a_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    source = '(select parse_json(\'{"yes": true, "no": false}\') as v)'
    numbers = "v:yes::int, v:no::number(3, 1), v:yes::float, to_number(v:no), v:yes + 1"
    assert run(f"select {numbers} from {source}") == [(1, Decimal("0.0"), 1.0, 0, 2.0)]


@pytest.mark.parametrize(
    ("json", "shown"),
    [
        ('"abc"', '"abc"'), ('"true"', '"true"'),
        ("[1, 2]", "[1,2]"), ('{"b": 1}', '{"b":1}')
    ],
)  # fmt: skip
def test_what_is_no_number_in_a_variant_does_not_become_one(
    run: Run, json: str, shown: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    for target, kind in (("int", "FIXED"), ("number(5, 2)", "FIXED"), ("float", "REAL")):
        for value in ("v:a", "v:b[0]"):
            document = f'{{"a": {json}, "b": [{json}]}}'
            found = failure(
                run, f"select {value}::{target} from (select parse_json(?) as v)", document
            )
            assert found == (
                100071,
                f"100071 (22000): Failed to cast variant value {shown} to {kind}",
            )


def test_what_is_no_moment_in_a_variant_does_not_become_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    for json in ("true", "[1]", '{"a":1}'):
        assert failure(run, "select to_timestamp(parse_json(?))", json) == (
            100071,
            f"100071 (22000): Failed to cast variant value {json} to TIMESTAMP_NTZ",
        )


def test_what_a_filter_answers_is_a_truth(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/filter"""
    assert run("select filter([1, 0], x -> x > 0)[0], filter(['a'], x -> x like 'b')") == [
        ("1", "[]")
    ]
    for answer in ("x", "1", "'true'", "x:a", "x::int"):
        assert errno(run, f"select filter([1, 0], x -> {answer})") == 2


def test_ascii_is_of_letters_of_ascii(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/ascii"""
    assert run("select ascii('aé'), ascii(''), ascii(null), unicode('é')") == [(97, 0, None, 233)]
    assert errno(run, "select ascii('é')") == 2


@pytest.mark.parametrize(
    "value",
    [
        "(1 / 3::float)", "(0.1::float + 0.2::float)", "1.2345678901234567::float",
        "-1.7976931348623157e308::float", "2.2250738585072014e-308::float", "0::float",
        "2.5::float",
    ],
)  # fmt: skip
def test_a_floating_point_number_comes_out_of_a_variant_as_it_went_in(run: Run, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    [(number,)] = run(f"select {value}")
    run(f"create or replace table floats as select {value} as x, {value}::variant as v")
    [row] = run(
        "select v::float, x::variant::double, to_double(v), as_double(v),"
        " array_construct(x)[0]::float, object_construct('a', x):a::float, v = x from floats"
    )
    assert row == (*[number] * 6, True)
    [(parsed, inner)] = run(
        f"select parse_json('{number!r}')::float, parse_json('[{number!r}]')[0]::float"
    )
    assert (parsed, inner) == (number, number)


def test_a_null_of_json_may_be_written_in_upper_case(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    assert run(
        "select object_construct('One', parse_json('NULL'), 'Two', null, 'Three', 'null'),"
        " typeof(parse_json(' NULL ')), try_parse_json('NULL'), check_json('NULL')"
    ) == [('{\n  "One": null,\n  "Three": "null"\n}', "NULL_VALUE", "null", None)]
