"""SHOW GRANTS and SHOW FUTURE GRANTS. https://docs.snowflake.com/en/sql-reference/sql/show-grants"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flocon.access import grant_statements as parser
from flocon.access.roles import OWNERSHIP, Grant, RoleGrant
from flocon.access.securables import Securable, first_owner
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects.grants import check_role, container, securables
from flocon.session.context import Context
from flocon.sql.tokens import Tokens

_TIME = "TIMESTAMP WITH TIME ZONE"
_PRIVILEGES = (
    "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by",
)  # fmt: skip
_FUTURE = ("privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
_ROLES = ("role", "granted_to", "grantee_name", "granted_by")


def show_grants(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW GRANTS [ON object | TO {ROLE | USER} x | OF ROLE r]; without more, TO the user."""
    tokens.expect("SHOW", "GRANTS")
    if tokens.accept("ON"):
        target = parser.one(tokens)
        tokens.end()
        return _on(context, *securables(context, target))
    if tokens.accept("OF", "ROLE"):
        role = _role(context, tokens)
        return _roles(context.account.roles.role_grants(lambda g: g.role == role))
    if tokens.accept("TO", "ROLE"):
        return _to_role(context, _role(context, tokens))
    user = tokens.name().name if tokens.accept("TO", "USER") else context.user
    tokens.end()
    found = context.account.roles.role_grants(lambda g: (g.kind, g.grantee) == ("USER", user))
    return _roles(found)


def _role(context: Context, tokens: Tokens) -> str:
    name = tokens.name().name
    tokens.end()
    check_role(context, name)
    if not context.access.sees(Securable("ROLE", (name,))):
        raise errors.does_not_exist("Role", name)
    return name


def _on(context: Context, what: Securable) -> Result:
    """Who may do what with an object, its owner among them."""
    found = context.account.roles.grants(lambda g: g.on == what and not g.future)
    rows = [_row(grant) for grant in found]
    if what.kind != "ACCOUNT" and not any(g.privilege == OWNERSHIP for g in found):
        owner = first_owner(what.kind)
        rows.append([None, OWNERSHIP, what.kind, what.label, "ROLE", owner, "true", owner])
    return _listing(_PRIVILEGES, rows)


def _to_role(context: Context, role: str) -> Result:
    """What a role was granted, roles among it."""
    roles = context.account.roles
    rows = [_row(grant) for grant in roles.grants(lambda g: g.role == role and not g.future)]
    inherited = roles.role_grants(lambda g: (g.kind, g.grantee) == ("ROLE", role))
    rows += [
        [g.created_on, "USAGE", "ROLE", g.role, "ROLE", role, "false", g.granted_by]
        for g in inherited
    ]
    return _listing(_PRIVILEGES, rows)


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


def show_future_grants(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW FUTURE GRANTS {IN {DATABASE | SCHEMA} x | TO ROLE r}"""
    tokens.expect("SHOW", "FUTURE", "GRANTS")
    if tokens.accept("TO"):
        tokens.accept("ROLE")
        role = _role(context, tokens)
        found = context.account.roles.grants(lambda g: g.future and g.role == role)
    else:
        tokens.expect("IN")
        place = container(context, tokens.word(), tokens.name())
        tokens.end()
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
    columns = {"created_on": _TIME, **dict.fromkeys(names, "VARCHAR")}
    rows.sort(key=lambda row: [str(value) for value in row[1:]])
    return result.of(columns, rows, result.SHOW)


ROUTES = {("SHOW", "GRANTS"): show_grants, ("SHOW", "FUTURE"): show_future_grants}
