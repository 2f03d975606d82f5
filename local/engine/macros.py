"""Snowflake's functions that DuckDB lacks, as DuckDB macros of every database."""

# {catalog} is the database's quoted name. The functions keep Snowflake's names: SQL calls them
# unchanged. https://docs.snowflake.com/en/sql-reference/functions-all
_MACROS = (
    "current_warehouse() AS getvariable('account_warehouse')",
    "current_role() AS getvariable('account_role')",
    "current_user() AS getvariable('account_user')",
    "current_account() AS 'LOCAL'",
    "current_account_name() AS 'LOCAL'",
    "current_organization_name() AS 'LOCAL'",
    "current_region() AS 'LOCAL'",
    "current_client() AS getvariable('account_client')",
    "current_session() AS getvariable('account_session')",
    'current_secondary_roles() AS \'{{"roles":"","value":""}}\'',
    "current_available_roles() AS '[\"SYSADMIN\"]'",
    "is_null_value(v) AS json_type(v) = 'NULL'",
    "strip_null_value(v) AS CASE WHEN json_type(v) = 'NULL' THEN NULL ELSE v END",
    "check_json(v) AS CASE WHEN v IS NULL OR trim(v) = '' OR json_valid(v) THEN NULL"
    " ELSE 'invalid JSON' END",
    "zeroifnull(x) AS coalesce(x, 0)",
    "nullifzero(x) AS nullif(x, 0)",
    "sysdate() AS CAST(get_current_timestamp() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    # A VARIANT's text has no quotes around it; other types are cast.
    "_account_text(x) AS CASE WHEN typeof(x) = 'JSON' THEN json_extract_string(x, '$')"
    " ELSE CAST(x AS VARCHAR) END",
    # DuckDB keeps no scale of JSON numbers: the text that it makes of them tells.
    "_account_typeof(x) AS CASE json_type(CAST(x AS JSON)) WHEN 'NULL' THEN 'NULL_VALUE'"
    " WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER'"
    " WHEN 'DOUBLE' THEN CASE"
    " WHEN regexp_full_match(json_extract_string(x, '$'), '-?[0-9]{1,38}([.]0)?') THEN 'INTEGER'"
    " WHEN regexp_full_match(json_extract_string(x, '$'), '-?[0-9]+[.][0-9]+') THEN 'DECIMAL'"
    " ELSE 'DOUBLE' END ELSE json_type(CAST(x AS JSON)) END",
    # DuckDB also reads 1_000 and hexadecimal numbers; Snowflake does not.
    "_account_number_text(x) AS CASE WHEN regexp_full_match(trim(x),"
    " '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?') THEN trim(x) END",
    # DuckDB also reads 'epoch' and 'infinity'; Snowflake reads digits as seconds, milliseconds …
    "_account_epoch(n) AS CASE WHEN abs(n) < 31536000000 THEN make_timestamp(n * 1000000)"
    " WHEN abs(n) < 31536000000000 THEN make_timestamp(n * 1000)"
    " WHEN abs(n) < 31536000000000000 THEN make_timestamp(n)"
    " ELSE make_timestamp(n // 1000) END",
    "_account_try_ntz(x) AS CASE"
    " WHEN regexp_full_match(trim(x), '-?[0-9]+') THEN _account_epoch(TRY_CAST(x AS BIGINT))"
    " WHEN regexp_matches(x, '^\\s*[0-9]') THEN TRY_CAST(x AS TIMESTAMP) END",
    "_account_try_tz(x) AS CASE"
    " WHEN regexp_full_match(trim(x), '-?[0-9]+')"
    " THEN _account_epoch(TRY_CAST(x AS BIGINT)) AT TIME ZONE 'UTC'"
    " WHEN regexp_matches(x, '^\\s*[0-9]') THEN TRY_CAST(x AS TIMESTAMPTZ) END",
    "_account_try_date(x) AS CAST(_account_try_ntz(x) AS DATE)",
    # fakesnow's FLATTEN numbers rows by their arrival; here the position is part of the value.
    "_fs_flatten(input) AS TABLE SELECT hash(to_json(input))::UBIGINT AS SEQ, e.k AS KEY,"
    " coalesce(e.k, '[' || (e.i - 1) || ']') AS PATH,"
    " CASE WHEN e.k IS NULL THEN e.i - 1 END AS INDEX, e.v AS VALUE, to_json(input) AS THIS"
    " FROM (SELECT unnest(CASE json_type(to_json(input))"
    " WHEN 'OBJECT' THEN list_transform(json_keys(to_json(input)), lambda x, i:"
    " struct_pack(k := x, i := i, v := CAST(to_json(input) -> ('$.\"' || x || '\"') AS JSON)))"
    " WHEN 'ARRAY' THEN list_transform(CAST(to_json(input) AS JSON[]), lambda x, i:"
    " struct_pack(k := NULL::VARCHAR, i := i, v := x)) END) AS e)",
)


def creation_sql(catalog: str) -> str:
    """The statements that create the macros in a database; they can be run again."""
    return ";\n".join(
        f"CREATE OR REPLACE MACRO {catalog}.main.{macro.replace('{{', '{').replace('}}', '}')}"
        for macro in _MACROS
    )
