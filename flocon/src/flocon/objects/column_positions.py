"""The numbers of a table's columns, ORDINAL_POSITION: one that a dropped column had is not used
again. Nothing is kept of a table as long as none of its columns was dropped.

https://docs.snowflake.com/en/sql-reference/info-schema/columns
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from flocon.engine.parsing import name_of
from flocon.objects import table_properties
from flocon.session.context import Context
from flocon.sql.tokens import FullName

# The property of a table with its columns' numbers in their order, and the highest ever used, which
# INFORMATION_SCHEMA.COLUMNS reads (`engine.information_schema`).
PROPERTY = "POSITIONS"


def columns_changed(context: Context, table: FullName, before: Sequence[str]) -> None:
    """Columns were added behind the others, or dropped. before: those that there were."""
    now = [name for name, _ in context.connection.columns(*context.place(table))]
    kept = _kept(context, table)
    numbers, last = kept[:-1], kept[-1] if kept else len(before)
    if len(numbers) != len(before):
        numbers, last = list(range(1, len(before) + 1)), max(last, len(before))
    known = dict(zip(before, numbers, strict=True))
    found = []
    for name in now:
        last = last if name in known else last + 1
        found.append(known.get(name, last))
    is_plain = found == list(range(1, last + 1))
    value = "" if is_plain else " ".join(map(str, [*found, last]))
    if value != table_properties.of(context, table).get(PROPERTY, ""):
        table_properties.put(context, table, {PROPERTY: value})


def copied(context: Context, tree: exp.Create) -> dict[str, str]:
    """What a clone has of its table's numbers: one that is LIKE another begins anew."""
    if not (source := tree.args.get("clone")):
        return {}
    origin = context.resolve(name_of(source.this))
    value = table_properties.of(context, origin).get(PROPERTY)
    return {PROPERTY: value} if value else {}


def _kept(context: Context, table: FullName) -> list[int]:
    return [int(n) for n in table_properties.of(context, table).get(PROPERTY, "").split()]
