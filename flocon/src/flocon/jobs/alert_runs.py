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
from flocon.jobs.alert_history import HISTORY, Entry
from flocon.jobs.runs import USER, RunEnvironment, snowflake_error
from flocon.session import context
from flocon.session.session import Session

log = logging.getLogger(__name__)

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class AlertRun:
    """One run, an ordinary session of the system's user with the owner's role."""

    def __init__(
        self,
        environment: RunEnvironment,
        database: str,
        entry: Entry,
        on_recorded: Callable[[], None],
    ) -> None:
        self._open_session = environment.open_session
        self._clock = environment.clock
        self._slots = environment.slots
        self._catalog = environment.stores.catalog(database)
        self._database = database
        self.entry = entry
        self._on_recorded = on_recorded
        self._guard = threading.Lock()
        self._open: Session | None = None
        self._cancelled = False

    def execute(self) -> str:
        """Runs the alert to its end, and returns its state; never raises for what it does."""
        with self._slots:
            alert_history.started(self._catalog, self.entry)
            self._on_recorded()
            with self._session() as session:
                state, error = self._states(session)
        if self._cancelled:
            state = "CANCELLED"
        code, message = (error.errno, error.message) if error else (None, None)
        entry_id = self.entry.entry_id
        HISTORY.finished(self._catalog, entry_id, self._clock.now(), state, code, message)
        alert = self.entry.alert
        reason = ": " + " ".join(message.split()) if message else ""
        log.info("alert %s.%s.%s %s%s", self._database, alert.schema, alert.name, state, reason)
        return state

    def cancel(self) -> None:
        with self._guard:
            self._cancelled = True
            if self._open:
                self._open.cancel()

    def _states(self, session: Session) -> tuple[str, errors.SnowflakeError | None]:
        entry = self.entry
        try:
            session.context.access.require_execution("ALERT", entry.alert.warehouse)
        except errors.SnowflakeError as error:
            return "FAILED", error
        try:
            answer = session.execute(entry.alert.condition, query_id=entry.condition_query_id)
        except Exception as error:
            return "CONDITION_FAILED", snowflake_error(error, f"alert {entry.alert.name}")
        if not answer.table.num_rows:
            return "CONDITION_FALSE", None
        alert_history.acting(self._catalog, entry)
        try:
            session.execute(entry.alert.action, query_id=entry.action_query_id)
        except Exception as error:
            return "ACTION_FAILED", snowflake_error(error, f"alert {entry.alert.name}")
        return "TRIGGERED", None

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session within cancel()'s reach."""
        alert = self.entry.alert
        session = self._open_session(
            user=USER,
            role=alert.owner,
            warehouse=alert.warehouse,
            database=self._database,
            schema=alert.schema,
        )
        session.context.access.serverless = alert.warehouse is None
        session.context.alert = context.AlertRun(
            self.entry.scheduled_time,
            alert.last_successful or _NEVER,
            self.entry.condition_query_id,
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
