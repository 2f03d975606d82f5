"""Roles: system roles, hierarchies, whose role a session may take."""

import json
import uuid
from collections.abc import Iterator

import pytest
import snowflake.connector
from shared import one, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error, failure
from flocon import AccountProcess


@pytest.fixture
def roles(run: Run) -> Iterator[tuple[str, str]]:
    """A role, and another one that inherits it."""
    below, above = (f"{name}_{uuid.uuid4().hex[:10].upper()}" for name in ("BELOW", "ABOVE"))
    run(f"create role {below} comment = 'reads'")
    run(f"create role {above}")
    run(f"grant role {below} to role {above}")
    yield below, above
    run("use role accountadmin")
    run(f"drop role if exists {below}")
    run(f"drop role if exists {above}")


def test_a_session_begins_as_accountadmin_and_takes_another_role(
    run: Run, roles: tuple[str, str]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/use-role"""
    assert one(run, "select current_role()") == "ACCOUNTADMIN"
    run(f"use role {roles[0]}")
    assert one(run, "select current_role()") == roles[0]
    assert failure(run, "use role nobody_at_all") == (
        2043,
        "002043 (02000): SQL compilation error:\n"
        "Object does not exist, or operation cannot be performed.",
    )


def test_a_login_under_an_unknown_role_is_refused(account: AccountProcess) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect"""
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="NOBODY_AT_ALL") as raised:
        account.connect(role="NOBODY_AT_ALL")
    assert "does not exist or not authorized" in str(raised.value)


def test_a_role_inherits_what_is_granted_to_the_roles_below_it(
    run: Run, database: str, roles: tuple[str, str]
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    below, above = roles
    run("create table t (a int)")
    for what in (f"database {database}", "schema public"):
        run(f"grant usage on {what} to role {below}")
    run(f"grant select on table t to role {below}")
    run(f"use role {above}")
    assert one(run, "select count(*) from information_schema.tables") == 1
    run("use role accountadmin")
    assert "cycle" in failure(run, f"grant role {above} to role {below}")[1]
    run(f"revoke role {below} from role {above}")
    run(f"use role {above}")
    assert error(run, f"show tables in database {database}") == 2003


def test_secondary_roles_add_theirs_and_none_takes_them_away(
    run: Run, database: str, roles: tuple[str, str]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/use-secondary-roles"""
    run("create table t (a int)")
    run(f"use role {roles[0]}")
    assert error(run, f"select * from {database}.public.t") == 2003
    run("use secondary roles all")
    assert run(f"show tables in database {database}") != []
    run("use secondary roles none")
    assert error(run, f"select * from {database}.public.t") == 2003


def test_secondary_roles_may_be_named(run: Run, database: str, roles: tuple[str, str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/use-secondary-roles"""
    run("create table named (a int)")
    run(f"grant usage on database {database} to role {roles[1]}")
    run(f"grant usage on schema {database}.public to role {roles[1]}")
    run(f"grant select on table {database}.public.named to role {roles[1]}")
    run(f"use role {roles[0]}")
    asked = f"show tables like 'named' in database {database}"
    assert error(run, asked) == 2003
    run(f"use secondary roles {roles[0]}, {roles[1]}")
    assert [row[1] for row in run(asked)] == ["NAMED"]
    assert error(run, f"use secondary roles {roles[1]}, nobody_has_this") == 2043
    assert [row[1] for row in run(asked)] == ["NAMED"]
    assert run("select 1 from dual") == [(1,)]
    run(f"use secondary roles {roles[0]}")
    assert error(run, asked) == 2003
    assert error(run, "select current_secondary_roles()") == 2


def test_what_accountadmin_makes_is_its_own_and_no_role_below_it_sees_it(
    run: Run, database: str, connection: SnowflakeConnection
) -> None:
    """The role that creates an object owns it, a new database's schema PUBLIC included.
    https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    run("create table t (a int)")
    run("create view v as select a from t")
    for kind in ("schemas like 'PUBLIC'", "tables", "views"):
        rows = shown(connection, f"show {kind} in database {database}")
        assert {row["owner"] for row in rows if row["name"] in ("PUBLIC", "T", "V")} == {
            "ACCOUNTADMIN"
        }
    run("use role public")
    assert shown(connection, "show databases") == []
    assert error(run, "create database mine") == 3001
    run("use role sysadmin")
    assert error(run, f"show tables in schema {database}.public") == 2003
    assert error(run, f"select * from {database}.public.t") == 2003
    assert error(run, "create role mine") == 3001


def test_what_sysadmin_makes_is_its_own_and_accountadmin_inherits_it(
    run: Run, database: str, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/user-guide/security-access-control-overview"""
    name = f"{database}_OWNED"
    run("use role sysadmin")
    run(f"create database {name}")
    try:
        run("create table public.t (a int)")
        for listing in (f"databases like '{name}'", f"schemas like 'PUBLIC' in database {name}"):
            assert [row["owner"] for row in shown(connection, f"show {listing}")] == ["SYSADMIN"]
        run("use role accountadmin")
        assert run(f"select * from {name}.public.t") == []
        assert [row["owner"] for row in shown(connection, f"show tables in {name}.public")] == [
            "SYSADMIN"
        ]
    finally:
        run("use role accountadmin")
        run(f"drop database {name}")


def test_roles_and_their_grants_are_shown(
    run: Run, database: str, roles: tuple[str, str], connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-grants"""
    below, above = roles
    (row,) = shown(connection, f"show roles like '{below}'")
    assert (row["comment"], row["granted_to_roles"], row["assigned_to_users"]) == ("reads", 1, 0)
    assert {"ACCOUNTADMIN", "PUBLIC", "SECURITYADMIN", "SYSADMIN", "USERADMIN"} <= {
        row["name"] for row in shown(connection, "show roles")
    }
    run(f"grant all on schema {database}.public to role {below}")
    run(f"grant select on future tables in schema {database}.public to role {below}")
    granted = shown(connection, f"show grants to role {below}")
    assert ("CREATE TABLE", "SCHEMA", f"{database}.PUBLIC") in {
        (row["privilege"], row["granted_on"], row["name"]) for row in granted
    }
    (inherited,) = shown(connection, f"show grants to role {above}")
    assert (inherited["privilege"], inherited["granted_on"], inherited["name"]) == (
        "USAGE",
        "ROLE",
        below,
    )
    (holder,) = shown(connection, f"show grants of role {below}")
    assert (holder["granted_to"], holder["grantee_name"]) == ("ROLE", above)
    (future,) = shown(connection, f"show future grants in schema {database}.public")
    assert (future["privilege"], future["grant_on"], future["grantee_name"]) == (
        "SELECT",
        "TABLE",
        below,
    )


def test_what_a_dropped_role_owned_goes_to_who_drops_it(
    run: Run, database: str, roles: tuple[str, str], connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-role"""
    run("create table t (a int)")
    run(f"grant ownership on table t to role {roles[0]}")
    run(f"drop role {roles[0]}")
    (row,) = shown(connection, "show tables like 'T'")
    assert row["owner"] == "ACCOUNTADMIN"
    run(f"drop role if exists {roles[0]}")
    assert error(run, f"drop role {roles[0]}") == 2003
    assert error(run, "drop role sysadmin") == 3001


def test_a_role_that_is_replaced_begins_without_grants(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-role"""
    name = f"R_{uuid.uuid4().hex[:10].upper()}"
    run(f"create or replace role {name} comment = 'first'")
    run(f"grant create database on account to role {name}")
    run(f"grant role {name} to role sysadmin")
    run(f"create or replace role {name}")
    assert run(f"show grants to role {name}") == []
    assert run(f"show grants of role {name}") == []
    assert error(run, "create or replace role sysadmin") == 3001
    run(f"drop role {name}")


def test_information_schema_names_the_owners(
    run: Run, roles: tuple[str, str], database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema/tables"""
    run("create schema cellar")
    run("create table bottle (n int)")
    run("create view label as select n from bottle")
    for what in ("schema cellar", "table bottle", "view label"):
        run(f"grant ownership on {what} to role {roles[0]}")
    run("create table cask (n int)")
    assert run(
        "select table_name, table_owner from information_schema.tables"
        " where table_schema = 'CELLAR' order by 1"
    ) == [("BOTTLE", roles[0]), ("CASK", "ACCOUNTADMIN"), ("LABEL", roles[0])]
    assert run("select table_owner from information_schema.views") == [(roles[0],)]
    assert run(
        "select schema_owner from information_schema.schemata where schema_name = 'CELLAR'"
    ) == [(roles[0],)]
    assert run(
        "select database_owner from information_schema.databases"
        f" where database_name = '{database}'"
    ) == [("ACCOUNTADMIN",)]


def test_a_session_tells_the_roles_of_its_user(run: Run, roles: tuple[str, str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_available_roles,
    https://docs.snowflake.com/en/sql-reference/functions/current_secondary_roles"""
    available = json.loads(one(run, "select current_available_roles()"))
    assert {*roles, "ACCOUNTADMIN", "PUBLIC", "SYSADMIN"} <= set(available)
    assert one(run, "select current_secondary_roles()") == '{"roles":"","value":""}'
    run("use secondary roles all")
    told = '{"roles":"ACCOUNTADMIN","value":"ALL"}'
    assert one(run, "select current_secondary_roles()") == told
    run("use secondary roles none")
    assert one(run, "select current_secondary_roles()") == '{"roles":"","value":""}'
