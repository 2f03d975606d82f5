"""What a statement needs before it may run, and what it does to objects that carry grants."""

from __future__ import annotations

from dataclasses import dataclass

from flocon.access.securables import Securable


@dataclass(frozen=True)
class Need:
    """One of these privileges on an object, or its ownership; any privilege if any_of is empty."""

    on: Securable
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Creation:
    """What a statement makes. replaces: OR REPLACE takes the place of what is there, and needs its
    ownership; so does OR ALTER, which keeps it (alters)."""

    what: Securable
    replaces: bool = False
    alters: bool = False
    copies_grants: bool = False


@dataclass(frozen=True)
class Listing:
    """SHOW: the kinds of its rows, and the columns that hold each row's path."""

    kinds: tuple[str, ...]
    path: tuple[str, ...]


@dataclass(frozen=True)
class Demand:
    """Everything about a statement that access control asks."""

    needs: tuple[Need, ...] = ()
    creates: Creation | None = None
    drops: Securable | None = None
    renames: tuple[Securable, Securable] | None = None
    swaps: tuple[Securable, Securable] | None = None
    lists: Listing | None = None
    # Does it work on a warehouse, because it reads or writes tables?
    works: bool = False

    @property
    def changes_objects(self) -> bool:
        return bool(self.creates or self.drops or self.renames or self.swaps)
