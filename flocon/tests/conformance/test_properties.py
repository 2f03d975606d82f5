"""What a statement sets is shown, followed, or refused: none succeeds without effect."""

from typing import Any

import pytest
import snowflake.connector
from shared import errno, one, one_database, shown

from conformance.shared import error, failure

database = pytest.fixture(scope="module")(one_database)
Run = Any
Connection = snowflake.connector.SnowflakeConnection


def test_a_tables_properties_are_shown(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tables"""

    def table(name: str) -> tuple[str, ...]:
        (row,) = shown(connection, f"show tables like '{name}'")
        return row["kind"], row["cluster_by"], row["retention_time"], row["change_tracking"]

    run("create transient table kept (a int, b int) cluster by (a, b) change_tracking = true")
    assert table("KEPT") == ("TRANSIENT", "LINEAR(A, B)", "1", "ON")
    run("alter table kept cluster by (b)")
    run("alter table kept set data_retention_time_in_days = 0, change_tracking = false")
    assert table("KEPT") == ("TRANSIENT", "LINEAR(B)", "0", "OFF")
    run("alter table kept drop clustering key")
    run("alter table kept rename to moved")
    assert table("MOVED") == ("TRANSIENT", "", "0", "OFF")
    run("create or replace table moved (a int)")
    assert table("MOVED") == ("TABLE", "", "1", "OFF")
    run("create stream moved_stream on table moved")
    assert table("MOVED") == ("TABLE", "", "1", "ON")


def test_clustering_keys_keep_the_case_of_paths_and_quoted_names(
    run: Run, connection: Connection
) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-clustering-keys"""
    run('create or replace table keyed (v variant, "q" int) cluster by (v:"Data":id, "q")')
    (row,) = shown(connection, "show tables like 'keyed'")
    assert row["cluster_by"] == "LINEAR(GET_PATH(V, 'Data.id'), \"q\")"


def test_a_tables_history_is_kept_for_so_many_days(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/user-guide/data-time-travel"""
    days = "data_retention_time_in_days"
    run(f"create or replace table dated (a int) {days} = 90")
    run(f"create or replace transient table passing (a int) {days} = 1")
    for statement, number, text in (
        (
            f"create table no (a int) {days} = -1",
            1008,
            f"invalid value [-1] for parameter '{days}'",
        ),
        (f"create table no (a int) {days} = 91", 2, "retention time (90 day(s))."),
        (f"create transient table no (a int) {days} = 2", 1008, "invalid value [2]"),
        (f"alter table dated set comment = 'c', {days} = -1", 1008, "invalid value [-1]"),
        (f"alter table dated set {days} = 91", 2, "Exceeds maximum allowable retention time"),
        (f"alter table passing set {days} = 2", 1008, "invalid value [2]"),
        ("alter table dated set max_data_extension_time_in_days = 91", 1008, "invalid value [91]"),
    ):
        got, said = failure(run, statement)
        assert (got, text.lower() in said.lower()) == (number, True), statement
    (row,) = shown(connection, "show tables like 'DATED'")
    assert (row["retention_time"], row["comment"]) == ("90", "")
    (row,) = shown(connection, "show tables like 'PASSING'")
    assert row["retention_time"] == "1"


def test_a_views_properties_are_shown(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create secure view guarded (x comment 'the one') comment = 'c' as select 1")
    (row,) = shown(connection, "show views like 'GUARDED'")
    assert (row["is_secure"], row["comment"]) == ("true", "c")
    assert shown(connection, "describe view guarded")[0]["comment"] == "the one"
    run("create or replace view guarded copy grants as select 1 y")
    assert shown(connection, "show views like 'GUARDED'")[0]["is_secure"] == "false"


def test_a_stages_comment_and_a_file_format_come_and_go(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    run("create stage told comment = 'l''été'")
    assert shown(connection, "show stages like 'TOLD'")[0]["comment"] == "l'été"
    run("create file format lines type = csv field_delimiter = '|'")
    run("drop file format lines")
    run("drop file format if exists lines")
    assert errno(run, "drop file format lines") == 2003
    assert errno(run, "drop sequence nowhere") == 2003
    assert errno(run, "create file format odd type = csv nonsense = 1") == 1008


def test_a_column_that_counts_itself(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table counted (id int autoincrement start 5 increment 5, n int)")
    run("insert into counted (n) values (1), (2)")
    assert run("select id, n from counted order by id") == [(5, 1), (10, 2)]


@pytest.mark.parametrize("kind", ["", "transient", "temporary"])
def test_a_clone_counts_on_and_a_table_like_another_counts_anew(
    run: Run, connection: Connection, kind: str
) -> None:
    """A clone is independent of its source.
    https://docs.snowflake.com/en/sql-reference/sql/create-clone
    https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create or replace schema counting")
    run("create table source (id int autoincrement start 10 increment 5, n int)")
    run("insert into source (n) values (1), (2)")
    run("create or replace schema others")
    run(f"create {kind} table cloned clone counting.source")
    run(f"create {kind} table alike like counting.source")
    for table in ("cloned", "alike", "counting.source"):
        run(f"insert into {table} (n) values (3)")
        described = shown(connection, f"describe table {table}")[0]
        assert described["default"] == "IDENTITY START 10 INCREMENT 5 NOORDER"
    assert run("select id, n from cloned order by id") == [(10, 1), (15, 2), (20, 3)]
    assert run("select id, n from alike") == [(10, 3)]
    assert run("select id, n from counting.source order by id") == [(10, 1), (15, 2), (20, 3)]


def test_a_clone_counts_on_without_its_source(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-clone"""
    run("create or replace schema counting")
    run("create table source (id int autoincrement, n int)")
    run("insert into source (n) values (1), (2), (3)")
    run("delete from source where n > 1")
    run("create table first clone source")
    run("drop table source")
    run("insert into first (n) values (4)")
    run("create table second clone first")
    run("insert into first (n) values (5)")
    run("insert into second (n) values (6)")
    run("create or replace table first clone second")
    run("insert into first (n) values (7)")
    run("create or replace table second like second")
    run("insert into second (n) values (8)")
    assert run("select id, n from first order by id") == [(1, 1), (4, 4), (5, 6), (6, 7)]
    assert run("select id, n from second") == [(1, 8)]


def test_columns_count_from_anywhere_in_steps_of_any_size(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create or replace schema downwards")
    run("create table steps (a int identity(10, -5), b int autoincrement order, c int)")
    run("use schema public")
    run("insert into downwards.steps (c) values (1), (2), (3)")
    assert run("select a, b, c from downwards.steps order by c") == [
        (10, 1, 1), (5, 2, 2), (0, 3, 3),
    ]  # fmt: skip
    described = shown(connection, "describe table downwards.steps")
    assert [row["default"] for row in described] == [
        "IDENTITY START 10 INCREMENT -5 NOORDER", "IDENTITY START 1 INCREMENT 1 ORDER", None,
    ]  # fmt: skip
    assert run(
        "select column_name, column_default, is_identity, identity_start, identity_increment,"
        " identity_ordered from information_schema.columns where table_name = 'STEPS'"
        " order by ordinal_position"
    ) == [
        ("A", None, "YES", "10", "-5", "NO"),
        ("B", None, "YES", "1", "1", "YES"),
        ("C", None, "NO", None, None, None),
    ]
    assert shown(connection, "show sequences in schema downwards") == []
    assert errno(run, "create table wrong (a varchar autoincrement)") == 2262


def test_a_column_that_counts_is_added_to_a_table_without_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table growing (n int)")
    run("alter table growing add column id int autoincrement start 7 increment 1")
    run("create or alter table growing (n int, id int identity(7, 1), ten int identity(10, 10))")
    run("insert into growing (n) values (1), (2)")
    assert run("select n, id, ten from growing order by n") == [(1, 7, 10), (2, 8, 20)]
    for statement in (
        "alter table growing add column more int autoincrement",
        "create or alter table growing"
        " (n int, id int identity(7, 1), ten int identity(10, 10), more int identity)",
    ):
        with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
            run(statement)
        text = "Cannot add column 'MORE' with non-constant default to non-empty table 'GROWING'."
        assert (caught.value.errno, text in str(caught.value)) == (2, True)


def test_a_statement_stops_at_its_time_limit(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds"""
    rows = "(select seq4() n from table(generator(rowcount => 100000)))"
    run("alter session set statement_timeout_in_seconds = 1")
    sql = f"select count(*) from {rows} a, {rows} b, {rows} c where a.n + b.n + c.n < 0"
    assert errno(run, sql) == 630
    assert one(run, "select 1") == 1
    run("alter session unset statement_timeout_in_seconds")


def test_a_session_parameter_takes_its_own_values_only(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters"""
    for setting in ("autocommit = perhaps", "statement_timeout_in_seconds = 'soon'"):
        with pytest.raises(snowflake.connector.errors.ProgrammingError):
            run(f"alter session set {setting}")
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        run("alter session unset nonsense")
    run("create or replace table sure (a int)")
    run("insert into sure values (1)")
    run("rollback")
    assert run("select a from sure") == [(1,)]


def test_the_last_query_is_known_by_its_id(run: Run, connection: Connection) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/last_query_id"""
    cursor = connection.cursor()
    cursor.execute("select 7 as x")
    ran = cursor.sfqid
    assert cursor.execute("select last_query_id()").fetchall() == [(ran,)]
    cursor.execute("show schemas like 'PUBLIC'")
    found = cursor.execute('select "name" from table(result_scan(last_query_id()))').fetchall()
    assert found == [("PUBLIC",)]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("create table twice (n int) comment = 'a' comment = 'b'", "COMMENT"),
        (
            "create table twice (n int) change_tracking = true change_tracking = false",
            "CHANGE_TRACKING",
        ),
        ("create view twice comment = 'a' comment = 'b' as select 1 n", "COMMENT"),
        ("create warehouse twice auto_suspend = 60 auto_suspend = 120", "AUTO_SUSPEND"),
        ("create user twice comment = 'a' comment = 'b'", "COMMENT"),
    ],
)
def test_a_property_is_given_once(run: Run, statement: str, name: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create"""
    number, text = failure(run, statement)
    assert number == 1046
    assert f"duplicate property '{name}';" in text
    run("create or replace table once (n int) cluster by (n) cluster by (n)")
    run("create or replace stage once comment = 'a' comment = 'b'")


def test_a_clustering_key_is_of_expressions_over_the_tables_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/tables-clustering-keys"""
    run("create table keyed_so (id int, v variant) cluster by (id > 5, id % 10, v:x::int)")
    run("create temporary table keyed_too cluster by (id) as select 1 as id")
    run("create table keyed_like clone keyed_so")
    run("alter table keyed_so cluster by (id between 1 and 2)")
    run("create table keyed_not as select * from keyed_so")
    run("show tables like 'keyed_%'")
    assert run(
        'select "name", "cluster_by", "automatic_clustering"'
        " from table(result_scan(last_query_id()))"
    ) == [
        ("KEYED_LIKE", "LINEAR(ID > 5, ID % 10, CAST(GET_PATH(V, 'x') AS INT))", "OFF"),
        ("KEYED_NOT", "", "OFF"),
        ("KEYED_SO", "LINEAR(ID BETWEEN 1 AND 2)", "ON"),
        ("KEYED_TOO", "LINEAR(ID)", "ON"),
    ]
    for statement, number in {
        "create table no_key (id int) cluster by (other > 5)": 904,
        'create table no_key (id int) cluster by ("id")': 904,
        "create table no_key cluster by (other) as select 1 as id": 904,
        "create temporary table no_key cluster by (other) as select 1 as id": 904,
        "alter table keyed_so cluster by (other)": 904,
        "create or alter table keyed_so (id int, v variant) cluster by (other)": 904,
        "create table no_key (id int) cluster by (sum(id))": 2,
        "create table no_key (v variant) cluster by (v)": 2,
        "create view no_key cluster by (id) as select 1 as id": 1003,
    }.items():
        assert error(run, statement) == number, statement
    assert run("show tables like 'no_key'") == []
