"""Snowflake's SQL as DuckDB's: fakesnow's transforms in their order, and what they leave wrong.

Everything here is Expression → Expression. A statement is parsed once; `query` prepares SELECT and
DML, `definition` prepares what becomes part of a view or a table.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import sqlglot
from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, TokenError

from local import errors
from local.engine import functions
from local.engine.failures import translate

Rewrite = Callable[[Expr], Expr]

_TEXT_TYPES = {exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.NVARCHAR}
_JSON_TYPES = {
    exp.DataType.Type.VARIANT,
    exp.DataType.Type.OBJECT,
    exp.DataType.Type.ARRAY,
    exp.DataType.Type.JSON,
}
_NTZ_TYPES = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ}

# sqlglot takes OR ALTER for OR REPLACE.
_OR_ALTER = re.compile(r"^(?:\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s+OR\s+ALTER\b", re.I | re.S)

_SCRIPT = re.compile(r"^\s*(BEGIN|DECLARE)\s+\w", re.I)

# What Snowpark writes and sqlglot does not read.
_TEXT_FIXES = (
    (re.compile(r"^(\s*CREATE\s+(?:OR\s+REPLACE\s+)?)SCOPED\s+", re.I), r"\1"),
    (
        re.compile(r"^(\s*CREATE\s+(?:\w+\s+)*?TABLE\s+)(\S+)\s+IF\s+NOT\s+EXISTS\b", re.I),
        r"\1IF NOT EXISTS \2",
    ),
    (
        re.compile(r"^(\s*BEGIN)(?:\s+(?:WORK|TRANSACTION))?(?:\s+NAME\s+\S+)?\s*;?\s*$", re.I),
        r"\1",
    ),
    (re.compile(r"^(\s*START)\s+TRANSACTION.*$", re.I), "BEGIN"),
)


# The bind that holds the statement's start.
NOW = "account_now"


def parse(sql: str) -> Expr:
    """The statement's tree; a syntax error is Snowflake's 001003.

    Pipelines repeat their statements to the letter: each text is read once.
    """
    return _parsed(sql).copy()


@lru_cache(maxsize=512)
def _parsed(sql: str) -> Expr:
    for pattern, replacement in _TEXT_FIXES:
        sql = pattern.sub(replacement, sql)
    try:
        trees = sqlglot.parse(_spaced_casts(sql), read="snowflake")
    except (ParseError, TokenError) as error:
        if _SCRIPT.match(sql):
            raise errors.unsupported(f"Snowflake Scripting: {sql[:200]}") from None
        raise translate(error, sql) from None
    # A comment after the semicolon is a tree of its own.
    found = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(found) != 1:
        raise errors.SnowflakeError(
            errors.STATEMENT_COUNT,
            f"Actual statement count {len(found)} did not match the desired statement count 1.",
        )
    tree = found[0]
    if isinstance(tree, exp.Create) and _OR_ALTER.match(sql):
        tree.set("replace", False)
        tree.set("or_alter", True)
    return tree


def _spaced_casts(sql: str) -> str:
    """sqlglot takes `?::` for one sign where the bind is cast."""
    if "?::" not in sql:
        return sql
    parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\"|\$\$.*?\$\$)", sql, flags=re.S)
    return "".join(p if i % 2 else p.replace("?::", "? ::") for i, p in enumerate(parts))


def number_binds(tree: Expr) -> int:
    """Name the `?` marks b1, b2 … so that rewriting may move or repeat them; returns how many."""
    marks = [m for m in tree.find_all(exp.Placeholder, bfs=False) if not m.this]
    for index, mark in enumerate(marks, start=1):
        mark.set("this", f"b{index}")
    return len(marks)


def _each(tree: Expr, *rewrites: Rewrite) -> Expr:
    """Apply rewrites one after another, each from the leaves up: what a node becomes contains
    what its parts have become."""
    for rewrite in rewrites:
        for node in reversed(list(tree.walk())):
            parent, key, index = node.parent, node.arg_key, node.index
            replacement = rewrite(node)
            if replacement is node:
                continue
            if node is tree:
                tree = replacement
                tree.parent = None
            elif parent is not None and key is not None:
                parent.set(key, replacement, index)
    return tree


def query(tree: Expr) -> Expr:
    """A SELECT or DML statement for DuckDB. Its bind `account_now` is the statement's start, an
    instant, which CURRENT_TIMESTAMP answers throughout."""
    functions.refuse(tree)
    return definition(_each(tree, _clock))


def definition(tree: Expr) -> Expr:
    """A view's or table's statement for DuckDB: as `query`, with the clock left running."""
    functions.refuse(tree)
    tree = _json_paths(tree)
    return _each(
        tree,
        _values_columns,
        *functions.REWRITES,
        fs.try_parse_json,
        fs.split,
        fs.regex_replace,
        fs.regex_substr,
        fs.sequence_nextval,
        _sequences,
        _conversions,
        _timestamps,
        fs.to_date,
        fs.timestamp_offsets,
        _numbers,
        fs.to_variant,
        _arrays,
        fs.object_construct,
        _types,
        fs.sample,
        fs.array_size,
        fs.random,
        fs.array_agg_within_group,
        fs.array_agg,
        fs.object_agg,
        fs.dateadd_date_cast,
        fs.dateadd_string_literal_timestamp_cast,
        fs.datediff_string_literal_timestamp_cast,
        fs.hex_string,
        fs.sha256,
        fs.alias_in_join,
        fs.alias_in_where,
    )


def copy_source(tree: exp.Copy, binds: Mapping[str, object]) -> exp.Copy:
    """COPY INTO with its options' binds filled in and its stage's quotes gone."""
    for mark in list(tree.find_all(exp.Placeholder)):
        mark.replace(exp.Literal.string(str(binds[mark.this])))
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_string and literal.name.startswith("@"):
            literal.replace(exp.Var(this=literal.name))
    for field in list(tree.find_all(exp.JSONExtract)):
        # $1:name of a file with columns is the column.
        if isinstance(field.this, exp.Parameter) and (key := field.find(exp.JSONPathKey)):
            field.replace(exp.column(exp.to_identifier(key.this, quoted=True)))
    return tree


def upper_case(tree: Expr) -> Expr:
    """Unquoted identifiers are upper case."""
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted and isinstance(identifier.this, str):
            identifier.set("this", identifier.this.upper())
    return tree


def name_columns(tree: Expr) -> Expr:
    """Columns of a query without an alias are named by their text, as Snowflake names them."""
    select = tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if isinstance(select, exp.Select):
        select.set("expressions", [_named(column) for column in select.expressions])
    return tree


def _named(column: Expr) -> Expr:
    if isinstance(column, exp.Alias | exp.Column | exp.Star | exp.Aliases | exp.Parameter):
        return column
    if isinstance(column, exp.Subquery) and column.alias:
        return column
    text = column.sql(dialect="snowflake", comments=False)
    if isinstance(column, exp.CurrentDate | exp.CurrentTime):
        text = f"{text}()"
    if not isinstance(column, exp.Literal):
        text = re.sub(r"\bCAST\((.+) AS (\w+(?:\([\d, ]+\))?)\)", r"\1::\2", text).upper()
    return exp.alias_(column, text, quoted=True)


def _clock(node: Expr) -> Expr:
    if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return _utc_now()
    if isinstance(node, exp.CurrentTimestamp | exp.Localtimestamp):
        return _now()
    if isinstance(node, exp.CurrentDate | exp.CurrentTime | exp.Localtime):
        kind = "DATE" if isinstance(node, exp.CurrentDate) else "TIME"
        return exp.cast(exp.cast(_now(), "TIMESTAMP", dialect="duckdb"), kind, dialect="duckdb")
    if isinstance(node, exp.Anonymous) and node.name.upper() == "SYSDATE":
        return _utc_now()
    return node


def _now() -> Expr:
    return exp.cast(exp.Placeholder(this=NOW), "TIMESTAMPTZ", dialect="duckdb")


def _utc_now() -> Expr:
    return exp.paren(exp.AtTimeZone(this=_now(), zone=exp.Literal.string("UTC")))


def merge(tree: exp.Merge) -> exp.Merge:
    """DuckDB wants the target's columns bare in SET and INSERT.

    https://docs.snowflake.com/en/sql-reference/sql/merge
    """
    for when in tree.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Update):
            for assignment in then.expressions:
                assignment.this.set("table", None)
                assignment.this.set("db", None)
                assignment.this.set("catalog", None)
        elif isinstance(then, exp.Insert) and isinstance(then.this, exp.Tuple | exp.Schema):
            for column in then.this.expressions:
                if isinstance(column, exp.Column):
                    column.set("table", None)
    return tree


def insert_from(tree: exp.Insert, relation: str) -> None:
    """INSERT … VALUES (?, …) becomes INSERT … SELECT <the values> FROM a relation of binds."""
    (row,) = tree.expression.expressions
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    select = exp.select(*values).from_(exp.to_identifier(relation, quoted=True))
    for mark in list(select.find_all(exp.Placeholder)):
        mark.replace(exp.column(exp.to_identifier(mark.this, quoted=True)))
    tree.set("expression", select)


# --- semi-structured ---------------------------------------------------------------------------


def _json_paths(tree: Expr) -> Expr:
    """Chains of v:a.b, v['a'] and v[0] become one extraction; a cast takes the value's text.

    https://docs.snowflake.com/en/user-guide/querying-semistructured
    """

    def fold(node: Expr) -> Expr:
        if not _is_path(node):
            return node
        _refuse_variant(node)
        base, path = _path(node)
        base = base.transform(fold, copy=False)
        wanted = _wants_text(node)
        value = exp.Anonymous(
            this="_account_json_text" if wanted else "json_extract",
            expressions=[base, exp.Literal.string("$" + path)],
        )
        return exp.cast(value, "DOUBLE", dialect="duckdb") if wanted == "number" else value

    return tree.transform(fold, copy=False)


def _is_path(node: Expr) -> bool:
    if isinstance(node, exp.JSONExtract):
        return isinstance(node.expression, exp.JSONPath)
    return (
        isinstance(node, exp.Bracket)
        and len(node.expressions) == 1
        and isinstance(node.expressions[0], exp.Literal)
    )


def _path(node: Expr) -> tuple[Expr, str]:
    """The value that a chain starts from, and the chain as a DuckDB JSON path."""
    base, path = node, ""
    while _is_path(base):
        if isinstance(base, exp.JSONExtract):
            path = "".join(_step(part) for part in base.expression.expressions) + path
        else:
            path = _key(base.expressions[0]) + path
        base = base.this
        while isinstance(base, exp.Paren) and _is_path(base.this):
            base = base.this
    return base, path


def _step(part: Expr) -> str:
    if isinstance(part, exp.JSONPathSubscript):
        key = part.this
        return f"[{key}]" if isinstance(key, int) else _quoted(str(key))
    return _quoted(part.this) if isinstance(part, exp.JSONPathKey) else ""


def _key(literal: Expr) -> str:
    return _quoted(literal.this) if literal.is_string else f"[{literal.this}]"


def _quoted(key: str) -> str:
    return '."' + key.replace('"', '\\"') + '"'


_ORDERINGS = (exp.LT, exp.LTE, exp.GT, exp.GTE)
_COMPARISONS = (*_ORDERINGS, exp.EQ, exp.NEQ)


def _refuse_variant(path: Expr) -> None:
    """A VARIANT has to be cast where its order or its type decides: JSON's text would lie."""
    parent = _context(path)
    if isinstance(parent, exp.TryCast) or (
        isinstance(parent, exp.ToNumber | exp.Anonymous)
        and (parent.args.get("safe") or parent.name.upper().startswith("TRY_TO_"))
    ):
        name = "TRY_CAST" if isinstance(parent, exp.TryCast) else "TRY_TO_…"
        raise errors.compilation(
            errors.ARGUMENT_TYPES, f"Function {name} cannot be used with arguments of types VARIANT"
        )
    both = isinstance(parent, _ORDERINGS) and all(
        _is_path(side.unnest()) for side in (parent.this, parent.expression)
    )
    if both or isinstance(parent, exp.Max | exp.Min | exp.Ordered):
        text = path.sql(dialect="snowflake")
        raise errors.unsupported(f"ordering the VARIANT {text}: cast it first, as in {text}::INT")


def _context(node: Expr) -> Expr | None:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent


def _wants_text(node: Expr) -> str:
    """'text' where the value's text is meant (a cast, a comparison, a text function), 'number'
    where its number is, '' where a VARIANT is."""
    parent = _context(node)
    if isinstance(parent, exp.Cast | exp.TryCast):
        return "text" if parent.to.this not in _JSON_TYPES else ""
    if isinstance(
        parent,
        exp.Upper | exp.Lower | exp.Trim | exp.Like | exp.ILike | exp.DPipe | exp.Concat,
    ):
        return "text"
    if isinstance(parent, _COMPARISONS):
        sides = [side.unnest() for side in (parent.this, parent.expression)]
        if any(isinstance(side, exp.Literal) and not side.is_string for side in sides):
            return "number"
        return "" if all(_is_path(side) for side in sides) else "text"
    if isinstance(parent, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Neg | exp.Mod):
        return "number"
    if isinstance(parent, exp.Binary) and not isinstance(parent, exp.Dot):
        return "text" if any(isinstance(s, exp.Literal) for s in parent.flatten()) else ""
    return "text" if isinstance(parent, exp.In) and node.arg_key == "this" else ""


def _arrays(node: Expr) -> Expr:
    """Snowflake's arrays hold values of any type: they are JSON."""
    if isinstance(node, exp.Array):
        return exp.Anonymous(this="json_array", expressions=node.expressions)
    if isinstance(node, exp.ArrayConcat | exp.ArrayConstructCompact):
        return exp.Cast(this=node, to=exp.DataType.build("JSON", dialect="duckdb"))
    return node


def _values_columns(node: Expr) -> Expr:
    """VALUES name their columns COLUMN1, COLUMN2 …, and $1 means COLUMN1.

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    if isinstance(node, exp.Values) and node.find_ancestor(exp.Select):
        row = node.expressions[0]
        count = len(row.expressions) if isinstance(row, exp.Tuple) else 1
        alias = node.args.get("alias")
        if not (alias and alias.args.get("columns")):
            name = alias.this if alias and alias.this else exp.to_identifier("_")
            columns = [exp.to_identifier(f"COLUMN{i + 1}", quoted=True) for i in range(count)]
            node.set("alias", exp.TableAlias(this=name, columns=columns))
    elif isinstance(node, exp.Parameter) and node.this and node.this.name.isdigit():
        return exp.column(exp.to_identifier(f"COLUMN{node.this.name}", quoted=True))
    return node


# --- types and conversions ---------------------------------------------------------------------


def _sequences(node: Expr) -> Expr:
    """SEQ4() and SEQ8() count rows; inside an ORDER BY they leave the order as it is."""
    if isinstance(node, exp.Seq1 | exp.Seq2 | exp.Seq4 | exp.Seq8):
        if node.find_ancestor(exp.Window):
            return exp.Null()
        window = exp.Window(this=exp.RowNumber())
        return exp.paren(exp.Sub(this=window, expression=exp.Literal.number(1)))
    return node


_TRY = {
    exp.DataType.Type.TIMESTAMP: "_account_try_ntz",
    exp.DataType.Type.TIMESTAMPNTZ: "_account_try_ntz",
    exp.DataType.Type.TIMESTAMPTZ: "_account_try_tz",
    exp.DataType.Type.TIMESTAMPLTZ: "_account_try_tz",
    exp.DataType.Type.DATE: "_account_try_date",
}


def _conversions(node: Expr) -> Expr:
    """Casts: a VARIANT's text is its value without quotes; TO_VARCHAR likewise; TRY_CAST reads
    what Snowflake reads, and no more."""
    if isinstance(node, exp.ParseJSON) and not node.args.get("expression"):
        text = exp.func("NULLIF", exp.func("TRIM", node.this), exp.Literal.string(""))
        cast = exp.TryCast if node.args.get("safe") else exp.Cast
        return cast(this=text, to=exp.DataType.build("JSON", dialect="duckdb"))
    if isinstance(node, exp.Typeof):
        return exp.Anonymous(this="_account_typeof", expressions=[node.this])
    if isinstance(node, exp.TryCast):
        if function := _TRY.get(node.to.this):
            return exp.Anonymous(this=function, expressions=[node.this])
        if node.to.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.INT):
            node.set("this", exp.Anonymous(this="_account_number_text", expressions=[node.this]))
        return node
    if isinstance(node, exp.ToChar) and not node.args.get("format"):
        return exp.Anonymous(this="_account_text", expressions=[node.this])
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        if node.to.this in _TEXT_TYPES and functions.text_differs(node.this):
            return exp.Anonymous(this="_account_text", expressions=[node.this])
        if node.to.this in _NTZ_TYPES:
            node.set("to", exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return node


def _timestamps(node: Expr) -> Expr:
    """TRY_TO_TIMESTAMP*, TRY_TO_DATE: NULL where the text is none; never DuckDB's 'epoch'."""
    if isinstance(node, exp.UnixToTime):
        scale = node.args.get("scale") or exp.Literal.number(0)
        return exp.Anonymous(this="_fs_to_timestamp", expressions=[node.this, scale])
    name = node.name.upper() if isinstance(node, exp.Anonymous) else ""
    if name in ("TO_TIMESTAMP", "TO_TIMESTAMP_NTZ") and len(node.expressions) == 1:
        return exp.Anonymous(
            this="_fs_to_timestamp", expressions=[*node.expressions, exp.Literal.number(0)]
        )
    if name in ("TO_TIMESTAMP_TZ", "TO_TIMESTAMP_LTZ") and len(node.expressions) == 1:
        return exp.cast(node.expressions[0], "TIMESTAMPTZ", dialect="duckdb")
    kinds = {
        "TRY_TO_TIMESTAMP": "ntz",
        "TRY_TO_TIMESTAMP_NTZ": "ntz",
        "TRY_TO_TIMESTAMP_TZ": "tz",
        "TRY_TO_TIMESTAMP_LTZ": "tz",
        "TRY_TO_DATE": "date",
    }
    if name in kinds and len(node.expressions) == 1:
        return exp.Anonymous(this=f"_account_try_{kinds[name]}", expressions=node.expressions)
    return node


def _numbers(node: Expr) -> Expr:
    """TRY_TO_NUMBER(text, p, s): NULL where the text is no number of Snowflake's.

    https://docs.snowflake.com/en/sql-reference/functions/try_to_decimal
    """
    if isinstance(node, exp.ToNumber) and node.args.get("safe"):
        node.set("this", exp.Anonymous(this="_account_number_text", expressions=[node.this]))
    return fs.to_decimal(node)


def _types(node: Expr) -> Expr:
    """Column and cast types. NUMBER without a scale: 64 bits in a table, 38 digits in a cast."""
    if not isinstance(node, exp.DataType):
        return node
    if isinstance(node.parent, exp.Cast) and node.this in (
        exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT,
        exp.DataType.Type.SMALLINT,
        exp.DataType.Type.TINYINT,
        exp.DataType.Type.DECIMAL,
    ):
        if node.this == exp.DataType.Type.DECIMAL and node.expressions:
            return node
        return exp.DataType.build("DECIMAL(38, 0)", dialect="duckdb")
    for rewrite in (fs.semi_structured_types, fs.timestamp_ntz, fs.float_to_double):
        node = rewrite(node)
    return fs.integer_precision(node)


# --- names ---------------------------------------------------------------------------------------


def tables(tree: Expr) -> list[exp.Table]:
    """The tables, views and streams that a statement names: no CTEs, functions or stages."""
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not _is_cte(table)
    ]


def _is_cte(table: exp.Table) -> bool:
    """Does this name mean a CTE? In its own body, unless recursive, a CTE's name is a table's."""
    if table.args.get("db"):
        return False
    child: Expr = table
    parent = table.parent
    while parent is not None:
        with_ = parent.args.get("with_")
        if with_ is not None:
            visible = with_.expressions
            if child is with_ and not with_.args.get("recursive"):
                own = table.find_ancestor(exp.CTE)
                while own is not None and own.parent is not with_:
                    own = own.find_ancestor(exp.CTE)
                visible = visible[: visible.index(own)] if own in visible else visible
            if any(cte.alias.upper() == table.name.upper() for cte in visible):
                return True
        child, parent = parent, parent.parent
    return False
