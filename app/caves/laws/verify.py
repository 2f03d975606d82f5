"""The five laws: what must hold, by which query, and whether it does."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from snowflake.connector.errors import ProgrammingError

from app.caves.errors import CommandError
from app.caves.laws import kinds
from app.caves.laws.kinds import Kinds
from app.caves.target import Account, is_missing


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


BEGINNING = datetime(1970, 1, 1)
JSON_KEYS = """\
Exit code 0: every law holds; 1: a law is broken, or the account cannot be asked.

--json prints one object:
  database   the database's name
  since      the TIME given, or null
  holds      whether every law holds
  in_flight  rows that streams have not given out yet; they are no violation
  laws       the laws, in order, each with
    law        its number
    title      its name
    text       what must hold
    holds      whether it does
    in_flight  rows of this law that a stream still holds
    figures    everything that was counted, by name
    violations those of the figures that must be 0, by name
"""


def verify(account: Account, since: datetime | None = None) -> list[Verdict]:
    """The verdict on every law, for what was ingested and written from `since` on."""
    try:
        known = kinds.read(account)
        return [judge(account, law, known, since or BEGINNING) for law in LAWS]
    except ProgrammingError as error:
        if is_missing(error):
            raise CommandError(
                f"the pipeline is not in {account.database}: run `caves deploy` first"
            ) from error
        raise


def judge(account: Account, law: Law, known: kinds.Kinds, since: datetime) -> Verdict:
    row = account.row(law.statement(known), (since.isoformat(sep=" "),))
    return Verdict(law, {name: int(value) for name, value in row.items()})


def all_hold(verdicts: list[Verdict]) -> bool:
    return all(each.holds for each in verdicts)


def as_table(verdicts: list[Verdict]) -> Table:
    """Ok or FAILED, the law, and its counts: 80 columns hold it."""
    table = Table(title="Laws", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("law", no_wrap=True)
    table.add_column("figures")
    for verdict in verdicts:
        outcome = "[green]ok[/]" if verdict.holds else "[bold red]FAILED[/]"
        law = verdict.law
        table.add_row(outcome, f"{law.number} {law.title}", figures_text(verdict))
    return table


def figures_text(verdict: Verdict) -> str:
    """The counts, then the violations: `12 given out, 3 in flight; 0 missing, 0 twice`."""
    violations = verdict.law.violations
    counts = [name for name in verdict.figures if name not in violations]
    return "; ".join(
        ", ".join(f"{verdict.figures[name]} {words(name)}" for name in names)
        for names in (counts, violations)
    )


def words(name: str) -> str:
    return name.lower().replace("_", " ") if not name.startswith("IN_STG") else f"in {name[3:]}"


def show(verdicts: list[Verdict], console: Console) -> None:
    """The verdict, what the broken laws say, and the table."""
    broken = [each.law for each in verdicts if not each.holds]
    if broken:
        numbers = ", ".join(str(law.number) for law in broken)
        console.print(f"[bold red]FAILED[/]: law {numbers}")
    else:
        console.print("[green]Every law holds.[/]")
    for law in broken:
        console.print(f"Law {law.number}: {law.text}")
    in_flight = max(each.in_flight for each in verdicts)
    if in_flight:
        console.print(
            f"{in_flight} rows are in flight: they wait in a stream for the next run of the tasks,"
            " or for `caves run`. That is no failure."
        )
    console.print(as_table(verdicts))


def as_json(
    verdicts: list[Verdict], database: str, since: datetime | None = None
) -> dict[str, Any]:
    """What JSON_KEYS describes."""
    return {
        "database": database,
        "since": since.isoformat() if since else None,
        "holds": all_hold(verdicts),
        "in_flight": max(each.in_flight for each in verdicts),
        "laws": [
            {
                "law": each.law.number,
                "title": each.law.title,
                "text": each.law.text,
                "holds": each.holds,
                "in_flight": each.in_flight,
                "figures": each.figures,
                "violations": {name: each.figures[name] for name in each.law.violations},
            }
            for each in verdicts
        ],
    }
