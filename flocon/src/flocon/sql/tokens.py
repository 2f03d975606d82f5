"""A cursor over the tokens of one statement, and the names found there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from flocon.core import errors

T = TypeVar("T")


@dataclass(frozen=True)
class Name:
    """An object's name as written: the parts left out are None. Unquoted parts are upper case."""

    name: str
    schema: str | None = None
    database: str | None = None

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.name) if part)


@dataclass(frozen=True)
class FullName:
    """An object's name with nothing left to the session."""

    database: str
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.name}"


_LONGEST_NAME = 255
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_QUOTES = re.compile(r"[\"']")


def checked(*parts: str | None) -> None:
    """Raises 001007 for a name of an object that is longer than Snowflake's are, 000002 for one
    with control characters, which are left out here.

    https://docs.snowflake.com/en/sql-reference/identifiers-syntax
    """
    for part in filter(None, parts):
        if len(part) > _LONGEST_NAME:
            raise errors.compilation(
                errors.COMPILATION,
                f"Object name '{part[:50]}…' is longer than {_LONGEST_NAME} characters.",
            )
        if _CONTROLS.search(part):
            raise errors.unsupported(f"a name with control characters: {part!r}")


def checked_without_quotes(*parts: str | None) -> None:
    """The same for the objects that the engine keeps (databases, schemas, tables, views, stages,
    sequences, file formats), whose names have no quotes here."""
    checked(*parts)
    for part in filter(None, parts):
        if _QUOTES.search(part):
            raise errors.unsupported(f"a name with quotes: {part!r}")


class _WordTokenizer(Snowflake.Tokenizer):
    """Snowflake's tokens without commands: CALL, EXECUTE and SHOW are words like others."""

    COMMANDS: ClassVar[set[TokenType]] = set()
    COMMAND_PREFIX_TOKENS: ClassVar[set[TokenType]] = set()


# What follows these words are addresses: in SQL, // and /* would begin comments.
_FILE_TRANSFER = re.compile(r"\s*(PUT|GET)\b", re.IGNORECASE)


def name_in(text: str) -> Name:
    """The name that a text is, as IDENTIFIER('…') has it. Raises 000904 where it is none.

    https://docs.snowflake.com/en/sql-reference/identifier-literal
    """
    tokens = Tokens(text)
    try:
        name = tokens.name()
        tokens.end()
    except errors.SnowflakeError:
        raise errors.unknown_column(text) from None
    return name


OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)


class Tokens:
    """Reads a statement from left to right; every mismatch is Snowflake's syntax error."""

    def __init__(self, text: str) -> None:
        self.text = text
        transfer = _FILE_TRANSFER.match(text)
        try:
            tokens = _WordTokenizer().tokenize(transfer[0] if transfer else text)
        except TokenError as error:
            raise errors.compilation(errors.SYNTAX, str(error)) from None
        self._tokens = [token for token in tokens if token.token_type != TokenType.SEMICOLON]
        self._ends = [t.start for t in tokens if t.token_type == TokenType.SEMICOLON]
        self._index = 0

    def rewind(self) -> None:
        """Begin again at the statement's first word."""
        self._index = 0

    @property
    def done(self) -> bool:
        return self._index >= len(self._tokens)

    @property
    def current(self) -> Token:
        """The next token; a syntax error at the statement's end."""
        if self.done:
            raise errors.syntax(len(self.text), "<EOF>")
        return self._tokens[self._index]

    def unexpected(self) -> errors.SnowflakeError:
        """The syntax error that names the next token."""
        if self.done:
            return errors.syntax(len(self.text), "<EOF>")
        return self._misplaced(self.current)

    def _misplaced(self, token: Token) -> errors.SnowflakeError:
        """The syntax error that names a token; 000008 where another statement has it."""
        if any(end < token.start for end in self._ends):
            return self._several()
        return errors.syntax(token.start, token.text)

    def _several(self) -> errors.SnowflakeError:
        count = len(split(self.text))
        return errors.SnowflakeError(
            errors.STATEMENT_COUNT,
            f"Actual statement count {count} did not match the desired statement count 1.",
        )

    def check_one(self) -> None:
        """Raises 000008 where the text has more than one statement.

        https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements
        """
        if self._ends and any(end < self._tokens[-1].start for end in self._ends):
            raise self._several()

    def peek(self, *words: str) -> bool:
        """Are the next tokens these words (upper case) or signs? Strings and quoted names never."""
        ahead = self._tokens[self._index : self._index + len(words)]
        return len(ahead) == len(words) and all(
            token.text.upper() == word
            and token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
            for token, word in zip(ahead, words, strict=True)
        )

    def peek_any(self, *words: str) -> bool:
        return any(self.peek(word) for word in words)

    def accept(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if found := self.peek(*words):
            self._index += len(words)
        return found

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def next(self) -> Token:
        token = self.current
        self._index += 1
        return token

    def word(self) -> str:
        """One bare word, upper case."""
        token = self.next()
        if token.token_type in (TokenType.STRING, TokenType.NUMBER):
            raise self._misplaced(token)
        return token.text.upper()

    def string(self) -> str:
        """One string constant: '…' or $$…$$."""
        token = self.next()
        if token.token_type not in (
            TokenType.STRING,
            TokenType.RAW_STRING,
            TokenType.HEREDOC_STRING,
        ):
            raise self._misplaced(token)
        return token.text

    def value(self) -> str:
        """A property's value: a string, a number or a bare word, as text."""
        return self.next().text

    def number(self) -> int:
        token = self.next()
        if token.token_type != TokenType.NUMBER or not token.text.isdigit():
            raise self._misplaced(token)
        return int(token.text)

    def boolean(self) -> bool:
        word = self.word()
        if word not in ("TRUE", "FALSE"):
            raise self.unexpected()
        return word == "TRUE"

    def name(self) -> Name:
        """[[database.]schema.]name, or IDENTIFIER('…') with the same inside."""
        if self.accept("IDENTIFIER", "("):
            inner = name_in(self.string())
            self.expect(")")
            return inner
        parts = [self._identifier()]
        while self.accept("."):
            parts.append(self._identifier())
        if len(parts) > 3:
            raise self.unexpected()
        checked(*parts)
        return Name(*reversed(parts))

    def _identifier(self) -> str:
        token = self.next()
        if token.token_type == TokenType.IDENTIFIER:
            return token.text
        if token.token_type in (TokenType.STRING, TokenType.NUMBER) or not (
            token.text[0].isalpha() or token.text[0] == "_"
        ):
            raise self._misplaced(token)
        return token.text.upper()

    def parenthesized(self) -> str:
        """The text between '(' and its ')', verbatim, both stepped over."""
        opening = self.current
        self.expect("(")
        depth = 1
        while depth:
            token = self.next()
            if token.token_type == TokenType.L_PAREN:
                depth += 1
            elif token.token_type == TokenType.R_PAREN:
                depth -= 1
        return self.text[opening.end + 1 : token.start]

    def listed(self, read: Callable[[Tokens], T]) -> tuple[T, ...]:
        """( item, … ), which may be empty; read: takes one item."""
        self.expect("(")
        found: list[T] = []
        while not self.accept(")"):
            if found:
                self.expect(",")
            found.append(read(self))
        return tuple(found)

    def until(self, *words: str) -> str:
        """The text before the first of these words outside brackets, or before the end."""
        start = self.current.start
        depth = 0
        end = start
        while not self.done and (depth or not self.peek_any(*words)):
            token = self.next()
            end = token.end + 1
            depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        return self.text[start:end]

    def rest(self) -> str:
        """What is left of the statement, verbatim, without a closing semicolon. More statements
        behind it are an error."""
        start = self.current.start
        end = self._tokens[-1].end + 1
        if any(start < position < end for position in self._ends):
            raise self._several()
        self._index = len(self._tokens)
        return self.text[start:end]

    def end(self) -> None:
        """Nothing may follow."""
        if not self.done:
            raise self.unexpected()


def tokenize(text: str) -> list[Token]:
    """The tokens of a text, in their places. Raises 001003 where it has others."""
    try:
        return list(_WordTokenizer().tokenize(text))
    except TokenError as error:
        raise errors.compilation(errors.SYNTAX, str(error)) from None


def split(text: str) -> list[tuple[str, int]]:
    """The statements of a text, and how many marks for binds each has."""
    found: list[tuple[str, int]] = []
    own: list[Token] = []
    for token in tokenize(text):
        if token.token_type != TokenType.SEMICOLON:
            own.append(token)
            continue
        if own:
            found.append(_part(text, own))
        own = []
    return [*found, _part(text, own)] if own else found


def _part(text: str, tokens: list[Token]) -> tuple[str, int]:
    texts = (TokenType.STRING, TokenType.IDENTIFIER, TokenType.RAW_STRING)
    marks = sum(token.text.startswith("?") and token.token_type not in texts for token in tokens)
    return text[tokens[0].start : tokens[-1].end + 1], marks
