"""Which columns of a query's answer are never NULL, as clients are told.

It is what Snowflake says of its own tables, constants, arithmetic and counts; of everything else a
column may be NULL. A BOOLEAN that is computed always may.
https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api
"""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import Expr, exp

from flocon.engine.expression_types import is_joined
from flocon.engine.types import JSON_TYPES

# The columns of a table or query in their order, and whether each is never NULL; None where they
# are not known.
Columns = Sequence[tuple[str, bool]] | None
Tables = Callable[[exp.Table], Columns]

# The engine's own divisions answer NULL for a divisor of 0.
_OF_ENGINE = (exp.Add, exp.Sub, exp.Mul)
_ARITHMETIC = (*_OF_ENGINE, exp.Div, exp.Mod)
_NEVER = (
    exp.Count, exp.DenseRank, exp.Randstr, exp.Rank, exp.RowNumber, exp.Seq1, exp.Seq2, exp.Seq4,
    exp.Seq8,
)  # fmt: skip
# TRY_CAST is a Cast, and TRY_TO_DATE a TO_DATE that is safe.
_CONVERSIONS = (exp.Cast, exp.Time, exp.ToNumber, exp.TsOrDsToDate, exp.TsOrDsToTime)
_MANY_VALUES = 10_000


def columns(query: Expr, tables: Tables) -> Columns:
    """The columns of a query whose names are full. tables: those of a table or view."""
    return _Nullability(tables, _ARITHMETIC).query(query, {})


def of_view(view: Expr, tables: Tables) -> Columns:
    """The columns of a view, of which this is the definition in DuckDB's SQL."""
    return _under(view, _Nullability(tables, _OF_ENGINE).query(view.expression, {}))


def kept_by_view(view: Expr, tables: Tables) -> Columns:
    """The columns of a view, and whether each is NOT NULL: those are that are a table's by their
    names alone, and no part of a UNION or its like.

    https://docs.snowflake.com/en/sql-reference/sql/desc-view
    """
    found = _References(tables, ()).query(view.expression, {})
    return _under(view, found)


def _under(view: Expr, found: Columns) -> Columns:
    if found is None or not isinstance(view.this, exp.Schema):
        return found
    names = [each.name for each in view.this.expressions]
    if len(names) != len(found):
        return None
    return [(name, never) for name, (_, never) in zip(names, found, strict=True)]


class _Nullability:
    def __init__(self, tables: Tables, arithmetic: tuple[type[Expr], ...]) -> None:
        self._tables = tables
        self._arithmetic = arithmetic

    def query(self, query: Expr, ctes: Mapping[str, Columns]) -> Columns:
        if with_ := query.args.get("with_"):
            ctes = dict(ctes)
            for cte in with_.expressions:
                recursive = with_.args.get("recursive")
                ctes[cte.alias] = None if recursive else _named(self.query(cte.this, ctes), cte)
        if isinstance(query, exp.Subquery):
            return self.query(query.this, ctes)
        if isinstance(query, exp.SetOperation):
            if query.args.get("by_name"):
                return None
            left, right = self.query(query.this, ctes), self.query(query.expression, ctes)
            return _together(query, left, right)
        if not isinstance(query, exp.Select):
            return None
        return self._select(query, _Sources(query, lambda source: self._source(source, ctes)))

    def _select(self, select: exp.Select, sources: "_Sources") -> Columns:
        found: list[tuple[str, bool]] = []
        totals = _has_totals(select)
        for value in select.expressions:
            if not value.is_star:
                never = not totals and self._is_never_null(value.unalias(), sources)
                found.append((value.alias_or_name, never))
                continue
            star = value.this if isinstance(value, exp.Column) else value
            named = value.table if isinstance(value, exp.Column) else ""
            all_of = None if any(star.args.values()) else sources.all(named)
            if all_of is None:
                return None
            found += all_of
        return found

    def _source(self, source: Expr, ctes: Mapping[str, Columns]) -> Columns:
        if source.args.get("pivots"):
            return None
        found: Columns = None
        if isinstance(source, exp.Subquery):
            found = self.query(source, ctes)
        elif isinstance(source, exp.Values):
            found = self._values(source)
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            is_cte = not source.db and source.name in ctes
            found = ctes[source.name] if is_cte else self._tables(source)
        return _named(found, source)

    def _values(self, values: exp.Values) -> Columns:
        rows = [
            row.expressions if isinstance(row, exp.Tuple) else [row] for row in values.expressions
        ]
        if len({len(row) for row in rows}) != 1 or len(rows) * len(rows[0]) > _MANY_VALUES:
            return None
        return [
            (f"COLUMN{place}", all(self._is_never_null(value, None) for value in column))
            for place, column in enumerate(zip(*rows, strict=True), start=1)
        ]

    def _is_never_null(self, value: Expr, sources: "_Sources | None") -> bool:
        """sources: what columns are of; None where there are none."""
        if isinstance(value, exp.Literal):
            return True
        if isinstance(value, exp.Column):
            return sources is not None and sources.column(value.table, value.name)
        if isinstance(value, exp.Paren | exp.Neg | exp.Window):
            return self._is_never_null(value.this, sources)
        if isinstance(value, self._arithmetic):
            sides = (value.this, value.expression)
            return all(self._is_never_null(side, sources) for side in sides)
        if isinstance(value, _CONVERSIONS):
            return _keeps_values(value) and self._is_never_null(value.this, sources)
        return isinstance(value, _NEVER)


class _References(_Nullability):
    def query(self, query: Expr, ctes: Mapping[str, Columns]) -> Columns:
        found = super().query(query, ctes)
        return _may_be_null(found) if isinstance(query, exp.SetOperation) else found

    def _is_never_null(self, value: Expr, sources: "_Sources | None") -> bool:
        value = value.unnest()
        return isinstance(value, exp.Column) and super()._is_never_null(value, sources)


class _Sources:
    """What a SELECT reads, once it is needed."""

    def __init__(self, select: exp.Select, columns: Callable[[Expr], Columns]) -> None:
        self._columns = columns
        self._select = select
        self._found: dict[str, Columns] = {}
        self._is_read = False
        # Of USING; and whether the order of all columns is another one than that of the sources.
        self._shared: list[str] = []
        self._is_mixed = False

    def all(self, name: str) -> Columns:
        """The columns of a source, or of all for ''."""
        self._read()
        if name:
            return self._found.get(name)
        columns: list[tuple[str, bool]] = []
        for each in self._found.values():
            if each is None:
                return None
            columns += each
        if not self._shared and not self._is_mixed:
            return columns
        if self._is_mixed or len(self._found) > _SIDES:
            return None
        shared = [(name, self.column("", name)) for name in self._shared]
        return [*shared, *(each for each in columns if each[0] not in self._shared)]

    def column(self, source: str, name: str) -> bool:
        """Is a column never NULL?"""
        self._read()
        owners = [self._found.get(source)] if source else list(self._found.values())
        told = [never for each in owners for column, never in each or () if column == name]
        is_shared = not source and name in self._shared
        return bool(told) and all(told) and (is_shared or len(told) == 1)

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        if from_ := self._select.args.get("from_"):
            self._add(from_.this)
        for join in self._select.args.get("joins") or ():
            self._join(join)
        for lateral in self._select.args.get("laterals") or ():
            self._found[lateral.alias_or_name] = None

    def _join(self, join: exp.Join) -> None:
        left = set(self._found)
        self._add(join.this)
        if using := join.args.get("using"):
            self._shared += [name.name for name in using]
        is_plain = not join.method and join.kind in ("", "INNER", "OUTER", "CROSS")
        self._is_mixed = self._is_mixed or not is_plain
        for name, columns in self._found.items():
            outer = ("RIGHT", "FULL") if name in left else ("LEFT", "FULL")
            if join.side in outer or not is_plain:
                self._found[name] = _may_be_null(columns)

    def _add(self, source: Expr) -> None:
        """A source, or those that are joined in its parentheses; and those joined to it."""
        if is_joined(source):
            self._add(source.this)
        else:
            self._found[source.alias_or_name or f"${len(self._found)}"] = self._columns(source)
        for join in source.args.get("joins") or ():
            self._join(join)


_SIDES = 2


def _may_be_null(columns: Columns) -> Columns:
    return columns and [(name, False) for name, _ in columns]


def _together(query: exp.SetOperation, left: Columns, right: Columns) -> Columns:
    if left is None or right is None or len(left) != len(right):
        return None
    if isinstance(query, exp.Except | exp.Intersect):
        # Its rows are the first side's.
        return left
    return [(name, never and other) for (name, never), (_, other) in zip(left, right, strict=True)]


def _named(columns: Columns, source: Expr) -> Columns:
    """Under the names that an alias gives them."""
    alias = source.args.get("alias")
    names = alias.args.get("columns") if isinstance(alias, exp.TableAlias) else None
    if not names or columns is None:
        return columns
    if len(names) != len(columns):
        return None
    return [(name.name, never) for name, (_, never) in zip(names, columns, strict=True)]


def _has_totals(select: exp.Select) -> bool:
    """Are there rows without a value of what they are grouped by?"""
    group = select.args.get("group")
    return group is not None and group.find(exp.Cube, exp.GroupingSets, exp.Rollup) is not None


def _keeps_values(conversion: Expr) -> bool:
    """Is what it makes of a value never NULL? A VARIANT may be the null of JSON."""
    if isinstance(conversion, exp.TryCast) or conversion.args.get("safe"):
        return False
    kind = conversion.this.type.this if conversion.this.type is not None else None
    to = conversion.to.this if isinstance(conversion, exp.Cast) else None
    return to != exp.DType.BOOLEAN and (kind not in JSON_TYPES or to in JSON_TYPES)
