"""VARIANTs in order, as a live account has them: what each of them is comes first."""

import pytest

from conformance.shared import Failed, Run, error, wrong_answers

_DOCUMENTS = (
    '10', '9', '8', '"10"', '"9"', 'true', 'false', 'null', None, '[1]', '{"a":1}', '-1.5', '1e2',
    '"B"', '"a"', '"A"', '[0,5]', '[]', '{"b":0}', '{}', '[1,2]', '["a"]', '{"a":0}',
    '{"a":1,"b":2}',
)  # fmt: skip
_IN_ORDER = [
    7, 6, 12, 3, 2, 1, 13, 4, 5, 16, 14, 15, 20, 19, 23, 11, 24, 18, 17, 10, 21, 22, 8, 9,
]  # fmt: skip


def _fill(run: Run, *documents: str | None) -> None:
    run("create or replace temporary table held (id int, v variant)")
    texts = [f"parse_json('{document}')" if document else "null" for document in documents]
    rows = [f"select {place}, {text}" for place, text in enumerate(texts, start=1)]
    run("insert into held " + " union all ".join(rows))


def _ids(run: Run, order: str, *documents: str | None) -> list[int]:
    if documents:
        _fill(run, *documents)
    return [id for (id,) in run(f"select id from held order by {order}")]


def test_kinds_come_one_after_the_other(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    assert _ids(run, "v, id", *_DOCUMENTS) == _IN_ORDER
    assert _ids(run, "v desc, id") == list(reversed(_IN_ORDER))
    assert _ids(run, "v nulls first, id") == [9, *_IN_ORDER[:-1]]
    assert _ids(run, "v desc nulls last, id") == [*_IN_ORDER[-2::-1], 9]
    listed = "listagg(id, ',') within group (order by v, id)"
    assert run(f"select {listed} from held") == [(",".join(map(str, _IN_ORDER)),)]


def test_objects_go_by_their_larger_names_first(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    one = ('{"a":0}', '{"b":1}', '{"a":5}', '{"b":0}', '{"c":0}', '{"a":"x"}', '{"a":[1]}')
    assert _ids(run, "v", *one, '{"a":true}') == [5, 4, 2, 8, 1, 3, 6, 7]
    two = ('{"a":0,"b":0}', '{"a":0,"c":0}', '{"b":0,"c":0}', '{"a":0,"b":1}', '{"a":1,"b":0}')
    assert _ids(run, "v", *two, '{"aa":0}', '{"b":0}', '{"a":0}') == [7, 3, 6, 8, 2, 1, 4, 5]
    within = ('{"a":{"x":1}}', '{"a":{"x":0}}', '{"a":null}', '{"a":0}', '{"a":"0"}')
    assert _ids(run, "v", *within, '{"a":false}') == [6, 4, 5, 2, 1, 3]
    many = ('{"a":1,"b":2}', '{"a":1,"b":1}', '{"a":2,"b":0}', '{"a":1}', '{"a":1,"b":2,"c":3}')
    assert _ids(run, "v", *many, '{"a":0,"c":9}', '{"z":0}') == [7, 6, 4, 2, 1, 5, 3]


def test_numbers_go_by_their_value_with_all_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    numbers = (
        "12345678901234567890123456789012345678", "9007199254740993", "9007199254740992", "-1e300",
        "0.10000000000000001", "0.1", "-9007199254740993", "-9007199254740992", "1e300",
        "12345678901234567890123456789012345677", "-0.1", "0", "1e2", "99.5",
    )  # fmt: skip
    assert _ids(run, "v", *numbers) == [4, 7, 8, 11, 12, 6, 5, 14, 13, 3, 2, 10, 1, 9]
    texts = ('"é"', '"z"', '"Z"', '""', '"ab"', '"a"', '"😀"')
    assert _ids(run, "v", *texts) == [4, 3, 6, 5, 2, 1, 7]


@pytest.mark.parametrize(
    "query",
    [
        "select v from held order by 1",
        "select v from held order by all",
        "select v as id from held order by id",
        "select v as w, id as v from held order by w",
        "select id, v from held order by 2, 1",
        "select * from held order by 2",
        "select * exclude id from held order by 1",
        "select * rename (v as w) from held order by w",
        "select * replace (v as id) from held order by id",
        "select * ilike 'v%' from held order by 1",
        "select v from held sample (100) order by v",
        "select held.* from held join (select 1 as v) other on true order by 2",
        "select o:x from (select object_construct('x', v) as o from held) order by o:x",
        "select o:x as x from (select object_construct('x', v) as o from held) order by 1",
        "select distinct v from held order by v",
        "select distinct v from held order by 1",
        "select v, count(*) from held group by v order by v",
        "select v as w, count(*) from held group by w order by 1",
        "select v from held where id < 3 union all select v from held where id > 2 order by v",
        "select v from held union select v from held order by 1",
        "select null as v from held where false union all select v from held order by v",
        "select * from (select v from held union all select null from held where false) order by 1",
        "select v from (select v from held union all select null from held where false) order by v",
        "with named as (select v as w from held) select w from named order by w",
        "select nullif(v, parse_json('7')) as v from held order by v",
        "select strip_null_value(v) as v from held order by v",
        "select v from held order by row_number() over (order by v)",
        "select max(v) from held group by id order by 1",
        "select f.value from held, table(flatten([v])) f order by f.value",
    ],
)
def test_what_is_ordered_by_a_variant_however_it_is_named(run: Run, query: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    _fill(run, "10", '"a"', "9", "true")
    for rows in (run(query), run(f"{query} limit 4")):
        shown = [cell for row in rows for cell in row if isinstance(cell, str)]
        assert list(dict.fromkeys(shown)) == ["true", "9", "10", '"a"']


def test_windows_go_by_variants(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    _fill(run, "10", '"a"', "9", "true", None)
    latest = "qualify row_number() over (order by v desc nulls last) = 1"
    assert run(f"select id from held {latest}") == [(2,)]
    ranked = "select id, rank() over (order by v), sum(id) over (order by v) from held order by id"
    assert run(ranked) == [(1, 3, 8), (2, 4, 10), (3, 2, 7), (4, 1, 4), (5, 5, 15)]
    framed = "over (order by v range between 1 preceding and current row)"
    assert error(run, f"select sum(id) {framed} from held") == 2


def test_extremes_follow_the_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/max"""
    _fill(run, *_DOCUMENTS)
    assert run("select min(v), max(v) from held") == [("false", "null")]
    assert run("select min(v), max(distinct v) from held where id between 1 and 5") == [
        ("8", '"9"')
    ]
    assert run("select max(v) over (partition by 1) from held limit 1") == [("null",)]
    arrays = "min(v)::varchar, max(v)::varchar from held where typeof(v) = 'ARRAY'"
    assert run(f"select {arrays}") == [("[]", '["a"]')]
    objects = "min(v)::varchar, max(v)::varchar from held where typeof(v) = 'OBJECT'"
    assert run(f"select {objects}") == [("{}", '{"a":1,"b":2}')]
    assert run("select max(v) from held where id = 9") == [(None,)]


def test_comparisons_follow_the_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-comparison"""
    less = {
        "7 | \"x\"": True, "true | 0": True, '"x" | {"a":1}': True, '{"a":1} | [1]': True,
        "[1] | null": True, "[1] | [0,5]": False, "[] | [1]": True, '{"a":1} | {"b":0}': False,
        '{} | {"a":1}': True, '"a" | "B"': False, '"A" | "a"': True, "10 | 9": False,
        "-1.5 | 1e2": True, '"10" | "9"': True, '"b" | "B"': False, '"Z" | "a"': True,
        '[1,2] | [1,"a"]': True, '[[1]] | [{"a":1}]': False, "[null] | [1]": False,
        "[true] | [0]": True, "1 | 1.0": False,
    }  # fmt: skip
    expected = {}
    for pair, answer in less.items():
        left, right = (f"parse_json('{each}')" for each in pair.split(" | "))
        expected |= {f"{left} < {right}": answer, f"{left} >= {right}": not answer}
    expected |= {
        "greatest(parse_json('7'), parse_json('\"x\"'))": '"x"',
        "least(parse_json('7'), parse_json('\"x\"'), parse_json('8'))": "7",
        "greatest(parse_json('7'), parse_json(null))": None,
        "parse_json('9') between parse_json('8') and parse_json('10')": True,
        "parse_json(null) < parse_json('1')": None,
        "array_construct(1) < to_variant(2)": True,
        "object_construct('a', 1) < parse_json('1')": Failed(100071),
        "parse_json('null') < true": False,
        "to_variant('a') > true": True,
        "to_variant(array_construct()) > true": True,
        "true < to_variant(1)": Failed(100071),
        "parse_json('[1,,2]') < parse_json('[1]')": Failed(2),
    }
    assert wrong_answers(run, expected) == {}


def test_numbers_beside_a_variant_are_compared_with_all_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "parse_json('9007199254740993') > 9007199254740992": True,
        "9007199254740992 < parse_json('9007199254740993')": True,
        "parse_json('9007199254740993') > 9007199254740993.0::number(38, 2)": False,
        "parse_json('5') between -3 and 12345678901234567890": True,
        "12345678901234567890 between parse_json('1') and parse_json('\"a\"')": True,
        "parse_json('{\"p\":12.5}'):p >= 12.5": True,
        "parse_json('0.09999999999999999999') < 0.1": True,
        "parse_json('1.00000000000000001') = 1": False,
        "parse_json('-1.00000000000000001') < -1": True,
        "0.1::float::variant = 0.1": True,
        "array_sort(parse_json('[-9007199254740992,-9007199254740993]'))[0]": "-9007199254740993",
    }
    assert wrong_answers(run, expected) == {}
    _fill(run, *_DOCUMENTS)
    larger = [1, 4, 5, 8, 10, 11, *range(13, 25)]
    for nine in ("9", "9::int", "parse_json('9')"):
        assert run(f"select id from held where v > {nine} order by id") == [(i,) for i in larger]


def test_rows_are_changed_by_the_order_of_variants(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    _fill(run, "10", '"a"', "9")
    run("delete from held where v > parse_json('10')")
    run("update held set id = 7 where v <= parse_json('9')")
    assert run("select id from held order by v") == [(7,), (1,)]
    run(
        "merge into held using (select parse_json('10') as v) s on held.v < s.v"
        " when matched then update set id = 8"
    )
    assert run("select id from held order by v") == [(8,), (1,)]


@pytest.mark.parametrize(
    "query",
    [
        "select * from held order by [v]",
        "select [v] from held order by 1",
        "select [v] as a from held order by all",
        "select [v] as a from held union all select null order by a",
        "select max([v]) from held",
        "select max_by(id, v) from held",
        "select percentile_cont(0.5) within group (order by v) from held",
        "select listagg(distinct v) within group (order by v) from held",
        "select array_agg(distinct v) within group (order by v) from held",
        "select greatest(v, 1) from held",
        "select 1 from held a asof join held b match_condition(a.v >= b.v)",
        "select v from (select '2026-01-31'::date::variant as v) order by v",
        "select max('2026-01-31'::date::variant)",
        "select greatest('2026-01-31'::date::variant, v) from held",
        "select '2026-01-31'::date::variant < v from held",
        "select v, v from held union all select v, v from held order by 1",
        "select * exclude id from held join (select 1 as id) one using (id) order by 1",
    ],
)
def test_what_was_not_measured_is_refused(run: Run, query: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    _fill(run, "10")
    assert error(run, query) == 2


def test_a_table_that_gets_dates_into_its_variants_is_not_ordered_by_them(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run("create or replace table dated (v variant)")
    run("insert into dated select '2026-01-31'::date::variant")
    _fill(run, "10", '"a"')
    run("create or replace temporary view seen as select id from held order by v")
    assert run("select id from seen") == [(1,), (2,)]
    run("insert into held select 3, '2026-01-31'::date::variant")
    assert error(run, "select id from held order by v") == 2
    assert error(run, "select id from seen") == 2
    assert run("select id from held order by v::varchar") == [(1,), (3,), (2,)]


@pytest.mark.parametrize(
    "query",
    [
        "select x from (select v, w from pair) unpivot (x for y in (v, w)) order by x",
        "select x as z from (select v, w from pair) unpivot (x for y in (v, w)) order by z",
        "select distinct x from (select v, w from pair) unpivot (x for y in (v, w)) order by x",
        "select rank() over (order by x) from (select v, w from pair) unpivot (x for y in (v, w))",
        "select max(x) from (select v, w from pair) unpivot (x for y in (v, w))",
        "select greatest(x, x) from (select v, w from pair) unpivot (x for y in (v, w))",
        "select * from (select 1 as g, v from pair) pivot (max(v) for g in (1))",
        "select * from (select 1 as g, v from pair) pivot (any_value(v) for g in (1)) order by 1",
        "select column1 from values (9::variant), (100) order by 1",
        "select v from (select v from pair union all select 100) order by v",
        "select v from (select v from pair union all select 100) order by 1",
        "select * from (select * exclude w from pair a join pair b using (v)) order by v",
    ],
)
def test_what_turns_out_to_be_one_is_not_put_in_another_order(run: Run, query: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    run("create or replace table pair as select 9::variant as v, 100::variant as w")
    assert error(run, query) == 2


def test_what_turns_out_to_be_none_is_put_in_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/unpivot"""
    pivoted = "(select 9 as v, 100 as w) unpivot (x for y in (v, w))"
    assert run(f"select x from {pivoted} order by x desc") == [(100,), (9,)]
    assert run(f"select distinct x from {pivoted} order by x") == [(9,), (100,)]
    assert run(f"select max(x), least(min(x), 5) from {pivoted}") == [(100, 5)]
    assert run(f"select x, rank() over (order by x) from {pivoted} order by 2") == [
        (9, 1),
        (100, 2),
    ]
    assert run(
        "select * from (select 1 as g, 2 as h, 9 as v union all select 2, 2, 100)"
        " pivot (max(v) for h in (2)) order by 2 desc"
    ) == [(2, 100), (1, 9)]


def test_a_name_that_a_query_gives_is_what_it_is_ordered_by(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    run(
        "create or replace table rejected as select * from values ('b: 1', 2), ('a: 2', 1) t (r, n)"
    )
    for by in ("r", "count(*) desc, r", "max(n), r"):
        query = (
            f"select split_part(r, ':', 1) as r, count(*) from rejected group by 1 order by {by}"
        )
        assert run(query) == [("a", 1), ("b", 1)], by
    assert run("select iff(n = 1, 'z', 'y') as n from rejected order by n") == [("y",), ("z",)]
    assert run("select distinct upper(r) as r from rejected order by r desc") == [
        ("B: 1",),
        ("A: 2",),
    ]
    swapped = "select x as y, y as x from (select 2 as a, 1 as b) unpivot (x for y in (a, b))"
    assert run(f"{swapped} order by y") == [(1, "B"), (2, "A")]
    assert run(f"{swapped} order by x") == [(2, "A"), (1, "B")]


def test_what_may_be_an_infinity_has_no_order_and_no_type(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric#special-values"""
    for query in (
        "select typeof('inf'::float::variant)",
        "select typeof('nan'::float::variant)",
        "select '-inf'::float::variant < 1",
        "select max(to_variant(x)) from values ('inf'::float), (1.5::float) as t (x)",
    ):
        assert error(run, query) == 2, query
    assert run("select 'inf'::float::variant > 1, '-inf'::float::variant::float < 1") == [
        (True, True)
    ]
