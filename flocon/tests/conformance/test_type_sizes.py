"""The sizes that types may name: what is beyond is refused before anything is done."""

import pytest

from conformance.shared import Run, failure

_CHARACTERS = "Invalid character length: {}. Must be between 1 and 134,217,728."
_BYTES = "Invalid binary length: {}. Must be between 1 and 67,108,864."
_PRECISION = "Invalid number precision: {}. Must be between 0 and 38."
_SCALE = "Invalid number scale: {}. Must be between 0 and 37."
_OF_TIMESTAMP = "Invalid timestamp scale: {}. Must be between 0 and 9."
_SPECIFICATION = "invalid data type specification ({})"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("varchar(0)", _CHARACTERS.format("0")),
        ("char(0)", _CHARACTERS.format("0")),
        ("string(134217729)", _CHARACTERS.format("134,217,729")),
        ("text(1000000000000)", _CHARACTERS.format("1,000,000,000,000")),
        ("binary(0)", _BYTES.format("0")),
        ("varbinary(67108865)", _BYTES.format("67,108,865")),
        ("number(39)", _PRECISION.format("39")),
        ("number(39, 40)", _PRECISION.format("39")),
        ("number(38, 38)", _SCALE.format("38")),
        ("decimal(5, 38)", _SCALE.format("38")),
        ("number(5, 6)", _SPECIFICATION.format("6>5")),
        ("time(10)", "Invalid time scale: 10. Must be between 0 and 9."),
        ("timestamp_ntz(10)", _OF_TIMESTAMP.format("10")),
        ("timestamp_ltz(10)", _OF_TIMESTAMP.format("10")),
        ("timestamp(10)", _OF_TIMESTAMP.format("10")),
        ("datetime(10)", _OF_TIMESTAMP.format("10")),
    ],
)
def test_a_size_that_there_is_not_is_refused_in_a_column_and_in_a_cast(
    run: Run, kind: str, said: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text,
    https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    run("create or replace table sized (a int)")
    for statement in (
        f"create table other (a int, c {kind})",
        f"alter table sized add column c {kind}",
        f"create table other as select a::{kind} c from sized",
        f"create view seen as select a::{kind} c from sized",
        f"select cast(null as {kind})",
        f"select try_cast(a::varchar as {kind}) from sized",
    ):
        assert failure(run, statement) == (1007, f"001007 (22023): SQL compilation error:\n{said}")
    assert [row[1] for row in run("show tables")] == ["SIZED"]


def test_the_largest_sizes_are_there(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    run(
        "create table sized (a varchar(134217728), b binary(67108864), c number(38, 37), d time(0),"
        " e char)"
    )
    assert [row[1] for row in run("describe table sized")] == [
        "VARCHAR(134217728)", "BINARY(67108864)", "NUMBER(38,37)", "TIME(0)", "VARCHAR(1)",
    ]  # fmt: skip
