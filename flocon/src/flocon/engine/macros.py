"""Snowflake's functions that DuckDB lacks, as DuckDB macros for every database."""

from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.core.variant_marks import UNDEFINED
from flocon.engine import (
    arrays,
    column_defaults,
    datetime_formats,
    digests,
    encodings,
    events,
    inner_kinds,
    lengths,
    long_texts,
    moments,
    nanoseconds,
    numeric,
    objects,
    offsets,
    older_folders,
    row_numbers,
    variant_moments,
    variant_order,
    variants_beside,
)
from flocon.engine.failures import OF_VARIANT
from flocon.engine.fast import shortcuts

# Of a FLATTEN's row; and where that may be one that stands for none (OUTER).
_PATH = (
    "CASE WHEN _account_each.k IS NULL THEN path || '[' || (_account_each.i - 1) || ']'"
    " ELSE _account_below(path, _account_each.k) END"
)
_HOLDS = "json_type(part) IN ('ARRAY', 'OBJECT')"
_OUTER_PATH = f"CASE WHEN _account_each.i IS NOT NULL THEN {_PATH} WHEN {_HOLDS} THEN path END"
_OUTER_THIS = f"CASE WHEN _account_each.i IS NOT NULL OR {_HOLDS} THEN part END"
_PLACED = (
    "list_transform(json_extract(v, '$[*]'), lambda x, i:"
    " struct_pack(k := NULL::VARCHAR, i := i, v := x))"
)

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
    "is_null_value(v) AS json_type(v) = 'NULL'",
    "strip_null_value(v) AS CASE WHEN json_type(v) = 'NULL' THEN NULL ELSE v END",
    "check_json(v) AS CASE WHEN v IS NULL OR trim(v, ' ') = '' THEN NULL"
    " WHEN json_valid(v) THEN _account_same_key(v)"
    " WHEN json_valid(_account_with_marks(v)) OR json_valid(_account_try_strict(v)) THEN NULL"
    " ELSE 'Invalid JSON' END",
    "sysdate() AS CAST(get_current_timestamp() AT TIME ZONE 'UTC' AS TIMESTAMP)",
    # JSON as PARSE_JSON reads it, with marks (`core.variant_marks`), its texts as the engine writes
    # them, so that equal values are the same JSON, and without a key twice in an object.
    "_account_json(x) AS CASE WHEN contains(x, '\\') AND (contains(x, '\\u') OR contains(x, '\\/'))"
    " THEN json_extract(TRY_CAST(_account_with_marks(x) AS JSON), '$')"
    " ELSE TRY_CAST(_account_with_marks(x) AS JSON) END",
    # Few texts are JSON only as Snowflake reads it: the others are no slower for them.
    *(
        f"_account{name}_parsed(x) AS CASE WHEN _account{name}_has_keys_once(x) THEN"
        f" coalesce(_account_json(x), {cast}(_account{name}_strict(x) AS JSON)) END"
        for name, cast in (("", "CAST"), ("_try", "TRY_CAST"))
    ),
    *(
        f"_account{name}_parsed_once(x) AS"
        f" list_transform([x], lambda each: _account{name}_parsed(each))[1]"
        for name in ("", "_try")
    ),
    "_account_with_marks(x) AS CASE WHEN _account_has_marks(x)"
    " THEN _account_marked(_account_trimmed(x)) ELSE _account_trimmed(x) END",
    # JSON as it is, which a cast would make a VARIANT's text of.
    "_account_raw(x) AS CAST(x AS VARCHAR)",
    # Of a text that is such JSON, with marks and all.
    "_account_as_json(x) AS CAST(x AS JSON)",
    # What a path may find that ends at an element.
    f"_account_defined(x) AS CASE WHEN x <> '{UNDEFINED}' THEN x END",
    "_account_element_at(x, p) AS _account_defined(json_extract(x, p))",
    # Snowflake writes a whole number without decimals, however it came. Most values are strings:
    # they are asked for first, and the document is read once.
    "_account_json_text(x, p) AS CASE WHEN prefix(json_extract(x, p), '\"')"
    " THEN json_extract_string(json_extract(x, p), '$')"
    " WHEN json_extract(x, p) LIKE '%{{%' OR contains(json_extract(x, p), 'e999')"
    " OR (json_extract(x, p) LIKE '[%.0%')"
    " THEN _account_compact(CAST(json_extract(x, p) AS VARCHAR))"
    " WHEN right(json_extract(x, p), 2) = '.0'"
    " THEN left(json_extract(x, p), -2) ELSE json_extract_string(json_extract(x, p), '$') END",
    # JSON of a number that has a mark, with as many digits as it has: a VARIANT's text has fewer.
    "_account_without_mark(x) AS CASE WHEN regexp_full_match(x, '-?[0-9.]+e999[89]')"
    " THEN left(x, -5) ELSE _account_compact(x) END",
    # The same where it becomes a number: of a text that the engine would read, and Snowflake not,
    # none. The sign behind it, which the engine passes over, tells of an error that it is of a
    # VARIANT (`failures`). What is larger than all numbers is a truth, or is none.
    "_account_rare_digits(x, p, text) AS CASE"
    " WHEN contains(text, '_')"
    f" THEN text || '{nanoseconds.AND_NO_MORE}'"
    " WHEN text <= ':' THEN CASE WHEN prefix(json_extract(x, p), '\"')"
    " THEN _account_json_text(x, p) ELSE _account_without_mark(text) END"
    " ELSE CASE json_extract(x, p) WHEN 'true' THEN '1' WHEN 'false' THEN '0'"
    f" ELSE text || '{OF_VARIANT}' END END",
    f"_account_digits_alone(x) AS CASE WHEN contains(x, '_') THEN x || '{nanoseconds.AND_NO_MORE}'"
    f" WHEN x > ':' THEN x || '{OF_VARIANT}' ELSE x END",
    "_account_picked_digits(x, p, text) AS CASE"
    " WHEN text > ':' OR contains(text, '_') OR contains(text, 'e999')"
    " THEN _account_rare_digits(x, p, text) ELSE text END",
    "_account_json_digits(x, p) AS _account_picked_digits(x, p, json_extract_string(x, p))",
    # The same of a value that is a text of its own, as JSON is written (`fast.bound_arrays`).
    "_account_own_text(x) AS CASE WHEN prefix(x, '\"') THEN json_extract_string(x, '$')"
    " WHEN x LIKE '%{{%' OR contains(x, 'e999') OR x LIKE '[%.0%'"
    " THEN _account_compact(CAST(json_extract(x, '$') AS VARCHAR))"
    " WHEN right(x, 2) = '.0' THEN left(x, -2) ELSE json_extract_string(x, '$') END",
    # The same where a query's paths are read together (`fast.variant_paths`).
    "_account_picked_text(x, p, text, kind) AS CASE WHEN kind IN ('OBJECT', 'ARRAY')"
    " OR (kind = 'DOUBLE' AND contains(text, 'e999')) THEN _account_compact(text)"
    " WHEN kind = 'DOUBLE' AND right(text, 2) = '.0' THEN left(text, -2) ELSE text END",
    "_account_picked_word(x, p, text) AS CASE"
    " WHEN (text LIKE '{{%' OR text LIKE '[%{{%' OR text LIKE '[%.0%')"
    " AND json_type(x, p) IN ('OBJECT', 'ARRAY') THEN _account_compact(text)"
    " WHEN contains(text, 'e999') AND json_type(x, p) IN ('DOUBLE', 'ARRAY')"
    " THEN _account_compact(text)"
    " WHEN suffix(text, '.0') AND json_type(x, p) = 'DOUBLE' THEN left(text, -2) ELSE text END",
    # The engine moves no negative number.
    "_account_shifted(x, n) AS"
    " (CASE WHEN x < 0 THEN -1 ELSE 1 END) * (CAST(abs(x) AS INT128) << n)",
    "_account_least(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE least(a, b) END",
    "_account_random_text(n, seed) AS array_to_string(list_transform(range(CAST(n AS BIGINT)),"
    " lambda i: substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',"
    " 1 + CAST(hash(seed, i) % 62 AS INTEGER), 1)), '')",
    "_account_ascii(code) AS CASE WHEN code > 127 THEN CAST(error('Unsupported feature ''ASCII of"
    " a letter that is not of ASCII: UNICODE has its number''.') AS INTEGER) ELSE code END",
    # The engine makes a letter of it that few know. Snowflake's page does not say what it makes.
    "_account_without_eszett(x) AS CASE WHEN contains(x, 'ß') THEN CAST(error('Unsupported feature"
    " ''ß as a capital letter''.') AS VARCHAR) ELSE x END",
    "_account_without_first_eszett(x) AS CASE WHEN contains(x, 'ß') AND"
    r" regexp_matches(x, '(^|[^\p{{L}}\p{{N}}])ß') THEN _account_without_eszett(x) ELSE x END",
    # How many, where the engine takes no number with decimals.
    "_account_how_many(x) AS CAST(x AS BIGINT)",
    # A text as the engine writes a truth; what is none stays as it is.
    "_account_truth(x) AS CASE WHEN lower(trim(x)) IN ('true', 't', 'yes', 'y', 'on', '1')"
    " THEN 'true' WHEN lower(trim(x)) IN ('false', 'f', 'no', 'n', 'off', '0') THEN 'false'"
    " ELSE x END",
    # A year may have more than four digits.
    "_account_moment(x) AS left(x || CASE WHEN contains(x, '.') THEN '00' ELSE '.000' END,"
    " strpos(x, ' ') + 12)",
    "_account_float_text(x) AS _account_text_of_float(TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE))",
    # The text of what is known to be a number, or a moment: DuckDB's planner reads each branch.
    "_account_text_of_number(x) AS CASE typeof(x) WHEN 'DOUBLE' THEN _account_float_text(x)"
    " ELSE CAST(x AS VARCHAR) END",
    "_account_text_of_moment(x) AS CASE typeof(x)"
    " WHEN 'TIMESTAMP' THEN _account_moment(CAST(x AS VARCHAR))"
    " WHEN 'TIME' THEN left(CAST(x AS VARCHAR), 8)"
    " WHEN 'TIMESTAMP WITH TIME ZONE' THEN _account_moment(regexp_replace(CAST(x AS VARCHAR),"
    " '[+-][0-9:]+$', '')) || ' ' || rpad(replace(regexp_extract(CAST(x AS VARCHAR),"
    " '[+-][0-9:]+$'), ':', ''), 5, '0') ELSE CAST(x AS VARCHAR) END",
    "_account_text_of_variant(x) AS CASE typeof(x) WHEN 'JSON' THEN _account_json_text(x, '$')"
    " ELSE CAST(error('Unsupported feature: the text of this VARIANT') AS VARCHAR) END",
    # A VARIANT's text has no quotes around it; timestamps have milliseconds, and a zone's offset.
    # https://docs.snowflake.com/en/sql-reference/date-time-input-output
    "_account_text(x) AS CASE typeof(x) WHEN 'JSON' THEN _account_json_text(x, '$')"
    " WHEN 'DOUBLE' THEN _account_float_text(x)"
    " WHEN 'BLOB' THEN hex(TRY_CAST(CAST(x AS VARCHAR) AS BLOB))"
    f" WHEN '{ENGINE_TYPE}' THEN _account_shown(CAST(x AS VARCHAR))"
    " ELSE _account_text_of_moment(x) END",
    # Of a timestamp whose digits in JSON would not tell that it has others.
    *(
        f"_account_{name}_in_json(x) AS {inner_kinds.TOLD.format(f'_account_{name}(x)')}"
        for name in ("text", "text_of_moment")
    ),
    # The same for values that are long themselves: each is written once.
    *(
        f"_account_{name}_once(x) AS list_transform([x], lambda each: _account_{name}(each))[1]"
        for name in ("text", "text_in_json")
    ),
    # DuckDB keeps no scale of JSON numbers: the text that it makes of them tells, or their marks.
    "_account_kind_of(text, kind) AS CASE kind WHEN 'NULL' THEN 'NULL_VALUE'"
    " WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER'"
    " WHEN 'DOUBLE' THEN CASE"
    " WHEN regexp_full_match(text, '-?[0-9]{{1,38}}([.]0)?') THEN 'INTEGER'"
    " WHEN regexp_full_match(text, '-?[0-9]+[.][0-9]+(e9998)?|1e9992') THEN 'DECIMAL'"
    " ELSE 'DOUBLE' END WHEN 'VARCHAR' THEN CASE WHEN text IN ('inf', '-inf', 'NaN')"
    f" THEN CAST(CAST('{variant_order.INFINITE}: ' || text AS TINYINT) AS VARCHAR)"
    " ELSE kind END ELSE kind END",
    # Of equal VARIANTs the same JSON (`variant_values.canonical`).
    "_account_same(x) AS CAST(_account_canonical(CAST(to_json(x) AS VARCHAR)) AS JSON)",
    "_account_same_fixed(x) AS CASE"
    " WHEN regexp_matches(CAST(to_json(x) AS VARCHAR), 'e999[1379]')"
    " THEN CAST(error('Unsupported feature: equal VARIANTs with floating-point numbers here')"
    " AS JSON) ELSE _account_same(x) END",
    "_account_typeof_at(x, p) AS _account_kind_of(json_extract_string(x, p), json_type(x, p))",
    "_account_picked_kind(x, p, text, kind) AS _account_kind_of(text, kind)",
    # What a VARIANT is cast to a number from: a mark's number is a text, whose digits are all read.
    "_account_castable(x) AS CASE WHEN contains(x, 'e999')"
    " THEN to_json(_account_without_mark(CAST(x AS VARCHAR)))"
    " WHEN contains(x, '_')"
    f" THEN to_json(json_extract_string(x, '$') || '{nanoseconds.AND_NO_MORE}')"
    # Blanks around a number are none of its text.
    " WHEN prefix(x, '\" ') OR suffix(x, ' \"') THEN to_json(trim(json_extract_string(x, '$')))"
    " ELSE x END",
    # Of a t-digest all centroids are single values: none is so long that it has to be less exact.
    "_account_state(v) AS CAST('{{\"state\":[' || array_to_string(list_transform(list_sort(v),"
    " lambda x: _account_of_float(CAST(x AS DOUBLE)) || ',1e9999'), ',')"
    ' || \'],"type":"tdigest","version":1}}\' AS JSON)',
    "approx_percentile_accumulate(x) AS"
    " _account_state(list(CAST(x AS DOUBLE)) FILTER (x IS NOT NULL))",
    "_account_values_of(state) AS list_filter(CAST(replace(replace("
    "CAST(json_extract(state, '$.state') AS VARCHAR), '1e9991', '0'), 'e9999', '') AS DOUBLE[]),"
    " lambda x, i: i % 2 = 1)",
    "approx_percentile_combine(state) AS _account_state(flatten(list(_account_values_of(state))))",
    "approx_percentile_estimate(state, p) AS CASE WHEN p BETWEEN 0 AND 1"
    " THEN list_aggregate(_account_values_of(state), 'quantile_cont', abs(p))"
    " ELSE error('Invalid value [' || CAST(p AS DOUBLE) || '] for function"
    " ''APPROX_PERCENTILE_ESTIMATE''') END",
    # DuckDB also reads 1_000 and hexadecimal numbers; Snowflake does not.
    "_account_is_number(x) AS regexp_full_match(x,"
    " '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')",
    "_account_digits(x) AS CASE WHEN regexp_matches(CAST(x AS VARCHAR), '[_xXbB]')"
    f" THEN x || '{nanoseconds.AND_NO_MORE}' ELSE CAST(x AS VARCHAR) END",
    "_account_digits_once(x) AS list_transform([x], lambda each: _account_digits(each))[1]",
    "_account_number_text(x) AS CASE WHEN _account_is_number(x) THEN x"
    " WHEN _account_is_number(trim(x)) THEN trim(x) END",
    # DuckDB also reads 'epoch' and 'infinity'; Snowflake reads digits as seconds, milliseconds …
    "_account_epoch(n) AS CASE WHEN n < 31536000000 THEN make_timestamp(n * 1000000)"
    " WHEN n < 31536000000000 THEN make_timestamp(n * 1000)"
    " WHEN n < 31536000000000000 THEN make_timestamp(n)"
    " ELSE make_timestamp(_account_micros_of(n)) END",
    # A number is one of seconds, milliseconds … since 1970 in UTC, whatever the session's zone, and
    # keeps its fraction; how many a text's digits are of tells their size.
    "_account_ntz(x, scale) AS CASE WHEN typeof(x) = 'VARCHAR'"
    " AND _account_is_epoch(CAST(x AS VARCHAR)) THEN _account_epoch(TRY_CAST(x AS BIGINT))"
    " WHEN typeof(x) = 'VARCHAR' AND _account_has_nanoseconds(CAST(x AS VARCHAR))"
    " THEN CAST(_account_refused(x) AS TIMESTAMP)"
    " WHEN TRY_CAST(x AS BIGINT) IS NULL THEN CAST(x AS TIMESTAMP)"
    " WHEN scale = 0 AND typeof(x) IN ('BIGINT', 'INTEGER')"
    " THEN make_timestamp(CAST(x AS BIGINT) * 1000000)"
    " ELSE make_timestamp(_account_whole_micros(TRY_CAST(x AS DECIMAL(38, 9))"
    " * CASE scale WHEN 0 THEN 1000000.0 WHEN 3 THEN 1000.0 WHEN 6 THEN 1.0 WHEN 9 THEN 0.001 END))"
    " END",
    # Of what may be a text or a BINARY, as a bind may.
    "_account_binary(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN _account_unhex(CAST(x AS VARCHAR))"
    " ELSE CAST(x AS BLOB) END",
    "_account_hash(seed, n) AS hash(seed, n)",
    "_account_uniform(low, high, n) AS low + CAST(n % CAST(high - low + 1 AS UBIGINT) AS BIGINT)",
    "_account_uniform_float(low, high, n) AS low + CAST(n AS DOUBLE) / 18446744073709551616.0"
    " * (high - low)",
    # Casts that the rewrites of casts are to leave as they are.
    "_account_whole_time(x) AS CASE WHEN contains(CAST(x AS VARCHAR), '.')"
    f" THEN CAST(CAST('{moments.NO_FRACTION}' AS TINYINT) AS VARCHAR) ELSE CAST(x AS VARCHAR) END",
    "_account_days(n) AS CAST(n AS INTEGER)",
    # Seconds since 1970, the fraction left out.
    "_account_epoch_seconds(x) AS CAST(floor(epoch(x)) AS BIGINT)",
    # A number in a VARIANT, whatever its type turns out to be. JSON has none that are not finite.
    # One of a type that has decimals is a DECIMAL there, also where it has none itself.
    "_account_float_in_json(x) AS CASE WHEN isfinite(x) THEN CAST(_account_of_float(x) AS JSON)"
    " WHEN x IS NOT NULL THEN to_json(replace(CAST(x AS VARCHAR), 'nan', 'NaN')) END",
    # OBJECT_CONSTRUCT(*), without and with the NULLs.
    *(
        f"_account_object_of_values{name}(r) AS (SELECT coalesce(json_group_object(key,"
        " CAST(value AS JSON)), CAST('{{}}' AS JSON))"
        " FROM (SELECT CAST(_account_in_json(COLUMNS(*)) AS VARCHAR) FROM (SELECT unnest(r)))"
        f" UNPIVOT{nulls} (value FOR key IN (COLUMNS(*))))"
        for name, nulls in (("", ""), ("_and_nulls", " INCLUDE NULLS"))
    ),
    "_account_number_in_json(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT')"
    " THEN _account_float_in_json(TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE))"
    " WHEN prefix(typeof(x), 'DECIMAL(')"
    " AND regexp_matches(CAST(x AS VARCHAR), '[.]0+$|^-?0[.]0000|^.{{17}}')"
    " THEN CAST(regexp_replace(regexp_replace(CAST(x AS VARCHAR), '^0[.]0+$', '1e9992'),"
    " '([.][0-9]*?[0-9])0*$', '\\1e9998') AS JSON)"
    " ELSE to_json(x) END",
    # What is no number, and JSON has no form of.
    "_account_in_json(x) AS CASE WHEN typeof(x) IN ('TIMESTAMP', 'TIMESTAMP WITH TIME ZONE')"
    " THEN to_json(_account_text_of_moment_in_json(x))"
    " WHEN typeof(x) = 'BLOB' THEN to_json(hex(TRY_CAST(CAST(x AS VARCHAR) AS BLOB)))"
    f" WHEN typeof(x) = '{ENGINE_TYPE}' THEN to_json("
    "_account_text_in_json(x))"
    " WHEN typeof(x) = 'TIME' THEN to_json(_account_whole_time(x))"
    " ELSE _account_number_in_json(x) END",
    "_account_other_type(declared, got, name) AS CAST(CAST('Expression type does not match column"
    " data type, expecting ' || declared || ' but got ' || got || ' for column ' || name"
    " AS TINYINT) AS JSON)",
    # What is stored in a VARIANT column, of a value whose type only the engine knows.
    "_account_variant_of(x, declared, name) AS CASE WHEN x IS NULL THEN NULL"
    " WHEN typeof(x) = 'VARCHAR' THEN _account_other_type(declared,"
    " 'VARCHAR(' || length(CAST(x AS VARCHAR)) || ')', name)"
    " WHEN typeof(x) = 'BLOB' THEN _account_other_type(declared, 'BINARY', name)"
    f" WHEN typeof(x) IN ('DATE', 'TIME', 'TIMESTAMP', '{ENGINE_TYPE}', 'TIMESTAMP WITH TIME ZONE')"
    " THEN _account_other_type(declared, CASE typeof(x) WHEN 'DATE' THEN 'DATE'"
    " WHEN 'TIME' THEN 'TIME(9)' WHEN 'TIMESTAMP' THEN 'TIMESTAMP_NTZ(9)'"
    f" WHEN '{ENGINE_TYPE}' THEN 'TIMESTAMP_TZ(9)' ELSE 'TIMESTAMP_LTZ(9)' END, name)"
    " ELSE _account_number_in_json(x) END",
    # Snowflake's HASH has a sign. What is hashed may be another number each time: it is named once.
    "_account_signed(h) AS CAST(CAST(xor(h, CAST(9223372036854775808 AS UBIGINT)) AS HUGEINT)"
    " - 9223372036854775808 AS BIGINT)",
    "_account_try_ntz(x) AS CASE"
    " WHEN _account_is_epoch(x) THEN _account_epoch(TRY_CAST(x AS BIGINT))"
    " WHEN _account_is_moment(x) THEN CASE WHEN _account_has_nanoseconds(x)"
    " THEN CAST(_account_refused(x) AS TIMESTAMP) ELSE TRY_CAST(x AS TIMESTAMP) END END",
    "_account_try_tz(x) AS CASE"
    " WHEN _account_is_epoch(x)"
    " THEN _account_epoch(TRY_CAST(x AS BIGINT)) AT TIME ZONE 'UTC'"
    " WHEN _account_is_moment(x) THEN CASE WHEN _account_has_nanoseconds(x)"
    " THEN CAST(_account_refused(x) AS TIMESTAMPTZ) ELSE TRY_CAST(x AS TIMESTAMPTZ) END END",
    "_account_try_date(x) AS CAST(CASE WHEN _account_is_epoch(x)"
    " THEN CASE WHEN TRY_CAST(x AS BIGINT) < 31536000000000000"
    " THEN _account_epoch(TRY_CAST(x AS BIGINT))"
    " ELSE make_timestamp(TRY_CAST(x AS BIGINT) // 1000) END"
    " WHEN _account_is_moment(x) THEN TRY_CAST(x AS TIMESTAMP) END AS DATE)",
    # Whole numbers n * ten_n * up and d * ten_d, divided and rounded half away from zero.
    "_account_divided(n, d) AS sign(n) * sign(d) * ((2 * abs(n) + abs(d)) // (2 * abs(d)))",
    "_account_quotient(n, d, ten_n, up, ten_d, fits, scale) AS CASE"
    " WHEN n IS NULL OR d IS NULL THEN NULL WHEN abs(CAST(n AS DOUBLE)) < fits"
    " THEN _account_divided(CAST(n * ten_n AS HUGEINT) * up, CAST(d * ten_d AS HUGEINT))"
    " ELSE CAST(_account_long_quotient(CAST(n AS VARCHAR), CAST(d AS VARCHAR),"
    " CAST(scale AS BIGINT), FALSE) AS HUGEINT) END",
    # The same with what is behind the last digit cut off.
    "_account_quotient_cut(n, d, ten_n, up, ten_d, fits, scale) AS CASE"
    " WHEN n IS NULL OR d IS NULL THEN NULL WHEN abs(CAST(n AS DOUBLE)) < fits"
    " THEN sign(n) * sign(d) * (abs(CAST(n * ten_n AS HUGEINT) * up)"
    " // abs(CAST(d * ten_d AS HUGEINT)))"
    " ELSE CAST(_account_long_quotient(CAST(n AS VARCHAR), CAST(d AS VARCHAR),"
    " CAST(scale AS BIGINT), TRUE) AS HUGEINT) END",
    # The same for operands that are long themselves: each is written once.
    "_account_quotient_once(n, d, ten_n, up, ten_d, fits, scale) AS list_transform("
    "[struct_pack(n := n, d := d)],"
    " lambda x: _account_quotient(x.n, x.d, ten_n, up, ten_d, fits, scale))[1]",
    "_account_quotient_cut_once(n, d, ten_n, up, ten_d, fits, scale) AS list_transform("
    "[struct_pack(n := n, d := d)],"
    " lambda x: _account_quotient_cut(x.n, x.d, ten_n, up, ten_d, fits, scale))[1]",
    # fakesnow's FLATTEN numbers rows by their arrival; here the position is part of the value. An
    # element that is NULL has no row.
    f"_account_elements(v) AS CASE WHEN json_type(v) = 'ARRAY' AND NOT contains(v, '{UNDEFINED}')"
    f" THEN {_PLACED} ELSE CASE json_type(v)"
    " WHEN 'OBJECT' THEN list_transform(list_sort(json_keys(v)),"
    " lambda x, i: struct_pack(k := x, i := i, v := CAST(v -> CASE WHEN contains(x, '\"')"
    " THEN '/' || replace(replace(x, '~', '~0'), '/', '~1')"
    " ELSE '$.\"' || x || '\"' END AS JSON)))"
    f" WHEN 'ARRAY' THEN list_filter({_PLACED}, lambda e: e.v <> '{UNDEFINED}') END END",
    # A place in JSON: a key that is no identifier stands in brackets.
    "_account_below(path, key) AS CASE"
    " WHEN NOT regexp_full_match(key, '[A-Za-z_][A-Za-z0-9_$]*')"
    r" THEN path || '[''' || replace(replace(key, '\', '\\'), '''', '\''') || ''']'"
    " WHEN path = '' THEN key ELSE path || '.' || key END",
    # FLATTEN of what is beside it in the FROM: DuckDB keeps the order of an UNNEST that is all of a
    # subquery, and reverses that of others. The input stands beside its elements: what holds them
    # has a name that no table has.
    "_account_row(input) AS CAST(hash(input) % 9223372036854775807 AS BIGINT)",
    *(
        f"_account_flattened{name}(input, path, elements, part) AS TABLE"
        " SELECT _account_row(input) AS SEQ, _account_each.k AS KEY,"
        f" {at} AS PATH,"
        " CASE WHEN _account_each.k IS NULL THEN _account_each.i - 1 END AS INDEX,"
        f" _account_each.v AS VALUE, {this} AS THIS"
        " FROM (SELECT unnest(elements) AS _account_each)"
        for name, at, this in (("", _PATH, "part"), ("_or_one", _OUTER_PATH, _OUTER_THIS))
    ),
    # What `flattening` has found.
    "_account_flattened_rows(n, rows) AS TABLE SELECT n AS SEQ, _account_each.k AS KEY,"
    " _account_each.p AS PATH, _account_each.i AS INDEX, CAST(_account_each.v AS JSON) AS VALUE,"
    " CAST(_account_each.t AS JSON) AS THIS FROM (SELECT unnest(rows) AS _account_each)",
    # The same of a value that is not at hand: it is read once.
    "_account_elements_once(v) AS list_transform([v], lambda each: _account_elements(each))[1]",
    "_account_or_one(elements) AS CASE WHEN coalesce(len(elements), 0) > 0 THEN elements"
    " ELSE [struct_pack(k := NULL::VARCHAR, i := NULL::BIGINT, v := NULL::JSON)] END",
    "_account_pieces(s, d) AS CASE WHEN d IS NOT NULL THEN list_transform("
    "CASE WHEN d = '' THEN [s] ELSE string_split(s, d) END,"
    " lambda v, i: struct_pack(i := i, v := v)) END",
    "_account_tokens(s, d) AS list_transform(list_filter(string_split(translate(s, d,"
    " repeat(left(d, 1), length(d))), left(d, 1)), lambda v: v <> ''),"
    " lambda v, i: struct_pack(i := i, v := v))",
    "_account_split_rows(n, pieces) AS TABLE SELECT n AS SEQ, _account_each.i AS INDEX,"
    " _account_each.v AS VALUE FROM (SELECT unnest(pieces) AS _account_each)",
    # The input is named once, in the innermost query: it may be long, and would be read each time.
    "_account_flatten(input, path, keep) AS TABLE SELECT"
    f" 1::BIGINT AS SEQ, _account_each.k AS KEY, {_OUTER_PATH} AS PATH,"
    " CASE WHEN _account_each.k IS NULL THEN _account_each.i - 1 END AS INDEX,"
    f" _account_each.v AS VALUE, {_OUTER_THIS} AS THIS"
    " FROM (SELECT whole, part, unnest(CASE WHEN keep THEN _account_or_one(elements)"
    " ELSE elements END) AS _account_each"
    " FROM (SELECT whole, part, _account_elements(part) AS elements"
    " FROM (SELECT whole, json_extract(whole, '$' || CASE WHEN path = ''"
    " OR prefix(path, '[') THEN path ELSE '.' || path END) AS part"
    " FROM (SELECT to_json(input) AS whole))))",
)


def creation_sql(catalog: str, *, fast: bool) -> str:
    """The statements that create the macros in a database; they can be run again."""
    return ";\n".join(
        f"CREATE OR REPLACE MACRO {catalog}.main.{macro.replace('{{', '{').replace('}}', '}')}"
        for macro in (
            *shortcuts.macros(fast=fast),
            *encodings.MACROS,
            *nanoseconds.MACROS,
            *offsets.PARTS,
            *_MACROS,
            *arrays.MACROS,
            *objects.MACROS,
            *digests.MACROS,
            *events.MACROS,
            *numeric.MACROS,
            *row_numbers.MACROS,
            *variant_order.MACROS,
            *variants_beside.MACROS,
            *column_defaults.MACROS,
            *lengths.MACROS,
            *long_texts.MACROS,
            *datetime_formats.MACROS,
            *offsets.MACROS,
            *variant_moments.MACROS,
            *older_folders.MACROS,
        )
    )
