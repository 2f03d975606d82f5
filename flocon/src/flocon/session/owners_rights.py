"""What a procedure with owner's rights may not say: it does not change its caller's session.

https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights
"""

from flocon.core import errors
from flocon.sql.tokens import Tokens

_UNSUPPORTED_STATEMENT = errors.Code(90236, "42601")
# First words, and Snowflake's name of the kind of statement.
_BARRED = {
    ("USE",): "USE",
    ("ALTER", "SESSION"): "ALTER_SESSION",
    ("SET",): "SET",
    ("UNSET",): "UNSET",
}


def check_owners_rights(tokens: Tokens) -> None:
    """Raises for a statement that needs caller's rights."""
    for words, kind in _BARRED.items():
        if tokens.peek(*words):
            raise errors.SnowflakeError(
                _UNSUPPORTED_STATEMENT,
                f"Stored procedure execution error: Unsupported statement type '{kind}'.",
            )
