"""A name in double quotes is another one than the same letters without."""

import pytest

from conformance.shared import Run, error, failure


@pytest.fixture
def logged(run: Run) -> None:
    """A table T with a stream S on it, and a view V over it."""
    run("create table t (a int, b varchar)")
    run("create stream s on table t")
    run("create view v as select a from t")


def test_a_table_is_not_found_by_its_name_in_another_case(run: Run, logged: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    for statement in (
        """insert into "t" values (1, 'x')""",
        """insert into "t" select 1, 'x'""",
        'update "t" set a = 5',
        'delete from "t"',
        'merge into "t" using (select 1 as x) on a = x when not matched then insert (a) values (x)',
        'truncate table "t"',
        'select * from "t"',
        'select * from T, "t"',
        'select (select max(a) from "t")',
        'select * from "public".t',
        'select * from "v"',
        'create view w as select * from "t"',
        'create table w as select * from "t"',
        'create table w clone "t"',
        'with c as (select 1 as x) select * from "c"',
    ):
        assert error(run, statement) == 2003, statement
    assert run("select count(*) from t") == run("select count(*) from s") == [(0,)]
    assert """Object '"t"' does not exist""" in failure(run, 'select * from "t"')[1]


def test_a_table_with_a_name_in_lower_case_is_not_found_without_quotes(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    run('create table "low" ("a" int)')
    run('insert into "low" values (1)')
    for statement in ("select * from low", "insert into low values (2)", "delete from low"):
        assert error(run, statement) == 2003, statement
    assert run('select "a" from "low"') == [(1,)]


def test_a_column_is_not_found_by_its_name_in_another_case(run: Run, logged: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    for statement in (
        'select "a" from t',
        'select t."a" from t',
        'select "t".a from t',
        'select "t".* from t',
        'select 1 from t where "a" = 1',
        'select a from t group by "a"',
        'select a as "q" from t order by q',
        'select x.y from (select 1 as "y") x',
        'select "x" from (select 1 as x)',
        'with c as (select 1 as x) select "x" from c',
        """insert into t ("a", "b") values (1, 'z')""",
        'update t set "a" = 3',
        'delete from t where "a" = 3',
        'alter table t rename column "a" to z',
        'alter table t drop column "b"',
        'select "table_name" from information_schema.tables',
    ):
        assert error(run, statement) == 904, statement
    assert run('select "A", a from t') == []


def test_what_differs_in_case_alone_replaces_nothing(run: Run, logged: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    run("insert into t values (1, 'x')")
    for statement in (
        'create or replace table "t" (z int)',
        'create table if not exists "t" (z int)',
        'create or replace view "t" as select 1 as z',
        'create table u (a int); alter table u rename to "t"',
        'create or replace schema "public"',
    ):
        *first, last = statement.split("; ")
        for each in first:
            run(each)
        assert error(run, last) == 2, statement
    assert run("select a from t") == run("select a from s") == [(1,)]


@pytest.mark.parametrize("kind", ["table", "temporary table"])
def test_a_column_has_a_name_of_its_own(run: Run, kind: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    assert failure(run, f"create {kind} twins (a int, a int)")[0] == 2025


def test_temporary_tables_whose_names_differ_in_case_are_two(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    run('create temporary table "tt" as select 1 as a')
    run("create temporary table tt as select 2 as b")
    assert run('select * from tt, "tt"') == [(2, 1)]


def test_the_star_of_a_table_renames_its_own_columns_alone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    run("create table l (a int, b int)")
    run("create table r (a int, c int)")
    run("insert into l values (1, 2)")
    run("insert into r values (3, 4)")
    assert run("select l.* rename (b as x), r.* from l, r") == [(1, 2, 3, 4)]
    assert error(run, "select l.* rename (nowhere as x) from l") == 904
    assert error(run, "select l.* rename (c as x) from l, r") == 904
