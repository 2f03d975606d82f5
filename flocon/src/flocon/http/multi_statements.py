"""Several statements in one request: each is a query of its own, whose answer the client fetches.

https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements
"""

from __future__ import annotations

from typing import Any

from flocon.core import errors, result
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.engine import translate
from flocon.http import protocol
from flocon.http.protocol import Statement
from flocon.session.session import Session
from flocon.sql.tokens import split
from flocon.stores.queries import Query, QueryStore

PARAMETER = "MULTI_STATEMENT_COUNT"
_TOLD = {"multiple statement execution": "VARCHAR"}


def are_in(session: Session, statement: Statement) -> bool:
    """May a request have several? Where any number will do and it has one, that is all it is."""
    count = _wanted(session, statement)
    return count > 1 or (count == 0 and len(split(statement.text)) > 1)


def _wanted(session: Session, statement: Statement) -> int:
    """1 unless the request or its session says otherwise, 0 for any number."""
    value = statement.parameters.get(PARAMETER, session.context.parameters.get(PARAMETER, 1))
    return int(value) if str(value).isdigit() else 1


def execute(
    session: Session, queries: QueryStore, statement: Statement, query: Query, *, nested: bool
) -> Result:
    """Run one after the other. The first that fails ends it, with its error; those before stay."""
    count = _wanted(session, statement)
    parts = split(statement.text)
    if count and len(parts) != count:
        raise SnowflakeError(
            errors.STATEMENT_COUNT,
            f"Actual statement count {len(parts)} did not match the desired statement count"
            f" {count}.",
        )
    if statement.batch is not None:
        raise errors.unsupported("array binds of several statements")
    if statement.describe:
        raise errors.unsupported("describing several statements")
    binds = list(statement.binds)
    done = []
    for sql, marks in parts:
        query.check()
        taken, binds = binds[:marks], binds[marks:]
        done.append(_execute(session, queries, sql, taken, nested=nested))
    answer = result.of(_TOLD, [["Multiple statements executed successfully."]], result.SEVERAL)
    answer.parts = [(each.query_id, each.statement_type) for each in done]
    return answer


def _execute(
    session: Session, queries: QueryStore, sql: str, binds: list[Any], *, nested: bool
) -> Result:
    query = queries.open(session.id, session.user)
    query.awaited = True
    outcome: Result | SnowflakeError | None = None
    try:
        outcome = session.execute(sql, binds, nested=nested, query_id=query.id)
        if outcome.put is not None:
            raise errors.unsupported("PUT and GET among several statements")
        return outcome
    except Exception as error:
        outcome = translate(error, sql)
        raise
    finally:
        queries.close(query, outcome, protocol.current_names(session.context))
