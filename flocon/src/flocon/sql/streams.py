"""CREATE STREAM.

https://docs.snowflake.com/en/sql-reference/sql/create-stream
"""

from dataclasses import dataclass

from flocon.core import errors
from flocon.sql.definitions import created
from flocon.sql.tokens import Name, Tokens


@dataclass(frozen=True)
class CreateStream:
    """CREATE [OR REPLACE] STREAM [IF NOT EXISTS] name ON TABLE source …"""

    name: Name
    source: Name
    replace: bool = False
    if_not_exists: bool = False
    append_only: bool = False
    show_initial_rows: bool = False
    comment: str = ""
    at_stream: Name | None = None


def create_stream(tokens: Tokens) -> CreateStream:
    if tokens.peek("CREATE", "OR", "ALTER"):
        raise errors.unsupported("CREATE OR ALTER STREAM")
    head = created(tokens, "STREAM")
    tokens.accept("COPY", "GRANTS")
    tokens.expect("ON")
    if not tokens.accept("TABLE"):
        raise errors.unsupported(f"CREATE STREAM ON {tokens.word()}")
    source = tokens.name()
    append_only = show_initial_rows = False
    comment = ""
    at_stream: Name | None = None
    while not tokens.done:
        if tokens.accept("AT"):
            at_stream = _at_stream(tokens)
        elif tokens.accept("APPEND_ONLY", "="):
            append_only = tokens.boolean()
        elif tokens.accept("SHOW_INITIAL_ROWS", "="):
            show_initial_rows = tokens.boolean()
        elif tokens.accept("COMMENT", "="):
            comment = tokens.string()
        elif tokens.peek_any("BEFORE", "INSERT_ONLY"):
            raise errors.unsupported(f"CREATE STREAM … {tokens.word()}")
        else:
            raise tokens.unexpected()
    return CreateStream(
        head.name,
        source,
        replace=head.mode == "REPLACE",
        if_not_exists=head.forgiving,
        append_only=append_only,
        show_initial_rows=show_initial_rows,
        comment=comment,
        at_stream=at_stream,
    )


def _at_stream(tokens: Tokens) -> Name:
    tokens.expect("(")
    if not tokens.accept("STREAM"):
        raise errors.unsupported(f"CREATE STREAM … AT ({tokens.word()})")
    tokens.expect("=", ">") if tokens.peek("=") else tokens.expect("=>")
    name = Tokens(tokens.string()).name()
    tokens.expect(")")
    return name
