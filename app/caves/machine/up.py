"""`caves up`: the whole pipeline on this machine, running until Ctrl-C."""

import fcntl
import os
import secrets
import shutil
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.caves.errors import UsageError
from app.caves.machine.broker import TANSU
from app.caves.machine.programs import HOST, Machine, Place, dashboard_url
from app.caves.machine.supervision import ProcessStack, listens
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.settings import LIVE, effective, ingester_flags

TASK_SCHEDULE = "10 SECONDS"
# A shop that had a hundred orders a day is not to have as many in two minutes now.
RATE_AFTER_HISTORY = 0.02
MARKER = "caves-up.lock"
OURS = ("data", "kafka", "logs", "snowflake")
CHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """Where `up` keeps its files, where it listens, how much the producer sends.

    broker: which kind is started.
    bootstrap_servers: brokers that are there already, in its place.
    browser: open the dashboard in the user's browser, if there is one.
    profile: tasks and batches as the profile has them; by default both come every few seconds.
    history: so many days of sales first ("28d").
    """

    folder: Path
    account_port: int = 8084
    broker_port: int = 9092
    dashboard_port: int = 8501
    rate: float = 1.0
    profile: str | None = None
    browser: bool = True
    broker: str = TANSU
    bootstrap_servers: str | None = None
    history: str | None = None

    @property
    def ports(self) -> dict[str, int]:
        """Every port that it listens on, by the option that chooses it."""
        broker = {} if self.bootstrap_servers else {"--broker-port": self.broker_port}
        return {
            "--account-port": self.account_port,
            **broker,
            "--dashboard-port": self.dashboard_port,
        }

    def place(self, folder: Path) -> Place:
        # Among brokers that others use, too, a group of its own: in theirs, it would be given a
        # part of the partitions only, and take them from the others.
        group = f"caves-up-{secrets.token_hex(4)}" if self.bootstrap_servers else None
        return Place(
            folder,
            self.account_port,
            self.broker_port,
            self.broker,
            self.bootstrap_servers,
            group=group,
        )


def up(
    project: Project,
    plan: Plan,
    console: Console,
    progress: Progress,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Start everything, say where it is, and keep it running until an interrupt comes."""
    settings = effective(project.env, {"profile": plan.profile or LIVE})
    with _own_folder(plan.folder) as folder:
        for option, port in plan.ports.items():
            if listens(HOST, port):
                raise UsageError(f"port {port} is taken: choose another with {option}")
        place = plan.place(folder)
        with ProcessStack(lambda process: progress(f"stopping {process.name}")) as stack:
            machine = Machine(project, place, stack, progress)
            machine.start_broker()
            machine.start_account()
            machine.bootstrap()
            if plan.profile:
                machine.deploy(None, plan.profile)
                machine.start_ingester(*ingester_flags(settings))
            else:
                machine.deploy(TASK_SCHEDULE)
                batch = ("--batch-max-events", "1000") if plan.history else ()
                machine.start_ingester("--batch-max-seconds", "5", *batch)
            past = ("--history", plan.history) if plan.history else ()
            machine.start_producer("--rate", str(plan.rate), *past)
            machine.start_dashboard(plan.dashboard_port)
            console.print(instructions(place, plan.dashboard_port))
            started()
            if plan.browser and has_screen():
                webbrowser.open(dashboard_url(plan.dashboard_port))
            while True:
                stack.check()
                time.sleep(CHECK_SECONDS)


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """The run's folder, emptied of the last run: Tansu forgets its topics when it ends, so the
    offsets that an old account remembers would be of topics that are gone.
    """
    folder = folder.resolve()
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise UsageError(f"{folder} is not empty and not of an earlier `caves up`: choose another")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"another `caves up` is running in {folder}") from None
        for name in OURS:
            shutil.rmtree(folder / name, ignore_errors=True)
        yield folder


def has_screen() -> bool:
    """Can a browser open a window? Where there is no screen, some open in the terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def instructions(place: Place, dashboard_port: int) -> str:
    return (
        f"\ndashboard  {dashboard_url(dashboard_port)}"
        f"\nbroker     {place.bootstrap_servers}"
        f"\naccount    http://{HOST}:{place.account_port}"
        f"\nlogs       {place.folder / 'logs'}"
        f"\n\nquery      export SNOWFLAKE_HOME={place.home}"
        '\n           snow sql -q "select * from production.orders limit 5"'
        f"\n           caves status --bootstrap-servers {place.bootstrap_servers}; caves verify"
        "\n           the same under a role: -c operator, -c analyst, -c ingester, -c deployer"
        "\nend        Ctrl-C\n"
    )
