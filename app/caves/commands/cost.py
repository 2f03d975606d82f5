"""`caves cost`: flags and output."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from app.caves import cost_inputs
from app.caves.cost_inputs import Known
from app.caves.cost_model import DAY, RULE, estimate
from app.caves.errors import UsageError
from app.caves.flags import number
from app.caves.screen import Screen
from app.caves.settings import effective, ingester_flags, profile_names
from app.caves.tables import as_table
from app.caves.target import Row, overrides, project_and_target

EPILOG = """\
An estimate of the warehouse alone, for the pipeline alone: who else uses the warehouse, dashboards
and --watch included, comes on top; storage is charged apart. docs/cost.md has the rule with its
sources, and the query for what was really charged.

--json prints one object:
  rule       the rule, in sentences
  inputs     INPUT, VALUE, SOURCE (measured and where, assumed, or the flag)
  profiles   each PROFILE with TASKS; a day's BATCHES, SIGNS of life, RUNS, ALERTS,
             RESUMES, AWAKE_HOURS; CREDITS_A_DAY, CREDITS_A_MONTH, PRICE_A_MONTH (with
             --price-per-credit); SECONDS_AT_MOST from Kafka to PRODUCTION; INGESTER, the
             flags to start it with
  deployed   what the tasks did in the last day: TASKS, BATCHES, RUNS of both graphs that had data,
             and in how many HOURS; null with --offline
  warehouse  by its own record of the last hours, for all users: HOURS, RESUMES, AWAKE_HOURS,
             CREDITS_PER_DAY; null without one
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "cost", run_cost)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="a profile of snowflake.yml; can be repeated (default: all)",
    )
    each.add_argument(
        "--rate",
        type=number,
        metavar="EVENTS",
        help="events a second to compute with, all day long",
    )
    each.add_argument("--price-per-credit", type=number, metavar="PRICE", help="in your currency")
    each.add_argument(
        "--offline", action="store_true", help="do not ask the account: every input is assumed"
    )


def run_cost(arguments: argparse.Namespace, screen: Screen) -> int:
    for flag in ("rate", "price_per_credit"):
        value = getattr(arguments, flag)
        if value is not None and not 0 <= value < float("inf"):
            raise UsageError(f"--{flag.replace('_', '-')} {value:g} is not a number from 0 on")
    project, target = project_and_target(arguments)
    env, given = project.env, overrides(arguments, project)
    chosen = {
        name: effective(env, {**given, "profile": name})
        for name in arguments.profile or profile_names(env)
    }
    if arguments.offline:
        known = Known()
    else:
        with target.connect() as account:
            known = cost_inputs.measure(account, given.get("warehouse", env["warehouse"]).upper())
        if known.unread_load:
            screen.progress(f"the warehouse's own record cannot be read: {known.unread_load}")
    _show(screen, known, chosen, arguments)
    return 0


def _show(
    screen: Screen,
    known: Known,
    chosen: Mapping[str, Mapping[str, str]],
    arguments: argparse.Namespace,
) -> None:
    rate, price = arguments.rate, arguments.price_per_credit
    rows = [_row(name, settings, known, rate, price) for name, settings in chosen.items()]
    example = cost_inputs.inputs(known, next(iter(chosen.values())), rate)
    given = cost_inputs.table(known, example, rate)
    if screen.as_json:
        found = {"rule": RULE, "inputs": given, "profiles": rows}
        screen.json({**found, "deployed": known.deployed, "warehouse": known.load})
        return
    width = max(len(row["PROFILE"]) for row in rows)
    for row in rows:
        screen.results.print(
            f"{row['PROFILE']:{width}} [bold]{row['CREDITS_A_MONTH']:,.0f} credits a month[/];"
            f" an event is in PRODUCTION after {row['SECONDS_AT_MOST']:,} s at most"
        )
    profiles = [{name: row[name] for name in row if name != "INGESTER"} for row in rows]
    screen.results.print(as_table("A day of each profile, and how late an event may be", profiles))
    for row in rows:
        screen.results.print(f"{row['PROFILE']}: start the ingester with {row['INGESTER']}")
    if known.deployed:
        screen.results.print(as_table("What is deployed, in the last day", [known.deployed]))
    if known.load:
        screen.results.print(as_table("The warehouse's own record, all its users", [known.load]))
    screen.results.print(as_table("Inputs", given))
    screen.results.print("The rule", style="bold")
    for sentence in RULE:
        screen.results.print(f"- {sentence}")


def _row(
    name: str,
    settings: Mapping[str, str],
    known: Known,
    rate: float | None,
    price: float | None,
) -> Row:
    given = cost_inputs.inputs(known, settings, rate)
    found, looks = estimate(given), cost_inputs.alert_period(settings)
    row: Row = {
        "PROFILE": name,
        "TASKS": f"each {settings['task_schedule']}" if given.task_every else "triggered",
        "BATCHES": found.batches,
        "SIGNS": found.signs,
        "RUNS": found.runs,
        "ALERTS": round(DAY / looks) if looks else 0,
        "RESUMES": found.resumes,
        "AWAKE_HOURS": round(found.awake_hours, 2),
        "CREDITS_A_DAY": round(found.credits_per_day, 2),
        "CREDITS_A_MONTH": round(found.credits_per_month, 1),
    }
    if price is not None:
        row["PRICE_A_MONTH"] = round(found.credits_per_month * price, 2)
    row["SECONDS_AT_MOST"] = round(found.latency_seconds)
    row["INGESTER"] = " ".join(ingester_flags(settings))
    return row
