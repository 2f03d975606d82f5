"""What a statement's first words tell before it is read: a server finds it a thread by them, a
session its reader."""

import re
from dataclasses import dataclass

# Possessive: no text makes the search go back over what it has passed.
_BEFORE = r"(?:[\s(]|--[^\n]*+|//[^\n]*+|(?>/\*.*?\*/))*+"
_FIRST = re.compile(_BEFORE + r"([A-Za-z]++)", re.DOTALL)
_PROCEDURE = r"\bAS\s+PROCEDURE\b"

# A query or DML for sure: WITH may define a procedure that is called.
QUERY_OR_DML = re.compile(
    rf"{_BEFORE}(?:(?:SELECT|INSERT|MERGE|UPDATE|DELETE)\b|WITH\b(?!.*(?:{_PROCEDURE}|/\*|--|//)))",
    re.DOTALL | re.IGNORECASE,
)
# SELECT SYSTEM$CANCEL_QUERY(…) or SYSTEM$CANCEL_ALL_QUERIES(…): it waits for no other statement.
CANCEL = re.compile(
    r"\s*SELECT\s+(?P<call>(?P<name>SYSTEM\$CANCEL_QUERY|SYSTEM\$CANCEL_ALL_QUERIES)"
    r"\s*\(\s*(?:'(?P<text>[^']*)'|(?P<number>\d+)|(?P<mark>\?))\s*\))\s*;?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cancel:
    """function: in upper case. argument: None where it is a bind. column: of the answer."""

    function: str
    argument: str | None
    column: str


def cancel(found: re.Match[str]) -> Cancel:
    """What `CANCEL` has found."""
    argument = None if found["mark"] else found["text"] or found["number"]
    return Cancel(found["name"].upper(), argument, found["call"].upper())


def first_word(text: str) -> str:
    """The first word in upper case, after comments and parentheses; '' if the text has no word."""
    found = _FIRST.match(text)
    return found[1].upper() if found else ""


def is_call(text: str) -> bool:
    """Does it run a procedure, whose statements follow?"""
    word = first_word(text)
    anonymous = word == "WITH" and re.search(_PROCEDURE, text, re.IGNORECASE)
    return word == "CALL" or bool(anonymous)


def ends_transaction(text: str) -> bool:
    return first_word(text) in ("COMMIT", "ROLLBACK")
