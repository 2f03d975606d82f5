"""Roles and what they inherit, and the privileges that a set of roles holds.

https://docs.snowflake.com/en/user-guide/security-access-control-overview
"""

from collections.abc import Iterable, Mapping

from flocon.access.securables import ACCOUNT, FIRST_OWNER, RELATION, RELATIONS, Securable

ADMINISTRATOR = "ACCOUNTADMIN"
PUBLIC = "PUBLIC"

# Each system role with what it inherits, and what it may do in the account.
SYSTEM_ROLES: dict[str, frozenset[str]] = {
    ADMINISTRATOR: frozenset({"SECURITYADMIN", "SYSADMIN"}),
    "SECURITYADMIN": frozenset({"USERADMIN"}),
    "USERADMIN": frozenset(),
    "SYSADMIN": frozenset(),
    PUBLIC: frozenset(),
}
SYSTEM_PRIVILEGES = {
    "SECURITYADMIN": frozenset({"MANAGE GRANTS"}),
    "USERADMIN": frozenset({"CREATE ROLE", "CREATE USER"}),
    "SYSADMIN": frozenset({"CREATE DATABASE", "CREATE WAREHOUSE"}),
}


def closure(roles: Iterable[str], granted: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """These roles, all that are granted to them, and PUBLIC. granted: roles by their grantee."""
    found: set[str] = set()
    waiting = [PUBLIC, *roles]
    while waiting:
        role = waiting.pop()
        if role not in found:
            found.add(role)
            waiting += [*SYSTEM_ROLES.get(role, ()), *granted.get(role, ())]
    return frozenset(found)


class Privileges:
    """What a closed set of roles holds. Immutable; asked by every statement of a limited role."""

    def __init__(
        self,
        roles: frozenset[str],
        held: Mapping[Securable, frozenset[str]],
        owners: Mapping[Securable, str],
    ) -> None:
        """held: the privileges granted to any of the roles. owners: of every object that has one
        on record."""
        self.roles = roles
        self._held = held
        self._owners = owners

    def on(self, what: Securable) -> frozenset[str]:
        """The privileges on an object, OWNERSHIP among them where a role of the set owns it."""
        if what.kind == RELATION:
            return self._on_relation(what)
        found = self._held.get(what, frozenset())
        if what == ACCOUNT:
            return found.union(*(SYSTEM_PRIVILEGES.get(role, ()) for role in self.roles))
        owner = self._owners.get(what) or FIRST_OWNER
        return found | {"OWNERSHIP"} if owner in self.roles else found

    def _on_relation(self, what: Securable) -> frozenset[str]:
        kinds = [Securable(kind, what.path) for kind in RELATIONS]
        found = frozenset[str]().union(*(self._held.get(kind, ()) for kind in kinds))
        on_record = [self._owners[kind] for kind in kinds if kind in self._owners]
        owner = on_record[0] if on_record else FIRST_OWNER
        return found | {"OWNERSHIP"} if owner in self.roles else found

    def holds(self, what: Securable, *privileges: str) -> bool:
        """Do the roles hold one of these privileges or OWNERSHIP on the object; without names, any
        privilege? They must hold a privilege on its database and schema, too."""
        found = self.on(what)
        enough = not found.isdisjoint((*privileges, "OWNERSHIP")) if privileges else bool(found)
        return enough and self.reaches(what)

    def reaches(self, what: Securable) -> bool:
        return all(self.on(container) for container in what.containers)

    def manages_grants(self) -> bool:
        return "MANAGE GRANTS" in self.on(ACCOUNT)
