"""The dashboard in a real browser, over a pipeline that was filled through its own procedures."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import raw_to_staging
import staging_to_production
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from app.caves.machine.supervision import free_port
from tests.conftest import ROOT, RunningAccount
from tests.procedures.deployment import run_sql_file
from tests.procedures.pipeline import Pipeline, adjustment, cancellation, opened_pipeline, order

CONNECTION = """\
[local]
account = "local"
user = "tester"
password = "tester"
host = "{host}"
port = {port}
protocol = "http"
database = "{database}"
"""

# The pages' modules, which name each other without a package.
sys.path.insert(0, str(ROOT / "app" / "dashboard"))

# The account is on this machine, for which no proxy is asked.
DEAD_PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Dashboard:
    """A running `streamlit run`, and the pipeline that it shows."""

    url: str
    pipeline: Pipeline

    def arrive(self, *orders: dict[str, Any]) -> None:
        """Let orders come all the way to production."""
        self.pipeline.ingest(*orders)
        self.pipeline.run(raw_to_staging.orders, staging_to_production.orders)


@contextmanager
def running_dashboard(account: RunningAccount, folder: Path) -> Iterator[Dashboard]:
    database = f"TEST_{uuid.uuid4().hex[:12].upper()}"
    with opened_pipeline(account, database) as pipeline:
        for name in ("05_tasks.sql", "06_analytics.sql", "07_operations.sql", "09_start.sql"):
            run_sql_file(pipeline.session.connection, name, database)
        port = free_port()
        process = _streamlit(port, _home(folder, account, database), folder / "streamlit.log")
        try:
            _wait_until_healthy(process, port, folder / "streamlit.log")
            yield Dashboard(f"http://127.0.0.1:{port}", pipeline)
        finally:
            process.terminate()
            process.wait(timeout=20)
            pipeline.sql(f"DROP DATABASE {database}")


def _home(folder: Path, account: RunningAccount, database: str) -> Path:
    connection = CONNECTION.format(host=account.host, port=account.port, database=database)
    for name, text in {
        "config.toml": 'default_connection_name = "local"\n',
        "connections.toml": connection,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    return folder


def _streamlit(port: int, home: Path, log: Path) -> subprocess.Popen[bytes]:
    flags = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
    environ = {name: text for name, text in os.environ.items() if name.lower() != "no_proxy"}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app/dashboard/streamlit_app.py", *flags],
            cwd=ROOT,
            env={**environ, "SNOWFLAKE_HOME": str(home), **DEAD_PROXY},
            stdout=output,
            stderr=output,
        )


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def a_whole_year(today: date) -> int:
    """One whose clock changes are over, by more than the four weeks that the page shows first."""
    return today.year if (today.month, today.day) >= (12, 1) else today.year - 1


def last_sunday(year: int, month: int) -> date:
    """In Paris the clocks change on it, at 01:00 UTC."""
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


YEAR = a_whole_year(datetime.now(UTC).date())
SPRING, AUTUMN = last_sunday(YEAR, 3), last_sunday(YEAR, 10)


def around(day: date, revenues: dict[tuple[int, str], int]) -> dict[str, int]:
    """Moments in UTC, so many days after this one, and what is sold at each."""
    return {f"{day + timedelta(days=n)}T{at}": sold for (n, at), sold in revenues.items()}


# The sums of revenues tell which of them a day has.
AROUND_THE_CLOCK_CHANGES = {
    **around(
        SPRING,
        {
            (-1, "22:59:59"): 1,
            (-1, "23:00:00"): 2,
            (0, "00:59:59"): 4,
            (0, "01:00:00"): 8,
            (0, "21:59:59"): 16,
            (0, "22:00:00"): 32,
        },
    ),
    **around(
        AUTUMN,
        {
            (-1, "21:59:59"): 1,
            (-1, "22:00:00"): 2,
            (0, "00:30:00"): 4,
            (0, "01:30:00"): 8,
            (0, "22:59:59"): 16,
            (0, "23:00:00"): 32,
        },
    ),
}


def fill(pipeline: Pipeline) -> None:
    """Four sales in the last 28 days, two that were cancelled, one in a January, those around the
    changes of the clocks of Paris, two stocks, one rejected order."""
    pipeline.ingest(
        order("o-1", event_timestamp=days_ago(0), total_amount=1200.50, quantity=6),
        order("o-2", event_timestamp=days_ago(0), total_amount=39.80, customer_id="c-2"),
        order("o-3", event_timestamp=days_ago(10), product_id="p-2", product_category="Blanc",
              product_name="Sancerre", total_amount=60, quantity=4),
        order("o-4", event_timestamp=days_ago(12), product_id="p-2", product_category="Blanc",
              product_name="Sancerre", total_amount=15.20, quantity=1, customer_id="c-3"),
        order("o-5", event_timestamp=f"{YEAR}-01-15T12:00:00Z", total_amount=5_196_859,
              quantity=100),
        order("o-6", event_timestamp=days_ago(9), total_amount=100.25, quantity=3),
        cancellation("o-6", event_timestamp=days_ago(8)),
        order("<b>o-7</b>", event_timestamp=days_ago(11), product_id="p-2", total_amount=50,
              product_category="Blanc", product_name="Sancerre"),
        cancellation("<b>o-7</b>", event_timestamp=days_ago(2), reason="a broken *bottle*"),
        *(order(moment, event_timestamp=f"{moment}Z", total_amount=revenue)
          for moment, revenue in AROUND_THE_CLOCK_CHANGES.items()),
        order("bad", quantity=1.5),
        adjustment("a-1", event_timestamp=days_ago(20), new_stock_level=100),
        adjustment("a-2", event_timestamp=days_ago(20), product_id="p-2", new_stock_level=30,
                   product_category="Blanc", product_name="Sancerre"),
    )  # fmt: skip
    pipeline.run(
        raw_to_staging.orders,
        raw_to_staging.inventory,
        staging_to_production.orders,
        staging_to_production.inventory_history,
        staging_to_production.inventory_current,
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which `make chromium` installs."""
    executable = shutil.which("chromium")
    assert executable, "there is no chromium: make chromium"
    with sync_playwright() as playwright:
        # Chromium refuses to sandbox itself for root, which containers are.
        yield playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def new_dashboard(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The one dashboard of a file, over a pipeline that has seen nothing yet."""
    with running_dashboard(account, tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture
def empty_dashboard(new_dashboard: Dashboard) -> Dashboard:
    """For the first tests of a file: before any of them fills it."""
    assert new_dashboard.pipeline.count("RAW_DATA.RAW_EVENTS_STREAM") == 0
    return new_dashboard


@pytest.fixture(scope="module")
def dashboard(new_dashboard: Dashboard) -> Dashboard:
    fill(new_dashboard.pipeline)
    return new_dashboard


@pytest.fixture(scope="session")
def tab(chromium: Browser) -> Iterator[tuple[Page, CDPSession]]:
    """One tab for all tests: what it has loaded and compiled of Streamlit, it has for the next."""
    context = chromium.new_context(locale="en-US")
    page = context.new_page()
    page.set_default_timeout(60_000)
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    yield page, context.new_cdp_session(page)
    context.close()
    assert hosts <= {"127.0.0.1", None}, "nothing is loaded from outside"


@pytest.fixture
def open_page(tab: tuple[Page, CDPSession]) -> Iterator[Callable[..., Page]]:
    """Takes the tab to where it is told to be; it has forgotten what the last test looked at."""
    page, session = tab

    def opened(
        zone: str = "America/New_York", width: int = 1440, scheme: str = "light", height: int = 900
    ) -> Page:
        page.goto("about:blank")
        session.send("Emulation.setTimezoneOverride", {"timezoneId": zone})
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of Playwright's texts
        return page

    yield opened
    page.goto("about:blank")


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
