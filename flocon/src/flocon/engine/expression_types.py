"""The types of a statement's expressions, known once: from the columns of its tables on.

SQLGlot knows what Snowflake's functions answer; which column a name means is found out here. What
is not known has no type, and nothing is done about it.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from sqlglot import Expr, exp
from sqlglot.dialects import Snowflake
from sqlglot.optimizer.annotate_types import TypeAnnotator
from sqlglot.schema import MappingSchema

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import (
    clauses,
    correlation,
    described,
    inner_kinds,
    lengths,
    moments,
    typeof,
    user_functions,
)
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.choices import CHOICES, become, chosen
from flocon.engine.declared_types import AS
from flocon.engine.functions import split_of
from flocon.engine.marked_names import name_pattern
from flocon.engine.sources import rename_cte
from flocon.engine.texts import is_text
from flocon.engine.types import (
    DECLARED,
    JSON_TYPES,
    SEMI_STRUCTURED,
    TEXT_TYPES,
    Columns,
    declared_as,
)

Types = Sequence[tuple[str, exp.DataType | None]]
Kinds = Sequence[exp.DataType | None]
IsView = Callable[[exp.Table], bool]


@dataclass(frozen=True)
class Source:
    """What a query reads: its columns, their types by their names, the names that come twice; and
    the table or view that it is, None of a query."""

    types: Types
    kinds: Mapping[str, exp.DataType | None]
    twice: frozenset[str]
    relation: exp.Table | None = None

    @classmethod
    def of(cls, types: Types, relation: exp.Table | None = None) -> "Source":
        kinds = dict(types)
        counts = Counter(name for name, _ in types) if len(kinds) < len(types) else Counter()
        twice = frozenset(name for name, count in counts.items() if count > 1)
        return cls(types, kinds, twice, relation)

    def kind(self, name: str) -> exp.DataType | None:
        """A column's type. Raises 002028 where the name means two columns."""
        if name in self.twice:
            raise errors.compilation(errors.AMBIGUOUS_COLUMN, f"ambiguous column name '{name}'")
        return self.kinds.get(name)


# The sources of a query by their names, None for one whose columns are not known; and the names of
# its own values.
Scope = tuple[Mapping[str, Source | None], dict[str, exp.DataType | None]]

_OF_DUCKDB = {
    "VARCHAR": "TEXT",
    "JSON": "VARIANT",
    "BLOB": "BINARY",
    "TIMESTAMP": "TIMESTAMPNTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPLTZ",
    ENGINE_TYPE: "TIMESTAMPTZ",
    "INTEGER": "INT",
    "HUGEINT": "DECIMAL(38, 0)",
    "UBIGINT": "DECIMAL(38, 0)",
    "UINTEGER": "BIGINT",
    "USMALLINT": "BIGINT",
    "UTINYINT": "BIGINT",
}
_VARIANT = exp.DataType.build("VARIANT")


def _known_as(declared: str) -> exp.DataType:
    made = exp.DataType.build("VARIANT")
    made.meta[DECLARED] = declared
    return made


_KNOWN = {declared: _known_as(declared) for declared in ("ARRAY", "OBJECT")}
# In the meta of a VARIANT: the type of the value that it is made of, which JSON does not tell; or
# that it may hold one of these, or something else.
HELD = "held"
MIXED = "MIXED"


def _holding(held: str) -> exp.DataType:
    made = exp.DataType.build("VARIANT")
    made.meta[HELD] = held
    return made


# Of numbers JSON itself tells more, but not that they are no dates.
_HOLDING = {
    **dict.fromkeys(TEXT_TYPES, _holding("VARCHAR")),
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, _holding("NUMBER")),
    exp.DType.BOOLEAN: _holding("BOOLEAN"),
    exp.DType.BINARY: _holding("BINARY"),
    exp.DType.VARBINARY: _holding("BINARY"),
    exp.DType.DATE: _holding("DATE"),
    exp.DType.TIME: _holding("TIME"),
    exp.DType.TIMESTAMP: _holding("TIMESTAMP_NTZ"),
    exp.DType.TIMESTAMPNTZ: _holding("TIMESTAMP_NTZ"),
    exp.DType.TIMESTAMPLTZ: _holding("TIMESTAMP_LTZ"),
    exp.DType.TIMESTAMPTZ: _holding("TIMESTAMP_TZ"),
}
# What JSON has as texts: a VARIANT that may hold one of these is no other text.
APART = frozenset(
    ("BINARY", "DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", MIXED)
)
_MIXED = _holding(MIXED)
_MAKING = (exp.Cast, exp.ToVariant)
# In the meta of a number's type: the engine may have another one.
_GUESSED = "guessed"
# In the meta of a choice, or of a UNION, of numbers that may have more decimals than others, of
# which there are more than is known; and in that of one of its queries: the columns of its `*`.
ASKED, COLUMNS = "asked", "columns"


def is_guessed(kind: exp.DataType) -> bool:
    return _GUESSED in kind.meta


@cache
def _guess(kind: str) -> exp.DataType:
    made = exp.DataType.build(kind)
    made.meta[_GUESSED] = True
    return made


def _is_sure(value: Expr) -> bool:
    """Is a number's type that of a column of a table, or of a cast?"""
    bare = value.unnest()
    if isinstance(bare, exp.Max | exp.Min | exp.AnyValue | exp.Sum):
        return _is_sure(bare.this)
    return isinstance(bare, exp.Column | exp.Cast)


def held(value: Expr) -> str | None:
    """What a VARIANT was made of, where that is known."""
    bare = value.unnest()
    known = isinstance(bare, (exp.Column, *_MAKING, *CHOICES)) and bare.type is not None
    return bare.type.meta.get(HELD) if known and bare.type else None


def held_of(kind: exp.DataType | None) -> str | None:
    """The same of a value that JSON has as a text, and that becomes a VARIANT."""
    made = _HOLDING.get(kind.this) if kind is not None else None
    return str(made.meta[HELD]) if made is not None and made.meta[HELD] in APART else None


def _describing(
    kind: exp.DataType | None, said: described.Described | None, *, bounded: bool = False
) -> exp.DataType | None:
    """A column's type with what is said of it; its own may not be known."""
    if said is None and described.of_type(kind) is None:
        return kind
    if kind is not None and kind.args.get("nested"):
        return kind
    if kind is None:
        return _described_as(exp.DType.UNKNOWN, (), (), said)
    sizes = tuple(each.name for each in kind.expressions)
    meta = {k: v for k, v in kind.meta.items() if k != described.BOUNDED}
    if bounded:
        meta[described.BOUNDED] = True
    return _described_as(kind.this, sizes, tuple(meta.items()), said)


@lru_cache(4096)
def _described_as(
    name: exp.DType,
    sizes: tuple[str, ...],
    meta: tuple[tuple[str, object], ...],
    said: described.Described | None,
) -> exp.DataType:
    params = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in sizes]
    made = exp.DataType(this=name, expressions=params)
    made.meta.update(meta)
    made.meta[described.DESCRIBED] = said
    return made


def _described(value: Expr, kind: exp.DataType | None) -> exp.DataType | None:
    """The same of a value of a query: a column's own type tells what is said of it."""
    if isinstance(value, exp.Column) and kind is not None:
        return kind
    said = described.of(value)
    if said is None and _is_unknown(kind) and not isinstance(value, exp.Column | exp.Star):
        return _OF_UNKNOWN
    bounded = isinstance(said, described.Number) and described.is_bounded(value)
    return _describing(kind, said, bounded=bounded)


def _is_unknown(kind: exp.DataType | None) -> bool:
    return kind is None or kind.this == exp.DType.UNKNOWN


_TEXT = exp.DataType.build("TEXT")
_NUMBER, _FLOAT = exp.DataType.build("BIGINT"), exp.DataType.build("DOUBLE")
_OF_ANY_LENGTH = _describing(_TEXT, described.Text(None))
# Of an expression of which nothing is known: should it be a text, nothing limits that.
_OF_UNKNOWN = _described_as(exp.DType.UNKNOWN, (), (), None)
_FLATTEN: Types = (
    ("SEQ", _NUMBER), ("KEY", _OF_ANY_LENGTH), ("PATH", _OF_ANY_LENGTH), ("INDEX", _NUMBER),
    ("VALUE", _VARIANT), ("THIS", _VARIANT),
)  # fmt: skip
_OF_FLATTEN = {name for name, _ in _FLATTEN}
_SPLIT: Types = (("SEQ", _NUMBER), ("INDEX", _NUMBER), ("VALUE", _OF_ANY_LENGTH))
# What takes a part out of a VARIANT is one.
_PARTS = (
    exp.JSONExtract,
    exp.GetExtract,
    exp.GetIgnoreCase,
    exp.Bracket,
    exp.StripNullValue,
    exp.ToVariant,
    exp.ArrayMax,
    exp.ArrayMin,
)
_ARRAYS = (
    exp.ArrayDistinct, exp.ArrayExcept, exp.ArrayFilter, exp.ArrayInsert, exp.ArrayIntersect,
    exp.ArrayRemoveAt, exp.ArrayUnionAgg, exp.Flatten, exp.JSONKeys, exp.ToArray, exp.Transform,
)  # fmt: skip
_MADE: dict[type[Expr], str] = {
    **dict.fromkeys(_ARRAYS, "ARRAY"),
    exp.StarMap: "OBJECT",
    exp.JSONObject: "OBJECT",
    exp.ObjectInsert: "OBJECT",
    exp.ParseUrl: "OBJECT",
}
# Functions that SQLGlot does not know, or whose types it does not.
_OBJECT = exp.DataType.build("OBJECT")
_MOMENT, _INSTANT = exp.DataType.build("TIMESTAMPNTZ"), exp.DataType.build("TIMESTAMPTZ")
_LOCAL = exp.DataType.build("TIMESTAMPLTZ")
_READERS = {
    f"{before}TO_{name}": kind
    for before in ("", "TRY_")
    for name, kind in {
        "DATE": exp.DataType.build("DATE"),
        "TIME": exp.DataType.build("TIME"),
        "TIMESTAMP": _MOMENT,
        "TIMESTAMP_NTZ": _MOMENT,
        "TIMESTAMP_LTZ": _LOCAL,
        "TIMESTAMP_TZ": _INSTANT,
    }.items()
}
_ANSWERS = {
    **_READERS,
    **dict.fromkeys(("OBJECT_DELETE", "OBJECT_PICK", "ARRAYS_TO_OBJECT", "TO_OBJECT"), _OBJECT),
    "AS_OBJECT": _KNOWN["OBJECT"],
    "AS_ARRAY": _KNOWN["ARRAY"],
    "STRIP_NULL_VALUE": _VARIANT,
    **dict.fromkeys(("CONDITIONAL_CHANGE_EVENT", "CONDITIONAL_TRUE_EVENT"), _NUMBER),
    **dict.fromkeys(("AS_VARCHAR", "AS_CHAR"), _TEXT),
    "AS_INTEGER": _NUMBER,
    **{
        f"IS_{name}": exp.DataType.build("BOOLEAN")
        for name in (
            "ARRAY",
            "BINARY",
            "BOOLEAN",
            "CHAR",
            "DATE",
            "DATE_VALUE",
            "DECIMAL",
            "DOUBLE",
            "INTEGER",
            "NULL_VALUE",
            "OBJECT",
            "REAL",
            "TIME",
            "TIMESTAMP_LTZ",
            "TIMESTAMP_NTZ",
            "TIMESTAMP_TZ",
            "VARCHAR",
        )
    },
}


def _of_sum(annotator: TypeAnnotator, node: exp.Sum) -> exp.Sum:
    """A sum has the decimals of its summands, and 38 digits."""
    annotator._annotate_by_args(node, "this", "expressions", promote=True)
    sizes = node.type.expressions if node.type and node.type.this == exp.DType.DECIMAL else ()
    if len(sizes) == 2 and sizes[1].name != "0":
        node.type = exp.DataType.build(f"DECIMAL(38, {sizes[1].name})")
    return node


def _of_difference(annotator: TypeAnnotator, node: exp.Sub) -> exp.Sub:
    """Between two DATEs there is a number of days."""
    Snowflake.EXPRESSION_METADATA[exp.Sub]["annotator"](annotator, node)
    sides = (node.this, node.expression)
    if all(side.type is not None and side.type.this == exp.DType.DATE for side in sides):
        node.type = _NUMBER
    return node


_Annotator = Callable[[TypeAnnotator, Expr], Expr]


def _calculating(annotator: _Annotator) -> _Annotator:
    """Arithmetic of a VARIANT is that of floating-point numbers, but for a moment that it moves."""

    def annotate(self: TypeAnnotator, node: Expr) -> Expr:
        made = annotator(self, node)
        kinds = [each.type.this for each in node.iter_expressions() if each.type is not None]
        if JSON_TYPES & set(kinds) and not exp.DataType.TEMPORAL_TYPES & set(kinds):
            made.type = _FLOAT
        return made

    return annotate


def _choosing(annotator: _Annotator) -> _Annotator:
    """Beside anything else, a TIMESTAMP_TZ stays one (`offsets`); a VARIANT or a number becomes
    what it is beside (`choices.become`)."""

    def annotate(self: TypeAnnotator, node: Expr) -> Expr:
        made = annotator(self, node)
        if any(each.type is not None and each.type.this == _INSTANT.this for each in chosen(node)):
            made.type = _INSTANT
        elif (kind := become(node)) is not None:
            made.type = kind
        return made

    return annotate


def _shifting(annotator: _Annotator) -> _Annotator:
    """A VARIANT that DATEADD moves is a TIMESTAMP_NTZ."""

    def annotate(self: TypeAnnotator, node: Expr) -> Expr:
        made = annotator(self, node)
        if made.type is not None and made.type.this in JSON_TYPES:
            made.type = exp.DataType.build("TIMESTAMPNTZ")
        return made

    return annotate


_METADATA = {
    **Snowflake.EXPRESSION_METADATA,
    exp.Sub: {"annotator": _of_difference},
    exp.Sum: {"annotator": _of_sum},
    exp.Nvl2: {"annotator": lambda self, node: self._annotate_by_args(node, "true", "false")},
    exp.Trunc: {"annotator": lambda self, node: self._annotate_by_args(node, "this")},
    exp.JSONFormat: {"returns": exp.DType.VARCHAR},
    exp.ToChar: {"returns": exp.DType.VARCHAR},
    exp.IsArray: {"returns": exp.DType.BOOLEAN},
}
_METADATA |= {
    kind: {"annotator": _choosing(_METADATA[kind]["annotator"])}
    for kind in (*CHOICES, exp.DecodeCase)
}
_METADATA |= {
    kind: {"annotator": _calculating(_METADATA[kind]["annotator"])}
    for kind in (exp.Add, exp.Div, exp.Mod, exp.Mul, exp.Neg, exp.Sub)
}
_METADATA |= {
    kind: {"annotator": _shifting(_METADATA[kind]["annotator"])}
    for kind in (exp.DateAdd, exp.TimeAdd)
}
_CONSTANTS = (exp.Literal, exp.Placeholder, exp.Null, exp.Boolean, exp.Var, exp.Neg)
# Where a name may be that of one of the query's own values.
_BEHIND = ("having", "qualify", "order", "group")
_PLACES = ("expressions", "where", "windows", *_BEHIND)


_MAY_BE_JSON = (*JSON_TYPES, exp.DType.STRUCT, exp.DType.UNKNOWN)


@dataclass(frozen=True)
class Annotated:
    """types: of the columns of a statement's query; none where they are not known. inside: the
    kinds of values that it puts into VARIANTs. asking: what asks for the types of those."""

    types: Types
    inside: inner_kinds.Kinds
    asking: Sequence[Expr]

    @property
    def inside_of_columns(self) -> inner_kinds.Kinds:
        """What may be inside of the columns; NONE where none of them is a VARIANT."""
        may_be = [kind is None or kind.this in _MAY_BE_JSON for _, kind in self.types]
        return self.inside if any(may_be) or not may_be else inner_kinds.NONE


def annotate(tree: Expr, columns: Columns, is_view: IsView) -> Annotated:
    """Give the expressions of a statement whose names are full their types, and COUNT(t.*) the
    columns that it means. Raises where a name means two columns.

    columns: a table's columns and their DuckDB types, ARRAY or OBJECT where they are declared so.
    """
    scopes = _Scopes(columns, is_view)
    made = None
    if isinstance(tree, exp.Query):
        made = scopes.query(tree, {}, ())
    elif isinstance(tree, exp.Update | exp.Delete | exp.Merge):
        scopes.change(tree)
    elif isinstance(tree.expression, exp.Query):
        made = scopes.query(tree.expression, {}, ())
        if isinstance(tree, exp.Create) and not isinstance(tree.this, exp.Schema):
            check_names(made or ())
    elif isinstance(tree.expression, exp.Values):
        scopes.values(tree.expression)
    return Annotated(made or (), scopes.inside, scopes.asking)


def name_owners(tree: Expr, columns: Columns, is_view: IsView) -> None:
    """Let the columns of a statement say whose they are, as far as it is known. The same arguments
    as of `annotate`, of which it does the rest, too."""
    scopes = _Owned(columns, is_view)
    query = tree if isinstance(tree, exp.Query) else tree.expression
    if isinstance(tree, exp.Update | exp.Delete | exp.Merge):
        scopes.change(tree)
    elif isinstance(query, exp.Query):
        scopes.query(query, {}, ())


def put_by_default(value: Expr) -> inner_kinds.Kinds:
    """The kinds of values that a column's DEFAULT puts into VARIANTs."""
    select = exp.Select(expressions=[exp.alias_(value.copy(), "_")])
    return annotate(select, lambda table: (), lambda table: False).inside


def declared_in_order(types: Types) -> list[str]:
    """Of each column what clients are told, '' where the engine's type tells."""
    return ["" if kind is None else described.told(kind) or declared_as(kind) for _, kind in types]


def bounded_in_order(types: Types) -> list[bool]:
    """Of each column whether bounds of its values are known to Snowflake."""
    return [described.of_bounded(kind) for _, kind in types]


def declared(types: Types, *, of_view: bool = False) -> dict[str, str]:
    """The columns of a table or view that is made so whose type the engine's does not tell."""
    told = _of_view if of_view else _of_table
    return {name: said for name, kind in types if kind is not None and (said := told(kind))}


def _of_table(kind: exp.DataType) -> str:
    said = kind.meta.get(described.DESCRIBED)
    return (described.of_table(said) if said else "") or declared_as(kind)


def _of_view(kind: exp.DataType) -> str:
    return described.of_view(kind) or declared_as(kind)


class _Scopes:
    def __init__(self, columns: Columns, is_view: IsView) -> None:
        self._columns = columns
        self._is_view = is_view
        self._types: dict[tuple[str, str, str], Types] = {}
        self.inside = inner_kinds.NONE
        self.asking: list[Expr] = []
        # Columns of the queries around theirs, and which sources each one is of.
        self._outer: dict[int, int] = {}
        self._annotator = TypeAnnotator(
            MappingSchema(dialect="snowflake"),
            expression_metadata=_METADATA,
            overwrite_types=False,
        )

    def query(
        self, query: Expr, ctes: Mapping[str, Types | None], outer: Sequence[Scope]
    ) -> Types | None:
        """Annotate a query; returns its columns, None where they are not known."""
        if with_ := query.args.get("with_"):
            ctes = dict(ctes)
            known = set(ctes)
            for cte in with_.expressions:
                if cte.alias in known:
                    rename_cte(cte, known)
                if with_.args.get("recursive"):
                    ctes[cte.alias] = None
                ctes[cte.alias] = _renamed(self.query(cte.this, ctes, outer), cte)
        if isinstance(query, exp.Subquery):
            return self.query(query.this, ctes, outer)
        if isinstance(query, exp.SetOperation):
            left = self.query(query.this, ctes, outer)
            right = self.query(query.expression, ctes, outer)
            for side in (query.this.unnest(), query.expression.unnest()):
                side.meta.pop(ASKED, None)
            if query.args.get("by_name") or _may_be_unlike(left, right):
                query.meta[ASKED] = True
            if not query.args.get("by_name"):
                beside = _beside_nulls(query.this, left, right)
                left, right = beside, _beside_nulls(query.expression, right, left)
            made = _united(left, right, by_name=bool(query.args.get("by_name")))
            _check_star(query, left, right)
            self.inside |= _put_together(left, right)
            order = query.args.get("order")
            if order:
                clauses.check_united_order(query, _named(query, made))
            if made is not None and order:
                self._place(order, ctes, (({"": Source.of(made)}, {}), *outer))
            if order and (named := made or left or right):
                sides = (named, left or named, right or named)
                every = zip(*(sides[:1] if query.args.get("by_name") else sides), strict=False)
                _name_united(order, named, [_first_json(columns) for columns in every])
            return made
        return self._select(query, ctes, outer) if isinstance(query, exp.Select) else None

    def values(self, values: exp.Values) -> None:
        """The same for those of an INSERT that are no constants."""
        for row in values.expressions:
            for value in row.expressions:
                if type(value) not in _CONSTANTS:
                    self._place(value, {}, (({}, {}),))

    def change(self, tree: Expr) -> None:
        """The same for UPDATE, DELETE and MERGE."""
        for each in (tree, *(when.args["then"] for when in _whens(tree))):
            if isinstance(each, exp.Update):
                clauses.name_assigned(tree.this, each.expressions)
        read = [tree.this, tree.args.get("using"), tree.args.get("from_")]
        sources: dict[str, Source | None] = {}
        seen: list[Expr] = []
        for each in read:
            for source in each if isinstance(each, list) else [each]:
                bare = source.this if isinstance(source, exp.From) else source
                for one in _leaves(bare) if isinstance(bare, Expr) else ():
                    clauses.check_source(one, seen)
                    seen.append(one)
                    self._source(one, {}, (), sources)
        parts = [tree.args.get(key) for key in ("expressions", "where", "on", "whens")]
        for part in parts:
            self._place(part, {}, ((sources, {}),))

    def _select(
        self, select: exp.Select, ctes: Mapping[str, Types | None], outer: Sequence[Scope]
    ) -> Types | None:
        sources: dict[str, Source | None] = {}
        aliases: dict[str, exp.DataType | None] = {}
        scopes = ((sources, aliases), *outer)
        if any(map(_is_function, _read(select))):
            _name_queries(select)
        clauses.read_having(select)
        read: list[Expr] = []
        for source in _read(select):
            clauses.check_source(source, read)
            read.append(source)
            self._source(source, ctes, scopes, sources)
        for join in _joins(select):
            if join.method == "NATURAL":
                _name_shared(join, sources)
            for name in join.args.get("using") or ():
                _check_shared(name.name, sources.values())
            if _is_function(join.this):
                clauses.check_lateral(join)
            elif isinstance(join.this, exp.Lateral):
                correlation.check_join(join)
            if join.args.get("match_condition"):
                clauses.check_match(join, lambda column: _owner(column, sources))
            for key in ("on", "match_condition"):
                self._place(join.args.get(key), ctes, scopes)
        _check_merged(select, sources)
        clauses.check_places(select)
        if _leaves_out_equal_rows(select):
            _spread_variants(select, sources)
        for value in select.expressions:
            if isinstance(value, exp.Column) and value.is_star:
                _check_name(value, value.table, sources)
                if value.this.args.get("rename") and value.table in sources:
                    _check_renamed(value.this, {value.table: sources[value.table]})
            if type(value) is exp.Star and value.args.get("rename"):
                _check_renamed(value, sources)
            self._place(value, ctes, scopes)
            if isinstance(value, exp.Alias):
                aliases[value.alias] = _described(value.this, _known(value.this))
        for key in _PLACES[1:]:
            self._place(select.args.get(key), ctes, scopes, behind=key in _BEHIND)
        clauses.check_values(select, lambda name: bool(_owners(name, sources)))
        made = _output(select, sources)
        _name_selected(select, made, sources)
        if made is not None and select.is_star and _is_side(select) and not _is_changed(select):
            select.meta[COLUMNS] = [name for name, _ in made]
        return made

    def _source(
        self,
        source: Expr,
        ctes: Mapping[str, Types | None],
        scopes: Sequence[Scope],
        sources: dict[str, Source | None],
    ) -> None:
        """Note what a query reads."""
        found: Types | None = None
        relation: exp.Table | None = None
        if isinstance(source, exp.Lateral) and isinstance(source.this, exp.Subquery):
            correlation.check_source(source.this, lambda column: column.table in sources)
        if _is_function(source):
            self._place(source.this, ctes, scopes)
            _name_source(source.this, sources)
            inner = source.this
            called = inner.this if isinstance(inner, exp.TableFromRows) else inner
            found = _SPLIT if split_of(called) else _FLATTEN
        elif isinstance(source, exp.Subquery):
            found = self.query(source, ctes, scopes[1:] if source.parent else ())
        elif isinstance(source, exp.Values):
            for row in source.expressions[:_MANY_ROWS]:
                for value in row.expressions if isinstance(row, exp.Tuple) else [row]:
                    if isinstance(value, exp.Func | exp.Paren):
                        self._place(value, ctes, scopes[1:] or (({}, {}),))
            found = _of_values(source)
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            if not source.db and source.name in ctes:
                found = ctes[source.name]
            elif not source.db and source.name.lower() in map(str.lower, ctes):
                raise errors.does_not_exist("Object", source.name)
            else:
                found, relation = self._types_of(source) or None, source
                if source.db == HIDDEN_SCHEMA and source.name.startswith("_FS_"):
                    found = [(name.upper(), kind) for name, kind in found or ()]
        for pivot in source.args.get("pivots") or ():
            if found is not None and not pivot.args.get("group"):
                _check_pivoted(pivot, [name for name, _ in found])
            found = None
        named = _renamed(found, source)
        relation = relation if named is found else None
        sources[source.alias_or_name] = None if named is None else Source.of(named, relation)

    def _types_of(self, table: exp.Table) -> Types:
        """The engine binds a whole view to tell them, and a statement may name a table often."""
        place = (table.catalog, table.db, table.name)
        if place not in self._types:
            self._types[place] = [(name, _type(kind)) for name, kind in self._columns(table)]
        return self._types[place]

    def _place(
        self,
        part: object,
        ctes: Mapping[str, Types | None],
        scopes: Sequence[Scope],
        *,
        behind: bool = False,
    ) -> None:
        """Annotate an expression, or several. behind: names may be those of values."""
        if isinstance(part, list):
            for each in part:
                self._place(each, ctes, scopes, behind=behind)
        if not isinstance(part, Expr):
            return
        known: list[Expr] = []
        makers: list[Expr] = []
        choices: list[Expr] = []
        asked: list[Expr] = []
        concerned: list[Expr] = []
        for node in part.walk(prune=lambda n: isinstance(n, exp.Query)):
            if type(node) in inner_kinds.CONCERNED:
                concerned.append(node)
            if isinstance(node, exp.Query):
                self.query(node, ctes, scopes)
                if self._outer:
                    correlation.check(node, self._of_these(scopes))
            elif isinstance(node, exp.Lambda):
                _name_arguments(node)
            elif isinstance(node, exp.Column) and ARGUMENT in node.meta:
                node.type = _VARIANT
            elif isinstance(node, exp.Column) and not node.is_star:
                node.type = _lookup(node, scopes, behind=behind)
                if len(scopes) > 1 and (sources := _of_outer(node, scopes)) is not None:
                    self._outer[id(node)] = id(sources)
                if _is_unknown(node.type):
                    described.remember(node, described.of_type(node.type))
            elif isinstance(node, exp.Count):
                _count_whole_rows(node, scopes)
            elif isinstance(node, exp.Anonymous) and node.name.upper() == "HASH":
                _spread(node, scopes)
            elif isinstance(node, _PARTS):
                node.type = _VARIANT
            elif type(node) in _MADE:
                node.type = _KNOWN[_MADE[type(node)]]
            elif isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
                node.type = _MOMENT
            elif type(node) in _CLOCKS and isinstance(node.this, exp.Literal):
                node.type = _moment(_CLOCKS[type(node)], node.this.name)
            elif isinstance(node, exp.Cast) and node.to.this in moments.KINDS:
                node.type = _plain(node.to)
            elif isinstance(node, exp.Cast) and (said := lengths.declared(node.to)):
                node.type = _type(said)
            elif isinstance(node, exp.Cast | exp.ToNumber) and (size := _decimal(node)):
                node.type = size
            elif isinstance(node, exp.UnixToTime):
                node.type = node.args.get("target_type") or _MOMENT
            elif called := user_functions.kind(node):
                node.type = called
            elif isinstance(node, exp.Anonymous) and node.name.upper() == typeof.NAME:
                asked.append(node)
            elif isinstance(node, exp.Anonymous) and (kind := _ANSWERS.get(node.name.upper())):
                node.type = kind
            if node.type is not None and not isinstance(node, exp.Column | exp.DataType):
                known.append(node)
            if isinstance(node, _MAKING):
                makers.append(node)
            elif isinstance(node, CHOICES):
                choices.append(node)
        # SQLGlot passes over what is in an expression whose type is known, as a cast's is.
        for node in reversed(known):
            for inner in node.iter_expressions():
                self._annotator._annotate_expression(inner)
        self._annotator._annotate_expression(part)
        for node in makers:
            made = not isinstance(node, exp.Cast) or node.to.this == exp.DType.VARIANT
            if made and node.this.type is not None and node.this.type.this in _HOLDING:
                node.type = _HOLDING[node.this.type.this]
        for node in reversed(choices):
            if node.type is not None and node.type.this == exp.DType.VARIANT:
                self.inside = self.inside.union(*(_inside(each) for each in chosen(node)))
                node.type = _of_chosen(node)
        for node in concerned:
            self._see(node, scopes[0][0])
        for node in reversed(asked):
            node.replace(typeof.answer(node, lambda column: self._table_of(column, scopes[0][0])))

    def _of_these(self, scopes: Sequence[Scope]) -> correlation.IsOuter:
        around = {id(sources) for sources, _ in scopes}
        return lambda column: self._outer.get(id(column)) in around

    def _see(self, node: Expr, sources: Mapping[str, Source | None]) -> None:
        """What puts values into a VARIANT, and what asks for their types."""
        if inner_kinds.asks(node):
            self.asking.append(node)
            if isinstance(node, exp.Typeof) and _is_unknown(node.this.type):
                node.meta[inner_kinds.UNTOLD] = True
        self.inside |= inner_kinds.put_in(node)
        if inner_kinds.has_star(node):
            for source in sources.values():
                kinds = [kind for _, kind in source.types] if source else [None]
                self.inside = self.inside.union(*map(inner_kinds.of_type, kinds))

    def _table_of(
        self, column: exp.Column, sources: Mapping[str, Source | None]
    ) -> exp.Table | None:
        """The table that a column of a query's own sources is of."""
        named = [sources.get(column.table)] if column.table else list(sources.values())
        if None in named:
            return None
        owners = [source for source in named if source and column.name in source.kinds]
        table = owners[0].relation if len(owners) == 1 else None
        return None if table is None or self._is_view(table) else table


class _Owned(_Scopes):
    def _place(
        self,
        part: object,
        ctes: Mapping[str, Types | None],
        scopes: Sequence[Scope],
        *,
        behind: bool = False,
    ) -> None:
        own = part if isinstance(part, Expr) else exp.Null()
        for column in own.walk(prune=lambda n: isinstance(n, exp.Query)):
            if isinstance(column, exp.Column) and not column.table and not column.is_star:
                owners = (_owner(column, sources) for sources, _ in scopes)
                if owner := next(filter(None, owners), ""):
                    column.set("table", exp.to_identifier(owner, quoted=True))
        super()._place(part, ctes, scopes, behind=behind)


def _named(union: Expr, made: Types | None) -> list[str] | None:
    """The names of a UNION's columns; None where they are not known."""
    if made is not None:
        return [name for name, _ in made]
    first = union
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    is_known = isinstance(first, exp.Select) and not first.is_star
    return [value.alias_or_name for value in first.expressions] if is_known else None


def _whens(tree: Expr) -> list[Expr]:
    """The clauses of a MERGE."""
    return tree.args["whens"].expressions if isinstance(tree, exp.Merge) else []


def _of_values(values: exp.Values) -> Types | None:
    """The columns of VALUES, with the types that casts or quotes in all of their rows tell."""
    rows = [
        each.expressions if isinstance(each, exp.Tuple) else [each] for each in values.expressions
    ]
    if len(rows) > _MANY_ROWS or len({len(row) for row in rows}) != 1:
        return None
    made = []
    for place, column in enumerate(zip(*rows, strict=True), start=1):
        kinds = {_written_type(value) for value in column} - {_NULL}
        kind = kinds.pop() if len(kinds) == 1 else None
        made.append((f"COLUMN{place}", _describing(kind, described.of_rows(column))))
    return made


_MANY_ROWS = 200
_NULL = exp.DataType.build("NULL")
_BOOLEAN = exp.DataType.build("BOOLEAN")


def _written_type(value: Expr) -> exp.DataType | None:
    if isinstance(value, exp.Cast):
        return value.to
    if isinstance(value, exp.Null):
        return _NULL
    if isinstance(value, exp.Boolean):
        return _BOOLEAN
    if value.type is not None and value.type.this in JSON_TYPES:
        return value.type
    return _TEXT if isinstance(value, exp.Literal) and value.is_string else None


def _of_chosen(node: Expr) -> exp.DataType:
    """The VARIANT that one of several values is."""
    values = [each for each in chosen(node) if not isinstance(each.unnest(), exp.Null)]
    held_by = set(map(held, values))
    if not held_by & APART:
        return _VARIANT
    kind = values[0].type
    return kind if len(held_by) == 1 and kind is not None else _MIXED


def _inside(value: Expr) -> inner_kinds.Kinds:
    """What a value is that becomes a VARIANT beside others, as far as its type is known."""
    kind = value.type
    return inner_kinds.of_type(kind) if not _is_unknown(kind) else inner_kinds.NONE


def _put_together(left: Types | None, right: Types | None) -> inner_kinds.Kinds:
    """What becomes a VARIANT beside one in a UNION."""
    found = inner_kinds.NONE
    for (_, kind), (_, other) in zip(left or (), right or (), strict=False):
        if kind is not None and other is not None and _VARIANT.this in (kind.this, other.this):
            found |= inner_kinds.of_type(kind) | inner_kinds.of_type(other)
    return found


def _name_shared(join: exp.Join, sources: Mapping[str, Source | None]) -> None:
    """A NATURAL JOIN is one USING the columns that both sides have.

    https://docs.snowflake.com/en/sql-reference/constructs/join
    """
    joined = join.this.alias_or_name
    if not joined:
        raise errors.unsupported("NATURAL JOIN of a query without a name")
    right = sources.get(joined)
    left: dict[str, None] = {}
    for name, source in sources.items():
        if name == joined:
            break
        if source is None:
            return
        left.update(dict.fromkeys(source.kinds))
    if right is not None:
        join.set("method", None)
        shared = [name for name in left if name in right.kinds]
        join.set("using", [exp.to_identifier(name, quoted=True) for name in shared])


def _check_merged(select: exp.Select, sources: Mapping[str, Source | None]) -> None:
    """Raises 002028 for a column that a join merged and a source joined beside it has, too.

    https://docs.snowflake.com/en/sql-reference/constructs/join
    """
    merges = Counter(n.name for join in _joins(select) for n in join.args.get("using") or ())
    if not merges or None in sources.values():
        return
    of = Counter(name for source in sources.values() if source for name in source.kinds)
    twice = {name for name, times in merges.items() if of[name] > times + 1}
    for part in [*select.expressions, select.args.get("where")] if twice else ():
        for node in part.walk(prune=lambda n: isinstance(n, exp.Query)) if part else ():
            if isinstance(node, exp.Column) and not node.table and node.name in twice:
                raise clauses.ambiguous(node)


def _name_ordered(order: Expr, kinds: Kinds, value_at: Callable[[int], Expr]) -> None:
    """Let an ORDER BY say which VARIANTs it goes by, instead of their places.

    value_at: what the query has at a place.

    https://docs.snowflake.com/en/sql-reference/constructs/order-by
    """
    if len(order.expressions) == 1 and _is_all(order.expressions[0].this.unnest()):
        [by_all] = order.expressions
        every = [exp.Literal.number(place + 1) for place in range(len(kinds))]
        order.set("expressions", [exp.Ordered(**{**by_all.args, "this": each}) for each in every])
    for each in order.expressions:
        by = each.this.unnest()
        if isinstance(by, exp.Literal) and not by.is_string and by.is_int:
            place = int(by.name) - 1
            if 0 <= place < len(kinds) and _is_json(kinds[place]):
                value = value_at(place)
                value.type = kinds[place]
                each.set("this", value)


def _name_selected(
    select: exp.Select, made: Types | None, sources: Mapping[str, Source | None]
) -> None:
    """The same of a query's, and of its aliases, which mean its values before any column. Raises
    000002 where it cannot be said."""
    order = select.args.get("order")
    if not order:
        return
    kinds = [kind for _, kind in made or ()]
    if made is None and not select.is_star:
        kinds = [value.unalias().type for value in select.expressions]
    elif made is None:
        _check_untold(order, [kind for each in sources.values() if each for _, kind in each.types])
    if not any(map(_is_json, kinds)):
        return
    merged = made if select.is_star and _merges(select) else None

    def value_at(place: int) -> Expr:
        if merged is not None:
            return _only_column(merged, place)
        return _selected(select, sources)[place].copy()

    _name_ordered(order, kinds, value_at)
    named = {each.alias: each.this for each in select.expressions if isinstance(each, exp.Alias)}
    for value in select.expressions:
        star = value.this if isinstance(value, exp.Column) else value
        if isinstance(star, exp.Star):
            named |= {each.alias: each.this for each in star.args.get("replace") or ()}
            named |= {each.alias: each.this for each in star.args.get("rename") or ()}
    for each in order.expressions:
        by = each.this.unnest()
        value = named.get(by.name) if isinstance(by, exp.Column) and not by.table else None
        kind = (dict(made or ()).get(by.name) or value.type) if value is not None else None
        if value is not None and _is_json(kind):
            each.set("this", value.copy())
            each.this.type = kind


def _check_untold(order: Expr, kinds: Kinds) -> None:
    """Raises 000002 for a place behind a star of which it is not known what it has, where that may
    be a VARIANT. kinds: of what the query reads."""
    for each in order.expressions:
        by = each.this.unnest()
        is_place = isinstance(by, exp.Literal) and not by.is_string
        if (is_place or _is_all(by)) and any(map(_is_json, kinds)):
            raise errors.unsupported("ordering * by a place that may be a VARIANT: name the column")


def _name_united(order: Expr, made: Types, kinds: Kinds) -> None:
    """The same of a UNION's, whose columns are told by their names."""
    if not any(map(_is_json, kinds)):
        return
    _name_ordered(order, kinds, lambda place: _only_column(made, place))
    for each in order.expressions:
        by = each.this.unnest()
        for (name, _), kind in zip(made, kinds, strict=False):
            if isinstance(by, exp.Column) and name == by.name and _is_json(kind):
                by.type = kind


def _first_json(columns: Sequence[tuple[str, exp.DataType | None]]) -> exp.DataType | None:
    kinds = [kind for _, kind in columns]
    return next(filter(_is_json, kinds), kinds[0])


def _only_column(made: Types, place: int) -> Expr:
    """The column at a place. Raises 000002 where its name does not tell it."""
    names = [name for name, _ in made]
    if not names[place] or names.count(names[place]) > 1:
        raise errors.unsupported(f"ordering the VARIANT {place + 1}: give it a name")
    return exp.column(names[place], quoted=True)


def _selected(select: exp.Select, sources: Mapping[str, Source | None]) -> list[Expr]:
    """The values of a query, whose sources are known where it has a star."""
    values: list[Expr] = []
    for value in select.expressions:
        if not value.is_star:
            values.append(value.unalias())
            continue
        star = value.this if isinstance(value, exp.Column) else value
        replaced = {each.alias: each.this for each in star.args.get("replace") or ()}
        for table in [value.table] if isinstance(value, exp.Column) else list(sources):
            source = sources[table]
            for name, _ in _kept(star, source.types) if source else ():
                column = exp.column(name, table=table or None, quoted=True)
                values.append(replaced.get(name, column))
    return values


def _is_json(kind: exp.DataType | None) -> bool:
    return kind is not None and kind.this in _IN_JSON


_IN_JSON = (*JSON_TYPES, exp.DType.STRUCT)


def _is_all(value: Expr) -> bool:
    """ORDER BY ALL: https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    if isinstance(value, exp.Column):
        return value.name == "ALL" and not value.table and not value.this.quoted
    return isinstance(value, exp.Var) and value.name.upper() == "ALL"


def _check_shared(name: str, sources: Iterable[Source | None]) -> None:
    """Raises 000002 for a VARIANT that a join is USING: the engine would compare its JSON."""
    kinds = [source.kinds.get(name) for source in sources if source]
    if any(kind is not None and kind.this in (*JSON_TYPES, exp.DType.STRUCT) for kind in kinds):
        raise errors.unsupported(f"a join USING the VARIANT {name}: compare it in ON")


def _is_function(source: Expr) -> bool:
    """Is it FLATTEN, or a table function that splits a text?"""
    if isinstance(source, exp.TableFromRows):
        return True
    called = source.this
    is_split = isinstance(source, exp.Lateral) and split_of(called) is not None
    return is_split or isinstance(called, exp.Explode | exp.TableFromRows)


def _name_queries(select: exp.Select) -> None:
    """Give the queries that it reads names, by which the columns of a function's arguments can say
    whose they are."""
    for place, source in enumerate(_read(select)):
        if isinstance(source, exp.Subquery) and not source.alias:
            name = exp.to_identifier(f"$query{place}", quoted=True)
            alias = source.args.get("alias")
            if isinstance(alias, exp.TableAlias):
                alias.set("this", name)
            else:
                source.set("alias", exp.TableAlias(this=name))


def _name_source(function: Expr, sources: Mapping[str, Source | None]) -> None:
    """Say whose a column is that FLATTEN is given: one of its own may have the same name."""
    for column in function.find_all(exp.Column):
        if not column.table and column.name in _OF_FLATTEN:
            owners = [name for name, each in sources.items() if each and column.name in each.kinds]
            if len(owners) == 1 and owners[0]:
                column.set("table", exp.to_identifier(owners[0], quoted=True))


def _name_arguments(function: exp.Lambda) -> None:
    """What a lambda gets are VARIANTs, until it casts them.

    https://docs.snowflake.com/en/user-guide/querying-semistructured-lambda
    """
    names = {argument.name for argument in function.expressions}
    for name in list(function.this.find_all(exp.Identifier)):
        if name.name in names and not isinstance(name.parent, exp.Column | exp.Lambda):
            name.replace(_argument(name))
    if isinstance(function.this, exp.Identifier) and function.this.name in names:
        function.set("this", _argument(function.this))


def _argument(name: exp.Identifier) -> exp.Column:
    column = exp.column(exp.to_identifier(name.name, quoted=True))
    column.meta[ARGUMENT] = True
    return column


# In the meta of a column: it is what a lambda gets.
ARGUMENT = "argument"


def _read(select: exp.Select) -> Iterator[Expr]:
    """What a query reads, in its order, whatever parentheses are around its joins."""
    if from_ := select.args.get("from_"):
        yield from _leaves(from_.this)
    for join in select.args.get("joins") or ():
        yield from _leaves(join.this)
    yield from select.args.get("laterals") or ()


def _leaves(source: Expr) -> Iterator[Expr]:
    """A source, or those that are joined in its parentheses; and those that are joined to it."""
    yield from _leaves(source.this) if is_joined(source) else [source]
    for join in source.args.get("joins") or ():
        yield from _leaves(join.this)


def is_joined(source: Expr) -> bool:
    """Are these parentheses around a join, the names of which are known outside?"""
    around = any(source.args.get(key) for key in ("alias", "pivots", "sample"))
    inner = isinstance(source.this, exp.Subquery | exp.Table)
    return isinstance(source, exp.Subquery) and inner and not around


def _joins(select: exp.Select) -> Iterator[exp.Join]:
    """A query's joins, those in parentheses before the ones that they are joined in."""
    if from_ := select.args.get("from_"):
        yield from _inner_joins(from_.this)
    for join in select.args.get("joins") or ():
        yield from _inner_joins(join.this)
        yield join


def _inner_joins(source: Expr) -> Iterator[exp.Join]:
    if is_joined(source):
        yield from _inner_joins(source.this)
    for join in source.args.get("joins") or ():
        yield from _inner_joins(join.this)
        yield join


def _lookup(column: exp.Column, scopes: Sequence[Scope], *, behind: bool) -> exp.DataType | None:
    name = column.name
    if column.table:
        known = [each for sources, _ in scopes for each in sources]
        _check_name(column, column.table, known)
        if column.table not in known:
            _check_part(column, scopes)
    for sources, aliases in scopes:
        if column.table:
            if column.table in sources:
                source = sources[column.table]
                if source and name not in source.kinds:
                    _check_part(column, scopes)
                return source.kind(name) if source else None
            continue
        named = name in aliases
        if any(source is None for source in sources.values()):
            return None
        having = [source for source in sources.values() if source and name in source.kinds]
        if named and behind:
            kinds = {_name(source.kinds[name]) for source in having}
            return aliases[name] if kinds <= {_name(aliases[name])} else None
        found = [source.kind(name) for source in having]
        if named and not found:
            found.append(aliases[name])
        if found:
            return _only(found)
    return None


def _of_outer(column: exp.Column, scopes: Sequence[Scope]) -> Mapping[str, Source | None] | None:
    """The sources that a column is of, if these are known and not its own query's."""
    for place, (sources, aliases) in enumerate(scopes):
        if not column.table and None in sources.values():
            return None
        owners = [column.table] if column.table else _owners(column.name, sources)
        if any(owner in sources for owner in owners) or (
            not column.table and column.name in aliases
        ):
            return sources if place else None
    return None


def _owners(name: str, sources: Mapping[str, Source | None]) -> list[str]:
    """The sources that have a column of this name, as far as their columns are known."""
    return [called for called, source in sources.items() if source is None or name in source.kinds]


def _owner(column: exp.Column, sources: Mapping[str, Source | None]) -> str:
    """The one source that it is of; "" where that is not known."""
    found = _owners(column.name, sources)
    return found[0] if len(found) == 1 else ""


def _check_name(column: exp.Column, name: str, known: Collection[str]) -> None:
    """Raises 000904 for a source that has this name in another spelling only."""
    if name not in known and name.lower() in map(str.lower, known):
        raise errors.unknown_column(column.sql(dialect="snowflake"))


def _check_renamed(star: exp.Star, sources: Mapping[str, Source | None]) -> None:
    """Raises 000904 where it renames what there is not: the engine would pass over it.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    for renamed in star.args["rename"]:
        if not _owners(renamed.this.name, sources):
            raise errors.unknown_column(renamed.this.sql(dialect="snowflake"))


def _check_part(column: exp.Column, scopes: Sequence[Scope]) -> None:
    """Raises 000904 for `v.a` of a column v: the engine would read a's value in it."""
    before = [each.name for each in column.parts[:-1]]
    for sources, _ in scopes:
        if any(source and name in source.kinds for source in sources.values() for name in before):
            raise errors.unknown_column(column.sql(dialect="snowflake"))


def _name(kind: exp.DataType | None) -> str:
    return kind.sql() if kind else ""


def check_names(made: Types) -> None:
    """Raises for two columns of a table or view that have one name."""
    names = [name for name, _ in made]
    for name in names:
        if name and names.count(name) > 1:
            raise errors.compilation(errors.DUPLICATE_COLUMN, f"duplicate column name '{name}'")


def _count_whole_rows(count: exp.Count, scopes: Sequence[Scope]) -> None:
    """COUNT(t.*) counts the rows that have no NULL.

    https://docs.snowflake.com/en/sql-reference/functions/count
    """
    star = count.this
    if not isinstance(star, exp.Column) or not star.is_star:
        return
    source = scopes[0][0].get(star.table)
    if not source:
        raise errors.unsupported(f"COUNT({star.table}.*)")
    full = [
        exp.Not(
            this=exp.Is(this=exp.column(name, table=star.table, quoted=True), expression=exp.Null())
        )
        for name, _ in source.types
    ]
    whole = exp.If(this=exp.and_(*full), true=exp.Literal.number(1))
    count.set("this", exp.Case(ifs=[whole]))


def _spread(function: exp.Anonymous, scopes: Sequence[Scope]) -> None:
    """HASH(*) is of all columns.

    https://docs.snowflake.com/en/sql-reference/functions/hash
    """
    arguments: list[Expr] = []
    for argument in function.expressions:
        if not argument.is_star:
            arguments.append(argument)
            continue
        named = [argument.table] if isinstance(argument, exp.Column) else list(scopes[0][0])
        for name in named:
            source = scopes[0][0].get(name)
            if not source:
                raise errors.unsupported("HASH(*) of columns that are not known")
            arguments += [
                exp.column(each, table=name or None, quoted=True) for each in source.kinds
            ]
    function.set("expressions", arguments)


def _only(kinds: Iterable[exp.DataType | None]) -> exp.DataType | None:
    """The one type that all have."""
    first, *others = list(kinds) or [None]
    return None if any(other != first for other in others) else first


def _renamed(types: Types | None, source: Expr) -> Types | None:
    """A source's columns under the names that its alias gives them. Raises 000002, with Snowflake's
    text, for more or fewer names than columns; VALUES may have fewer: the others are COLUMN2 and so
    on."""
    alias = source.args.get("alias")
    names = [each.name for each in (alias.args.get("columns") or ())] if alias else []
    has_none = isinstance(source, exp.TableFromRows) and isinstance(source.this, exp.Generator)
    if not names or (types is None and not has_none):
        return types
    if isinstance(source, exp.Values) and types is not None and alias is not None:
        for place in range(len(names) + 1, len(types) + 1):
            names.append(f"COLUMN{place}")
            alias.append("columns", exp.to_identifier(names[-1], quoted=True))
    if types is None or has_none or len(names) != len(types):
        if isinstance(source, exp.Lateral | exp.TableFromRows) and not has_none:
            return None
        raise errors.SnowflakeError(errors.UNSUPPORTED, _MISMATCH.format(source.alias))
    return [(name, kind) for name, (_, kind) in zip(names, types, strict=True)]


def _check_pivoted(pivot: exp.Pivot, columns: Sequence[str]) -> None:
    """Raises 000002, with Snowflake's text, for fewer names than columns of PIVOT or UNPIVOT."""
    alias = pivot.args.get("alias")
    names = alias.args.get("columns") if alias else None
    fields = [each for each in pivot.args.get("fields") or () if isinstance(each, exp.In)]
    values = [value for field in fields for value in field.expressions]
    if not alias or not names or not values:
        return
    if pivot.args.get("unpivot"):
        taken, made = values, 2
    else:
        taken, made = [*pivot.expressions, *(field.this for field in fields)], len(values)
    gone = {column.name for each in taken for column in each.find_all(exp.Column)}
    if len(names) < len([name for name in columns if name not in gone]) + made:
        raise errors.SnowflakeError(errors.UNSUPPORTED, _MISMATCH.format(alias.name))


_MISMATCH = (
    "SQL compilation error:\nMismatch between number of columns produced by '{}' and the number of"
    " aliases specified"
)


def _output(select: exp.Select, sources: Mapping[str, Source | None]) -> Types | None:
    types: list[tuple[str, exp.DataType | None]] = []
    for value in select.expressions:
        if value.is_star:
            star = value.this if isinstance(value, exp.Column) else value
            named = [value.table] if isinstance(value, exp.Column) else list(sources)
            if any(star.args.values()) and _merges(select):
                return None  # columns are left out
            if _merges(select):
                merged = None if isinstance(value, exp.Column) else _merged(select, sources)
                if merged is None:
                    return None
                types += merged
                continue
            for source in named:
                found = sources.get(source)
                if found is None:
                    return None
                types += _changed(star, found.types)
        else:
            types.append((value.alias_or_name, _type_of(value.unalias())))
    return types


def _type_of(value: Expr) -> exp.DataType | None:
    """Of a value of a query, as a column of it."""
    kind = _known(value)
    if kind is not None and not isinstance(value, _AS_DECLARED):
        # A function of a text has another length, and one of a moment all digits.
        kind = _whole(kind)
    if kind is not None and HELD in kind.meta and held(value) is None:
        kind = _VARIANT
    if kind is not None and kind.this in _NOT_WHOLE and not _is_sure(value):
        kind = _guess(kind.sql())
    return _described(value, kind)


def _changed(star: Expr, types: Types) -> Types:
    """A source's columns, without those that a star leaves out, and with those it replaces.

    https://docs.snowflake.com/en/sql-reference/sql/select
    """
    if not any(star.args.values()):
        return types
    values = {each.alias: _type_of(each.this) for each in star.args.get("replace") or ()}
    names = {each.this.name: each.alias for each in star.args.get("rename") or ()}
    return [(names.get(name, name), values.get(name, kind)) for name, kind in _kept(star, types)]


def _kept(star: Expr, types: Types) -> Types:
    gone = {each.name for each in star.args.get("except_") or ()}
    like = star.args.get("ilike")
    form = name_pattern(like.name) if like else ""
    kept = [each for each in types if each[0] not in gone]
    return [each for each in kept if re.fullmatch(form, each[0])] if like else kept


def _is_changed(select: exp.Select) -> bool:
    """Has a `*` other columns than what it reads?"""
    stars = (each.this if isinstance(each, exp.Column) else each for each in select.expressions)
    return any(isinstance(each, exp.Star) and any(each.args.values()) for each in stars)


def _merges(select: exp.Select) -> bool:
    """Has `*` other columns, or another order of them, than what it reads one after the other?"""
    names = [source.alias_or_name for source in _read(select)]
    merged = any(join.args.get("using") or join.method for join in _joins(select))
    return merged or len(set(names)) < len(names)


def _merged(select: exp.Select, sources: Mapping[str, Source | None]) -> Types | None:
    """The columns of `*` over joins USING the same columns, which come first and once.

    https://docs.snowflake.com/en/sql-reference/constructs/join
    """
    joins = list(_joins(select))
    shared = {tuple(name.name for name in join.args.get("using") or ()) for join in joins}
    known = [source for source in sources.values() if source]
    if len(shared) > 1 or () in shared or len(known) <= len(joins):
        return None
    (merged,) = shared
    types: list[tuple[str, exp.DataType | None]] = []
    for name in merged:
        kinds = {_name(source.kinds.get(name)) for source in known}
        is_left = all(join.side in ("", "LEFT") for join in joins)
        types.append((name, known[0].kinds.get(name) if is_left or len(kinds) == 1 else None))
    for source in known:
        types += [each for each in source.types if each[0] not in merged]
    return types


_NOT_WHOLE = exp.DataType.NUMERIC_TYPES - exp.DataType.INTEGER_TYPES


def _leaves_out_equal_rows(select: exp.Select) -> bool:
    """Is it a DISTINCT of `*`, or of a UNION that is one?"""
    if not select.is_star:
        return False
    place, distinct = select.parent, bool(select.args.get("distinct"))
    while isinstance(place, exp.Subquery | exp.SetOperation):
        distinct = distinct or bool(place.args.get("distinct"))
        place = place.parent
    return distinct


def _spread_variants(select: exp.Select, sources: Mapping[str, Source | None]) -> None:
    """Name the columns of `*` where VARIANTs are among them, of which equal ones may look other."""
    has_other = _merges(select) or _is_changed(select)
    found = None if has_other else _output(select, sources)
    kinds = [kind.this for _, kind in found or () if kind is not None]
    if found is None or exp.DType.VARIANT not in kinds:
        return
    made: list[Expr] = []
    for value in select.expressions:
        if not value.is_star:
            made.append(value)
            continue
        for name in [value.table] if isinstance(value, exp.Column) else list(sources):
            source = sources[name]
            made += (
                [
                    exp.column(each, table=name or None, quoted=True)
                    for each, _ in source.types
                    if source
                ]
                if source
                else []
            )
    select.set("expressions", made)


def _is_side(select: exp.Select) -> bool:
    """Is it one of the queries of a UNION?"""
    place = select.parent
    while isinstance(place, exp.Subquery):
        place = place.parent
    return isinstance(place, exp.SetOperation)


def _may_be_unlike(left: Types | None, right: Types | None) -> bool:
    """May these queries have numbers of several sizes in a column, or texts beside others?"""
    if left is None or right is None:
        return True
    return any(
        _is_unknown(kind)
        or _is_unknown(other)
        or (_are_numbers(kind, other) and not _fit(kind, other))
        for (_, kind), (_, other) in zip(left, right, strict=False)
    )


def _are_numbers(*kinds: exp.DataType | None) -> bool:
    return all(each is not None and each.this in exp.DataType.NUMERIC_TYPES for each in kinds)


def _fit(kind: exp.DataType | None, other: exp.DataType | None) -> bool:
    """Is there a type for both that lacks no digits?"""
    if kind is None or other is None or is_guessed(kind) or is_guessed(other):
        return False
    if _is_unknown(kind) or _is_unknown(other):
        return False
    sizes = [[int(size.name) for size in each.expressions] for each in (kind, other)]
    if kind == other or not all(len(size) == 2 for size in sizes):
        return kind == other
    (precision, scale), (precision_of_other, scale_of_other) = sizes
    digits = max(precision - scale, precision_of_other - scale_of_other)
    return digits + max(scale, scale_of_other) <= _MAX_DIGITS


_MAX_DIGITS = 38


def _united(left: Types | None, right: Types | None, *, by_name: bool) -> Types | None:
    if left is None or right is None:
        return None
    if by_name:
        of_left, of_right = dict(left), dict(right)
        shared = {
            name: _shared(kind, of_right[name]) if name in of_right else kind
            for name, kind in of_left.items()
        }
        return [*shared.items(), *(each for each in right if each[0] not in of_left)]
    if len(left) != len(right):
        return None
    return [
        (name, _shared(kind, other)) for (name, kind), (_, other) in zip(left, right, strict=True)
    ]


def united_queries(union: Expr) -> Iterator[Expr]:
    """The queries that a UNION is of, those of UNIONs within it among them."""
    for side in (union.this.unnest(), union.expression.unnest()):
        if isinstance(side, exp.SetOperation):
            yield from united_queries(side)
        else:
            yield side


def _check_star(query: exp.SetOperation, left: Types | None, right: Types | None) -> None:
    """Raises 000002 for a text beside another type in columns that are not named: there it is not
    cast to that."""
    sides = [query.this.unnest(), query.expression.unnest()]
    if not any(isinstance(side, exp.Select) and side.is_star for side in sides):
        return
    others = dict(right or ())
    for place, (name, kind) in enumerate(left or ()):
        if query.args.get("by_name"):
            other = others.get(name)
        else:
            other = right[place][1] if right and place < len(right) else None
        kinds = [each.this for each in (kind, other) if each is not None]
        texts = [each in TEXT_TYPES for each in kinds]
        if any(texts) and any(each in _READ_FROM_TEXTS for each in kinds):
            raise errors.unsupported(UNLIKE)
        if exp.DType.BOOLEAN in kinds and any(k in exp.DataType.NUMERIC_TYPES for k in kinds):
            raise errors.unsupported(TRUTHS)


# Of what a UNION is refused.
UNLIKE = "UNION of a text beside another type, where columns are not named or not known: cast it"
TRUTHS = "UNION of a BOOLEAN beside a number: cast it"
_READ_FROM_TEXTS = {
    *exp.DataType.NUMERIC_TYPES, *exp.DataType.TEMPORAL_TYPES, exp.DType.BOOLEAN,
}  # fmt: skip


def _shared(kind: exp.DataType | None, other: exp.DataType | None) -> exp.DataType | None:
    """The type of both sides of a UNION, with what is said of it."""
    said = described.united(described.of_type(kind), described.of_type(other))
    bounded = described.of_bounded(kind) and described.of_bounded(other)
    return _describing(_of_both(kind, other), said, bounded=bounded)


def _beside_nulls(query: Expr, types: Types | None, others: Types | None) -> Types | None:
    """The columns of a side of a UNION, where NULL is a VARIANT beside one."""
    side = query.unnest()
    if types is None or others is None or not isinstance(side, exp.Select) or side.is_star:
        return types
    nulls = [isinstance(value.unalias().unnest(), exp.Null) for value in side.selects]
    return [
        (name, other if is_null and _is_json(other) else kind)
        for (name, kind), (_, other), is_null in zip(types, others, nulls, strict=False)
    ]


def _of_both(kind: exp.DataType | None, other: exp.DataType | None) -> exp.DataType | None:
    """A VARIANT where one is an ARRAY or an OBJECT and the other one is not."""
    if kind is None or other is None or _is_unknown(kind) or _is_unknown(other):
        return None
    if (holds := kind.meta.get(HELD)) != (others := other.meta.get(HELD)):
        either = _MIXED if {holds, others} & APART else _VARIANT
        kind = either if kind.this == exp.DType.VARIANT else kind
        other = either if other.this == exp.DType.VARIANT else other
    if {kind.this, other.this} <= {*SEMI_STRUCTURED, exp.DataType.Type.VARIANT}:
        if HELD in kind.meta:
            return kind
        of_both = {declared_as(kind), declared_as(other)}
        return _KNOWN.get(of_both.pop(), _VARIANT) if len(of_both) == 1 else _VARIANT
    if kind == other and is_guessed(other):
        return other
    if kind == other and declared_as(kind) != declared_as(other):
        return exp.DataType.build(kind.this)
    return kind if kind == other else None


def _known(value: Expr) -> exp.DataType | None:
    """Its type, if the engine's is the same: what is a text is told by its form."""
    kind = value.type
    if kind is None or kind.this in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL):
        return None
    return None if kind.this in TEXT_TYPES and not is_text(value) else kind


_CLOCKS: dict[type[Expr], str] = {
    exp.CurrentTimestamp: "TIMESTAMP_LTZ",
    exp.Localtimestamp: "TIMESTAMP_LTZ",
    exp.CurrentTime: "TIME",
    exp.Localtime: "TIME",
}
# What a value has the declared type of, as a column of a query.
_AS_DECLARED: tuple[type[Expr], ...] = (
    exp.Column,
    exp.Cast,
    exp.Max,
    exp.Min,
    exp.AnyValue,
    *_CLOCKS,
)


def _moment(name: str, digits: int | str) -> exp.DataType:
    """A moment of so many digits, which the rewrites see without them."""
    made = exp.DataType.build(name, dialect="snowflake")
    if int(digits) != moments.ALL_DIGITS:
        made.meta[DECLARED] = f"{name}({digits})"
    return made


def _plain(kind: exp.DataType) -> exp.DataType:
    """The type that a cast is to, its digits beside it."""
    said = moments.read(moments.name(kind))
    return _moment(*said) if said else kind


def _decimal(node: Expr) -> exp.DataType | None:
    """The NUMBER(38, 0) that x::NUMBER is, and the size that TO_DECIMAL says."""
    if isinstance(node, exp.Cast):
        bare = node.to.this == exp.DType.DECIMAL and not node.to.expressions
        return exp.DataType.build("DECIMAL(38, 0)") if bare else None
    sizes = [node.args.get(key) or default for key, default in _SIZES]
    if not all(isinstance(each, exp.Literal) and each.is_int for each in sizes):
        return None
    return exp.DataType.build(f"DECIMAL({sizes[0].name}, {sizes[1].name})")


_SIZES = (("precision", exp.Literal.number(38)), ("scale", exp.Literal.number(0)))


def _whole(kind: exp.DataType) -> exp.DataType:
    if kind.this in TEXT_TYPES:
        return _TEXT
    return exp.DataType.build(kind.this) if kind.this in _WITH_DETAILS else kind


_WITH_DETAILS = (*moments.KINDS, exp.DType.BINARY)


@cache
def _type(kind: str) -> exp.DataType | None:
    if kind in _KNOWN:
        return _KNOWN[kind]
    if said := moments.read(kind):
        return _moment(*said)
    shown, is_more, results = kind.partition(AS)
    if is_more:
        return _describing(_type(shown), described.read(results))
    if kind.startswith(("VARCHAR(", "BINARY(")):
        sized = exp.DataType.build("TEXT" if kind.startswith("VARCHAR") else "BINARY")
        sized.meta[DECLARED] = kind
        return sized
    named = _OF_DUCKDB.get(kind, kind)
    return None if named.endswith(("]", '"')) or "STRUCT" in named else exp.DataType.build(named)
