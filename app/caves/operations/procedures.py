"""The pipeline's own procedures that people call: their CALLs, and the counts that they answer."""

import json
from collections.abc import Sequence
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError, python_reason
from app.caves.target import Account, is_missing

VOID = "CALL {db}.OPS.VOID_ADJUSTMENT(?, ?)"
WITHDRAW = "CALL {db}.OPS.WITHDRAW_ORDER_EVENT(?, ?, ?)"
RETRY = "CALL {db}.OPS.RETRY_REJECTED(PARSE_JSON(?)::ARRAY, ?)"
ACCEPT_FUTURE = "CALL {db}.OPS.ACCEPT_FUTURE(PARSE_JSON(?)::ARRAY, ?)"
DISCARD = "CALL {db}.OPS.DISCARD_REJECTED(PARSE_JSON(?)::ARRAY, ?, ?)"
REPROCESS = "CALL {db}.OPS.REPROCESS(?::TIMESTAMP_NTZ, ?::TIMESTAMP_NTZ)"
FORGET = "CALL {db}.OPS.FORGET_CUSTOMER(?, ?, ?)"
# Without the procedure, or with one of other arguments: which of them Snowflake says depends on how
# the name is written.
UNKNOWN_PROCEDURE = {2139, 2140, 2141}
FAILED_IN_PYTHON = 100357


def user(account: Account) -> str:
    """Who calls, for the note that a procedure writes beside what it did."""
    return str(account.row("SELECT CURRENT_USER() AS NAME")["NAME"])


def call(account: Account, statement: str, values: Sequence[Any]) -> dict[str, int]:
    """Run the CALL; its counts by name. A failure has changed nothing, and is one line."""
    name = statement.split("(")[0].split(".")[-1]
    try:
        [answer] = account.row(statement, values).values()
    except ProgrammingError as error:
        if is_missing(error) or error.errno in UNKNOWN_PROCEDURE:
            raise CommandError(
                f"OPS.{name} is not in {account.database}: run `caves deploy` first"
            ) from error
        if error.errno == FAILED_IN_PYTHON:
            reason = python_reason(error.msg or str(error))
            raise CommandError(
                f"OPS.{name} failed and changed nothing: {' '.join(reason.split())}"
                " (the traceback: --debug)"
            ) from error
        raise
    counts: dict[str, int] = json.loads(answer)
    return counts
