"""DESCRIBE FILE FORMAT: what its options are, and what they would be by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flocon.access.demands import needs
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.staged_queries import format_of
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.statements import Named

_KIND = "FILE FORMAT"
_COLUMNS = dict.fromkeys(
    ("property", "property_type", "property_value", "property_default"), "VARCHAR"
)
_MOMENTS = {"DATE_FORMAT": "AUTO", "TIME_FORMAT": "AUTO", "TIMESTAMP_FORMAT": "AUTO"}
_NULL_IF = ["\\N"]
# The options of each type of file, in the order of the page, with their defaults.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "CSV": {
        "TYPE": "CSV", "RECORD_DELIMITER": "\n", "FIELD_DELIMITER": ",", "FILE_EXTENSION": "",
        "SKIP_HEADER": 0, "PARSE_HEADER": False, **_MOMENTS, "BINARY_FORMAT": "HEX",
        "ESCAPE": "NONE", "ESCAPE_UNENCLOSED_FIELD": "\\", "TRIM_SPACE": False,
        "FIELD_OPTIONALLY_ENCLOSED_BY": "NONE", "NULL_IF": _NULL_IF, "COMPRESSION": "AUTO",
        "ERROR_ON_COLUMN_COUNT_MISMATCH": True, "VALIDATE_UTF8": True, "SKIP_BLANK_LINES": False,
        "REPLACE_INVALID_CHARACTERS": False, "EMPTY_FIELD_AS_NULL": True,
        "SKIP_BYTE_ORDER_MARK": True, "ENCODING": "UTF8", "MULTI_LINE": True,
    },
    "JSON": {
        "TYPE": "CSV", "FILE_EXTENSION": "", **_MOMENTS, "BINARY_FORMAT": "HEX",
        "TRIM_SPACE": False, "NULL_IF": _NULL_IF, "COMPRESSION": "AUTO", "ENABLE_OCTAL": False,
        "ALLOW_DUPLICATE": False, "STRIP_OUTER_ARRAY": False, "STRIP_NULL_VALUES": False,
        "IGNORE_UTF8_ERRORS": False, "REPLACE_INVALID_CHARACTERS": False,
        "SKIP_BYTE_ORDER_MARK": True, "MULTI_LINE": True,
    },
    "PARQUET": {
        "TYPE": "CSV", "TRIM_SPACE": False, "NULL_IF": _NULL_IF, "COMPRESSION": "AUTO",
        "BINARY_AS_TEXT": True, "USE_LOGICAL_TYPE": False, "REPLACE_INVALID_CHARACTERS": False,
        "USE_VECTORIZED_SCANNER": False,
    },
}  # fmt: skip
# Of these the value is one of a few words, whatever the case in which it was written.
_WORDS = ("TYPE", "COMPRESSION", "BINARY_FORMAT", "ENCODING")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE FILE FORMAT: words as they were written.

    https://docs.snowflake.com/en/sql-reference/sql/desc-file-format"""
    name = context.resolve(statement.name)
    options = format_of(context, name)
    return result.of(_COLUMNS, properties(options), result.DESCRIBE)


def in_words(options: Mapping[str, Any]) -> dict[str, Any]:
    """A format's options as SHOW FILE FORMATS and DESCRIBE STAGE have them."""
    return {
        option: str(value).upper() if option in _WORDS else value
        for option, value in options.items()
    }


def properties(options: Mapping[str, Any]) -> list[list[str]]:
    """The property, its type, value and default, of each option that a format may have."""
    kind = str(options.get("TYPE", "CSV")).upper()
    defaults = _DEFAULTS.get(kind)
    if defaults is None:
        raise errors.unsupported(f"DESCRIBE FILE FORMAT of type {kind}")
    return [
        [option, _type(default), _text(option, _value(options, option, kind, default)),
         _text(option, default)]
        for option, default in defaults.items()
    ]  # fmt: skip


def _value(options: Mapping[str, Any], option: str, kind: str, default: Any) -> Any:
    """Without NULL_IF of its own, only a format of CSV has the default."""
    unset = [] if option == "NULL_IF" and kind != "CSV" else default
    return options.get(option, unset)


def _type(default: Any) -> str:
    if isinstance(default, bool):
        return "Boolean"
    if isinstance(default, int):
        return "Integer"
    return "List" if isinstance(default, list) else "String"


def _text(option: str, value: Any) -> str:
    if option == "NULL_IF":
        values = value if isinstance(value, list | tuple) else [value]
        return f"[{', '.join(map(str, values))}]"
    if isinstance(value, bool) or str(value).upper() in ("TRUE", "FALSE"):
        return str(value).lower()
    if str(value).upper() in ("AUTO", "NONE"):
        return str(value).upper()
    return "".join(_ESCAPES.get(sign, sign) for sign in str(value))


# The two words are one for the reader.
STATEMENTS = (Kind(("DESCRIBE", _KIND), statements.describe(_KIND), describe, needs(_KIND)),)
