"""`caves status`: flags and output."""

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.text import Text
from snowflake.connector.errors import Error

from app.caves.errors import CommandError, UsageError, one_line
from app.caves.flags import now, number
from app.caves.kafka import Topic, read_settings
from app.caves.objects import TOPIC
from app.caves.screen import Screen
from app.caves.status.page import page
from app.caves.status.snapshot import JSON_KEYS, Snapshot, gather
from app.caves.target import Account, Target, project_and_target

Found = Snapshot | str
WATCH_SECONDS = 10.0
NETWORK_TIMEOUT = 10
EPILOG = f"""\
Asking keeps the warehouse awake: --watch costs about a credit an hour on an X-Small one, unless the
tasks keep it awake anyway (docs/cost.md).

{JSON_KEYS}"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "status", run_status)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--watch",
        type=number,
        nargs="?",
        const=WATCH_SECONDS,
        metavar="SECONDS",
        help=f"again and again, until Ctrl-C ({WATCH_SECONDS:g})",
    )
    each.add_argument(
        "--check",
        action="store_true",
        help="exit code 1 where a metric is a BREACH or an alert is open; with brokers to ask, the"
        " lag is a metric, too",
    )
    environ = os.environ
    each.add_argument(
        "--bootstrap-servers",
        default=environ.get("CAVES_BOOTSTRAP_SERVERS"),
        metavar="HOST:PORT",
        help="brokers to ask for the topic's ends [CAVES_BOOTSTRAP_SERVERS]",
    )
    each.add_argument(
        "--topic",
        default=environ.get("CAVES_TOPIC") or TOPIC,
        help=f"the topic of the shop's events ({TOPIC}) [CAVES_TOPIC]",
    )
    each.add_argument(
        "--kafka-config",
        metavar="FILE",
        help="settings of the Kafka client, as the ingester's [CAVES_KAFKA_CONFIG]",
    )


def run_status(arguments: argparse.Namespace, screen: Screen) -> int:
    _, target = project_and_target(arguments)
    topic = _topic(arguments)
    take = partial(gather, topic_name=arguments.topic, topic=topic)
    if arguments.watch is not None:
        if not 0 < arguments.watch <= 86_400:
            raise UsageError(f"--watch {arguments.watch:g} is not a number of seconds")
        _silence_connector()
        connect = partial(target.connect, network_timeout=NETWORK_TIMEOUT)
        last = _watch(found_for_ever(connect, take, arguments.watch), target, screen)
        return 1 if arguments.check and not (last and last.healthy) else 0
    with target.connect() as account:
        snapshot = take(account)
    if screen.as_json:
        screen.json(snapshot.as_json())
    else:
        screen.results.print(page(snapshot))
    return 1 if arguments.check and not snapshot.healthy else 0


def _silence_connector() -> None:
    """What the connector logs of a broken connection, and what its own threads fail with there, is
    on the page already, in one line."""
    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)

    def hook(failed: threading.ExceptHookArgs) -> None:
        if not issubclass(failed.exc_type, Error):
            threading.__excepthook__(failed)

    threading.excepthook = hook


def _topic(arguments: argparse.Namespace) -> Topic | None:
    if not arguments.bootstrap_servers:
        return None
    settings = read_settings(arguments.kafka_config, os.environ)
    return Topic(arguments.topic, arguments.bootstrap_servers, settings)


def found_for_ever(
    connect: Callable[[], Account], gather: Callable[[Account], Snapshot], seconds: float
) -> Iterator[Found]:
    """A snapshot every `seconds`, or the error in one line; after an error a new connection.

    The connection lasts from one snapshot to the next. An interrupt ends it.
    """
    while True:
        with ExitStack() as stack:
            try:
                account = stack.enter_context(connect())
                while True:
                    yield gather(account)
                    time.sleep(seconds)
            except (CommandError, Error, OSError) as error:
                problem = one_line(error)
        yield problem
        time.sleep(seconds)


def _watch(found: Iterable[Found], target: Target, screen: Screen) -> Snapshot | None:
    """Show each, until an interrupt; the last one that could be taken."""
    last: Snapshot | None = None
    with (
        Live(console=screen.results, screen=True, auto_refresh=False)
        if _live(screen)
        else _Plain(screen) as view
    ):
        try:
            for each in found:
                last = each if isinstance(each, Snapshot) else last
                if screen.as_json:
                    _print_line(each, target, screen)
                else:
                    view.update(_shown(each, last, target), refresh=True)
        except KeyboardInterrupt:
            pass
    return last


def _live(screen: Screen) -> bool:
    return screen.results.is_terminal and not screen.as_json


class _Plain:
    """Where there is no terminal, one page follows the other."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def __enter__(self) -> "_Plain":
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def update(self, renderable: Any, *, refresh: bool) -> None:
        self._screen.results.print(renderable)
        sys.stdout.flush()


def _shown(found: Found, last: Snapshot | None, target: Target) -> Group:
    """The page, or the last one with the error above it."""
    head = f"{target.database} at {now():%Y-%m-%d %H:%M:%S} UTC; Ctrl-C ends"
    if isinstance(found, Snapshot):
        return Group(Text(head, style="dim"), page(found))
    away = [Text(head, style="dim"), Text(f"no answer: {found}", style="bold red")]
    return Group(
        *away, *([Text(f"as of {last.measured_at:%H:%M:%S}:"), page(last)] if last else [])
    )


def _print_line(found: Found, target: Target, screen: Screen) -> None:
    """One object a line."""
    value = (
        found.as_json()
        if isinstance(found, Snapshot)
        else {"measured_at": now(), "database": target.database, "error": found}
    )
    screen.json(value, indent=None)
    sys.stdout.flush()
