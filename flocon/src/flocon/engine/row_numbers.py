"""SEQ1 to SEQ8: numbers of the rows that a query makes.

https://docs.snowflake.com/en/sql-reference/functions/seq1
"""

from __future__ import annotations

from sqlglot import Expr, exp

KINDS = (exp.Seq1, exp.Seq2, exp.Seq4, exp.Seq8)
# Snowflake's pages do not say behind which number a sequence of sign 0 goes on with 0.
REFUSED = "SEQ1 or SEQ2 of sign 0 behind 127 or 32767"
MACROS = (
    "_account_sequence(n, sign, largest) AS CASE WHEN n <= largest THEN n WHEN sign = 1"
    " THEN (n + largest + 1) % (2 * largest + 2) - largest - 1"
    f" ELSE CAST(CAST('{REFUSED}' || n AS TINYINT) AS BIGINT) END",
)


def functions(node: Expr) -> Expr:
    """They count rows; inside an ORDER BY they leave the order as it is. Behind the largest number
    of one or two bytes those of sign 1 go on with the smallest one."""
    if not isinstance(node, KINDS):
        return node
    if node.find_ancestor(exp.Window):
        return exp.Null()
    window = exp.Window(this=exp.RowNumber())
    count = exp.paren(exp.Sub(this=window, expression=exp.Literal.number(1)))
    if isinstance(node, exp.Seq4 | exp.Seq8):
        return count
    largest = exp.Literal.number(127 if isinstance(node, exp.Seq1) else 32767)
    sign = node.this.copy() if node.this else exp.Literal.number(0)
    return exp.Anonymous(this="_account_sequence", expressions=[count, sign, largest])
