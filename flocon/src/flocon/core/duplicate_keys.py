"""Keys that an object of JSON has twice: PARSE_JSON takes none.

https://docs.snowflake.com/en/sql-reference/functions/parse_json
"""

import json
import re

import orjson

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


def has_none(document: str | bytes) -> bool:
    """False also where that is not known, as of what is no JSON.

    What is parsed and written again has lost a colon with each key that was there before. The
    colons in texts stay, but for one that was escaped.
    """
    try:
        colons = orjson.dumps(orjson.loads(document)).count(b":")
    except (ValueError, TypeError):
        return False
    if isinstance(document, str):
        return colons == document.count(":") and "\\u003" not in document
    return colons == document.count(b":") and b"\\u003" not in document


def check(document: str) -> None:
    """Raises ValueError, with what PARSE_JSON says, for a key that an object has twice."""
    if said := found(document):
        raise ValueError(f"Error parsing JSON: {said}")


def found(document: str) -> str:
    """The same text as CHECK_JSON answers it; '' where there is no such key."""
    if has_none(document):
        return ""
    # The keys of each object around the token, None for an array; and the text before it.
    around: list[set[str] | None] = []
    text: re.Match[str] | None = None
    for token in _TOKEN.finditer(document):
        sign = token[0]
        if sign == ":" and text and around and (keys := around[-1]) is not None:
            key = _key(text[0])
            if key in keys:
                return f'duplicate object attribute "{key}", pos {text.end()}'
            keys.add(key)
        elif sign in "{[":
            around.append(set() if sign == "{" else None)
        elif sign in "}]" and around:
            around.pop()
        text = token if sign[0] == '"' else None
    return ""


def _key(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]
