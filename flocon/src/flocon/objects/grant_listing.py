"""SHOW GRANTS and SHOW FUTURE GRANTS. https://docs.snowflake.com/en/sql-reference/sql/show-grants"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flocon.access import grant_statements as parser
from flocon.access.demands import nothing
from flocon.access.grant_statements import Target
from flocon.access.roles import OWNERSHIP, Grant, RoleGrant
from flocon.access.securables import FIRST_OWNER, Securable
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects.grants import check_role, container, securables, told
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql.tokens import Name, Tokens

_PRIVILEGES = (
    "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by",
)  # fmt: skip
_FUTURE = ("privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
_ROLES = ("role", "granted_to", "grantee_name", "granted_by")


@dataclass(frozen=True)
class ShowGrants:
    """One of: ON an object, OF a role, TO a role, TO a user, who is the current one if None."""

    on: Target | None = None
    of_role: str | None = None
    to_role: str | None = None
    to_user: str | None = None


@dataclass(frozen=True)
class ShowFutureGrants:
    """TO a role, or IN a DATABASE or SCHEMA (kind)."""

    to_role: str | None = None
    kind: str = ""
    name: Name | None = None


def _read_grants(tokens: Tokens) -> ShowGrants:
    """SHOW GRANTS [ON object | TO {ROLE | USER} x | OF ROLE r]; without more, TO the user."""
    tokens.expect("SHOW", "GRANTS")
    if tokens.accept("ON"):
        statement = ShowGrants(on=parser.one(tokens))
    elif tokens.accept("OF", "ROLE"):
        statement = ShowGrants(of_role=tokens.name().name)
    elif tokens.accept("TO", "ROLE"):
        statement = ShowGrants(to_role=tokens.name().name)
    elif tokens.accept("TO", "USER"):
        statement = ShowGrants(to_user=tokens.name().name)
    else:
        statement = ShowGrants()
    tokens.end()
    return statement


def _read_future_grants(tokens: Tokens) -> ShowFutureGrants:
    """SHOW FUTURE GRANTS {IN {DATABASE | SCHEMA} x | TO ROLE r}"""
    tokens.expect("SHOW", "FUTURE", "GRANTS")
    if tokens.accept("TO"):
        tokens.accept("ROLE")
        statement = ShowFutureGrants(to_role=tokens.name().name)
    else:
        tokens.expect("IN")
        statement = ShowFutureGrants(kind=tokens.word(), name=tokens.name())
    tokens.end()
    return statement


def show_grants(context: Context, statement: ShowGrants) -> Result:
    if statement.on is not None:
        return _on(context, *securables(context, told(context, statement.on)))
    if statement.of_role is not None:
        role = _role(context, statement.of_role)
        return _roles(context.account.roles.role_grants(lambda g: g.role == role))
    if statement.to_role is not None:
        return _to_role(context, _role(context, statement.to_role))
    user = context.user if statement.to_user is None else _user(context, statement.to_user)
    found = context.account.roles.role_grants(lambda g: (g.kind, g.grantee) == ("USER", user))
    return _roles(found)


def _role(context: Context, name: str) -> str:
    check_role(context, name)
    if not context.access.sees(Securable("ROLE", (name,))):
        raise errors.does_not_exist("Role", name)
    return name


def _user(context: Context, name: str) -> str:
    what = Securable("USER", (name,))
    known = name == context.user or context.account.users.find(name) is not None
    if not known or not context.access.sees(what):
        raise errors.does_not_exist("User", name)
    return name


def _on(context: Context, what: Securable) -> Result:
    """Who may do what with an object, its owner among them."""
    found = context.account.roles.grants(lambda g: g.on == what and not g.future)
    rows = [_row(grant) for grant in found]
    if what.kind != "ACCOUNT" and not any(g.privilege == OWNERSHIP for g in found):
        owner = FIRST_OWNER
        rows.append([None, OWNERSHIP, what.kind, what.label, "ROLE", owner, "true", owner])
    return _listing((*_PRIVILEGES, "granted_by_role_type"), [[*row, "ROLE"] for row in rows])


def _to_role(context: Context, role: str) -> Result:
    """What a role was granted, roles among it."""
    roles = context.account.roles
    rows = [_row(grant) for grant in roles.grants(lambda g: g.role == role and not g.future)]
    inherited = roles.role_grants(lambda g: (g.kind, g.grantee) == ("ROLE", role))
    rows += [
        [g.created_on, "USAGE", "ROLE", g.role, "ROLE", role, "false", g.granted_by]
        for g in inherited
    ]
    # By kind, name and privilege.
    rows.sort(key=lambda row: (row[2], row[3], row[1]))
    return result.of(result.columns("created_on", *_PRIVILEGES), rows, result.SHOW)


def _row(grant: Grant) -> list[Any]:
    kind = grant.on.kind.replace(" ", "_")
    option = str(grant.grant_option).lower()
    name = grant.on.label or "LOCAL"
    return [
        grant.created_on, grant.privilege, kind, name, "ROLE", grant.role, option, grant.granted_by
    ]  # fmt: skip


def _roles(grants: Sequence[RoleGrant]) -> Result:
    rows = [[g.created_on, g.role, g.kind, g.grantee, g.granted_by] for g in grants]
    return _listing(_ROLES, rows)


def show_future_grants(context: Context, statement: ShowFutureGrants) -> Result:
    if statement.to_role is not None:
        role = _role(context, statement.to_role)
        found = context.account.roles.grants(lambda g: g.future and g.role == role)
    else:
        place = container(context, statement.kind, statement.name)
        found = context.account.roles.grants(lambda g: g.future and g.on.path == place.path)
    rows = [
        [
            g.created_on, g.privilege, g.on.kind.replace(" ", "_"),
            f"{g.on.label}.<{g.on.kind}>", "ROLE", g.role, str(g.grant_option).lower(),
        ]
        for g in found
    ]  # fmt: skip
    return _listing(_FUTURE, rows)


def _listing(names: Sequence[str], rows: list[list[Any]]) -> Result:
    rows.sort(key=lambda row: [str(value) for value in row[1:]])
    return result.of(result.columns("created_on", *names), rows, result.SHOW)


STATEMENTS = (
    Kind(("SHOW", "GRANTS"), _read_grants, show_grants, nothing),
    Kind(("SHOW", "FUTURE"), _read_future_grants, show_future_grants, nothing),
)
