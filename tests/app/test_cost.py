"""`caves cost --offline`, through the command; what is measured is in test_operating.py."""

import json
from typing import Any

import pytest

from app.caves import cli
from app.caves.cost_inputs import Known, inputs
from app.caves.errors import UsageError
from app.caves.project import Project
from app.caves.settings import effective

SETTINGS = effective(Project.find().env, {})


def offline(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert cli.main(["cost", "--offline", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_offline_every_profile_is_told_from_assumptions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = offline(capsys)

    live, fast, triggered, economy = found["profiles"]
    assert (live["PROFILE"], live["TASKS"], live["RESUMES"]) == ("live", "each 1 MINUTE", 1)
    assert (live["CREDITS_A_DAY"], live["CREDITS_A_MONTH"]) == (24, 720)
    assert live["SECONDS_AT_MOST"] == 122
    assert live["INGESTER"] == (
        "--batch-max-seconds 60 --batch-max-events 50 --sign-of-life-seconds 300"
    )
    assert {each["TASKS"] for each in (fast, triggered, economy)} == {"triggered"}
    assert [each["ALERTS"] for each in found["profiles"]] == [288, 288, 96, 24]
    assert (fast["CREDITS_A_DAY"], fast["SECONDS_AT_MOST"]) == (24, 23)
    # The shop's promise is five minutes: cheaper within it, and cheap without it.
    assert triggered["SECONDS_AT_MOST"] < 300 < economy["SECONDS_AT_MOST"]
    assert economy["CREDITS_A_DAY"] < triggered["CREDITS_A_DAY"] < live["CREDITS_A_DAY"]
    assert {each["SOURCE"].partition(":")[0] for each in found["inputs"]} == {"assumed"}
    assert found["warehouse"] is None


def test_a_rate_and_a_price_say_what_if(capsys: pytest.CaptureFixture[str]) -> None:
    found = offline(capsys, "--profile", "economy", "--rate", "0", "--price-per-credit", "4")

    [economy] = found["profiles"]
    assert (economy["BATCHES"], economy["SIGNS"], economy["RUNS"]) == (0, 23, 0)
    # The purge has one of its own.
    assert economy["RESUMES"] == 24
    assert economy["PRICE_A_MONTH"] == pytest.approx(economy["CREDITS_A_MONTH"] * 4, abs=0.5)
    sources = {each["INPUT"]: each["SOURCE"] for each in found["inputs"]}
    assert sources["events_per_second"] == "--rate"


def test_the_generation_is_the_settings_or_that_of_the_warehouse_that_is_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    [live] = offline(capsys, "--profile", "live", "--env", "warehouse_generation=2")["profiles"]
    assert live["CREDITS_A_DAY"] == pytest.approx(32.4)

    known = Known({"generation": "2"}, {"generation": "SHOW WAREHOUSES: W"})
    assert inputs(known, {**SETTINGS, "warehouse_generation": "1"}).generation == "2"


def test_an_alert_wakes_a_warehouse_only_where_it_has_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    serverless = offline(capsys, "--profile", "economy")["profiles"][0]
    on_it = offline(
        capsys, "--profile", "economy", "--env", "alert_warehouse=WAREHOUSE = COMPUTE_WH"
    )["profiles"][0]
    assert serverless["ALERTS"] == on_it["ALERTS"] == 24
    assert serverless["RESUMES"] < on_it["RESUMES"]


def test_a_setting_wins_over_the_profile_as_in_a_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = offline(capsys, "--profile", "economy", "--env", "batch_max_seconds=300")

    [economy] = found["profiles"]
    assert economy["INGESTER"] == (
        "--batch-max-seconds 300 --batch-max-events 10000 --sign-of-life-seconds 3600"
    )
    assert economy["SECONDS_AT_MOST"] == 372


def test_the_page_begins_with_what_each_profile_costs_and_how_fast_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["cost", "--offline"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "live      720 credits a month; an event is in PRODUCTION after 122 s at most"
    )
    assert [line.split()[0] for line in lines[:4]] == ["live", "fast", "triggered", "economy"]
    assert max(len(line) for line in lines[:4]) <= 80


def test_the_page_shows_the_rule_the_inputs_and_the_estimates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["cost", "--offline", "--profile", "live"]) == 0

    page = capsys.readouterr().out
    for text in ("for at least 60 seconds each time", "auto_suspend", "24.00", "720.00"):
        assert text in page
    assert "live: start the ingester with --batch-max-seconds 60 --batch-max-events 50" in page


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--rate", "-1"], id="rate"),
        pytest.param(["--price-per-credit", "nan"], id="price"),
        pytest.param(["--profile", "cheap"], id="unknown profile"),
    ],
)
def test_what_makes_no_sense_is_wrong_use(arguments: list[str]) -> None:
    assert cli.main(["cost", "--offline", *arguments]) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_max_seconds": "soon"}, "batch_max_seconds in snowflake.yml is not a number"),
        ({"task_trigger": "SCHEDULE = 'USING CRON 0 * * * * UTC'"}, "only of intervals"),
    ],
)
def test_settings_without_a_figure_are_named(settings: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        inputs(Known(), {**SETTINGS, **settings})
