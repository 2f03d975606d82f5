"""SHOW, DESCRIBE and comments."""

from datetime import UTC, datetime
from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database, shown

database = pytest.fixture(scope="module")(one_database)
Run = Any


def test_comments_are_kept_and_shown(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/comment"""
    run("create or replace table told (a int comment 'l''été', b int) comment = 'it''s told'")
    run("create or replace view seen comment = 'vu d''ici' as select a from told")
    (table,) = shown(connection, "show tables like 'TOLD'")
    (view,) = shown(connection, "show views like 'SEEN'")
    columns = shown(connection, "describe table told")
    assert (table["comment"], view["comment"]) == ("it's told", "vu d'ici")
    assert [column["comment"] for column in columns] == ["l'été", None]
    assert run(
        "select table_name, comment from information_schema.tables"
        " where table_name in ('TOLD', 'SEEN') order by 1"
    ) == [("SEEN", "vu d'ici"), ("TOLD", "it's told")]
    run("comment on table told is 'new''s'")
    run("comment on column told.b is 'b''s'")
    run("alter table told modify column a comment 'a''s'")
    assert shown(connection, "show tables like 'TOLD'")[0]["comment"] == "new's"
    assert [row["comment"] for row in shown(connection, "describe table told")] == ["a's", "b's"]
    run("alter table told set comment = 'set'")
    assert shown(connection, "show tables like 'TOLD'")[0]["comment"] == "set"


def test_describe_names_every_type_as_snowflake_does(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-table"""
    connection.cursor().execute(
        "create or replace table kinds (a binary, b time, c date, d timestamp_tz, e variant,"
        " f float, g boolean, h string, i number, j decimal(5, 2), k timestamp, l int not null)"
    )
    rows = shown(connection, "describe table kinds")
    assert [row["type"] for row in rows] == [
        "BINARY(8388608)", "TIME(9)", "DATE", "TIMESTAMP_TZ(9)", "VARIANT", "FLOAT", "BOOLEAN",
        "VARCHAR(16777216)", "NUMBER(38,0)", "NUMBER(5,2)", "TIMESTAMP_NTZ(9)", "NUMBER(38,0)",
    ]  # fmt: skip
    assert [row["null?"] for row in rows] == ["Y"] * 11 + ["N"]


def test_a_length_is_that_of_the_column_and_of_none_before_it(
    connection: snowflake.connector.SnowflakeConnection, run: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-table,
    https://docs.snowflake.com/en/sql-reference/info-schema/columns"""

    def lengths(table: str) -> dict[str, tuple[str, Any, Any]]:
        told = run(
            "select column_name, character_maximum_length, character_octet_length"
            f" from information_schema.columns where table_name = '{table.upper()}'"
        )
        counted = {name: most for name, *most in told}
        rows = shown(connection, f"describe table {table}")
        return {row["name"]: (row["type"], *counted[row["name"]]) for row in rows}

    of_3, of_5 = ("VARCHAR(3)", 3, 12), ("VARCHAR(5)", 5, 20)
    any_length = ("VARCHAR(16777216)", 16777216, 67108864)
    run("create table measured (a varchar(3), b varchar, n int)")
    whole = ("NUMBER(38,0)", None, None)
    assert lengths("measured") == {"A": of_3, "B": any_length, "N": whole}
    run("create table alike like measured")
    assert lengths("alike")["A"] == of_3
    run("drop table measured")
    run("create table measured (a varchar, b varchar(3))")
    run("alter table measured rename column b to c")
    run("alter table measured add column b varchar, d varchar(3)")
    run("alter table measured alter column d set data type varchar(5)")
    assert lengths("measured") == {"A": any_length, "B": any_length, "C": of_3, "D": of_5}
    run("alter table measured drop column c")
    run("alter table measured add column c varchar")
    assert lengths("measured")["C"] == any_length
    run("create or replace table measured as select 'x' as a, 'y' as d")
    of_1 = ("VARCHAR(1)", 1, 4)
    assert lengths("measured") == {"A": of_1, "D": of_1}
    run("create or replace table measured (a varchar(5), b varchar) as select 'x', 'y'")
    described = connection.cursor().describe(
        "select a, a as c, b, upper(a), 'x' from measured union all select d, d, d, d, d from"
        " (select a as d from measured) where false"
    )
    assert [each.internal_size for each in described] == [5, 5, 16777216, 15, 5]
    run("create view of_measured as select m.a, coalesce(m.b, m.a) as b from measured m")
    run("create table drawn_of as select * from of_measured")
    assert lengths("of_measured") == lengths("drawn_of") == {"A": of_5, "B": any_length}
    run("create or replace table measured (a varchar(5)) as select 'x'")
    run("drop table alike")
    run("alter table measured rename to alike")
    assert lengths("alike") == {"A": of_5}


def test_show_tells_when_and_how_many(
    run: Run, connection: snowflake.connector.SnowflakeConnection, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tables"""
    run("create or replace table counted as select seq4() x from table(generator(rowcount => 9))")
    run("delete from counted where x > 5")
    (row,) = shown(connection, f"show tables like 'count%' in schema {database}.public")
    assert (row["name"], row["rows"], row["database_name"]) == ("COUNTED", 6, database)
    assert abs((datetime.now(UTC) - row["created_on"]).total_seconds()) < 60
    assert shown(connection, "show tables like 'nothing%' in account") == []
    (found,) = shown(connection, f"show databases like '{database}'")
    assert (found["name"], found["is_current"]) == (database, "Y")
    names = [row["name"] for row in shown(connection, f"show schemas in database {database}")]
    assert "PUBLIC" in names
    assert "INFORMATION_SCHEMA" in names


def test_a_terse_listing_has_few_columns(
    run: Run, connection: snowflake.connector.SnowflakeConnection, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-streams

    And the same of show-databases, show-objects, show-schemas, show-tables, show-tasks, show-views.
    """
    run("create or replace table brief (x int)")
    run("create or replace view brief_view as select 1 x")
    run("create or replace stream brief_stream on table brief")
    run("create or replace task brief_task schedule = '1 hour' as select 1")

    def terse(tail: str) -> list[dict[str, Any]]:
        rows = shown(connection, f"show terse {tail}")
        assert all(row.pop("created_on") for row in rows)
        return rows

    place = {"database_name": database, "schema_name": "PUBLIC"}
    table = {"name": "BRIEF", "kind": "TABLE", **place}
    view = {"name": "BRIEF_VIEW", "kind": "VIEW", **place}
    assert terse("tables like 'brief'") == [table]
    assert terse("views like 'brief%'") == [view]
    assert terse("objects like 'brief%'") == [table, view]
    assert terse("streams") == [
        {"name": "BRIEF_STREAM", "kind": "DELTA", **place, "tableOn": f"{database}.PUBLIC.BRIEF"}
    ]
    assert terse("tasks like 'brief%' in schema public") == [
        {"name": "BRIEF_TASK", "kind": None, **place, "schedule": "1 hour"}
    ]
    assert terse("schemas like 'public'") == [
        {"name": "PUBLIC", "kind": None, "database_name": database, "schema_name": None}
    ]
    assert terse(f"databases like '{database}'") == [
        {"name": database, "kind": "STANDARD", "database_name": None, "schema_name": None}
    ]
    run("drop table brief")


def test_a_warehouse_is_described(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-warehouse"""
    run("create or replace warehouse told_wh initially_suspended = true")
    (row,) = shown(connection, "describe warehouse told_wh")
    assert abs((datetime.now(UTC) - row.pop("created_on")).total_seconds()) < 60
    assert row == {"name": "TOLD_WH", "kind": "WAREHOUSE"}
    run("drop warehouse told_wh")
    assert errno(run, "describe warehouse told_wh") == 2003


def test_a_limit_of_warehouses_goes_by_name(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-warehouses"""
    run("create warehouse if not exists many_a initially_suspended = true")
    run("create warehouse if not exists many_b initially_suspended = true")
    first = shown(connection, "show warehouses like 'MANY_%' limit 1")
    then = shown(connection, "show warehouses like 'MANY_%' limit 5 from 'MANY_A'")
    run("drop warehouse many_a")
    run("drop warehouse many_b")
    assert ([row["name"] for row in first], [row["name"] for row in then]) == (
        ["MANY_A"],
        ["MANY_B"],
    )


def test_parameters_are_shown_for_a_session(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-parameters"""
    asked = "show parameters like 'AUTOCOMMIT'"
    assert shown(connection, f"{asked} for session") == shown(connection, f"{asked} in session")
    assert [row["key"] for row in shown(connection, f"{asked} for session")] == ["AUTOCOMMIT"]


def test_tables_tell_their_rows_and_bytes(
    run: Run, connection: snowflake.connector.SnowflakeConnection, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema/tables"""
    run("create or replace table sized (a int, b varchar)")
    query = (
        "select row_count, bytes from information_schema.tables"
        " where table_schema = 'PUBLIC' and table_name = 'SIZED'"
    )
    run("create or replace view how_large as " + query)
    assert run(query) == run("select * from how_large") == [(0, 0)]
    run("insert into sized select seq4(), repeat('x', 992) from table(generator(rowcount => 100))")
    ((rows, hundred),) = run(query)
    assert rows == 100
    assert hundred > 0
    run("delete from sized where a < 50")
    ((rows, fifty),) = run("select * from how_large")
    assert rows == 50
    assert 0 < fifty <= hundred
    (shown_row,) = shown(connection, f"show tables like 'SIZED' in schema {database}.public")
    assert (shown_row["rows"], shown_row["bytes"]) == (50, fifty)
    assert run(query.replace("SIZED", "HOW_LARGE")) == [(None, None)]


@pytest.mark.parametrize(
    ("listed", "made"),
    [
        ("stages", "create stage {}"),
        ("file formats", "create file format {} type = csv"),
        ("sequences", "create sequence {}"),
    ],
)
def test_what_the_engine_lists_is_cut_to_what_was_asked_for(
    run: Run, connection: snowflake.connector.SnowflakeConnection, listed: str, made: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-stages"""
    run("create schema apart")
    for name in ("a_b", "axb", "b"):
        run(made.format(name))

    def names(tail: str) -> list[str]:
        return [row["name"] for row in shown(connection, f"show {listed} {tail}")]

    assert names("like 'A_B'") == ["AXB", "A_B"]
    assert names(r"like 'a\\_b'") == ["A_B"]
    assert names("like 'nothing'") == []
    assert names("in schema apart starts with 'A' limit 1") == ["AXB"]
    assert names("in schema public") == []
    assert errno(run, f"show {listed} in schema no_such_schema") == 2043
    run("drop schema apart")
    run("use schema public")


def test_several_columns_are_altered_in_one_statement(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table-column"""
    run("create or replace table many (a int, b int not null)")
    run("alter table many alter a comment $$the, first$$, column b comment 'the second'")
    run("create or replace view seen_many as select a from many")
    assert [row["comment"] for row in shown(connection, "describe table many")] == [
        "the, first", "the second",
    ]  # fmt: skip


def test_a_sequence_is_described_and_those_behind_autoincrement_are_not_shown(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-sequence"""
    run("create sequence counting start = 5 increment = 2")
    run("create table counted_by_itself (a int autoincrement)")
    (row,) = shown(connection, "describe sequence /* which */ counting")
    assert (row["name"], row["next_value"], row["interval"]) == ("COUNTING", 5, 2)
    assert abs((datetime.now(UTC) - row["created_on"]).total_seconds()) < 60
    assert [row["name"] for row in shown(connection, "show sequences")] == ["COUNTING"]
    run("create sequence downwards start = 10 increment = -4 order comment = 'told'")
    assert run("select downwards.nextval") == [(10,)]
    assert [
        tuple(row[each] for each in ("name", "next_value", "interval", "comment", "ordered"))
        for row in shown(connection, "show sequences")
    ] == [("COUNTING", 5, 2, "", "N"), ("DOWNWARDS", 6, -4, "told", "Y")]
    assert run("select downwards.nextval") == [(6,)]
    assert errno(run, "describe sequence nothing") == 2003
    assert errno(run, "create sequence counting") == 2002


def test_columns_of_what_is_missing_are_an_error_and_temporary_tables_have_them(
    connection: snowflake.connector.SnowflakeConnection, run: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-columns"""
    run("create table asked (n number(10, 2) not null, s varchar(10) default 'x')")
    run("create temporary table brief_asked (t timestamp_ntz)")
    run("create view glimpsed as select n from asked")
    keys = ("table_name", "column_name", "data_type", "null?", "default")
    [(place,)] = run("select current_database() || '.' || current_schema()")
    rows = [
        *shown(connection, "show columns in asked"),
        *shown(connection, "show columns in table brief_asked"),
        *shown(connection, f"show columns like 'N%' in view {place}.glimpsed"),
    ]
    fixed = '{"type":"FIXED","precision":10,"scale":2,"nullable":'
    text = '{"type":"TEXT","length":10,"byteLength":40,"nullable":true,"fixed":false}'
    moment = '{"type":"TIMESTAMP_NTZ","precision":0,"scale":9,"nullable":true}'
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("ASKED", "N", fixed + "false}", "NOT_NULL", ""),
        ("ASKED", "S", text, "true", "'x'"),
        ("BRIEF_ASKED", "T", moment, "true", ""),
        ("GLIMPSED", "N", fixed + "false}", "NOT_NULL", ""),
    ]
    assert errno(run, "show columns in nowhere") == 2003
    assert errno(run, f"show columns in view {place}.nowhere") == 2003
    assert errno(run, f"show columns in schema {place.partition('.')[0]}.nowhere") == 2043
    assert errno(run, "show columns in database nowhere") == 2043


def test_an_autoincrement_says_how_it_counts(
    connection: snowflake.connector.SnowflakeConnection, run: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table"""
    run("create table stepping (id int autoincrement start 10 increment 5, v int)")
    how = "IDENTITY START 10 INCREMENT 5 NOORDER"
    (row, _) = shown(connection, "show columns in stepping")
    assert (row["autoincrement"], row["default"]) == (how, "")
    assert [row["default"] for row in shown(connection, "describe table stepping")] == [how, None]
    assert run(
        "select column_default, is_identity, identity_start, identity_increment"
        " from information_schema.columns where table_name = 'STEPPING' order by ordinal_position"
    ) == [(None, "YES", "10", "5"), (None, "NO", None, None)]


def test_databases_and_schemas_are_described_by_what_they_hold(run: Any, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-database"""
    run("create schema held")
    run("create table held.t (a int)")
    run("create view held.v as select 1 a")
    run("use schema public")
    schemas = [row[1:] for row in run(f"describe database {database}")]
    assert ("HELD", "SCHEMA") in schemas
    assert ("PUBLIC", "SCHEMA") in schemas
    assert [row[1:] for row in run("describe schema held")] == [("T", "TABLE"), ("V", "VIEW")]
    assert errno(run, "describe schema nowhere") == 2003
    assert errno(run, "describe database nowhere") == 2003


@pytest.mark.parametrize("what", ["view", "table"])
def test_the_views_of_information_schema_are_described(run: Run, what: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema"""
    described = {row[0]: row[1:4] for row in run(f"describe {what} information_schema.tables")}
    assert described["TABLE_NAME"] == ("VARCHAR(16777216)", "COLUMN", "Y")
    assert described["ROW_COUNT"] == ("NUMBER(38,0)", "COLUMN", "Y")
    assert described["CREATED"] == ("TIMESTAMP_LTZ(9)", "COLUMN", "Y")
    names = [row[0] for row in run(f"describe {what} information_schema.columns")]
    assert names[:4] == ["TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"]
    assert errno(run, f"describe {what} information_schema.nothing") == 2003


def test_a_view_is_listed_with_the_statement_that_made_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-views"""
    made = 'create or replace view written as\n  select 1 as "a b" -- one'
    live = "create or replace view live as select * from table(information_schema.task_history())"
    run(made)
    run(live)
    listed = {row[1]: row[7] for row in run("show views")}
    assert (listed["WRITTEN"], listed["LIVE"]) == (made, live)
    assert run(
        "select view_definition from information_schema.views where table_name = 'WRITTEN'"
    ) == [(made,)]
    assert run("select * from written") == [(1,)]


def test_a_view_has_not_null_of_what_it_names_alone(
    run: Any, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-view"""
    run("create table needed (k int not null, v varchar(4) not null, w varchar(4))")
    run("create view needs as select v as a, needed.k, w from needed")
    for query, expected in (
        ("select v, (k) as k, w from needed where k > 0 order by 1 limit 3", "NNY"),
        ("select * from needed", "NNY"),
        (
            "select coalesce(v, 'x') as a, v::varchar(4) as b, 1 as c, k + 1 as d from needed",
            "YYYY",
        ),
        ("select count(*) as n, max(v) as m, v from needed group by v", "YYN"),
        ("with c as (select distinct v from needed) select v from (select v from c)", "N"),
        ("select * from needs", "NNY"),
        ("select b.v, c.v as w from needed b left join needed c on b.k = c.k", "NY"),
        ("select b.v, c.v as w from needed b join needed c on b.k = c.k", "NN"),
        ("select v from needed union all select v from needed", "Y"),
        ("select v from needed intersect select v from needed", "Y"),
    ):
        run(f"create or replace view asked_of as {query}")
        found = [row["null?"] for row in shown(connection, "describe view asked_of")]
        assert "".join(found) == expected, query


def test_columns_of_a_view_or_schema_are_asked_for_by_its_full_name(run: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-columns"""
    run("create or replace view short as select 1 as a")
    for scope in ("view short", "view public.short", "schema public"):
        assert errno(run, f"show columns in {scope}") == 2, scope
    assert len(run("show columns in short")) == len(run("show columns in table short")) == 1


def test_the_schema_of_what_the_account_says_of_itself_is_nobodys(
    run: Any, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-schemas"""
    [schema] = shown(connection, "show schemas like 'information_schema'")
    assert (schema["owner"], schema["owner_role_type"], schema["comment"]) == (
        "", "", "Views describing the contents of schemas in this database",
    )  # fmt: skip
    run("create or replace table sorted (a int) cluster by (a)")
    [table] = shown(connection, "show tables like 'sorted'")
    assert (table["cluster_by"], table["automatic_clustering"]) == ("LINEAR(A)", "ON")
    run("create or replace file format by_commas type = csv skip_header = 1")
    [form] = shown(connection, "show file formats like 'by_commas'")
    assert form["owner"] == "ACCOUNTADMIN"
    assert form["format_options"].startswith('{"TYPE":"CSV",')
