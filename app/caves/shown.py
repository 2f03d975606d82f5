"""The pipeline's objects as SHOW tells them."""

import json

from app.caves.target import Row

SHOW_STREAMS = "SHOW STREAMS IN DATABASE {db}"
SHOW_TASKS = "SHOW TASKS IN SCHEMA {db}.OPS"
SHOW_ALERTS = "SHOW ALERTS IN SCHEMA {db}.OPS"
SHOW_PROCEDURES = "SHOW PROCEDURES IN SCHEMA {db}.OPS"


def is_true(value: object) -> bool:
    """SHOW gives a boolean as a boolean, or as its text."""
    return str(value).lower() == "true"


def is_started(row: Row) -> bool:
    """A task or an alert that is not suspended."""
    return str(row["STATE"]).lower() == "started"


def parents_of(row: Row) -> list[str]:
    """A task's predecessors by their bare names, from SHOW TASKS."""
    return [name.split(".")[-1].strip('"') for name in json.loads(row["PREDECESSORS"] or "[]")]
