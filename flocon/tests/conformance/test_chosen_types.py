"""Of which type a value is that is one of several, or is compared with one of another type."""

from datetime import date, datetime
from datetime import time as clock
from decimal import Decimal
from typing import Any

import pytest
from shared import one_database

from conformance.shared import Failed, Run, error, wrong_answers

D = Decimal
database = pytest.fixture(scope="module")(one_database)
FROM = "from of_types"


@pytest.fixture(scope="module", autouse=True)
def of_types(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        for statement in (
            "create table of_types (i int, n number(10, 2), f float, b boolean, s varchar,"
            " v variant, d date, ts timestamp_ntz, tl timestamp_ltz, tm time)",
            'insert into of_types select 2, 1.5, 2.5, true, \'yes\', parse_json(\'{"s": "text",'
            ' "d": "2021-02-03", "t": "11:00:00"}\'), \'2020-01-01\','
            " '2020-01-01 10:00:00', '2020-01-01 10:00:00', '10:00:00'",
        ):
            opened.cursor().execute(statement)


def test_a_variant_becomes_what_it_is_beside(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "coalesce(v:zz, 'd')": "d",
        "coalesce(v:s, s)": "text",
        "case when i = 2 then v:s else 'x' end": "text",
        "iff(i = 2, 'x', v:s)": "x",
        "decode(i, 2, v:s, 'x')": "text",
        "nvl2(v:zz, s, v:s)": "text",
        "coalesce(v:d, d)": date(2021, 2, 3),
        "coalesce(d, v:d)": date(2020, 1, 1),
        "iff(i = 2, v:t, tm)": clock(11),
        "iff(i = 2, v:d, ts)": datetime(2021, 2, 3),
        "iff(i = 2, v:d, null)": '"2021-02-03"',
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_date_and_a_text_become_the_timestamp_they_are_beside(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "iff(i = 2, d, ts)": datetime(2020, 1, 1),
        "coalesce(d, ts)::varchar": "2020-01-01 00:00:00.000",
        "case when i = 2 then d else ts end": datetime(2020, 1, 1),
        "decode(i, 2, d, ts)": datetime(2020, 1, 1),
        "greatest(d, ts)": datetime(2020, 1, 1, 10),
        "iff(i = 2, '2022-01-01', d)": date(2022, 1, 1),
        "iff(i = 2, '12:00', tm)": clock(12),
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_number_beside_a_boolean_becomes_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-logical"""
    expected = {
        "coalesce(1, b)": True,
        "iff(i = 2, 0, b)": False,
        "iff(i = 2, f, b)": True,
        "case when i = 2 then n else b end": True,
        "decode(i, 2, 0, b)": False,
        "iff(i = 2, s, b)": "yes",
        "iff(i = 3, b, s)": True,
        "i = b": True,
        "2 = true": True,
        "true <> 2": False,
        "0 = false": True,
        "b < n": False,
        "equal_null(i, b)": True,
        "nullif(i, true)": None,
    }
    assert wrong_answers(run, expected, FROM) == {}
    assert error(run, f"select iff(i = 3, b, 'x') {FROM}") == 100037


@pytest.mark.parametrize(
    "sides",
    [
        f"select b {FROM} union all select i {FROM}",
        f"select * from (select b {FROM}) union all select 1",
        f"select i {FROM} union select * from (select b {FROM})",
    ],
)
def test_a_union_of_booleans_and_numbers_is_refused(run: Run, sides: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    assert error(run, sides) == 2


def test_nullif_of_a_text_and_a_number_answers_the_first(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/nullif"""
    expected = {
        "nullif('1.50', n)": None,
        "nullif('01.60', n)": "01.60",
        "nullif(n, '1.5')": None,
        "nullif(n, '2')": D("1.50"),
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_texts_that_are_truths(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_boolean"""
    expected = {
        "'on'::boolean": True,
        "'OFF'::boolean": False,
        "' yes '::boolean": True,
        "to_boolean(' t ')": True,
        "try_to_boolean(' on ')": True,
        "try_cast(' off' as boolean)": False,
        "try_cast('2' as boolean)": None,
        "'1'::boolean": True,
        "s::boolean": True,
        "''::boolean": Failed(100037),
        "'2'::boolean": Failed(100037),
    }
    assert wrong_answers(run, expected, FROM) == {}
