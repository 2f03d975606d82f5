"""`caves demo`: flags and output; what `caves up` has as well."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.caves.flags import above_zero, days, integer, whole
from app.caves.machine import broker, demo
from app.caves.project import Project
from app.caves.screen import Screen


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    """No account is named to it."""
    each = machine_command(commands, "demo", run_demo)
    plan = demo.Plan()
    add_history(each)
    each.add_argument(
        "--count",
        type=whole,
        help=f"messages ({plan.count}, or {demo.COUNT_AFTER_HISTORY} after a history)",
    )
    each.add_argument(
        "--rate", type=above_zero, default=plan.rate, help=f"a second ({plan.rate:g})"
    )
    each.add_argument("--seed", type=integer, default=plan.seed, help=f"of the shop ({plan.seed})")
    each.add_argument(
        "--timeout",
        type=above_zero,
        default=plan.timeout,
        metavar="SECONDS",
        help=f"how long the last message may take to production ({plan.timeout:g})",
    )


def add_history(each: argparse.ArgumentParser) -> None:
    each.add_argument(
        "--history",
        type=days,
        metavar="DAYS",
        help="of a shop that has been open for so many days: first what it sold in them (28d)",
    )


def machine_command(
    commands: Any, name: str, function: Callable[..., int]
) -> argparse.ArgumentParser:
    each: argparse.ArgumentParser = commands.add_parser(name)
    each.set_defaults(function=function, json=False)
    each.add_argument("--project", type=Path, metavar="DIR", help="the project (default: this one)")
    each.add_argument(
        "--broker",
        choices=broker.KINDS,
        default=broker.TANSU,
        help="which broker is started: kafka needs Java and Maven (tansu)",
    )
    each.add_argument(
        "--bootstrap-servers",
        metavar="HOST:PORT,…",
        help="brokers that are there already; CAVES_KAFKA_CONFIG names their settings",
    )
    return each


def run_demo(arguments: argparse.Namespace, screen: Screen) -> int:
    project = Project.find(arguments.project)
    usual = demo.COUNT_AFTER_HISTORY if arguments.history else demo.Plan.count
    plan = demo.Plan(
        arguments.count or usual,
        arguments.rate,
        arguments.seed,
        arguments.timeout,
        arguments.broker,
        arguments.bootstrap_servers,
        arguments.history,
    )
    return 0 if demo.demo(project, plan, screen.results, screen.progress) else 1
