"""VARIANTs that are compared with numbers and BOOLEANs, that are conditions, and in an order."""

from typing import Any

import pytest
from shared import one_database

from conformance.shared import Failed, Run, error, failure, wrong_answers

database = pytest.fixture(scope="module")(one_database)
EVENT = (
    '{"one": 1, "text": "1", "word": "x", "half": 1.5, "long": 9007199254740993, "truth": true,'
    ' "true": "true", "off": "off", "null": null, "list": [1], "float": 2.5e0}'
)
FROM = "from held"


@pytest.fixture(scope="module", autouse=True)
def held(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        for statement in (
            "create table held (v variant, a array, o object, n int, b boolean, s varchar, d date)",
            "insert into held (v, a, o, n, b)"
            f" select parse_json('{EVENT}'), [1], {{'k': 1}}, 1, true",
            "create table none like held",
        ):
            opened.cursor().execute(statement)


def test_a_number_beside_a_variant_is_read_as_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "'1'::variant = 1": False,
        "parse_json('\"1\"') = 1": False,
        "1 = '1'::variant": False,
        "'x'::variant <> 1": True,
        "v:one = 1": True,
        "v:one = n": True,
        "n = v:one": True,
        "v:one = 1.0": True,
        "v:text = 1": False,
        "v:text = n": False,
        "n <> v:text": True,
        "v:word = n": False,
        "v:half = 1.50": True,
        "v:half = n": False,
        "v:float = 2.5": True,
        "v:truth = 1": False,
        "v:null = 1": False,
        "v:null <> n": True,
        "v:list = 1": False,
        "v:gone = 1": None,
        "v:gone = n": None,
        "v:long = 9007199254740992": False,
        "v:long = 9007199254740993": True,
        "v:long = 9007199254740993 + n - 1": True,
        "v:text in (1, 2)": False,
        "v:one in (2, n)": True,
        "v:text not in (1, null)": None,
        "v:text in (select n from held)": False,
        "n in (select v:one from held)": True,
        "decode(v:text, 1, 'number', 'other')": "other",
        "case v:one when 1 then 'one' when 2 then 'two' end": "one",
        "case n when v:text then 'text' when v:one then 'one' end": "one",
        "nullif(v:text, 1)::varchar": "1",
        "nullif(v:one, n)": None,
        "equal_null(v:text, 1)": False,
        "v:text is distinct from n": True,
        "(select count(*) from held x join held y on x.v:text = y.n)": 0,
        "(select count(*) from held x join held y on x.v:one = y.n)": 1,
    }
    assert wrong_answers(run, expected, FROM) == {}
    assert run("select count(*) from held group by v having any_value(v:one) = 1") == [(1,)]


def test_a_variant_is_ordered_beside_a_number_where_it_is_none(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "v:half > 1": True,
        "v:half between 1 and 1.5": True,
        "v:word > 1": True,
        "1 < v:text": True,
        "v:truth < 1": True,
        "v:gone > 1": None,
        "v:null > 1": True,
        "v:list > 1": True,
        "v:one > true": True,
        "v:one < true": False,
        "v:null < true": False,
        "v:text > true": True,
        "v:list > b": True,
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_boolean_on_the_right_of_a_variant_is_read_as_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "v:truth = true": True,
        "v:truth = b": True,
        "v:one = true": False,
        "v:true = true": False,
        "v:null = true": False,
        "v:gone = true": None,
        "v:one in (true, false)": False,
        "v:truth in (select b from held)": True,
        "decode(v:true, true, 1, 2)": 2,
        "equal_null(v:one, true)": False,
        "true = v:true": True,
        "false = v:off": True,
        "b = v:truth": True,
        "b = v:null": None,
        "b = v:one": Failed(100071),
        "b in (v:word)": Failed(100071),
        "(select count(*) from held x join held y on x.b = y.v:true)": 1,
        "(select count(*) from held x join held y on x.v:true = y.b)": 0,
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_variant_beside_values_of_several_types_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "v:one in (1, '1')": Failed(2),
        "v:one between 0 and '5'": Failed(2),
        "case v:one when 1 then 1 when 'x' then 2 end": Failed(2),
        "v:one in (v:text, 1)": Failed(2),
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_variant_is_a_boolean_where_it_holds_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_boolean"""
    expected = {
        "v:truth::boolean": True,
        "v:true::boolean": True,
        "to_boolean(v:off)": False,
        "v:null::boolean": None,
        "v:gone::boolean": None,
        "not v:truth": False,
        "v:truth and b": True,
        "v:off or false": False,
        "iff(v:truth, 1, 2)": 1,
        "case when v:off then 1 else 2 end": 2,
        "v:truth is true": True,
        "count_if(v:truth)": 1,
        "boolor_agg(v:off)": False,
    }
    assert wrong_answers(run, expected, FROM) == {}
    refused = {
        "v:one::boolean": "1",
        "1::variant::boolean": "1",
        "to_boolean(v:word)": '"x"',
        "not v:one": "1",
        "v:list and true": "[1]",
        "iff(v:half, 1, 2)": "1.5",
    }
    for value, said in refused.items():
        number, text = failure(run, f"select {value} {FROM}")
        assert number == 100071
        assert text.endswith(f"Failed to cast variant value {said} to BOOLEAN")


def test_only_a_boolean_is_a_condition(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/where"""
    refused = {
        "select 1 from none where v": "[VARIANT] for predicate [NONE.V]",
        "select 1 from none where (v:x)": "[VARIANT] for predicate",
        "select 1 from none where a": "[ARRAY] for predicate [NONE.A]",
        "select 1 from none where o": "[OBJECT] for predicate [NONE.O]",
        "select 1 from none where d": "[DATE] for predicate [NONE.D]",
        "select 1 from none where n": "[NUMBER(38,0)] for predicate [NONE.N]",
        "select 1 from none where 'true'": "[VARCHAR(4)] for predicate ['true']",
        "select 1 from none x join none y on x.v": "[VARIANT] for predicate [X.V]",
        "select n from none group by n having max(d)": "[DATE] for predicate [MAX(NONE.D)]",
        "select n from none qualify row_number() over (order by n)": "[NUMBER(18,0)] for predicate",
        "update none set n = 1 where v": "[VARIANT] for predicate [NONE.V]",
        "delete from none where s": "[VARCHAR(16777216)] for predicate [NONE.S]",
        "merge into none using held h on h.v when matched then delete": "[VARIANT] for predicate",
    }
    for statement, said in refused.items():
        number, text = failure(run, statement)
        assert (number, f"Invalid data type {said}" in text) == (2, True), statement
    for taken in ("v and b", "not v", "b", "v::boolean", "null", "v is null", "n = 1"):
        assert run(f"select 1 from none where {taken}") == []


def test_what_takes_numbers_takes_no_arrays_and_objects(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    refused = {
        "sum(a)": "'SUM': (ARRAY)",
        "avg(distinct o)": "'AVG': (OBJECT)",
        "a + 1": "'+': (ARRAY)",
        "2 * o": "'*': (OBJECT)",
        "-a": "'-': (ARRAY)",
        "round(o)": "'ROUND': (OBJECT)",
        "sqrt(a)": "'SQRT': (ARRAY)",
        "abs([1])": "'ABS': (ARRAY)",
    }
    for value, said in refused.items():
        number, text = failure(run, f"select {value} from none")
        assert (number, said in text) == (1044, True), value


def test_elements_are_ordered_among_those_of_their_type(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_sort"""
    zoned = "'2024-01-01 {}'::timestamp_tz"
    two, nine = zoned.format("10:00:00 +0200"), zoned.format("09:30:00 +0000")
    expected = {
        "array_sort([10, 2.5, 1])::varchar": "[1,2.5,10]",
        "array_sort(['b', 'a', null])::varchar": '["a","b",undefined]',
        "array_max([true, false])": "true",
        "array_min([[1], null])": "[\n  1\n]",
        "array_sort([parse_json('null'), 2, 1])::varchar": "[1,2,null]",
        "array_sort(['2024-01-01'::date, '2023-01-01'::date])[0]::date::varchar": "2023-01-01",
        f"array_max([{nine}, {nine}])": '"2024-01-01 09:30:00.000 +0000"',
        "array_sort([1, 'a'])": Failed(2),
        "array_max([true, 1])": Failed(2),
        "array_min([[1], [2]])": Failed(2),
        "array_sort([{'a': 1}, {'a': 0}])": Failed(2),
        "array_sort(['2024-01-01'::date, 'x'])": Failed(2),
        f"array_sort([{two}, {nine}])": Failed(2),
        f"array_max([{two}, {nine}])": Failed(2),
    }
    assert wrong_answers(run, expected) == {}


def test_dml_compares_variants_as_queries_do(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    run("create or replace table changed as select v, n from held")
    assert run("update changed set n = 5 where v:text = 1") == [(0, 0)]
    assert run("update changed set n = 5 where v:one = 1") == [(1, 0)]
    merge = "merge into changed using (select 1 as k) s on v:{} = s.k when matched then delete"
    assert run(merge.format("text")) == [(0,)]
    assert run(merge.format("one")) == [(1,)]
    assert error(run, "delete from changed where v:one") == 2


def test_a_variant_is_stored_as_a_boolean_where_it_holds_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_boolean"""
    run("create or replace table truths (b boolean)")
    for value in ("true::variant", "'off'::variant", "v:truth", "v:null"):
        run(f"insert into truths select {value} from held")
    for value in ("1::variant", "v:one", "v:word"):
        assert error(run, f"insert into truths select {value} from held") == 100071
        assert error(run, f"update truths set b = {value} from held") == 100071
    assert run("select * from truths order by b") == [(False,), (True,), (True,), (None,)]


def test_a_number_of_a_type_with_decimals_is_a_decimal_in_a_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    run("create or replace table prices (d number(10, 2), n number(38, 0))")
    run("insert into prices values (3, 4)")
    run("create or replace table kept (v variant)")
    run("insert into kept select d from prices")
    expected = {
        "typeof(d::variant)": "DECIMAL",
        "typeof((d / 1)::variant)": "DECIMAL",
        "typeof([d][0])": "DECIMAL",
        "typeof({'k': d}:k)": "DECIMAL",
        "typeof(array_agg(d)[0])": "DECIMAL",
        "typeof(max(d)::variant)": "DECIMAL",
        "typeof(n::variant)": "INTEGER",
        "typeof(d::number(10, 0)::variant)": "INTEGER",
        "typeof(0.00::number(10, 2)::variant)": "DECIMAL",
        "typeof(3.00::variant)": "INTEGER",
        "typeof(parse_json('3.00'))": "INTEGER",
        "is_integer(d::variant)": False,
        "is_decimal(d::variant)": True,
        "d::variant": "3",
        "(d - 3)::variant": "0",
        "d::variant::varchar": "3",
        "to_json({'k': d})": '{"k":3}',
        "d::variant = 3": True,
        "d::variant = 3::variant": True,
        "d::variant + 1": 4.0,
        "array_contains(3::variant, [d])": True,
        "array_distinct([d, 3])::varchar": "[3]",
        "hash(d::variant) = hash(3::variant)": True,
        "(select typeof(v) from kept)": "DECIMAL",
        "(select v from kept)": "3",
    }
    assert wrong_answers(run, expected, "from prices group by d, n") == {}


def test_equal_variants_are_one_in_sets_of_groups(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/group-by-rollup"""
    run("create or replace table grouped (v variant, n int)")
    for number, document in enumerate(('{"a": 1}', '{"a": 1.0}', '{"a": "1"}'), start=1):
        run(f"insert into grouped select parse_json('{document}'), {number}")
    rows = [("1", 3), ('"1"', 3), (None, 6)]
    for value, key in (
        ("v:a", "v:a"),
        ("v['a']", "v['a']"),
        ("get(v, 'a')", "get(v, 'a')"),
        ("v:a as k", "k"),
        ("v:a", "1"),
    ):
        for sets in ("rollup", "cube"):
            assert sorted(
                run(f"select {value}, sum(n) from grouped group by {sets}({key})"), key=str
            ) == sorted(rows, key=str)
        assert sorted(
            run(f"select {value}, sum(n) from grouped group by grouping sets (({key}), ())"),
            key=str,
        ) == sorted(rows, key=str)


def test_a_variant_beside_a_value_whose_type_only_the_engine_knows_is_compared_by_it(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "v:text = one": False,
        "v:one = one": True,
        "one = v:text": False,
        "v:text <> one": True,
        "v:text > one": True,
        "v:half > one": True,
        "v:word = x": True,
        "v:truth = truth": True,
        "v:one = truth": False,
        "v:text in (one, 2)": False,
        "v:one in (2, one)": True,
        "one in (v:text, v:one)": True,
        "v:half between one and 2": True,
        "case v:text when one then 1 else 2 end": 2,
        "case v:one when x then 1 when one then 2 end": 2,
        "decode(v:text, one, 1, 2)": 2,
        "decode(v:gone, one, 1, null, 2)": 2,
        "equal_null(v:text, one)": False,
        "v:one is distinct from one": False,
        "nullif(v:one, one)": None,
        "v:gone = one": None,
    }
    values = "from held, (select * from values (1, 'x', true)) w (one, x, truth)"
    assert wrong_answers(run, expected, values) == {}
    run("select v:list, v:one from held")
    scanned = "from held, table(result_scan(last_query_id())) r"
    assert run(f'select v:list = r."V:LIST", v:one = r."V:ONE" {scanned}') == [(True, True)]
    bound = "select v:text = ?, v:one = ?, v:text in (?, 2), v:word = ?, v:one > ?"
    assert run(f"{bound} {FROM}", 1, 1, 1, "x", 0) == [(False, True, False, True, True)]


def test_a_variant_beside_an_array_on_its_left_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "[1] = v:one": True,
        "a = v:list": True,
        "['x'] <> v:word": False,
        "v:one = [1]": False,
        "v:list = a": True,
        "a = [1]": True,
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_variant_on_the_right_of_an_object_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    compared = "select object_construct('a', 1) = {}"
    assert run(compared.format("parse_json('{\"a\": 1.0}')")) == [(True,)]
    assert run(compared.format("parse_json('{\"a\": 2}')")) == [(False,)]
    assert run(compared.format("null::variant")) == [(None,)]
    for other in ("[1]", '"a"', "1"):
        assert error(run, compared.format(f"parse_json('{other}')")) == 100071
    assert run("select parse_json('1') = object_construct('a', 1)") == [(False,)]
