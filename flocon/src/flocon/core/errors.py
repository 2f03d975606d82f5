"""Snowflake's errors: numbers, SQL states and the one exception type that carries them.

Clients branch on the number, so each one used here is Snowflake's own, named once.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Code(NamedTuple):
    """A Snowflake error number with its SQL state."""

    errno: int
    sqlstate: str


STATEMENT_COUNT = Code(8, "0A000")
SYNTAX = Code(1003, "42000")
INVALID_PROPERTY = Code(1008, "22023")
NOT_CONSTANT = Code(1015, "22023")
FILES_EXIST = Code(1030, "22000")
PARAMETER_TYPE = Code(1038, "22023")
PROPERTY_VALUE = Code(1481, "42601")
TOO_MANY_EXPRESSIONS = Code(1795, "42601")
DUPLICATE_PARAMETER = Code(1046, "42601")
ALREADY_EXISTS = Code(2002, "42710")
DOES_NOT_EXIST = Code(2003, "02000")
NO_RELATION = Code(2003, "42S02")
UNKNOWN_COLUMN = Code(904, "42000")
NO_COLUMNS = Code(1080, "42601")
GROUP_BY_EXPRESSION = Code(979, "42601")
UNGROUPED = Code(1104, "42601")
MISSING_COLUMN = Code(2022, "42601")
COLUMN_LIST = Code(2026, "42601")
DUPLICATE_ALIAS = Code(2027, "42601")
AMBIGUOUS_COLUMN = Code(2028, "42601")
DUPLICATE_COLUMN = Code(2025, "42S21")
COLUMN_TYPE = Code(2023, "22000")
VALUES_EXPRESSION = Code(2014, "22000")
ARGUMENT_TYPES = Code(1065, "22023")
INVALID_ARGUMENTS = Code(1044, "42P13")
TOO_FEW_ARGUMENTS = Code(938, "22023")
TOO_MANY_ARGUMENTS = Code(939, "22023")
COLUMN_EXISTS = Code(1430, "42601")
UNKNOWN_VARIABLE = Code(2211, "02000")
DEFAULT_TYPE = Code(2262, "22000")
TYPE_OF_KEY = Code(2270, "22000")
UNKNOWN_FUNCTION = Code(2140, "42601")
NOT_FOUND = Code(2043, "02000")
DATA_TYPE = Code(2040, "42601")
VIEW_EXPANSION = Code(2037, "42601")
VALUE_LIST = Code(2020, "21S01")
UNSET_BIND = Code(2049, "42601")
VALUE_COUNT = Code(2057, "42601")
UNSUPPORTED = Code(2, "0A000")
COMPILATION = Code(1007, "22023")
NOT_NULL = Code(100072, "22000")
TOO_LONG = Code(100078, "22000")
LENGTH_LIMIT = Code(100074, "54000")
NUMERIC_VALUE = Code(100038, "22018")
NUMERIC_RANGE = Code(100039, "22003")
TIMESTAMP_VALUE = Code(100035, "22007")
BOOLEAN_VALUE = Code(100037, "22018")
DATE_VALUE = Code(100040, "22007")
FORMAT_VALUE = Code(100096, "22007")
NUMBER_FORMAT = Code(100140, "22007")
TIME_VALUE = Code(100108, "22007")
HEX_VALUE = Code(100115, "22000")
URL_VALUE = Code(100139, "22000")
UNEQUAL_LENGTHS = Code(215001, "22000")
KEY_TYPE = Code(215002, "22000")
DUPLICATE_KEY = Code(100079, "22000")
VARIANT_VALUE = Code(100071, "22000")
FLOATING_POINT = Code(100044, "22P01")
REGULAR_EXPRESSION = Code(100048, "2201B")
DIVISION_BY_ZERO = Code(100051, "22012")
NONDETERMINISTIC = Code(100090, "42P18")
NO_SUCH_FILE = Code(91016, "22000")
ONE_COLUMN = Code(2019, "0A000")
COLUMN_COUNT = Code(100080, "22000")
UTF8 = Code(100144, "22000")
LENGTHS_OF_BITS = Code(100544, "22026")
CSV_FIELD = Code(100016, "22000")
JSON_VALUE = Code(100069, "22P02")
PYTHON = Code(100357, "P0000")
NO_DATABASE = Code(90105, "22000")
NO_SCHEMA = Code(90106, "22000")
STALE_STREAM = Code(91901, "55000")
NO_WAREHOUSE = Code(606, "57P03")
LOCKED = Code(625, "57014")
CANCELLED = Code(604, "57014")
NOT_EXECUTING = Code(605, "57014")
WRONG_KIND = Code(2203, "42710")
TIMED_OUT = Code(630, "57014")
INCOMPLETE_TRANSACTION = Code(90232, "25000")
OUT_OF_SCOPE = Code(90237, "25000")
ABORTED_TRANSACTION = Code(90236, "25000")
UNKNOWN_STATEMENT = Code(709, "02000")
UNKNOWN_USER_FUNCTION = Code(2141, "42601")
INSUFFICIENT_PRIVILEGES = Code(3001, "42501")
ROLE_NOT_ASSIGNED = Code(3013, "42501")
TASK_EXECUTION = Code(91089, "23001")
WRONG_PASSWORD = Code(390100, "08001")
USER_DISABLED = Code(390101, "08001")
JWT_INVALID = Code(390144, "08001")
ROLE_REFUSED = Code(390189, "08001")
NAME_REFUSED = Code(390201, "08004")
UNKNOWN_SESSION = Code(390104, "08001")
EXPIRED_TOKEN = Code(390114, "08001")
INTERNAL = Code(300001, "XX000")


# The number is ABORTED_TRANSACTION's, the state is not.
_PROCEDURE = Code(90236, "42601")


class SnowflakeError(Exception):
    """A statement failed; the client sees this number, state and message."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.errno = code.errno
        self.sqlstate = code.sqlstate
        self.message = message

    def __str__(self) -> str:
        return f"{self.errno:06d} ({self.sqlstate}): {self.message}"


class NothingCurrent(SnowflakeError):
    """The session has no current database, or schema, to put before a name. name: the name, if it
    is one of an object; schema: as it is written before it."""

    def __init__(self, missing: str, name: str | None = None, schema: str | None = None) -> None:
        """missing: DATABASE or SCHEMA."""
        super().__init__(
            NO_DATABASE if missing == "DATABASE" else NO_SCHEMA,
            f"Cannot perform operation. This session does not have a current {missing.lower()}."
            f" Call 'USE {missing}', or use a qualified name.",
        )
        self.name = name
        self.schema = schema


def compilation(code: Code, text: str) -> SnowflakeError:
    """An error that Snowflake finds while it compiles a statement."""
    return SnowflakeError(code, f"SQL compilation error:\n{text}")


def syntax(place: str | int, unexpected: str) -> SnowflakeError:
    """place: "line 1 at position 7", or a position in a statement of one line."""
    where = place if isinstance(place, str) else f"line 1 at position {place}"
    return compilation(SYNTAX, f"syntax error {where} unexpected '{unexpected}'.")


def does_not_exist(kind: str, name: object) -> SnowflakeError:
    code = NO_RELATION if kind in _RELATIONS else DOES_NOT_EXIST
    return compilation(code, f"{kind} '{name}' does not exist or not authorized.")


def barred_to_procedures(statement: str) -> SnowflakeError:
    """A kind of statement that a procedure does not run, or not with its owner's rights."""
    return SnowflakeError(
        _PROCEDURE, f"Stored procedure execution error: Unsupported statement type '{statement}'."
    )


@contextmanager
def expanding(view: str) -> Iterator[None]:
    """What fails inside fails because a statement reads a view of this name."""
    try:
        yield
    except SnowflakeError as error:
        raise compilation(
            VIEW_EXPANSION, f"Failure during expansion of view '{view}': {error.message}"
        ) from None


# Tables and views have an SQL state of their own.
_RELATIONS = ("Object", "Table", "View")


def unknown_column(name: str) -> SnowflakeError:
    """name: as it is written. Quotes that it does not need are left out."""
    bare = re.sub(r'"([A-Z_][A-Z0-9_$]*)"', r"\1", name)
    return compilation(UNKNOWN_COLUMN, f"invalid identifier '{bare}'")


def value_list(expected: int, got: int) -> SnowflakeError:
    """An INSERT, or a COPY INTO of a query, has more or fewer values than columns."""
    return compilation(
        VALUE_LIST,
        f"Insert value list does not match column list expecting {expected} but got {got}",
    )


def not_found() -> SnowflakeError:
    """What USE and SHOW … IN say of a name that they do not find. Tools take this number for it:
    nothing else has it."""
    return compilation(NOT_FOUND, "Object does not exist, or operation cannot be performed.")


def insufficient(what: str) -> SnowflakeError:
    """The role sees an object (kind and quoted name), and may not do that with it."""
    return SnowflakeError(
        INSUFFICIENT_PRIVILEGES,
        f"SQL access control error:\nInsufficient privileges to operate on {what}.",
    )


def unknown_function(name: object, *, is_full: bool = True) -> SnowflakeError:
    """There is no such function or procedure. name: the full one; is_full: it was written so."""
    if is_full:
        return compilation(UNKNOWN_USER_FUNCTION, f"Unknown user-defined function {name}")
    return compilation(UNKNOWN_FUNCTION, f"Unknown function {str(name).rpartition('.')[2]}")


def wrong_kind(found: str, wanted: str) -> SnowflakeError:
    return compilation(
        WRONG_KIND, f"Object found is of type '{found}', not specified type '{wanted}'."
    )


def already_exists(name: object) -> SnowflakeError:
    """name: as the statement writes it."""
    return compilation(ALREADY_EXISTS, f"Object '{name}' already exists.")


def name_is_taken(name: object, kind: str) -> SnowflakeError:
    """What may neither be replaced by an object of another kind nor pass for one."""
    return compilation(ALREADY_EXISTS, f"Object '{name}' already exists as {kind}")


def unset_bind(mark: str) -> SnowflakeError:
    """A bind that was not given; mark: its number, or the name after the colon."""
    return compilation(UNSET_BIND, f"Bind variable :{mark} not set.")


def unsupported(feature: str) -> SnowflakeError:
    """What this account leaves out: the same number as Snowflake's for a feature it lacks."""
    return SnowflakeError(UNSUPPORTED, f"Unsupported feature '{feature}'.")


def duplicate_property(name: str) -> SnowflakeError:
    """A statement gives a property twice."""
    return compilation(DUPLICATE_PARAMETER, f"duplicate property '{name}';")


def invalid_value(name: str, value: object) -> SnowflakeError:
    """A property has no such value."""
    return compilation(PROPERTY_VALUE, f"Invalid value '{value}' specified for property '{name}'")
