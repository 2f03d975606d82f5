"""Rows as tables on the terminal."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from app.caves.harmless import harmless
from app.caves.target import Row

# Words that one looks for, and that a narrow terminal must not cut in two.
UNBROKEN = {"TASK", "STATE", "STREAM", "TABLE_NAME", "EVENT_TYPE", "STAGE", "METRIC", "STATUS"}


def as_table(title: str, rows: Sequence[Row]) -> Table:
    """Rows as a table: their names above them in words, numbers to the right."""
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ["nothing yet"]:
        numeric = any(isinstance(row[name], int | float | Decimal) for row in rows)
        table.add_column(
            name.lower().replace("_", " "),
            justify="right" if numeric else "left",
            no_wrap=name in UNBROKEN,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()))
    return table


def cell(value: Any) -> str | Text:
    """A value as people read it, on one line and harmless to a terminal; a Text keeps its style."""
    if value is None:
        return ""
    if isinstance(value, Text):
        return Text(harmless(value.plain), style=value.style)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return escape(harmless(str(value)))
