"""VARIANTs beside values of other types, and beside one another."""

from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any

_ROW = "(select 'x'::variant as v, 'x' as s, 5::variant as five, 5 as n)"


@pytest.mark.parametrize(
    "compared",
    [
        "v in (select s from {row})",
        "s in (select v from {row})",
        "v in ('y', 'x', null)",
        "s in ('y'::variant, v)",
        "n in (select five from {row})",
        "five in (select n from {row})",
        "n in (six, five)",
        "equal_null(v, s)",
        "equal_null(s, v)",
        "s is not distinct from v",
        "five is not distinct from n",
        "case s when v then true end",
        "decode(s, v, true)",
        "nullif(s, v) is null",
        "s between v and 'y'::variant",
        "n between 3::variant and six",
        "'10:11:12'::time = '10:11:12'::time::variant",
        "'10:11:12'::variant = '10:11:12'::time",
    ],
)
def test_a_variant_beside_another_value_becomes_one_of_its_type(run: Run, compared: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    source = f"(select *, 12::variant as six from {_ROW})"
    assert run(f"select {compared.format(row=_ROW)} from {source}") == [(True,)]


@pytest.mark.parametrize(
    "compared",
    [
        "nine between 1 and ten",
        "max_by(1, nine)",
        "min_by(1, ten)",
        "greatest(nine, 10)",
    ],
)
def test_what_no_variants_are_beside_is_refused(run: Run, compared: str) -> None:
    """The engine would take their order from their JSON, where 10 is before 9.

    https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert errno(run, f"select {compared} from (select 9::variant nine, 10::variant ten)") == 2


@pytest.mark.parametrize(
    "compared",
    [
        "(v, n) = (v, 5)",
        "(v, n) in (('x'::variant, 5))",
        "(s, n) in (select v, n from {row})",
        "to_binary('AB')::variant = to_binary('AB')",
        "to_binary('AB')::variant in (to_binary('AB'))",
        "equal_null(to_binary('AB'), to_binary('AB')::variant)",
    ],
)
def test_a_variant_is_not_compared_by_its_json(run: Run, compared: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-comparison"""
    assert errno(run, f"select {compared.format(row=_ROW)} from {_ROW}") == 2
    assert run(f"select (s, n) = ('x', 5), (s, n) in (('x', 5)) from {_ROW}") == [(True, True)]


def test_a_join_uses_no_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    one, other = "(select {'a': 1, 'b': 2} as o, 1 as n)", "(select {'b': 2, 'a': 1.0} as o, 2 m)"
    assert errno(run, f"select n, m from {one} x join {other} y using (o)") == 2
    assert errno(run, f"select n, m from {one} x natural join {other} y") == 2
    assert run(f"select n, m from {one} x join {other} y on x.o = y.o") == [(1, 2)]


def test_equal_variants_are_counted_and_hashed_as_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hash
    https://docs.snowflake.com/en/sql-reference/functions/approx_count_distinct"""
    rows = "(select {'a': 1, 'b': 2} as o union all select {'b': 2, 'a': 1.0})"
    asked = "count(distinct o), approx_count_distinct(o), hll(o), count(distinct hash(o)), count(*)"
    assert run(f"select {asked} from {rows}") == [(1, 1, 1, 1, 2)]
    assert run(f"select count(distinct hash(*)) from {rows}") == [(1,)]
