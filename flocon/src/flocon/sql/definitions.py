"""Values that the properties of several kinds of objects have."""

from collections.abc import Callable

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql.tokens import Tokens


def identifier(tokens: Tokens) -> str:
    """An object's bare name, as it is or as a string."""
    if tokens.current.token_type == TokenType.STRING:
        return Tokens(tokens.string()).name().name
    return tokens.name().name


def within(low: int, high: int) -> Callable[[Tokens], int]:
    def read(tokens: Tokens) -> int:
        number = tokens.number()
        if not low <= number <= high:
            raise errors.compilation(
                errors.INVALID_PROPERTY, f"invalid value [{number}], must be from {low} to {high}"
            )
        return number

    return read


def creation_mode(tokens: Tokens) -> str:
    """CREATE, REPLACE or ALTER, from `CREATE [OR REPLACE | OR ALTER]`."""
    tokens.expect("CREATE")
    if not tokens.accept("OR"):
        return "CREATE"
    word = tokens.word()
    if word not in ("REPLACE", "ALTER"):
        raise errors.syntax(0, word)
    return word
