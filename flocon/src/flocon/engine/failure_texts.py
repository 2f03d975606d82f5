"""What the engine says of a statement that it does not take, in Snowflake's words: its own speak of
functions, types and settings that Snowflake has not.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from flocon.core import errors
from flocon.core.errors import Code, SnowflakeError
from flocon.engine.foreign import is_function

_BRANCHES = Code(1789, "42601")
SINGLE_ROW = Code(90150, "22000")
SEVERAL_ROWS = "Single-row subquery returns more than one row."

# The engine's types and those of its constants, by what Snowflake calls them.
_TYPES = (
    (r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ", "TIMESTAMP_LTZ"),
    (r"TIMESTAMP(?:_NS|_MS|_S)?(?!_)", "TIMESTAMP_NTZ"),
    (r"(?:TINY|SMALL|BIG|HUGE|UTINY|USMALL|UBIG|UHUGE|U)?INT(?:EGER)?\d*(?:_LITERAL)?", "NUMBER"),
    (r"DECIMAL", "NUMBER"),
    (r"DOUBLE|FLOAT|REAL", "FLOAT"),
    (r"STRING_LITERAL|STRING", "VARCHAR"),
    (r"BLOB", "BINARY"),
    (r"JSON", "VARIANT"),
    (r"\w+(?:\([^)]*\))?\[\]", "ARRAY"),
)
_NAMED = re.compile("|".join(rf"\b(?P<t{n}>{name})(?!\w)" for n, (name, _) in enumerate(_TYPES)))
# Not what is between quotes, which is the statement's.
_OUTSIDE = re.compile(r"""("[^"]*"|'[^']*')|([^"']+)""")
_ADVICE = re.compile(
    r"\.?(?: You might need to add| In order to select one, please add) explicit type casts\.?"
    r"| - an explicit cast is required|\n\* SET .*|\nEither add it to .*|\nUse TRY.*",
    re.DOTALL,
)


def without_types(line: str) -> str:
    """A line with Snowflake's types in the place of the engine's, and without advice that is not
    Snowflake's."""
    return _OUTSIDE.sub(lambda found: found[1] or _renamed(found[2]), _ADVICE.sub("", line))


def _renamed(text: str) -> str:
    return _NAMED.sub(lambda found: _TYPES[int((found.lastgroup or "t0")[1:])][1], text)


class Misplaced(SnowflakeError):
    """What stands where it may not: `engine.misplaced` says which function of the statement it is,
    or which position. most: the highest that there is."""

    def __init__(self, most: str | None = None) -> None:
        what = "an aggregate or window function" if most is None else "this position"
        super().__init__(errors.UNSUPPORTED, f"SQL compilation error:\n{what} is not allowed here")
        self.most = None if most is None else int(most)


def told(line: str) -> SnowflakeError | None:
    """Snowflake's error for a line of the engine's; None for one that is not known here."""
    for pattern, make in _TOLD:
        if found := pattern.match(line):
            return make(found)
    return None


_OPERATORS = {"~~": "LIKE", "!~~": "NOT LIKE"}


def _arguments(found: Match[str]) -> SnowflakeError:
    """A function that only the engine has is not named."""
    name = found["name"].upper()
    name = _OPERATORS.get(name, name)
    named = f" '{name}'" if not name[0].isalpha() or is_function(name.split()[-1]) else ""
    types = f"({_renamed(found['types'])})"
    return errors.compilation(
        errors.INVALID_ARGUMENTS, f"Invalid argument types for function{named}: {types}"
    )


def _cast(found: Match[str]) -> SnowflakeError:
    source, target = _renamed(found[1]), _renamed(found[2])
    function = {"NUMBER": "TO_NUMBER", "FLOAT": "TO_DOUBLE"}.get(target.partition("(")[0])
    function = function or f"TO_{target.partition('(')[0]}"
    text = f"invalid type [CAST({source} AS {target})] for parameter '{function}'"
    return errors.compilation(errors.ARGUMENT_TYPES, text)


def _at_run_time(code: Code, text: str) -> Callable[[Match[str]], SnowflakeError]:
    """text: with the pattern's groups."""
    return lambda found: SnowflakeError(code, text.format(*found.groups()))


def _at_compile_time(code: Code, text: str) -> Callable[[Match[str]], SnowflakeError]:
    return lambda found: errors.compilation(code, text.format(*found.groups()))


def _unsupported(text: str) -> Callable[[Match[str]], SnowflakeError]:
    return lambda found: errors.unsupported(text.format(*found.groups()))


def _constant(found: Match[str]) -> SnowflakeError:
    name = found[1].upper()
    of = f" of {name}" if is_function(name) else ""
    return errors.compilation(errors.COMPILATION, f"an argument{of} needs to be constant")


def _beside(found: Match[str]) -> SnowflakeError:
    """Two values of which none becomes of the other's type."""
    one, other = (_renamed(each) for each in found.groups() if each)
    if other == "NUMBER":
        one, other = other, one
    text = f"Can not convert parameter of type [{other}] into expected type [{one}]"
    return errors.compilation(errors.PARAMETER_TYPE, text)


def _part(found: Match[str]) -> SnowflakeError:
    text = f"'{found[1].upper()}' is not a valid date/time component for function DATE_PART."
    return errors.compilation(errors.COMPILATION, text)


def _part_of(found: Match[str]) -> SnowflakeError:
    text = f"'{found[2].upper()}' is not a valid date/time component of a {found[1].upper()}."
    return errors.compilation(errors.COMPILATION, text)


# What the engine says of floating-point functions that are not asked for their arguments
# (`engine.numeric`).
_NO_NUMBERS = (
    (r"cannot take square root of a negative number", "sqrt"),
    (r"cannot take logarithm of|division by zero in based logarithm", "log"),
    (r"ACOS is undefined", "acos"),
    (r"ASIN is undefined", "asin"),
    (r"ATANH is undefined", "atanh"),
    (r"zero raised to a negative power is undefined", "pow"),
    (r"input value .* is out of range for numeric function cotangent", "cot"),
)
_MISPLACED = (
    r"\w+ (?:\w+ )?(?:clause|statement) cannot contain (?:aggregates|window functions)!"
    r"|aggregate functions? (?:calls cannot (?:be nested|contain)|are not allowed)"
    r"|window functions are not allowed"
)
_OUT_OF_RANGE = "Numeric value '{}' is out of range"
_TOLD: tuple[tuple[re.Pattern[str], Callable[[Match[str]], SnowflakeError]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), make)
    for pattern, make in (
        (
            r"No function matches the given name and argument types"
            r" '(?P<name>.+?)\((?P<types>.*)\)'\. You might",
            _arguments,
        ),
        (
            r"Could not choose a best candidate function for the function call"
            r' "(?P<name>.+?)\((?P<types>.*)\)"\. In order',
            _arguments,
        ),
        (r"Unimplemented type for cast \((.*) -> (.*)\)", _cast),
        (
            r"Unknown TimeZone '(.*)'",
            _at_run_time(errors.TIMESTAMP_VALUE, "Unknown time zone '{}'"),
        ),
        (
            r"Could not cast value (-?[\d.e+-]+) to DECIMAL",
            _at_run_time(errors.NUMERIC_RANGE, _OUT_OF_RANGE),
        ),
        (
            r'Casting value "(.*)" to type .* failed: value is out of range',
            _at_run_time(errors.NUMERIC_RANGE, _OUT_OF_RANGE),
        ),
        (
            r"Type \w+ with value (-?[\d.e+-]+) can't be cast .*out of range",
            _at_run_time(errors.NUMERIC_RANGE, _OUT_OF_RANGE),
        ),
        (
            r"Type \w+ with value (\d+-\d+-\d+) can't be cast",
            _at_run_time(errors.NUMERIC_RANGE, "Date out of range: {}"),
        ),
        (
            r"Overflow in .*\((.*)\)!?",
            _at_run_time(errors.NUMERIC_RANGE, "Number out of representable range: {}"),
        ),
        (
            r"Overflow in \w+ addition: (.*)",
            _at_run_time(errors.NUMERIC_RANGE, "Number out of representable range: {}"),
        ),
        (
            r"More than one row returned by a subquery",
            _at_run_time(SINGLE_ROW, SEVERAL_ROWS),
        ),
        (
            r'column "?(.+?)"? must appear in the GROUP BY clause',
            _at_compile_time(
                errors.UNGROUPED,
                "'{}' in select clause is neither an aggregate nor in the group by clause.",
            ),
        ),
        (
            r"Set operations can only apply to expressions with the same number of result columns",
            _at_compile_time(
                _BRANCHES, "invalid number of result columns for set operator input branches"
            ),
        ),
        (
            r"Subquery returns \d+ columns - expected 1",
            _at_compile_time(
                errors.UNSUPPORTED, "Unsupported: Scalar subquery with multi-column SELECT clause."
            ),
        ),
        (
            r'table ".*" has \d+ columns available but \d+ columns specified'
            r"|More VIEW aliases than columns",
            _at_compile_time(errors.COLUMN_LIST, "Invalid column definition list"),
        ),
        (
            r'Duplicate column name "(.*)" in INSERT',
            _at_compile_time(errors.DUPLICATE_COLUMN, "duplicate column name '{}'"),
        ),
        (
            r'Multiple assignments to same column "(.*)"',
            _at_compile_time(errors.DUPLICATE_COLUMN, "duplicate column name '{}'"),
        ),
        (
            r'Ambiguous reference to column name "(.*?)"',
            _at_compile_time(errors.AMBIGUOUS_COLUMN, "ambiguous column name '{}'"),
        ),
        (
            r'Column "(.*)" does not exist on (?:left|right) side of join',
            _at_compile_time(errors.UNKNOWN_COLUMN, "invalid identifier '{}'"),
        ),
        (
            r'Column with name "?(.*?)"? already exists',
            _at_compile_time(errors.COLUMN_EXISTS, "column '{}' already exists"),
        ),
        (
            r'Column "(.*)" in \w+ list not found in ',
            _at_compile_time(errors.UNKNOWN_COLUMN, "invalid identifier '{}'"),
        ),
        (r'The "\w+" argument in function "(\w+)" must be a constant expression', _constant),
        (r'extract specifier "(.*)" not recognized', _part),
        (r'"(\w+)" units "(\w+)" not recognized', _part_of),
        (
            r"DECIMAL type width must be between 1 and 38",
            _at_compile_time(errors.COMPILATION, "a NUMBER has between 1 and 38 digits"),
        ),
        (
            r"DECIMAL type scale cannot be greater than width",
            _at_compile_time(errors.COMPILATION, "a NUMBER has no more decimals than digits"),
        ),
        (
            r"Failure in decode: could not convert blob to UTF8 string",
            _at_run_time(errors.UTF8, "Invalid UTF8 detected in string"),
        ),
        (
            r'Could not decode string "(.*)" as base64',
            _unsupported("decoding the text {}, which is no base64"),
        ),
        (
            r"nextval: reached m\w+ value of sequence",
            _unsupported("more numbers of a sequence than 64 bits hold"),
        ),
        (
            r"Failed to cast value: Could not convert string '(.*)' to INT64",
            _at_run_time(errors.NUMERIC_VALUE, "Numeric value '{}' is not recognized"),
        ),
        (
            r"Sample sample_size ([\d.]+) out of range, must be between 0 and 100",
            _at_compile_time(errors.COMPILATION, "a sample has between 0 and 100 percent, not {}"),
        ),
        (
            r"Argument for ntile must be greater than zero",
            _at_compile_time(errors.COMPILATION, "NTILE argument must be at least 1"),
        ),
        (
            r"No matching columns found that match regex|SELECT list is empty after resolving",
            _at_compile_time(errors.NO_COLUMNS, "SELECT with no columns"),
        ),
        (_MISPLACED, lambda found: Misplaced()),
        (
            r"(?:ORDER|GROUP BY) term out of range - should be between 1 and (\d+)",
            lambda found: Misplaced(found[1]),
        ),
        (
            r"Invalid floating point operation: (.*)",
            _at_run_time(errors.FLOATING_POINT, "Invalid floating point operation: {}"),
        ),
        *(
            (said, _at_run_time(errors.FLOATING_POINT, f"Invalid floating point operation: {name}"))
            for said, name in _NO_NUMBERS
        ),
        (
            r"Cannot compare values of type (.+) and type (.+?)(?: - an explicit.*)?$"
            r"|Cannot mix values of type (.+) and (.+) in \w+ operator.*"
            r"|Cannot combine types of (.+) and (.+?)(?: - an explicit.*)?$",
            _beside,
        ),
        (
            r"Values were not provided for the following .*parameters: b(\d+)",
            _at_compile_time(errors.UNSET_BIND, "Bind variable :{} not set."),
        ),
        (
            r'Column "?"(.+?)""? referenced in UNPIVOT',
            _at_compile_time(errors.UNKNOWN_COLUMN, "invalid identifier '{}'"),
        ),
        (
            r"Cannot unpivot columns of types",
            _at_compile_time(
                errors.UNSUPPORTED,
                "The type of a column conflicts with the type of other columns in the UNPIVOT"
                " list.",
            ),
        ),
        (
            r"Referenced column (\w+) not found in FROM clause",
            _at_compile_time(errors.UNKNOWN_COLUMN, "invalid identifier '{}'"),
        ),
        (
            r'Duplicate entry "(.+)" in \w+ list',
            _at_compile_time(errors.DUPLICATE_COLUMN, "duplicate column name '{}'"),
        ),
        (
            r'Duplicate CTE name "(.+)"',
            _at_compile_time(errors.DUPLICATE_ALIAS, "duplicate alias '{}'"),
        ),
        (
            r'window "(.+)" does not exist',
            _at_compile_time(errors.SYNTAX, "syntax error unexpected '{}'."),
        ),
        (
            r"STAR expression is only allowed",
            _at_compile_time(errors.SYNTAX, "syntax error unexpected '*'."),
        ),
        (
            r"GROUPING statement cannot be used without groups",
            _at_compile_time(errors.UNSUPPORTED, "GROUPING function without a GROUP BY."),
        ),
        (
            r'GROUPING child "?"(.+?)""? must be a grouping column',
            _at_compile_time(errors.GROUP_BY_EXPRESSION, "[{}] is not a valid group by expression"),
        ),
        (
            r'Could not rename ".*" to "(.*)": another entry with this name already exists',
            _at_compile_time(errors.ALREADY_EXISTS, "Object '{}' already exists."),
        ),
        (
            r"UNNEST\(\) can only be applied",
            _at_compile_time(errors.UNKNOWN_FUNCTION, "Unknown function FLATTEN"),
        ),
        (r"(\S+) is not an table", _unsupported("DML of the view {}")),
        (r"Can only (?:update|delete from) base table", _unsupported("DML of a view")),
        (
            r"Frame start(?:ing)? .*|Frame end(?:ing)? .*",
            _at_compile_time(errors.UNSUPPORTED, "Invalid window frame."),
        ),
        (
            r"Invalid regular expression: (.*)",
            _at_run_time(errors.REGULAR_EXPRESSION, "Invalid regular expression: {}"),
        ),
        (
            r"NOT NULL constraint failed",
            _at_run_time(errors.NOT_NULL, "NULL result in a non-nullable column"),
        ),
    )
)
