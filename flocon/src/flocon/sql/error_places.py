"""Where in a statement's text an error is: "error line 1 at position 7".

Lines are counted from 1, positions in a line from 0. Statements are run without their places, which
would cost each of them more than this costs the few that fail.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#handling-errors
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.sql.tokens import tokenize

_FUNCTION = re.compile(r"SQL compilation error:\nInvalid argument types for function '(\w+)'")
_UNGROUPED = re.compile(r"SQL compilation error:\n'(.+)' in select clause", re.DOTALL)
_UNKNOWN = re.compile(r"SQL compilation error:\ninvalid identifier '(?P<name>.+)'", re.DOTALL)
_NOT_THERE = re.compile(
    r"SQL compilation error:\n(?P<kind>Object|Schema) '(?P<name>.+)' does not exist or not"
    r" authorized\.",
    re.DOTALL,
)


def place(text: str, offset: int) -> str:
    """ "line 1 at position 7" """
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1} at position {offset - before.rfind(chr(10)) - 1}"


def locate(error: SnowflakeError, text: str, database: str | None) -> None:
    """Let an error say the place of the column that it is about, the names of columns, tables and
    schemas as the text has them, and of functions and groups what the text has. It stays as it is
    where the text does not have any. database: the current one."""
    try:
        if isinstance(error, errors.NothingCurrent):
            _name_operation(error, text)
        _leave_out_other_functions(error, text)
        _leave_out_group_by(error, text)
        if error.errno == errors.UNKNOWN_COLUMN.errno and (
            found := _UNKNOWN.fullmatch(error.message)
        ):
            _place_column(error, found["name"], text)
        elif error.errno == errors.UNGROUPED.errno and (found := _UNGROUPED.match(error.message)):
            _place_ungrouped(error, found[1], text)
        elif error.errno == errors.NO_RELATION.errno and (
            found := _NOT_THERE.fullmatch(error.message)
        ):
            _name_fully(error, found, text, database)
    except SnowflakeError:
        # Their text is not one of names.
        return


def _place_column(error: SnowflakeError, column: str, text: str) -> None:
    name, tokens = tokenize(column), tokenize(text)
    # The engine names a column as it is, the account as it is written.
    wanted = [_spelled(token) for token in name if token.token_type != TokenType.DOT]
    for index, token in enumerate(tokens):
        if token.token_type != TokenType.DOT and _names(tokens, index) in (wanted, [column]):
            whole = tokens[_first_of(tokens, index) : index + 2 * len(_names(tokens, index)) - 1]
            where, written = place(text, whole[0].start), "".join(map(_shown, whole))
            error.message = f"SQL compilation error: error {where}\ninvalid identifier '{written}'"
            return


def _place_ungrouped(error: SnowflakeError, column: str, text: str) -> None:
    """Of the column T.A, which may be written as a."""
    wanted = [_spelled(token) for token in tokenize(column) if token.token_type != TokenType.DOT]
    tokens = tokenize(text)
    for index in range(len(tokens)):
        if _names(tokens, index)[-1:] == wanted[-1:] and tokens[index].token_type != TokenType.DOT:
            where = place(text, tokens[_first_of(tokens, index)].start)
            said = error.message.partition("\n")[2]
            error.message = f"SQL compilation error: error {where}\n{said}"
            return


def _name_fully(
    error: SnowflakeError, found: re.Match[str], text: str, database: str | None
) -> None:
    """A table's name with those that are before it; a schema's with its database."""
    tokens = tokenize(text)
    is_table = found["kind"] == "Object"
    for index, token in enumerate(tokens):
        first = _first_of(tokens, index)
        if (
            _spelled(token) == found["name"]
            and (len(_names(tokens, index)) == 1) == is_table
            and first > 0
            and tokens[first - 1].text.upper() in _BEFORE_TABLES
        ):
            whole = "".join(map(_shown, tokens[first : index + 1]))
            if not is_table and first == index and database:
                whole = f"{database}.{whole}"
            error.message = error.message.replace(f"'{found['name']}'", f"'{whole}'")
            return


_OF_QUERIES = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE")
_OF_FILES = {"PUT": "STAGE PUT", "REMOVE": "STAGE RM", "RM": "STAGE RM"}
_CREATE = re.compile(
    r"\s*CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:(?:LOCAL|GLOBAL|TEMP|TEMPORARY|TRANSIENT|VOLATILE"
    r"|SECURE|RECURSIVE)\s+)*(TABLE|VIEW|STAGE)\b",
    re.IGNORECASE,
)


def _name_operation(error: errors.NothingCurrent, text: str) -> None:
    """Let an error about a name without its database or schema say what cannot be done; a query
    does not find what has a bare name."""
    words = [token.text.upper() for token in tokenize(text)[:1]]
    operation = _OF_FILES.get(words[0]) if words else None
    if words and words[0] in _OF_QUERIES:
        if error.name is not None and error.schema is None:
            absent = errors.does_not_exist("Object", error.name)
            error.errno, error.sqlstate = absent.errno, absent.sqlstate
            error.message = absent.message
            return
        operation = "SELECT"
    elif words and words[0] in ("DROP", "TRUNCATE"):
        operation = words[0]
    elif created := _CREATE.match(text):
        operation = f"CREATE {created[1].upper()}"
    if operation:
        error.message = error.message.replace("perform operation", f"perform {operation}", 1)


# Behind a comma there may be a column as well.
_BEFORE_TABLES = ("FROM", "INTO", "JOIN", "SEQUENCE", "TABLE", "UPDATE", "USING")


def _leave_out_other_functions(error: SnowflakeError, text: str) -> None:
    """Let an error about a function's arguments name none that the statement has not: the account
    may have put it in another one's place. A path into a VARIANT is a GET."""
    found = _FUNCTION.match(error.message)
    if error.errno != errors.INVALID_ARGUMENTS.errno or found is None:
        return
    if found[1] not in text.upper() and found[1] != "GET":
        error.message = error.message.replace(f" '{found[1]}'", "", 1)


def _leave_out_group_by(error: SnowflakeError, text: str) -> None:
    """Let an error about a column that is in no group be Snowflake's for a statement without
    GROUP BY, where this one has none."""
    found = _UNGROUPED.match(error.message)
    if error.errno != errors.UNGROUPED.errno or found is None:
        return
    if all(token.token_type != TokenType.GROUP_BY for token in tokenize(text)):
        said = f"SQL compilation error:\n[{found[1]}] is not a valid group by expression"
        error.errno, error.message = errors.GROUP_BY_EXPRESSION.errno, said


def syntax(parsed: ParseError, text: str) -> SnowflakeError:
    """What a reader of whole statements says of one that it does not understand.

    It goes on behind a first word that begins no statement.
    """
    tokens = tokenize(text)
    if tokens and tokens[0].token_type == TokenType.VAR:
        return errors.syntax(place(text, tokens[0].start), tokens[0].text)
    said = parsed.errors[0] if parsed.errors else {}
    line, column, token = said.get("line"), said.get("col"), str(said.get("highlight") or "")
    if not line or not column or not token:
        return errors.compilation(errors.SYNTAX, f"syntax error: {said.get('description', parsed)}")
    # Else it names the last one that it has understood.
    is_unexpected = token in (")", "]", "}") or str(said.get("description")).startswith("Invalid")
    if not is_unexpected and not str(said.get("end_context") or "").strip(" \n;"):
        return errors.syntax(place(text, len(text.rstrip(" \n;"))), "<EOF>")
    return errors.syntax(f"line {line} at position {column - len(token)}", token)


def _names(tokens: Sequence[Token], index: int) -> list[str]:
    """The name that begins with a token: it and what follows behind dots."""
    names = [_spelled(tokens[index])]
    while index + 2 < len(tokens) and tokens[index + 1].token_type == TokenType.DOT:
        index += 2
        names.append(_spelled(tokens[index]))
    return names


def _first_of(tokens: Sequence[Token], index: int) -> int:
    """Where the name of which this is a part begins."""
    while index >= 2 and tokens[index - 1].token_type == TokenType.DOT:
        index -= 2
    return index


def _spelled(token: Token) -> str:
    if token.token_type == TokenType.STRING:
        return ""
    return token.text if token.token_type == TokenType.IDENTIFIER else token.text.upper()


def _shown(token: Token) -> str:
    if token.token_type != TokenType.IDENTIFIER:
        return token.text.upper()
    bare = re.fullmatch(r"[A-Z_][A-Z0-9_$]*", token.text)
    return token.text if bare else '"' + token.text.replace('"', '""') + '"'
