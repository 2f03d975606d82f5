"""CREATE, ALTER and EXECUTE TASK as dataclasses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flocon.core import errors
from flocon.sql.conditions import check_condition
from flocon.sql.definitions import body, creation_mode, identifier, schedule_text, within
from flocon.sql.tokens import Name, Tokens

# Stops WHEN's condition and AFTER's list; a property never has one of these names.
_CLAUSES = ("AFTER", "WHEN", "AS")


@dataclass(frozen=True)
class CreateTask:
    """mode is CREATE, REPLACE or ALTER. Session parameters are apart from the task's properties."""

    name: Name
    mode: str
    if_not_exists: bool
    properties: dict[str, Any]
    parameters: dict[str, Any]
    predecessors: tuple[Name, ...]
    condition: str | None
    definition: str


@dataclass(frozen=True)
class AlterTask:
    """action is RESUME, SUSPEND, SET, UNSET, MODIFY AS, MODIFY WHEN, REMOVE WHEN, ADD AFTER or
    REMOVE AFTER; only the fields of that action are filled in."""

    name: Name
    if_exists: bool
    action: str
    properties: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    predecessors: tuple[Name, ...] = ()
    text: str = ""


def create_task(tokens: Tokens) -> CreateTask:
    mode = creation_mode(tokens)
    tokens.expect("TASK")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name()
    properties: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    predecessors: tuple[Name, ...] = ()
    condition = None
    while not tokens.accept("AS"):
        if tokens.accept("AFTER"):
            predecessors += _names(tokens)
        elif tokens.accept("WHEN"):
            condition = _condition(tokens.until("AS"))
        else:
            _property(tokens, properties, parameters)
    definition = body(tokens, "TASK")
    return CreateTask(
        name, mode, if_not_exists, properties, parameters, predecessors, condition, definition
    )


def alter_task(tokens: Tokens) -> AlterTask:
    tokens.expect("ALTER", "TASK")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    action = tokens.word()
    details: dict[str, Any] = {}
    if action == "SET":
        details = _settings(tokens)
    elif action == "UNSET":
        details = {"unset": _property_names(tokens)}
    elif action == "MODIFY":
        action, details = _modify(tokens)
    elif action in ("ADD", "REMOVE"):
        action, details = _links(tokens, action)
    elif action not in ("RESUME", "SUSPEND"):
        raise errors.syntax(tokens.text.upper().find(action), action)
    tokens.end()
    return AlterTask(name, if_exists, action, **details)


def execute_task(tokens: Tokens) -> Name:
    tokens.expect("EXECUTE", "TASK")
    name = tokens.name()
    if not tokens.done:
        raise errors.unsupported(f"EXECUTE TASK … {tokens.rest()}")
    return name


def comment_on_task(tokens: Tokens) -> AlterTask:
    """COMMENT [IF EXISTS] ON TASK name IS '…' is the same as SET COMMENT."""
    tokens.expect("COMMENT")
    if_exists = tokens.accept("IF", "EXISTS")
    tokens.expect("ON", "TASK")
    name = tokens.name()
    tokens.expect("IS")
    text = tokens.string()
    tokens.end()
    return AlterTask(name, if_exists, "SET", properties={"COMMENT": text})


def drop_task(tokens: Tokens) -> tuple[Name, bool]:
    """The task to drop, and whether it may be missing."""
    tokens.expect("DROP", "TASK")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    tokens.end()
    return name, if_exists


def _settings(tokens: Tokens) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    while not tokens.done:
        _property(tokens, properties, parameters)
    if not properties and not parameters:
        raise tokens.unexpected()
    return {"properties": properties, "parameters": parameters}


def _modify(tokens: Tokens) -> tuple[str, dict[str, Any]]:
    if tokens.accept("AS"):
        return "MODIFY AS", {"text": body(tokens, "TASK")}
    tokens.expect("WHEN")
    return "MODIFY WHEN", {"text": _condition(tokens.rest())}


def _links(tokens: Tokens, action: str) -> tuple[str, dict[str, Any]]:
    if action == "REMOVE" and tokens.accept("WHEN"):
        return "REMOVE WHEN", {}
    tokens.expect("AFTER")
    return f"{action} AFTER", {"predecessors": _names(tokens)}


def _names(tokens: Tokens) -> tuple[Name, ...]:
    names = [tokens.name()]
    while tokens.accept(","):
        names.append(tokens.name())
    return tuple(names)


def _property_names(tokens: Tokens) -> tuple[str, ...]:
    names = [tokens.word()]
    while not tokens.done:
        tokens.accept(",")
        names.append(tokens.word())
    for name in names:
        if name not in _PROPERTIES and name not in _PARAMETERS:
            raise _unknown(name)
    return tuple(names)


def _property(tokens: Tokens, properties: dict[str, Any], parameters: dict[str, Any]) -> None:
    """One `NAME = value`, into the properties or, if it names one, the session parameters."""
    name = tokens.word()
    if name in _REFUSED:
        raise errors.unsupported(f"TASK … {name}")
    if name not in _PROPERTIES and name not in _PARAMETERS:
        raise _unknown(name)
    if name in properties or name in parameters:
        raise errors.compilation(errors.DUPLICATE_PARAMETER, f"duplicate property '{name}'.")
    tokens.expect("=")
    if name in _PROPERTIES:
        properties[name] = _PROPERTIES[name](tokens)
    else:
        parameters[name] = _PARAMETERS[name](tokens)
    tokens.accept(",")


def _condition(text: str) -> str:
    if not text.strip():
        raise errors.syntax(0, "WHEN")
    check_condition(text)
    return text


def _only(value: str, *others: str) -> Callable[[Tokens], str]:
    def read(tokens: Tokens) -> str:
        word = tokens.word()
        if word in others:
            raise errors.unsupported(f"TASK … overlapping runs ({word})")
        if word != value:
            raise errors.compilation(errors.INVALID_PROPERTY, f"invalid value [{word}]")
        return word

    return read


def _true(tokens: Tokens) -> bool:
    if not tokens.boolean():
        raise errors.unsupported("TASK … AUTOCOMMIT = FALSE")
    return True


def _unknown(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}' for 'TASK'")


_WEEK_MS = 604_800_000

_PROPERTIES: Mapping[str, Callable[[Tokens], Any]] = {
    "WAREHOUSE": identifier,
    "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": Tokens.value,
    "SCHEDULE": schedule_text,
    "OVERLAP_POLICY": _only("NO_OVERLAP", "ALLOW_CHILD_OVERLAP", "ALLOW_ALL_OVERLAP"),
    "ALLOW_OVERLAPPING_EXECUTION": _only("FALSE", "TRUE"),
    "USER_TASK_TIMEOUT_MS": within(0, _WEEK_MS),
    "SUSPEND_TASK_AFTER_NUM_FAILURES": within(0, 2**31 - 1),
    "TASK_AUTO_RETRY_ATTEMPTS": within(0, 30),
    "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": within(10, 604_800),
    "COMMENT": Tokens.string,
}

# Session parameters that a task's session may be given.
_PARAMETERS: Mapping[str, Callable[[Tokens], Any]] = {
    "AUTOCOMMIT": _true,
    "ERROR_ON_NONDETERMINISTIC_MERGE": Tokens.boolean,
    "ERROR_ON_NONDETERMINISTIC_UPDATE": Tokens.boolean,
    "LOCK_TIMEOUT": Tokens.number,
    "QUERY_TAG": Tokens.string,
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": Tokens.number,
    "STATEMENT_TIMEOUT_IN_SECONDS": Tokens.number,
    "TIMESTAMP_INPUT_FORMAT": Tokens.string,
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": Tokens.string,
    "TIMESTAMP_OUTPUT_FORMAT": Tokens.string,
    "TIMESTAMP_TYPE_MAPPING": Tokens.value,
    "TIMEZONE": Tokens.string,
    "TRANSACTION_ABORT_ON_ERROR": Tokens.boolean,
    "WEEK_START": Tokens.number,
}

_REFUSED = frozenset(
    {
        "CLONE",
        "CONFIG",
        "COPY",
        "ERROR_INTEGRATION",
        "EXECUTE",
        "FINALIZE",
        "LOG_LEVEL",
        "SERVERLESS_TASK_MAX_STATEMENT_SIZE",
        "SERVERLESS_TASK_MIN_STATEMENT_SIZE",
        "SUCCESS_INTEGRATION",
        "TAG",
        "TARGET_COMPLETION_INTERVAL",
        "WITH",
    }
)
