"""What Snowflake says of a value's type beyond what the engine knows: how many digits a number may
have, how long a text or BINARY may be. It follows from an expression's form and from the columns in
it: a column is as long as it was declared, what nothing limits as long as a value can be.

None is said where Snowflake's pages and examples leave it open.

https://docs.snowflake.com/en/sql-reference/operators-arithmetic
https://docs.snowflake.com/en/sql-reference/functions/system_typeof
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from sqlglot import Expr, exp

from flocon.engine import lengths
from flocon.engine.choices import CHOICES, ZERO_IF_NULL, chosen
from flocon.engine.declared_types import AS
from flocon.engine.types import TEXT_TYPES


class Number(NamedTuple):
    precision: int
    scale: int

    @property
    def whole(self) -> int:
        """How many digits are before the point."""
        return self.precision - self.scale

    def __str__(self) -> str:
        return f"NUMBER({self.precision},{self.scale})"


class Text(NamedTuple):
    """length: None of a VARCHAR that names none."""

    length: int | None

    def __str__(self) -> str:
        return "VARCHAR" if self.length is None else f"VARCHAR({self.length})"


@dataclass(frozen=True)
class Binary:
    """length: in bytes."""

    length: int

    def __str__(self) -> str:
        return f"BINARY({self.length})"


Described = Number | Text | Binary
_NAMED: dict[str, Callable[..., Described]] = {"NUMBER": Number, "VARCHAR": Text, "BINARY": Binary}
# In the meta of a column's type where it is the answer of an expression: what is said of it.
DESCRIBED = "described"
# Beside it: bounds of its values are known to Snowflake.
BOUNDED = "bounded"

MOST_DIGITS = 38
# Of a column that names no length; one that a query makes has no more.
_OF_COLUMN, _OF_BINARY_COLUMN = Text(16_777_216), Binary(8_388_608)
# Of what nothing limits.
_UNLIMITED, _UNLIMITED_BINARY = Text(134_217_728), Binary(67_108_864)
_WITHOUT_LENGTH = Text(None)
# Of a NULL that has no type.
_NOTHING = Text(0)
_WHOLE, _COUNT = Number(MOST_DIGITS, 0), Number(18, 0)
_OF_ROWS = 12
_BINARIES = (exp.DType.BINARY, exp.DType.VARBINARY)
# So many decimals more than values have what is between them, and a mean of them over a window.
MORE_BETWEEN = 3


def of(value: Expr) -> Described | None:
    """What is said of an expression whose types are known (`expression_types`)."""
    bare = value.unnest()
    if (found := _FIXED.get(type(bare))) is not None:
        return found
    rule = _RULES.get(type(bare))
    return rule(bare) if rule else None


def of_type(kind: exp.DataType | None) -> Described | None:
    """What is said of a column of this type."""
    if kind is None:
        return None
    if DESCRIBED in kind.meta:
        said: Described | None = kind.meta[DESCRIBED]
        return said
    if kind.this in exp.DataType.INTEGER_TYPES:
        return _WHOLE
    if kind.this == exp.DType.DECIMAL and len(kind.expressions) == 2:
        return Number(*(int(each.name) for each in kind.expressions))
    if kind.this in TEXT_TYPES:
        length = lengths.said(str(kind.meta.get("declared", "")))
        return Text(length) if length else _OF_COLUMN
    if kind.this == exp.DType.BINARY:
        length = lengths.said(str(kind.meta.get("declared", "")))
        return Binary(length) if length else _OF_BINARY_COLUMN
    return None


def is_bounded(value: Expr) -> bool:
    """Does Snowflake know bounds of a number's values? It does of tables' columns and of constants,
    and of what is calculated of them: the values are sent in as few bytes as these take.

    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas
    """
    bare = value.unnest()
    if isinstance(bare, exp.Column):
        return of_bounded(bare.type)
    if isinstance(bare, exp.Literal):
        return not bare.is_string
    if isinstance(bare, _CALCULATED):
        operands = [bare.this, bare.args.get("expression")]
    elif isinstance(bare, CHOICES):
        operands = [each for each in chosen(bare) if not isinstance(each.unnest(), exp.Null)]
    else:
        return False
    return all(isinstance(of(each), Number) and is_bounded(each) for each in operands if each)


def of_bounded(kind: exp.DataType | None) -> bool:
    """The same of a column of this type."""
    return kind is not None and (DESCRIBED not in kind.meta or BOUNDED in kind.meta)


_CALCULATED = (
    exp.Abs, exp.Add, exp.AnyValue, exp.Cast, exp.Ceil, exp.Floor, exp.Max, exp.Min, exp.Mod,
    exp.Mul, exp.Neg, exp.Round, exp.Sub, exp.Trunc,
)  # fmt: skip


def told(kind: exp.DataType | None) -> str:
    """How clients are told of a result's column of this type; "" where the engine's type tells."""
    if kind is None or DESCRIBED not in kind.meta:
        return ""
    said: Described | None = kind.meta[DESCRIBED]
    if said == _WITHOUT_LENGTH or (said is None and kind.this in _MAYBE_TEXTS):
        return str(_UNLIMITED)
    if said is None:
        return str(_UNLIMITED_BINARY) if kind.this in _BINARIES else ""
    return str(said)


def shown(said: Described) -> str:
    """The same in an error."""
    return str(_UNLIMITED if said == _WITHOUT_LENGTH else said)


# An expression whose type is not known may be a text: of other types this is not read.
_MAYBE_TEXTS = (*TEXT_TYPES, exp.DType.UNKNOWN)


def of_table(said: Described) -> str:
    """What a table's column is declared as that a query makes; "" of the longest that there is
    where none is named."""
    if isinstance(said, Number):
        return str(said)
    made = lengths.of_column(str(said))
    return "" if said == _WITHOUT_LENGTH or made in lengths.LONGEST.values() else made


def of_view(kind: exp.DataType) -> str:
    """The same of a view's column, which is shown as a table's: its values may be longer."""
    answer = told(kind)
    made = lengths.of_column(answer)
    return answer if made == answer else f"{made}{AS}{answer}"


def read(said: str) -> Described | None:
    """What is said in one of these texts."""
    name, _, sizes = said.rstrip(")").partition("(")
    numbers = [int(each) for each in sizes.split(",")]
    return _NAMED[name](*numbers)


def of_rows(values: Sequence[Expr]) -> Described | None:
    """What is said of a column of VALUES."""
    found = [of(value) for value in values]
    known = [each for each in found if each is not None and each != _NOTHING]
    if None in found or not known:
        return None if None in found else _NOTHING
    return _of_both(known, with_null=False)


def united(one: Described | None, other: Described | None) -> Described | None:
    """What is said of a column of a UNION, whose queries say these."""
    if one is None or other is None:
        return None
    known = [each for each in (one, other) if each != _NOTHING]
    is_open = len(known) == 1 and isinstance(known[0], Text)
    return None if is_open else _of_both(known, with_null=False) if known else _NOTHING


# --- numbers -------------------------------------------------------------------------------------


def _number(whole: int, scale: int) -> Number:
    return Number(min(MOST_DIGITS, whole + scale), min(scale, MOST_DIGITS))


def _of_literal(literal: Expr) -> Described | None:
    if literal.is_string:
        return Text(max(len(literal.name), 1))
    _, digits, exponent = Decimal(literal.name).as_tuple()
    scale = -exponent if isinstance(exponent, int) else 0
    if scale > 0 and not digits[-1]:
        return None  # Snowflake leaves out a last 0, which the engine keeps.
    whole = max(1, len("".join(map(str, digits)).lstrip("0")) - scale)
    return Number(whole + max(scale, 0), max(scale, 0)) if whole <= MOST_DIGITS else None


def _numbers(*values: Expr | None) -> list[Number] | None:
    """What is said of numbers; None if it is not of all."""
    found = [of(value) for value in values if value is not None]
    numbers = [each for each in found if isinstance(each, Number)]
    return numbers if len(numbers) == len(values) else None


def _calculated(rule: Callable[[Number, Number], Number]) -> Callable[[Expr], Described | None]:
    def said(node: Expr) -> Described | None:
        numbers = _numbers(node.this, node.args.get("expression"))
        return rule(*numbers) if numbers else None

    return said


def _sum_of(one: Number, other: Number) -> Number:
    return _number(max(one.whole, other.whole) + 1, max(one.scale, other.scale))


def _product(one: Number, other: Number) -> Number:
    most = max(one.scale, other.scale, 12)
    return _number(one.whole + other.whole, min(one.scale + other.scale, most))


def _quotient(one: Number, other: Number) -> Number:
    return _number(one.whole + other.scale, max(one.scale, min(one.scale + 6, 12)))


def _remainder(one: Number, other: Number) -> Number:
    return _number(max(one.whole, other.whole, 2), max(one.scale, other.scale))


def _difference(node: Expr) -> Described | None:
    """Between two DATEs there are days."""
    sides = (node.this, node.expression)
    if all(side.type is not None and side.type.this == exp.DType.DATE for side in sides):
        return _DAYS
    return _calculated(_sum_of)(node)


_DAYS = Number(9, 0)


def _of_datediff(node: Expr) -> Described | None:
    unit = node.text("unit").upper().removesuffix("S")
    if unit in ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY"):
        return _DAYS
    if unit in ("HOUR", "MINUTE", "SECOND", "MILLISECOND"):
        return _COUNT
    return _WHOLE if unit in ("MICROSECOND", "NANOSECOND") else None


def _of_part(node: Expr) -> Described | None:
    unit = node.name.upper().removesuffix("S")
    return Number(4, 0) if unit == "YEAR" else Number(2, 0) if unit == "MONTH" else None


def _absolute(node: Expr) -> Described | None:
    numbers = _numbers(node.this)
    return _number(max(numbers[0].whole, 2), numbers[0].scale) if numbers else None


def _rounded(node: Expr) -> Described | None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    numbers, places = _numbers(node.this), node.args.get("decimals")
    if not numbers:
        return None
    (number,) = numbers
    if places is None:
        kept = 0
    elif (written := whole_constant(places)) is not None:
        kept = written
    else:
        return Number(max(_COUNT.precision, number.precision), number.scale)
    if kept >= number.scale:
        return number
    more = max(0, -kept - number.whole)
    return Number(min(MOST_DIGITS, number.precision + 1 + more), max(kept, 0))


def whole_constant(value: Expr) -> int | None:
    """The whole number that is written there, as 2, 2.0 or -(1)."""
    bare, sign = value.unnest(), 1
    if isinstance(bare, exp.Neg):
        bare, sign = bare.this.unnest(), -1
    if not isinstance(bare, exp.Literal) or bare.is_string:
        return None
    number = Decimal(bare.name)
    return sign * int(number) if number == number.to_integral_value() else None


def is_round(node: Expr) -> bool:
    """Has a number that is rounded no digits that would go?"""
    number, places = of(node.this), node.args.get("decimals")
    kept = 0 if places is None else whole_constant(places)
    return isinstance(number, Number) and kept is not None and kept >= number.scale


def cut(product: Expr) -> Number | None:
    """What a product is whose factors have more decimals together; None of others."""
    factors = _numbers(product.this, product.expression)
    if not factors:
        return None
    made = _product(*factors)
    return made if made.scale < factors[0].scale + factors[1].scale else None


def _summed(number: Number) -> Number:
    """A sum is of a trillion rows at most."""
    return Number(min(MOST_DIGITS, number.precision + _OF_ROWS), number.scale)


def _of_sum(node: Expr) -> Described | None:
    numbers = _numbers(_argument(node))
    return _summed(numbers[0]) if numbers else None


def _of_average(node: Expr) -> Described | None:
    numbers = _numbers(_argument(node))
    return _quotient(_summed(numbers[0]), _COUNT) if numbers else None


def _of_window(window: Expr) -> Described | None:
    function = window.this
    if isinstance(function, exp.Avg) and not is_cumulative(window):
        numbers = _numbers(_argument(function))
        if not numbers:
            return None
        total = _summed(numbers[0])
        return _number(total.whole, total.scale + MORE_BETWEEN)
    if isinstance(function, exp.Anonymous) and function.name.upper() == "RATIO_TO_REPORT":
        numbers = _numbers(*function.expressions)
        return _quotient(numbers[0], _summed(numbers[0])) if numbers else None
    return of(function)


def is_cumulative(window: Expr) -> bool:
    """Is it of the rows up to each row, in an order and without a frame of ROWS?"""
    frame = window.args.get("spec")
    return bool(window.args.get("order")) and (
        frame is None or frame.text("kind").upper() != "ROWS"
    )


def _of_variance(node: Expr) -> Described | None:
    """https://docs.snowflake.com/en/sql-reference/functions/variance"""
    numbers = _numbers(_argument(node))
    return Number(MOST_DIGITS, variance_scale(numbers[0].scale)) if numbers else None


def variance_scale(scale: int) -> int:
    """How many decimals the variance of numbers has that have so many."""
    return max(min(2 * scale + 6, 12), scale)


def _uniform(node: Expr) -> Described | None:
    """Of bounds that are constants and whole numbers: the engine has floats between others."""
    bounds = (node.this, node.expression)
    numbers = None if any(each.find(exp.Column) for each in bounds) else _numbers(*bounds)
    if not numbers or any(each.scale for each in numbers):
        return None
    return _number(max(2, *(each.whole for each in numbers)), 0)


def _of_middle(node: Expr) -> Described | None:
    """A value between two has three more decimals."""
    numbers = _numbers(node.this)
    return _number(numbers[0].whole, numbers[0].scale + MORE_BETWEEN) if numbers else None


def _within_group(node: Expr) -> Described | None:
    if not isinstance(node.this, exp.PercentileCont | exp.PercentileDisc):
        return of(node.this)
    (ordered,) = node.expression.expressions[:1]
    is_between = isinstance(node.this, exp.PercentileCont)
    return _of_middle(ordered) if is_between else of(ordered.this)


def _argument(node: Expr) -> Expr:
    value: Expr = node.this
    return value.expressions[0] if isinstance(value, exp.Distinct) else value


def _cast(node: Expr) -> Described | None:
    to = node.args["to"]
    length = lengths.said(lengths.declared(to))
    if to.this in TEXT_TYPES:
        return Text(length)
    if to.this in _BINARIES:
        return Binary(length) if length else _UNLIMITED_BINARY
    source = node.this.type
    if source is not None and source.this == exp.DType.BOOLEAN:
        return None
    if to.this in exp.DataType.INTEGER_TYPES:
        return _WHOLE
    if to.this != exp.DType.DECIMAL:
        return None
    return (
        Number(*[*(int(each.name) for each in to.expressions), 0][:2]) if to.expressions else _WHOLE
    )


def _to_number(node: Expr) -> Described | None:
    sizes = [node.args.get("precision"), node.args.get("scale")]
    source = node.this.type
    if source is not None and source.this == exp.DType.BOOLEAN:
        return None
    if not all(each is None or (isinstance(each, exp.Literal) and each.is_int) for each in sizes):
        return None
    precision, scale = (None if each is None else int(each.name) for each in sizes)
    return Number(precision or MOST_DIGITS, scale or 0)


# --- texts and BINARYs ---------------------------------------------------------------------------


def _like(key: str = "this", times: int = 1) -> Callable[[Expr], Described | None]:
    """As long as an argument may be, or so many times as long."""

    def said(node: Expr) -> Described | None:
        found = of(node.args[key])
        if found == _NOTHING:
            return _UNLIMITED
        if isinstance(found, Binary):
            return Binary(found.length * times)
        if not isinstance(found, Text) or found.length is None:
            return found if isinstance(found, Text) else None
        return found if found == _UNLIMITED else _text(found.length * times)

    return said


def _text(length: int) -> Text:
    return Text(min(length, _LONGEST))


_LONGEST = _UNLIMITED.length or 0


def _part(node: Expr) -> Described | None:
    said = _like()(node)
    return _UNLIMITED if said == _WITHOUT_LENGTH else said


def _concatenated(node: Expr) -> Described | None:
    parts = node.expressions or [node.this, node.expression]
    found = [of(part) for part in parts]
    binaries = [each.length for each in found if isinstance(each, Binary)]
    if len(binaries) == len(parts):
        return Binary(min(sum(binaries), _UNLIMITED_BINARY.length))
    known = _lengths(found)
    return None if known is None else _text(sum(known))


def _lengths(found: Sequence[Described | None]) -> list[int] | None:
    """How long texts may be; None if it is not known of all that they are texts."""
    texts = [
        _LONGEST if each == _NOTHING or each.length is None else each.length
        for each in found
        if isinstance(each, Text)
    ]
    return texts if len(texts) == len(found) else None


def _with_separators(node: Expr) -> Described | None:
    """Between each two values there is one."""
    separator, *values = node.expressions
    found = [of(value) for value in values]
    known = _lengths([of(separator), *found])
    if known is None:
        return None
    return _text(sum(known[1:]) + known[0] * (len(values) - 1))


def _inserted(node: Expr) -> Described | None:
    """It may leave all of the text, and puts the other one beside as much of it."""
    known = _lengths([of(node.this), of(node.expression)])
    return None if known is None else _text(2 * known[0] + known[1])


def _of_bytes(node: Expr) -> int | None:
    """How many bytes a text or BINARY has: a character has four at most."""
    found = of(node.this)
    if isinstance(found, Binary):
        return found.length
    return 4 * found.length if isinstance(found, Text) and found.length else None


def _hex(node: Expr) -> Described | None:
    length = _of_bytes(node)
    return _UNLIMITED if length is None else _text(2 * length)


def _base64(node: Expr) -> Described | None:
    """Four characters for each three bytes, the last ones filled up."""
    length = _of_bytes(node)
    return _UNLIMITED if length is None else _text(4 * -(-length // 3))


def _decoded(
    make: Callable[[int], Described], over: int, times: int = 1
) -> Callable[[Expr], Described | None]:
    """Of so many times as many bytes as a text has characters, divided by `over`."""

    def said(node: Expr) -> Described | None:
        found = of(node.this)
        if not isinstance(found, Text) or found.length is None or found == _UNLIMITED:
            return None
        return make(found.length * times // over)

    return said


# --- both ----------------------------------------------------------------------------------------


def _same(node: Expr) -> Described | None:
    return of(_argument(node)) if isinstance(node.this, Expr) else None


def remember(column: Expr, said: Described | None) -> None:
    """Of a column whose type is not known otherwise: of that SQLGlot keeps nothing."""
    if said is not None:
        column.meta[DESCRIBED] = said


def _of_column(column: Expr) -> Described | None:
    remembered: Described | None = column.meta.get(DESCRIBED)
    return remembered or of_type(column.type)


def _of_choice(node: Expr) -> Described | None:
    if isinstance(node, exp.Nullif):
        return _of_nullif(of(node.this), of(node.expression))
    if ZERO_IF_NULL in node.meta:
        value = of(node.this)
        # Its zero has two digits.
        return _of_both([value, Number(2, 0)], with_null=False) if value else None
    values = list(chosen(node))
    open_ended = isinstance(node, exp.Case) and not node.args.get("default")
    open_ended = open_ended or (isinstance(node, exp.If) and not node.args.get("false"))
    open_ended = open_ended or (isinstance(node, exp.DecodeCase) and not len(node.expressions) % 2)
    return _of_values(values, open_ended=open_ended)


def _of_nullif(value: Described | None, other: Described | None) -> Described | None:
    """It is of the value's kind, widened by one of the same kind that it is compared with."""
    if isinstance(value, Text):
        return value if value == _NOTHING else _text(max(_lengths([value, other]) or [_LONGEST]))
    if isinstance(value, Number) and isinstance(other, Number):
        return _of_both([value, other], with_null=False)
    return value


def _of_values(values: Iterable[Expr], *, open_ended: bool) -> Described | None:
    """Of one of several values. open_ended: which may be NULL instead."""
    found: list[Described] = []
    for value in values:
        said = of(value)
        if said is None:
            return None
        if said == _NOTHING:
            open_ended = True
        else:
            found.append(said)
    return _of_both(found, with_null=open_ended) if found else _NOTHING


def _of_both(found: Sequence[Described], *, with_null: bool) -> Described | None:
    numbers = [each for each in found if isinstance(each, Number)]
    if len(numbers) == len(found):
        return _number(max(each.whole for each in numbers), max(each.scale for each in numbers))
    binaries = [each.length for each in found if isinstance(each, Binary)]
    if binaries:
        return Binary(max(binaries)) if len(binaries) == len(found) else None
    if numbers:
        return None
    first, *others = (each.length for each in found if isinstance(each, Text))
    if first is None:
        return _WITHOUT_LENGTH
    known = [first, *(each for each in others if each is not None)]
    return Text(max(known)) if len(known) == len(found) and not with_null else _UNLIMITED


def _of_query(node: Expr) -> Described | None:
    """A query of one value."""
    inner = node.this if isinstance(node, exp.Subquery) else node
    selects = inner.selects if isinstance(inner, exp.Select) else []
    return of(selects[0].unalias()) if len(selects) == 1 and not inner.is_star else None


def _named(node: Expr) -> Described | None:
    return _OF_NAMES.get(node.name.upper())


_OF_NAMES: dict[str, Described] = {
    "HASH": Number(19, 0),
    **dict.fromkeys(("LAST_QUERY_ID", "CURRENT_STATEMENT", "CURRENT_SESSION"), _WITHOUT_LENGTH),
}
_FIXED: dict[type[Expr], Described] = {
    **dict.fromkeys(
        (exp.ApproxDistinct, exp.Count, exp.DenseRank, exp.Grouping, exp.Length, exp.Rank,
         exp.RegexpCount, exp.RegexpInstr, exp.RowNumber),
        _COUNT,
    ),
    **dict.fromkeys((exp.ArraySize, exp.Levenshtein, exp.StrPosition), Number(9, 0)),
    **dict.fromkeys((exp.Month, exp.Week, exp.WeekOfYear), Number(2, 0)),
    **dict.fromkeys((exp.Ascii, exp.Year, exp.YearOfWeekIso), Number(4, 0)),
    **dict.fromkeys((exp.RtrimmedLength, exp.Unicode), _COUNT),
    exp.BitLength: Number(19, 0),
    exp.Factorial: Number(37, 0),
    exp.CountIf: Number(13, 0),
    exp.JarowinklerSimilarity: Number(4, 0),
    exp.Rand: Number(19, 0),
    exp.Seq1: Number(3, 0),
    exp.Seq2: Number(5, 0),
    exp.Seq4: Number(10, 0),
    exp.Seq8: Number(19, 0),
    exp.Sign: Number(2, 0),
    **dict.fromkeys((exp.GroupConcat, exp.Pad, exp.Repeat, exp.Space, exp.Translate), _UNLIMITED),
    **dict.fromkeys(
        (exp.ArrayToString, exp.CurrentAccount, exp.CurrentDatabase, exp.CurrentRole,
         exp.CurrentSchema, exp.CurrentUser, exp.CurrentVersion, exp.CurrentWarehouse,
         exp.JSONFormat, exp.RegexpReplace, exp.Replace, exp.ToChar, exp.Typeof),
        _WITHOUT_LENGTH,
    ),
    exp.Null: _NOTHING,
    exp.Chr: Text(1),
    exp.MD5: Text(32),
    exp.SHA2: Text(128),
    exp.SHA: Text(40),
    exp.Soundex: Text(7),
    exp.Uuid: Text(36),
    **dict.fromkeys((exp.Dayname, exp.Monthname), Text(3)),
    exp.MD5Digest: Binary(16),
    exp.SHA1Digest: Binary(20),
    exp.SHA2Digest: Binary(64),
}  # fmt: skip
_RULES: dict[type[Expr], Callable[[Expr], Described | None]] = {
    exp.Literal: _of_literal,
    exp.Column: _of_column,
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    exp.ToNumber: _to_number,
    exp.Neg: _same,
    exp.Add: _calculated(_sum_of),
    exp.Sub: _difference,
    exp.Mul: _calculated(_product),
    exp.Div: _calculated(_quotient),
    exp.Mod: _calculated(_remainder),
    exp.DateDiff: _of_datediff,
    exp.Extract: _of_part,
    exp.Abs: _absolute,
    **dict.fromkeys((exp.Ceil, exp.Floor, exp.Round, exp.Trunc), _rounded),
    exp.Sum: _of_sum,
    exp.Avg: _of_average,
    exp.Median: _of_middle,
    **dict.fromkeys((exp.Variance, exp.VariancePop), _of_variance),
    exp.Uniform: _uniform,
    exp.WithinGroup: _within_group,
    exp.Window: _of_window,
    **dict.fromkeys(
        (exp.AnyValue, exp.Filter, exp.FirstValue, exp.IgnoreNulls, exp.Lag, exp.LastValue,
         exp.Lead, exp.Max, exp.Min, exp.NthValue, exp.RespectNulls),
        _same,
    ),
    **dict.fromkeys(
        (exp.Lower, exp.RegexpExtract, exp.Reverse, exp.SplitPart, exp.Strtok, exp.Trim), _like()
    ),
    **dict.fromkeys((exp.Initcap, exp.Upper), _like(times=3)),
    exp.Base64Encode: _base64,
    exp.Hex: _hex,
    **dict.fromkeys((exp.Base64DecodeBinary, exp.TryBase64DecodeBinary), _decoded(Binary, 4, 3)),
    **dict.fromkeys((exp.TryHexDecodeBinary, exp.Unhex), _decoded(Binary, 2)),
    exp.TryBase64DecodeString: _decoded(Text, 4, 3),
    exp.TryHexDecodeString: _decoded(Text, 2),
    **dict.fromkeys((exp.Left, exp.Right, exp.Substring), _part),
    **dict.fromkeys((exp.Concat, exp.DPipe), _concatenated),
    exp.ConcatWs: _with_separators,
    exp.Stuff: _inserted,
    **dict.fromkeys(
        (exp.Case, exp.Coalesce, exp.DecodeCase, exp.Greatest, exp.If, exp.Least, exp.Nullif,
         exp.Nvl2),
        _of_choice,
    ),
    **dict.fromkeys((exp.Select, exp.Subquery), _of_query),
    exp.Anonymous: _named,
}  # fmt: skip
