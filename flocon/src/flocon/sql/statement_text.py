"""A statement's text, and what it tells before the statement is read: a server finds it a thread by
its first words, a session its reader. Whoever wants to know something of a text asks here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from flocon.core import errors

# Possessive: no text makes the search go back over what it has passed.
_COMMENTS = r"(?:\s|--[^\n]*+|//[^\n]*+|(?>/\*.*?\*/))*+"
_BEFORE = r"(?:[\s(]|--[^\n]*+|//[^\n]*+|(?>/\*.*?\*/))*+"
_FIRST = re.compile(_BEFORE + r"([A-Za-z]++)", re.DOTALL)
_PROCEDURE = r"\bAS\s+PROCEDURE\b"
_IMMEDIATE = re.compile(rf"{_COMMENTS}EXECUTE\s+IMMEDIATE\b", re.DOTALL | re.IGNORECASE)
_FLAGS = re.DOTALL | re.IGNORECASE

# WITH may define a procedure that is called.
_QUERY_OR_DML = re.compile(
    rf"{_BEFORE}(?:(?:SELECT|INSERT|MERGE|UPDATE|DELETE)\b|WITH\b(?!.*(?:{_PROCEDURE}|/\*|--|//)))",
    _FLAGS,
)
_CANCEL = re.compile(
    r"\s*SELECT\s+(?P<call>(?P<name>SYSTEM\$CANCEL_QUERY|SYSTEM\$CANCEL_ALL_QUERIES)"
    r"\s*\(\s*(?:'(?P<text>[^']*)'|(?P<number>\d+)|(?P<mark>\?))\s*\))\s*;?\s*",
    re.IGNORECASE,
)
_SCRIPT = re.compile(rf"{_COMMENTS}(?:BEGIN|DECLARE)\s+\w", _FLAGS)
_OR_ALTER = re.compile(rf"{_COMMENTS}CREATE\s+OR\s+ALTER\b", _FLAGS)
_MULTI_INSERT = re.compile(
    rf"{_COMMENTS}INSERT\s+(?P<overwrite>OVERWRITE\s+)?(?:ALL|FIRST)\b", _FLAGS
)
_LONG = 50_000
# Snowflake's limit on how many expressions a list in a statement may have.
_LONGEST_LIST = 200_000
_SIGN = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$|[(),]", re.DOTALL
)


@dataclass(frozen=True)
class Cancel:
    """function: in upper case. argument: None where it is a bind. column: of the answer."""

    function: str
    argument: str | None
    column: str


# TABLE of what is no call of a function.
_NAMED_TABLE = re.compile(r"\btable\s*\(\s*['$?:]")


class StatementText(str):
    """The text of one statement. Its properties say what the text alone tells, those called
    `may_have_…` of words that may stand in a constant, too."""

    @classmethod
    def of(cls, text: str) -> Self:
        """The same text, of which what was found out stays known."""
        return text if isinstance(text, cls) else cls(text)

    @cached_property
    def first_word(self) -> str:
        """The first word in upper case, after comments and parentheses; '' if it has no word."""
        found = _FIRST.match(self)
        return found[1].upper() if found else ""

    # --- for the server, which finds it a thread ---------------------------------------------

    @property
    def is_call(self) -> bool:
        """Does it run others, a procedure's or those of a text, which follow?"""
        if self.first_word == "WITH":
            return re.search(_PROCEDURE, self, re.IGNORECASE) is not None
        if self.first_word == "EXECUTE":
            return _IMMEDIATE.match(self) is not None
        return self.first_word == "CALL"

    @property
    def ends_transaction(self) -> bool:
        return self.first_word in ("COMMIT", "ROLLBACK")

    @property
    def moves_files(self) -> bool:
        return self.first_word in ("PUT", "GET")

    # --- for the session, which finds it a reader --------------------------------------------

    @property
    def cancel(self) -> Cancel | None:
        """What SELECT SYSTEM$CANCEL_QUERY(…) or SYSTEM$CANCEL_ALL_QUERIES(…) cancels: it waits for
        no other statement. None for other statements."""
        found = _CANCEL.fullmatch(self)
        if found is None:
            return None
        argument = None if found["mark"] else found["text"] or found["number"]
        return Cancel(found["name"].upper(), argument, found["call"].upper())

    @property
    def is_query_or_dml(self) -> bool:
        """Is it one for sure, without being read?"""
        return _QUERY_OR_DML.match(self) is not None

    @property
    def is_long(self) -> bool:
        """Does it carry data, so that it does not come again?"""
        return len(self) > _LONG

    @property
    def may_have_flow(self) -> bool:
        """a ->> b"""
        return "->>" in self

    @property
    def may_have_variables(self) -> bool:
        return "$" in self

    @cached_property
    def may_have_identifiers(self) -> bool:
        """IDENTIFIER('name'), IDENTIFIER(?), TABLE('name')"""
        text = self.lower()
        return "identifier" in text or ("table" in text and bool(_NAMED_TABLE.search(text)))

    @cached_property
    def may_have_sequences(self) -> bool:
        """s.NEXTVAL"""
        return "nextval" in self.lower()

    @cached_property
    def may_have_dual(self) -> bool:
        """FROM DUAL"""
        return "dual" in self.lower()

    def check_lists(self) -> None:
        """Raises 001795 for a list that is too long, before the statement is read: a list of
        VALUES, of IN, of a function's arguments."""
        if self.count(",") < _LONGEST_LIST:
            return
        counts = [1]
        for found in _SIGN.finditer(self):
            sign = found[0]
            if sign == "(":
                counts.append(1)
            elif sign == ")" and len(counts) > 1:
                counts.pop()
            elif sign == ",":
                counts[-1] += 1
                if counts[-1] > _LONGEST_LIST:
                    raise errors.compilation(
                        errors.TOO_MANY_EXPRESSIONS,
                        "maximum number of expressions in a list exceeded, expected at most"
                        f" {_LONGEST_LIST:,}",
                    )

    # --- for the parser, which does not keep this --------------------------------------------

    @property
    def is_script(self) -> bool:
        """Is it a block of Snowflake Scripting, and not a BEGIN of a transaction?"""
        return _SCRIPT.match(self) is not None

    @property
    def may_have_quoted_places(self) -> bool:
        """A column that is called "$1" and so on"""
        return '"$' in self

    @property
    def is_or_alter(self) -> bool:
        """CREATE OR ALTER: SQLGlot takes it for OR REPLACE."""
        return _OR_ALTER.match(self) is not None

    @property
    def is_multi_insert(self) -> bool:
        """INSERT ALL, INSERT FIRST: SQLGlot takes multi-table INSERTs of other dialects, too."""
        return _MULTI_INSERT.match(self) is not None

    @property
    def is_multi_overwrite(self) -> bool:
        """INSERT OVERWRITE ALL: SQLGlot leaves OVERWRITE out."""
        found = _MULTI_INSERT.match(self)
        return found is not None and found["overwrite"] is not None
