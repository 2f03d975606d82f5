"""Expressions that answer one of several values: all of these have one type."""

from collections.abc import Iterator

from sqlglot import Expr, exp

CHOICES = (exp.Case, exp.Coalesce, exp.Greatest, exp.If, exp.Least, exp.Nullif, exp.Nvl2)
_CHOSEN: dict[type[Expr], tuple[str, ...]] = {
    exp.Case: ("default",),
    exp.If: ("true", "false"),
    exp.Nvl2: ("true", "false"),
}


def chosen(node: Expr) -> Iterator[Expr]:
    """The values one of which it answers."""
    for each in node.args.get("ifs") or ():
        yield each.args["true"]
    for key in _CHOSEN.get(type(node), ("this", "expression", "expressions")):
        value = node.args.get(key)
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value
