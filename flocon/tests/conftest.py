"""The fixtures of the package's tests: an account, and a database of one's own for each test."""

from tests.conftest import account, administrator, connection, database, run, session

__all__ = ["account", "administrator", "connection", "database", "run", "session"]
