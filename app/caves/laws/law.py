"""A law of the pipeline, and what is found when it is checked."""

from collections.abc import Callable
from dataclasses import dataclass

from app.caves.laws.kinds import Kinds


@dataclass(frozen=True)
class Law:
    """One thing that must hold, and the query whose figures tell whether it does, for the kinds of
    event that the pipeline knows."""

    number: int
    title: str
    text: str
    query: Callable[[Kinds], str]
    violations: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """A law's figures at one moment."""

    law: Law
    figures: dict[str, int]

    @property
    def broken(self) -> dict[str, int]:
        """The violations that there are, by name."""
        return {name: self.figures[name] for name in self.law.violations if self.figures[name]}

    @property
    def holds(self) -> bool:
        return not self.broken

    @property
    def in_flight(self) -> int:
        return self.figures.get("IN_FLIGHT", 0)
