"""`caves doctor`: flags and output."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from app.caves.doctor.assertion import FAILS, PAGES, Finding, as_json, verdict, with_result
from app.caves.doctor.examination import TIMEOUT_SECONDS, Examination
from app.caves.errors import UsageError
from app.caves.flags import number
from app.caves.screen import Screen
from app.caves.tables import as_table
from app.caves.target import overrides, project_and_target

EPILOG = """\
It makes a database CAVES_DOCTOR_…, and a warehouse and roles of that name if this role may make
them, deploys there, processes events of every kind, and tries everything that the pipeline relies
on in Snowflake. Then it drops what it made, also after Ctrl-C, and what an interrupted run left
more than an hour ago. It touches nothing else. It takes ten minutes at most, and less than one
credit. Run it as ACCOUNTADMIN: without roles of its own it cannot try what they may do.

--env warehouse=NAME uses an existing warehouse. --record FILE writes what Snowflake answered as
JSON: columns, types, error numbers and texts, and neither values nor names of the account; send it
with a bug report. --json prints {"holds", "verdict", "assertions": [{"name", "says", "result",
"seen", "otherwise", "page", "seconds"}]}.
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "doctor", run_doctor)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--timeout",
        type=number,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help=f"after this time no further assertion is tried ({TIMEOUT_SECONDS:g})",
    )
    each.add_argument("--record", type=Path, metavar="FILE", help="write what Snowflake answered")


def run_doctor(arguments: argparse.Namespace, screen: Screen) -> int:
    project, target = project_and_target(arguments)
    given = overrides(arguments, project)
    if refused := sorted(set(given) - {"warehouse"}):
        raise UsageError(
            f"caves doctor chooses {', '.join(refused)} itself: it works in a database of its own"
        )
    if arguments.record and not arguments.record.absolute().parent.is_dir():
        raise UsageError(f"--record {arguments.record}: there is no such folder")
    examination = Examination(project, target, given, screen.progress, arguments.timeout)
    findings = examination.run()
    if arguments.record:
        text = json.dumps(examination.record.as_json(), ensure_ascii=False, indent=1)
        arguments.record.write_text(f"{text}\n", encoding="utf-8")
        screen.progress(f"what Snowflake answered is in {arguments.record}")
    if screen.as_json:
        screen.json({**as_json(findings), "not_dropped": examination.left})
    else:
        _show(findings, screen)
    for statement in examination.left:
        screen.error(f"could not be dropped, run it yourself: {statement}")
    return 1 if with_result(findings, FAILS) or examination.left else 0


def _show(findings: Sequence[Finding], screen: Screen) -> None:
    failed = with_result(findings, FAILS)
    colour = "bold red" if failed else "green"
    screen.results.print(f"[{colour}]{verdict(findings)}[/]")
    rows = [
        {
            "ASSERTION": each.assertion.name,
            "RESULT": each.result,
            "SEEN": each.seen,
            "PAGE": each.assertion.page.removeprefix(PAGES),
        }
        for each in findings
    ]
    screen.results.print(as_table("Assertions", rows))
    for each in failed:
        assertion = each.assertion
        screen.results.print(f"[bold red]{assertion.name}[/]: {escape(assertion.says)}")
        screen.results.print(f"  seen: {escape(each.seen)}")
        screen.results.print(f"  what follows: {escape(assertion.otherwise)}")
        screen.results.print(f"  {assertion.page}")
