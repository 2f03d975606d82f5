"""The whole pipeline with everything real: broker, account, snow, ingester, producer, scheduler.

`snow` is forked from a process that has imported it (support/snow.py); in test_up.py and
test_deployment.py it is started as people start it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flocon.testing.snow import Snow

from app.caves.deployment.deploy import deploy
from app.caves.laws.verify import verify
from app.caves.machine import broker
from app.caves.machine.demo import HOPS
from app.caves.machine.programs import HOST, Machine, Place
from app.caves.machine.supervision import Process, ProcessStack, free_port
from app.caves.project import Project
from app.caves.target import Row
from tests.support.caves import snow_by

SCHEDULE = "10 SECONDS"
INGESTER = ("--batch-max-events", "10", "--batch-max-seconds", "1")
SHARES = ("--duplicate-share=0.1", "--late-share=0.1", "--bad-share=0.1", "--legacy-share=0.2")

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Broker, account, deployment and ingester, running."""
    place = Place(tmp_path, free_port(HOST), free_port(HOST))
    with ProcessStack() as stack:
        machine = Machine(Project.find(), place, stack, lambda text: None)
        machine.start_broker()
        machine.start_account()
        with closing(Snow(machine.target.environ())) as snow, snow_by(snow.run):
            machine.deploy(SCHEDULE)
            machine.start_ingester(*INGESTER)
            yield machine


def hops(machine: Machine) -> Row:
    with machine.target.connect() as account:
        return account.row(HOPS)


def wait_for(machine: Machine, what: str, condition: Callable[[Row], bool]) -> Row:
    deadline = time.monotonic() + 180
    while not condition(found := hops(machine)):
        machine.stack.check()
        assert time.monotonic() < deadline, f"{what}: {found}"
        time.sleep(1)
    return found


def all_arrived(messages: int) -> Callable[[Row], bool]:
    return lambda found: found["RAW"] + found["REJECTED"] >= messages and found["PENDING"] == 0


def counts(machine: Machine, producer: Process, exit_code: int) -> dict[str, int]:
    """What a producer that has ended says it sent."""
    assert exit_code == 0, producer.error("failed")
    machine.stack.release(producer)
    return machine.produced()


def kill(machine: Machine, *names: str) -> None:
    """kill -9, all at once."""
    for process in [each for each in machine.stack.processes if each.name in names]:
        process.kill()
        machine.stack.release(process)


def assert_laws_hold(machine: Machine) -> None:
    with machine.target.connect() as account:
        verdicts = verify(account)
    assert {each.law.title: each.broken for each in verdicts if not each.holds} == {}
    assert [each.in_flight for each in verdicts] == [0, 0, 0, 0, 0]


def test_events_reach_production_through_power_cuts_and_a_new_version(machine: Machine) -> None:
    producer = machine.start_producer("--seed=7", "--rate=15", *SHARES)
    wait_for(machine, "first orders in production", lambda found: found["ORDERS"] > 0)

    # The power goes while messages come in and tasks have rows to move.
    kill(machine, "account", "ingester")
    machine.start_account()
    machine.start_ingester(*INGESTER)

    before = hops(machine)["ORDERS"]
    wait_for(machine, "orders after the cut", lambda found: found["ORDERS"] > before)
    sent = counts(machine, producer, producer.stop())
    found = wait_for(machine, "everything", all_arrived(sent["messages"]))
    assert_laws_hold(machine)
    assert min(sent[kind] for kind in ("duplicates", "late", "bad", "legacy")) > 0
    assert found["RAW"] + found["REJECTED"] == sent["messages"]
    assert found["REJECTED"] == sent["bad_at_ingest"]
    assert (found["ORDERS"], found["HISTORY"]) == (sent["orders"], sent["adjustments"])

    deploy_quieter_payment_methods(machine)
    producer = machine.start_producer("--seed=8", "--rate=0", "--count=20")
    more = counts(machine, producer, producer.wait(60))
    wait_for(machine, "the second delivery", all_arrived(sent["messages"] + more["messages"]))
    assert_laws_hold(machine)
    with machine.target.connect() as account:
        rows = account.rows(
            "SELECT PAYMENT_METHOD = LOWER(PAYMENT_METHOD) AS QUIET, COUNT(*) AS N"
            " FROM {db}.PRODUCTION.ORDERS GROUP BY 1"
        )
    assert {row["QUIET"]: row["N"] for row in rows} == {False: sent["orders"], True: more["orders"]}


def deploy_quieter_payment_methods(machine: Machine) -> None:
    """A new version of the code, as a developer would ship it while everything runs."""
    with Project.find().copy_for_deployment() as changed:
        module = changed.root / "procedures" / "event_kinds.py"
        old = 'Field("payment_method", TEXT)'
        new = 'Field("payment_method", TEXT, default=Default("in small letters", F.lower))'
        text = module.read_text(encoding="utf-8")
        assert text.count(old) == 1
        module.write_text(text.replace(old, new), encoding="utf-8")
        deploy(changed, machine.target, {"task_schedule": SCHEDULE}, lambda text: None)


def test_the_broker_is_ready_when_it_says_so(tmp_path: Path) -> None:
    port = free_port(HOST)
    assert not broker.is_ready(port, HOST)
    with ProcessStack() as stack:
        process = stack.start("broker", broker.command(port, HOST), tmp_path / "broker.log")
        process.wait_until(lambda: broker.is_ready(port, HOST), 20)
        broker.create_topic(f"{HOST}:{port}", "t", 2)
        broker.create_topic(f"{HOST}:{port}", "t", 2)
