"""The objects of the pipeline: their names, as app/sql and snowflake.yml declare them, and how SHOW
describes them."""

import json
import re
from functools import cache

from app.caves.project import Project
from app.caves.statements import Declared, declared, split
from app.caves.target import Row

TOPIC = "sales_events"
# Along the way of the data.
SCHEMAS = ("RAW_DATA", "STAGING", "PRODUCTION", "OPS")
AFTER = re.compile(r"\bAFTER (\S+)")


@cache
def _objects() -> tuple[Declared, ...]:
    texts = [each.path.read_text("utf-8") for each in Project.find().sql_files()]
    return tuple(declared(part for text in texts for part in split(text)))


def _names(kind: str) -> tuple[str, ...]:
    names = [each.name for each in _objects() if each.kind == kind]
    return tuple(sorted(names, key=lambda name: SCHEMAS.index(name.split(".")[0])))


def _tasks() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The root tasks of the graphs; and all tasks: roots, those below them, those in no graph."""
    after = {
        each.name: AFTER.findall(each.text.upper()) for each in _objects() if each.kind == "TASK"
    }
    parents = {parent for names in after.values() for parent in names}
    roots = tuple(name for name in after if name in parents and not after[name])
    children = [name for name in after if after[name]]
    single = [name for name in after if name not in (*roots, *children)]
    return roots, (*roots, *children, *single)


def _procedures() -> tuple[str, ...]:
    entities = Project.find().definition["entities"].values()
    names = [each["identifier"] for each in entities if each["type"] == "procedure"]
    return tuple(f"{name['schema']}.{name['name']}".upper() for name in names)


TABLES, STREAMS, ALERTS = map(_names, ("TABLE", "STREAM", "ALERT"))
ROOT_TASKS, TASKS = _tasks()
PROCEDURES = _procedures()

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
    """The last part of a name whose parts may be quoted."""
    last = PARTS.findall(name)[-1]
    return last[1:-1].replace('""', '"') if last.startswith('"') else last
