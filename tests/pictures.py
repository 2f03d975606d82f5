"""Makes the pictures of both pages of the dashboard that docs/ shows: `make pictures`.

The whole pipeline runs on this machine, for a shop that has been open for eight weeks, always from
the same seed: four weeks that are shown, and four to compare them with. What its past left in the
tables is then made to look as if the pipeline had always been there: the past came in a minute, and
every latency would be one of weeks.

With --look FOLDER it also writes pictures there for who changes the pages: both of them, empty,
with one day and with four weeks, on a screen and on a phone, light and dark.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.caves.machine.demo import HOPS, INGESTER_OF_HISTORY, TASK_SCHEDULE, progress_line
from app.caves.machine.programs import HOST, Machine, Place, dashboard_url
from app.caves.machine.supervision import ProcessStack, free_port
from app.caves.project import Project
from app.caves.target import Account

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAST = ("--history", "56d", "--seed", "2026", "--bad-share", "0.005", "--duplicate-share", "0.01")
# A little of today, so that there is something on the way.
LIVE = ("--count", "12", "--rate", "1")
PATIENCE_SECONDS = 900
PAGES = {"shop": "/?period=28d", "pipeline": "/pipeline"}
WIDTH = 1280
RUNNING = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
HEIGHT = "document.querySelector('[data-testid=stMain]').scrollHeight"
AS_IF_ALWAYS_THERE = (
    "UPDATE {db}.PRODUCTION.ORDERS SET CREATED_AT = DATEADD('second', 45, ORDER_TIMESTAMP),"
    " UPDATED_AT = DATEADD('second', 45, ORDER_TIMESTAMP)"
    " WHERE ORDER_TIMESTAMP < DATEADD('second', -90, SYSDATE())",
    "UPDATE {db}.PRODUCTION.INVENTORY_HISTORY"
    " SET CREATED_AT = DATEADD('second', 45, ADJUSTMENT_TIMESTAMP)"
    " WHERE ADJUSTMENT_TIMESTAMP < DATEADD('second', -90, SYSDATE())",
    "UPDATE {db}.RAW_DATA.RAW_EVENTS_STREAM"
    " SET INGESTION_TIMESTAMP = DATEADD('second', 20, EVENT_TIMESTAMP)"
    " WHERE EVENT_TIMESTAMP < DATEADD('second', -90, SYSDATE())",
    "UPDATE {db}.RAW_DATA.INGEST_OFFSETS SET SIGNS = ("
    "SELECT ARRAY_AGG(DATEADD('second', -300 * N, SYSDATE())::VARCHAR)"
    " FROM (SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 72))))",
    # As the nightly purge does. An update would be news to the streams.
    "DELETE FROM {db}.STAGING.STG_ORDERS WHERE EVENT_TIMESTAMP < DATEADD('second', -90, SYSDATE())",
    "DELETE FROM {db}.STAGING.STG_INVENTORY_ADJ"
    " WHERE EVENT_TIMESTAMP < DATEADD('second', -90, SYSDATE())",
)
LAST_DAY_ALONE = (
    "DELETE FROM {db}.PRODUCTION.ORDERS WHERE ORDER_TIMESTAMP < DATEADD('hour', -30, SYSDATE())",
    "DELETE FROM {db}.PRODUCTION.INVENTORY_HISTORY"
    " WHERE ADJUSTMENT_TIMESTAMP < DATEADD('hour', -30, SYSDATE())",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write docs/dashboard-shop.png and docs/dashboard-pipeline.png."""
    parser = argparse.ArgumentParser(description="Pictures of the dashboard's pages")
    parser.add_argument("--look", type=Path, metavar="FOLDER", help="more pictures, to look at")
    look: Path | None = parser.parse_args(arguments).look
    folder = Path(tempfile.mkdtemp(prefix="caves-pictures-"))
    with deployed(folder) as (machine, account, url), browser() as chromium:
        page = chromium.new_page(timezone_id="Europe/Paris", locale="en-GB")
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        if look:
            take_all(page, url, look, "empty")
        fill(machine, account)
        for name, path in PAGES.items():
            take(page, url + path, DOCS / f"dashboard-{name}.png")
        if look:
            take_all(page, url, look, "four-weeks")
            for statement in LAST_DAY_ALONE:
                account.rows(statement)
            take_all(page, url, look, "one-day")
    shutil.rmtree(folder)
    return 0


def take_all(page: Page, url: str, folder: Path, what: str) -> None:
    for name, path in PAGES.items():
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (1440, 390):
                take(page, url + path, folder / f"{name}-{what}-{scheme}-{width}.png", width)
    page.emulate_media(color_scheme="light")


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[tuple[Machine, Account, str]]:
    """Everything runs, with no event yet; and the dashboard's address."""
    place = Place(folder, free_port(HOST), free_port(HOST))
    with ProcessStack(lambda process: say(f"stopping {process.name}")) as stack:
        machine = Machine(Project.find(None), place, stack, say)
        machine.start_broker()
        machine.start_account()
        machine.bootstrap()
        machine.deploy(TASK_SCHEDULE)
        machine.start_ingester(*INGESTER_OF_HISTORY)
        port = free_port(HOST)
        machine.start_dashboard(port)
        with machine.target.connect() as account:
            yield machine, account, dashboard_url(port)


def fill(machine: Machine, account: Account) -> None:
    """Eight weeks, as if the pipeline had been there all the time."""
    producer = machine.start_producer(*PAST, *LIVE)
    producer.popen.wait(timeout=PATIENCE_SECONDS)
    machine.stack.release(producer)
    wait_for(account, machine.produced()["messages"])
    for statement in AS_IF_ALWAYS_THERE:
        account.rows(statement)


def wait_for(account: Account, messages: int) -> None:
    """Until every message is in, and no stream holds one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        hops = account.row(HOPS)
        if hops["RAW"] + hops["REJECTED"] >= messages and not hops["PENDING"]:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(progress_line(hops))
        time.sleep(1)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if not executable:
        raise SystemExit("there is no chromium: make chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])


def take(page: Page, address: str, path: Path, width: int = WIDTH) -> None:
    """The whole page, once it has been drawn."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    page.wait_for_selector("[data-testid=stHeading]")
    for _ in range(2):
        page.wait_for_function(f"{RUNNING} === 'notRunning'")
        page.wait_for_load_state("networkidle")
        page.set_viewport_size({"width": width, "height": int(page.evaluate(HEIGHT)) + 20})
    page.wait_for_timeout(2000)  # charts grow into their places; nothing says when they are done
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    say(f"wrote {path}")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
