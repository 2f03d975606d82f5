"""Where and as whom a session works: USE, and what clients ask about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flocon.access.demands import nothing
from flocon.access.securables import Securable, database, schema
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import QUERY_IDS, Context
from flocon.session.statements import Kind
from flocon.sql.tokens import Name, Tokens


@dataclass(frozen=True)
class Use:
    """kind is ROLE, WAREHOUSE, DATABASE, SCHEMA, SECONDARY ROLES (name is ALL or NONE then, or the
    first of `names`), or empty where the statement does not tell a database from a schema."""

    kind: str
    name: Name
    names: tuple[str, ...] = ()


def _read_use(tokens: Tokens) -> Use:
    """USE [DATABASE | SCHEMA | WAREHOUSE | ROLE | SECONDARY ROLES] name"""
    tokens.expect("USE")
    if tokens.accept("SECONDARY", "ROLES"):
        kind = "SECONDARY ROLES"
        if word := next((word for word in ("ALL", "NONE") if tokens.accept(word)), ""):
            statement = Use(kind, Name(word))
        else:
            names = [tokens.name()]
            while tokens.accept(","):
                names.append(tokens.name())
            statement = Use(kind, names[0], tuple(each.name for each in names))
    else:
        kinds = ("ROLE", "WAREHOUSE", "DATABASE", "SCHEMA")
        kind = next((word for word in kinds if tokens.accept(word)), "")
        statement = Use(kind, tokens.name())
    tokens.end()
    return statement


def use(context: Context, statement: Use) -> Result:
    kind, name = statement.kind, statement.name.name
    if kind == "SECONDARY ROLES":
        for role in statement.names:
            _check_role(context, role)
        context.access.secondary = frozenset(statement.names) if statement.names else name == "ALL"
    elif kind == "ROLE":
        _check_role(context, name)
        context.use_role(name)
    elif kind == "WAREHOUSE":
        known = context.directory.exists(Securable("WAREHOUSE", (name,)))
        if not (known and context.access.sees(Securable("WAREHOUSE", (name,)))):
            raise errors.not_found()
        context.use_warehouse(name)
    elif kind == "DATABASE" or (not kind and statement.name.schema is None):
        _use_database(context, name)
    else:
        _use_schema(context, statement.name.schema or context.database, name)
    return result.done(result.USE)


def _check_role(context: Context, name: str) -> None:
    """Raises for a role that the user may not take on.

    https://docs.snowflake.com/en/sql-reference/sql/use-role
    """
    if not context.account.roles.exists(name):
        raise errors.not_found()
    if name not in context.account.users.available_roles(context.user):
        raise errors.SnowflakeError(
            errors.ROLE_NOT_ASSIGNED,
            f"SQL access control error:\nRequested role '{name}' is not assigned to the executing"
            " user. Specify another role to activate.",
        )


def _use_database(context: Context, name: str) -> None:
    if not (name in context.account.databases() and context.access.sees(database(name))):
        raise errors.not_found()
    public = context.connection.schema_exists(name, "PUBLIC")
    context.use(name, "PUBLIC" if public else None)


def _use_schema(context: Context, place: str | None, name: str) -> None:
    if place is None:
        raise errors.NothingCurrent("DATABASE")
    exists = context.connection.schema_exists(place, name) or name == "INFORMATION_SCHEMA"
    known = place in context.account.databases() and exists
    if not (known and context.access.sees(schema(place, name))):
        raise errors.not_found()
    context.use(place, name)


def organization(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$RETURN_CURRENT_ORG_NAME(): clients make addresses of it."""
    return "LOCAL"


def web_address(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$GET_SNOWSIGHT_HOST(): there is no web interface; the account's own address it is."""
    return f"http://{context.account.host}:{context.account.port}"


_FURTHEST = 10_000


def last_query_id(context: Context, arguments: list[Any]) -> str | None:
    """LAST_QUERY_ID(n): the nth of the session, from its end where n is negative.

    https://docs.snowflake.com/en/sql-reference/functions/last_query_id
    """
    place = int(arguments[0]) if arguments else -1
    if place == 0 or abs(place) > _FURTHEST:
        text = f"invalid value [{place}] for parameter 'num'"
        raise errors.compilation(errors.COMPILATION, text)
    known = context.first_query_ids if place > 0 else context.last_query_ids
    if abs(place) > len(known):
        if len(known) == QUERY_IDS:
            raise errors.unsupported(f"LAST_QUERY_ID({place}) of more than {QUERY_IDS} queries")
        return None
    return known[place - 1 if place > 0 else place]


def current_transaction(context: Context, arguments: list[Any]) -> str | None:
    """CURRENT_TRANSACTION(), NULL outside of one.

    https://docs.snowflake.com/en/sql-reference/functions/current_transaction
    """
    transaction = context.transactions.transaction
    return str(transaction.id) if transaction and transaction.explicit else None


def available_roles(context: Context, arguments: list[Any]) -> str:
    """CURRENT_AVAILABLE_ROLES(): those that the user may take on.

    https://docs.snowflake.com/en/sql-reference/functions/current_available_roles
    """
    return json.dumps(sorted(context.account.users.available_roles(context.user)))


def secondary_roles(context: Context, arguments: list[Any]) -> str:
    """CURRENT_SECONDARY_ROLES(): those that are granted to the user, where they are in force.

    https://docs.snowflake.com/en/sql-reference/functions/current_secondary_roles
    """
    secondary = context.access.secondary
    if isinstance(secondary, frozenset):
        raise errors.unsupported("CURRENT_SECONDARY_ROLES() of single roles")
    roles = ",".join(sorted(context.access.secondary_roles))
    said = {"roles": roles, "value": "ALL" if secondary else ""}
    return json.dumps(said, separators=(",", ":"))


FUNCTIONS = {
    "CURRENT_AVAILABLE_ROLES": available_roles,
    "CURRENT_SECONDARY_ROLES": secondary_roles,
    "CURRENT_TRANSACTION": current_transaction,
    "LAST_QUERY_ID": last_query_id,
    "SYSTEM$GET_SNOWSIGHT_HOST": web_address,
    "SYSTEM$RETURN_CURRENT_ORG_NAME": organization,
}
STATEMENTS = (Kind(("USE",), _read_use, use, nothing),)
