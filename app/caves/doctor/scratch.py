"""What a run makes in the account: a database, a warehouse, roles, a resource monitor.

All of it has a name of this run, and a comment that says what it is and since when. What an
interrupted run left is recognised by both, name and comment, and only once it is older than any run
can be. Nothing else in the account is ever touched.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from snowflake.connector.errors import Error

from app.caves.deployment.bootstrap import ROLES
from app.caves.errors import CommandError, one_line
from app.caves.screen import Progress
from app.caves.target import Account, Row, Target

PREFIX = "CAVES_DOCTOR_"
RUN = re.compile(rf"({PREFIX}[0-9A-F]{{8}})(_WH|_{'|_'.join(ROLES)})?")
MARK = re.compile(r"caves doctor, made (\S+): scratch, may be dropped")
# A run takes ten minutes at most: what is older belongs to none that is still going on.
OLD = timedelta(hours=1)
# By kind, where their names and comments are shown. A monitor has no comment: it goes with the run
# that it belongs to by its name.
SHOW = {"DATABASE": "SHOW DATABASES", "WAREHOUSE": "SHOW WAREHOUSES", "ROLE": "SHOW ROLES"}
DROP_ATTEMPTS = 3
CREDITS = 1


@dataclass
class Scratch:
    """The names of one run, and what it has made so far: (kind, name), in that order."""

    database: str = field(default_factory=lambda: PREFIX + uuid.uuid4().hex[:8].upper())
    made: list[tuple[str, str]] = field(default_factory=list)
    # An existing warehouse that the user named; the run does not drop it.
    given_warehouse: str | None = None

    @property
    def warehouse(self) -> str:
        return self.given_warehouse or f"{self.database}_WH"

    @property
    def monitor(self) -> str:
        return f"{self.database}_WH_MONITOR"

    def role(self, name: str) -> str:
        return f"{self.database}_{name}"

    @property
    def has_roles(self) -> bool:
        return any(kind == "ROLE" for kind, _ in self.made)

    def make(self, account: Account) -> None:
        """The database and the warehouse; raises CommandError without the right to make them."""
        mark = f"caves doctor, made {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}: scratch, may be dropped"
        self._create(account, "DATABASE", self.database, f"COMMENT = '{mark}'")
        if not self.given_warehouse:
            properties = (
                "WAREHOUSE_SIZE = 'XSMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE"
                f" INITIALLY_SUSPENDED = TRUE COMMENT = '{mark}'"
            )
            self._create(account, "WAREHOUSE", self.warehouse, f"WITH {properties}")
        self._mark = mark

    def make_roles(self, account: Account) -> None:
        """The environment's roles, and a monitor of one credit; raises Error without the right."""
        for name in ROLES:
            self.made.append(("ROLE", self.role(name)))
            account.run(f"CREATE ROLE {self.role(name)} COMMENT = '{self._mark}'")
        if self.given_warehouse:
            return
        self.made.append(("RESOURCE MONITOR", self.monitor))
        account.run(
            f"CREATE RESOURCE MONITOR {self.monitor} WITH CREDIT_QUOTA = {CREDITS}"
            " FREQUENCY = MONTHLY START_TIMESTAMP = IMMEDIATELY"
            " TRIGGERS ON 100 PERCENT DO SUSPEND_IMMEDIATE"
        )
        account.run(f"ALTER WAREHOUSE {self.warehouse} SET RESOURCE_MONITOR = {self.monitor}")

    def drop_roles(self, account: Account) -> None:
        """Drop roles and monitor again, after `make_roles` has failed."""
        for kind, name in [each for each in self.made if each[0] in ("ROLE", "RESOURCE MONITOR")]:
            if dropped(account, kind, name, lambda _: None):
                self.made.remove((kind, name))

    def _create(self, account: Account, kind: str, name: str, rest: str) -> None:
        self.made.append((kind, name))
        try:
            account.run(f"CREATE {kind} {name} {rest}")
        except Error as error:
            self.made.pop()
            hint = ", or name one: --env warehouse=NAME" if kind == "WAREHOUSE" else ""
            raise CommandError(
                f"the doctor needs a {kind.lower()} of its own, and this role may not make one"
                f"{hint}: {one_line(error)}"
            ) from error

    def drop(self, target: Target, progress: Progress) -> list[str]:
        """All that was made, on a connection of its own; what could not be dropped."""
        left = list(reversed(self.made))
        for _ in range(DROP_ATTEMPTS):
            if not left:
                break
            try:
                with target.connect() as account:
                    left = [each for each in left if not dropped(account, *each, progress)]
            except (CommandError, Error) as error:
                progress(f"cannot drop yet: {one_line(error)}")
        self.made = list(reversed(left))
        return [f"DROP {kind} {name}" for kind, name in left]


def dropped(account: Account, kind: str, name: str, progress: Progress) -> bool:
    try:
        account.run(f"DROP {kind} IF EXISTS {name}")
    except Error as error:
        progress(f"DROP {kind} {name}: {one_line(error)}")
        return False
    return True


def drop_leftovers(account: Account, progress: Progress, now: datetime | None = None) -> list[str]:
    """Drop what interrupted runs left, killed ones included; returns the names of those runs."""
    runs: list[str] = []
    for kind, show in SHOW.items():
        for name, run in _leftovers(account.rows(show), now or datetime.now(UTC)):
            progress(f"dropping {kind.lower()} {name}, which an interrupted run left")
            dropped(account, kind, name, progress)
            runs.append(run)
    for run in dict.fromkeys(runs):
        dropped(account, "RESOURCE MONITOR", f"{run}_WH_MONITOR", progress)
    return list(dict.fromkeys(runs))


def _leftovers(rows: list[Row], now: datetime) -> Iterator[tuple[str, str]]:
    for row in rows:
        name, mark = RUN.fullmatch(str(row["NAME"])), MARK.fullmatch(str(row["COMMENT"] or ""))
        if name and mark and now - _moment(mark[1]) > OLD:
            yield name[0], name[1]


def _moment(text: str) -> datetime:
    """Where the comment has no valid time: never old enough to be dropped."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
