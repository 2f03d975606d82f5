"""What a round has come to, as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos.faults import Injection
from tests.chaos.plan import Kind
from tests.chaos.round import Outcome


def show_round(outcome: Outcome, console: Console) -> None:
    """The faults of one round by kind, and what became of its events."""
    table = Table(title=f"Seed {outcome.seed}", title_justify="left")
    for column in ("fault", "planned", "injected", "recovered", "median", "slowest"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    for kind in Kind:
        of_kind = [each for each in outcome.injections if each.fault.kind == kind]
        if of_kind:
            injected = sum(each.confirmed for each in of_kind)
            recovered = sum(each.recovered is not None for each in of_kind)
            table.add_row(
                kind.value,
                *map(str, (len(of_kind), injected, recovered)),
                _seconds(median, of_kind),
                _seconds(max, of_kind),
            )
    console.print(table)
    found = outcome.reckoning
    console.print(
        f"{found.sent} events in, {found.lost} lost, {found.twice} twice, {found.unfounded} of no"
        f" message; laws {'hold' if outcome.laws_hold else 'BROKEN'}"
    )
    console.print(
        f"{outcome.fenced} batches refused by the fence,"
        f" {outcome.settled} COMMITs without an answer settled"
    )
    for complaint in outcome.complaints:
        console.print(f"[bold red]{complaint}[/]", highlight=False)
    for restart in outcome.restarts:
        console.print(f"an ingester left and was started again: {restart}", markup=False)
    if not outcome.good:
        console.print(f"[bold red]FAILED[/]; data and logs are in {outcome.folder}")


def show_total(outcomes: Sequence[Outcome], console: Console) -> None:
    """One line a round, and their sum."""
    table = Table(title="Rounds", title_justify="left")
    names = ("seed", "faults", "recovered", "median", "slowest")
    figures = ("events", "lost", "twice", "laws", "took")
    for name in (*names, *figures):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        table.add_row(str(outcome.seed), *_figures([outcome]))
    if len(outcomes) > 1:
        table.add_section()
        table.add_row("all", *_figures(outcomes))
    console.print(table)


def _figures(outcomes: Sequence[Outcome]) -> list[str]:
    injections = [each for outcome in outcomes for each in outcome.injections]
    hold = all(outcome.laws_hold for outcome in outcomes)
    return [
        str(sum(each.confirmed for each in injections)),
        str(sum(each.recovered is not None for each in injections)),
        _seconds(median, injections),
        _seconds(max, injections),
        str(sum(outcome.reckoning.sent for outcome in outcomes)),
        str(sum(outcome.reckoning.lost for outcome in outcomes)),
        str(sum(outcome.reckoning.twice for outcome in outcomes)),
        "hold" if hold else "BROKEN",
        f"{sum(outcome.seconds for outcome in outcomes):.0f} s",
    ]


def _seconds(measure: Callable[[Sequence[float]], float], injections: Sequence[Injection]) -> str:
    """The median or the greatest of the times that recovery took."""
    known = [each.recovered for each in injections if each.recovered is not None]
    return f"{measure(known):.1f} s" if known else "-"
