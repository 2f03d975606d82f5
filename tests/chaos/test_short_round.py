"""A short round with nearly every kind of fault; `make chaos` runs long ones."""

from pathlib import Path

import pytest

from tests.chaos.deployment import deploy_at_once
from tests.chaos.plan import SHORT
from tests.chaos.round import run_round

SEED = 4


@pytest.mark.timeout(600)
def test_a_short_round_under_fire_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    notes: list[str] = []
    outcome = run_round(SEED, SHORT, tmp_path, deploy_at_once, notes.append)

    assert {each.fault.kind for each in outcome.injections if each.confirmed} == set(SHORT.kinds)
    assert (outcome.reckoning.lost, outcome.reckoning.twice) == (0, 0), outcome
    assert outcome.laws_hold, outcome.verdict
    assert outcome.good, outcome
    assert outcome.reckoning.sent >= SHORT.seconds * SHORT.rate
