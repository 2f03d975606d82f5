"""A statement that fails: number, SQL state, query id."""

import pytest
import snowflake.connector
from shared import one_database

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)


@pytest.mark.parametrize(
    ("sql", "number", "state"),
    [
        ("selec 1", 1003, "42000"),
        ("select * from nowhere", 2003, "42S02"),
        ("select nothing from values (1)", 904, "42000"),
        ("select nothing(1)", 2140, "42601"),
        ("insert into strict values (null)", 100072, "22000"),
        ("drop table nowhere", 2003, "42S02"),
        ("describe view nowhere", 2003, "42S02"),
        ("alter table nowhere rename to there", 2003, "42S02"),
        ("select * from nowhere.t", 2003, "02000"),
        ("drop stage nowhere", 2003, "02000"),
        ("create table strict (x int)", 2002, "42710"),
        ("alter table strict add column x int", 1430, "42601"),
        ("use schema nowhere", 2043, "02000"),
        ("use warehouse nowhere", 2043, "02000"),
        ("select * from nowhere.public.t", 2003, "02000"),
        ("call nowhere()", 2140, "42601"),
        ("select 1; select 2", 8, "0A000"),
    ],
)
def test_an_error_has_snowflakes_number_state_and_query_id(
    connection: snowflake.connector.SnowflakeConnection, sql: str, number: int, state: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create table if not exists strict (x int not null)")
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        cursor.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == (number, state)
    assert caught.value.sfqid


def test_an_identifier_holds_one_name_and_no_more(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifier-literal"""
    assert error(run, "create table identifier('my table') (a int)") == 904
    assert error(run, "drop stage if exists identifier('public.a b')") == 904
    run("""create table identifier('"my table"') (a int)""")
    assert run("""select * from identifier('public."my table"')""") == []


def test_what_exists_already_is_named_as_the_statement_names_it(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrameWriter.save_as_table"""
    run("create table things (a int)")
    run("create view sight as select 1 as a")
    run("create temporary table passing (a int)")
    run("create stage shelf")
    run("create stream changes on table things")
    for sql, name in (
        ("create table Things (a int)", "THINGS"),
        ("create table public.things as select 1 as a", "PUBLIC.THINGS"),
        (f"create table {database}.public.things (a int)", f"{database.upper()}.PUBLIC.THINGS"),
        ("create view sight as select 2 as a", "SIGHT"),
        ("create temporary table passing (a int)", "PASSING"),
        ("create stage public.shelf", "PUBLIC.SHELF"),
        ("create stream changes on table things", "CHANGES"),
    ):
        number, text = failure(run, sql)
        assert (number, f"Object '{name}' already exists." in text) == (2002, True), text


def test_an_insert_has_as_many_values_as_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("create table counted (a int, b int, c int)")
    run("create temporary table passing_by (a int, b int)")
    for sql, counts in (
        ("insert into counted select 1, 2", "3 but got 2"),
        ("insert into counted values (1, 2)", "3 but got 2"),
        ("insert into counted (a, b) select 1", "2 but got 1"),
        ("insert into counted (a) values (1, 2)", "1 but got 2"),
        ("insert into counted select * from passing_by", "3 but got 2"),
        ("insert into passing_by select 1", "2 but got 1"),
    ):
        text = f"Insert value list does not match column list expecting {counts}"
        number, message = failure(run, sql)
        assert (number, text in message) == (2020, True), message


def test_an_unknown_column_is_named_without_quotes_that_it_does_not_need(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    assert "invalid identifier 'ABC'" in failure(run, 'select "ABC" from (select 1 as "abc")')[1]
    assert "'\"abc\"'" in failure(run, 'select "abc" from (select 1 as abc)')[1]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nope from placed", "error line 1 at position 7\ninvalid identifier 'NOPE'"),
        (
            "select a,\n  p.nope + 1\nfrom placed p",
            "error line 2 at position 2\ninvalid identifier 'P.NOPE'",
        ),
        ('select a from placed where "Nope" = 1', "position 27\ninvalid identifier '\"Nope\"'"),
        ("select 'nope', a from placed where nope", "position 35\ninvalid identifier 'NOPE'"),
        ("insert into placed (a) select nope from placed", "position 30\n"),
        ("update placed set nope = 1", "error line 1 at position 18\ninvalid identifier 'NOPE'"),
        ("delete from placed where nope = 1", "position 25\n"),
        ("selec 1", "syntax error line 1 at position 0 unexpected 'selec'."),
        ("select 1 +", "syntax error line 1 at position 10 unexpected '<EOF>'."),
        ("select a b c\nfrom placed", "syntax error line 1 at position 11 unexpected 'c'."),
        ("select a\nfrom placed\nwhere )", "syntax error line 3 at position 6 unexpected ')'."),
    ],
)
def test_an_error_of_compilation_says_its_place(run: Run, sql: str, said: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#handling-errors"""
    run("create table if not exists placed (a int)")
    assert said in failure(run, sql)[1]
