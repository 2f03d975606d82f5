"""Binds that are texts of dates and timestamps in the engine's own form: cast, and no more.

`CAST(? AS TIMESTAMP_NTZ)` of a text is read in any form that AUTO recognizes, which takes the
planner a millisecond. Loaders bind moments in one form, of which the engine's own cast says the
same.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlglot import Expr, exp

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.]\d{1,6})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# By the macros that read a bind: what they make of it.
_TYPES = {"_account_bound_ntz": "TIMESTAMP", "_account_bound_date": "DATE"}


def moments(binds: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of such binds."""
    return tuple(name for name, value in binds.items() if isinstance(value, str) and _is_one(value))


def _is_one(text: str) -> bool:
    try:
        if _TIMESTAMP.fullmatch(text):
            datetime.fromisoformat(text)
        elif _DATE.fullmatch(text):
            date.fromisoformat(text)
        else:
            return False
    except ValueError:
        return False
    return True


def cast(tree: Expr, known: tuple[str, ...]) -> Expr:
    """The tree with these binds cast where they become dates or timestamps."""
    for call in list(tree.find_all(exp.Anonymous)) if known else ():
        if (kind := _TYPES.get(call.name)) is None:
            continue
        bind = call.expressions[0]
        if isinstance(bind, exp.Placeholder) and str(bind.this) in known:
            moment = exp.cast(bind, "TIMESTAMP", dialect="duckdb")
            call.replace(exp.cast(moment, kind, dialect="duckdb"))
    return tree
