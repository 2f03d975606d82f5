"""`caves deploy`: everything into the account, through `snow`, and a check of the result."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from snowflake.connector.errors import Error

from app.caves.deployment import checks, live, log
from app.caves.deployment.checks import PIPELINE, shortcomings
from app.caves.deployment.desired_state import DesiredState, desired_state
from app.caves.deployment.plan import Found, Plan, kept_suspended, look, plan, recorded_objects
from app.caves.deployment.steps import DASHBOARD_KEY, Step, drop, make_room_for_dashboard, steps
from app.caves.deployment.warehouse import find
from app.caves.errors import CommandError, one_line
from app.caves.interrupts import Interrupts
from app.caves.operations import tasks
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.settings import effective, profile_names
from app.caves.target import Account, Target

CREATED = re.compile(
    r"^CREATE (?:DATABASE|WAREHOUSE) IF NOT EXISTS .*?;\n", re.MULTILINE | re.DOTALL
)
# In LIKE `_` would be any character, so whole names are compared.
SHOW_DATABASES = "SHOW DATABASES"
LEFT = """\
  unchanged: rows, offsets, streams; {tasks}
  possibly changed: columns, procedures, views, definitions of tasks
  next: fix the cause and deploy again, or deploy the previous version"""


@dataclass(frozen=True)
class Deployed:
    """What a deployment did beside its steps. no_dashboard: why the dashboard is missing, or is
    still the previous one; the pipeline runs without it."""

    kept_suspended: list[tasks.Task] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    no_dashboard: str | None = None


def plan_deployment(
    project: Project, target: Target, overrides: Mapping[str, str], resume: bool = False
) -> Plan:
    """What `deploy` would change; the account stays as it is."""
    env = settings(project, target, overrides)
    objects = desired_state(project, env)
    with target.connect() as account:
        return plan(objects, look(account, objects), env, resume)


def deploy(
    project: Project,
    target: Target,
    overrides: Mapping[str, str],
    progress: Progress,
    resume: bool = False,
) -> Deployed:
    """Bring the account to what the project says, from nothing or from an older version.

    It can be run at any time: tables and streams that exist stay as they are, rows and offsets
    included. Tasks are suspended while they are altered. Tasks that were running are running
    afterwards, even if the deployment fails; new ones are started, and with `resume` all of them.
    A dashboard that cannot be made is reported, and does not stop the deployment.
    """
    env = settings(project, target, overrides)
    with project.copy_for_deployment() as copy:
        deployment = Deployment(copy, target, env, progress, desired_state(copy, env), resume)
        return deployment.run(project.revision)


def settings(project: Project, target: Target, overrides: Mapping[str, str]) -> dict[str, str]:
    """What is deployed. Raises UsageError for a wrong value, also in a profile that is not chosen,
    so that it is found before the profile is needed."""
    for name in profile_names(project.env):
        effective(project.env, {"profile": name})
    return {**effective(project.env, overrides), "database": target.database}


class Deployment:
    """One deployment, from the first look to the last."""

    def __init__(
        self,
        copy: Project,
        target: Target,
        env: Mapping[str, str],
        progress: Progress,
        objects: DesiredState,
        resume: bool,
    ) -> None:
        self.id = uuid.uuid4().hex
        self._copy = copy
        self._target = target
        self._env = env
        self._progress = progress
        self._desired = objects
        self._resume = resume
        self._logged = False
        self._step = "reading the account"

    def run(self, revision: str | None) -> Deployed:
        with Interrupts() as interrupts:
            with self._target.connect() as account:
                schemas = self._desired.of("SCHEMA").keys()
                checks.check_owner(account, schemas)
                checks.check_masking_role(account, self._env)
                found = look(account, self._desired)
            try:
                return self._carry_out(found, revision)
            except BaseException as error:
                interrupts.ignore()
                left = self._restart(found, error)
                if not isinstance(error, Exception):
                    self._progress(left)
                    raise
                raise CommandError(f"{self._step} failed: {error}\n{_hint(error)}{left}") from error

    def _carry_out(self, found: Found, revision: str | None) -> Deployed:
        todo = steps(self._copy.sql_files(), self._env, self._copy.masking_files())
        total = 7 + bool(found.obsolete)
        number = iter(range(1, total + 1))

        def begin(title: str) -> None:
            self._step = f"step {next(number)} of {total}, {title},"
            self._progress(f"[{self._step.split()[1]}/{total}] {title}")

        def snow(step: Step) -> None:
            begin(step.title)
            self._target.snow(step.arguments, cwd=self._copy.root / step.folder)

        with self._target.connect() as account:
            leave_out_existing(self._copy, account, self._env["warehouse"])
        snow(todo.tables)
        with self._target.connect() as account:
            log.begin(account, self.id, revision, self._env, found.before)
        self._logged = True
        snow(todo.build)
        snow(todo.procedures)
        snow(todo.tasks)
        with self._target.connect() as account:
            if found.obsolete:
                begin(f"dropping {', '.join(found.obsolete)}")
                for key in found.obsolete:
                    drop(account, key)
            begin("starting tasks and alerts")
            now = tasks.read(account)
            tasks.start(account, tasks.to_start(now, found.before, self._resume))
        no_dashboard = None
        try:
            with self._target.connect() as account:
                make_room_for_dashboard(account)
            snow(todo.dashboard)
        except (CommandError, Error) as error:
            no_dashboard = str(error)
        begin("checking the result")
        return self._finish(found, no_dashboard)

    def _finish(self, found: Found, no_dashboard: str | None) -> Deployed:
        with self._target.connect() as account:
            kept = kept_suspended(tasks.read(account), found.before)
            expected = {kind: self._desired.of(kind) for kind in PIPELINE}
            if problems := shortcomings(account, expected, [task.name for task in kept]):
                text = "\n  ".join(problems)
                raise CommandError(f"deployed, but the pipeline cannot run:\n  {text}")
            kinds = [each.kind for each in self._desired.objects]
            objects = recorded_objects(self._desired, live.read(account, kinds))
            failure = None
            if no_dashboard:
                # Which version is there is unknown: the next deployment deploys it again.
                objects = {key: each for key, each in objects.items() if key != DASHBOARD_KEY}
                failure = f"the dashboard was not deployed: {no_dashboard}"
            log.finish(account, self.id, objects, failure)
        return Deployed(kept, found.obsolete, no_dashboard)

    def _restart(self, found: Found, error: BaseException) -> str:
        """Start what ran before, log the failure; returns what to print about the state."""
        try:
            with self._target.connect() as account:
                started = tasks.restart(account, found.before)
                if self._logged:
                    log.fail(account, self.id, f"{self._step} {type(error).__name__}: {error}")
        except (CommandError, Error) as second:
            state = f"tasks may be suspended ({one_line(second)}): the next deployment starts them"
        else:
            state = _restarted(started, found.before)
        return LEFT.format(tasks=state)


def _hint(error: Exception) -> str:
    """What to do where an older version bootstrapped the environment."""
    if "EXECUTE MANAGED ALERT" not in str(error):
        return ""
    return (
        "  the alert is serverless: `caves bootstrap` gives its owner the privilege; or name a"
        " warehouse for it, as alert_warehouse\n"
    )


def _restarted(started: list[str], before: Mapping[str, bool]) -> str:
    running = sum(before.values())
    if not running:
        return "no task was running before, and none is running now"
    return (
        f"the {running} tasks and alerts that were running are running ({len(started)} restarted)"
    )


def leave_out_existing(copy: Project, account: Account, warehouse: str) -> None:
    """Take the statements that make database and warehouse out of a copy's files if both are there.

    CREATE … IF NOT EXISTS asks for the right to create although there is nothing to create, and a
    deployer's role no longer has it once `caves bootstrap` has made both.
    """
    databases = {row["NAME"] for row in account.rows(SHOW_DATABASES)}
    if account.database not in databases or find(account, warehouse) is None:
        return
    for file in copy.sql_files():
        text = file.path.read_text(encoding="utf-8")
        if CREATED.search(text):
            file.path.write_text(CREATED.sub("", text), encoding="utf-8")
