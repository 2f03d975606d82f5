"""Dots behind brackets, as in `v['a'].b`: they go on with the path. SQLGlot reads a struct's field.

https://docs.snowflake.com/en/user-guide/querying-semistructured#traversing-semi-structured-data
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.sql import error_places


def read(dot: exp.Dot, text: str, place: int) -> None:
    """Make it a path; its name stands at a place in the text. Raises 001003 where there is no path
    before the dot, 000904 for a dot behind a lambda's argument."""
    name = dot.expression
    if not isinstance(name, exp.Identifier):
        return
    before = dot.this
    while isinstance(before, exp.Dot):
        before = before.this
    if isinstance(before, exp.Bracket | exp.JSONExtract):
        key = exp.JSONPathKey(this=name.this, quoted=name.args.get("quoted"))
        path = exp.JSONPath(expressions=[exp.JSONPathRoot(), key])
        dot.replace(
            exp.JSONExtract(
                this=dot.this, expression=path, variant_extract=True, requires_json=True
            )
        )
    elif isinstance(before, exp.Paren | exp.Func) and not _names(before):
        dot_place = max(text.rfind(".", 0, place), 0)
        raise errors.syntax(error_places.place(text, dot_place), ".")
    elif isinstance(before, exp.Identifier) and dot.find_ancestor(exp.Lambda):
        raise errors.unknown_column(dot.sql(dialect="snowflake").upper())


def _names(call: Expr) -> bool:
    """IDENTIFIER('…') stands for what it names."""
    return isinstance(call, exp.Anonymous) and call.name.upper() == "IDENTIFIER"
