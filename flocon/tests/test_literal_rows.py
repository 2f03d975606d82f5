"""A long INSERT … VALUES does what a short one does, only sooner."""

import time
from typing import Any

import pytest
from conformance.shared import Run
from flocon.engine.fast.literal_rows import read
from shared import one_database

database = pytest.fixture(scope="module")(one_database)

# Column types, and rows of constants for them.
_KINDS = {
    "n int, v varchar": ["(1, 'a')", "(-2, 'it''s')", "(NULL, '')", "(+3, NULL)"],
    "n number(10, 2), v varchar(10)": ["(1.50, 'ä')", "(-0.25, ',(')", "(100.00, ' ')"],
    "n float, v boolean": ["(1.5, TRUE)", "(-2.2, false)", "(0.0, NULL)"],
    "n varchar, v timestamp_ntz": ["(1, '2026-01-02 03:04:05')", "(22, '2026-12-31')"],
    "n number(38, 0), v date": ["('12', '2026-01-02')", "('34', NULL)"],
    "n varchar, v varchar": ["(1.5, '1')", "(2.2, NULL)"],
}


@pytest.mark.parametrize("columns", _KINDS)
def test_a_long_insert_of_constants_leaves_what_short_ones_leave(run: Run, columns: str) -> None:
    rows = _KINDS[columns] * 6_000
    statement = f"insert into long_rows (n, v) values {' , '.join(rows)};"
    assert len(statement) > 50_000
    assert read(statement) is not None
    run(f"create or replace table long_rows ({columns})")
    run(f"create or replace table short_rows ({columns})")
    assert run(statement) == [(len(rows),)]
    run(f"insert into short_rows (n, v) values {', '.join(_KINDS[columns])}")
    counted = "select n, v, count(*) from {} group by n, v order by n, v"
    assert run(counted.format("long_rows")) == [
        (n, v, 6_000) for n, v, _ in run(counted.format("short_rows"))
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t values (1 + 1)",
        "insert into t values (?)",
        "insert into t values (1), ('a')",
        "insert into t values (1), (1.5)",
        "insert into t values (1.50), (1.5)",
        "insert into t values (1), (1, 2)",
        "insert into t values (NULL)",
        "insert into t values ('a\\\\n')",
        "insert into t values (1e5)",
        "insert into t values (current_date)",
        "insert into t values (9223372036854775808)",
        "insert into t values (1) (2)",
        "insert into t values (1), ",
        "insert into t values (1); select 1",
        "insert into t select 1",
        "insert into identifier('t') values (1)",
        "insert overwrite into t values (1)",
        "insert into t values (1) -- end",
        "select 1",
    ],
)
def test_whatever_is_not_constants_alone_is_read_as_ever(statement: str) -> None:
    assert read(statement) is None


def test_200000_rows_of_constants_are_a_matter_of_seconds(run: Run) -> None:
    """On 7427901 more than a minute, in which no other session got on."""
    run("create or replace table many (n int, v varchar)")
    run("create stream many_stream on table many")
    statement = "insert into many values " + ",".join(f"({i},'v{i}')" for i in range(200_000))
    began = time.monotonic()
    run(statement)
    took = time.monotonic() - began
    answer: list[Any] = run("select count(*), sum(n), max(v) from many_stream")
    assert answer == [(200_000, 19_999_900_000, "v99999")]
    assert took < 60
