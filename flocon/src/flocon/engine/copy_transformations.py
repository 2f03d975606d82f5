"""What the query of a COPY INTO <table> may do with the fields of staged files.

https://docs.snowflake.com/en/user-guide/data-load-transform
"""

import re

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.foreign import is_function

_CLAUSES = ("where", "group", "having", "qualify", "order", "limit", "offset", "joins", "laterals")
# The page's functions, and those of the session's context.
_FUNCTIONS = frozenset(
    """
    array_construct array_size ascii case cast ceil check_json check_xml chr char concat
    convert_timezone endswith equal_null floor get get_path hex_decode_string hex_encode iff ifnull
    is_array is_boolean is_decimal is_integer is_null_value is_object is_time is_timestamp_ltz
    is_timestamp_ntz is_timestamp_tz length len lpad ltrim md5 md5_hex nullif nvl nvl2
    object_construct parse_ip parse_json parse_url parse_xml random regexp_replace regexp_substr
    replace reverse rpad rtrim split split_part startswith substr substring to_array to_binary
    to_boolean to_char to_varchar to_date date to_decimal to_number to_numeric to_double to_object
    to_time time to_timestamp to_timestamp_ltz to_timestamp_ntz to_timestamp_tz to_variant trim
    try_cast try_hex_decode_string try_to_binary try_to_boolean try_to_date try_to_decimal
    try_to_number try_to_numeric try_to_double try_to_time try_to_timestamp try_to_timestamp_ltz
    try_to_timestamp_ntz try_to_timestamp_tz unicode uuid_string xmlget
    coalesce current_account current_database current_date current_role current_schema
    current_session current_time current_timestamp current_user current_warehouse getdate
    localtime localtimestamp sysdate sys_context
    """.upper().split()
)
_OPERATORS: dict[type[Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_CALL = re.compile(r"(\w+)\(")


def check(select: exp.Select) -> None:
    """Raises 000002 for what Snowflake does not carry out there: other clauses than SELECT and
    FROM, aggregates, and functions that it does not know there."""
    if any(select.args.get(clause) for clause in _CLAUSES) or any(
        each.find(exp.AggFunc, exp.Window, exp.Query) for each in select.expressions
    ):
        raise errors.compilation(
            errors.UNSUPPORTED,
            "COPY statement only supports simple SELECT from stage statements for import.",
        )
    for expression in select.expressions:
        for node in expression.walk():
            name = _name(node)
            if name is not None and name not in _FUNCTIONS:
                raise errors.SnowflakeError(
                    errors.UNSUPPORTED,
                    f"SQL Compilation error: Function '{name}' not supported within a COPY",
                )


def _name(node: Expr) -> str | None:
    """A function by its name on Snowflake, an operator of numbers by its sign. What is no
    function of Snowflake's is the account's own."""
    if type(node) in _OPERATORS:
        return _OPERATORS[type(node)]
    if isinstance(node, exp.Anonymous):
        return node.name.upper() if is_function(node.name.upper()) else None
    if not isinstance(node, exp.Func) or isinstance(node, exp.Connector):
        return None
    call = _CALL.match(node.sql(dialect="snowflake"))
    return call[1] if call else None
