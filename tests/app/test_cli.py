import json
from datetime import datetime
from pathlib import Path

import pytest

from app.caves import cli
from app.caves.deployment import deploy
from app.caves.errors import CommandError
from app.caves.laws import verify
from app.caves.laws.verify import LAWS, Verdict
from app.caves.machine import demo
from app.caves.operations import tasks
from app.caves.operations.tasks import GraphRun
from app.caves.target import Account, Target, settings

ON_AN_ACCOUNT = ("deploy", "status", "verify", "cost", "pause", "resume", "run", "teardown")
COMMANDS = (*ON_AN_ACCOUNT, "demo", "up", "broker")


class NoAccount:
    """Stands where a connection would be open."""

    def __enter__(self) -> "NoAccount":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> list[Target]:
    """No connection is made; the list has the targets for which one was asked."""
    targets: list[Target] = []

    def connect(self: Target) -> NoAccount:
        targets.append(self)
        return NoAccount()

    monkeypatch.setattr(Target, "connect", connect)
    return targets


def verdicts(**broken: int) -> list[Verdict]:
    """All laws hold, but the first one with what is given."""
    found = [Verdict(law, dict.fromkeys(law.violations, 0)) for law in LAWS]
    found[0].figures.update(broken)
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page_that_explains_each_option(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])

    assert left.value.code == 0
    assert f"usage: caves {command}" in capsys.readouterr().out
    parsers = cli.parser()._subparsers
    assert parsers is not None
    [choices] = [action.choices for action in parsers._group_actions]
    assert choices is not None
    actions = choices[command]._actions  # type: ignore[index]  # argparse's choices are a dict
    assert all(action.help for action in actions)


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    page = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n    {name} " not in page] == []


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param([], id="no command"),
        pytest.param(["drink"], id="unknown command"),
        pytest.param(["verify", "--since", "yesterday"], id="no time"),
        pytest.param(["verify", "--since", "2026-11-22T10:00:00+01:00"], id="time with an offset"),
        pytest.param(["demo", "--count", "0"], id="nothing to produce"),
        pytest.param(["up", "--rate", "-1"], id="negative rate"),
        pytest.param(["demo", "--history", "4 weeks"], id="no number of days"),
        pytest.param(["up", "--history", "0d"], id="no day"),
    ],
)
def test_wrong_use_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(argv)

    assert left.value.code == 2
    assert "usage: caves" in capsys.readouterr().err


@pytest.mark.parametrize("command", ON_AN_ACCOUNT)
def test_commands_on_an_account_share_their_flags(command: str) -> None:
    arguments = cli.parser().parse_args(
        [command, "-c", "prod", "--database", "dev", "--project", "there", "--json"]
    )

    assert arguments.connection == "prod"
    assert arguments.database == "dev"
    assert arguments.project == Path("there")
    assert arguments.json is True


def test_the_database_comes_from_the_manifest_unless_it_is_given(
    no_account: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "verify", lambda account, since: verdicts())

    cli.main(["verify", "-c", "x"])
    cli.main(["verify", "-c", "x", "--database", "caves_dev"])

    assert [target.database for target in no_account] == ["CAVES_ALBERT_DB", "CAVES_DEV"]


def test_what_is_no_identifier_never_becomes_a_database(
    no_account: list[Target], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", "--database", "x; drop database y"]) == 2

    assert no_account == []
    assert capsys.readouterr().err.startswith("caves: database=X; DROP DATABASE Y: expected a name")


def test_verify_ends_with_0_when_all_laws_hold(
    no_account: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verify, "verify", lambda account, since: verdicts())

    assert cli.main(["verify", "-c", "x"]) == 0

    page = capsys.readouterr().out
    assert "Every law holds." in page
    assert "FAILED" not in page


def test_verify_ends_with_1_and_names_the_law_when_one_is_broken(
    no_account: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verify, "verify", lambda account, since: verdicts(MISSING=2))

    assert cli.main(["verify", "-c", "x"]) == 1

    page = capsys.readouterr().out
    assert "2 missing" in page
    assert page.startswith("FAILED: law 1\n")


def test_verify_as_json_says_the_same_and_nothing_else(
    no_account: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(verify, "verify", lambda account, since: verdicts(TWICE=1))

    assert cli.main(["verify", "-c", "x", "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert found["holds"] is False
    assert [law["holds"] for law in found["laws"]] == [False, True, True, True, True]
    assert found["laws"][0]["figures"] == {"MISSING": 0, "TWICE": 1, "BEYOND": 0}


def test_since_is_handed_to_the_laws(
    no_account: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[datetime | None] = []

    def judge(account: Account, since: datetime | None) -> list[Verdict]:
        seen.append(since)
        return verdicts()

    monkeypatch.setattr(verify, "verify", judge)
    cli.main(["verify", "-c", "x", "--since", "2026-11-01T06:00"])

    assert seen == [datetime(2026, 11, 1, 6)]


def test_run_ends_with_1_and_the_tasks_own_words_when_a_task_failed(
    no_account: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = GraphRun("TASK_A", {"TASK_A": "FAILED"}, {"TASK_A": "Division by zero"})
    monkeypatch.setattr(tasks, "run", lambda account, timeout, progress: [failed])

    assert cli.main(["run", "-c", "x"]) == 1
    assert "TASK_A failed: Division by zero" in capsys.readouterr().err


def test_an_error_of_a_command_is_one_line_and_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise CommandError("stream STREAM_RAW_ORDERS is stale")

    monkeypatch.setattr(deploy, "deploy", fail)

    assert cli.main(["deploy", "-c", "x"]) == 1
    assert capsys.readouterr().err == "caves: stream STREAM_RAW_ORDERS is stale\n"


def test_an_interrupt_is_one_line_and_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "demo", interrupt)

    assert cli.main(["demo"]) == 1
    assert capsys.readouterr().err == "caves: interrupted\n"


def test_an_unknown_connection_is_one_line_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--connection", "nowhere-at-all"]) == 1

    error = capsys.readouterr().err
    assert error.startswith("caves: there is no connection 'nowhere-at-all'")
    assert error.count("\n") == 1


def test_teardown_without_a_terminal_wants_yes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["teardown", "-c", "x"]) == 2
    assert "confirm with --yes" in capsys.readouterr().err


def test_settings_override_the_manifest_by_name() -> None:
    assert settings(["task_schedule=10 SECONDS", "note=a=b"]) == {
        "task_schedule": "10 SECONDS",
        "note": "a=b",
    }


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--env", "task_schedule"], "--env takes NAME=VALUE, not 'task_schedule'"),
        (["--env", "=x"], "--env takes NAME=VALUE, not '=x'"),
        (
            ["--env", "warehous=W"],
            "--env warehous: snowflake.yml has no such setting; did you mean",
        ),
        (
            ["--database", "A", "--env", "database=B"],
            "--database A and --env database=B contradict each other",
        ),
        (
            ["--env", "warehouse=A", "--env", "warehouse=B"],
            "--env warehouse is given twice: 'A' and 'B'",
        ),
    ],
)
@pytest.mark.parametrize("command", ON_AN_ACCOUNT)
def test_settings_that_make_no_sense_are_wrong_use_of_every_command(
    command: str, flags: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, "-c", "x", *flags]) == 2
    assert capsys.readouterr().err.startswith(f"caves: {reason}")


@pytest.mark.parametrize(
    "flags",
    [
        ["--env", "database=caves_dev"],
        ["--database", "caves_dev"],
        ["--database", "caves_dev", "--env", "database=CAVES_DEV"],
    ],
)
def test_an_environment_is_named_by_either_flag(
    flags: list[str], no_account: list[Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "verify", lambda account, since: verdicts())

    assert cli.main(["verify", "-c", "x", *flags]) == 0
    assert [target.database for target in no_account] == ["CAVES_DEV"]


def test_check_without_plan_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["deploy", "-c", "x", "--check"]) == 2
    assert "--check belongs to --plan" in capsys.readouterr().err


def test_a_folder_without_the_manifest_is_no_project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["deploy", "--project", str(tmp_path)]) == 2
    assert "has no snowflake.yml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "count", "history"),
    [([], 600, None), (["--history", "28d"], 20, "28d"), (["--count", "7"], 7, None)],
)
def test_a_demo_with_a_history_adds_few_messages_to_it(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], count: int, history: str | None
) -> None:
    plans = []
    monkeypatch.setattr(demo, "demo", lambda _, plan, *rest: plans.append(plan) or True)

    assert cli.main(["demo", *argv]) == 0
    assert [(plan.count, plan.history) for plan in plans] == [(count, history)]
