"""GRANT and REVOKE.

https://docs.snowflake.com/en/sql-reference/sql/grant-privilege
https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
https://docs.snowflake.com/en/sql-reference/sql/grant-role
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from flocon.access import grant_statements as parser
from flocon.access.demands import nothing, overload, securable
from flocon.access.grant_statements import GrantDatabaseRole, GrantPrivileges, GrantRole, Target
from flocon.access.hierarchy import PUBLIC
from flocon.access.needs import Need
from flocon.access.roles import OWNERSHIP, Grant
from flocon.access.securables import (
    ACCOUNT,
    GRANTABLE,
    RELATION,
    Securable,
    privileges_of,
    schema,
)
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql.tokens import FullName, Name

_DEPENDENT_GRANT = errors.Code(3036, "23001")


def grant(context: Context, statement: parser.Statement) -> Result:
    context.transactions.commit_for_ddl()
    if isinstance(statement, GrantDatabaseRole):
        return _grant_database_role(context, statement)
    if isinstance(statement, GrantRole):
        return _grant_role(context, statement)
    check_role(context, statement.role)
    statement = replace(statement, target=told(context, statement.target))
    if statement.privileges == (OWNERSHIP,) and statement.target.which != "FUTURE":
        return _grant_ownership(context, statement)
    found = securables(context, statement.target)
    names = _privileges(statement)
    _check_grantor(context, statement.target, found, names)
    now = datetime.now(UTC).replace(tzinfo=None)
    future = statement.target.which == "FUTURE"
    context.account.roles.grant(
        [
            Grant(name, on, statement.role, statement.option, context.access.role, now, future)
            for on in found
            for name in names
        ]
    )
    return _done(statement.target, found)


def revoke(context: Context, statement: parser.Statement) -> Result:
    context.transactions.commit_for_ddl()
    if isinstance(statement, GrantDatabaseRole):
        return _revoke_database_role(context, statement)
    if isinstance(statement, GrantRole):
        return _revoke_role(context, statement)
    check_role(context, statement.role)
    statement = replace(statement, target=told(context, statement.target))
    found = securables(context, statement.target)
    names = _privileges(statement)
    _check_grantor(context, statement.target, found, names)
    if names == (OWNERSHIP,) and statement.target.which != "FUTURE":
        raise errors.unsupported("REVOKE OWNERSHIP: grant it to another role")
    future = statement.target.which == "FUTURE"
    targets = set(found)
    context.account.roles.revoke(
        context.account.roles.grants(
            lambda g: (
                g.role == statement.role
                and g.on in targets
                and g.privilege in names
                and g.future == future
            )
        ),
        option_only=statement.option,
    )
    return _done(statement.target, found)


def _done(target: Target, found: Sequence[Securable]) -> Result:
    many = "" if target.which != "ALL" else f" {len(found)} objects affected."
    return result.status(f"{result.DONE}{many}")


def _privileges(statement: GrantPrivileges) -> tuple[str, ...]:
    """The privileges by name; each must be one of the kind's."""
    kind = statement.target.kind
    if statement.privileges == ("ALL",) and privileges_of(kind):
        return privileges_of(kind)
    if statement.privileges == (OWNERSHIP,):
        return statement.privileges
    for name in statement.privileges:
        if not any(name in privileges_of(each) for each in GRANTABLE):
            raise errors.compilation(errors.SYNTAX, f"syntax error unexpected '{name}'.")
        if name not in privileges_of(kind):
            raise errors.compilation(
                errors.SYNTAX, f"Invalid object type '{kind}' for privilege '{name}'."
            )
    return statement.privileges


def check_role(context: Context, name: str) -> None:
    if not context.account.roles.exists(name):
        raise errors.does_not_exist("Role", name)


# --- on what -------------------------------------------------------------------------------------


def told(context: Context, target: Target) -> Target:
    """The same with the kind of what is named alone."""
    if target.kind != RELATION or target.name is None:
        return target
    kind = context.relation_kind(context.resolve(target.name))
    return replace(target, kind="VIEW" if kind == "VIEW" else "TABLE")


def securables(context: Context, target: Target) -> list[Securable]:
    """The objects of a GRANT; for FUTURE the database or schema, under the kind of what will come.
    Raises 002003 for what does not exist."""
    if target.which == "ONE":
        found = one(context, target)
        if not context.directory.exists(found) or not _may_name(context, found):
            raise errors.does_not_exist(found.kind.capitalize(), found.label)
        return [found]
    place = container(context, target.place, target.name)
    if target.which == "FUTURE":
        return [Securable(target.kind, place.path)]
    database = place.path[0]
    schemas = [place] if place.kind == "SCHEMA" else context.directory.schemas(database)
    if target.kind == "SCHEMA":
        return schemas
    return [
        found for each in schemas for found in context.directory.in_schema(target.kind, *each.path)
    ]


def _may_name(context: Context, what: Securable) -> bool:
    """MANAGE GRANTS grants on any object, as if its role owned it.
    https://docs.snowflake.com/en/user-guide/security-access-control-privileges#global-privileges"""
    held = context.access.privileges
    return held is None or held.manages_grants() or context.access.sees(what)


def one(context: Context, target: Target) -> Securable:
    """The object that is named; whether it exists is not asked."""
    if target.kind == "ACCOUNT":
        return ACCOUNT
    assert target.name
    if target.kind in ("DATABASE", "SCHEMA"):
        return _container(context, target.kind, target.name)
    if target.types is not None:
        return overload(context.resolve(target.name), target.types, target.kind)
    return securable(target.kind, target.name, context)


def container(context: Context, kind: str, name: Name | None) -> Securable:
    """A database or schema that exists and may be seen."""
    assert name
    found = _container(context, kind, name)
    if not context.directory.exists(found) or not _may_name(context, found):
        raise errors.does_not_exist(kind.capitalize(), found.label)
    return found


def _container(context: Context, kind: str, name: Name) -> Securable:
    if kind == "DATABASE":
        return Securable(kind, (name.name,))
    full: FullName = context.resolve(Name("_", name.name, name.schema))
    return schema(full.database, full.schema)


# --- who may -------------------------------------------------------------------------------------


def _check_grantor(
    context: Context, target: Target, found: Sequence[Securable], names: Sequence[str]
) -> None:
    """Who owns an object may grant on it, who has MANAGE GRANTS on any, and who got a privilege
    with the grant option that one. Future grants are for MANAGE GRANTS."""
    held = context.access.privileges
    if held is None or held.manages_grants():
        return
    if target.which == "FUTURE" or target.kind == "ACCOUNT":
        raise errors.insufficient("account 'LOCAL'")
    options = {
        (g.on, g.privilege)
        for g in context.account.roles.grants(
            lambda g: g.grant_option and not g.future and g.role in held.roles
        )
    }
    for on in found:
        if not all((on, name) in options for name in names):
            context.access.require(Need(on, (OWNERSHIP,)))


# --- ownership -----------------------------------------------------------------------------------


def _grant_ownership(context: Context, statement: GrantPrivileges) -> Result:
    found = securables(context, statement.target)
    roles = context.account.roles
    _check_grantor(context, statement.target, found, (OWNERSHIP,))
    _check_copy(context, statement)
    changing = [on for on in found if roles.owner(on) != statement.role]
    targets = set(changing)
    others = roles.grants(lambda g: g.on in targets and not g.future and g.privilege != OWNERSHIP)
    if others and not statement.current:
        raise _dependent(others[0])
    if statement.current == "REVOKE":
        roles.revoke(others)
    roles.own(changing, statement.role, context.access.role)
    for on in changing:
        context.directory.owner_changed(on, statement.role)
    return _done(statement.target, found)


def _check_copy(context: Context, statement: GrantPrivileges) -> None:
    """COPY CURRENT GRANTS is for who manages grants, or has the role that comes to own.
    https://docs.snowflake.com/en/sql-reference/sql/grant-ownership#optional-parameters"""
    held = context.access.privileges
    if statement.current != "COPY" or held is None:
        return
    if not held.manages_grants() and statement.role not in held.roles:
        raise errors.insufficient("account 'LOCAL'")


def _dependent(grant: Grant) -> errors.SnowflakeError:
    """Others were granted something by the owner, who is to be another."""
    return errors.SnowflakeError(
        _DEPENDENT_GRANT,
        f"SQL execution error: Dependent grant of privilege '{grant.privilege}' on securable"
        f" '{grant.on.label}' to role '{grant.role}' exists. It must be revoked first, or the"
        " ownership be granted with COPY CURRENT GRANTS or REVOKE CURRENT GRANTS.",
    )


# --- roles ---------------------------------------------------------------------------------------


def _check_roles(context: Context, statement: GrantRole) -> None:
    """Both sides exist, and the granted role is the grantor's to give."""
    check_role(context, statement.role)
    known = context.account.users.find(statement.grantee) or statement.grantee == context.user
    if statement.kind == "ROLE":
        check_role(context, statement.grantee)
    elif not known:
        raise errors.does_not_exist("User", statement.grantee)
    held = context.access.privileges
    if held is not None and not held.manages_grants():
        context.access.require(Need(Securable("ROLE", (statement.role,)), (OWNERSHIP,)))


def _grant_role(context: Context, statement: GrantRole) -> Result:
    _check_roles(context, statement)
    roles = context.account.roles
    if statement.role == PUBLIC:
        # Everybody has it, and no grant tells it.
        return result.done()
    if statement.kind == "ROLE" and statement.grantee in roles.inherited([statement.role]):
        raise errors.compilation(
            errors.COMPILATION,
            f"Role '{statement.grantee}' is granted to role '{statement.role}' already: the"
            " hierarchy must have no cycle.",
        )
    roles.grant_role(statement.role, statement.kind, statement.grantee, context.access.role)
    return result.done()


def _revoke_role(context: Context, statement: GrantRole) -> Result:
    _check_roles(context, statement)
    context.account.roles.revoke_role(statement.role, statement.kind, statement.grantee)
    return result.done()


def _check_database_role(context: Context, statement: GrantDatabaseRole) -> None:
    """Those of the SNOWFLAKE database are given by who manages grants."""
    check_role(context, statement.grantee)
    held = context.access.privileges
    if held is not None and not held.manages_grants():
        raise errors.does_not_exist("Database role", statement.role.label)


def _grant_database_role(context: Context, statement: GrantDatabaseRole) -> Result:
    _check_database_role(context, statement)
    now = datetime.now(UTC).replace(tzinfo=None)
    by = context.access.role
    given = Grant("USAGE", statement.role, statement.grantee, False, by, now)
    context.account.roles.grant([given])
    return result.done()


def _revoke_database_role(context: Context, statement: GrantDatabaseRole) -> Result:
    _check_database_role(context, statement)
    roles = context.account.roles
    roles.revoke(roles.grants(lambda g: (g.on, g.role) == (statement.role, statement.grantee)))
    return result.done()


STATEMENTS = (
    Kind(("GRANT",), parser.grant, grant, nothing),
    Kind(("REVOKE",), parser.revoke, revoke, nothing),
)
