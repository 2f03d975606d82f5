"""What columns were declared as, where the engine does not tell: VARCHAR(n), BINARY(n), ARRAY,
OBJECT, TIME(n), TIMESTAMP_NTZ(n), TIMESTAMP_TZ(n), TIMESTAMP_LTZ(n); of a query or view also
NUMBER(p,s). Beside that, what may be inside of a table's VARIANTs (`inner_kinds`).

The engine has VARCHAR and BLOB for the first two, whose lengths are not enforced, and JSON for the
next, as for VARIANT. The digits of a second are cut where values are stored (`moments`).
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.inner_kinds import DECLARED, Kinds
from flocon.engine.marked_names import is_unmarked, marked

# By the columns' names in the engine, as Snowflake shows the types.
DeclaredTypes = Mapping[str, str]
Place = tuple[str, str, str]


# Between the type of a view's column, as it is shown or the engine has it, and what results say.
AS = " AS "


def known(declared: str, kind: str) -> str:
    """What a column of an engine's type is declared as; '' where that goes with another type."""
    if number := _NUMBER.fullmatch(declared):
        decimal = _DECIMAL.fullmatch(kind)
        is_like = number[1] == (decimal[1] if decimal else "0" if kind in _INTEGERS else "")
        return declared if is_like else ""
    name = declared.partition("(")[0]
    return declared if name in _OF_KIND.get(kind, ()) else ""


# Of a number the engine's type has as many decimals.
_NUMBER, _DECIMAL = re.compile(r"NUMBER\(\d+,(\d+)\)"), re.compile(r"DECIMAL\(\d+,(\d+)\)")
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UINTEGER")


_OF_KIND = {
    "JSON": ("ARRAY", "OBJECT"),
    "VARCHAR": ("VARCHAR",),
    '"NULL"': ("VARCHAR",),
    "BLOB": ("BINARY",),
    "TIME": ("TIME",),
    "TIMESTAMP": ("TIMESTAMP_NTZ",),
    "TIMESTAMP WITH TIME ZONE": ("TIMESTAMP_LTZ",),
    ENGINE_TYPE: ("TIMESTAMP_TZ",),
}

_TABLE = f"_fs_global.{HIDDEN_SCHEMA}._fs_columns_ext"
_KEYS = ("ext_table_catalog", "ext_table_schema", "ext_table_name")
_ADD = f"INSERT INTO {_TABLE} SELECT ?, ?, ?, unnest(?), unnest(?), unnest(?), unnest(?)"
# Only where a row is in the way: it takes three times as long.
_ADD_AGAIN = (
    f"{_ADD} ON CONFLICT DO UPDATE SET declared = excluded.declared,"
    " ext_character_maximum_length = excluded.ext_character_maximum_length,"
    " ext_character_octet_length = excluded.ext_character_octet_length"
)
# Of a text in a column that names no length.
LONGEST_COLUMN = 16777216
_MOST_BYTES = 134217728


def bytes_of(length: int) -> int:
    """How many bytes a text of so many characters may have.

    https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_07/bcr-2404
    """
    return min(4 * length, _MOST_BYTES)


def shown_as(declared: str) -> str:
    """How DESCRIBE shows a column: one of a view may be said to be longer in results."""
    return declared.partition(AS)[0]


def inside(types: DeclaredTypes) -> Kinds:
    """What may be inside of a table's VARIANTs."""
    return frozenset(types.get(DECLARED, "").split())


def with_inside(types: DeclaredTypes, kinds: Kinds) -> DeclaredTypes:
    """What columns are declared as, and that these may be inside, too."""
    if kinds <= inside(types):
        return types
    return {**types, DECLARED: " ".join(sorted(kinds | inside(types)))}


class DeclaredColumns:
    """Those of all tables and views of an account, by database, schema and name.

    They are read once, and kept in a table of fakesnow's, which INFORMATION_SCHEMA reads.
    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._of: dict[Place, DeclaredTypes] = {}
        # How often what is inside of VARIANTs has changed: 0 where nothing is, in any table.
        self.changes_inside = 0
        # The table whose columns a hidden view has, which a stream is read through.
        self.table_behind: Callable[[Place], Place | None] = lambda place: None

    def read(self, duck: duckdb.DuckDBPyConnection) -> None:
        duck.execute(f"ALTER TABLE {_TABLE} ADD COLUMN IF NOT EXISTS declared VARCHAR")
        for (column,) in duck.execute(f"SELECT DISTINCT ext_column_name FROM {_TABLE}").fetchall():
            # As an earlier version has written it.
            if is_unmarked(column):
                duck.execute(
                    f"UPDATE {_TABLE} SET ext_column_name = ? WHERE ext_column_name = ?",
                    [marked(column), column],
                )
        found: dict[Place, dict[str, str]] = {}
        for *place, column, declared in duck.execute(
            f"SELECT {', '.join(_KEYS)}, ext_column_name,"
            f" coalesce(declared, 'VARCHAR(' || ext_character_maximum_length || ')') FROM {_TABLE}"
            f" WHERE declared IS NOT NULL OR ext_character_maximum_length < {LONGEST_COLUMN}"
        ).fetchall():
            database, schema, name = place
            found.setdefault((database, schema, name), {})[column] = declared
        self._of = dict(found)
        self.changes_inside = int(any(DECLARED in types for types in found.values()))

    def of(self, place: Place) -> DeclaredTypes:
        if place not in self._of and place[1] == HIDDEN_SCHEMA:
            place = self.table_behind(place) or place
        return self._of.get(place, {})

    def put(self, duck: duckdb.DuckDBPyConnection, place: Place, types: DeclaredTypes) -> None:
        """These are a table's, and no others."""
        with self._lock:
            if dict(types) == dict(self.of(place)):
                return
            if inside(types) != inside(self._of.get(place, {})):
                self.changes_inside += 1
            self.forget(duck, *place)
            if types:
                row = [*place, *_columns(types)]
                try:
                    duck.execute(_ADD, row)
                except duckdb.ConstraintException:
                    # DuckDB keeps the key of a row that an older snapshot still sees.
                    duck.execute(_ADD_AGAIN, row)
                self._of[place] = dict(types)

    def forget(self, duck: duckdb.DuckDBPyConnection, *place: str) -> None:
        """place: a database, a schema in it, a table in that."""
        with self._lock:
            known = [each for each in self._of if each[: len(place)] == place]
            if known:
                where = " AND ".join(f"{key} = ?" for key in _KEYS[: len(place)])
                duck.execute(f"DELETE FROM {_TABLE} WHERE {where}", list(place))
                for each in known:
                    del self._of[each]


def _columns(types: DeclaredTypes) -> tuple[list[Any], ...]:
    """The columns of the table: names, lengths, lengths in bytes, types that are no VARCHAR."""
    lengths = [_length(kind) for kind in types.values()]
    in_bytes = [length and bytes_of(length) for length in lengths]
    others = [
        None if length and kind == f"VARCHAR({length})" else kind
        for length, kind in zip(lengths, types.values(), strict=True)
    ]
    return list(types), lengths, in_bytes, others


def _length(kind: str) -> int | None:
    return int(found[1]) if (found := _TEXT.match(kind)) else None


_TEXT = re.compile(r"VARCHAR\((\d+)\)")
