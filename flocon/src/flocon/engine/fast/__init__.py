"""What exists for speed alone. Every answer is the same without it, and comes later.

One switch turns it off for an account: `Account(fast=False)`, or FLOCON_PLAIN=1 in the environment
of its process. `make test-plain` runs the conformance tests so.

statement_cache    nothing about a statement's text is found out twice: pipelines repeat theirs
literal_rows       a long INSERT … VALUES of constants is read as rows: 200,000 rows in seconds, for
                   which a tree takes a minute
bound_arrays       FLATTEN(PARSE_JSON(?)), as loaders bind their rows, parses the array once
variant_paths      many paths into one VARIANT column are read together, not by a walk for each
parsed_statements  DuckDB does not read a text again that comes again
shortcuts          macros that ask first for what most values are, and so seldom for the whole

Where the shortcut is one line of something else, it asks `Connection.fast` or `Engine.fast` there:

Connection.insert_sql      the rows of a logged INSERT are computed in all threads
Connection._kind_if_sure   most names are answered without a statement, and so are the columns
Connection._schema         a description is read from what the engine binds, and nothing is run
Connection._columns_of     the planner is asked of a CTE's types once, not of the CTE each time
Engine.create_database     a new database is the copy of a template: 20 ms instead of 150
logged_dml._insert_held    the log of a multi-table INSERT is not written through RETURNING
Service.http_server        uvloop answers requests, where it is installed

Not behind the switch, for there is no second way: the compression of JSON columns, the checkpoint's
threshold, documents that are asked together for equal keys, ISA-L and orjson for requests, MERGE by
its join (which is what tells the rows that changed).
"""

import os


def is_fast() -> bool:
    """Is an account fast that is not told?"""
    return os.environ.get("FLOCON_PLAIN", "").lower() not in ("1", "true", "yes")
