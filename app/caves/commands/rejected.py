"""`caves rejected list | show | retry | discard`: flags and output."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from app.caves.errors import CommandError, UsageError
from app.caves.flags import TIME_FORMS, integer, moment
from app.caves.operations import rejected
from app.caves.operations.rejected import STAGES, STATUSES, Choice
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import Row, project_and_target

COLUMNS = ("ID", "REJECTED_AT", "STAGE", "STATUS", "EVENT_TYPE", "EVENT_ID", "REASON")
DETAILS = (*COLUMNS, "DECIDED_AT", "NOTE", "PAYLOAD_ENCODING", "KAFKA_METADATA")
EPILOG = "An ID is topic/partition/offset, as `caves rejected list` shows it."


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    """`caves rejected`, and the four commands under it."""
    nested = commands.add_parser("rejected")
    commands = nested.add_subparsers(
        dest="action", required=True, metavar="ACTION", help="what to do with them"
    )
    each = account_command(commands, "list", run_list, "rejected events, the newest first")
    each.add_argument("--stage", type=str.upper, choices=STAGES, help="where they were rejected")
    each.add_argument("--status", type=str.upper, choices=STATUSES, help="what was decided")
    each.add_argument("--reason", metavar="TEXT", help="a part of the reason")
    each.add_argument(
        "--since", type=moment, metavar="TIME", help=f"rejected from then on: {TIME_FORMS}"
    )
    each.add_argument("--until", type=moment, metavar="TIME", help="rejected before then")
    each.add_argument("--limit", type=integer, default=50, metavar="N", help="how many (50)")
    each = account_command(commands, "show", run_show, "one event: payload, reason, what to do")
    each.add_argument("id", metavar="ID", help="topic/partition/offset")
    each.add_argument(
        "--payload", action="store_true", help="the message alone, byte for byte, to be sent again"
    )
    each = account_command(
        commands, "retry", run_retry, "today's transforms for OPEN events of the stage STAGING"
    )
    _add_selection(each, "all that are OPEN")
    each.add_argument(
        "--accept-future",
        action="store_true",
        help="take the events that are named although they are too far in the future",
    )
    each.add_argument("--note", metavar="TEXT", help="with --accept-future: why, kept beside them")
    each = account_command(commands, "discard", run_discard, "give OPEN events up, for good")
    _add_selection(each)
    each.add_argument("--note", metavar="TEXT", help="why, kept beside the event")
    each.add_argument("--yes", action="store_true", help="do not ask")
    for each in commands.choices.values():
        each.epilog = EPILOG


def _add_selection(each: argparse.ArgumentParser, all_open: str | None = None) -> None:
    each.add_argument("ids", nargs="*", metavar="ID", help="topic/partition/offset")
    each.add_argument("--reason", metavar="TEXT", help="OPEN events with this in their reason")
    if all_open:
        each.add_argument("--all-open", action="store_true", help=all_open)


def run_list(arguments: argparse.Namespace, screen: Screen) -> int:
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit} is less than 1")
    names = ("stage", "status", "reason", "since", "until", "limit")
    choice = Choice(**{name: getattr(arguments, name) for name in names})
    with project_and_target(arguments)[1].connect() as account:
        rows = rejected.find(account, choice)
    total = rows[0]["TOTAL"] if rows else 0
    if screen.as_json:
        columns = (*DETAILS, "PAYLOAD")
        screen.json({"total": total, "events": [_with_metadata(_of(row, columns)) for row in rows]})
        return 0
    if not rows:
        screen.results.print("No rejected events.")
        return 0
    screen.results.print(as_table("Rejected events", [_of(row, COLUMNS) for row in rows]))
    if total > len(rows):
        screen.results.print(f"{len(rows)} of {total}: --limit N shows more")
    return 0


def run_show(arguments: argparse.Namespace, screen: Screen) -> int:
    Choice((arguments.id,))
    with project_and_target(arguments)[1].connect() as account:
        row = rejected.show(account, arguments.id)
    if arguments.payload:
        _write_payload(rejected.payload(row))
    elif screen.as_json:
        found = _with_metadata(_of(row, (*DETAILS, "PAYLOAD")))
        screen.json({**found, "READABLE": rejected.readable(row), "ADVICE": rejected.advice(row)})
    else:
        facts = [
            {"WHAT": name.lower().replace("_", " "), "IS": row[name]}
            for name in DETAILS
            if row[name] is not None
        ]
        screen.results.print(as_table(f"Rejected event {row['ID']}", facts))
        screen.results.print("Payload", style="bold")
        screen.results.print(rejected.readable(row), markup=False, soft_wrap=True)
        screen.results.print("What to do", style="bold")
        screen.results.print(rejected.advice(row), markup=False, soft_wrap=True)
    return 0


def _write_payload(payload: bytes) -> None:
    """Byte for byte; but no terminal gets what it would obey."""
    if sys.stdout.isatty() and not payload.decode("utf-8", "replace").isprintable():
        raise UsageError(
            "the payload holds characters that are not printable: send it into a file or a pipe, or"
            " look at it without --payload"
        )
    sys.stdout.buffer.write(payload)
    sys.stdout.flush()


def run_retry(arguments: argparse.Namespace, screen: Screen) -> int:
    """0 when done; 1 when an event that was named is still invalid."""
    choice = _selection(arguments, arguments.all_open)
    if arguments.accept_future and choice.ids is None:
        raise UsageError("--accept-future needs the IDs of the events")
    if arguments.note is not None and not arguments.accept_future:
        raise UsageError("--note belongs to --accept-future")
    with project_and_target(arguments)[1].connect() as account:
        if arguments.accept_future:
            counts = rejected.accept_future(account, choice, arguments.note)
        else:
            counts = rejected.retry(account, choice)
        named = rejected.find(account, Choice(choice.ids)) if choice.ids else []
    still = [_of(row, COLUMNS) for row in named if row["STATUS"] == "OPEN"]
    if screen.as_json:
        screen.json({**counts, "events": [_of(row, COLUMNS) for row in named]})
    else:
        screen.results.print(
            f"{counts['retried']} retried, {counts['still_rejected']} still rejected"
        )
        if still:
            screen.results.print(as_table("Still rejected, by today's rules", still))
        if counts["retried"]:
            screen.results.print("The tasks take them to production, or `caves run` does now.")
    return 1 if still else 0


def run_discard(arguments: argparse.Namespace, screen: Screen) -> int:
    choice = _selection(arguments)
    _, target = project_and_target(arguments)
    with target.connect() as account:
        if not arguments.yes:
            opened = Choice(choice.ids, status="OPEN", reason=choice.reason)
            _confirm(len(rejected.find(account, opened)), target.database, screen)
        counts = rejected.discard(account, choice, arguments.note)
    if screen.as_json:
        screen.json(counts)
    else:
        screen.results.print(f"{counts['discarded']} discarded")
    return 0


def _selection(arguments: argparse.Namespace, everything: bool = False) -> Choice:
    """Exactly one way to choose, so that leaving something out never means everything."""
    ways = [bool(arguments.ids), arguments.reason is not None, everything]
    if sum(ways) != 1 or arguments.reason == "":
        more = ", or --all-open" if hasattr(arguments, "all_open") else ""
        raise UsageError(f"choose the events: either IDs, or --reason TEXT{more}")
    ids = tuple(dict.fromkeys(arguments.ids)) or None
    return Choice(ids, reason=arguments.reason)


def _confirm(count: int, database: str, screen: Screen) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"this discards {count} events of {database}: confirm with --yes")
    if screen.ask(f"Discard {count} events of {database} for good? (yes/no) ").lower() != "yes":
        raise CommandError("nothing was discarded")


def _of(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row[name] for name in names}


def _with_metadata(row: Row) -> Row:
    """The row, its KAFKA_METADATA as the object that it is instead of its text."""
    text = row["KAFKA_METADATA"]
    return {**row, "KAFKA_METADATA": None if text is None else json.loads(text)}
