"""One round: start everything, strike by plan, let it drain, and reckon up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from app.caves.deployment.deploy import Progress
from app.caves.laws import verify
from app.caves.machine.demo import HOPS
from app.caves.machine.programs import HOST, Machine
from app.caves.machine.supervision import ProcessStack, free_port
from app.caves.objects import ROOT_TASKS
from app.caves.operations.tasks import RUNS
from tests.chaos.faults import Injection, Steps, inject
from tests.chaos.plan import Fault, Scale, plan
from tests.chaos.proxy import Proxy
from tests.chaos.reckoning import Place, Reckoning, Row, ends_of, reckon, recovery
from tests.chaos.supervised_programs import SupervisedPrograms

DRAIN_SECONDS = 240.0
LOOK_SECONDS = 1.0
STORED = """
SELECT KAFKA_PARTITION AS P, KAFKA_OFFSET AS O, INGESTION_TIMESTAMP AS T
FROM {db}.RAW_DATA.RAW_EVENTS_STREAM
UNION ALL
SELECT KAFKA_PARTITION AS P, KAFKA_OFFSET AS O, REJECTED_AT AS T
FROM {db}.RAW_DATA.REJECTED_EVENTS
WHERE STAGE = 'INGEST'
"""


@dataclass
class Outcome:
    seed: int
    folder: Path
    injections: list[Injection] = field(default_factory=list)
    reckoning: Reckoning = field(default_factory=Reckoning)
    produced: int = 0
    verdict: dict[str, Any] = field(default_factory=dict)
    fenced: int = 0  # batches that the fence refused
    settled: int = 0  # COMMITs without an answer that were found to have taken effect
    restarts: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def laws_hold(self) -> bool:
        return bool(self.verdict.get("holds"))

    @property
    def good(self) -> bool:
        return (
            self.laws_hold
            and self.reckoning.is_exact
            and self.reckoning.sent >= self.produced > 0
            and all(each.confirmed and each.recovered is not None for each in self.injections)
            and not self.complaints
        )


def run_round(
    seed: int,
    scale: Scale,
    folder: Path,
    deploy: Callable[[Machine, str], None],
    progress: Progress,
) -> Outcome:
    """Raises only where the round itself could not be run. The folder keeps data and logs."""
    outcome, started = Outcome(seed, folder), time.monotonic()
    proxy = Proxy(free_port(HOST), clients=scale.ingesters + 1)
    with ProcessStack() as stack, proxy.running():
        supervised = SupervisedPrograms(folder, scale, proxy, stack, deploy)
        supervised.start()
        progress(f"round {seed}: everything runs")
        supervised.start_producer(seed)
        _strike(supervised, plan(seed, scale.seconds, scale), outcome, progress)
        outcome.produced = supervised.stop_producer()
        sent = supervised.sent()
        progress(f"round {seed}: {len(sent)} messages in the topic; draining")
        if complaint := _drain(supervised, len(sent)):
            outcome.complaints.append(complaint)
        outcome.complaints += supervised.leave()
        _judge(supervised, sent, outcome)
    outcome.seconds = time.monotonic() - started
    return outcome


def _strike(
    supervised: SupervisedPrograms, faults: tuple[Fault, ...], outcome: Outcome, progress: Progress
) -> None:
    """Begin each fault at its moment, and step those that go on, until all are over.

    There are events all the time: some faults wait for a batch to strike.
    """
    started, waiting, active = time.monotonic(), list(faults), list[Steps]()
    now = 0.0
    while waiting or active or now < supervised.scale.seconds:
        now = time.monotonic() - started
        while waiting and waiting[0].at <= now:
            injection = Injection(waiting.pop(0), time.time())
            outcome.injections.append(injection)
            active.append(inject(supervised, injection))
            progress(f"  {now:5.1f} s  {injection.fault.kind.value}")
        active = [steps for steps in active if _step(steps)]
        supervised.tick()


def _step(steps: Steps) -> bool:
    """False: it is over."""
    try:
        next(steps)
    except StopIteration:
        return False
    return True


def _drain(supervised: SupervisedPrograms, messages: int) -> str | None:
    """Wait until every message is in, the streams are empty and no task runs; or the complaint."""
    deadline, next_look, hops = time.monotonic() + DRAIN_SECONDS, 0.0, {}
    while time.monotonic() < deadline:
        supervised.tick()
        if time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + LOOK_SECONDS
        [hops] = supervised.rows(HOPS)
        if hops["RAW"] + hops["REJECTED"] < messages:
            continue
        busy = [row for row in supervised.rows(RUNS) if row["STATE"] == "EXECUTING"]
        if not hops["PENDING"] and not busy:
            return None
        if hops["PENDING"] and not busy and supervised.scale.hurry:
            for task in ROOT_TASKS:
                supervised.rows(f"EXECUTE TASK {{db}}.{task}")
    return f"not drained after {DRAIN_SECONDS:g} s: {hops} of {messages} messages"


def _judge(supervised: SupervisedPrograms, sent: list[Place], outcome: Outcome) -> None:
    stored = [
        Row(int(row["P"]), int(row["O"]), row["T"].replace(tzinfo=UTC).timestamp())
        for row in supervised.rows(STORED)
    ]
    outcome.reckoning = reckon(sent, stored)
    outcome.verdict = _verify(supervised)
    in_flight = sum(law["figures"].get("IN_FLIGHT", 0) for law in outcome.verdict["laws"])
    if in_flight:
        outcome.complaints.append(f"{in_flight} rows are still in flight")
    logs = "".join(supervised.log(slot) for slot in (*supervised.ingesters, supervised.guest))
    outcome.fenced = logs.count("rows of INGEST_OFFSETS were as expected")
    outcome.settled = logs.count("the COMMIT had taken effect")
    outcome.restarts = [each for slot in supervised.ingesters for each in slot.restarts]
    ends = ends_of(sent)
    for injection in outcome.injections:
        if injection.over is not None:
            injection.recovered = recovery(stored, injection.over, ends)


def _verify(supervised: SupervisedPrograms) -> dict[str, Any]:
    """What `caves verify` finds."""
    target = supervised.machine.target
    with target.connect() as account:
        return verify.as_json(verify.verify(account), target.database, None)
