"""What a FROM clause reads, asked by itself: columns by their places."""

import re
from collections.abc import Callable, Collection, Sequence

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


_QUOTED_PLACE = re.compile(r"\$([1-9]\d*)")
# In the mark's `meta`: it may be the name of a column as well.
_MAY_BE_A_NAME = "may_be_a_name"


def read_quoted_places(tree: Expr) -> None:
    """Read "$1" as $1, in place: so Snowpark writes col("$1"). A column of that name goes first.

    https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.copy_into_table
    """
    for column in list(tree.find_all(exp.Column)):
        match = _QUOTED_PLACE.fullmatch(column.name)
        if match is None or not isinstance(column.this, exp.Identifier) or not column.this.quoted:
            continue
        mark = exp.Parameter(this=exp.Literal.number(match[1]))
        mark.meta[_MAY_BE_A_NAME] = True
        if column.args.get("table"):
            column.set("this", mark)
        else:
            column.replace(mark)


def name_places(tree: Expr, columns: Callable[[Expr], Sequence[str]]) -> None:
    """$1 and t.$1 become the columns that they mean, in place. columns: those of a query.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    known: dict[int, Sequence[str]] = {}

    def names_of(source: Expr) -> Sequence[str]:
        if id(source) not in known:
            known[id(source)] = columns(rows_of(source))
        return known[id(source)]

    for mark in list(tree.find_all(exp.Parameter)):
        if not (mark.this and mark.this.name.isdigit()):
            continue
        place, owner = int(mark.this.name), mark.parent
        node = owner if isinstance(owner, exp.Column) else mark
        table = node.args.get("table") if isinstance(node, exp.Column) else None
        written, may_be_a_name = f"${place}", _MAY_BE_A_NAME in mark.meta
        found = _sources(node, table.name if table else "")
        if len(found) != 1 and may_be_a_name:
            named = written
        else:
            if len(found) != 1:
                found = _wide_enough(found, place, names_of)
                table = exp.to_identifier(found[0].alias_or_name, quoted=True) if found else None
            names = names_of(found[0]) if found else ()
            if not 0 < place <= len(names):
                raise errors.unknown_column(written)
            named = written if may_be_a_name and written in names else names[place - 1]
        column = exp.column(
            exp.to_identifier(named, quoted=True), table=table.copy() if table else None
        )
        selected = isinstance(node.parent, exp.Select) and node.arg_key == "expressions"
        node.replace(exp.alias_(column, written, quoted=True) if selected else column)


def _wide_enough(
    sources: Sequence[Expr], place: int, names_of: Callable[[Expr], Sequence[str]]
) -> list[Expr]:
    """Which one of several has so many columns; none where none has. Raises 002028 for several.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    joins = [each.parent for each in sources]
    merged = any(join.args.get("using") or join.args.get("method") for join in joins if join)
    if merged or not all(isinstance(each, _NAMED) and each.alias_or_name for each in sources):
        raise errors.unsupported("$1 of several sources: name the one that is meant")
    found = [each for each in sources if place <= len(names_of(each))]
    if len(found) > 1:
        raise errors.compilation(errors.AMBIGUOUS_COLUMN, f"ambiguous column name '${place}'")
    return found


_NAMED = (exp.Subquery, exp.Table)


def _sources(mark: Expr, name: str) -> list[Expr]:
    """The sources of this name, '' for any, that a mark's columns may be of."""
    select = mark.find_ancestor(exp.Select)
    from_ = select.args.get("from_") if select else None
    if select is None or from_ is None:
        raise errors.compilation(errors.SYNTAX, "$1 in a query without FROM")
    sources = [from_.this, *(join.this for join in select.args.get("joins") or ())]
    if name:
        sources = [each for each in sources if each.alias_or_name == name]
    return sources


def rename_cte(cte: exp.CTE, taken: Collection[str]) -> None:
    """Give a CTE within another one of its name a name of its own, which the engine and the account
    tell apart.

    https://docs.snowflake.com/en/sql-reference/constructs/with
    """
    name, number = cte.alias, 1
    while (made := f"{name}_{number}") in taken:
        number += 1
    with_ = cte.parent
    assert isinstance(with_, exp.With) and with_.parent is not None
    own = with_.expressions.index(cte)
    for other in with_.expressions[own if with_.args.get("recursive") else own + 1 :]:
        _rename(other.this, name, made)
    for key, value in with_.parent.args.items():
        for each in value if isinstance(value, list) else [value]:
            if key != "with_" and isinstance(each, Expr):
                _rename(each, name, made)
    cte.args["alias"].set("this", exp.to_identifier(made, quoted=True))


def _rename(place: Expr, name: str, made: str) -> None:
    """Of the CTE that is visible there."""
    with_ = place.args.get("with_") or exp.With(expressions=[])
    for cte in with_.expressions:
        if cte.alias == name and with_.args.get("recursive"):
            return
        _rename(cte.this, name, made)
        if cte.alias == name:
            return
    if isinstance(place, exp.Table) and place.name == name and not place.db:
        if not place.alias:
            place.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
        place.set("this", exp.to_identifier(made, quoted=True))
    for each in place.iter_expressions():
        if each is not with_:
            _rename(each, name, made)
