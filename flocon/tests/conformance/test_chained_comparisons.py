"""Comparisons beside one another, IN and BETWEEN are read from the left; IS binds closer."""

from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("1 = 1 = true", True),
        ("1 < 2 = true", True),
        ("1 = 1 = 1", True),
        ("3 > 2 > 1", False),
        ("2 > 1 in (true)", True),
        ("'x' = 'y' in (false)", True),
        ("'x' = 'y' in (select false)", True),
        ("1 = 1 = 1 in (true)", True),
        ("false = 1 between 0 and 2", True),
        ("1 in (1) = 1 in (1)", True),
        ("1 between 0 and 2 = true", True),
        ("'a' like 'a' = true", True),
        ("'a' not like 'b' <> false", True),
        ("'a' like 'a' = 1", True),
        ("not 'a' like 'b' = true", True),
        ("null = 1 is null", None),
        ("1 is null = false", True),
        ("true = (1 in (2))", False),
        ("n = 1 = true and n < 2 = b", True),
    ],
)
def test_comparisons_are_read_from_the_left(run: Run, condition: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-comparison"""
    assert run(f"select {condition} from (select 1 as n, true as b)") == [(expected,)]


def test_comparisons_are_read_from_the_left_in_all_clauses(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-comparison"""
    run(
        "create or replace table t (n int, b boolean) as select * from values (1, true), (2, false)"
    )
    assert run("select n from t where n = 1 in (true)") == [(1,)]
    assert run("select x.n from t x join t y on x.n = y.n = true order by x.n = 1 = false") == [
        (1,),
        (2,),
    ]
    assert run("select n from t qualify row_number() over (order by n) = 1 = true") == [(1,)]
    run("update t set b = n > 1 = true where n = 2 = true")
    run("merge into t using (select 1 as k) s on t.n = s.k = true when matched then update"
        " set b = t.n = s.k = false")  # fmt: skip
    assert run("select n, b from t order by n") == [(1, False), (2, True)]


def test_not_beside_a_comparison_wants_parentheses(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-comparison"""
    assert errno(run, "select false = 1 not between 0 and 2") == 2
    assert run("select (false = 1) not between 0 and 2") == [(False,)]


def test_numbers_that_a_boolean_is_between_become_booleans(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/between"""
    between = "true between 2 and 3, true not between 2 and 3, 2 between true and true"
    assert run(f"select {between}, false between 0 and 2") == [(True, False, True, True)]
    assert errno(run, "select 2 between true and 3") == 2


@pytest.mark.parametrize("value", ["2 in (true)", "true in (1, 2)", "2 in (select true)"])
def test_in_takes_no_boolean_beside_numbers(run: Run, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/in"""
    assert errno(run, f"select {value}") == 2
    taken = "true in (false, null, true), 1 in (null, 1), true in (0, 1), false in (1)"
    assert run(f"select {taken}") == [(True, True, True, False)]


@pytest.mark.parametrize(
    "call", ["abs(all -1)", "upper( ALL 'a')", "coalesce(all 1, 2)", "hash(all 1)"]
)
def test_what_aggregates_nothing_takes_no_all(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation"""
    assert errno(run, f"select {call}") == 1007
    assert run("select sum(all n), count(all n), first_value(all n) over (order by n),"
               " '(all)', 1 > all (select 0) from (select 1 as n) group by n") == [
        (1, 1, 1, "(all)", True)
    ]  # fmt: skip
