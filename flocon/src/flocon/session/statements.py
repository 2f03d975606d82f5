"""A statement, read once, and what is known of it before it runs.

`Worded`: a statement about an object, of a `Kind` that the object's module has registered.
`Tree` (flocon.session.trees): a query, DML, or DDL that SQLGlot reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from flocon.access.demands import nothing
from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session import terse
from flocon.session.context import Context
from flocon.sql.statements import Show
from flocon.sql.tokens import Tokens


class Statement(ABC):
    """text: as it was written.

    uses_warehouse: SHOW and most of DDL run on Snowflake's own machines
    (https://docs.snowflake.com/en/user-guide/warehouses-overview). is_call: it runs others, which
    take their turns in the session. waits: for the statement before it. barred_to_owners: why a
    procedure with owner's rights may not say it. concerns_grants: what it makes or shows has
    owners.
    """

    text: str
    uses_warehouse: bool = False
    is_call: bool = False
    waits: ClassVar[bool] = True
    concerns_grants: bool = True
    barred_to_owners: str | None = None

    def prepare(self, context: Context) -> None:  # noqa: B027  # most have nothing to prepare
        """Find out what has to be known in the session. It cannot be interrupted."""

    def explain(self, context: Context, error: errors.SnowflakeError) -> None:  # noqa: B027  # most say all
        """It has failed: let the error say what in the statement it is about."""

    @abstractmethod
    def demand(self, place: Place) -> Demand | None:
        """What access control asks of it; None where that is not known: it is to be refused."""

    def without_limit(self) -> tuple[Self, int | None, str | None]:
        """A SHOW without LIMIT … FROM, and what that was."""
        return self, None, None

    @abstractmethod
    def run(self, context: Context, binds: Sequence[Any], *, describe: bool) -> Result:
        """describe: only the answer's columns."""


@dataclass(frozen=True)
class Kind:
    """A kind of statements about a kind of objects.

    words: the first words by which it is known. read: makes a frozen dataclass of the statement.
    needs: what the role must hold for it (`flocon.access.demands`). run: does it. with_binds: `run`
    takes the values of the statement's marks, too. calls: it runs a procedure.
    """

    words: tuple[str, ...]
    read: Callable[[Tokens], Any]
    run: Callable[..., Result]
    needs: Callable[[Any, Place], Demand]
    uses_warehouse: bool = False
    with_binds: bool = False
    calls: bool = False

    @property
    def only_asks(self) -> bool:
        """Does it change nothing, so that describing it may run it?"""
        return self.words[0] in ("SHOW", "DESCRIBE")


def refused(*words: str, message: str = "") -> Kind:
    """A kind that Snowflake has and that is not here. message: what to do instead."""

    def refuse(tokens: Tokens) -> Any:
        tokens.expect(words[0])
        while not tokens.accept(*words[1:]):
            tokens.word()  # OR REPLACE and the like
        raise errors.unsupported(
            f"{' '.join(words)}{f': {message}' if message else ' ' + tokens.rest()}"
        )

    def never(context: Context, statement: Any) -> Result:
        raise AssertionError("it is not read")

    return Kind(words, refuse, never, nothing)


# What changes its caller's session is not for a procedure with owner's rights: first words, and
# Snowflake's name of the kind of statement.
# https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights
_BARRED_TO_OWNERS: dict[tuple[str, ...], str] = {
    ("ALTER", "SESSION"): "ALTER_SESSION",
    ("SET",): "SET",
    ("UNSET",): "UNSET",
    ("USE",): "USE",
}


class Worded(Statement):
    """content: what the kind has read."""

    def __init__(self, text: str, kind: Kind, content: Any) -> None:
        self.text = text
        self.kind = kind
        self.content = content
        self.uses_warehouse = kind.uses_warehouse
        self.is_call = kind.calls
        self.barred_to_owners = _BARRED_TO_OWNERS.get(kind.words)

    def demand(self, place: Place) -> Demand:
        return self.kind.needs(self.content, place)

    def without_limit(self) -> tuple[Worded, int | None, str | None]:
        content, limit, start_from = self.content.without_limit()
        return Worded(self.text, self.kind, content), limit, start_from

    def run(self, context: Context, binds: Sequence[Any], *, describe: bool) -> Result:
        if describe and not self.kind.only_asks:
            return result.done()
        if self.is_call:
            return self._answer(context, binds)
        context.transactions.read_effects()
        return context.access.run(self, lambda statement: statement._answer(context, binds))

    def _answer(self, context: Context, binds: Sequence[Any]) -> Result:
        if self.kind.with_binds:
            return self.kind.run(context, self.content, binds)
        answer = self.kind.run(context, self.content)
        if isinstance(self.content, Show) and self.content.terse:
            return terse.cut(answer, self.kind.words[1])
        return answer
