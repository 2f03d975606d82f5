"""One connection to the databases: it runs statements and answers with results."""

import contextlib
import itertools
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb._seam import arrow_schema, bind, catalog_version, submit
from fakesnow.conn import FakeSnowflakeConnection
from sqlglot import Expr, exp, parse_one

from flocon.core import errors, output_formats, result, timestamp_tz
from flocon.core.output_formats import OutputFormats
from flocon.core.result import Result
from flocon.core.timestamp_tz import ENGINE_TYPE, TimestampTz
from flocon.engine import (
    bound_types,
    coercions,
    column_defaults,
    column_names,
    compared_variants,
    decimals,
    default_types,
    expression_types,
    formatted_texts,
    inner_kinds,
    lengths,
    loading,
    misplaced,
    moments,
    nullability,
    offsets,
    rewrite,
    scalar_subqueries,
    sources,
    staged_rows,
    stored_values,
    variant_order,
)
from flocon.engine.catalog import HIDDEN_SCHEMA, search_path
from flocon.engine.cursor import Cursor
from flocon.engine.declared_types import (
    AS,
    DeclaredColumns,
    DeclaredTypes,
    inside,
    known,
    with_inside,
)
from flocon.engine.expression_types import Annotated
from flocon.engine.failures import translated
from flocon.engine.fast import bound_arrays, bound_texts, variant_paths
from flocon.engine.fast.bound_arrays import BoundArray
from flocon.engine.fast.parsed_statements import ParsedStatements
from flocon.engine.fast.statement_cache import SHAPES, StatementCache
from flocon.engine.quoting import literal, quoted
from flocon.engine.rendering import Binds, render, used
from flocon.engine.spelling import Spellings
from flocon.engine.staged_rows import StagedRows
from flocon.engine.types import arrow_type, compress
from flocon.sql.stage_location import StageLocation
from flocon.sql.tokens import FullName

# fakesnow fetches small answers the way that DuckDB 2.0 advises against for large ones.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)


OF_THE_ENGINE = (HIDDEN_SCHEMA, "main", "information_schema", "pg_catalog")
_NUMBERS = itertools.count(1)
# The temporary table of the rows that a new table gets.
_HELD = "ACCOUNT_HELD_ROWS"
_SETTINGS = ("SET python_enable_replacements = false", "SET TimeZone = 'UTC'")

Staged = Callable[[str], StageLocation]


class Temporary(NamedTuple):
    """A temporary table or view, by the name that the engine has for it.

    The engine has one place for all of them: of two that differ in their schemas alone, the second
    one has another name there.
    """

    held_as: str
    kind: str
    created_on: datetime
    owner: str
    # As `notes` keep them of others.
    properties: Mapping[str, str] = MappingProxyType({})
    altered_on: datetime | None = None
    # By DML.
    written_on: datetime | None = None


class Bound(NamedTuple):
    """What of a statement's binds, and of its session, decides how it is written in DuckDB's
    SQL."""

    arrays: tuple[BoundArray, ...] = ()
    moments: bound_types.Kinds = ()
    divided: bound_types.Kinds = ()
    texts: tuple[str, ...] = ()
    formats: OutputFormats = output_formats.DEFAULT


class Description(NamedTuple):
    """What is known of a query's columns besides the engine's types.

    declared, bounded, inside: as in a Result. never_null: their names, and whether they are never
    NULL; () where that is not known. ordered_by: what its last ORDER BY names, by place or name.
    """

    declared: tuple[str, ...]
    never_null: tuple[tuple[str, bool], ...]
    inside: inner_kinds.Kinds
    bounded: tuple[bool, ...]
    ordered_by: tuple[int | str, ...]


class Shape(NamedTuple):
    """A relation's columns with the engine's types; declared and never_null: as in a Result."""

    columns: tuple[tuple[str, str], ...]
    declared: tuple[str, ...]
    never_null: tuple[bool, ...]


class Connection:
    """A DuckDB connection that understands Snowflake's statements. One thread at a time."""

    def __init__(
        self,
        duck: duckdb.DuckDBPyConnection,
        databases: Path,
        statements: StatementCache,
        parsed: ParsedStatements,
        spellings: Spellings,
        declared: DeclaredColumns,
        *,
        fast: bool,
    ) -> None:
        """statements, parsed, spellings, declared: those of all of the account's connections. fast:
        with what exists for speed alone."""
        self._duck = duck
        self.statements = statements
        self._parsed = parsed
        self._spellings = spellings
        self.fast = fast
        self._beside: duckdb.DuckDBPyConnection | None = None
        self._fakesnow = FakeSnowflakeConnection(
            duck, {}, create_database=False, create_schema=False, db_path=databases
        )
        for setting in _SETTINGS:
            duck.execute(setting)
        self.temporary: dict[FullName, Temporary] = {}
        self._declared = declared
        # Of its temporary tables, by the names that the engine has for them.
        self._declared_temporary: dict[str, DeclaredTypes] = {}
        # Rows of binds by their names, and those of their columns that are moments.
        self._bound_rows: dict[str, list[tuple[str, str]]] = {}
        # What is readable under a bare name: its columns, their types, what they are declared as.
        self.relations: dict[str, Shape] = {}
        self._number, self._temporary_changes = next(_NUMBERS), 0
        # The session's.
        self.formats = output_formats.DEFAULT

    def temporary_state(self, text: str) -> tuple[int, ...]:
        """What tells the temporary tables that a statement may name from others, and from those
        before."""
        upper = text.upper()
        named = any(name.name.upper() in upper or '"' in name.name for name in self.temporary)
        return (self._number, self._temporary_changes) if named else ()

    # --- names -------------------------------------------------------------------------------

    def use(self, database: str | None, schema: str | None) -> None:
        """Make these the current names; the caller has checked that they exist."""
        fakesnow = self._fakesnow
        fakesnow.database, fakesnow._schema = database, schema
        fakesnow.database_set, fakesnow.schema_set = database is not None, schema is not None
        self._duck.execute(search_path(database, schema or "main"))
        self.set_variable("database", database)
        self.set_variable("schema", schema)

    def schema_exists(self, database: str, schema: str) -> bool:
        """What the engine keeps for itself is not there."""
        if schema in OF_THE_ENGINE:
            return False
        is_own = schema.lower() in OF_THE_ENGINE
        if self.fast and not is_own and not self._spellings.may_differ(database, schema):
            return self._has_schema(database, schema)
        return bool(
            self.values(
                "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?",
                [database, schema],
            )
        )

    def _has_schema(self, database: str, schema: str) -> bool:
        """An answer without a statement: duckdb_schemas() goes through all of the account's."""
        with translated():
            try:
                self._duck._bind(f"CREATE VIEW {quoted(database, schema, '_')} AS SELECT 1")
            except duckdb.CatalogException:
                return False
            return True

    def set_variable(self, name: str, value: str | int | None) -> None:
        """What CURRENT_ROLE() and the like answer, and where streams end."""
        sql = f'SET VARIABLE "account_{name}" = ?'
        self._duck.execute(self._parsed.of(self._duck, sql), [value])

    def set_time_zone(self, zone: str) -> None:
        with translated():
            self._duck.execute(f"SET TimeZone = '{zone.replace(chr(39), '')}'")

    # --- DuckDB's own SQL --------------------------------------------------------------------

    def values(self, sql: str, binds: Sequence[Any] | Binds = ()) -> list[tuple[Any, ...]]:
        """Run a statement in DuckDB's SQL; returns its rows."""
        with translated(sql):
            params = binds if isinstance(binds, Mapping) else list(binds)
            return self._duck.execute(self._parsed.of(self._duck, sql), params).fetchall()

    def values_beside(self, sql: str, binds: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The same outside of the open transaction, for tables in the account's own file: what is
        written there is done, and a transaction writes to one file alone."""
        with translated(sql):
            outside = self._outside()
            return outside.execute(self._parsed.of(outside, sql), list(binds)).fetchall()

    def _outside(self) -> duckdb.DuckDBPyConnection:
        self._beside = self._beside or self._duck.cursor()
        return self._beside

    def together(self, statements: Sequence[str]) -> None:
        """Run statements in DuckDB's SQL in a transaction of their own; none is open."""
        if not statements:
            return
        self.begin()
        try:
            for sql in statements:
                self.values(sql)
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def table(self, sql: str, binds: Binds) -> tuple[pa.Table, list[str]]:
        """Run a query in DuckDB's SQL; returns its rows and DuckDB's type names."""
        with translated(sql):
            self._duck.abort()
            # A relation would have the engine read the query once for its types, once to run it.
            answer = submit(self._duck, sql, dict(binds) or None, "arrow")
            types = [str(kind) for _, kind, *_ in answer.description]
            return answer.arrow_table(), types

    def _schema(self, sql: str, given: Binds | None = None) -> tuple[pa.Schema, list[str]]:
        """What `table` would answer to a query in DuckDB's SQL, without its rows."""
        binds = used(sql, given or {})
        with translated(sql):
            self._duck.abort()
            # The engine reads the query to tell; to run it, it would plan it as well.
            relation = self._duck.sql(sql, params=dict(binds) or None)
            names, types = relation.columns, [str(kind) for kind in relation.types]
            if self.fast:
                schema = arrow_schema(self._duck, names, relation.types)
        if not self.fast:
            schema = self.table(f"SELECT * FROM ({sql}) LIMIT 0", binds)[0].schema
        # Of two columns of one name, the engine has renamed one.
        fields = (field.with_name(name) for field, name in zip(schema, names, strict=True))
        return pa.schema(list(fields)), types

    def relation(
        self,
        name: str,
        table: pa.Table,
        types: Sequence[str],
        declared: Sequence[str] = (),
        never_null: Sequence[bool] = (),
        kinds: inner_kinds.Kinds = inner_kinds.NONE,
    ) -> None:
        """Make a result readable under a bare name, until `forget`. declared, never_null: as in a
        Result; kinds: what is inside of it."""
        if declared or kinds:
            known = zip(table.column_names, declared, strict=bool(declared))
            told = {column: kind for column, kind in known if kind}
            self._declared_temporary[name] = with_inside(told, kinds)
        shape = tuple(zip(table.column_names, types, strict=True))
        columns = ", ".join(
            f"{quoted(column)}::{kind} AS {quoted(column)}" for column, kind in shape
        )
        self.relations[name] = Shape(
            shape, tuple(declared), tuple(never_null) or (False,) * len(shape)
        )
        self._duck.register(f"{name}_ROWS", table)
        self._duck.execute(
            f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {columns} FROM "{name}_ROWS"'
        )

    def bind_relation(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        """Make rows of binds readable under a bare name, in columns B1, B2 …, until `unbind`."""
        columns = [
            timestamp_tz.column(column)
            if any(isinstance(value, TimestampTz) for value in column)
            else pa.array(column)
            for column in zip(*rows, strict=True)
        ]
        names = [f"B{index}" for index in range(1, len(columns) + 1)]
        table = pa.Table.from_arrays(columns, names=names)
        self._duck.register(name, table)
        self._bound_rows[name] = bound_types.columns(table)

    def unbind(self, name: str) -> None:
        self._bound_rows.pop(name, None)
        self._duck.unregister(name)

    def forget(self, name: str) -> None:
        self.relations.pop(name, None)
        self._declared_temporary.pop(name, None)
        self._duck.execute(f'DROP VIEW IF EXISTS temp."{name}"')
        self._duck.unregister(f"{name}_ROWS")

    def annotate(self, tree: Expr) -> None:
        """Give the expressions of a tree with full names their types, as far as they are known."""
        expression_types.annotate(tree, self._declared_columns, self._is_view)

    def declared(self, database: str, schema: str, name: str) -> DeclaredTypes:
        """What the columns of a table or view were declared as, where the engine does not tell."""
        if database == "temp":
            return self._declared_temporary.get(name, {})
        return self._declared.of((database, schema, name))

    def declare(self, database: str, schema: str, name: str, types: DeclaredTypes) -> None:
        """These are a table's or a view's, and no others."""
        if database == "temp":
            if inside(types) != inside(self._declared_temporary.get(name, {})):
                self._temporary_changes += 1
            self._declared_temporary[name] = types
        elif types or self._declared.of((database, schema, name)):
            with translated():
                self._declared.put(self._outside(), (database, schema, name), types)

    # --- Snowflake's statements --------------------------------------------------------------

    def query(self, tree: Expr, binds: Binds) -> Result:
        """A SELECT and its rows."""
        bound = self._bound(tree, binds)

        def rendered() -> tuple[str, Description]:
            prepared, description = self._described(tree.copy(), bound)
            return render(prepared), description

        sql, description = self.statements.cached(("query", bound), tree, rendered)
        table, types = self.table(sql, used(sql, binds))
        _refuse_lists(types)
        _refuse_order(table.column_names, types, description.ordered_by)
        _check_digits(table, types)
        if not table.num_rows:
            self.check_single_rows(tree, binds)
        return _answer(table, types, description)

    def check_single_rows(self, tree: Expr, binds: Binds) -> None:
        """A scalar subquery among a query's values is computed ahead of its rows: it has no more
        than one also where the query has none, for which the engine would not ask it. Raises
        090150 for one that has several.

        https://docs.snowflake.com/en/user-guide/querying-subqueries
        """
        if not isinstance(tree, exp.Select):
            return
        for subquery in scalar_subqueries.ahead(tree, self._declared_columns, self._is_view):
            rows = exp.select("*").from_(subquery).limit(2).subquery("two")
            counted = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True))
            counted = counted.from_(rows)
            if with_ := tree.args.get("with_"):
                counted.set("with_", with_.copy())
            answer = self.query(counted, binds)
            if answer.table.column(0)[0].as_py() > 1:
                raise scalar_subqueries.several_rows()

    def describe(self, tree: Expr) -> Result:
        """A SELECT's columns without its rows; binds may be missing."""

        def described() -> tuple[pa.Schema, list[str], Description]:
            nulls = tree.transform(lambda n: exp.Null() if isinstance(n, exp.Placeholder) else n)
            prepared, description = self._described(nulls, Bound(formats=self.formats))
            schema, types = self._schema(render(prepared))
            _refuse_lists(types)
            return schema, types, description

        schema, types, description = self.statements.cached(
            ("describe", self.formats), tree, described
        )
        return _answer(schema.empty_table(), types, description)

    def _described(self, tree: Expr, bound: Bound) -> tuple[Expr, Description]:
        """A query for DuckDB, and what is known of its columns."""
        shapes = tree.meta.get(SHAPES)
        tree = column_names.name(tree)
        made = self._annotated(tree, bound, shapes)
        never_null = nullability.columns(tree, lambda table: self._never_null(table, shapes))
        declared = tuple(expression_types.declared_in_order(made.types))
        bounded = tuple(expression_types.bounded_in_order(made.types))
        prepared = self._coerced(tree, made, bound)
        ordered_by = tuple(variant_order.named(prepared))
        nulls = tuple(never_null or ())
        return prepared, Description(declared, nulls, made.inside, bounded, ordered_by)

    def explain(self, error: errors.SnowflakeError, tree: Expr) -> None:
        """As `misplaced.explain`, of a statement that has failed."""
        misplaced.explain(error, tree, self._declared_columns, self._is_view)

    def dml_sql(self, tree: Expr, binds: Binds) -> str:
        """A DML statement in DuckDB's SQL, for `values`."""
        bound = self._bound(tree, binds)
        return self.statements.cached(
            ("dml", bound), tree, lambda: self._rendered(tree.copy(), bound)
        )

    def compile(self, tree: Expr, binds: Binds) -> None:
        """What is wrong with a DML statement that changes nothing is found as in one that does."""
        sql = self.dml_sql(tree, binds)
        self.statements.cached(
            "compiled", tree, lambda: bool(self.values(f"EXPLAIN {sql}", used(sql, binds)))
        )

    def insert_sql(self, tree: exp.Insert, binds: Binds) -> str:
        """An INSERT in DuckDB's SQL, for use with RETURNING.

        DuckDB inserts in one thread where rows are returned, and what they come from is computed
        in the same. Materialized before, it is computed in all threads. What is held is so already.
        """

        def materialized() -> str:
            prepared = self._prepared(tree.copy(), bound)
            rows = prepared.expression
            if (
                self.fast
                and isinstance(rows, exp.Query)
                and rows.args.get("from_")
                and not _is_held(rows)
            ):
                first = exp.select("*").from_(exp.to_table('"$rows"'))
                prepared.set("expression", first.with_('"$rows"', as_=rows, materialized=True))
            return render(prepared)

        bound = self._bound(tree, binds)
        return self.statements.cached(("insert", bound), tree, materialized)

    def _rendered(self, tree: Expr, bound: Bound) -> str:
        """A SELECT or DML statement in DuckDB's SQL, its divisions exact."""
        return render(self._prepared(tree, bound))

    def _prepared(self, tree: Expr, bound: Bound) -> Expr:
        return self._typed(tree, bound)[0]

    def _typed(self, tree: Expr, bound: Bound) -> tuple[Expr, Annotated]:
        """The same, and what is known of its query."""
        made = self._annotated(tree, bound, tree.meta.get(SHAPES))
        if isinstance(tree, exp.Insert | exp.Update | exp.Merge):
            self._note_inside(tree, made.inside | stored_values.put_in(tree, self._stored_columns))
        return self._coerced(tree, made, bound), made

    def _annotated(self, tree: Expr, bound: Bound, shapes: Hashable | None) -> Annotated:
        """shapes: as in `_never_null`."""
        bound_types.cast(tree, bound.moments, bound.divided)
        self._name_places(tree)
        return self._seen_inside(tree, shapes)

    def _seen_inside(self, tree: Expr, shapes: Hashable | None) -> Annotated:
        """The tree's expressions get their types; what is inside of the VARIANTs that it reads is
        inside of its own, too."""
        made = expression_types.annotate(tree, self._declared_columns, self._is_view)
        if self._declared.changes_inside or self._inside_temporary():
            makes = isinstance(tree, exp.Create | exp.Insert) and tree.expression
            source = tree.expression if makes else tree
            read = (self._inside_of(table, shapes) for table in source.find_all(exp.Table))
            made = replace(made, inside=made.inside.union(*read))
        for node in made.asking if made.inside else ():
            node.meta[inner_kinds.INSIDE] = made.inside
        return made

    def _inside_temporary(self) -> bool:
        return bool(self._of_temporary())

    def _of_temporary(self) -> tuple[inner_kinds.Kinds, ...]:
        return tuple(filter(None, map(inside, self._declared_temporary.values())))

    def _inside_of(self, table: exp.Table, shapes: Hashable | None) -> inner_kinds.Kinds:
        """What may be inside of a table's or a view's VARIANTs. Raises 000002 for a view that asks
        for the types of values of which it did not know that they are there."""
        place = (table.catalog or "temp", table.db or "main", table.name)
        own = inside(self.declared(*place))
        temporary = {each.held_as for each in self.temporary.values()}
        is_of_engine = not table.catalog and table.name not in temporary
        if is_of_engine or table.db == HIDDEN_SCHEMA or not self.may_be_view(*place):
            return own

        def asked() -> inner_kinds.Kinds:
            found = own
            for view in self.views(*place):
                tables = view.expression.find_all(exp.Table)
                read = (self._inside_of(each, shapes) for each in tables)
                found = found.union(*read)
                if found != own and inner_kinds.has_asked(view):
                    raise errors.unsupported(
                        f"the view {table.name}: it asks for the types of VARIANTs, or compares"
                        " them, and in the tables that it reads are dates, times or BINARYs since:"
                        " create it again"
                    )
            return found

        known_as = shapes and (place, shapes, self._declared.changes_inside, self._of_temporary())
        return self.statements.by_text("inside", known_as, asked)

    def _note_inside(self, tree: Expr, kinds: inner_kinds.Kinds) -> None:
        """Remember of the table that DML writes to what may be inside of its VARIANTs from now
        on."""
        if not kinds:
            return
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        columns = self._table_columns(target)
        written = stored_values.written(tree) or dict(columns)
        if any(kind == "JSON" and name in written for name, kind in columns):
            place = (target.catalog or "temp", target.db or "main", target.name)
            self.declare(*place, with_inside(self.declared(*place), kinds))

    def _coerced(self, tree: Expr, made: Annotated, bound: Bound) -> Expr:
        tree = coercions.coerce(tree, made.inside)
        stored_values.convert(tree, self._stored_columns, [kind for _, kind in made.types])
        if made.inside and isinstance(tree, exp.Insert | exp.Update | exp.Merge):
            compared_variants.tell_stored(tree, made.inside)
        if bound.formats != output_formats.DEFAULT:
            formatted_texts.refuse_views(self._views_read(tree))
            if isinstance(tree, exp.Insert | exp.Update | exp.Merge):
                formatted_texts.refuse_defaults(self._defaults(tree))
            formatted_texts.write(tree, bound.formats)
        tree = bound_arrays.read_in_one_pass(rewrite.query(tree), bound.arrays)
        if self.fast:
            tree = variant_paths.read_together(bound_texts.cast(tree, bound.texts))
        return decimals.exact(tree, self._planner())

    def _never_null(self, table: exp.Table, shapes: Hashable | None) -> nullability.Columns:
        """Which columns of a table or view are never NULL. shapes: under which that stays so."""
        place = (table.catalog or "temp", table.db or "main", table.name)
        if not table.db and table.name in self.relations:
            shape = self.relations[table.name]
            names = [column for column, _ in shape.columns]
            return list(zip(names, shape.never_null, strict=True))
        if table.db == HIDDEN_SCHEMA or self._duck._table_kind(place) == "none":
            return None

        def asked() -> nullability.Columns:
            if self.may_be_view(*place):
                for view in self.views(*place):
                    return nullability.of_view(view, lambda each: self._never_null(each, shapes))
            sql = f"PRAGMA table_info({literal(quoted(*place))})"
            return [(name, bool(never)) for _, name, _, never, *_ in self.values(sql)]

        if place[0] == "temp":
            # It is this connection's alone, and so is what changes it.
            shapes = (self._number, catalog_version(self._duck))
        return self.statements.by_text("never null", shapes and (place, shapes), asked)

    def kept_not_null(self, *place: str) -> list[str]:
        """The columns of a view that are NOT NULL as those of its tables are."""
        found = self._kept(exp.table_(place[2], place[1], place[0], quoted=True))
        return [name for name, kept in found or () if kept]

    def _kept(self, table: exp.Table) -> nullability.Columns:
        place = (table.catalog or "temp", table.db or "main", table.name)
        if self.may_be_view(*place):
            for view in self.views(*place):
                return nullability.kept_by_view(view, self._kept)
        return self._never_null(table, None)

    def _is_view(self, table: exp.Table) -> bool:
        place = (table.catalog or "temp", table.db or "main", table.name)
        return self.relation_kind(*place) == "VIEW"

    def _name_places(self, tree: Expr) -> None:
        if tree.find(exp.Parameter):
            sources.name_places(tree, lambda query: self.describe(query).names)

    def _bound(self, tree: Expr, binds: Binds) -> Bound:
        arrays = bound_arrays.arrays(binds) if self.fast else ()
        texts = bound_texts.moments(binds) if self.fast else ()
        kinds, divided = bound_types.kinds(binds), bound_types.divided(tree, binds)
        return Bound(arrays, kinds, divided, texts, self.formats)

    def _views_read(self, tree: Expr) -> list[Expr]:
        """The definitions of the views that a statement reads, in DuckDB's words."""
        found: list[Expr] = []
        seen = set()
        waiting = list(tree.find_all(exp.Table))
        while waiting:
            table = waiting.pop()
            place = (table.catalog or "temp", table.db or "main", table.name)
            if place in seen or table.db == HIDDEN_SCHEMA or not self.may_be_view(*place):
                continue
            seen.add(place)
            for view in self.views(*place):
                found.append(view)
                waiting += view.find_all(exp.Table)
        return found

    def _defaults(self, tree: Expr) -> list[Expr]:
        """The defaults of columns that DML takes, in DuckDB's words: of those that an INSERT does
        not name, of any where it says DEFAULT."""
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        named = {each.name for each in tree.this.expressions}
        says_so = any(mark.name.upper() == "DEFAULT" for mark in tree.find_all(exp.Var))
        if not says_so and not (isinstance(tree, exp.Insert) and named):
            return []
        found = self.values(
            "SELECT column_name, column_default FROM duckdb_columns() WHERE database_name = ?"
            " AND schema_name = ? AND table_name = ? AND column_default IS NOT NULL",
            [target.catalog or "temp", target.db or "main", target.name],
        )
        return [
            parse_one(default, read="duckdb")
            for name, default in found
            if says_so or name not in named
        ]

    def views(self, *place: str) -> list[Expr]:
        """A view's definition in DuckDB's words, its names full; [] where there is no such view."""
        sql = (
            "SELECT sql FROM duckdb_views() WHERE database_name = ? AND schema_name = ?"
            " AND view_name = ?"
        )
        views = [parse_one(text, read="duckdb") for (text,) in self.values(sql, place)]
        for view in views:
            # The engine leaves out the name of the view's own database.
            for table in view.find_all(exp.Table):
                if table.db and not table.catalog:
                    table.set("catalog", exp.to_identifier(place[0], quoted=True))
        return views

    def _table_columns(self, table: exp.Table) -> list[tuple[str, str]]:
        """The columns of a relation of the statement, which the engine finds whatever its case."""
        database, schema, name = table.catalog or "temp", table.db or "main", table.name
        if not table.db and name in self._bound_rows:
            return self._bound_rows[name]
        if not self.fast:
            return self.columns(database, schema, name)
        if self._duck._table_kind((database, schema, name)) == "none":
            return []
        return self._bound_columns(database, schema, name)

    def _bound_columns(self, *path: str) -> list[tuple[str, str]]:
        """An answer without a statement: duckdb_columns() goes through all of the account's."""
        with translated():
            relation = self._duck.table(quoted(*path))
            return list(zip(relation.columns, map(str, relation.types), strict=True))

    def _declared_columns(self, table: exp.Table) -> list[tuple[str, str]]:
        """The same, with what those were declared as whose type the engine does not tell."""
        columns = self._table_columns(table)
        place = (table.catalog or "temp", table.db or "main", table.name)
        declared = self.declared(*place)
        if not declared:
            return columns
        return [
            (name, _described_as(known(declared.get(name, ""), kind), kind))
            for name, kind in columns
        ]

    def _stored_columns(self, table: exp.Table) -> list[tuple[str, str]]:
        """The same, as `stored_values` wants them: with the length of a text or BINARY that has
        one, the digits of a second that those keep which do not keep all, and ARRAY, OBJECT or
        VARIANT with the column's name."""
        columns = self._table_columns(table)
        declared = self.declared(table.catalog or "temp", table.db or "main", table.name)
        return [(name, _stored_as(name, kind, declared.get(name, ""))) for name, kind in columns]

    def _planner(self) -> decimals.Planner:
        return decimals.Planner(self._unmatched_call, self._columns_of)

    def _columns_of(self, query: Expr) -> list[tuple[str, str]]:
        """The columns of a query in DuckDB's words; [] where it fails, and without what exists for
        speed alone."""
        if not self.fast:
            return []
        try:
            found = bind(self._duck, render(query))
        except duckdb.Error:
            return []
        return list(zip(found.names, map(str, found.types), strict=True))

    def _unmatched_call(self, query: Expr) -> str:
        """What DuckDB's planner says that no function matches in a query; '' when it says else.

        The planner is asked by a function: an error of a statement would end the transaction.
        """
        answer = self.values("SELECT json_serialize_plan(?)", [render(query)])[0][0]
        return str(json.loads(answer).get("call") or "")

    def dml(self, tree: Expr, binds: Binds) -> list[tuple[Any, ...]]:
        """Run DML; returns the count, or for MERGE one (action, count) per action taken."""
        if isinstance(tree, exp.TruncateTable):
            self._forget_loads(tree.expressions[0])
            tree = exp.Delete(this=tree.expressions[0].copy())
        sql = self.dml_sql(tree, binds)
        if isinstance(tree, exp.Merge):
            sql += " RETURNING merge_action"
            actions = self.values(sql, used(sql, binds))
            answer: list[tuple[Any, ...]] = list(Counter(each for (each,) in actions).items())
        else:
            answer = self.values(sql, used(sql, binds))
        if isinstance(tree, exp.Update | exp.Merge) and offsets.STRETCHED.upper() in sql:
            self._settle(tree.this)
        return answer

    def _settle(self, table: exp.Table) -> None:
        """Let the TIMESTAMP_TZs that were written last be as all are (`offsets`)."""
        place = (table.catalog or "temp", table.db or "main", table.name)
        for column in self.zoned_columns(*place):
            self.values(
                f"UPDATE {quoted(*place)} SET {column} = _account_settled({column})"
                f" WHERE _account_is_stretched({column})"
            )

    def hold(self, name: str, query: Expr, binds: Binds) -> int:
        """Evaluate a query into a temporary table of the engine's own; returns how many rows."""
        bound = self._bound(query, binds)

        def rendered() -> tuple[str, DeclaredTypes]:
            prepared, known = self._typed(query.copy(), bound)
            return render(prepared), with_inside({}, known.inside)

        sql, self._declared_temporary[name] = self.statements.cached(
            ("held", bound), query, rendered
        )
        made = self.values(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}', used(sql, binds))
        return int(made[0][0])

    def discard(self, *tables: str) -> None:
        """Drop temporary tables of the engine's own."""
        for table in tables:
            self._declared_temporary.pop(table, None)
            self.values(f'DROP TABLE IF EXISTS temp."{table}"')

    def staged_rows(
        self, files: Sequence[tuple[str, Path]], options: Mapping[str, Any], width: int
    ) -> StagedRows:
        """The rows of staged files, in so many columns at least."""
        return staged_rows.read(self.values, files, options, width)

    def file_format(self, database: str, schema: str, name: str) -> dict[str, Any] | None:
        """A file format's options; None where there is no such."""
        found = self.values_beside(
            "SELECT options FROM _fs_global._fs_information_schema._fs_file_formats"
            " WHERE (database_name, schema_name, name) = (?, ?, ?)",
            [database, schema, name],
        )
        return dict(json.loads(found[0][0])) if found else None

    def copy_into(
        self, tree: exp.Copy, binds: Binds, staged: Staged, named: Callable[[str], Any]
    ) -> Result:
        """COPY INTO <table>: one row per file. staged: where a location in a stage is. named: a
        file format's options by its name."""
        copy = loading.read(tree, binds, named)
        place = staged(copy.source)
        # The options of the stage's own format are not added to others: they are instead of none.
        copy.options = copy.options or place.file_format
        staged_rows.kind_of(copy.options)
        if copy.validation:
            return self._validate(loading.validate(self, copy, place))
        answers = loading.run(self, copy, place)
        if not answers:
            return result.status("Copy executed with 0 files processed.")
        done = result.of(loading.TYPES, answers)
        return Result(done.table, done.types, result.COPY)

    def _validate(self, found: str | list[list[Any]]) -> Result:
        if not isinstance(found, str):
            errors_found = result.of(loading.ERRORS, found)
            return Result(errors_found.table, errors_found.types, result.COPY)
        table, types = self.table(f"SELECT * FROM temp.{quoted(found)}", {})
        self.discard(found)
        return Result(table, types, result.COPY)

    def _forget_loads(self, table: Expr) -> None:
        """A new or truncated table has loaded no file."""
        if isinstance(table, exp.Table) and table.catalog:
            for sql, names in loading.forgetting(table.catalog, table.db, table.name):
                self.values(sql, names)

    def create_relation(self, tree: Expr) -> DeclaredTypes:
        """CREATE VIEW; returns which of its columns are an ARRAY, an OBJECT or a VARCHAR(n)."""
        self._check_names(tree)
        if tree.expression:
            column_names.name_view(tree)
            coercions.texts_for_nulls(tree.expression)
        self._name_places(tree)
        known = self._seen_inside(tree, None)
        made = known.types
        named = tree.this.expressions if isinstance(tree.this, exp.Schema) else ()
        if len(named) == len(made):
            made = [(column.name, kind) for column, (_, kind) in zip(named, made, strict=True)]
        tree = rewrite.definition(coercions.coerce(tree, known.inside))
        self.values(render(decimals.exact(tree, self._planner())))
        return with_inside(expression_types.declared(made, of_view=True), known.inside)

    def _check_names(self, tree: Expr) -> None:
        """Raises 002026 where a list of columns does not name each column of the query.

        https://docs.snowflake.com/en/sql-reference/sql/create-view
        """
        if not isinstance(tree.this, exp.Schema) or not tree.expression:
            return
        if len(self.describe(tree.expression).names) != len(tree.this.expressions):
            raise errors.compilation(errors.COLUMN_LIST, "Invalid column definition list")

    def create_table_as(self, tree: exp.Create, binds: Binds) -> tuple[int, DeclaredTypes]:
        """CREATE TABLE … AS, in the open transaction; returns how many rows it has, and what
        its query's columns are declared as."""
        columns = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        self._check_names(tree)
        self._forget_loads(tree.this.this if columns else tree.this)
        if any(column.args.get("constraints") for column in columns):
            return self._create_and_fill(tree, columns, binds)
        if columns:
            # DuckDB takes no column list here: the query's columns get its names and types.
            tree.set("this", tree.this.this)
            tree.set("expression", rewrite.shaped(tree.expression, columns))
        elif tree.expression:
            column_names.name(tree.expression)
            coercions.texts_for_nulls(tree.expression)
        elif tree.args.get("clone"):
            tree.set("expression", exp.select("*").from_(tree.args["clone"].this))
            tree.set("clone", None)
        prepared, known_of_query = self._typed(tree, self._bound(tree, binds))
        declared = expression_types.declared(known_of_query.types)
        numbers = {name: said for name, said in declared.items() if said.startswith("NUMBER(")}
        if numbers:
            self._give_digits(prepared, numbers, binds)
        sql = render(prepared)
        count = int(self.values(sql, used(sql, binds))[0][0])
        kept = {name: said for name, said in declared.items() if name not in numbers}
        return count, with_inside(kept, known_of_query.inside_of_columns)

    def _give_digits(self, tree: Expr, numbers: DeclaredTypes, binds: Binds) -> None:
        """Let the columns of a table that is made of a query have as many digits as these say."""
        schema, types = self._schema(render(tree.expression), binds)
        rewrite.with_digits(
            tree,
            {
                name: said
                for name, kind in zip(schema.names, types, strict=True)
                if (said := known(numbers.get(name, ""), kind)) and not _has_digits(kind, said)
            },
        )

    def _create_and_fill(
        self, tree: exp.Create, columns: list[Expr], binds: Binds
    ) -> tuple[int, DeclaredTypes]:
        """CREATE TABLE (…) AS where columns have more than a name and a type.

        https://docs.snowflake.com/en/sql-reference/sql/create-table
        """
        if not all(isinstance(each, exp.ColumnDef) and each.args.get("kind") for each in columns):
            raise errors.unsupported("CREATE TABLE … AS with a constraint and no types")
        bound, rows = self._bound(tree, binds), rewrite.shaped(tree.expression, columns)
        tree.set("expression", None)
        self._write_defaults(tree)
        empty = rewrite.definition(tree)
        for column in empty.find_all(exp.ColumnDef):
            compress(column)
        made = exp.Create(this=tree.this.this.copy(), kind="TABLE", expression=rows)
        prepared, known_of_query = self._typed(made, bound)
        sql = render(prepared.expression)
        target = render(empty.this.this)
        count = self.replace_table(render(empty), target, sql, used(sql, binds))
        return count, with_inside({}, known_of_query.inside_of_columns)

    def replace_table(
        self, empty: str, target: str, rows: str, binds: Sequence[Any] | Binds = ()
    ) -> int:
        """Create a table with the rows of a query, which may read the one in whose place it comes;
        returns how many. All in DuckDB's SQL; empty: the statement that creates it, target: its
        name. A failure ends the transaction, and the rows' temporary table with it."""
        held = f"temp.main.{quoted(_HELD)}"
        self.values(f"CREATE TEMPORARY TABLE {held} AS {rows}", binds)
        self.values(empty)
        count = self.values(f"INSERT INTO {target} FROM {held}")[0][0]
        self.values(f"DROP TABLE {held}")
        return int(count)

    def create_temporary(
        self, name: FullName, tree: exp.Create, binds: Binds, owner: str
    ) -> tuple[int | None, DeclaredTypes]:
        """A table or view that only this connection has; returns the rows of CREATE TABLE … AS, and
        what its query's columns are declared as."""
        kind, target = str(tree.args["kind"]).upper(), tree.this
        target = target.this if isinstance(target, exp.Schema) else target
        held_as = self.temporary_name(name)
        target.replace(exp.to_table(quoted(held_as)))
        rows: int | None = None
        declared: DeclaredTypes = {}
        if kind == "VIEW":
            declared = self.create_relation(tree)
        elif tree.expression:
            query = tree.expression.copy()
            rows, declared = self.create_table_as(tree, binds)
            if not rows:
                self.check_single_rows(query, binds)
        else:
            self._write_defaults(tree)
            self.values(render(rewrite.definition(tree)))
        self.hold_temporary(name, kind, owner)
        return rows, declared

    def hold_temporary(self, name: FullName, kind: str, owner: str) -> None:
        """The engine has a temporary table or view under `temporary_name` now."""
        self.temporary[name] = Temporary(self.temporary_name(name), kind, _now(), owner)
        self._temporary_changes += 1

    def temporary_altered(self, name: FullName) -> None:
        self.temporary[name] = self.temporary[name]._replace(altered_on=_now())

    def temporary_written(self, held_as: str) -> None:
        """DML has changed its rows."""
        for name, held in self.temporary.items():
            if held.held_as == held_as:
                self.temporary[name] = held._replace(written_on=_now())

    def temporary_name(self, name: FullName) -> str:
        """The name that the engine has for a temporary table or view, or is to have."""
        if name in self.temporary:
            return self.temporary[name].held_as
        held = {each.held_as.lower() for each in self.temporary.values()}
        return str(name) if name.name.lower() in held else name.name

    def rename_temporary(self, name: FullName, new: FullName) -> None:
        held_as = self.temporary_name(new)
        old = self.temporary[name]
        self.values(f"ALTER {old.kind} temp.{quoted(old.held_as)} RENAME TO {quoted(held_as)}")
        self.temporary[new] = self.temporary.pop(name)._replace(held_as=held_as)
        self._declared_temporary[held_as] = self._declared_temporary.pop(old.held_as, {})
        self._temporary_changes += 1

    def drop_temporary(self, name: FullName) -> None:
        held = self.temporary[name]
        self.values(f"DROP {held.kind} temp.{quoted(held.held_as)}")
        del self.temporary[name]
        self._declared_temporary.pop(held.held_as, None)
        self._temporary_changes += 1

    def columns(self, database: str, schema: str, table: str) -> list[tuple[str, str]]:
        """A relation's columns and their DuckDB types, in order; [] without such a relation."""
        if self._kind_if_sure(database, schema, table) == "table":
            return self._bound_columns(database, schema, table)
        return [
            (name, kind)
            for name, kind in self.values(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ?"
                " AND schema_name = ? AND table_name = ? ORDER BY column_index",
                [database, schema, table],
            )
        ]

    def zoned_columns(self, database: str, schema: str, table: str) -> list[str]:
        """The columns that are a TIMESTAMP_TZ, quoted: their values may be equal and have other
        offsets."""
        found = self.columns(database, schema, table)
        return [quoted(name) for name, kind in found if kind == ENGINE_TYPE]

    def has_more(self, table: str, rows: int) -> bool:
        """Has a table, by its full name, more rows than these?"""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {rows + 1})"
        return bool(self.values(sql)[0][0] > rows)

    def add_column(self, database: str, schema: str, table: str, column: exp.ColumnDef) -> None:
        defined = exp.Schema(expressions=[column])
        self._write_defaults(defined)
        prepared = rewrite.definition(defined).expressions[0]
        compress(prepared)
        definition = render(prepared)
        self.values(f"ALTER TABLE {quoted(database, schema, table)} ADD COLUMN {definition}")

    def _write_defaults(self, tree: Expr) -> None:
        default_types.check(tree)
        column_defaults.write(tree, self._in_a_query)
        lengths.hold_defaults(tree)

    def _in_a_query(self, value: Expr) -> str:
        """An expression of no columns in DuckDB's SQL, with the clock left running."""
        select = exp.Select(expressions=[exp.alias_(value, "_")])
        made = expression_types.annotate(select, self._declared_columns, self._is_view)
        prepared = rewrite.definition(coercions.coerce(select, made.inside))
        prepared = decimals.exact(prepared, self._planner())
        return render(prepared.expressions[0].unalias())

    def engine_type(self, kind: exp.DataType) -> str:
        """DuckDB's name of a column type."""
        column = exp.ColumnDef(this=exp.to_identifier("_"), kind=kind.copy())
        prepared = rewrite.definition(exp.Schema(expressions=[column])).expressions[0]
        named = prepared.args["kind"].sql(dialect="duckdb")
        return str(self.values(f"SELECT typeof(CAST(NULL AS {named}))")[0][0])

    def _kind_if_sure(self, *path: str) -> str | None:
        """table, view or none, without a statement; None where one has to ask: the engine's answer
        does not tell cases apart."""
        if not self.fast:
            return None
        with translated():
            kind: str = self._duck._table_kind(path)
        return None if kind != "none" and self._spellings.may_differ(*path) else kind

    def relation_kind(self, database: str, schema: str, name: str) -> str | None:
        """TABLE, VIEW or None."""
        if sure := self._kind_if_sure(database, schema, name):
            return None if sure == "none" else sure.upper()
        for kind in ("table", "view"):
            if self.values(
                f"SELECT 1 FROM duckdb_{kind}s() WHERE database_name = ? AND schema_name = ?"
                f" AND {kind}_name = ?",
                [database, schema, name],
            ):
                return kind.upper()
        return None

    def may_be_view(self, database: str, schema: str, name: str) -> bool:
        """False for a table, and for nothing."""
        return not self.fast or self._duck._table_kind((database, schema, name)) == "view"

    def columns_now(self, database: str, schema: str, view: str) -> list[str]:
        """The columns that a view's query has now; [] if it fails."""
        try:
            return list(self._duck.table(quoted(database, schema, view)).columns)
        except duckdb.Error:
            return []

    def has_another_spelling(self, database: str, schema: str, name: str) -> bool:
        """Is there no table or view of this name, but one whose name differs in case?"""
        found = self.values(
            " UNION ALL ".join(
                f"SELECT schema_name, {kind}_name FROM duckdb_{kind}s() WHERE database_name = $1"
                f" AND lower(schema_name) = lower($2) AND lower({kind}_name) = lower($3)"
                for kind in ("table", "view")
            ),
            [database, schema, name],
        )
        return bool(found) and (schema, name) not in found

    def other(
        self, tree: Expr, binds: Binds, statement_type: int, *, beside: bool = False
    ) -> Result:
        """DDL, SHOW and DESCRIBE, through fakesnow. beside: as `values_beside` does it."""
        if isinstance(tree, exp.Create | exp.Alter):
            default_types.check(tree)
            column_defaults.write(tree, self._in_a_query)
        cursor = Cursor(self._fakesnow, self._outside() if beside else self._duck)
        with translated(tree.sql(dialect="snowflake")):
            cursor.run(tree, list(binds.values()) if tree.find(exp.Placeholder) else [])
            table = cursor._arrow_table
        self._fakesnow.results_cache.clear()
        if isinstance(tree, exp.Create) and str(tree.args.get("kind")).upper() == "TABLE":
            self._forget_loads(tree.this.this if isinstance(tree.this, exp.Schema) else tree.this)
        assert table is not None
        return Result(table, [arrow_type(column.type) for column in table.columns], statement_type)

    # --- transactions ------------------------------------------------------------------------

    def begin(self) -> None:
        self.values("BEGIN")

    def commit(self) -> None:
        self.values("COMMIT")

    def rollback(self) -> None:
        """End the transaction, whatever state it is in."""
        while True:
            try:
                self._duck.execute("ROLLBACK")
                return
            except duckdb.InterruptException:
                # A cancellation that came too late for the statement it was meant for.
                continue
            except duckdb.TransactionException as error:
                if "no transaction is active" in str(error):
                    return
                raise

    def is_aborted(self) -> bool:
        """Has a failed statement taken the open transaction with it?"""
        try:
            self._duck.execute("SELECT 1").fetchall()
        except duckdb.Error:
            return True
        return False

    def interrupt(self) -> None:
        """Cancel the statement that another thread is running; none runs where it is closed."""
        with contextlib.suppress(duckdb.ConnectionException):
            self._duck.interrupt()

    def close(self) -> None:
        if self._beside:
            self._beside.close()
        self._duck.close()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _refuse_order(names: list[str], types: Sequence[str], ordered_by: Sequence[int | str]) -> None:
    """Raises 000002 for a VARIANT among what orders the rows: of its JSON, they have no order."""
    for each in ordered_by:
        place = each if isinstance(each, int) else names.index(each) if each in names else -1
        if 0 <= place < len(types) and types[place] == "JSON":
            raise errors.unsupported(variant_order.UNTYPED)


def _answer(table: pa.Table, types: list[str], description: Description) -> Result:
    told = description.declared
    declared = list(map(known, told, types)) if len(told) == len(types) else ()
    names = [name for name, _ in description.never_null]
    never_null = [never for _, never in description.never_null]
    if names != table.column_names:
        never_null = []
    return Result(
        table,
        types,
        result.SELECT,
        declared=declared,
        never_null=never_null,
        inside=description.inside,
        bounded=description.bounded if declared else (),
    )


def _has_digits(kind: str, said: str) -> bool:
    """A whole number of all digits is no DECIMAL, which the engine calculates with more slowly."""
    is_whole = said == "NUMBER(38,0)" and not kind.startswith("DECIMAL")
    return is_whole or kind.replace("DECIMAL", "NUMBER") == said


def _described_as(declared: str, kind: str) -> str:
    if declared.startswith("NUMBER("):
        return f"{kind}{AS}{declared}"
    return declared or kind


def _stored_as(name: str, kind: str, declared: str) -> str:
    if kind == "JSON":
        is_known = declared in stored_values.STRUCTURED
        return f"{declared if is_known else stored_values.VARIANT} {name}"
    if (moment := moments.read(declared)) and moments.is_cut(declared):
        return f"{kind}({moment[1]})"
    return lengths.sized(declared) or kind


def _check_digits(table: pa.Table, types: Sequence[str]) -> None:
    """Raise 100039 for numbers of more than 38 digits, which DuckDB has and Snowflake has not."""
    for column, kind in zip(table.columns, types, strict=True):
        if kind == "HUGEINT" and table.num_rows:
            for bound in pc.min_max(column).as_py().values():
                if bound is not None and not -(10**38) < bound < 10**38:
                    raise errors.SnowflakeError(
                        errors.NUMERIC_RANGE, f"Number out of representable range: {bound}"
                    )


# What of the engine's types clients get.
_ANSWERED = re.compile(
    r"BOOLEAN|U?(?:TINY|SMALL|BIG)INT|U?INTEGER|HUGEINT|FLOAT|DOUBLE|DECIMAL\(.*|VARCHAR|BLOB|JSON"
    r"|DATE|TIME|TIMESTAMP(?: WITH TIME ZONE)?|\W*NULL\W*"
)


def _refuse_lists(types: Sequence[str]) -> None:
    """Raise 000002 for the engine's own types, which clients would see as empty texts."""
    for kind in types:
        if kind != ENGINE_TYPE and not _ANSWERED.fullmatch(kind):
            raise errors.unsupported("a function whose answer has none of Snowflake's types")


def _is_held(query: Expr) -> bool:
    """Does it read a table of the engine's own?"""
    source = query.args["from_"].this
    return isinstance(source, exp.Table) and not source.db and source.name.startswith("$")
