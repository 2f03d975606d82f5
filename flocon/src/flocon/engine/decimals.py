"""`/` and AVG of fixed-point numbers answer fixed-point numbers, with Snowflake's scale.

DuckDB's division is floating point. The scale hangs on the operands' types, which only DuckDB
knows: each division is put to its planner once as a call that no function matches, and the error
names the types. So are the types asked for of numbers one of which is the answer (`scales`).

https://docs.snowflake.com/en/sql-reference/operators-arithmetic
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import described, scales
from flocon.engine.expression_types import ASKED, TRUTHS, UNLIKE
from flocon.engine.quoting import quoted

_DIVISION = "division"
_NULL = '"NULL"'
_OF_MANY = (
    exp.Avg, exp.Variance, exp.VariancePop, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Median,
    exp.PercentileCont, exp.Kurtosis,
)  # fmt: skip
_DEVIATIONS: dict[type[Expr], type[Expr]] = {
    exp.Stddev: exp.Variance,
    exp.StddevSamp: exp.Variance,
    exp.StddevPop: exp.VariancePop,
}
_ASKED_FOR = (exp.Div, *_OF_MANY, *scales.KINDS, exp.SetOperation)
_MAX_DIGITS = 38
# Times a power of ten that makes it whole, a number with more decimals is none of 38 digits.
_LONG_SCALE = 12
# So many digits a floating-point number tells.
_TOLD_DIGITS = 15
# What is behind so many decimals may be a floating-point number's (PERCENTILE_CONT).
_TOLD_DECIMALS = 3
_QUOTIENT = "_account_quotient"
# An average over a window that is not cumulative has three decimals more than its values.
# https://docs.snowflake.com/en/sql-reference/functions/avg
_CUT = f"{_QUOTIENT}_cut"
_INTEGERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT|U?INTEGER|INTEGER_LITERAL)")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_CALL = re.compile(r"pi\((.*)\)", re.DOTALL)
# One of the types in such a call, which may have parts of their own.
_TYPE = re.compile(r"(?:[^,()\"]|\"[^\"]*\"|\((?:[^()\"]|\"[^\"]*\"|\([^()]*\))*\))+")
_VARIANCE = "VARIANCE of numbers with more than 12 decimals: cast them to fewer, or to FLOAT"
# What a SELECT reads comes before what it makes of it.
_SOURCES = ("with_", "from_", "joins", "laterals", "using")


class Planner:
    """What DuckDB's planner says of queries, and of the CTEs of one tree."""

    def __init__(
        self,
        unmatched_call: Callable[[Expr], str],
        columns: Callable[[Expr], list[tuple[str, str]]],
    ) -> None:
        """unmatched_call: of a query the call that no function matches, '' for anything else.
        columns: their names and types, [] for a query that fails."""
        self.unmatched_call = unmatched_call
        self._columns = columns
        self._types_alone: dict[int, exp.CTE] = {}

    def types_alone(self, cte: exp.CTE, before: list[exp.CTE]) -> exp.CTE:
        """A CTE that has the same columns and reads nothing; a copy where they are not known. Its
        divisions are exact already.

        The planner's time grows with what it is asked, and many are asked of the same CTEs.
        """
        if id(cte) not in self._types_alone:
            query = _with(cte.this.copy(), _used(cte.this, before, self))
            columns = ", ".join(
                f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in self._columns(query)
            )
            made = self._types_alone[id(cte)] = cte.copy()
            if columns:
                made.set("this", exp.select(exp.var(columns)))
        return self._types_alone[id(cte)].copy()


def exact(tree: Expr, planner: Planner) -> Expr:
    """The tree with its divisions and averages of fixed-point numbers made exact."""
    if not any(map(_is_asked_for, tree.find_all(*_ASKED_FOR))):
        return tree
    for node in tree.walk():
        # All is rewritten: what is copied from here on takes half the time without types.
        node.type = None
    divisions = list(_divisions(tree))
    for number, node in enumerate(divisions):
        node.meta[_DIVISION] = number
    asked = _question(tree.copy())
    if asked is None:
        return tree
    _without_binds(asked.root())
    places = {node.meta[_DIVISION]: node for node in asked.walk() if _DIVISION in node.meta}
    for number, node in enumerate(divisions):
        place = places.get(number)
        if isinstance(place, exp.SetOperation):
            types_of = [_columns(asked, side, planner) for side in scales.selects(place)]
            if not place.args.get("by_name"):
                _check_texts(types_of)
            scales.unite(place, [list(map(_of_engine, types)) for types in types_of])
            scales.unite(node, [list(map(_of_engine, types)) for types in types_of])
        elif place:
            types = _types(asked, place, planner)
            _replace(place, types)
            tree = _replace(node, types, tree)
    return tree


def _divisions(node: Expr) -> Iterator[Expr]:
    """The divisions and averages of a tree, those that others are made of first."""
    keys = [*(k for k in _SOURCES if k in node.args), *(k for k in node.args if k not in _SOURCES)]
    for key in keys:
        value = node.args[key]
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, Expr):
                yield from _divisions(child)
    if isinstance(node, _ASKED_FOR) and _is_asked_for(node):
        yield node


def _is_asked_for(node: Expr) -> bool:
    return isinstance(node, (exp.Div, *_OF_MANY)) or ASKED in node.meta


# --- asking --------------------------------------------------------------------------------------


def _question(tree: Expr) -> Expr | None:
    """A query in which the tree's expressions mean what they mean in the tree; None for a statement
    without a query.

    The planner answers of queries only.
    """
    if isinstance(tree, exp.Query):
        return tree
    if isinstance(tree, exp.Insert | exp.Create):
        return tree.expression if isinstance(tree.expression, exp.Query) else None
    if isinstance(tree, exp.Update):
        values = [assignment.expression for assignment in tree.expressions]
        return _over(values, tree.this, tree.args.get("from_"), tree.args.get("where"))
    if isinstance(tree, exp.Delete):
        query = _over([exp.Literal.number(1)], tree.this, None, tree.args.get("where"))
        for source in tree.args.get("using") or ():
            query = query.join(source, join_type="cross", copy=False)
        return query
    if isinstance(tree, exp.Merge):
        values = [value for when in tree.args["whens"].expressions for value in _values(when)]
        query = _over([*values, tree.args["on"]], tree.this, None, None)
        return query.join(tree.args["using"], join_type="cross")
    return None


def _values(when: Expr) -> list[Expr]:
    then, condition = when.args["then"], when.args.get("condition")
    values = [condition] if condition else []
    if isinstance(then, exp.Update):
        return values + [assignment.expression for assignment in then.expressions]
    if isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
        return values + list(then.expression.expressions)
    return values


def _over(values: list[Expr], table: Expr, more: Expr | None, where: Expr | None) -> exp.Select:
    query = exp.select(*values, copy=False).from_(table)
    if more is not None:
        query = query.join(more.this, join_type="cross", copy=False)
    if where is not None:
        query.set("where", where)
    return query


def _types(asked: Expr, place: Expr, planner: Planner) -> tuple[str, ...]:
    """DuckDB's types of a division's operands, of an average's argument, of a choice's values."""
    top = _top(place)
    if isinstance(place, scales.KINDS):
        operands = [each.copy() for each in scales.values(place)]
    elif isinstance(place, exp.Div):
        operands = [place.this.copy(), place.expression.copy()]
    elif isinstance(place, exp.PercentileCont):
        if (ordered := _within(place)) is None:
            return ()
        operands = [exp.AnyValue(this=ordered.this.copy())]
    else:
        operands = [_with_function(top, lambda value: exp.AnyValue(this=value), distinct=False)]
    call = exp.Anonymous(this="pi", expressions=operands)
    top.replace(call)
    found = _answer(asked, call, planner)
    call.replace(top)
    return found


def _answer(asked: Expr, call: Expr, planner: Planner) -> tuple[str, ...]:
    match = _CALL.fullmatch(
        planner.unmatched_call(_alone(call, planner)) or planner.unmatched_call(asked.root().copy())
    )
    return tuple(each.strip() for each in _TYPE.findall(match[1])) if match else ()


def _columns(asked: Expr, side: exp.Select, planner: Planner) -> tuple[str, ...]:
    """The types of a query's columns."""
    values = side.expressions
    call = exp.Anonymous(this="pi", expressions=[_spread(value.copy()) for value in values])
    side.set("expressions", [call])
    found = _answer(asked, call, planner)
    side.set("expressions", values)
    return found


_TEXTS = ("VARCHAR", "STRING_LITERAL")
_READ_FROM_TEXTS = (
    "BOOLEAN", "DATE", "DOUBLE", "FLOAT", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
)  # fmt: skip


def _check_texts(types_of: Sequence[Sequence[str]]) -> None:
    """Raises 000002 where columns of a UNION are texts and others: which Snowflake would cast."""
    for column in zip(*types_of, strict=False):
        is_other = any(_size(kind) or kind in _READ_FROM_TEXTS for kind in column)
        if is_other and any(kind in _TEXTS for kind in column):
            raise errors.unsupported(UNLIKE)
        if "BOOLEAN" in column and any(map(_size, column)):
            raise errors.unsupported(TRUTHS)


def _spread(value: Expr) -> Expr:
    if not value.is_star:
        return value.unalias()
    return exp.var(f"*COLUMNS({value.sql(dialect='duckdb', identify=True)})")


def _alone(call: Expr, planner: Planner) -> Expr:
    """The smallest query in which a call means what it means in the whole."""
    node = _own_query(call)
    asked = node.copy()
    while (parent := node.parent) is not None:
        with_ = parent if isinstance(parent, exp.With) else parent.args.get("with_")
        visible = [] if with_ is None or with_ is node else with_.expressions
        if with_ is parent:
            visible = visible[: node.index]
        if with_ is not None and with_.args.get("recursive"):
            asked = _with(asked, _used(asked, visible, None), recursive=True)
        elif with_ is not None:
            asked = _with(asked, _used(asked, visible, planner))
        node = parent
    return asked


def _own_query(call: Expr) -> Expr:
    """The innermost query around a call that does not depend on those around it."""
    query = call.find_ancestor(exp.Select)
    while query is not None:
        place = query.parent
        while isinstance(place, exp.Subquery | exp.SetOperation):
            place = place.parent
        if place is None or isinstance(place, exp.From | exp.Join):
            return query
        with_ = place.parent if isinstance(place, exp.CTE) else None
        if with_ is not None and not with_.args.get("recursive"):
            return query
        query = place.find_ancestor(exp.Select)
    return call.root()


def _used(query: Expr, visible: list[exp.CTE], planner: Planner | None) -> list[exp.CTE]:
    """Those of the visible CTEs that a query reads, itself or through others: their types alone,
    without a planner copies of them."""
    names = _names(query)
    used = []
    for place in reversed(range(len(visible))):
        cte = visible[place]
        if cte.alias.lower() in names:
            used.append(planner.types_alone(cte, visible[:place]) if planner else cte.copy())
            names |= _names(used[-1])
    return used[::-1]


def _with(query: Expr, ctes: list[exp.CTE], *, recursive: bool = False) -> Expr:
    """A query that reads these CTEs besides its own."""
    if ctes and query.args.get("with_"):
        alias = exp.TableAlias(this=exp.to_identifier("_"))
        query = exp.select("*").from_(exp.Subquery(this=query, alias=alias), copy=False)
    if ctes:
        query.set("with_", exp.With(expressions=ctes, recursive=recursive or None))
    return query


def _names(query: Expr) -> set[str]:
    return {table.name.lower() for table in query.find_all(exp.Table) if not table.db}


def _without_binds(query: Expr) -> None:
    """The planner has no values for them, and needs none. Once for all divisions: a copy of a long
    query takes longer than the planner's answer."""
    for bind in list(query.find_all(exp.Placeholder)):
        bind.replace(exp.Null())


# --- answering -----------------------------------------------------------------------------------


def _replace(node: Expr, types: tuple[str, ...], tree: Expr | None = None) -> Expr:
    """Put the exact form in a node's place; returns the tree, which may be the node itself."""
    top = _top(node)
    if isinstance(node, exp.Lag | exp.Lead):
        scales.check_default(node, list(map(_of_engine, types)))
        return tree if tree is not None else top
    if isinstance(node, scales.KINDS):
        scales.widen(list(zip(scales.values(node), map(_of_engine, types), strict=False)))
        return tree if tree is not None else top
    if isinstance(node, exp.Median | exp.PercentileCont):
        if len(types) == 1 and (size := _size(types[0])):
            _between(node, top, size)
        return tree if tree is not None else top
    if isinstance(node, exp.Kurtosis):
        # https://docs.snowflake.com/en/sql-reference/functions/kurtosis
        if len(types) == 1 and _size(types[0]):
            top.replace(exp.cast(top.copy(), "DECIMAL(38, 12)", dialect="duckdb"))
        return tree if tree is not None else top
    if isinstance(node, exp.Variance | exp.VariancePop):
        # https://docs.snowflake.com/en/sql-reference/functions/variance
        if len(types) == 1 and (size := _size(types[0])):
            if size[1] > _LONG_SCALE:
                raise errors.unsupported(_VARIANCE)
            top.replace(_variance(top.copy(), size[1]))
        return tree if tree is not None else top
    if isinstance(node, tuple(_DEVIATIONS)):
        # The root of what VARIANCE answers.
        # https://docs.snowflake.com/en/sql-reference/functions/stddev
        if len(types) == 1 and (size := _size(types[0])):
            variance = _with_function(top, lambda value: _DEVIATIONS[type(node)](this=value))
            top.replace(exp.Sqrt(this=_variance(variance, size[1])))
        return tree if tree is not None else top
    if isinstance(node, exp.Avg) and len(types) == 1:
        types = (*types, "BIGINT")
    sizes = [_size(kind) for kind in types]
    if isinstance(node, exp.Div) and any(sizes):
        # A NULL beside a number is one.
        sizes = [(1, 0) if kind == _NULL else size for kind, size in zip(types, sizes, strict=True)]
    if isinstance(top.parent, exp.Pivot):
        # The engine's PIVOT takes one aggregate.
        if sizes and sizes[0]:
            scale = max(sizes[0][1], min(sizes[0][1] + 6, 12))
            top.replace(_cast(top.copy(), f"DECIMAL(38, {scale})"))
        return tree if tree is not None else top
    if len(sizes) == 2 and sizes[0] and sizes[1]:
        name, scale = _QUOTIENT, max(sizes[0][1], min(sizes[0][1] + 6, 12))
        if isinstance(node, exp.Div):
            dividend, divisor = node.this, node.expression
        else:
            if isinstance(top, exp.Window) and not described.is_cumulative(top):
                digits, scale = min(_MAX_DIGITS, sizes[0][0] + 12), sizes[0][1]
                name, (_, scale) = _CUT, _finer((digits, scale))
            dividend = _with_function(top, lambda value: exp.Sum(this=value))
            divisor = _with_function(top, lambda value: exp.Count(this=value))
            sizes[0] = (_MAX_DIGITS, sizes[0][1])
        # A HAVING takes no lambda.
        once = not top.find_ancestor(exp.Having) and any(map(_is_long, (dividend, divisor)))
        macro = f"{name}_once" if once else name
        top.replace(_quotient(macro, dividend.copy(), divisor.copy(), sizes[0], sizes[1], scale))
    return tree if tree is not None else top


def _variance(variance: Expr, scale: int) -> Expr:
    """With the decimals that it has of numbers with so many."""
    return _cast(variance, f"DECIMAL({_MAX_DIGITS}, {described.variance_scale(scale)})")


def _between(node: Expr, top: Expr, size: tuple[int, int]) -> None:
    """A value between two has three decimals more than they. The engine multiplies by a share that
    is a float, and cuts digits off: more of them are rounded here. Of numbers with more digits than
    a float tells, the two in the middle are asked for; elsewhere between them such an answer is
    000002, but for digits behind the third decimal.

    https://docs.snowflake.com/en/sql-reference/functions/percentile_cont
    """
    ordered, more = _within(node), 6
    if ordered is None:
        ordered, more = node, 0
    digits, scale = _finer(size)
    kind, finer = (f"DECIMAL({_MAX_DIGITS}, {min(s, _MAX_DIGITS)})" for s in (scale, scale + more))
    if digits <= _TOLD_DIGITS:
        ordered.set("this", exp.cast(ordered.this, finer, dialect="duckdb"))
        if more:
            top.replace(exp.cast(top.copy(), kind, dialect="duckdb"))
    elif isinstance(node, exp.Median) and scale < _MAX_DIGITS:
        middle = [_with_function(top, partial(_middle, kind, sign)) for sign in (1, -1)]
        found = exp.Anonymous(this="_account_middle", expressions=middle)
        top.replace(exp.cast(found, kind, dialect="duckdb"))
    else:
        ordered.set("this", exp.cast(ordered.this, finer, dialect="duckdb"))
        most = exp.Literal.number(f"1e{_TOLD_DIGITS - min(scale, _TOLD_DECIMALS)}")
        told = exp.Anonymous(this="_account_known_to_a_float", expressions=[top.copy(), most])
        top.replace(exp.cast(told, kind, dialect="duckdb"))


def _middle(kind: str, sign: int, value: Expr) -> Expr:
    """Of values in their order the one in the middle, and of two the lower one; with another sign,
    the upper one with that sign."""
    asked: Expr = exp.cast(value, kind, dialect="duckdb")
    asked = exp.Neg(this=exp.paren(asked)) if sign < 0 else asked
    return exp.Anonymous(
        this="quantile_disc", expressions=[asked, exp.Literal.number("0.5")],
    )  # fmt: skip


def _finer(size: tuple[int, int]) -> tuple[int, int]:
    """Three decimals more. Raises Snowflake's error where a number has no room for them."""
    digits, scale = (each + described.MORE_BETWEEN for each in size)
    if scale > _MAX_DIGITS:
        raise errors.compilation(
            errors.UNSUPPORTED, f"Invalid intermediate datatype: NUMBER({digits},{scale})."
        )
    return digits, scale


def _within(node: Expr) -> Expr | None:
    """What PERCENTILE_CONT orders by."""
    parent = node.parent
    return parent.expression.expressions[0] if isinstance(parent, exp.WithinGroup) else None


def _is_long(operand: Expr) -> bool:
    """The macro repeats its operands: quotients in quotients would grow without end."""
    return any(node.name.startswith(_QUOTIENT) for node in operand.find_all(exp.Anonymous))


def _size(kind: str) -> tuple[int, int] | None:
    """Precision and scale; None for what is no fixed-point number."""
    if match := _DECIMAL.fullmatch(kind):
        return int(match[1]), int(match[2])
    return (_MAX_DIGITS, 0) if _INTEGERS.fullmatch(kind) else None


def _of_engine(kind: str) -> scales.Size | None:
    """The size of a number of the engine's type, None for a NULL."""
    if kind == _NULL:
        return None
    return _size(kind) or scales.OTHER


def _top(node: Expr) -> Expr:
    """An aggregate with its FILTER and OVER."""
    wrappers = exp.Window | exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls
    while isinstance(node.parent, wrappers) and node.arg_key == "this":
        node = node.parent
    return node


def _with_function(top: Expr, function: Callable[[Expr], Expr], *, distinct: bool = True) -> Expr:
    """The same aggregate with another function in AVG's place."""
    copy = top.copy()
    average = copy if isinstance(copy, _OF_MANY) else copy.find(*_OF_MANY, bfs=True)
    assert average is not None
    value = average.this
    if isinstance(value, exp.Distinct) and not distinct:
        value = value.expressions[0]
    changed = function(value.copy())
    if average is copy:
        return changed
    average.replace(changed)
    return copy


def _quotient(
    macro: str,
    dividend: Expr,
    divisor: Expr,
    one: tuple[int, int],
    two: tuple[int, int],
    scale: int,
) -> Expr:
    """dividend / divisor with so many decimals, as the macro rounds.

    The macro divides whole numbers: those are the operands times a power of ten. Where they would
    not fit 128 bits, the engine asks for the quotient's digits.
    """
    (digits, scale1), (_, scale2) = one, two
    fits = min(_MAX_DIGITS - 2 * scale1, _MAX_DIGITS - 1 - scale - scale2)
    room = f"1e{fits}" if scale2 <= _LONG_SCALE else "0"
    whole = exp.Anonymous(
        this=macro,
        expressions=[
            _widest(dividend, scale1),
            _widest(divisor, scale2),
            _power(scale1),
            _cast(_power(scale + scale2 - scale1), "HUGEINT"),
            _power(scale2),
            exp.Literal.number(room),
            exp.Literal.number(scale),
        ],
    )
    width = min(scale + 1, _MAX_DIGITS)
    unit = _cast(exp.Literal.number(f"{1 / 10**scale:.{scale}f}"), f"DECIMAL({width}, {scale})")
    precision = min(_MAX_DIGITS, digits - scale1 + scale2 + scale)
    scaled = exp.Mul(this=_cast(whole, "DECIMAL(38, 0)"), expression=unit)
    return _cast(exp.Paren(this=scaled), f"DECIMAL({precision}, {scale})")


def _widest(operand: Expr, scale: int) -> Expr:
    """A decimal with room for its power of ten."""
    return _cast(operand, f"DECIMAL(38, {scale})") if scale else operand


def _cast(operand: Expr, kind: str) -> Expr:
    return exp.cast(operand, kind, dialect="duckdb", copy=False)


def _power(exponent: int) -> Expr:
    return exp.Literal.number(10**exponent)
