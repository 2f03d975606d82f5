"""CREATE, ALTER, DROP, SHOW and DESCRIBE of objects that the account stores and that belong to no
database: warehouses, compute pools, resource monitors, integrations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.session.context import Context
from flocon.sql.definitions import Definition
from flocon.sql.statements import Named, Show
from flocon.stores.stores import Stores

T = TypeVar("T")


class AccountObjects(ABC, Generic[T]):
    """The handlers of one kind's statements. What a kind has of its own, it says below.

    noun: as messages have it. shown: the columns of SHOW and DESCRIBE.
    """

    noun: str
    store: StoredObjects[T]
    shown: Mapping[str, str]

    # --- what a kind has of its own ----------------------------------------------------------

    @abstractmethod
    def made(self, context: Context, statement: Definition) -> T:
        """What CREATE makes."""

    @abstractmethod
    def changed(self, current: T, statement: Definition) -> T:
        """What ALTER makes of an object."""

    @abstractmethod
    def row(self, context: Context, item: T) -> dict[str, Any]:
        """Its row of SHOW and DESCRIBE; what is not in it is NULL."""

    def check(self, context: Context, statement: Definition) -> None:
        """Raises where a definition does not fit what there is."""

    def created(self, context: Context, name: str) -> None:
        """It has been created, or replaced."""

    def gone(self, context: Context, name: str) -> None:
        """It has been dropped."""

    def find(self, account: Stores, name: str) -> T | None:
        return self.store.find(account.own, name)

    def all(self, account: Stores) -> Iterable[T]:
        """Every one, by name."""
        return self.store.all(account.own)

    def delete(self, account: Stores, name: str) -> None:
        self.store.delete(account.own, name)

    # --- statements --------------------------------------------------------------------------

    def get(self, account: Stores, name: str) -> T:
        """Raises 002003 where there is none of that name."""
        found = self.find(account, name)
        if found is None:
            raise errors.does_not_exist(self.noun, name)
        return found

    def create(self, context: Context, statement: Definition) -> Result:
        self.check(context, statement)
        account, name = context.account, statement.name.name
        context.transactions.commit_for_ddl()
        with account.lock:
            if self.find(account, name):
                if statement.forgiving:
                    return result.already_exists(name)
                if statement.mode == "CREATE":
                    raise errors.already_exists(name)
            self.store.put(account.own, self.made(context, statement))
        self.created(context, name)
        return result.status(f"{self.noun} {name} successfully created.")

    def alter(self, context: Context, statement: Definition) -> Result:
        self.check(context, statement)
        account, name = context.account, statement.name.name
        context.transactions.commit_for_ddl()
        with account.lock:
            if not (statement.forgiving and self.find(account, name) is None):
                self.store.put(account.own, self.changed(self.get(account, name), statement))
        return result.done()

    def drop(self, context: Context, statement: Named) -> Result:
        account, name = context.account, statement.name.name
        context.transactions.commit_for_ddl()
        with account.lock:
            if statement.if_exists and self.find(account, name) is None:
                return result.already_dropped(name)
            self.get(account, name)
            self.delete(account, name)
            self.gone(context, name)
        return result.dropped(name)

    def show(self, context: Context, statement: Show) -> Result:
        found = statement.scope.chosen(self.all(context.account))
        rows = (self.row(context, item) for item in found)
        return result.listing(self.shown, rows, result.SHOW)

    def describe(self, context: Context, statement: Named) -> Result:
        item = self.get(context.account, statement.name.name)
        return result.listing(self.shown, [self.row(context, item)], result.DESCRIBE)
