"""What takes its time: SYSTEM$WAIT, and GENERATOR with a time limit.

https://docs.snowflake.com/en/sql-reference/functions/system_wait
https://docs.snowflake.com/en/sql-reference/functions/generator
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.engine import TEXT
from flocon.session.context import Context

_UNITS = {"DAYS": 86_400.0, "HOURS": 3600.0, "MINUTES": 60.0, "SECONDS": 1.0, "MILLISECONDS": 0.001}
# What a GENERATOR without ROWCOUNT makes of a second.
_ROWS_A_SECOND = 1_000_000


def system_wait(context: Context, arguments: Sequence[Any]) -> str:
    """SYSTEM$WAIT(amount [, unit])"""
    amount, unit = (*arguments, "SECONDS")[:2] if arguments else (None, "")
    unit = str(unit).upper()
    if unit not in _UNITS or not isinstance(amount, int | float) or len(arguments) > 2:
        raise errors.compilation(errors.SYNTAX, "Invalid argument for function SYSTEM$WAIT")
    _wait(context, amount * _UNITS[unit])
    return f"waited {amount} {unit.lower()}"


def _wait(context: Context, seconds: float) -> None:
    """Raises 000604 where the statement is cancelled meanwhile."""
    if context.transactions.cancelled.wait(seconds):
        raise SnowflakeError(errors.CANCELLED, "SQL execution canceled")


def limit_generators(context: Context, tree: Expr, *, describe: bool) -> None:
    """GENERATOR(TIMELIMIT => n) alone makes rows for n seconds: the time is waited for, and a row
    count put in its place. With ROWCOUNT, the rows are there before any second is over."""
    for generator in tree.find_all(exp.Generator):
        limit = generator.args.get("timelimit")
        generator.set("timelimit", None)
        if limit is None or generator.args.get("rowcount"):
            continue
        tree.meta.pop(TEXT, None)
        if not (isinstance(limit, exp.Literal) and limit.is_int):
            raise errors.unsupported("GENERATOR whose TIMELIMIT is no number")
        seconds = int(limit.name)
        if not describe:
            _wait(context, seconds)
        generator.set("rowcount", exp.Literal.number(seconds * _ROWS_A_SECOND))


FUNCTIONS = {"SYSTEM$WAIT": system_wait}
PROCEDURES = {"SYSTEM$WAIT": system_wait}
