"""Functions whose Snowflake meaning DuckDB would get wrong: made right, or refused."""

import re
from collections.abc import Mapping

from sqlglot import Expr, exp
from sqlglot.dialects.snowflake import Snowflake

from flocon.core import errors
from flocon.engine import argument_types, choices, foreign, long_texts, orders
from flocon.engine.fast import bound_arrays
from flocon.engine.inner_kinds import IN_JSON
from flocon.engine.marked_names import name_pattern
from flocon.engine.pivoted_columns import name_columns, name_values
from flocon.engine.texts import is_text
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

# What CURRENT_VERSION() and logins say: one of Snowflake's.
SNOWFLAKE_VERSION = "10.0.0"
_REGEXP_FLAGS = {"c", "i", "m", "s", "e"}
# What a table function may stand in.
_TABLES = (exp.Lateral, exp.TableFromRows, exp.Table)
_FLATTEN_ARGUMENTS = ("INPUT", "PATH", "OUTER", "RECURSIVE", "MODE")


def refuse(tree: Expr) -> None:
    """Raise 000002 for what DuckDB would answer, and answer wrongly or from outside the account."""
    for node in tree.walk():
        if type(node) in argument_types.CHECKED:
            argument_types.check(node)
        if isinstance(node, exp.Table):
            _refuse_table(node)
        elif isinstance(node, exp.Anonymous):
            foreign.refuse(node)
        elif isinstance(node, exp.Lateral):
            _refuse_function(node.this)
        elif isinstance(node, exp.Select):
            if node.args.get("connect"):
                raise errors.unsupported("CONNECT BY")
            orders.check_distinct(node)
        elif isinstance(node, _BY_UNITS):
            _check_unit(node)
        elif isinstance(node, exp.Coalesce) and not node.expressions:
            text = f"not enough arguments for function [{node.sql('snowflake')}], expected 2, got 1"
            raise errors.compilation(errors.TOO_FEW_ARGUMENTS, text)
        elif isinstance(node, exp.Pivot) and not node.args.get("unpivot"):
            if node.find(exp.PivotAny) or node.args.get("default_on_null"):
                what = "IN (ANY)" if node.find(exp.PivotAny) else "DEFAULT ON NULL"
                raise errors.unsupported(f"a view over PIVOT … {what}")
            name_columns(node)
        elif isinstance(node, exp.Pivot):
            name_values(node)
        elif isinstance(node, exp.HashAgg):
            raise errors.unsupported("HASH_AGG: its numbers are Snowflake's own")
        elif isinstance(node, exp.Collate):
            raise errors.unsupported("COLLATE")
        elif isinstance(node, exp.Window):
            _refuse_distinct(node)
            if node.args.get("spec"):
                _refuse_frame(node)
        elif isinstance(node, exp.Normal | exp.Randstr | exp.Zipf) and _has_seed(node):
            raise errors.unsupported(f"{node.sql_name()} with RANDOM(seed)")


# Functions of a row's place, for which DuckDB passes over the window's frame.
_OF_PLACES = (
    exp.CumeDist, exp.DenseRank, exp.Lag, exp.Lead, exp.Ntile, exp.PercentRank, exp.Rank,
    exp.RowNumber,
)  # fmt: skip


def _refuse_distinct(window: exp.Window) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/avg"""
    function = window.this
    ordered = window.args.get("order") or window.args.get("spec")
    if ordered and isinstance(function.this, exp.Distinct):
        raise errors.unsupported(f"{function.sql_name()}(DISTINCT …) OVER (… ORDER BY …)")


def _refuse_frame(window: exp.Window) -> None:
    """A frame changes what rank() counts: DuckDB would answer as if there was none.

    https://docs.snowflake.com/en/sql-reference/functions-window-syntax
    """
    if not window.args.get("order"):
        text = "Window frame requires an ORDER BY clause."
        raise errors.compilation(errors.COMPILATION, text)
    function = window.this
    if isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    frame = window.args["spec"]
    is_whole = (frame.args.get("start"), frame.args.get("end")) == ("UNBOUNDED", "UNBOUNDED")
    grows = frame.args.get("start") == "UNBOUNDED" and frame.args.get("end") == "CURRENT ROW"
    ranks = isinstance(function, exp.Rank | exp.DenseRank | exp.PercentRank | exp.CumeDist)
    if isinstance(function, _OF_PLACES) and not is_whole and not (grows and ranks):
        name = function.sql_name()
        raise errors.unsupported(f"the window frame {frame.sql('snowflake')} of {name}")


def _refuse_table(table: exp.Table) -> None:
    if table.args.get("when") or table.args.get("changes"):
        raise errors.unsupported(f"Time Travel on {table.name}")
    _refuse_function(table.this)
    if isinstance(table.this, exp.Literal):
        raise errors.unsupported(f"reading the file {table.name}")


# What moments are truncated to, moved by and counted in.
_UNITS = {
    "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND",
    "MICROSECOND", "NANOSECOND",
}  # fmt: skip
_CALLED: dict[type[Expr], str] = {
    exp.DateAdd: "DATEADD",
    exp.DateDiff: "DATEDIFF",
    exp.DateTrunc: "DATE_TRUNC",
    exp.LastDay: "LAST_DAY",
    exp.TimeAdd: "DATEADD",
    exp.TimeSlice: "TIME_SLICE",
    exp.TimestampAdd: "DATEADD",
    exp.TimestampTrunc: "DATE_TRUNC",
    exp.TsOrDsAdd: "DATEADD",
}
_BY_UNITS = tuple(_CALLED)


def _check_unit(node: Expr) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-date-time"""
    unit = node.args.get("unit")
    name = unit.name.upper() if isinstance(unit, exp.Var | exp.Literal) else ""
    known = (name, name.removesuffix("S"), Snowflake.DATE_PART_MAPPING.get(name))
    if name and not _UNITS.intersection(known):
        called = _CALLED[type(node)]
        text = f"'{name}' is not a valid date/time component for function {called}."
        raise errors.compilation(errors.COMPILATION, text)


def _refuse_function(source: Expr) -> None:
    """A table function other than FLATTEN may be one of DuckDB's, which reads any file."""
    if isinstance(source, exp.TableFromRows):
        source = source.this
    if isinstance(source, exp.Func) and not isinstance(source, exp.Explode):
        if split_of(source) is not None:
            return
        name = source.name if isinstance(source, exp.Anonymous) else source.sql_name()
        raise errors.unsupported(f"table function {name}")


def current_names(node: Expr) -> Expr:
    """CURRENT_DATABASE and CURRENT_SCHEMA are the session's, NULL where it has none."""
    if isinstance(node, exp.CurrentDatabase | exp.CurrentCatalog):
        return exp.Anonymous(
            this="getvariable", expressions=[exp.Literal.string("account_database")]
        )
    if isinstance(node, exp.CurrentSchema):
        return exp.Anonymous(this="getvariable", expressions=[exp.Literal.string("account_schema")])
    if isinstance(node, exp.CurrentVersion):
        return exp.Literal.string(SNOWFLAKE_VERSION)
    return node


def clock_of_views(node: Expr) -> Expr:
    """CURRENT_DATE by another name: as it is, DuckDB takes it for a column of that name."""
    now = exp.Anonymous(this="get_current_timestamp")
    if isinstance(node, exp.CurrentDate):
        return exp.cast(now, "DATE", dialect="duckdb")
    if isinstance(node, exp.CurrentTime | exp.Localtime):
        return exp.cast(exp.cast(now, "TIMESTAMP", dialect="duckdb"), "TIME", dialect="duckdb")
    return node


def regexp_like(node: Expr) -> Expr:
    """REGEXP_LIKE and RLIKE match the whole text.

    https://docs.snowflake.com/en/sql-reference/functions/regexp_like
    """
    if not isinstance(node, exp.RegexpLike):
        return node
    arguments = [node.this, node.expression]
    if flag := node.args.get("flag"):
        if not flag.is_string or not set(flag.name) <= _REGEXP_FLAGS:
            raise errors.unsupported(f"REGEXP_LIKE with parameters {flag.sql()}")
        arguments.append(exp.Literal.string(flag.name.replace("e", "")))
    return exp.Anonymous(this="regexp_full_match", expressions=arguments)


def listagg(node: Expr) -> Expr:
    """LISTAGG of nothing is an empty text, and nothing stands between its values where no
    delimiter is given.

    https://docs.snowflake.com/en/sql-reference/functions/listagg
    """
    if isinstance(node, exp.GroupConcat) and not node.args.get("separator"):
        node.set("separator", exp.Literal.string(""))
    if isinstance(_aggregate(node), exp.GroupConcat) and not isinstance(node.parent, _OUTER):
        return exp.Coalesce(this=node, expressions=[exp.Literal.string("")])
    return node


# What stands around an aggregate.
_OUTER = (exp.Window, exp.Filter, exp.WithinGroup)


def _aggregate(node: Expr) -> Expr:
    """The aggregate inside of its OVER, FILTER and WITHIN GROUP."""
    while isinstance(node, _OUTER):
        node = node.this
    return node


def array_agg(node: Expr) -> Expr:
    """ARRAY_AGG and ARRAY_UNIQUE_AGG leave NULLs out; of nothing they are an empty array.

    https://docs.snowflake.com/en/sql-reference/functions/array_agg
    https://docs.snowflake.com/en/sql-reference/functions/array_unique_agg
    """
    aggregate = _aggregate(node)
    if not isinstance(aggregate, _ARRAYS) or isinstance(node.parent, _OUTER):
        return node
    value, order = aggregate.this, None
    if isinstance(aggregate, exp.ArrayUniqueAgg):
        value = exp.Distinct(expressions=[value])
    if isinstance(aggregate.parent, exp.WithinGroup):
        order = aggregate.parent.expression.expressions
    bare = value.expressions[0] if isinstance(value, exp.Distinct) else value
    if order and isinstance(value, exp.Distinct) and [each.this for each in order] != [bare]:
        raise errors.unsupported("ARRAY_AGG(DISTINCT …) WITHIN GROUP of something else")
    present = exp.Where(this=exp.Not(this=exp.Is(this=bare.copy(), expression=exp.Null())))
    of_star = bare.find(exp.Star) is not None
    if order:
        value = exp.Order(this=value, expressions=order)
    values: Expr = exp.Anonymous(this="list", expressions=[value])
    if not of_star:
        values = exp.Filter(this=values, expression=present)
    if isinstance(node, exp.Window):
        node.set("this", values)
        values = node
    if name := aggregate.meta.get(CONVERTED):
        each = exp.to_identifier("each", quoted=True)
        converted = exp.Lambda(this=_call(name, each), expressions=[each.copy()])
        values = _call("list_transform", values, converted)
    if of_star:
        # What is made of all columns can stand in no condition.
        values = exp.Anonymous(this="_account_present", expressions=[values])
    return exp.Coalesce(
        this=exp.Anonymous(this="to_json", expressions=[values]),
        expressions=[exp.cast(exp.Literal.string("[]"), "JSON", dialect="duckdb")],
    )


def array_unions(node: Expr) -> Expr:
    """ARRAY_UNION_AGG has each value as often as the array that has it most often.

    https://docs.snowflake.com/en/sql-reference/functions/array_union_agg
    """
    aggregate = _aggregate(node)
    if not isinstance(aggregate, exp.ArrayUnionAgg) or isinstance(node.parent, _OUTER):
        return node
    if node.find_ancestor(exp.Having):
        raise errors.unsupported("ARRAY_UNION_AGG in HAVING")
    value = aggregate.this
    present = exp.Where(this=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())))
    arrays: Expr = exp.Filter(this=_call("list", value), expression=present)
    if isinstance(node, exp.Window):
        node.set("this", arrays)
        arrays = node
    return exp.Coalesce(
        this=_call("_account_array_union", arrays),
        expressions=[exp.cast(exp.Literal.string("[]"), "JSON", dialect="duckdb")],
    )


def object_agg(node: Expr) -> Expr:
    """OBJECT_AGG leaves pairs with a NULL out; of nothing it is an empty object.

    https://docs.snowflake.com/en/sql-reference/functions/object_agg
    """
    aggregate = _aggregate(node)
    if not isinstance(aggregate, exp.ObjectAgg) or isinstance(node.parent, _OUTER):
        return node
    parts = (aggregate.this, aggregate.expression)
    present = exp.and_(
        *(exp.Not(this=exp.Is(this=each.copy(), expression=exp.Null())) for each in parts)
    )
    lists: list[Expr] = []
    for each in parts:
        values = exp.Filter(
            this=_call("list", each.copy()), expression=exp.Where(this=present.copy())
        )
        if isinstance(node, exp.Window):
            around = node.copy()
            around.set("this", values)
            lists.append(around)
        else:
            lists.append(values)
    return exp.Coalesce(
        this=_call("to_json", _call("map", *lists)),
        expressions=[exp.cast(exp.Literal.string("{}"), "JSON", dialect="duckdb")],
    )


_ARRAYS = (exp.ArrayAgg, exp.ArrayUniqueAgg)
# In the meta of an ARRAY_AGG: the function that makes JSON of what it has put in order.
CONVERTED = "converted"


def dates(node: Expr) -> Expr:
    """A quarter is three months, so that a DATE stays one. Moments have no nanoseconds here, and
    are not moved by such."""
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        unit = node.text("unit").upper()
        unit = Snowflake.DATE_PART_MAPPING.get(unit, unit)
        node.set("unit", exp.Literal.string("MICROSECOND" if unit == "NANOSECOND" else unit))
    if isinstance(node, exp.DateAdd | exp.TimeAdd) and node.text("unit").upper() in _NANOSECONDS:
        micros = _call("to_microseconds", _call("_account_micros_of", node.expression))
        return exp.paren(exp.Add(this=node.this, expression=micros))
    is_shift = isinstance(node, exp.DateAdd | exp.TimeAdd)
    if is_shift and node.text("unit").upper() in _HOURS and not _has_few_digits(node.expression):
        # As of days there are no more than an integer of 32 bits has.
        node.set("expression", _call("_account_days", node.expression))
    if isinstance(node, exp.DateAdd) and node.unit and node.unit.name.upper() == "QUARTER":
        node.set("unit", exp.Var(this="MONTH"))
        node.set("expression", exp.Mul(this=exp.paren(node.expression), expression=_literal(3)))
    return node


_NANOSECONDS = ("NANOSECOND", "NANOSECONDS")
_HOURS = ("HOUR", "HOURS")


def _has_few_digits(number: Expr) -> bool:
    """Is it a constant of few digits?"""
    return isinstance(number, exp.Literal) and len(number.name) < 10


def slices(node: Expr) -> Expr:
    """TIME_SLICE counts from 1970-01-01, and weeks from the Monday before it; the engine counts
    from the beginning of 2000.

    https://docs.snowflake.com/en/sql-reference/functions/time_slice
    """
    if not isinstance(node, exp.TimeSlice):
        return node
    unit, is_date = node.text("unit").upper(), _is_date(node.this)
    unit = Snowflake.DATE_PART_MAPPING.get(unit, unit)
    if is_date and unit in ("HOUR", "MINUTE", "SECOND"):
        raise errors.unsupported(f"TIME_SLICE of a DATE by {unit}")
    width = exp.Interval(this=node.expression, unit=exp.var(unit))
    count, days = ("-360", "MONTH") if unit in _MONTHS else (_TO_1970.get(unit, "-10959"), "DAY")
    earlier = exp.Interval(this=exp.Literal.string(count), unit=exp.var(days))
    made: Expr = _call("time_bucket", width, node.this, earlier)
    if node.text("kind").upper() == "END":
        made = exp.paren(exp.Add(this=made, expression=width.copy()))
    return exp.cast(made, "DATE", dialect="duckdb") if is_date else made


_MONTHS = ("MONTH", "QUARTER", "YEAR")
_TO_1970 = {"WEEK": "-10962"}


def _is_date(value: Expr) -> bool:
    return value.type is not None and value.type.this == exp.DType.DATE


_BINARY_TYPES = (exp.DType.BINARY, exp.DType.VARBINARY)


def texts(node: Expr) -> Expr:
    """|| and CONCAT take the text that a value has in Snowflake; of BINARYs they make one."""
    sides = (node.this, node.expression) if isinstance(node, exp.DPipe) else node.expressions
    if all(side.type is not None and side.type.this in _BINARY_TYPES for side in sides):
        return node
    if isinstance(node, exp.DPipe):
        node.set("this", _text(node.this))
        node.set("expression", _text(node.expression))
    elif isinstance(node, exp.Concat):
        node.set("expressions", [_text(part) for part in node.expressions])
    return node


def filled(node: Expr) -> Expr:
    """LPAD and RPAD with an empty text cut, and add nothing: the engine refuses that.

    https://docs.snowflake.com/en/sql-reference/functions/lpad
    """
    pad = node.args.get("fill_pattern")
    if not isinstance(node, exp.Pad) or pad is None or (pad.is_string and pad.name):
        return node
    cut = exp.Left(this=node.this.copy(), expression=node.expression.copy())
    if pad.is_string:
        return cut
    is_empty = exp.EQ(this=pad.copy(), expression=exp.Literal.string(""))
    return exp.Case(ifs=[exp.If(this=is_empty, true=cut)], default=node.copy())


def similarity(node: Expr) -> Expr:
    """JAROWINKLER_SIMILARITY has no decimals, which are cut off.

    https://docs.snowflake.com/en/sql-reference/functions/jarowinkler_similarity
    """
    if not isinstance(node, exp.JarowinklerSimilarity):
        return node
    texts = [exp.Upper(this=each) for each in (node.this, node.expression)]
    share = exp.Mul(this=_call("_account_similarity", *texts), expression=_literal(100))
    # 0.29 is a little less in a float.
    whole = exp.Anonymous(this="round", expressions=[share, exp.Literal.number(9)])
    return exp.cast(exp.Floor(this=whole), "BIGINT", dialect="duckdb")


def distance(node: Expr) -> Expr:
    """EDITDISTANCE counts characters, where the engine counts bytes.

    https://docs.snowflake.com/en/sql-reference/functions/editdistance
    """
    if not isinstance(node, exp.Levenshtein):
        return node
    made = _call("_account_distance", node.this, node.expression)
    most = node.args.get("max_dist")
    # NULL where an argument is.
    return made if most is None else _call("_account_least", made, most)


def counts(node: Expr) -> Expr:
    """How many characters, how often: any number counts, and DuckDB wants an INTEGER. To be
    done behind `types`, for which INTEGER is a NUMBER."""
    if isinstance(node, exp.BitwiseLeftShift) and "requires_int128" in node.args:
        # https://docs.snowflake.com/en/sql-reference/functions/bitshiftleft
        return _call("_account_shifted", node.this, exp.cast(node.expression, "INTEGER"))
    if isinstance(node, exp.Chr):
        codes = [exp.cast(each, "INTEGER", dialect="duckdb") for each in node.expressions]
        node.set("expressions", codes)
    if isinstance(node, _OF_BITS):
        for key in ("this", "expression"):
            if key in node.args and not _is_whole_number(node.args[key]):
                node.set(key, exp.cast(node.args[key], "BIGINT", dialect="duckdb"))
    if isinstance(node, _MOVES):
        _move_by_whole(node)
    if isinstance(node, exp.Substring) and all(
        map(_is_plain_count, (node.args.get("start"), node.args.get("length")))
    ):
        node.set("zero_start", None)
    for name in _COUNTS.get(type(node), ()):
        count = node.args.get(name)
        if count is not None and not _is_whole_number(count):
            node.set(name, exp.cast(count, "INTEGER", dialect="duckdb"))
    return long_texts.held(node) if isinstance(node, long_texts.CONCERNED) else node


def _is_whole_number(value: Expr) -> bool:
    bare = value.this if isinstance(value, exp.Neg) else value
    return isinstance(bare, exp.Literal) and bare.is_int


def _is_plain_count(value: Expr | None) -> bool:
    """Does Snowflake count by it as DuckDB does? A start of 0 is 1 there, a negative length 0."""
    return value is None or (isinstance(value, exp.Literal) and value.is_int and value.name != "0")


def _move_by_whole(node: Expr) -> None:
    """A moment is moved by a whole number, to which any other is rounded. Seconds may be more than
    an INTEGER.

    https://docs.snowflake.com/en/sql-reference/functions/dateadd
    """
    count, unit = node.expression, node.args.get("unit")
    fine = unit is not None and unit.name.upper().rstrip("S") in _FINE
    known = count.type is not None and count.type.this in exp.DataType.NUMERIC_TYPES
    if fine and known and not (isinstance(count, exp.Literal) and count.is_int):
        whole = exp.Round(this=count, decimals=exp.Literal.number(0))
        node.set("expression", exp.cast(whole, "BIGINT", dialect="duckdb"))


_MOVES = (exp.DateAdd, exp.DateSub)
_FINE = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
_OF_BITS = (
    exp.BitmapBitPosition, exp.BitmapBucketNumber, exp.BitwiseAnd, exp.BitwiseAndAgg,
    exp.BitwiseNot, exp.BitwiseOr, exp.BitwiseOrAgg, exp.BitwiseXor, exp.BitwiseXorAgg, exp.Getbit,
)  # fmt: skip
_COUNTS: dict[type[Expr], tuple[str, ...]] = {
    exp.Substring: ("start", "length"),
    exp.Left: ("expression",),
    exp.Right: ("expression",),
    exp.Pad: ("expression",),
    exp.Repeat: ("times",),
    exp.Space: ("this",),
    exp.Factorial: ("this",),
    exp.Lag: ("offset",),
    exp.Lead: ("offset",),
    exp.NthValue: ("offset",),
    exp.Ntile: ("this",),
    exp.BitwiseLeftShift: ("expression",),
    exp.BitwiseRightShift: ("expression",),
    exp.SplitPart: ("part_index",),
    exp.StrPosition: ("position",),
    exp.Strtok: ("part_index",),
    exp.Stuff: ("start", "length"),
    exp.Trunc: ("decimals",),
    exp.DateFromParts: ("year", "month", "day"),
    exp.TimeFromParts: ("hour", "min", "sec"),
}
COUNTED: tuple[type[Expr], ...] = (exp.Chr, *_MOVES, *_OF_BITS, *_COUNTS)


def as_text(value: Expr) -> Expr | None:
    """The text that a value has in Snowflake; None where DuckDB's is the same. The macro that makes
    it repeats its argument: large values, and those with a macro inside, are written once, or they
    would grow without end. A bind is never a VARIANT, and DuckDB would take it for one inside the
    macro."""
    if value.name == IN_JSON:
        made = as_text(value.expressions[0])
        if made is None:
            return exp.cast(value.expressions[0], "VARCHAR", dialect="duckdb")
        return exp.Anonymous(this=_IN_JSON[made.name], expressions=made.expressions)
    bare = value.unnest()
    while isinstance(bare, exp.Neg):
        bare = bare.this.unnest()
    exponent = isinstance(bare, exp.Literal) and not bare.is_string and "e" in bare.name.lower()
    same = exp.Literal | exp.DPipe | exp.Concat | exp.Null | exp.Placeholder
    if is_text(value) or (isinstance(bare, same) and not exponent):
        return None
    if value.type is not None and value.type.this in TEXT_TYPES and not value.find(exp.Column):
        # DuckDB would read a constant as JSON in the branch that is not taken.
        return None
    if value.type is not None and value.type.this == exp.DType.TIMESTAMPTZ:
        is_short = isinstance(bare, exp.Column) or value.find_ancestor(exp.Having)
        return _call(f"_account_zoned_text{'' if is_short else '_once'}", value)
    if isinstance(bare, exp.Cast) and bare.to.this in _FIXED_POINT:
        return None
    # A HAVING takes no lambda.
    once = not _is_small(value) and not value.find_ancestor(exp.Having)
    kind = value.type.this if value.type else None
    if once:
        return None if kind in _SAME_TEXTS else _call("_account_text_once", value)
    if isinstance(bare, _KNOWN_IN_THE_ENGINE):
        # A column of a table or a cast has the type that it is known by: the planner is spared the
        # other branches of the macro, each of which it reads.
        if kind in _SAME_TEXTS:
            return None
        if kind in exp.DataType.NUMERIC_TYPES:
            return _call("_account_text_of_number", value)
        if kind in exp.DataType.TEMPORAL_TYPES:
            return _call("_account_text_of_moment", value)
        if kind in JSON_TYPES and isinstance(bare, exp.Column):
            return _call("_account_text_of_variant", value)
    return _call("_account_text", value)


_IN_JSON = {
    f"_account_{name}{once}": f"_account_{name}_in_json{once}"
    for name, once in (
        ("text", ""), ("text", "_once"), ("text_of_moment", ""), ("zoned_text", ""),
        ("zoned_text", "_once"),
    )
}  # fmt: skip
_SAME_TEXTS = (exp.DType.BOOLEAN, exp.DType.DATE)
_FIXED_POINT = (*exp.DataType.INTEGER_TYPES, exp.DType.DECIMAL)
_KNOWN_IN_THE_ENGINE = (exp.Column, exp.Cast, exp.Add, exp.Sub, exp.Mul)


def _is_small(value: Expr) -> bool:
    """May a macro repeat it?"""
    nodes = list(value.walk())
    return len(nodes) < _SMALL and not any(
        isinstance(node, exp.Anonymous)
        and node.name.startswith("_account_")
        and node.name not in _SHORT
        for node in nodes
    )


_SMALL = 20
_SHORT = ("_account_trimmed",)


def blanks(node: Expr) -> Expr:
    """TRIM(x) = '' of a text, which is asked of every id, without trimming most of them."""
    if not (isinstance(node, exp.EQ | exp.NEQ) and isinstance(node.this, exp.Trim)):
        return node
    trimmed, other = node.this, node.expression
    bare = all(value is None for key, value in trimmed.args.items() if key != "this")
    empty = isinstance(other, exp.Literal) and other.is_string and not other.name
    if not (bare and empty and is_text(trimmed.this) and _is_small(trimmed.this)):
        return node
    blank = exp.Anonymous(this="_account_is_blank", expressions=[trimmed.this])
    return exp.paren(exp.Not(this=blank)) if isinstance(node, exp.NEQ) else blank


def _text(value: Expr) -> Expr:
    return as_text(value) or value


def flatten(node: Expr) -> Expr:
    """FLATTEN(INPUT => v, PATH => 'a.b', OUTER => TRUE).

    https://docs.snowflake.com/en/sql-reference/functions/flatten
    """
    if not isinstance(node, _TABLES):
        return node
    if not isinstance(node.this, exp.Explode):
        return node
    arguments = _named_arguments([node.this.this, *node.this.expressions])
    outer, deep = _flag(arguments, "OUTER"), _flag(arguments, "RECURSIVE")
    mode, path = _mode(arguments), _text_of(arguments, "PATH", "")
    if not re.fullmatch(r"([A-Za-z_][\w$]*|\[[0-9]+\])([.][A-Za-z_][\w$]*|\[[0-9]+\])*|", path):
        raise errors.unsupported(f"FLATTEN with PATH => '{path}'")
    value, at = arguments["INPUT"], exp.Literal.string(path)
    argument_types.check_input(value, "INPUT" if node.this.this is not value else "1")
    if deep or mode != "BOTH":
        part = _call("json_extract", _call("to_json", value), exp.Literal.string(_place(path)))
        text = _call("_account_raw", part)
        flags = (exp.Boolean(this=deep), exp.Boolean(this=outer))
        rows = _call("_account_flat", text, at, exp.Literal.string(mode), *flags)
        call = _call("_account_flattened_rows", _row_of(value), rows)
        return exp.Table(this=call, alias=node.args.get("alias"))
    if value.find(exp.Column) and not value.find(exp.Query):
        part = _call("to_json", value.copy())
        if path:
            part = _call("json_extract", part, exp.Literal.string(_place(path)))
        once = "" if isinstance(value, exp.Column) and not path else "_once"
        elements = _call(f"_account_elements{once}", part)
        name = "_account_flattened"
        if outer:
            name, elements = f"{name}_or_one", _call("_account_or_one", elements)
        call = _call(name, _call("to_json", value), at, elements, part.copy())
        return exp.Table(this=call, alias=node.args.get("alias"))
    call = _call("_account_flatten", value, at, exp.Boolean(this=outer))
    if not path and not outer and (bind := _parsed_bind(arguments["INPUT"])):
        call.meta[bound_arrays.BIND] = bind
    return exp.Table(this=call, alias=node.args.get("alias"))


def _mode(arguments: Mapping[str, Expr]) -> str:
    mode = _text_of(arguments, "MODE", "BOTH")
    if mode.upper() not in ("OBJECT", "ARRAY", "BOTH"):
        text = f"Bad flattening mode '{mode[:100]}' (not 'BOTH', 'ARRAY', or 'OBJECT')"
        raise errors.compilation(errors.COMPILATION, text)
    return mode.upper()


def _text_of(arguments: Mapping[str, Expr], name: str, otherwise: str) -> str:
    written = arguments.get(name)
    if written is None or written.is_string:
        return written.name if written else otherwise
    if written.is_number:
        raise argument_types.wrong(name, written)
    raise errors.unsupported(f"FLATTEN with {name} => {written.sql('snowflake')[:100]}")


def _place(path: str) -> str:
    return f"$.{path}" if path and not path.startswith("[") else f"${path}"


def _flag(arguments: Mapping[str, Expr], name: str) -> bool:
    written = arguments.get(name)
    if written is None or isinstance(written, exp.Boolean):
        return written is not None and bool(written.this)
    if written.is_string or written.is_number:
        raise argument_types.wrong(name, written)
    raise errors.unsupported(f"FLATTEN with {name} => {written.sql('snowflake')[:100]}")


def split_of(source: Expr) -> str | None:
    """What splits a text into the rows of a table function; None for another one.

    https://docs.snowflake.com/en/sql-reference/functions/split_to_table
    https://docs.snowflake.com/en/sql-reference/functions/strtok_split_to_table
    """
    if isinstance(source, exp.Window):
        # All rows are their own partitions here.
        source = source.this
    if isinstance(source, exp.SplitToTable):
        return "_account_pieces"
    is_tokens = isinstance(source, exp.Anonymous) and source.name.upper() == _TOKENS
    return "_account_tokens" if is_tokens else None


_TOKENS = "STRTOK_SPLIT_TO_TABLE"


def split(node: Expr) -> Expr:
    """SPLIT_TO_TABLE(text, delimiter), STRTOK_SPLIT_TO_TABLE(text[, delimiters])."""
    if not isinstance(node, _TABLES):
        return node
    made = split_of(node.this)
    if made is None:
        return node
    called = node.this.this if isinstance(node.this, exp.Window) else node.this
    text, *given = called.expressions or [called.this, called.expression]
    for place, each in enumerate((text, *given)):
        if isinstance(each, exp.Kwarg):
            is_split = isinstance(called, exp.SplitToTable)
            raise _unexpected("SPLIT_TO_TABLE" if is_split else _TOKENS, each, place)
        argument_types.check_split(each, place)
    pieces = _call(made, text.copy(), *(given or [exp.Literal.string(" ")]))
    rows = _call("_account_split_rows", _row_of(text), pieces)
    return exp.Table(this=rows, alias=node.args.get("alias"))


def _row_of(value: Expr) -> Expr:
    """SEQ: one value is one row of input; of several each value has a number of its own."""
    row = _call("_account_row", _call("to_json", value.copy()))
    return row if value.find(exp.Column) else exp.Literal.number(1)


def sequences(select: Expr) -> Expr:
    """Where SEQ is asked for, by its name or by `*`, rows of equal input are told apart: each row
    of what a FLATTEN is beside gets a value of its own.

    https://docs.snowflake.com/en/sql-reference/functions/flatten
    """
    if not isinstance(select, exp.Select):
        return select
    sources = [select.args["from_"].this] if select.args.get("from_") else []
    sources += [join.this for join in select.args.get("joins") or ()]
    sources += select.args.get("laterals") or ()
    if not any(_splits(source) and source.find(exp.Column) for source in sources):
        return select
    _spread_stars(select, sources)
    asked = _asked_for_seq(select)
    parts: list[Expr] = []
    for source in sources if asked else ():
        name = source.alias_or_name
        if not _splits(source):
            if not name or source.args.get("pivots") or source.args.get("joins"):
                raise errors.unsupported("SEQ beside a PIVOT, or a join in parentheses")
            inner = exp.select("*", exp.alias_(_call("uuid"), _ROW, quoted=True))
            alias = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
            rows = exp.Subquery(this=inner.from_(source.copy()), alias=alias)
            source.replace(rows)
            parts.append(exp.column(_ROW, table=name, quoted=True))
            continue
        if parts and source.find(exp.Column):
            _number(asked, name, parts)
        named = "INDEX" if split_of(source.this) else "PATH"
        parts.append(exp.column(named, table=name, quoted=True))
    numbered = {"", *(part.text("table") for part in parts if part.name == _ROW)}
    for value in select.expressions if asked else ():
        if value.is_star and value.text("table") in numbered:
            _leave_out(value, _ROW)
    return select


def _number(asked: list[Expr], name: str, parts: list[Expr]) -> None:
    """The SEQ of a FLATTEN is a number of the row that it is beside."""
    for column in asked:
        if column.text("table") not in ("", name):
            continue
        row = _call("_account_row", _call("row", *(part.copy() for part in parts)))
        if column.is_star:
            named = exp.alias_(row, "SEQ", quoted=True)
            bare = column.this if isinstance(column, exp.Column) else column
            bare.set("replace", [*(bare.args.get("replace") or ()), named])
            continue
        is_value = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
        column.replace(exp.alias_(row, "SEQ", quoted=True) if is_value else row)


# What tells a row.
_ROW = "$row"


def _splits(source: Expr) -> bool:
    return _is_flatten(source) or (isinstance(source, _TABLES) and bool(split_of(source.this)))


def _asked_for_seq(select: exp.Select) -> list[Expr]:
    """Where it is named in the query itself, and no value of the query's has that name; the stars
    of what has one."""
    nodes = select.walk(prune=lambda node: node is not select and isinstance(node, exp.Query))
    aliased = any(isinstance(v, exp.Alias) and v.alias == "SEQ" for v in select.expressions)
    asked: list[Expr] = [
        node
        for node in nodes
        if isinstance(node, exp.Column) and node.name == "SEQ" and (node.table or not aliased)
        if not isinstance(node.parent, exp.Star)
    ]
    return asked + [each for each in select.expressions if each.meta.get(_HAS_SEQ)]


def _spread_stars(select: exp.Select, sources: list[Expr]) -> None:
    """`*` is all sources' own stars; note which of them have a SEQ."""
    for place, source in enumerate(sources):
        if not source.alias_or_name and _splits(source):
            name = exp.to_identifier(f"$split{place}", quoted=True)
            source.set("alias", exp.TableAlias(this=name))
    splitting = {source.alias_or_name for source in sources if _splits(source)}
    made: list[Expr] = []
    for value in select.expressions:
        star = value.this if isinstance(value, exp.Column) else value
        if not isinstance(star, exp.Star):
            made.append(value)
            continue
        left_out = [each.name for each in (star.args.get("except_") or ())]
        if "SEQ" in (*left_out, *(each.alias for each in (star.args.get("replace") or ()))):
            made.append(value)
            continue
        for each in _own_stars(star, select, sources) if value is star else [value]:
            if each.text("table") in splitting or (len(splitting) == 1 and each is star):
                each.meta[_HAS_SEQ] = True
            made.append(each)
    for maker in select.find_all(exp.StarMap, exp.Struct, exp.JSONObject):
        if maker.find(exp.Star) and maker.parent_select is select:
            raise errors.unsupported("an object of * beside FLATTEN or SPLIT_TO_TABLE")
    select.set("expressions", made)


# In the meta of a star: SEQ is one of its columns.
_HAS_SEQ = "has_seq"


def _own_stars(star: exp.Star, select: exp.Select, sources: list[Expr]) -> list[Expr]:
    """The stars of what a query reads, one after the other as `*` has their columns."""
    names = [source.alias_or_name for source in sources]
    merged = any(join.args.get("using") or join.method for join in select.args.get("joins") or ())
    several = sum(map(_splits, sources)) > 1 and any(star.args.values())
    if merged or several or not all(names) or star.args.get("ilike"):
        raise errors.unsupported("* beside FLATTEN or SPLIT_TO_TABLE here: name the columns")
    if any(star.args.values()):
        return [star]
    stars = [exp.Column(this=exp.Star(), table=exp.to_identifier(n, quoted=True)) for n in names]
    return list(stars)


def _leave_out(star: Expr, name: str) -> None:
    bare = star.this if isinstance(star, exp.Column) else star
    left_out = [*(bare.args.get("except_") or ()), exp.to_identifier(name, quoted=True)]
    bare.set("except_", left_out)


def _call(name: str, *arguments: Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _parsed_bind(value: Expr) -> str:
    """The bind that PARSE_JSON(?) reads; '' where the value is anything else."""
    is_parsed = isinstance(value, exp.ParseJSON) and not value.args.get("safe")
    bare = is_parsed and not value.args.get("expression")
    return value.this.name if bare and isinstance(value.this, exp.Placeholder) else ""


def _named_arguments(written: list[Expr]) -> dict[str, Expr]:
    """FLATTEN's, by their names."""
    found = {}
    for place, argument in enumerate(written):
        name = _FLATTEN_ARGUMENTS[place] if place < len(_FLATTEN_ARGUMENTS) else ""
        if isinstance(argument, exp.Kwarg):
            name = argument.this.name.upper()
            if name not in _FLATTEN_ARGUMENTS:
                raise _unexpected("FLATTEN", argument, place)
            argument = argument.expression
        if name:
            found[name] = argument
    if "INPUT" not in found:
        text = "missing required argument [INPUT] for function [FLATTEN]"
        raise errors.compilation(errors.TOO_FEW_ARGUMENTS, text)
    return found


def _unexpected(function: str, argument: exp.Kwarg, place: int) -> errors.SnowflakeError:
    said = f"unexpected argument [{argument.this.name.upper()[:100]}] at position {place + 1},"
    text = f"invalid argument for function [{function}] {said}"
    return errors.compilation(errors.COMPILATION, text)


def seeded(node: Expr) -> Expr:
    """RANDOM(seed), UNIFORM(…, RANDOM(seed)): the same numbers each time, other ones in each row.

    https://docs.snowflake.com/en/sql-reference/functions/random
    """
    if not isinstance(node, exp.Rand | exp.Uniform):
        return node
    seed: Expr = node.this if isinstance(node, exp.Rand) else node.args["gen"]
    if isinstance(seed, exp.Literal) and seed.is_string and not _WHOLE.fullmatch(seed.name):
        text = f"Numeric value '{seed.name[:100]}' is not recognized"
        raise errors.SnowflakeError(errors.NUMERIC_VALUE, text)
    if isinstance(node, exp.Rand) and node.this and not isinstance(node.parent, exp.Uniform):
        return _call("_account_signed", _random(node))
    if not isinstance(node, exp.Uniform):
        return node
    if isinstance(seed, exp.Rand):
        seed = _random(seed) if seed.this else _call("random")
    number = _call("_account_hash", seed, exp.Literal.number(0))
    bounds = (node.this, node.expression)
    is_whole = all(_is_whole(bound) for bound in bounds)
    return _call("_account_uniform" if is_whole else "_account_uniform_float", *bounds, number)


def randoms(node: Expr) -> Expr:
    """RANDOM() is a whole number of 64 bits with a sign. To be done last of all: others look for
    it.

    https://docs.snowflake.com/en/sql-reference/functions/random
    """
    if not isinstance(node, exp.Rand) or isinstance(node.parent, exp.Normal | exp.Zipf):
        return node
    number = _call("_account_hash", _call("random"), exp.Literal.number(0))
    return _call("_account_signed", number)


def random_texts(node: Expr) -> Expr:
    """RANDSTR is another text for each row whose generator is another number.

    https://docs.snowflake.com/en/sql-reference/functions/randstr
    """
    if not isinstance(node, exp.Randstr):
        return node
    return _call("_account_random_text", node.this, node.args["generator"])


_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def _has_seed(node: Expr) -> bool:
    return any(each.this for each in node.find_all(exp.Rand))


def _is_whole(bound: Expr) -> bool:
    """Is a bound of UNIFORM a whole number? Raises 000002 where that is not known."""
    bare = bound.this if isinstance(bound, exp.Neg) else bound
    if isinstance(bare, exp.Literal):
        return bare.is_int
    kind = bare.type
    if kind is None or kind.this not in exp.DataType.NUMERIC_TYPES:
        text = bound.sql("snowflake")[:100]
        raise errors.unsupported(f"UNIFORM from or to {text}, of which no type is known: cast it")
    scale = kind.expressions[1].name if len(kind.expressions) > 1 else "0"
    return kind.this not in exp.DataType.FLOAT_TYPES and scale == "0"


def _random(rand: Expr) -> Expr:
    """A number for the row and the seed, of 64 bits."""
    if rand.find_ancestor(exp.AggFunc, exp.Window, exp.Where, exp.Having, exp.Qualify, exp.Join):
        raise errors.unsupported("RANDOM(seed) elsewhere than among a query's columns")
    place = exp.Window(this=exp.RowNumber())
    return _call("_account_hash", rand.this.copy(), place)


def shuffled(node: Expr) -> Expr:
    """A window's ORDER BY RANDOM(), which the engine refuses: each row gets its number before."""
    if not isinstance(node, exp.Rand) or node.this or not node.find_ancestor(exp.Window):
        return node
    select, order = node.find_ancestor(exp.Select), node.find_ancestor(exp.Order)
    if select is None or order is None or any(select.args.get(key) for key in _BESIDE_ROWS):
        return node
    name = exp.to_identifier("$random", quoted=True)
    if select.args.get("from_") and not select.meta.get(_NUMBERED):
        select.meta[_NUMBERED] = True
        source = select.args["from_"].this
        inner = exp.select("*", exp.alias_(_call("random"), name)).from_(source.copy())
        alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "_", quoted=True))
        source.replace(exp.Subquery(this=inner, alias=alias))
        for value in select.expressions:
            if value.is_star:
                _leave_out(value, name.name)
    return exp.Column(this=name) if select.meta.get(_NUMBERED) else node


# In the meta of a query whose rows have their numbers.
_NUMBERED = "numbered"
_BESIDE_ROWS = ("joins", "laterals", "group")


def counted(node: Expr) -> Expr:
    """APPROX_COUNT_DISTINCT and HLL of several values count those that are alike in all, and no
    row that has a NULL.

    https://docs.snowflake.com/en/sql-reference/functions/approx_count_distinct
    """
    if isinstance(node, exp.ApproxDistinct):
        values = [node.this, *filter(None, [node.args.get("accuracy")])]
    elif isinstance(node, exp.Hll):
        values = [node.this, *node.expressions]
    else:
        return node
    if any(each.is_star for each in values):
        raise errors.unsupported(f"{node.sql_name()}(*): name the columns")
    if len(values) == 1:
        return node if isinstance(node, exp.ApproxDistinct) else exp.ApproxDistinct(this=values[0])
    missing = [exp.Is(this=each.copy(), expression=exp.Null()) for each in values]
    gone = exp.If(this=exp.or_(*missing), true=exp.Null())
    both = _call("row", *values)
    return exp.ApproxDistinct(this=exp.Case(ifs=[gone], default=both))


def percentiles(node: Expr) -> Expr:
    """APPROX_PERCENTILE lies between two values where the percentile does.

    https://docs.snowflake.com/en/sql-reference/functions/approx_percentile
    """
    if not isinstance(node, exp.ApproxQuantile):
        return node
    quantile = node.args["quantile"]
    if isinstance(quantile.unnest(), exp.Neg):
        # The engine counts from the other end.
        text = f"a percentile is between 0 and 1, not {quantile.sql('snowflake')[:100]}"
        raise errors.compilation(errors.COMPILATION, text)
    value = exp.cast(node.this, "DOUBLE", dialect="duckdb")
    return _call("quantile_cont", value, quantile)


def truths(node: Expr) -> Expr:
    """BOOLAND, BOOLOR, BOOLXOR of numbers, which are rounded first, and of truths.

    https://docs.snowflake.com/en/sql-reference/functions/boolxor
    """
    if not isinstance(node, exp.Xor | exp.Booland | exp.Boolor):
        return node
    one, other = (_truth(each) for each in (node.this, node.expression))
    kind = exp.NEQ if isinstance(node, exp.Xor) else exp.And
    return exp.paren((exp.Or if isinstance(node, exp.Boolor) else kind)(this=one, expression=other))


def _truth(value: Expr) -> Expr:
    bare = value.this if isinstance(value, exp.Neg) else value
    known = value.type.this in exp.DataType.NUMERIC_TYPES if value.type else False
    if known or (isinstance(bare, exp.Literal) and not bare.is_string):
        value = exp.Round(this=value, decimals=exp.Literal.number(0))
    return exp.cast(value, "BOOLEAN", dialect="duckdb")


def initcaps(node: Expr) -> Expr:
    """INITCAP of a bind, which DuckDB loses inside of the lambdas that SQLGlot makes of it."""
    if not isinstance(node, exp.Initcap) or not node.find(exp.Placeholder):
        return node
    name = exp.to_identifier("text", quoted=True)
    inner = exp.select(exp.alias_(node.this.copy(), name))
    node.set("this", exp.Column(this=name.copy()))
    return exp.select(node.copy()).from_(inner.subquery("_")).subquery()


_ALNUM = re.compile(r"[^\W_]")


def capitals(node: Expr) -> Expr:
    """UPPER of ß, and INITCAP where it begins a word: Snowflake's pages do not say what its capital
    letter is.

    https://docs.snowflake.com/en/sql-reference/functions/upper
    """
    if isinstance(node, exp.Upper | exp.Initcap):
        text, between = node.this, node.args.get("expression")
        # No letter ends a word.
        words = between is not None and between.is_string and not _ALNUM.search(between.name)
        has_none = text.is_string and "ß" not in text.name
        if not has_none and not text.name.startswith("_account_without_"):
            name = "_account_without_first_eszett" if words else "_account_without_eszett"
            node.set("this", _call(name, text))
    return node


def nth_values(node: Expr) -> Expr:
    """https://docs.snowflake.com/en/sql-reference/functions/nth_value"""
    if isinstance(node, exp.NthValue):
        place = node.args["offset"].unnest()
        while isinstance(place, exp.Cast):
            place = place.this.unnest()
        if not place.is_int or not 1 <= place.to_py() <= _LAST_PLACE:
            raise errors.unsupported("NTH_VALUE of a place that is no number from 1 to 1000")
    return node


def ascii_codes(node: Expr) -> Expr:
    """ASCII of a letter that is none of ASCII: Snowflake's page does not say what it is.

    https://docs.snowflake.com/en/sql-reference/functions/ascii
    """
    if not isinstance(node, exp.Ascii) or isinstance(node.parent, exp.Anonymous):
        return node
    return _call("_account_ascii", node.copy())


def hashes(node: Expr) -> Expr:
    """HASH is a whole number of 64 bits with a sign.

    https://docs.snowflake.com/en/sql-reference/functions/hash
    """
    if isinstance(node, exp.Anonymous) and node.name.upper() == "HASH":
        return exp.Anonymous(this="_account_signed", expressions=[node.copy()])
    return node


def joins(node: Expr) -> Expr:
    """The columns of USING come first in SELECT *.

    https://docs.snowflake.com/en/sql-reference/constructs/join
    """
    if isinstance(node, exp.Join):
        return _as_of(node) if node.method == "ASOF" else _unconditional(node)
    if isinstance(node, exp.Ordered):
        return _by_all(node)
    if not isinstance(node, exp.Select):
        return node
    _in_order(node)
    lists = [_using(join) for join in _joins_of(node)]
    shared = {each.name: each for using in lists for each in using}
    names = [exp.to_identifier(name, quoted=True) for name in shared]
    stars = [each for each in node.expressions if isinstance(each, exp.Star)]
    if stars and len({frozenset(each.name for each in using) for using in lists if using}) > 1:
        # Snowflake's pages leave open which of them come first.
        raise errors.unsupported("* over joins with USING of different columns: name the columns")
    if names and len(stars) == 1 and not any(stars[0].args.values()):
        place = node.expressions.index(stars[0])
        rest = exp.Star(except_=[name.copy() for name in names])
        columns = [
            each.copy() if isinstance(each, exp.Column) else exp.Column(this=name)
            for name, each in zip(names, shared.values(), strict=True)
        ]
        node.set(
            "expressions",
            [*node.expressions[:place], *columns, rest, *node.expressions[place + 1 :]],
        )
    return node


def star_like(node: Expr) -> Expr:
    """`* ILIKE 'pattern'` goes by the names as Snowflake has them.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    pattern, owner = node.args.get("ilike"), node.parent
    whole = owner if isinstance(owner, exp.Column) else node
    if not pattern or not isinstance(whole.parent, exp.Select):
        return node
    node.set("ilike", None)
    similar = exp.SimilarTo(
        this=whole.copy(), expression=exp.Literal.string(name_pattern(pattern.name))
    )
    if whole is node:
        return similar
    whole.replace(similar)
    return node


def _joins_of(select: exp.Select) -> list[exp.Join]:
    """A query's joins, those in parentheses before the others."""
    found = list(select.args.get("joins") or ())
    source = select.args["from_"].this if select.args.get("from_") else None
    while isinstance(source, exp.Subquery | exp.Table):
        if source.parent is not select.args["from_"]:
            found = [*(source.args.get("joins") or ()), *found]
        source = source.this
    return found


def _in_order(select: exp.Select) -> None:
    """Let FLATTEN's rows come in their order: DuckDB would join a constant, or what a WITH has
    named, with the elements by a hash, which reverses them."""
    if laterals := select.args.get("laterals"):
        # SQLGlot loses the comma behind VALUES.
        joins = [*(select.args.get("joins") or ()), *(exp.Join(this=each) for each in laterals)]
        select.set("joins", joins)
        select.set("laterals", None)
    beside = [join.this for join in select.args.get("joins") or ()]
    source = select.args["from_"].this if select.args.get("from_") else None
    if source is None or not any(map(_is_flatten, beside)):
        return
    if isinstance(source, exp.Table) and (cte := _only_use(source)):
        alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name, quoted=True))
        source.replace(exp.Subquery(this=cte.this.copy(), alias=alias))
        source = select.args["from_"].this
    inner = source.this if isinstance(source, exp.Subquery) else None
    if isinstance(inner, exp.Select) and not inner.args.get("from_"):
        one = _call("range", exp.Literal.number(1))
        inner.set("from_", exp.From(this=exp.Table(this=one)))


def _is_flatten(source: Expr) -> bool:
    return isinstance(source.this, exp.Explode)


def _only_use(table: exp.Table) -> exp.CTE | None:
    """What a WITH has given this name, where nothing else reads it."""
    root = table.root()
    with_ = root.args.get("with_")
    if with_ is None or with_.args.get("recursive") or table.db:
        return None
    named = [cte for cte in with_.expressions if cte.alias == table.name]
    uses = [each for each in root.find_all(exp.Table) if each.name == table.name and not each.db]
    if len(named) != 1 or len(uses) != 1 or named[0].this.find(exp.Rand, exp.Uuid):
        return None
    return None if named[0].args["alias"].args.get("columns") else named[0]


def _unconditional(join: exp.Join) -> exp.Join:
    """A join without a condition joins every row with every other."""
    bare = not any(join.args.get(key) for key in ("on", "using", "method", "hint"))
    if bare and join.side:
        join.set("on", exp.true())
    elif bare and (join.kind.upper() == "INNER" or not isinstance(join.parent, exp.Select)):
        # SQLGlot would write a comma, for which there is no place in parentheses.
        join.set("kind", "CROSS")
    return join


def _as_of(join: exp.Join) -> exp.Join:
    """ASOF JOIN keeps the rows of the left side that have no match.

    https://docs.snowflake.com/en/sql-reference/constructs/asof-join
    """
    match = join.args.get("match_condition")
    if match is None:
        return join
    join.set("side", "LEFT")
    join.set("match_condition", None)
    on = join.args.get("on")
    if using := join.args.get("using"):
        # The engine's has no condition beside it.
        left, right = _before(join), join.this.alias_or_name
        if not (left and right):
            raise errors.unsupported("ASOF JOIN … USING of a query without a name: write ON")
        pairs = [[_of(side, each) for side in (left, right)] for each in using]
        on = exp.and_(*(exp.EQ(this=one, expression=other) for one, other in pairs))
        join.meta[_MERGED] = [one for one, _ in pairs]
        join.set("using", None)
    join.set("on", exp.and_(on, match) if on else match.unnest())
    return join


def samples(node: Expr) -> Expr:
    """SAMPLE takes so many rows, or each row with a probability: also by BLOCK, since tables here
    have no blocks that a sample could leave out.

    https://docs.snowflake.com/en/sql-reference/constructs/sample
    """
    if isinstance(node, exp.TableSample):
        size = node.args.get("size")
        if isinstance(size, exp.Literal) and int(size.name) > _MOST_SAMPLED:
            raise errors.compilation(
                errors.COMPILATION, f"Sample size {size.name} is not between 0 and {_MOST_SAMPLED}."
            )
        node.set("method", None if size else exp.Var(this="BERNOULLI"))
    elif isinstance(node, exp.TableFromRows) and (sample := node.args.get("sample")):
        # SQLGlot writes a table function without its sample.
        alias = node.args.get("alias")
        node.set("sample", None)
        node.set("alias", None)
        inner = exp.select("*").from_(node.copy())
        return exp.Subquery(this=inner, alias=alias, sample=sample)
    return node


_MOST_SAMPLED = 1_000_000
# In the meta of an ASOF JOIN: the columns of its USING, as those of the left side.
_MERGED = "merged"


def _using(join: exp.Join) -> list[Expr]:
    return join.args.get("using") or join.meta.get(_MERGED) or []


def _before(join: exp.Join) -> str:
    """The name of what a join is joined to, where that is one source."""
    place = join.parent
    if join.index or place is None:
        return ""
    source = place.args["from_"].this if isinstance(place, exp.Select) else place
    return source.alias_or_name


def _of(source: str, name: Expr) -> exp.Column:
    return exp.column(name.name, table=source, quoted=True)


def _by_all(ordered: exp.Ordered) -> exp.Ordered:
    """ORDER BY ALL: https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    by = ordered.this
    if isinstance(by, exp.Column) and not by.table and by.name == "ALL" and not by.this.quoted:
        ordered.set("this", exp.Var(this="ALL"))
    return ordered


def _literal(value: int) -> Expr:
    return exp.Literal.number(value)


_LAST_PLACE = 1000
# In their order, each with the kinds of nodes that it may change.
REWRITES = (
    (samples, (exp.TableFromRows, exp.TableSample)),
    (seeded, (exp.Rand, exp.Uniform)),
    (random_texts, exp.Randstr),
    (shuffled, exp.Rand),
    (percentiles, exp.ApproxQuantile),
    (counted, (exp.ApproxDistinct, exp.Hll)),
    (initcaps, exp.Initcap),
    (capitals, (exp.Initcap, exp.Upper)),
    (nth_values, exp.NthValue),
    (ascii_codes, exp.Ascii),
    (choices.without_nulls, (exp.Greatest, exp.Least)),
    (truths, (exp.Booland, exp.Boolor, exp.Xor)),
    (hashes, exp.Anonymous),
    (sequences, exp.Select),
    (joins, (exp.Join, exp.Ordered, exp.Select)),  # before FLATTEN is another function
    (star_like, exp.Star),
    (flatten, _TABLES),
    (split, _TABLES),
    (regexp_like, exp.RegexpLike),
    (listagg, (exp.GroupConcat, *_OUTER)),
    (array_agg, (*_ARRAYS, *_OUTER)),
    (array_unions, (exp.ArrayUnionAgg, *_OUTER)),
    (object_agg, (exp.ObjectAgg, *_OUTER)),
    (dates, (exp.DateAdd, exp.DateTrunc, exp.TimeAdd, exp.TimestampTrunc)),
    (slices, exp.TimeSlice),
    (texts, (exp.Concat, exp.DPipe)),
    (blanks, (exp.EQ, exp.NEQ)),
    (filled, exp.Pad),
    (similarity, exp.JarowinklerSimilarity),
    (distance, exp.Levenshtein),
    (
        current_names,
        (exp.CurrentCatalog, exp.CurrentDatabase, exp.CurrentSchema, exp.CurrentVersion),
    ),
    (clock_of_views, (exp.CurrentDate, exp.CurrentTime, exp.Localtime)),
)
