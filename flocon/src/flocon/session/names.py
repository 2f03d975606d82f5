"""Names in a statement's tree, made full: after this nothing depends on the current schema.

A statement whose names are resolved is kept by its text, in the account's statement cache.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field

from sqlglot import Expr, exp

from flocon.access.needs import Demand
from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA, SHAPES, TEXT, Connection, parsing, quoted
from flocon.session import view_owners
from flocon.session.context import Context
from flocon.sql.show import ShowScope
from flocon.sql.tokens import FullName, Name, name_in
from flocon.stores import notes
from flocon.transactions.stream_view import Stream
from flocon.transactions.streams import Streams, reached

# Views of INFORMATION_SCHEMA that are tables of the hidden schema under another name.
_FAKESNOW_VIEWS = {"COLUMNS", "TABLES", "VIEWS", "SCHEMATA", "LOAD_HISTORY"}
# Relations that are the same in every database.
_OF_THE_ACCOUNT = {"PACKAGES"}

_RESOLVED = "resolved"
# The property of a view of `*` that says how many columns it was made with.
WIDTH = "WIDTH"
# Their names and the engine's types: the engine forgets them once it has read the view anew.
COLUMNS = "COLUMNS"
# What it shows depends on the role.
_BY_ROLE = "INFORMATION_SCHEMA"


@dataclass
class Names:
    """What a statement names: the streams that it reads, and its tables in order of appearance."""

    streams: list[Stream] = field(default_factory=list)
    tables: list[FullName] = field(default_factory=list)


@dataclass
class ResolvedStatement:
    """The tree with full names, what it reads and locks, and what rights it asks for (demand: None
    where that was not asked yet).

    The tree is shared by all who run the statement: who changes it changes a copy.
    """

    tree: Expr
    names: Names
    reads: Sequence[FullName]
    demand: Demand | None
    locks: Sequence[FullName] = ()
    _streams_behind_views: list[Stream] | None = None
    _databases: tuple[str, ...] | None = None

    def streams_behind_views(
        self, connection: Connection, streams: Streams, targets: Collection[FullName] = ()
    ) -> list[Stream]:
        """The streams that it reads through views; not counting the tables that it changes."""
        if self._streams_behind_views is None:
            sources = [table for table in self.names.tables if table not in targets]
            self._streams_behind_views = streams.behind(connection, sources) if sources else []
        return self._streams_behind_views

    def databases(self, connection: Connection) -> tuple[str, ...]:
        """Where all is that it names, and that its views name."""
        if self._databases is None:
            streams = (stream.name for stream in self.names.streams)
            found = reached(connection, [*self.names.tables, *streams, *self.reads])
            self._databases = tuple(sorted({name.database for name in found}))
        return self._databases


class TextKey:
    """Under what a statement's text is known in the account's statement cache: the current names,
    the session's temporary tables that it may name, how often what is inside of VARIANTs has
    changed, and the last commit that reshaped each database that it reads. Which databases these
    are changes only when one of them does.
    """

    def __init__(self, context: Context, text: str) -> None:
        """To be made before the statement is resolved: what is reshaped later is not in it."""
        self._context = context
        self._clock = context.account.commits.clock
        self._statements = context.account.engine.statements
        transaction = context.transactions.transaction
        self._seen = transaction.snapshot_commit if transaction else self._clock.last_commit
        temporary = context.connection.temporary_state(text)
        self._names_temporary = bool(temporary)
        # Whether the owners of its views may read what these read is asked when it is resolved.
        roles = context.account.roles
        grants = roles.changes if roles.views_have_owners or temporary else 0
        inside = context.account.engine.declared.changes_inside
        self._place = (text, context.database, context.schema, temporary, grants, inside)

    def known(self) -> ResolvedStatement | None:
        """The statement as it was resolved last, if that was under the same names and shapes."""
        if kept := self._statements.found(self._place).get(_RESOLVED):
            databases, key, statement = kept
            if key == self._key(databases):
                known: ResolvedStatement = statement
                return known
        return None

    def of(self, statement: ResolvedStatement) -> Hashable | None:
        """The key of a statement that has been resolved; None where it is not to be kept."""
        key = self._key(self._databases(statement))
        statement.tree.meta[SHAPES] = key and key[len(self._place) :]
        return key

    def keep(self, statement: ResolvedStatement) -> None:
        """Keep it, if its text is all that it comes from."""
        by_role = any(name.schema == _BY_ROLE for name in statement.reads)
        key = statement.tree.meta.get(TEXT)
        if key is not None and not by_role:
            kept = (self._databases(statement), key, statement)
            self._statements.found(self._place)[_RESOLVED] = kept

    def _databases(self, statement: ResolvedStatement) -> tuple[str, ...] | None:
        """Those that it reads; None for any: of a temporary view nothing tells here what it
        reads."""
        if self._names_temporary:
            return None
        # A function without a name before it is one of the current database, once it is made.
        return (self._context.database or "", *statement.databases(self._context.connection))

    def _key(self, databases: tuple[str, ...] | None) -> tuple[Hashable, ...] | None:
        """Behind the place: the databases, and their shapes."""
        shapes = self._clock.last_reshapes(databases, self._seen)
        return shapes and (*self._place, databases, shapes)


def qualify(context: Context, tree: Expr) -> Names:
    """Give every table its full name, in place; a stream's name becomes its hidden view's.

    Raises 090105 or 090106 where the session has no current database or schema to add.
    """
    names = Names()
    for table in parsing.tables(tree):
        if temporary := context.temporary(parsing.name_of(table)):
            view_owners.check_temporary(context, temporary)
            _set_temporary(table, context.connection.temporary[temporary].held_as)
            continue
        if not table.db and table.name in context.relations:
            continue
        full = context.resolve(parsing.name_of(table))
        if full.schema == "INFORMATION_SCHEMA":
            _information_schema(table, full)
            continue
        _refuse_hidden(context, full)
        if stream := context.account.streams.find(full):
            context.account.streams.source(stream)
            names.streams.append(stream)
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
            _set(table, FullName(full.database, HIDDEN_SCHEMA, stream.view))
            continue
        names.tables.append(full)
        if not _is_made(table):
            if context.is_misspelled(full):
                raise errors.does_not_exist("Object", full.name)
            _check_width(context, full)
            view_owners.check(context, full)
        _set(table, full)
    return names


def named_in(context: Context, tree: Expr) -> list[FullName]:
    """The tables, views and streams that a statement names and that exist for others, too."""
    named = map(parsing.name_of, parsing.tables(tree))
    return [context.resolve(name) for name in named if not context.is_private(name)]


def _is_made(table: exp.Table) -> bool:
    """Does the statement create it?"""
    place = table.parent if isinstance(table.parent, exp.Schema) else table
    return isinstance(place.parent, exp.Create) and place.arg_key == "this"


def made_with(context: Context, view: FullName) -> list[tuple[str, str]] | None:
    """The columns that a view of `*` was made with, and the engine's types of them; None for other
    views, and for tables."""
    if view in context.connection.temporary or view.database == "SNOWFLAKE":
        return None
    note = notes.find(context.catalog(view.database), "VIEW", view.schema, view.name)
    told = note.properties.get(COLUMNS) if note else None
    return [(name, kind) for name, kind in json.loads(told)] if told else None


def _check_width(context: Context, name: FullName) -> None:
    """Raises 002057 for a view of `*` over a table that has got or lost columns since.

    https://docs.snowflake.com/en/sql-reference/sql/create-view
    """
    place = (name.database, name.schema, name.name)
    if name.database == "SNOWFLAKE" or not context.connection.may_be_view(*place):
        return
    note = notes.find(context.catalog(name.database), "VIEW", name.schema, name.name)
    declared = note.properties.get(WIDTH) if note else None
    found = len(context.connection.columns_now(*place)) if declared else 0
    if declared and int(declared) != found:
        raise errors.compilation(
            errors.VALUE_COUNT,
            f"View definition for '{name}' declared {declared} column(s), but view query"
            f" produces {found} column(s).",
        )


def _refuse_hidden(context: Context, full: FullName) -> None:
    """What the engine keeps for itself does not exist for anybody else."""
    if full.database not in context.account.databases() and full.database != "SNOWFLAKE":
        raise errors.does_not_exist("Database", full.database)
    if full.schema.upper() == HIDDEN_SCHEMA.upper() or full.schema == "main":
        raise errors.does_not_exist("Object", full)


# Where a table may be called by another name.
_HAVE_ALIASES = (exp.From, exp.Join, exp.Update, exp.Delete, exp.Merge)


def _set_temporary(table: exp.Table, held_as: str) -> None:
    if held_as != table.name and not table.alias and isinstance(table.parent, _HAVE_ALIASES):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    table.set("this", exp.to_identifier(held_as, quoted=True))
    table.set("db", None)
    table.set("catalog", None)


def _set(table: exp.Table, full: FullName) -> None:
    table.set("this", exp.to_identifier(full.name, quoted=True))
    table.set("db", exp.to_identifier(full.schema, quoted=True))
    table.set("catalog", exp.to_identifier(full.database, quoted=True))


def _information_schema(table: exp.Table, full: FullName) -> None:
    if full.name in _OF_THE_ACCOUNT:
        full = FullName("SNOWFLAKE", full.schema, full.name)
    prefix = "_FS_" if full.name in _FAKESNOW_VIEWS else ""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(full.name, quoted=True)))
    _set(table, FullName(full.database, HIDDEN_SCHEMA, f"{prefix}{full.name}"))


def place_of(context: Context, scope: ShowScope) -> tuple[str | None, str | None]:
    """The database and schema that a SHOW looks in, None for all of them. Raises 002043 where they
    do not exist."""
    if scope.kind == "ACCOUNT":
        return None, None
    if scope.kind == "SCHEMA":
        schema = scope.name.name if scope.name else context.schema
        database = scope.name.schema if scope.name else None
        full = context.resolve(Name("_", schema, database))
        known = full.database in context.account.databases()
        if not known or not _schema_exists(context, full):
            raise errors.not_found()
        return full.database, full.schema
    database = scope.name.name if scope.name else context.database
    if database is not None and database not in context.account.databases():
        raise errors.not_found()
    return database, None


def _schema_exists(context: Context, name: FullName) -> bool:
    known = context.connection.schema_exists(name.database, name.schema)
    return known or name.schema == "INFORMATION_SCHEMA"


def resolve_identifiers(tree: Expr, binds: dict[str, object]) -> Expr:
    """IDENTIFIER('a.b'), IDENTIFIER(?), and TABLE('a.b') as a source become the name they hold.

    https://docs.snowflake.com/en/sql-reference/identifier-literal
    https://docs.snowflake.com/en/sql-reference/literals-table
    """

    def replace(node: Expr) -> Expr:
        if isinstance(node, exp.TableFromRows):
            return _named_table(node, binds)
        if not isinstance(node, exp.Table):
            return node
        this, schema = node.this, node.args.get("db")
        if isinstance(this, exp.Anonymous) and this.name.upper() == "IDENTIFIER":
            argument = this.expressions[0]
        elif isinstance(this, exp.DynamicIdentifier):
            argument = this.this
        elif not this and isinstance(schema, exp.DynamicIdentifier):
            # CREATE and DROP SCHEMA have a table without a name.
            name = _held(schema.this, binds)
            return _table(None, name.name, name.schema)
        else:
            return node
        name = _held(argument, binds)
        table = _table(name.name, name.schema, name.database)
        if node.args.get("alias"):
            table.set("alias", node.args["alias"])
        return table

    return tree.transform(replace, copy=False)


def _named_table(node: exp.TableFromRows, binds: dict[str, object]) -> Expr:
    if not (isinstance(node.this, exp.Placeholder) or node.this.is_string):
        return node
    name = _held(node.this, binds)
    table = _table(name.name, name.schema, name.database)
    for key, value in node.args.items():
        if key != "this":
            table.set(key, value)
    return table


_DUAL = "DUAL"


def resolve_dual(context: Context, tree: Expr) -> bool:
    """DUAL becomes one row without columns, unless there is a table or view of that name. Was
    there one? Raises 000002 for `*`.

    https://docs.snowflake.com/en/sql-reference/constructs/from
    """
    found = [
        table
        for table in parsing.tables(tree)
        if table.name == _DUAL and not table.db and isinstance(table.parent, exp.From | exp.Join)
    ]
    name = Name(_DUAL)
    if not found or context.temporary(name):
        return False
    if context.database and context.schema and context.relation_kind(context.resolve(name)):
        return False
    for table in found:
        select = table.find_ancestor(exp.Select)
        if select is not None and select.is_star:
            raise errors.unsupported("* of DUAL")
        row = exp.select(exp.alias_(exp.Null(), " ", quoted=True))
        table.replace(row.subquery(exp.to_identifier(table.alias_or_name, quoted=True)))
    return True


def resolve_sequences(context: Context, tree: Expr) -> Expr:
    """s.NEXTVAL becomes a call with the sequence's full name.

    https://docs.snowflake.com/en/user-guide/querying-sequences
    """

    aliases = {table.alias_or_name for table in tree.find_all(exp.Table)}

    def replace(node: Expr) -> Expr:
        if not isinstance(node, exp.Column) or node.name != "NEXTVAL" or not node.table:
            return node
        if node.table in aliases:
            return node
        sequence = context.resolve(Name(node.table, node.db or None, node.catalog or None))
        name = exp.Literal.string(quoted(sequence.database, sequence.schema, sequence.name))
        call = exp.Anonymous(this="nextval", expressions=[name])
        return exp.alias_(call, "NEXTVAL") if isinstance(node.parent, exp.Select) else call

    return tree.transform(replace, copy=False)


def _held(argument: Expr | str, binds: dict[str, object]) -> Name:
    """The name inside IDENTIFIER(…)."""
    if isinstance(argument, exp.Placeholder):
        if argument.this not in binds:
            raise errors.unset_bind(argument.name.removeprefix("b"))
        return name_in(str(binds[argument.this]))
    return name_in(argument.name if isinstance(argument, Expr) else str(argument))


def _table(name: str | None, schema: str | None, database: str | None = None) -> exp.Table:
    parts = {"this": name, "db": schema, "catalog": database}
    return exp.Table(
        **{part: exp.to_identifier(text, quoted=True) for part, text in parts.items() if text}
    )
