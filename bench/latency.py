"""How long an event takes from the shop to PRODUCTION.

    python -m bench.latency --seconds 300

At 1, 50 and 500 events per second, with tasks every 10 seconds and batches of 2 seconds; with the
profile `fast`: tasks that their streams start, at most every 10 seconds, and batches of 1 second;
and at the seed's cadence: tasks every minute, batches of 60 seconds or 50 events. The producer
stamps an event when it makes it; OPS.EVENT_LATENCY has what came of it.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.caves.machine.broker import KINDS, TANSU
from app.caves.machine.demo import HOPS
from app.caves.machine.programs import HOST, Machine, Place
from app.caves.machine.supervision import ProcessStack, free_port
from app.caves.project import Project
from app.caves.settings import LIVE
from app.caves.target import Account
from bench import harness

RATES = (1.0, 50.0, 500.0)
POLL_SECONDS = 1.0
# After the last event, for a batch, two task runs and a loaded machine.
PATIENCE = 600.0

FIGURES = """
SELECT
    COUNT(*) AS EVENTS,
    MEDIAN(SECONDS_FROM_EVENT) AS MEDIAN,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY SECONDS_FROM_EVENT) AS P95,
    MAX(SECONDS_FROM_EVENT) AS MAX,
    MEDIAN(SECONDS_FROM_INGESTION) AS MEDIAN_FROM_RAW
FROM {db}.OPS.EVENT_LATENCY
WHERE EVENT_TIMESTAMP >= TO_TIMESTAMP_NTZ(?)
"""
NOW = "SELECT SYSDATE()::VARCHAR AS NOW"


@dataclass(frozen=True)
class Cadence:
    """How often tasks run and batches are written; the goal for 95 % of the events, in seconds.

    schedule: of the root tasks; None: as the profile says.
    """

    name: str
    schedule: str | None
    flags: tuple[str, ...]
    goal: float
    profile: str = LIVE


Deploy = Callable[[Machine, Cadence], None]


def deploy_with_snow(machine: Machine, cadence: Cadence) -> None:
    """As `caves deploy` does."""
    machine.deploy(cadence.schedule, cadence.profile)


CADENCES = (
    Cadence("10 seconds", "10 SECONDS", ("--batch-max-seconds", "2"), 15.0),
    Cadence("the seed's", "1 MINUTE", ("--batch-max-seconds", "60"), 125.0),
    # The goal is out of reach where events come all the time: runs begin 10 seconds apart at
    # least, so 95 % have waited for up to 9.5 of them, and then for the batch and the run.
    Cadence("fast", None, ("--batch-max-seconds", "1", "--batch-max-events", "10000"), 8.0, "fast"),
)


def row(cadence: Cadence, rate: float, figures: dict[str, Any]) -> dict[str, Any]:
    """One line of the table; seconds."""
    shown = {
        name.lower().replace("_", " "): round(float(figures[name]), 1)
        for name in ("MEDIAN", "P95", "MAX", "MEDIAN_FROM_RAW")
    }
    met = float(figures["P95"]) <= cadence.goal
    return {
        "cadence": cadence.name,
        "events/s": f"{rate:g}",
        "events": int(figures["EVENTS"]),
        **shown,
        "p95 at most": cadence.goal,
        "goal": "met" if met else "missed",
    }


def measure(machine: Machine, account: Account, rate: float, seconds: float) -> dict[str, Any]:
    """Produce at this rate for so long, wait for all to be in PRODUCTION, ask how long it took."""
    before = _arrived(account)
    begun = str(account.row(NOW)["NOW"])
    count = max(1, round(rate * seconds))
    producer = machine.start_producer("--rate", f"{rate:g}", "--count", str(count))
    if producer.wait(seconds + PATIENCE):
        raise producer.error("did not send everything")
    machine.stack.release(producer)
    deadline = time.monotonic() + PATIENCE
    while (hops := account.row(HOPS))["PENDING"] or _sum(hops) < before + count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not everything is in PRODUCTION after {PATIENCE:g} s: {hops}")
        machine.stack.check()
        time.sleep(POLL_SECONDS)
    return account.row(FIGURES, (begun,))


def _arrived(account: Account) -> int:
    return _sum(account.row(HOPS))


def _sum(hops: dict[str, Any]) -> int:
    return int(hops["RAW"]) + int(hops["REJECTED"])


@contextlib.contextmanager
def pipeline(
    cadence: Cadence, deploy: Deploy = deploy_with_snow, kind: str = TANSU
) -> Iterator[Machine]:
    """The whole pipeline on this machine, without a producer, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ProcessStack() as stack:
        place = Place(Path(folder), free_port(HOST), free_port(HOST), kind)
        machine = Machine(Project.find(), place, stack, _progress)
        machine.start_broker()
        machine.start_account()
        deploy(machine, cadence)
        machine.start_ingester(*cadence.flags)
        yield machine


def run(
    cadence: Cadence,
    rates: Sequence[float],
    seconds: float,
    deploy: Deploy = deploy_with_snow,
    kind: str = TANSU,
) -> list[dict[str, Any]]:
    """One deployment, and the rates one after the other."""
    with pipeline(cadence, deploy, kind) as machine, machine.target.connect() as account:
        return [row(cadence, rate, measure(machine, account, rate, seconds)) for rate in rates]


def _progress(text: str) -> None:
    sys.stderr.write(text + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=300, help="per rate (%(default)s)")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="events per second")
    names = [each.name for each in CADENCES]
    parser.add_argument("--cadence", choices=names, help="only this one (default: all)")
    parser.add_argument("--broker", choices=KINDS, default=TANSU, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(argv)
    chosen = [each for each in CADENCES if options.cadence in (None, each.name)]
    rows = [
        line
        for each in chosen
        for line in run(each, options.rates, options.seconds, kind=options.broker)
    ]
    harness.show("Seconds from an event to PRODUCTION", rows, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
