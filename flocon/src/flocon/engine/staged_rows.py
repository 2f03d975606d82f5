"""What staged files hold, as rows: their fields, and where each row comes from.

https://docs.snowflake.com/en/user-guide/querying-stage
https://docs.snowflake.com/en/sql-reference/sql/create-file-format
"""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flocon.core import errors
from flocon.engine.inner_kinds import NONE, Kinds
from flocon.engine.marked_names import marked
from flocon.engine.quoting import literal, quoted

# DuckDB's SQL → its rows.
Values = Callable[[str], list[tuple[Any, ...]]]
Options = Mapping[str, Any]

_METADATA = {
    "METADATA$FILENAME": pa.string(),
    "METADATA$FILE_ROW_NUMBER": pa.int64(),
    "METADATA$FILE_CONTENT_KEY": pa.string(),
    "METADATA$FILE_LAST_MODIFIED": pa.timestamp("us"),
    "METADATA$START_SCAN_TIME": pa.timestamp("us"),
}
_TYPES_OF_METADATA = ["VARCHAR", "BIGINT", "VARCHAR", "TIMESTAMP", "TIMESTAMP"]
_ANY = None
# The options of each type of file, with the values that are carried out.
_CSV: dict[str, tuple[str, ...] | None] = {
    "TYPE": ("CSV",),
    "FILE_EXTENSION": _ANY,  # of files that are written
    "COMPRESSION": ("AUTO", "AUTO_DETECT", "GZIP", "NONE"),
    "FIELD_DELIMITER": _ANY,
    "RECORD_DELIMITER": _ANY,
    "SKIP_HEADER": _ANY,
    "SKIP_BLANK_LINES": ("TRUE", "FALSE"),
    "FIELD_OPTIONALLY_ENCLOSED_BY": _ANY,
    "ESCAPE": _ANY,
    "ESCAPE_UNENCLOSED_FIELD": _ANY,
    "NULL_IF": _ANY,
    "EMPTY_FIELD_AS_NULL": ("TRUE", "FALSE"),
    "TRIM_SPACE": ("TRUE", "FALSE"),
    "ENCODING": ("UTF8", "UTF-8"),
    "MULTI_LINE": ("TRUE",),
    "PARSE_HEADER": ("TRUE", "FALSE"),
    "ERROR_ON_COLUMN_COUNT_MISMATCH": ("TRUE", "FALSE"),
    "DATE_FORMAT": ("AUTO",),
    "TIME_FORMAT": ("AUTO",),
    "TIMESTAMP_FORMAT": ("AUTO",),
    "BINARY_FORMAT": ("HEX",),
    "REPLACE_INVALID_CHARACTERS": ("FALSE",),
    "SKIP_BYTE_ORDER_MARK": ("TRUE",),
}
_JSON: dict[str, tuple[str, ...] | None] = {
    "TYPE": ("JSON",),
    "FILE_EXTENSION": _ANY,
    "COMPRESSION": ("AUTO", "GZIP", "NONE"),
    "STRIP_OUTER_ARRAY": ("TRUE", "FALSE"),
    "ALLOW_DUPLICATE": ("FALSE",),
    "ENABLE_OCTAL": ("FALSE",),
    "STRIP_NULL_VALUES": ("FALSE",),
    "NULL_IF": _ANY,
    "TRIM_SPACE": ("FALSE",),
    "DATE_FORMAT": ("AUTO",),
    "TIME_FORMAT": ("AUTO",),
    "TIMESTAMP_FORMAT": ("AUTO",),
    "BINARY_FORMAT": ("HEX", "BASE64"),
    "MULTI_LINE": ("TRUE",),
    "REPLACE_INVALID_CHARACTERS": ("FALSE",),
    "SKIP_BYTE_ORDER_MARK": ("TRUE",),
}
_PARQUET: dict[str, tuple[str, ...] | None] = {
    "TYPE": ("PARQUET",),
    "COMPRESSION": _ANY,
    "SNAPPY_COMPRESSION": _ANY,
    "BINARY_AS_TEXT": _ANY,
    "USE_LOGICAL_TYPE": _ANY,
    "USE_VECTORIZED_SCANNER": _ANY,
}
_KINDS = {"CSV": _CSV, "JSON": _JSON, "PARQUET": _PARQUET}


@dataclass(frozen=True)
class StagedRows:
    """The rows of files: COLUMN1 … as texts, or one COLUMN1 of JSON, and their metadata."""

    table: pa.Table
    types: Sequence[str]
    counts: Sequence[int]  # how many fields each record has
    header: Sequence[str] = ()  # the names of the columns in the file's first row: PARSE_HEADER
    blank: int = 0  # how many lines SKIP_BLANK_LINES passes over
    inside: Kinds = NONE  # what is in the JSON as a text

    @property
    def width(self) -> int:
        return len(self.types) - len(_METADATA)


def kind_of(options: Options) -> str:
    """CSV, JSON or PARQUET. Raises 000002 for what is not carried out."""
    kind = str(options.get("TYPE", "CSV")).upper()
    known = _KINDS.get(kind)
    if known is None:
        raise errors.unsupported(f"files of type {kind}")
    for name, value in options.items():
        if name.upper() not in known:
            raise errors.unsupported(f"{name} of a file of {kind}")
        allowed = known[name.upper()]
        if allowed is not _ANY and str(value).upper() not in allowed:
            raise errors.unsupported(f"{name} = {value} of a file of {kind}")
    return kind


def read(
    values: Values, files: Sequence[tuple[str, Path]], options: Options, least: int = 1
) -> StagedRows:
    """The rows of these files, each under its name in the stage. least: how many columns they have
    at least."""
    kind = kind_of(options)
    fields: list[list[Any]] = []
    metadata: list[tuple[Any, ...]] = []
    started = datetime.now(UTC).replace(tzinfo=None)
    parses_header, header, blank = kind == "CSV" and _is_true(options, "PARSE_HEADER"), [], 0
    for name, file in files:
        _check_packing(file, kind, options)
        rows = (
            list(_csv(file, options)) if kind == "CSV" else _documents(values, file, kind, options)
        )
        if kind == "CSV" and _is_true(options, "SKIP_BLANK_LINES"):
            blank += sum(not row for row in rows)
            rows = [row for row in rows if row]
        if parses_header:
            header = [text or "" for text in rows[0]] if rows else []
            rows = rows[1:]
        changed = datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None)
        key = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        fields += rows
        metadata += [(name, place, key, changed, started) for place in range(1, len(rows) + 1)]
    width = max([least, *map(len, fields)]) if kind == "CSV" else 1
    columns = [
        pa.array([row[place] if place < len(row) else None for row in fields], pa.string())
        for place in range(width)
    ]
    found = list(zip(*metadata, strict=True)) or [()] * len(_METADATA)
    columns += [pa.array(list(v), k) for v, k in zip(found, _METADATA.values(), strict=True)]
    names = [*(f"COLUMN{place}" for place in range(1, width + 1)), *_METADATA]
    types = ["VARCHAR" if kind == "CSV" else "JSON"] * width + _TYPES_OF_METADATA
    table = pa.Table.from_arrays(columns, names=names)
    read_of = [inside(file) for _, file in files] if kind == "PARQUET" else []
    return StagedRows(table, types, list(map(len, fields)), header, blank, NONE.union(*read_of))


def inside(file: Path) -> Kinds:
    """What a file of Parquet puts into VARIANTs, of which their texts do not tell all."""
    return (
        _TIMESTAMP
        if any("timestamp[" in str(kind) for kind in pq.read_schema(file).types)
        else NONE
    )


_TIMESTAMP: Kinds = frozenset(("TIMESTAMP",))


def _documents(values: Values, file: Path, kind: str, options: Options) -> list[list[Any]]:
    path = literal(escape(str(file)))
    if kind == "PARQUET":
        source = parquet(values, file)
        rows = values(f"SELECT CAST({document(values, file)} AS VARCHAR) FROM {source}")
    else:
        form = "array" if _is_true(options, "STRIP_OUTER_ARRAY") else "unstructured"
        packed = ", compression = 'gzip'" if _is_packed(file) else ""
        read_all = f"read_json_objects({path}, format = '{form}'{packed})"
        rows = values(
            "SELECT CASE WHEN _account_has_keys_once(x) THEN CASE WHEN contains(x, '\\')"
            " AND (contains(x, '\\u') OR contains(x, '\\/')) THEN"
            " CAST(json_extract(_account_with_marks(x), '$') AS VARCHAR)"
            " ELSE _account_with_marks(x) END END"
            f" FROM (SELECT CAST(json AS VARCHAR) AS x FROM {read_all})"
        )
    return [list(row) for row in rows]


def document(values: Values, file: Path) -> str:
    """A row of a file of Parquet as an object, in DuckDB's SQL."""
    members = ", ".join(f"{name} := {value}" for name, value in in_json(values, file).items())
    return f"_account_object_of_row(to_json(struct_pack({members})))"


def in_json(values: Values, file: Path) -> dict[str, str]:
    """The columns of a file of Parquet by their quoted names, as they are in a VARIANT."""
    described = values(
        f"SELECT column_name FROM (DESCRIBE FROM {parquet(values, file)})"
        " WHERE column_type = 'TIME WITH TIME ZONE'"
    )
    zoned = {name for (name,) in described}
    made = {}
    for field in pq.read_schema(file):
        name = marked(field.name)
        is_time = f"CAST({quoted(name)} AS TIME)" if name in zoned else ""
        made[quoted(name)] = is_time or _in_json(field.type, quoted(name)) or quoted(name)
    return made


def _in_json(kind: pa.DataType, value: str, depth: int = 0) -> str:
    """A value of a file of Parquet as a VARIANT has it; '' where the engine's JSON is the same."""
    each = f"x{depth}"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        element = _in_json(kind.value_type, each, depth + 1)
        return f"list_transform({value}, lambda {each}: {element})" if element else ""
    if pa.types.is_map(kind):
        item = _in_json(kind.item_type, each, depth + 1)
        items = f"list_transform(map_values({value}), lambda {each}: {item})"
        made = f"CASE WHEN {value} IS NOT NULL THEN map(map_keys({value}), {items}) END"
        return made if item else ""
    if pa.types.is_struct(kind):
        parts = {quoted(part.name): part.type for part in kind}
        known = {name: _in_json(of, f"{value}.{name}", depth) for name, of in parts.items()}
        packed = ", ".join(f"{n} := {m or f'{value}.{n}'}" for n, m in known.items())
        made = f"CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END"
        return made if any(known.values()) else ""
    apart = (pa.types.is_floating, pa.types.is_decimal, pa.types.is_timestamp)
    return f"_account_in_json({value})" if any(of_kind(kind) for of_kind in apart) else ""


def parquet(values: Values, file: Path) -> str:
    """A file's rows, called `_rows`, for DuckDB's FROM, under the engine's names of its columns."""
    path, names, skipped = literal(escape(str(file))), [], 0
    # The file's root, and each column followed by its parts.
    for place, (name, parts) in enumerate(
        values(f"SELECT name, coalesce(num_children, 0) FROM parquet_schema({path})")
    ):
        if place and not skipped:
            names.append(quoted(marked(name)))
        skipped = max(0, skipped - 1) + (parts if place else 0)
    columns = f" ({', '.join(names)})" if names else ""
    return f"read_parquet({path}, hive_partitioning = false) AS _rows{columns}"


# --- CSV -----------------------------------------------------------------------------------------


def _is_true(options: Options, name: str, default: str = "FALSE") -> bool:
    return str(options.get(name, default)).upper() == "TRUE"


def _check_packing(file: Path, kind: str, options: Options) -> None:
    """Raises 000002 for a file that is not compressed as its format says: Snowflake loads none of
    its rows."""
    said = str(options.get("COMPRESSION", "AUTO")).upper()
    if kind != "PARQUET" and said in _PACKINGS and _is_packed(file) != (said == "GZIP"):
        raise errors.unsupported(f"COMPRESSION = {said} of {file.name!r}, which is not so")


_PACKINGS = ("GZIP", "NONE")


def _is_packed(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(2) == b"\x1f\x8b"


def _character(options: Options, name: str, default: str) -> str:
    """A delimiter or the like; '' for NONE."""
    written = str(options.get(name, default))
    if written.upper() == "NONE":
        return ""
    if match := re.fullmatch(r"(?:\\x|0x)([0-9a-fA-F]{2})", written):
        return chr(int(match[1], 16))
    return {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}.get(written, written)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = content[error.start : error.start + 1].hex().upper()
        raise errors.SnowflakeError(
            errors.UTF8, f"Invalid UTF8 detected in string '0x{found}'"
        ) from None


_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


def _text(file: Path) -> str:
    content = file.read_bytes()
    return _decoded(gzip.decompress(content) if _is_packed(file) else content)


def _csv(file: Path, options: Options) -> Iterator[list[str | None]]:
    """The fields of each record; none for a blank line that is passed over."""
    text = _text(file)
    null_if = options.get("NULL_IF", ["\\N"])
    nulls = {str(each) for each in (null_if if isinstance(null_if, list | tuple) else [null_if])}
    empty_is_null, trims = (
        _is_true(options, "EMPTY_FIELD_AS_NULL", "TRUE"),
        _is_true(options, "TRIM_SPACE"),
    )
    signs = _signs(options)
    enclosing, escaping, unenclosed = signs.enclosing, signs.escaping, signs.unenclosed

    def value(field: str, enclosed: bool) -> str | None:
        if enclosed:
            field = field.replace(enclosing * 2, enclosing)
            return None if field in nulls else _unescaped(field, escaping)
        field = field.strip() if trims else field
        if (not field and empty_is_null) or field in nulls:
            return None
        return _unescaped(field, escaping or unenclosed)

    skipped, skips_blank = int(options.get("SKIP_HEADER", 0)), _is_true(options, "SKIP_BLANK_LINES")
    for number, record in enumerate(_records(text, signs)):
        if number < skipped:
            continue
        if skips_blank and record == _BLANK:
            yield []
        else:
            yield [value(field, enclosed) for field, enclosed in record]


_BLANK = [("", False)]


@dataclass(frozen=True)
class Place:
    """Where a record of CSV is in its file, counted from 1: its line, the characters of the line at
    which its fields begin and end, and whether lines follow."""

    line: int
    fields: Sequence[tuple[int, int]]
    is_last: bool


def place(file: Path, options: Options, row: int) -> Place:
    """Of the row of this number, as `read` counts them."""
    text, signs = _text(file), _signs(options)
    if signs.record == "\n":
        text = text.replace("\r\n", "\n")
    skips_blank = _is_true(options, "SKIP_BLANK_LINES")
    number = -int(options.get("SKIP_HEADER", 0)) - _is_true(options, "PARSE_HEADER")
    for spans in _spans(text, signs):
        if number >= 0 and skips_blank and len(spans) == 1 and spans[0][0] == spans[0][1]:
            continue
        number += 1
        if number == row:
            break
    begin, end = spans[0][0], spans[-1][1]
    before = text.rfind("\n", 0, begin) + 1
    return Place(
        text.count("\n", 0, begin) + 1,
        [(first - before + 1, behind - before + 1) for first, behind in spans],
        end + len(signs.record) >= len(text),
    )


def _spans(text: str, signs: "_Delimiters") -> Iterator[list[tuple[int, int]]]:
    """Where the fields of each record begin and end."""
    pattern, position = _field_pattern(signs), 0
    spans: list[tuple[int, int]] = []
    while (position < len(text) or spans) and (match := pattern.match(text, position)):
        spans.append((position, match.start(3)))
        position = match.end()
        if match[3] != signs.field or not match[3]:
            yield spans
            spans = []


def _unescaped(field: str, escape_sign: str) -> str:
    if not escape_sign or escape_sign not in field:
        return field
    return re.sub(
        re.escape(escape_sign) + "(.)", lambda m: _ESCAPED.get(m[1], m[1]), field, flags=re.S
    )


@dataclass(frozen=True)
class _Delimiters:
    field: str
    record: str
    enclosing: str
    escaping: str
    unenclosed: str
    trims: bool


def _signs(options: Options) -> _Delimiters:
    return _Delimiters(
        field=_character(options, "FIELD_DELIMITER", ","),
        record=_character(options, "RECORD_DELIMITER", "\n"),
        enclosing=_character(options, "FIELD_OPTIONALLY_ENCLOSED_BY", "NONE"),
        escaping=_character(options, "ESCAPE", "NONE"),
        unenclosed=_character(options, "ESCAPE_UNENCLOSED_FIELD", "\\"),
        trims=_is_true(options, "TRIM_SPACE"),
    )


def _records(text: str, signs: _Delimiters) -> Iterator[list[tuple[str, bool]]]:
    """Each record's fields, and whether they are enclosed."""
    if signs.record == "\n":
        text = text.replace("\r\n", "\n")
    special = [signs.enclosing, signs.escaping, signs.unenclosed]
    if not any(sign and sign in text for sign in special):
        lines = text.split(signs.record) if signs.record else [text]
        for line in lines if lines[-1] else lines[:-1]:
            yield [(f, False) for f in (line.split(signs.field) if signs.field else [line])]
        return
    pattern, position = _field_pattern(signs), 0
    record: list[tuple[str, bool]] = []
    while position < len(text) or record:
        match = pattern.match(text, position)
        if match is None:
            found = _behind_enclosed(text, position, signs)
            raise errors.SnowflakeError(
                errors.CSV_FIELD,
                f"Found character '{found}' instead of field delimiter '{signs.field}'",
            )
        enclosed = match[1] is not None
        record.append((match[1] if enclosed else match[2], enclosed))
        position = match.end()
        if match[3] != signs.field or not match[3]:
            yield record
            record = []


def _field_pattern(signs: _Delimiters) -> re.Pattern[str]:
    field, end = re.escape(signs.field), re.escape(signs.record)
    unenclosed = re.escape(signs.escaping or signs.unenclosed)
    ends = "|".join(each for each in (field, end) if each)
    quoted, begins = _enclosed(signs)
    bare = _any(rf"{unenclosed}." if unenclosed else "", f"(?!{ends})." if ends else ".")
    last = _any(ends, r"\Z")
    return re.compile(f"(?:{quoted}|(?!{begins})((?:{bare})*))({last})", re.S)


def _enclosed(signs: _Delimiters) -> tuple[str, str]:
    """What an enclosed field is like, and how it begins. Blanks may stand around it where
    TRIM_SPACE takes them away.

    https://docs.snowflake.com/en/sql-reference/sql/create-file-format
    """
    if not signs.enclosing:
        return "((?!))", "(?!)"
    enclosing, escaping = re.escape(signs.enclosing), re.escape(signs.escaping)
    inner = [enclosing * 2, rf"{escaping}." if escaping else "", f"(?!{enclosing})."]
    blanks = f"(?:(?!{re.escape(signs.field)})[ \\t])*" if signs.trims and signs.field else ""
    begins = f"{blanks}{enclosing}"
    return f"{begins}((?:{_any(*inner)})*){enclosing}{blanks}", begins


def _behind_enclosed(text: str, position: int, signs: _Delimiters) -> str:
    """What follows where an enclosed field ends, if it does."""
    match = re.compile(_enclosed(signs)[0], re.S).match(text, position)
    return text[match.end()] if match else text[position]


def _any(*patterns: str) -> str:
    return "|".join(each for each in patterns if each)
