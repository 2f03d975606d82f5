"""Functions of numbers that DuckDB lacks.

https://docs.snowflake.com/en/sql-reference/functions-numeric
"""

from sqlglot import Expr, exp

from flocon.engine.objects import call

MACROS = (
    "_account_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1"
    " ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END",
    # Whole months between the same days, or the last ones; else 31 days make a month.
    "_account_months_between(a, b) AS (year(a) - year(b)) * 12 + month(a) - month(b)"
    " + CASE WHEN day(a) = day(b) OR (day(a) = day(last_day(a)) AND day(b) = day(last_day(b)))"
    " THEN 0.0 ELSE (CAST(day(a) - day(b) AS DOUBLE) + (epoch(a) - epoch(date_trunc('day', a))"
    " - epoch(b) + epoch(date_trunc('day', b))) / 86400) / 31 END",
    "_account_radians(x) AS x / 57.29577951308232e0",
    # There is no line through points of one place.
    "_account_number_or_null(x) AS CASE WHEN NOT isnan(x) THEN x END",
    "haversine(a, b, c, d) AS 2 * 6371 * asin(sqrt(pow(sin(radians(c - a) / 2), 2)"
    " + cos(radians(a)) * cos(radians(c)) * pow(sin(radians(d - b) / 2), 2)))",
)

_OPERANDS = ("this", "expression")


def functions(node: Expr) -> Expr:
    """WIDTH_BUCKET, RATIO_TO_REPORT, MONTHS_BETWEEN, RADIANS, BITMAP_BUCKET_NUMBER, REGR_…"""
    if isinstance(node, exp.MonthsBetween):
        moments = (exp.cast(node.args[key], "TIMESTAMP", dialect="duckdb") for key in _OPERANDS)
        return call("_account_months_between", *moments)
    if isinstance(node, exp.Radians):
        return call("_account_radians", exp.cast(node.this, "DOUBLE", dialect="duckdb"))
    if isinstance(node, exp.WidthBucket):
        keys = ("this", "min_value", "max_value", "num_buckets")
        return call("_account_bucket", *(node.args[key] for key in keys))
    if _is_slope(node) and not isinstance(node.parent, exp.Window | exp.Filter):
        return call("_account_number_or_null", node.copy())
    if not isinstance(node, exp.Window) or node.this.name.upper() != "RATIO_TO_REPORT":
        return node
    value = node.this.expressions[0]
    node.set("this", exp.Sum(this=value.copy()))
    return exp.Div(this=value, expression=call("nullif", node.copy(), exp.Literal.number(0)))


def _is_slope(node: Expr) -> bool:
    """Is it REGR_SLOPE or REGR_R2, with its OVER and FILTER?"""
    while isinstance(node, exp.Window | exp.Filter):
        node = node.this
    return isinstance(node, exp.RegrSlope | exp.RegrR2)
