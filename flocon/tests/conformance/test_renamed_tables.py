"""ALTER TABLE … RENAME TO and SWAP WITH: a table keeps what it has under another name."""

import pytest
import snowflake.connector
from shared import one_database, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error

database = pytest.fixture(scope="module")(one_database)


@pytest.fixture
def pair(run: Run) -> None:
    """Two tables that have nothing in common."""
    run("create or replace table blue (i int comment 'number', x varchar(3)) comment = 'one'")
    run(
        "create or replace table green (z varchar default 'q', n number(5, 2), primary key (z))"
        " cluster by (z) comment = 'other'"
    )
    run("insert into blue values (1, 'a')")
    run("insert into green values ('zed', 2)")


@pytest.mark.usefixtures("pair")
def test_two_tables_are_swapped_with_all_that_they_have(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table refers (z varchar references green (z))")
    run("create or replace view seen as select i from blue")
    run("alter table blue swap with green")
    assert [row[0] for row in run("select z from blue")] == ["zed"]
    assert run("select * from green") == [(1, "a")]
    assert [row[:2] + row[9:10] for row in run("describe table green")] == [
        ("I", "NUMBER(38,0)", "number"),
        ("X", "VARCHAR(3)", None),
    ]
    assert [row["primary key"] for row in shown(connection, "describe table blue")] == ["Y", "N"]
    run("insert into blue (n) values (3)")
    assert run("select z from blue where n = 3") == [("q",)]
    told = {row["name"]: row for row in shown(connection, "show tables")}
    assert [told[name]["comment"] for name in ("BLUE", "GREEN")] == ["other", "one"]
    assert [told[name]["cluster_by"] for name in ("BLUE", "GREEN")] == ["LINEAR(Z)", ""]
    [key] = shown(connection, "show imported keys in table refers")
    assert key["pk_table_name"] == "BLUE"
    # Whoever names a table names the one of that name.
    assert error(run, "select * from seen") == 904
    run("alter table if exists green swap with blue")
    assert run("select * from seen") == [(1,)]
    assert run("select * from blue") == [(1, "a")]


@pytest.mark.usefixtures("pair")
def test_streams_follow_tables_that_are_swapped(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create or replace stream of_blue on table blue")
    run("create or replace stream of_green on table green")
    run("insert into blue values (2, 'b')")
    run("alter table blue swap with green")
    run("insert into green values (3, 'c')")
    assert run("select i, x, metadata$action from of_blue order by i") == [
        (2, "b", "INSERT"),
        (3, "c", "INSERT"),
    ]
    assert run("select count(*) from of_green") == [(0,)]
    run("insert into blue (z) values ('new')")
    assert run("select z from of_green") == [("new",)]
    tables = [row["table_name"].rpartition(".")[2] for row in shown(connection, "show streams")]
    assert tables == ["GREEN", "BLUE"]
    run("drop table green")
    assert error(run, "select * from of_blue") == 91901
    assert run("select z from of_green") == [("new",)]


@pytest.mark.usefixtures("pair")
def test_what_is_no_table_that_stays_is_not_swapped(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace view sight as select 1 as a")
    run("create or replace temporary table fleeting (a int)")
    run("create schema if not exists elsewhere")
    run("create or replace table elsewhere.red (a int)")
    run("use schema public")
    for statement, number in {
        "alter table blue swap with nowhere": 2003,
        "alter table nowhere swap with blue": 2003,
        "alter table blue swap with sight": 2203,
        "alter table blue swap with fleeting": 2,
        "alter table fleeting swap with blue": 2,
        "alter table blue swap with blue": 2,
        "alter table blue swap with elsewhere.red": 2,
    }.items():
        assert error(run, statement) == number, statement
    run("alter table if exists nowhere swap with blue")
    assert run("select * from blue") == [(1, "a")]
    run("drop table fleeting")


def test_a_table_keeps_its_files_and_knows_what_it_has_loaded(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/data-load-considerations-load"""
    run("create or replace table loaded (a int)")
    run("create or replace stage files")
    run("copy into @files/one.csv from (select 1 as a) single = true")
    run("copy into loaded from @files/one.csv")
    run("copy into @%loaded/own.csv from (select 2 as a) single = true")
    run("alter table loaded rename to renamed")
    assert [row[0] for row in run("list @%renamed")] == ["own.csv"]
    run("copy into renamed from @files/one.csv")
    assert run("select * from renamed") == [(1,)]
    run("create or replace table loaded (a int)")
    assert run("list @%loaded") == []
    run("alter table loaded swap with renamed")
    assert [row[0] for row in run("list @%loaded")] == ["own.csv"]
    assert run("list @%renamed") == []
    run("copy into loaded from @files/one.csv")
    run("copy into renamed from @files/one.csv")
    assert run("select * from loaded") == run("select * from renamed") == [(1,)]


@pytest.mark.parametrize(
    "changes",
    [
        ["alter table written rename to gone", "create table written (a int)"],
        ["alter table written swap with another"],
        ["create or replace table written (a int)"],
        ["create or replace table written as select 1 as a where false"],
        ["drop table written", "create table written (a int)"],
    ],
)
def test_what_an_open_transaction_has_written_gets_into_no_other_table(
    run: Run, other: Run, changes: list[str]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    run("create or replace table written (a int)")
    run("create or replace table another (a int)")
    run("drop table if exists gone")
    other("begin")
    other("insert into written values (1)")
    for change in changes:
        run(change)
    # It may fail, as one that others have changed the rows of, and be undone.
    for statement in ("insert into another values (2)", "commit"):
        try:
            other(statement)
        except snowflake.connector.errors.DatabaseError:
            other("rollback")
            break
    assert run("select * from written where a = 1") == []
