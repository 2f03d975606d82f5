"""CREATE, ALTER, DROP and EXECUTE ALERT, and what else of alerts is routed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.jobs import alert_history, alert_listing, alert_store
from flocon.jobs.alert_store import Alert
from flocon.jobs.task_store import STARTED, SUSPENDED, utc_now
from flocon.session.context import Context
from flocon.session.schema_names import of_catalog
from flocon.sql import alerts as parser
from flocon.sql.tokens import FullName, Name, Tokens
from flocon.stores.documents import Catalog

DDL = alert_store.DDL + alert_history.DDL

_DONE = "Statement executed successfully."


class _Place:
    """The alert that a statement names."""

    def __init__(self, context: Context, name: Name) -> None:
        self.full: FullName = context.resolve(name)
        self.catalog: Catalog = context.catalog(self.full.database)
        self.found = alert_store.find(self.catalog, self.full.schema, self.full.name)

    @property
    def alert(self) -> Alert:
        """The named alert, or Snowflake's error."""
        if self.found is None:
            raise errors.does_not_exist("Alert", self.full)
        return self.found


def create_alert(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    """A new alert is suspended; CREATE OR ALTER leaves an existing one as running as it is."""
    statement = parser.create_alert(tokens)
    if "SCHEDULE" not in statement.properties:
        raise parser.new_data()
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = _Place(context, statement.name)
        context.check_schema(place.full)
        if place.found and statement.if_not_exists:
            return result.status(f"{place.full.name} already exists, statement succeeded.")
        if place.found and statement.mode == "CREATE":
            raise errors.already_exists(place.full)
        alert = Alert(
            schema=place.full.schema,
            name=place.full.name,
            condition=statement.condition,
            action=statement.action,
            owner=context.access.role,
            properties=statement.properties,
        )
        _check_warehouse(context, alert)
        _put(place, alert, statement.mode)
    context.account.tasks_changed()
    return result.status(f"Alert {place.full.name} successfully created.")


def _put(place: _Place, alert: Alert, mode: str) -> None:
    if place.found is None:
        alert_store.insert(place.catalog, alert)
    elif mode == "REPLACE":
        alert_store.update(place.catalog, alert)
    else:
        kept = replace(
            place.found,
            condition=alert.condition,
            action=alert.action,
            properties=alert.properties,
        )
        alert_store.update(place.catalog, kept)


def _check_warehouse(context: Context, alert: Alert) -> None:
    if alert.warehouse and not context.directory.exists(Securable("WAREHOUSE", (alert.warehouse,))):
        raise errors.does_not_exist("Warehouse", alert.warehouse)


def _check_owner(context: Context, alert: Alert) -> None:
    """An alert runs as its owner, who must be allowed to."""
    with context.access.acting_as(alert.owner or ADMINISTRATOR):
        context.access.require_execution("ALERT", alert.warehouse)


def alter_alert(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    statement = parser.alter_alert(tokens)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = _Place(context, statement.name)
        if statement.if_exists and place.found is None:
            return result.status(_DONE)
        if statement.action == "RESUME":
            _check_owner(context, place.alert)
        changed = _ACTIONS[statement.action](place.alert, statement)
        # What has become wrong since (a dropped warehouse) must not keep an alert from stopping.
        if statement.action != "SUSPEND":
            _check_warehouse(context, changed)
        alert_store.update(place.catalog, changed)
    context.account.tasks_changed()
    return result.status(_DONE)


def _resume(alert: Alert, statement: parser.AlterAlert) -> Alert:
    if alert.started:
        return alert
    return replace(alert, state=STARTED, schedule_base=utc_now(), failures=0, auto_suspended=False)


def _suspend(alert: Alert, statement: parser.AlterAlert) -> Alert:
    return replace(alert, state=SUSPENDED, failures=0)


def _set(alert: Alert, statement: parser.AlterAlert) -> Alert:
    return replace(alert, properties={**alert.properties, **statement.properties})


def _unset(alert: Alert, statement: parser.AlterAlert) -> Alert:
    left = {key: value for key, value in alert.properties.items() if key not in statement.unset}
    return replace(alert, properties=left)


_ACTIONS: dict[str, Callable[[Alert, parser.AlterAlert], Alert]] = {
    "RESUME": _resume,
    "SUSPEND": _suspend,
    "SET": _set,
    "UNSET": _unset,
    "MODIFY CONDITION": lambda alert, statement: replace(alert, condition=statement.text),
    "MODIFY ACTION": lambda alert, statement: replace(alert, action=statement.text),
}


def drop_alert(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    name, if_exists = parser.drop_alert(tokens)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        place = _Place(context, name)
        if if_exists and place.found is None:
            return result.status(
                f"Drop statement executed successfully ({place.full.name} already dropped)."
            )
        alert_store.delete(place.catalog, place.alert)
    context.account.tasks_changed()
    return result.status(f"{place.full.name} successfully dropped.")


def execute_alert(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    """Asks for a run now, of a suspended alert as well. Asked for again while one runs, one more
    will follow. https://docs.snowflake.com/en/sql-reference/sql/execute-alert
    """
    name = parser.execute_alert(tokens)
    with context.account.lock:
        place = _Place(context, name)
        _check_owner(context, place.alert)
        alert_store.update(place.catalog, replace(place.alert, requested_at=utc_now()))
    context.account.tasks_changed()
    return result.status(f"Alert {place.full.name} is scheduled to run immediately.")


ROUTES = {
    ("CREATE", "ALERT"): create_alert,
    ("ALTER", "ALERT"): alter_alert,
    ("DROP", "ALERT"): drop_alert,
    ("EXECUTE", "ALERT"): execute_alert,
    ("SHOW", "ALERTS"): alert_listing.show_alerts,
    ("DESCRIBE", "ALERT"): alert_listing.describe_alert,
}

TABLE_FUNCTIONS = {"ALERT_HISTORY": alert_history.alert_history}


def _owner_changed(context: Context, what: Securable, role: str) -> None:
    """An alert is suspended by that, because it would run as somebody else.

    https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
    """
    database, schema, name = what.path
    catalog = context.catalog(database)
    with context.account.lock:
        alert = alert_store.find(catalog, schema, name)
        if alert and alert.owner != role:
            alert_store.update(catalog, replace(alert, owner=role, state=SUSPENDED))
    context.account.tasks_changed()


OF_SCHEMA = ("_account_alerts", "schema")
IN_SCHEMA = {"ALERT": of_catalog(*OF_SCHEMA)}
OWNER_CHANGED = {"ALERT": _owner_changed}
