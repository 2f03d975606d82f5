"""The databases of an account: DuckDB files in its data folder."""

import contextlib
import hashlib
import itertools
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
from fakesnow import info_schema
from fakesnow import macros as fakesnow_macros
from fakesnow.transforms import show

from flocon.core import errors
from flocon.engine import (
    datetime_formats,
    digests,
    encodings,
    flattening,
    information_schema,
    lengths,
    loading,
    macros,
    number_formats,
    numeric,
    older_folders,
    read_numbers,
    regexps,
    stored_objects,
    urls,
    variant_order,
    variant_values,
)
from flocon.engine.catalog import HIDDEN_SCHEMA, Catalog
from flocon.engine.connection import Connection
from flocon.engine.declared_types import DeclaredColumns
from flocon.engine.failures import translated
from flocon.engine.fast.parsed_statements import ParsedStatements
from flocon.engine.fast.statement_cache import StatementCache
from flocon.engine.marked_names import BEGIN
from flocon.engine.quoting import literal, quoted
from flocon.engine.spelling import Spellings
from flocon.engine.stage_files import StageFiles
from flocon.engine.user_functions import UserFunctions

_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    # Snowflake raises where IEEE arithmetic answers infinity.
    "SET GLOBAL ieee_floating_point_ops = false",
    # NULLs sort last in ascending and first in descending order.
    # https://docs.snowflake.com/en/sql-reference/constructs/order-by
    "SET GLOBAL default_null_order = 'NULLS_LAST_ON_ASC_FIRST_ON_DESC'",
    # A constant text is one.
    "SET GLOBAL order_by_non_integer_literal = true",
    # These two make joins on row ids of ORDER BY … LIMIT and of row_number() in QUALIFY. DuckDB 2.0
    # dies of such a join on a table where the transaction has rows of its own, when another one
    # commits rows at that moment (docs/manual.md).
    "SET GLOBAL disabled_optimizers = 'late_materialization,top_n_window_elimination'",
    # A checkpoint writes the last rows of a growing table again, up to 122,880 of them: one per
    # 16 MB, as DuckDB has it, costs a backlog more than its INSERTs. After kill -9 so much is read
    # again, in a quarter of a second.
    "SET GLOBAL checkpoint_threshold = '64MB'",
    # A table's name must never mean a variable of this process.
    "SET GLOBAL python_enable_replacements = false",
)


def _confined(data: Path) -> tuple[str, ...]:
    """No statement reads or writes a file outside of the data folder, whatever function of DuckDB's
    it has found; nor does what does not fit into memory."""
    return (
        f"SET GLOBAL temp_directory = {literal(str(data / 'spilled'))}",
        f"SET GLOBAL allowed_directories = [{literal(str(data))}]",
        "SET GLOBAL enable_external_access = false",
    )


# What fakesnow has in each database, and the account does not have in its own way.
_FAKESNOW_PARTS = (
    info_schema.SQL_CREATE_FS_INFORMATION_SCHEMA,
    information_schema.DATABASES,
    info_schema.SQL_CREATE_LOAD_HISTORY_TABLE,
)
_SNOWFLAKE_DATABASE = "SNOWFLAKE"
_TEMPLATE = "_account_template"
# A database's name is what its file's begins with: letters, digits, _ and $, and no more than a
# file system takes.
_DATABASE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,199}")
_NAMES_OF_DUCKDB = ("memory", "system", "temp", "_fs_global", _TEMPLATE)


def _delete(file: Path) -> None:
    """A database's file, and the log beside it."""
    for each in (file, Path(f"{file}.wal")):
        each.unlink(missing_ok=True)


def _signature(database: str) -> str:
    return f"{quoted(database)}.{HIDDEN_SCHEMA}._account_database"


class Engine:
    """Opens the data folder; hands out connections and the databases' catalogs.

    Files: databases/NAME.duckdb, account.duckdb (what spans databases), stages/ (staged files).
    """

    def __init__(self, data: Path, hidden_tables: Iterable[str], *, fast: bool = True) -> None:
        """hidden_tables: the DDL of the metadata tables that each database has. fast: with what
        exists for speed alone (`flocon.engine.fast`)."""
        self._data = data
        self._common = "\n".join(
            [
                information_schema.DDL,
                stored_objects.DDL,
                loading.DDL,
                *hidden_tables,
                information_schema.creation_sql(),
            ]
        )
        self._version = hashlib.sha256(self._common.encode()).hexdigest()
        self._catalogs: dict[str, Catalog] = {}
        self._catalogs_to_close: list[Catalog] = []
        self.fast = fast
        self.statements = StatementCache(fast=fast)
        self._parsed = ParsedStatements(fast=fast)
        self.spellings = Spellings()
        self.declared = DeclaredColumns()
        self.owner_of: information_schema.Owner = lambda kind, path: ""
        self.user_functions = UserFunctions()
        self._lock = threading.RLock()
        self._template: Path | None = None
        self._files: dict[str, Path] = {}
        (data / "databases").mkdir(parents=True, exist_ok=True)
        self.stages = StageFiles(data / "stages")
        # SQLGlot writes lambdas with an arrow; DuckDB 2.0 wants to be asked for it.
        self._root = duckdb.connect(config={"lambda_syntax": "ENABLE_SINGLE_ARROW"})
        try:
            self._open()
        except duckdb.Error:
            self._root.close()
            raise

    def _open(self) -> None:
        for setting in (*_SETTINGS, *_confined(self._data)):
            self._root.execute(setting)
        self._root.execute(f"ATTACH {literal(str(self._data / 'account.duckdb'))} AS _fs_global")
        self._root.execute(info_schema.fs_global_creation_sql())
        self._root.execute(show.fs_global_creation_sql())
        variant_order.register(self._root)
        variant_values.register(self._root)
        self.user_functions.register(self._root)
        regexps.register(self._root)
        datetime_formats.register(self._root)
        digests.register(self._root)
        encodings.register(self._root)
        number_formats.register(self._root)
        read_numbers.register(self._root)
        numeric.register(self._root)
        urls.register(self._root)
        lengths.register(self._root)
        flattening.register(self._root)
        information_schema.register(self._root, lambda kind, path: self.owner_of(kind, path))
        self._root.execute(macros.creation_sql("memory", fast=self.fast))
        self._root.execute(fakesnow_macros.creation_sql("memory"))
        self._root.execute(f"ATTACH ':memory:' AS {_SNOWFLAKE_DATABASE}")
        self._root.execute(f"CREATE SCHEMA {_SNOWFLAKE_DATABASE}.{HIDDEN_SCHEMA}")
        for file in sorted((self._data / "databases").glob("*.duckdb")):
            self._files[file.name.partition(".")[0]] = file
        self._attach(*sorted(self._files))
        self.drop_temporary()
        self.spellings.read(self._root)
        self.declared.read(self._root)

    def _attach(self, *names: str) -> None:
        """Open databases' files, and give them what this version of the account has in each, where
        another version had them open last."""
        for name in names:
            self._root.execute(f"ATTACH {literal(str(self._files[name]))} AS {quoted(name)}")
        older = [name for name in names if not self._is_up_to_date(name)]
        for name in older:
            with self._in_one_transaction():
                self._create_common(name)
                older_folders.adopt(self._root, name)
                older_folders.mark_columns(self._root, name)
        for name in older:
            older_folders.mark_views(self._root, name)
            with self._in_one_transaction():
                self._sign(name)
        for name in names:
            self._catalogs[name] = Catalog(self._root.cursor(), name, self._parsed)

    def _is_up_to_date(self, name: str) -> bool:
        try:
            made_by = self._root.execute(f"SELECT made_by FROM {_signature(name)}").fetchall()
        except duckdb.CatalogException:
            return False
        return made_by == [(self._version,)]

    def _sign(self, name: str) -> None:
        """Note what made a database's metadata, and the name that its views tell."""
        self._root.execute(f"DELETE FROM {_signature(name)}")
        self._root.execute(f"INSERT INTO {_signature(name)} VALUES (?, ?)", [name, self._version])

    def _attach_new(self, name: str) -> None:
        """The same for a database that does not exist yet. Of a dropped one of this name the engine
        has the file open while a transaction that has read it goes on: then it is another file."""
        for number in itertools.count():
            suffix = f".{number}.duckdb" if number else ".duckdb"
            self._files[name] = self._data / "databases" / f"{name}{suffix}"
            try:
                with contextlib.suppress(duckdb.ResourceInUseException):
                    self._attach_made(name)
                    return
                self._delete_files(name)
            except duckdb.Error:
                self._root.execute(f"DETACH DATABASE IF EXISTS {quoted(name)}")
                self._delete_files(name)
                raise

    def _attach_made(self, name: str) -> None:
        """A copy of the template becomes the database's file."""
        file = self._files[name]
        _delete(file)
        if not self.fast:
            self._attach(name)
            self._root.execute(f"CREATE SCHEMA {quoted(name)}.PUBLIC")
            return
        if self._template is None:
            self._template = self._made_template()
        unfinished = file.with_suffix(".new")
        shutil.copyfile(self._template, unfinished)
        unfinished.rename(file)
        self._root.execute(f"ATTACH {literal(str(file))} AS {quoted(name)}")
        with self._in_one_transaction():
            self._sign(name)
        self._catalogs[name] = Catalog(self._root.cursor(), name, self._parsed)

    def _made_template(self) -> Path:
        """A file with all that new databases have, made again by each process."""
        file = self._data / "template.duckdb"
        file.unlink(missing_ok=True)
        self._root.execute(f"ATTACH {literal(str(file))} AS {_TEMPLATE}")
        with self._in_one_transaction():
            self._create_common(_TEMPLATE)
            self._root.execute(f"CREATE SCHEMA {_TEMPLATE}.PUBLIC")
        self._root.execute(f"DETACH {_TEMPLATE}")
        return file

    def _create_common(self, name: str) -> None:
        """The hidden tables and views, which do not tell whose they are."""
        for part in _FAKESNOW_PARTS:
            self._root.execute(part.substitute(catalog=quoted(name)))
        self._create(name, self._common)

    def _create(self, database: str, tables: str) -> None:
        """Tables and views in a hidden schema."""
        self._root.execute(f"USE {quoted(database)}.{HIDDEN_SCHEMA}")
        try:
            self._root.execute(tables)
        finally:
            self._root.execute("USE memory")

    @contextlib.contextmanager
    def _in_one_transaction(self) -> Iterator[None]:
        """All that is created inside is written to the disk once."""
        self._root.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._root.execute("ROLLBACK")
            raise
        self._root.execute("COMMIT")

    def _delete_files(self, name: str) -> None:
        _delete(self._files.pop(name))

    def databases(self) -> list[str]:
        """The names of the account's databases, sorted."""
        with self._lock:
            return sorted(self._catalogs)

    def catalog(self, database: str) -> Catalog:
        with self._lock:
            if database not in self._catalogs:
                raise errors.does_not_exist("Database", database)
            return self._catalogs[database]

    def find_catalog(self, database: str) -> Catalog | None:
        with self._lock:
            return self._catalogs.get(database)

    def own_catalog(self, tables: str) -> Catalog:
        """The metadata that spans databases, in the account's own file."""
        with self._in_one_transaction():
            self._create("_fs_global", stored_objects.DDL + tables)
            older_folders.adopt(self._root, "_fs_global")
        catalog = Catalog(self._root.cursor(), "_fs_global", self._parsed)
        self._catalogs_to_close.append(catalog)
        return catalog

    def create_database(self, name: str) -> None:
        """Create an empty database with its schema PUBLIC."""
        if not _DATABASE_NAME.fullmatch(name) or name.lower() in _NAMES_OF_DUCKDB:
            raise errors.unsupported(f"database name {name!r}")
        with self._lock, translated():
            if name in self._catalogs or name == _SNOWFLAKE_DATABASE:
                raise errors.already_exists(name)
            if name.upper() in {each.upper() for each in self._catalogs}:
                raise errors.unsupported(f"two databases whose names differ only in case: {name}")
            self._attach_new(name)

    def drop_database(self, name: str) -> None:
        """Delete a database and its files; statements still running on it fail."""
        with self._lock, translated():
            self.catalog(name).drop()
            del self._catalogs[name]
            self._root.execute(f"DETACH {quoted(name)}")
            self._delete_files(name)
            for table in ("_fs_stages", "_fs_file_formats"):
                self._root.execute(
                    f"DELETE FROM _fs_global.{HIDDEN_SCHEMA}.{table} WHERE database_name = ?",
                    [name],
                )
            self.declared.forget(self._root, name)
            self.stages.remove_database(name)

    def forget_stages(self, database: str, schema: str) -> None:
        """A schema's stages and file formats go with it, and so do their files and what is known of
        its tables' columns."""
        with self.shared() as connection, translated():
            for table in ("_fs_stages", "_fs_file_formats"):
                connection.execute(
                    f"DELETE FROM _fs_global.{HIDDEN_SCHEMA}.{table}"
                    " WHERE database_name = ? AND schema_name = ?",
                    [database, schema],
                )
            self.declared.forget(connection, database, schema)
        self.stages.remove_schema(database, schema)

    def drop_temporary(self, mark: str = BEGIN) -> None:
        """The stages and file formats whose names have this mark, a session's, and their files."""
        with self.shared() as connection, translated():
            gone = [
                found
                for table in ("_fs_file_formats", "_fs_stages")
                for found in connection.execute(
                    f"DELETE FROM _fs_global.{HIDDEN_SCHEMA}.{table} WHERE contains(name, ?)"
                    " RETURNING database_name, schema_name, name",
                    [mark],
                ).fetchall()
            ]
        for database, schema, name in gone:
            self.stages.remove(self.stages.stage(database, schema, name))
            if database in self.databases():
                self.catalog(database).write(
                    "DELETE FROM _account_objects WHERE (kind, \"schema\", name) = ('STAGE', ?, ?)",
                    [schema, name],
                )

    def provide(self, name: str, rows: pa.Table) -> None:
        """A read-only relation SNOWFLAKE.INFORMATION_SCHEMA.<name>."""
        self._root.register("provided", rows)
        self._root.execute(
            f"CREATE TABLE {_SNOWFLAKE_DATABASE}.{HIDDEN_SCHEMA}.{name} AS FROM provided"
        )
        self._root.unregister("provided")

    def connect(self) -> Connection:
        """A connection with a transaction of its own; to be used by one thread at a time."""
        with self._lock:
            return Connection(
                self._root.cursor(),
                self._data / "databases",
                self.statements,
                self._parsed,
                self.spellings,
                self.declared,
                fast=self.fast,
            )

    @contextlib.contextmanager
    def shared(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A short-lived connection for what spans databases."""
        with self._lock:
            cursor = self._root.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Write everything to the files and close them."""
        with self._lock:
            for catalog in [*self._catalogs.values(), *self._catalogs_to_close]:
                catalog.close()
            self._root.close()
