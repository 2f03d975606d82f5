"""Several values of one VARIANT column are read at once, and not by a walk through it for each.

A query with many paths into a column gets what it reads from within a query that extracts all of
them as lists; the macros then only pick.
"""

from collections import defaultdict
from collections.abc import Iterator

from sqlglot import Expr, exp

_TEXT, _KIND = "_account_json_text", "_account_typeof_at"
_DIGITS = "_account_json_digits"
_PICKS = {
    _TEXT: "_account_picked_text",
    _KIND: "_account_picked_kind",
    _DIGITS: "_account_picked_digits",
}
_PICKED_WORD = "_account_picked_word"
_FEW = 2


def read_together(tree: Expr) -> Expr:
    """The tree with its queries' paths into VARIANT columns read together, column by column."""
    for select in list(tree.find_all(exp.Select)):
        if _is_simple(select):
            _rewrite(select)
    return tree


def _is_simple(select: exp.Select) -> bool:
    """Does it read one thing, all of whose columns it names?"""
    if select.args.get("from_") is None or select.is_star:
        return False
    if any(select.args.get(key) for key in ("joins", "laterals", "pivots", "windows", "sample")):
        return False
    source = select.args["from_"].this
    return isinstance(source, exp.Subquery | exp.Table) and not (
        source.args.get("joins") or source.args.get("pivots") or source.args.get("sample")
    )


def _rewrite(select: exp.Select) -> None:
    columns: dict[str, list[exp.Anonymous]] = defaultdict(list)
    for call in _calls(select):
        columns[call.expressions[0].sql()].append(call)
    read = {key: calls for key, calls in columns.items() if len(calls) > _FEW}
    if not read or not _where_may_move(select):
        return
    lists: list[Expr] = []
    for number, calls in enumerate(read.values()):
        lists += _picked(calls, number)
    _put_within(select, lists)


def _calls(select: exp.Select) -> Iterator[exp.Anonymous]:
    """The readings of columns by constant paths among a query's own values."""
    for value in select.expressions:
        for node in value.walk(prune=lambda n: isinstance(n, exp.Query | exp.AggFunc | exp.Lambda)):
            if isinstance(node, exp.Anonymous) and node.name in _PICKS:
                column, path = node.expressions
                if isinstance(column, exp.Column) and not column.db and path.is_string:
                    yield node


def _where_may_move(select: exp.Select) -> bool:
    """Does the condition mean the same inside: columns of what is read, and no names of values?"""
    where = select.args.get("where")
    if where is None:
        return True
    aliases = {value.alias for value in select.expressions if isinstance(value, exp.Alias)}
    return not any(column.name in aliases for column in where.find_all(exp.Column))


def _picked(calls: list[exp.Anonymous], number: int) -> list[Expr]:
    """Let the calls pick from lists; returns the lists' definitions. Kinds are read of the paths
    whose kind is asked for."""
    document = calls[0].expressions[0].copy()
    names = {part: f"${part}_{number}" for part in ("texts", "kinds")}
    paths = _paths(calls)
    kinds = _paths([call for call in calls if call.name == _KIND])
    for call in calls:
        path = call.expressions[1].name
        picks = [_pick(names["texts"], paths, path)]
        function = _PICKS[_DIGITS] if call.name == _DIGITS else _PICKED_WORD
        if path in kinds and call.name != _DIGITS:
            picks.append(_pick(names["kinds"], kinds, path))
            function = _PICKS[call.name]
        operands = [*call.expressions, *picks]
        call.replace(exp.Anonymous(this=function, expressions=operands))
    definitions = [("texts", "json_extract_string", [document, _list(paths)])]
    if kinds:
        definitions.append(("kinds", "json_type", [document, _list(kinds)]))
    return [
        exp.alias_(
            exp.Anonymous(this=function, expressions=[each.copy() for each in operands]),
            names[part],
            quoted=True,
        )
        for part, function, operands in definitions
    ]


def _paths(calls: list[exp.Anonymous]) -> list[str]:
    """The calls' paths, each once."""
    return list(dict.fromkeys(call.expressions[1].name for call in calls))


def _pick(name: str, paths: list[str], path: str) -> exp.Anonymous:
    place = exp.Literal.number(paths.index(path) + 1)
    return exp.Anonymous(this="list_extract", expressions=[_column(name), place])


def _list(paths: list[str]) -> exp.Anonymous:
    return exp.Anonymous(
        this="list_value", expressions=[exp.Literal.string(path) for path in paths]
    )


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _put_within(select: exp.Select, lists: list[Expr]) -> None:
    """What the query reads, and the lists beside it, under the same name as before."""
    source = select.args["from_"].this.pop()
    inner = exp.select("*", *lists, copy=False).from_(source, copy=False)
    inner.set("where", select.args.pop("where", None))
    alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "_", quoted=True))
    select.args["from_"].set("this", exp.Subquery(this=inner, alias=alias))
