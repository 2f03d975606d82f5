"""Which expressions of a statement are texts: by their form, and by the columns that they read.

What is a text needs no conversion to one. DuckDB expands a conversion (`macros`) wherever it
stands, and its planner takes a multiple of the time for the statement.
"""

from collections.abc import Callable, Iterator, Mapping

from sqlglot import Expr, exp

from flocon.engine.types import TEXT_TYPES

# A table's columns and their DuckDB types; none where they are not known.
Columns = Callable[[exp.Table], Mapping[str, str]]

_IS_TEXT = "is_text"
_FUNCTIONS = (
    exp.Left,
    exp.Lower,
    exp.RegexpReplace,
    exp.Replace,
    exp.Right,
    exp.SplitPart,
    exp.Substring,
    exp.Trim,
    exp.Typeof,
    exp.Upper,
)
_MACROS = {"_account_text", "_account_json_text", "_account_typeof_at"}
# Where in a SELECT a name is a column of what it reads, whatever else has the name.
_READING = ("expressions", "where")


def mark(tree: Expr, columns: Columns) -> None:
    """Note at each column of a statement whose names are full whether it is a text."""
    outputs: dict[int, frozenset[str]] = {}
    for select in reversed(list(tree.find_all(exp.Select))):
        alias, names = _source(select, columns, outputs)
        for column in _own_columns(select):
            if column.name in names and column.table in ("", alias):
                column.meta[_IS_TEXT] = True
        outputs[id(select)] = _output(select, names)


def is_text(node: Expr) -> bool:
    """Is the value a VARCHAR in DuckDB, and no JSON?"""
    if isinstance(node, exp.Column):
        return bool(node.meta.get(_IS_TEXT))
    if isinstance(node, exp.Literal):
        return bool(node.is_string)
    if isinstance(node, exp.Cast):
        return node.to.this in TEXT_TYPES
    if isinstance(node, exp.Anonymous):
        return node.name in _MACROS
    if isinstance(node, exp.Paren):
        return is_text(node.this)
    if isinstance(node, exp.DPipe):
        return is_text(node.this) and is_text(node.expression)
    if isinstance(node, exp.Concat):
        return all(is_text(part) for part in node.expressions)
    if isinstance(node, exp.Coalesce):
        return _are_texts([node.this, *node.expressions])
    if isinstance(node, exp.Case):
        return _are_texts([*(each.args["true"] for each in node.args["ifs"]), _otherwise(node)])
    return isinstance(node, _FUNCTIONS)


def _otherwise(case: exp.Case) -> Expr:
    return case.args.get("default") or exp.Null()


def _are_texts(values: list[Expr]) -> bool:
    """Are these texts, as far as they are not NULL?"""
    known = [value for value in values if not isinstance(value.unnest(), exp.Null)]
    return bool(known) and all(is_text(value) for value in known)


def _source(
    select: exp.Select, columns: Columns, outputs: Mapping[int, frozenset[str]]
) -> tuple[str, frozenset[str]]:
    """The alias of the one thing that a query reads, and which of its columns are texts."""
    from_ = select.args.get("from_")
    if from_ is None or any(select.args.get(key) for key in ("joins", "laterals", "pivots")):
        return "", frozenset()
    source = from_.this
    if source.args.get("pivots") or source.args.get("joins") or source.alias_column_names:
        return "", frozenset()
    if isinstance(source, exp.Subquery):
        return source.alias, outputs.get(id(source.unnest()), frozenset())
    if isinstance(source, exp.Table) and source.catalog:
        names = (name for name, kind in columns(source).items() if kind == "VARCHAR")
        return source.alias_or_name, frozenset(names)
    return "", frozenset()


def _output(select: exp.Select, source: frozenset[str]) -> frozenset[str]:
    """The names of a query's own columns that are texts."""
    texts: list[str] = []
    others: list[str] = []
    for value in select.expressions:
        if isinstance(value, exp.Star):
            if value.args.get("except_") or value.args.get("replace") or value.args.get("rename"):
                return frozenset()
            texts += source
        elif is_text(value.unalias()):
            texts.append(value.alias_or_name)
        else:
            others.append(value.alias_or_name)
    return frozenset(name for name in texts if texts.count(name) == 1 and name not in others)


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """The columns that a query itself names, and no query within it."""
    for key in _READING:
        value = select.args.get(key)
        for part in value if isinstance(value, list) else [value]:
            if part is not None:
                yield from _columns(part)


def _columns(part: Expr) -> Iterator[exp.Column]:
    for node in part.walk(prune=lambda n: isinstance(n, exp.Query)):
        if isinstance(node, exp.Column):
            yield node
