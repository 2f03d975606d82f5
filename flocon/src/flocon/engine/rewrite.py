"""Snowflake's SQL as DuckDB's: fakesnow's transforms in their order, and what they leave wrong.

Everything here is Expression → Expression. `query` prepares SELECT and DML, `definition` prepares
what becomes part of a view or a table.
"""

from collections.abc import Callable, Mapping
from functools import cache

from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp

from flocon.engine import (
    arrays,
    conversions,
    datetime_formats,
    digests,
    encodings,
    events,
    functions,
    numeric,
    objects,
    regexps,
    row_numbers,
    scales,
    stored_values,
    urls,
    variant,
)
from flocon.engine.clock import CLOCKS, clock
from flocon.engine.types import types

# What one rewrite makes of a node, and the kinds of nodes that it may change.
Rewrite = tuple[Callable[[Expr], Expr], type[Expr] | tuple[type[Expr], ...]]


def _each(tree: Expr, *rewrites: Rewrite) -> Expr:
    """Apply rewrites one after another, each from the leaves up: what a node becomes contains
    what its parts have become. A rewrite sees the nodes of its kinds alone."""
    nodes: list[Expr] = []
    present: set[type[Expr]] = set()
    for rewrite, kinds in rewrites:
        if not nodes:
            nodes = _nodes(tree)
            present = set(map(type, nodes))
        concerned = {kind for kind in present if _is_of(kind, kinds)}  # type: ignore[arg-type]  # types are hashable
        needed = _NEEDED.get(rewrite)
        if not concerned or (needed and needed not in present):
            continue
        # It may change them in place, too.
        changed = rewrite not in _REPLACING
        for node in reversed([node for node in nodes if type(node) in concerned]):
            parent, key, index = node.parent, node.arg_key, node.index
            replacement = rewrite(node)
            if replacement is node:
                continue
            changed = True
            if node is tree:
                tree = replacement
                tree.parent = None
            elif parent is not None and key is not None:
                parent.set(key, replacement, index)
        if changed:
            nodes = []
    return tree


_is_of = cache(issubclass)
# These have no parts, and are half of a tree.
_LEAVES = frozenset((exp.Identifier, exp.Literal, exp.Null, exp.Var))
_NO_NODES = frozenset((bool, str, int, exp.DType))


def _nodes(tree: Expr) -> list[Expr]:
    """The tree's nodes from the root down, as `Expr.walk` yields them, in less time."""
    nodes = [tree]
    add, extend = nodes.append, nodes.extend
    for node in nodes:
        if type(node) in _LEAVES:
            continue
        for value in node.args.values():
            if not value:
                continue
            if type(value) is list:
                extend([each for each in value if isinstance(each, Expr)])
            elif type(value) not in _NO_NODES and isinstance(value, Expr):
                add(value)
    return nodes


def query(tree: Expr) -> Expr:
    """A SELECT or DML statement for DuckDB. Its bind `account_now` is the statement's start, an
    instant, which CURRENT_TIMESTAMP answers throughout."""
    if isinstance(tree, exp.Merge):
        tree = merge(tree)
    return definition(_each(tree, (clock, (exp.Anonymous, *CLOCKS))))


def definition(tree: Expr) -> Expr:
    """A view's or table's statement for DuckDB: as `query`, with the clock left running."""
    functions.refuse(tree)
    return _each(variant.paths(tree), *REWRITES)


def _library(node: Expr) -> Expr:
    """Functions that DuckDB lacks, in one round."""
    if isinstance(node, exp.Func | exp.Window):
        for rewrite in (objects.functions, regexps.functions, numeric.functions):
            made = rewrite(node)
            if made is not node:
                made.type = node.type
                return made
    return node


def shaped(source: Expr, columns: list[Expr]) -> Expr:
    """A query whose columns have these names, and these types where they are given. What becomes a
    VARIANT does so as in an INSERT (`stored_values`), without a cast."""
    names = [exp.to_identifier(column.name, quoted=True) for column in columns]
    alias = exp.TableAlias(this=exp.to_identifier("_"), columns=names)
    inner = source.unnest() if isinstance(source, exp.Subquery) else source
    typed = list(map(_shaped, names, columns))
    return exp.select(*typed).from_(exp.Subquery(this=inner, alias=alias))


def _shaped(name: exp.Identifier, column: Expr) -> Expr:
    value, kind = exp.Column(this=name), column.args.get("kind")
    if kind is None:
        return value
    if kind.this != exp.DType.VARIANT:
        made = exp.cast(value, kind).as_(name)
        made.meta[stored_values.SHAPED] = True
        return made
    stored = value.as_(name)
    stored.meta[stored_values.VARIANT] = True
    return stored


def with_digits(tree: Expr, numbers: Mapping[str, str]) -> None:
    """Cast columns of a CREATE … AS to such types as NUMBER(11,2), in the engine's words."""
    if not numbers:
        return
    casts = [
        exp.cast(
            exp.column(name, quoted=True), said.replace("NUMBER", "DECIMAL"), dialect="duckdb"
        ).as_(name, quoted=True)
        for name, said in numbers.items()
    ]
    alias = exp.TableAlias(this=exp.to_identifier("_"))
    inner = exp.Subquery(this=tree.expression.unnest(), alias=alias)
    tree.set("expression", exp.select(exp.Star(replace=casts)).from_(inner))


def merge(tree: exp.Merge) -> exp.Merge:
    """DuckDB wants the target's columns bare in INSERT.

    https://docs.snowflake.com/en/sql-reference/sql/merge
    """
    for when in tree.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Insert) and isinstance(then.this, exp.Tuple | exp.Schema):
            for column in then.this.expressions:
                if isinstance(column, exp.Column):
                    column.set("table", None)
    return tree


def insert_from(tree: exp.Insert, relation: str) -> None:
    """INSERT … VALUES (?, …) becomes INSERT … SELECT <the values> FROM a relation of binds."""
    (row,) = tree.expression.expressions
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    select = exp.select(*values).from_(exp.Table(this=exp.to_identifier(relation, quoted=True)))
    for mark in list(select.find_all(exp.Placeholder)):
        column = exp.column(exp.to_identifier(mark.this.upper(), quoted=True))
        column.meta[datetime_formats.BOUND] = True
        mark.replace(column)
    tree.set("expression", select)


def _values_columns(node: Expr) -> Expr:
    """VALUES name their columns COLUMN1, COLUMN2 …

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    if isinstance(node, exp.Values) and node.find_ancestor(exp.Select):
        row = node.expressions[0]
        count = len(row.expressions) if isinstance(row, exp.Tuple) else 1
        alias = node.args.get("alias")
        if not (alias and alias.args.get("columns")):
            name = alias.this if alias and alias.this else exp.to_identifier("_")
            columns = [exp.to_identifier(f"COLUMN{i + 1}", quoted=True) for i in range(count)]
            node.set("alias", exp.TableAlias(this=name, columns=columns))
    return node


REWRITES: tuple[Rewrite, ...] = (
    (_values_columns, exp.Values),
    (variant.array_contains, exp.ArrayContains),
    (events.functions, exp.Window),
    (encodings.functions, encodings.KINDS),
    *functions.REWRITES,
    (fs.try_parse_json, exp.Anonymous),
    (fs.split, exp.Split),
    (_library, (exp.Func, exp.Window)),
    (fs.regex_replace, exp.RegexpReplace),
    (fs.regex_substr, exp.RegexpExtract),
    (row_numbers.functions, row_numbers.KINDS),
    (conversions.casts, conversions.CASTS),
    (conversions.binaries, conversions.BINARIES),
    (conversions.timestamps, (exp.Anonymous, exp.UnixToTime)),
    (datetime_formats.functions, datetime_formats.KINDS),
    (fs.to_date, exp.Anonymous),
    (fs.timestamp_offsets, exp.Cast),
    (conversions.numbers, (exp.ToDouble, exp.ToNumber)),
    (fs.to_variant, exp.ToVariant),
    (arrays.casts, exp.Cast),
    (arrays.functions, arrays.KINDS),
    (objects.constructed, (exp.JSONObject, exp.StarMap, exp.Struct)),
    (types, exp.DataType),
    (functions.counts, functions.COUNTED),
    (scales.kept, scales.KINDS),
    (fs.array_size, exp.ArraySize),
    (functions.randoms, exp.Rand),
    (fs.dateadd_date_cast, exp.DateAdd),
    (fs.dateadd_string_literal_timestamp_cast, exp.DateAdd),
    (fs.datediff_string_literal_timestamp_cast, exp.DateDiff),
    (fs.hex_string, exp.HexString),
    (digests.functions, digests.KINDS),
    (urls.functions, exp.ParseUrl),
    (fs.alias_in_join, exp.Select),
    (fs.alias_in_where, exp.Select),
)

# These answer another node, or leave the nodes as they are: then nobody looks for them again.
_REPLACING = frozenset(
    (
        arrays.casts,
        clock,
        conversions.timestamps,
        digests.functions,
        fs.timestamp_offsets,
        fs.to_date,
        fs.try_parse_json,
        functions.blanks,
        functions.flatten,
        functions.hashes,
        functions.split,
        urls.functions,
    )
)
# Without a node of this kind somewhere these change nothing.
_NEEDED: dict[Callable[[Expr], Expr], type[Expr]] = {
    fs.alias_in_join: exp.Join,
}
