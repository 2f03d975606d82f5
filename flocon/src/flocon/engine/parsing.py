"""Statements' texts as trees, and what the trees name."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlglot
from sqlglot import Expr, exp
from sqlglot.dialects import Snowflake
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.engine import (
    argument_counts,
    argument_types,
    chained_comparisons,
    choices,
    column_names,
    dotted_paths,
    foreign,
    literals,
    moments,
    multi_inserts,
    sources,
)
from flocon.engine.failures import translate
from flocon.engine.fast.statement_cache import StatementCache
from flocon.engine.marked_names import marked, names_column
from flocon.sql import error_places, misread
from flocon.sql.statement_text import StatementText
from flocon.sql.tokens import Name, Tokens, tokenize

_BLANK = r"(?:\s|--[^\n]*+|//[^\n]*+|(?>/\*.*?\*/))"
_NAME = r'(?:"(?:[^"]|"")++"|[A-Za-z_][\w$]*+)'
_TABLE = rf"(?:{_NAME}(?:\.{_NAME}){{0,2}}+|IDENTIFIER\s*\([^()]*\))"
# In a statement's meta: how it was written.
WRITTEN = "written"
# What is written so and sqlglot does not read.
_TEXT_FIXES = (
    # COPY INTO t, without FROM and options, of which one then says what goes without saying.
    (
        re.compile(
            rf"^({_BLANK}*+COPY{_BLANK}++INTO{_BLANK}++{_TABLE}(?:{_BLANK}*+\([^()]*\))?+)"
            rf"({_BLANK}*+;?{_BLANK}*+)$",
            re.I | re.S,
        ),
        r"\1 FORCE = FALSE \2",
    ),
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
    # ALTER TABLE t DROP a, b, without the word.
    (
        re.compile(
            rf"^(\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_TABLE}\s+DROP\s+)"
            r"(?!COLUMN\b|CONSTRAINT\b|PRIMARY\b|UNIQUE\b|FOREIGN\b|CLUSTERING\b|ROW\b|ALL\b"
            rf"|AGGREGATION\b|SEARCH\b|STORAGE\b|JOIN\b)((?:IF\s+EXISTS\s+)?{_NAME}(?:\s*,\s*{_NAME})*"
            r"\s*;?\s*)$",
            re.I,
        ),
        r"\1COLUMN \2",
    ),
)


def parse(sql: str) -> Expr:
    """The statement's tree; a syntax error is Snowflake's 001003."""
    for pattern, replacement in _TEXT_FIXES:
        sql = pattern.sub(replacement, sql)
    try:
        sql = _spaced_exponents(_spaced_casts(sql))
        trees = sqlglot.parse(sql, read="snowflake")
    except (ParseError, TokenError) as error:
        if StatementText(sql).is_script:
            raise errors.unsupported(f"Snowflake Scripting: {sql[:200]}") from None
        raise translate(error, sql) from None
    except misread.STUMBLES:
        raise misread.unread() from None
    # A comment after the semicolon is a tree of its own.
    found = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(found) != 1:
        raise errors.SnowflakeError(
            errors.STATEMENT_COUNT,
            f"Actual statement count {len(found)} did not match the desired statement count 1.",
        )
    tree = found[0]
    if isinstance(tree, exp.Command) and tree.name.upper() == "ALTER":
        tree = _altered_columns(sql) or tree
    if isinstance(tree, exp.Alter):
        tree.set("actions", [one for each in tree.args["actions"] for one in _dropped(each)])
    if isinstance(tree, exp.Create) and StatementText(sql).is_or_alter:
        tree.set("replace", False)
        tree.set("or_alter", True)
    if isinstance(tree, exp.Copy):
        _name_file_format(tree)
    if isinstance(tree, exp.Create) and tree.kind == "STAGE":
        for item in tree.find_all(exp.FileFormatProperty):
            item.set("expressions", _format_options(item.expressions))
    if isinstance(tree, exp.MultitableInserts):
        multi_inserts.complete(tree, StatementText(sql))
    if StatementText(sql).may_have_quoted_places:
        sources.read_quoted_places(tree)
    column_names.keep_texts(tree, sql)
    _finish(tree, sql)
    return tree


def _finish(tree: Expr, sql: str) -> None:
    """See what is none of Snowflake's. Nobody asks where in the text a name stood, and a copy of a
    tree would take three times as long with it."""
    has_spellings = literals.has_spellings(sql)
    foreign.refuse_all(sql)
    has_zeros = _ZEROS.search(sql) is not None
    dots, comparisons = [], []
    for node in tree.walk():
        if type(node) in misread.CONCERNED:
            misread.see(node, sql)
        if type(node) in foreign.CONCERNED:
            foreign.see(node, sql)
        elif type(node) in chained_comparisons.COMPARISONS:
            comparisons.append(node)
        elif type(node) is exp.Dot:
            dots.append((node, node.expression.meta.get("start", 0)))
            continue
        elif type(node) is exp.Lambda:
            argument_types.check_lambda_keys(node)
        elif has_spellings and type(node) is exp.Literal and not node.is_string:
            literals.spell(node)
        elif has_zeros and type(node) is exp.If:
            choices.name_zeros(node, sql)
        elif type(node) is exp.Update:
            _read_defaults(node)
        elif type(node) in _ROWS:
            _check_rows(node, sql)
        elif type(node) in _WITHOUT_ALL and not node.args.get("distinct"):
            raise _not_all(sql)
        elif type(node) is exp.With and (going_on := list(filter(_goes_on, node.expressions))):
            _check_all(going_on)
            node.set("recursive", True)
        if node._meta and "line" in node._meta:
            node._meta = {k: v for k, v in node._meta.items() if k not in _POSITIONS} or None
    for comparison in reversed(comparisons):
        chained_comparisons.see(comparison)
    for dot, place in reversed(dots):
        dotted_paths.read(dot, sql, place)


_WITHOUT_ALL = (exp.Except, exp.Intersect)


def _not_all(sql: str) -> errors.SnowflakeError:
    """INTERSECT and EXCEPT leave out equal rows.

    https://docs.snowflake.com/en/sql-reference/operators-query
    """
    found = re.search(r"\b(?:INTERSECT|EXCEPT|MINUS)\s+(ALL)\b", sql, re.I)
    before = sql[: found.start(1)] if found else ""
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)
    return errors.syntax(f"line {line} at position {column}", "ALL")


_ROWS: dict[type[Expr], str] = {
    exp.Fetch: "count",
    exp.Limit: "expression",
    exp.Offset: "expression",
}


def _check_rows(clause: Expr, sql: str) -> None:
    """How many rows is a whole constant, NULL, an empty text or a bind. And LIMIT has no comma:
    SQLGlot reads `LIMIT 1, 2` as an OFFSET.

    https://docs.snowflake.com/en/sql-reference/constructs/limit
    """
    count = clause.args.get(_ROWS[type(clause)])
    if count is not None and (count.is_string or type(count) is exp.RawString) and not count.name:
        clause.set(_ROWS[type(clause)], exp.Null())
        count = None
    is_right = count is None or isinstance(count, _COUNTS) or _is_count(count)
    if is_right and type(clause) is not exp.Offset:
        return
    tokens = tokenize(sql)
    for word, first, second in zip(tokens, tokens[1:], [*tokens[2:], None], strict=False):
        if word.token_type == TokenType.LIMIT and second and second.token_type == TokenType.COMMA:
            raise errors.syntax(error_places.place(sql, second.start), ",")
        if is_right or word.text.upper() not in ("FETCH", "LIMIT", "OFFSET", "TOP"):
            continue
        is_whole = first.token_type == TokenType.NUMBER and first.text.isdigit()
        if not is_whole:
            shown = sql[first.start : first.end + 1]
            raise errors.syntax(error_places.place(sql, first.start), shown)
        if second and second.text in _GOING_ON:
            raise errors.syntax(error_places.place(sql, second.start), second.text)
    if not is_right:
        raise errors.compilation(errors.SYNTAX, f"syntax error in {clause.sql('snowflake')[:100]}")


_COUNTS = (exp.Null, exp.Parameter, exp.Placeholder, exp.SessionParameter)
_GOING_ON = ("+", "-", "*", "/", "%", "::", "||")


def _is_count(count: Expr) -> bool:
    return isinstance(count, exp.Literal) and not count.is_string and bool(count.is_int)


def _read_defaults(update: exp.Update) -> None:
    """SET column = DEFAULT names no column.

    https://docs.snowflake.com/en/sql-reference/sql/update
    """
    for assignment in update.expressions:
        value = assignment.args.get("expression")
        if not isinstance(value, exp.Column) or len(value.parts) > 1 or value.this.quoted:
            continue
        if value.name.upper() == "DEFAULT":
            assignment.set("expression", exp.var("DEFAULT"))


_ZEROS = re.compile(r"ZEROIFNULL|NULLIFZERO", re.I)


def _goes_on(cte: exp.CTE) -> bool:
    """Does its query go on with what it has found? RECURSIVE need not be said.

    https://docs.snowflake.com/en/sql-reference/constructs/with
    """
    query = cte.this
    if not isinstance(query, exp.Union):
        return False
    own = cte.alias.upper()
    return any(
        not each.db and each.name.upper() == own for each in query.expression.find_all(exp.Table)
    )


def _check_all(ctes: Sequence[Expr]) -> None:
    """Snowflake's page has UNION ALL alone between what is found and what goes on with it."""
    for cte in ctes:
        if cte.this.args.get("distinct"):
            raise errors.unsupported("a recursive CTE with UNION: write UNION ALL")


_POSITIONS = ("line", "col", "start", "end")


def _name_file_format(tree: exp.Copy) -> None:
    """FILE_FORMAT = name, (FORMAT_NAME = name) and options with commas, as (FORMAT_NAME = 'name')
    and without.

    https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
    """
    for parameter in tree.args.get("params") or ():
        if parameter.name.upper() != "FILE_FORMAT":
            continue
        options = parameter.expressions
        if isinstance(parameter.expression, exp.Identifier | exp.Column | exp.Table):
            options = [exp.Property(this=exp.var("FORMAT_NAME"), value=parameter.expression)]
            parameter.set("expression", None)
        parameter.set("expressions", _format_options(options))


def _format_options(written: Sequence[Expr]) -> list[Expr]:
    """Without the commas between them, and the name of a format as a text."""
    options = [
        option
        for option in written
        if not (isinstance(option, exp.SequenceProperties) and not option.args)
    ]
    for option in options:
        value = option.args.get("value")
        if value is None or isinstance(value, exp.Literal):
            continue
        if option.name.upper() == "FORMAT_NAME":
            option.set("value", exp.Literal.string(value.sql("snowflake")))
    return options


_SETS_NOT_NULL = re.compile(r'^("(?:[^"]|"")*"|\w+)\s+NOT\s+NULL\s*$', re.IGNORECASE)


_UNSETS_COMMENT = re.compile(r"(?<=\s)UNSET\s+COMMENT\s*$", re.IGNORECASE)


def _altered_columns(sql: str) -> Expr | None:
    """ALTER TABLE … ALTER of several columns; SQLGlot reads one column at a time, NOT NULL behind
    SET alone, and no UNSET COMMENT.

    https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
    """
    tokens = Tokens(sql)
    tokens.expect("ALTER")
    if not tokens.peek_any("TABLE", "VIEW"):
        return None
    before = tokens.until("ALTER", "MODIFY")
    if tokens.done:
        return None
    tokens.next()
    columns = []
    while not tokens.done:
        tokens.accept("COLUMN")
        column = _SETS_NOT_NULL.sub(r"\1 SET NOT NULL", tokens.until(","))
        columns.append(_UNSETS_COMMENT.sub("COMMENT ''", column))
        tokens.accept(",")
    if len(columns) < 2 and not columns[0].endswith((" SET NOT NULL", " COMMENT ''")):
        return None
    whole, *others = (parse(f"ALTER {before} ALTER COLUMN {column}") for column in columns)
    for other in others:
        if not (isinstance(whole, exp.Alter) and isinstance(other, exp.Alter)):
            return None
        whole.args["actions"].extend(other.args["actions"])
    return whole


def _dropped(action: Expr) -> list[Expr]:
    """DROP COLUMN a, b as one action for each column.

    https://docs.snowflake.com/en/sql-reference/sql/alter-table
    """
    columns = action.args.get("tables") if isinstance(action, exp.Drop) else None
    if not columns or len(columns) == 1:
        return [action]
    made = [action.copy() for _ in columns]
    for one, column in zip(made, columns, strict=True):
        one.set("tables", [column.copy()])
    return made


def parse_repeated(sql: str, statements: StatementCache) -> Expr:
    """The same for one that may come again; the tree is the caller's own."""
    tree: Expr = statements.by_text("parsed", sql, lambda: parse(sql))
    return tree.copy()


def _spaced_casts(sql: str) -> str:
    """sqlglot takes `?::` for one sign where the bind is cast."""
    return _outside_texts(sql, lambda part: part.replace("?::", "? ::")) if "?::" in sql else sql


def _spaced_exponents(sql: str) -> str:
    """sqlglot takes `1e2+3` for one number."""
    if not _EXPONENT_AND_SIGN.search(sql):
        return sql
    return _outside_texts(sql, lambda part: _EXPONENT_AND_SIGN.sub(r"\1 ", part))


_EXPONENT_AND_SIGN = re.compile(r"(\b\d[\d.]*[eE][+-]?\d+)(?=[+-])")


def _outside_texts(sql: str, change: Callable[[str], str]) -> str:
    parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\"|\$\$.*?\$\$)", sql, flags=re.S)
    return "".join(part if place % 2 else change(part) for place, part in enumerate(parts))


def _placed_mark(parser: Any) -> exp.Placeholder:
    """A `?` that remembers its place in the text: a tree's order is not the text's."""
    mark = exp.Placeholder()
    mark.meta[_PLACE] = parser._prev.start
    return mark


_PLACE = "place"
Snowflake.Parser.PLACEHOLDER_PARSERS = {
    **Snowflake.Parser.PLACEHOLDER_PARSERS,
    TokenType.PLACEHOLDER: _placed_mark,
}


def _typed_constant(parser: Any, value: Expr, kind: exp.DataType) -> Expr:
    """DATE '2024-01-01'::VARCHAR is a date that is cast: SQLGlot casts the text before."""
    text = value
    while isinstance(text, exp.Cast):
        text = text.this
    constant = parser.expression(exp.Cast(this=text.copy(), to=kind))
    if text is value:
        return constant
    text.replace(constant)
    return value


Snowflake.Parser.TYPE_LITERAL_PARSERS = {
    **Snowflake.Parser.TYPE_LITERAL_PARSERS,
    **dict.fromkeys((exp.DType.DATE, exp.DType.TIME, *moments.KINDS), _typed_constant),
}


def _clustering_key(parser: Any) -> exp.ClusterProperty:
    """CLUSTER BY takes expressions such as `id > 5`: SQLGlot reads columns and calls.

    https://docs.snowflake.com/en/user-guide/tables-clustering-keys
    """
    keys = parser._parse_wrapped_csv(parser._parse_disjunction)
    return parser.expression(exp.ClusterProperty(expressions=keys))


Snowflake.Parser.PROPERTY_PARSERS = {
    **Snowflake.Parser.PROPERTY_PARSERS,
    "CLUSTER BY": _clustering_key,
}
Snowflake.Parser.ALTER_PARSERS = {**Snowflake.Parser.ALTER_PARSERS, "CLUSTER BY": _clustering_key}

# A column may be called ARRAY or LIST; only brackets alone make an array.
Snowflake.Parser.ARRAY_CONSTRUCTORS = {}


def _with_its_format(build: Callable[..., Expr]) -> Callable[..., Expr]:
    """A function of a text and its format, which stays as it is written: SQLGlot would put it into
    the words of strptime, which lack some of Snowflake's."""

    def built(args: list[Expr], dialect: Any) -> Expr:
        format = args[1] if len(args) > 1 else None
        made = build(args, dialect)
        if format is not None and "format" in made.args:
            made.set("format", format)
        return made

    return built


_READERS = (
    "DATE", "TO_DATE", "TO_TIME", "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_NTZ",
    "TO_TIMESTAMP_TZ", "TRY_TO_DATE", "TRY_TO_TIME", "TRY_TO_TIMESTAMP", "TRY_TO_TIMESTAMP_LTZ",
    "TRY_TO_TIMESTAMP_NTZ", "TRY_TO_TIMESTAMP_TZ",
)  # fmt: skip
# The session answers them, not the engine.
_OF_SESSION = ("CURRENT_AVAILABLE_ROLES", "CURRENT_SECONDARY_ROLES", "CURRENT_TRANSACTION")


def _of_session(name: str) -> Callable[[list[Any]], Expr]:
    return lambda args: exp.Anonymous(this=name, expressions=args)


def _of_a_dividend(build: Callable[[list[Expr]], Expr]) -> Callable[[list[Expr]], Expr]:
    """DIV0NULL is NULL where the dividend is: SQLGlot asks for that of DIV0 alone.

    https://docs.snowflake.com/en/sql-reference/functions/div0null
    """

    def built(args: list[Expr]) -> Expr:
        made = build(args)
        is_there = exp.not_(exp.Is(this=args[0].copy(), expression=exp.Null()), copy=False)
        made.set("this", exp.and_(made.this, is_there, copy=False))
        return made

    return built


Snowflake.Parser.FUNCTIONS = {
    **Snowflake.Parser.FUNCTIONS,
    "DIV0NULL": _of_a_dividend(Snowflake.Parser.FUNCTIONS["DIV0NULL"]),
    **{name: _of_session(name) for name in _OF_SESSION},
    **{name: _with_its_format(Snowflake.Parser.FUNCTIONS[name]) for name in _READERS},
    "TO_CHAR": exp.ToChar.from_arg_list,
    "TO_VARCHAR": exp.ToChar.from_arg_list,
}
Snowflake.Parser.FUNCTIONS = argument_counts.checked(Snowflake.Parser.FUNCTIONS)
Snowflake.Parser.FUNCTION_PARSERS = argument_counts.complete(Snowflake.Parser.FUNCTION_PARSERS)


def number_binds(tree: Expr) -> int:
    """Name the `?` marks b1, b2 … so that rewriting may move or repeat them; returns how many.
    `:1` is b1."""
    marks = []
    for mark in tree.find_all(exp.Placeholder, bfs=False):
        if not mark.this:
            marks.append(mark)
        elif str(mark.this).isdigit():
            mark.set("this", f"b{mark.this}")
        else:
            # Only the variables of Snowflake's scripts have names.
            raise errors.unset_bind(mark.name)
    marks.sort(key=lambda mark: mark.meta.get(_PLACE, 0))
    # Some functions are read as expressions that repeat an argument: that is one mark still.
    places = {mark.meta.get(_PLACE, index): None for index, mark in enumerate(marks)}
    numbers = {place: index for index, place in enumerate(places, start=1)}
    for index, mark in enumerate(marks):
        mark.set("this", f"b{numbers[mark.meta.get(_PLACE, index)]}")
    return len(numbers)


def upper_case(tree: Expr) -> Expr:
    """Unquoted identifiers are upper case, columns have the engine's names; the keys of {'a': 1}
    are texts. The schema of db..t is PUBLIC."""
    for table in tree.find_all(exp.Table):
        if table.catalog and not table.db:
            table.set("db", exp.to_identifier("PUBLIC"))
    for identifier in tree.find_all(exp.Identifier):
        is_key = isinstance(identifier.parent, exp.PropertyEQ) and identifier.arg_key == "this"
        name = identifier.this
        if not isinstance(name, str) or is_key:
            continue
        if not identifier.quoted:
            identifier.set("this", name.upper())
        elif not (name.isascii() and name.isupper()) and names_column(identifier):
            identifier.set("this", marked(name))
    return tree


def unloads(tree: Expr) -> bool:
    """Is it a COPY INTO a place in a stage?"""
    return (
        isinstance(tree, exp.Copy)
        and bool(tree.args.get("kind"))
        and not isinstance(
            (tree.this.this if isinstance(tree.this, exp.Schema) else tree.this).this,
            exp.Identifier,
        )
    )


def tables(tree: Expr) -> list[exp.Table]:
    """The tables, views and streams that a statement names: no CTEs, functions or stages."""
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not _is_cte(table)
    ]


def staged(tree: Expr) -> list[exp.Table]:
    """The places in stages that a query reads."""
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Var | exp.Literal) and table.this.name.startswith("@")
    ]


def name_of(table: exp.Table) -> Name:
    """A table's name as it is written."""
    return Name(table.name, table.db or None, table.catalog or None)


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


def targets(tree: Expr) -> list[exp.Table]:
    """The tables that a DML statement changes."""
    if isinstance(tree, exp.MultitableInserts):
        return multi_inserts.targets(tree)
    target = tree.expressions[0] if isinstance(tree, exp.TruncateTable) else tree.this
    target = target.this if isinstance(target, exp.Schema) else target
    if not isinstance(target, exp.Table):
        raise errors.unsupported(f"DML on {tree.this}")
    return [target]
