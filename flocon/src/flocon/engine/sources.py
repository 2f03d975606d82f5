"""What a FROM clause reads, asked by itself: columns by their places."""

from collections.abc import Callable, Sequence

from sqlglot import Expr, exp

from flocon.core import errors

# What follows a source's name without being a part of the source.
_BEHIND = ("joins", "laterals", "pivots")


def rows_of(source: Expr, *, without_pivots: bool = False) -> exp.Select:
    """A query of all that a source has, with the CTEs that it may name."""
    alone = source.copy()
    for key in _BEHIND:
        if key != "pivots" or without_pivots:
            alone.set(key, None)
    query = exp.select("*").from_(alone)
    give_ctes(query, source)
    return query


def give_ctes(query: exp.Query, place: Expr) -> None:
    """Give a query the CTEs that it might name if it stood in this place."""
    ctes: list[Expr] = []
    child, parent = place, place.parent
    within = None
    while parent is not None:
        if isinstance(child, exp.CTE):
            within = child
        if with_ := parent.args.get("with_"):
            visible = with_.expressions
            if child is with_ and within is not None:
                visible = visible[: visible.index(within)]
            ctes[:0] = [cte.copy() for cte in visible]
        child, parent = parent, parent.parent
    if ctes:
        own = query.args.get("with_")
        query.set("with_", exp.With(expressions=[*ctes, *(own.expressions if own else ())]))


def name_places(tree: Expr, columns: Callable[[Expr], Sequence[str]]) -> None:
    """$1 and t.$1 become the columns that they mean, in place. columns: those of a query.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    known: dict[int, Sequence[str]] = {}
    for mark in list(tree.find_all(exp.Parameter)):
        if not (mark.this and mark.this.name.isdigit()):
            continue
        place, owner = int(mark.this.name), mark.parent
        node = owner if isinstance(owner, exp.Column) else mark
        table = node.args.get("table") if isinstance(node, exp.Column) else None
        source = _source(node, table.name if table else "")
        if id(source) not in known:
            known[id(source)] = columns(rows_of(source))
        names = known[id(source)]
        if not 0 < place <= len(names):
            raise errors.compilation(errors.UNKNOWN_COLUMN, f"invalid identifier '${place}'")
        named = exp.column(
            exp.to_identifier(names[place - 1], quoted=True),
            table=table.copy() if table else None,
        )
        selected = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
        node.replace(exp.alias_(named, f"${place}", quoted=True) if selected else named)


def _source(mark: Expr, name: str) -> Expr:
    """The source that a mark's columns are of."""
    select = mark.find_ancestor(exp.Select)
    from_ = select.args.get("from_") if select else None
    if select is None or from_ is None:
        raise errors.compilation(errors.SYNTAX, "$1 in a query without FROM")
    sources = [from_.this, *(join.this for join in select.args.get("joins") or ())]
    if name:
        sources = [each for each in sources if each.alias_or_name == name]
    if len(sources) != 1:
        raise errors.unsupported("$1 of several sources: name the one that is meant")
    return sources[0]
