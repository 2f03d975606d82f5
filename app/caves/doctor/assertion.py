"""One thing that the pipeline relies on in Snowflake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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


def expect(seen: object, expected: object, what: str) -> None:
    """Raises Broken unless both are equal; `what` names them in the message."""
    if seen != expected:
        raise Broken(f"{what}: {seen!r} instead of {expected!r}")


HOLDS, FAILS, NOT_ASKED = "holds", "fails", "not asked"


@dataclass(frozen=True)
class Finding:
    """`seen`: what Snowflake answered, or why it was not asked."""

    assertion: Assertion
    result: str
    seen: str
    seconds: float = 0.0


def with_result(findings: Sequence[Finding], result: str) -> list[Finding]:
    return [each for each in findings if each.result == result]


def verdict(findings: Sequence[Finding]) -> str:
    """`41 of 43 assertions hold, 1 fails, 1 was not asked`"""
    hold, fail, other = (len(with_result(findings, each)) for each in (HOLDS, FAILS, NOT_ASKED))
    parts = [f"{hold} of {len(findings)} assertions hold"]
    parts += [f"{fail} {'fails' if fail == 1 else 'fail'}"] if fail else []
    parts += [f"{other} {'was' if other == 1 else 'were'} not asked"] if other else []
    return ", ".join(parts)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "holds": not with_result(findings, FAILS),
        "verdict": verdict(findings),
        "assertions": [
            {
                "name": each.assertion.name,
                "says": each.assertion.says,
                "result": each.result,
                "seen": each.seen,
                "otherwise": each.assertion.otherwise,
                "page": each.assertion.page,
                "seconds": round(each.seconds, 2),
            }
            for each in findings
        ],
    }
