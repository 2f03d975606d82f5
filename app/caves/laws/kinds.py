"""The kinds of events that the deployed pipeline knows, and their columns, which the laws compare.

It is asked of the database, where OPS.EVENT_KINDS and OPS.EVENT_FIELDS came with the procedures: so
a law judges the version that runs there, even if `caves verify` comes from another checkout.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.caves.target import Account

KINDS = """
SELECT EVENT_TYPE, STREAM_NAME, STAGING_TABLE, PRODUCTION_TABLE, KEY_COLUMN
FROM {db}.OPS.EVENT_KINDS
ORDER BY STREAM_NAME DESC, STAGING_TABLE
"""
FIELDS = """
SELECT EVENT_TYPE, FIELD_NAME, SYNONYMS, STAGING_COLUMN, PRODUCTION_COLUMN
FROM {db}.OPS.EVENT_FIELDS
ORDER BY EVENT_TYPE, STAGING_COLUMN
"""
# What law 2 repeats for each stream and table.
STREAM = """
        SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, INGESTION_TIMESTAMP,
            '{stream}' AS CONSUMER
        FROM {{db}}.{stream}"""
TABLE = """
    SELECT KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, INGESTION_TIMESTAMP,
        '{name}' AS TABLE_NAME
    FROM {{db}}.{table}"""
UNREAD = """
    SELECT s.KAFKA_OFFSET
    FROM {{db}}.{table} s
    INNER JOIN SAID e
        ON s.KAFKA_TOPIC = e.KAFKA_TOPIC
        AND s.KAFKA_PARTITION = e.KAFKA_PARTITION
        AND s.KAFKA_OFFSET = e.KAFKA_OFFSET
    WHERE {lacks}"""
LACKS = "s.{column} IS NULL AND TRIM(COALESCE({values}, '')) <> ''"

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)


@dataclass(frozen=True)
class Field:
    """The names that events give it, the present one first; its columns."""

    names: tuple[str, ...]
    staged: str
    production: str | None


@dataclass(frozen=True)
class Kind:
    """Events of one type: the stream that gives them out, their tables, their fields."""

    event_type: str
    stream: str
    staging: str
    production: str | None
    key: str
    fields: tuple[Field, ...]

    @property
    def plain_columns(self) -> str:
        """The columns that STAGING and production name alike, with commas between them."""
        return ", ".join(each.staged for each in self.fields if each.staged == each.production)


class Kinds(tuple[Kind, ...]):
    """All of them."""

    def parts(self) -> dict[str, str]:
        """What the placeholders of the laws' queries stand for."""
        names = {kind.staging: kind.staging.split(".")[1] for kind in self}
        figures = {name: f"IN_{name}" for name in names.values()} | {"REJECTED_EVENTS": "REJECTED"}
        return {
            "order_columns": self.of_table("PRODUCTION.ORDERS").plain_columns,
            "adjustment_columns": self.of_table("PRODUCTION.INVENTORY_HISTORY").plain_columns,
            "streams": union(
                STREAM.format(stream=each) for each in dict.fromkeys(kind.stream for kind in self)
            ),
            "unknown": self.of_table("PRODUCTION.ORDERS").stream,
            "tables": union(TABLE.format(name=names[each], table=each) for each in names),
            "sums": ",\n        ".join(
                f"SUM(CASE WHEN P.TABLE_NAME = '{name}' THEN 1 ELSE 0 END) AS {figure}"
                for name, figure in figures.items()
            ),
            "figures": ",\n        ".join(
                f"COALESCE(P.{figure}, 0) AS {figure}" for figure in figures.values()
            ),
            "totals": ",\n    ".join(
                f"COALESCE(SUM({figure}), 0) AS {figure}" for figure in figures.values()
            ),
            "unread": union(
                UNREAD.format(table=kind.staging, lacks=missing_values(kind)) for kind in self
            ),
        }

    def of_table(self, production: str) -> Kind:
        [kind] = [each for each in self if each.production == production]
        return kind


def read(account: Account) -> Kinds:
    """Raises ProgrammingError where the views are not there."""
    fields: dict[str, list[Field]] = {}
    for row in account.rows(FIELDS):
        names = tuple(map(_name, (row["FIELD_NAME"], *row["SYNONYMS"].split())))
        production = row["PRODUCTION_COLUMN"] and _name(row["PRODUCTION_COLUMN"])
        field = Field(names, _name(row["STAGING_COLUMN"]), production)
        fields.setdefault(row["EVENT_TYPE"], []).append(field)
    return Kinds(
        Kind(
            _name(row["EVENT_TYPE"]),
            _name(row["STREAM_NAME"]),
            _name(row["STAGING_TABLE"]),
            row["PRODUCTION_TABLE"] and _name(row["PRODUCTION_TABLE"]),
            _name(row["KEY_COLUMN"]),
            tuple(fields[row["EVENT_TYPE"]]),
        )
        for row in account.rows(KINDS)
    )


def _name(text: str) -> str:
    """A name that becomes part of a statement."""
    if not NAME.fullmatch(text):
        raise ValueError(f"OPS.EVENT_KINDS or OPS.EVENT_FIELDS has {text!r} for a name")
    return text


def missing_values(kind: Kind) -> str:
    """Whether a row of STAGING has NULL in a column for which its event has a value."""
    conditions = []
    for field in kind.fields:
        values = ", ".join(f"e.SAYS:{name}::VARCHAR" for name in field.names)
        conditions.append(LACKS.format(column=field.staged, values=values))
    return "\n        OR ".join(conditions)


def union(parts: Iterable[str]) -> str:
    return "\n    UNION ALL".join(parts)
