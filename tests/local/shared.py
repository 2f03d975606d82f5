"""What the account's own test modules share."""

import uuid
from collections.abc import Iterator

from tests.conftest import RunningAccount


def one_database(account: RunningAccount) -> Iterator[str]:
    """A database for a whole module, whose tests name their tables apart."""
    name = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield name
        connection.cursor().execute(f"DROP DATABASE {name}")
