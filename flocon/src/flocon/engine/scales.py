"""Numbers of 38 digits beside finer fractions: DuckDB would round the fractions.

A value that is one of several, as of COALESCE, CASE, GREATEST and UNION, has a type that takes all
of them. Of DECIMAL(38, 0), which a cast to INT and a sum of such are, and DECIMAL(10, 2) DuckDB
makes DECIMAL(38, 0); of HUGEINT it makes DECIMAL(38, 2), as Snowflake does.

https://docs.snowflake.com/en/sql-reference/data-types-numeric
"""

from collections.abc import Iterator

from sqlglot import Expr, exp

_CHOICES = (exp.Coalesce, exp.Greatest, exp.Least, exp.Case, exp.If, exp.Nvl2, exp.DecodeCase)
# All that `kept` changes.
KINDS = (*_CHOICES, exp.Mod, exp.SetOperation)

_WHOLE_KINDS = {*exp.DataType.INTEGER_TYPES}
_OF_MANY_DIGITS = (exp.Avg, exp.Div, exp.Sum)
_OF_WHOLE = (exp.Abs, exp.Add, exp.Max, exp.Min, exp.Mul, exp.Neg, exp.Sub, exp.Sum)


def kept(node: Expr) -> Expr:
    """The decimals of a fraction beside whole numbers."""
    if isinstance(node, exp.SetOperation):
        if not isinstance(node.parent, exp.SetOperation):
            _keep_of_union(node)
    elif isinstance(node, exp.Mod):
        # A remainder would be a float.
        if not all(map(_is_whole, (node.this, node.expression))):
            for key in ("this", "expression"):
                if _is_wide(node.args[key]):
                    node.set(key, exp.cast(node.args[key], "BIGINT", dialect="duckdb"))
    elif isinstance(node, _CHOICES) and node.arg_key != "ifs":
        _keep(list(_choices(node)))
    return node


def _choices(node: Expr) -> Iterator[Expr]:
    """The expressions one of which is a value."""
    if isinstance(node, exp.Case):
        yield from (each.args["true"] for each in node.args["ifs"])
        if otherwise := node.args.get("default"):
            yield otherwise
    elif isinstance(node, exp.If | exp.Nvl2):
        yield from (node.args[key] for key in ("true", "false") if node.args.get(key))
    elif isinstance(node, exp.DecodeCase):
        pairs = node.expressions[1:]
        yield from pairs[1::2]
        if len(pairs) % 2:
            yield pairs[-1]
    else:
        yield from (node.this, *node.expressions)


def _keep(values: list[Expr]) -> None:
    fractions = list(filter(_is_fraction, values))
    if not fractions:
        return
    scales = {_scale(each) for each in fractions}
    if len(fractions) > 1:
        _make_room(fractions, max(map(_decimals, fractions)))
    # DuckDB finds the type of two at a time: beside several scales there has to be room.
    one = len(fractions) == 1 or (len(scales) == 1 and None not in scales)
    kind = "HUGEINT" if one else "DECIMAL(26, 0)"
    for value in filter(_is_wide, values):
        cast = exp.Cast(to=exp.DataType.build(kind, dialect="duckdb"))
        value.replace(cast)
        cast.set("this", value)


def _make_room(values: list[Expr], scale: int) -> None:
    """Give numbers of 38 digits so many decimals, or those that they have: of the types of two
    summands the engine takes the larger scale."""
    for value in values:
        if _is_large(value):
            nothing = exp.cast(exp.Literal.number(0), f"DECIMAL({scale + 1}, {scale})")
            whole = exp.Paren(this=exp.Add(this=exp.Null(), expression=nothing))
            value.replace(whole)
            whole.this.set("this", exp.paren(value, copy=False))


def _is_large(value: Expr) -> bool:
    """Is it, or may it be, a number with decimals that has 38 digits?"""
    bare = _aggregate(value)
    if isinstance(bare, exp.Literal):
        return False
    if isinstance(bare, _OF_MANY_DIGITS):
        return True
    kind = bare.to if isinstance(bare, exp.Cast) else bare.type
    if kind is None or kind.this != exp.DType.DECIMAL or len(kind.expressions) != 2:
        return False
    return kind.expressions[0].name == "38"


def _aggregate(value: Expr) -> Expr:
    bare = value.unnest()
    while isinstance(bare, exp.Filter | exp.Neg | exp.Window):
        bare = bare.this.unnest()
    return bare


def _decimals(value: Expr) -> int:
    """How many decimals, by what is known."""
    bare = _aggregate(value)
    if isinstance(bare, exp.Avg | exp.Div):
        scale = _decimals(bare.this)
        return max(scale, min(scale + 6, 12))
    if isinstance(bare, exp.Literal | exp.Cast):
        return _scale(bare) or 0
    sizes = bare.type.expressions if bare.type and bare.type.this == exp.DType.DECIMAL else ()
    return int(sizes[1].name) if len(sizes) == 2 else 0


def _scale(value: Expr) -> int | None:
    """How many decimals; None where that is not known."""
    bare = value.unnest()
    if isinstance(bare, exp.Literal):
        return len(bare.name.lower().partition("e")[0].partition(".")[2])
    kind = bare.to if isinstance(bare, exp.Cast) else bare.type
    if kind is None or not isinstance(bare, exp.Cast | exp.Column) or len(kind.expressions) != 2:
        return None
    return int(kind.expressions[1].name)


def _keep_of_union(node: exp.SetOperation) -> None:
    sides = list(_sides(node))
    if all(isinstance(side, exp.Select) and not side.is_star for side in sides):
        lists = [side.expressions for side in sides]
        if len(set(map(len, lists))) == 1:
            for values in zip(*lists, strict=True):
                _keep([_valued(value) for value in values])


def _valued(value: Expr) -> Expr:
    """A column's value, under a name that it keeps."""
    if isinstance(value, exp.Column) and (_is_wide(value) or _is_large(value)):
        named = exp.alias_(value.copy(), value.name, quoted=True)
        value.replace(named)
        return named.this
    return value.unalias()


def _sides(node: Expr) -> Iterator[Expr]:
    for side in (node.this, node.expression):
        bare = side.unnest()
        if isinstance(bare, exp.SetOperation):
            yield from _sides(bare)
        else:
            yield bare


def _is_fraction(value: Expr) -> bool:
    """Is it, by what is known, a fixed-point number with decimals?"""
    bare = value.unnest()
    if isinstance(bare, exp.Neg):
        return _is_fraction(bare.this)
    if isinstance(bare, exp.Literal):
        return not bare.is_string and not bare.is_int
    if isinstance(bare, _CHOICES):
        return any(map(_is_fraction, _choices(bare)))
    kind = bare.to if isinstance(bare, exp.Cast) else bare.type
    numeric = kind is not None and kind.this in exp.DataType.NUMERIC_TYPES
    return numeric and not _is_whole(bare)


def _is_wide(value: Expr) -> bool:
    """Is it a whole number that has the engine's DECIMAL(38, 0)?"""
    bare = value.unnest()
    return _is_whole(bare) and not isinstance(bare, exp.Literal | exp.Null)


def _is_whole(value: Expr) -> bool:
    bare = value.unnest()
    if isinstance(bare, exp.Literal):
        return bare.is_int
    if isinstance(bare, exp.Null | exp.Count | exp.Length):
        return True
    if isinstance(bare, exp.Window | exp.Filter):
        return _is_whole(bare.this)
    if isinstance(bare, exp.Cast):
        return _is_whole_kind(bare.to)
    if isinstance(bare, exp.Column):
        # Of a DECIMAL without a size nothing is known.
        sized = bare.type is not None and (bare.type.expressions or bare.type.this in _WHOLE_KINDS)
        return bool(sized) and bare.type is not None and _is_whole_kind(bare.type)
    if isinstance(bare, _OF_WHOLE):
        return all(_is_whole(each) for each in (bare.this, bare.args.get("expression")) if each)
    return isinstance(bare, _CHOICES) and all(map(_is_whole, _choices(bare)))


def _is_whole_kind(kind: exp.DataType) -> bool:
    if kind.this == exp.DType.DECIMAL:
        sizes = [each.name for each in kind.expressions]
        return len(sizes) < 2 or sizes[1] == "0"
    return kind.this in _WHOLE_KINDS
