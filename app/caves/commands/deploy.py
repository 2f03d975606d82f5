"""`caves deploy`: flags and output."""

import argparse
from collections.abc import Callable
from typing import Any

from rich.markup import escape

from app.caves.deployment import deploy
from app.caves.deployment.plan import Plan, suspended
from app.caves.errors import UsageError
from app.caves.screen import Screen
from app.caves.settings import effective, ingester_flags
from app.caves.tables import as_table
from app.caves.target import Target, overrides, project_and_target

EPILOG = """\
It can be repeated at any time: rows, offsets and streams stay as they are. Tasks that were
running are running afterwards, even if it fails; tasks that were suspended stay suspended.
Objects that have left the project are dropped if the project had made them and they hold no rows.
Another environment is another database: --env database=CAVES_DEV --env warehouse=DEV_WH.

--plan --json prints {"database", "changes": [{"action", "kind", "name", "detail"}], "unchanged",
"settings": {name: [old, new]}, "notes"}.
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "deploy", run_deploy)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument(
        "--profile",
        metavar="NAME",
        help="settings as a set: live, fast, triggered, economy (docs/cost.md)",
    )
    each.add_argument(
        "--plan", action="store_true", help="print what would change, and change nothing"
    )
    each.add_argument(
        "--check", action="store_true", help="with --plan: exit code 1 where something would change"
    )
    each.add_argument("--resume", action="store_true", help="start suspended tasks, too")


def run_deploy(arguments: argparse.Namespace, screen: Screen) -> int:
    project, target = project_and_target(arguments)
    given = overrides(arguments, project)
    if arguments.profile:
        given["profile"] = arguments.profile
    chosen = effective(project.env, given)
    if arguments.plan:
        found = deploy.plan_deployment(project, target, given, arguments.resume)
        return _show_plan(found, target, screen, arguments.check)
    if arguments.check:
        raise UsageError("--check belongs to --plan")
    done = deploy.deploy(project, target, given, screen.progress, arguments.resume)
    flags = " ".join(ingester_flags(chosen))
    notes = suspended(done.kept_suspended)
    if screen.as_json:
        kept = [task.name for task in done.kept_suspended]
        screen.json(
            {
                "deployed": True,
                "no_dashboard": done.no_dashboard,
                "database": target.database,
                "profile": chosen["profile"],
                "ingester_flags": flags,
                "dropped": done.dropped,
                "kept_suspended": kept,
            }
        )
        return 1 if done.no_dashboard else 0
    state = "suspended tasks stay suspended" if notes else "all tasks are running"
    screen.results.print(
        f"[green]Deployed[/] to {target.database}: {state}, all streams are readable"
    )
    screen.results.print(f"Profile {chosen['profile']}: start the ingester with {flags}")
    for note in notes:
        screen.results.print(escape(note))
    if done.no_dashboard:
        screen.error(f"everything but the dashboard is deployed: {done.no_dashboard}")
        return 1
    return 0


def _show_plan(found: Plan, target: Target, screen: Screen, check: bool) -> int:
    changes = [vars(change) for change in found.changes]
    if screen.as_json:
        screen.json({"database": target.database, **vars(found), "changes": changes})
    else:
        if changes:
            rows = [{name.upper(): value for name, value in each.items()} for each in changes]
            screen.results.print(as_table(f"Would change in {target.database}", rows))
            screen.results.print(f"{len(changes)} changes, {found.unchanged} objects unchanged")
        else:
            screen.results.print(f"no changes ({found.unchanged} objects)")
        for name, (old, new) in found.settings.items():
            screen.results.print(escape(f"setting {name}: {old} → {new}"))
        for note in found.notes:
            screen.results.print(escape(note))
    return 1 if check and changes else 0
