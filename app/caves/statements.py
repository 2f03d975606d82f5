"""What the files of app/sql declare: their statements, and the objects that these create.

Not a parser of SQL: it knows where a statement ends, and reads the heads of CREATE statements as
this project writes them. `snow` runs the files; this only says what they are about.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

# The filter doubles the quotes of a value that stands in a text.
PLACEHOLDER = re.compile(
    r"""<%\s*ctx\.env\.(?P<name>\w+)\s*(?P<quoted>\|\s*replace\("'", "''"\)\s*)?%>"""
)
# A comment, a quoted text or name, the end of a statement: what starts first decides.
TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<quoted>\$\$.*?\$\$|'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\")"
    r"|(?P<end>;)",
    re.DOTALL,
)
CREATE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+(?:REPLACE|ALTER)\s+)?(?:SECURE\s+|TRANSIENT\s+)?"
    r"(?P<kind>\w+)\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w.$\"]+)",
    re.IGNORECASE,
)
ADD_COLUMN = re.compile(
    r"ALTER\s+TABLE\s+(?P<table>[\w.$]+)\s+ADD\s+COLUMN\s+IF\s+NOT\s+EXISTS\s+(?P<column>\w+)",
    re.IGNORECASE,
)
# What loses rows, or the columns of rows.
LOSS = re.compile(
    r"(?:DROP|TRUNCATE)\s+TABLE\b|TRUNCATE\b|CREATE\s+OR\s+REPLACE\s+(?:TRANSIENT\s+)?TABLE\b"
    r"|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?[\w.$]+\s+(?:RENAME|SWAP)\b"
    r"|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?[\w.$]+\s+DROP\s+(?:COLUMN\s+)?(?!CONSTRAINT|PRIMARY)",
    re.IGNORECASE,
)
SET_NUMBER = re.compile(
    r"ALTER\s+TABLE\s+(?P<table>[\w.$]+)\s+(?:ALTER|MODIFY)\s+(?:COLUMN\s+)?(?P<column>\w+)\s+"
    r"(?:SET\s+DATA\s+)?TYPE\s+NUMBER\s*\(\s*(?P<digits>\d+)\s*,\s*(?P<decimals>\d+)\s*\)",
    re.IGNORECASE,
)
NO_COLUMN = {"PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT", "CHECK"}


@dataclass(frozen=True)
class Declared:
    """An object that the project declares. `replaced`: each deployment replaces or alters it;
    otherwise it is made where it is missing, and left alone where it is not.
    """

    kind: str
    name: str
    text: str
    replaced: bool

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def digest(self) -> str:
        return digest(self.text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def fill(text: str, env: Mapping[str, str]) -> str:
    """The placeholders filled in, as `snow sql` does."""
    return PLACEHOLDER.sub(
        lambda found: env[found["name"]].replace("'", "''" if found["quoted"] else "'"), text
    )


def split(text: str) -> Iterator[str]:
    """The statements of a script: without comments, each run of white space as one space."""
    part, begin = [], 0
    for token in TOKEN.finditer(text):
        part.append(text[begin : token.start()])
        begin = token.end()
        if token["quoted"]:
            part.append(token["quoted"])
        elif token["end"]:
            yield from _statement(part)
            part = []
        else:
            part.append(" ")
    yield from _statement([*part, text[begin:]])


def _statement(parts: list[str]) -> Iterator[str]:
    if text := " ".join("".join(parts).split()):
        yield text


def declared(statements: Iterable[str]) -> list[Declared]:
    """The objects that are created, in their order."""
    found = []
    for text in statements:
        if head := CREATE.match(text):
            kind, name = head["kind"].upper(), head["name"].upper()
            found.append(Declared(kind, name, text, replaced=bool(head["replace"])))
    return found


def columns(table: Declared) -> list[str]:
    """The columns that CREATE TABLE lists, in their order."""
    body = table.text[table.text.index("(") + 1 : table.text.rindex(")")]
    words = [part.split()[0].strip('"').upper() for part in _top_level(body) if part.split()]
    return [word for word in words if word not in NO_COLUMN]


def _top_level(text: str) -> list[str]:
    """The parts between commas that are in no parentheses and in no quotes."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"'(?:[^']|'')*'|[(),]", text):
        sign = found[0]
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(text[begin : found.start()])
            begin = found.end()
    return [*parts, text[begin:]]


def added_columns(statements: Iterable[str]) -> set[tuple[str, str]]:
    """(table, column) of each ALTER TABLE … ADD COLUMN IF NOT EXISTS."""
    return {
        (found["table"].upper(), found["column"].upper())
        for text in statements
        if (found := ADD_COLUMN.match(text))
    }


def losses(statements: Iterable[str]) -> list[str]:
    """The statements that would lose rows of a table, or a column of them."""
    return [text for text in statements if LOSS.match(text)]


def retyped_columns(statements: Iterable[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """(table, column) of each ALTER COLUMN … SET DATA TYPE NUMBER: its digits and decimals."""
    return {
        (found["table"].upper(), found["column"].upper()): (
            int(found["digits"]),
            int(found["decimals"]),
        )
        for text in statements
        if (found := SET_NUMBER.match(text))
    }
