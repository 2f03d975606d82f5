"""What both programs are as processes: their logs and their signals."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from connections.proxies import without_credentials


class SafeFormatter(logging.Formatter):
    """A record is one line, whatever its arguments hold: an event's fields, a server's messages.
    What a terminal would obey, or would take for another line, becomes an escape; a URL loses its
    user and password."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return harmless(without_credentials(super().formatMessage(record)))

    def formatException(self, exception: Any) -> str:
        return "\n".join(map(harmless, super().formatException(exception).split("\n")))


def harmless(text: str) -> str:
    """The text with each character that is not printable as its escape, such as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def set_up_logging(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("ingest").setLevel(level.upper())
    if level != "debug":
        # Both report each failed attempt of theirs. What comes of Snowflake's is reported by the
        # sink; the Kafka client repairs its connections by itself, and only its log says so.
        logging.getLogger("kafka").setLevel(logging.ERROR)
        # What ends the producer's client ends the program, with one line that says why.
        logging.getLogger("kafka.producer").setLevel(logging.CRITICAL)
        # This one it raises, too.
        logging.getLogger("kafka.coordinator").addFilter(
            lambda record: not record.getMessage().startswith("Group Coordinator Request failed")
        )
        logging.getLogger("snowflake").setLevel(logging.CRITICAL)


def write_result(line: str) -> int:
    """The last line, on stdout; the exit code."""
    try:
        print(line, flush=True)  # noqa: T201 - the one thing that belongs there; stdout may be None
    except OSError as error:
        logging.getLogger("ingest").error("cannot write to stdout: %s", error.strerror)
        # What is left of it goes nowhere, or the interpreter would fail at it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


class Stopped(BaseException):
    """A signal has come while there was nothing that had to be finished."""


class Stop(threading.Event):
    """Set by a signal, for who looks at it between two steps of work.

    Who waits for others for long, with nothing begun, does so within `interruptible`: there the
    signal raises Stopped in the main thread, also while it waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self._interruptible = False

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        self._interruptible = True
        try:
            if self.is_set():
                raise Stopped
            yield
        finally:
            self._interruptible = False

    def on_signal(self) -> None:
        self.set()
        if self._interruptible:
            self._interruptible = False
            raise Stopped


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """An event that SIGTERM and SIGINT set. A second signal ends the process on the spot, which
    loses nothing: what is not committed is read again."""
    stop = Stop()

    def on_signal(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.on_signal()

    before = {each: signal.signal(each, on_signal) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
