"""The account's roles and grants: kept in its own file, held in memory, asked by every statement
of a role that is not ACCOUNTADMIN.

https://docs.snowflake.com/en/user-guide/security-access-control-overview
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flocon.access.hierarchy import ADMINISTRATOR, PUBLIC, SYSTEM_ROLES, Privileges, closure
from flocon.access.securables import FIRST_OWNER, Securable
from flocon.core.clock import utc_now
from flocon.engine import StoredObjects, Tables

DDL = """
CREATE TABLE IF NOT EXISTS _account_grants (
    privilege VARCHAR, kind VARCHAR, path VARCHAR, role VARCHAR, grant_option BOOLEAN,
    granted_by VARCHAR, created_on TIMESTAMP, future BOOLEAN
);
CREATE TABLE IF NOT EXISTS _account_role_grants (
    role VARCHAR, kind VARCHAR, grantee VARCHAR, granted_by VARCHAR, created_on TIMESTAMP
);
"""
OWNERSHIP = "OWNERSHIP"


@dataclass(frozen=True)
class Role:
    name: str
    comment: str
    created_on: datetime | None


@dataclass(frozen=True)
class Grant:
    """A privilege on an object, or on objects of a kind to come in a schema or database (future:
    the object's path is then its container's)."""

    privilege: str
    on: Securable
    role: str
    grant_option: bool
    granted_by: str
    created_on: datetime
    future: bool = False


@dataclass(frozen=True)
class RoleGrant:
    """A role, granted to a ROLE or a USER."""

    role: str
    kind: str
    grantee: str
    granted_by: str
    created_on: datetime


_ROLES = StoredObjects("ROLE", lambda fields: Role(**fields))


class Roles:
    """Thread-safe. Every change is one durable statement."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._lock = threading.RLock()
        self._roles: dict[str, Role] = {}
        self._grants: list[Grant] = []
        self._role_grants: list[RoleGrant] = []
        self._privileges: dict[frozenset[str], Privileges] = {}
        self._owners: dict[Securable, str] = {}
        self._granted: dict[str, set[str]] = {}
        self._only_default_grants = True
        self._changes, self._views_have_owners = 0, False
        self._load()

    def _load(self) -> None:
        """Read everything again: grants are few and change rarely."""
        with self._lock:
            self._read()

    def _read(self) -> None:
        rows = self._tables.rows
        roles = _ROLES.in_schema(self._tables)
        grants = [_grant(row) for row in rows("SELECT * FROM _account_grants")]
        role_grants = [RoleGrant(**row) for row in rows("SELECT * FROM _account_role_grants")]
        granted: defaultdict[str, set[str]] = defaultdict(set)
        for each in role_grants:
            if each.kind == "ROLE":
                granted[each.grantee].add(each.role)
        self._roles, self._grants, self._role_grants = roles, grants, role_grants
        self._granted = dict(granted)
        self._owners = {g.on: g.role for g in grants if g.privilege == OWNERSHIP and not g.future}
        self._privileges = {}
        self._views_have_owners = any(what.kind == "VIEW" for what in self._owners)
        self._changes += 1
        self._only_default_grants = all(
            g.on.kind == "COMPUTE POOL" and g.role == PUBLIC for g in grants
        )

    # --- questions -------------------------------------------------------------------------------

    @property
    def only_default_grants(self) -> bool:
        """Has nobody granted anything yet? An account comes with grants of the system's compute
        pools to PUBLIC, which creating or dropping an object does not affect."""
        return self._only_default_grants

    @property
    def changes(self) -> int:
        """How many times roles and grants have changed, as far as anybody can tell."""
        return self._changes

    @property
    def views_have_owners(self) -> bool:
        """Is there a view that is not ACCOUNTADMIN's?"""
        return self._views_have_owners

    def exists(self, role: str) -> bool:
        return role in SYSTEM_ROLES or role in self._roles

    def all(self) -> list[Role]:
        system = [Role(name, "", None) for name in SYSTEM_ROLES]
        return sorted([*system, *self._roles.values()], key=lambda role: role.name)

    def privileges(self, roles: Iterable[str]) -> Privileges:
        """What these roles hold, with all that they inherit. Cached until a grant changes."""
        key = frozenset(roles)
        with self._lock:
            if key not in self._privileges:
                closed = closure(key, self._granted)
                held: defaultdict[Securable, set[str]] = defaultdict(set)
                for grant in self._grants:
                    if grant.role in closed and not grant.future and grant.privilege != OWNERSHIP:
                        held[grant.on].add(grant.privilege)
                frozen = {what: frozenset(names) for what, names in held.items()}
                self._privileges[key] = Privileges(closed, frozen, self._owners)
            return self._privileges[key]

    def inherited(self, roles: Iterable[str]) -> frozenset[str]:
        """These roles and all that they inherit, PUBLIC included."""
        return closure(roles, self._granted)

    def recorded_owner(self, what: Securable) -> str | None:
        """The owner; None for what ACCOUNTADMIN has made."""
        return self._owners.get(what)

    def owner(self, what: Securable) -> str:
        return self._owners.get(what) or FIRST_OWNER

    def grants(self, wanted: Callable[[Grant], bool]) -> list[Grant]:
        return [grant for grant in self._grants if wanted(grant)]

    def role_grants(self, wanted: Callable[[RoleGrant], bool]) -> list[RoleGrant]:
        return [grant for grant in self._role_grants if wanted(grant)]

    def of_user(self, user: str) -> frozenset[str]:
        """The roles that are granted to a user itself."""
        return frozenset(g.role for g in self._role_grants if (g.kind, g.grantee) == ("USER", user))

    # --- changes ---------------------------------------------------------------------------------

    def create(self, name: str, comment: str) -> None:
        _ROLES.put(self._tables, Role(name, comment, utc_now()))
        self._load()

    def comment(self, name: str, comment: str) -> None:
        _ROLES.put(self._tables, replace(self._roles[name], comment=comment))
        self._load()

    def drop(self, name: str, heir: str) -> None:
        """The role goes, with what was granted to it; what it owned is its heir's."""
        owned = [heir, name, OWNERSHIP]
        self._tables.write(
            "UPDATE _account_grants SET role = ? WHERE role = ? AND privilege = ?", owned
        )
        self._tables.write("DELETE FROM _account_grants WHERE role = ?", [name])
        self._tables.write(
            "DELETE FROM _account_role_grants WHERE role = ? OR (kind = 'ROLE' AND grantee = ?)",
            [name, name],
        )
        _ROLES.delete(self._tables, name)
        self.forget(Securable("ROLE", (name,)))
        self._load()

    def grant(self, grants: Sequence[Grant]) -> None:
        """Add these. One that is there already stays, with the grant option if either has it."""
        known = {_key(grant): grant for grant in self._grants}
        new = [g for g in grants if _key(g) not in known]
        raised = [
            g for g in grants
            if g.grant_option and (old := known.get(_key(g))) and not old.grant_option
        ]  # fmt: skip
        for grant in raised:
            self._tables.write(
                f"UPDATE _account_grants SET grant_option = true WHERE {_WHERE}", _values(grant)
            )
        if new:
            self._tables.write(
                "INSERT INTO _account_grants VALUES "
                + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(new)),
                [value for grant in new for value in _row(grant)],
            )
        if new or raised:
            self._load()

    def revoke(self, grants: Sequence[Grant], *, option_only: bool = False) -> None:
        for grant in grants:
            change = "UPDATE _account_grants SET grant_option = false" if option_only else _DELETE
            self._tables.write(f"{change} WHERE {_WHERE}", _values(grant))
        if grants:
            self._load()

    def own(self, objects: Sequence[Securable], role: str, granted_by: str) -> None:
        """The role owns the objects from now on, and their former owners do not."""
        for what in objects:
            self._tables.write(
                f"{_DELETE} WHERE privilege = ? AND kind = ? AND path = ? AND NOT future",
                [OWNERSHIP, what.kind, _path(what)],
            )
        self._load()
        now = _now()
        self.grant([Grant(OWNERSHIP, what, role, True, granted_by, now) for what in objects])

    def grant_role(self, role: str, kind: str, grantee: str, granted_by: str) -> None:
        if not any((g.role, g.kind, g.grantee) == (role, kind, grantee) for g in self._role_grants):
            self._write(
                "INSERT INTO _account_role_grants VALUES (?, ?, ?, ?, ?)",
                [role, kind, grantee, granted_by, _now()],
            )

    def revoke_role(self, role: str, kind: str, grantee: str) -> None:
        self._write(
            "DELETE FROM _account_role_grants WHERE (role, kind, grantee) = (?, ?, ?)",
            [role, kind, grantee],
        )

    # --- what becomes of objects -----------------------------------------------------------------

    def created(self, what: Securable, role: str, *, copies_grants: bool = False) -> str:
        """An object came to be, perhaps in the place of another: it is the role's, or its whom the
        future ownership was granted to. Grants for the future are made, unless those of its
        predecessor stay. Returns the owner.

        https://docs.snowflake.com/en/sql-reference/sql/grant-privilege
        """
        with self._lock:
            self._forget_owner(what) if copies_grants else self.forget(what)
            planned = [] if copies_grants else self._planned(what)
            future_owner = [g.role for g in planned if g.privilege == OWNERSHIP]
            owner = future_owner[0] if future_owner else role
            now = _now()
            new = [
                Grant(g.privilege, what, g.role, g.grant_option, g.granted_by, now)
                for g in planned
                if g.privilege != OWNERSHIP
            ]
            if owner != ADMINISTRATOR:
                new.append(Grant(OWNERSHIP, what, owner, True, role, now))
            self.grant(new)
            return owner

    def _planned(self, what: Securable) -> list[Grant]:
        """The future grants that hold for an object: its schema's, or else its database's."""
        containers = [container.path for container in what.containers]
        for path in sorted(containers, key=len, reverse=True):
            found = self.grants(lambda g, path=path: g.future and g.on == (what.kind, path))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            if found:
                return found
        return []

    def _forget_owner(self, what: Securable) -> None:
        self.revoke([g for g in self._grants if g.on == what and g.privilege == OWNERSHIP])

    def forget(self, what: Securable) -> None:
        """An object is gone, and all that was in it."""
        depth = len(what.path)
        gone = [
            g for g in self._grants
            if (g.on == what and not g.future)
            or (what.kind in ("DATABASE", "SCHEMA") and _inside(g, what, depth))
        ]  # fmt: skip
        self.revoke(gone)

    def renamed(self, old: Securable, new: Securable) -> None:
        found = [g for g in self._grants if g.on == old and not g.future]
        for grant in found:
            self._tables.write(
                f"UPDATE _account_grants SET path = ? WHERE {_WHERE}", [_path(new), *_values(grant)]
            )
        if found:
            self._load()

    def swapped(self, one: Securable, other: Securable) -> None:
        between = Securable(one.kind, (*one.path[:-1], "", ""))
        for old, new in ((one, between), (other, one), (between, other)):
            self.renamed(old, new)

    def user_dropped(self, user: str) -> None:
        self._write("DELETE FROM _account_role_grants WHERE kind = 'USER' AND grantee = ?", [user])
        self.forget(Securable("USER", (user,)))

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        self._tables.write(sql, values)
        self._load()


_DELETE = "DELETE FROM _account_grants"
_WHERE = "(privilege, kind, path, role, future) = (?, ?, ?, ?, ?)"


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _path(what: Securable) -> str:
    return json.dumps(what.path)


def _key(grant: Grant) -> tuple[Any, ...]:
    return grant.privilege, grant.on, grant.role, grant.future


def _values(grant: Grant) -> list[Any]:
    return [grant.privilege, grant.on.kind, _path(grant.on), grant.role, grant.future]


def _row(grant: Grant) -> list[Any]:
    return [
        grant.privilege,
        grant.on.kind,
        _path(grant.on),
        grant.role,
        grant.grant_option,
        grant.granted_by,
        grant.created_on,
        grant.future,
    ]


def _grant(row: dict[str, Any]) -> Grant:
    on = Securable(row.pop("kind"), tuple(json.loads(row.pop("path"))))
    return Grant(on=on, **row)


def _inside(grant: Grant, container: Securable, depth: int) -> bool:
    """Is what was granted inside of a database or schema, or to come there?"""
    path = grant.on.path
    kinds = ("WAREHOUSE", "ROLE", "USER", "INTEGRATION", "RESOURCE MONITOR")
    deep = len(path) > depth or grant.future
    return deep and path[:depth] == container.path and grant.on.kind not in kinds
