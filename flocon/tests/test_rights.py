"""What statements need, read from their text alone, and what sets of roles hold."""

import pytest
from flocon.access import trees
from flocon.access.hierarchy import Privileges, closure
from flocon.access.needs import Demand
from flocon.access.securables import ACCOUNT, Securable, database, schema
from flocon.account import REGISTRY
from flocon.engine import parsing
from flocon.session.names import resolve_identifiers
from flocon.session.trees import Tree
from flocon.sql.tokens import FullName, Name
from sqlglot import exp


class Here:
    """A session in D.S that has a temporary table SCRATCH."""

    database = "D"

    def resolve(self, name: Name) -> FullName:
        return FullName(name.database or "D", name.schema or "S", name.name)

    def is_private(self, table: exp.Table) -> bool:
        return table.name == "SCRATCH"


def demand_of(sql: str) -> Demand | None:
    """As a session asks."""
    statement = REGISTRY.read(sql)
    if not isinstance(statement, Tree):
        return statement.demand(Here())
    tree = parsing.upper_case(parsing.parse(sql))
    return trees.demand_of(resolve_identifiers(tree, {}), Here())


def needs(sql: str) -> list[str]:
    """Each need as PRIVILEGE KIND path."""
    demand = demand_of(sql)
    assert demand is not None, sql
    return sorted(
        f"{'/'.join(need.any_of) or 'any'} {need.on.kind} {need.on.label}".strip()
        for need in demand.needs
    )


CASES = {
    "select 1": [],
    "select * from t": ["SELECT RELATION D.S.T"],
    "select * from x.y.t": ["SELECT RELATION X.Y.T"],
    "select * from scratch": [],
    "with c as (select * from t) select * from c": ["SELECT RELATION D.S.T"],
    "with t as (select * from t) select * from t": ["SELECT RELATION D.S.T"],
    "select (select max(a) from u) from t where exists (select 1 from w)": [
        "SELECT RELATION D.S.T",
        "SELECT RELATION D.S.U",
        "SELECT RELATION D.S.W",
    ],
    "select * from identifier('x.t')": ["SELECT RELATION D.X.T"],
    "select * from t, lateral flatten(input => t.a) f": ["SELECT RELATION D.S.T"],
    "select * from table(information_schema.task_history())": [],
    "select * from information_schema.tables": ["any DATABASE D"],
    "select $1 from @st/x": ["READ STAGE D.S.ST"],
    "select q.nextval": ["USAGE SEQUENCE D.S.Q"],
    "insert into t select 1": ["INSERT RELATION D.S.T"],
    "insert into t (a) select a from u": ["INSERT RELATION D.S.T", "SELECT RELATION D.S.U"],
    "insert into t select a from t": ["INSERT RELATION D.S.T", "SELECT RELATION D.S.T"],
    "insert overwrite into t select 1": ["DELETE RELATION D.S.T", "INSERT RELATION D.S.T"],
    "insert into scratch select a from u": ["SELECT RELATION D.S.U"],
    "update t set a = 1": ["SELECT RELATION D.S.T", "UPDATE RELATION D.S.T"],
    "update t set a = n.a from u n where t.b = n.b": [
        "SELECT RELATION D.S.T",
        "SELECT RELATION D.S.U",
        "UPDATE RELATION D.S.T",
    ],
    "delete from t where a in (select a from u)": [
        "DELETE RELATION D.S.T",
        "SELECT RELATION D.S.T",
        "SELECT RELATION D.S.U",
    ],
    "merge into t using u on t.a = u.a when matched and u.b then delete"
    " when matched then update set b = 1 when not matched then insert (a) values (u.a)": [
        "DELETE RELATION D.S.T",
        "INSERT RELATION D.S.T",
        "SELECT RELATION D.S.T",
        "SELECT RELATION D.S.U",
        "UPDATE RELATION D.S.T",
    ],
    "truncate table t": ["TRUNCATE RELATION D.S.T"],
    "copy into t from @x.st/p file_format = (format_name = 'ff')": [
        "INSERT RELATION D.S.T",
        "READ STAGE D.X.ST",
        "USAGE FILE FORMAT D.S.FF",
    ],
    "create database x": ["CREATE DATABASE ACCOUNT"],
    "create schema x.y": ["CREATE SCHEMA DATABASE X"],
    "create table t (a int)": ["CREATE TABLE SCHEMA D.S"],
    "create table x.t as select * from u": ["CREATE TABLE SCHEMA D.X", "SELECT RELATION D.S.U"],
    "create table t clone u": ["CREATE TABLE SCHEMA D.S", "SELECT RELATION D.S.U"],
    "create temporary table t as select * from u": ["SELECT RELATION D.S.U", "any SCHEMA D.S"],
    "create view v as select * from t": ["CREATE VIEW SCHEMA D.S", "SELECT RELATION D.S.T"],
    "create file format f type = csv": ["CREATE FILE FORMAT SCHEMA D.S"],
    "alter table t add column b int": ["OWNERSHIP RELATION D.S.T"],
    "alter table t rename to u": ["CREATE TABLE SCHEMA D.S", "OWNERSHIP RELATION D.S.T"],
    "comment on column t.a is 'x'": ["OWNERSHIP RELATION D.S.T"],
    "drop table if exists t": ["OWNERSHIP TABLE D.S.T"],
    "drop schema x": ["OWNERSHIP SCHEMA D.X"],
    "create stream s on table x.t": ["CREATE STREAM SCHEMA D.S", "SELECT RELATION D.X.T"],
    "create or replace task j warehouse = w schedule = '1 minute' as insert into t select 1": [
        "CREATE TASK SCHEMA D.S",
        "USAGE WAREHOUSE W",
    ],
    "create warehouse w": ["CREATE WAREHOUSE ACCOUNT"],
    "create role r": ["CREATE ROLE ACCOUNT"],
    "create user u type = service": ["CREATE USER ACCOUNT"],
    "create resource monitor m with credit_quota = 1": ["OWNERSHIP ACCOUNT"],
    "alter warehouse w set resource_monitor = m": ["OWNERSHIP ACCOUNT"],
    "alter account set allow_bind_values_access = false": ["OWNERSHIP ACCOUNT"],
    "alter warehouse w suspend": ["OPERATE WAREHOUSE W"],
    "alter task if exists j resume": ["OPERATE TASK D.S.J"],
    "alter task j set comment = 'resume'": ["OWNERSHIP TASK D.S.J"],
    "alter procedure p(int) rename to q": ["OWNERSHIP PROCEDURE D.S.P(NUMBER)"],
    "drop procedure p(varchar, int)": ["OWNERSHIP PROCEDURE D.S.P(VARCHAR, NUMBER)"],
    "execute task j": ["OPERATE TASK D.S.J"],
    "describe table t": ["any RELATION D.S.T"],
    "comment on task j is 'x'": ["OWNERSHIP TASK D.S.J"],
    "show tables in schema x": ["any SCHEMA D.X"],
    "show terse tasks in database x": ["any DATABASE X"],
    "show columns in table t": [],
    "alter stage g refresh": ["WRITE STAGE D.S.G"],
    "alter stage g set comment = 'x'": ["OWNERSHIP STAGE D.S.G"],
    "comment on stage g is 'x'": ["OWNERSHIP STAGE D.S.G"],
    "describe schema x": ["any SCHEMA D.X"],
    "select * from directory(@g)": ["READ STAGE D.S.G"],
    "call p()": [],
}


@pytest.mark.parametrize("sql", CASES, ids=list(CASES))
def test_a_statement_needs_what_its_page_says(sql: str) -> None:
    assert needs(sql) == sorted(CASES[sql])


@pytest.mark.parametrize(
    "sql",
    [
        "create external function f() returns int as 'x'",
        "alter pipe p refresh",
        "show pipes",
        "undrop table t",
        "explain select * from t",
    ],
)
def test_what_is_not_known_is_not_guessed(sql: str) -> None:
    assert demand_of(sql) is None


def test_what_becomes_of_objects_is_told() -> None:
    created = demand_of("create or replace view v copy grants as select 1")
    assert created
    assert created.creates
    assert created.creates.what == Securable("VIEW", ("D", "S", "V"))
    assert (created.creates.replaces, created.creates.copies_grants) == (True, True)
    dropped = demand_of("drop stream s")
    assert dropped
    assert dropped.drops == Securable("STREAM", ("D", "S", "S"))
    renamed = demand_of("alter table t rename to x.u")
    assert renamed
    assert renamed.renames == (
        Securable("TABLE", ("D", "S", "T")),
        Securable("TABLE", ("D", "X", "U")),
    )


T = Securable("TABLE", ("D", "S", "T"))
EITHER = Securable("RELATION", ("D", "S", "T"))
USABLE = {database("D"): frozenset({"USAGE"}), schema("D", "S"): frozenset({"USAGE"})}


def test_roles_inherit_what_is_granted_to_them_and_always_public() -> None:
    granted = {"A": {"B"}, "B": {"C"}, "PUBLIC": {"P"}}
    assert closure(["A"], granted) == {"A", "B", "C", "PUBLIC", "P"}
    assert closure(["ACCOUNTADMIN"], {}) == {
        "ACCOUNTADMIN",
        "PUBLIC",
        "SECURITYADMIN",
        "SYSADMIN",
        "USERADMIN",
    }


def test_a_privilege_holds_where_its_containers_are_within_reach() -> None:
    read = {T: frozenset({"SELECT"})}
    held = Privileges(frozenset({"R"}), {**USABLE, **read}, {})
    assert held.holds(EITHER, "SELECT")
    assert held.holds(T)
    assert not held.holds(EITHER, "INSERT")
    assert not Privileges(frozenset({"R"}), read, {}).holds(EITHER, "SELECT")


def test_an_owner_holds_everything_and_accountadmin_what_no_other_role_owns() -> None:
    owners = {T: "R"}
    assert Privileges(frozenset({"R"}), USABLE, owners).holds(EITHER, "TRUNCATE")
    assert not Privileges(frozenset({"SYSADMIN"}), USABLE, owners).holds(EITHER, "SELECT")
    assert not Privileges(frozenset({"SYSADMIN"}), {}, {}).holds(EITHER, "SELECT")
    assert Privileges(frozenset({"ACCOUNTADMIN"}), {}, {}).holds(EITHER, "SELECT")
    assert Privileges(frozenset({"SYSADMIN"}), {}, {}).holds(ACCOUNT, "CREATE DATABASE")
    assert not Privileges(frozenset({"R"}), {}, {}).holds(ACCOUNT, "CREATE DATABASE")
