"""`caves status --watch`: snapshot after snapshot, whatever becomes of the account meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from snowflake.connector.errors import Error

from app.caves.errors import CommandError, one_line
from app.caves.status.snapshot import Snapshot
from app.caves.target import Account

Found = Snapshot | str


def found_for_ever(
    connect: Callable[[], Account], gather: Callable[[Account], Snapshot], seconds: float
) -> Iterator[Found]:
    """A snapshot every `seconds`, or the error in one line; after an error a new connection.

    The connection lasts from one snapshot to the next. Whoever reads this ends it by an interrupt.
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
