"""PARSE_URL: an address's parts.

https://docs.snowflake.com/en/sql-reference/functions/parse_url
"""

import json
import re

import duckdb
from sqlglot import Expr, exp

from flocon.engine.objects import call

NO_SCHEME = "scheme not specified"
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+-]*):(?://(?P<host>[^/?#:]*(?::[^/?#:@]*@[^/?#:]*)?)"
    r"(?::(?P<port>\d+))?/|(?!//))(?P<path>[^?#]*)(?:\?(?P<query>[^#]+))?(?:#(?P<fragment>.+))?",
    re.DOTALL,
)
_PARAMETERS = re.compile(r"[^&=%+]+=[^&=%+]*(?:&[^&=%+]+=[^&=%+]*)*")


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call it."""
    connection.create_function("_account_url", parts, ["VARCHAR", "BIGINT"], "VARCHAR")


def parts(address: str, permissive: int) -> str:
    """An address's parts, as JSON.

    Raises ValueError for one without a scheme, unless that is permitted, and for what Snowflake's
    page leaves open: a parameter twice or without a value, characters that stand for others, and a
    host with nothing behind it.
    """
    if not re.match(r"[A-Za-z][\w+.-]*:", address):
        if permissive:
            return json.dumps({"error": NO_SCHEME})
        raise ValueError(f"Error parsing URL: {NO_SCHEME}")
    found = _ADDRESS.fullmatch(address)
    query = found["query"] if found else None
    pairs = query.split("&") if query and _PARAMETERS.fullmatch(query) else []
    parameters = dict(pair.split("=") for pair in pairs)
    if found is None or len(parameters) < len(pairs) or bool(query) != bool(pairs):
        raise ValueError("Unsupported feature 'PARSE_URL of an address such as this'.")
    said = {**found.groupdict(), "parameters": parameters or None}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def functions(node: Expr) -> Expr:
    """PARSE_URL."""
    if not isinstance(node, exp.ParseUrl):
        return node
    permissive = node.args.get("permissive") or exp.Literal.number(0)
    return call("_account_as_json", call("_account_url", node.this, permissive))
