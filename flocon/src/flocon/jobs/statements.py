"""CREATE, ALTER, DROP, EXECUTE, SHOW and DESCRIBE of a kind of job."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from flocon.access.demands import alters, creates, drops, lists, needs, owns, usage_of_warehouse
from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.needs import Need
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.engine import StoredObjects, Tables
from flocon.jobs.definitions import SUSPENDED, Job
from flocon.session import parameters
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.jobs import AlterJob, CreateJob, Grammar
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import FullName, Name

J = TypeVar("J", bound=Job)


class Place(Generic[J]):
    """The job that a statement names, and those of its schema."""

    def __init__(self, context: Context, name: Name, noun: str, store: StoredObjects[J]) -> None:
        self.full: FullName = context.resolve(name)
        self.catalog: Tables = context.catalog(self.full.database)
        self.jobs = store.in_schema(self.catalog, self.full.schema)
        self._noun = noun

    @property
    def name(self) -> str:
        return self.full.name

    @property
    def found(self) -> J | None:
        return self.jobs.get(self.name)

    @property
    def job(self) -> J:
        """The named job, or Snowflake's error."""
        if self.name not in self.jobs:
            raise errors.does_not_exist(self._noun, self.full)
        return self.jobs[self.name]


Action = Callable[[Context, Place[J], AlterJob], J]


class Statements(ABC, Generic[J]):
    """The handlers of one kind's statements. What a kind has of its own, it says below.

    noun: Task or Alert. shown: the columns of SHOW and DESCRIBE. actions: those of ALTER.
    """

    noun: str
    grammar: Grammar
    store: StoredObjects[J]
    shown: Mapping[str, str]
    actions: Mapping[str, Action[J]]

    # --- what a kind has of its own ----------------------------------------------------------

    @abstractmethod
    def defined(self, context: Context, place: Place[J], statement: CreateJob) -> J:
        """What CREATE makes."""

    @abstractmethod
    def redefined(self, current: J, job: J) -> J:
        """What CREATE OR ALTER makes of an existing job."""

    def row(self, database: str, job: J) -> dict[str, Any]:
        """Its row of SHOW and DESCRIBE; what is not in it is NULL."""
        return {
            "created_on": job.created_on,
            "name": job.name,
            "database_name": database,
            "schema_name": job.schema,
            "owner": job.owner,
            "comment": job.properties.get("COMMENT"),
            "warehouse": job.warehouse,
            "schedule": job.properties.get("SCHEDULE"),
            "state": job.state,
            "owner_role_type": "ROLE",
        }

    def check(
        self, context: Context, place: Place[J], job: J, current: J | None, mode: str
    ) -> None:
        """Raises where a definition does not fit what there is."""
        self.check_properties(context, job)

    def check_properties(self, context: Context, job: J) -> None:
        name = job.warehouse
        if name and not context.directory.exists(Securable("WAREHOUSE", (name,))):
            raise errors.does_not_exist("Warehouse", name)

    def check_executable(self, place: Place[J]) -> None:
        """Raises where EXECUTE cannot run it."""

    def leave(self, place: Place[J]) -> None:
        """It is about to be dropped."""

    # --- statements --------------------------------------------------------------------------

    def create(self, context: Context, statement: CreateJob) -> result.Result:
        """What is new is suspended; CREATE OR ALTER leaves an existing one as running as it is."""
        self._check_parameters(statement.parameters)
        context.transactions.commit_for_ddl()
        with context.account.lock:
            place = self.place(context, statement.name)
            context.check_schema(place.full)
            current = place.found
            if current and statement.if_not_exists:
                return result.already_exists(place.name)
            if current and statement.mode == "CREATE":
                raise errors.already_exists(statement.name)
            job = self.defined(context, place, statement)
            self.check(context, place, job, current, statement.mode)
            if current and statement.mode != "REPLACE":
                job = self.redefined(current, job)
            self.store.put(place.catalog, job)
        context.account.tasks_changed()
        return result.status(f"{self.noun} {place.name} successfully created.")

    def alter(self, context: Context, statement: AlterJob) -> result.Result:
        self._check_parameters(statement.parameters)
        context.transactions.commit_for_ddl()
        with context.account.lock:
            place = self.place(context, statement.name)
            if place.found is None:
                context.check_missing(self.noun, place.full, if_exists=statement.if_exists)
                return result.done()
            changed = self.actions[statement.action](context, place, statement)
            # What has become wrong since (a dropped warehouse) must not keep a job from stopping.
            if statement.action != "SUSPEND":
                self.check_properties(context, changed)
            self.store.put(place.catalog, changed)
        context.account.tasks_changed()
        return result.done()

    def drop(self, context: Context, statement: Named) -> result.Result:
        context.transactions.commit_for_ddl()
        with context.account.lock:
            place = self.place(context, statement.name)
            if place.found is None:
                context.check_missing(self.noun, place.full, if_exists=statement.if_exists)
                return result.already_dropped(place.name)
            self.leave(place)
            self.store.delete(place.catalog, place.full.schema, place.job.name)
        context.account.tasks_changed()
        return result.dropped(place.name)

    def execute(self, context: Context, statement: Named) -> result.Result:
        """Asks for a run now, of what is suspended as well. Asked for again while one runs, one
        more will follow."""
        with context.account.lock:
            place = self.place(context, statement.name)
            self.check_owner(context, place.job)
            self.check_executable(place)
            self.store.put(place.catalog, replace(place.job, requested_at=utc_now()))
        context.account.tasks_changed()
        return result.status(f"{self.noun} {place.name} is scheduled to run immediately.")

    def show(self, context: Context, statement: Show) -> result.Result:
        scope = statement.scope
        database, schema = place_of(context, scope)
        databases = context.account.databases() if database is None else [database]
        found: list[tuple[str, J]] = []
        for name in databases:
            with context.account.while_there(name):
                found += [
                    (name, job)
                    for job in self.store.all(context.catalog(name))
                    if schema in (None, job.schema) and (job.is_root or not scope.root_only)
                ]
        found.sort(key=lambda pair: pair[1].name)
        return self._listed(scope.chosen(found, lambda pair: pair[1].name), result.SHOW)

    def describe(self, context: Context, statement: Named) -> result.Result:
        place = self.place(context, statement.name)
        return self._listed([(place.full.database, place.job)], result.DESCRIBE)

    def owner_changed(self, context: Context, what: Securable, role: str) -> None:
        """A job is suspended by that, because it would run as somebody else.

        https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
        """
        database, schema, name = what.path
        catalog = context.catalog(database)
        with context.account.lock:
            job = self.store.find(catalog, schema, name)
            if job and job.owner != role:
                self.store.put(catalog, replace(job, owner=role, state=SUSPENDED))
        context.account.tasks_changed()

    def kinds(self) -> tuple[Kind, ...]:
        noun, read = self.grammar.noun, self.grammar
        plural = f"{noun}S"
        to_alter = alters(noun, operates=("RESUME", "SUSPEND"))
        show = statements.show(plural, root_only=noun == "TASK")
        return (
            Kind(("CREATE", noun), read.create, self.create, creates(noun, _usage_of_warehouse)),
            Kind(("ALTER", noun), read.alter, self.alter, to_alter),
            Kind(("DROP", noun), statements.drop(noun), self.drop, drops(noun)),
            Kind(("EXECUTE", noun), read.execute, self.execute, needs(noun, "OPERATE")),
            Kind(("SHOW", plural), show, self.show, lists(noun)),
            Kind(("DESCRIBE", noun), statements.describe(noun), self.describe, needs(noun)),
        )

    def comments(self) -> Kind:
        """https://docs.snowflake.com/en/sql-reference/sql/comment"""
        noun = self.grammar.noun
        return Kind(("COMMENT", noun), self.grammar.comment, self.alter, owns(noun))

    # --- what they share ---------------------------------------------------------------------

    def place(self, context: Context, name: Name) -> Place[J]:
        return Place(context, name, self.noun, self.store)

    def check_owner(self, context: Context, job: J) -> None:
        """A job runs as its owner, who must be allowed to."""
        with context.access.acting_as(job.owner or ADMINISTRATOR):
            context.access.require_execution(self.grammar.noun, job.warehouse)

    def _check_parameters(self, given: Mapping[str, Any]) -> None:
        """Raises 000002 for a session parameter that would change what a job does, and does not
        here."""
        for name, value in given.items():
            parameters.check_parameter(name, str(value), f"{self.grammar.noun} …")

    def _listed(self, jobs: Iterable[tuple[str, J]], statement_type: int) -> result.Result:
        rows = (self.row(database, job) for database, job in jobs)
        return result.listing(self.shown, rows, statement_type)


def with_settings(job: J, statement: AlterJob) -> J:
    """After SET."""
    return replace(
        job,
        properties={**job.properties, **statement.properties},
        parameters={**job.parameters, **statement.parameters},
    )


def without_settings(job: J, statement: AlterJob) -> J:
    """After UNSET."""

    def left(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in statement.unset}

    return replace(job, properties=left(job.properties), parameters=left(job.parameters))


def _usage_of_warehouse(statement: CreateJob, place: Any) -> Iterable[Need]:
    """Its body is a matter of its runs."""
    return usage_of_warehouse(statement.properties.get("WAREHOUSE"))
