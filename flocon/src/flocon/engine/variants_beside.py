"""What a VARIANT is beside a number or a BOOLEAN that it is compared with, and as a condition.

A number is read as a VARIANT there, whichever side it is on: what holds no number is not equal to
it, a text of digits neither. So is a BOOLEAN on the right; one on the left makes a BOOLEAN of the
VARIANT, as a condition does.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from collections.abc import Callable, Iterator
from functools import partial

from sqlglot import Expr, exp

from flocon.engine.variant_order import INFINITE, rank

ORDERED = "_account_number_in_order"
UNTYPED = "a VARIANT beside a value of which no type is known: cast it"
_NUMBER, _WHOLE, _TRUTH = "_account_number_beside", "_account_whole_beside", "_account_truth_of"
_TRUTHS = ("('true', 't', 'yes', 'y', 'on', '1')", "('false', 'f', 'no', 'n', 'off', '0')")
NOT_ORDERED = "the order of VARIANTs that are arrays, objects, nulls of JSON or of several types"
# A text as large as no number is, and beyond all of 38 digits.
_NEITHER = "CAST('160000000000000000000000000000000000000' AS HUGEINT)"
_RAW = "CAST(x AS VARCHAR)"
_MARKED = "contains(x, 'e999') AND json_type(x) = 'DOUBLE'"
MACROS = (
    # Of what only the engine knows the type of.
    "_account_is_truth(x) AS typeof(x) = 'BOOLEAN'",
    "_account_is_json(x) AS typeof(x) = 'JSON'",
    "_account_is_whole(x) AS typeof(x) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT')",
    "_account_is_long(x) AS _account_is_whole(x) AND"
    " abs(TRY_CAST(CAST(x AS VARCHAR) AS HUGEINT)) > 1000000000000000",
    "_account_is_numeric(x) AS typeof(x) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT',"
    " 'UBIGINT', 'FLOAT', 'DOUBLE') OR prefix(typeof(x), 'DECIMAL(')",
    "_account_text_beside(x) AS CASE WHEN typeof(x) IN ('VARCHAR', 'DATE', '\"NULL\"')"
    f" THEN CAST(x AS VARCHAR) ELSE CAST(CAST('{UNTYPED}' || CAST(x AS VARCHAR) AS TINYINT)"
    " AS VARCHAR) END",
    "_account_as_truth(x) AS TRY_CAST(CAST(x AS VARCHAR) AS BOOLEAN)",
    "_account_whole_number(x) AS TRY_CAST(CAST(x AS VARCHAR) AS HUGEINT)",
    "_account_as_float(x) AS TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE)",
    # A number of more digits than a floating-point one has is not equal to one of less.
    "_account_told_apart(d, exact, short) AS CASE WHEN exact > short THEN nextafter(d, d + 1)"
    " WHEN exact < short THEN nextafter(d, d - 1) ELSE d END",
    "_account_digits_beside(t) AS _account_told_apart(CAST(t AS DOUBLE),"
    " TRY_CAST(t AS DECIMAL(38, 22)),"
    " TRY_CAST(CAST(CAST(t AS DOUBLE) AS VARCHAR) AS DECIMAL(38, 22)))",
    # What is no number is equal to none.
    "_account_other_beside(x) AS CASE WHEN x IS NULL THEN NULL"
    f" WHEN {_MARKED} THEN _account_digits_beside(_account_without_mark({_RAW}))"
    " ELSE CAST('nan' AS DOUBLE) END",
    # JSON has quotes around texts: what is read so is a number, but for the marks of some.
    f"_account_number_beside(x) AS CASE WHEN isfinite(TRY_CAST({_RAW} AS DOUBLE))"
    f" THEN TRY_CAST({_RAW} AS DOUBLE) ELSE _account_other_beside(x) END",
    # A BOOLEAN is less than all numbers, a text, an array, an object and a null are larger.
    f"_account_number_in_order(x) AS CASE WHEN isfinite(TRY_CAST({_RAW} AS DOUBLE))"
    f" THEN TRY_CAST({_RAW} AS DOUBLE) WHEN {_RAW} IN ('true', 'false')"
    f" THEN CAST('-inf' AS DOUBLE) WHEN {_RAW} = '\"-inf\"'"
    f" THEN CAST(CAST('{INFINITE}: ' || {_RAW} AS TINYINT) AS DOUBLE)"
    " ELSE _account_other_beside(x) END",
    # The same beside whole numbers of more digits than a DOUBLE has.
    "_account_whole_of(n) AS CASE WHEN isfinite(n) AND n = floor(n)"
    f" THEN coalesce(TRY_CAST(n AS HUGEINT), {_NEITHER}) ELSE {_NEITHER} END",
    "_account_whole_beside(x) AS CASE WHEN x IS NULL THEN NULL"
    f" WHEN regexp_full_match({_RAW}, '-?[0-9]+') THEN coalesce(TRY_CAST({_RAW} AS HUGEINT),"
    f" {_NEITHER}) ELSE _account_whole_of(_account_number_beside(x)) END",
    "_account_other_truth(x) AS CASE WHEN json_type(x) = 'NULL' THEN NULL"
    f" WHEN json_type(x) = 'VARCHAR' AND lower(trim(json_extract_string(x, '$'))) IN {_TRUTHS[0]}"
    " THEN true"
    f" WHEN json_type(x) = 'VARCHAR' AND lower(trim(json_extract_string(x, '$'))) IN {_TRUTHS[1]}"
    " THEN false WHEN x IS NOT NULL THEN CAST(CAST('Failed to cast variant value '"
    f" || _account_compact({_RAW}) || ' to BOOLEAN' AS TINYINT) AS BOOLEAN) END",
    f"_account_truth_of(x) AS CASE {_RAW} WHEN 'true' THEN true WHEN 'false' THEN false"
    " ELSE _account_other_truth(x) END",
    *(
        f"{name}_once(x) AS list_transform([x], lambda each: {name}(each))[1]"
        for name in (_NUMBER, ORDERED, _WHOLE, _TRUTH)
    ),
)


def number(value: Expr, *, is_ordered: bool, has_all_digits: bool) -> Expr:
    """A VARIANT that is compared with a number.

    is_ordered: is it asked which is larger? has_all_digits: may the other side be a whole number of
    more digits than a floating-point one has?
    """
    if is_ordered:
        return _read(ORDERED, value, "DOUBLE")
    return _read(_WHOLE, value, "INT128") if has_all_digits else _read(_NUMBER, value, "DOUBLE")


def truth(value: Expr) -> Expr:
    """A VARIANT as a BOOLEAN: 100071 where it is neither one nor a text that says one.

    https://docs.snowflake.com/en/sql-reference/functions/to_boolean
    """
    return _read(_TRUTH, value, "BOOLEAN")


def json_of(value: Expr) -> Expr:
    """A VARIANT that is compared with a BOOLEAN on its right, whose text this is to be equal to."""
    made = exp.Anonymous(this="_account_raw", expressions=[value])
    made.type = exp.DataType.build("TEXT")
    return made


def by_kinds(
    beside: Expr, *, is_ordered: bool, is_left: bool
) -> Iterator[tuple[Expr, tuple[Callable[[Expr], Expr], Callable[[Expr], Expr]]]]:
    """What a VARIANT and what it is compared with become by the type that the engine finds of this
    one: where it is no text.

    is_left: is it on the left of the VARIANT?
    """
    whole = partial(number, is_ordered=is_ordered, has_all_digits=True)
    plain = partial(number, is_ordered=is_ordered, has_all_digits=False)
    same = rank if is_ordered else partial(_call, "_account_same")
    on_right = rank if is_ordered else json_of
    truths = (truth, partial(_call, "_account_as_truth")) if is_left else (on_right, on_right)
    yield _call("_account_is_truth", beside), truths
    yield _call("_account_is_json", beside), (same, same)
    if is_ordered:
        yield _call("_account_is_long", beside), (rank, rank)
    else:
        yield _call("_account_is_whole", beside), (whole, partial(_call, "_account_whole_number"))
    yield _call("_account_is_numeric", beside), (plain, partial(_call, "_account_as_float"))


def _call(name: str, value: Expr) -> Expr:
    return exp.Anonymous(this=name, expressions=[value.copy()])


def text_of(beside: Expr) -> Expr:
    """The same where it is a text, or a DATE, whose text JSON has."""
    return _call("_account_text_beside", beside)


def _read(name: str, value: Expr, kind: str) -> Expr:
    bare = value.unnest()
    plain = isinstance(bare, exp.Column) or _is_path(bare)
    # The macro names its value several times. A HAVING takes no lambda.
    once = "" if plain or value.find_ancestor(exp.Having) else "_once"
    made = exp.Anonymous(this=f"{name}{once}", expressions=[value])
    made.type = exp.DataType.build(kind)
    return made


def _is_path(value: Expr) -> bool:
    while isinstance(value, exp.JSONExtract | exp.Bracket):
        value = value.this.unnest()
    return isinstance(value, exp.Column)
