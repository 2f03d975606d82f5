"""What becomes of tables, sequences, grants and tasks that are altered, and what may not be."""

from typing import Any

import pytest
from shared import one_database, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)

_POSITIONS = (
    "select column_name, ordinal_position from information_schema.columns"
    " where table_schema = 'PUBLIC' and table_name = '{}' order by ordinal_position"
)


def test_the_number_of_a_dropped_column_is_not_used_again(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema/columns"""

    def positions(table: str) -> list[tuple[str, int]]:
        return run(_POSITIONS.format(table))

    run("create or replace table numbered (a int, b int, c int)")
    run("alter table numbered drop column b")
    assert positions("NUMBERED") == [("A", 1), ("C", 3)]
    run("alter table numbered add column d int")
    run("alter table numbered drop column d")
    run("alter table numbered add column d int, e int")
    assert positions("NUMBERED") == [("A", 1), ("C", 3), ("D", 5), ("E", 6)]
    run("alter table numbered rename column c to k")
    run("create or replace table numbered_clone clone numbered")
    run("create or replace table numbered_alike like numbered")
    run("alter table numbered_clone add column f int")
    assert positions("NUMBERED_CLONE") == [("A", 1), ("K", 3), ("D", 5), ("E", 6), ("F", 7)]
    assert positions("NUMBERED_ALIKE") == [("A", 1), ("K", 2), ("D", 3), ("E", 4)]
    run("alter table numbered rename to renumbered")
    run("create or alter table renumbered (a int, e int, z int)")
    assert positions("RENUMBERED") == [("A", 1), ("E", 6), ("Z", 7)]
    run("create or replace table renumbered clone renumbered")
    assert positions("RENUMBERED") == [("A", 1), ("E", 6), ("Z", 7)]
    run("insert into renumbered values (1, 2, 3)")
    assert run("select * from renumbered") == [(1, 2, 3)]
    run("create or replace table renumbered (a int, b int)")
    assert positions("RENUMBERED") == [("A", 1), ("B", 2)]


def test_the_rows_of_a_table_are_those_that_are_committed(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tables"""

    def rows() -> list[Any]:
        [listed] = shown(connection, "show tables like 'rows_told'")
        [(told,)] = run(
            "select row_count from information_schema.tables where table_name = 'ROWS_TOLD'"
        )
        return [listed["rows"], told]

    run("create or replace table rows_told (a int)")
    run("insert into rows_told values (1), (2)")
    run("begin")
    run("insert into rows_told values (3)")
    run("delete from rows_told where a = 1")
    run("insert into rows_told values (4), (5)")
    assert rows() == [2, 2]
    run("commit")
    assert rows() == [4, 4]


def test_what_a_sequence_is_told_it_is_told_once(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-sequence"""
    for said in (
        "start 1 start 2",
        "start = 1 increment by 3 increment = 2",
        "increment 1, increment 1",
        "comment = 'a' comment = 'b'",
    ):
        assert error(run, f"create sequence twice {said}") == 1046, said
    run("create or replace sequence once with start with 5, increment by -2 comment = 'down'")
    assert run("select once.nextval, once.nextval") == [(5, 3)]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("", (1, 2)),
        ("order", (1, 2)),
        ("noorder comment = 'one'", (1, 2)),
        ("increment by 5", (1, 6)),
        ("increment = -3 order", (1, -2)),
        ("start with -3 increment -3", (-3, -6)),
    ],
)
def test_a_sequence_begins_at_1_unless_it_is_told(
    run: Run, said: str, numbers: tuple[int, int]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-sequence"""
    run(f"create or replace sequence beginning {said}")
    assert run("select beginning.nextval, beginning.nextval") == [numbers]
    run("create or replace sequence beginning_again " + said)
    run("create or replace table begun (n int default beginning_again.nextval, a int)")
    run("insert into begun (a) values (0), (0)")
    assert sorted(run("select n from begun")) == sorted((number,) for number in numbers)
    run("drop table begun")


def test_a_sequence_gets_another_step_and_another_comment(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-sequence"""

    def told() -> tuple[int, int, str]:
        [listed] = shown(connection, "show sequences like 'stepping'")
        return listed["next_value"], listed["interval"], listed["comment"]

    run("create or replace sequence stepping start = 1 increment = 2 comment = 'by two'")
    assert run("select stepping.nextval, stepping.nextval") == [(1, 3)]
    run("alter sequence stepping set increment = 10")
    assert told() == (5, 10, "by two")
    # The number that comes next is there already.
    assert [run("select stepping.nextval") for _ in range(3)] == [[(5,)], [(15,)], [(25,)]]
    run("alter sequence stepping increment by -5")
    run("alter sequence stepping set comment = 'down'")
    assert [run("select stepping.nextval") for _ in range(2)] == [[(35,)], [(30,)]]
    assert told() == (25, -5, "down")
    run("alter sequence if exists stepping unset comment")
    assert told() == (25, -5, "")
    run("alter sequence if exists nowhere set comment = 'a'")
    assert error(run, "alter sequence nowhere set comment = 'a'") == 2003
    for said in ("set increment = 1 increment = 2", "set comment = 'a' comment = 'b'"):
        assert error(run, f"alter sequence stepping {said}") == 1046, said
    assert error(run, "alter sequence stepping set start = 1") == 1008
    assert error(run, "alter sequence stepping set") == 1003


def test_two_keys_of_the_same_columns_are_one_too_many(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table-constraint"""
    for columns in (
        "a int unique unique",
        "a int unique, unique (a)",
        "a int, b int, unique (a, b), unique (a, b)",
        "a int primary key primary key",
        "a int primary key, primary key (a)",
    ):
        assert error(run, f"create table keyed_twice ({columns})") == 2, columns
    run(
        "create or replace table keyed (a int unique, b int unique, unique (a, b), primary key (a))"
    )
    assert error(run, "alter table keyed add unique (b)") == 2
    assert error(run, "alter table keyed add column c int primary key") == 2


def test_a_column_that_is_added_as_the_primary_key_takes_no_null(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-table-constraint"""
    run("create or replace table unkeyed (a int)")
    run("alter table unkeyed add column b int primary key, c int unique")
    found = shown(connection, "describe table unkeyed")
    assert [row["null?"] for row in found] == ["Y", "N", "Y"]
    assert error(run, "insert into unkeyed values (1, null, 1)") == 100072
    run("create or replace table unkeyed (a int)")
    run("insert into unkeyed values (null)")
    run("alter table unkeyed add primary key (a)")
    assert [row["null?"] for row in shown(connection, "describe table unkeyed")] == ["Y"]


def test_a_column_of_the_clustering_key_keeps_its_name(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table clustered (a int, b int, c int) cluster by (a, to_varchar(b))")
    assert error(run, "alter table clustered rename column a to x") == 2
    assert error(run, "alter table clustered rename column b to x") == 2
    run("alter table clustered rename column c to x")
    run("alter table clustered drop clustering key")
    run("alter table clustered rename column a to y")
    assert [row[0] for row in run("describe table clustered")] == ["Y", "B", "X"]


def test_nothing_is_shown_of_no_rows_and_of_nobody(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-tables
    https://docs.snowflake.com/en/sql-reference/sql/show-grants"""
    for what in ("tables", "schemas", "columns", "warehouses", "tasks"):
        assert error(run, f"show {what} limit 0") == 1003, what
    assert error(run, "show grants to user nobody") == 2003
    assert error(run, "show grants to role nobody") == 2003
    assert error(run, "show grants on table nobody") == 2003


def test_everybody_has_the_role_public_and_no_grant_says_so(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    run("create role if not exists publicans")
    before = len(run("show grants to role publicans"))
    run("grant role public to role publicans")
    assert len(run("show grants to role publicans")) == before
    assert run("show grants of role public") == []
    assert error(run, "grant role public to role nobody") == 2003
    assert error(run, "alter role sysadmin set comment = 'mine'") == 3001
    run("drop role publicans")


def test_the_body_of_a_task_is_a_statement(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    for body in ("nowhere", "selct 1", "select 1 from", "insert into t values (1"):
        assert error(run, f"create task bodied schedule = '1 minute' as {body}") == 1003, body
    run("create or replace task bodied schedule = '1 minute' as select * from nowhere")
    assert error(run, "alter task bodied modify as updat nowhere set a = 1") == 1003
    run("alter task bodied modify as call nowhere()")
    run("drop task bodied")
    nothing = "create alert alerted schedule = '1 minute' if (exists (select 1)) then nowhere"
    assert error(run, nothing) == 1003


@pytest.mark.parametrize(
    "made",
    [
        "repeat('ab', 67108865)",
        "repeat(c, 100)",
        "repeat(upper(c), n)",
        "space(n)",
        "lpad(c, n, 'x')",
        "rpad('a', 134217729)",
    ],
)
def test_no_text_is_longer_than_the_longest(run: Run, made: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    source = "from (select repeat('a', 2000000) as c, 134217729 as n)"
    assert error(run, f"select length({made}) {source}") == 100078
    assert run(f"select length({made}) {source} where n = 0") == []


def test_a_text_is_as_long_as_it_may_be(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/repeat"""
    assert run("select length(repeat('a', 134217728)), length(lpad('', 134217728, 'x'))") == [
        (134217728, 134217728)
    ]
    assert run(
        "select repeat(c, n), repeat(upper(c), n - 1), lpad(c, n, '*'), space(n), space(2.6),"
        " repeat(c, null), repeat(null, n), repeat(c, -n) from (select 'ab' as c, 3 as n)"
    ) == [("ababab", "ABAB", "*ab", "   ", "   ", None, None, "")]


@pytest.mark.parametrize(
    ("make", "kind", "name", "listing"),
    [
        ("create or replace table noted (a int)", "table", "noted", "tables"),
        ("create or replace temporary table fleeting (a int)", "table", "fleeting", "tables"),
        ("create or replace view noted_view as select 1 as a", "view", "noted_view", "views"),
        ("create or replace sequence noted_numbers", "sequence", "noted_numbers", "sequences"),
        ("create or replace warehouse noted_wh", "warehouse", "noted_wh", "warehouses"),
        ("create role if not exists noted_role", "role", "noted_role", "roles"),
        ("select 1", "schema", "public", "schemas"),
    ],
)
def test_a_comment_is_set_and_unset(
    run: Run, connection: SnowflakeConnection, make: str, kind: str, name: str, listing: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""

    def comment() -> str:
        [listed] = shown(connection, f"show {listing} like '{name}'")
        return str(listed["comment"])

    run(make)
    run(f"alter {kind} {name} set comment = 'of mine'")
    assert comment() == "of mine"
    run(f"alter {kind} if exists {name} unset comment")
    assert comment() == ""
    run(f"alter {kind} if exists nowhere unset comment")
    assert error(run, f"alter {kind} nowhere unset comment") == 2003
    if kind in ("role", "warehouse"):
        run(f"drop {kind} {name}")
        return
    run(f"comment on {kind} {name} is 'again'")
    assert comment() == "again"


def test_a_database_has_a_comment(run: Run, connection: SnowflakeConnection, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-database
    https://docs.snowflake.com/en/sql-reference/info-schema/databases"""

    def comment() -> str:
        [listed] = shown(connection, f"show databases like '{database}'")
        return str(listed["comment"])

    run(f"alter database {database} set comment = 'of mine'")
    assert comment() == "of mine"
    run(f"alter database if exists {database} unset comment")
    assert comment() == ""
    told = (
        "select database_owner, comment, last_altered > created, created > '2026-01-01'::date"
        f" from information_schema.databases where database_name = '{database}'"
    )
    assert run(told) == [("ACCOUNTADMIN", None, True, True)]
    run(f"comment on database {database} is 'again'")
    assert comment() == "again"
    assert run(told) == [("ACCOUNTADMIN", "again", True, True)]
    assert error(run, "alter database nowhere set comment = 'a'") == 2003


def test_what_a_table_is_set_is_unset(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run("create or replace table settled (a int comment 'one', b int comment 'two')")
    run("alter table settled set comment = 'c' data_retention_time_in_days = 0")
    run("alter table settled set change_tracking = true")
    run("alter table settled unset comment, data_retention_time_in_days, change_tracking")
    [listed] = shown(connection, "show tables like 'settled'")
    assert [listed[name] for name in ("comment", "retention_time", "change_tracking")] == [
        "",
        "1",
        "OFF",
    ]
    run("alter table settled alter column a unset comment")
    run("alter table settled modify column b comment 'b', a comment 'a'")
    assert [row[9] for row in run("describe table settled")] == ["a", "b"]
    run("alter table settled modify column b unset comment, a unset comment")
    assert [row[9] for row in run("describe table settled")] == [None, None]
    assert error(run, "alter table settled unset nonsense") == 2


def test_who_owns_an_object_comments_on_it(
    run: Run, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-schema"""
    run("create or replace role commenter")
    run(f"grant usage on database {database} to role commenter")
    run("create or replace schema owned")
    run("grant usage on schema owned to role commenter")
    run("create or replace sequence owned.numbers")
    run("grant usage on sequence owned.numbers to role commenter")
    with account.connect(database=database, schema="OWNED", role="COMMENTER") as limited:

        def as_role(sql: str) -> None:
            limited.cursor().execute(sql)

        for kind, name in (("schema", "owned"), ("sequence", "numbers"), ("database", database)):
            assert error(as_role, f"alter {kind} {name} set comment = 'a'") == 3001, kind
            assert error(as_role, f"comment on {kind} {name} is 'a'") == 3001, kind
        run("grant ownership on sequence owned.numbers to role commenter copy current grants")
        run("grant ownership on schema owned to role commenter copy current grants")
        as_role("alter sequence numbers set comment = 'a' increment = 2")
        as_role("alter schema owned set comment = 'a'")
    run("drop schema owned")
    run("drop role commenter")
    run("use schema public")


def test_listings_have_snowflakes_columns_in_its_order(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-objects
    https://docs.snowflake.com/en/sql-reference/sql/show-warehouses"""
    run("create or replace table listed (a int)")
    [found] = shown(connection, "show objects like 'listed'")
    assert list(found)[-6:] == [
        "retention_time",
        "owner_role_type",
        "is_hybrid",
        "is_dynamic",
        "is_iceberg",
        "is_interactive",
    ]
    assert list(found.values())[-6:] == ["1", "ROLE", "N", "N", "N", "N"]
    run("create or replace warehouse listed_wh initially_suspended = true")
    [found] = shown(connection, "show warehouses like 'listed_wh'")
    assert {name: value for name, value in found.items() if name in _CLUSTERS} == {
        "min_cluster_count": 1,
        "max_cluster_count": 1,
        "started_clusters": 0,
        "available": "",
        "provisioning": "",
        "quiescing": "",
        "other": "",
        "scaling_policy": "STANDARD",
        "owner_role_type": "ROLE",
    }
    run("drop warehouse listed_wh")
    [found] = shown(connection, "show grants on table listed")
    assert list(found)[-2:] == ["granted_by", "granted_by_role_type"]
    assert found["granted_by_role_type"] == "ROLE"


_CLUSTERS = (
    "min_cluster_count", "max_cluster_count", "started_clusters", "available", "provisioning",
    "quiescing", "other", "scaling_policy", "owner_role_type",
)  # fmt: skip


def test_grants_to_a_role_are_listed_by_kind_name_and_privilege(
    run: Run, connection: SnowflakeConnection, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-grants"""
    run("create or replace role holder")
    run("create or replace table held_b (a int)")
    run("create or replace table held_a (a int)")
    run("grant select, insert on table held_b to role holder")
    run("grant update on table held_a to role holder")
    run(f"grant usage on database {database} to role holder")
    rows = shown(connection, "show grants to role holder")
    assert [(row["granted_on"], row["name"].split(".")[-1], row["privilege"]) for row in rows] == [
        ("DATABASE", database, "USAGE"),
        ("TABLE", "HELD_A", "UPDATE"),
        ("TABLE", "HELD_B", "INSERT"),
        ("TABLE", "HELD_B", "SELECT"),
    ]
    run("drop role holder")
