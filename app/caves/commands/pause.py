"""`caves pause` and `caves resume`: flags and output."""

import argparse
from collections.abc import Callable
from typing import Any

from app.caves.deployment.tasks import pause, resume
from app.caves.flags import above_zero
from app.caves.screen import Screen
from app.caves.target import project_and_target


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "pause", run_pause)
    each.add_argument(
        "--timeout", type=above_zero, default=300, metavar="SECONDS", help="how long to wait (300)"
    )
    account_command(commands, "resume", run_resume)


def run_pause(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        _tell(screen, "suspended", pause(account, arguments.timeout, screen.progress))
    return 0


def run_resume(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        _tell(screen, "resumed", resume(account))
    return 0


def _tell(screen: Screen, done: str, names: list[str]) -> None:
    if screen.as_json:
        screen.json({done: names})
    else:
        screen.results.print(f"[green]{done.capitalize()}[/]: {', '.join(names) or 'nothing'}")
