"""Which objects there are, as access control asks. The account's own code answers."""

from __future__ import annotations

from typing import Protocol

from flocon.access.securables import Securable


class Directory(Protocol):
    """The objects of an account, as one session sees them."""

    def exists(self, what: Securable) -> bool:
        """Is there such an object? What is of no known kind is taken to exist."""
        ...

    def schemas(self, database: str) -> list[Securable]:
        """The schemas of a database; raises 002003 where there is no such database."""
        ...

    def in_schema(self, kind: str, database: str, schema: str) -> list[Securable]:
        """All objects of a kind in a schema, sorted."""
        ...

    def owner_changed(self, what: Securable, role: str) -> None:
        """Tell what keeps its owner itself of another one."""
        ...
