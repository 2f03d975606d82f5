"""When the rows of each table changed last, kept over the account's end.

https://docs.snowflake.com/en/sql-reference/info-schema/tables
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flocon.sql.tokens import FullName

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A time in microseconds has so many digits until the year 2286.
_DIGITS = 16


class WriteTimes:
    """A file with a line for each table: the time in so many digits, and the table's name.

    A commit writes the digits in their place and does not wait for the disk: they are there after
    kill -9, and perhaps not after the machine has lost its power. Who notes times excludes others.
    """

    def __init__(self, file: Path, tables: Collection[FullName]) -> None:
        """tables: which there are; what is known of others is forgotten."""
        self._times: dict[FullName, int] = {}
        self._places: dict[FullName, int] = {}
        self._end = 0
        file.touch(mode=0o600)
        for table, time in _tidied(file, tables):
            self._times[table] = time
            self._place(table, _line(table, time))
        self._file = file.open("r+b", buffering=0)

    def of(self, table: FullName) -> datetime | None:
        """None where no change of its rows is known."""
        time = self._times.get(table)
        return None if time is None else _EPOCH + time * _MICROSECOND

    def note(self, tables: Iterable[FullName]) -> None:
        """The rows of these have just changed."""
        now = (datetime.now(UTC) - _EPOCH) // _MICROSECOND
        for table in tables:
            self._put(table, now)

    def move(self, old: FullName, new: FullName) -> None:
        """A table has another name."""
        if (time := self._times.pop(old, None)) is not None:
            self._put(new, time)
        else:
            self._times.pop(new, None)

    def _put(self, table: FullName, time: int) -> None:
        self._times[table] = time
        try:
            self._write(table, time)
        except (OSError, ValueError) as error:
            # Its rows are committed all the same. A ValueError: the file is closed.
            logger.warning("it is not written when %s has changed: %s", table, error)

    def forget(self, database: str) -> None:
        for table in [table for table in self._times if table.database == database]:
            del self._times[table]

    def close(self) -> None:
        self._file.close()

    def _write(self, table: FullName, time: int) -> None:
        if (place := self._places.get(table)) is not None:
            os.pwrite(self._file.fileno(), _digits(time), place)
        else:
            line = _line(table, time)
            os.pwrite(self._file.fileno(), line, self._end)
            self._place(table, line)

    def _place(self, table: FullName, line: bytes) -> None:
        self._places[table] = self._end
        self._end += len(line)


def _tidied(file: Path, tables: Collection[FullName]) -> list[tuple[FullName, int]]:
    """What is in the file, once it has these tables alone."""
    found = list(_read(file))
    kept = [(table, time) for table, time in found if table in tables]
    if len(kept) < len(found):
        # Where there is no room for another file, this one does.
        with contextlib.suppress(OSError):
            tidy = file.with_suffix(".new")
            tidy.write_bytes(b"".join(_line(table, time) for table, time in kept))
            tidy.replace(file)
            return kept
    return found


def _read(file: Path) -> Iterator[tuple[FullName, int]]:
    """Up to the first line that is not whole."""
    for line in file.read_bytes().splitlines():
        try:
            yield FullName(*json.loads(line[_DIGITS:])), int(line[:_DIGITS])
        except (TypeError, ValueError):
            return


def _line(table: FullName, time: int) -> bytes:
    name = json.dumps([table.database, table.schema, table.name])
    return b"%s %s\n" % (_digits(time), name.encode())


def _digits(time: int) -> bytes:
    return b"%0*d" % (_DIGITS, time)
