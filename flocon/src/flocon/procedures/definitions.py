"""GET_DDL: a procedure's or function's definition as a statement that makes it again.

https://docs.snowflake.com/en/sql-reference/functions/get_ddl
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flocon.core import errors
from flocon.procedures import routines
from flocon.procedures.calls import securable
from flocon.procedures.store import Procedure
from flocon.session.context import Context
from flocon.sql.procedures import procedure_signature
from flocon.sql.tokens import Tokens


def get_ddl(context: Context, arguments: list[Any]) -> str:
    """GET_DDL('FUNCTION', 'name(types)'). Of other objects only what their statements came to is
    kept."""
    kind = str(arguments[0]).upper() if arguments else "nothing"
    if kind not in ("FUNCTION", "PROCEDURE") or len(arguments) != 2:
        raise errors.unsupported(f"GET_DDL of a {kind}")
    tokens = Tokens(str(arguments[1]))
    signature = procedure_signature(tokens)
    tokens.end()
    found = routines.named(context, kind, signature)
    if found is None or not (found.session_id or context.access.sees(securable(found))):
        raise errors.does_not_exist(kind.capitalize(), arguments[1])
    return _definition(found)


def _definition(procedure: Procedure) -> str:
    clauses = [
        f"CREATE OR REPLACE {'SECURE ' if procedure.secure else ''}{procedure.kind}"
        f" {_name(procedure.name)}{routines.signature(procedure)}",
        f"RETURNS {routines.returned(procedure)}",
        f"LANGUAGE {procedure.language}",
        *(["STRICT"] if procedure.strict else []),
        *(["IMMUTABLE"] if procedure.volatility == "IMMUTABLE" else []),
        *_named("RUNTIME_VERSION", procedure.runtime_version),
        *_listed("IMPORTS", procedure.imports),
        *_listed("PACKAGES", procedure.packages),
        *_named("HANDLER", procedure.handler),
        *([f"COMMENT={_text(procedure.comment)}"] if procedure.comment else []),
        *([f"EXECUTE AS {procedure.execute_as}"] if procedure.kind == "PROCEDURE" else []),
        *([f"AS {_text(procedure.body)}"] if procedure.body is not None else []),
    ]
    return "\n".join(clauses) + ";"


def _named(clause: str, text: str) -> list[str]:
    return [f"{clause} = {_text(text)}"] if text else []


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(clause: str, texts: Sequence[str]) -> list[str]:
    return [f"{clause} = ({','.join(map(_text, texts))})"] if texts else []


def _text(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


FUNCTIONS = {"GET_DDL": get_ddl}
