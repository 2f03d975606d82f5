"""What definitions of several kinds of objects have alike: how they begin, properties, values."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql.tokens import Name, Tokens

Reader = Callable[[Tokens], Any]


@dataclass(frozen=True)
class Definition:
    """CREATE or ALTER of an object that has properties and no more.

    action: of a CREATE its mode (CREATE, REPLACE or ALTER), else what ALTER does. forgiving: IF NOT
    EXISTS of a CREATE, IF EXISTS of an ALTER. properties: by Snowflake's names, only those that
    are written; None for those to unset.
    """

    name: Name
    action: str
    forgiving: bool
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        return self.action


def created(tokens: Tokens, *noun: str, modes: Sequence[str] = ("REPLACE",)) -> Definition:
    """CREATE [OR REPLACE | OR ALTER] noun [IF NOT EXISTS] name; what follows is not read yet.
    modes: what may stand behind OR."""
    tokens.expect("CREATE")
    mode = next((mode for mode in modes if tokens.accept("OR", mode)), "CREATE")
    tokens.expect(*noun)
    forgiving = tokens.accept("IF", "NOT", "EXISTS")
    return Definition(tokens.name(), mode, forgiving)


def altered(tokens: Tokens, *noun: str) -> Definition:
    """ALTER noun [IF EXISTS] name; what follows is not read yet."""
    tokens.expect("ALTER", *noun)
    forgiving = tokens.accept("IF", "EXISTS")
    return Definition(tokens.name(), "SET", forgiving)


def commented(tokens: Tokens, *noun: str) -> Definition:
    """COMMENT [IF EXISTS] ON noun name IS '…', which is the same as ALTER … SET COMMENT."""
    tokens.expect("COMMENT")
    forgiving = tokens.accept("IF", "EXISTS")
    tokens.expect("ON", *noun)
    name = tokens.name()
    tokens.expect("IS")
    text = tokens.string()
    tokens.end()
    return Definition(name, "SET", forgiving, {"COMMENT": text})


def comment(tokens: Tokens) -> str | None:
    """SET COMMENT = '…' or UNSET COMMENT, for which it is empty; None for what is neither."""
    if tokens.accept("SET", "COMMENT", "="):
        return tokens.string()
    return "" if tokens.accept("UNSET", "COMMENT") else None


def invalid_property(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}'")


def missing_property(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"Missing option(s): [{name}]")


def properties(
    tokens: Tokens,
    readers: Mapping[str, Reader],
    unknown: Callable[[str], errors.SnowflakeError] = invalid_property,
    *,
    needs_sign: bool = True,
    until: str = "",
    may_repeat: bool = False,
) -> dict[str, Any]:
    """NAME = value …, with commas between them or without, up to a word or the statement's end.
    unknown: the error for a name that has no reader. needs_sign: the `=` must not be left out.
    may_repeat: the last value of a name counts; 001046 otherwise."""
    found: dict[str, Any] = {}
    while not (tokens.done or tokens.peek(until)):
        name = tokens.word()
        if name not in readers:
            raise unknown(name)
        if not tokens.accept("=") and needs_sign:
            raise tokens.unexpected()
        value = readers[name](tokens)
        if name in found and not may_repeat:
            raise errors.duplicate_property(name)
        found[name] = value
        tokens.accept(",")
    return found


def unset(
    tokens: Tokens, known: Container[str], unknown: Callable[[str], errors.SnowflakeError]
) -> dict[str, Any]:
    """The names behind UNSET, as properties whose value is None."""
    found: dict[str, Any] = {}
    while not tokens.done or not found:
        name = tokens.word()
        if name not in known:
            raise unknown(name)
        found[name] = None
        tokens.accept(",")
    return found


# --- values --------------------------------------------------------------------------------------


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


def one_of(name: str, *values: str) -> Callable[[Tokens], str]:
    """One of these words, upper case, as it is or as a string; 001481 for another one."""

    def read(tokens: Tokens) -> str:
        value = tokens.value().upper()
        if value not in values:
            raise errors.invalid_value(name, value)
        return value

    return read
