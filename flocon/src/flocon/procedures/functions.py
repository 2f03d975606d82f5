"""Functions in Python: the statements about them, and what is listed of them.

https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-introduction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flocon.access.demands import lists
from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import result
from flocon.procedures import routines
from flocon.procedures import store as procedure_store
from flocon.procedures.calls import securable
from flocon.procedures.function_calls import PythonFunctions
from flocon.procedures.routines import kinds, names
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.session.statements import Kind, refused
from flocon.sql import statements
from flocon.sql.statements import Show
from flocon.sql.tokens import Tokens

_LISTED = result.columns(
    "_CATALOG", "_SCHEMA", "_NAME", "_OWNER", "ARGUMENT_SIGNATURE", "DATA_TYPE",
    "CHARACTER_MAXIMUM_LENGTH", "CHARACTER_OCTET_LENGTH", "NUMERIC_PRECISION",
    "NUMERIC_PRECISION_RADIX", "NUMERIC_SCALE", "_LANGUAGE", "_DEFINITION", "VOLATILITY",
    "IS_NULL_CALL", "IS_SECURE", "CREATED", "LAST_ALTERED", "COMMENT", "RUNTIME_VERSION",
    "PACKAGES", "INSTALLED_PACKAGES", "IMPORTS", "HANDLER", "IS_AGGREGATE",
)  # fmt: skip


def listed(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """INFORMATION_SCHEMA.FUNCTIONS: https://docs.snowflake.com/en/sql-reference/info-schema/functions"""
    found = procedure_store.visible(context, database, "FUNCTION")
    rows = [_listed(context, each) for each in found if context.access.sees(securable(each))]
    columns = {f"FUNCTION{n}" if n.startswith("_") else n: kind for n, kind in _LISTED.items()}
    return result.of(columns, rows, result.SELECT)


def _listed(context: Context, function: Procedure) -> tuple[Any, ...]:
    returns = function.returns
    is_number = returns.base == "NUMBER"
    length = (returns.sizes or (16_777_216,))[0] if returns.base == "VARCHAR" else None
    return (
        function.database,
        function.schema,
        function.name,
        context.account.roles.owner(securable(function)),
        routines.signature(function),
        str(returns),
        length,
        length and min(4 * length, 16_777_216),
        returns.precision if is_number else None,
        10 if is_number else None,
        returns.scale if is_number else None,
        function.language,
        function.body,
        function.volatility,
        "NO" if function.strict else "YES",
        "YES" if function.secure else "NO",
        function.created_on,
        function.created_on,
        function.comment or None,
        function.runtime_version,
        routines.list_text(function.packages),
        routines.list_text(function.packages),
        f"[{', '.join(function.imports)}]",
        function.handler,
        "NO",
    )


@dataclass(frozen=True)
class _ShowUser(Show):
    """SHOW USER FUNCTIONS | PROCEDURES: those that users have made, and others there are none."""

    kind: str = "FUNCTION"


def _read_show_user(tokens: Tokens) -> _ShowUser:
    kind = "PROCEDURE" if tokens.peek("SHOW", "USER", "PROCEDURES") else "FUNCTION"
    shown = statements.show("USER", f"{kind}S")(tokens)
    return _ShowUser(shown.scope, shown.terse, kind)


def _show_user(context: Context, statement: _ShowUser) -> result.Result:
    return routines.show(statement.kind)(context, statement)


def _on_user(statement: _ShowUser, place: Place) -> Demand:
    return lists(statement.kind, *routines.PATH)(statement, place)


_SHOW_USER = Kind(("SHOW", "USER"), _read_show_user, _show_user, _on_user)
STATEMENTS = (*kinds("FUNCTION"), _SHOW_USER, refused("CREATE", "AGGREGATE"))
IN_SCHEMA = {"FUNCTION": names("FUNCTION")}
USER_FUNCTIONS = PythonFunctions()
TABLE_FUNCTIONS = {"_FUNCTIONS": listed}
VIEWS = {"FUNCTIONS": "SELECT * FROM TABLE({database}.INFORMATION_SCHEMA._FUNCTIONS())"}
