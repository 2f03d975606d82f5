"""A run of an alert: its condition, and its action where the condition answers rows.

https://docs.snowflake.com/en/user-guide/alerts
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flocon.core import errors
from flocon.jobs import alert_history
from flocon.jobs.alert_history import Entry
from flocon.jobs.task_runs import USER, Clock
from flocon.session import context
from flocon.session.session import OpenSession, Session
from flocon.stores.stores import Stores

log = logging.getLogger(__name__)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class AlertRun:
    """One run, an ordinary session of the system's user with the owner's role."""

    def __init__(
        self,
        stores: Stores,
        open_session: OpenSession,
        clock: Clock,
        database: str,
        entry: Entry,
        on_recorded: Callable[[], None],
        slots: threading.Semaphore,
    ) -> None:
        self._stores = stores
        self._open_session = open_session
        self._clock = clock
        self._database = database
        self._catalog = stores.catalog(database)
        self._entry = entry
        self._on_recorded = on_recorded
        self._slots = slots
        self._guard = threading.Lock()
        self._open: Session | None = None
        self._cancelled = False

    def execute(self) -> str:
        """Runs the alert to its end, and returns its state; never raises for what it does."""
        with self._slots:
            alert_history.started(self._catalog, self._entry)
            self._on_recorded()
            with self._session() as session:
                state, error = self._states(session)
        if self._cancelled:
            state = "CANCELLED"
        alert_history.finished(self._catalog, self._entry, self._clock.now(), state, error)
        alert = self._entry.alert
        told = ": " + " ".join(error.message.split()) if error else ""
        log.info("alert %s.%s.%s %s%s", self._database, alert.schema, alert.name, state, told)
        return state

    def cancel(self) -> None:
        with self._guard:
            self._cancelled = True
            if self._open:
                self._open.cancel()

    def _states(self, session: Session) -> tuple[str, errors.SnowflakeError | None]:
        entry = self._entry
        try:
            session.context.access.require_execution("ALERT", entry.alert.warehouse)
        except errors.SnowflakeError as error:
            return "FAILED", error
        try:
            answer = session.execute(entry.alert.condition, query_id=entry.condition_query_id)
        except Exception as error:
            return "CONDITION_FAILED", self._explained(error)
        if not answer.table.num_rows:
            return "CONDITION_FALSE", None
        alert_history.acting(self._catalog, entry)
        try:
            session.execute(entry.alert.action, query_id=entry.action_query_id)
        except Exception as error:
            return "ACTION_FAILED", self._explained(error)
        return "TRIGGERED", None

    def _explained(self, error: Exception) -> errors.SnowflakeError:
        if isinstance(error, errors.SnowflakeError):
            return error
        log.error("alert %s failed", self._entry.alert.name, exc_info=error)
        return errors.SnowflakeError(errors.INTERNAL, f"{type(error).__name__}: {error}")

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session within cancel()'s reach."""
        alert = self._entry.alert
        session = self._open_session(
            user=USER,
            role=alert.owner,
            warehouse=alert.warehouse,
            database=self._database,
            schema=alert.schema,
        )
        session.context.access.serverless = alert.warehouse is None
        session.context.alert = context.AlertRun(
            self._entry.scheduled_time,
            alert.last_successful or _NEVER,
            self._entry.condition_query_id,
        )
        with self._guard:
            self._open = session
            if self._cancelled:
                session.cancel()
        try:
            yield session
        finally:
            with self._guard:
                self._open = None
            session.close()
