"""`caves verify`: flags and output."""

import argparse
from collections.abc import Callable
from typing import Any

from app.caves.flags import moment
from app.caves.laws import verify
from app.caves.screen import Screen
from app.caves.target import project_and_target


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "verify", run_verify)
    each.epilog, each.formatter_class = verify.JSON_KEYS, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="leave out what is older (UTC, or an age such as 30d): perhaps deleted by hand",
    )


def run_verify(arguments: argparse.Namespace, screen: Screen) -> int:
    _, target = project_and_target(arguments)
    with target.connect() as account:
        verdicts = verify.verify(account, arguments.since)
    if screen.as_json:
        screen.json(verify.as_json(verdicts, target.database, arguments.since))
    else:
        verify.show(verdicts, screen.results)
    return 0 if verify.all_hold(verdicts) else 1
