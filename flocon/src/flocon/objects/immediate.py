"""EXECUTE IMMEDIATE: a statement in a text, or all those in a staged file.

https://docs.snowflake.com/en/sql-reference/sql/execute-immediate
https://docs.snowflake.com/en/sql-reference/sql/execute-immediate-from
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flocon.access.demands import nothing
from flocon.access.trees import staged
from flocon.core import errors, result
from flocon.core.errors import Code, SnowflakeError
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.session.statements import Kind
from flocon.sql import immediate
from flocon.sql.immediate import ExecuteImmediate
from flocon.sql.statement_text import StatementText
from flocon.sql.tokens import split

_DIRECTIVE = re.compile(r"\s{0,10}(?:--|#)!jinja[^\n]*\n?")


def run(context: Context, statement: ExecuteImmediate) -> Result:
    """The answer of the statement or, of a file, of the last one. The first that fails ends it;
    what those before it did stays."""
    if not statement.location:
        return _executed(context, statement.text)
    text = _text(context, statement.location)
    directive = _DIRECTIVE.match(text)
    if directive or statement.variables:
        text = _rendered(text[directive.end() :] if directive else text, statement.variables or {})
    parts = split(text)
    for sql, _ in parts:
        _check(sql)
    answer, end = result.done(), 0
    for sql, _ in parts:
        start = text.index(sql, end)
        end = start + len(sql)
        try:
            answer = _executed(context, sql)
        except SnowflakeError as error:
            line = text.count("\n", 0, start) + 1
            position = start - (text.rfind("\n", 0, start) + 1)
            raise SnowflakeError(
                Code(error.errno, error.sqlstate),
                f"Uncaught exception of type 'STATEMENT_ERROR' in file {statement.location} on"
                f" line {line} at position {position}:\n{error.message}",
            ) from None
    return answer


def _text(context: Context, location: str) -> str:
    """What a staged file holds."""
    for need in staged(location, context, "READ"):
        context.access.require(need)
    place = stage_location(context, location)
    found = [file for _, file in place.files() if file == place.folder / place.path]
    if not found:
        raise SnowflakeError(errors.NO_SUCH_FILE, f"Remote file '{location}' was not found.")
    try:
        return found[0].read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SnowflakeError(errors.UTF8, f"{location} is not text in UTF-8.") from None


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    """A template, filled in. It can neither read files nor reach the account's objects."""
    # Here, for most accounts never need it, and all would start later.
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    templates = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        return templates.from_string(text).render(variables)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise errors.compilation(errors.COMPILATION, f"Jinja template: {error}") from None


def _check(sql: str) -> None:
    """Nothing runs of a file that holds what does not run here."""
    if StatementText(sql).is_script:
        raise errors.unsupported(f"Snowflake Scripting: {sql[:200]}")


def _executed(context: Context, sql: str) -> Result:
    _check(sql)
    answer = context.execute(sql, nested=True)
    if answer.put is not None:
        raise errors.unsupported("PUT and GET in EXECUTE IMMEDIATE")
    return answer


STATEMENTS = (Kind(("EXECUTE", "IMMEDIATE"), immediate.read, run, nothing, calls=True),)
