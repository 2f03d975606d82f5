"""The accounts of these tests: on this machine, or the one that TEST_TARGET names."""

import os
from pathlib import Path
from typing import Any

from flocon import AccountProcess

# What the tests' statements are written for.
CONNECT_DEFAULTS = {"paramstyle": "qmark", "login_timeout": 20}


def on_snowflake() -> bool:
    """Do the tests run against the account that TEST_CONNECTION names?"""
    return os.environ.get("TEST_TARGET") == "snowflake"


def new_account(folder: Path, **more: Any) -> AccountProcess:
    """An account that is not started yet."""
    return AccountProcess(folder, connect_defaults=CONNECT_DEFAULTS, **more)
