"""Rows as the contents of files of CSV, JSON and Parquet.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-location
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flocon.core import errors

_PACKED = {
    "CSV": {"AUTO": "GZIP", "GZIP": "GZIP", "NONE": "NONE"},
    "JSON": {"AUTO": "GZIP", "GZIP": "GZIP", "NONE": "NONE"},
    "PARQUET": {"AUTO": "SNAPPY", "SNAPPY": "SNAPPY", "NONE": "NONE"},
}
_OPTIONS = {
    "CSV": (
        "RECORD_DELIMITER", "FIELD_DELIMITER", "FILE_EXTENSION", "ESCAPE",
        "ESCAPE_UNENCLOSED_FIELD", "FIELD_OPTIONALLY_ENCLOSED_BY", "NULL_IF",
        "EMPTY_FIELD_AS_NULL", "SKIP_HEADER", "SKIP_BLANK_LINES", "TRIM_SPACE",
        "ERROR_ON_COLUMN_COUNT_MISMATCH", "PARSE_HEADER", "ENCODING",
    ),
    "JSON": ("FILE_EXTENSION", "STRIP_OUTER_ARRAY"),
    "PARQUET": ("SNAPPY_COMPRESSION", "BINARY_AS_TEXT", "USE_LOGICAL_TYPE"),
}  # fmt: skip
_ALWAYS_AUTO = ("DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT")
_UNQUOTED = ("DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT",
             "BOOLEAN", "UBIGINT")  # fmt: skip
_SIGNS = {"\\n": "\n", "\\r\\n": "\r\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\", "NONE": ""}


@dataclass(frozen=True)
class Format:
    """The format of the files that are written. kind: CSV, JSON or PARQUET."""

    kind: str
    compression: str
    options: Mapping[str, Any]
    header: bool

    @classmethod
    def of(cls, options: Mapping[str, Any], *, header: bool) -> Format:
        """Raises 000002 for what is not carried out."""
        kind = str(options.get("TYPE", "CSV")).upper()
        if kind not in _PACKED:
            raise errors.unsupported(f"unloading files of type {kind}")
        for name, value in options.items():
            auto = name in _ALWAYS_AUTO and str(value).upper() == "AUTO"
            hexadecimal = name == "BINARY_FORMAT" and str(value).upper() == "HEX"
            if name not in ("TYPE", "COMPRESSION", *_OPTIONS[kind]) and not auto | hexadecimal:
                raise errors.unsupported(f"{name} of an unloaded file of {kind}")
        wanted = str(options.get("COMPRESSION", "AUTO")).upper()
        if wanted not in _PACKED[kind]:
            raise errors.unsupported(f"COMPRESSION = {wanted} of an unloaded file of {kind}")
        return cls(kind, _PACKED[kind][wanted], options, header)

    @property
    def extension(self) -> str:
        """With its dot: .csv.gz, .json, .snappy.parquet …"""
        packed = {"GZIP": ".gz"}.get(self.compression, "")
        own = str(self.options.get("FILE_EXTENSION") or "").lstrip(".")
        if self.kind == "PARQUET":
            return ".snappy.parquet" if self.compression == "SNAPPY" else ".parquet"
        return f".{own}" if own else f".{self.kind.lower()}{packed}"

    def files(
        self, table: pa.Table, types: Sequence[str], most: int
    ) -> Iterator[tuple[bytes, int]]:
        """The files' contents before compression, and how many rows each one has. table: of texts,
        where it is not for Parquet. most: how many bytes a file has about."""
        if self.kind == "PARQUET":
            yield _parquet(table, self), table.num_rows
            return
        head = b"" if self.kind == "JSON" or not self.header else self._line(table.column_names, [])
        lines, size = [head], len(head)
        quoted = [not kind.startswith(_UNQUOTED) for kind in types]
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            line = f"{row[0]}\n".encode() if self.kind == "JSON" else self._line(row, quoted)
            if self.kind == "JSON" and row[0] is None:
                line = b""
            if len(lines) > 1 and size + len(line) > most:
                yield b"".join(lines), len(lines) - 1
                lines, size = [head], len(head)
            lines.append(line)
            size += len(line)
        yield b"".join(lines), len(lines) - 1

    def packed(self, content: bytes) -> bytes:
        return gzip.compress(content, mtime=0) if self.compression == "GZIP" else content

    def _sign(self, name: str, default: str) -> str:
        written = str(self.options.get(name, default))
        return _SIGNS.get(written.upper() if written.upper() == "NONE" else written, written)

    def _line(self, row: Sequence[str | None], quoted: Sequence[bool]) -> bytes:
        field, end = self._sign("FIELD_DELIMITER", ","), self._sign("RECORD_DELIMITER", "\n")
        given = self.options.get("NULL_IF", ["\\N"])
        nulls = list(given) if isinstance(given, list | tuple) else [given]
        null = str(nulls[0]) if nulls else ""
        fields = [
            null if value is None else self._field(value, field, end, not quoted or quoted[place])
            for place, value in enumerate(row)
        ]
        return (field.join(fields) + end).encode()

    def _field(self, value: str, field: str, end: str, is_text: bool) -> str:
        enclosing = self._sign("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE")
        if enclosing:
            if not is_text:
                return value
            return enclosing + value.replace(enclosing, enclosing * 2) + enclosing
        escape = self._sign("ESCAPE", "NONE") or self._sign("ESCAPE_UNENCLOSED_FIELD", "\\")
        if escape:
            for sign in (escape, field, end):
                value = value.replace(sign, escape + sign) if sign else value
        return value


def _parquet(table: pa.Table, form: Format) -> bytes:
    if not form.header:
        table = table.rename_columns([f"_COL_{place}" for place in range(table.num_columns)])
    out = io.BytesIO()
    pq.write_table(table, out, compression=form.compression.lower())
    return out.getvalue()
