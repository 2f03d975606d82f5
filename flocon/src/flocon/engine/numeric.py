"""Functions of numbers that DuckDB lacks.

https://docs.snowflake.com/en/sql-reference/functions-numeric
"""

from sqlglot import Expr, exp

from flocon.engine.objects import call

MACROS = (
    "_account_bucket(x, low, high, n) AS CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1"
    " ELSE CAST(floor((x - low) * n / (high - low)) AS BIGINT) + 1 END",
    "haversine(a, b, c, d) AS 2 * 6371 * asin(sqrt(pow(sin(radians(c - a) / 2), 2)"
    " + cos(radians(a)) * cos(radians(c)) * pow(sin(radians(d - b) / 2), 2)))",
)


def functions(node: Expr) -> Expr:
    """WIDTH_BUCKET, RATIO_TO_REPORT."""
    if isinstance(node, exp.WidthBucket):
        keys = ("this", "min_value", "max_value", "num_buckets")
        return call("_account_bucket", *(node.args[key] for key in keys))
    if not isinstance(node, exp.Window) or node.this.name.upper() != "RATIO_TO_REPORT":
        return node
    value = node.this.expressions[0]
    node.set("this", exp.Sum(this=value.copy()))
    return exp.Div(this=value, expression=call("nullif", node.copy(), exp.Literal.number(0)))
