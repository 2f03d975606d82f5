"""A Snowflake account on this machine, for the unmodified connector, Snowpark and `snow` command.

    >>> import flocon
    >>> with flocon.Account() as account, account.connect() as connection:
    ...     connection.cursor().execute("SELECT CURRENT_ROLE()").fetchall()
    [('ACCOUNTADMIN',)]

`Account` runs in the program's own process, `AccountProcess` in one of its own, `NamedAccount` is
one that runs elsewhere, on Snowflake for instance. `flocon` on the command line is the account by
itself, and `flocon.pytest_plugin` has it as fixtures.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flocon.account_process import AccountProcess
    from flocon.in_process import Account
    from flocon.named_account import NamedAccount
    from flocon.service import StartError

__version__ = "0.1.0"
__all__ = ["Account", "AccountProcess", "NamedAccount", "StartError", "__version__"]

# Imported when they are asked for: pytest imports this package at each of its starts, for the
# plugin, and the connector alone takes a second.
_HOMES = {
    "Account": "flocon.in_process",
    "AccountProcess": "flocon.account_process",
    "NamedAccount": "flocon.named_account",
    "StartError": "flocon.service",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'flocon' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
