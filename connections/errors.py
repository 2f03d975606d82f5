"""What keeps a connection from being made."""


class ConnectionProblem(Exception):
    """A connection, or the key that it names, cannot be used; its text is one line."""
