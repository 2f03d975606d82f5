"""ROUND's third argument."""

import pytest

from conformance.shared import Run, error, wrong_answers


def test_a_tie_is_rounded_as_the_mode_says_in_any_letters(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    assert not wrong_answers(
        run,
        {
            "round(2.5, 0, 'HALF_TO_EVEN')": 2,
            "round(2.5, 0, 'half_to_even')": 2,
            "round(n, 0, 'Half_To_Even')": 2,
            "round(25, -1, 'half_to_even')": 20,
            "round(-n, 0, 'half_away_from_zero')": -3,
            "round(2.5, 0)": 3,
            "round(n, 0, null)": None,
        },
        "from (select 2.50::number(10, 2) as n)",
    )


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("round(f, 0, 'HALF_TO_EVEN')", 939),
        ("round(f, 0, 'nosuch')", 939),
        ("round(v, 0, 'HALF_TO_EVEN')", 939),
        ("round(2.5, 0, 'nosuch')", 1007),
        ("round(2.5, 0, ' HALF_TO_EVEN')", 1007),
        ("round(2.5, 0, 1)", 1015),
        ("round(2.5, 0, s)", 1015),
        ("round(s, 0, 'HALF_TO_EVEN')", 2),
        ("round(2.5, 0, 'HALF_TO_' || 'EVEN')", 2),
    ],
)
def test_no_other_mode_is_taken_and_none_beside_a_floating_point_number(
    run: Run, call: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    source = "from (select 2.5::float as f, '2.5'::variant as v, '2.5' as s)"
    assert error(run, f"select {call} {source}") == number
    assert error(run, f"select {call} {source} where false") == number
