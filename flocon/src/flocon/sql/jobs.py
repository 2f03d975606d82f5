"""CREATE, ALTER, DROP and EXECUTE of tasks and alerts as dataclasses.

Both kinds of job are defined alike: properties, a condition, a statement that is run. What each may
say stands in its `Grammar`.

https://docs.snowflake.com/en/sql-reference/sql/create-task
https://docs.snowflake.com/en/sql-reference/sql/alter-task
https://docs.snowflake.com/en/sql-reference/sql/create-alert
https://docs.snowflake.com/en/sql-reference/sql/alter-alert
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql import schedule
from flocon.sql.conditions import check_condition
from flocon.sql.definitions import altered, commented, created, identifier, within
from flocon.sql.statements import Named
from flocon.sql.tokens import Name, Tokens

_WEEK_MS = 604_800_000
_LONGEST_RUNBOOK = 2048

Reader = Callable[[Tokens], Any]


@dataclass(frozen=True)
class CreateJob:
    """mode: CREATE, REPLACE or ALTER. parameters: a task's session parameters, apart from its
    properties. condition: a task's WHEN, or the statement in an alert's EXISTS. body: the statement
    that is run, verbatim."""

    name: Name
    mode: str
    if_not_exists: bool
    body: str
    condition: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    predecessors: tuple[Name, ...] = ()


@dataclass(frozen=True)
class AlterJob:
    """action is one of the grammar's; only the fields of that action are filled in."""

    name: Name
    if_exists: bool
    action: str
    properties: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    predecessors: tuple[Name, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Grammar:
    """What the statements of one kind may say.

    noun: TASK or ALERT. clauses: read what comes between the name and the body. actions: those of
    ALTER. properties, parameters: by name. fixed: properties that cannot be unset. refused:
    Snowflake has them, this account has not.
    """

    noun: str
    clauses: Callable[[Tokens], dict[str, Any]]
    actions: Mapping[str, Reader]
    properties: Mapping[str, Reader]
    refused: frozenset[str]
    parameters: Mapping[str, Reader] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    def create(self, tokens: Tokens) -> CreateJob:
        head = created(tokens, self.noun, modes=("REPLACE", "ALTER"))
        if head.forgiving and head.mode != "CREATE":
            raise errors.compilation(
                errors.SYNTAX, f"OR {head.mode} and IF NOT EXISTS cannot be used in one statement."
            )
        details = self.clauses(tokens)
        return CreateJob(head.name, head.mode, head.forgiving, self.body(tokens), **details)

    def alter(self, tokens: Tokens) -> AlterJob:
        head = altered(tokens, self.noun)
        action = word = tokens.word()
        if action in ("MODIFY", "ADD", "REMOVE"):
            word = tokens.word()
            action = f"{action} {word}"
        if action == "FROM":
            raise errors.unsupported(f"{self.noun} … FROM TEMPLATE")
        if action not in self.actions:
            raise errors.syntax(tokens.text.upper().find(word), word)
        details = self.actions[action](tokens)
        tokens.end()
        return AlterJob(head.name, head.forgiving, action, **details)

    def comment(self, tokens: Tokens) -> AlterJob:
        head = commented(tokens, self.noun)
        return AlterJob(head.name, head.forgiving, "SET", properties=head.properties)

    def execute(self, tokens: Tokens) -> Named:
        tokens.expect("EXECUTE", self.noun)
        name = tokens.name()
        if tokens.peek_any("RETRY", "USING"):
            raise errors.unsupported(f"EXECUTE {self.noun} … {tokens.rest()}")
        tokens.end()
        return Named(name)

    def body(self, tokens: Tokens) -> str:
        """The statement that is run, verbatim. A block of Snowflake Scripting is refused here, not
        when it runs."""
        opening = tokens.current
        block = tokens.peek_any("BEGIN", "DECLARE") or tokens.peek("EXECUTE", "IMMEDIATE")
        if block or opening.token_type in (TokenType.RAW_STRING, TokenType.HEREDOC_STRING):
            raise errors.unsupported(f"{self.noun} with a scripting block ({opening.text[:20]} …)")
        if not tokens.peek_any(*_FIRST_WORDS):
            raise tokens.unexpected()
        return tokens.rest()

    def setting(self, tokens: Tokens, into: dict[str, dict[str, Any]]) -> None:
        """One `NAME = value`, into the properties or, if it names one, the session parameters."""
        name = tokens.word()
        where = self._where(name)
        if any(name in values for values in into.values()):
            raise errors.duplicate_property(name)
        tokens.expect("=")
        readers = self.properties if where == "properties" else self.parameters
        into.setdefault(where, {})[name] = readers[name](tokens)
        tokens.accept(",")

    def settings(self, tokens: Tokens) -> dict[str, Any]:
        """What follows SET."""
        into: dict[str, dict[str, Any]] = {}
        while not tokens.done:
            self.setting(tokens, into)
        if not into:
            raise tokens.unexpected()
        return into

    def unset(self, tokens: Tokens) -> dict[str, Any]:
        """What follows UNSET."""
        names = [tokens.word()]
        while not tokens.done:
            tokens.accept(",")
            names.append(tokens.word())
        for name in names:
            self._where(name)
            if name in self.fixed:
                raise self._unknown(name)
        return {"unset": tuple(names)}

    def _where(self, name: str) -> str:
        if name in self.refused:
            raise errors.unsupported(f"{self.noun} … {name}")
        if name in self.properties:
            return "properties"
        if name in self.parameters:
            return "parameters"
        raise self._unknown(name)

    def _unknown(self, name: str) -> errors.SnowflakeError:
        return errors.compilation(
            errors.INVALID_PROPERTY, f"invalid property '{name}' for '{self.noun}'"
        )


# What statements begin with: a body of anything else is none.
_FIRST_WORDS = (
    "(", "ALTER", "CALL", "COMMENT", "COMMIT", "COPY", "CREATE", "DELETE", "DESC", "DESCRIBE",
    "DROP", "EXECUTE", "EXPLAIN", "GET", "GRANT", "INSERT", "LIST", "LS", "MERGE", "PUT", "REMOVE",
    "REVOKE", "RM", "ROLLBACK", "SELECT", "SET", "SHOW", "START", "TRUNCATE", "UNDROP", "UNSET",
    "UPDATE", "USE", "WITH",
)  # fmt: skip


# --- values --------------------------------------------------------------------------------------


def _nothing(tokens: Tokens) -> dict[str, Any]:
    return {}


# --- tasks ---------------------------------------------------------------------------------------


def _task_clauses(tokens: Tokens) -> dict[str, Any]:
    details: dict[str, Any] = {}
    settings: dict[str, dict[str, Any]] = {}
    while not tokens.accept("AS"):
        if tokens.accept("AFTER"):
            names = details.get("predecessors", ())
            details["predecessors"] = names + _names(tokens)["predecessors"]
        elif tokens.accept("WHEN"):
            details["condition"] = _when(tokens.until("AS"))
        else:
            TASK.setting(tokens, settings)
    return details | settings


def _names(tokens: Tokens) -> dict[str, Any]:
    names = [tokens.name()]
    while tokens.accept(","):
        names.append(tokens.name())
    return {"predecessors": tuple(names)}


def _when(text: str) -> str:
    if not text.strip():
        raise errors.syntax(0, "WHEN")
    check_condition(text)
    return text


def _schedule_text(tokens: Tokens) -> str:
    text = tokens.string()
    schedule.parse(text)
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


TASK: Grammar = Grammar(
    noun="TASK",
    clauses=_task_clauses,
    actions={
        "RESUME": _nothing,
        "SUSPEND": _nothing,
        "SET": lambda tokens: TASK.settings(tokens),
        "UNSET": lambda tokens: TASK.unset(tokens),
        "MODIFY AS": lambda tokens: {"text": TASK.body(tokens)},
        "MODIFY WHEN": lambda tokens: {"text": _when(tokens.rest())},
        "REMOVE WHEN": _nothing,
        "ADD AFTER": _names,
        "REMOVE AFTER": _names,
    },
    properties={
        "WAREHOUSE": identifier,
        "USER_TASK_MANAGED_INITIAL_WAREHOUSE_SIZE": Tokens.value,
        "SCHEDULE": _schedule_text,
        "OVERLAP_POLICY": _only("NO_OVERLAP", "ALLOW_CHILD_OVERLAP", "ALLOW_ALL_OVERLAP"),
        "ALLOW_OVERLAPPING_EXECUTION": _only("FALSE", "TRUE"),
        "USER_TASK_TIMEOUT_MS": within(0, _WEEK_MS),
        "SUSPEND_TASK_AFTER_NUM_FAILURES": within(0, 2**31 - 1),
        "TASK_AUTO_RETRY_ATTEMPTS": within(0, 30),
        "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS": within(10, 604_800),
        "COMMENT": Tokens.string,
    },
    parameters={
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
    },
    refused=frozenset(
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
    ),
)


# --- alerts --------------------------------------------------------------------------------------


def _alert_clauses(tokens: Tokens) -> dict[str, Any]:
    settings: dict[str, dict[str, Any]] = {}
    while not tokens.accept("IF"):
        ALERT.setting(tokens, settings)
    condition = _exists(Tokens(tokens.parenthesized()))
    tokens.expect("THEN")
    # Alerts that run whenever a table has new rows are left out.
    if "SCHEDULE" not in settings.get("properties", {}):
        raise _on_new_data()
    return {"condition": condition, **settings}


def _exists(tokens: Tokens) -> str:
    """EXISTS (statement): the statement. Its first word is checked here; other errors come when the
    alert runs, as on Snowflake."""
    tokens.expect("EXISTS")
    text = tokens.parenthesized().strip()
    tokens.end()
    inner = Tokens(text)
    if not inner.peek_any("SELECT", "WITH", "SHOW", "CALL", "("):
        raise inner.unexpected()
    return text


def _alert_schedule(tokens: Tokens) -> str:
    """Whole minutes or a CRON expression; a NULL would make it an alert on new data."""
    if tokens.peek("NULL"):
        raise _on_new_data()
    text = tokens.string()
    parsed = schedule.parse(text)
    if isinstance(parsed, schedule.Interval) and text.strip(" \t\n0123456789")[:1] not in "Mm":
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            f"invalid value for SCHEDULE: '{text}' is neither '<n> MINUTE' nor 'USING CRON …'",
        )
    return text


def _on_new_data() -> errors.SnowflakeError:
    return errors.unsupported("ALERT without SCHEDULE (alert on new data)")


def _runbook(tokens: Tokens) -> str:
    text = tokens.string()
    if len(text) > _LONGEST_RUNBOOK:
        raise errors.compilation(
            errors.INVALID_PROPERTY, f"RUNBOOK has more than {_LONGEST_RUNBOOK} characters"
        )
    return text


def _alert_warehouse(tokens: Tokens) -> str:
    if tokens.current.token_type == TokenType.NULL:
        raise tokens.unexpected()
    return identifier(tokens)


ALERT: Grammar = Grammar(
    noun="ALERT",
    clauses=_alert_clauses,
    actions={
        "RESUME": _nothing,
        "SUSPEND": _nothing,
        "SET": lambda tokens: ALERT.settings(tokens),
        "UNSET": lambda tokens: ALERT.unset(tokens),
        "MODIFY CONDITION": lambda tokens: {"text": _exists(tokens)},
        "MODIFY ACTION": lambda tokens: {"text": ALERT.body(tokens)},
    },
    properties={
        "WAREHOUSE": _alert_warehouse,
        "SCHEDULE": _alert_schedule,
        "COMMENT": Tokens.string,
        "RUNBOOK": _runbook,
        "SUSPEND_ALERT_AFTER_NUM_FAILURES": within(0, 2**31 - 1),
    },
    refused=frozenset({"CLONE", "CONFIG", "FROM", "TAG", "TEMPLATE_PARAMS", "WITH"}),
    fixed=frozenset({"SCHEDULE"}),
)
