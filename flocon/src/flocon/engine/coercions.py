"""Where Snowflake reads a value as another type without being told: texts, numbers, dates.

Works on types (`expression_types`), before anything is rewritten for DuckDB: it puts in the casts
that Snowflake does silently.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import (
    argument_types,
    compared_variants,
    conditions,
    datetime_formats,
    described,
    lengths,
    moments,
    nanoseconds,
    numeric,
    offsets,
    texts_as_numbers,
    variant_order,
    variants_beside,
)
from flocon.engine.choices import CHOICES, ZERO_IF_NULL, become, chosen
from flocon.engine.compared_variants import SAME, SAME_FIXED
from flocon.engine.expression_types import TRUTHS, UNLIKE, held, united_queries
from flocon.engine.functions import CONVERTED
from flocon.engine.inner_kinds import IN_JSON, MAKERS_OF_JSON, NONE, Kinds
from flocon.engine.types import JSON_TYPES, NTZ_TYPES, TEXT_TYPES, check_cast, declared_as

_Kind = exp.DType
_TEXT, _DOUBLE = "VARCHAR", "DOUBLE"
# The arguments of functions that are texts.
_TEXTS: dict[type[Expr], tuple[str, ...]] = {
    exp.Ascii: ("this",),
    exp.Base64Encode: ("this",),
    exp.ByteLength: ("this",),
    exp.CheckJson: ("this",),
    exp.Contains: ("this", "expression"),
    exp.EndsWith: ("this", "expression"),
    exp.GroupConcat: ("this",),
    exp.ILike: ("this", "expression"),
    exp.Initcap: ("this",),
    exp.Left: ("this",),
    exp.Length: ("this",),
    exp.Levenshtein: ("this", "expression"),
    exp.Like: ("this", "expression"),
    exp.Lower: ("this",),
    exp.MD5: ("this",),
    exp.ObjectAgg: ("this",),
    exp.ObjectInsert: ("key",),
    exp.Pad: ("this",),
    exp.ParseJSON: ("this",),
    exp.ParseUrl: ("this",),
    exp.RegexpCount: ("this",),
    exp.RegexpExtract: ("this",),
    exp.RegexpExtractAll: ("this",),
    exp.RegexpInstr: ("this",),
    exp.RegexpLike: ("this",),
    exp.RegexpReplace: ("this",),
    exp.Repeat: ("this",),
    exp.Replace: ("this", "expression", "replacement"),
    exp.Reverse: ("this",),
    exp.Right: ("this",),
    exp.SHA: ("this",),
    exp.SHA2: ("this",),
    exp.Split: ("this",),
    exp.SplitPart: ("this",),
    exp.StartsWith: ("this", "expression"),
    exp.StrPosition: ("this", "substr"),
    exp.Strtok: ("this",),
    exp.StrtokToArray: ("this",),
    exp.Stuff: ("this",),
    exp.Substring: ("this",),
    exp.Translate: ("this",),
    exp.Trim: ("this",),
    exp.Unicode: ("this",),
    exp.Upper: ("this",),
}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
# What takes numbers alone, and of texts their numbers.
_WANTS_NUMBERS = frozenset((
    exp.Abs, exp.Acos, exp.Acosh, exp.Asin, exp.Asinh, exp.Atan, exp.Atan2, exp.Atanh, exp.Avg,
    exp.Cbrt, exp.Ceil, exp.Corr, exp.Cos, exp.Cosh, exp.Cot, exp.CovarPop, exp.CovarSamp,
    exp.Degrees, exp.Exp, exp.Floor, exp.Kurtosis, exp.Ln, exp.Log, exp.Median, exp.Pow,
    exp.Radians, exp.RegrAvgx, exp.RegrAvgy, exp.RegrCount, exp.RegrIntercept, exp.RegrR2,
    exp.RegrSlope, exp.RegrSxx, exp.RegrSxy, exp.RegrSyy, exp.Round, exp.Sign, exp.Sin, exp.Sinh,
    exp.Skewness, exp.Sqrt, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Sum, exp.Tan, exp.Tanh,
    exp.Variance, exp.VariancePop,
))  # fmt: skip
_CALCULATED = frozenset((*_ARITHMETIC, *_WANTS_NUMBERS, exp.Trunc, exp.WidthBucket))
_EQUALITIES = (exp.EqualNull, exp.Nullif, exp.NullSafeEQ, exp.NullSafeNEQ)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_OF_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_MOVES = (exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimestampTrunc, exp.AddMonths)


_DATE_PARTS = (
    exp.Day, exp.DayOfMonth, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.Dayname,
    exp.Extract, exp.Hour, exp.LastDay, exp.Minute, exp.Month, exp.Monthname, exp.Quarter,
    exp.Second, exp.Week, exp.WeekOfYear, exp.Year, exp.YearOfWeek, exp.YearOfWeekIso,
)  # fmt: skip
_READ_BY_FORM = (
    exp.Anonymous, exp.Cast, exp.Time, exp.TsOrDsToDate, exp.TsOrDsToTime, exp.UnixToTime,
)  # fmt: skip
_READERS = (exp.StrToTime, exp.TsOrDsToDate, exp.TsOrDsToTime, exp.UnixToTime)
_EPOCHS = ("EPOCH", "EPOCH_SECOND", "EPOCH_SECONDS")
_BINARIES = (_Kind.BINARY, _Kind.VARBINARY)
_MOMENTS = (*NTZ_TYPES, _Kind.TIMESTAMPLTZ)


# Most of a tree, and none of what is looked for below.
_LEFT_ALONE = frozenset(
    (
        exp.Alias, exp.Boolean, exp.Column, exp.DataType, exp.Identifier, exp.Literal, exp.Null,
        exp.Paren, exp.TableAlias, exp.Var,
    )
)  # fmt: skip


def coerce(tree: Expr, inside: Kinds = NONE) -> Expr:
    """The tree with Snowflake's silent casts. inside: what may be in its VARIANTs."""
    nodes = list(tree.walk())
    zoned = offsets.is_there(nodes)
    for node in reversed(nodes):
        if type(node) in _LEFT_ALONE:
            continue
        if isinstance(node, exp.Cast):
            check_cast(node.to)
            argument_types.check_cast(node)
        elif isinstance(node, exp.ConvertTimezone):
            argument_types.check(node)
        elif type(node) in conditions.CLAUSES:
            conditions.check(node)
        elif type(node) is exp.If:
            conditions.check_branch(node)
        elif type(node) in _READERS and _is_variant(node.this):
            argument_types.check_one(node)
        elif type(node) in argument_types.AS_WRITTEN:
            argument_types.check_as_written(node)
        kept = moments.digits(moments.name(node.to)) if isinstance(node, exp.Cast) else None
        most = _most(node)
        if isinstance(node, exp.Cast) and moments.is_cut(moments.name(node.to)):
            _shorten(node)
        concerned = zoned and type(node) in offsets.CONCERNED
        replacement = _zoned(node) if concerned else _coerced(node)
        if replacement is not node:
            if node is tree:
                tree = replacement
            node.replace(replacement)
        if kept is not None:
            _cut(replacement, kept)
        if most is not None and isinstance(replacement, exp.Cast):
            _check_length(replacement, most)
        if _stays_date(node):
            date = exp.Cast(to=exp.DataType.build("DATE"))
            node.replace(date)
            date.set("this", node)
    if inside:
        compared_variants.tell(tree, inside)
    return tree


def texts_for_nulls(query: Expr) -> None:
    """A column that is NULL throughout is of texts, where a table or view is made of a query."""
    for column in query.selects if isinstance(query, exp.Query) else ():
        if isinstance(column.unalias(), exp.Null):
            column.unalias().replace(_cast(exp.Null(), _TEXT))


def _zoned(node: Expr) -> Expr:
    """The same in a statement that has a TIMESTAMP_TZ."""
    made = offsets.made(node)
    if made is not node:
        return made
    answer = offsets.asked(node)
    made = _coerced(node)
    return made if answer is None else answer(made.copy())


def _cut(value: Expr, digits: int) -> None:
    """Of what was cast to a TIMESTAMP(n) or TIME(n)."""
    mark = exp.Placeholder()
    value.replace(mark)
    if offsets.is_zoned(value):
        made = offsets.cut(value, digits)
    else:
        made = moments.cut(value, digits, is_time=_kind(value) == _Kind.TIME)
        made.type = value.type
    mark.replace(made)


def _shorten(cast: exp.Cast) -> None:
    """Of a text only so many digits of its second are read as the engine has."""
    text = cast.this.unnest()
    if text.is_string or _kind(text) in TEXT_TYPES:
        cast.set("this", nanoseconds.six_digits(text))


def _most(node: Expr) -> int | None:
    """How long what is cast may be; TRY_CAST answers NULL of itself."""
    return lengths.most(lengths.declared(node.to)) if type(node) is exp.Cast else None


def _check_length(cast: exp.Cast, most: int) -> None:
    """Of what was cast to a VARCHAR(n) or BINARY(n)."""
    mark = exp.Placeholder()
    cast.replace(mark)
    lengths.without_length(cast.to)
    made = lengths.checked(cast, "BLOB" if cast.to.this in _BINARIES else "VARCHAR", most)
    made.type = cast.type
    mark.replace(made)


def _coerced(node: Expr) -> Expr:
    for key in _TEXTS.get(type(node), ()):
        value = node.args.get(key)
        # LISTAGG has its order and DISTINCT around its value.
        if isinstance(value, exp.Order) and isinstance(value.this, exp.Distinct):
            _ordered_by_itself(value.this, value.expressions)
            continue
        value = value.this if isinstance(value, exp.Order) else value
        value = value.expressions[0] if isinstance(value, exp.Distinct) else value
        # Several patterns of LIKE ANY are no value.
        if not isinstance(value, Expr) or isinstance(value, exp.Any | exp.All | exp.Tuple):
            continue
        # LISTAGG makes a text of what only the engine knows to be a moment, too.
        is_unknown = isinstance(node, exp.GroupConcat) and _kind(value) in _UNKNOWN
        if is_unknown or _is_read_as_text(value) or isinstance(value, exp.Null):
            parent, place, index = value.parent, value.arg_key, value.index
            assert parent is not None and place is not None, "it is an argument"
            parent.set(place, _cast(value, _TEXT), index)
    form = type(node)
    if isinstance(node, exp.Round):
        numeric.read_mode(node)
    if form in _OF_ONE_SIDE:
        _be_there(node, _OF_ONE_SIDE[form])
    if form in _CALCULATED:
        argument_types.check_numbers(node)
        _numbers(node)
    if form in _ARITHMETIC:
        texts_as_numbers.calculated(node)
    if form is exp.Mul and (number := described.cut(node)):
        # https://docs.snowflake.com/en/sql-reference/operators-arithmetic
        return _cast(node.copy(), f"DECIMAL({number.precision}, {number.scale})")
    if isinstance(node, exp.Add | exp.Sub):
        _days(node)
    if form in _WANTS_NUMBERS:
        _texts_as_numbers(node)
    if form is exp.Coalesce and ZERO_IF_NULL in node.meta:
        _zero_if_null(node)
    if form is exp.Nullif:
        _keep_decimals(node)
    if form in _BECOMING and (kind := become(node)) is not None:
        _become(node, kind)
    if form in _WITH_VARIANTS:
        _chosen_variants(node)
    if form in texts_as_numbers.CHOICES:
        texts_as_numbers.chosen(node)
    if form in _WITH_MOMENTS:
        _chosen_moments(node)
    if form is exp.Count:
        _without_json_nulls(node)
    if form is exp.Typeof and _is_number(node.this):
        node.set("this", _kept(node.this))
    is_variant = type(node) is exp.Cast and node.to.this == _Kind.VARIANT
    of_array = isinstance(node, exp.Lambda) and isinstance(node.parent, exp.Transform)
    if is_variant or of_array or isinstance(node, MAKERS_OF_JSON):
        _kept_as_texts(node)
    if isinstance(node, exp.ArgMax | exp.ArgMin) and node.args.get("count"):
        node.set("this", _kept(node.this))
    if form is exp.ArrayFilter:
        _check_condition(node.expression.this)
    is_truth = type(node) is exp.Cast and node.to.this == _Kind.BOOLEAN
    is_truth = is_truth or (form is exp.ToBoolean and not node.args.get("safe"))
    if is_truth and _is_variant(node.this):
        return variants_beside.truth(node.this)
    if form in conditions.OPERATORS:
        for value in list(conditions.variants(node)):
            _put(value, variants_beside.truth)
    if isinstance(node, exp.Cast) and node.to.this in _BINARIES and _is_variant(node.this):
        node.set("this", _cast(node.this, _TEXT))
    if isinstance(node, exp.Cast) and node.to.this in _MOMENTS and _is_number(node.this):
        # Seconds since 1970, or a smaller unit where there are so many.
        zone = "LTZ" if node.to.this == _Kind.TIMESTAMPLTZ else "NTZ"
        made = exp.Anonymous(this=f"TO_TIMESTAMP_{zone}", expressions=[node.this])
        made.type = node.to
        return made
    if form is exp.Anonymous and node.name.upper() == "HASH":
        node.set("expressions", [_same(each) for each in node.expressions])
    if isinstance(node, _READ_BY_FORM):
        return datetime_formats.read_by_form(node)
    if isinstance(node, exp.Select):
        _grouped(node)
    if isinstance(node, _DATE_PARTS):
        return _part_of_moment(node)
    if isinstance(node, exp.Ceil | exp.Floor | exp.MonthsBetween):
        return _fixed(node)
    if isinstance(node, _OF_MOMENTS):
        return _of_moments(node)
    if isinstance(node, exp.Distinct) and isinstance(node.parent, exp.Count):
        node.set("expressions", [_same(each) for each in node.expressions])
    elif isinstance(node, exp.Distinct) and isinstance(node.parent, exp.ArrayAgg):
        node.set("expressions", [_same_or_refused(each) for each in node.expressions])
    if form in (exp.ApproxDistinct, exp.Hll):
        node.set("this", _same(node.this))
    if isinstance(node, exp.ArrayUniqueAgg | exp.Mode) and _is_json(node.this):
        node.set("this", _same_or_refused(node.this))
    if isinstance(node, exp.Window) and (keys := node.args.get("partition_by")):
        node.set("partition_by", [_same(each) for each in keys])
    if isinstance(node, exp.Nullif) and (equal := texts_as_numbers.nullif(node)) is not None:
        return equal
    if form in texts_as_numbers.COMPARISONS and not isinstance(node.parent, exp.Update):
        texts_as_numbers.compared(node)
    if isinstance(node, (*_COMPARISONS, *_EQUALITIES)) and not isinstance(node.parent, exp.Update):
        _booleans(node)
    if isinstance(node, exp.In | exp.Between) and (apart := _apart(node)) is not None:
        return apart
    if isinstance(node, _COMPARISONS) and not isinstance(node.parent, exp.Update):
        if (beside := _beside_untyped(node)) is not None:
            return beside
        _compared(node)
    elif isinstance(node, _EQUALITIES):
        if not isinstance(node, exp.Nullif) and (beside := _beside_untyped(node)) is not None:
            return beside
        if not _equal(node):
            _set_beside(node)
    elif isinstance(node, exp.Case | exp.DecodeCase):
        _equal_cases(node)
    elif isinstance(node, exp.In | exp.Between):
        _chosen(node)
    elif isinstance(node, exp.Greatest | exp.Least) and any(map(_is_json, chosen(node))):
        for value in chosen(node):
            _check_ordered(value)
        return variant_order.chosen(node)
    elif isinstance(node, exp.Max | exp.Min) and _is_json(node.this):
        _check_ordered(node.this)
        return variant_order.extreme(node)
    elif form is exp.Ordered and _is_json(node.this):
        _check_ordered(node.this)
        _check_place(node)
        node.set("this", variant_order.rank(node.this))
    elif isinstance(node, exp.Max | exp.Min | exp.Ordered) and _is_untyped(node.this):
        _order_untyped(node)
    elif isinstance(node, exp.Greatest | exp.Least):
        for value in filter(_is_untyped, chosen(node)):
            _put(value, variant_order.none)
    elif isinstance(node, exp.ArgMax | exp.ArgMin) and _is_json(node.expression):
        raise _ordering(node.expression)
    elif isinstance(node, exp.SetOperation):
        united = _without_equals(node)
        if united is not None:
            return united
        _united(node)
    elif isinstance(node, exp.ToChar) and node.args.get("format") and _is_moment(node.this):
        return datetime_formats.text(node)
    return node


def _order_untyped(node: Expr) -> None:
    """By a column of which no type is known, as one that UNPIVOT makes. The ORDER BY of DISTINCT
    rows is by what is among its values, and that of a UNION by its columns alone. A name that a
    query gives to what is no column stays: the engine takes it for a column's in an expression."""
    column, query = node.this, node.find_ancestor(exp.Query)
    if not isinstance(column, exp.Column) or column.is_star:
        return
    if isinstance(node, exp.Ordered):
        is_all = column.name == "ALL" and not (column.table or column.this.quoted)
        within = node.find_ancestor(exp.WithinGroup, exp.Query)
        around = within if isinstance(within, exp.WithinGroup) else node.parent
        aggregated = around and around.this
        is_distinct = isinstance(aggregated, Expr) and aggregated.find(exp.Distinct) is not None
        if is_all or is_distinct or not isinstance(query, exp.Select):
            return
        named = [each.this for each in query.expressions if each.alias == column.name]
        column = named[0] if named and not column.table else column
        if not isinstance(column, exp.Column):
            return
        for each in query.expressions if query.args.get("distinct") else ():
            if each.unalias() == column:
                _put(each.unalias(), variant_order.none)
    node.set("this", variant_order.none(column.copy()))


def _ordering(value: Expr) -> errors.SnowflakeError:
    text = value.sql(dialect="snowflake")
    return errors.unsupported(f"ordering the VARIANT {text}: cast it first, as in {text}::INT")


def _check_ordered(value: Expr) -> None:
    """Raises 000002 for what is no VARIANT beside one, or is declared as an ARRAY or OBJECT, which
    Snowflake's pages have no order of."""
    if not _is_variant(value) or (value.type and declared_as(value.type)):
        raise _ordering(value)


def _check_place(ordered: Expr) -> None:
    """Raises 000002 for an ORDER BY whose values are calculated with, or given out once."""
    place = ordered.find_ancestor(exp.WithinGroup, exp.Window, exp.Query)
    order = ordered.parent
    if isinstance(order, exp.Order) and isinstance(order.this, exp.Distinct):
        raise _ordering(ordered.this)
    if isinstance(place, exp.WithinGroup) and (
        not isinstance(place.this, exp.ArrayAgg) or isinstance(place.this.this, exp.Distinct)
    ):
        raise _ordering(ordered.this)
    frame = place.args.get("spec") if isinstance(place, exp.Window) else None
    bounds = [frame.args.get(key) for key in ("start", "end")] if frame else []
    if frame and frame.text("kind").upper() == "RANGE" and any(isinstance(b, Expr) for b in bounds):
        raise _ordering(ordered.this)


# These read one of their sides, and only ask of the other one whether it is NULL.
_OF_ONE_SIDE: dict[type[Expr], str] = {
    exp.RegrAvgx: "this", exp.RegrAvgy: "expression", exp.RegrCount: "this", exp.RegrSxx: "this",
}  # fmt: skip


def _be_there(node: Expr, key: str) -> None:
    """A value of any type that only counts if it is none.

    https://docs.snowflake.com/en/sql-reference/functions/regr_count
    """
    value = node.args[key]
    if _kind(value) in (*_UNKNOWN, _Kind.NULL) or _is_number(value) or _is_json(value):
        return
    gone = exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())
    made = exp.Case(ifs=[gone], default=exp.Literal.number(0))
    made.type = exp.DataType.build("INT")
    node.set(key, made)


def _ordered_by_itself(distinct: exp.Distinct, order: Sequence[exp.Ordered]) -> None:
    """LISTAGG(DISTINCT …) is ordered by its value, which the engine takes for a text.

    https://docs.snowflake.com/en/sql-reference/functions/listagg
    """
    [value] = distinct.expressions
    for each in order:
        if each.this != value:
            raise errors.compilation(
                errors.COMPILATION,
                f"[{each.this.sql(dialect='snowflake')}] is not a valid order by expression",
            )
    if offsets.is_zoned(value):
        raise errors.unsupported("LISTAGG(DISTINCT …) of TIMESTAMP_TZs in their order")
    if _is_moment(value):
        # Their texts are in their order.
        for each in order:
            each.set("this", _cast(value.copy(), _TEXT))
        distinct.set("expressions", [_cast(value, _TEXT)])


def _part_of_moment(node: Expr) -> Expr:
    """A part of a moment with a zone is that of the wall clock there; EPOCH has no fraction.

    https://docs.snowflake.com/en/sql-reference/functions/date_part
    """
    key = "expression" if isinstance(node, exp.Extract) else "this"
    part = node.name.upper() if isinstance(node, exp.Extract) else ""
    value = node.args[key]
    if part in _EPOCHS:
        seconds = exp.Anonymous(this="_account_epoch_seconds", expressions=[value])
        seconds.type = exp.DataType.build("BIGINT")
        return seconds
    if _kind(value) == _Kind.TIMESTAMPLTZ and not part.startswith(("EPOCH", "TIMEZONE")):
        node.set(key, _cast(value, "TIMESTAMP_NTZ"))
    return node


def _of_moments(node: Expr) -> Expr:
    """DATEADD, DATEDIFF and DATE_TRUNC read a text as a timestamp; a TIME's hour is one of a day.

    https://docs.snowflake.com/en/sql-reference/functions/date_trunc
    """
    is_between = isinstance(node, exp.DateDiff)
    variants = [key for key in ("this", "expression") if _is_variant(node.args.get(key))]
    for key in ("this", "expression") if is_between else ("this",):
        if _is_unwritten_text(node.args[key]):
            moment = datetime_formats.read_by_form(_cast(node.args[key], "TIMESTAMP_NTZ"))
            node.set(key, moment)
        elif key in variants and isinstance(node, (*_SHIFTS, exp.DateDiff)):
            # A VARIANT becomes what is beside it, a timestamp beside a text or another VARIANT.
            other = node.args["expression" if key == "this" else "this"] if is_between else None
            kind = _kind(other) if len(variants) == 1 else None
            name = kind.name if kind in _BESIDE_MOMENTS else "TIMESTAMP_NTZ"
            node.set(key, _cast(node.args[key], name))
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc) and _kind(node.this) == _Kind.TIME:
        argument_types.check(node)
        day = _cast(exp.Literal.string("1970-01-01"), "DATE")
        node.set("this", exp.Add(this=day, expression=node.this))
        return _cast(node.copy(), "TIME")
    return node


_SHIFTS = (exp.DateAdd, exp.DateSub, exp.TimeAdd, exp.TimestampAdd)
_BESIDE_MOMENTS = (exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMPLTZ)
_OF_MOMENTS = (*_SHIFTS, exp.DateDiff, exp.DateTrunc, exp.TimestampTrunc)


def _fixed(node: Expr) -> Expr:
    """Fixed-point numbers: CEIL and FLOOR of such, MONTHS_BETWEEN.

    https://docs.snowflake.com/en/sql-reference/functions/ceil
    https://docs.snowflake.com/en/sql-reference/functions/months_between
    """
    if isinstance(node.parent, exp.Cast):
        return node
    if isinstance(node, exp.MonthsBetween):
        return _cast(node.copy(), "DECIMAL(38, 6)")
    if described.is_round(node):
        return node
    decimals, value = node.args.get("decimals"), node.this.unnest()
    bare = value.this if isinstance(value, exp.Neg) else value
    written = isinstance(bare, exp.Literal) and "e" not in bare.name.lower()
    if decimals is None or not (written or _kind(value) == _Kind.DECIMAL):
        return node
    places = decimals.this if isinstance(decimals, exp.Neg) else decimals
    if not (isinstance(places, exp.Literal) and places.is_int):
        return node
    scale = 0 if places is not decimals else min(int(places.name), 37)
    return _cast(node.copy(), f"DECIMAL(38, {scale})")


def _cast(value: Expr, kind: str) -> Expr:
    cast = exp.Cast(this=value, to=exp.DataType.build(kind, dialect="snowflake"))
    cast.type = cast.to
    return offsets.made(cast)


def _kind(value: Expr | None) -> exp.DType | None:
    return value.type.this if value is not None and value.type else None


_UNKNOWN = (None, exp.DType.UNKNOWN)


def _is_variant(value: Expr | None) -> bool:
    return _kind(value) in (_Kind.VARIANT, _Kind.JSON)


def _is_json(value: Expr) -> bool:
    """Is it a VARIANT, an ARRAY or an OBJECT?"""
    return _kind(value) in (*JSON_TYPES, _Kind.STRUCT)


def _is_number(value: Expr | None) -> bool:
    return _kind(value) in exp.DataType.NUMERIC_TYPES


def _is_moment(value: Expr | None) -> bool:
    return _kind(value) in exp.DataType.TEMPORAL_TYPES


def _is_read_as_text(value: Expr) -> bool:
    return (
        _is_variant(value)
        or _is_number(value)
        or _is_moment(value)
        or _kind(value) == _Kind.BOOLEAN
    )


def _numbers(node: Expr) -> None:
    """A VARIANT in arithmetic is its number."""
    for key in ("this", "expression"):
        value = node.args.get(key)
        if isinstance(value, exp.Distinct):
            value, key, node = value.expressions[0], "expressions", value
        if isinstance(value, Expr) and _is_variant(value):
            node.set(
                key, [_cast(value, _DOUBLE)] if key == "expressions" else _cast(value, _DOUBLE)
            )


def _without_json_nulls(count: Expr) -> None:
    """COUNT takes the null of JSON for NULL.

    https://docs.snowflake.com/en/sql-reference/functions/count
    """
    counted = count.this if isinstance(count.this, exp.Distinct) else count
    for each in [counted.this, *counted.expressions]:
        is_same = isinstance(each, exp.Anonymous) and each.name in (SAME, SAME_FIXED)
        value = each.expressions[0] if is_same else each
        kind = value.type if isinstance(value, Expr) and _is_variant(value) else None
        # What is known to be made of another type has no null of JSON.
        if kind is not None and not declared_as(kind) and not held(value):
            present = exp.StripNullValue(this=value.copy())
            present.type = kind
            value.replace(present)


def _days(node: Expr) -> None:
    """Days are added to a DATE: the engine takes 32 bits of them.

    https://docs.snowflake.com/en/sql-reference/operators-arithmetic
    """
    for key, other in (("this", "expression"), ("expression", "this")):
        days = node.args[key]
        if _is_whole(days) and _kind(node.args[other]) == _Kind.DATE:
            node.set(key, exp.Anonymous(this="_account_days", expressions=[days]))
            node.type = exp.DataType.build("DATE")


def _is_whole(value: Expr) -> bool:
    kind = value.type
    if kind is None or isinstance(value, exp.Literal):
        return False
    has_scale = len(kind.expressions) > 1 and kind.expressions[1].name != "0"
    return kind.this in exp.DataType.INTEGER_TYPES or (kind.this == _Kind.DECIMAL and not has_scale)


def _texts_as_numbers(node: Expr) -> None:
    """Of texts these functions take the floating-point numbers.

    https://docs.snowflake.com/en/sql-reference/functions/sum
    """
    for key in ("this", "expression"):
        value = node.args.get(key)
        bare = value.expressions[0] if isinstance(value, exp.Distinct) else value
        if isinstance(bare, Expr) and _kind(bare) in TEXT_TYPES:
            number = _cast(bare.copy(), _DOUBLE)
            if isinstance(value, exp.Distinct):
                value.set("expressions", [number])
            else:
                node.set(key, number)


# What reads a constant as a date or time beside one.
_WITH_MOMENTS = frozenset(CHOICES) - {exp.Greatest, exp.Least}


def _chosen_moments(node: Expr) -> None:
    """Beside a date, a time or a timestamp a constant is read as one."""
    values = list(chosen(node))
    kinds = [value.type for value in values if _is_moment(value)]
    for value in values if kinds else ():
        if value.is_string and (kind := kinds[0]) is not None:
            moment = _cast(value.copy(), kind.sql(dialect="snowflake"))
            value.replace(datetime_formats.read_by_form(moment))


_BECOMING = frozenset((*CHOICES, exp.DecodeCase)) - {exp.Nullif}


def _become(node: Expr, kind: exp.DataType) -> None:
    """Cast what is no value of the type that all become."""
    name = kind.sql(dialect="snowflake")
    for value in list(chosen(node)):
        same = _kind(value) == kind.this or (kind.this in TEXT_TYPES and _kind(value) in TEXT_TYPES)
        if not same and not isinstance(value.unnest(), exp.Null):
            value.replace(datetime_formats.read_by_form(_cast(value.copy(), name)))
    node.type = kind


# What answers a VARIANT where one of its values is one.
_WITH_VARIANTS = (_WITH_MOMENTS - {exp.Nullif}) | {exp.DecodeCase}


def _chosen_variants(node: Expr) -> None:
    """Beside a VARIANT all else becomes one: a text is no JSON, as it would be to the engine."""
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return  # the CASE is asked itself
    values = list(chosen(node))
    kind = next((value.type for value in values if _is_variant(value)), None)
    for value in values if kind is not None else ():
        if kind and not _is_json(value) and (made := _as_the_other(value, kind)) is not None:
            value.replace(made)


def _zero_if_null(node: Expr) -> None:
    """It substitutes a number for NULL: a text or VARIANT becomes a floating-point one.

    https://docs.snowflake.com/en/sql-reference/functions/zeroifnull
    """
    value = node.this
    if _is_variant(value) or _kind(value) in TEXT_TYPES:
        node.set("this", _cast(value, _DOUBLE))
        node.type = exp.DataType.build("DOUBLE")
    elif _is_moment(value) or _kind(value) in (_Kind.BOOLEAN, *_BINARIES):
        raise argument_types.invalid("ZEROIFNULL", value)


def _check_condition(answer: Expr) -> None:
    """Raises 000002 for what the lambda of a FILTER answers and is known to be no BOOLEAN:
    Snowflake's page does not say whether it becomes one.

    https://docs.snowflake.com/en/sql-reference/functions/filter
    """
    if _kind(answer) not in (_Kind.BOOLEAN, _Kind.NULL, *_UNKNOWN):
        raise errors.unsupported("FILTER with a lambda that answers no BOOLEAN: cast it")


def _kept_as_texts(node: Expr) -> None:
    """A timestamp and a BINARY in an object or array have the text that they have elsewhere, and so
    has a number that is infinite."""
    for key in ("this", "expression", "expressions", "value"):
        value = node.args.get(key)
        if isinstance(value, list):
            node.set(key, [_kept(each) for each in value])
        elif isinstance(value, exp.Distinct):
            if not isinstance(node.parent, exp.WithinGroup):
                _kept_as_texts(value)
                continue
            # What it is ordered by is the same: it is converted behind that.
            made = _kept(value.expressions[0])
            if isinstance(made, exp.Cast):
                node.meta[CONVERTED] = "_account_text_in_json"
            elif made is not value.expressions[0]:
                node.meta[CONVERTED] = made.name
        elif isinstance(value, Expr):
            node.set(key, _kept(value))


def _kept(value: Expr) -> Expr:
    """A value as JSON has it."""
    if _kind(value) == _Kind.TIME:
        whole = exp.Anonymous(this="_account_whole_time", expressions=[value])
        whole.type = exp.DataType.build("TEXT")
        return whole
    if _is_moment(value) and not _has_digits_behind(value):
        return _cast(value, _TEXT)
    if _is_moment(value):
        told = exp.Anonymous(this=IN_JSON, expressions=[value])
        told.type = value.type
        return _cast(told, _TEXT)
    if _kind(value) in _BINARIES:
        digits = exp.Anonymous(this="hex", expressions=[value])
        digits.type = exp.DataType.build("TEXT")
        return digits
    if _has_marks(value):
        known = "_number" if _is_number(value) else ""
        number = exp.Anonymous(this=f"_account{known}_in_json", expressions=[value])
        number.type = exp.DataType.build("VARIANT")
        return number
    return value


def _has_digits_behind(moment: Expr) -> bool:
    """May it have microseconds and no milliseconds? A constant tells."""
    bare = moment.unnest()
    is_constant = isinstance(bare, exp.Cast) and bare.this.is_string
    return _kind(moment) != _Kind.DATE and not (is_constant and ".000" not in bare.this.name)


def _has_marks(value: Expr) -> bool:
    """May it be a number whose JSON the engine would not read as it is (`core.variant_marks`)?"""
    bare = value.unnest()
    bare = bare.this if isinstance(bare, exp.Neg) else bare
    if isinstance(bare, exp.Literal):
        long = len(bare.name) > _SHORT_NUMBER or "e" in bare.name.lower()
        return not bare.is_string and (long or bare.name.startswith(("0.0000", ".0000")))
    if isinstance(bare, exp.Boolean | exp.Identifier | exp.Lambda | exp.Null | exp.Star):
        return False
    kind = value.type
    # A quotient has decimals, whatever it is of.
    if kind is None or isinstance(bare, exp.Div):
        return True
    if kind.this in (_Kind.UNKNOWN, *exp.DataType.FLOAT_TYPES):
        return True
    return kind.this == _Kind.DECIMAL and not _is_whole(value)


_SHORT_NUMBER = 15


def _same(value: Expr, name: str = SAME) -> Expr:
    """A VARIANT in the form that is the same for values that are equal: {"a":1,"b":2} and
    {"b":2,"a":1.0} are."""
    if not _is_json(value) or (isinstance(value, exp.Anonymous) and value.name == name):
        return value
    same = exp.Anonymous(this=name, expressions=[value])
    same.type = exp.DataType.build("VARIANT")
    return same


def _same_or_refused(value: Expr) -> Expr:
    """The same where it is given out itself: what has floating-point numbers is refused."""
    return _same(value, SAME_FIXED)


def _grouped(select: exp.Select) -> None:
    """GROUP BY and DISTINCT of VARIANTs: one of those that are equal is given out."""
    columns = select.expressions
    variants = [_is_json(column.unalias()) for column in columns]
    if select.args.get("distinct") and any(variants) and not select.args["distinct"].args.get("on"):
        keys = [
            _same(column.unalias().copy()) if variants[place] else exp.Literal.number(place + 1)
            for place, column in enumerate(columns)
        ]
        select.set("distinct", exp.Distinct(on=exp.Tuple(expressions=keys)))
    group = select.args.get("group")
    if group is None:
        return
    if group.args.get("all") and any(variants):
        group.set("all", None)
        group.set(
            "expressions",
            [
                exp.Literal.number(place)
                for place, column in enumerate(columns, start=1)
                if column.find(exp.AggFunc) is None
            ],
        )
    if group.find(*_SETS):
        # Of what is not grouped by in a row, NULL is given out.
        for key in _keys(group):
            if _is_json(value := _grouped_by(key, columns)):
                key.replace(_same_or_refused(value.copy()))
                _give_out(select, value.copy(), _same_or_refused(value.copy()))
        return
    for key in list(group.expressions):
        if _is_json(value := _grouped_by(key, columns)):
            value = value.copy()
            one = exp.AnyValue(this=value)
            one.type = value.type
            key.replace(_same(value.copy()))
            _give_out(select, value, one)


_SETS = (exp.Cube, exp.GroupingSets, exp.Rollup)


def _keys(group: exp.Group) -> list[Expr]:
    """What is grouped by in sets."""
    walked = group.walk(prune=lambda node: not isinstance(node, _OF_KEYS))
    return [node for node in walked if not isinstance(node, _OF_KEYS)]


_OF_KEYS = (exp.Group, *_SETS, exp.Paren, exp.Tuple)


def _grouped_by(key: Expr, columns: Sequence[Expr]) -> Expr:
    """The value that a key, its place or its alias means."""
    if isinstance(key, exp.Literal) and key.is_int and int(key.name) <= len(columns):
        return columns[int(key.name) - 1].unalias()
    if isinstance(key, exp.Column) and not key.table:
        for column in columns:
            if isinstance(column, exp.Alias) and column.alias == key.name:
                return column.this
    return key


def _give_out(select: exp.Select, key: Expr, value: Expr) -> None:
    """Put a value in a key's place, wherever a query names it outside of its aggregates."""
    named = [node for node in _own_nodes(select) if _are_one(node, key)]
    for node in named:
        if not _is_behind(node, select):
            continue
        outer = node.find_ancestor(exp.AggFunc, exp.Group, exp.Select)
        while isinstance(outer, exp.AggFunc) and isinstance(outer.parent, exp.Window):
            # An aggregate over the groups' rows.
            outer = outer.find_ancestor(exp.AggFunc, exp.Group, exp.Select)
        if outer is not select:
            continue
        if node.parent is select and node.arg_key == "expressions":
            _replace(node, value.copy())
        else:
            node.replace(value.copy())


def _is_behind(node: Expr, select: exp.Select) -> bool:
    """Is it part of what a query makes of its groups?"""
    while node.parent is not None and node.parent is not select:
        node = node.parent
    return node.arg_key in ("expressions", "having", "qualify", "order", "windows")


def _are_one(node: Expr, key: Expr) -> bool:
    if isinstance(node, exp.Column) and isinstance(key, exp.Column):
        return node.name == key.name and (node.table == key.table or not (node.table and key.table))
    return node == key


def _own_nodes(select: exp.Select) -> Iterator[Expr]:
    """What a query says itself, and no query within it."""
    return select.walk(prune=lambda node: node is not select and isinstance(node, exp.Query))


def _comparable(kind: exp.DType | None) -> str:
    """What a VARIANT becomes that is compared with a value of a type; '' for nothing."""
    if kind in TEXT_TYPES:
        return _TEXT
    if kind in exp.DataType.NUMERIC_TYPES:
        return _NUMBER
    if kind in NTZ_TYPES:
        return "TIMESTAMP_NTZ"
    return kind.value if kind in _CAST_TO else ""


# Beside a number it becomes none (`variants_beside`).
_NUMBER = "NUMBER"
_CAST_TO = (_Kind.BOOLEAN, _Kind.DATE, _Kind.TIME, _Kind.TIMESTAMPLTZ)


def _booleans(node: Expr) -> None:
    """A number that is compared with a BOOLEAN becomes one.

    https://docs.snowflake.com/en/sql-reference/data-types-logical
    """
    for key, other in (("this", "expression"), ("expression", "this")):
        if _kind(node.args[other]) == _Kind.BOOLEAN and _is_number(node.args[key]):
            node.set(key, _cast(node.args[key], "BOOLEAN"))


def _compared(node: Expr) -> None:
    _check_rows(node.this, node.expression)
    if all(map(_is_json, (node.this, node.expression))) and not isinstance(node, exp.EQ | exp.NEQ):
        if _is_match(node):
            raise _ordering(node.this)
        _be_structured(node)
        for key in ("this", "expression"):
            node.set(key, variant_order.rank(node.args[key]))
        return
    if isinstance(node, exp.EQ | exp.NEQ) and _equal(node):
        return
    _set_beside(node)
    for key, other in (("this", "expression"), ("expression", "this")):
        if _is_moment(node.args[other]) and _is_unwritten_text(node.args[key]):
            node.set(key, _read_as(node.args[other], node.args[key].copy()))


def _is_match(node: Expr) -> bool:
    """Is it what an ASOF JOIN goes by?"""
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    return node.arg_key == "match_condition"


def _set_beside(node: Expr) -> None:
    """Of two values that are compared."""
    is_ordered = isinstance(node, _COMPARISONS[2:])
    if not _beside_truths(node.this, [node.expression], is_ordered=is_ordered):
        _beside(node.this, [node.expression], is_ordered=is_ordered)
        _beside(node.expression, [node.this], is_ordered=is_ordered)


def _beside(value: Expr, others: Sequence[Expr], *, is_ordered: bool = False) -> None:
    """A VARIANT that is compared with values of one other type."""
    kind = _kind(others[0])
    if not _is_variant(value):
        return
    if any(map(variant_order.is_rank, others)):
        _put(value, variant_order.rank)
        return
    if kind in _BINARIES:
        raise errors.unsupported("a VARIANT that is compared with a BINARY: cast it")
    made = _comparable(kind)
    if made == _NUMBER:
        is_long = any(map(_may_be_long, others))
        if is_ordered and any(map(_has_many_digits, others)):
            for each in (value, *others):
                if not variant_order.is_rank(each.parent):
                    _put(each, variant_order.rank)
            return
        is_whole = is_long and not is_ordered
        _put(value, variants_beside.number, is_ordered=is_ordered, has_all_digits=is_whole)
        for each in others if is_whole else ():
            if not (isinstance(each.parent, exp.Cast) and each.parent.to.this == _Kind.INT128):
                _put(each, _cast, "INT128")
    elif made == "BOOLEAN":
        _put(value, variants_beside.truth)
    elif made:
        _put(value, _cast, made)


def _beside_untyped(node: Expr) -> Expr | None:
    """A VARIANT that is compared with what only the engine knows the type of: a bind, a column of
    VALUES."""
    for key, other in (("this", "expression"), ("expression", "this")):
        value, beside = node.args[key], node.args[other]
        if _is_variant(value) and _is_untyped(beside):
            is_ordered = isinstance(node, _COMPARISONS[2:])
            ifs = []
            for kind, ways in variants_beside.by_kinds(
                beside, is_ordered=is_ordered, is_left=key == "expression"
            ):
                made = node.copy()
                for place, way in zip((key, other), ways, strict=True):
                    made.set(place, way(node.args[place].copy()))
                ifs.append(exp.If(this=kind, true=made))
            texts = node.copy()
            texts.set(key, _cast(value.copy(), _TEXT))
            texts.set(other, variants_beside.text_of(beside))
            cases = exp.Case(ifs=ifs, default=texts)
            cases.type = exp.DataType.build("BOOLEAN")
            return cases
    return None


def _is_untyped(value: Expr) -> bool:
    return isinstance(value.unnest(), exp.Column | exp.Placeholder) and _kind(value) in _UNKNOWN


def _is_variant_beside_untyped(one: Expr, other: Expr) -> bool:
    sides = ((one, other), (other, one))
    return any(_is_variant(value) and _is_untyped(beside) for value, beside in sides)


def _apart(node: Expr) -> Expr | None:
    """The comparisons that IN and BETWEEN stand for, where they are made one by one."""
    bounds = [node.args[key] for key in ("low", "high") if key in node.args]
    others = [*bounds, *node.expressions]
    if node.args.get("query") is not None or not any(
        _is_variant_beside_untyped(node.this, each) for each in others
    ):
        return None
    forms = (exp.GTE, exp.LTE) if bounds else (exp.EQ,) * len(others)
    made = [
        _coerced(form(this=node.this.copy(), expression=each.copy()))
        for form, each in zip(forms, others, strict=True)
    ]
    one = exp.and_(*made, copy=False) if bounds else exp.or_(*made, copy=False)
    return exp.paren(one, copy=False)


def _beside_truths(value: Expr, others: Sequence[Expr], *, is_ordered: bool = False) -> bool:
    """A VARIANT that is compared with BOOLEANs on its right; is it?"""
    if not _is_variant(value) or {_kind(each) for each in others} != {_Kind.BOOLEAN}:
        return False
    if is_ordered:
        for each in (value, *others):
            _put(each, variant_order.rank)
        return True
    _put(value, variants_beside.json_of)
    for each in others:
        _put(each, _cast, _TEXT)
    return True


def _put(value: Expr, make: Callable[..., Expr], *args: Any, **kwargs: Any) -> None:
    """Put what is made of a value in its place."""
    parent, place, index = value.parent, value.arg_key, value.index
    assert parent is not None and place is not None, "it is compared"
    parent.set(place, make(value, *args, **kwargs), index)


def _may_be_long(value: Expr) -> bool:
    """May it be a whole number of more digits than a floating-point one has?"""
    if isinstance(value, exp.Literal):
        return value.is_int and len(value.name) > _SHORT_NUMBER
    return _is_whole(value)


def _has_many_digits(value: Expr) -> bool:
    """May it be any number of more digits than a floating-point one has?"""
    bare = value.unnest()
    bare = bare.this.unnest() if isinstance(bare, exp.Neg) else bare
    if isinstance(bare, exp.Literal):
        return len(bare.name) > _SHORT_NUMBER
    kind = value.type
    if kind is None or kind.this not in (*exp.DataType.INTEGER_TYPES, _Kind.DECIMAL):
        return False
    return not kind.expressions or int(kind.expressions[0].name) > _SHORT_NUMBER


def _check_rows(*sides: Expr) -> None:
    """Raises 000002 for a VARIANT in a row that is compared: the engine takes it for its JSON."""
    if not isinstance(sides[0].unnest(), exp.Tuple):
        return
    if any(_is_json(value.unalias()) for side in sides for value in side.unnest().expressions):
        raise errors.unsupported("a VARIANT in a row that is compared: compare it by itself")


def _equal(node: Expr) -> bool:
    """Let VARIANTs be compared by their values; are they such?"""
    if not all(map(_is_json, (node.this, node.expression))):
        both = (node.this, node.expression)
        is_told = _comparable(_kind(node.expression)) or _is_variant_beside_untyped(*both)
        if isinstance(node, exp.Nullif) and _is_variant(node.this) and is_told:
            compared = _coerced(exp.EQ(this=node.this.copy(), expression=node.expression.copy()))
            _choose(node, compared)
            return True
        return False
    if isinstance(node, exp.EQ | exp.NEQ):
        _be_structured(node)
    if isinstance(node, exp.Nullif):
        equal = exp.EQ(this=_same(node.this.copy()), expression=_same(node.expression))
        _choose(node, equal)
    else:
        node.set("this", _same(node.this))
        node.set("expression", _same(node.expression))
    return True


def _choose(nullif: Expr, is_equal: Expr) -> None:
    case = exp.Case(ifs=[exp.If(this=is_equal, true=exp.Null())], default=nullif.this)
    case.type = nullif.type
    nullif.replace(case)


def _be_structured(node: Expr) -> None:
    """Beside an array on its left a VARIANT that is none is one with it; beside an object it has to
    be one (100071)."""
    kind, other = node.this.type, node.expression.type
    if kind is None or other is None or declared_as(other) in ("ARRAY", "OBJECT"):
        return
    made: Expr | None = None
    if declared_as(kind) == "ARRAY":
        made = exp.ToArray(this=node.expression)
    elif declared_as(kind) == "OBJECT" and other.this in JSON_TYPES:
        made = exp.Cast(this=node.expression, to=exp.DataType.build("OBJECT", dialect="snowflake"))
    if made:
        made.type = kind
        node.set("expression", made)


def _keep_decimals(node: Expr) -> None:
    """Let NULLIF have the decimals of the number that it compares with: the engine leaves them.

    https://docs.snowflake.com/en/sql-reference/functions/nullif
    """
    value, made = described.of(node.this), described.of(node)
    if not (isinstance(value, described.Number) and isinstance(made, described.Number)):
        return
    if value.scale < made.scale:
        node.set("this", _cast(node.this, f"DECIMAL({made.precision}, {made.scale})"))


def _equal_cases(node: Expr) -> None:
    """The same of CASE x WHEN y and of DECODE(x, y, …)."""
    if isinstance(node, exp.DecodeCase):
        asked, *pairs = node.expressions
        compared = pairs[: len(pairs) // 2 * 2 : 2]
    else:
        asked, compared = node.this, [each.this for each in node.args["ifs"]]
    if asked is None:
        return
    if any(_is_variant_beside_untyped(asked, each) for each in compared):
        _compare_apart(node, asked)
        return
    compared = [each for each in compared if not isinstance(each.unnest(), exp.Null)]
    if not _is_json(asked):
        for each in compared:
            _beside(each, [asked])
    elif _is_variant(asked) and not all(map(_is_json, compared)):
        _beside_all(asked, compared)
    elif all(map(_is_json, compared)):
        for each in (asked, *compared):
            mark = exp.Null()
            each.replace(mark)
            mark.replace(_same(each))


def _compare_apart(node: Expr, asked: Expr) -> None:
    """Ask of a CASE x WHEN y and a DECODE one comparison after the other."""
    if isinstance(node, exp.DecodeCase):
        pairs = node.expressions[1:]
        ifs = [
            exp.If(
                this=_coerced(exp.EqualNull(this=asked.copy(), expression=each.copy())),
                true=value.copy(),
            )
            for each, value in zip(pairs[::2], pairs[1::2], strict=False)
        ]
        default = pairs[-1].copy() if len(pairs) % 2 else None
        case = exp.Case(ifs=ifs, default=default)
        case.type = node.type
        node.replace(case)
        return
    for each in node.args["ifs"]:
        each.set("this", _coerced(exp.EQ(this=asked.copy(), expression=each.this)))
    node.set("this", None)


def _beside_all(value: Expr, others: Sequence[Expr], *, is_ordered: bool = False) -> None:
    """A VARIANT that is compared with several values, which are not all VARIANTs."""
    kinds = {_comparable(_kind(each)) for each in others if _kind(each) not in _UNKNOWN}
    if len(kinds) > 1:
        raise errors.unsupported(
            "a VARIANT that is compared with values of several types: cast it first"
        )
    if others and not _beside_truths(value, others, is_ordered=is_ordered):
        _beside(value, others, is_ordered=is_ordered)


def _is_unwritten_text(value: Expr) -> bool:
    """A text that the engine does not compare with a date, as it does some constants."""
    return _kind(value) in TEXT_TYPES and not datetime_formats.reads_by_itself(value)


def _read_as(moment: Expr, text: Expr) -> Expr:
    """A text that is compared with a moment, as one."""
    kind = moment.type.sql("snowflake") if moment.type else "DATE"
    return datetime_formats.read_by_form(_cast(text, kind))


def _chosen(node: Expr) -> None:
    if _is_moment(node.this):
        bounds = [node.args.get("low"), node.args.get("high")]
        for value in (*bounds, *(node.args.get("expressions") or ())):
            if isinstance(value, Expr) and _is_unwritten_text(value):
                value.replace(_read_as(node.this, value.copy()))
        return
    query = node.args.get("query")
    rows = query.unnest() if query is not None else None
    columns = rows.expressions if isinstance(rows, exp.Select) else []
    if isinstance(node, exp.In):
        _check_rows(node.this, *node.expressions, *([rows] if rows else []))
    if isinstance(node, exp.Between) and _is_json(node.this):
        of_json = [each for each in (node.args["low"], node.args["high"]) if _is_json(each)]
        if len(of_json) == len((node.args["low"], node.args["high"])):
            for key in ("this", "low", "high"):
                node.set(key, variant_order.rank(node.args[key]))
            return
        for bound in of_json:
            raise _ordering(bound)
    if isinstance(node, exp.In) and _is_json(node.this):
        within = columns if query is not None else node.expressions
        if within and all(_is_json(each.unalias()) for each in within):
            node.set("this", _same(node.this))
            if query is None:
                node.set("expressions", [_same(each) for each in within])
            else:
                _replace(within[0], _same(within[0].unalias().copy()))
            return
    bounds = [node.args[key] for key in ("low", "high") if key in node.args]
    others = [*bounds, *node.expressions, *(each.unalias() for each in columns)]
    others = [each for each in others if not isinstance(each.unnest(), exp.Null)]
    is_ordered = isinstance(node, exp.Between)
    _truths_beside_numbers(node, others)
    if _is_variant(node.this):
        _beside_all(node.this, others, is_ordered=is_ordered)
    else:
        for each in others:
            _beside(each, [node.this], is_ordered=is_ordered)


def _is_0_or_1(value: Expr) -> bool:
    return isinstance(value, exp.Literal) and value.name in ("0", "1")


def _truths_beside_numbers(node: Expr, others: Sequence[Expr]) -> None:
    """BETWEEN is two comparisons, in which numbers become BOOLEANs. What IN makes of others than 0
    and 1 no page says.

    https://docs.snowflake.com/en/sql-reference/functions/between
    """
    is_truth = _kind(node.this) == _Kind.BOOLEAN
    mixed = [each for each in others if _is_number(each if is_truth else node.this)]
    if not is_truth:
        mixed = [each for each in mixed if _kind(each) == _Kind.BOOLEAN]
    if isinstance(node, exp.In) and not all(_is_0_or_1(each) and is_truth for each in mixed):
        raise errors.unsupported("IN of a BOOLEAN and a number: cast one of them")
    for each in mixed if is_truth else ():
        each.replace(_cast(each.copy(), "BOOLEAN"))
    if mixed and not is_truth and len(mixed) < len(others):
        raise errors.unsupported("BETWEEN a BOOLEAN and a number: cast one of them")
    if mixed and not is_truth:
        node.set("this", _cast(node.this, "BOOLEAN"))


def _stays_date(node: Expr) -> bool:
    """Is it days, months or years from a DATE? DuckDB would answer a TIMESTAMP."""
    if isinstance(node.parent, exp.Cast) and _kind(node.parent) == _Kind.DATE:
        return False
    if isinstance(node, exp.Add | exp.Sub):
        interval = next(
            (s for s in (node.this, node.expression) if isinstance(s, exp.Interval)), None
        )
        moved = node.expression if interval is node.this else node.this
        return interval is not None and _kind(moved) == _Kind.DATE and _is_of_days(interval)
    if not isinstance(node, _MOVES) or _kind(node.this) != _Kind.DATE:
        return False
    return (
        isinstance(node, exp.AddMonths)
        or not isinstance(node, exp.DateAdd | exp.DateSub)
        or (_is_of_days(node))
    )


def _is_of_days(node: Expr) -> bool:
    unit = node.args.get("unit")
    return unit is not None and unit.name.upper().rstrip("S") in _OF_DAYS


def _united(node: exp.SetOperation) -> None:
    """The columns of a UNION have one type: that of the side which is no text."""
    sides = [node.this.unnest(), node.expression.unnest()]
    if node.args.get("distinct") and not _is_within_another(node):
        for side in sides:
            _distinguish(side)
    if not _is_plain(node) or _is_plain(_united_with(node)):
        # Its columns are not known, or become one with those of the UNION around it.
        return
    for column in _columns_that_become_one(node, list(united_queries(node))):
        values = [side.expressions[place].unalias() for side, place in column]
        kinds = dict.fromkeys(value.type for value in values if value.type is not None)
        if any(_kind(value) in TEXT_TYPES for value in values) and any(
            kind.this == _Kind.BOOLEAN for kind in kinds
        ):
            raise errors.unsupported(UNLIKE)
        if any(kind.this == _Kind.BOOLEAN for kind in kinds) and any(map(_is_number, values)):
            raise errors.unsupported(TRUTHS)
        for (side, place), value in zip(column, values, strict=True):
            if _kind(value) is None:
                continue
            made = next(filter(None, (_as_the_other(value, kind) for kind in kinds)), None)
            if made is not None:
                _replace(side.expressions[place], made)


# In a UNION's meta: are all of its sides known by their columns?
_PLAIN = "plain"


def _is_plain(node: Expr | None) -> bool:
    if node is None:
        return False
    if _PLAIN not in node.meta:
        sides = (node.this.unnest(), node.expression.unnest())
        node.meta[_PLAIN] = all(
            _is_plain(side)
            if isinstance(side, exp.SetOperation)
            else isinstance(side, exp.Select) and not side.is_star
            for side in sides
        )
    return bool(node.meta[_PLAIN])


def _united_with(node: Expr) -> Expr | None:
    """The set operation that it is a side of."""
    outer = node.parent
    while isinstance(outer, exp.Subquery) and not outer.alias:
        outer = outer.parent
    return outer if isinstance(outer, exp.SetOperation) else None


def _columns_that_become_one(
    node: exp.SetOperation, sides: Sequence[Expr]
) -> Iterable[list[tuple[Expr, int]]]:
    """Of a UNION's columns, the side and the place of each that it is of."""
    unions = [node, *_unions_within(node)]
    by_name = {bool(each.args.get("by_name")) for each in unions}
    if len(by_name) > 1:
        raise errors.unsupported("UNION BY NAME beside one that is by place: put one in a CTE")
    columns: dict[str | int, list[tuple[Expr, int]]] = {}
    for side in sides:
        for place, value in enumerate(side.expressions):
            key = value.alias_or_name if by_name == {True} else place
            if key != "":
                columns.setdefault(key, []).append((side, place))
    return columns.values()


def _unions_within(node: Expr) -> Iterator[Expr]:
    """The set operations that are a side of one."""
    for side in (node.this.unnest(), node.expression.unnest()):
        if isinstance(side, exp.SetOperation):
            yield side
            yield from _unions_within(side)


def _as_the_other(value: Expr, kind: exp.DataType) -> Expr | None:
    """A value beside one of this type; None where it stays as it is."""
    if kind.this in (_Kind.VARIANT, _Kind.JSON) and not _is_variant(value):
        made = exp.ToVariant(this=value.copy())
        _kept_as_texts(made)
        return made
    if _kind(value) in TEXT_TYPES and (
        kind.this in exp.DataType.NUMERIC_TYPES or kind.this in exp.DataType.TEMPORAL_TYPES
    ):
        return _cast(value.copy(), kind.sql(dialect="snowflake"))
    return None


def _is_within_another(node: Expr) -> bool:
    """Is it a UNION in one that leaves equal rows out of all?"""
    inner, outer = node, node.parent
    while isinstance(outer, exp.Subquery) and not outer.alias and not inner.args.get("limit"):
        inner, outer = outer, outer.parent
    both = isinstance(node, exp.Union) and isinstance(outer, exp.Union)
    whole = not inner.args.get("limit") and not inner.args.get("offset")
    return both and whole and outer is not None and bool(outer.args.get("distinct"))


def _without_equals(node: exp.SetOperation) -> Expr | None:
    """A UNION as one of all rows, of which those are left out that are equal; None where it is the
    same without."""
    if not isinstance(node, exp.Union) or not node.args.get("distinct"):
        return None
    if _is_within_another(node):
        node.set("distinct", False)
        return None
    sides = list(united_queries(node))
    lists = [side.expressions for side in sides if not side.is_star]
    names = [each.alias_or_name for each in lists[0]] if lists else []
    alike = len(lists) == len(sides) and {len(each) for each in lists} == {len(names)}
    if not alike or len(set(names)) < len(names) or not all(names) or node.args.get("by_name"):
        return None
    variants = [any(_is_json(v.unalias()) for v in column) for column in zip(*lists, strict=True)]
    if not any(variants):
        return None
    rows = node.copy()
    rows.set("distinct", False)
    _united(rows)
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in names]
    keys: list[Expr] = []
    for place, (column, is_variant) in enumerate(zip(columns, variants, strict=True), start=1):
        column.type = exp.DataType.build("VARIANT") if is_variant else None
        keys.append(_same(column.copy()) if is_variant else exp.Literal.number(place))
    outer = exp.Select(expressions=columns, distinct=exp.Distinct(on=exp.Tuple(expressions=keys)))
    for key in ("order", "limit", "offset"):
        outer.set(key, rows.args.get(key))
        rows.set(key, None)
    alias = exp.TableAlias(this=exp.to_identifier("_"))
    outer.set("from_", exp.From(this=exp.Subquery(this=rows, alias=alias)))
    return outer


def _distinguish(side: Expr) -> None:
    """Let equal VARIANTs be the same in a side of a UNION that leaves equal rows out."""
    if isinstance(side, exp.SetOperation):
        for each in (side.this.unnest(), side.expression.unnest()):
            _distinguish(each)
    for column in list(side.expressions) if isinstance(side, exp.Select) else ():
        if _is_json(column.unalias()):
            _replace(column, _same_or_refused(column.unalias().copy()))


def _replace(column: Expr, value: Expr) -> None:
    """Put a value in a column's place, under the same name."""
    if isinstance(column, exp.Alias):
        column.set("this", value)
    else:
        column.replace(
            exp.alias_(value, column.alias_or_name, quoted=True) if column.alias_or_name else value
        )
