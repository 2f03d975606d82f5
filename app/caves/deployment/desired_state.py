"""What the project wants in the account: the objects of app/sql and of snowflake.yml."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.caves import statements
from app.caves.errors import UsageError
from app.caves.project import Project
from app.caves.statements import Declared

# What SHOW PROCEDURES calls a type that has several names.
SYNONYMS = {
    **dict.fromkeys(("INT", "INTEGER", "BIGINT", "SMALLINT", "DECIMAL", "NUMERIC"), "NUMBER"),
    **dict.fromkeys(("STRING", "TEXT", "CHAR"), "VARCHAR"),
    **dict.fromkeys(("DOUBLE", "REAL"), "FLOAT"),
}


@dataclass(frozen=True)
class DesiredState:
    """Every object, and for each table its columns; `added`: what ALTER TABLE adds where it is
    missing; `retyped`: the digits and decimals that it gives to a number.
    """

    objects: list[Declared]
    columns: dict[str, list[str]]
    added: set[tuple[str, str]]
    retyped: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Declared]:
        return {each.name: each for each in self.objects if each.kind == kind}


def desired_state(project: Project, env: Mapping[str, str]) -> DesiredState:
    texts = [statements.fill(each.path.read_text("utf-8"), env) for each in project.sql_files()]
    parts = [part for text in texts for part in statements.split(text)]
    if lost := statements.losses(parts):
        raise UsageError(
            f"`{lost[0]}` of app/sql would lose rows, or a column of them: a deployment never does"
            " (docs/how-to-change.md, Change a column)"
        )
    objects = statements.declared(parts)
    columns = {each.name: statements.columns(each) for each in objects if each.kind == "TABLE"}
    added = statements.added_columns(parts)
    for table, column in sorted(added):
        if column not in columns.setdefault(table, []):
            columns[table].append(column)
    retyped = statements.retyped_columns(parts)
    return DesiredState([*objects, *_entities(project, env)], columns, added, retyped)


def _entities(project: Project, env: Mapping[str, str]) -> list[Declared]:
    """The procedures and the dashboard; the text of each is all that it is made of."""
    definition = project.definition
    mixins = definition.get("mixins", {})
    entities = [
        *((project.root, each) for each in definition.get("entities", {}).values()),
        *((project.dashboard, each) for each in project.dashboard_definition["entities"].values()),
    ]
    found = []
    for root, entity in entities:
        used = {key: mixins[key] for key in entity.get("meta", {}).get("use_mixins", [])}
        text = statements.fill(repr((used, entity)), env)
        if entity["type"] == "procedure":
            modules = _closure(root / "procedures", entity["handler"].split(".")[0])
            files = [*modules, root / "requirements.txt"]
        else:
            files = sorted(_files(root, entity.get("artifacts", [])))
        text += "".join(
            f"\n{path.name}\n{path.read_text('utf-8', errors='replace')}" for path in files
        )
        found.append(Declared(entity["type"].upper(), _name(entity), text, replaced=True))
    return found


def _name(entity: Mapping[str, Any]) -> str:
    identifier = entity["identifier"]
    name = f"{identifier['schema']}.{identifier['name']}".upper()
    if entity["type"] != "procedure":
        return name
    return f"{name}({', '.join(plain_type(each['type']) for each in entity['signature'] or [])})"


def plain_type(text: str) -> str:
    """A type as SHOW PROCEDURES names it: NUMBER for INT, without lengths."""
    bare = re.sub(r"\(.*?\)", "", text).strip().upper()
    return SYNONYMS.get(bare, bare)


def _files(root: Path, artifacts: list[Any]) -> set[Path]:
    sources = [root / (each if isinstance(each, str) else each["src"]) for each in artifacts]
    return {
        file
        for source in sources
        for file in ([source] if source.is_file() else source.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def _closure(folder: Path, module: str) -> list[Path]:
    """The module and all of the folder's modules that it imports, directly or not."""
    found: set[Path] = set()
    todo = [module]
    while todo:
        path = folder / f"{todo.pop()}.py"
        if path in found or not path.is_file():
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                todo += [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                todo.append(node.module.split(".")[0])
    return sorted(found)
