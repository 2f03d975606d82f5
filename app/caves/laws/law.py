"""The five laws: what must hold, by which query, and which of its figures must be 0."""

from dataclasses import dataclass
from pathlib import Path

from app.caves.laws.kinds import Kinds


@dataclass(frozen=True)
class Law:
    """One thing that must hold. `query` is the file beside this module that counts its figures."""

    number: int
    title: str
    text: str
    query: str
    violations: tuple[str, ...]

    def statement(self, kinds: Kinds) -> str:
        """The query for these kinds of event, with one value to bind: SINCE. `{db}` is left to the
        account. The first law is about messages alone: it can be judged without any kinds."""
        text = (Path(__file__).parent / self.query).read_text("utf-8")
        for name, part in {"since": "?", **(kinds.parts() if kinds else {})}.items():
            text = text.replace(f"{{{name}}}", part)
        return text


LAWS = (
    Law(
        1,
        "each message once",
        "Per Kafka partition, every message below NEXT_OFFSET is in exactly one of"
        " RAW_EVENTS_STREAM and REJECTED_EVENTS (INGEST), once.",
        "messages.sql",
        ("MISSING", "TWICE", "BEYOND"),
    ),
    Law(
        2,
        "each row in one place",
        "Every RAW row that the streams have given out is in exactly one table of STAGING or in"
        " REJECTED_EVENTS (STAGING, not retried), once; no column there is NULL for which its event"
        " has a value.",
        "rows.sql",
        ("MISSING", "TWICE", "TOO_EARLY", "UNFOUNDED", "UNREAD"),
    ),
    Law(
        3,
        "the latest event wins",
        "ORDERS has one row per ORDER_ID: its event with the greatest (EVENT_TIMESTAMP, EVENT_ID),"
        " withdrawn ones left out.",
        "orders.sql",
        ("MISSING", "WRONG", "TWICE", "UNFOUNDED"),
    ),
    Law(
        4,
        "each adjustment once",
        "INVENTORY_HISTORY has each valid ADJUSTMENT_ID once, as it first came.",
        "adjustments.sql",
        ("MISSING", "WRONG", "TWICE", "UNFOUNDED"),
    ),
    Law(
        5,
        "stock is its history",
        "INVENTORY_CURRENT is what INVENTORY_HISTORY adds up to, product by product, without voided"
        " adjustments.",
        "stock.sql",
        ("MISSING", "UNFOUNDED", "TWICE"),
    ),
)


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
