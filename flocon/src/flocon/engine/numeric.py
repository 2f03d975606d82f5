"""Functions of numbers that DuckDB lacks.

https://docs.snowflake.com/en/sql-reference/functions-numeric
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import duckdb
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import described
from flocon.engine.objects import call
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

# More digits than a number of 38 of them has that is divided by another one.
_LONG = Context(prec=120)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let macros ask."""
    text = "VARCHAR"
    connection.create_function(
        "_account_long_quotient", _long_quotient, [text, text, "BIGINT", "BOOLEAN"], text
    )


def _long_quotient(dividend: str, divisor: str, scale: int, is_cut: bool) -> str:
    """The digits of a quotient with so many decimals, of numbers that 128 bits have no room for on
    the way. is_cut: what is behind the last digit is cut off, not rounded."""
    if not Decimal(divisor):
        raise ValueError("Division by zero")
    quotient = _LONG.divide(Decimal(dividend), Decimal(divisor)).scaleb(scale, _LONG)
    whole = quotient.quantize(Decimal(1), ROUND_DOWN if is_cut else ROUND_HALF_UP, context=_LONG)
    if abs(whole) >= 10**38:
        raise ValueError(f"Number out of representable range, value {whole.scaleb(-scale):.5e}")
    return str(whole)


def _to_places(function: str) -> Iterator[str]:
    """ROUND or TRUNC to as many places as a column says: the engine wants a constant. The number
    keeps its scale, and is written once but in a HAVING, which takes no lambda."""
    cases = " ".join(f"WHEN {n} THEN {function}(x, {n})" for n in range(-38, 38))
    name = f"_account_{function}_to"
    yield (
        f"{name}(x, n) AS CASE WHEN n IS NULL THEN NULL"
        f" WHEN n < -38 THEN {function}(x, -38) ELSE CASE n {cases} ELSE x END END"
    )
    once = f"lambda each: {name}(each.x, each.n)"
    yield f"{name}_once(x, n) AS list_transform([struct_pack(x := x, n := n)], {once})[1]"


def _unit(places: int) -> str:
    """One in so many places."""
    return f"0.{'0' * (places - 1)}1" if places > 0 else f"1{'0' * -places}"


# Functions of floating-point numbers: what Snowflake calls them in an error, and the arguments that
# they have not.
_DOMAINS: dict[type[Expr], tuple[str, str]] = {
    exp.Acos: ("acos({x})", "abs(x) > 1 AND NOT isnan(x)"),
    exp.Acosh: ("acosh({x})", "x < 1"),
    exp.Asin: ("asin({x})", "abs(x) > 1 AND NOT isnan(x)"),
    exp.Atanh: ("atanh({x})", "abs(x) >= 1 AND NOT isnan(x)"),
    exp.Cot: ("cot({x})", "x = 0"),
    exp.Ln: ("log(e,{x})", "x <= 0"),
    exp.Sqrt: ("sqrt({x})", "x < 0"),
    exp.Log: ("log({x},{y})", "x <= 0 OR x = 1 OR y <= 0"),
    exp.Pow: ("pow({x},{y})", "(x < 0 AND y <> floor(y)) OR (x = 0 AND y < 0)"),
}


def _within_domains() -> Iterator[str]:
    """The functions that say what it is that they have not."""
    for form, (said, is_wrong) in _DOMAINS.items():
        name, is_of_two = form.key, "{y}" in said
        shown = said.replace("{x}", "%g").replace("{y}", "%g")
        operands = "x, y" if is_of_two else "x"
        yield (
            f"_account_{name}({operands}) AS CASE WHEN {is_wrong} THEN"
            f" error(printf('Invalid floating point operation: {shown}', {operands}))"
            f" ELSE {name}({operands}) END"
        )


# What may be another value when it is asked again, or takes long to say.
_ASKED_ONCE = (exp.Anonymous, exp.Query, exp.Normal, exp.Rand, exp.Randn, exp.Uniform, exp.Zipf)


def _of_domain(node: Expr) -> Expr | None:
    """A function of floating-point numbers whose errors say what it was asked."""
    if type(node) not in _DOMAINS or node.find(*_ASKED_ONCE):
        return None
    keys = _OPERANDS if "{y}" in _DOMAINS[type(node)][0] else ("this",)
    operands = [node.args.get(key) for key in keys]
    if None in operands or (isinstance(node, exp.Pow) and _is_whole(node.expression)):
        return None
    casts = (exp.cast(each, "DOUBLE", dialect="duckdb") for each in operands if each)
    return call(f"_account_{node.key}", *casts)


MACROS = (
    *_within_domains(),
    "_account_bucket(x, low, high, n) AS CASE WHEN n <= 0 OR low >= high THEN"
    " error('Invalid bounds or number of buckets of WIDTH_BUCKET')"
    " WHEN x < low THEN 0 WHEN x >= high THEN n + 1"
    " ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END",
    # Whole months between the same days, or the last ones; else 31 days make a month.
    "_account_months_between(a, b) AS (year(a) - year(b)) * 12 + month(a) - month(b)"
    " + CASE WHEN day(a) = day(b) OR (day(a) = day(last_day(a)) AND day(b) = day(last_day(b)))"
    " THEN 0.0 ELSE (CAST(day(a) - day(b) AS DOUBLE) + (epoch(a) - epoch(date_trunc('day', a))"
    " - epoch(b) + epoch(date_trunc('day', b))) / 86400) / 31 END",
    "_account_radians(x) AS x / 57.29577951308232e0",
    # The engine's root of 27 is a little more than 3.
    "_account_cbrt(x) AS CASE WHEN round(cbrt(x)) ** 3 = x THEN round(cbrt(x)) ELSE cbrt(x) END",
    # Between the lower one of two and the upper one, which comes with another sign.
    "_account_middle(low, high) AS"
    " CASE WHEN low = -high THEN low ELSE low + (-high - low) * 0.5 END",
    # An answer that a floating-point number had a part in.
    "_account_known_to_a_float(x, most) AS CASE WHEN abs(x) >= most THEN CAST(error("
    "'Unsupported feature: PERCENTILE_CONT of numbers of so many digits: cast them to fewer')"
    " AS DOUBLE) ELSE x END",
    *_to_places("round"),
    *_to_places("trunc"),
    # Without a power of ten, which is a float: 1.1 * 10 is more than 11.
    "_account_ceil_at(x, n, unit) AS trunc(x, n) + CASE WHEN trunc(x, n) < x THEN unit ELSE 0 END",
    "_account_floor_at(x, n, unit) AS trunc(x, n) - CASE WHEN trunc(x, n) > x THEN unit ELSE 0 END",
    *(
        f"_account_{word}_at_once(x, n, unit) AS list_transform([x],"
        f" lambda each: _account_{word}_at(each, n, unit))[1]"
        for word in ("ceil", "floor")
    ),
    # Snowflake multiplies by a quotient of whole numbers, which has six decimals.
    "_account_skew(g, n) AS CASE WHEN n > 2 THEN g * ((2000000 * n + (n - 1) * (n - 2))"
    " // (2 * (n - 1) * (n - 2))) / 1e6 * ((n - 1) * (n - 2)) / n END",
    # There is no line through points of one place.
    "_account_number_or_null(x) AS CASE WHEN NOT isnan(x) THEN x END",
    "haversine(a, b, c, d) AS 2 * 6371 * asin(sqrt(pow(sin(radians(c - a) / 2), 2)"
    " + cos(radians(a)) * cos(radians(c)) * pow(sin(radians(d - b) / 2), 2)))",
)

_OPERANDS = ("this", "expression")


_PLACES: dict[type[Expr], str] = {
    exp.Round: "round",
    exp.Trunc: "trunc",
    exp.Ceil: "ceil",
    exp.Floor: "floor",
}


def _rounded(node: Expr) -> Expr | None:
    """ROUND, TRUNC, CEIL and FLOOR to a number of places, as far as the engine has it not.

    https://docs.snowflake.com/en/sql-reference/functions/round
    https://docs.snowflake.com/en/sql-reference/functions/floor
    """
    word, value, places = _PLACES.get(type(node), ""), node.this, node.args.get("decimals")
    if isinstance(node, exp.Anonymous) and node.name.upper() in ("TRUNC", "TRUNCATE"):
        word, (value, places) = "trunc", [*node.expressions, None, None][:2]
    if type(node) in _PLACES and not node.args.get("truncate") and described.is_round(node):
        return exp.paren(value)
    if not word or places is None:
        return None
    if (written := described.whole_constant(places)) is not None:
        places = exp.Literal.number(written)
        if type(node) in _PLACES:
            node.set("decimals", places)
    kind = value.type.this if value.type else None
    bare = places.this if isinstance(places, exp.Neg) else places
    # A HAVING takes no lambda.
    once = "" if node.find_ancestor(exp.Having) else "_once"
    whole = exp.cast(places, "INTEGER", dialect="duckdb")
    if word in ("ceil", "floor"):
        if kind in exp.DataType.FLOAT_TYPES and not _is_written(value):
            node.set("decimals", places if isinstance(bare, exp.Literal) else whole)
            return None
        if not (isinstance(bare, exp.Literal) and bare.is_int and -18 <= int(places.sql()) < 38):
            raise errors.unsupported(f"{word.upper()} to {places.sql('snowflake')[:100]} places")
        short = isinstance(value.unnest(), exp.Column | exp.Literal)
        unit = exp.Literal.number(_unit(int(places.sql())))
        return call(f"_account_{word}_at{'' if short else once}", value, places, unit)
    number = described.of(value)
    is_fixed = isinstance(number, described.Number) and written is None
    if not is_fixed and places.find(exp.Column, exp.Null, exp.Placeholder, exp.Query) is None:
        return None
    if isinstance(node, exp.Round) and node.args.get("truncate"):
        raise errors.unsupported("ROUND with a rounding mode and a number of places from a column")
    if isinstance(number, described.Number) and number.scale:
        # All digits of the engine's, which a carry may exceed: it would leave out decimals.
        if number.precision >= described.MOST_DIGITS:
            raise errors.unsupported(f"{word.upper()} of 38 digits to places that are no constant")
        kind = f"DECIMAL({number.precision}, {number.scale})"
        value = exp.cast(value, kind, dialect="duckdb")
    return call(f"_account_{word}_to{once}", value, whole)


def read_mode(rounding: exp.Round) -> None:
    """ROUND's third argument, as far as there is one, for numbers with a fixed point alone.

    https://docs.snowflake.com/en/sql-reference/functions/round
    """
    mode, kind = rounding.args.get("truncate"), rounding.this.type
    if mode is None:
        return
    is_fixed = isinstance(described.of(rounding.this), described.Number)
    floats = (*exp.DataType.FLOAT_TYPES, *JSON_TYPES)
    if isinstance(mode, exp.Null):
        rounding.set("decimals", exp.Null())
        rounding.set("truncate", None)
    elif not is_fixed and kind is not None and kind.this in floats:
        text = "too many arguments for function [ROUND] expected 2, got 3"
        raise errors.compilation(errors.TOO_MANY_ARGUMENTS, text)
    elif mode.is_number or mode.find(exp.Column, exp.Query):
        found = mode.sql("snowflake")[:100]
        text = f"argument 3 to function ROUND needs to be constant, found '{found}'"
        raise errors.compilation(errors.NOT_CONSTANT, text)
    elif not is_fixed and kind is not None and kind.this in TEXT_TYPES:
        raise errors.unsupported("ROUND of a text with a mode: cast the text to a NUMBER")
    elif not mode.is_string:
        raise errors.unsupported(f"ROUND with the mode {mode.sql('snowflake')[:100]}")
    elif mode.name.upper() not in _MODES:
        text = f"invalid argument for function [ROUND] unexpected argument [{mode.name[:100]}]"
        raise errors.compilation(errors.COMPILATION, text)
    else:
        is_even = mode.name.upper() == "HALF_TO_EVEN"
        rounding.set("truncate", exp.Literal.string("HALF_TO_EVEN") if is_even else None)


_MODES = ("HALF_AWAY_FROM_ZERO", "HALF_TO_EVEN")


def _is_float(value: Expr) -> bool:
    """Is it known to be one?"""
    kind = value.type.this if value.type else None
    return kind in exp.DataType.FLOAT_TYPES and isinstance(value, exp.Column | exp.Cast)


def _is_written(value: Expr) -> bool:
    """Is it a fixed-point constant? SQLGlot takes 1.5 for a float."""
    bare = value.unnest()
    bare = bare.this if isinstance(bare, exp.Neg) else bare
    return isinstance(bare, exp.Literal) and "e" not in bare.name.lower()


def functions(node: Expr) -> Expr:
    """ROUND and its like to so many places as a column says, WIDTH_BUCKET, RATIO_TO_REPORT,
    MONTHS_BETWEEN, RADIANS, CBRT, POWER, COUNT_IF, BITMAP_BUCKET_NUMBER, REGR_…, SKEW"""
    if (rounded := _rounded(node)) is not None:
        return rounded
    if (
        isinstance(node, exp.Trunc)
        and _is_float(node.this)
        and not isinstance(node.parent, exp.Add)
    ):
        # Zero has no sign.
        return exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number("0e0")))
    if isinstance(node, exp.MonthsBetween):
        moments = (exp.cast(node.args[key], "TIMESTAMP", dialect="duckdb") for key in _OPERANDS)
        return call("_account_months_between", *moments)
    if isinstance(node, exp.Radians):
        return call("_account_radians", exp.cast(node.this, "DOUBLE", dialect="duckdb"))
    if isinstance(node, exp.CountIf):
        # The engine's is NULL of no rows.
        is_true = exp.Is(this=exp.paren(node.this), expression=exp.true())
        return exp.Count(this=exp.Case(ifs=[exp.If(this=is_true, true=exp.Literal.number(1))]))
    if isinstance(node, exp.Count) and node.expressions:
        # Rows in which none is NULL.
        missing = [_is_null(each) for each in (node.this, *node.expressions)]
        return exp.Count(
            this=exp.Case(
                ifs=[exp.If(this=exp.or_(*missing), true=exp.Null())],
                default=exp.Literal.number(1),
            )
        )
    if isinstance(node, exp.Cbrt):
        return call("_account_cbrt", exp.cast(node.this, "DOUBLE", dialect="duckdb"))
    if (checked := _of_domain(node)) is not None:
        return checked
    if isinstance(node, exp.WidthBucket):
        keys = ("this", "min_value", "max_value", "num_buckets")
        return call("_account_bucket", *(node.args[key] for key in keys))
    if _is_slope(node) and not isinstance(node.parent, exp.Window | exp.Filter):
        return call("_account_number_or_null", node.copy())
    if _is_skew(node) and not isinstance(node.parent, exp.Window):
        count = node.copy()
        skew = count.this if isinstance(count, exp.Window) else count
        counted = exp.Count(this=skew.this.copy())
        whole = counted if skew is count else count
        skew.replace(counted)
        return call("_account_skew", node.copy(), whole)
    if not isinstance(node, exp.Window) or node.this.name.upper() != "RATIO_TO_REPORT":
        return node
    value = node.this.expressions[0]
    node.set("this", exp.Sum(this=value.copy()))
    return exp.Div(this=value, expression=call("nullif", node.copy(), exp.Literal.number(0)))


def _is_whole(value: Expr) -> bool:
    bare = value.unnest()
    return isinstance(bare, exp.Literal) and bare.is_int


def _is_null(value: Expr) -> Expr:
    return exp.Is(this=value.copy(), expression=exp.Null())


def _is_skew(node: Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Window) else node, exp.Skewness)


def _is_slope(node: Expr) -> bool:
    """Is it REGR_SLOPE or REGR_R2, with its OVER and FILTER?"""
    while isinstance(node, exp.Window | exp.Filter):
        node = node.this
    return isinstance(node, exp.RegrSlope | exp.RegrR2)
