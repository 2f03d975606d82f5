"""What is in the account, by SHOW and LIST alone: nothing here changes anything."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.deployment.desired_state import plain_type
from app.caves.objects import SHOW_ALERTS, SHOW_PROCEDURES, SHOW_STREAMS, SHOW_TASKS, is_true
from app.caves.target import Account, Row, is_missing

# Where `snow snowpark deploy` puts the procedures' code: `stage` and `dest` of snowflake.yml.
CODE = "OPS.DEPLOYMENT/caves/"
COLUMNS = """
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, NUMERIC_PRECISION, NUMERIC_SCALE
FROM {db}.INFORMATION_SCHEMA.COLUMNS
"""
SHOW = {
    "DATABASE": "SHOW DATABASES",
    "SCHEMA": "SHOW SCHEMAS IN DATABASE {db}",
    "STAGE": "SHOW STAGES IN DATABASE {db}",
    "TABLE": "SHOW TABLES IN DATABASE {db}",
    "STREAM": SHOW_STREAMS,
    "VIEW": "SHOW VIEWS IN DATABASE {db}",
    "TASK": SHOW_TASKS,
    "ALERT": SHOW_ALERTS,
    "PROCEDURE": SHOW_PROCEDURES,
    "STREAMLIT": "SHOW STREAMLITS IN DATABASE {db}",
    "WAREHOUSE": "SHOW WAREHOUSES",
}
# What differs between two versions of an object. CREATE OR REPLACE gives a new CREATED_ON;
# CREATE OR ALTER keeps it. GET_DDL would say more, but normalises, and asks for ownership.
FACTS = {
    "VIEW": ("CREATED_ON",),
    "PROCEDURE": ("CREATED_ON",),
    "STREAMLIT": ("CREATED_ON", "TITLE", "QUERY_WAREHOUSE"),
    "TASK": ("SCHEDULE", "WAREHOUSE", "PREDECESSORS", "CONDITION", "DEFINITION", "COMMENT"),
    "ALERT": ("SCHEDULE", "WAREHOUSE", "CONDITION", "ACTION", "COMMENT"),
}

Facts = dict[str, str]


@dataclass
class Live:
    """The objects by `KIND NAME`, each with its facts; the columns of each table, and of those that
    are numbers, by table and name, the digits and decimals."""

    objects: dict[str, Facts] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    columns: dict[str, set[str]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    @property
    def stale_streams(self) -> list[str]:
        return [_name(row) for row in self.rows.get("STREAM", []) if is_true(row["STALE"])]


def read(account: Account, kinds: Iterable[str]) -> Live:
    """What there is of these kinds; nothing at all where there is no database yet."""
    live = Live()
    for kind in dict.fromkeys(kinds):
        if kind not in SHOW:
            continue
        rows = [row for row in _or_nothing(account, SHOW[kind]) if row.get("IS_BUILTIN") != "Y"]
        live.rows[kind] = rows
        for row in rows:
            live.objects[f"{kind} {NAMES.get(kind, _name)(row)}"] = _facts(kind, row)
    for row in _or_nothing(account, COLUMNS):
        table = f"{row['TABLE_SCHEMA']}.{row['TABLE_NAME']}"
        live.columns.setdefault(table, set()).add(row["COLUMN_NAME"])
        if row["NUMERIC_PRECISION"] is not None:
            number = (int(row["NUMERIC_PRECISION"]), int(row["NUMERIC_SCALE"] or 0))
            live.numbers[table, row["COLUMN_NAME"]] = number
    code = {row["MD5"] for row in _or_nothing(account, f"LIST @{{db}}.{CODE}")}
    for key, facts in live.objects.items():
        if key.startswith("PROCEDURE "):
            facts["CODE"] = " ".join(sorted(code))
    return live


def _or_nothing(account: Account, statement: str) -> list[Row]:
    try:
        return account.rows(statement)
    except ProgrammingError as error:
        if is_missing(error):
            return []
        raise


def _name(row: Row) -> str:
    return f"{row['SCHEMA_NAME']}.{row['NAME']}"


def _bare_name(row: Row) -> str:
    return str(row["NAME"])


def _procedure_name(row: Row) -> str:
    """OPS.PURGE(NUMBER, NUMBER), from `PURGE(NUMBER, NUMBER) RETURN VARIANT`."""
    found = re.fullmatch(r"[^(]*\((.*)\) RETURN .*", row["ARGUMENTS"], re.DOTALL)
    inside = found[1] if found else ""
    types = [plain_type(re.sub(r"^DEFAULT ", "", each.strip())) for each in inside.split(",")]
    return f"{row['SCHEMA_NAME']}.{row['NAME']}({', '.join(each for each in types if each)})"


NAMES: dict[str, Callable[[Row], str]] = {
    "DATABASE": _bare_name,
    "SCHEMA": _bare_name,
    "WAREHOUSE": _bare_name,
    "PROCEDURE": _procedure_name,
}


def _facts(kind: str, row: Row) -> Facts:
    return {name: _text(row[name]) for name in FACTS.get(kind, ()) if name in row}


def _text(value: Any) -> str:
    """The same text in any time zone of the session."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(value)
