"""Values of VARIANTs that Python reads and writes: those that the engine's JSON does not tell.

https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

import json
import re
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from flocon.core import duplicate_keys
from flocon.core import variant_marks as marks
from flocon.core.variant_text import compact, float_text, indented

# What JSON has where `marks.marked` finds something; for RE2, which reads megabytes in no time.
_MARKED = r"(^|[:,\[])\s*[-+]?([0-9.]{17}|[0-9.]+[eE]|0[.]0000|(?i:nan|inf))|,\s*\]|undefined"

# What is in no JSON, but perhaps in its texts: a text in single quotes, a key without quotes, two
# commas.
_LENIENT = r"^NULL$|(^|[{\[,:])\s*'|[{,]\s*[A-Za-z_$][\w$]*\s*:|[\[,]\s*,"

# The offset from UTC of a timestamp in JSON.
_OFFSET = re.compile(" [+-][0-9]{4}$")

# Documents of fewer bytes than this are read together: their values are in memory meanwhile.
_TOGETHER = 32_000_000


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let macros ask."""
    special = FunctionNullHandling.SPECIAL
    for name, function in (
        ("_account_marked", marks.marked),
        ("_account_canonical", canonical),
        ("_account_json_of", _json_of),
    ):
        connection.create_function(name, function, ["VARCHAR"], "VARCHAR")
    for name, of_any in (
        ("_account_compact", compact),
        ("_account_ready", _ready),
        ("_account_try_ready", _try_ready),
        ("_account_strict", _strict),
        ("_account_try_strict", _try_strict),
    ):
        connection.create_function(name, of_any, ["VARCHAR"], "VARCHAR", null_handling=special)
    for name, of_many, answer in (
        ("_account_document_has_keys_once", _has_keys_once, "BOOLEAN"),
        ("_account_try_document_has_keys_once", _try_has_keys_once, "BOOLEAN"),
        ("_account_differ", _differ, "BOOLEAN"),
        ("_account_same_key", _same_key, "VARCHAR"),
    ):
        connection.create_function(
            name,
            of_many,
            ["VARCHAR"],
            answer,
            type=PythonUDFType.ARROW,
            null_handling=special,
        )
    text = "VARCHAR"
    connection.create_function("_account_are_alike", _are_alike, [text, text], "BOOLEAN")
    connection.create_function("_account_of_float", marks.of_float, ["DOUBLE"], "VARCHAR")
    connection.create_function(
        "_account_text_of_float",
        _float_texts,
        ["DOUBLE"],
        "VARCHAR",
        type=PythonUDFType.ARROW,
        null_handling=special,
    )


def _are_alike(document: str, forms: str) -> bool:
    """Have the texts in an array the order of what they are? All of them are of one of these forms
    and of one offset from UTC, or none is of any."""
    elements = json.loads(document)
    texts = [each for each in elements if isinstance(each, str)] if elements else []
    found = [[re.fullmatch(form, text) is not None for text in texts] for form in forms.split("\n")]
    offsets = {tuple(_OFFSET.findall(text)) for text in texts}
    return not any(map(any, found)) or (any(map(all, found)) and len(offsets) == 1)


def _float_texts(values: pa.Array) -> pa.Array:
    return pa.array(
        [None if value is None else float_text(value) for value in values.to_pylist()], pa.string()
    )


def _ready(text: str | None) -> str | None:
    """A text that PARSE_JSON gets, as JSON with marks; NULL for a blank one. What is one text is
    read by this, which the planner need not look into; a column's texts by `_account_parsed`."""
    ready = _as_json(text or "")
    duplicate_keys.check(ready)
    if ready and pc.match_substring_regex(pa.scalar(ready), _MARKED).as_py():
        ready = marks.marked(ready)
    return marks.spelled(ready) or None


def _try_ready(text: str | None) -> str | None:
    """The same of TRY_PARSE_JSON."""
    read = _as_json(text or "")
    return None if duplicate_keys.found(read) else _ready(read)


def _has_keys_once(documents: pa.Array) -> pa.Array:
    """Of each text of JSON, whether no object has a key twice; of NULL, false. Raises ValueError
    for one that has."""
    for text, _ in _unsure(documents):
        duplicate_keys.check(text.decode())
    return documents.is_valid()


def _try_has_keys_once(documents: pa.Array) -> pa.Array:
    """The same without an error."""
    return pc.and_(documents.is_valid(), _same_key(documents).is_null())


def _differ(keys: pa.Array) -> pa.Array:
    """Of each text of keys with quotes between them, whether none is there twice; false also where
    one has a quote in it."""
    texts = pc.unique(keys).to_pylist()
    once = {
        text: text is not None and len(set(text.split('"'))) > text.count('"') for text in texts
    }
    if all(once.values()):
        return keys.is_valid()
    return pa.array([once[text] for text in keys.to_pylist()], pa.bool_())


def _same_key(documents: pa.Array) -> pa.Array:
    """What CHECK_JSON says of a key that is twice in an object; NULL without one."""
    said: list[str | None] = [None] * len(documents)
    for text, place in _unsure(documents):
        said[place] = duplicate_keys.found(text.decode()) or None
    return pa.array(said, pa.string())


def _unsure(documents: pa.Array) -> list[tuple[bytes, int]]:
    """The texts that may have a key twice, with their places.

    All are asked for together first, which is quicker. No string of JSON has a line's end in it,
    so that what is one in a document is one in all of them.
    """
    texts = documents.cast(pa.binary()).to_pylist()
    together = b"[%b]" % b",\n".join(text or b"0" for text in texts)
    if len(together) < _TOGETHER and duplicate_keys.has_none(together):
        return []
    return [
        (text, place)
        for place, text in enumerate(texts)
        if text is not None and not duplicate_keys.has_none(text)
    ]


def _as_json(text: str) -> str:
    """A text without blanks around it, as JSON where Snowflake takes it for JSON."""
    read = text.strip(" ")
    if read and pc.match_substring_regex(pa.scalar(read), _LENIENT).as_py():
        return marks.strict(read)
    return read


def _strict(text: str | None) -> str | None:
    """A text that is no JSON as Snowflake reads it, with marks; NULL for a blank one."""
    read = marks.strict((text or "").strip(" "))
    duplicate_keys.check(read)
    return marks.marked(read) or None


def _try_strict(text: str | None) -> str | None:
    """The same without an error."""
    read = marks.strict((text or "").strip(" "))
    return None if duplicate_keys.found(read) else marks.marked(read) or None


def _json_of(document: str) -> str:
    """What TO_JSON answers."""
    return indented(document, 0)


def canonical(document: str) -> str:
    """The text that all spellings of a value share: sorted keys, numbers by their value."""
    try:
        value = json.loads(document, parse_float=_number, parse_int=Decimal)
    except (ValueError, RecursionError):
        return document
    return _canonical(value)


class _Undefined:
    """The element of an array that is no value."""


def _number(token: str) -> Decimal | _Undefined:
    return _Undefined() if token == marks.UNDEFINED else Decimal(marks.digits_of(token))


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, _Undefined):
        return marks.UNDEFINED
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**38:
        return str(int(value))
    if isinstance(value, Decimal):
        return marks.marked(f"{value:f}")
    return json.dumps(value, ensure_ascii=False)
