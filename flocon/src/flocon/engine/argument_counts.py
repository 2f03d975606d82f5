"""How many arguments Snowflake's functions take, where SQLGlot or the engine would take others.

https://docs.snowflake.com/en/sql-reference/functions-all
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import Expr, exp
from sqlglot.errors import ParseError
from sqlglot.tokens import Token, TokenType

from flocon.core import errors
from flocon.sql.tokens import tokenize

_MANY = 200_000
_COUNTS: dict[str, tuple[int, int]] = {
    name.upper(): (least, most)
    for least, most, names in (
        (0, 0, "cume_dist current_date current_schema current_schemas current_user"),
        (0, 0, "dense_rank getdate percent_rank rank row_number sysdate"),
        (0, 1, "current_time current_timestamp localtimestamp random systimestamp"),
        (0, 2, "uuid_string"),
        (0, _MANY, "object_construct"),
        (1, 1, "any_value array_agg arrayagg len length max median min ntile nullifzero"),
        (1, 1, "array_distinct array_size atan bitnot bit_not boolnot char chr count_if dayname"),
        (1, 1, "hex_decode_binary md5_binary mode monthname object_keys percentile_cont"),
        (1, 1, "percentile_disc square to_array to_boolean try_to_boolean unicode week weekofyear"),
        (1, 1, "conditional_change_event conditional_true_event getvariable"),
        (1, 1, "ratio_to_report system$typeof to_json to_object to_variant zeroifnull"),
        (1, 2, "date parse_json to_char to_date to_time to_timestamp to_timestamp_ltz"),
        (1, 2, "to_timestamp_ntz to_timestamp_tz to_varchar try_parse_json try_to_date"),
        (1, 2, "try_to_time try_to_timestamp try_to_timestamp_ltz try_to_timestamp_ntz"),
        (1, 2, "time try_to_timestamp_tz"),
        (1, 2, "ceil floor initcap listagg ltrim parse_url rtrim to_binary to_double trim trunc"),
        (1, 2, "truncate try_to_binary try_to_double"),
        (1, 3, "round"),
        (1, 4, "to_decimal to_number to_numeric try_to_decimal try_to_number try_to_numeric"),
        (1, _MANY, "count hash"),
        (2, 2, "add_months approx_percentile array_append array_contains array_except"),
        (2, 2, "array_intersection array_position array_prepend array_remove array_to_string"),
        (2, 2, "arrays_overlap bitshiftleft bitshiftright bit_shiftleft bit_shiftright booland"),
        (2, 2, "boolor boolxor contains corr get_path getbit jarowinkler_similarity"),
        (2, 2, "json_extract_path_text mod months_between nth_value regr_count regr_intercept"),
        (2, 2, "regr_r2 regr_slope split"),
        (2, 2, "array_cat date_trunc div0 div0null ifnull left log nvl object_agg randstr right"),
        (2, 3, "array_generate_range bitand bitor bitxor bit_and bit_or bit_xor charindex"),
        (2, 3, "convert_timezone editdistance ilike like lpad max_by min_by position regexp_like"),
        (2, 3, "replace rlike rpad substr substring"),
        (2, 6, "regexp_replace regexp_substr"),
        (2, _MANY, "object_delete object_pick"),
        (3, 3, "array_insert dateadd datediff reduce timeadd timediff timestampadd timestampdiff"),
        (3, 3, "array_slice date_from_parts datefromparts iff nvl2 split_part uniform"),
        (3, 4, "time_from_parts timefromparts"),
        (3, _MANY, "decode"),
        (4, 4, "haversine width_bucket"),
        (2, 8, "timestamp_from_parts timestampfromparts"),
        (2, 7, "timestamp_ntz_from_parts timestampntzfromparts"),
        (6, 7, "timestamp_ltz_from_parts timestampltzfromparts"),
        (6, 8, "timestamp_tz_from_parts timestamptzfromparts"),
    )
    for name in names.split()
}
_OF_VARIANTS = ("AS_", "IS_")
_DECIMALS = ("AS_DECIMAL", "AS_NUMBER")
_OF_A_DATE_AND_A_TIME = (
    "TIMESTAMP_FROM_PARTS", "TIMESTAMPFROMPARTS", "TIMESTAMP_NTZ_FROM_PARTS",
    "TIMESTAMPNTZFROMPARTS",
)  # fmt: skip


def check(name: str, arguments: Sequence[Expr]) -> None:
    """Raises 000938 for fewer arguments than a function takes, 000939 for more."""
    count = len(arguments)
    if name in _COUNTS:
        least, most = _COUNTS[name]
    elif name.startswith(_OF_VARIANTS):
        least, most = 1, 3 if name in _DECIMALS else 1
    else:
        return
    if name == "OBJECT_CONSTRUCT" and count % 2 and not any(each.is_star for each in arguments):
        least = count + 1
    if name == "UUID_STRING" and count == 1:
        least = 2
    if name in _OF_A_DATE_AND_A_TIME and count > least:
        least = 6
    if least <= count <= most:
        return
    call = f"{name}({', '.join(each.sql('snowflake') for each in arguments)})"[:200]
    raise _other_count(call, count, least, most)


def _other_count(call: str, count: int, least: int, most: int) -> errors.SnowflakeError:
    if count < least:
        text = f"not enough arguments for function [{call}], expected {least}, got {count}"
        return errors.compilation(errors.TOO_FEW_ARGUMENTS, text)
    text = f"too many arguments for function [{call}] expected {most}, got {count}"
    return errors.compilation(errors.TOO_MANY_ARGUMENTS, text)


_MORE = re.compile(r"arguments \(\d+\) is greater than the maximum number .* \((\d+)\)")
_LESS = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]+\.(\w+)'>")


def miscounted(parsed: ParseError, text: str) -> errors.SnowflakeError | None:
    """What Snowflake says of a call for which SQLGlot finds too few or too many arguments; None
    where a text is none for another reason."""
    said = parsed.errors[0] if parsed.errors else {}
    more, less = (each.search(str(said.get("description"))) for each in (_MORE, _LESS))
    function = getattr(exp, less[1], None) if less else None
    if not more and not (isinstance(function, type) and issubclass(function, exp.Func)):
        return None
    tokens = tokenize(text)
    place = (said.get("line"), said.get("col"))
    ends = [index for index, token in enumerate(tokens) if (token.line, token.col) == place]
    if not ends or tokens[ends[0]].token_type != TokenType.R_PAREN:
        return None
    start, depth = ends[0], 1
    while depth and start:
        start -= 1
        kind = tokens[start].token_type
        depth += (kind in _CLOSING) - (kind in _OPENING)
    name = tokens[start - 1]
    inner = tokens[start + 1 : ends[0]]
    count = _written(inner) if inner else 0
    shown = " ".join(text[tokens[start].start : tokens[ends[0]].end + 1].split())
    call = f"{name.text.upper()}{shown}"[:200]
    least, most = _COUNTS.get(name.text.upper(), (0, _MANY))
    if more:
        return _other_count(call, count, 0, int(more[1]))
    least = least or sum(map(bool, function.arg_types.values())) if function else least
    return _other_count(call, count, least, most) if count < least else None


Build = Callable[..., Expr]


def checked(functions: Mapping[str, Build]) -> dict[str, Build]:
    """The same of what makes calls out of their arguments."""
    return {
        name: _checked(name, build) if name in _COUNTS else build
        for name, build in functions.items()
    }


def _checked(name: str, build: Build) -> Build:
    def built(arguments: list[Expr], **dialect: Any) -> Expr:
        check(name, arguments)
        return build(arguments, **dialect)

    return built


def complete(parsers: Mapping[str, Build]) -> dict[str, Build]:
    """The same of what reads calls with words in them."""
    return {
        name: _complete(name, read) if name in (*_COUNTS, "DATE_PART") else read
        for name, read in parsers.items()
    }


def _complete(name: str, read: Build) -> Build:
    def built(parser: Any) -> Expr:
        start = parser._index
        made = read(parser)
        if not made:
            parser.raise_error(f"{name} without arguments")
        missing = sum(needed and not made.args.get(key) for key, needed in made.arg_types.items())
        least, most = _COUNTS.get(name, (0, _MANY))
        tokens = parser._tokens[start : parser._index]
        count = _written(tokens)
        if missing:
            count = count if tokens else 0
            inner = parser.sql[tokens[0].start : tokens[-1].end + 1] if tokens else ""
            raise _other_count(f"{name}({inner})"[:200], count, count + missing, most)
        if count > most:
            raise _other_count(made.sql("snowflake")[:200], count, least, most)
        return made

    return built


def _written(tokens: Sequence[Token]) -> int:
    """How many arguments there are between the parentheses of a call."""
    depth, commas = 0, 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth < 0:
            break  # WITHIN GROUP has commas of its own
        commas += token.token_type == TokenType.COMMA and depth == 0
    return commas + 1


_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
