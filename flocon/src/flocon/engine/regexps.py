"""Regular expressions with a position, an occurrence, parameters or a group, which DuckDB's
functions do not take: Python searches. The plain forms stay DuckDB's.

https://docs.snowflake.com/en/sql-reference/functions-regexp
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call
from flocon.engine.texts import is_text

_FLAGS = {"c": 0, "i": re.I, "m": re.M, "s": re.S, "e": 0}
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\s", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "blank": r" \t",
    "word": r"\w",
}  # fmt: skip
_REFERENCE = re.compile(r"\\(\\|\d)")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let macros and rewrites call the functions below."""
    text, number = "VARCHAR", "BIGINT"
    known: list[tuple[str, Callable[..., Any], list[Any], str]] = [
        ("replace", _replace, [text, text, text, number, number, text], text),
        ("substr", _substr, [text, text, number, number, text, number], text),
        ("instr", _instr, [text, text, number, number, number, text, number], number),
        ("count", _count, [text, text, number, text], number),
        ("substr_all", _substr_all, [text, text, number, number, text, number], f"{text}[]"),
    ]
    for name, function, kinds, answer in known:
        connection.create_function(
            f"_account_regexp_{name}",
            _strict(function),
            kinds,
            answer,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL where an argument is."""

    @wraps(function)  # DuckDB reads the number of arguments from the signature
    def strict(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return strict


@lru_cache(maxsize=256)
def _compiled(pattern: str, parameters: str) -> re.Pattern[str]:
    flags = 0
    for letter in parameters:
        if letter not in _FLAGS:
            raise ValueError(f"Invalid regular expression parameter: '{letter}'")
        flags = flags & ~re.I if letter == "c" else flags | _FLAGS[letter]
    for name, members in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", members)
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise ValueError(f"Invalid regular expression: '{pattern}', {error}") from None


def _matches(text: str, pattern: str, position: int, parameters: str) -> Iterator[re.Match[str]]:
    if position < 1:
        raise ValueError(f"Invalid position: {position}")
    return _compiled(pattern, parameters).finditer(text, position - 1)


def _nth(
    text: str, pattern: str, position: int, occurrence: int, parameters: str
) -> re.Match[str] | None:
    _check_occurrence(occurrence)
    for number, match in enumerate(_matches(text, pattern, position, parameters), start=1):
        if number == occurrence:
            return match
    return None


def _check_occurrence(occurrence: int) -> None:
    if occurrence < 1:
        raise ValueError(f"Invalid occurrence: {occurrence}")


def _replace(
    text: str, pattern: str, new: str, position: int, occurrence: int, parameters: str
) -> str:
    made, end = [], 0
    for number, match in enumerate(_matches(text, pattern, position, parameters), start=1):
        if occurrence in (0, number):
            made += [text[end : match.start()], _filled(new, match)]
            end = match.end()
    return "".join([*made, text[end:]])


def _filled(new: str, match: re.Match[str]) -> str:
    """The replacement with what its references (\\1) mean."""

    def referred(reference: re.Match[str]) -> str:
        return "\\" if reference[1] == "\\" else match[int(reference[1])] or ""

    return _REFERENCE.sub(referred, new)


# The first group, or the whole where the pattern has none.
_FIRST_IF_ANY = -1


def _place_of(match: re.Match[str], group: int) -> int:
    return min(1, match.re.groups) if group == _FIRST_IF_ANY else group


def _group(match: re.Match[str], group: int) -> str | None:
    place = _place_of(match, group)
    return match[place] if place <= match.re.groups else None


def _substr(
    text: str, pattern: str, position: int, occurrence: int, parameters: str, group: int
) -> str | None:
    match = _nth(text, pattern, position, occurrence, parameters)
    return _group(match, group) if match else None


def _instr(
    text: str,
    pattern: str,
    position: int,
    occurrence: int,
    option: int,
    parameters: str,
    group: int,
) -> int:
    match = _nth(text, pattern, position, occurrence, parameters)
    group = _place_of(match, group) if match else group
    if match is None or group > match.re.groups or match.start(group) < 0:
        return 0
    return (match.end(group) if option else match.start(group)) + 1


def _count(text: str, pattern: str, position: int, parameters: str) -> int:
    return sum(1 for match in _matches(text, pattern, position, parameters) if match[0])


def _substr_all(
    text: str, pattern: str, position: int, occurrence: int, parameters: str, group: int
) -> list[str | None]:
    _check_occurrence(occurrence)
    found = [_group(match, group) for match in _matches(text, pattern, position, parameters)]
    return found[occurrence - 1 :]


# --- trees ---------------------------------------------------------------------------------------


def functions(node: Expr) -> Expr:
    """REGEXP_REPLACE, _SUBSTR, _INSTR, _COUNT and _SUBSTR_ALL."""
    if isinstance(node, exp.RegexpReplace):
        if _is_plain(node, "replacement"):
            return node
        new = node.args.get("replacement") or exp.Literal.string("")
        return _call("replace", node, new, _number(node, "position", 1),
                     _number(node, "occurrence", 0), _parameters(node, "modifiers"))  # fmt: skip
    if isinstance(node, exp.RegexpExtract):
        if _is_plain(node):
            return node
        return _call("substr", node, *_place(node), _parameters(node), _grouped(node))
    if isinstance(node, exp.RegexpInstr):
        option = _number(node, "option", 0)
        return _call("instr", node, *_place(node), option, _parameters(node), _grouped(node))
    if isinstance(node, exp.RegexpCount):
        return _call("count", node, _number(node, "position", 1), _parameters(node))
    if isinstance(node, exp.RegexpExtractAll):
        found = _call("substr_all", node, *_place(node), _parameters(node), _grouped(node))
        return call("to_json", found)
    return node


def _call(name: str, node: Expr, *more: Expr) -> Expr:
    subject = node.this if is_text(node.this) else exp.cast(node.this, "VARCHAR", dialect="duckdb")
    return call(f"_account_regexp_{name}", subject, node.expression, *more)


def _is_plain(node: Expr, *known: str) -> bool:
    pattern = node.expression
    extra = {key for key, value in node.args.items() if isinstance(value, Expr)}
    return (
        isinstance(pattern, exp.Literal)
        and "[[:" not in pattern.name
        and extra <= {"this", "expression", *known}
    )


def _number(node: Expr, key: str, default: int) -> Expr:
    value = node.args.get(key)
    given = value if value is not None else exp.Literal.number(default)
    is_whole = isinstance(given, exp.Literal) and given.is_int
    return given if is_whole else call("_account_how_many", given)


def _place(node: Expr) -> tuple[Expr, Expr]:
    return _number(node, "position", 1), _number(node, "occurrence", 1)


def _parameters(node: Expr, key: str = "parameters") -> Expr:
    written = node.args.get(key)
    if written is None:
        return exp.Literal.string("c")
    if not written.is_string:
        raise errors.unsupported(f"parameters of a regular expression: {written.sql()}")
    return written


def _grouped(node: Expr) -> Expr:
    """The group that is extracted: without one the first, where the parameters have an `e`, and
    the whole of what matches where there is no group either."""
    written, parameters = node.args.get("group"), node.args.get("parameters")
    extracts = parameters is not None and "e" in parameters.name
    if written is not None and written.sql() != "0":
        return _number(node, "group", 0)
    return exp.Literal.number(_FIRST_IF_ANY if extracts else 0)
