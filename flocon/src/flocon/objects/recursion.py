"""Views that would read themselves: only CREATE RECURSIVE VIEW makes one.

https://docs.snowflake.com/en/sql-reference/sql/create-view
"""

from sqlglot import Expr

from flocon.core import errors
from flocon.engine import parsing
from flocon.session.context import Context
from flocon.sql.tokens import FullName


def check_recursion(context: Context, query: Expr, view: tuple[str, str, str]) -> None:
    """Raises 000002 for a query that reads the view of which it is to be the query, itself or
    through other views. query: all its names are full; view: where the engine has it."""
    seen: set[tuple[str, str, str]] = set()
    waiting = [query]
    while waiting:
        for table in parsing.tables(waiting.pop()):
            place = (table.catalog or "temp", table.db or "main", table.name)
            if place in seen or not context.connection.may_be_view(*place):
                continue
            if place == view:
                raise errors.unsupported("a view that reads itself")
            seen.add(place)
            asking = context.account.live_views.query_of(FullName(*place))
            if asking is not None:
                waiting.append(parsing.parse(asking))
            else:
                waiting += [each.expression for each in context.connection.views(*place)]
