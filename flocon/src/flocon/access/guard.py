"""Access control of one session: what its role may do, see, and comes to own.

ACCOUNTADMIN may do everything, and is asked nothing.
https://docs.snowflake.com/en/user-guide/security-access-control-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar

import pyarrow as pa
from sqlglot import Expr

from flocon.access import trees
from flocon.access.demands import listed, refusal
from flocon.access.directory import Directory
from flocon.access.hierarchy import ADMINISTRATOR, Privileges
from flocon.access.narrowing import narrow
from flocon.access.needs import Creation, Demand, Listing, Need
from flocon.access.roles import Roles
from flocon.access.securables import ACCOUNT, RELATION, Securable, inside, schema
from flocon.access.users import Users
from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.sql.tokens import FullName
from flocon.transactions.streams import Streams


class Demanding(Protocol):
    """A statement, as far as access control is concerned; `session.statements.Statement`."""

    @property
    def text(self) -> str: ...

    @property
    def concerns_grants(self) -> bool: ...

    def demand(self, place: trees.Place) -> Demand | None: ...

    def without_limit(self) -> tuple[Self, int | None, str | None]: ...


S = TypeVar("S", bound=Demanding)


class Place(trees.Place, Protocol):
    """Who asks, and where."""

    user: str
    role: str | None
    warehouse: str | None


class Guard:
    """Asked with the session's lock held."""

    def __init__(
        self, place: Place, directory: Directory, roles: Roles, users: Users, streams: Streams
    ) -> None:
        self._place = place
        self._directory = directory
        self._roles = roles
        self._users = users
        self._streams = streams
        # Is every role of the user in force besides the current one? Or which ones.
        self.secondary: bool | frozenset[str] = False
        # Does it run a task or an alert that Snowflake chooses the compute for?
        self.serverless = False
        # The roles of the owners whose procedures and views run now, the innermost last.
        self._owners: list[str] = []

    # --- whose rights ----------------------------------------------------------------------------

    @property
    def role(self) -> str:
        """The role that acts, and that owns what is created now."""
        return self._owners[-1] if self._owners else self._place.role or ADMINISTRATOR

    @property
    def privileges(self) -> Privileges | None:
        """What the acting roles hold; None where they may do everything."""
        if self.role == ADMINISTRATOR:
            return None
        roles = {self.role}
        if self.secondary and not self._owners:
            roles |= self.secondary_roles
        found = self._roles.privileges(roles)
        return None if ADMINISTRATOR in found.roles else found

    @property
    def secondary_roles(self) -> frozenset[str]:
        """Those that are in force besides the current one: of what `USE SECONDARY ROLES` has named
        those that the user still may take on.

        https://docs.snowflake.com/en/sql-reference/sql/use-secondary-roles
        """
        if self.secondary is False:
            return frozenset()
        if self.secondary is True:
            return self._users.roles_of(self._place.user)
        return self.secondary & self._users.available_roles(self._place.user)

    @contextmanager
    def owner_of(self, what: Securable) -> Iterator[None]:
        """The owner's rights are in force inside. What ACCOUNTADMIN has made runs as that."""
        with self.acting_as(self._roles.recorded_owner(what) or ADMINISTRATOR):
            yield

    @contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        self._owners.append(role)
        try:
            yield
        finally:
            self._owners.pop()

    # --- what a statement may do -----------------------------------------------------------------

    def run(self, statement: S, run: Callable[[S], Result], *, describe: bool = False) -> Result:
        """Run a statement, if it may run; of SHOW, only what the role may see."""
        limited = self.privileges is not None
        if not limited and (not statement.concerns_grants or self._roles.only_default_grants):
            return run(statement)
        demand = statement.demand(self._place)
        if demand is None and limited:
            raise refusal(statement.text)
        if demand and demand.lists:
            return self._list(demand, statement, run)
        return self._run(demand or Demand(), lambda: run(statement), describe=describe)

    def narrow(self, tree: Expr) -> None:
        """Put in the place of INFORMATION_SCHEMA's views what the role may see of them."""
        narrow(tree, self._place, self._directory, self.sees)

    def _run(
        self, demand: Demand, statement: Callable[[], Result], *, describe: bool = False
    ) -> Result:
        for need in demand.needs:
            self.require(need)
        if demand.works:
            self._require_warehouse()
        if describe or not demand.changes_objects:
            return statement()
        there = demand.creates is not None and self._directory.exists(demand.creates.what)
        if there and demand.creates and (demand.creates.replaces or demand.creates.alters):
            self.require(Need(demand.creates.what, ("OWNERSHIP",)))
        dropped = demand.drops
        if dropped and self._place.is_temporary(dropped.kind, dropped.path):
            # What it has hidden keeps its grants.
            return statement()
        answer = statement()
        self._record(demand, there)
        return answer

    def _record(self, demand: Demand, there: bool) -> None:
        if demand.drops:
            self._roles.forget(demand.drops)
        if demand.renames:
            self._roles.renamed(*demand.renames)
        if demand.swaps:
            self._roles.swapped(*demand.swaps)
        if demand.creates and (demand.creates.replaces or not there):
            self._created(demand.creates, there)

    def _created(self, creation: Creation, there: bool) -> None:
        copies = creation.copies_grants and there
        owner = self._roles.created(creation.what, self.role, copies_grants=copies)
        if owner != self.role:
            self._directory.owner_changed(creation.what, owner)
        if creation.what.kind == "DATABASE":
            # Each database comes with the schema PUBLIC, which is its creator's, too.
            self._roles.created(schema(creation.what.name, "PUBLIC"), self.role)

    # --- single needs ----------------------------------------------------------------------------

    def require(self, need: Need) -> None:
        """Raises 003001 where the role sees the object but may not, 002003 where it does not see
        it. Of an object that does not exist the statement itself will tell."""
        held = self.privileges
        if held is None or self._place.is_temporary(need.on.kind, need.on.path):
            return
        if self._is_creation(need):
            held = self._roles.privileges({self.role})
        if held.holds(need.on, *need.any_of):
            self._require_source(need)
        elif self._directory.exists(need.on):
            raise _refused(need, held)

    def require_behind(self, view: Securable, owner: str | None, needs: Iterable[Need]) -> None:
        """Raises 002037 where a view's owner lacks what its query needs. owner: None for the one on
        record."""
        with self.acting_as(owner or self._roles.recorded_owner(view) or ADMINISTRATOR):
            if self.privileges is None:
                return
            with errors.expanding(view.name):
                for need in needs:
                    self.require(need)

    @property
    def views_have_owners(self) -> bool:
        return self._roles.views_have_owners

    def require_execution(self, kind: str, warehouse: str | None) -> None:
        """Raises 091089 where the role may not run its tasks or alerts (kind) in this account;
        without a warehouse they are Snowflake's to run, which takes another privilege.
        https://docs.snowflake.com/en/sql-reference/sql/alter-task
        https://docs.snowflake.com/en/sql-reference/sql/create-alert"""
        held = self.privileges
        if held is None:
            return
        for privilege in (f"EXECUTE {kind}", *(() if warehouse else (f"EXECUTE MANAGED {kind}",))):
            if privilege not in held.on(ACCOUNT):
                raise SnowflakeError(
                    errors.TASK_EXECUTION,
                    f"Cannot execute {kind.lower()}, {privilege} privilege must be granted to owner"
                    " role.",
                )

    def _is_creation(self, need: Need) -> bool:
        """Only the primary role may create.
        https://docs.snowflake.com/en/sql-reference/sql/use-secondary-roles"""
        return any(privilege.startswith("CREATE ") for privilege in need.any_of)

    def _require_source(self, need: Need) -> None:
        """Reading a stream needs SELECT on its table, too."""
        if need.on.kind == RELATION and "SELECT" in need.any_of:
            stream = self._streams.find(FullName(*need.on.path))
            if stream is not None:
                self.require(Need(inside("TABLE", stream.table), ("SELECT",)))

    def _require_warehouse(self) -> None:
        held, name = self.privileges, self._place.warehouse
        if held is None or self.serverless:
            return
        if name is None or not held.holds(Securable("WAREHOUSE", (name,)), "USAGE"):
            raise SnowflakeError(
                errors.NO_WAREHOUSE,
                "No active warehouse selected in the current session. Select an active warehouse"
                " with the 'use warehouse' command.",
            )

    def sees(self, what: Securable) -> bool:
        """May the role know that the object exists?"""
        held = self.privileges
        if held is None or what == ACCOUNT or held.holds(what):
            return True
        if what.kind == "SCHEMA" and what.name == "INFORMATION_SCHEMA":
            return held.reaches(what)
        if what.kind in ("ROLE", "USER"):
            return self._is_own(what) or held.manages_grants()
        return False

    def finds(self, kind: str, *path: str) -> bool:
        """Is there an object that the role may know of?"""
        what = Securable(kind, path)
        return self._directory.exists(what) and self.sees(what)

    def _is_own(self, what: Securable) -> bool:
        user = self._place.user
        if what.kind == "USER":
            return what.name == user
        return what.name in self._users.available_roles(user)

    def holds(self, what: Securable, *privileges: str) -> bool:
        held = self.privileges
        return held is None or held.holds(what, *privileges)

    def sees_runs(self, task: Securable) -> bool:
        """https://docs.snowflake.com/en/sql-reference/functions/task_history"""
        held = self.privileges
        return held is None or held.holds(task) or "MONITOR EXECUTION" in held.on(ACCOUNT)

    def may_cancel(self, user: str) -> bool:
        """Everybody may cancel what is his own."""
        return self.privileges is None or user == self._place.user

    # --- SHOW ------------------------------------------------------------------------------------

    def _list(self, demand: Demand, statement: S, run: Callable[[S], Result]) -> Result:
        """What of a listing the role may see; the limit counts what is seen."""
        assert demand.lists
        for need in demand.needs:
            self.require(need)
        limit, start_from = None, None
        if self.privileges is not None:
            statement, limit, start_from = statement.without_limit()
        answer = run(statement)
        paths = [listed(demand.lists, values) for values in _values(demand.lists, answer)]
        answer = self._with_owners(answer, paths)
        if self.privileges is None:
            return answer
        visible = [any(self.sees(what) for what in each) for each in paths]
        answer.table = answer.table.filter(pa.array(visible, pa.bool_()))
        return answer if limit is None else _cut(answer, limit, start_from)

    def _with_owners(self, answer: Result, paths: list[tuple[Securable, ...]]) -> Result:
        """The owners on record; the listing itself knows but one."""
        if "owner" not in answer.names:
            return answer
        recorded = answer.table.column("owner").to_pylist()
        owners = [
            next((o for what in each if (o := self._roles.recorded_owner(what))), known)
            for each, known in zip(paths, recorded, strict=True)
        ]
        place = answer.names.index("owner")
        answer.table = answer.table.set_column(place, "owner", pa.array(owners, pa.string()))
        return answer


def _values(listing: Listing, answer: Result) -> list[list[str | None]]:
    """The path of each row. A listing without rows may lack the columns."""
    if not answer.table.num_rows:
        return []
    columns = [answer.table.column(name).to_pylist() for name in listing.path]
    return [list(row) for row in zip(*columns, strict=True)]


def _cut(answer: Result, limit: int, start_from: str | None) -> Result:
    names = answer.table.column("name").to_pylist()
    start = 0 if start_from is None else sum(name <= start_from for name in names)
    answer.table = answer.table.slice(start, limit)
    return answer


def _refused(need: Need, held: Privileges) -> SnowflakeError:
    for container in need.on.containers:
        if not held.on(container):
            return errors.does_not_exist(container.kind.capitalize(), container.label)
    what = need.on
    if what == ACCOUNT:
        return errors.insufficient("account 'LOCAL'")
    if what.kind in ("FUNCTION", "PROCEDURE") and not held.on(what):
        return errors.unknown_function(what.label.partition("(")[0])
    if not held.on(what):
        kind = "Object" if what.kind == RELATION else what.kind.capitalize()
        return errors.does_not_exist(kind, what.label)
    kind = "table" if what.kind == RELATION else what.kind.lower()
    return errors.insufficient(f"{kind} '{what.name}'")
