"""The rule of what a warehouse costs, by literal figures."""

from dataclasses import replace

import pytest

from app.caves.cost_model import Inputs, batch_period, billed, credits_per_hour, estimate

LIVE = Inputs(events_per_second=1, batch_seconds=60, batch_events=50, task_every=60)
ECONOMY = replace(LIVE, batch_seconds=600, batch_events=10_000, task_every=None)


@pytest.mark.parametrize(
    ("work", "auto_suspend", "resumes", "seconds"),
    [
        pytest.param([], 60, 0, 0, id="no work costs nothing"),
        pytest.param([(0, 10)], 60, 1, 70, id="work and the idle time after it"),
        pytest.param([(0, 10)], 30, 1, 60, id="at least a minute"),
        pytest.param([(0, 10), (70, 80)], 60, 1, 140, id="what comes before it sleeps prolongs it"),
        pytest.param([(0, 10), (71, 80)], 60, 2, 139, id="what comes later wakes it again"),
        pytest.param([(71, 80), (0, 10)], 60, 2, 139, id="in any order"),
        pytest.param([(0, 100), (10, 20)], 60, 1, 160, id="work inside of other work is free"),
        pytest.param([(100, 101)], None, 1, 86_400, id="without AUTO_SUSPEND it never sleeps"),
        pytest.param([(100, 101)], 0, 1, 86_400, id="nor with 0"),
        pytest.param([(60 * n, 60 * n + 1) for n in range(1440)], 60, 1, 86_400, id="each minute"),
        pytest.param([(61 * n, 61 * n) for n in range(1416)], 60, 1416, 84_960, id="just too late"),
    ],
)
def test_a_warehouse_is_billed_while_it_is_awake(
    work: list[tuple[float, float]], auto_suspend: float, resumes: int, seconds: float
) -> None:
    assert billed(work, auto_suspend) == (resumes, seconds)


def test_a_task_each_minute_keeps_the_warehouse_awake_24_credits_a_day() -> None:
    found = estimate(LIVE)

    assert (found.resumes, found.awake_hours) == (1, 24)
    assert (found.credits_per_day, found.credits_per_month) == (24, 720)
    assert found.latency_seconds == 50 + 2 + 60 + 10


def test_generation_2_costs_a_third_more() -> None:
    """32 credits a day instead of 24: 800 credits are gone on day 25."""
    found = estimate(replace(LIVE, generation="2"))

    assert found.credits_per_day == pytest.approx(32.4)
    assert credits_per_hour("X-Small", "2") == pytest.approx(1.35)
    assert credits_per_hour("Medium", "2") == pytest.approx(5.4)
    assert credits_per_hour("X-Small", "3") == credits_per_hour("X-Small", "2")


def test_ten_minutes_and_triggered_tasks_need_one_short_wake_up_each() -> None:
    """Each: 2 s of a batch, 5 s until the trigger, 30 s until the packages are there, 10 s of a
    run, 60 s idle; 601 s apart. So much later an event may be, too."""
    found = estimate(ECONOMY)

    assert (found.batches, found.runs, found.resumes) == (144, 144, 145)
    assert found.awake_hours == pytest.approx((144 * 107 + 120) / 3600)
    assert found.credits_per_day == pytest.approx(4.3133, abs=0.001)
    assert found.latency_seconds == 600 + 2 + 30 + 30 + 10


def test_a_schedule_of_its_own_wakes_the_warehouse_twice() -> None:
    scheduled = estimate(replace(ECONOMY, task_every=600))

    assert scheduled.resumes == pytest.approx(2 * 144, abs=2)
    assert scheduled.credits_per_day == pytest.approx(6.5, abs=0.1)


def test_a_warehouse_that_never_sleeps_starts_no_procedure_cold() -> None:
    without = estimate(replace(LIVE, cold_start_seconds=0))

    assert estimate(LIVE) == without
    assert estimate(replace(ECONOMY, auto_suspend=None)).latency_seconds == 600 + 2 + 30 + 10


def test_events_that_come_half_the_day_cost_half_of_it() -> None:
    found = estimate(replace(LIVE, active_share=0.5))

    assert found.credits_per_day == pytest.approx(12, abs=0.1)
    assert (found.batches, found.resumes) == (864, 2)


def test_without_events_there_is_the_nightly_purge_alone() -> None:
    found = estimate(replace(LIVE, events_per_second=0))

    assert found[:4] == (0, 0, 0, 1)
    assert found.credits_per_day == pytest.approx(120 / 3600)


def test_while_nothing_is_sold_each_sign_of_life_is_a_wake_up_of_its_own() -> None:
    """Of 62 seconds each: 2 for the commit, 60 idle. In half a day every 300 s that is 2.5 credits,
    every hour 0.2."""
    half = replace(LIVE, active_share=0.5)
    often = estimate(replace(half, sign_every=300))
    rarely = estimate(replace(half, sign_every=3600))

    assert (often.signs, rarely.signs) == (144, 12)
    without = estimate(half).credits_per_day
    assert often.credits_per_day == pytest.approx(without + 144 * 62 / 3600, abs=0.05)
    assert rarely.credits_per_day == pytest.approx(without + 12 * 62 / 3600, abs=0.05)


def test_a_batch_is_as_good_as_a_sign_so_a_busy_day_has_none() -> None:
    assert estimate(replace(LIVE, sign_every=300)) == estimate(LIVE)
    assert estimate(replace(ECONOMY, sign_every=3600)) == estimate(ECONOMY)
    one_an_hour = replace(LIVE, events_per_second=1 / 3600, batch_seconds=60)
    assert estimate(replace(one_an_hour, sign_every=1800)).signs == 24


def test_alerts_that_ask_each_minute_undo_every_economy() -> None:
    assert estimate(replace(ECONOMY, alert_every=60)).credits_per_day == 24


def test_a_larger_warehouse_doubles_the_credits() -> None:
    assert estimate(replace(LIVE, warehouse_size="Medium")).credits_per_day == 96


@pytest.mark.parametrize(
    ("size", "credits"),
    [
        ("X-Small", 1),
        ("XSMALL", 1),
        ("Small", 2),
        ("XXLARGE", 32),
        ("2X-Large", 32),
        ("4X-Large", 128),
    ],
)
def test_sizes_are_known_by_all_their_names(size: str, credits: float) -> None:
    assert credits_per_hour(size) == credits


@pytest.mark.parametrize(
    ("rate", "seconds", "events", "period"),
    [
        pytest.param(1, 60, 50, 50, id="full before its time"),
        pytest.param(0.5, 60, 50, 62, id="due before it is full"),
        pytest.param(100, 60, 50, 2, id="one after the other"),
        pytest.param(1 / 3600, 60, 50, 3600, id="one event an hour"),
        pytest.param(0, 60, 50, None, id="none"),
    ],
)
def test_a_batch_is_due_by_time_or_by_number(
    rate: float, seconds: float, events: float, period: float | None
) -> None:
    inputs = replace(LIVE, events_per_second=rate, batch_seconds=seconds, batch_events=events)
    assert batch_period(inputs) == pytest.approx(period) if period else batch_period(inputs) is None


def test_a_triggered_task_runs_every_half_minute_at_most() -> None:
    found = estimate(replace(LIVE, events_per_second=100, task_every=None))

    assert found.batches == 43_200
    assert found.runs == pytest.approx(2880, abs=2)


def test_a_triggered_task_may_run_every_ten_seconds_at_most_and_events_wait_less() -> None:
    fast = replace(LIVE, batch_seconds=1, batch_events=10_000, task_every=None, trigger_every=10)
    found = estimate(fast)

    assert found.runs == pytest.approx(8640, abs=2)
    assert found.latency_seconds == 1 + 2 + 10 + 10
    # Batches and runs follow one another: it never sleeps, as with a run each minute.
    assert (found.resumes, found.credits_per_day) == (1, 24)
