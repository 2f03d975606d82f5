import pytest

from app.caves import cli
from app.caves.errors import UsageError
from app.caves.project import Project
from app.caves.settings import effective, ingester_flags, profile_names

ENV = {
    "task_schedule": "1 MINUTE",
    "task_trigger": "SCHEDULE = '<% ctx.env.task_schedule %>'",
    "batch_max_seconds": "60",
    "batch_max_events": "50",
    "profile": "live",
    "profile_calm": "task_schedule=15 MINUTES; batch_max_seconds=900",
    "profile_prompt": "task_trigger=",
}


def test_live_is_what_the_manifest_says() -> None:
    assert effective(ENV, {}) == {
        "task_schedule": "1 MINUTE",
        "task_trigger": "SCHEDULE = '1 MINUTE'",
        "batch_max_seconds": "60",
        "batch_max_events": "50",
        "profile": "live",
    }


def test_a_profile_takes_the_place_of_the_settings_that_it_names() -> None:
    assert effective(ENV, {"profile": "calm"}) == {
        "task_schedule": "15 MINUTES",
        "task_trigger": "SCHEDULE = '15 MINUTES'",
        "batch_max_seconds": "900",
        "batch_max_events": "50",
        "profile": "calm",
    }


def test_what_env_says_wins_over_the_profile() -> None:
    found = effective(ENV, {"profile": "calm", "task_schedule": "10 SECONDS"})

    assert found["task_trigger"] == "SCHEDULE = '10 SECONDS'"
    assert found["batch_max_seconds"] == "900"


def test_the_manifest_names_the_profile_unless_a_flag_does() -> None:
    env = {**ENV, "profile": "prompt"}

    assert effective(env, {})["task_trigger"] == ""
    assert effective(env, {"profile": "live"})["task_trigger"] == "SCHEDULE = '1 MINUTE'"


def test_a_schedule_for_tasks_that_have_none_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="'prompt' starts the tasks by their streams"):
        effective(ENV, {"profile": "prompt", "task_schedule": "10 SECONDS"})


def test_a_schedule_for_tasks_with_an_interval_of_their_triggers_is_wrong_use() -> None:
    interval = "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10"
    env = {**ENV, "profile_prompt": f"task_trigger={interval}"}
    assert effective(env, {"profile": "prompt"})["task_trigger"] == interval
    with pytest.raises(UsageError, match="'prompt' starts the tasks by their streams"):
        effective(env, {"profile": "prompt", "task_schedule": "10 SECONDS"})


@pytest.mark.parametrize(
    ("env", "name", "message"),
    [
        pytest.param(ENV, "cheap", "no profile 'cheap'.* live, calm, prompt", id="unknown"),
        pytest.param({**ENV, "profile_x": "10 MINUTES"}, "x", "'10 MINUTES' is not", id="no name"),
        pytest.param({**ENV, "profile_x": "a=1"}, "x", "'a=1' is not", id="no setting of env"),
        pytest.param(
            {**ENV, "profile_x": "profile=calm"}, "x", "is not NAME", id="another profile"
        ),
    ],
)
def test_a_profile_that_makes_no_sense_is_wrong_use(
    env: dict[str, str], name: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        effective(env, {"profile": name})


@pytest.mark.parametrize("command", ["deploy", "up"])
def test_an_unknown_profile_stops_before_anything_is_done(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, "--profile", "cheap"]) == 2
    assert capsys.readouterr().err == (
        "caves: no profile 'cheap': snowflake.yml has live, fast, triggered, economy\n"
    )


def test_the_ingesters_share_is_its_own_flags() -> None:
    flags = ingester_flags(effective(ENV, {"profile": "calm"}))

    assert flags == ["--batch-max-seconds", "900", "--batch-max-events", "50"]


def test_every_profile_of_the_manifest_makes_sense() -> None:
    env = Project.find().env

    assert profile_names(env) == ["live", "fast", "triggered", "economy"]
    found = {name: effective(env, {"profile": name}) for name in profile_names(env)}
    assert {name: each["task_trigger"] for name, each in found.items()} == {
        "live": "SCHEDULE = '1 MINUTE'",
        "fast": "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10",
        "triggered": "",
        "economy": "",
    }
    assert " ".join(ingester_flags(found["economy"])) == (
        "--batch-max-seconds 600 --batch-max-events 10000 --sign-of-life-seconds 3600"
    )
