"""SHOW GRANTS and SHOW FUTURE GRANTS. https://docs.snowflake.com/en/sql-reference/sql/show-grants"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flocon.access.roles import OWNERSHIP, Grant, RoleGrant
from flocon.access.securables import Securable, first_owner
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects.grants import check_role, container, securables
from flocon.sql import grants as parser
from flocon.sql.tokens import Tokens

if TYPE_CHECKING:
    from flocon.session.session import Session

_TIME = "TIMESTAMP WITH TIME ZONE"
_PRIVILEGES = (
    "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by",
)  # fmt: skip
_FUTURE = ("privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
_ROLES = ("role", "granted_to", "grantee_name", "granted_by")


def show_grants(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW GRANTS [ON object | TO {ROLE | USER} x | OF ROLE r]; without more, TO the user."""
    tokens.expect("SHOW", "GRANTS")
    if tokens.accept("ON"):
        target = parser.one(tokens)
        tokens.end()
        return _on(session, *securables(session, target))
    if tokens.accept("OF", "ROLE"):
        role = _role(session, tokens)
        return _roles(session.account.roles.role_grants(lambda g: g.role == role))
    if tokens.accept("TO", "ROLE"):
        return _to_role(session, _role(session, tokens))
    user = tokens.name().name if tokens.accept("TO", "USER") else session.user
    tokens.end()
    found = session.account.roles.role_grants(lambda g: (g.kind, g.grantee) == ("USER", user))
    return _roles(found)


def _role(session: Session, tokens: Tokens) -> str:
    name = tokens.name().name
    tokens.end()
    check_role(session, name)
    if not session.guard.sees(Securable("ROLE", (name,))):
        raise errors.does_not_exist("Role", name)
    return name


def _on(session: Session, what: Securable) -> Result:
    """Who may do what with an object, its owner among them."""
    found = session.account.roles.grants(lambda g: g.on == what and not g.future)
    rows = [_row(grant) for grant in found]
    if what.kind != "ACCOUNT" and not any(g.privilege == OWNERSHIP for g in found):
        owner = first_owner(what.kind)
        rows.append([None, OWNERSHIP, what.kind, what.label, "ROLE", owner, "true", owner])
    return _listing(_PRIVILEGES, rows)


def _to_role(session: Session, role: str) -> Result:
    """What a role was granted, roles among it."""
    roles = session.account.roles
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


def show_future_grants(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW FUTURE GRANTS {IN {DATABASE | SCHEMA} x | TO ROLE r}"""
    tokens.expect("SHOW", "FUTURE", "GRANTS")
    if tokens.accept("TO"):
        tokens.accept("ROLE")
        role = _role(session, tokens)
        found = session.account.roles.grants(lambda g: g.future and g.role == role)
    else:
        tokens.expect("IN")
        place = container(session, tokens.word(), tokens.name())
        tokens.end()
        found = session.account.roles.grants(lambda g: g.future and g.on.path == place.path)
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
