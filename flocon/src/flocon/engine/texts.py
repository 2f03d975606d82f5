"""Which expressions are texts in DuckDB, by their form and by the columns' types.

What is a text needs no conversion to one. DuckDB expands a conversion (`macros`) wherever it
stands, and its planner takes a multiple of the time for the statement.
"""

from sqlglot import Expr, exp

from flocon.engine.types import TEXT_TYPES

_FUNCTIONS = (
    exp.Dayname,
    exp.Left,
    exp.Lower,
    exp.MD5,
    exp.Monthname,
    exp.Pad,
    exp.RegexpReplace,
    exp.Repeat,
    exp.Replace,
    exp.Reverse,
    exp.Right,
    exp.SplitPart,
    exp.Substring,
    exp.Trim,
    exp.Typeof,
    exp.Upper,
)
_MACROS = {
    "_account_text",
    "_account_text_in_json",
    "_account_text_in_json_once",
    "_account_text_of_moment",
    "_account_text_of_moment_in_json",
    "_account_text_of_number",
    "_account_text_of_variant",
    "_account_text_once",
    "_account_json_digits",
    "_account_json_text",
    "_account_fitting",
    "_account_fitting_once",
    "_account_text_apart",
    "_account_typeof_apart",
    "_account_typeof_at",
    "_account_typeof_of",
    "_account_zoned_text",
    "_account_zoned_text_once",
    "_account_zoned_text_in_json",
    "_account_zoned_text_in_json_once",
    "_account_written",
    "strftime",
    "_account_user_function_varchar",
}


def is_text(node: Expr) -> bool:
    """Is the value a VARCHAR in DuckDB, and no JSON?"""
    if isinstance(node, exp.Column):
        return node.type is not None and node.type.this in TEXT_TYPES
    if isinstance(node, exp.Literal):
        return bool(node.is_string)
    if isinstance(node, exp.Cast):
        return node.to.this in TEXT_TYPES
    if isinstance(node, exp.Anonymous):
        return node.name in _MACROS
    if isinstance(node, exp.Paren):
        return is_text(node.this)
    if isinstance(node, exp.DPipe):
        return is_text(node.this) and is_text(node.expression)
    if isinstance(node, exp.Concat):
        return all(is_text(part) for part in node.expressions)
    if isinstance(node, exp.Coalesce):
        return _are_texts([node.this, *node.expressions])
    if isinstance(node, exp.Case):
        return _are_texts([*(each.args["true"] for each in node.args["ifs"]), _otherwise(node)])
    return isinstance(node, _FUNCTIONS)


def _otherwise(case: exp.Case) -> Expr:
    return case.args.get("default") or exp.Null()


def _are_texts(values: list[Expr]) -> bool:
    """Are these texts, as far as they are not NULL?"""
    known = [value for value in values if not isinstance(value.unnest(), exp.Null)]
    return bool(known) and all(is_text(value) for value in known)
