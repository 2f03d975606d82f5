"""DuckDB's and fakesnow's errors as Snowflake's."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import snowflake.connector.errors
from sqlglot.errors import ParseError, TokenError, UnsupportedError

from flocon.core import errors
from flocon.core.errors import Code, SnowflakeError
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.core.variant_marks import UNDEFINED
from flocon.core.variant_text import compact
from flocon.engine import (
    argument_counts,
    failure_texts,
    inner_kinds,
    moments,
    nanoseconds,
    row_numbers,
    variant_order,
    variants_beside,
)
from flocon.sql import error_places


class Conflict(SnowflakeError):
    """Another transaction changed the same rows first: Snowflake would have waited for its lock."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            errors.LOCKED,
            "Statement was aborted because another transaction holds a lock on the same rows. "
            f"Roll back and run the transaction again. ({detail})",
        )


# What the engine says of a regular expression that is none.
_NO_PATTERN = (
    r"repetition operator: |missing \]: |missing \): |unexpected \): |invalid escape sequence: "
    r"|trailing \\|invalid character class"
)
# Of a sequence that a column's DEFAULT names, which Snowflake drops.
_DEPENDED_ON = "because there are entries that depend on it"
# In this order: DuckDB's classes derive from one another, and some texts decide inside a class.
_BY_TEXT: tuple[tuple[str, Code], ...] = (
    (r"Unsupported feature", errors.UNSUPPORTED),
    (_DEPENDED_ON, errors.UNSUPPORTED),
    (r"Duplicate field key|Map keys must be unique", errors.DUPLICATE_KEY),
    (r"Can't parse '.*' as number with format", errors.NUMBER_FORMAT),
    (r"Can't parse '.*' as \w+ with format", errors.FORMAT_VALUE),
    (r"Date '.*' is not recognized", errors.DATE_VALUE),
    (r"Timestamp '.*' is not recognized", errors.TIMESTAMP_VALUE),
    (r"Time '.*' is not recognized", errors.TIME_VALUE),
    (r"not a legal (hex|base64)-encoded value|Invalid Base64 custom", errors.HEX_VALUE),
    (r"would be truncated in 'Base64", errors.TOO_LONG),
    (r"lengths of two variable-sized fields", errors.LENGTHS_OF_BITS),
    (r"Invalid UTF8 detected", errors.UTF8),
    (r"Error parsing URL", errors.URL_VALUE),
    (r"unequal lengths in ARRAYS_TO_OBJECT", errors.UNEQUAL_LENGTHS),
    (r"Key supplied for ARRAYS_TO_OBJECT", errors.KEY_TYPE),
    (r"Division by zero", errors.DIVISION_BY_ZERO),
    (r"MERGE INTO command cannot affect", errors.NONDETERMINISTIC),
    (r"Malformed JSON|JSON parse", errors.JSON_VALUE),
    (_NO_PATTERN, errors.REGULAR_EXPRESSION),
    (r"(invalid date field format|^[^\n]*date field value)", errors.DATE_VALUE),
    (r"invalid (timestamp|time) field format", errors.TIMESTAMP_VALUE),
    (r"Could not convert string '.*' to BOOL", errors.BOOLEAN_VALUE),
    (rf'time field value out of range: "{re.escape(nanoseconds.NO_TIME)}', errors.TIME_VALUE),
    (r"Failed to cast (value|variant value from array)", errors.VARIANT_VALUE),
    (
        r"(timestamp|date|time) field value|Could not parse string .*(date|time)",
        errors.TIMESTAMP_VALUE,
    ),
    (
        r"out of (representable )?range|Overflow|exceeds|does not fit"
        r"|Could not cast value .* to DECIMAL",
        errors.NUMERIC_RANGE,
    ),
    (r"Could not convert string|Conversion Error", errors.NUMERIC_VALUE),
    (r"(Table|View|Sequence) with name .* already exists", errors.ALREADY_EXISTS),
    (r"(Table|View) with name .* does not exist!", errors.NO_RELATION),
    (r"(Table|View|Sequence) with name|does not exist because schema", errors.DOES_NOT_EXIST),
    (
        r"Referenced (update )?(column|table)|not found in FROM clause"
        r"|does not have a column (named|with)",
        errors.UNKNOWN_COLUMN,
    ),
    (r"(Scalar|Aggregate|Table|Macro) Function with name", errors.UNKNOWN_FUNCTION),
    (r"already exists", errors.ALREADY_EXISTS),
)


def _first_line(text: str) -> str:
    text = text.partition("executing the UDF: ValueError: ")[2] or text
    return re.sub(r"^\w[\w ]* Error: ", "", text.strip().split("\n\n")[0].split("\nLINE")[0])


def translate(error: Exception, sql: str = "") -> SnowflakeError:
    """The Snowflake error that says the same."""
    if isinstance(error, SnowflakeError):
        return error
    if isinstance(error, snowflake.connector.errors.Error):
        text = error.raw_msg or str(error.msg)
        if named := _NAMED.match(text):
            return _translate_duckdb(_CLASSES.get(named[1], duckdb.Error)(text))
        code = Code(error.errno or errors.INTERNAL.errno, error.sqlstate or "42000")
        return SnowflakeError(code, error.raw_msg or str(error.msg))
    if isinstance(error, ParseError):
        return argument_counts.miscounted(error, sql) or error_places.syntax(error, sql)
    if isinstance(error, TokenError):
        text = re.sub(r"\x1b\[\d+m", "", str(error))
        return errors.compilation(errors.SYNTAX, f"syntax error: {text}")
    if isinstance(error, NotImplementedError | UnsupportedError):
        return errors.unsupported(f"{error}: {sql[:200]}")
    if isinstance(error, duckdb.Error):
        return _translate_duckdb(error)
    if isinstance(error, RecursionError):
        return errors.unsupported("a statement nested so deep")
    return SnowflakeError(errors.INTERNAL, f"Internal error: {type(error).__name__}: {error}")


# fakesnow hands on some of DuckDB's errors by their text alone.
_NAMED = re.compile(r"([\w ]+) Error: ")
_CLASSES: dict[str, type[duckdb.Error]] = {
    "Binder": duckdb.BinderException,
    "Catalog": duckdb.CatalogException,
    "Constraint": duckdb.ConstraintException,
    "Conversion": duckdb.ConversionException,
    "INTERRUPT": duckdb.InterruptException,
    "Invalid Input": duckdb.InvalidInputException,
    "Not implemented": duckdb.NotImplementedException,
    "Out of Range": duckdb.OutOfRangeException,
    "Parser": duckdb.ParserException,
    "TransactionContext": duckdb.TransactionException,
}

# Not what the statement says is wrong, but the engine, its memory or its disk. Its texts may have
# any word in them, so these come before all that is told by its text.
_FAULTS = (
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.OutOfMemoryException,
    duckdb.IOException,
    duckdb.SerializationException,
    duckdb.ConnectionException,
    duckdb.ResourceInUseException,
)
_FAULT = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|Input/output error|Read-only file"
    r" system|Cannot allocate memory|Too many open files|\b(IO|Out of Memory|FATAL|INTERNAL) Error:"
)
# What a statement or its data can be wrong in, though DuckDB's text is not known here.
_WRONG_STATEMENT = (duckdb.ProgrammingError, duckdb.DataError, duckdb.IntegrityError)


def _translate_duckdb(error: duckdb.Error) -> SnowflakeError:
    """What is neither the statement's fault nor another transaction's is 300001."""
    text = str(error)
    line = _first_line(text)
    if isinstance(error, duckdb.InterruptException):
        return SnowflakeError(errors.CANCELLED, "SQL execution canceled")
    if "aborted" in text and isinstance(error, duckdb.TransactionException):
        return SnowflakeError(
            errors.ABORTED_TRANSACTION,
            "The transaction was aborted by an earlier failed statement. Roll it back.",
        )
    if isinstance(error, _FAULTS) or _FAULT.search(text):
        return SnowflakeError(errors.INTERNAL, f"Internal error: {line}")
    if isinstance(error, duckdb.TransactionException) and re.search(
        r"[Cc]onflict|altered|(another|different) transaction|deleted by another"
        r"|(been|concurrent) (altered|deleted|dropped|trans)",
        text,
    ):
        return Conflict(line)
    if "write to multiple attached" in text or "only write to a single attached" in text:
        return errors.unsupported("a transaction that writes to two databases")
    if "PRIMARY KEY or UNIQUE" in text and "Transaction" in text:
        return Conflict(line)
    if "Max expression depth" in text:
        return errors.unsupported("a statement nested so deep")
    if gone := re.search(r'Catalog "(.*?)" does not exist', text):
        # Dropped by another session since this one's statement was read.
        return errors.does_not_exist("Database", gone[1])
    if _MANY_DIGITS.search(text):
        return errors.unsupported(
            "a number of more than 64 bits in a column of type NUMBER(38, 0): in a NUMBER(37, 0)"
            " there is room"
        )
    if "DEFAULT value cannot contain" in text:
        return errors.unsupported("this expression as a column's DEFAULT")
    if other := _OTHER_TYPE.search(text):
        return errors.compilation(errors.COLUMN_TYPE, other[0])
    if other := _NO_TRUTH.search(text):
        return SnowflakeError(errors.VARIANT_VALUE, _printable(other[0]))
    if other := _NO_NUMBER.search(text):
        return _no_number(other[1].removesuffix(nanoseconds.AND_NO_MORE), other[2])
    if same := _SAME_KEY.search(text):
        return SnowflakeError(errors.JSON_VALUE, _printable(same[0]))
    if moments.NO_FRACTION in text:
        return errors.unsupported(moments.NO_FRACTION)
    for refused in _REFUSED:
        if refused in text:
            return errors.unsupported(refused)
    if twice := _TWICE.search(text):
        return SnowflakeError(errors.DUPLICATE_KEY, f"Duplicate field key '{twice[1]}'")
    if held := _TOO_LONG_DEFAULT.match(text):
        return SnowflakeError(errors.TOO_LONG, _printable(held[1]))
    if long := _TOO_LONG.match(text):
        code = errors.LENGTH_LIMIT if long["limit"] else errors.TOO_LONG
        return SnowflakeError(code, _printable(long[1]))
    if ENGINE_TYPE in text:
        return errors.unsupported("a TIMESTAMP_TZ here: cast it to TIMESTAMP_LTZ or TIMESTAMP_NTZ")
    if counts := _VALUE_COUNTS.search(text):
        return errors.value_list(int(counts[1] or counts[3]), int(counts[2] or counts[4]))
    if told := failure_texts.told(line):
        return told
    for pattern, code in _BY_TEXT:
        if re.search(pattern, text):
            return SnowflakeError(code, _phrase(code, line.replace(UNDEFINED, "undefined")))
    line = failure_texts.without_types(_without_hints(line))
    if isinstance(error, duckdb.ParserException):
        return errors.compilation(errors.SYNTAX, f"syntax error: {_unexpected(line)}")
    if isinstance(error, duckdb.CatalogException):
        return errors.compilation(errors.COMPILATION, line)
    if isinstance(error, duckdb.PermissionException):
        return errors.unsupported(f"what is outside of the account: {line}")
    if isinstance(error, duckdb.NotSupportedError):
        return errors.unsupported(line)
    if isinstance(error, _WRONG_STATEMENT):
        return errors.compilation(errors.COMPILATION, line)
    return SnowflakeError(errors.INTERNAL, f"Internal error: {line}")


def _unexpected(line: str) -> str:
    """Of what the engine was given in its own words."""
    return re.sub(r'^syntax error at or near "(.*)"$', r"unexpected '\1'.", line, flags=re.S)


_REFUSED = (
    nanoseconds.REFUSED, inner_kinds.REFUSED, inner_kinds.LOST, variants_beside.NOT_ORDERED,
    variants_beside.UNTYPED, row_numbers.REFUSED, variant_order.INFINITE,
    variant_order.REFUSED, variant_order.UNTYPED,
)  # fmt: skip
# The value in it may say anything, also on several lines.
_TOO_LONG = re.compile(
    r"Conversion Error: Could not convert string '"
    r"((?:String|Binary value) '.*' is too long and would be truncated"
    r"|User character length (?P<limit>limit) \(\d+\) exceeded by string '.*')' to INT8",
    re.S,
)


_SAME_KEY = re.compile(r'Error parsing JSON: duplicate object attribute ".*", pos \d+', re.DOTALL)
# An object of all columns, where two have one name.
_TWICE = re.compile(r'Duplicate named argument "(.+?)" in function call to .*struct_pack')
# Of a column's default (`engine.lengths`).
_TOO_LONG_DEFAULT = re.compile(
    r"[^'\n]*ValueError: ((?:String|Binary value) '.*' is too long and would be truncated)", re.S
)

_MANY_DIGITS = re.compile(
    r"can't be cast because the value is out of range for the destination type INT64"
    r"|Could not cast value -?[0-9.]+ to BIGINT|Could not convert string '[+-]?[0-9.]+' to INT64"
    r"|Failed to cast decimal value -?[0-9.]+ to type INT64"
)
_OTHER_TYPE = re.compile(
    r"Expression type does not match column data type, expecting \w+ but got [\w(),]+ for column"
    r" .*(?=' to INT8)",
    re.S,
)

# Behind the digits of a VARIANT that becomes a number.
OF_VARIANT = "\v"
_NO_NUMBER = re.compile(rf"Could not convert string ['\"](.*){OF_VARIANT}['\"] to (\w+)", re.DOTALL)
_NO_TRUTH = re.compile(
    r"Failed to cast variant value .* to (?:BOOLEAN|DATE|TIME|TIMESTAMP_(?:NTZ|LTZ|TZ))"
    r"(?=' to INT8)",
    re.S,
)


def _no_number(value: str, kind: str) -> SnowflakeError:
    """Of a VARIANT that has this text, or this array or object, and was to become a number."""
    if kind != "DOUBLE" and _NUMBER.fullmatch(value.strip()):
        text = f"Number out of representable range: {value.strip()}"
        return SnowflakeError(errors.NUMERIC_RANGE, text)
    shown = compact(value) if value[:1] in ("[", "{") else json.dumps(value, ensure_ascii=False)
    target = "REAL" if kind == "DOUBLE" else "FIXED"
    text = f"Failed to cast variant value {shown} to {target}"
    return SnowflakeError(errors.VARIANT_VALUE, _printable(text))


_NUMBER = re.compile(r"[+-]?(\d+[.]?\d*|[.]\d+)([eE][+-]?\d+)?", re.ASCII)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)


_VALUE_COUNTS = re.compile(
    r"has (\d+) columns but (\d+) values were supplied"
    r"|mismatch for insert on .*: expected (\d+) columns but (\d+) values were supplied"
)
_NOT_RECOGNIZED = {
    errors.NUMERIC_VALUE: "Numeric value",
    errors.DATE_VALUE: "Date",
    errors.TIMESTAMP_VALUE: "Timestamp",
    errors.TIME_VALUE: "Time",
    errors.BOOLEAN_VALUE: "Boolean value",
}


# What the engine says of a name that it does not know: the name, in quotes or without.
_UNKNOWN = (
    (re.compile(r'because schema "?(.+?)"? does not exist'), "Schema '{}' {}"),
    (re.compile(r"(?:Table|View|Sequence) with name \"?(.+?)\"? does not exist"), "Object '{}' {}"),
    (re.compile(r'Referenced column "(.+?)" (?:was )?not found'), "invalid identifier '{}'"),
    (re.compile(r"Referenced update column (.+?) not found"), "invalid identifier '{}'"),
    (re.compile(r'does not have a column (?:named|with name) "(.+?)"'), "invalid identifier '{}'"),
    (re.compile(r'Referenced table "(.+?)" not found'), "invalid identifier '{}'"),
    (
        re.compile(r'Function with name "?(.+?)"? (?:does not exist|is not in the catalog)'),
        "Unknown function {}",
    ),
)
_NOT_THERE = "does not exist or not authorized."


def _unknown(line: str) -> str:
    for pattern, text in _UNKNOWN:
        if found := pattern.search(line):
            return text.format(found[1].upper() if "function" in text else found[1], _NOT_THERE)
    return _without_hints(line)


def _without_hints(line: str) -> str:
    """The engine names other objects, also to a role that must not know them, and its files."""
    line = re.split(r"\s*\n?(?:Did you mean|Candidate (?:bindings|functions|macros))", line)[0]
    return re.sub(r"(?<![\w.])/[^\s'\":]*/([^\s'\":/]+)", r"\1", line)


def _phrase(code: Code, line: str) -> str:
    if _DEPENDED_ON in line:
        return "Unsupported feature 'dropping or replacing what a DEFAULT names'."
    if code == errors.DIVISION_BY_ZERO:
        return "Division by zero"
    if code == errors.REGULAR_EXPRESSION:
        return f"Invalid regular expression: {line}"
    if code == errors.NONDETERMINISTIC:
        return f"Duplicate row detected during DML action ({line})"
    if held := _FAILED_CAST.search(line):
        shown, kind = held[2].replace(f'{nanoseconds.AND_NO_MORE}"', '"'), _CAST_TO.get(held[1])
        return f"Failed to cast variant value {shown} to {kind or held[1].upper()}"
    value = re.search(r"[\"'](.*?)[\"'](,| to |$)", line, re.S)
    if code in _NOT_RECOGNIZED and value:
        shown = value[1].removesuffix(nanoseconds.AND_NO_MORE).removeprefix(nanoseconds.NO_TIME)
        return f"{_NOT_RECOGNIZED[code]} '{shown}' is not recognized"
    if code in _OF_NAMES:
        return f"SQL compilation error:\n{_unknown(line)}"
    return _without_hints(line)


_FAILED_CAST = re.compile(
    r"Failed to cast value to (\w+): (.*?)(?: when casting from source column \w+)?$", re.S
)
# How Snowflake calls these there.
_CAST_TO = {"decimal": "FIXED", "numerical": "REAL"}
_OF_NAMES = (
    errors.DOES_NOT_EXIST, errors.NO_RELATION, errors.UNKNOWN_COLUMN, errors.UNKNOWN_FUNCTION,
)  # fmt: skip


@contextmanager
def translated(sql: str = "") -> Iterator[None]:
    """Whatever fails inside comes out as a SnowflakeError."""
    try:
        yield
    except SnowflakeError:
        raise
    except Exception as error:
        raise translate(error, sql) from error
