"""What a role may do, and what it sees, is what was granted to it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shared import shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error, failure
from flocon import AccountProcess

NO_PRIVILEGE = 3001
UNKNOWN = 2003


@pytest.fixture
def role(run: Run, database: str) -> Iterator[str]:
    """A role that may use the database, its schema PUBLIC and a warehouse, and nothing else."""
    name = f"R_{uuid.uuid4().hex[:10].upper()}"
    run(f"create role {name}")
    run(f"create warehouse if not exists {name}_wh initially_suspended = true")
    run(f"grant usage on warehouse {name}_wh to role {name}")
    run(f"grant usage on database {database} to role {name}")
    run("grant usage on schema public to role " + name)
    yield name
    run(f"drop role if exists {name}")
    run(f"drop warehouse {name}_wh")


@pytest.fixture
def limited(account: AccountProcess, database: str, role: str) -> Iterator[SnowflakeConnection]:
    with account.connect(
        database=database, schema="PUBLIC", role=role, warehouse=f"{role}_WH"
    ) as opened:
        yield opened


@pytest.fixture
def as_role(limited: SnowflakeConnection) -> Run:
    """run() of a session whose role is the limited one."""
    return lambda sql, *binds: limited.cursor().execute(sql, binds or None).fetchall()


Names = Callable[[str], list[Any]]


@pytest.fixture
def names(limited: SnowflakeConnection) -> Names:
    """names("SHOW …") → the names that the limited role is shown."""
    return lambda sql: [row["name"] for row in shown(limited, sql)]


def test_what_was_not_granted_does_not_exist_for_a_role(
    run: Run, as_role: Run, names: Names
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    run("create table t (a int)")
    run("create view v as select a from t")
    run("create stream s on table t")
    for name in ("t", "v", "s"):
        assert failure(as_role, f"select * from {name}") == failure(
            as_role, f"select * from {name}"
        )
        assert error(as_role, f"select * from {name}") == UNKNOWN
    assert "does not exist or not authorized" in failure(as_role, "insert into t values (1)")[1]
    for listing in ("tables", "views", "streams", "objects"):
        assert names(f"show {listing}") == []
    assert as_role("select table_name from information_schema.tables") == []
    assert as_role("select count(*) from information_schema.columns") == [(0,)]


def test_each_privilege_on_a_table_allows_its_statement(
    run: Run, as_role: Run, role: str, names: Names
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-privileges"""
    run("create table t (a int)")
    run("create table other (a int)")
    run(f"grant insert on table t to role {role}")
    as_role("insert into t select 1 union all select 2")
    assert failure(as_role, "select * from t") == (
        NO_PRIVILEGE,
        "003001 (42501): SQL access control error:\n"
        "Insufficient privileges to operate on table 'T'.",
    )
    assert error(as_role, "insert overwrite into t select 1") == NO_PRIVILEGE
    assert error(as_role, "insert into t select a from other") == UNKNOWN
    assert error(as_role, "delete from t") == NO_PRIVILEGE
    run(f"grant select, delete on table t to role {role}")
    assert as_role("delete from t where a = 1") == [(1,)]
    assert error(as_role, "update t set a = 3") == NO_PRIVILEGE
    merge = "merge into t using (select 9 a) n on t.a = n.a when not matched then insert values (9)"
    assert as_role(merge) == [(1,)]
    assert error(as_role, merge.replace("not matched then insert values (9)", "matched then"
                                        " update set a = 1")) == NO_PRIVILEGE  # fmt: skip
    assert error(as_role, "truncate table t") == NO_PRIVILEGE
    assert error(as_role, "drop table t") == NO_PRIVILEGE
    assert error(as_role, "alter table t add column b int") == NO_PRIVILEGE
    assert names("show tables") == ["T"]
    assert as_role("select table_name from information_schema.tables") == [("T",)]
    run(f"revoke select on table t from role {role}")
    assert error(as_role, "select * from t") == NO_PRIVILEGE


def test_a_multi_table_insert_needs_insert_on_every_target(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    for name in ("t", "u", "src"):
        run(f"create table {name} (a int)")
    run(f"grant insert on table t to role {role}")
    run(f"grant select on table src to role {role}")
    insert = "insert all when a > 1 then into t else into u select a from src"
    assert error(as_role, insert) == UNKNOWN
    run(f"grant select on table u to role {role}")
    assert error(as_role, insert) == NO_PRIVILEGE
    run(f"grant insert on table u to role {role}")
    assert as_role(insert) == [(0, 0)]
    assert error(as_role, insert.replace("insert", "insert overwrite")) == NO_PRIVILEGE
    run(f"revoke select on table src from role {role}")
    assert error(as_role, insert) == UNKNOWN


def test_an_object_is_reached_through_its_database_and_schema_only(
    run: Run, as_role: Run, role: str, database: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-privileges"""
    run("create schema hidden")
    run("create table hidden.t (a int)")
    run(f"grant select on table hidden.t to role {role}")
    assert "Schema" in failure(as_role, "select * from hidden.t")[1]
    assert error(as_role, "use schema hidden") == 2043
    run(f"grant usage on schema hidden to role {role}")
    assert as_role("select * from hidden.t") == []
    run(f"revoke usage on database {database} from role {role}")
    assert "Database" in failure(as_role, "select * from hidden.t")[1]
    assert error(as_role, f"use database {database}") == 2043


def test_a_view_needs_no_grant_on_what_it_reads(run: Run, as_role: Run, role: str) -> None:
    """https://docs.snowflake.com/en/user-guide/views-introduction"""
    run("create table t (a int)")
    run("insert into t values (1)")
    run("create view v as select a from t")
    run(f"grant select on view v to role {role}")
    assert as_role("select * from v") == [(1,)]
    assert error(as_role, "select * from v join t on v.a = t.a") == UNKNOWN


def test_a_view_is_read_with_the_rights_that_its_owner_has_then(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/views-introduction"""
    run("create table t (a int)")
    run("insert into t values (1)")
    run(f"grant create view on schema public to role {role}")
    run(f"grant select on table t to role {role}")
    as_role("create view v as select a from t")
    run("create view above as select a + 1 as b from v")
    for read in (run, as_role, run, as_role):
        assert read("select a from v") == [(1,)]
    assert run("select b from above") == [(2,)]
    run(f"revoke select on table t from role {role}")
    [database] = run("select current_database()")[0]
    unknown = (
        2037,
        "002037 (42601): SQL compilation error:\n"
        "Failure during expansion of view 'V': SQL compilation error:\n"
        f"Object '{database}.PUBLIC.T' does not exist or not authorized.",
    )
    assert failure(run, "select a from v") == unknown
    assert failure(as_role, "select a from v") == unknown
    assert failure(run, "select b from above")[1] == unknown[1].replace(
        "view 'V'",
        "view 'ABOVE': SQL compilation error:\nFailure during expansion of view 'V'",
    )
    for statement in (
        "create table copied as select a from v",
        "create temporary table copied as select a from v",
        "create view further as select a from v",
        "insert into t select a from v",
        "delete from t where a in (select a from v)",
        "merge into t using v on t.a = v.a when matched then delete",
        "with x as (select a from v) select a from x",
        "copy into @%t from (select a from v)",
    ):
        assert error(run, statement) == 2037, statement
    assert run("select a from t") == [(1,)]
    run(f"grant insert on table t to role {role}")
    assert failure(run, "select a from v")[1].endswith(
        "SQL access control error:\nInsufficient privileges to operate on table 'T'."
    )
    run(f"grant select on table t to role {role}")
    assert run("select b from above") == [(2,)]
    run(f"revoke usage, create view on schema public from role {role}")
    assert failure(run, "select a from v")[1].endswith(
        f"Schema '{database}.PUBLIC' does not exist or not authorized."
    )


def test_a_view_that_changes_hands_is_read_with_its_new_owners_rights(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    run("create table t (a int)")
    run("create view v as select a from t")
    assert run("select a from v") == []
    run(f"grant ownership on view v to role {role}")
    assert error(run, "select a from v") == 2037
    run(f"grant ownership on table t to role {role}")
    assert run("select a from v") == []
    assert as_role("select a from v") == []
    run("grant ownership on view v to role accountadmin")
    assert run("select a from v") == []


def test_views_over_streams_functions_and_histories_ask_their_owner_too(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/views-introduction"""
    run("create table t (a int)")
    run("create stream s on table t")
    run(f"grant create view on schema public to role {role}")
    run(f"grant select on table t to role {role}")
    run(f"grant select on stream s to role {role}")
    as_role("create view changes as select a from s")
    as_role("create view mine as select a, t.a = length(current_role()) as b from t")
    as_role("create view live as select a, system$typeof(a) as b from t")
    as_role("create temporary view passing as select a from t")
    for view in ("changes", "mine", "live", "passing"):
        assert as_role(f"select a from {view}") == []
    run(f"revoke select on table t from role {role}")
    for view in ("changes", "mine", "live", "passing"):
        assert error(as_role, f"select a from {view}") == 2037, view
    run(f"grant select on table t to role {role}")
    run(f"revoke select on stream s from role {role}")
    assert error(run, "select a from changes") == 2037
    for view in ("mine", "live"):
        assert run(f"select a from {view}") == [], view
    assert as_role("select a from passing") == []


def test_a_procedure_that_reads_a_view_has_the_views_owner_asked(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    run("create table t (a int)")
    run(f"grant create view on schema public to role {role}")
    run(f"grant select on table t to role {role}")
    as_role("create view v as select a from t")
    run(
        "create procedure how_many() returns int language python runtime_version = '3.11'"
        " packages = ('snowflake-snowpark-python') handler = 'main' as $$\n"
        "def main(session):\n"
        "    return session.table('v').count()\n"
        "$$"
    )
    assert run("call how_many()") == [(0,)]
    run(f"revoke select on table t from role {role}")
    assert "Failure during expansion of view 'V'" in failure(run, "call how_many()")[1]


def test_a_stream_needs_select_on_its_table_too(run: Run, as_role: Run, role: str) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create table t (a int)")
    run("create stream s on table t")
    run(f"grant select on stream s to role {role}")
    assert error(as_role, "select a from s") == UNKNOWN
    assert as_role("select system$stream_has_data('s')") == [(False,)]
    run(f"grant select on table t to role {role}")
    assert as_role("select a from s") == []


def test_what_a_role_creates_is_its_own(
    run: Run, as_role: Run, role: str, limited: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    assert failure(as_role, "create table t (a int)") == (
        NO_PRIVILEGE,
        "003001 (42501): SQL access control error:\n"
        "Insufficient privileges to operate on schema 'PUBLIC'.",
    )
    as_role("create temporary table scratch (a int)")
    run(f"grant create table, create view on schema public to role {role}")
    as_role("create table t (a int)")
    as_role("insert into t values (1)")
    as_role("create view v as select a from t")
    assert as_role("select * from v") == [(1,)]
    assert [row["owner"] for row in shown(limited, "show tables like 'T'")] == [role]
    as_role("alter table t rename to renamed")
    assert as_role("select * from renamed") == [(1,)]
    as_role("drop table renamed")
    run("create table t (a int)")
    assert error(as_role, "select * from t") == UNKNOWN


def test_a_role_swaps_tables_that_it_owns_and_grants_go_with_them(
    run: Run, as_role: Run, role: str, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run(f"grant create table on schema public to role {role}")
    as_role("create table own (a int)")
    run("create table foreign_one (b int)")
    run(f"grant select on table foreign_one to role {role}")
    assert error(as_role, "alter table own swap with foreign_one") == NO_PRIVILEGE
    assert error(as_role, "alter table foreign_one swap with own") == NO_PRIVILEGE
    run("alter table own swap with foreign_one")
    assert as_role("select b from own") == []
    assert error(as_role, "insert into own values (1)") == NO_PRIVILEGE
    as_role("insert into foreign_one values (1)")
    owners = {row["name"]: row["owner"] for row in shown(connection, "show tables")}
    assert (owners["OWN"], owners["FOREIGN_ONE"]) == ("ACCOUNTADMIN", role)
    as_role("create table second (c int)")
    as_role("alter table second swap with foreign_one")
    assert as_role("select a from second") == [(1,)]


def test_future_grants_are_made_when_objects_come_to_be(run: Run, as_role: Run, role: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-privilege"""
    run(f"grant select on future views in schema public to role {role}")
    run("create table t (a int)")
    run("create view v as select a from t")
    assert as_role("select * from v") == []
    assert error(as_role, "select * from t") == UNKNOWN
    run("create or replace view v as select a + 1 as b from t")
    assert as_role("select b from v") == []


def test_replaced_objects_keep_their_grants_by_copy_grants_alone(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create view v as select 1 as a")
    run(f"grant select on all views in schema public to role {role}")
    run("create or replace view v copy grants as select 2 as a")
    assert as_role("select a from v") == [(2,)]
    run("create or replace view v as select 3 as a")
    assert error(as_role, "select a from v") == UNKNOWN


def test_ownership_goes_to_another_role_with_or_without_the_grants(
    run: Run, as_role: Run, role: str, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    run("create table t (a int)")
    run(f"grant select on table t to role {role}")
    assert "Dependent grant" in failure(run, f"grant ownership on table t to role {role}")[1]
    run(f"grant ownership on table t to role {role} copy current grants")
    granted = shown(connection, "show grants on table t")
    assert {(row["privilege"], row["grantee_name"]) for row in granted} == {
        ("OWNERSHIP", role),
        ("SELECT", role),
    }
    as_role("alter table t add column b int")
    run("grant ownership on all tables in schema public to role sysadmin revoke current grants")
    assert error(as_role, "select * from t") == UNKNOWN


def test_only_the_owner_and_managers_grant(run: Run, as_role: Run, role: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-privilege"""
    run("create table t (a int)")
    run(f"grant select on table t to role {role}")
    assert error(as_role, "grant select on table t to role public") == NO_PRIVILEGE
    run(f"grant select on table t to role {role} with grant option")
    as_role("grant select on table t to role public")
    assert error(as_role, "grant insert on table t to role public") == NO_PRIVILEGE
    assert error(as_role, f"grant execute task on account to role {role}") == NO_PRIVILEGE
    assert error(as_role, "create role another") == NO_PRIVILEGE
    assert error(run, "grant select on table t to role nobody_at_all") == UNKNOWN
    assert error(run, f"grant select on table missing to role {role}") == UNKNOWN
    assert "Invalid object type" in failure(run, f"grant usage on table t to role {role}")[1]


def test_a_procedure_with_owners_rights_does_what_its_caller_may_not(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights"""
    run("create table t (a int)")
    body = "def main(session):\n    return session.sql('insert into t select 1').collect()[0][0]"
    for name, rights in (("owned", "owner"), ("called", "caller")):
        run(
            f"create procedure {name}() returns int language python runtime_version = '3.11'"
            f" packages = ('snowflake-snowpark-python') handler = 'main' execute as {rights}"
            f" as $${body}$$"
        )
    assert error(as_role, "call owned()") == 2140
    run(f"grant usage on all procedures in schema public to role {role}")
    assert as_role("call owned()") == [(1,)]
    assert "does not exist or not authorized" in failure(as_role, "call called()")[1]
    assert run("select count(*) from t") == [(1,)]


def test_tasks_are_operated_and_run_with_their_privileges(
    run: Run, as_role: Run, role: str, limited: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-task"""
    run(f"create task job warehouse = {role}_wh schedule = '60 minutes' as select 1")
    assert shown(limited, "show tasks") == []
    assert error(as_role, "alter task job resume") == UNKNOWN
    run(f"grant monitor on task job to role {role}")
    assert [row["name"] for row in shown(limited, "show tasks")] == ["JOB"]
    assert error(as_role, "execute task job") == NO_PRIVILEGE
    run(f"grant operate on task job to role {role}")
    as_role("alter task job resume")
    as_role("alter task job suspend")
    assert error(as_role, "drop task job") == NO_PRIVILEGE
    run(f"grant create task on schema public to role {role}")
    as_role(f"create task own warehouse = {role}_wh schedule = '60 minutes' as select 1")
    assert error(as_role, "alter task own resume") == 91089
    run(f"grant execute task on account to role {role}")
    as_role("alter task own resume")
    run("drop task own")


def test_stages_are_read_and_written_with_their_privileges(
    run: Run, as_role: Run, role: str, tmp_path: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/put"""
    (tmp_path / "f.csv").write_text("1\n")
    run("create stage st")
    run("create table t (a int)")
    put = f"put file://{tmp_path}/f.csv @st auto_compress = false"
    assert error(as_role, "list @st") == UNKNOWN
    run(f"grant read on stage st to role {role}")
    assert as_role("list @st") == []
    assert error(as_role, put) == NO_PRIVILEGE
    run(f"grant write on stage st to role {role}")
    as_role(put)
    run(f"grant insert on table t to role {role}")
    as_role("copy into t from @st file_format = (type = csv)")
    assert run("select a from t") == [(1,)]
    as_role("remove @st")


def test_work_needs_a_warehouse_that_the_role_may_use(run: Run, as_role: Run, role: str) -> None:
    """https://docs.snowflake.com/en/user-guide/warehouses-overview"""
    run("create table t (a int)")
    run(f"grant select on table t to role {role}")
    assert as_role("select * from t") == []
    run(f"revoke usage on warehouse {role}_wh from role {role}")
    assert error(as_role, "select * from t") == 606
    assert error(as_role, f"use warehouse {role}_wh") == 2043
    assert error(as_role, f"alter warehouse {role}_wh suspend") == UNKNOWN


def test_a_statement_that_cannot_be_judged_is_refused(as_role: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-privileges"""
    assert error(as_role, "select * from information_schema.load_history") == 2
    assert as_role("select 1 + 1") == [(2,)]


def test_what_stands_behind_information_schema_tells_no_more(
    run: Run, as_role: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema"""
    run("create table seen (a int)")
    run("create table hidden (a int primary key)")
    run(f"grant select on table seen to role {role}")
    assert as_role("show primary keys") == []
    for source in ("tables", "columns"):
        told = as_role(f"select distinct table_name from information_schema.{source}")
        assert told == [("SEEN",)], source
    told = as_role("select table_name from table(information_schema._tables_with_sizes())")
    assert told == [("SEEN",)]


def test_manage_grants_is_enough_to_grant_on_what_the_role_may_not_see(
    run: Run, as_role: Run, role: str, database: str
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-privileges"""
    run("create schema closed")
    run("create table closed.t (a int)")
    run(f"create warehouse {role}_closed initially_suspended = true")
    assert error(as_role, f"grant select on table closed.t to role {role}") == UNKNOWN
    run(f"grant manage grants on account to role {role}")
    assert error(as_role, "select * from closed.t") == UNKNOWN
    as_role(f"grant usage on warehouse {role}_closed to role {role}")
    as_role(f"grant usage on schema closed to role {role}")
    as_role(f"grant select on table closed.t to role {role}")
    assert as_role("select * from closed.t") == []
    run(f"drop warehouse {role}_closed")


def test_a_name_alone_is_a_tables_or_a_views(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-privilege"""
    run("create role reader_of_names")
    run("create table named_alone (a int)")
    run("create view seen_alone as select a from named_alone")
    run("grant select on public.named_alone to reader_of_names")
    run("grant insert on named_alone to role reader_of_names")
    run("grant select on seen_alone to reader_of_names")
    run('revoke insert on named_alone from "READER_OF_NAMES"')
    run("create schema stream")
    run("create table stream.named_alone (a int)")
    run("grant select on stream.named_alone to reader_of_names")
    run("use schema public")
    for name, kind in (("named_alone", "TABLE"), ("seen_alone", "VIEW")):
        shown = [row[1:6] for row in run(f"show grants on {name}") if row[1] != "OWNERSHIP"]
        [(privilege, on, _, *to)] = shown
        assert (privilege, on, to) == ("SELECT", kind, ["ROLE", "READER_OF_NAMES"])
    for statement, number in {
        "grant insert on seen_alone to reader_of_names": 1003,
        "grant nothing_known on named_alone to reader_of_names": 1003,
        "grant select on nowhere to reader_of_names": 2003,
        "grant select on named_alone to nobody_of_names": 2003,
        "show grants on nowhere": 2003,
        "grant select on dynamic table named_alone to reader_of_names": 2,
    }.items():
        assert error(run, statement) == number, statement
