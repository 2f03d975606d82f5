"""A whole run: make what it needs, ask every assertion, drop what was made."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from snowflake.connector.errors import Error

from app.caves.doctor.assertion import FAILS, HOLDS, NOT_ASKED, Assertion, Broken, Finding, NotAsked
from app.caves.doctor.environment import Environment
from app.caves.doctor.installation import DASHBOARD, INSTALLATION
from app.caves.doctor.listings import LISTINGS
from app.caves.doctor.operation import CORRECTIONS, TASKS
from app.caves.doctor.procedures import PROCEDURES
from app.caves.doctor.record import Record
from app.caves.doctor.rights import RIGHTS
from app.caves.doctor.scratch import Scratch, drop_leftovers
from app.caves.doctor.statements import JSON_VALUES, STATEMENTS
from app.caves.doctor.streams import STREAMS
from app.caves.doctor.transactions import TRANSACTIONS
from app.caves.errors import CommandError, UsageError, one_line
from app.caves.interrupts import Interrupts
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.target import Target

ASSERTIONS: tuple[Assertion, ...] = (
    *INSTALLATION,
    *STATEMENTS,
    *JSON_VALUES,
    *TRANSACTIONS,
    *STREAMS,
    *PROCEDURES,
    *TASKS,
    *CORRECTIONS,
    *LISTINGS,
    *RIGHTS,
    *DASHBOARD,
)
# After this no assertion is begun: with what is under way and the dropping, ten minutes.
TIMEOUT_SECONDS = 8 * 60.0
# A scratch database notifies nobody of incidents, and its tasks do not start by themselves.
QUIET = {
    "profile": "live",
    "task_schedule": "60 MINUTES",
    "alert_schedule": "60 MINUTE",
    "alert_email_integration": "",
    "alert_recipients": "",
    "alert_webhook_integration": "",
    "monthly_credits": "1",
    "monitor_notify_users": "",
}
FACTS = {
    "CURRENT_ACCOUNT()": "<account>",
    "CURRENT_ACCOUNT_NAME()": "<account>",
    "CURRENT_ORGANIZATION_NAME()": "<organization>",
    "CURRENT_USER()": "<user>",
    "CURRENT_ROLE()": "<role>",
    "CURRENT_WAREHOUSE()": "<warehouse>",
}
# Built-in roles are no secret, and stand in messages that say something.
PUBLIC_NAMES = {"ACCOUNTADMIN", "SYSADMIN", "SECURITYADMIN", "USERADMIN", "PUBLIC"}


class Examination:
    """One run. `left` is what it could not drop, as the statements that would."""

    def __init__(
        self,
        project: Project,
        target: Target,
        settings: Mapping[str, str],
        progress: Progress,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._timeout = timeout
        self.scratch = Scratch(given_warehouse=settings.get("warehouse"))
        self.record = Record()
        self.findings: list[Finding] = []
        self.left: list[str] = []
        self._project = project
        self._target = replace(target, database=self.scratch.database)
        self._settings = {**settings, **QUIET, "database": self.scratch.database}
        self._settings["warehouse"] = self.scratch.warehouse
        if project.env.get("alert_warehouse"):
            self._settings["alert_warehouse"] = f"WAREHOUSE = {self.scratch.warehouse}"
        self._progress = progress
        self._elsewhere: Mapping[str, str] = {}

    def run(self, chosen: Sequence[Assertion] | None = None) -> list[Finding]:
        """The finding on each assertion, by default on all. What the run made is dropped in any
        case; a signal that came meanwhile is raised after that."""
        assertions = ASSERTIONS if chosen is None else chosen
        started = time.monotonic()
        with Interrupts() as interrupts:
            environment = self._environment()
            try:
                self._prepare()
                for place, each in enumerate(assertions, start=1):
                    self._progress(f"[{place}/{len(assertions)}] {each.name}")
                    self._judge(each, environment, started)
            finally:
                interrupts.ignore()
                try:
                    environment.close()
                finally:
                    if self.scratch.made:
                        self._drop()
        return self.findings

    def _drop(self) -> None:
        self._progress(f"dropping {self.scratch.database} and everything else that this run made")
        self.left = self.scratch.drop(self._target, self._progress)
        if self.left:
            self._progress(f"NOT DROPPED, do it by hand: {'; '.join(self.left)}")

    def _environment(self) -> Environment:
        return Environment(
            self._project,
            self._target,
            self.scratch,
            self.record,
            self._progress,
            self._settings,
            self._timeout,
        )

    def _prepare(self) -> None:
        with self._target.connect() as account:
            drop_leftovers(account, self._progress)
            [facts] = account.rows(
                "SELECT CURRENT_VERSION() AS VERSION, CURRENT_REGION() AS REGION, "
                + ", ".join(f"{call} AS FACT{i}" for i, call in enumerate(FACTS))
            )
            if facts["REGION"] == LOCAL_REGION:
                self._elsewhere = REASONS
            self._note(facts)
            self.scratch.make(account)

    def _note(self, facts: Mapping[str, Any]) -> None:
        """What the record must hide, and what it may say."""
        hidden = {str(facts[f"FACT{i}"] or ""): by for i, by in enumerate(FACTS.values())}
        scratch = self.scratch
        self.record.names = {
            name: by for name, by in hidden.items() if name and name not in PUBLIC_NAMES
        }
        self.record.prefixes = {scratch.warehouse: "{wh}", scratch.database: "{db}"}
        self.record.facts = {
            "recorded_on": f"{datetime.now(UTC):%Y-%m-%d}",
            "snowflake": str(facts["VERSION"]),
        }

    def _judge(self, assertion: Assertion, environment: Environment, started: float) -> None:
        self.record.begin(assertion.name)
        begun = time.monotonic()
        result, seen, is_own_text = self._result(assertion, environment, begun - started)
        self.findings.append(Finding(assertion, result, seen, time.monotonic() - begun))
        self.record.judged(assertion.name, result, seen, is_own_text)
        if result != HOLDS:
            self._progress(f"  {result}: {seen}")

    def _result(
        self, assertion: Assertion, environment: Environment, elapsed: float
    ) -> tuple[str, str, bool]:
        """The result, what was seen, and whether that is the check's own text, not an error's."""
        if reason := self._not_to_be_asked(assertion, elapsed):
            return NOT_ASKED, reason, True
        try:
            return HOLDS, assertion.check(environment), True
        except Broken as error:
            return FAILS, str(error), True
        except NotAsked as error:
            return NOT_ASKED, str(error), False
        except (CommandError, UsageError, Error) as error:
            return FAILS, one_line(error), False
        except Exception as error:
            # An answer whose shape the check did not expect.
            return FAILS, f"{type(error).__name__}: {one_line(error)}", False

    def _not_to_be_asked(self, assertion: Assertion, elapsed: float) -> str | None:
        if reason := self._elsewhere.get(assertion.name):
            return reason
        held = {each.assertion.name for each in self.findings if each.result == HOLDS}
        if missing := [name for name in assertion.needs if name not in held]:
            return f"{missing[0]} does not hold, or was not asked"
        if elapsed > self._timeout:
            return "time is up"
        return None


LOCAL_REGION = "LOCAL"

REASONS = {
    "dashboard-runs": "the local account keeps a Streamlit app's files, `streamlit run` serves it",
}
