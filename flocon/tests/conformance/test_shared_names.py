"""What a name is taken by, and what IF EXISTS and IF NOT EXISTS forgive."""

from collections.abc import Iterator

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

import flocon
from conformance.shared import Run

TAKEN = [
    ("create view kt as select 1 as a", "Object 'KT' already exists as TABLE"),
    ("create or replace view kt as select 1 as a", "Object 'KT' already exists as TABLE"),
    ("create view if not exists kt as select 1 as a", "Object 'KT' already exists as TABLE"),
    ("create table kv (a int)", "Object 'KV' already exists as VIEW"),
    ("create or replace table kv as select 1 as a", "Object 'KV' already exists as VIEW"),
    ("create or alter table kv (a int)", "Object 'KV' already exists as VIEW"),
    ("create table if not exists ks (a int)", "Object 'KS' already exists as STREAM"),
    ("create temporary table ks (a int)", "Object 'KS' already exists as STREAM"),
    ("create or replace view ks as select 1 as a", "Object 'KS' already exists as STREAM"),
    ("create stream kv on table kt", "Object 'KV' already exists as VIEW"),
    ("create or replace stream kt on table kt", "Object 'KT' already exists as TABLE"),
    ("create stream if not exists kt on table kt", "Object 'KT' already exists as TABLE"),
    ("create stream own on table kt", "Object 'OWN' already exists as TABLE"),
    ("create or replace temporary view own as select 1 as a", "'OWN' already exists as TABLE"),
    ("alter view kv rename to kt", "Object 'KT' already exists."),
    ("alter view kv rename to kv", "Object 'KV' already exists."),
    ("alter table kt rename to kt", "Object 'KT' already exists."),
    ("alter table kt rename to ks", "Object 'KS' already exists."),
    ("drop table kv", "Object found is of type 'VIEW', not specified type 'TABLE'."),
    ("drop table if exists ks", "Object found is of type 'STREAM', not specified type 'TABLE'."),
    ("drop view if exists kt", "Object found is of type 'TABLE', not specified type 'VIEW'."),
    ("drop stream if exists kt", "Object found is of type 'TABLE', not specified type 'STREAM'."),
    ("alter view kt rename to x", "Object found is of type 'TABLE', not specified type 'VIEW'."),
]


@pytest.fixture
def names(run: Run) -> Run:
    """A table, a view, a stream, and a temporary table."""
    run("create or replace table kt (a int)")
    run("insert into kt values (1)")
    run("create or replace view kv as select 2 as a")
    run("create or replace stream ks on table kt")
    run("create temporary table own (a int)")
    return run


@pytest.mark.parametrize(("statement", "said"), TAKEN)
def test_a_schema_has_one_table_view_or_stream_of_a_name(
    names: Run, statement: str, said: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    with pytest.raises(ProgrammingError) as refused:
        names(statement)
    assert said in str(refused.value)
    assert names("select a from kv") == [(2,)]
    assert names("select a from kt") == [(1,)]


def test_a_temporary_table_may_have_a_views_name_and_hides_it(names: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-temp-transient"""
    names("create temporary table kv (a int)")
    names("insert into kv values (5)")
    assert names("select a from kv") == [(5,)]
    names("drop table kv")
    assert names("select a from kv") == [(2,)]
    names("create temporary view kt as select 7 as a")
    assert names("select a from kt") == [(7,)]
    names("drop view kt")
    assert names("select a from kt") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "drop table if exists {}.t",
        "drop view if exists {}.v",
        "drop sequence if exists {}.q",
        "drop stage if exists {}.s",
        "drop file format if exists {}.f",
        "drop function if exists {}.f(int)",
        "drop procedure if exists {}.p()",
        "drop stream if exists {}.s",
        "drop task if exists {}.t",
        "drop alert if exists {}.a",
        "drop streamlit if exists {}.s",
        "drop table if exists identifier('{}.t')",
        "truncate table if exists {}.t",
        "alter table if exists {}.t add column b int",
        "alter view if exists {}.v rename to w",
        "alter stage if exists {}.s set comment = 'x'",
        "alter task if exists {}.t resume",
        "alter procedure if exists {}.p() set comment = 'x'",
        "alter streamlit if exists {}.s set comment = 'x'",
        "comment if exists on table {}.t is 'x'",
        "drop table {}.t",
    ],
)
def test_if_exists_forgives_no_schema_and_no_database_that_is_missing(
    run: Run, statement: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-table"""
    [(database,)] = run("select current_database()")
    for place, said in (
        ("nowhere", f"Schema '{database}.NOWHERE' does not exist or not authorized."),
        ("nowhere.public", "Database 'NOWHERE' does not exist or not authorized."),
    ):
        with pytest.raises(ProgrammingError) as refused:
            run(statement.format(place))
        assert (refused.value.errno, said in str(refused.value)) == (2003, True)


def test_if_exists_forgives_an_object_that_is_missing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-table"""
    already = [("Drop statement executed successfully (NOTHING already dropped).",)]
    assert run("drop table if exists public.nothing") == already
    assert run("drop stage if exists nothing") == already
    assert run("drop schema if exists nothing") == already
    assert run("drop database if exists nothing") == already
    assert run("truncate table if exists nothing") == [("Statement executed successfully.",)]


@pytest.fixture(scope="module")
def lost() -> Iterator[SnowflakeConnection]:
    """A session without a current database; there is a database D."""
    with flocon.Account() as account, account.connect() as connection:
        connection.cursor().execute("create database d")
        connection.cursor().execute("create or replace database gone")
        connection.cursor().execute("drop database gone")
        yield connection


@pytest.mark.parametrize(
    ("statement", "number", "said"),
    [
        ("select * from public.t", 90105, "Cannot perform SELECT. "),
        ("update public.t set a = 1", 90105, "Cannot perform SELECT. "),
        ("select * from t", 2003, "Object 'T' does not exist or not authorized."),
        ("delete from t", 2003, "Object 'T' does not exist or not authorized."),
        ("create table t (a int)", 90105, "Cannot perform CREATE TABLE. "),
        ("create or replace temp table t (a int)", 90105, "Cannot perform CREATE TABLE. "),
        ("create view v as select 1 as a", 90105, "Cannot perform CREATE VIEW. "),
        ("create stage s", 90105, "Cannot perform CREATE STAGE. "),
        ("drop table if exists t", 90105, "Cannot perform DROP. "),
        ("drop schema if exists s", 90105, "Cannot perform DROP. "),
        ("truncate table if exists public.t", 90105, "Cannot perform TRUNCATE. "),
        ("select * from d.nowhere.t", 2003, "Schema 'D.NOWHERE' does not exist"),
    ],
)
def test_a_name_without_its_database_is_refused_by_the_statements_kind(
    lost: SnowflakeConnection, statement: str, number: int, said: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/name-resolution"""
    with pytest.raises(ProgrammingError) as refused:
        lost.cursor().execute(statement)
    text = str(refused.value)
    assert (refused.value.errno, said in text) == (number, True), text
    if number == 90105:
        assert "This session does not have a current database. Call 'USE DATABASE'" in text


def test_a_login_keeps_names_that_do_not_exist_and_does_not_use_them() -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    with flocon.Account() as account, account.connect() as first:
        first.cursor().execute("create database d")
        with account.connect(database="d", schema="nowhere") as other:
            assert (other.database, other.schema) == ("D", "NOWHERE")
            current = other.cursor().execute("select current_database(), current_schema()")
            assert current.fetchall() == [("D", None)]
            with pytest.raises(ProgrammingError, match="Cannot perform CREATE TABLE"):
                other.cursor().execute("create table t (a int)")
        with account.connect(database="nowhere", schema="s") as other:
            assert (other.database, other.schema) == ("NOWHERE", "S")
            current = other.cursor().execute("select current_database(), current_schema()")
            assert current.fetchall() == [(None, None)]


def test_a_login_that_names_no_schema_has_none() -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    with flocon.Account() as account, account.connect() as first:
        first.cursor().execute("create database d")
        with account.connect(database="d") as other:
            assert (other.database, other.schema) == ("D", None)
            cursor = other.cursor()
            assert cursor.execute("select current_schema()").fetchall() == [(None,)]
            cursor.execute("create or replace temporary view d.public.v as select 1 as a")
            assert cursor.execute("select current_schema()").fetchall() == [(None,)]
            with pytest.raises(ProgrammingError, match="does not have a current schema"):
                cursor.execute("create table t (a int)")
            with pytest.raises(ProgrammingError, match="Object 'T' does not exist"):
                cursor.execute("select * from t")
            cursor.execute("use database d")
            assert cursor.execute("select current_schema()").fetchall() == [("PUBLIC",)]


@pytest.mark.parametrize(
    ("names", "noun"),
    [
        ({"database": "nowhere"}, "database"),
        ({"database": "d", "schema": "nowhere"}, "schema"),
        ({"warehouse": "nowhere"}, "warehouse"),
    ],
)
def test_a_login_may_ask_that_its_names_exist(names: dict[str, str], noun: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    with flocon.Account() as account, account.connect() as first:
        first.cursor().execute("create database d")
        said = f"The requested {noun} does not exist or not authorized"
        with pytest.raises(DatabaseError, match=said) as refused:
            account.connect(validate_default_parameters=True, **names)
        assert refused.value.errno == 390201
        account.connect(database="d", schema="public", validate_default_parameters=True).close()
