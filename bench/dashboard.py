"""How long do the dashboard's pages take in a browser, with few and with a million orders?

    python -m bench.dashboard --orders 1000,1000000

For each number of orders, and each page: seconds from the navigation to the last figure and the
last chart (the median of several loads; each asks the account again), and where they go:

    code       until Streamlit's own code runs in the browser and has opened its connection
    script     from then until the page's script has ended: it asks the account, and writes the page
    drawing    from then until the last of it is on the page

Beside them what browser, Streamlit and account compute for it, and how many statements the page
sends; the dearest of them go to standard error.
"""

import argparse
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from app.caves.machine.programs import HOST, dashboard_url, write_home
from app.caves.machine.supervision import free_port
from app.caves.project import Project
from bench import harness, pipeline

DATABASE = "BENCH"
GOAL_SECONDS = 2.0
_LOADS = 5
_DEAREST = 3
_PATIENCE_SECONDS = 60.0
_FILES = ("05_tasks.sql", "06_analytics.sql", "07_operations.sql")
_PAGES = {
    "shop, today": "/?period=today",
    "shop, 7 days": "/",
    "shop, 28 days": "/?period=28d",
    "shop, 13 weeks": "/?period=13w",
    "shop, all": "/?period=all",
    "pipeline": "/pipeline",
}
# A year of sales up to now, of 300 wines in ten categories and 50,000 customers; each was ingested
# within the minute, and every fiftieth cancelled. RAW and STAGING are as the nightly purge keeps
# them: a month, and a week.
_ORDERS = """
INSERT INTO PRODUCTION.ORDERS
SELECT
    'o-' || N, AT::DATE, AT, 'c-' || (N * 104729 % 50000), 'p-' || PRODUCT,
    'Château ' || PRODUCT || ' – Grand Vin', 'Category ' || PRODUCT % 10, N % 12 + 1,
    N % 90 + 5, (N % 12 + 1) * (N % 90 + 5), 'CARD', '3 rue du Puits, 69001 Lyon',
    DATEADD('second', 45, AT), DATEADD('second', 45, AT), 'e-' || N
FROM (
    SELECT
        N, N * 7919 % 300 AS PRODUCT,
        DATEADD('second', -FLOOR(N * 31536000 / {count}) - 60, SYSDATE()) AS AT
    FROM (SELECT SEQ8() AS N FROM TABLE(GENERATOR(ROWCOUNT => {count})))
)
"""
_OTHERS = (
    """
INSERT INTO RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID, EVENT_TYPE, EVENT_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID, EVENT_DATA,
    INGESTION_TIMESTAMP, KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET
)
SELECT
    EVENT_ID, 'ORDER_CREATED', ORDER_TIMESTAMP, PRODUCT_ID, CUSTOMER_ID,
    OBJECT_CONSTRUCT('order_id', ORDER_ID, 'quantity', QUANTITY),
    DATEADD('second', 20, ORDER_TIMESTAMP), 'sales_events', 0,
    ROW_NUMBER() OVER (ORDER BY ORDER_TIMESTAMP)
FROM PRODUCTION.ORDERS
WHERE ORDER_TIMESTAMP > DATEADD('day', -30, SYSDATE())
""",
    """
INSERT INTO STAGING.STG_ORDERS (
    EVENT_ID, EVENT_TIMESTAMP, ORDER_ID, CUSTOMER_ID, PRODUCT_ID, QUANTITY, INGESTION_TIMESTAMP
)
SELECT
    EVENT_ID, ORDER_TIMESTAMP, ORDER_ID, CUSTOMER_ID, PRODUCT_ID, QUANTITY,
    DATEADD('second', 20, ORDER_TIMESTAMP)
FROM PRODUCTION.ORDERS
WHERE ORDER_TIMESTAMP > DATEADD('day', -7, SYSDATE())
""",
    """
INSERT INTO STAGING.STG_ORDER_CANCELLATIONS (EVENT_ID, EVENT_TIMESTAMP, ORDER_ID, REASON)
SELECT 'x ' || EVENT_ID, DATEADD('minute', 30, ORDER_TIMESTAMP), ORDER_ID, 'changed their mind'
FROM PRODUCTION.ORDERS
WHERE SUBSTR(ORDER_ID, 3)::NUMBER % 50 = 7
""",
    """
INSERT INTO PRODUCTION.INVENTORY_HISTORY (
    ADJUSTMENT_ID, ADJUSTMENT_TIMESTAMP, PRODUCT_ID, QUANTITY_CHANGE, NEW_STOCK_LEVEL, CREATED_AT
)
SELECT
    'a ' || EVENT_ID, ORDER_TIMESTAMP, PRODUCT_ID, 24, 1000, DATEADD('second', 45, ORDER_TIMESTAMP)
FROM PRODUCTION.ORDERS
WHERE SUBSTR(ORDER_ID, 3)::NUMBER % 10 = 3
""",
    """
INSERT INTO PRODUCTION.INVENTORY_CURRENT
SELECT
    PRODUCT_ID, MAX(PRODUCT_NAME), MAX(PRODUCT_CATEGORY), 1000,
    DATEADD('day', -1, SYSDATE()), 'Lyon', SYSDATE()
FROM PRODUCTION.ORDERS
GROUP BY PRODUCT_ID
""",
    """
INSERT INTO RAW_DATA.INGEST_OFFSETS (TOPIC, PARTITION, NEXT_OFFSET, UPDATED_AT)
SELECT 'sales_events', 0, 1000, SYSDATE()
""",
)
# As the account logs a statement: the session, its milliseconds, and its text.
_LOGGED = re.compile(r"INFO (\w+) \S+ ([\d.]+) ms \w+ rows \S+ (.*)")
_TAG = "QUERY_TAG = 'caves-dashboard'"
_RUNNING = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
# The script has ended, and nothing on the page is from before.
_COMPLETE = f"""
() => {_RUNNING} === 'notRunning'
    && document.querySelector('[data-testid=stHeading]')
    && !document.querySelector('[data-testid=stSkeleton]')
"""
# When Streamlit's connection was open, and when its last message came: that the script has ended.
_WATCH = """
const Plain = window.WebSocket;
window.moments = {};
window.WebSocket = class extends Plain {
    constructor(...args) {
        super(...args);
        this.addEventListener('open', () => { window.moments.open = performance.now(); });
        this.addEventListener('message', () => { window.moments.last = performance.now(); });
    }
};
"""


@dataclass(frozen=True)
class Statement:
    session: str
    seconds: float
    text: str


@dataclass(frozen=True)
class Measured:
    """One load of a page: seconds in all, in each phase, and of CPU."""

    seconds: float
    code: float
    script: float
    cpu: dict[str, float]
    statements: list[Statement]


@dataclass(frozen=True)
class Bench:
    """What is measured: the pages of one Streamlit, which asks one account."""

    account: harness.BenchAccount
    log: Path
    streamlit: subprocess.Popen[bytes]
    url: str
    browser: BrowserContext

    def load(self, path: str) -> Measured:
        """Load a page as somebody does who looked at it before: its code is in the cache."""
        page = self.browser.new_page()
        page.set_default_timeout(1000 * _PATIENCE_SECONDS)
        try:
            sent = len(self.statements())
            computed = self._computed()
            started = time.perf_counter()
            page.goto(self.url + path)
            _complete(page)
            seconds = time.perf_counter() - started
            moments = page.evaluate("window.moments")
            return Measured(
                seconds,
                moments["open"] / 1000,
                (moments["last"] - moments["open"]) / 1000,
                {name: now - computed[name] for name, now in self._computed().items()},
                self.statements()[sent:],
            )
        finally:
            page.close()

    def _computed(self) -> dict[str, float]:
        """CPU seconds up to now."""
        browser = [each for each in harness.descendants(os.getpid()) if _is_chromium(each)]
        return {
            "browser": sum(map(harness.cpu_seconds, browser)),
            "Streamlit": _cpu(self.streamlit.pid),
            "account": _cpu(self.account.process.pid),
        }

    def statements(self) -> list[Statement]:
        """The pages' statements up to now, in the order in which they ended."""
        found = [_LOGGED.search(line) for line in self.log.read_text("utf-8").splitlines()]
        logged = [Statement(each[1], float(each[2]) / 1000, each[3]) for each in found if each]
        sessions = {each.session for each in logged if _TAG in each.text}
        return [each for each in logged if each.session in sessions]


def measure(orders: int) -> list[dict[str, Any]]:
    """One row for each page."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as folder:
        log = Path(folder) / "account.log"
        with (
            harness.account("--log-statements", log=log) as account,
            account.connect() as connection,
            pipeline.deployed(connection, DATABASE) as deployed,
        ):
            _fill(deployed, orders)
            with (
                _dashboard(account, Path(folder)) as (streamlit, url),
                _browser(Path(folder)) as browser,
            ):
                bench = Bench(account, log, streamlit, url, browser)
                for name, path in _PAGES.items():
                    loads = [bench.load(path) for _ in range(_LOADS)]
                    rows.append(_row(name, orders, loads))
                    _tell_dearest(name, loads[-1])
    return rows


def _row(name: str, orders: int, loads: list[Measured]) -> dict[str, Any]:
    # The first load compiles modules and fills the caches that everybody has.
    later = loads[1:] or loads

    def median(figure: Callable[[Measured], float]) -> float:
        return round(statistics.median(map(figure, later)), 2)

    return {
        "page": name,
        "orders": orders,
        "seconds": median(lambda each: each.seconds),
        "slowest": round(max(each.seconds for each in later), 2),
        "first": round(loads[0].seconds, 2),
        "code": median(lambda each: each.code),
        "script": median(lambda each: each.script),
        "drawing": median(lambda each: max(0, each.seconds - each.code - each.script)),
        "browser CPU s": median(lambda each: each.cpu["browser"]),
        "Streamlit CPU s": median(lambda each: each.cpu["Streamlit"]),
        "account CPU s": median(lambda each: each.cpu["account"]),
        "statements": round(statistics.median(len(each.statements) for each in later)),
    }


def _tell_dearest(name: str, load: Measured) -> None:
    dearest = sorted(load.statements, key=lambda each: -each.seconds)[:_DEAREST]
    for each in dearest:
        sys.stderr.write(f"{name}: {each.seconds * 1000:.0f} ms {each.text[:100]}\n")


def _complete(page: Page) -> None:
    page.wait_for_function(_COMPLETE)
    problem = page.locator("[data-testid=stException], [data-testid=stAlertContentError]")
    if problem.count():
        raise RuntimeError(page.inner_text("body"))


def _cpu(pid: int) -> float:
    return sum(harness.cpu_seconds(each) for each in (pid, *harness.descendants(pid)))


def _is_chromium(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8").startswith("chrom")
    return False


def _fill(deployed: pipeline.Pipeline, orders: int) -> None:
    env = {**Project.find().env, "database": deployed.database}
    for name in _FILES:
        deployed.run_file(name, env)
    deployed.rows(_ORDERS.format(count=orders))
    for statement in _OTHERS:
        deployed.rows(statement)


@contextlib.contextmanager
def _dashboard(
    account: harness.BenchAccount, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    write_home(folder / "snowflake", HOST, account.port, DATABASE)
    port = free_port(HOST)
    flags = ["--server.headless=true", f"--server.address={HOST}", f"--server.port={port}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app/dashboard/streamlit_app.py", *flags],
        cwd=Project.find().root,
        env={**os.environ, "SNOWFLAKE_HOME": str(folder / "snowflake")},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, f"{dashboard_url(port)}/_stcore/health")
        yield process, dashboard_url(port)
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.05)
    raise RuntimeError("the dashboard does not start; its standard error says why")


@contextlib.contextmanager
def _browser(folder: Path) -> Iterator[BrowserContext]:
    """One with a profile on the disk, as people have: it keeps Streamlit's code, compiled."""
    executable = shutil.which("chromium")
    if not executable:
        raise SystemExit("there is no chromium: make chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=executable,
            args=["--no-sandbox"],
            viewport={"width": 1440, "height": 900},
            timezone_id="Europe/Paris",
        )
        context.add_init_script(_WATCH)
        yield context


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Seconds until a page of the dashboard is whole")
    parser.add_argument("--orders", default="1000,1000000", help="orders in the shop, in turn")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for orders in options.orders.split(","):
        sys.stderr.write(f"{orders} orders …\n")
        rows += measure(int(orders))
    few = {row["page"]: row for row in reversed(rows)}
    for row in rows:
        row["to the first"] = round(row["seconds"] / few[row["page"]]["seconds"], 2)
        row["goal"] = "met" if row["seconds"] < GOAL_SECONDS else "missed"
    harness.show("A page of the dashboard, until it is whole", rows, as_json=options.json)


if __name__ == "__main__":
    main()
