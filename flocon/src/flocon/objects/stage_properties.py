"""DESCRIBE STAGE, ALTER STAGE and COMMENT ON STAGE: what a stage is, besides its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flocon.access.demands import needs
from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects import directory_tables, file_formats
from flocon.objects.stages import comment_on_stage
from flocon.session.context import Context
from flocon.session.stage_location import is_stage
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition
from flocon.sql.stages import AlterStage, read_alter
from flocon.sql.statements import Named
from flocon.sql.tokens import FullName, Name, Tokens
from flocon.stores import stages

_COLUMNS = dict.fromkeys(
    ("parent_property", "property", "property_type", "property_value", "property_default"),
    "VARCHAR",
)
# Property, type, default: what COPY INTO says here, no stage does.
_COPY_OPTIONS = (
    ("ON_ERROR", "String", "ABORT_STATEMENT"),
    ("SIZE_LIMIT", "Long", ""),
    ("PURGE", "Boolean", "false"),
    ("RETURN_FAILED_ONLY", "Boolean", "false"),
    ("ENFORCE_LENGTH", "Boolean", "true"),
    ("TRUNCATECOLUMNS", "Boolean", "false"),
    ("FORCE", "Boolean", "false"),
)


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE STAGE. https://docs.snowflake.com/en/sql-reference/sql/desc-stage"""
    name = _existing(context, statement.name)
    kept = stages.find(context.catalog(name.database), name.schema, name.name)
    has_directory = kept.directory is not None
    rows = [
        *(["STAGE_FILE_FORMAT", *row] for row in _of_format(kept.file_format)),
        *(["STAGE_COPY_OPTIONS", *row, row[-1]] for row in _COPY_OPTIONS),
        ["STAGE_LOCATION", "URL", "String", "", ""],
        ["DIRECTORY", "ENABLE", "Boolean", str(has_directory).lower(), "false"],
        ["DIRECTORY", "AUTO_REFRESH", "Boolean", "false", "false"],
    ]
    if has_directory:
        refreshed = "" if kept.refreshed_on is None else f"{kept.refreshed_on:%Y-%m-%d %H:%M:%S}"
        rows.append(["DIRECTORY", "LAST_REFRESHED_ON", "Timestamp", refreshed, ""])
    return result.of(_COLUMNS, rows, result.DESCRIBE)


def _of_format(options: Mapping[str, Any]) -> list[list[str]]:
    """A format that has a name says what the others are."""
    if named := options.get("FORMAT_NAME"):
        return [["FORMAT_NAME", "String", str(named), ""]]
    return file_formats.properties(file_formats.in_words(options))


def alter(context: Context, statement: AlterStage | Definition) -> Result:
    """ALTER STAGE, and COMMENT ON STAGE, which is one."""
    if statement.forgiving and not is_stage(context, _held(context, statement.name)):
        context.check_missing("Stage", context.resolve(statement.name), if_exists=True)
        return result.done()
    name = _existing(context, statement.name)
    if isinstance(statement, AlterStage) and statement.action == "REFRESH":
        return directory_tables.refresh(context, name, statement.subpath)
    context.transactions.commit_for_ddl()
    if "DIRECTORY" in statement.properties:
        directory_tables.enable(context, name, enabled=statement.properties["DIRECTORY"])
    if "COMMENT" in statement.properties:
        comment_on_stage(context, name, statement.properties["COMMENT"])
    return result.done()


def _held(context: Context, written: Name) -> FullName:
    return context.held("STAGE", context.resolve(written))


def _existing(context: Context, written: Name) -> FullName:
    """The name under which the account has it. Raises 002003 where there is no such stage."""
    name = _held(context, written)
    if not is_stage(context, name):
        raise errors.does_not_exist("Stage", context.resolve(written))
    return name


def _to_alter(statement: AlterStage | Definition, place: Place) -> Demand:
    """Whoever may write files may register them."""
    refreshes = isinstance(statement, AlterStage) and statement.action == "REFRESH"
    return needs("STAGE", "WRITE" if refreshes else "OWNERSHIP")(statement, place)


def _read_comment(tokens: Tokens) -> Definition:
    return definitions.commented(tokens, "STAGE")


STATEMENTS = (
    Kind(("DESCRIBE", "STAGE"), statements.describe("STAGE"), describe, needs("STAGE")),
    Kind(("ALTER", "STAGE"), read_alter, alter, _to_alter),
    Kind(("COMMENT", "STAGE"), _read_comment, alter, _to_alter),
)
