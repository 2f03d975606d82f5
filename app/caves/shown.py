"""The pipeline's objects as SHOW tells them."""

import json
import re

from app.caves.target import Row

SHOW_STREAMS = "SHOW STREAMS IN DATABASE {db}"
SHOW_TASKS = "SHOW TASKS IN SCHEMA {db}.OPS"
SHOW_ALERTS = "SHOW ALERTS IN SCHEMA {db}.OPS"
SHOW_PROCEDURES = "SHOW PROCEDURES IN SCHEMA {db}.OPS"
# Of a name such as DB.OPS."My.Task".
PARTS = re.compile(r'"(?:[^"]|"")*"|[^."]+')


def is_true(value: object) -> bool:
    """SHOW gives a boolean as a boolean, or as its text."""
    return str(value).lower() == "true"


def is_started(row: Row) -> bool:
    """A task or an alert that is not suspended."""
    return str(row["STATE"]).lower() == "started"


def parents_of(row: Row) -> list[str]:
    """A task's predecessors by their bare names, from SHOW TASKS."""
    return [_bare(name) for name in json.loads(row["PREDECESSORS"] or "[]")]


def _bare(name: str) -> str:
    """The last part of a name, of which each may stand in quotes."""
    last = PARTS.findall(name)[-1]
    return last[1:-1].replace('""', '"') if last.startswith('"') else last
