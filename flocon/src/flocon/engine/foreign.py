"""What SQLGlot and DuckDB read, and Snowflake does not: functions, operators, clauses and types of
other dialects.

https://docs.snowflake.com/en/sql-reference/functions-all
https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
https://docs.snowflake.com/en/sql-reference/operators
https://docs.snowflake.com/en/sql-reference/reserved-keywords
"""

import re
import string
from collections.abc import Callable
from itertools import pairwise

from sqlglot import Expr, exp
from sqlglot.dialects import Snowflake
from sqlglot.tokens import Token, TokenType

from flocon.core import errors
from flocon.engine import argument_counts, type_sizes
from flocon.engine.types import check_read
from flocon.sql import error_places
from flocon.sql.tokens import tokenize

# Snowflake's functions under names that SQLGlot or the engine has, too, and the account's other
# functions of Snowflake's. IS_… and AS_… are below.
_FUNCTIONS = frozenset(
    """
    abs acos acosh add_months any_value approx_count_distinct approx_percentile
    approx_percentile_accumulate approx_percentile_combine approx_percentile_estimate
    approx_top_k approx_top_k_accumulate approx_top_k_combine approx_top_k_estimate
    approximate_jaccard_index approximate_similarity array_agg array_append array_cat
    array_compact array_construct array_construct_compact array_contains array_distinct
    array_except array_flatten array_generate_range array_insert array_intersection array_max
    array_min array_position array_prepend array_remove array_remove_at array_reverse array_size
    array_slice array_sort array_to_string array_union_agg array_unique_agg arrayagg
    arrays_overlap arrays_to_object arrays_zip ascii asin asinh atan atan2 atanh avg
    base64_decode_binary base64_decode_string base64_encode bit_and bit_and_agg bit_andagg
    bit_length bit_not bit_or bit_or_agg bit_oragg bit_shiftleft bit_shiftright bit_xor
    bit_xor_agg bit_xoragg bitand bitand_agg bitandagg bitmap_bit_position bitmap_bucket_number
    bitmap_construct_agg bitmap_count bitmap_or_agg bitnot bitor bitor_agg bitoragg bitshiftleft
    bitshiftright bitxor bitxor_agg bitxoragg booland booland_agg boolnot boolor boolor_agg
    boolxor boolxor_agg case cast cbrt ceil char charindex check_json check_xml chr coalesce
    collate collation compress concat concat_ws conditional_change_event conditional_true_event
    connect_by_root contains convert_timezone corr
    cos cosh cot count count_if covar_pop covar_samp cume_dist current_account
    current_account_name current_available_roles current_client current_database current_date
    current_ip_address current_organization_name current_organization_user current_region
    current_role current_role_type current_schema current_schemas current_secondary_roles
    current_session current_statement current_time current_timestamp current_transaction
    current_user current_version current_warehouse date date_from_parts date_part date_trunc
    dateadd datediff datefromparts day dayname dayofmonth dayofweek dayofweekiso dayofyear
    decode decompress_binary decompress_string decrypt decrypt_raw degrees dense_rank directory
    div0 div0null editdistance encrypt encrypt_raw endswith equal_null exists exp extract
    factorial filter first_value flatten floor generator get get_ddl get_ignore_case get_path
    getbit getdate getvariable greatest greatest_ignore_nulls grouping grouping_id hash hash_agg
    haversine hex_decode_binary hex_decode_string hex_encode hll hour identifier iff ifnull
    ilike initcap insert invoker_role invoker_share is_null_value jarowinkler_similarity
    json_extract_path_text kurtosis lag last_day last_query_id last_value lead least
    least_ignore_nulls left len length like listagg ln localtime localtimestamp log lower lpad
    ltrim map_cat map_contains_key map_delete map_insert map_keys map_pick map_size max max_by
    md5 md5_binary md5_hex md5_number_lower64 md5_number_upper64 median min min_by minhash
    minhash_combine minute mod mode month monthname months_between next_day normal nth_value
    ntile nullif nullifzero nvl nvl2 object_agg object_construct object_construct_keep_null
    object_delete object_insert object_keys object_pick octet_length parse_ip parse_json
    parse_url parse_xml percent_rank percentile_cont percentile_disc pi position pow power
    previous_day quarter radians random randstr rank ratio_to_report reduce regexp_count
    regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr regexp_substr_all
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    regr_valx regr_valy repeat replace result_scan reverse right rlike round row_number rpad
    rtrim rtrimmed_length search search_ip second semantic_view seq1 seq2 seq4 seq8 sha1
    sha1_binary sha1_hex sha2 sha2_binary sha2_hex sign sin sinh skew soundex soundex_p123 space
    split split_part split_to_table sqrt square startswith stddev stddev_pop stddev_samp
    strip_null_value strtok strtok_split_to_table strtok_to_array substr substring sum sysdate
    systimestamp table tan tanh time time_from_parts time_slice timeadd timediff timefromparts
    timestamp_from_parts timestamp_ltz_from_parts timestamp_ntz_from_parts
    timestamp_tz_from_parts timestampadd timestampdiff timestampfromparts timestampltzfromparts
    timestampntzfromparts timestamptzfromparts to_array to_binary to_boolean to_char to_date
    to_decfloat to_decimal to_double to_file to_geography to_geometry to_json to_number
    to_numeric to_object to_time to_timestamp to_timestamp_ltz to_timestamp_ntz to_timestamp_tz
    to_varchar to_variant to_xml transform translate trim trunc truncate
    try_base64_decode_binary try_base64_decode_string try_cast try_decrypt try_decrypt_raw
    try_hex_decode_binary try_hex_decode_string try_parse_json try_to_binary try_to_boolean
    try_to_date try_to_decfloat try_to_decimal try_to_double try_to_file try_to_geography
    try_to_geometry try_to_number try_to_numeric try_to_time try_to_timestamp
    try_to_timestamp_ltz try_to_timestamp_ntz try_to_timestamp_tz typeof unicode uniform upper
    uuid_string var_pop var_samp variance variance_pop variance_samp week weekiso weekofyear
    width_bucket xmlget year yearofweek yearofweekiso zeroifnull zipf
    """.upper().split()
)
_FAMILIES = ("AS_", "IS_", "SYSTEM$", "ST_", "VECTOR_", "AI_", "_")


def is_function(name: str) -> bool:
    """Has Snowflake a function of this name, in upper case?"""
    return name in _FUNCTIONS


# In a call's meta: it means a function that a user has made, or none.
FOREIGN = "foreign"

# What else of them SQLGlot would read as functions of its own.
for _known in ("FUNCTIONS", "FUNCTION_PARSERS"):
    _read = getattr(Snowflake.Parser, _known)
    _kept = {name: read for name, read in _read.items() if name in _FUNCTIONS}
    setattr(Snowflake.Parser, _known, _kept)
Snowflake.Parser.NO_PAREN_FUNCTION_PARSERS = {
    name: read for name, read in Snowflake.Parser.NO_PAREN_FUNCTION_PARSERS.items() if name != "IF"
}

# Columns count on by AUTOINCREMENT or IDENTITY alone.
Snowflake.Parser.CONSTRAINT_PARSERS = {
    name: read
    for name, read in Snowflake.Parser.CONSTRAINT_PARSERS.items()
    if name not in ("AUTO_INCREMENT", "GENERATED")
}

# Words that mean nothing to Snowflake, and may be names.
_NAMES = frozenset("anti isnull notnull percent positional semi unknown".upper().split())
# Names of types that Snowflake has under others.
_TYPES = """
    blob bpchar byte bytea clob fixed int1 int16 int2 int32 int4 int64 int8 long longvarchar short
    sql_double sql_varchar str varchar2
    """.upper().split()
Snowflake.Tokenizer.KEYWORDS = {
    **{word: token for word, token in Snowflake.Tokenizer.KEYWORDS.items() if word not in _NAMES},
    "==": TokenType.UNKNOWN,
    **dict.fromkeys(_TYPES, TokenType.USERDEFINED),
}

_OF_BITS = (
    exp.BitwiseAnd, exp.BitwiseLeftShift, exp.BitwiseNot, exp.BitwiseOr, exp.BitwiseRightShift,
    exp.BitwiseXor,
)  # fmt: skip
# How what other dialects have is called where it is refused.
_CLAUSES: dict[type[Expr], str] = {
    exp.AtTimeZone: "AT",
    exp.Filter: "WHERE",
    exp.Glob: "GLOB",
    exp.IntDiv: "DIV",
    exp.SimilarTo: "SIMILAR",
}
# Ranks, and what takes a value of another row.
_ORDERED = (
    exp.CumeDist, exp.DenseRank, exp.FirstValue, exp.Lag, exp.LastValue, exp.Lead, exp.NthValue,
    exp.Ntile, exp.PercentRank, exp.Rank, exp.RowNumber,
)  # fmt: skip
CONCERNED = frozenset(
    (
        exp.Anonymous, exp.Concat, exp.DataType, exp.Distinct, exp.HexString, exp.LimitOptions,
        exp.In, exp.NullSafeEQ, exp.Order, exp.When, exp.Window, exp.WithinGroup, *_OF_BITS,
        *_CLAUSES,
    )
)  # fmt: skip
_SIGNS = {TokenType.AMP, TokenType.CARET, TokenType.NULLSAFE_EQ, TokenType.PIPE, TokenType.TILDE}


def see(node: Expr, text: str) -> None:
    """Of one of `CONCERNED` in a text. Raises 001003 for an operator or clause of another
    dialect, 001007 for a function of a row's place without ORDER BY. Marks a call of a function
    that Snowflake has not. Raises 002040 for a type of others, 001007 for one of a size that there
    is not."""
    kind = type(node)
    if isinstance(node, exp.DataType):
        if node.this == exp.DType.USERDEFINED:
            _name_type(node, text)
        check_read(node)
        type_sizes.check(node)
    elif kind is exp.Anonymous:
        name = node.name.upper()
        if name not in _FUNCTIONS and not name.startswith(_FAMILIES):
            node.meta[FOREIGN] = True
        else:
            argument_counts.check(name, node.expressions)
    elif kind is exp.Window:
        _check_order(node)
    elif kind is exp.When:
        _check_action(node, text)
    elif kind is exp.In:
        if not any(node.args.get(key) for key in ("expressions", "query", "unnest", "field")):
            _refuse_empty_list(text)
    elif kind is exp.WithinGroup:
        _check_group(node)
    elif kind is exp.Order:
        if isinstance(node.parent, exp.AggFunc):
            _refuse_order(text)
    elif kind in _CLAUSES:
        _refuse(text, lambda token, _: token.text.upper().startswith(_CLAUSES[kind]))
    elif kind is exp.Concat:
        if all(type(each) is exp.Literal for each in node.expressions):
            _refuse(text, _is_beside_another)
    elif kind is exp.Distinct:
        if node.args.get("on"):
            _refuse(text, _is_on)
        _check_once(node)
    elif kind is exp.HexString:
        _check_digits(node.name)
        _refuse(text, lambda token, _: _is_hexadecimal(token, text))
    elif kind is exp.LimitOptions:
        if node.args.get("percent") or node.args.get("with_ties"):
            _refuse(text, lambda token, _: token.text.upper() in ("%", "TIES"))
    else:
        _refuse(text, _is_foreign)


def refuse(call: exp.Anonymous) -> None:
    """Raises 002140 where it is nothing that a user has made."""
    if call._meta and FOREIGN in call._meta:
        raise errors.compilation(errors.UNKNOWN_FUNCTION, f"Unknown function {call.name.upper()}")


def _name_type(node: Expr, text: str) -> None:
    """Of a type of others: say in the tree how it is written."""
    for token in tokenize(text):
        if token.token_type == TokenType.USERDEFINED:
            node.set("kind", exp.to_identifier(token.text.upper()))


def _check_order(window: Expr) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    function = window.this
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    named = window.args.get("alias") or window.args.get("first") or not window.args.get("over")
    if isinstance(function, _ORDERED) and not window.args.get("order") and not named:
        name = function.sql_name()
        text = f"Window function type [{name}] requires ORDER BY in window specification."
        raise errors.compilation(errors.COMPILATION, text)


def _check_group(group: Expr) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation"""
    if not isinstance(group.this, _OF_GROUPS):
        name = group.this.sql_name() if isinstance(group.this, exp.Func) else group.this.name
        text = f"Function {name.upper()} does not support WITHIN GROUP clause."
        raise errors.compilation(errors.UNSUPPORTED, text)


def _check_once(distinct: Expr) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/median"""
    function = distinct.parent
    if isinstance(function, _OF_EACH):
        text = f"invalid use of 'distinct' for function '{function.sql('snowflake')}'"
        raise errors.compilation(errors.COMPILATION, text)


def refuse_all(text: str) -> None:
    """Raises 001007 for a function that aggregates nothing and is given ALL of something, of which
    a tree has nothing.

    https://docs.snowflake.com/en/sql-reference/functions-aggregation
    """
    if not _ALL.search(text):
        return
    tokens = tokenize(text)
    for name, opening, word in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.token_type == TokenType.L_PAREN and word.token_type == TokenType.ALL:
            function = name.text.upper()
            if function in _FUNCTIONS and not _aggregates(function):
                said = f"invalid use of 'all' for function '{function}'"
                raise errors.compilation(errors.COMPILATION, said)


_ALL = re.compile(r"\(\s*ALL\b", re.IGNORECASE)
_AGGREGATES = frozenset(
    """
    any_value approx_count_distinct approx_percentile approx_top_k arrayagg avg corr count count_if
    covar_pop covar_samp first_value hll kurtosis last_value listagg max max_by median min min_by
    minhash mode skew sum
    """.upper().split()
)
_OF_MANY = ("APPROX", "BITMAP_", "HLL_", "MINHASH_", "PERCENTILE_", "REGR_", "STDDEV", "VAR")


def _aggregates(name: str) -> bool:
    return name in _AGGREGATES or name.endswith("_AGG") or name.startswith(_OF_MANY)


def _refuse_order(text: str) -> None:
    """Of what is aggregated: it is said behind WITHIN GROUP alone."""
    tokens, open_at = tokenize(text), []
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            open_at.append(index)
        elif token.token_type == TokenType.R_PAREN:
            open_at = open_at[:-1]
        elif token.token_type == TokenType.ORDER_BY and open_at and open_at[-1]:
            before, first = tokens[open_at[-1] - 1], tokens[open_at[-1] + 1]
            if before.text.upper() not in ("GROUP", "OVER") and first.text.upper() not in _QUERIES:
                raise errors.syntax(error_places.place(text, token.start), text[token.start :][:5])


_QUERIES = ("SELECT", "WITH", "(", "VALUES", "TABLE")


def _check_action(when: Expr, sql: str) -> None:
    """What a MERGE does with rows that match is no INSERT, and with others nothing else.

    https://docs.snowflake.com/en/sql-reference/sql/merge
    """
    then = when.args.get("then")
    if bool(when.args.get("matched")) != isinstance(then, exp.Insert):
        return
    tokens = tokenize(sql)
    wrong = ("INSERT",) if isinstance(then, exp.Insert) else ("DELETE", "UPDATE")
    is_of_others = False
    for before, token in pairwise(tokens):
        if before.token_type == TokenType.WHEN:
            is_of_others = token.token_type == TokenType.NOT
        is_wrong = before.token_type == TokenType.THEN and token.text.upper() in wrong
        if is_wrong and is_of_others != isinstance(then, exp.Insert):
            raise errors.syntax(error_places.place(sql, token.start), token.text)


def _refuse_empty_list(text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/in"""
    tokens = tokenize(text)
    for word, opening, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        is_empty = opening.token_type == TokenType.L_PAREN and closing.text == ")"
        if word.token_type == TokenType.IN and is_empty:
            raise errors.syntax(error_places.place(text, closing.start), closing.text)


# They take no DISTINCT.
_OF_EACH = (
    exp.BoolxorAgg, exp.CountIf, exp.LogicalAnd, exp.LogicalOr, exp.Median, exp.Mode,
)  # fmt: skip
# What has an order of its own.
_OF_GROUPS = (exp.ArrayAgg, exp.GroupConcat, exp.PercentileCont, exp.PercentileDisc)


def _is_foreign(token: Token, following: Token | None) -> bool:
    if token.token_type in _SIGNS:
        return True
    is_angle = token.token_type in (TokenType.LT, TokenType.GT)
    return (
        is_angle
        and following is not None
        and following.token_type == token.token_type
        and following.start == token.end + 1
    )


def _is_beside_another(token: Token, following: Token | None) -> bool:
    is_text = token.token_type == TokenType.STRING
    return is_text and following is not None and following.token_type == TokenType.STRING


def _is_on(token: Token, following: Token | None) -> bool:
    words = (token.text.upper(), following.text.upper() if following else "")
    return words == ("DISTINCT", "ON")


def _is_hexadecimal(token: Token, text: str) -> bool:
    """Is it 0x1F? BINARY constants are x'1F' alone.

    https://docs.snowflake.com/en/sql-reference/data-types-text
    """
    return token.token_type == TokenType.HEX_STRING and text[token.start] == "0"


def _check_digits(digits: str) -> None:
    if len(digits) % 2 or not set(digits) <= set(string.hexdigits):
        said = f"The following string is not a legal hex-encoded value: '{digits[:100]}'"
        raise errors.SnowflakeError(errors.HEX_VALUE, said)


def _refuse(text: str, is_it: Callable[[Token, Token | None], bool]) -> None:
    tokens = tokenize(text)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if is_it(token, following):
            raise errors.syntax(error_places.place(text, token.start), token.text)
