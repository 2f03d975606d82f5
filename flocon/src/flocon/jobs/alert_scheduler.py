"""Starts alerts: when they are due, and when they are asked for."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from flocon.core import errors
from flocon.core.turns import Key, Turns
from flocon.jobs import alert_history, alert_store
from flocon.jobs.alert_history import Entry
from flocon.jobs.alert_runs import AlertRun
from flocon.jobs.alert_store import Alert
from flocon.jobs.task_runs import Clock
from flocon.jobs.task_store import SUSPENDED
from flocon.session.session import OpenSession
from flocon.stores.stores import Stores

log = logging.getLogger(__name__)

_SUCCEEDED = ("CONDITION_FALSE", "TRIGGERED")


class AlertScheduler:
    """The scheduler's part for alerts: at most one run of each at a time.

    One that is still running when it is due again misses that turn; an EXECUTE ALERT waits for its
    end instead. wake: makes the scheduler look again.
    """

    def __init__(
        self,
        stores: Stores,
        open_session: OpenSession,
        clock: Clock,
        slots: threading.Semaphore,
        wake: Callable[[], None],
    ) -> None:
        self._stores = stores
        self._open_session = open_session
        self._clock = clock
        self._slots = slots
        self._wake = wake
        self._condition = threading.Condition()
        self._closed = False
        self._turns = Turns(clock.now())
        self._running: dict[Key, AlertRun] = {}

    def tick(self, now: datetime) -> list[datetime]:
        """Starts every run that is due, and answers when the next ones will be."""
        with self._condition:
            busy = set(self._running)
        upcoming: list[datetime] = []
        alerts = dict(self._alerts())
        self._turns.keep(alerts)
        for key, alert in alerts.items():
            try:
                if entry := self._due(key, alert, now, key in busy):
                    self._start(key, entry)
                if following := alert.next_run(now):
                    upcoming.append(following)
            except Exception:
                log.exception("alert %s could not be scheduled", ".".join(key))
        return upcoming

    def recover(self, database: str, now: datetime) -> None:
        """Fails the runs that were cut off."""
        if lost := alert_history.recover(self._stores.catalog(database), now):
            log.warning("%d alert runs in %s were cut off by a restart", lost, database)

    def trim(self, database: str, now: datetime) -> None:
        alert_history.trim(self._stores.catalog(database), now)

    def cancel(self) -> None:
        """Starts nothing more, and cancels what runs."""
        with self._condition:
            self._closed = True
            running = list(self._running.values())
        for run in running:
            run.cancel()

    def wait_idle(self, seconds: float) -> bool:
        """Waits until no alert runs; False if one still does."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._running, seconds)

    def _alerts(self) -> Iterator[tuple[Key, Alert]]:
        for database in self._stores.databases():
            try:
                alerts = alert_store.all_alerts(self._stores.catalog(database))
            except Exception:
                # A database that is dropped at this moment must not hold up the others.
                log.exception("the alerts of %s could not be read", database)
                continue
            for alert in alerts:
                yield (database, alert.schema, alert.name), alert

    def _due(self, key: Key, alert: Alert, now: datetime, busy: bool) -> Entry | None:
        """The run that should begin now, if any."""
        scheduled = self._turns.due(key, alert, now)
        if busy:
            if scheduled:
                log.warning("alert %s is still running and misses its turn", ".".join(key))
            return None
        if alert.requested_at:
            return Entry(alert, alert.requested_at, "EXECUTE ALERT")
        return Entry(alert, scheduled, "SCHEDULE") if scheduled else None

    def _start(self, key: Key, entry: Entry) -> None:
        run = AlertRun(
            self._stores,
            self._open_session,
            self._clock,
            key[0],
            entry,
            lambda: self._forget_request(key, entry),
            self._slots,
        )
        with self._condition:
            if self._closed:
                return
            self._running[key] = run
        threading.Thread(
            target=self._run, args=(key, run, entry), name=f"alert {key[2]}", daemon=True
        ).start()

    def _run(self, key: Key, run: AlertRun, entry: Entry) -> None:
        """An alert run's thread. If the run broke, the loop is not woken: it would break again."""
        whole = False
        try:
            self._count(key, entry, run.execute())
            whole = True
        except errors.SnowflakeError as error:
            log.error("the run of alert %s is lost: %s", ".".join(key), error)
        except Exception:
            log.exception("the run of alert %s broke", ".".join(key))
        finally:
            with self._condition:
                del self._running[key]
                self._condition.notify_all()
            if whole:
                self._wake()

    def _forget_request(self, key: Key, entry: Entry) -> None:
        """The run is in the history: an EXECUTE ALERT that asked for it is served."""
        if entry.source != "EXECUTE ALERT":
            return
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            alert = alert_store.find(catalog, key[1], key[2])
            if alert and alert.requested_at == entry.scheduled_time:
                alert_store.update(catalog, replace(alert, requested_at=None))

    def _count(self, key: Key, entry: Entry, state: str) -> None:
        """Failures in a row suspend the alert, where it says so; a success begins anew."""
        with self._stores.lock:
            catalog = self._stores.catalog(key[0])
            alert = alert_store.find(catalog, key[1], key[2])
            if alert is None or alert.id != entry.alert.id:
                return
            counted = alert
            if state in _SUCCEEDED:
                counted = replace(alert, failures=0, last_successful=entry.scheduled_time)
            elif state in alert_history.FAILED:
                counted = replace(alert, failures=alert.failures + 1)
                if counted.started and 0 < counted.suspend_after <= counted.failures:
                    log.warning("alert %s failed too often and is suspended", ".".join(key))
                    alert_history.mark_auto_suspended(catalog, entry)
                    counted = replace(counted, state=SUSPENDED, auto_suspended=True)
            if counted != alert:
                alert_store.update(catalog, counted)
