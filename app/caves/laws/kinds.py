"""What the deployed pipeline knows of events: the laws compare the columns that it says.

It is asked of the database, where OPS.EVENT_KINDS and OPS.EVENT_FIELDS came with the procedures: so
a law judges the version that runs there, whatever checkout `caves verify` is from.
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
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)


@dataclass(frozen=True)
class Field:
    """The names that events have for it, the present one first; its columns."""

    names: tuple[str, ...]
    staged: str
    shown: str | None


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
        return ", ".join(each.staged for each in self.fields if each.staged == each.shown)


class Kinds(tuple[Kind, ...]):
    """All of them."""

    def shown_in(self, production: str) -> Kind:
        [kind] = [each for each in self if each.production == production]
        return kind


def read(account: Account) -> Kinds:
    """Raises ProgrammingError where the views are not there."""
    fields: dict[str, list[Field]] = {}
    for row in account.rows(FIELDS):
        names = tuple(map(_name, (row["FIELD_NAME"], *row["SYNONYMS"].split())))
        shown = row["PRODUCTION_COLUMN"] and _name(row["PRODUCTION_COLUMN"])
        field = Field(names, _name(row["STAGING_COLUMN"]), shown)
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


def union(parts: Iterable[str]) -> str:
    return "\n    UNION ALL".join(parts)
