"""Temporary tables and views: where they are, and what the account says of them.

https://docs.snowflake.com/en/user-guide/tables-temp-transient
"""

import pytest
import snowflake.connector
from shared import one_database, shown

from conformance.shared import Run, error, failure
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)


@pytest.fixture(autouse=True)
def schemas(run: Run, database: str) -> None:
    run("create schema if not exists other")
    run(f"use schema {database}.public")


def test_a_temporary_table_belongs_to_one_schema(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-temp-transient"""
    run("create temporary table other.scratch (i int)")
    run("insert into other.scratch values (1)")
    assert run("select scratch.i from other.scratch") == [(1,)]
    assert error(run, "select i from scratch") == 2003
    run("create temporary table scratch as select 2 as i")
    assert run("select scratch.i, o.i from scratch join other.scratch o on true") == [(2, 1)]
    assert run("update scratch set i = 3 where scratch.i = 2") == [(1, 0)]
    assert run("delete from other.scratch where scratch.i = 1") == [(1,)]
    assert run("select i from scratch") == [(3,)]
    assert run("select i from other.scratch") == []
    run("use schema other")
    run("drop table scratch")
    assert error(run, "select i from scratch") == 2003
    assert run("select i from public.scratch") == [(3,)]
    run("drop table public.scratch")


def test_a_temporary_table_hides_one_that_stays(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-temp-transient#potential-naming-conflicts-with-other-table-types"""
    run("create table same (a int)")
    run("insert into same values (1)")
    run("create temporary table same (a int)")
    assert run("select a from same") == []
    assert error(run, "create temporary table same (a int)") == 2002
    assert run("create temporary table if not exists same (a int)")[0][0].startswith("SAME already")
    run("truncate table if exists same")
    run("drop table same")
    assert run("select a from same") == [(1,)]


def test_listings_have_the_session_s_temporary_tables(
    run: Run, connection: snowflake.connector.SnowflakeConnection, account: AccountProcess,
    database: str,
) -> None:  # fmt: skip
    """https://docs.snowflake.com/en/sql-reference/sql/show-tables,
    https://docs.snowflake.com/en/sql-reference/info-schema/tables"""
    run("create temporary table other.seen_temporary as select 1 as a")
    run("create transient table seen_transient (a int)")
    run("create temporary view seen_view as select current_date() as today")
    tables = shown(connection, "show tables like 'seen%' in database")
    assert [(row["name"], row["schema_name"], row["kind"], row["rows"]) for row in tables] == [
        ("SEEN_TEMPORARY", "OTHER", "TEMPORARY", 1),
        ("SEEN_TRANSIENT", "PUBLIC", "TRANSIENT", 0),
    ]
    objects = shown(connection, "show objects like 'seen%' in database")
    told_of = ("name", "kind", "is_dynamic", "is_iceberg")
    assert [tuple(row[each] for each in told_of) for row in objects] == [
        ("SEEN_TEMPORARY", "TABLE", "N", "N"),
        ("SEEN_TRANSIENT", "TABLE", "N", "N"),
        ("SEEN_VIEW", "VIEW", "N", "N"),
    ]  # fmt: skip
    told = (
        "select table_name, table_type, is_temporary, is_transient, is_dynamic, row_count"
        " from information_schema.tables where table_name like 'SEEN%' order by 1"
    )
    kept = ("SEEN_TRANSIENT", "BASE TABLE", "NO", "YES", "NO", 0)
    assert run(told) == [
        ("SEEN_TEMPORARY", "TEMPORARY TABLE", "YES", "NO", "NO", 1),
        kept,
        ("SEEN_VIEW", "VIEW", "NO", None, "NO", None),
    ]
    assert run("select today = current_date() from seen_view") == [(True,)]
    with account.connect(database=database, schema="PUBLIC") as other:
        assert other.cursor().execute(told).fetchall() == [kept]


def test_a_temporary_table_is_renamed_altered_described_and_copied(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create temporary table before (a int comment 'first')")
    run("alter table before rename to after")
    run("alter table after add column b varchar")
    run("insert into after values (1, 'x')")
    assert [row["name"] for row in shown(connection, "describe table after")] == ["A", "B"]
    assert error(run, "select * from before") == 2003
    assert failure(run, "create table copied clone after") == (
        2120,
        "002120 (0A000): SQL compilation error:\n"
        "Temp table cannot be cloned to a permanent table; clone to a transient table instead.",
    )
    run("create transient table copied clone after")
    assert run("select * from copied") == [(1, "x")]
    assert failure(run, "create or replace table again clone copied") == (
        2120,
        "002120 (0A000): SQL compilation error:\n"
        "Transient object cannot be cloned to a permanent object.",
    )
    run("create temporary table after_too like after")
    assert run("select * from after_too") == []


def test_last_altered_moves_with_dml_and_with_ddl(run: Run) -> None:
    """Also where DML finds no rows.
    https://docs.snowflake.com/en/sql-reference/info-schema/tables"""

    def moments(name: str = "MOVED") -> tuple[bool, bool]:
        ((altered, ddl),) = run(
            "select last_altered > created, last_ddl > created from information_schema.tables"
            f" where table_name = '{name}'"
        )
        return altered, ddl

    run("create table moved_from (a int)")
    run("alter table moved_from rename to moved")
    run("create or replace table moved (a int)")
    assert moments() == (False, False)
    run("update moved set a = 2 where a = 1")
    assert moments() == (True, False)
    run("alter table moved add column b int")
    assert moments() == (True, True)
    run("create or replace table moved (a int)")
    run("comment on column moved.a is 'moved'")
    assert moments() == (True, True)
    run("create temporary table passing (a int)")
    assert moments("PASSING") == (False, False)
    run("delete from passing where a = 1")
    assert moments("PASSING") == (True, False)
    run("alter table passing add column b int")
    assert moments("PASSING") == (True, True)


@pytest.mark.parametrize(
    "sql",
    [
        "use database nowhere",
        "use schema nowhere",
        "use schema nowhere.public",
        "use warehouse nothing",
        "show tables in schema nowhere",
        "show objects in nowhere.public limit 3",
        "show schemas in database nowhere",
        "show views in database nowhere",
    ],
)
def test_a_place_that_is_not_there_is_002043(run: Run, sql: str) -> None:
    """Tools take this number for "there is no such schema".
    https://docs.snowflake.com/en/sql-reference/sql/use-schema"""
    assert failure(run, sql) == (
        2043,
        "002043 (02000): SQL compilation error:\n"
        "Object does not exist, or operation cannot be performed.",
    )


@pytest.mark.parametrize(
    ("sql", "number", "text"),
    [
        ("select * from ordrs", 2003, "Object 'ORDRS' does not exist or not authorized."),
        ("select * from oter.orders", 2003, "Schema '{}.OTER' does not exist or not authorized."),
        ("select amout from orders", 904, "invalid identifier 'AMOUT'"),
        ("select o.amout from orders o", 904, "invalid identifier 'O.AMOUT'"),
        ("select uper(amount) from orders", 2140, "Unknown function UPER"),
        ("drop view orders", 2203, "Object found is of type 'TABLE', not specified type 'VIEW'."),
    ],
)
def test_errors_name_what_was_asked_for_and_nothing_else(
    run: Run, database: str, sql: str, number: int, text: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-temp-transient"""
    run("create table if not exists orders (amount int)")
    errno, told = failure(run, sql)
    assert (errno, told.partition("\n")[2]) == (number, text.format(database))


@pytest.mark.parametrize("kind", ["table", "view"])
def test_a_temporary_relation_and_its_columns_have_comments(run: Run, kind: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/comment"""
    run(f'create temporary {kind} notes as select 1 as n, 2 as "n"')
    run(f"comment on {kind} notes is 'small'")
    [note] = [row for row in run(f"show {kind}s like 'NOTES'") if "small" in row]
    assert note[1] == "NOTES"
    if kind == "table":
        run("comment on column notes.\"n\" is 'lower'")
        assert [row[9] for row in run("describe table notes")] == [None, "lower"]
    assert error(run, f"comment on {kind} nowhere is 'x'") == 2003
