"""Settings: what each may be, wherever it comes from, before anything is done."""

from pathlib import Path
from typing import Any

import pytest

from app.caves import cli
from app.caves.deployment.desired_state import desired_state
from app.caves.errors import UsageError
from app.caves.project import Project
from app.caves.settings import CHECKS, check, check_name, effective
from app.caves.target import Target

RIGHT = [
    ("database", "_caves$2"),
    ("task_schedule", "10 SECONDS"),
    ("task_schedule", "8 hours"),
    ("task_schedule", "11520 M"),
    ("task_schedule", "USING CRON 0,30 9-17/2 * JAN-MAR MON-FRI Europe/Paris"),
    ("task_schedule", "using cron 59 23 L 12 5L UTC"),
    ("task_trigger", ""),
    ("task_trigger", "SCHEDULE = '1 MINUTE'"),
    ("task_trigger", "USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS = 10"),
    ("batch_max_seconds", "0.5"),
    ("alert_schedule", "60 MINUTES"),
    ("alert_recipients", ""),
    ("warehouse_generation", "2"),
    ("monitor_notify_users", ""),
    ("monitor_notify_users", 'ANNA, "Otto Berg"'),
    ("alert_warehouse", ""),
    ("alert_warehouse", "WAREHOUSE = ALERT_WH"),
    ("dashboard_runtime", "SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"),
    ("dashboard_compute_pool", "SHOP_POOL"),
    ("shop_time_zone", "Pacific/Auckland"),
    ("shop_time_zone", "UTC"),
    ("shop_language", "fr"),
    ("alert_recipients", "o'brien@example.com, cave+albert@shop.example.fr"),
    ("alert_webhook_integration", ""),
    ("of_somebody_else", "Château 12, a@b: c/d"),
]
WRONG = [
    ("database", "my-db"),
    ("database", ""),
    ("warehouse", "my-wh"),
    ("warehouse", "W; DROP DATABASE X"),
    ("warehouse", "W" * 256),
    ("task_schedule", "5 fortnights"),
    ("task_schedule", "9 SECONDS"),
    ("task_schedule", "11521 MINUTE"),
    ("task_schedule", "1 MINUTE'; DROP DATABASE X; --"),
    ("task_schedule", "USING CRON 61 * * * * UTC"),
    ("task_schedule", "USING CRON * * * * UTC"),
    ("task_schedule", "USING CRON * 5-4 * * * UTC"),
    ("task_schedule", "USING CRON */0 * * * * UTC"),
    ("task_schedule", "USING CRON * * * * * Mars/Olympus"),
    ("task_schedule", "USING CRON * * * * * ../../etc/passwd"),
    ("task_schedule", "٣ MINUTE"),
    ("task_trigger", "SCHEDULE = '5 fortnights'"),
    ("task_trigger", "SCHEDULE = '1 MINUTE' CONFIG = $${}$$"),
    ("batch_max_events", "0"),
    ("batch_max_events", "1e3"),
    ("batch_max_seconds", "nan"),
    ("batch_max_seconds", "-1"),
    ("latency_threshold", ""),
    ("latency_threshold", "0"),
    ("monthly_credits", "800 FREQUENCY = NEVER"),
    ("low_stock_threshold", "fifty"),
    ("low_stock_threshold", "10000000000"),
    ("low_stock_threshold", "5\n"),
    ("raw_retention_days", "-1"),
    ("staging_retention_days", "0"),
    ("alert_schedule", "30 SECONDS"),
    ("alert_email_integration", "CAVES MAIL"),
    ("alert_recipients", "albert"),
    ("warehouse_generation", "3"),
    ("monitor_notify_users", "ANNA) TRIGGERS ON 1 PERCENT DO SUSPEND_IMMEDIATE --"),
    ("monitor_notify_users", "ANNA,"),
    ("alert_warehouse", "ALERT_WH"),
    ("alert_warehouse", "WAREHOUSE = A; DROP DATABASE B"),
    ("dashboard_runtime", ""),
    ("dashboard_runtime", "SYSTEM$WAREHOUSE"),
    ("dashboard_compute_pool", ""),
    ("shop_time_zone", ""),
    ("shop_time_zone", "localtime"),
    ("shop_time_zone", "europe/paris"),
    ("shop_time_zone", "UTC', SYSDATE()) --"),
    ("shop_time_zone", "../../etc/passwd"),
    ("shop_language", "FR"),
    ("shop_language", "de"),
    ("alert_recipients", "a@example.com b@example.com"),
    ("alert_recipients", "a@example.com\\', 'b'"),
    ("alert_recipients", "a@example.com,"),
    ("alert_recipients", "<% ctx.env.database %>@example.com"),
    ("alert_recipients", "a\u202e@example.com"),
    ("of_somebody_else", "'; DROP DATABASE X; --"),
]


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_values_that_a_setting_may_have(name: str, value: str) -> None:
    check({name: value})


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_values_that_it_may_not(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}=.*: expected "):
        check({name: value})


def test_every_setting_has_its_values() -> None:
    env = Project.find().env

    assert [name for name in env if name not in CHECKS and not name.startswith("profile_")] == []
    check({name: value for name, value in env.items() if name in CHECKS and "<%" not in value})


def test_mail_goes_to_somebody() -> None:
    with pytest.raises(UsageError, match="alert_recipients are not"):
        check({"alert_email_integration": "CAVES_MAIL", "alert_recipients": ""})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("low_stock_treshold", "did you mean low_stock_threshold? it has "),
        ("TASK_SCHEDULE", "did you mean task_schedule? it has "),
        ("xyzzy", "no such setting; it has database, "),
        ("profile_economy", "no such setting; "),
    ],
)
def test_a_setting_that_there_is_not_is_told_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UsageError) as raised:
        check_name(name, Project.find().env)
    assert near in str(raised.value)


@pytest.fixture
def never_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(target: Target, **parameters: Any) -> None:
        raise AssertionError("a command with a wrong setting must not get this far")

    monkeypatch.setattr(Target, "connect", connect)
    monkeypatch.setattr(Target, "snow", connect)


@pytest.mark.usefixtures("never_connects")
@pytest.mark.parametrize(
    "command", [["deploy"], ["deploy", "--plan"], ["bootstrap"], ["cost"], ["verify"]]
)
@pytest.mark.parametrize("setting", ["low_stock_threshold=fifty", "warehouse=w; drop database x"])
def test_a_wrong_setting_is_wrong_use_before_anything_is_done(
    command: list[str], setting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "-c", "x", "--env", setting]) == 2
    assert capsys.readouterr().err.startswith(f"caves: {setting.partition('=')[0]}=")


@pytest.mark.usefixtures("never_connects")
def test_a_variable_of_the_environment_is_a_setting_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("low_stock_threshold", "fifty")

    assert cli.main(["deploy", "--plan", "-c", "x"]) == 2
    assert "low_stock_threshold=fifty: expected a whole number" in capsys.readouterr().err


def test_the_environment_names_the_database_and_a_flag_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def connect(target: Target, **parameters: Any) -> None:
        asked.append(target.database)
        raise KeyboardInterrupt

    monkeypatch.setattr(Target, "connect", connect)
    monkeypatch.setenv("database", "caves_dev")
    for flags in ([], ["--env", "database=CAVES_TEST"], ["--database", "CAVES_TEST"]):
        cli.main(["verify", "-c", "x", *flags])
    assert asked == ["CAVES_DEV", "CAVES_TEST", "CAVES_TEST"]


@pytest.mark.usefixtures("never_connects")
def test_a_profile_that_is_wrong_is_found_before_it_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Project.find().root / "snowflake.yml").read_text("utf-8")
    wrong = text.replace("latency_threshold=900", "latency_threshold=soon")
    (tmp_path / "snowflake.yml").write_text(wrong, "utf-8")

    assert cli.main(["deploy", "--plan", "-c", "x", "--project", str(tmp_path)]) == 2
    assert "latency_threshold=soon: expected a whole number" in capsys.readouterr().err


@pytest.mark.usefixtures("never_connects")
@pytest.mark.parametrize("content", [b"env: [", b"\xff\xfe", b"- a\n", b"env: 3\n"])
def test_a_manifest_that_cannot_be_read_is_wrong_use(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "snowflake.yml").write_bytes(content)

    assert cli.main(["verify", "-c", "x", "--project", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"caves: {tmp_path}/snowflake.yml ")
    assert error.count("\n") == 1


def test_a_reference_to_a_setting_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="there is no setting nowhere"):
        effective({"task_schedule": "<% ctx.env.nowhere %>"}, {})


def test_the_plan_fills_in_what_the_deployment_does() -> None:
    """The filter of the SQL file means the same to `snow` and to the plan."""
    project = Project.find()
    env = {**effective(project.env, {}), "alert_recipients": "o'brien@example.com"}
    [alert] = desired_state(project, env).of("ALERT").values()
    assert "'o''brien@example.com'" in alert.text
