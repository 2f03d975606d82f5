"""Where VARIANTs are compared or made one, a date, time, timestamp or BINARY inside of them is no
text: JSON has it as one, so what may be either is refused, all else is what it is."""

from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.fixture(scope="module")
def dated(account: Any, database: str) -> None:
    """A table that has a date in its one row, and texts beside it."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        opened.cursor().execute("create table kept (n int, o object, v variant, a array)")
        opened.cursor().execute(
            "insert into kept select 1, {'at': '2026-01-31'::date, 'day': '2026-01-31',"
            " 'who': 'Ada', 'name': 'Ada', 'n': 5}, 'x'::variant, ['wine', 1, null]"
        )


_COMPARED = [
    "{0} = {1}",
    "{0} <> {1}",
    "{0} is distinct from {1}",
    "{0} is not distinct from {1}",
    "equal_null({0}, {1})",
    "nullif({0}, {1})",
    "{0} in ({1}, 'x'::variant)",
    "{0} not in ({1})",
    "{0} in (select {1} from kept)",
    "case {0} when {1} then 1 end",
    "decode({0}, {1}, 1, 2)",
    "array_contains({0}, [{1}])",
    "array_position({0}, [{1}])",
    "array_remove([{0}], {1})",
    "array_except([{0}], [{1}])",
    "array_intersection([{0}], [{1}])",
    "arrays_overlap([{0}], [{1}])",
    "array_distinct([{0}, {1}])",
    "filter([{0}], x -> x = {1})",
    "[{0}] = [{1}]",
    "{{'a': {0}}}::variant = {{'a': {1}}}::variant",
]


@pytest.mark.parametrize("compared", _COMPARED)
def test_a_date_inside_of_a_variant_is_not_said_to_equal_a_text(
    run: Run, dated: None, compared: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    unclear = compared.format("o:at", "o:day")
    assert errno(run, f"select {unclear} from kept") == 2
    assert len(run(f"select {compared.format('o:who', 'o:name')} from kept")) == 1


_MADE_ONE = [
    "select distinct {0} from kept",
    "select distinct * from (select {0} from kept)",
    "select count(distinct {0}) from kept",
    "select count(distinct {0}, n) from kept",
    "select {0}, count(*) from kept group by {0}",
    "select {0} as k, count(*) from kept group by k",
    "select {0}, count(*) from kept group by 1",
    "select {0}, count(*) from kept group by all",
    "select k, v from (select {0} as k, v from kept) group by rollup (k, v)",
    "select {0} from kept union select {0} from kept",
    "select {0} from kept intersect select {0} from kept",
    "select {0} from kept except select 5::variant",
    "select row_number() over (partition by {0} order by n) from kept",
    "select x.n from kept x join kept y on x.{0} = y.{0}",
    "select n from kept where {0} in (select {0} from kept)",
    "select mode({0}) from kept",
    "select array_agg(distinct {0}) from kept",
    "select array_unique_agg({0}) from kept",
    "select array_union_agg([{0}]) from kept",
]


@pytest.mark.parametrize("made_one", _MADE_ONE)
def test_what_may_be_a_date_or_a_text_is_not_made_one(run: Run, dated: None, made_one: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured
    https://docs.snowflake.com/en/sql-reference/operators-query"""
    assert errno(run, made_one.format("o:at")) == 2
    assert errno(run, made_one.format("o:day")) == 2
    assert len(run(made_one.format("o:who"))) >= 1


@pytest.mark.parametrize(
    "change",
    [
        "merge into kept using (select '2026-01-31'::variant as k) s on kept.o:at = s.k"
        " when matched then update set n = 2",
        "update kept set n = 2 where o:at = o:day",
        "delete from kept where o:at = o:day",
        "insert into kept (n) select n from kept where o:at = o:day",
    ],
)
def test_dml_changes_nothing_where_it_is_not_known_what_is_equal(
    run: Run, dated: None, change: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    assert errno(run, change) == 2
    assert run("select n from kept") == [(1,)]


def test_values_of_one_known_type_are_equal_where_their_texts_are(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    for one, other in (
        ("'2026-01-31'::date", "'2026-02-01'::date"),
        ("'10:11:12'::time", "'10:11:13'::time"),
        ("to_binary('00FF')", "to_binary('00FE')"),
        ("'2026-01-31'", "to_variant('2026-02-01')::varchar"),
    ):
        source = f"(select {one} as d, {other} as e, current_date()::variant as unlike)"
        compared = "d::variant = e::variant, d::variant = d::variant, d::variant <> e::variant"
        others = "d::variant in (e::variant, d::variant), equal_null(to_variant(d), e::variant)"
        assert run(f"select {compared}, {others} from {source}") == [
            (False, True, True, True, False)
        ]
        rows = f"(select d::variant as v, e::variant as w from {source})"
        assert run(f"select v = w, v = v, nullif(v, w) is null from {rows}") == [
            (False, True, False)
        ]
        assert run(f"select count(distinct v), count(*) from (select v from {rows})") == [(1, 1)]
        assert run(f"select count(*) from (select distinct v from {rows})") == [(1,)]
        assert run(f"select count(*) from {rows} group by v") == [(1,)]


def test_timestamps_in_variants_are_not_compared(run: Run) -> None:
    """Their JSON has milliseconds, and those with an offset are equal where their moments are.

    https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    for kind in ("timestamp_ntz", "timestamp_ltz", "timestamp_tz"):
        source = f"(select '2026-01-31 10:11:12'::{kind}::variant as v)"
        assert errno(run, f"select v = v from {source}") == 2
        assert errno(run, f"select distinct v from {source}") == 2
        text = run(f"select v::varchar from {source}")
        assert run(f"select distinct v::varchar from {source}") == text


def test_what_is_no_text_of_the_form_of_one_is_compared(run: Run, dated: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/array_contains
    https://docs.snowflake.com/en/sql-reference/functions/array_position"""
    plain = "o:at = 'Ada'::variant, 5::variant = o:at, o:at in ('x'::variant, 5::variant)"
    assert run(f"select {plain}, o:at = null from kept") == [(False, False, False, None)]
    arrays = "array_contains('wine'::variant, [o:at]), array_contains(5::variant, [o:at])"
    places = "array_position('wine'::variant, a), array_position(o:who, a)"
    assert run(f"select {arrays}, array_contains('wine'::variant, a), {places} from kept") == [
        (False, False, True, 0, None)
    ]
    keys = "{'2026-01-31': o:n}::variant = {'2026-01-31': 5}::variant"
    assert run(f"select {keys}, o:n = o:n from kept") == [(True, True)]
    assert run("select distinct v from kept") == [('"x"',)]


def test_a_date_and_a_text_are_compared_with_a_variant_as_they_are_without_one(
    run: Run, dated: None
) -> None:
    """The VARIANT becomes a date, or its text.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    day = "'2026-01-31'::date"
    assert run(f"select o:at = {day}, {day} = o:at, o:day = {day}, o:at = '2026-01-31'"
               f" from kept where o:at in ({day}) and o:at = o:day::varchar") == [
        (True, True, True, True)
    ]  # fmt: skip
    assert run("select count(distinct o:at::date) from kept") == [(1,)]


def test_json_that_was_read_is_compared_as_it_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    run("create or replace table events (v variant)")
    run("""insert into events select parse_json('{"d": "2026-01-31", "e": "2026-01-31"}')""")
    run("insert into events select v from events")
    assert run("select distinct v:d, v:d = v:e, v:d = '2026-01-31'::variant from events") == [
        ('"2026-01-31"', True, True)
    ]
    assert run("select count(distinct v), count(distinct v:d) from events") == [(1, 1)]


def test_a_view_that_compares_and_did_not_know_of_dates_is_to_be_created_again(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create or replace table base (a array)")
    run("insert into base select ['2026-01-31']")
    view = "create or replace view distincts as select distinct a from base"
    run(view)
    run("create or replace view found as select a from base where array_contains('x'::variant, a)")
    assert len(run("select a from distincts")) == 1
    run("insert into base select ['2026-01-31'::date]")
    assert errno(run, "select a from distincts") == 2
    assert errno(run, "select a from found") == 2
    run(view)
    assert errno(run, "select a from distincts") == 2
    run("create or replace view distincts as select distinct a[1] as b from base")
    assert run("select b from distincts") == [(None,)]


@pytest.mark.parametrize(
    "cast",
    [
        "o:at::date",
        "to_date(o:at)",
        "o:at::time",
        "to_time(o:at)",
        "o:at = '2026-01-31'::date",
        "o:at in ('2026-01-31'::date)",
        "o:at < '2026-01-31'::date",
        "v::timestamp",
        "to_timestamp(v)",
        "v::timestamp_tz",
        "v = '2026-01-31'::timestamp",
        "v = '2026-01-31'::timestamp_tz",
    ],
)
def test_what_may_be_of_one_kind_becomes_none_of_another(run: Run, cast: str) -> None:
    """A timestamp inside of a VARIANT does not become a date, which a text of its form does.

    https://docs.snowflake.com/en/sql-reference/functions/to_date
    https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    run("create or replace table moments (o object, v variant)")
    text = "2026-01-31 10:11:12.000"
    run(f"insert into moments select {{'at': '{text}'::timestamp}}, '2026-01-31'::date::variant")
    assert errno(run, f"select {cast} from moments") == 2
    same = "o:at::timestamp = o:at::timestamp_ntz, v::date = to_date(v), v = '2026-01-31'::date"
    apart = (
        "o:at::varchar::date = o:at::timestamp::date, v::date::timestamp = v::varchar::timestamp"
    )
    assert run(f"select {same}, {apart} from moments") == [(True, True, True, True, True)]
    assert run(f"select parse_json('\"{text}\"')::date::varchar") == [("2026-01-31",)]
