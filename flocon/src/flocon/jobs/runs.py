"""What the runs of tasks and alerts have in common: who they are, and what they need."""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flocon.core import errors
from flocon.session.session import OpenSession
from flocon.stores.stores import Stores

log = logging.getLogger(__name__)

USER = "SYSTEM"


class Clock(Protocol):
    def now(self) -> datetime:
        """The time now, aware and in UTC."""
        ...


@dataclass(frozen=True)
class RunEnvironment:
    """What a run needs of the account. slots: as many statements at once as a warehouse runs."""

    stores: Stores
    open_session: OpenSession
    clock: Clock
    slots: threading.Semaphore


def snowflake_error(error: Exception, what: str) -> errors.SnowflakeError:
    """A statement's error for the history; a fault of the account's own is logged."""
    if isinstance(error, errors.SnowflakeError):
        return error
    log.error("%s failed", what, exc_info=error)
    return errors.SnowflakeError(errors.INTERNAL, f"{type(error).__name__}: {error}")
