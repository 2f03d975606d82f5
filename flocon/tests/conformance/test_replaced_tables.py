"""A table that a statement replaces is there until the statement has read it."""

from datetime import time

import pytest
from shared import one_database

from conformance.shared import Run, error

database = pytest.fixture(scope="module")(one_database)
KINDS = ["table", "temporary table"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, run: Run) -> str:
    """The kind of the table T, which has two rows."""
    run("drop table if exists t")
    run(f"create {request.param} t (a int, v varchar(1))")
    run("insert into t values (1, 'x'), (2, 'y')")
    return str(request.param)


@pytest.mark.parametrize("column", ["a int not null", "a int default 5", "a int"])
def test_a_table_is_replaced_with_its_own_rows(run: Run, kind: str, column: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run(f"create or replace {kind} t ({column}, v varchar(2)) as select a + ?, v || v from t", 1)
    assert run("select * from t order by a") == [(2, "xx"), (3, "yy")]
    assert error(
        run, f"create or replace {kind} t ({column}, v varchar(1)) as select * from t"
    ) == (100078)
    assert run("select * from t order by a") == [(2, "xx"), (3, "yy")]


def test_a_table_is_replaced_with_the_rows_of_a_view_of_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create or replace table s (a int)")
    run("insert into s values (1), (2), (2)")
    run("create or replace view counts as select a, count(*) as n from s group by a")
    run("create or replace table s (a int not null, n int) as select a, n from counts")
    assert run("select * from s order by a") == [(1, 1), (2, 2)]


def test_a_table_is_replaced_with_its_own_clone(run: Run, kind: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-clone"""
    run(f"create or replace {kind} t clone t")
    assert run("select * from t order by a") == [(1, "x"), (2, "y")]


def test_what_the_replaced_table_was_declared_as_does_not_count(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    made = "create or replace {} kept (a int not null, c {}) as select 1, {}"
    moment = "'10:11:12.5'::time"
    for kind in KINDS:
        run(made.format(kind, "object", "object_construct()"))
        run(made.format(kind, "array", "array_construct(1)"))
        run(made.format(kind, "varchar(2)", "'ab'"))
        run(made.format(kind, "varchar(3)", "'abc'"))
        assert error(run, made.format(kind, "varchar(2)", "'abc'")) == 100078
        run(made.format(kind, "time(0)", moment))
        assert run("select c from kept") == [(time(10, 11, 12),)]
        run(made.format(kind, "time(1)", moment))
        assert run("select c from kept") == [(time(10, 11, 12, 500000),)]
