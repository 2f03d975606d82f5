"""`caves demo` and `caves up`: flags and output."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.caves.flags import above_zero, days, integer, port, whole
from app.caves.machine import broker, demo, up
from app.caves.project import Project
from app.caves.screen import Screen


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    """Neither is given an account: each starts its own."""
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
    each = machine_command(commands, "up", run_up)
    each.add_argument("--folder", type=Path, default=Path(".caves"), help="data and logs (.caves)")
    each.add_argument("--account-port", type=port, default=8084, help="(8084)")
    each.add_argument("--broker-port", type=port, default=9092, help="(9092)")
    each.add_argument("--dashboard-port", type=port, default=8501, help="(8501)")
    each.add_argument(
        "--no-browser", action="store_true", help="do not open the dashboard in the browser"
    )
    add_history(each)
    each.add_argument(
        "--rate",
        type=above_zero,
        help=f"messages per second (1, or {up.RATE_AFTER_HISTORY:g} after a history)",
    )
    each.add_argument("--profile", metavar="NAME", help="as deployed; default: faster than any")


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


def run_up(arguments: argparse.Namespace, screen: Screen) -> int:
    project = Project.find(arguments.project)
    plan = up.Plan(
        arguments.folder,
        arguments.account_port,
        arguments.broker_port,
        arguments.dashboard_port,
        arguments.rate or (up.RATE_AFTER_HISTORY if arguments.history else up.Plan.rate),
        arguments.profile,
        browser=not arguments.no_browser,
        broker=arguments.broker,
        bootstrap_servers=arguments.bootstrap_servers,
        history=arguments.history,
    )
    try:
        up.up(project, plan, screen.results, screen.progress, screen.rest)
    except KeyboardInterrupt:
        screen.progress("everything has ended")
    return 0
