"""CREATE, ALTER, DROP and SHOW ROLE; who may be what.

https://docs.snowflake.com/en/sql-reference/sql/create-role
"""

from __future__ import annotations

from dataclasses import replace

from flocon.access.demands import creates, drops, lists, owns
from flocon.access.hierarchy import SYSTEM_ROLES
from flocon.access.roles import DDL as ACCOUNT_DDL
from flocon.access.securables import FIRST_OWNER
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects.grants import check_role
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens

__all__ = ["ACCOUNT_DDL", "STATEMENTS"]


def _read_create(tokens: Tokens) -> Definition:
    head = definitions.created(tokens, "ROLE")
    comment = tokens.string() if tokens.accept("COMMENT", "=") else ""
    tokens.end()
    return replace(head, properties={"COMMENT": comment})


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER ROLE [IF EXISTS] name {SET COMMENT = '…' | UNSET COMMENT}"""
    head = definitions.altered(tokens, "ROLE")
    if (comment := definitions.comment(tokens)) is None:
        raise errors.unsupported(f"ALTER ROLE … {tokens.rest()}")
    tokens.end()
    return replace(head, properties={"COMMENT": comment})


def create_role(context: Context, statement: Definition) -> Result:
    name = statement.name.name
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if context.account.roles.exists(name):
            if statement.forgiving:
                return result.already_exists(name)
            if statement.mode == "CREATE":
                raise errors.already_exists(name)
            if name in SYSTEM_ROLES:
                raise errors.insufficient(f"role '{name}'")
            # As if it were dropped: what was granted to it is gone, and what it owned.
            context.account.roles.drop(name, context.access.role)
        context.account.roles.create(name, statement.properties["COMMENT"])
    return result.status(f"Role {name} successfully created.")


def alter_role(context: Context, statement: Definition) -> Result:
    name = statement.name.name
    context.transactions.commit_for_ddl()
    if not (statement.forgiving and not context.account.roles.exists(name)):
        check_role(context, name)
        if name in SYSTEM_ROLES:
            raise errors.insufficient(f"role '{name}'")
        context.account.roles.comment(name, statement.properties["COMMENT"])
    return result.done()


def drop_role(context: Context, statement: Named) -> Result:
    """What the role owned is the dropping role's from now on.
    https://docs.snowflake.com/en/sql-reference/sql/drop-role"""
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    if name in SYSTEM_ROLES:
        raise errors.insufficient(f"role '{name}'")
    with context.account.lock:
        if if_exists and not context.account.roles.exists(name):
            return result.already_dropped(name)
        check_role(context, name)
        context.account.roles.drop(name, context.access.role)
    return result.dropped(name)


_SHOWN = result.columns(
    "created_on", "name", "is_default", "is_current", "is_inherited", "assigned_to_users",
    "granted_to_roles", "granted_roles", "owner", "comment", "is_from_organization_user_group",
)  # fmt: skip


def show_roles(context: Context, statement: Show) -> Result:
    """SHOW ROLES. https://docs.snowflake.com/en/sql-reference/sql/show-roles"""
    roles = context.account.roles
    inherited = roles.inherited([context.role or ""]) - {context.role}
    rows = []
    for role in statement.scope.chosen(roles.all()):
        given = roles.role_grants(lambda g, name=role.name: g.role == name)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        rows.append(
            [
                role.created_on,
                role.name,
                "N",
                "Y" if role.name == context.role else "N",
                "Y" if role.name in inherited else "N",
                sum(g.kind == "USER" for g in given),
                sum(g.kind == "ROLE" for g in given),
                len(roles.role_grants(lambda g, name=role.name: g.grantee == name)),  # type: ignore[misc]  # the same
                "" if role.name in SYSTEM_ROLES else FIRST_OWNER,
                role.comment,
                "N",
            ]
        )
    return result.of(_SHOWN, rows, result.SHOW)


STATEMENTS = (
    Kind(("CREATE", "ROLE"), _read_create, create_role, creates("ROLE")),
    Kind(("ALTER", "ROLE"), _read_alter, alter_role, owns("ROLE")),
    Kind(("DROP", "ROLE"), statements.drop("ROLE"), drop_role, drops("ROLE")),
    Kind(("SHOW", "ROLES"), statements.show("ROLES"), show_roles, lists("ROLE", "name")),
)
EXISTS = {"ROLE": lambda context, what: context.account.roles.exists(what.name)}
