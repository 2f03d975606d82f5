"""What GRANT, REVOKE and CREATE do not take on Snowflake, by the pages of the statements."""

import uuid
from collections.abc import Iterator

import pytest
from shared import one_database

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)

GRANT = "https://docs.snowflake.com/en/sql-reference/sql/grant-privilege"
OWNERSHIP = "https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"
SYNTAX, UNSUPPORTED = 1003, 2

# statement, the error's number, the page. {role} is a role that exists.
REFUSED = [
    ("grant ownership on streamlit app to role {role}", UNSUPPORTED, OWNERSHIP),
    (
        "grant ownership on all streamlits in schema public to role {role}",
        UNSUPPORTED,
        OWNERSHIP,
    ),
    (
        "grant ownership on all streamlits in database {db} to role {role} copy current grants",
        UNSUPPORTED,
        OWNERSHIP,
    ),
    (
        "grant ownership on future streamlits in schema public to role {role}",
        UNSUPPORTED,
        OWNERSHIP,
    ),
    ("grant ownership on account to role {role}", UNSUPPORTED, OWNERSHIP),
    (
        "grant ownership on future tables in schema public to role {role} revoke current grants",
        UNSUPPORTED,
        OWNERSHIP,
    ),
    ("grant ownership, select on table t to role {role}", SYNTAX, OWNERSHIP),
    ("grant ownership on table t to {role}", SYNTAX, OWNERSHIP),
    ("grant ownership on table t to role {role} with grant option", SYNTAX, OWNERSHIP),
    ("grant select on table t to role {role} copy current grants", SYNTAX, GRANT),
    ("grant select on table t to role {role} revoke current grants", SYNTAX, GRANT),
    ("revoke ownership on table t from role {role}", UNSUPPORTED, OWNERSHIP),
    ("revoke ownership on streamlit app from role {role}", UNSUPPORTED, OWNERSHIP),
    ("grant all on role {role} to role {role}", SYNTAX, GRANT),
    ("grant usage on role {role} to role {role}", SYNTAX, GRANT),
    ("grant usage on table t to role {role}", SYNTAX, GRANT),
    ("grant select on stage shelf to role {role}", SYNTAX, GRANT),
    ("grant usage on stage shelf to role {role}", SYNTAX, GRANT),
    ("grant operate on view v to role {role}", SYNTAX, GRANT),
    ("grant usage on stream s to role {role}", SYNTAX, GRANT),
    ("grant operate on all views in schema public to role {role}", SYNTAX, GRANT),
    ("grant operate on future streamlits in schema public to role {role}", SYNTAX, GRANT),
    ("grant select on all tasks in schema public to role {role}", SYNTAX, GRANT),
    ("grant read on all streams in schema public to role {role}", SYNTAX, GRANT),
    ("grant create view on database {db} to role {role}", SYNTAX, GRANT),
    ("grant create schema on schema public to role {role}", SYNTAX, GRANT),
    ("grant usage on account to role {role}", SYNTAX, GRANT),
    ("grant select on all pipes in schema public to role {role}", UNSUPPORTED, GRANT),
    ("grant usage on all warehouses in database {db} to role {role}", UNSUPPORTED, GRANT),
    ("grant usage on all schemas in schema public to role {role}", SYNTAX, GRANT),
]


@pytest.fixture(scope="module")
def role(account: object, database: str, flocon_administrator: object) -> Iterator[str]:
    name = f"R_{uuid.uuid4().hex[:10].upper()}"
    cursor = flocon_administrator.cursor()  # type: ignore[attr-defined]  # a connection
    cursor.execute(f"create role {name}")
    cursor.execute(f"use schema {database}.public")
    for statement in (
        "create table t (a int)",
        "create view v as select a from t",
        "create stream s on table t",
        "create stage shelf",
        "create streamlit app",
    ):
        cursor.execute(statement)
    yield name
    cursor.execute(f"drop role {name}")


@pytest.mark.parametrize(
    ("statement", "number", "page"), REFUSED, ids=[statement for statement, *_ in REFUSED]
)
def test_a_grant_that_snowflake_does_not_know_is_refused(
    run: Run, database: str, role: str, statement: str, number: int, page: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-privilege and grant-ownership: each
    statement is beside its page."""
    assert error(run, statement.format(role=role, db=database)) == number, page


def test_the_refusal_of_a_streamlits_ownership_says_what_snowflake_says(
    run: Run, role: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-ownership"""
    text = failure(run, f"grant ownership on streamlit app to role {role}")[1]
    assert "Unsupported feature 'GRANT/REVOKE OWNERSHIP ON STREAMLIT'" in text


def test_a_streamlit_app_may_be_used_by_others_now_and_in_future(run: Run, role: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/grant-privilege"""
    run(f"grant usage on streamlit app to role {role}")
    run(f"grant usage on all streamlits in schema public to role {role}")
    run(f"grant usage on future streamlits in schema public to role {role}")


PYTHON = (
    "returns int language python runtime_version = '3.11'"
    " packages = ('snowflake-snowpark-python') handler = 'f' as 'def f(session): return 1'"
)
CREATED = [
    "table {place}.x (a int)",
    "or replace table {place}.x (a int)",
    "table {place}.x as select 1 as a",
    "table {place}.x like t",
    "table {place}.x clone t",
    "or alter table {place}.x (a int)",
    "view {place}.x as select 1 as a",
    "stage {place}.x",
    "temporary stage {place}.x",
    "file format {place}.x type = csv",
    "sequence {place}.x",
    "stream {place}.x on table t",
    "task {place}.x as select 1",
    "alert {place}.x schedule = '1 minute' if (exists (select 1)) then select 1",
    "procedure {place}.x() " + PYTHON,
    "streamlit {place}.x",
]


@pytest.mark.parametrize("what", CREATED)
def test_nothing_is_made_where_there_is_no_database_or_schema(
    run: Run, role: str, database: str, what: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create: whatever kind of object it is."""
    for place in ("no_such_database.public", f"{database}.no_such_schema", "no_such_schema"):
        assert error(run, f"create {what.format(place=place)}") == 2003, place
    assert error(run, "create schema no_such_database.x") == 2003
