"""What the handlers of statements get: the current names, and the way to everything else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlglot import Expr

from flocon.access.directory import Directory
from flocon.access.guard import Guard
from flocon.core import errors
from flocon.core.output_formats import OutputFormats
from flocon.core.result import Result
from flocon.engine import OF_THE_ENGINE, Binds, Catalog, Connection, marked_names
from flocon.session import variables
from flocon.session.variables import Variable
from flocon.sql.tokens import FullName, Name, checked, checked_without_quotes
from flocon.stores.stores import Stores
from flocon.transactions.manager import TransactionManager

_DEFAULT_PARAMETERS: dict[str, Any] = {
    "AUTOCOMMIT": True,
    # Snowflake's own default is America/Los_Angeles; a machine's account has no such history.
    "TIMEZONE": "UTC",
    "QUERY_TAG": "",
    "MULTI_STATEMENT_COUNT": 1,
}

# How many ids of queries a session knows from its beginning, and from its end.
QUERY_IDS = 1000


@dataclass(frozen=True)
class AlertRun:
    """What an alert's statements may ask of their run."""

    scheduled_time: datetime
    last_successful: datetime
    condition_query_id: str


class Functions(Protocol):
    """The account's own functions, in one session."""

    def evaluated(
        self, tree: Expr, binds: Binds, *, describe: bool = False
    ) -> AbstractContextManager[None]:
        """Inside, the functions in the tree are their values, the table functions relations.
        describe: functions that act are left alone."""
        ...

    def asks_account(self, query: Expr) -> bool:
        """Does the query need what only the account knows?"""
        ...

    def name_fully(self, query: Expr) -> None:
        """Give the users' functions in a query their full names."""
        ...

    def columns(self, query: str, binds: Binds) -> list[tuple[str, str]]:
        """A query's columns: name and engine's type."""
        ...

    def procedure(self, name: str) -> Callable[[Context, Sequence[Any]], Any] | None:
        """Snowflake's own procedure of that name."""
        ...


class Context:
    """A session as its statements see it. All of it wants `transactions.lock` held.

    account: what the account keeps. access: what the current role may do. execute: runs a statement
    in the session.
    """

    def __init__(
        self,
        account: Stores,
        session_id: str,
        user: str,
        role: str | None,
        execute: Callable[..., Result],
        directory: Callable[[Context], Directory],
        functions: Callable[[Context], Functions],
    ) -> None:
        self.account = account
        self.id = session_id
        self.user = user
        self.role = role
        self.warehouse: str | None = None
        self.database: str | None = None
        self.schema: str | None = None
        self.parameters = dict(_DEFAULT_PARAMETERS)
        self.variables: dict[str, Variable] = {}
        # Temporary procedures and functions by their full names.
        self.temporary_routines: dict[str, Any] = {}
        # Stages and file formats that are the session's alone: their kinds, and full names.
        self.temporary_objects: set[tuple[str, FullName]] = set()
        # Where the client that asks carries staged files to; None where it writes them itself.
        self.files_address: str | None = None
        # The relations that the statement has brought along: its binds, answers of functions.
        self.relations: set[str] = set()
        # Rows of binds, and the relation that they are for the statement that runs.
        self.bound_rows: tuple[str, Sequence[Sequence[Any]]] | None = None
        # Of the statements that are over: the first ones, and the last ones.
        self.first_query_ids: list[str] = []
        self.last_query_ids: deque[str] = deque(maxlen=QUERY_IDS)
        # The id of the CALL that came last, also while it runs.
        self.call_id = ""
        # The run that this session is for, if it is an alert's.
        self.alert: AlertRun | None = None
        self.execute = execute
        self.transactions = TransactionManager(
            account.engine,
            account.commits,
            account.tracked_tables,
            account.streams,
            self.parameters,
            self.relations,
            self._adopt_connection,
        )
        self.directory = directory(self)
        self.functions = functions(self)
        self.access = Guard(self, self.directory, account.roles, account.users, account.streams)

    @property
    def number(self) -> int:
        """The id that clients know: on the wire a session's id is a whole number."""
        return int(self.id.replace("-", "")[:12], 16)

    @property
    def connection(self) -> Connection:
        return self.transactions.connection

    def remember_query(self, query_id: str) -> None:
        """A statement is over, for LAST_QUERY_ID."""
        if len(self.first_query_ids) < QUERY_IDS:
            self.first_query_ids.append(query_id)
        self.last_query_ids.append(query_id)

    # --- the current names -------------------------------------------------------------------

    def use(self, database: str | None, schema: str | None) -> None:
        """Make these current; the caller has checked that they exist."""
        self.database, self.schema = database, schema
        self.connection.use(database, schema)

    def use_role(self, role: str) -> None:
        self.role = role
        self.connection.set_variable("role", role)

    def use_warehouse(self, warehouse: str | None) -> None:
        self.warehouse = warehouse
        self.connection.set_variable("warehouse", warehouse)

    def _adopt_connection(self) -> None:
        self.connection.formats = OutputFormats.of(self.parameters)
        self.connection.set_time_zone(str(self.parameters["TIMEZONE"]))
        self.use(self.database, self.schema)
        self.use_role(self.role or "")
        self.use_warehouse(self.warehouse)

    def variable(self, name: str) -> str:
        """A session variable's value in SQL. Raises 002211 for one that is not set, and in a
        procedure with owner's rights, which does not see its caller's variables."""
        if name not in self.variables or self.transactions.owners_rights:
            raise variables.unknown(name)
        return self.variables[name].literal

    def set_parameter(self, name: str, value: Any) -> None:
        """ALTER SESSION SET name = value; None sets the default again."""
        name = name.upper()
        if name == "AUTOCOMMIT":
            if isinstance(value, str):
                value = value.upper() == "TRUE"
            if self.transactions.depth:
                raise errors.SnowflakeError(
                    errors.OUT_OF_SCOPE, "AUTOCOMMIT cannot be changed inside a stored procedure."
                )
            if self.transactions.transaction:
                self.transactions.commit()
        elif name == "TIMEZONE":
            self.connection.set_time_zone(str(value or "UTC"))
        if value is None:
            value = _DEFAULT_PARAMETERS.get(name)
        self.parameters[name] = value
        if name.endswith("_OUTPUT_FORMAT"):
            self.connection.formats = OutputFormats.of(self.parameters)

    # --- what names mean ---------------------------------------------------------------------

    def resolve(self, name: Name) -> FullName:
        """The full name; raises 090105 or 090106 where nothing is current."""
        database = name.database or self.database
        if database is None:
            raise errors.NothingCurrent("DATABASE", name.name, name.schema)
        schema = name.schema or self.schema
        if schema is None:
            raise errors.NothingCurrent("SCHEMA", name.name)
        checked(name.name)
        checked_without_quotes(database, schema)
        if marked_names.is_of_a_session(name.name):
            raise errors.unsupported(f"a name with the sign of a session's own: {name.name!r}")
        return FullName(database, schema, name.name)

    def temporary(self, name: Name) -> FullName | None:
        """The session's temporary table or view, if the name means one."""
        if not self.connection.temporary:
            return None
        database, schema = name.database or self.database, name.schema or self.schema
        full = FullName(database or "", schema or "", name.name)
        return full if full in self.connection.temporary else None

    def place(self, name: FullName) -> tuple[str, str, str]:
        """Where the engine has a table or view: database, schema, name."""
        held = self.connection.temporary.get(name)
        return ("temp", "main", held.held_as) if held else (name.database, name.schema, name.name)

    def held(self, kind: str, name: FullName) -> FullName:
        """Under which name the account has a stage or a file format: that of a temporary one tells
        its session."""
        return self.own(name) if (kind, name) in self.temporary_objects else name

    def own(self, name: FullName) -> FullName:
        """The name of a temporary stage or file format, which is this session's alone."""
        return FullName(name.database, name.schema, marked_names.of_session(name.name, self.id))

    def is_temporary(self, kind: str, path: Sequence[str]) -> bool:
        """Is it a stage or a file format of the session's own?"""
        return len(path) == 3 and (kind, FullName(*path)) in self.temporary_objects

    def forget_temporary(self, database: str, schema: str | None = None) -> None:
        """The database or schema is gone, with the stages and file formats of the session's own."""
        self.temporary_objects -= {
            (kind, name)
            for kind, name in self.temporary_objects
            if name.database == database and schema in (None, name.schema)
        }

    def is_private(self, name: Name) -> bool:
        """Is it the session's own: a temporary table, or rows that came with the statement?"""
        if not name.schema and name.name in self.relations:
            return True
        return self.temporary(name) is not None

    def check_schema(self, name: FullName) -> None:
        """Raises 002003 where the place of something new does not exist."""
        self.catalog(name.database)
        if not self.connection.schema_exists(name.database, name.schema):
            raise errors.does_not_exist("Schema", f"{name.database}.{name.schema}")

    def check_missing(self, noun: str, name: FullName, *, if_exists: bool) -> None:
        """For an object that is not there: raises 002003 for it, or where they do not exist for
        its database or schema, which IF EXISTS does not forgive."""
        if name.schema != "INFORMATION_SCHEMA":
            self.check_schema(name)
        if not if_exists:
            raise errors.does_not_exist(noun, name)

    def check_name(self, name: FullName, kind: str, written: Name) -> None:
        """Raises 002002 where a table, view or stream of another kind has the name."""
        found = self.relation_kind(name)
        if found not in (None, kind):
            raise errors.name_is_taken(written, found)

    def check_relation(self, name: FullName) -> None:
        """Raises 002003 where the place of a new table or view does not exist, 000002 where there
        is one whose name differs in case alone."""
        self.check_schema(name)
        if self.is_misspelled(name):
            raise errors.unsupported(f"two tables or views whose names differ only in case: {name}")

    def is_misspelled(self, name: FullName) -> bool:
        """Is there no table or view of this name, but one whose name differs in case?"""
        return self.account.engine.spellings.may_differ(
            name.schema, name.name
        ) and self.connection.has_another_spelling(name.database, name.schema, name.name)

    def catalog(self, database: str) -> Catalog:
        return self.account.catalog(database)

    def relation_kind(self, name: FullName) -> str | None:
        """TABLE, VIEW or STREAM: a schema has one of a name. None where there is none of them.
        What the engine keeps is not there."""
        if name.schema in OF_THE_ENGINE:
            return None
        if self.account.streams.find(name):
            return "STREAM"
        return self.connection.relation_kind(name.database, name.schema, name.name)

    def bind_rows(self) -> None:
        """executemany's rows become the relation that its statement reads."""
        if self.bound_rows:
            self.connection.bind_relation(*self.bound_rows)
