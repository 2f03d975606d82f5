"""Names and texts in DuckDB's SQL, always in quotes."""


def quoted(*parts: str) -> str:
    """A name, or a full name of several parts."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """A string constant."""
    return "'" + text.replace("'", "''") + "'"
