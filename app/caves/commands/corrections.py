"""`caves void` and `caves withdraw`: flags and output."""

import argparse
from collections.abc import Callable
from typing import Any

from app.caves.errors import CommandError, UsageError
from app.caves.operations.procedures import VOID, WITHDRAW, call, user
from app.caves.screen import Screen
from app.caves.target import Account, project_and_target

EPILOG = """\
No event is deleted or changed. Both can be repeated without effect. To take
one back, have the shop send the adjustment under a new adjustment_id, or the order under a new
event_id.
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "void", run_void)
    each.add_argument("adjustment", metavar="ADJUSTMENT_ID", help="as INVENTORY_HISTORY has it")
    _finish(each)
    each = account_command(commands, "withdraw", run_withdraw)
    each.add_argument("order", metavar="ORDER_ID", help="as ORDERS has it")
    each.add_argument("event", metavar="EVENT_ID", help="the wrong event's, as ORDERS has it")
    _finish(each)


def _finish(each: argparse.ArgumentParser) -> None:
    each.add_argument("--note", metavar="TEXT", required=True, help="why; recorded with it")
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter


def run_void(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        counts = call(account, VOID, (arguments.adjustment, _note(account, arguments.note)))
    if not counts["known"]:
        raise CommandError("INVENTORY_HISTORY has no adjustment with this id: nothing was changed")
    done = "void" if counts["voided"] else "void already"
    _show(screen, counts, f"the adjustment is {done}: its product's stock no longer counts it")
    return 0


def run_withdraw(arguments: argparse.Namespace, screen: Screen) -> int:
    with project_and_target(arguments)[1].connect() as account:
        values = (arguments.order, arguments.event, _note(account, arguments.note))
        counts = call(account, WITHDRAW, values)
    if not any(counts.values()):
        raise CommandError(
            "this order has no such event, or it is withdrawn already: nothing was changed"
        )
    now = (
        "is removed: it has no other event" if counts["removed"] else "shows its latest other event"
    )
    _show(
        screen, counts, f"the order {now}" if counts["shown"] or counts["removed"] else "withdrawn"
    )
    return 0


def _note(account: Account, text: str) -> str:
    """Who did it, and why."""
    if not text.strip():
        raise UsageError("--note is blank: say why")
    return f"{user(account)}: {text}"


def _show(screen: Screen, counts: dict[str, int], text: str) -> None:
    if screen.as_json:
        screen.json(counts)
    else:
        screen.results.print(text)
