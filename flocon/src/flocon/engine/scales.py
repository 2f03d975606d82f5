"""Numbers one of which is the answer, as of COALESCE, CASE, GREATEST and UNION: their type takes
all of them, with the decimals of the finest. DuckDB's would lack decimals where it had more than 38
digits; there they are cast before.

What is not known here, `decimals` asks the engine for.

https://docs.snowflake.com/en/sql-reference/data-types-numeric
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.choices import chosen
from flocon.engine.expression_types import ASKED, COLUMNS, is_guessed, united_queries
from flocon.engine.texts import is_text
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

_CHOICES = (exp.Coalesce, exp.Greatest, exp.Least, exp.Case, exp.If, exp.Nvl2, exp.DecodeCase)
# All that `kept` changes.
_WITH_DEFAULT = (exp.Lag, exp.Lead)
KINDS = (*_CHOICES, *_WITH_DEFAULT, exp.Mod, exp.Values)

# Precision and scale.
Size = tuple[int, int]
_MAX_DIGITS = 38
_WHOLE: Size = (_MAX_DIGITS, 0)
# Of what is no fixed-point number.
OTHER: Size = (0, 0)
_SMALL = 9
_OF_WHOLE = (exp.Abs, exp.Add, exp.Mul, exp.Sub)
# SQLGlot may take their answers for whole numbers that are none.
_MAY_HAVE_DECIMALS = (*_OF_WHOLE, exp.Div, exp.Mod, exp.Round, exp.Trunc)
_NO_NUMBERS = {
    *TEXT_TYPES, *JSON_TYPES, *exp.DataType.TEMPORAL_TYPES, exp.DType.BOOLEAN, exp.DType.BINARY,
    exp.DType.VARBINARY, exp.DType.STRUCT,
}  # fmt: skip


def kept(node: Expr) -> Expr:
    """The decimals of a fraction beside other numbers."""
    if isinstance(node, exp.Mod):
        # A remainder would be a float.
        operands = {key: _size(node.args[key]) for key in ("this", "expression")}
        if not all(size and size != OTHER and not size[1] for size in operands.values()):
            for key, size in operands.items():
                if size == _WHOLE:
                    node.set(key, exp.cast(node.args[key], "BIGINT", dialect="duckdb"))
            if not {None, OTHER, _WHOLE} & set(operands.values()):
                widen([(node.args[key], size) for key, size in operands.items()])
    elif isinstance(node, exp.Values):
        if len(node.expressions) <= _MANY_ROWS and not isinstance(node.parent, exp.Insert):
            _keep_columns(node)
    elif isinstance(node, _WITH_DEFAULT):
        _keep_default(node)
    elif isinstance(node, _CHOICES) and node.arg_key != "ifs":
        numbers = [each for each in values(node) if not _is_small(each)]
        sizes = list(map(_size, numbers))
        if OTHER not in sizes and len(sizes) > 1:
            known = [size for size in sizes if size is not None]
            if len(known) == len(sizes):
                widen(list(zip(numbers, known, strict=True)))
            else:
                node.meta[ASKED] = True
    return node


def _keep_default(node: exp.Lag | exp.Lead) -> None:
    """LAG and LEAD: the engine casts what they answer outside of the rows to their values' type."""
    default = node.args.get("default")
    if default is None or isinstance(default.unnest(), exp.Null):
        return
    if is_text(node.this) and default.type and default.type.this in exp.DataType.NUMERIC_TYPES:
        raise errors.unsupported(_OTHER_DEFAULT.format(node.sql_name()))
    if _is_small(default):
        return
    sizes = [_size(each) for each in values(node)]
    if None in sizes:
        node.meta[ASKED] = True
    else:
        check_default(node, sizes)


def check_default(node: exp.Lag | exp.Lead, sizes: Sequence[Size | None]) -> None:
    """Raises 000002 where a default of LAG or LEAD would lose digits. sizes: of the values and of
    the default.

    https://docs.snowflake.com/en/sql-reference/functions/lag
    """
    if len(sizes) != 2:
        return
    value, default = sizes
    if value is None or value == OTHER:
        return
    if default is None or default == OTHER or default[1] > value[1]:
        raise errors.unsupported(_OTHER_DEFAULT.format(node.sql_name()))


_OTHER_DEFAULT = "{} with a default of another type than its values, or with more decimals: cast it"


def _keep_columns(rows: exp.Values) -> None:
    """The same for the columns of VALUES, which are constants."""
    lists = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in rows.expressions]
    for column in zip(*lists, strict=False):
        numbers = [each for each in column if not isinstance(each.unnest(), exp.Null)]
        widen([(each, _size(each) or OTHER) for each in numbers])


_MANY_ROWS = 200


def values(node: Expr) -> Iterator[Expr]:
    """The expressions one of which is a choice's value."""
    if isinstance(node, _WITH_DEFAULT):
        yield from (node.this, node.args["default"])
    elif isinstance(node, _CHOICES):
        yield from chosen(node)
    else:
        yield from (node.this, *node.expressions)


def widen(numbers: Sequence[tuple[Expr, Size | None]]) -> None:
    """Give numbers of these sizes room for the decimals of all, where they have not. None: of what
    is NULL."""
    scale = _wanted([size for _, size in numbers])
    for number, size in numbers:
        if size is not None and size[1] < scale:
            mark = exp.Null()
            number.replace(mark)
            mark.replace(_with_decimals(number, scale))


def _with_decimals(number: Expr, scale: int) -> exp.Cast:
    """exp.cast() would leave a number alone that is cast to another size."""
    return exp.Cast(this=number, to=exp.DataType.build(f"DECIMAL({_MAX_DIGITS}, {scale})"))


def _wanted(sizes: Sequence[Size | None]) -> int:
    """The decimals that numbers of these sizes are cast to; 0 where the engine keeps all."""
    found = [size for size in sizes if size is not None]
    if OTHER in found or not found:
        return 0
    scale = max(decimals for _, decimals in found)
    digits = max(precision - decimals for precision, decimals in found)
    return scale if digits + scale > _MAX_DIGITS else 0


def selects(union: Expr) -> list[exp.Select]:
    """The SELECTs that a UNION is of."""
    return [side for side in united_queries(union) if isinstance(side, exp.Select)]


def unite(node: Expr, sizes: Sequence[Sequence[Size | None]]) -> None:
    """The same for the columns of a UNION. sizes: those of each side's columns."""
    queries = selects(node)
    # What a column is known by: its name, or its place.
    keys: list[Sequence[str | int]] = [
        (_names(side) or []) if node.args.get("by_name") else range(len(own))
        for side, own in zip(queries, sizes, strict=True)
    ]
    if any(own and len(names) != len(own) for names, own in zip(keys, sizes, strict=True)):
        raise errors.unsupported("UNION BY NAME of * with other columns: name the columns")
    together: dict[str | int, list[Size | None]] = {}
    for names, own in zip(keys, sizes, strict=True):
        for key, size in zip(names, own, strict=False):
            together.setdefault(key, []).append(size)
    scale_of = {key: _wanted(found) for key, found in together.items()}
    for side, names, own in zip(queries, keys, sizes, strict=True):
        places = {
            place: scale_of[key]
            for place, (key, size) in enumerate(zip(names, own, strict=False))
            if size is not None and size[1] < scale_of[key]
        }
        if places:
            _cast_columns(side, places)


def _names(side: exp.Select) -> list[str] | None:
    """The names of a query's columns, None where they are not known."""
    if side.is_star:
        names: list[str] | None = side.meta.get(COLUMNS)
        return names
    return [each.alias_or_name for each in side.expressions]


def _cast_columns(side: exp.Select, places: Mapping[int, int]) -> None:
    """Give the columns in these places so many decimals."""
    names = _names(side)
    if names is None:
        raise errors.unsupported("UNION of * with numbers of other decimals: name the columns")
    if side.is_star:
        identifiers = [exp.to_identifier(name, quoted=True) for name in names]
        alias = exp.TableAlias(this=exp.to_identifier("_"), columns=identifiers)
        inner = exp.Subquery(this=side.copy(), alias=alias)
        outer = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(inner)
        side.replace(outer)
        side = outer
    for place, scale in places.items():
        value = side.expressions[place]
        cast = _with_decimals(value.unalias().copy(), scale)
        value.replace(exp.alias_(cast, names[place], quoted=True) if names[place] else cast)


def _is_small(value: Expr) -> bool:
    """Is it nothing, or a whole number that takes no room?"""
    bare = value.unnest()
    bare = bare.this if isinstance(bare, exp.Neg) else bare
    is_whole = isinstance(bare, exp.Literal) and bare.is_int and len(bare.name) <= _SMALL
    return is_whole or isinstance(bare, exp.Null)


def _size(value: Expr) -> Size | None:
    """A number's size, OTHER for what is no fixed-point number; None where that is not known."""
    bare = value.unnest()
    while isinstance(bare, exp.Neg | exp.Filter | exp.Window):
        bare = bare.this.unnest()
    if isinstance(bare, exp.Literal):
        return _of_literal(bare)
    if isinstance(bare, exp.Max | exp.Min | exp.AnyValue):
        return _size(bare.this)
    if isinstance(bare, exp.Sum):
        size = _size(bare.this)
        return (_MAX_DIGITS, size[1]) if size and size != OTHER else size
    if isinstance(bare, exp.Cast):
        return _of_kind(bare.to, is_cast=True)
    if isinstance(bare, exp.Column):
        return _of_kind(bare.type)
    if isinstance(bare, _CHOICES):
        chosen = [_size(each) for each in values(bare) if not isinstance(each.unnest(), exp.Null)]
        return chosen[0] if len(set(chosen)) == 1 else None
    if isinstance(bare, exp.Count | exp.Length):
        return _WHOLE
    if isinstance(bare, _OF_WHOLE):
        parts = [each for each in (bare.this, bare.args.get("expression")) if each]
        if all(_is_small(each) or _size(each) == _WHOLE for each in parts):
            return _WHOLE
    kind = bare.type.this if bare.type else None
    if is_text(bare):
        return OTHER
    if kind in exp.DataType.INTEGER_TYPES and not isinstance(bare, _MAY_HAVE_DECIMALS):
        return _WHOLE
    return OTHER if kind in _NO_NUMBERS else None


def _of_literal(literal: exp.Literal) -> Size:
    if literal.is_string or "e" in literal.name.lower():
        return OTHER
    whole, _, decimals = literal.name.partition(".")
    return max(len(whole), 1) + len(decimals), len(decimals)


def _of_kind(kind: exp.DataType | None, *, is_cast: bool = False) -> Size | None:
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        return None
    if kind.this in exp.DataType.INTEGER_TYPES:
        return _WHOLE
    if is_guessed(kind):
        return None
    if kind.this != exp.DType.DECIMAL:
        return OTHER
    if not kind.expressions:
        return _WHOLE if is_cast else None
    precision, scale = [*(int(each.name) for each in kind.expressions), 0][:2]
    return precision, scale
