"""CREATE, ALTER, DROP and DESCRIBE PROCEDURE and FUNCTION: tokens in, dataclasses out."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flocon.core import errors
from flocon.sql.datatypes import DataType, data_type
from flocon.sql.tokens import Name, Tokens

RUNTIMES = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

_NOT_HERE = (
    "ARTIFACT_REPOSITORY",
    "EXTERNAL_ACCESS_INTEGRATIONS",
    "MEMOIZABLE",
    "RESOURCE_CONSTRAINT",
    "SECRETS",
    "TARGET_PATH",
)


@dataclass(frozen=True)
class Argument:
    """A declared argument; `default` is the text of its expression."""

    name: str
    type: DataType
    default: str | None = None


@dataclass(frozen=True)
class CreateProcedure:
    """CREATE PROCEDURE or CREATE FUNCTION with every clause in its place, whatever their order was.

    kind: PROCEDURE or FUNCTION.
    """

    kind: str
    name: Name
    arguments: tuple[Argument, ...]
    returns: DataType
    replaces: bool = False
    alters: bool = False
    copies_grants: bool = False
    if_not_exists: bool = False
    temporary: bool = False
    secure: bool = False
    handler: str = ""
    runtime_version: str = ""
    imports: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    body: str | None = None
    comment: str = ""
    execute_as: str = "OWNER"
    strict: bool = False
    volatility: str = "VOLATILE"
    returns_table: tuple[Argument, ...] | None = None
    language: str = "PYTHON"

    @property
    def mode(self) -> str:
        """CREATE, REPLACE or ALTER, which replaces as well, but keeps owner and grants."""
        return "ALTER" if self.alters else "REPLACE" if self.replaces else "CREATE"


@dataclass(frozen=True)
class Signature:
    """A procedure's or function's name with its argument types, as DROP and DESCRIBE name it."""

    name: Name
    types: tuple[DataType, ...]
    if_exists: bool = False


@dataclass(frozen=True)
class AlterProcedure:
    """ALTER PROCEDURE, ALTER FUNCTION: what is None stays."""

    signature: Signature
    comment: str | None = None
    execute_as: str | None = None
    new_name: Name | None = None
    secure: bool | None = None


def create(kind: str) -> Callable[[Tokens], CreateProcedure]:
    """CREATE [OR REPLACE] [TEMPORARY] [SECURE] kind [IF NOT EXISTS] name(…) clauses."""

    def read(tokens: Tokens) -> CreateProcedure:
        tokens.expect("CREATE")
        alters = tokens.accept("OR", "ALTER")
        replaces = alters or tokens.accept("OR", "REPLACE")
        temporary = tokens.accept("TEMPORARY") or tokens.accept("TEMP")
        secure = tokens.accept("SECURE")
        tokens.expect(kind)
        if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
        if replaces and if_not_exists:
            raise errors.compilation(
                errors.SYNTAX, "options IF NOT EXISTS and OR REPLACE are incompatible."
            )
        statement = CreateProcedure(
            kind,
            tokens.name(),
            _arguments(tokens),
            DataType("VARIANT"),
            replaces=replaces,
            alters=alters,
            if_not_exists=if_not_exists,
            temporary=temporary,
            secure=secure,
        )
        statement = _clauses(tokens, statement)
        tokens.end()
        return statement

    return read


def anonymous(tokens: Tokens) -> CreateProcedure:
    """WITH name AS PROCEDURE (…) clauses, as far as its CALL. It has its caller's rights."""
    tokens.expect("WITH")
    name = tokens.name()
    tokens.expect("AS", "PROCEDURE")
    arguments = _arguments(tokens)
    kind = DataType("VARIANT")
    return _clauses(
        tokens, CreateProcedure("PROCEDURE", name, arguments, kind, execute_as="CALLER")
    )


def drop(kind: str) -> Callable[[Tokens], Signature]:
    """DROP kind [IF EXISTS] name(types)"""

    def read(tokens: Tokens) -> Signature:
        tokens.expect("DROP", kind)
        statement = procedure_signature(tokens)
        tokens.end()
        return statement

    return read


def describe(kind: str) -> Callable[[Tokens], Signature]:
    """{DESCRIBE | DESC} kind name(types)"""

    def read(tokens: Tokens) -> Signature:
        tokens.next()
        tokens.expect(kind)
        statement = procedure_signature(tokens)
        tokens.end()
        return statement

    return read


def alter(kind: str) -> Callable[[Tokens], AlterProcedure]:
    """ALTER kind name(types) SET COMMENT = '…' | UNSET COMMENT | RENAME TO …; a procedure's
    EXECUTE AS …, a function's {SET | UNSET} SECURE"""

    def read(tokens: Tokens) -> AlterProcedure:
        tokens.expect("ALTER", kind)
        signature = procedure_signature(tokens)
        if tokens.accept("SET", "COMMENT"):
            tokens.expect("=")
            statement = AlterProcedure(signature, comment=tokens.string())
        elif tokens.accept("UNSET", "COMMENT"):
            statement = AlterProcedure(signature, comment="")
        elif kind == "PROCEDURE" and tokens.accept("EXECUTE", "AS"):
            statement = AlterProcedure(signature, execute_as=_rights(tokens))
        elif kind == "FUNCTION" and tokens.accept("SET", "SECURE"):
            statement = AlterProcedure(signature, secure=True)
        elif kind == "FUNCTION" and tokens.accept("UNSET", "SECURE"):
            statement = AlterProcedure(signature, secure=False)
        elif tokens.accept("RENAME", "TO"):
            statement = AlterProcedure(signature, new_name=tokens.name())
        else:
            raise tokens.unexpected()
        tokens.end()
        return statement

    return read


def comment_on(kind: str) -> Callable[[Tokens], AlterProcedure]:
    """COMMENT [IF EXISTS] ON kind name(types) IS '…'"""

    def read(tokens: Tokens) -> AlterProcedure:
        tokens.expect("COMMENT")
        if_exists = tokens.accept("IF", "EXISTS")
        tokens.expect("ON", kind)
        signature = replace(procedure_signature(tokens), if_exists=if_exists)
        tokens.expect("IS")
        statement = AlterProcedure(signature, comment=tokens.string())
        tokens.end()
        return statement

    return read


def _arguments(tokens: Tokens) -> tuple[Argument, ...]:
    arguments = tokens.listed(_argument)
    for argument, following in itertools.pairwise(arguments):
        if argument.default is not None and following.default is None:
            raise errors.compilation(
                errors.SYNTAX, "Required arguments must come before those with a default value."
            )
    return arguments


def _argument(tokens: Tokens) -> Argument:
    name = tokens.name()
    if name.schema:
        raise tokens.unexpected()
    if tokens.accept("OUT") or tokens.accept("INOUT"):
        raise errors.unsupported("output arguments")
    kind = data_type(tokens)
    default = tokens.until(",", ")") if tokens.accept("DEFAULT") else None
    return Argument(name.name, kind, default)


def procedure_signature(tokens: Tokens) -> Signature:
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    return Signature(name, tokens.listed(data_type), if_exists)


def _clauses(tokens: Tokens, statement: CreateProcedure) -> CreateProcedure:
    """The clauses in any order; those of _REQUIRED must be there."""
    seen: set[str] = set()
    while not (tokens.done or tokens.peek("CALL")):
        clause = _clause_name(tokens, statement.kind)
        if clause in seen:
            raise errors.compilation(errors.DUPLICATE_PARAMETER, f"duplicate property '{clause}'")
        seen.add(clause)
        statement = replace(statement, **_clause(tokens, statement.kind, clause))
        if clause == "AS":
            break
    if "LANGUAGE" not in seen:
        if statement.kind == "PROCEDURE":
            raise errors.unsupported("LANGUAGE SQL")
        statement = replace(statement, language="SQL")
    if statement.returns_table is not None and statement.kind == "FUNCTION":
        if statement.language != "SQL":
            raise errors.unsupported("table functions (RETURNS TABLE)")
        if not statement.returns_table:
            raise errors.compilation(
                errors.SYNTAX, "RETURNS TABLE of a function names its columns."
            )
    required = _REQUIRED[statement.kind] if statement.language == "PYTHON" else ("RETURNS", "AS")
    if statement.language == "SQL" and (foreign := seen & _OF_PYTHON):
        raise errors.compilation(errors.SYNTAX, f"unexpected '{min(foreign)}' in a function in SQL")
    for clause in required:
        if clause not in seen:
            raise errors.compilation(errors.INVALID_PROPERTY, f"Missing option(s): [{clause}]")
    return statement


_OF_PYTHON = {"HANDLER", "IMPORTS", "PACKAGES", "RUNTIME_VERSION"}
_REQUIRED = {
    "PROCEDURE": ("RETURNS", "LANGUAGE", "RUNTIME_VERSION", "PACKAGES", "HANDLER"),
    "FUNCTION": ("RETURNS", "LANGUAGE", "RUNTIME_VERSION", "HANDLER"),
}


def _clause_name(tokens: Tokens, kind: str) -> str:
    if tokens.accept("RETURNS", "NULL", "ON", "NULL", "INPUT"):
        return "STRICT"
    for clause in _NOT_HERE:
        if tokens.peek(clause):
            raise errors.unsupported(clause)
    for clause in _CLAUSES:
        if (kind, clause) != ("FUNCTION", "EXECUTE AS") and tokens.accept(*clause.split()):
            return clause
    raise tokens.unexpected()


def _clause(tokens: Tokens, kind: str, clause: str) -> dict[str, Any]:
    if clause == "RETURNS" and tokens.peek("TABLE"):
        tokens.next()
        return {"returns_table": _table_columns(tokens)}
    if clause == "LANGUAGE":
        return _language(tokens, kind)
    return _CLAUSES[clause](tokens)


def _table_columns(tokens: Tokens) -> tuple[Argument, ...]:
    """RETURNS TABLE (name type, …), or () where the columns are those of the answer."""
    return tokens.listed(lambda each: Argument(each.name().name, data_type(each)))


def _returns(tokens: Tokens) -> dict[str, Any]:
    kind = data_type(tokens)
    tokens.accept("NOT", "NULL")
    return {"returns": kind}


def _language(tokens: Tokens, kind: str = "PROCEDURE") -> dict[str, Any]:
    language = tokens.word()
    if language != "PYTHON" and (kind, language) != ("FUNCTION", "SQL"):
        raise errors.unsupported(f"LANGUAGE {language}")
    return {"language": language}


def _runtime(tokens: Tokens) -> dict[str, Any]:
    tokens.expect("=")
    version = tokens.value()
    if version not in RUNTIMES:
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            f"Python runtime version '{version}' is not supported. "
            f"Supported versions: {', '.join(RUNTIMES)}.",
        )
    return {"runtime_version": version}


def _rights(tokens: Tokens) -> str:
    if tokens.accept("RESTRICTED"):
        raise errors.unsupported("EXECUTE AS RESTRICTED CALLER")
    word = tokens.word()
    if word not in ("CALLER", "OWNER"):
        raise errors.syntax(0, word)
    return word


def _text(tokens: Tokens) -> str:
    tokens.expect("=")
    return tokens.string()


def _list(tokens: Tokens) -> tuple[str, ...]:
    tokens.expect("=")
    return tokens.listed(Tokens.string)


_CLAUSES: dict[str, Callable[[Tokens], dict[str, Any]]] = {
    "COPY GRANTS": lambda tokens: {"copies_grants": True},
    "RETURNS": _returns,
    "LANGUAGE": _language,
    "RUNTIME_VERSION": _runtime,
    "PACKAGES": lambda tokens: {"packages": _list(tokens)},
    "IMPORTS": lambda tokens: {"imports": _list(tokens)},
    "HANDLER": lambda tokens: {"handler": _text(tokens)},
    "COMMENT": lambda tokens: {"comment": _text(tokens)},
    "EXECUTE AS": lambda tokens: {"execute_as": _rights(tokens)},
    "STRICT": lambda tokens: {"strict": True},
    "CALLED ON NULL INPUT": lambda tokens: {"strict": False},
    "VOLATILE": lambda tokens: {"volatility": "VOLATILE"},
    "IMMUTABLE": lambda tokens: {"volatility": "IMMUTABLE"},
    "AS": lambda tokens: {"body": tokens.string()},
}
