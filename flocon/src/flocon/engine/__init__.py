"""DuckDB and fakesnow behind one door: nothing else in this package imports them.

A statement's way, from the outside in:

parsing             text → tree, as Snowflake reads it; marked_names: what the engine calls columns,
                    literals: numbers as they are written
expression_types    the types of the tree's expressions, from the columns of its tables on;
                    inner_kinds: what of dates and BINARYs is inside of VARIANTs; clauses: what
                    the names in a query's clauses may mean, correlation: which subqueries may
                    read the rows around them
bound_types         binds that are dates, times or no numbers have their types
coercions           the casts that Snowflake makes silently, put in by those types;
                    variants_beside: what VARIANTs are beside numbers and BOOLEANs, variant_order:
                    which of them comes first, conditions: what is one; compared_variants: where a
                    date may be inside of compared VARIANTs
stored_values       what values become in the columns of the target; writable_types: which they
                    are not, default_types: the same of defaults
rewrite             Snowflake's SQL as DuckDB's; its parts: functions, conversions, variant, arrays,
                    objects, regexps, numeric, clock, types, moments, nanoseconds, lengths,
                    long_texts, texts, encodings, pivoted_columns, row_numbers, read_numbers
decimals            `/` and AVG with Snowflake's scale, by the types that DuckDB's planner names
rendering           tree → DuckDB's text, and its binds
macros              what DuckDB lacks, as its macros; variant_values, regexps: what it has Python do
connection          runs it, and answers with a Result; failures: DuckDB's errors as Snowflake's,
                    failure_texts: in its words, misplaced: which function or column it is;
                    scalar_subqueries: those that are asked once, ahead of the rows

merging and multi_inserts take a MERGE and an INSERT ALL apart into plain statements. loading is
COPY INTO a table, copy_transformations what its query may be, staged_rows what it reads,
unloaded_rows what COPY INTO a stage writes,
inferred_types what INFER_SCHEMA finds, stage_files where staged files lie, cursor what fakesnow
does alone (DDL, SHOW). engine opens the data folder; catalog runs statements on an account's own
tables, stored_objects is the store of its objects in them. fast: what exists for speed alone.
"""

from flocon.engine.catalog import HIDDEN_SCHEMA, Catalog
from flocon.engine.clock import NOW, now
from flocon.engine.connection import OF_THE_ENGINE, Connection, Temporary
from flocon.engine.declared_types import DeclaredTypes
from flocon.engine.engine import Engine
from flocon.engine.failures import Conflict, translate
from flocon.engine.fast.statement_cache import SHAPES, TEXT
from flocon.engine.functions import SNOWFLAKE_VERSION
from flocon.engine.loading import check_format_options, file_options, loads_moving
from flocon.engine.nanoseconds import REFUSED as NANOSECONDS
from flocon.engine.quoting import literal, quoted
from flocon.engine.rendering import Binds, used
from flocon.engine.staged_rows import StagedRows
from flocon.engine.stored_objects import StoredObjects, Tables, forget_schema, is_stored
from flocon.engine.types import compressed

__all__ = [
    "HIDDEN_SCHEMA",
    "NANOSECONDS",
    "NOW",
    "OF_THE_ENGINE",
    "SHAPES",
    "SNOWFLAKE_VERSION",
    "TEXT",
    "Binds",
    "Catalog",
    "Conflict",
    "Connection",
    "DeclaredTypes",
    "Engine",
    "StagedRows",
    "StoredObjects",
    "Tables",
    "Temporary",
    "check_format_options",
    "compressed",
    "file_options",
    "forget_schema",
    "is_stored",
    "literal",
    "loads_moving",
    "now",
    "quoted",
    "translate",
    "used",
]
