"""`caves pause`, `caves resume` and `caves run`: flags and output."""

import argparse
from collections.abc import Callable
from typing import Any

from app.caves.flags import above_zero
from app.caves.operations import tasks
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import project_and_target


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "pause", run_pause)
    each.add_argument(
        "--timeout", type=above_zero, default=300, metavar="SECONDS", help="how long to wait (300)"
    )
    account_command(commands, "resume", run_resume)
    each = account_command(commands, "run", run_run)
    each.add_argument(
        "--timeout", type=above_zero, default=300, metavar="SECONDS", help="how long to wait (300)"
    )


def run_pause(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        _tell(screen, "suspended", tasks.pause(account, arguments.timeout, screen.progress))
    return 0


def run_resume(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        _tell(screen, "resumed", tasks.resume(account))
    return 0


def _tell(screen: Screen, done: str, names: list[str]) -> None:
    if screen.as_json:
        screen.json({done: names})
    else:
        screen.results.print(f"[green]{done.capitalize()}[/]: {', '.join(names) or 'nothing'}")


def run_run(arguments: argparse.Namespace, screen: Screen) -> int:
    _, target = project_and_target(arguments)
    with target.connect() as account:
        runs = tasks.run(account, arguments.timeout, screen.progress)
    if screen.as_json:
        screen.json([vars(each) for each in runs])
    else:
        rows = [
            {"TASK": task, "STATE": state} for each in runs for task, state in each.states.items()
        ]
        screen.results.print(as_table("Runs", rows))
    for each in runs:
        for task, error in each.errors.items():
            screen.error(f"{task} failed: {error}")
    return 1 if any(each.failed for each in runs) else 0
