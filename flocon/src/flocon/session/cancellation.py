"""SYSTEM$CANCEL_QUERY and SYSTEM$CANCEL_ALL_QUERIES.

A session's statements follow one another here. What cancels one of them must not wait for it, so
a SELECT of nothing but these functions is answered without its turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import result
from flocon.core.result import Result
from flocon.session.arguments import only
from flocon.session.context import Context
from flocon.session.statements import Statement
from flocon.sql.statement_text import Cancel
from flocon.stores.queries import Query


class Cancellation(Statement):
    """A SELECT of nothing but one of these functions. asking: its own query."""

    uses_warehouse = False
    waits = False

    def __init__(self, text: str, cancel: Cancel, asking: Query) -> None:
        self.text = text
        self._cancel = cancel
        self._asking = asking

    def demand(self, place: Place) -> Demand:
        return Demand()

    def run(self, context: Context, binds: Sequence[Any], *, describe: bool) -> Result:
        cancel, argument = self._cancel, self._cancel.argument
        if argument is None:
            argument = only(binds, cancel.function)
        if cancel.function == "SYSTEM$CANCEL_QUERY":
            answer = cancel_query(context, [argument])
        else:
            answer = _cancel_all(context, argument, self._asking)
        return result.of({cancel.column: "VARCHAR"}, [[answer]], result.SELECT)


def cancel_query(context: Context, arguments: list[Any]) -> str:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query"""
    query_id = only(arguments, "SYSTEM$CANCEL_QUERY")
    query = context.account.queries.find_running(str(query_id))
    if query is None or not may_cancel(context, query) or not query.cancel():
        return "Identified SQL statement is not currently executing."
    return f"query [{query_id}] terminated."


def may_cancel(context: Context, query: Query) -> bool:
    """To others than its user and ACCOUNTADMIN a query is not there."""
    return context.access.may_cancel(query.user)


def cancel_all_queries(context: Context, arguments: list[Any]) -> str:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries"""
    return _cancel_all(context, only(arguments, "SYSTEM$CANCEL_ALL_QUERIES"), None)


def _cancel_all(context: Context, number: Any, asking: Query | None) -> str:
    """A procedure that clears up behind itself does not end its own CALL."""
    found = context.account.sessions.numbered(number)
    if found and not context.access.may_cancel(found.user):
        found = None
    own = found is not None and found.id == context.id
    queries = context.account.queries.running_in(found.id) if found else []
    ended = [
        query.cancel()
        for query in queries
        if query is not asking and not (own and (asking is None or query.is_call))
    ]
    return f"{sum(ended)} cancelled."


FUNCTIONS = {
    "SYSTEM$CANCEL_QUERY": cancel_query,
    "SYSTEM$CANCEL_ALL_QUERIES": cancel_all_queries,
}
