"""The plan of a round, and the reckoning at its end."""

from collections import Counter
from itertools import combinations

import pytest

from tests.chaos.plan import FULL, SHORT, Fault, Kind, Scale, on_kafka, plan, struck, with_files
from tests.chaos.proxy import header, statement
from tests.chaos.reckoning import Reckoning, Row, ends_of, reckon, recovery

SCALES = [
    pytest.param(FULL, id="full"),
    pytest.param(SHORT, id="short"),
    pytest.param(on_kafka(FULL), id="kafka"),
    pytest.param(with_files(on_kafka(FULL)), id="files"),
]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("seed", range(25))
def test_each_kind_strikes_within_the_time_and_nothing_is_struck_twice_at_once(
    scale: Scale, seed: int
) -> None:
    faults = plan(seed, scale.seconds, scale)
    assert plan(seed, scale.seconds, scale) == faults
    assert {fault.kind for fault in faults} == set(scale.kinds)
    assert list(faults) == sorted(faults, key=lambda fault: fault.at)
    assert all(0 < fault.at <= scale.seconds for fault in faults)
    for one, other in combinations(faults, 2):
        if struck(one) & struck(other):
            assert one.at + one.seconds < other.at


def test_a_plan_is_known_from_its_seed() -> None:
    assert plan(1, 60)[:3] == (
        Fault(3.11, Kind.REBALANCE, 5.0),
        Fault(4.59, Kind.KILL_INGESTER, 2.33, target=2),
        Fault(8.68, Kind.KILL_ACCOUNT, 1.42),
    )
    assert plan(2, 60) != plan(1, 60)


def test_more_time_means_more_faults() -> None:
    few, many = Counter(map(kind, plan(1, 60))), Counter(map(kind, plan(1, 240)))
    assert (few.total(), many.total()) == (14, 29)


def kind(fault: Fault) -> Kind:
    return fault.kind


def test_a_frozen_ingester_sleeps_until_others_have_its_partitions() -> None:
    for seed in range(50):
        frozen = [each for each in plan(seed, 60) if each.kind.name.startswith("FREEZE")]
        assert len(frozen) == 2
        assert all(each.seconds > 2 * FULL.session for each in frozen)


def test_too_short_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="10 s are too short for 9 faults"):
        plan(1, 10)


def test_the_reckoning_counts_what_is_lost_twice_and_unfounded() -> None:
    sent = [(0, 0), (0, 1), (1, 0), (1, 1)]
    stored = [Row(0, 0, 1.0), Row(0, 1, 1.0), Row(0, 1, 2.0), Row(1, 1, 2.0), Row(2, 7, 3.0)]
    found = reckon(sent, stored)
    assert found == Reckoning(sent=4, lost=1, twice=1, unfounded=1)
    assert not found.is_exact
    assert reckon(sent, [Row(p, o, 0.0) for p, o in sent]) == Reckoning(sent=4)


def test_recovery_is_when_the_last_partition_has_moved_on() -> None:
    stored = [
        Row(0, 0, 10.0), Row(0, 1, 21.0), Row(0, 2, 29.0), Row(1, 0, 10.0), Row(1, 1, 24.5),
        Row(2, 0, 10.0),
    ]  # fmt: skip
    assert recovery(stored, 20.0, {0: 3, 1: 2, 2: 1}) == 4.5
    assert recovery(stored, 30.0, {0: 3, 1: 2, 2: 1}) == 0.0
    assert recovery(stored, 20.0, {0: 3, 1: 2, 2: 2}) is None
    assert ends_of([(0, 2), (0, 0), (1, 4)]) == {0: 3, 1: 5}


def test_the_proxy_knows_a_statement_from_other_requests() -> None:
    query = b"POST /queries/v1/query-request?requestId=1 HTTP/1.1\r\ncontent-length: 20\r\n\r\n"
    login = query.replace(b"/queries/v1/query-request", b"/session/v1/login-request")
    assert header(query, "Content-Length") == "20"
    assert header(query, "Content-Encoding") is None
    assert statement(query, b'{"sqlText": " commit"}') == "COMMIT"
    assert statement(login, b'{"sqlText": "commit"}') == ""
