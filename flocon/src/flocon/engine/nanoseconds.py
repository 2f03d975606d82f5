"""Nanoseconds: the engine's moments have six digits of a second, Snowflake's nine. What would lose
a digit other than 0 is refused, where a text, a number or parts become a moment; a type of six
digits or less cuts them off, as on Snowflake.

https://docs.snowflake.com/en/sql-reference/data-types-datetime
"""

import re

from sqlglot import Expr, exp

REFUSED = "nanoseconds: of a TIMESTAMP or TIME there are six digits of a second"
# What is put behind a text that the engine would read as a moment or number, and Snowflake not.
AND_NO_MORE = " ?"
# What is put before a text that the engine would read as a time, and Snowflake not.
NO_TIME = "? "
_FURTHER = re.compile(r"([0-9]:[0-9]{1,2}[.][0-9]{6})([0-9]+)")

# What is refused becomes a text that is no moment and no number, so the cast of it fails with that
# text: beside the engine's error() a column could not be named again by its alias, and of a text
# that is a constant the planner would try the cast each time.
MACROS = (
    f"_account_refused(x) AS '{REFUSED}' || CAST(x AS VARCHAR)",
    # Most texts have no seventh digit, which costs little to see.
    "_account_has_nanoseconds(x) AS x LIKE '%._______%'"
    " AND substr(x, strpos(x, '.') + 7, 1) BETWEEN '0' AND '9'"
    " AND regexp_matches(x, '[0-9]:[0-9]{{1,2}}[.][0-9]{{6}}0*[1-9]')",
    # A text or VARIANT that is then cast to a moment.
    "_account_micros(x) AS CASE WHEN _account_has_nanoseconds(x) THEN _account_refused(x)"
    " ELSE x END",
    "_account_micros_once(x) AS list_transform([x], lambda each: _account_micros(each))[1]",
    "_account_micros_of_json(x) AS CASE WHEN _account_has_nanoseconds(CAST(x AS VARCHAR))"
    " THEN to_json(_account_refused(x)) ELSE x END",
    "_account_micros_of_json_once(x) AS"
    " list_transform([x], lambda each: _account_micros_of_json(each))[1]",
    "_account_six_digits(x) AS regexp_replace(x, '([0-9]:[0-9]{{1,2}}[.][0-9]{{6}})[0-9]+', '\\1')",
    "_account_micros_of(nanos) AS CASE WHEN CAST(nanos AS BIGINT) % 1000 <> 0"
    " THEN CAST(_account_refused(nanos) AS BIGINT) ELSE CAST(nanos AS BIGINT) // 1000 END",
    "_account_whole_micros(n) AS CASE WHEN n <> floor(n) THEN CAST(_account_refused(n) AS BIGINT)"
    " ELSE CAST(n AS BIGINT) END",
    # A column of a file that has them.
    "_account_micros_of_column(x) AS CASE WHEN epoch_ns(x) % 1000 <> 0"
    " THEN CAST(_account_refused(x) AS TIMESTAMP) ELSE CAST(x AS TIMESTAMP) END",
    "_account_micros_of_zoned_column(x) AS CASE WHEN epoch_ns(x) % 1000 <> 0"
    " THEN CAST(_account_refused(x) AS TIMESTAMPTZ) ELSE CAST(x AS TIMESTAMPTZ) END",
)


def has(text: str, digits: int = 9) -> bool:
    """Would a moment of so many digits that is written so lose one that is not 0?"""
    found = _FURTHER.search(text)
    return bool(found and found[2][: digits - 6].strip("0"))


def six_digits(value: Expr) -> Expr:
    """A text that is to become a moment of six digits or less."""
    if isinstance(value, exp.Literal):
        return exp.Literal.string(_FURTHER.sub(r"\1", value.name))
    return exp.Anonymous(this="_account_six_digits", expressions=[value])


def checked(value: Expr, *, is_json: bool) -> Expr:
    """A text or VARIANT that is to become a moment, of which the engine would cut off digits."""
    name = "_account_micros_of_json" if is_json else "_account_micros"
    once = "" if isinstance(value, exp.Column) or value.find_ancestor(exp.Having) else "_once"
    return exp.Anonymous(this=f"{name}{once}", expressions=[value])
