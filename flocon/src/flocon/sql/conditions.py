"""What a task's WHEN may say. Snowflake evaluates it without a warehouse, so it may not say much.

https://docs.snowflake.com/en/sql-reference/sql/create-task
"""

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from flocon.core import errors
from flocon.sql import misread

_ALLOWED = "SYSTEM$STREAM_HAS_DATA"
# Snowflake's other functions for conditions, which go with what this account leaves out.
_ELSEWHERE = (
    "SYSTEM$GET_PREDECESSOR_RETURN_VALUE",
    "SYSTEM$PREDECESSORS_STATE",
    "SYSTEM$TASK_COMPLETION_STATE",
)
_OPERATORS = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Paren,
    exp.Neg,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.Predicate,
    exp.Literal,
    exp.Boolean,
    exp.Null,
)


def check_condition(text: str) -> None:
    """AND, OR, NOT, casts and comparisons over SYSTEM$STREAM_HAS_DATA and constants; else raises:
    no table, subquery or other function, as in Snowflake."""
    try:
        tree = sqlglot.parse_one(f"SELECT {text}", dialect="snowflake")
    except (SqlglotError, *misread.STUMBLES):
        raise errors.compilation(errors.SYNTAX, f"syntax error in condition '{text}'.") from None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or len(_clauses(tree)) > 1:
        raise _invalid(text)
    for node in tree.expressions[0].walk():
        _check(node)


def _clauses(tree: exp.Select) -> list[str]:
    return [name for name, value in tree.args.items() if value]


def _check(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        name = node.name.upper()
        if name in _ELSEWHERE:
            raise errors.unsupported(f"TASK … WHEN {name}")
        if name == _ALLOWED:
            return
    elif isinstance(node, _OPERATORS) and not isinstance(node, exp.SubqueryPredicate | exp.Exists):
        return
    raise _invalid(node.sql(dialect="snowflake"))


def _invalid(text: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.COMPILATION,
        f"Invalid expression for task condition expression: {text}. Expecting {_ALLOWED} with AND,"
        " OR, NOT, casts and comparisons.",
    )
