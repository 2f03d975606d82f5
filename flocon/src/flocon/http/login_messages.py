"""What a client says when it logs in, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flocon.session.session import Session

_SERVER_VERSION = "10.0.0"


def name(text: str | None) -> str | None:
    """A name of the login's address: quoted ones keep their case."""
    if not text:
        return None
    return text[1:-1] if text.startswith('"') else text.upper()


def session_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Those that this account knows; clients send others of their own."""
    wanted = (
        "AUTOCOMMIT", "TIMEZONE", "QUERY_TAG", "LOCK_TIMEOUT", "STATEMENT_TIMEOUT_IN_SECONDS",
    )  # fmt: skip
    return {name: value for name, value in parameters.items() if name in wanted}


def welcome(session: Session, token: str) -> dict[str, Any]:
    """The answer to a login."""
    data = {
        "token": token,
        "masterToken": token,
        "validityInSeconds": 14400,
        "masterValidityInSeconds": 14400,
        "displayUserName": session.user,
        "serverVersion": _SERVER_VERSION,
        "sessionId": session.number,
        "parameters": [
            {"name": "AUTOCOMMIT", "value": session.parameters["AUTOCOMMIT"]},
            {"name": "TIMEZONE", "value": session.parameters["TIMEZONE"]},
            {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
            # Rows of executemany come with the statement, never through a stage.
            {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
        ],
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }
    return {"data": data, "success": True}
