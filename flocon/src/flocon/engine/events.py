"""CONDITIONAL_CHANGE_EVENT and CONDITIONAL_TRUE_EVENT: rows are numbered by what has happened up to
them.

https://docs.snowflake.com/en/sql-reference/functions/conditional_change_event
https://docs.snowflake.com/en/sql-reference/functions/conditional_true_event
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call
from flocon.engine.types import JSON_TYPES

CHANGE, TRUE = "CONDITIONAL_CHANGE_EVENT", "CONDITIONAL_TRUE_EVENT"
# What a query that has one of them may not have besides one source and its condition.
_BESIDES = ("joins", "laterals", "group", "pivots", "windows", "distinct")
# In the meta of a query: the one that it reads, which numbers its rows.
_WITHIN = "within"


def functions(node: Expr) -> Expr:
    """Both, as sums over the rows before."""
    if not isinstance(node, exp.Window) or not isinstance(node.this, exp.Anonymous):
        return node
    name = node.this.name.upper()
    if name not in (CHANGE, TRUE):
        return node
    if not node.args.get("order"):
        text = f"Window function type [{name}] requires ORDER BY in window specification."
        raise errors.compilation(errors.COMPILATION, text)
    [value] = node.this.expressions
    if node.args.get("spec") or (value.type and value.type.this in JSON_TYPES):
        raise errors.unsupported(f"{name} with a frame, or of a VARIANT")
    if name == TRUE:
        is_true = exp.If(this=exp.cast(value, "BOOLEAN"), true=exp.Literal.number(1))
        node.set("this", exp.Count(this=exp.Case(ifs=[is_true])))
        node.set("spec", _up_to_here())
        return node
    change, place = _numbered(node, value)
    total = exp.Window(
        this=exp.Sum(this=change),
        partition_by=node.args.get("partition_by"),
        order=exp.Order(expressions=[exp.Ordered(this=place)]),
        spec=_up_to_here(),
    )
    return exp.cast(total, "BIGINT", dialect="duckdb")


def _up_to_here() -> exp.WindowSpec:
    return exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")


def _numbered(window: exp.Window, value: Expr) -> tuple[exp.Column, exp.Column]:
    """Let a query read its rows with two numbers: 1 where the value is another than before, else 0;
    and the row's place. The engine has no window over another one."""
    select = window.find_ancestor(exp.Select)
    aliases = {each.alias for each in select.expressions} if select else set()
    where = select.args.get("where") if select else None
    names = {column.name for column in where.find_all(exp.Column)} if where else set()
    if (
        select is None
        or select.args.get("from_") is None
        or select.is_star
        or any(select.args.get(key) for key in _BESIDES)
        or names & aliases - {""}
    ):
        raise errors.unsupported(f"{CHANGE} beside joins, groups or *: of a query within")
    if _WITHIN not in select.meta:
        source = select.args["from_"].this
        inner = exp.select("*").from_(source.copy())
        inner.set("where", select.args.pop("where", None))
        alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "_", quoted=True))
        source.replace(exp.Subquery(this=inner, alias=alias))
        select.meta[_WITHIN] = inner
    inner = select.meta[_WITHIN]
    over = {key: window.args.get(key) for key in ("partition_by", "order")}
    place = exp.Window(this=exp.RowNumber(), **_copied(over))
    before = exp.Window(this=exp.Lag(this=value.copy()), **_copied(over))
    made = call("_account_changes", value.copy(), before, place.copy())
    names_of = [f"${part}{len(inner.expressions)}" for part in ("change", "place")]
    for each, name in zip((made, place), names_of, strict=True):
        inner.append("expressions", exp.alias_(each, name, quoted=True))
    change, number = (exp.column(exp.to_identifier(name, quoted=True)) for name in names_of)
    return change, number


def _copied(parts: dict[str, Expr | list[Expr] | None]) -> dict[str, Expr | list[Expr] | None]:
    return {
        key: [each.copy() for each in part] if isinstance(part, list) else part and part.copy()
        for key, part in parts.items()
    }


# What comes behind a NULL is open on Snowflake's pages.
MACROS = (
    "_account_changes(x, before, place) AS CASE WHEN x <> before THEN 1"
    " WHEN place > 1 AND before IS NULL AND x IS NOT NULL"
    " THEN error('Unsupported feature: CONDITIONAL_CHANGE_EVENT of a value behind a NULL')"
    " ELSE 0 END",
)
