"""Where and as whom a session works: USE, and what clients ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flocon.access.securables import Securable, database, schema
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.sql.tokens import Tokens

_DONE = "Statement executed successfully."


def use(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """USE [DATABASE | SCHEMA | WAREHOUSE | ROLE | SECONDARY ROLES] name"""
    tokens.expect("USE")
    if tokens.accept("SECONDARY", "ROLES"):
        word = tokens.word()
        if word not in ("ALL", "NONE"):
            raise tokens.unexpected()
        context.access.secondary = word == "ALL"
    elif tokens.accept("ROLE"):
        _use_role(context, tokens.name().name)
    elif tokens.accept("WAREHOUSE"):
        name = tokens.name().name
        known = context.directory.exists(Securable("WAREHOUSE", (name,)))
        if not (known and context.access.sees(Securable("WAREHOUSE", (name,)))):
            raise errors.does_not_exist("Warehouse", name)
        context.use_warehouse(name)
    elif tokens.accept("DATABASE"):
        _use_database(context, tokens.name().name)
    else:
        bare = not tokens.accept("SCHEMA")
        written = tokens.name()
        if bare and written.schema is None:
            _use_database(context, written.name)
        else:
            _use_schema(context, written.schema or context.database, written.name)
    tokens.end()
    return result.status(_DONE, result.USE)


def _use_role(context: Context, name: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/use-role"""
    if not context.account.roles.exists(name):
        raise errors.compilation(
            errors.INVALID_OBJECT, "Object does not exist, or operation cannot be performed."
        )
    if name not in context.account.users.available_roles(context.user):
        raise errors.SnowflakeError(
            errors.ROLE_NOT_ASSIGNED,
            f"SQL access control error:\nRequested role '{name}' is not assigned to the executing"
            " user. Specify another role to activate.",
        )
    context.use_role(name)


def _use_database(context: Context, name: str) -> None:
    context.catalog(name)
    if not context.access.sees(database(name)):
        raise errors.does_not_exist("Database", name)
    public = context.connection.schema_exists(name, "PUBLIC")
    context.use(name, "PUBLIC" if public else None)


def _use_schema(context: Context, place: str | None, name: str) -> None:
    if place is None:
        raise context.no_database()
    context.catalog(place)
    exists = context.connection.schema_exists(place, name) or name == "INFORMATION_SCHEMA"
    if not (exists and context.access.sees(schema(place, name))):
        raise errors.does_not_exist("Schema", f"{place}.{name}")
    context.use(place, name)


def organization(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$RETURN_CURRENT_ORG_NAME(): clients make addresses of it."""
    return "LOCAL"


def web_address(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$GET_SNOWSIGHT_HOST(): there is no web interface; the account's own address it is."""
    return f"http://{context.account.host}:{context.account.port}"


def get_ddl(context: Context, arguments: list[Any]) -> str:
    """GET_DDL(kind, name): of most statements only what they came to is kept, not their text."""
    raise errors.unsupported(f"GET_DDL of a {arguments[0] if arguments else 'nothing'}")


def last_query_id(context: Context, arguments: list[Any]) -> str | None:
    """LAST_QUERY_ID(): https://docs.snowflake.com/en/sql-reference/functions/last_query_id"""
    if arguments not in ([], [-1]):
        raise errors.unsupported(f"LAST_QUERY_ID({arguments[0]})")
    return context.last_query_id


FUNCTIONS = {
    "GET_DDL": get_ddl,
    "LAST_QUERY_ID": last_query_id,
    "SYSTEM$GET_SNOWSIGHT_HOST": web_address,
    "SYSTEM$RETURN_CURRENT_ORG_NAME": organization,
}
ROUTES = {("USE",): use}
