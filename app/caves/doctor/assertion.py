"""One thing that the pipeline takes for granted about Snowflake."""

from collections.abc import Callable
from dataclasses import dataclass

from app.caves.doctor.environment import Environment

PAGES = "https://docs.snowflake.com/en/"

# Returns what was seen, in a few words; raises Broken, or NotAsked.
Check = Callable[[Environment], str]


class Broken(Exception):
    """Snowflake answered otherwise; the text says what it answered."""


class NotAsked(Exception):
    """The assertion cannot be judged in this account or under this role; the text says why."""


@dataclass(frozen=True)
class Assertion:
    """`page` is the documentation that it rests on; `otherwise` is what follows where it does not
    hold; `needs` names assertions that must hold before it can be asked."""

    name: str
    page: str
    otherwise: str
    check: Check
    needs: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The assertion as a sentence."""
        return " ".join((self.check.__doc__ or self.name).split())


class Subject(list[Assertion]):
    """The assertions of one subject, in the order in which they are asked."""

    def __init__(self, *needs: str) -> None:
        super().__init__()
        self._needs = needs

    def holds(
        self, name: str, page: str, otherwise: str, needs: tuple[str, ...] = ()
    ) -> Callable[[Check], Check]:
        """The decorated function checks the assertion, which its docstring says."""

        def add(check: Check) -> Check:
            self.append(Assertion(name, PAGES + page, otherwise, check, (*self._needs, *needs)))
            return check

        return add


def expect(seen: object, wanted: object, what: str) -> None:
    """Raises Broken unless what was seen is what was wanted."""
    if seen != wanted:
        raise Broken(f"{what}: {seen!r} instead of {wanted!r}")
