"""What is written down of procedures/event_kinds.py elsewhere: the two views of app/sql and the
tables of docs/events.md, between marks. `make events` writes it, and a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "procedures"))

from event_fields import Field  # noqa: E402
from event_kinds import KINDS, Kind  # noqa: E402

SQL = PROJECT / "app/sql/02_tables.sql"
DOCS = PROJECT / "docs/events.md"
SQL_MARKS = (
    "-- procedures/event_kinds.py as views; `make events` writes them.\n",
    "-- End of what `make events` writes.\n",
)
DOCS_MARKS = (
    "<!-- procedures/event_kinds.py as tables; `make events` writes them. -->\n",
    "<!-- End of what `make events` writes. -->\n",
)


def text_of(path: Path) -> str:
    """The file as it should be."""
    marks, inside = (SQL_MARKS, views()) if path == SQL else (DOCS_MARKS, tables())
    begin, end = marks
    text = path.read_text("utf-8")
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    assert len(found.findall(text)) == 1, f"{path} has lost its marks"
    return found.sub(lambda _: begin + inside + end, text)


def views() -> str:
    kinds = [
        (kind.event_type, kind.stream, kind.staging, shown_in(kind), kind.key) for kind in KINDS
    ]
    fields = [
        (
            kind.event_type,
            field.name,
            " ".join(field.synonyms),
            field.column,
            shown_as(kind, field),
        )
        for kind in KINDS
        for field in kind.fields
    ]
    return view(
        "EVENT_KINDS",
        "The types of event that are known, and their tables",
        ("EVENT_TYPE", "STREAM_NAME", "STAGING_TABLE", "PRODUCTION_TABLE", "KEY_COLUMN"),
        kinds,
    ) + view(
        "EVENT_FIELDS",
        "What each type of event says, and in which columns; synonyms have blanks between them",
        ("EVENT_TYPE", "FIELD_NAME", "SYNONYMS", "STAGING_COLUMN", "PRODUCTION_COLUMN"),
        fields,
    )


def view(
    name: str, comment: str, columns: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]
) -> str:
    values = ",\n".join(row_of(row) for row in rows)
    names = ",\n".join(f"    {column}" for column in columns)
    return (
        f"CREATE OR REPLACE VIEW OPS.{name}\nCOPY GRANTS\nCOMMENT = '{comment}'\nAS\n"
        f"SELECT\n{names}\nFROM (\n    VALUES\n{values}\n) AS KNOWN ({', '.join(columns)});\n\n"
    )


def row_of(row: tuple[str | None, ...]) -> str:
    """The row on one line, or else with a line for each value."""
    values = ["NULL" if value is None else f"'{value}'" for value in row]
    short = f"    ({', '.join(values)})"
    if len(short) < 100:
        return short
    lines = ",\n".join(f"        {value}" for value in values)
    return f"    (\n{lines}\n    )"


def shown_in(kind: Kind) -> str | None:
    return kind.production.table if kind.production else None


def shown_as(kind: Kind, field: Field) -> str | None:
    """The column of production that shows the field."""
    if kind.production is None:
        return None
    names = {column: shown for shown, column in kind.identity_shown.items()}
    return names.get(field.column, field.column)


def tables() -> str:
    return "".join(table(kind) for kind in KINDS)


def table(kind: Kind) -> str:
    rows = "".join(f"| {' | '.join(cells(field))} |\n" for field in kind.fields)
    where = f"`{kind.staging}`"
    where += f" and `{kind.production.table}`" if kind.production else ""
    return (
        f"\n### {kind.event_type}\n\nIn {where}, by {kind.key}.\n\n"
        f"| field | earlier names | is | where it is missing |\n|---|---|---|---|\n{rows}\n"
    )


def cells(field: Field) -> tuple[str, str, str, str]:
    rules = "".join(f", {rule.words}" for rule in field.rules)
    absent = "rejected" if field.required else "NULL"
    if field.default:
        absent = field.default.words
    synonyms = ", ".join(f"`{name}`" for name in field.synonyms)
    return f"`{field.name}`", synonyms, f"{field.type.wanted}{rules}", absent


if __name__ == "__main__":
    for path in (SQL, DOCS):
        path.write_text(text_of(path), "utf-8")
