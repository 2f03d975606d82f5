"""What the type of a column may be changed to: a longer text, a NUMBER of more or fewer digits.

https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from flocon.core import errors
from flocon.engine import lengths, moments, quoted
from flocon.objects import columns
from flocon.session.context import Context
from flocon.sql.tokens import FullName

_SHORTER = errors.Code(40050, "22000")
_OTHER_TYPE = errors.Code(2108, "22000")
_NUMBER = re.compile(r"NUMBER\((\d+),(\d+)\)")
_SIZED = re.compile(r"(VARCHAR|BINARY)\((\d+)\)")


def check(context: Context, table: FullName, wanted: Mapping[str, exp.DataType]) -> set[str]:
    """The columns that get another type. Raises 002108 or 040050 for a type that one cannot get.

    wanted: types by the columns' names, those of new ones among them.
    """
    had = columns.types(context, table)
    changed = set()
    for name, kind in wanted.items():
        if name in had and (new := shown(context, kind)) != had[name]:
            _check(context, table, name, had[name], new)
            changed.add(name)
    return changed


def shown(context: Context, kind: exp.DataType) -> str:
    """A written type as Snowflake shows it."""
    if kind.this in (exp.DType.ARRAY, exp.DType.OBJECT):
        return str(kind.this.value)
    named = lengths.declared(kind) or moments.name(kind)
    return named or columns.shown(context.connection.engine_type(kind))


def _check(context: Context, table: FullName, name: str, old: str, new: str) -> None:
    if (had := _SIZED.fullmatch(old)) and (wants := _SIZED.fullmatch(new)) and had[1] == wants[1]:
        if int(wants[2]) < int(had[2]):
            why = f"reducing the byte-length of a {had[1].lower()} is not supported."
            raise _refused(_SHORTER, name, old, new, why)
        return
    if (had := _NUMBER.fullmatch(old)) and (wants := _NUMBER.fullmatch(new)):
        if had[2] != wants[2]:
            why = "changing the scale of a number is not supported."
            raise _refused(_OTHER_TYPE, name, old, new, why)
        if not _fit(context, table, name, int(wants[1]) - int(wants[2])):
            why = (
                "some existing values cannot be represented using precision"
                f" {wants[1]} instead of precision {had[1]}."
            )
            raise _refused(_OTHER_TYPE, name, old, new, why)
        return
    raise _refused(_OTHER_TYPE, name, old, new)


def _fit(context: Context, table: FullName, name: str, digits: int) -> bool:
    """Has no value of the column more digits before the point than these?"""
    column = quoted(name)
    sql = (
        f"SELECT 1 FROM {quoted(*context.place(table))} WHERE abs({column}) >= {10**digits} LIMIT 1"
    )
    return digits >= 38 or not context.connection.values(sql)


def _refused(
    code: errors.Code, name: str, old: str, new: str, why: str = ""
) -> errors.SnowflakeError:
    because = f" because {why}" if why else ""
    return errors.SnowflakeError(
        code,
        f"SQL compilation error: cannot change column {name} from type {old} to {new}{because}",
    )
