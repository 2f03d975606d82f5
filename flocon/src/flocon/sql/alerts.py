"""CREATE, ALTER, DROP and EXECUTE ALERT as dataclasses.

https://docs.snowflake.com/en/sql-reference/sql/create-alert
https://docs.snowflake.com/en/sql-reference/sql/alter-alert
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql import schedule
from flocon.sql.definitions import body, creation_mode, identifier, within
from flocon.sql.tokens import Name, Tokens

_LONGEST_RUNBOOK = 2048


@dataclass(frozen=True)
class CreateAlert:
    """mode is CREATE, REPLACE or ALTER. condition and action are statements, verbatim."""

    name: Name
    mode: str
    if_not_exists: bool
    properties: dict[str, Any]
    condition: str
    action: str


@dataclass(frozen=True)
class AlterAlert:
    """action is RESUME, SUSPEND, SET, UNSET, MODIFY CONDITION or MODIFY ACTION; only the fields of
    that action are filled in."""

    name: Name
    if_exists: bool
    action: str
    properties: dict[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    text: str = ""


def create_alert(tokens: Tokens) -> CreateAlert:
    mode = creation_mode(tokens)
    tokens.expect("ALERT")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    if if_not_exists and mode != "CREATE":
        raise errors.compilation(
            errors.SYNTAX, f"OR {mode} and IF NOT EXISTS cannot be used in one statement."
        )
    name = tokens.name()
    properties: dict[str, Any] = {}
    while not tokens.accept("IF"):
        _property(tokens, properties)
    condition = _condition(Tokens(tokens.parenthesized()))
    tokens.expect("THEN")
    return CreateAlert(name, mode, if_not_exists, properties, condition, body(tokens, "ALERT"))


def alter_alert(tokens: Tokens) -> AlterAlert:
    tokens.expect("ALTER", "ALERT")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    action = tokens.word()
    details: dict[str, Any] = {}
    if action == "SET":
        details = {"properties": _properties(tokens)}
    elif action == "UNSET":
        details = {"unset": _names(tokens)}
    elif action == "MODIFY":
        action = f"MODIFY {tokens.word()}"
        if action == "MODIFY CONDITION":
            details = {"text": _condition(tokens)}
        elif action == "MODIFY ACTION":
            details = {"text": body(tokens, "ALERT")}
        else:
            raise errors.syntax(0, action)
    elif action == "FROM":
        raise errors.unsupported("ALERT … FROM TEMPLATE")
    elif action not in ("RESUME", "SUSPEND"):
        raise errors.syntax(tokens.text.upper().find(action), action)
    tokens.end()
    return AlterAlert(name, if_exists, action, **details)


def execute_alert(tokens: Tokens) -> Name:
    tokens.expect("EXECUTE", "ALERT")
    name = tokens.name()
    tokens.end()
    return name


def drop_alert(tokens: Tokens) -> tuple[Name, bool]:
    """The alert to drop, and whether it may be missing."""
    tokens.expect("DROP", "ALERT")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    tokens.end()
    return name, if_exists


def _condition(tokens: Tokens) -> str:
    """EXISTS (statement): the statement, of which only the kind is checked; the rest is found out
    when the alert runs, as on Snowflake."""
    tokens.expect("EXISTS")
    text = tokens.parenthesized().strip()
    tokens.end()
    inner = Tokens(text)
    if not inner.peek_any("SELECT", "WITH", "SHOW", "CALL", "("):
        raise inner.unexpected()
    return text


def _property(tokens: Tokens, properties: dict[str, Any]) -> None:
    """One `NAME = value`."""
    name = tokens.word()
    if name in _REFUSED:
        raise errors.unsupported(f"ALERT … {name}")
    if name not in _PROPERTIES:
        raise _unknown(name)
    if name in properties:
        raise errors.compilation(errors.DUPLICATE_PARAMETER, f"duplicate property '{name}'.")
    tokens.expect("=")
    properties[name] = _PROPERTIES[name](tokens)
    tokens.accept(",")


def _properties(tokens: Tokens) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    while not tokens.done:
        _property(tokens, properties)
    if not properties:
        raise tokens.unexpected()
    return properties


def _names(tokens: Tokens) -> tuple[str, ...]:
    names = [tokens.word()]
    while not tokens.done:
        tokens.accept(",")
        names.append(tokens.word())
    for name in names:
        if name in _REFUSED:
            raise errors.unsupported(f"ALERT … UNSET {name}")
        if name not in _PROPERTIES or name == "SCHEDULE":
            raise _unknown(name)
    return tuple(names)


def _schedule(tokens: Tokens) -> str:
    """Whole minutes or a CRON expression; a NULL would make it an alert on new data."""
    if tokens.peek("NULL"):
        raise new_data()
    text = tokens.string()
    parsed = schedule.parse(text)
    if isinstance(parsed, schedule.Interval) and text.strip(" \t\n0123456789")[:1] not in "Mm":
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            f"invalid value for SCHEDULE: '{text}' is neither '<n> MINUTE' nor 'USING CRON …'",
        )
    return text


def _runbook(tokens: Tokens) -> str:
    text = tokens.string()
    if len(text) > _LONGEST_RUNBOOK:
        raise errors.compilation(
            errors.INVALID_PROPERTY, f"RUNBOOK has more than {_LONGEST_RUNBOOK} characters"
        )
    return text


def _warehouse(tokens: Tokens) -> str:
    if tokens.current.token_type == TokenType.NULL:
        raise tokens.unexpected()
    return identifier(tokens)


def new_data() -> errors.SnowflakeError:
    """Alerts that run whenever a table has new rows are left out."""
    return errors.unsupported("ALERT without SCHEDULE (alert on new data)")


def _unknown(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}' for 'ALERT'")


_PROPERTIES: Mapping[str, Callable[[Tokens], Any]] = {
    "WAREHOUSE": _warehouse,
    "SCHEDULE": _schedule,
    "COMMENT": Tokens.string,
    "RUNBOOK": _runbook,
    "SUSPEND_ALERT_AFTER_NUM_FAILURES": within(0, 2**31 - 1),
}

_REFUSED = frozenset({"CLONE", "CONFIG", "FROM", "TAG", "TEMPLATE_PARAMS", "WITH"})
