"""What the definitions of tasks and alerts have in common: values of properties, and bodies."""

from collections.abc import Callable

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql import schedule
from flocon.sql.tokens import Tokens


def creation_mode(tokens: Tokens) -> str:
    """CREATE, REPLACE or ALTER, from `CREATE [OR REPLACE | OR ALTER]`."""
    tokens.expect("CREATE")
    if not tokens.accept("OR"):
        return "CREATE"
    word = tokens.word()
    if word not in ("REPLACE", "ALTER"):
        raise errors.syntax(0, word)
    return word


def body(tokens: Tokens, kind: str) -> str:
    """The statement that is run, verbatim. A block of Snowflake Scripting is refused here, not when
    it runs. kind is TASK or ALERT."""
    opening = tokens.current
    block = tokens.peek_any("BEGIN", "DECLARE") or tokens.peek("EXECUTE", "IMMEDIATE")
    if block or opening.token_type in (TokenType.RAW_STRING, TokenType.HEREDOC_STRING):
        raise errors.unsupported(f"{kind} with a scripting block ({opening.text[:20]} …)")
    return tokens.rest()


def identifier(tokens: Tokens) -> str:
    """An object's bare name, as it is or as a string."""
    if tokens.current.token_type == TokenType.STRING:
        return Tokens(tokens.string()).name().name
    return tokens.name().name


def schedule_text(tokens: Tokens) -> str:
    text = tokens.string()
    schedule.parse(text)
    return text


def within(low: int, high: int) -> Callable[[Tokens], int]:
    def read(tokens: Tokens) -> int:
        number = tokens.number()
        if not low <= number <= high:
            raise errors.compilation(
                errors.INVALID_PROPERTY, f"invalid value [{number}], must be from {low} to {high}"
            )
        return number

    return read
