"""CREATE and DROP of stages and file formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Binds, check_format_options, file_options
from flocon.engine.marked_names import unmarked
from flocon.engine.parsing import name_of
from flocon.objects import directory_tables
from flocon.objects.databases import comment
from flocon.session import staged_queries, temporary_names
from flocon.session.context import Context
from flocon.session.directory import of_fakesnow
from flocon.session.staged_queries import FILE_FORMAT
from flocon.sql.stages import directory as read_directory
from flocon.sql.tokens import FullName, Tokens
from flocon.stores import stages
from flocon.stores.stages import Stage

# The stages through which clients send many binds, as texts without their types. Refused one, they
# send the binds with the statement, where each has its type.
_OF_BINDS = ("SYSTEMBIND", "SYSTEM$BIND", "SYSTEM_BIND", "SNOWPARK_TEMP_STAGE_BIND")


def drop_stage(context: Context, target: exp.Table, if_exists: bool) -> Result:
    name = context.resolve(name_of(target))
    held = context.held("STAGE", name)
    if not _removed(context, "_fs_stages", held):
        context.check_missing("Stage", name, if_exists=if_exists)
        return result.already_dropped(name.name)
    _empty(context, held)
    context.temporary_objects.discard(("STAGE", name))
    return result.dropped(name.name)


def comment_on_stage(context: Context, name: FullName, text: str) -> None:
    context.connection.values_beside(
        "UPDATE _fs_global._fs_information_schema._fs_stages SET comment = ?"
        " WHERE (database_name, schema_name, name) = (?, ?, ?)",
        [text, name.database, name.schema, name.name],
    )


def _removed(context: Context, table: str, name: FullName) -> bool:
    """Was it in this table of fakesnow's?"""
    return bool(
        context.connection.values_beside(
            f"DELETE FROM _fs_global._fs_information_schema.{table}"
            " WHERE database_name = ? AND schema_name = ? AND name = ? RETURNING 1",
            [name.database, name.schema, name.name],
        )
    )


def create_stage(context: Context, tree: exp.Create, binds: Binds) -> Result:
    """CREATE STAGE of the account's own. https://docs.snowflake.com/en/sql-reference/sql/create-stage"""
    temporary = tree.find(exp.TemporaryProperty)
    has_directory = False
    formatted: Mapping[str, Any] = {}
    for item in _properties(tree):
        if isinstance(item, exp.FileFormatProperty):
            formatted = _file_format(context, item)
        elif item.name.upper() == "DIRECTORY":
            tokens = Tokens(item.sql("snowflake"))
            tokens.expect("DIRECTORY", "=")
            has_directory = read_directory(tokens)
        elif not (
            _means_nothing_here(item)
            or isinstance(item, exp.TemporaryProperty | exp.SchemaCommentProperty)
        ):
            raise errors.unsupported(f"CREATE STAGE … {item.sql('snowflake')}")
    name = context.resolve(name_of(tree.this))
    if temporary and name.name in _OF_BINDS:
        raise errors.unsupported(f"CREATE STAGE {name.name}: binds come with their statement")
    if temporary:
        temporary_names.check(context, "STAGE", name.name)
        context.transactions.commit_for_temporary()
    else:
        context.transactions.commit_for_ddl()
    if name.name.startswith("%"):
        # In a location, quoted or not, that is a table's stage.
        raise errors.unsupported(f"CREATE STAGE {name.name}: a name that begins with %")
    context.check_schema(name)
    held = context.own(name) if temporary else name
    replace = bool(tree.args.get("replace"))
    if not context.connection.values_beside(
        f"INSERT OR {'REPLACE' if replace else 'IGNORE'} INTO"
        " _fs_global._fs_information_schema._fs_stages (created_on, name, database_name,"
        " schema_name, url, has_credentials, has_encryption_key, owner, comment, type,"
        " owner_role_type, directory_enabled)"
        " VALUES (now(), ?, ?, ?, '', 'N', 'N', 'ACCOUNTADMIN', ?, ?, 'ROLE', 'N') RETURNING 1",
        [
            held.name,
            held.database,
            held.schema,
            comment(tree),
            "INTERNAL TEMPORARY" if temporary else "INTERNAL",
        ],
    ):
        if tree.args.get("exists"):
            return result.already_exists(name.name)
        raise errors.already_exists(name_of(tree.this))
    if temporary:
        context.temporary_objects.add(("STAGE", name))
    if replace:
        _empty(context, held)
    if has_directory or formatted:
        kept = Stage(held.schema, held.name, formatted)
        stages.put(context.catalog(held.database), kept)
        directory_tables.enable(context, held, enabled=has_directory)
    return result.status(f"Stage area {name.name} successfully created.")


def _empty(context: Context, name: FullName) -> None:
    files = context.account.engine.stages
    files.remove(files.stage(name.database, name.schema, name.name))
    stages.forget(context.catalog(name.database), name.schema, name.name)


def _properties(tree: exp.Create) -> list[Expr]:
    properties = tree.args.get("properties")
    return list(properties.expressions) if properties else []


def _means_nothing_here(item: Expr) -> bool:
    """How files are encrypted means nothing on this machine's disk, as PUT's encryption does:
    Snowflake reads and writes them alike."""
    return "".join(item.sql("snowflake").upper().split()) in (
        "ENCRYPTION=(TYPE='SNOWFLAKE_FULL')",
        "ENCRYPTION=(TYPE='SNOWFLAKE_SSE')",
    )


def _file_format(context: Context, item: exp.FileFormatProperty) -> Mapping[str, Any]:
    """Its options; the name of a format in full."""

    def named(text: str) -> Mapping[str, Any]:
        name = context.resolve(Tokens(text).name())
        staged_queries.format_of(context, name)  # raises 002003 where there is no such format
        return {"FORMAT_NAME": str(name)}

    return file_options(item, named)


# https://docs.snowflake.com/en/sql-reference/sql/create-file-format
_FORMAT_OPTIONS = {
    "TYPE", "COMMENT", "COMPRESSION", "RECORD_DELIMITER", "FIELD_DELIMITER", "MULTI_LINE",
    "FILE_EXTENSION", "PARSE_HEADER", "SKIP_HEADER", "SKIP_BLANK_LINES", "DATE_FORMAT",
    "TIME_FORMAT", "TIMESTAMP_FORMAT", "BINARY_FORMAT", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD",
    "TRIM_SPACE", "FIELD_OPTIONALLY_ENCLOSED_BY", "NULL_IF", "ERROR_ON_COLUMN_COUNT_MISMATCH",
    "REPLACE_INVALID_CHARACTERS", "EMPTY_FIELD_AS_NULL", "SKIP_BYTE_ORDER_MARK", "ENCODING",
    "ENABLE_OCTAL", "ALLOW_DUPLICATE", "STRIP_OUTER_ARRAY", "STRIP_NULL_VALUES",
    "IGNORE_UTF8_ERRORS", "SNAPPY_COMPRESSION", "BINARY_AS_TEXT", "USE_LOGICAL_TYPE",
    "USE_VECTORIZED_SCANNER",
}  # fmt: skip


def create_file_format(context: Context, tree: exp.Create, binds: Binds) -> Result:
    """CREATE FILE FORMAT; what an option does is COPY INTO's affair."""
    for item in _properties(tree):
        if type(item) is exp.Property and item.name.upper() not in _FORMAT_OPTIONS:
            raise errors.compilation(
                errors.INVALID_PROPERTY, f"invalid property '{item.name.upper()}'"
            )
    options = [each for each in _properties(tree) if type(each) is exp.Property]
    # A comment is no parameter of the format, and may be repeated.
    check_format_options(each for each in options if each.name.upper() != "COMMENT")
    name, temporary = context.resolve(name_of(tree.this)), tree.find(exp.TemporaryProperty)
    if temporary:
        temporary_names.check(context, "FILE_FORMAT", name.name)
        context.transactions.commit_for_temporary()
    else:
        context.transactions.commit_for_ddl()
    context.check_schema(name)
    if not temporary:
        return context.connection.other(tree, binds, result.DDL, beside=True)
    written = tree.this.this
    written.replace(exp.to_identifier(context.own(name).name, quoted=True))
    [(said,)] = context.connection.other(tree, binds, result.DDL, beside=True).rows()
    context.temporary_objects.add((FILE_FORMAT, name))
    return result.status(unmarked(said))


def drop_file_format(context: Context, target: exp.Table, if_exists: bool) -> Result:
    name = context.resolve(name_of(target))
    if not _removed(context, "_fs_file_formats", context.held(FILE_FORMAT, name)):
        context.check_missing("File format", name, if_exists=if_exists)
        return result.already_dropped(name.name)
    context.temporary_objects.discard((FILE_FORMAT, name))
    return result.dropped(name.name)


def with_fakesnow(context: Context, tree: Expr, binds: Binds) -> Result:
    return context.connection.other(tree, binds, result.DDL)


IN_SCHEMA = {
    "FILE FORMAT": of_fakesnow("_fs_file_formats"),
    "STAGE": of_fakesnow("_fs_stages"),
}
