"""`caves up`: flags and output."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.caves.commands.demo import add_history, machine_command
from app.caves.flags import above_zero, port
from app.caves.machine import up
from app.caves.project import Project
from app.caves.screen import Screen


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    """No account is named to it."""
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
